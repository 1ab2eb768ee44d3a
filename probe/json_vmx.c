/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMX's part of the document: limits, controls and capabilities from the MSRs, and the features made of them. */
#include <stdio.h>
#include <string.h>

#include "probe/json_private.h"

/* ---- features ---- */

static void add_difference(json_t *out, const char *name, const struct answer_split *split)
{
	if (split_differs(split))
		json_array_append_new(out, json_pack("{s:s, s:o, s:o}", "feature", name, "yes",
						     json_cpus(&split->of[ANSWER_YES]), "no",
						     json_cpus(&split->of[ANSWER_NO])));
}

/* (differences): the features that some CPUs have and others lack. */
static json_t *features_json(const struct snapshot *s, enum answer supported, const struct cpu_groups *classes,
			     json_t *differences)
{
	json_t *o = json_object();

	for (size_t i = 0; i < n_vmx_features; i++) {
		struct answer_split split;

		vmx_feature_split(s, &vmx_features[i], classes, &split);
		json_put(o, vmx_features[i].name, json_answer(vmx_feature_answer(s, supported, &vmx_features[i], &split)));
		add_difference(differences, vmx_features[i].name, &split);
		split_free(&split);
	}
	return o;
}

/* ---- controls ---- */

/* The value of a group's MSR and, in (more), that of the MSR that tells its allowed 0-settings. */
static enum cpu_known ask_controls(void *ctx, const struct snapshot *s, int cpu, struct cpu_value *out)
{
	const struct vmx_group *group = ctx;
	const struct snap_record *r = snapshot_msr(s, cpu, group->msr);
	const struct snap_record *basic = snapshot_msr(s, cpu, MSR_IA32_VMX_BASIC);
	const struct snap_record *truth = group->true_msr ? snapshot_msr(s, cpu, group->true_msr) : NULL;

	if (basic && !basic->err && !vmx_control_allowed(VMX_basic_true_controls, basic->value))
		truth = NULL;
	if (r && r->err)
		return CPU_FAILED;
	if (!r) {
		int exists = view_msr_exists(s, cpu, group->msr);

		return exists == 0 ? CPU_ABSENT : exists > 0 ? CPU_FAILED : CPU_NOT_RECORDED;
	}
	out->value = r->value;
	out->more = truth && !truth->err ? truth->value : r->value;
	return CPU_VALUE;
}

/* How a control can be set. What must be 1 and may not is no processor's answer: a broken record. */
static const char *control_state(const struct vmx_group *group, unsigned bit, const struct cpu_value *v)
{
	bool may = v->value >> (group->form == VMX_FORM_PAIR ? bit + 32 : bit) & 1;
	bool must = v->value >> bit & 1, truly = v->more >> bit & 1;

	if (v->known != CPU_VALUE)
		return v->known == CPU_ABSENT ? "unavailable" : "unknown";
	if (group->form == VMX_FORM_ALLOWED1 || (!must && !truly))
		return may ? "optional" : "unavailable";
	if (!may || !must)
		return "impossible";
	return truly ? "forced" : "default1";
}

static json_t *control_row(enum vmx_group_id id, unsigned bit, const char *state, const struct cpulist *cpus)
{
	const struct vmx_control *c = vmx_control_at(id, bit);

	return json_pack("{s:o, s:i, s:s, s:o, s:s, s:o}", "msr", json_hex(vmx_groups[id].msr), "bit", (int)bit,
			 "group", vmx_groups[id].name, "name",
			 c ? json_string(c->name) : json_sprintf("reserved_%u", bit), "state", state, "cpus",
			 json_cpus(cpus));
}

static void group_rows(enum vmx_group_id id, const struct cpu_group *g, json_t *out)
{
	const struct vmx_group *group = &vmx_groups[id];

	for (unsigned bit = 0; bit < (group->form == VMX_FORM_PAIR ? 32u : 64u); bit++) {
		const char *state = control_state(group, bit, &g->v);
		bool silent = strcmp(state, "unavailable") == 0 || g->v.known != CPU_VALUE ||
			      (bit < 32 && group->default1 >> bit & 1 && strcmp(state, "impossible") != 0);

		/* Bits without a name are told when a processor has them, but for those that always were 1. */
		if (vmx_control_at(id, bit) || !silent)
			json_array_append_new(out, control_row(id, bit, state, &g->cpus));
	}
}

static json_t *controls_json(const struct snapshot *s, enum answer supported)
{
	json_t *a = json_array();

	for (int id = 0; id < VMX_GROUPS && supported != ANSWER_NO; id++) {
		struct cpu_groups g;

		if (vmx_groups[id].form == VMX_FORM_CAPABILITY)
			continue;
		view_groups(s, ask_controls, (void *)&vmx_groups[id], &g);
		for (size_t i = 0; i < g.n; i++)
			group_rows(id, &g.group[i], a);
		view_groups_free(&g);
	}
	return a;
}

/* ---- capabilities ---- */

static void capability_rows(unsigned bit, const char *name, const struct answer_split *split, json_t *out)
{
	for (int a = 0; a < ANSWERS; a++)
		if (split->of[a].n)
			json_array_append_new(out, json_pack("{s:i, s:s, s:s, s:o}", "bit", (int)bit, "name", name,
							     "state", answer_name(a), "cpus", json_cpus(&split->of[a])));
}

/* The bits of the HLAT prefix, the one field of this MSR, are in "limits". */
#define EPT_VPID_NUMBERS (0x3full << 48)

static json_t *ept_vpid_json(const struct snapshot *s, const struct cpu_groups *classes)
{
	json_t *a = json_array();

	for (unsigned bit = 0; bit < 64; bit++) {
		const struct vmx_control *c = vmx_control_at(VMX_GROUP_ept_vpid, bit);
		struct answer_split split = { 0 };
		char reserved[16];

		for (size_t i = 0; i < classes->n; i++) {
			unsigned cpu = classes->group[i].cpus.cpu[0];
			const struct snap_record *r = snapshot_msr(s, cpu, MSR_IA32_VMX_EPT_VPID_CAP);
			bool set = r && !r->err && r->value >> bit & 1;

			split_add(&split, c ? view_control(s, cpu, c - vmx_controls) : set ? ANSWER_YES : ANSWER_NO,
				  &classes->group[i].cpus);
		}
		snprintf(reserved, sizeof(reserved), "reserved_%u", bit);
		if (c || (split.of[ANSWER_YES].n && !(EPT_VPID_NUMBERS >> bit & 1)))
			capability_rows(bit, c ? c->name : reserved, &split, a);
		split_free(&split);
	}
	return a;
}

static json_t *memory_type(uint64_t basic)
{
	unsigned type = basic >> 50 & 0xf;

	return type == 0 ? json_string("uc") : type == 6 ? json_string("wb") : json_sprintf("reserved_%u", type);
}

/* (value) of a MSR on (cpu); false: it was not read. */
static bool msr_value(const struct snapshot *s, int cpu, uint32_t msr, uint64_t *value)
{
	const struct snap_record *r = snapshot_msr(s, cpu, msr);

	*value = r && !r->err ? r->value : 0;
	return r && !r->err;
}

/* The numbers in the capability MSRs, in the units that software wants. */
static json_t *limits_json(const struct snapshot *s, const struct cpu_groups *classes)
{
	json_t *a = json_array();

	for (size_t i = 0; i < classes->n; i++) {
		unsigned cpu = classes->group[i].cpus.cpu[0];
		uint64_t basic, misc, ept, index;
		bool has_basic = msr_value(s, cpu, MSR_IA32_VMX_BASIC, &basic);
		bool has_misc = msr_value(s, cpu, MSR_IA32_VMX_MISC, &misc);
		bool has_ept = msr_value(s, cpu, MSR_IA32_VMX_EPT_VPID_CAP, &ept);
		bool has_index = msr_value(s, cpu, MSR_IA32_VMX_VMCS_ENUM, &index);

		if (!has_basic && !has_misc)
			continue;
		json_array_append_new(
			a,
			json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cpus",
				  json_cpus(&classes->group[i].cpus), "vmcs_revision_identifier",
				  has_basic ? json_hex(basic & 0x7fffffff) : json_null(), "vmcs_region_bytes",
				  has_basic ? json_integer(basic >> 32 & 0x1fff) : json_null(), "vmcs_memory_type",
				  has_basic ? memory_type(basic) : json_null(), "highest_vmcs_index",
				  has_index ? json_integer(index >> 1 & 0x1ff) : json_null(),
				  "preemption_timer_tsc_shift", has_misc ? json_integer(misc & 0x1f) : json_null(),
				  "cr3_targets", has_misc ? json_integer(misc >> 16 & 0x1ff) : json_null(),
				  "msr_list_maximum", has_misc ? json_integer(512 * ((misc >> 25 & 7) + 1)) : json_null(),
				  "mseg_revision_identifier", has_misc ? json_hex(misc >> 32) : json_null(),
				  "hlat_prefix_maximum", has_ept ? json_integer(ept >> 48 & 0x3f) : json_null()));
	}
	return a;
}

json_t *json_vmx(const struct snapshot *s, const struct verdict *v)
{
	enum answer supported = finding_answer(&v->findings, "cpu.vmx");
	json_t *differences = json_array(), *features, *o;
	struct cpu_groups classes;

	vmx_classes(s, &classes);
	features = features_json(s, supported, &classes, differences);
	o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "supported", answer_name(supported), "limits",
		      limits_json(s, &classes), "controls", controls_json(s, supported), "ept_vpid",
		      supported == ANSWER_NO ? json_array() : ept_vpid_json(s, &classes), "features", features,
		      "differences", differences);
	view_groups_free(&classes);
	return o;
}
