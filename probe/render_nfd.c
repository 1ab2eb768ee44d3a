/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verdict as a feature file of Node Feature Discovery (its folder features.d): NAME=VALUE
 * a line, each of which becomes a label of the node, so that both keep to what Kubernetes
 * takes for one. No comments: old versions take them for names.
 */
#include "probe/render_private.h"

#include <ctype.h>
#include <string.h>

#define LABEL_MAX 63

/*
 * A label's value: letters, digits, '-', '_' and '.', at most LABEL_MAX, beginning and ending
 * with a letter or digit. Everything else becomes one '-'.
 */
static void clean(const char *text, char out[LABEL_MAX + 1])
{
	size_t n = 0;

	for (; *text && n < LABEL_MAX; text++) {
		bool keeps = isalnum((unsigned char)*text) && !(*text & 0x80);

		if (keeps || (n && strchr("-_.", *text)))
			out[n++] = *text;
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n && !isalnum((unsigned char)out[n - 1]))
		n--;
	out[n] = '\0';
}

static void put(struct buf *out, const char *name, const char *value)
{
	char label[LABEL_MAX + 1];

	clean(value, label);
	if (label[0])
		buf_printf(out, "vtscope-%s=%s\n", name, label);
}

/* Where it is not known there is no label. */
static void put_answer(struct buf *out, const char *name, enum answer a)
{
	if (a == ANSWER_YES || a == ANSWER_NO)
		put(out, name, a == ANSWER_YES ? "true" : "false");
}

static void put_feature(const char *vt, const char *feature, bool there, void *ctx)
{
	char name[LABEL_MAX - sizeof("vtscope-") + 2];

	if (there && snprintf(name, sizeof(name), "%s.%s", vt, feature) < (int)sizeof(name))
		put(ctx, name, "true");
}

int render_nfd(const struct verdict *v, const struct snapshot *s, struct buf *out)
{
	static const struct { const char *label, *check; } answers[] = {
		{ "hardware", "kvm.hardware" },	 { "guest-ran", "kvm.trial" },
		{ "nested", "kvm.nested" },	 { "virtual-machine", "outer.present" },
		{ "iommu", "iommu.active" },
	};
	struct machine_id m;
	int rc;

	machine_identify(s, &v->findings, &m);
	put(out, "status", verdict_status_name(v->status));
	put(out, "usable", v->status == VERDICT_USABLE ? "true" : "false");
	put(out, "backend", backend_name(v->backend));
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		put_answer(out, answers[i].label, finding_answer(&v->findings, answers[i].check));
	put(out, "hypervisor", m.hypervisor);
	put(out, "cpu", m.codename);
	rc = render_features(s, v, put_feature, out);
	return rc ? rc : buf_error(out);
}
