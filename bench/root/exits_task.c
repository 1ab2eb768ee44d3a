/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exits_task.c - the task switch. There is none in 64-bit mode: on the guest's call the monitor gives it the state of a
 * 32-bit kernel that jumps to another task, and puts the old state back when that exits.
 *
 * In that state linear addresses are physical ones below 1 GiB, mapped by 4 MiB pages.
 */
#include "bench/root/exits.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/vmx.h"

#define CR0_32		0x80000031ull	/* PG NE ET PE */
#define CR4_PSE		0x10ull
#define CR4_VMXE	0x2000ull
#define CR4_LONG	0x20020ull	/* PCIDE PAE: what 32-bit paging cannot have */
#define EFER_LONG	0xd01ull	/* NXE LMA LME SCE */

#define SELECTOR_CODE	0x08
#define SELECTOR_DATA	0x10
#define SELECTOR_TASK	0x18	/* the running one */
#define SELECTOR_NEXT	0x20
#define DESCRIPTOR_CODE	0x00cf9b000000ffffull
#define DESCRIPTOR_DATA	0x00cf93000000ffffull
#define TSS_BYTES	104
#define TYPE_AVAILABLE	0x89ull
#define TYPE_BUSY	0x8bull

/* Access rights as VMX has them, and as SVM: without the four bits between type and granularity. */
#define RIGHTS_CODE	0xc09bu
#define RIGHTS_DATA	0xc093u
#define RIGHTS_TASK	0x008bu
#define RIGHTS_NONE	0x10000u
#define SVM_RIGHTS(r)	((uint16_t)(((r) & 0xff) | ((r) >> 4 & 0xf00)))

#define PDE_4M		0xe7u	/* present, writable, user, accessed, dirty, 4 MiB */
#define PDES		256u

struct tss32 {
	uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags, gpr[8], es, cs, ss, ds, fs, gs, ldt, io_map;
};
_Static_assert(sizeof(struct tss32) == TSS_BYTES, "SDM volume 3, 8.2.1");

static uint32_t page_directory[1024] __attribute__((aligned(4096)));
static uint64_t gdt[32] __attribute__((aligned(16))); /* as large as the limit, which stays the host's */
static struct tss32 tasks[2] __attribute__((aligned(128)));
static unsigned char stack[256] __attribute__((aligned(16)));
/* jmp far SELECTOR_NEXT:0; where the task is switched after all: SVM's or VMX's call, for the handler to see. */
static unsigned char code[16] __attribute__((aligned(16)));
static bool in_task; /* the guest is in the 32-bit state */

static uint64_t descriptor(uint64_t base, uint64_t type)
{
	return (TSS_BYTES - 1) | (base & 0xffffff) << 16 | type << 40 | (base >> 24 & 0xff) << 56;
}

static void put_code(bool vmx)
{
	static const unsigned char jump[] = { 0xea, 0, 0, 0, 0, SELECTOR_NEXT, 0, 0x0f, 0x01 };

	for (unsigned i = 0; i < sizeof(jump); i++)
		code[i] = jump[i];
	code[sizeof(jump)] = vmx ? 0xc1 : 0xd9;
}

static void put_tables(void)
{
	struct tss32 *next = &tasks[1];

	for (uint32_t i = 0; i < PDES; i++)
		page_directory[i] = i << 22 | PDE_4M;
	gdt[SELECTOR_CODE / 8] = DESCRIPTOR_CODE;
	gdt[SELECTOR_DATA / 8] = DESCRIPTOR_DATA;
	gdt[SELECTOR_TASK / 8] = descriptor(kernel_phys(&tasks[0]), TYPE_BUSY);
	gdt[SELECTOR_NEXT / 8] = descriptor(kernel_phys(next), TYPE_AVAILABLE);
	*next = (struct tss32){
		.cr3 = (uint32_t)kernel_phys(page_directory),
		.eip = (uint32_t)kernel_phys(code) + 7,
		.eflags = 2,
		.es = SELECTOR_DATA,
		.cs = SELECTOR_CODE,
		.ss = SELECTOR_DATA,
		.ds = SELECTOR_DATA,
		.io_map = TSS_BYTES << 16,
	};
	next->gpr[4] = (uint32_t)kernel_phys(stack + sizeof(stack));
}

static uint64_t cr4_32(uint64_t cr4)
{
	return (cr4 & ~CR4_LONG) | CR4_PSE;
}

/* ---- VMX: the fields that differ, kept and put back ---- */

enum { SEGMENTS = 8, FIELDS = 4 * SEGMENTS + 8 };

static struct {
	uint64_t field, value;
} kept[FIELDS];
static unsigned n_kept;

static void change(uint64_t field, uint64_t value)
{
	kept[n_kept].field = field;
	kept[n_kept++].value = vmx_field(field);
	vmx_vmwrite(field, value);
}

/* es cs ss ds fs gs ldtr tr, as the fields are ordered. */
static void vmx_segments(void)
{
	static const struct {
		uint16_t selector;
		uint32_t rights;
	} segment[SEGMENTS] = {
		{ SELECTOR_DATA, RIGHTS_DATA }, { SELECTOR_CODE, RIGHTS_CODE }, { SELECTOR_DATA, RIGHTS_DATA },
		{ SELECTOR_DATA, RIGHTS_DATA }, { 0, RIGHTS_NONE }, { 0, RIGHTS_NONE }, { 0, RIGHTS_NONE },
		{ SELECTOR_TASK, RIGHTS_TASK },
	};

	for (unsigned i = 0; i < SEGMENTS; i++) {
		bool task = segment[i].rights == RIGHTS_TASK;

		change(VMCS_GUEST_ES_SELECTOR + 2 * i, segment[i].selector);
		change(VMCS_GUEST_ES_BASE + 2 * i, task ? kernel_phys(&tasks[0]) : 0);
		change(VMCS_GUEST_ES_LIMIT + 2 * i, task ? TSS_BYTES - 1 : 0xffffffff);
		change(VMCS_GUEST_ES_AR_BYTES + 2 * i, segment[i].rights);
	}
}

static void vmx_enter_32(void)
{
	n_kept = 0;
	vmx_segments();
	change(VMCS_GUEST_CR0, (vmx_field(VMCS_GUEST_CR0) & 0xffffffff) | CR0_32);
	change(VMCS_GUEST_CR3, kernel_phys(page_directory));
	change(VMCS_GUEST_CR4, cr4_32(vmx_field(VMCS_GUEST_CR4)));
	change(VMCS_GUEST_GDTR_BASE, kernel_phys(gdt));
	change(VMCS_VM_ENTRY_CONTROLS, vmx_field(VMCS_VM_ENTRY_CONTROLS) & ~(uint64_t)VMX_MASK(entry_ia_32e_mode_guest));
	change(VMCS_GUEST_RIP, kernel_phys(code));
	change(VMCS_GUEST_RSP, kernel_phys(stack + sizeof(stack)));
	change(VMCS_GUEST_RFLAGS, 2);
}

static void vmx_leave_32(void)
{
	while (n_kept) {
		n_kept--;
		vmx_vmwrite(kept[n_kept].field, kept[n_kept].value);
	}
}

/* ---- SVM: another save area ---- */

static union vmcb before;

/* What VMRUN and #VMEXIT leave alone, TR among it: a task that is switched without an exit changes the host's. */
static union vmcb hosts;

static void vmsave(const union vmcb *c)
{
	__asm__ volatile("vmsave" : : "a"(kernel_phys(c)) : "memory");
}

static void vmload(const union vmcb *c)
{
	__asm__ volatile("vmload" : : "a"(kernel_phys(c)) : "memory");
}

#define SEGMENT(c, NAME, selector, rights, base, limit) do {	\
	(c)->NAME##_SELECTOR = (selector);			\
	(c)->NAME##_ATTRIB = SVM_RIGHTS(rights);		\
	(c)->NAME##_LIMIT = (limit);				\
	(c)->NAME##_BASE = (base);				\
} while (0)

/* TR and LDTR are the host's as they are: VMRUN does not load them, and no task switch gets so far as to look. */
static void svm_enter_32(union vmcb *c)
{
	copy_save_area(&before, c);
	SEGMENT(c, ES, SELECTOR_DATA, RIGHTS_DATA, 0, 0xffffffff);
	SEGMENT(c, CS, SELECTOR_CODE, RIGHTS_CODE, 0, 0xffffffff);
	SEGMENT(c, SS, SELECTOR_DATA, RIGHTS_DATA, 0, 0xffffffff);
	SEGMENT(c, DS, SELECTOR_DATA, RIGHTS_DATA, 0, 0xffffffff);
	c->GDTR_BASE = kernel_phys(gdt);
	c->CR0 |= CR0_32;
	c->CR3 = kernel_phys(page_directory);
	c->CR4 = cr4_32(c->CR4);
	c->EFER &= ~EFER_LONG;
	c->RIP = kernel_phys(code);
	c->RSP = kernel_phys(stack + sizeof(stack));
	c->RFLAGS = 2;
}

/* ---- the row ---- */

bool exit_open_task(struct exit_work *w)
{
	put_tables();
	put_code(w->vmx);
	in_task = false;
	if (!w->vmx) {
		w->run->body.start = exit_request_amd;
		w->run->body.end = exit_request_amd_end;
		vmsave(&hosts);
	}
	return true;
}

void exit_close_task(struct exit_work *w)
{
	if (!w->vmx)
		vmload(&hosts);
}

static void enter_32(struct exit_work *w)
{
	exit_skip_call(w);
	if (w->vmx)
		vmx_enter_32();
	else
		svm_enter_32(svm_vmcb(w->v));
}

static void leave_32(struct exit_work *w)
{
	if (w->vmx)
		vmx_leave_32();
	else
		copy_save_area(svm_vmcb(w->v), &before);
}

/* A call from the 32-bit state says that the task was switched without an exit, and its registers are gone: no more. */
bool exit_handle_task(struct exit_work *w)
{
	if (exit_is_call(w) == in_task || (in_task && w->v->reason != w->code))
		return false;
	if (in_task)
		leave_32(w);
	else
		enter_32(w);
	in_task = !in_task;
	if (!w->vmx)
		svm_changed(w->v);
	exit_count(w);
	return true;
}
