/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exits_faults.c - registers and tables of rows that exit by an exception, and of those whose guest begins anew. */
#include "bench/root/exits.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/vmx.h"

#define NONCANONICAL	0x8000000000000000ull
#define FCW_DIVIDE	0x037b	/* FNINIT's control word, division by zero not masked */

/* ---- exceptions ---- */

/* The trap behind the NOP: the next copy sets TF again. */
bool exit_handle_db(struct exit_work *w)
{
	if (w->v->reason != w->code)
		return false;
	guest_set(w, GUEST_RFLAGS, guest_get(w, GUEST_RFLAGS) & ~(uint64_t)RFLAGS_TF);
	exit_count(w);
	return true;
}

bool exit_open_nm(struct exit_work *w)
{
	guest_set(w, GUEST_CR0, guest_get(w, GUEST_CR0) | CR0_TS);
	return true;
}

bool exit_open_noncanonical(struct exit_work *w)
{
	w->run->regs.rsi = NONCANONICAL;
	return true;
}

bool exit_open_hole(struct exit_work *w)
{
	w->run->regs.rsi = WINDOW_AT(WINDOW_HOLE);
	return true;
}

bool exit_open_mf(struct exit_work *w)
{
	uint16_t *control = (uint16_t *)(void *)exit_page(0);

	*control = FCW_DIVIDE;
	guest_set(w, GUEST_CR0, (guest_get(w, GUEST_CR0) | CR0_NE) & ~(uint64_t)(CR0_TS | CR0_EM));
	w->run->regs.rsi = (uint64_t)(uintptr_t)control;
	return true;
}

/* What the last one of the guest left pending must not meet an x87 instruction of anybody else's. */
void exit_close_mf(struct exit_work *w)
{
	uint64_t cr0;

	(void)w;
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	if (!(cr0 & (CR0_TS | CR0_EM)))
		__asm__ volatile("fninit");
}

bool exit_open_ac(struct exit_work *w)
{
	guest_set(w, GUEST_CR0, guest_get(w, GUEST_CR0) | CR0_AM);
	w->run->regs.rsi = (uint64_t)(uintptr_t)exit_page(0);
	return true;
}

/* ---- the triple fault ---- */

static union vmcb before;

/* An interrupt table without a gate: #UD, then #GP, then #DF cannot be delivered. */
bool exit_open_triple(struct exit_work *w)
{
	for (unsigned i = 0; i < 4096; i++)
		exit_page(0)[i] = 0;
	guest_set(w, GUEST_IDTR_BASE, (uint64_t)(uintptr_t)exit_page(0));
	if (!w->vmx)
		copy_save_area(&before, svm_vmcb(w->v));
	return true;
}

/* After a shutdown the saved state is undefined (APM volume 2, 15.14.3): all of it is written again. */
bool exit_handle_triple(struct exit_work *w)
{
	if (w->v->reason != w->code)
		return false;
	if (!w->vmx) {
		copy_save_area(svm_vmcb(w->v), &before);
		svm_changed(w->v);
	} else {
		vmx_vmwrite(VMCS_GUEST_ACTIVITY_STATE, 0);
		vmx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY_INFO, 0);
	}
	guest_set(w, GUEST_RIP, exit_resume[0]);
	guest_set(w, GUEST_RSP, exit_resume[1]);
	guest_set(w, GUEST_RFLAGS, 2);
	exit_count(w);
	return true;
}
