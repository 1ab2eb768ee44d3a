/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_describe.c - exits and errors in words. */
#include "minivmm/monitor/vmx_private.h"

#define AR_DPL(ar) ((ar) >> 5 & 3)

static const struct {
	uint32_t reason;
	const char *name;
} reasons[] = {
#define VMX_EXIT(reason, linux_name, name) { reason, #name },
#define SVM_EXIT(first, last, linux_name, name)
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
};

static const struct {
	uint32_t error;
	const char *text;
} errors[] = {
#define VMX_ERROR(number, name, text) { number, text },
#include "arch/x86/vmx_errors.def"
#undef VMX_ERROR
};

const char *vmx_reason_name(uint32_t basic)
{
	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].reason == basic)
			return reasons[i].name;
	return "unknown";
}

const char *vmx_error_name(uint32_t error)
{
	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].error == error)
			return errors[i].text;
	return "an error that the manual does not list";
}

void vmx_say_result(struct text *t, enum vmx_result result, uint32_t error)
{
	if (result == VMX_OK) {
		text_put(t, "done");
	} else if (result == VMX_FAIL_INVALID) {
		text_put(t, "VMfailInvalid");
	} else {
		text_put(t, "VM-instruction error ");
		text_decimal(t, error);
		text_put(t, ", ");
		text_put(t, vmx_error_name(error));
	}
}

static void say_exit(struct text *t, const struct vcpu *v)
{
	uint32_t basic = v->reason & 0xffff;

	if (vmx.late)
		text_put(t, "ended by the watchdog: ");
	text_put(t, "exit reason ");
	text_decimal(t, basic);
	text_put(t, " ");
	text_put(t, vmx_reason_name(basic));
	if (basic == VMX_REASON_EXCEPTION_NMI) {
		text_put(t, ", vector ");
		text_decimal(t, v->fault.vector);
	}
	if (v->qualification[0]) {
		text_put(t, ", qualification ");
		text_hex(t, v->qualification[0]);
	}
	if (basic == VMX_REASON_EPT_VIOLATION || basic == VMX_REASON_EPT_MISCONFIG) {
		text_put(t, ", guest-physical ");
		text_hex(t, v->qualification[1]);
	}
}

/* After a refused entry the guest's state is what was to be loaded. */
void vmx_describe(struct vcpu *v, const uint64_t gpr[16])
{
	struct guest_fault *f = &v->fault;
	uint32_t event = (uint32_t)vmx_field(VMCS_VM_EXIT_INTR_INFO);
	struct text t;

	*f = (struct guest_fault){
		.rip = vmx_field(VMCS_GUEST_RIP),
		.rflags = vmx_field(VMCS_GUEST_RFLAGS),
		.cr0 = vmx_field(VMCS_GUEST_CR0),
		.cr2 = CR_READ(2),
		.cr3 = vmx_field(VMCS_GUEST_CR3),
		.cr4 = vmx_field(VMCS_GUEST_CR4),
		.cpl = AR_DPL((uint32_t)vmx_field(VMCS_GUEST_SS_AR_BYTES)),
	};
	for (unsigned i = 0; i < 16; i++)
		f->gpr[i] = gpr[i];
	f->gpr[4] = vmx_field(VMCS_GUEST_RSP);
	if (!v->instruction_error && v->reason == VMX_REASON_EXCEPTION_NMI && event & VMX_EVENT_VALID) {
		f->vector = event & 0xff;
		f->error = event & VMX_EVENT_ERROR_CODE ? (uint32_t)vmx_field(VMCS_VM_EXIT_INTR_ERROR_CODE) : 0;
		if (f->vector == 14) /* #PF: the address is not in CR2, the exit came before */
			f->cr2 = v->qualification[0];
	}

	t = TEXT_OF(f->what);
	if (v->instruction_error == ~0u)
		vmx_say_result(&t, VMX_FAIL_INVALID, 0);
	else if (v->instruction_error)
		vmx_say_result(&t, VMX_FAIL_VALID, v->instruction_error);
	else
		say_exit(&t, v);
}
