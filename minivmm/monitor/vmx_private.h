/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_private.h - what the files of the VMX half share. Only minivmm/monitor/vmx* includes this, from C and assembly. */
#ifndef VTSCOPE_MINIVMM_MONITOR_VMX_PRIVATE_H
#define VTSCOPE_MINIVMM_MONITOR_VMX_PRIVATE_H

#define VMX_GUEST_STACK_BYTES	16384
#define VMX_EXIT_STACK_BYTES	4096

/* Stubs of the fast path: which field is compared, how RIP goes on, with stamps or without. */
#define VMX_STUB_KINDS		3	/* VCPU_FAST_SKIP, LENGTH, STAY */

#ifndef __ASSEMBLER__

#include "minivmm/cpu.h"
#include "minivmm/monitor/text.h"
#include "minivmm/monitor/vendor_private.h"
#include "minivmm/monitor/vmx.h"

#pragma GCC visibility push(hidden)

/* Exit reasons that the monitor knows itself. */
enum vmx_reason {
#define VMX_EXIT(reason, linux_name, name) VMX_REASON_##linux_name = (reason),
#define SVM_EXIT(first, last, linux_name, name)
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
};
#define VMX_REASON_ENTRY_FAILED	(1u << 31)

/* Of event fields: VM-entry and VM-exit interruption information. */
#define VMX_EVENT_VALID		(1u << 31)
#define VMX_EVENT_ERROR_CODE	(1u << 11)
#define VMX_EVENT_TYPE(info)	((info) >> 8 & 7)
#define VMX_EVENT_NMI		2u
#define VMX_EVENT_HARDWARE	3u
#define VMX_EVENT_INT1		5u
#define VMX_EVENT_SOFTWARE	6u	/* #BP and #OF */

struct vmx {
	struct monitor *monitor;	/* NULL: not on */
	struct vmx_facts facts;
	uint64_t cr0, cr4, dr7, debugctl; /* as they were; an exit clears the last two */
	struct table_pointer gdtr, idtr; /* and of these the limits */
	bool timer;			/* the preemption timer is the watchdog, not the local APIC */
	bool launched;			/* the own VMCS */
	bool stamped;
	bool lost;			/* the own VMCS cannot be made current */
	bool late;			/* the watchdog ended the guest */
	uint32_t full_exits;		/* for the ladder: what no stub took */
};
extern struct vmx vmx;

/* vmx_entry.S */
uint32_t vmx_enter(uint64_t gpr[16], uint32_t launched);	/* 0: an exit; 1, 2: as enum vmx_result */
extern const char vmx_exit_full[], vmx_exit_full_stamped[], vmx_guest_start[];
extern char vmx_exit_stack_top[], vmx_guest_stack_top[];
/* [compares the event, not the reason][stamped][kind - VCPU_FAST_SKIP] */
extern const void *const vmx_stubs[2][2][VMX_STUB_KINDS];
extern int64_t vmx_fast_exits;		/* by stubs since the last full exit, from VMX_FAST_FIRST on */
#define VMX_FAST_FIRST	(-0x10000)
extern uint64_t vmx_fast_length;
extern uint32_t vmx_fast_expected;	/* what a stub compares the field with; ~0: nothing is as fast */
void vmx_guest_call(uint32_t number);	/* VMCALL with the fast path off */

/* vmx_region.c: VMXON and VMCS regions, pages. */
void vmx_regions_init(void);
uint32_t *vmx_pool_words(unsigned n);
void vmx_pages_zero(void);
uint64_t vmx_phys(const volatile void *p);

/* vmx_setup.c */
bool vmx_setup(struct vcpu *v, const struct vcpu_want *want, struct monitor_why *why);
/* The stub that (v) wants, as HOST_RIP. */
void vmx_choose_stub(struct vcpu *v, bool stamped);

/* vmx_ept.c */
void vmx_ept_init(void);
void vmx_ept_reset(void);
#define VMX_VPID 1

/* vmx_describe.c */
void vmx_describe(struct vcpu *v, const uint64_t gpr[16]);
const char *vmx_reason_name(uint32_t basic);
/* "VMLAUNCH: error 8, VM entry with invalid host-state field(s)". */
void vmx_say_result(struct text *t, enum vmx_result result, uint32_t error);

/* vmx.c */
uint32_t vmx_timer_value(uint64_t ticks);	/* of the preemption timer, for a watchdog of (ticks) of the TSC */
/* The row measures the preemption timer: it is no watchdog then. */
bool vmx_owns_timer(const struct vcpu_want *want);
void vmx_tables_restore(void);	/* GDTR and IDTR: exits leave them with other limits */

/* vmx_self_test.c */
int vmx_self_test(struct monitor *m, struct monitor_why *why);

#define CR_READ(n)                                                 \
	({                                                         \
		uint64_t cr_value_;                                \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(cr_value_)); \
		cr_value_;                                         \
	})
#define CR_WRITE(n, value) __asm__ volatile("mov %0, %%cr" #n : : "r"((uint64_t)(value)) : "memory")

#pragma GCC visibility pop

#endif /* !__ASSEMBLER__ */
#endif
