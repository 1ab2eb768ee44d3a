/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exits_machine.c - registers, tables and fields of rows that exit by an instruction. */
#include "bench/root/exits.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/vmx.h"

#define MSR_XSS		0xda0
#define PLE_GAP_TICKS	500	/* less than the body's loop takes, more than is between its two PAUSEs */
#define INVEPT_ALL	2
#define INVPCID_ALL	2
#define VMCB_INVLPGB_ENABLE (1ull << 7) /* of NP_CONTROL */

static uint64_t cr0_read(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr0, %0" : "=r"(v));
	return v;
}

/*
 * What loses data where it does not exit: is the intercept in the VMCB? With VMX INVD needs none, WBINVD loses nothing.
 */
bool exit_open_proved(struct exit_work *w)
{
	const uint8_t *word;

	if (w->vmx)
		return true;
	word = svm_vmcb(w->v)->page + w->code / 8;
	return *word >> w->code % 8 & 1 || exit_missing(w, "an intercept that stays in the VMCB");
}

/* ---- ports and MSRs ---- */

bool exit_open_io(struct exit_work *w)
{
	struct body_regs *regs = &w->run->regs;
	bool by_dx = w->run->row->op == OP_EXIT_PIO_OUT_USER || w->run->row->op == OP_EXIT_PIO_IN_USER ||
		     w->run->row->op == OP_EXIT_PIO_KERNEL;

	if (!by_dx)
		regs->rdx = GUEST_PORT_NANO_IN;
	regs->rsi = regs->rdi = (uint64_t)(uintptr_t)exit_page(0);
	if (!w->vmx)
		svm_io_intercept((uint16_t)regs->rdx, 4);
	return true;
}

bool exit_open_msr(struct exit_work *w)
{
	uint32_t msr = (uint32_t)w->run->regs.rcx;
	uint8_t *bitmap;

	if (!w->vmx)
		return svm_msr_intercept(msr, true, true);
	/* Bits for reads of 0 to 1FFFh begin the page, those for writes are 2 KiB behind. */
	bitmap = vmx_page(VMX_PAGE_MSR_BITMAP);
	bitmap[msr / 8] |= (uint8_t)(1 << msr % 8);
	bitmap[2048 + msr / 8] |= (uint8_t)(1 << msr % 8);
	return true;
}

bool exit_open_msrlist(struct exit_work *w)
{
	vmx_vmwrite(VMCS_CPU_BASED_VM_EXEC_CONTROL, vmx_field(VMCS_CPU_BASED_VM_EXEC_CONTROL) &
							    ~(uint64_t)VMX_MASK(primary_use_msr_bitmaps));
	w->run->regs.rsi = (uint64_t)(uintptr_t)exit_page(0);
	w->run->regs.rdi = (uint64_t)(uintptr_t)exit_page(1);
	w->run->regs.rcx = 1;
	return true;
}

/* ---- control registers: with VMX a bit of theirs that is the host's and reads as what no write has ---- */

static void own_cr0(uint64_t mask, uint64_t shadow)
{
	vmx_vmwrite(VMCS_CR0_GUEST_HOST_MASK, mask);
	vmx_vmwrite(VMCS_CR0_READ_SHADOW, shadow);
}

bool exit_open_cr0_wp(struct exit_work *w)
{
	if (w->vmx)
		own_cr0(CR0_NE, ~cr0_read() & CR0_NE);
	return true;
}

bool exit_open_cr0_write(struct exit_work *w)
{
	w->run->regs.rax = cr0_read() ^ CR0_AM;
	return true;
}

bool exit_open_clts(struct exit_work *w)
{
	if (w->vmx)
		own_cr0(CR0_TS, CR0_TS);
	return true;
}

bool exit_open_lmsw(struct exit_work *w)
{
	w->run->regs.rax = (cr0_read() & 0xf) | CR0_TS;
	if (w->vmx)
		own_cr0(CR0_TS, 0);
	return true;
}

bool exit_open_cr4_write(struct exit_work *w)
{
	w->run->regs.rax = guest_get(w, GUEST_CR4);
	if (w->vmx) {
		vmx_vmwrite(VMCS_CR4_GUEST_HOST_MASK, CR4_PAE);
		vmx_vmwrite(VMCS_CR4_READ_SHADOW, 0);
	}
	return true;
}

/* ---- descriptor tables: where the exit fails, the tables that are loaded are those that are there ---- */

bool exit_open_tables(struct exit_work *w)
{
	struct table_pointer *p = (struct table_pointer *)(void *)exit_page(0);

	if (w->run->row->op == OP_EXIT_LIDT)
		__asm__ volatile("sidt %0" : "=m"(*p));
	else
		__asm__ volatile("sgdt %0" : "=m"(*p));
	return exit_open_data(w);
}

bool exit_open_tr(struct exit_work *w)
{
	w->run->regs.rax = KERNEL_TSS;
	return true;
}

/* ---- operands ---- */

bool exit_open_data(struct exit_work *w)
{
	w->run->regs.rsi = (uint64_t)(uintptr_t)exit_page(0);
	return true;
}

bool exit_open_data_middle(struct exit_work *w)
{
	w->run->regs.rsi = (uint64_t)(uintptr_t)(exit_page(0) + 64);
	return true;
}

/* VMRUN and its like look at the address in rax before the intercept. */
bool exit_open_page_physical(struct exit_work *w)
{
	w->run->regs.rax = kernel_phys(exit_page(0));
	w->run->regs.rcx = 1;
	return true;
}

/* INVPCID, INVEPT, INVVPID: the type that needs nothing of the descriptor, which is 0. */
bool exit_open_invalidate(struct exit_work *w)
{
	for (unsigned i = 0; i < 16; i++)
		exit_page(0)[i] = 0;
	w->run->regs.rax = INVPCID_ALL;
	if (w->run->row->op == OP_EXIT_INVEPT && !vmx_need(VMX_CTL_ept_vpid_invept, w->why))
		return false;
	if (w->run->row->op == OP_EXIT_INVVPID && !vmx_need(VMX_CTL_ept_vpid_invvpid, w->why))
		return false;
	return exit_open_data(w);
}

bool exit_open_invlpgb(struct exit_work *w)
{
	svm_vmcb(w->v)->NP_CONTROL |= VMCB_INVLPGB_ENABLE;
	w->run->regs.rax = (uint64_t)(uintptr_t)exit_page(0) | 1;
	w->run->regs.rdx = 1;
	return true;
}

bool exit_open_monitor(struct exit_work *w)
{
	w->run->regs.rsi = w->run->regs.rax = (uint64_t)(uintptr_t)exit_page(0);
	if (w->run->row->op != OP_EXIT_MONITOR)
		w->run->regs.rax = 0;
	return true;
}

bool exit_open_pause_loop(struct exit_work *w)
{
	(void)w;
	vmx_vmwrite(VMCS_PLE_GAP, PLE_GAP_TICKS);
	vmx_vmwrite(VMCS_PLE_WINDOW, 0);
	return true;
}

bool exit_open_xsetbv(struct exit_work *w)
{
	w->run->regs.rax = 1; /* x87, which is what every XCR0 has */
	return true;
}

/* Leaves that exit: all. */
bool exit_open_bitmap(struct exit_work *w)
{
	switch (w->run->row->op) {
	case OP_EXIT_ENCLS:
		vmx_vmwrite(VMCS_ENCLS_EXITING_BITMAP, ~0ull);
		break;
	case OP_EXIT_ENCLV:
		vmx_vmwrite(VMCS_ENCLV_EXITING_BITMAP, ~0ull);
		break;
	default:
		vmx_vmwrite(VMCS_PCONFIG_EXITING_BITMAP, ~0ull);
	}
	return true;
}

/* ---- supervisor states ---- */

static uint64_t xss_before;

static void xss_write(uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(MSR_XSS), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

bool exit_open_xss(struct exit_work *w)
{
	uint32_t lo, hi, states = exit_leaf(0xd, 1, 2), lowest = states & -states;

	if (!lowest)
		return exit_missing(w, "a supervisor state that IA32_XSS can name");
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(MSR_XSS));
	xss_before = (uint64_t)hi << 32 | lo;
	xss_write(lowest);
	vmx_vmwrite(VMCS_XSS_EXIT_BITMAP, lowest);
	w->run->regs.rax = lowest;
	return exit_open_data(w);
}

void exit_close_xss(struct exit_work *w)
{
	(void)w;
	xss_write(xss_before);
}
