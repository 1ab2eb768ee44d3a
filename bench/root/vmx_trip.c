/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_trip.c - guests of a few instructions, in a VMCS of their own, for rows that time entries and exits. */
#include "bench/root/vmx_rows.h"

#define REASON_VMCALL 18u
#define NO_REASON     ~0u

static struct {
	struct table_pointer gdtr, idtr; /* an exit leaves their limits at 0xffff */
	uint64_t rip;			 /* of the guest */
} trip;

/*
 * Of the controls that vmx_fill() sets unasked only EPT, VPID, RDTSCP (for brackets) and MSR bitmaps stay. The watchdog's
 * timer would be part of each entry: a guest that is nothing but a stamp and VMCALL, where all exceptions and NMIs exit,
 * has none. One that executes a row's body has.
 */
static bool put_controls(const struct vcpu_want *want, bool watch, struct monitor_why *why)
{
	const struct vmx_facts *f = vmx_facts();
	uint64_t pin = want->vmx.pin | VMX_MASK(pin_based_nmi_exiting), secondary = want->vmx.secondary;

	if (watch && vmx_facts_timer(f))
		pin |= VMX_MASK(pin_based_activate_vmx_preemption_timer);
	if (!vmx_facts_adjust(f, VMX_SET_pin_based, pin, &pin, why))
		return false;
	vmx_vmwrite(VMCS_PIN_BASED_VM_EXEC_CONTROL, pin);
	if (!(vmx_field(VMCS_CPU_BASED_VM_EXEC_CONTROL) & VMX_MASK(primary_activate_secondary_controls)))
		return true;
	if (vmx_eptp(0) && !want->no_slat)
		secondary |= VMX_MASK(secondary_enable_ept);
	if (vmx_has_vpid())
		secondary |= VMX_MASK(secondary_enable_vpid);
	if (vmx_can(VMX_CTL_secondary_enable_rdtscp))
		secondary |= VMX_MASK(secondary_enable_rdtscp);
	if (!vmx_facts_adjust(f, VMX_SET_secondary, secondary, &secondary, why))
		return false;
	vmx_vmwrite(VMCS_SECONDARY_VM_EXEC_CONTROL, secondary);
	return true;
}

bool trip_open(struct row_run *run, const struct vcpu_want *want, const char *guest)
{
	struct monitor_why why = { "", "" };
	bool body = guest == vmx_trip_guest_bracket;

	__asm__ volatile("sgdt %0\n\tsidt %1" : "=m"(trip.gdtr), "=m"(trip.idtr));
	trip.rip = (uintptr_t)guest;
	vmx_vmclear(vmx_pool(TRIP_VMCS));
	if (vmx_vmptrld(vmx_pool(TRIP_VMCS)) == VMX_OK &&
	    vmx_fill(want, &why) && put_controls(want, body, &why)) {
		vmx_vmwrite(VMCS_HOST_RIP, (uintptr_t)(body ? vmx_trip_host_bracket : vmx_trip_host));
		vmx_vpid_flush(); /* the monitor's guest has the same VPID */
		vmx_vmwrite(VMCS_HOST_RSP, (uintptr_t)vmx_trip_stack_top);
		vmx_vmwrite(VMCS_GUEST_RIP, trip.rip);
		vmx_vmwrite(VMCS_GUEST_RSP, (uintptr_t)vmx_trip_guest_stack_top);
		vmx_vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED); /* interrupts do not exit here: they wait */
		return true;
	}
	trip_close(run);
	return root_missing(run, why.text[0] ? why.text : "VMPTRLD of a region with the right revision fails");
}

/* How the first entry ended: a whole exit reason, or NO_REASON and the text. */
static uint32_t first_entry(struct text *t)
{
	struct vmx_trip stamps;
	uint32_t failed = vmx_trip(&stamps, 0);

	if (!failed)
		return (uint32_t)vmx_field(VMCS_VM_EXIT_REASON);
	text_put(t, "the entry fails: ");
	say_result(t, failed == 1 ? VMX_FAIL_INVALID : VMX_FAIL_VALID);
	return NO_REASON;
}

bool trip_expect(struct row_run *run, uint32_t reason)
{
	char line[200] = "";
	struct text t = TEXT_OF(line);
	uint32_t got = first_entry(&t);

	if (got == reason)
		return true;
	if (got != NO_REASON) {
		text_put(&t, "the entry ends with exit reason ");
		text_hex(&t, got);
		text_put(&t, ", qualification ");
		text_hex(&t, vmx_field(VMCS_EXIT_QUALIFICATION));
		text_put(&t, ", not with ");
		text_hex(&t, reason);
	}
	trip_close(run);
	return root_missing(run, line);
}

bool trip_try(struct row_run *run)
{
	return trip_expect(run, REASON_VMCALL);
}

void trip_check(struct row_run *run, uint32_t failed, uint32_t reason)
{
	if (failed || (uint32_t)vmx_field(VMCS_VM_EXIT_REASON) != reason)
		__builtin_trap(); /* ends the row */
	root_of(run)->monitor.counters.exits++;
}

void trip_run(struct row_run *run, struct vmx_trip *t, bool again)
{
	if (again)
		vmx_vmwrite(VMCS_GUEST_RIP, trip.rip);
	trip_check(run, vmx_trip(t, 1), REASON_VMCALL);
}

uint64_t trip_bracket(struct row_run *run, const void *entry)
{
	struct vmx_trip t;

	vmx_trip_bracket.bracket = run->bracket;
	vmx_trip_bracket.entry = entry;
	vmx_trip_bracket.regs = &run->regs;
	vmx_vmwrite(VMCS_GUEST_RIP, trip.rip);
	if (vmx_trip(&t, 1) || vmx_field(VMCS_VM_EXIT_REASON) != REASON_VMCALL)
		__builtin_trap(); /* ends the row */
	return vmx_trip_bracket.ticks;
}

void trip_launch(struct row_run *run, struct vmx_trip *t)
{
	vmx_vmwrite(VMCS_GUEST_RIP, trip.rip);
	trip_check(run, vmx_trip(t, 0), REASON_VMCALL);
}

void trip_close(struct row_run *run)
{
	(void)run;
	vmx_vmclear(vmx_pool(TRIP_VMCS));
	__asm__ volatile("lgdt %0\n\tlidt %1" : : "m"(trip.gdtr), "m"(trip.idtr));
	vmx_home();
}
