/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_flush.c - rows of INVEPT and INVVPID, of a guest that used next to no page, or many. */
#include "bench/root/vmx_rows.h"

#define PAGES	   512
#define PAGE_BYTES 4096

/* OFFSET of ops_vmx.def: what is flushed in the high digit, the instruction's type in the low one. */
#define FLUSH_EPT  1
#define FLUSH_VPID 2

static const struct {
	uint8_t kind, type;
	enum vmx_ctl ctl;
} types[] = {
	{ FLUSH_EPT, 1, VMX_CTL_ept_vpid_single_context_invept },
	{ FLUSH_EPT, 2, VMX_CTL_ept_vpid_all_context_invept },
	{ FLUSH_VPID, 0, VMX_CTL_ept_vpid_individual_address_invvpid },
	{ FLUSH_VPID, 1, VMX_CTL_ept_vpid_single_context_invvpid },
	{ FLUSH_VPID, 2, VMX_CTL_ept_vpid_all_context_invvpid },
	{ FLUSH_VPID, 3, VMX_CTL_ept_vpid_single_context_retaining_globals_invvpid },
};

static struct vmx_descriptor descriptor __attribute__((aligned(16)));

static bool has_type(struct row_run *run, unsigned kind, unsigned type)
{
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].kind == kind && types[i].type == type)
			return row_needs(run, types[i].ctl);
	return false;
}

static bool has_invept(struct row_run *run)
{
	if (!row_needs(run, VMX_CTL_secondary_enable_ept) || !row_needs(run, VMX_CTL_ept_vpid_invept))
		return false;
	return vmx_eptp(0) || root_missing(run, "needs EPT with four levels, write-back tables and 2 MiB pages, which "
						"this processor does not have");
}

static bool has_invvpid(struct row_run *run)
{
	return row_needs(run, VMX_CTL_secondary_enable_vpid) && row_needs(run, VMX_CTL_ept_vpid_invvpid);
}

static bool open_flush(struct row_run *run)
{
	const struct vcpu_want want = { .to_guest = 0 };
	unsigned kind = (unsigned)root_arg(run) >> 4, type = (unsigned)root_arg(run) & 15;
	struct monitor_why why = { "", "" };

	if (!(kind == FLUSH_EPT ? has_invept(run) : has_invvpid(run)) || !has_type(run, kind, type))
		return false;
	if (!vcpu_setup(&root_of(run)->vcpu, &want, &why))
		return root_missing(run, why.text);
	descriptor.eptp_or_vpid = kind == FLUSH_EPT ? vmx_eptp(0) : vmx_field(VMCS_VIRTUAL_PROCESSOR_ID);
	descriptor.address = kind == FLUSH_EPT ? 0 : GUEST_VIRT_BASE + GUEST_ARENA_PHYS;
	run->body.start = kind == FLUSH_EPT ? vmx_body_invept : vmx_body_invvpid;
	run->body.end = kind == FLUSH_EPT ? vmx_body_invept_end : vmx_body_invvpid_end;
	run->regs.rsi = (uintptr_t)&descriptor;
	run->regs.rax = type;
	return true;
}

/* In the guest: so many 4 KiB pages that no TLB has more of them for data. */
static void use_pages(void *arg)
{
	const volatile unsigned char *arena = (const unsigned char *)(GUEST_VIRT_BASE + GUEST_ARENA_PHYS);

	(void)arg;
	for (unsigned i = 0; i < PAGES; i++)
		(void)arena[i * PAGE_BYTES];
}

static void fill(struct row_run *run)
{
	if (vcpu_call(&root_of(run)->vcpu, use_pages, NULL) != VCPU_DONE)
		__builtin_trap(); /* ends the row */
}

static bool open_flush_filled(struct row_run *run)
{
	if (!open_flush(run))
		return false;
	run->before = fill;
	run->one_copy = true;
	return true;
}

static void close_flush(struct row_run *run)
{
	(void)run;
	vmx_home();
}

const struct root_op root_vmx_flush = { .open = open_flush, .close = close_flush };
const struct root_op root_vmx_flush_filled = { .open = open_flush_filled, .close = close_flush };
