/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exits_table.c - the recipes: what makes each row exit, and how its guest goes on.
 *
 * With SVM the intercept follows from the exit code; controls named here are VMX's. Lengths count where the processor
 * reports none: with VMX for faults, with SVM for these and everywhere without next-RIP saving.
 */
#include "bench/root/exits.h"
#include "minivmm/monitor/vmx_facts.h"

#define VECTOR(n)	.vectors = 1u << (n)
#define PIN(name)	.pin = VMX_MASK(pin_based_##name)
#define PRIMARY(name)	.primary = VMX_MASK(primary_##name)
#define SECONDARY(name)	.secondary = VMX_MASK(secondary_##name)

#define INSTRUCTION(bytes, ...)	{ .how = EXIT_INSTRUCTION, .length = (bytes), __VA_ARGS__ }
#define FAULT(bytes, ...)	{ .how = EXIT_FAULT, .length = (bytes), __VA_ARGS__ }
#define TRAP(...)		{ .how = EXIT_TRAP, __VA_ARGS__ }
#define HANDLED(...)		{ .how = EXIT_HANDLED, __VA_ARGS__ }

#define SLAT_FAULT(bytes, ...)	FAULT(bytes, .close = exit_close_window, __VA_ARGS__)
#define EPT_FAULT(bytes, ...)	SLAT_FAULT(bytes, SECONDARY(enable_ept), __VA_ARGS__)
#define IO(bytes)		INSTRUCTION(bytes, PRIMARY(unconditional_i_o_exiting), .open = exit_open_io)
#define TABLES(bytes, hook)	INSTRUCTION(bytes, SECONDARY(descriptor_table_exiting), .open = hook)

static const struct {
	uint32_t op;
	struct exit_recipe recipe;
} recipes[] = {
	/* Rows that are not the monitor's own. */
	{ OP_NANO_DIVZERO, { .to_guest = 1u << VECTOR_DE } },
	{ OP_NANO_PGFAULT, { .to_guest = 1u << VECTOR_PF } },
	{ OP_NANO_IN, IO(2) },
	{ OP_EXIT_CPUID, INSTRUCTION(2) },
	{ OP_EXIT_HYPERCALL, INSTRUCTION(3) },
	{ OP_EXIT_PIO_OUT_USER, IO(1) },
	{ OP_EXIT_PIO_IN_USER, IO(1) },
	{ OP_EXIT_PIO_KERNEL, IO(1) },
	{ OP_EXIT_MMIO_USER, FAULT(2, SECONDARY(enable_ept), .open = exit_open_mmio) },
	{ OP_EXIT_HLT, INSTRUCTION(1, PRIMARY(hlt_exiting)) },
	{ OP_EXIT_RDMSR, INSTRUCTION(2, .open = exit_open_msr) },
	{ OP_EXIT_WRMSR, INSTRUCTION(2, .open = exit_open_msr) },
	{ OP_EXIT_CR3, INSTRUCTION(3, PRIMARY(cr3_load_exiting)) },
	{ OP_EXIT_CR0_WP, INSTRUCTION(3, .open = exit_open_cr0_wp) },
	{ OP_EXIT_RDTSC, INSTRUCTION(2, PRIMARY(rdtsc_exiting), .armed = true) },
	{ OP_EXIT_INVLPG, INSTRUCTION(3, PRIMARY(invlpg_exiting)) },

	/* Instructions. */
	{ OP_EXIT_CPUID_FULL, INSTRUCTION(2, .full = true) },
	{ OP_EXIT_INVD, INSTRUCTION(2, .open = exit_open_proved) },
	{ OP_EXIT_WBINVD, INSTRUCTION(2, SECONDARY(wbinvd_exiting), .open = exit_open_proved) },
	{ OP_EXIT_RDPMC, INSTRUCTION(2, PRIMARY(rdpmc_exiting)) },
	{ OP_EXIT_RDTSCP, INSTRUCTION(3, .feature = FEATURE_RDTSCP, PRIMARY(rdtsc_exiting), SECONDARY(enable_rdtscp),
				       .armed = true) },
	{ OP_EXIT_PAUSE, INSTRUCTION(2, PRIMARY(pause_exiting)) },
	{ OP_EXIT_PAUSE_LOOP, INSTRUCTION(2, SECONDARY(pause_loop_exiting), .open = exit_open_pause_loop) },
	{ OP_EXIT_MONITOR, INSTRUCTION(3, .feature = FEATURE_MONITOR, PRIMARY(monitor_exiting), .open = exit_open_monitor) },
	{ OP_EXIT_MWAIT, INSTRUCTION(3, .feature = FEATURE_MONITOR, PRIMARY(mwait_exiting), .open = exit_open_monitor) },
	{ OP_EXIT_MWAIT_ARMED, INSTRUCTION(3, .feature = FEATURE_MONITOR, .open = exit_open_monitor) },
	{ OP_EXIT_XSETBV, INSTRUCTION(3, .feature = FEATURE_XSAVE, .cr4 = CR4_OSXSAVE, .open = exit_open_xsetbv) },
	{ OP_EXIT_INVPCID, INSTRUCTION(5, .feature = FEATURE_INVPCID, PRIMARY(invlpg_exiting), SECONDARY(enable_invpcid),
					.open = exit_open_invalidate) },
	{ OP_EXIT_RDRAND, INSTRUCTION(3, .feature = FEATURE_RDRAND, SECONDARY(rdrand_exiting)) },
	{ OP_EXIT_RDSEED, INSTRUCTION(3, .feature = FEATURE_RDSEED, SECONDARY(rdseed_exiting)) },
	{ OP_EXIT_XSAVES, INSTRUCTION(3, .feature = FEATURE_XSAVES, SECONDARY(enable_xsaves_xrstors), .cr4 = CR4_OSXSAVE,
				       .open = exit_open_xss, .close = exit_close_xss) },
	{ OP_EXIT_XRSTORS, INSTRUCTION(3, .feature = FEATURE_XSAVES, SECONDARY(enable_xsaves_xrstors), .cr4 = CR4_OSXSAVE,
					.open = exit_open_xss, .close = exit_close_xss) },
	{ OP_EXIT_UMWAIT, INSTRUCTION(4, .feature = FEATURE_WAITPKG, PRIMARY(rdtsc_exiting),
				       SECONDARY(enable_user_wait_and_pause), .armed = true) },
	{ OP_EXIT_TPAUSE, INSTRUCTION(4, .feature = FEATURE_WAITPKG, PRIMARY(rdtsc_exiting),
				       SECONDARY(enable_user_wait_and_pause), .armed = true) },
	{ OP_EXIT_ENCLS, INSTRUCTION(3, .feature = FEATURE_SGX, SECONDARY(enable_encls_exiting), .open = exit_open_bitmap) },
	{ OP_EXIT_ENCLV, INSTRUCTION(3, .feature = FEATURE_SGX, SECONDARY(enable_enclv_exiting), .open = exit_open_bitmap) },
	{ OP_EXIT_PCONFIG, INSTRUCTION(3, .feature = FEATURE_PCONFIG, SECONDARY(enable_pconfig), .open = exit_open_bitmap) },
	{ OP_EXIT_LOADIWKEY, INSTRUCTION(5, .feature = FEATURE_KL, .tertiary = VMX_MASK(tertiary_loadiwkey_exiting),
					  .cr4 = CR4_KL) },
	{ OP_EXIT_RDMSRLIST, INSTRUCTION(4, .feature = FEATURE_MSRLIST,
					  .tertiary = VMX_MASK(tertiary_enable_msr_list_instructions),
					  .open = exit_open_msrlist) },
	{ OP_EXIT_WRMSRLIST, INSTRUCTION(4, .feature = FEATURE_MSRLIST,
					  .tertiary = VMX_MASK(tertiary_enable_msr_list_instructions),
					  .open = exit_open_msrlist) },
	{ OP_EXIT_GETSEC, INSTRUCTION(2, .feature = FEATURE_SMX, .cr4 = CR4_SMXE) },
	{ OP_EXIT_PUSHF, INSTRUCTION(1) },
	{ OP_EXIT_POPF, INSTRUCTION(1) },
	{ OP_EXIT_IRET, INSTRUCTION(2) },
	{ OP_EXIT_INT_N, INSTRUCTION(2) },
	{ OP_EXIT_INT1, INSTRUCTION(1, VECTOR(1)) },
	{ OP_EXIT_RDPRU, INSTRUCTION(3, .feature = FEATURE_RDPRU) },
	{ OP_EXIT_MCOMMIT, INSTRUCTION(4, .feature = FEATURE_MCOMMIT) },
	{ OP_EXIT_INVLPGB, INSTRUCTION(3, .feature = FEATURE_INVLPGB, .open = exit_open_invlpgb) },
	{ OP_EXIT_TLBSYNC, INSTRUCTION(3, .feature = FEATURE_INVLPGB, .open = exit_open_invlpgb) },
	{ OP_EXIT_IDLE_HLT, INSTRUCTION(1) },

	/* Instructions of VMX and SVM. */
	{ OP_EXIT_VMCLEAR, INSTRUCTION(4, .open = exit_open_data) },
	{ OP_EXIT_VMLAUNCH, INSTRUCTION(3) },
	{ OP_EXIT_VMPTRLD, INSTRUCTION(3, .open = exit_open_data) },
	{ OP_EXIT_VMPTRST, INSTRUCTION(3, .open = exit_open_data) },
	{ OP_EXIT_VMREAD, INSTRUCTION(3) },
	{ OP_EXIT_VMRESUME, INSTRUCTION(3) },
	{ OP_EXIT_VMWRITE, INSTRUCTION(3) },
	{ OP_EXIT_VMXOFF, INSTRUCTION(3) },
	{ OP_EXIT_VMXON, INSTRUCTION(4, .open = exit_open_data) },
	{ OP_EXIT_INVEPT, INSTRUCTION(5, .open = exit_open_invalidate) },
	{ OP_EXIT_INVVPID, INSTRUCTION(5, .open = exit_open_invalidate) },
	{ OP_EXIT_VMFUNC, INSTRUCTION(3, SECONDARY(enable_vm_functions)) },
	{ OP_EXIT_VMRUN, INSTRUCTION(3, .open = exit_open_page_physical) },
	{ OP_EXIT_VMLOAD, INSTRUCTION(3, .open = exit_open_page_physical) },
	{ OP_EXIT_VMSAVE, INSTRUCTION(3, .open = exit_open_page_physical) },
	{ OP_EXIT_STGI, INSTRUCTION(3) },
	{ OP_EXIT_CLGI, INSTRUCTION(3) },
	{ OP_EXIT_SKINIT, INSTRUCTION(3, .feature = FEATURE_SKINIT, .open = exit_open_proved) },
	{ OP_EXIT_INVLPGA, INSTRUCTION(3, .open = exit_open_page_physical) },

	/* Ports. */
	{ OP_EXIT_PIO_OUT_8, IO(2) },
	{ OP_EXIT_PIO_OUT_16, IO(3) },
	{ OP_EXIT_PIO_OUT_32, IO(2) },
	{ OP_EXIT_PIO_IN_8, IO(2) },
	{ OP_EXIT_PIO_IN_16, IO(3) },
	{ OP_EXIT_PIO_IN_32, IO(2) },
	{ OP_EXIT_OUTS, IO(1) },
	{ OP_EXIT_INS, IO(1) },
	{ OP_EXIT_OUTS_REP_1, IO(2) },
	{ OP_EXIT_OUTS_REP_64, IO(2) },
	{ OP_EXIT_INS_REP_1, IO(2) },
	{ OP_EXIT_INS_REP_64, IO(2) },

	/* Control, debug and descriptor-table registers. */
	{ OP_EXIT_CR0_READ, INSTRUCTION(3) },
	{ OP_EXIT_CR0_SEL_WRITE, INSTRUCTION(3, .open = exit_open_cr0_write) },
	{ OP_EXIT_CLTS, INSTRUCTION(2, .open = exit_open_clts) },
	{ OP_EXIT_LMSW, INSTRUCTION(3, .open = exit_open_lmsw) },
	{ OP_EXIT_SMSW, INSTRUCTION(3) },
	{ OP_EXIT_CR2_READ, INSTRUCTION(3) },
	{ OP_EXIT_CR2_WRITE, INSTRUCTION(3) },
	{ OP_EXIT_CR3_READ, INSTRUCTION(3, PRIMARY(cr3_store_exiting)) },
	{ OP_EXIT_CR4_READ, INSTRUCTION(3) },
	{ OP_EXIT_CR4_WRITE, INSTRUCTION(3, .open = exit_open_cr4_write) },
	{ OP_EXIT_CR8_READ, INSTRUCTION(4, PRIMARY(cr8_store_exiting)) },
	{ OP_EXIT_CR8_WRITE, INSTRUCTION(4, PRIMARY(cr8_load_exiting)) },
	{ OP_EXIT_DR_READ, INSTRUCTION(3, PRIMARY(mov_dr_exiting)) },
	{ OP_EXIT_DR_WRITE, INSTRUCTION(3, PRIMARY(mov_dr_exiting)) },
	{ OP_EXIT_SGDT, TABLES(3, exit_open_tables) },
	{ OP_EXIT_SIDT, TABLES(3, exit_open_tables) },
	{ OP_EXIT_LGDT, TABLES(3, exit_open_tables) },
	{ OP_EXIT_LIDT, TABLES(3, exit_open_tables) },
	{ OP_EXIT_SLDT, TABLES(3, NULL) },
	{ OP_EXIT_STR, TABLES(3, NULL) },
	{ OP_EXIT_LLDT, TABLES(3, NULL) },
	{ OP_EXIT_LTR, TABLES(3, exit_open_tr) },

	/* Exceptions. INT3 is an instruction to VMX, which reports its length, and a fault to SVM. */
	{ OP_EXIT_EXCEPTION_DE, FAULT(2, VECTOR(VECTOR_DE)) },
	{ OP_EXIT_EXCEPTION_DB, HANDLED(VECTOR(1), .handle = exit_handle_db) },
	{ OP_EXIT_EXCEPTION_BP, FAULT(1, VECTOR(3)) },
	{ OP_EXIT_EXCEPTION_UD, FAULT(2, VECTOR(VECTOR_UD)) },
	{ OP_EXIT_EXCEPTION_NM, FAULT(2, VECTOR(7), .open = exit_open_nm) },
	{ OP_EXIT_EXCEPTION_SS, FAULT(3, VECTOR(12), .open = exit_open_noncanonical) },
	{ OP_EXIT_EXCEPTION_GP, FAULT(2, VECTOR(13), .open = exit_open_noncanonical) },
	{ OP_EXIT_EXCEPTION_PF, FAULT(2, VECTOR(VECTOR_PF), .open = exit_open_hole) },
	{ OP_EXIT_EXCEPTION_MF, FAULT(1, VECTOR(16), .open = exit_open_mf, .close = exit_close_mf) },
	{ OP_EXIT_EXCEPTION_AC, FAULT(3, VECTOR(17), .user = true, .open = exit_open_ac) },

	/* Events. */
	{ OP_EXIT_NMI, HANDLED(.open = exit_open_nmi, .close = exit_close_nmi, .handle = exit_handle_nmi) },
	{ OP_EXIT_EXTERNAL_INTERRUPT, HANDLED(PIN(external_interrupt_exiting), .open = exit_open_interrupt,
					       .close = exit_close_interrupt, .handle = exit_handle_interrupt) },
	{ OP_EXIT_INTERRUPT_WINDOW, HANDLED(PRIMARY(interrupt_window_exiting), .open = exit_open_window,
					     .close = exit_close_apic, .handle = exit_handle_window) },
	{ OP_EXIT_VINTR, HANDLED(.open = exit_open_vintr, .close = exit_close_apic, .handle = exit_handle_window) },
	{ OP_EXIT_NMI_WINDOW, HANDLED(PIN(virtual_nmis), PRIMARY(nmi_window_exiting), .open = exit_open_nmi_window,
				       .handle = exit_handle_nmi_window) },
	{ OP_EXIT_TRIPLE_FAULT, HANDLED(.to_guest = ~0u, .open = exit_open_triple, .handle = exit_handle_triple) },
	{ OP_EXIT_TASK_SWITCH, HANDLED(.twice = true, .open = exit_open_task, .close = exit_close_task,
				       .handle = exit_handle_task) },
	{ OP_EXIT_MTF, HANDLED(.twice = true, PRIMARY(monitor_trap_flag), .open = exit_open_request,
			       .handle = exit_handle_mtf) },
	{ OP_EXIT_PREEMPTION_TIMER, HANDLED(.twice = true, PIN(activate_vmx_preemption_timer), .open = exit_open_request,
					     .handle = exit_handle_timer) },
	{ OP_EXIT_BUS_LOCK, TRAP(.length = 4, SECONDARY(vmm_bus_lock_detection), .open = exit_open_data_middle) },

	/* The virtual APIC. */
	{ OP_EXIT_APIC_ACCESS, FAULT(2, SECONDARY(virtualize_apic_accesses), .open = exit_open_apic_access,
				      .close = exit_close_window) },
	{ OP_EXIT_APIC_WRITE, TRAP(PRIMARY(use_tpr_shadow), .open = exit_open_apic_write, .close = exit_close_window,
				    .secondary = VMX_MASK(secondary_virtualize_apic_accesses) |
						 VMX_MASK(secondary_apic_register_virtualization)) },
	{ OP_EXIT_VIRTUALIZED_EOI, TRAP(PIN(external_interrupt_exiting), PRIMARY(use_tpr_shadow),
					 .open = exit_open_eoi, .close = exit_close_apic,
					 .secondary = VMX_MASK(secondary_virtualize_apic_accesses) |
						      VMX_MASK(secondary_virtual_interrupt_delivery)) },
	{ OP_EXIT_TPR_BELOW, HANDLED(PRIMARY(use_tpr_shadow), .open = exit_open_tpr, .handle = exit_handle_tpr) },

	/* Nested paging. */
	{ OP_EXIT_EPT_NOT_PRESENT, EPT_FAULT(2, .open = exit_open_not_present) },
	{ OP_EXIT_EPT_WRITE, EPT_FAULT(2, .open = exit_open_not_present) },
	{ OP_EXIT_EPT_WRITE_PROTECTED, EPT_FAULT(2, .open = exit_open_write_protected) },
	{ OP_EXIT_EPT_READ, EPT_FAULT(2, .open = exit_open_execute_only) },
	{ OP_EXIT_EPT_EXECUTE, EPT_FAULT(EXIT_CALL_LENGTH, .open = exit_open_no_execute) },
	{ OP_EXIT_EPT_MISCONFIG, EPT_FAULT(2, .open = exit_open_misconfigured) },
	{ OP_EXIT_PML_FULL, HANDLED(.length = 2, .twice = true, .open = exit_open_pml, .handle = exit_handle_pml,
				    .secondary = VMX_MASK(secondary_enable_ept) | VMX_MASK(secondary_enable_pml)) },
	{ OP_EXIT_SPP, SLAT_FAULT(2, .secondary = VMX_MASK(secondary_enable_ept) |
						  VMX_MASK(secondary_sub_page_write_permissions_for_ept),
				  .open = exit_open_spp) },
	{ OP_EXIT_NPF_NOT_PRESENT, SLAT_FAULT(2, .open = exit_open_not_present) },
	{ OP_EXIT_NPF_WRITE_PROTECTED, SLAT_FAULT(2, .open = exit_open_write_protected) },
	{ OP_EXIT_NPF_EXECUTE, SLAT_FAULT(EXIT_CALL_LENGTH, .open = exit_open_no_execute) },
	{ OP_EXIT_NPF_RESERVED, SLAT_FAULT(2, .open = exit_open_reserved) },
};

const struct exit_recipe *exit_recipe_of(uint32_t op)
{
	static const struct exit_recipe nothing = { .how = EXIT_NOTHING };

	for (unsigned i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++)
		if (recipes[i].op == op)
			return &recipes[i].recipe;
	return &nothing;
}
