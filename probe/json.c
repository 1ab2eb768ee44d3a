/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The "vtscope.probe/1" document. */
#include "probe/json_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *s)
{
	json_t *j = s ? json_string(s) : json_null();
	char *copy;

	if (j)
		return j;
	copy = strdup(s);
	for (char *c = copy; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	j = copy ? json_string(copy) : NULL;
	free(copy);
	return j;
}

json_t *json_hex(uint64_t value)
{
	return json_sprintf("0x%llx", (unsigned long long)value);
}

json_t *json_answer(enum answer a)
{
	return json_string(answer_name(a));
}

json_t *json_cpus(const struct cpulist *cpus)
{
	struct buf text = BUF_INIT;
	json_t *j;

	cpulist_format(cpus, &text);
	j = json_string(buf_str(&text));
	buf_free(&text);
	return j;
}

json_t *json_field(uint64_t value, unsigned high, unsigned low)
{
	uint64_t field = value >> low & (high - low == 63 ? UINT64_MAX : (2ull << (high - low)) - 1);

	if (high == low)
		return json_boolean(field);
	return high - low < 32 ? json_integer(field) : json_hex(field);
}

void json_reserved(json_t *o, uint64_t left)
{
	for (unsigned bit = 0; left; bit++, left >>= 1) {
		char name[16];

		if (!(left & 1))
			continue;
		snprintf(name, sizeof(name), "reserved_%u", bit);
		json_put(o, name, json_true());
	}
}

int json_put(json_t *o, const char *key, json_t *value)
{
	return json_object_set_new(o, key, value);
}

static const char *source_name(enum snap_source source)
{
	static const char *const names[] = {
		[SNAP_FROM_LIVE] = "live",
		[SNAP_FROM_SNAPSHOT] = "snapshot",
		[SNAP_FROM_LIBCPUID] = "libcpuid",
		[SNAP_FROM_CPUID_R] = "cpuid-r",
		[SNAP_FROM_INSTLATX64] = "instlatx64",
		[SNAP_FROM_ACPI] = "acpi",
		[SNAP_FROM_SYSROOT] = "sysroot",
	};

	return names[source];
}

json_t *verdict_json(const struct verdict *v)
{
	json_t *layers = json_array();
	json_t *o;

	for (int l = 0; l < LAYERS; l++)
		json_array_append_new(layers, json_pack("{s:s, s:o, s:o}", "layer", layer_name(l),
							"text", json_text(v->layer[l].text),
							"answer", json_answer(v->layer[l].answer)));
	o = json_pack("{s:s, s:i, s:s, s:s, s:o, s:o}", "status", verdict_status_name(v->status),
		      "exit", verdict_exit_status(v->status), "backend", backend_name(v->backend),
		      "summary", v->summary, "next_step",
		      json_text(v->next_step[0] ? v->next_step : NULL), "layers", layers);
	return o;
}

static json_t *finding_json(const struct finding *f)
{
	json_t *evidence = json_array();

	for (size_t i = 0; i < f->n_evidence; i++)
		json_array_append_new(evidence,
				      json_pack("{s:s, s:o, s:o}", "source", f->evidence[i].source,
						"where", json_text(f->evidence[i].where), "value",
						json_text(f->evidence[i].value)));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", f->check->id, "question",
			 f->check->question, "answer", answer_name(f->answer), "basis",
			 basis_name(f->basis), "evidence", evidence, "hint",
			 json_text(f->hint[0] ? f->hint : NULL));
}

static json_t *findings_json(const struct findings *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n; i++)
		if (json_array_append_new(a, finding_json(&f->row[i]))) {
			json_decref(a);
			return NULL;
		}
	return a;
}

static json_t *firmware_json(const struct snapshot *s)
{
	struct finding vmx = { 0 }, svm = { 0 };
	enum firmware_state amd = firmware_svm(s, &svm);

	/* VM_CR knows only on and off: a switch that is off on some CPUs is off. */
	if (amd == FIRMWARE_INCONSISTENT)
		amd = FIRMWARE_DISABLED;
	return json_pack("{s:s, s:s}", "vmx", firmware_name(firmware_vmx(s, &vmx)), "svm",
			 firmware_name(amd));
}

json_t *probe_json(const struct snapshot *s, const struct verdict *v, int all)
{
	json_t *o = json_object();
	int bad = 0;

	bad |= json_put(o, "schema", json_string("vtscope.probe/1"));
	bad |= json_put(o, "source", json_pack("{s:s, s:o}", "kind", source_name(s->source), "name",
					       json_text(s->source_name ? s->source_name : "")));
	bad |= json_put(o, "verdict", verdict_json(v));
	bad |= json_put(o, "checks", findings_json(&v->findings));
	bad |= json_put(o, "cpu", json_cpu(s, v));
	bad |= json_put(o, "msrs", json_msrs(s));
	bad |= json_put(o, "vmx", json_vmx(s, v));
	bad |= json_put(o, "svm", json_svm(s, v));
	bad |= json_put(o, "firmware", firmware_json(s));
	bad |= json_put(o, "confidential", json_confidential(s));
	bad |= json_put(o, "chipset", json_chipset(s));
	bad |= json_put(o, "iommu", json_iommu(s));
	bad |= json_put(o, "firmware_tables", json_firmware_tables(s));
	bad |= json_put(o, "kvm", json_kvm(s, v));
	bad |= json_put(o, "context", json_context(s));
	if (all)
		bad |= json_put(o, "records", json_records(s));
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}
