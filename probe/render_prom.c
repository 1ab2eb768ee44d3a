/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verdict as Prometheus metrics, for the folder of node_exporter's textfile collector:
 * HELP and TYPE before a family's samples, no timestamps (the collector refuses them), and
 * nothing that changes while the machine does not.
 */
#include "probe/render_private.h"

#include "config.h"

/* Opens a family of gauges. */
static void family(struct buf *out, const char *name, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* name="value" with the three escapes of the format; what is no UTF-8 is replaced. */
static void label(struct buf *out, const char *name, const char *value, const char *before)
{
	buf_printf(out, "%s%s=\"", before, name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_printf(out, "\\%c", *value);
		else if (*value == '\n')
			buf_puts(out, "\\n");
		else
			buf_printf(out, "%c", (unsigned char)*value < 0x20 || *value & 0x80 ? '?' : *value);
	}
	buf_puts(out, "\"");
}

static void put_verdict(const struct verdict *v, struct buf *out)
{
	family(out, "vtscope_info", "The vtscope that wrote this file.");
	label(out, "version", PACKAGE_VERSION, "vtscope_info{");
	buf_puts(out, "} 1\n");
	family(out, "vtscope_usable", "1 where guests can be run with KVM, 0 where not.");
	buf_printf(out, "vtscope_usable %d\n", v->status == VERDICT_USABLE);
	family(out, "vtscope_exit_status", "Exit status of vtscope probe, see vtscope-probe(1).");
	buf_printf(out, "vtscope_exit_status %d\n", verdict_exit_status(v->status));
	family(out, "vtscope_verdict_info", "The verdict in words, and what serves KVM.");
	label(out, "status", verdict_status_name(v->status), "vtscope_verdict_info{");
	label(out, "backend", backend_name(v->backend), ",");
	buf_puts(out, "} 1\n");
	family(out, "vtscope_layer_info", "Is a layer fine?");
	for (int l = 0; l < LAYERS; l++) {
		label(out, "layer", layer_name(l), "vtscope_layer_info{");
		label(out, "answer", answer_name(v->layer[l].answer), ",");
		buf_puts(out, "} 1\n");
	}
}

static void put_machine(const struct machine_id *m, struct buf *out)
{
	char number[16];

	family(out, "vtscope_cpu_info", "The processor, and the hypervisor around it.");
	label(out, "vendor", m->vendor, "vtscope_cpu_info{");
	label(out, "brand", m->brand, ",");
	label(out, "codename", m->codename, ",");
	snprintf(number, sizeof(number), "0x%x", m->signature);
	label(out, "signature", number, ",");
	label(out, "hypervisor", m->hypervisor, ",");
	buf_puts(out, "} 1\n");
	family(out, "vtscope_cpus", "CPUs on which CPUID was read.");
	buf_printf(out, "vtscope_cpus %u\n", m->logical);
}

static void put_feature(const char *vt, const char *feature, bool there, void *ctx)
{
	struct buf *out = ctx;

	label(out, "vt", vt, "vtscope_feature{");
	label(out, "feature", feature, ",");
	buf_printf(out, "} %d\n", there);
}

int render_prom(const struct verdict *v, const struct snapshot *s, struct buf *out)
{
	struct buf features = BUF_INIT;
	struct machine_id m;
	int rc;

	machine_identify(s, &v->findings, &m);
	put_verdict(v, out);
	put_machine(&m, out);
	family(out, "vtscope_check_info", "The answer to a check, see vtscope list checks.");
	for (size_t i = 0; i < v->findings.n; i++) {
		const struct finding *f = &v->findings.row[i];

		label(out, "check", f->check->id, "vtscope_check_info{");
		label(out, "answer", answer_name(f->answer), ",");
		label(out, "basis", basis_name(f->basis), ",");
		buf_puts(out, "} 1\n");
	}
	rc = render_features(s, v, put_feature, &features);
	if (features.len) {
		family(out, "vtscope_feature", "1 where all CPUs have a feature of VMX or SVM.");
		buf_append(out, features.data, features.len);
	}
	rc = rc ? rc : buf_error(&features);
	buf_free(&features);
	return rc ? rc : buf_error(out);
}
