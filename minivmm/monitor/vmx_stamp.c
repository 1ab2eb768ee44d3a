/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_stamp.c - a guest that does nothing but look at the clock: what rows that time one entry enter. */
#include "minivmm/monitor/vmx_private.h"

static void rewind_guest(void)
{
	vmx_vmwrite(VMCS_GUEST_RIP, (uintptr_t)vmx_stamped_guest);
	vmx_vmwrite(VMCS_GUEST_RSP, (uintptr_t)vmx_guest_stack_top);
	vmx_vmwrite(VMCS_GUEST_RFLAGS, 2);
}

void vmx_stamp_setup(void)
{
	rewind_guest();
	vmx_vmwrite(VMCS_HOST_RIP, (uintptr_t)vmx_stamped_host);
}

enum vmx_result vmx_enter_stamped(bool launch, struct vmx_stamps *s)
{
	uint64_t stamps[3] = { 0 };
	enum vmx_result result = vmx_stamped_entry(stamps, !launch);

	*s = (struct vmx_stamps){ .before = stamps[0], .guest = stamps[1], .after = stamps[2] };
	if (result == VMX_OK)
		s->reason = (uint32_t)vmx_field(VMCS_VM_EXIT_REASON);
	else if (result == VMX_FAIL_VALID)
		s->error = (uint32_t)vmx_field(VMCS_VM_INSTRUCTION_ERROR);
	if (result == VMX_OK)
		vmx_tables_restore();
	if (result == VMX_OK && !(s->reason & VMX_REASON_ENTRY_FAILED))
		rewind_guest();
	return result;
}
