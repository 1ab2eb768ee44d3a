/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_guest.c - rows of what a guest does without an exit, although VMX has a hand in it. The bracket is the guest's. */
#include "bench/root/vmx_rows.h"

#define VECTOR_VE	 20
#define VE_BUSY		 1 /* word of the #VE information area: not 0 while one is handled */
#define SHADOW_VMCS	 (1u << 31)
#define FUNCTION_EPTP	 1ull
#define MSR_X2APIC_TPR	 0x808
#define MSR_X2APIC_EOI	 0x80b
#define PLE_GAP		 128
#define PLE_WINDOW_NEVER 0xffffffff

struct recipe {
	uint32_t op;
	const char *start, *end;
	uint32_t pin, primary, secondary;
	uint16_t needs;		/* enum vmx_ctl beside the controls; 0: nothing */
	uint32_t to_guest;	/* vectors */
	void (*prepare)(struct row_run *run);
	void (*undo)(void);
};

static void list_hierarchies(struct row_run *run)
{
	uint64_t *list = vmx_page(VMX_PAGE_EPTP_LIST);

	list[0] = vmx_eptp(0);
	list[1] = vmx_eptp(1);
	vmx_vmwrite(VMCS_VM_FUNCTION_CONTROL, FUNCTION_EPTP);
	run->regs.rdi = 0;
}

/* Both bitmaps are 0: every field is the guest's own. */
static void link_shadow(struct row_run *run)
{
	region_blank(RING_VMCS);
	*region_words(RING_VMCS) |= SHADOW_VMCS;
	vmx_vmclear(vmx_pool(RING_VMCS));
	vmx_vmwrite(VMCS_VMCS_LINK_POINTER, vmx_pool(RING_VMCS));
	run->regs.rcx = VMCS_GUEST_RIP;
	run->regs.rax = 0;
}

static void unlink_shadow(void)
{
	region_blank(RING_VMCS);
}

static void use_tpr(struct row_run *run)
{
	run->regs.rcx = MSR_X2APIC_TPR;
}

static void use_eoi(struct row_run *run)
{
	run->regs.rcx = MSR_X2APIC_EOI;
}

static volatile uint64_t *ve_entry;
static uint64_t ve_entry_before;

/* Not present, and #VE not suppressed. */
static void hide_page(struct row_run *run)
{
	uint32_t *information = vmx_page(VMX_PAGE_VE_INFO);

	ve_entry = vmx_ept_entry(0, vmx_page_phys(VMX_PAGE_DATA));
	ve_entry_before = *ve_entry;
	*ve_entry = 0;
	vmx_ept_flush();
	information[VE_BUSY] = 0;
	vmx_ve_busy = &information[VE_BUSY];
	vector_set(VECTOR_VE, vmx_ve_skip);
	run->regs.rsi = (uintptr_t)vmx_page(VMX_PAGE_DATA);
}

static void show_page(void)
{
	vector_reset(VECTOR_VE);
	*ve_entry = ve_entry_before;
	vmx_ept_flush();
}

static void never_exceed(struct row_run *run)
{
	(void)run;
	vmx_vmwrite(VMCS_PLE_GAP, PLE_GAP);
	vmx_vmwrite(VMCS_PLE_WINDOW, PLE_WINDOW_NEVER);
}

static void shift_clock(struct row_run *run)
{
	(void)run;
	vmx_vmwrite(VMCS_TSC_OFFSET, 1ull << 32);
}

#define M(name)	      VMX_MASK(name)
#define EPT_AND(name) (M(secondary_enable_ept) | M(secondary_##name))
#define TPR_SHADOW    .primary = M(primary_use_tpr_shadow)
#define X2APIC	      M(secondary_virtualize_x2apic_mode)
#define VMFUNC	      .secondary = EPT_AND(enable_vm_functions), .needs = VMX_CTL_vmfunc_eptp_switching, \
		      .prepare = list_hierarchies
#define SHADOW	      .secondary = M(secondary_vmcs_shadowing), .prepare = link_shadow, .undo = unlink_shadow
#define GUEST(sym, body, ...) { .op = OP_VMX_GUEST_##sym, VMX_CODE(body), __VA_ARGS__ }
static const struct recipe recipes[] = {
	GUEST(VMFUNC_SAME, vmfunc_same, VMFUNC),
	GUEST(VMFUNC_OTHER, vmfunc_other, VMFUNC),
	GUEST(VMREAD, vmread, SHADOW),
	GUEST(VMWRITE, vmwrite, SHADOW),
	GUEST(CR8_WRITE, cr8_write, TPR_SHADOW),
	GUEST(CR8_READ, cr8_read, TPR_SHADOW),
	GUEST(X2APIC_TPR_WRITE, wrmsr, TPR_SHADOW, .secondary = X2APIC, .prepare = use_tpr),
	GUEST(X2APIC_TPR_READ, rdmsr, TPR_SHADOW, .secondary = X2APIC, .prepare = use_tpr),
	GUEST(X2APIC_EOI, wrmsr, TPR_SHADOW, .pin = M(pin_based_external_interrupt_exiting),
	      .secondary = X2APIC | M(secondary_virtual_interrupt_delivery), .prepare = use_eoi),
	GUEST(VE, load, .secondary = EPT_AND(ept_violation_ve), .to_guest = 1u << VECTOR_VE,
	      .prepare = hide_page, .undo = show_page),
	GUEST(PAUSE, pause, .secondary = M(secondary_pause_loop_exiting), .prepare = never_exceed),
	GUEST(RDTSC_OFFSET, rdtsc, .primary = M(primary_use_tsc_offsetting), .prepare = shift_clock),
	GUEST(RDTSC_SCALED, rdtsc, .primary = M(primary_use_tsc_offsetting),
	      .secondary = M(secondary_use_tsc_scaling), .prepare = shift_clock),
};
#undef M

static const struct recipe *row_of(const struct row_run *run)
{
	const struct recipe *r = recipes;

	while (r->op != run->row->op)
		r++;
	return r;
}

static uint64_t guest_shot(struct row_run *run, unsigned copies)
{
	uint64_t size = (uint64_t)(run->body.end - run->body.start) / run->body.copies;

	return trip_bracket(run, run->body.end - copies * size);
}

static bool exits_by_interrupts(const struct recipe *r)
{
	return r->pin & VMX_MASK(pin_based_external_interrupt_exiting);
}

static void undo(const struct recipe *r)
{
	if (r->undo)
		r->undo();
	if (exits_by_interrupts(r))
		quiet_close();
}

static void close_guest(struct row_run *run)
{
	undo(row_of(run));
	trip_close(run);
}

/* The first entry is an empty bracket: it fails, or ends with VMCALL. */
static bool open_guest(struct row_run *run)
{
	const struct recipe *r = row_of(run);
	const struct vcpu_want want = {
		.vmx = { .pin = r->pin, .primary = r->primary, .secondary = r->secondary },
		.to_guest = r->to_guest,
	};

	root_guest_bracket(run);
	if ((r->needs && !row_needs(run, r->needs)) || !trip_open(run, &want, vmx_trip_guest_bracket))
		return false;
	if (exits_by_interrupts(r) && !quiet_open(run))
		return false;
	run->body.start = r->start;
	run->body.end = r->end;
	run->shot = guest_shot;
	if (r->prepare)
		r->prepare(run);
	vmx_trip_bracket = (struct vmx_trip_bracket){ run->bracket, run->body.end, &run->regs, 0 };
	if (trip_try(run))
		return true;
	undo(r);
	return false;
}

const struct root_op root_vmx_guest = { .open = open_guest, .close = close_guest };
