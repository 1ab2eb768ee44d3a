/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine.c - makes the machine ready for a body, and as it was behind it. */
#include "bench/guest/kernel.h"
#include "bench/guest/machine.h"

#define MSR_APIC_BASE	  0x1b
#define MSR_EFER	  0xc0000080
#define MSR_STAR	  0xc0000081
#define MSR_LSTAR	  0xc0000082
#define MSR_FMASK	  0xc0000084
#define EFER_SCE	  1ull
#define RFLAGS_CLEARED	  0x47700ull /* TF IF DF IOPL NT AC */
#define CR0_WP		  0x10000ull

#define HYPERCALL_UNKNOWN 1000 /* KVM answers -KVM_ENOSYS */

static void open_syscall(void)
{
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
	msr_write(MSR_STAR, (uint64_t)KERNEL_CS << 32 | (uint64_t)(USER_BASE | 3) << 48);
	msr_write(MSR_LSTAR, (uint64_t)(uintptr_t)syscall_return);
	msr_write(MSR_FMASK, RFLAGS_CLEARED);
}

/* AMD and Hygon call with another instruction; a hypervisor may patch the wrong one, which would be its own cost. */
static void open_hypercall(struct row_run *run)
{
	extern const char op_hypercall_amd[] __attribute__((visibility("hidden")));
	extern const char op_hypercall_amd_end[] __attribute__((visibility("hidden")));
	uint32_t a = 0, b, c, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	if (c == 0x444d4163 || c == 0x656e6975) { /* "cAMD", "uine" */
		run->body.start = op_hypercall_amd;
		run->body.end = op_hypercall_amd_end;
	}
	run->regs.rdi = HYPERCALL_UNKNOWN;
}

/* Every processor in long mode has it, and every hypervisor intercepts it. */
static void open_apic_base(struct body_regs *regs)
{
	uint64_t value = msr_read(MSR_APIC_BASE);

	regs->rcx = MSR_APIC_BASE;
	regs->rax = (uint32_t)value;
	regs->rdx = value >> 32;
}

static void open_cr0_wp(struct body_regs *regs)
{
	__asm__ volatile("mov %%cr0, %0" : "=r"(regs->rdx));
	regs->rax = regs->rdx & ~CR0_WP;
}

/* The page whose entry is written is used before every bracket: a shadow of its table is kept, or made again. */
static void open_ptemod(struct body_regs *regs)
{
	regs->rsi = (uint64_t)(uintptr_t)window_entry(WINDOW_PAGE);
	regs->rdi = *window_entry(WINDOW_PAGE);
	regs->touch = (const void *)WINDOW_AT(WINDOW_PAGE);
}

bool machine_row_open(struct row_run *run)
{
	struct body_regs *regs = &run->regs;

	if (!run->body.start) {
		runner_log(run->runner, run->index, "only the boot image's runner has this operation");
		return false;
	}
	if (run->piece && run->body.flags & OPF_PAGES_2M) {
		run->piece += GUEST_VIRT_2M - GUEST_VIRT_BASE;
		regs->rax = regs->rsi = (uint64_t)(uintptr_t)run->piece;
	}
	switch (run->row->op) {
	case OP_NANO_SYSCALL:
		open_syscall();
		break;
	case OP_NANO_PGFAULT:
		regs->rsi = WINDOW_AT(WINDOW_HOLE);
		vector_set(VECTOR_PF, pgfault_skip);
		break;
	case OP_NANO_DIVZERO:
		vector_set(VECTOR_DE, divzero_skip);
		break;
	case OP_NANO_PTEMOD:
		open_ptemod(regs);
		break;
	case OP_EXIT_HYPERCALL:
		open_hypercall(run);
		break;
	case OP_EXIT_PIO_OUT_USER:
	case OP_EXIT_PIO_IN_USER:
		regs->rdx = GUEST_PORT_IO;
		break;
	case OP_EXIT_PIO_KERNEL:
		regs->rdx = GUEST_PORT_ELCR;
		break;
	case OP_EXIT_MMIO_USER:
		regs->rsi = WINDOW_AT(WINDOW_MMIO);
		break;
	case OP_EXIT_RDMSR:
	case OP_EXIT_WRMSR:
		open_apic_base(regs);
		break;
	case OP_EXIT_CR3:
		__asm__ volatile("mov %%cr3, %0" : "=r"(regs->rax));
		break;
	case OP_EXIT_CR0_WP:
		open_cr0_wp(regs);
		break;
	case OP_EXIT_INVLPG:
		regs->rsi = WINDOW_AT(WINDOW_PAGE);
		break;
	}
	return true;
}

void machine_row_close(struct row_run *run)
{
	(void)run;
	vector_reset(VECTOR_PF);
	vector_reset(VECTOR_DE);
	*window_entry(WINDOW_PAGE) &= ~4096ull;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW_AT(WINDOW_PAGE)) : "memory");
}
