/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MSRs' part of the document: a row a group of CPUs that gave the same. */
#include <stdlib.h>

#include "probe/json_private.h"

static void put_field(json_t *o, const char *name, uint64_t value, unsigned high, unsigned low, uint64_t *left)
{
	json_put(o, name, json_field(value, high, low));
	*left &= ~((high - low == 63 ? UINT64_MAX : (2ull << (high - low)) - 1) << low);
}

/*
 * The named fields of an MSR's value, then the set bits that have no name. MSRs that are lists of allowed settings
 * have none here: "controls" of VMX tells them.
 */
static json_t *fields_json(uint32_t number, uint64_t value)
{
	json_t *o = json_object();
	uint64_t left = value;

	for (size_t i = 0; i < n_msr_fields; i++)
		if (msr_fields[i].msr == number)
			put_field(o, msr_fields[i].name, value, msr_fields[i].high, msr_fields[i].low, &left);
	for (size_t i = 0; i < VMX_CONTROLS; i++) {
		const struct vmx_group *group = &vmx_groups[vmx_controls[i].group];

		if (group->msr == number && group->form != VMX_FORM_PAIR)
			put_field(o, vmx_controls[i].name, value, vmx_controls[i].bit, vmx_controls[i].bit, &left);
	}
	if (json_object_size(o))
		json_reserved(o, left);
	return o;
}

/* What the value of an enabling MSR comes to, or NULL: SDM volume 3, 24.7; APM volume 2, "Enabling SVM". */
static const char *value_class(const struct snapshot *s, uint32_t number, const struct msr_group *g)
{
	uint32_t svm[4];

	if (g->err)
		return NULL;
	if (number == MSR_IA32_FEATURE_CONTROL) {
		if (!(g->value >> MSR_FIELD_IA32_FEATURE_CONTROL_lock & 1))
			return "unlocked";
		if (g->value >> MSR_FIELD_IA32_FEATURE_CONTROL_enable_vmx_outside_smx & 1)
			return "enabled";
		return g->value >> MSR_FIELD_IA32_FEATURE_CONTROL_enable_vmx_inside_smx & 1 ? "smx-only" : "disabled";
	}
	if (number != MSR_VM_CR)
		return NULL;
	if (!(g->value >> MSR_FIELD_VM_CR_svmdis & 1))
		return "enabled";
	if (view_cpuid(s, g->cpus.cpu[0], cpuid_bits[CPUID_svml].leaf, 0, svm) < 0)
		return "disabled";
	return cpuid_bit_in(CPUID_svml, svm) ? "disabled-with-key" : "disabled-not-unlockable";
}

static json_t *msr_row(const struct snapshot *s, uint32_t number, const struct msr_group *g)
{
	const struct msr_fact *fact = msr_fact_of(number);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "msr", json_hex(number), "name",
			fact ? json_string(fact->name) : json_sprintf("msr_0x%x", number), "value",
			 g->err ? json_null() : json_hex(g->value), "error",
			 json_text(msr_error_name(s, g->err)), "cpus", json_cpus(&g->cpus), "class",
			 json_text(value_class(s, number, g)), "fields",
			 g->err ? json_object() : fields_json(number, g->value));
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The numbers of all MSRs in (s), ascending, each once. */
static uint32_t *msr_numbers(const struct snapshot *s, size_t *n)
{
	uint32_t *numbers = calloc(s->n + 1, sizeof(*numbers));
	size_t all = 0;

	*n = 0;
	if (!numbers)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		if (s->rec[i].kind == SNAP_MSR)
			numbers[all++] = s->rec[i].num;
	qsort(numbers, all, sizeof(*numbers), compare_u32);
	for (size_t i = 0; i < all; i++)
		if (i == 0 || numbers[i] != numbers[*n - 1])
			numbers[(*n)++] = numbers[i];
	return numbers;
}

json_t *json_msrs(const struct snapshot *s)
{
	json_t *a = json_array();
	size_t n;
	uint32_t *numbers = msr_numbers(s, &n);

	for (size_t i = 0; i < n; i++) {
		struct msr_groups g;

		view_msr(s, numbers[i], &g);
		for (size_t k = 0; k < g.n; k++)
			json_array_append_new(a, msr_row(s, numbers[i], &g.group[k]));
		view_msr_free(&g);
	}
	free(numbers);
	return a;
}
