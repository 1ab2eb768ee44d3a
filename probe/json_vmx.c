/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMX's part of the document: controls and capabilities from the MSRs, and the features
 * made of them.
 */
#include <string.h>

#include "probe/json_private.h"

#define NEED_MAX 4

/*
 * Features people ask for: all of (need) must be allowed. Without the MSRs, Linux's "vmx
 * flags" show some of them to everybody.
 */
static const struct {
	const char *name, *flag;
	enum vmx_control_id need[NEED_MAX];
	unsigned n;
} features[] = {
	{ "ept", "ept", { VMX_secondary_enable_ept }, 1 },
	{ "ept_5level", "ept_5level", { VMX_secondary_enable_ept, VMX_ept_vpid_page_walk_5 }, 2 },
	{ "ept_accessed_dirty",
	  "ept_ad",
	  { VMX_secondary_enable_ept, VMX_ept_vpid_accessed_and_dirty_flags },
	  2 },
	{ "ept_1g_pages", "ept_1gb", { VMX_secondary_enable_ept, VMX_ept_vpid_pages_1g }, 2 },
	{ "vpid", "vpid", { VMX_secondary_enable_vpid, VMX_ept_vpid_invvpid }, 2 },
	{ "unrestricted_guest", "unrestricted_guest", { VMX_secondary_unrestricted_guest }, 1 },
	{ "flexpriority",
	  "flexpriority",
	  { VMX_primary_use_tpr_shadow, VMX_secondary_virtualize_apic_accesses },
	  2 },
	{ "apicv",
	  "apicv",
	  { VMX_primary_use_tpr_shadow, VMX_secondary_apic_register_virtualization,
	    VMX_secondary_virtual_interrupt_delivery, VMX_pin_based_process_posted_interrupts },
	  4 },
	{ "posted_interrupts", "posted_intr", { VMX_pin_based_process_posted_interrupts }, 1 },
	{ "ipi_virtualization", "ipi_virt", { VMX_tertiary_ipi_virtualization }, 1 },
	{ "preemption_timer", "preemption_timer", { VMX_pin_based_activate_vmx_preemption_timer }, 1 },
	{ "monitor_trap_flag", "mtf", { VMX_primary_monitor_trap_flag }, 1 },
	{ "page_modification_logging",
	  "pml",
	  { VMX_secondary_enable_pml, VMX_ept_vpid_accessed_and_dirty_flags },
	  2 },
	{ "vmcs_shadowing",
	  "shadow_vmcs",
	  { VMX_secondary_vmcs_shadowing, VMX_misc_vmwrite_to_any_field },
	  2 },
	{ "mode_based_execute_control",
	  "ept_mode_based_exec",
	  { VMX_secondary_mode_based_execute_control_for_ept },
	  1 },
	{ "eptp_switching",
	  "eptp_switching",
	  { VMX_secondary_enable_vm_functions, VMX_vmfunc_eptp_switching },
	  2 },
	{ "tsc_scaling", "tsc_scaling", { VMX_secondary_use_tsc_scaling }, 1 },
	{ "pause_loop_exiting", "ple", { VMX_secondary_pause_loop_exiting }, 1 },
	{ "instruction_timeout", "notify_vm_exiting", { VMX_secondary_instruction_timeout }, 1 },
};

struct known {
	const struct snapshot *s;
	int cpu;
};

static int known_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	struct known *k = ctx;

	return view_cpuid(k->s, k->cpu, leaf, subleaf, regs);
}

static int known_msr(void *ctx, uint32_t number, uint64_t *value)
{
	struct known *k = ctx;
	const struct snap_record *r = snapshot_msr(k->s, k->cpu, number);

	*value = r && !r->err ? r->value : 0;
	return r && !r->err ? 1 : -1;
}

/* Is a control or capability there on (cpu)? A MSR that its gate says does not exist is a no. */
static enum answer control_on(const struct snapshot *s, int cpu, enum vmx_control_id id)
{
	struct known k = { .s = s, .cpu = cpu };
	const struct fact_source source = { .ctx = &k, .cpuid = known_cpuid, .msr = known_msr };
	const struct msr_fact *fact = msr_fact_of(vmx_groups[vmx_controls[id].group].msr);
	int exists = fact ? msr_gate_state(fact, &source) : -1;
	uint64_t value;

	if (exists == 0)
		return ANSWER_NO;
	if (exists < 0 || known_msr(&k, fact->number, &value) < 0)
		return ANSWER_UNKNOWN;
	return vmx_control_allowed(id, value) ? ANSWER_YES : ANSWER_NO;
}

/* On all CPUs yes, on all of them no, else unknown. */
static enum answer control_everywhere(const struct snapshot *s, const struct cpulist *cpus,
				      enum vmx_control_id id)
{
	enum answer all = cpus->n ? control_on(s, cpus->cpu[0], id) : ANSWER_UNKNOWN;

	for (size_t i = 1; i < cpus->n; i++)
		if (control_on(s, cpus->cpu[i], id) != all)
			return ANSWER_UNKNOWN;
	return all;
}

static enum answer from_flags(const struct snapshot *s, const char *flag)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/proc/cpuinfo");
	const char *line = text ? strstr(text, "\nvmx flags") : NULL;
	struct buf one = BUF_INIT;
	enum answer a;

	if (!line)
		return ANSWER_UNKNOWN;
	buf_append(&one, line + 1, strcspn(line + 1, "\n"));
	a = view_word(buf_str(&one), flag, " \t:") ? ANSWER_YES : ANSWER_NO;
	buf_free(&one);
	return a;
}

static json_t *features_json(const struct snapshot *s, enum answer supported)
{
	json_t *o = json_object();
	struct cpulist cpus;

	view_cpus(s, &cpus);
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		enum answer a = supported == ANSWER_NO ? ANSWER_NO : ANSWER_YES;

		for (unsigned n = 0; n < features[i].n && a == ANSWER_YES; n++)
			a = control_everywhere(s, &cpus, features[i].need[n]);
		if (a == ANSWER_UNKNOWN)
			a = from_flags(s, features[i].flag);
		json_put(o, features[i].name, json_answer(a));
	}
	cpulist_free(&cpus);
	return o;
}

/* ---- rows ---- */

/*
 * How a control can be set, by its allowed settings; (truth): those of the TRUE MSR, or
 * (value) itself.
 */
static const char *control_state(const struct vmx_group *group, unsigned bit, uint64_t value,
				 uint64_t truth)
{
	bool may = value >> (group->form == VMX_FORM_PAIR ? bit + 32 : bit) & 1;

	if (group->form == VMX_FORM_ALLOWED1)
		return may ? "optional" : "unavailable";
	if (!(value >> bit & 1))
		return may ? "optional" : "unavailable";
	if (!may)
		return "unknown";	/* must be 1 and may not: no processor says that */
	return truth >> bit & 1 ? "forced" : "default1";
}

static const struct vmx_control *control_at(enum vmx_group_id group, unsigned bit)
{
	for (size_t i = 0; i < VMX_CONTROLS; i++)
		if (vmx_controls[i].group == group && vmx_controls[i].bit == bit)
			return &vmx_controls[i];
	return NULL;
}

static json_t *control_row(enum vmx_group_id id, unsigned bit, const char *state, const char *cpus)
{
	const struct vmx_control *c = control_at(id, bit);

	return json_pack("{s:o, s:i, s:s, s:o, s:s, s:s}", "msr", json_hex(vmx_groups[id].msr),
			 "bit", (int)bit, "group", vmx_groups[id].name, "name",
			 c ? json_string(c->name) : json_sprintf("reserved_%u", bit), "state",
			 state, "cpus", cpus);
}

static void group_rows(const struct snapshot *s, enum vmx_group_id id, const struct msr_group *g,
		       json_t *out)
{
	const struct vmx_group *group = &vmx_groups[id];
	const struct snap_record *true_msr =
		group->true_msr ? snapshot_msr(s, g->cpus.cpu[0], group->true_msr) : NULL;
	uint64_t truth = true_msr && !true_msr->err ? true_msr->value : g->value;
	struct buf cpus = BUF_INIT;

	cpulist_format(&g->cpus, &cpus);
	for (unsigned bit = 0; bit < (group->form == VMX_FORM_PAIR ? 32u : 64u); bit++) {
		const char *state = control_state(group, bit, g->value, truth);

		/*
		 * Bits without a name are told when a processor has them, but for those
		 * that always were 1.
		 */
		if (control_at(id, bit) ||
		    (strcmp(state, "unavailable") != 0 && !(bit < 32 && group->default1 >> bit & 1)))
			json_array_append_new(out, control_row(id, bit, state, buf_str(&cpus)));
	}
	buf_free(&cpus);
}

static json_t *controls_json(const struct snapshot *s)
{
	json_t *a = json_array();

	for (int id = 0; id < VMX_GROUPS; id++) {
		struct msr_groups g;

		if (vmx_groups[id].form == VMX_FORM_CAPABILITY)
			continue;
		view_msr(s, vmx_groups[id].msr, &g);
		for (size_t i = 0; i < g.n; i++)
			if (!g.group[i].err)
				group_rows(s, id, &g.group[i], a);
		view_msr_free(&g);
	}
	return a;
}

static json_t *ept_vpid_json(const struct snapshot *s)
{
	json_t *a = json_array();
	struct cpulist cpus;

	view_cpus(s, &cpus);
	for (int id = 0; id < VMX_CONTROLS; id++)
		if (vmx_controls[id].group == VMX_GROUP_ept_vpid)
			json_array_append_new(
				a, json_pack("{s:i, s:s, s:o}", "bit", (int)vmx_controls[id].bit,
					     "name", vmx_controls[id].name, "state",
					     json_answer(control_everywhere(s, &cpus, id))));
	cpulist_free(&cpus);
	return a;
}

json_t *json_vmx(const struct snapshot *s, const struct verdict *v)
{
	enum answer supported = finding_answer(&v->findings, "cpu.vmx");

	return json_pack("{s:s, s:o, s:o, s:o}", "supported", answer_name(supported), "controls",
			 controls_json(s), "ept_vpid",
			 supported == ANSWER_NO ? json_array() : ept_vpid_json(s), "features",
			 features_json(s, supported));
}
