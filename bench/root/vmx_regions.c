/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_regions.c - rows of VMXON, VMXOFF, VMCLEAR, VMPTRLD and VMPTRST. */
#include "bench/root/vmx_rows.h"

#define CACHE_LINE   64
#define REGION_BYTES 4096

/* ---- VMX operation ---- */

/* VMXON in VMX operation fails and changes nothing: in either state it ends in it. */
static void be_on(struct row_run *run)
{
	(void)run;
	vmx_vmxon(vmx_on_region());
}

static void be_off(struct row_run *run)
{
	be_on(run);
	vmx_vmxoff();
}

/* No VMCS may be active across VMXOFF: that of the monitor is the only one here. */
static bool open_operation(struct row_run *run, void (*before)(struct row_run *))
{
	vmx_vmclear(vmx_home_region());
	vmx_operand[0] = vmx_on_region();
	run->regs.rsi = (uintptr_t)vmx_operand;
	run->before = before;
	run->one_copy = true;
	return true;
}

static bool open_vmxon(struct row_run *run)
{
	return open_operation(run, be_off);
}

static bool open_vmxoff(struct row_run *run)
{
	return open_operation(run, be_on);
}

static void close_operation(struct row_run *run)
{
	(void)run;
	vmx_home();
}

const struct root_op root_vmx_vmxon = { VMX_CODE(vmxon), .open = open_vmxon, .close = close_operation };
const struct root_op root_vmx_vmxoff = { VMX_CODE(vmxoff), .open = open_vmxoff, .close = close_operation };

/* ---- VMCLEAR ---- */

static bool operand_region(struct row_run *run, unsigned n, void (*before)(struct row_run *))
{
	vmx_operand[0] = vmx_pool(n);
	run->regs.rsi = (uintptr_t)vmx_operand;
	run->before = before;
	run->one_copy = before != NULL;
	return true;
}

/* These exits are not the operation's: they are not counted. */
static void load_and_enter(struct row_run *run)
{
	struct vmx_trip t;

	(void)run;
	vmx_vmclear(vmx_pool(TRIP_VMCS));
	vmx_vmptrld(vmx_pool(TRIP_VMCS));
	if (vmx_trip(&t, 0))
		__builtin_trap(); /* ends the row */
}

static bool open_vmclear_dirty(struct row_run *run)
{
	const struct vcpu_want want = { .to_guest = 0 };

	return trip_open(run, &want, vmx_trip_guest_call) && trip_try(run) &&
	       operand_region(run, TRIP_VMCS, load_and_enter);
}

static void load(struct row_run *run)
{
	(void)run;
	vmx_vmptrld(vmx_pool(SCRATCH_VMCS));
}

static bool open_vmclear_clean(struct row_run *run)
{
	return scratch_open(run) && operand_region(run, SCRATCH_VMCS, load);
}

static void load_and_leave(struct row_run *run)
{
	load(run);
	vmx_vmptrld(vmx_pool(RING_VMCS));
}

static bool open_vmclear_non_current(struct row_run *run)
{
	region_blank(RING_VMCS);
	return scratch_open(run) && operand_region(run, SCRATCH_VMCS, load_and_leave);
}

static void close_two(struct row_run *run)
{
	vmx_vmclear(vmx_pool(RING_VMCS));
	scratch_close(run);
}

static bool open_vmclear_never_loaded(struct row_run *run)
{
	region_blank(RING_VMCS);
	return scratch_open(run) && operand_region(run, RING_VMCS, NULL);
}

static void flush(struct row_run *run)
{
	const char *region = (const char *)region_words(RING_VMCS);

	(void)run;
	for (unsigned i = 0; i < REGION_BYTES; i += CACHE_LINE)
		__asm__ volatile("clflush %0" : : "m"(region[i]) : "memory");
	__asm__ volatile("mfence" : : : "memory");
}

static bool open_vmclear_cold(struct row_run *run)
{
	region_blank(RING_VMCS);
	return scratch_open(run) && operand_region(run, RING_VMCS, flush);
}

#define VMCLEAR_OP(name, close_fn) \
	const struct root_op root_vmx_vmclear_##name = { \
		VMX_CODE(vmclear), \
		.open = open_vmclear_##name, \
		.close = close_fn, \
	}
VMCLEAR_OP(dirty, trip_close);
VMCLEAR_OP(clean, scratch_close);
VMCLEAR_OP(non_current, close_two);
VMCLEAR_OP(never_loaded, close_two);
VMCLEAR_OP(cold, close_two);

/* ---- VMPTRLD, VMPTRST ---- */

static bool open_vmptrld_same(struct row_run *run)
{
	return scratch_open(run) && operand_region(run, SCRATCH_VMCS, NULL);
}

/* The number of VMCSs, a power of two, is the row's argument. */
static bool open_vmptrld_ring(struct row_run *run)
{
	unsigned n = (unsigned)root_arg(run);

	for (unsigned i = 0; i < n; i++) {
		region_blank(i);
		vmx_vmclear(vmx_pool(i));
		vmx_operand[i] = vmx_pool(i);
	}
	run->regs.rsi = (uintptr_t)vmx_operand;
	run->regs.rdi = 0;
	run->regs.rdx = 8 * n - 1;
	return true;
}

static void close_vmptrld_ring(struct row_run *run)
{
	for (unsigned i = 0; i < root_arg(run); i++)
		vmx_vmclear(vmx_pool(i));
	vmx_home();
}

static void clear(struct row_run *run)
{
	(void)run;
	vmx_vmclear(vmx_pool(SCRATCH_VMCS));
}

static bool open_vmptrld_after_vmclear(struct row_run *run)
{
	return scratch_open(run) && operand_region(run, SCRATCH_VMCS, clear);
}

const struct root_op root_vmx_vmptrld_same = {
	VMX_CODE(vmptrld),
	.open = open_vmptrld_same,
	.close = scratch_close,
};
const struct root_op root_vmx_vmptrld_ring = {
	VMX_CODE(vmptrld_ring),
	.open = open_vmptrld_ring,
	.close = close_vmptrld_ring,
};
const struct root_op root_vmx_vmptrld_after_vmclear = {
	VMX_CODE(vmptrld),
	.open = open_vmptrld_after_vmclear,
	.close = scratch_close,
};
const struct root_op root_vmx_vmptrst = {
	VMX_CODE(vmptrst),
	.open = open_vmptrld_same,
	.close = scratch_close,
};
