/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features that the document derives, for the formats that list them: without making the document. */
#include "probe/render_private.h"

#include <stdio.h>

#include "probe/analyse.h"

struct listing {
	void (*each)(const char *vt, const char *feature, bool there, void *ctx);
	void *ctx;
};

static int list_vmx(const struct snapshot *s, enum answer supported, const struct listing *l)
{
	struct cpu_groups classes = { 0 };
	int rc = supported == ANSWER_NO ? 0 : vmx_classes(s, &classes);

	for (size_t i = 0; i < n_vmx_features && !rc; i++) {
		struct answer_split split = { 0 };
		enum answer a;

		if (supported != ANSWER_NO)
			vmx_feature_split(s, &vmx_features[i], &classes, &split);
		a = vmx_feature_answer(s, supported, &vmx_features[i], &split);
		split_free(&split);
		if (a == ANSWER_YES || a == ANSWER_NO)
			l->each("vmx", vmx_features[i].name, a == ANSWER_YES, l->ctx);
	}
	view_groups_free(&classes);
	return rc;
}

/* What one CPU lacks the machine lacks. */
static void list_register(const struct snapshot *s, const struct cpulist *cpus, enum cpuid_register reg,
			  const struct listing *l)
{
	uint32_t all = UINT32_MAX, any = 0, regs[4];
	bool known = false;

	for (size_t i = 0; i < cpus->n; i++)
		if (view_cpuid(s, cpus->cpu[i], 0x8000000a, 0, regs) > 0) {
			all &= regs[reg];
			any |= regs[reg];
			known = true;
		}
	for (unsigned bit = 0; bit < 32 && known; bit++) {
		const struct cpuid_bit *row = cpuid_bit_at(0x8000000a, 0, reg, bit);
		char reserved[16];

		snprintf(reserved, sizeof(reserved), "reserved_%u", bit);
		if (row || any >> bit & 1)
			l->each("svm", row ? row->name : reserved, all >> bit & 1, l->ctx);
	}
}

static int list_svm(const struct snapshot *s, enum answer supported, const struct listing *l)
{
	struct cpulist cpus = { 0 };
	int rc = supported == ANSWER_NO ? 0 : view_cpus(s, &cpus);

	if (!rc) {
		list_register(s, &cpus, CPUID_ECX, l);
		list_register(s, &cpus, CPUID_EDX, l);
	}
	cpulist_free(&cpus);
	return rc;
}

int render_features(const struct snapshot *s, const struct verdict *v,
		    void (*each)(const char *vt, const char *feature, bool there, void *ctx),
		    void *ctx)
{
	const struct listing l = { each, ctx };
	int rc = list_vmx(s, finding_answer(&v->findings, "cpu.vmx"), &l);

	return rc ? rc : list_svm(s, finding_answer(&v->findings, "cpu.svm"), &l);
}
