/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap.c - the image's own interrupt table and address space, for all that is not the runner's. */
#include "minivmm/monitor/boot/boot.h"

#define VECTORS		32
#define VECTOR_NMI	2
#define VECTOR_UD	6
#define VECTOR_GP	13
#define CPUID_1_EDX_MCE	(1u << 7)
#define CR4_MCE		(1ull << 6)
#define STUB_BYTES	16
#define CODE_SELECTOR	0x08
#define GATE		0x8e00u	/* 64-bit interrupt gate, DPL 0, present */

struct gate {
	uint16_t offset0, selector, flags, offset16;
	uint32_t offset32, zero;
};

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* As the stubs leave it. */
struct trap_frame {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* Of start.S. Nothing is looked up through a table: there is none. */
#pragma GCC visibility push(hidden)
extern const char boot_trap_stubs[], msr_read_at[], msr_write_at[], msr_failed[];
extern uint64_t boot_pml4[512];
#pragma GCC visibility pop

static struct gate idt[VECTORS] __attribute__((aligned(16)));

static void put_hex(struct text *t, const char *name, uint64_t value)
{
	text_put(t, name);
	text_hex(t, value, 1);
}

static bool is_only_tried(uint64_t rip)
{
	const uint64_t tried[] = {
		(uintptr_t)msr_read_at, (uintptr_t)msr_write_at, (uintptr_t)vmx_try_off, (uintptr_t)svm_try_gif,
	};

	for (unsigned i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
		if (rip == tried[i])
			return true;
	return false;
}

/* Called by the stubs. Returns where the exception is an answer. */
void boot_trap(struct trap_frame *f);
void boot_trap(struct trap_frame *f)
{
	char buffer[160];
	struct text t = text_in(buffer, sizeof(buffer));
	uint64_t cr2;

	if (f->vector == VECTOR_NMI) /* nobody here sends one: it is the firmware's, and is over */
		return;
	if ((f->vector == VECTOR_GP || f->vector == VECTOR_UD) && is_only_tried(f->rip)) {
		f->rip = (uintptr_t)msr_failed;
		return;
	}
	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	text_put(&t, "exception ");
	text_number(&t, f->vector);
	put_hex(&t, " outside the runner, error ", f->error);
	put_hex(&t, ", rip ", f->rip);
	put_hex(&t, ", cr2 ", cr2);
	text_put(&t, ": please report it");
	boot_fail("faulted", buffer);
}

/* Without it a machine check shuts the processor down, and nobody is told. */
static void machine_check_on(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_MCE) : "memory");
}

void trap_open(void)
{
	const struct table_pointer idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	for (unsigned i = 0; i < VECTORS; i++) {
		uint64_t at = (uintptr_t)boot_trap_stubs + i * STUB_BYTES;

		idt[i] = (struct gate){
			.offset0 = (uint16_t)at,
			.selector = CODE_SELECTOR,
			.flags = GATE,
			.offset16 = (uint16_t)(at >> 16),
			.offset32 = (uint32_t)(at >> 32),
		};
	}
	space_enter();
	__asm__ volatile("lidt %0" : : "m"(idtr));
	if (cpuid(1, 0).edx & CPUID_1_EDX_MCE)
		machine_check_on();
}

/* ---- behind a runner that did not come to its end ---- */

#define MSR_EFER	0xc0000080u
#define EFER_SVME	0x1000ull
#define CR4_VMXE	0x2000ull
#define DR7_NONE	0x400ull

void trap_clean_up(void)
{
	uint64_t cr4, efer;

	trap_open();
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	if (cr4 & CR4_VMXE) {
		vmx_try_off();
		__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 & ~CR4_VMXE) : "memory");
	}
	if (msr_try_read(MSR_EFER, &efer) && efer & EFER_SVME) {
		svm_try_gif();
		msr_try_write(MSR_EFER, efer & ~EFER_SVME);
	}
	__asm__ volatile("mov %0, %%dr7" : : "r"(DR7_NONE));
}

/* ---- the boot's address space: physical 0 to 4 GiB at linear 0, and what is mapped on top ---- */

uint64_t space_enter(void)
{
	uint64_t before;

	__asm__ volatile("mov %%cr3, %0" : "=r"(before));
	__asm__ volatile("mov %0, %%cr3" : : "r"((uintptr_t)boot_pml4 - GUEST_VIRT_BASE) : "memory");
	return before;
}

void space_leave(uint64_t before)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(before) : "memory");
}

#define SPACE_HIGH	2ull	/* gigabytes that can be mapped above 4 GiB: one stretch of a frame buffer */
#define PTE_TABLE	0x03ull
#define PTE_2M		0x83ull

void *space_map(uint64_t phys, uint64_t bytes)
{
	static uint64_t pd[SPACE_HIGH][512] __attribute__((aligned(4096)));
	const uint64_t window = 8ull << 30;	/* linear; nothing else is there */
	uint64_t *pdpt = (uint64_t *)(uintptr_t)(boot_pml4[0] & ~0xfffull), first = phys & ~0x1fffffull;

	if (!bytes || phys + bytes < phys || phys + bytes > 1ull << 46)
		return NULL;
	if (phys + bytes <= 4ull << 30)
		return (void *)(uintptr_t)phys;
	if (phys + bytes - first > SPACE_HIGH << 30)
		return NULL;
	for (uint64_t i = 0; i < SPACE_HIGH; i++) {
		for (uint64_t j = 0; j < 512; j++)
			pd[i][j] = (first + (i << 30) + (j << 21)) | PTE_2M;
		pdpt[(window >> 30) + i] = ((uintptr_t)pd[i] - GUEST_VIRT_BASE) | PTE_TABLE;
	}
	return (void *)(uintptr_t)(window + (phys - first));
}
