/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exits_events.c - rows that exit by an event, not by what an instruction does: interrupts, windows, traps, timers. */
#include "bench/root/exits.h"
#include "minivmm/monitor/apic.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/vmx.h"

#define MSR_X2APIC_ICR	0x830
#define ICR_HIGH	4	/* as an index from the low half */
#define ICR_ASSERT	0x4000u
#define ICR_NMI		0x0400u
#define ICR_SELF	0x40000u

#define VECTOR_NMI	2
#define VECTOR_ROW	(APIC_CLASS << 4 | 1)

#define EVENT_TYPE(info) ((info) >> 8 & 7)
#define EVENT_NMI	2
#define EVENT_MTF	0x80000700u	/* "other event" 0: a pending MTF exit, SDM volume 3, 27.6.2 */
#define BLOCKED_BY_NMI	8u	/* of the interruptibility state */
#define TIMER_NEVER	0xffffffffu

/* ---- interrupts that the guest sends itself ---- */

static bool apic_is_ours;

/* Nothing but what a row sends itself comes while it is open. */
bool exit_apic_open(struct exit_work *w)
{
	apic_is_ours = !apic_is_open();
	return !apic_is_ours || apic_open(w->v->monitor->host, w->why) == 0;
}

void exit_close_apic(struct exit_work *w)
{
	(void)w;
	if (apic_is_ours)
		apic_close();
	exit_window_close();
}

/* The write that sends (icr) to this processor: memory-mapped, or of an MSR. */
static bool open_icr(struct exit_work *w, uint32_t icr)
{
	struct body_regs *regs = &w->run->regs;
	volatile uint32_t *low;
	uint32_t self;

	if (!exit_apic_open(w))
		return false;
	low = apic_icr();
	self = apic_self();
	w->run->one_copy = true; /* the wait for the one would be a part of the other */
	regs->rax = icr;
	regs->rdx = self;
	if (low) {
		low[ICR_HIGH] = self;
		regs->rsi = (uint64_t)(uintptr_t)low;
		return true;
	}
	regs->rcx = MSR_X2APIC_ICR;
	w->run->body.start = exit_icr_x2apic;
	w->run->body.end = exit_icr_x2apic_end;
	return true;
}

bool exit_open_nmi(struct exit_work *w)
{
	vector_set(VECTOR_NMI, (const void *)(uintptr_t)exit_nmi_handler);
	if (open_icr(w, ICR_ASSERT | ICR_NMI))
		return true;
	vector_reset(VECTOR_NMI);
	return false;
}

void exit_close_nmi(struct exit_work *w)
{
	vector_reset(VECTOR_NMI);
	exit_close_apic(w);
}

/*
 * With SVM it was still pending, and the host's handler has had it by now. With VMX it is gone, and the monitor has
 * unblocked NMIs; in the guest they are not blocked (SDM volume 3, 28.2.3), but Bochs says so.
 */
bool exit_handle_nmi(struct exit_work *w)
{
	if (w->v->reason != w->code)
		return false;
	if (w->vmx && EVENT_TYPE(vmx_field(VMCS_VM_EXIT_INTR_INFO)) != EVENT_NMI)
		return false;
	if (w->vmx)
		vmx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY_INFO, 0);
	exit_events++;
	exit_count(w);
	return true;
}

bool exit_open_interrupt(struct exit_work *w)
{
	apic_counted = 0;
	return open_icr(w, ICR_ASSERT | ICR_SELF | VECTOR_ROW);
}

void exit_close_interrupt(struct exit_work *w)
{
	apic_take();
	exit_close_apic(w);
}

/* Who watches with the APIC has let it in already. */
bool exit_handle_interrupt(struct exit_work *w)
{
	if (w->v->reason != w->code)
		return false;
	if (!apic_counted)
		apic_take();
	if (!apic_counted)
		return false;
	apic_counted = 0;
	exit_events++;
	exit_count(w);
	return true;
}

/* ---- windows ---- */

/* In the guest: a guest that the APIC watches begins with IF set. */
static void clear_if(struct row_run *run)
{
	(void)run;
	__asm__ volatile("cli");
}

bool exit_open_window(struct exit_work *w)
{
	w->run->before = clear_if;
	return exit_apic_open(w);
}

bool exit_open_vintr(struct exit_work *w)
{
	svm_vmcb(w->v)->V_INTR |= VMCB_V_IRQ | VMCB_V_IGN_TPR | (uint64_t)VECTOR_ROW << 32;
	svm_changed(w->v);
	return exit_open_window(w);
}

bool exit_handle_window(struct exit_work *w)
{
	if (w->v->reason != w->code)
		return false;
	guest_set(w, GUEST_RFLAGS, guest_get(w, GUEST_RFLAGS) & ~(uint64_t)RFLAGS_IF);
	if (exit_is_in_body(w))
		exit_count(w);
	return true;
}

bool exit_open_nmi_window(struct exit_work *w)
{
	(void)w;
	vmx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY_INFO, BLOCKED_BY_NMI);
	return true;
}

bool exit_handle_nmi_window(struct exit_work *w)
{
	if (w->v->reason != w->code)
		return false;
	vmx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY_INFO, BLOCKED_BY_NMI);
	exit_count(w);
	return true;
}

/* ---- what the guest must ask for: its call is an exit of the row's, too ---- */

static void set_primary(uint32_t mask, bool on)
{
	uint64_t primary = vmx_field(VMCS_CPU_BASED_VM_EXEC_CONTROL);

	vmx_vmwrite(VMCS_CPU_BASED_VM_EXEC_CONTROL, on ? primary | mask : primary & ~(uint64_t)mask);
}

bool exit_open_request(struct exit_work *w)
{
	if (w->run->row->op == OP_EXIT_MTF)
		set_primary(VMX_MASK(primary_monitor_trap_flag), false);
	else
		vmx_vmwrite(VMCS_VMX_PREEMPTION_TIMER_VALUE, TIMER_NEVER);
	return true;
}

bool exit_handle_mtf(struct exit_work *w)
{
	bool call = exit_is_call(w);

	if (!call && w->v->reason != w->code)
		return false;
	if (call)
		vmx_vmwrite(VMCS_VM_ENTRY_INTR_INFO_FIELD, EVENT_MTF);
	if (call)
		exit_skip_call(w);
	exit_count(w);
	return true;
}

bool exit_handle_timer(struct exit_work *w)
{
	bool call = exit_is_call(w);

	if (!call && w->v->reason != w->code)
		return false;
	/* One that was not asked for ends the row: it is the watchdog's. */
	if (!call && vmx_field(VMCS_VMX_PREEMPTION_TIMER_VALUE))
		return false;
	vmx_vmwrite(VMCS_VMX_PREEMPTION_TIMER_VALUE, call ? 0 : TIMER_NEVER);
	if (call)
		exit_skip_call(w);
	exit_count(w);
	return true;
}
