/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_rows.c - what the rows of VMX root operation share: the scratch VMCS, and how to say what failed. */
#include "bench/root/vmx_rows.h"
#include "minivmm/monitor/apic.h"

#define REGION_WORDS 1024

uint64_t vmx_operand[64];

void say_result(struct text *t, enum vmx_result result)
{
	uint32_t error;

	if (result == VMX_FAIL_INVALID) {
		text_put(t, "VMfailInvalid");
		return;
	}
	error = (uint32_t)vmx_field(VMCS_VM_INSTRUCTION_ERROR);
	text_put(t, "VM-instruction error ");
	text_decimal(t, error);
	text_put(t, ", ");
	text_put(t, vmx_error_name(error));
}

void region_blank(unsigned n)
{
	uint32_t *words = region_words(n);

	vmx_vmclear(vmx_pool(n));
	for (unsigned i = 1; i < REGION_WORDS; i++)
		words[i] = 0;
	words[0] = vmx_facts_revision(vmx_facts());
}

bool scratch_open(struct row_run *run)
{
	region_blank(SCRATCH_VMCS);
	vmx_vmclear(vmx_pool(SCRATCH_VMCS));
	if (vmx_vmptrld(vmx_pool(SCRATCH_VMCS)) == VMX_OK)
		return true;
	scratch_close(run);
	return root_missing(run, "VMPTRLD of a cleared region with the right revision fails");
}

void scratch_close(struct row_run *run)
{
	(void)run;
	vmx_vmclear(vmx_pool(SCRATCH_VMCS));
	vmx_home();
}

struct msr {
	uint32_t number;
	uint64_t value;
};

static void read_msr(void *arg)
{
	struct msr *m = arg;
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(m->number));
	m->value = (uint64_t)hi << 32 | lo;
}

uint64_t msr_or_0(uint32_t msr)
{
	struct exception_frame f;
	struct msr m = { msr, 0 };

	return kernel_protect(read_msr, &m, &f) ? m.value : 0;
}

bool row_needs(struct row_run *run, enum vmx_ctl ctl)
{
	struct monitor_why why = { "", "" };

	return vmx_need(ctl, &why) || root_missing(run, why.text);
}

/* Where it is the monitor's watchdog it is open, and quiet, already. */
static bool apic_is_ours;

bool quiet_open(struct row_run *run)
{
	struct monitor_why why = { "", "" };

	apic_is_ours = !apic_is_open();
	if (!apic_is_ours || apic_open(root_of(run)->monitor.host, &why) == 0)
		return true;
	trip_close(run);
	return root_missing(run, why.text);
}

void quiet_close(void)
{
	if (apic_is_ours)
		apic_close();
}
