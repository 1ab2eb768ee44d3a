/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMX controls a CPU offers, and the features that are made of them. */
#include <string.h>

#include "probe/analyse.h"

#define ALL(...) { __VA_ARGS__ }, sizeof((enum vmx_control_id[]){ __VA_ARGS__ }) / sizeof(enum vmx_control_id)
#define ANY(a, b) { a, b }, 2
#define NO_ANY { VMX_CONTROL_NONE }, 0

const struct vmx_feature vmx_features[] = {
	{ "ept", "ept", ALL(VMX_secondary_enable_ept), NO_ANY },
	/* Second-level paging as KVM needs it. */
	{ "slat", "",
	  ALL(VMX_secondary_enable_ept, VMX_ept_vpid_memory_type_wb, VMX_ept_vpid_invept),
	  ANY(VMX_ept_vpid_page_walk_4, VMX_ept_vpid_page_walk_5) },
	{ "ept_5level", "ept_5level", ALL(VMX_secondary_enable_ept, VMX_ept_vpid_page_walk_5), NO_ANY },
	{ "ept_accessed_dirty", "ept_ad",
	  ALL(VMX_secondary_enable_ept, VMX_ept_vpid_accessed_and_dirty_flags), NO_ANY },
	{ "ept_1g_pages", "ept_1gb", ALL(VMX_secondary_enable_ept, VMX_ept_vpid_pages_1g), NO_ANY },
	{ "ept_execute_only", "ept_x_only", ALL(VMX_secondary_enable_ept, VMX_ept_vpid_execute_only), NO_ANY },
	{ "ept_violation_ve", "ept_violation_ve", ALL(VMX_secondary_ept_violation_ve), NO_ANY },
	{ "vpid", "vpid", ALL(VMX_secondary_enable_vpid, VMX_ept_vpid_invvpid), NO_ANY },
	{ "unrestricted_guest", "unrestricted_guest", ALL(VMX_secondary_unrestricted_guest), NO_ANY },
	{ "flexpriority", "flexpriority",
	  ALL(VMX_primary_use_tpr_shadow, VMX_secondary_virtualize_apic_accesses), NO_ANY },
	{ "apicv", "apicv",
	  ALL(VMX_primary_use_tpr_shadow, VMX_secondary_apic_register_virtualization,
	      VMX_secondary_virtual_interrupt_delivery, VMX_pin_based_process_posted_interrupts), NO_ANY },
	{ "x2apic_virtualization", "", ALL(VMX_secondary_virtualize_x2apic_mode), NO_ANY },
	{ "posted_interrupts", "posted_intr", ALL(VMX_pin_based_process_posted_interrupts), NO_ANY },
	{ "ipi_virtualization", "ipi_virt", ALL(VMX_tertiary_ipi_virtualization), NO_ANY },
	{ "preemption_timer", "preemption_timer", ALL(VMX_pin_based_activate_vmx_preemption_timer), NO_ANY },
	{ "virtual_nmis", "vnmi", ALL(VMX_pin_based_virtual_nmis), NO_ANY },
	{ "monitor_trap_flag", "mtf", ALL(VMX_primary_monitor_trap_flag), NO_ANY },
	{ "page_modification_logging", "pml",
	  ALL(VMX_secondary_enable_pml, VMX_ept_vpid_accessed_and_dirty_flags), NO_ANY },
	{ "vmcs_shadowing", "shadow_vmcs",
	  ALL(VMX_secondary_vmcs_shadowing, VMX_misc_vmwrite_to_any_field), NO_ANY },
	{ "mode_based_execute_control", "ept_mode_based_exec",
	  ALL(VMX_secondary_mode_based_execute_control_for_ept), NO_ANY },
	{ "vm_functions", "", ALL(VMX_secondary_enable_vm_functions), NO_ANY },
	{ "eptp_switching", "eptp_switching",
	  ALL(VMX_secondary_enable_vm_functions, VMX_vmfunc_eptp_switching), NO_ANY },
	{ "tsc_scaling", "tsc_scaling", ALL(VMX_secondary_use_tsc_scaling), NO_ANY },
	{ "pause_loop_exiting", "ple", ALL(VMX_secondary_pause_loop_exiting), NO_ANY },
	{ "user_wait_and_pause", "usr_wait_pause", ALL(VMX_secondary_enable_user_wait_and_pause), NO_ANY },
	{ "bus_lock_detection", "", ALL(VMX_secondary_vmm_bus_lock_detection), NO_ANY },
	{ "instruction_timeout", "notify_vm_exiting", ALL(VMX_secondary_instruction_timeout), NO_ANY },
	{ "hlat", "", ALL(VMX_tertiary_enable_hlat), NO_ANY },
};
const size_t n_vmx_features = sizeof(vmx_features) / sizeof(vmx_features[0]);

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

int view_msr_exists(const struct snapshot *s, int cpu, uint32_t msr)
{
	struct known k = { .s = s, .cpu = cpu };
	const struct fact_source source = { .ctx = &k, .cpuid = known_cpuid, .msr = known_msr };
	const struct msr_fact *fact = msr_fact_of(msr);

	return fact ? msr_gate_state(fact, &source) : -1;
}

enum answer view_control(const struct snapshot *s, int cpu, enum vmx_control_id id)
{
	uint32_t msr = vmx_groups[vmx_controls[id].group].msr;
	const struct snap_record *r = snapshot_msr(s, cpu, msr);
	int exists = view_msr_exists(s, cpu, msr);

	if (exists == 0)
		return ANSWER_NO;
	if (exists < 0 || !r || r->err)
		return ANSWER_UNKNOWN;
	return vmx_control_allowed(id, r->value) ? ANSWER_YES : ANSWER_NO;
}

/* Two 64-bit sums over all that decides: CPUs with equal ones are taken for alike. */
static enum cpu_known ask_class(void *ctx, const struct snapshot *s, int cpu, struct cpu_value *out)
{
	uint32_t regs[4];
	bool any = false;

	(void)ctx;
	out->value = (uint64_t)(view_cpuid(s, cpu, 1, 0, regs) + 1) << 1 | cpuid_bit_in(CPUID_vmx, regs);
	for (uint32_t msr = MSR_IA32_VMX_BASIC; msr <= MSR_IA32_VMX_EXIT_CTLS2; msr++) {
		const struct snap_record *r = snapshot_msr(s, cpu, msr);
		uint64_t one = !r ? 1 : r->err ? 2 : r->value ^ 0x5a5a;

		any |= r != NULL;
		out->value = (out->value ^ one) * 0x100000001b3;
		out->more = (out->more << 7 | out->more >> 57) + one;
	}
	/* A CPU without VMX has none of it, which needs no MSR. */
	return any || !cpuid_bit_in(CPUID_vmx, regs) ? CPU_VALUE : CPU_NOT_RECORDED;
}

int vmx_classes(const struct snapshot *s, struct cpu_groups *out)
{
	return view_groups(s, ask_class, NULL, out);
}

static enum answer feature_on(const struct snapshot *s, const struct vmx_feature *f, int cpu)
{
	enum answer all = ANSWER_YES, any = f->n_any ? ANSWER_NO : ANSWER_YES;

	for (unsigned i = 0; i < f->n_all && all != ANSWER_NO; i++) {
		enum answer one = view_control(s, cpu, f->all[i]);

		all = one == ANSWER_YES ? all : one;
	}
	for (unsigned i = 0; i < f->n_any && any != ANSWER_YES; i++) {
		enum answer one = view_control(s, cpu, f->any[i]);

		any = one == ANSWER_NO ? any : one;
	}
	if (all == ANSWER_NO || any == ANSWER_NO)
		return ANSWER_NO;
	return all == ANSWER_YES ? any : all;
}

void vmx_feature_split(const struct snapshot *s, const struct vmx_feature *f, const struct cpu_groups *classes,
		       struct answer_split *out)
{
	*out = (struct answer_split){ 0 };
	for (size_t i = 0; i < classes->n; i++)
		split_add(out, feature_on(s, f, classes->group[i].cpus.cpu[0]), &classes->group[i].cpus);
}

static enum answer vmx_feature_flag(const struct snapshot *s, const struct vmx_feature *f)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/proc/cpuinfo");
	const char *line = text ? strstr(text, "\nvmx flags") : NULL;
	struct buf one = BUF_INIT;
	enum answer a;

	if (!line || !f->flag[0])
		return ANSWER_UNKNOWN;
	buf_append(&one, line + 1, strcspn(line + 1, "\n"));
	a = view_word(buf_str(&one), f->flag, " \t:") ? ANSWER_YES : ANSWER_NO;
	buf_free(&one);
	return a;
}

enum answer vmx_feature_answer(const struct snapshot *s, enum answer supported, const struct vmx_feature *f,
			       const struct answer_split *split)
{
	enum answer a = supported == ANSWER_NO ? ANSWER_NO : split_all(split);

	return a == ANSWER_UNKNOWN ? vmx_feature_flag(s, f) : a;
}
