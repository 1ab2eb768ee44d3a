/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel.c - the machine under the runner: page tables, segments, exceptions, user mode.
 *
 * Everything is mapped for user mode, so that the same runner code measures at CPL 0 and at CPL 3.
 */
#include "bench/guest/kernel.h"
#include "bench/guest/machine.h"
#include "bench/guest/runner.h"

#define PAGE_BYTES   4096ull
#define PTE_TABLE    0x27ull /* present, writable, user, accessed */
#define PTE_2M	     (GUEST_ARENA_PTE | 0x80)
#define PTE_UNCACHED 0x18ull
#define PTE_MMIO     0x7bull /* present, writable, uncached, accessed, dirty: the kernel's */
#define ARENA_TABLES (GUEST_ARENA_BYTES >> 21)

#define CR0_WP	     0x10000ull
#define MSR_MCG_STATUS 0x17a

#define GATE_PRESENT 0x8e00u /* 64-bit interrupt gate, DPL 0 */
#define TSS_PRESENT  0x89u   /* 64-bit TSS, available */

struct gate {
	uint16_t offset0, selector, flags, offset16;
	uint32_t offset32, zero;
};

struct tss {
	uint32_t zero0;
	uint64_t rsp[3], zero1, ist[7], zero2;
	uint16_t zero3, io_map;
} __attribute__((packed));

typedef uint64_t page_table[512] __attribute__((aligned(4096)));

static page_table pml4, pdpt, pd_4k, pd_2m, pd_window, pt_window;
static unsigned char window_frames[2 * PAGE_BYTES] __attribute__((aligned(2 * PAGE_BYTES)));
/* Those of interrupts, from VECTORS on, are not present until vector_set(). */
static struct gate idt[GATES] __attribute__((aligned(16)));
static struct tss tss = {
	.io_map = sizeof(struct tss),
};
/* Where an exception goes that a caller asked for: the host's, and a guest's. */
static struct protection {
	struct exception_frame *frame;
	void *rsp;
} protections[2];
volatile bool kernel_in_guest;
static uint64_t gdt[] = {
	[KERNEL_CS / 8] = 0x00af9b000000ffff,
	[KERNEL_DS / 8] = 0x00cf93000000ffff,
	[USER_DS / 8] = 0x00cff3000000ffff,
	[USER_CS / 8] = 0x00affb000000ffff,
	[KERNEL_TSS / 8 + 1] = 0, /* both halves: load_tables() */
};

uint64_t kernel_phys(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p - GUEST_VIRT_BASE;
}

/* ---- page tables ---- */

/*
 * A host prepares these, or they are made here: 20,480 entries are a while where every instruction is emulated. Memory
 * that nobody prepared holds anything.
 */
static void map_arena(bool prepared)
{
	uint64_t *pt = (uint64_t *)(GUEST_VIRT_BASE + GUEST_ARENA_PT_PHYS);

	for (uint64_t i = 0; i < ARENA_TABLES; i++)
		pd_4k[(GUEST_ARENA_PHYS >> 21) + i] =
			(GUEST_ARENA_PT_PHYS + i * PAGE_BYTES) | PTE_TABLE;
	if (prepared && pt[0] == (GUEST_ARENA_PHYS | GUEST_ARENA_PTE))
		return;
	for (uint64_t i = 0; i < GUEST_ARENA_BYTES / PAGE_BYTES; i++)
		pt[i] = (GUEST_ARENA_PHYS + i * PAGE_BYTES) | GUEST_ARENA_PTE;
}

static void map_all(uint64_t mem_bytes, bool prepared)
{
	uint64_t frames = mem_bytes >> 21;

	for (uint64_t i = 0; i < 512 && i < frames; i++)
		pd_4k[i] = pd_2m[i] = i << 21 | PTE_2M;
	map_arena(prepared);
	pt_window[WINDOW_MMIO] = GUEST_MMIO_PHYS | GUEST_ARENA_PTE | PTE_UNCACHED;
	pt_window[WINDOW_PAGE] = kernel_phys(window_frames) | GUEST_ARENA_PTE;
	pd_window[0] = kernel_phys(pt_window) | PTE_TABLE;
	pdpt[GUEST_VIRT_BASE >> 30 & 511] = kernel_phys(pd_4k) | PTE_TABLE;
	pdpt[GUEST_VIRT_2M >> 30 & 511] = kernel_phys(pd_2m) | PTE_TABLE;
	pdpt[GUEST_VIRT_MMIO >> 30 & 511] = kernel_phys(pd_window) | PTE_TABLE;
	pml4[GUEST_VIRT_BASE >> 39 & 511] = kernel_phys(pdpt) | PTE_TABLE;
	__asm__ volatile("mov %0, %%cr3" : : "r"(kernel_phys(pml4)) : "memory");
}

void *kernel_map_mmio(uint64_t at, uint64_t bytes)
{
	static unsigned used = WINDOW_MAPPED;
	uint64_t first = at & ~(PAGE_BYTES - 1), pages = (at + bytes - first + PAGE_BYTES - 1) / PAGE_BYTES;
	unsigned slot = used;

	if (!bytes || at + bytes < at || pages > 512 - used)
		return NULL;
	for (uint64_t i = 0; i < pages; i++)
		pt_window[used++] = (first + i * PAGE_BYTES) | PTE_MMIO;
	return (void *)(WINDOW_AT(slot) + (at - first));
}

volatile uint64_t *window_entry(enum window_page page)
{
	return &pt_window[page];
}

/* ---- segments and exceptions ---- */

void vector_set(unsigned vector, const void *handler)
{
	uint64_t at = (uint64_t)(uintptr_t)handler;

	idt[vector] = (struct gate){
		.offset0 = (uint16_t)at,
		.selector = KERNEL_CS,
		.flags = GATE_PRESENT | (vector == VECTOR_DF),
		.offset16 = (uint16_t)(at >> 16),
		.offset32 = (uint32_t)(at >> 32),
	};
}

void vector_reset(unsigned vector)
{
	if (vector == VECTOR_NMI)
		vector_set(vector, nmi_entry);
	else if (vector < VECTORS)
		vector_set(vector, exception_stubs + vector * VECTOR_STUB);
	else
		idt[vector] = (struct gate){ .flags = 0 };
}

static void load_tables(void)
{
	const struct table_pointer gdtr = { sizeof(gdt) - 1, (uint64_t)(uintptr_t)gdt };
	const struct table_pointer idtr = { sizeof(idt) - 1, (uint64_t)(uintptr_t)idt };
	uint64_t base = (uint64_t)(uintptr_t)&tss, cr0;

	for (unsigned i = 0; i < VECTORS; i++)
		vector_reset(i);
	tss.rsp[0] = (uint64_t)(uintptr_t)exception_stack_top;
	tss.ist[0] = (uint64_t)(uintptr_t)double_fault_stack_top;
	gdt[KERNEL_TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 |
			      (uint64_t)TSS_PRESENT << 40 | (base >> 24 & 0xff) << 56;
	gdt[KERNEL_TSS / 8 + 1] = base >> 32;
	kernel_load_segments(&gdtr, &idtr);

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_WP) : "memory");
}

void fault_fill(struct guest_fault *to, const struct exception_frame *f, uint32_t row)
{
	*to = (struct guest_fault){
		.vector = (uint32_t)f->vector,
		.error = (uint32_t)f->error,
		.rip = f->rip,
		.rflags = f->rflags,
		.row = row,
		.cpl = f->cs & 3,
	};
	for (unsigned i = 0; i < 16; i++)
		to->gpr[i] = f->gpr[i];
	to->gpr[4] = f->rsp;
	__asm__ volatile("mov %%cr0, %0" : "=r"(to->cr0));
	__asm__ volatile("mov %%cr2, %0" : "=r"(to->cr2));
	__asm__ volatile("mov %%cr3, %0" : "=r"(to->cr3));
	__asm__ volatile("mov %%cr4, %0" : "=r"(to->cr4));
}

void kernel_init(uint64_t mem_bytes, bool prepared)
{
	map_all(mem_bytes, prepared);
	load_tables();
}

/* A second machine check while the first is in progress shuts the processor down. */
void machine_check_end(void)
{
	msr_write(MSR_MCG_STATUS, 0);
}

/* What it returns to is left by RET, and a handler that is not left by IRET keeps NMIs blocked, if they were. */
void *exception(struct exception_frame *f)
{
	const struct protection *p = &protections[kernel_in_guest];
	void *rsp = user_rsp;

	if (f->vector == VECTOR_MC)
		machine_check_end();
	if (f->vector != VECTOR_UD || f->rip != (uint64_t)(uintptr_t)user_end) {
		if (!p->frame)
			kernel_fault(f);
		*p->frame = *f;
		rsp = p->rsp;
	}
	cpu_unblock_nmi();
	return rsp;
}

bool kernel_protect(void (*fn)(void *), void *arg, struct exception_frame *f)
{
	struct protection *p = &protections[kernel_in_guest], outer = *p;
	bool done;

	p->frame = f;
	done = protect_call(fn, arg, &p->rsp) == 0;
	*p = outer;
	return done;
}

void kernel_guest_gone(void)
{
	protections[true] = (struct protection){ NULL, NULL };
}
