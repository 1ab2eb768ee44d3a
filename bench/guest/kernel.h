/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.h - the machine under the runner: selectors and the seam of kernel_asm.S. bench/guest/kernel.* include this. */
#ifndef VTSCOPE_BENCH_GUEST_KERNEL_H
#define VTSCOPE_BENCH_GUEST_KERNEL_H

/* In this order SYSCALL and SYSRET find what they compute from STAR. */
#define KERNEL_CS   0x08
#define KERNEL_DS   0x10
#define USER_BASE   0x18 /* a 32-bit code segment would be here */
#define USER_DS	    0x23
#define USER_CS	    0x2b
#define KERNEL_TSS  0x30

#define VECTORS	    32 /* exceptions */
#define GATES	    256
#define VECTOR_DE   0
#define VECTOR_NMI  2
#define VECTOR_UD   6
#define VECTOR_DF   8
#define VECTOR_PF   14
#define VECTOR_MC   18
#define VECTOR_STUB 16 /* bytes from one exception stub to the next */

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

struct guest_fault;

/* As the stubs push it. */
struct exception_frame {
	uint64_t gpr[16]; /* in the order of struct guest_fault; [4] is not the rsp of the fault */
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

#pragma GCC visibility push(hidden)
/* kernel_asm.S */
extern const char exception_stubs[], syscall_return[], divzero_skip[], pgfault_skip[], user_end[];
extern char exception_stack_top[], double_fault_stack_top[], user_stack_top[];
void kernel_load_segments(const void *gdtr, const void *idtr);
void user_call(void (*fn)(void *), void *arg, void *stack);

extern const char nmi_entry[];
/* Where exceptions that somebody waits for go on: apart, since a guest may be in user mode while its host protects. */
extern void *user_rsp;
int protect_call(void (*fn)(void *), void *arg, void **rsp); /* 0: fn returned, 1: an exception ended it */
extern uint64_t kernel_nmis; /* that came to nmi_entry */

/* kernel.c */
/*
 * Page tables (guest_abi.h) over (mem_bytes) of memory, segments, exceptions; interrupts stay off. (prepared): a host
 * may have made the arena's tables; else what lies in their place is not looked at.
 */
void kernel_init(uint64_t mem_bytes, bool prepared);
/* Of anything that is linked into the image. */
uint64_t kernel_phys(const volatile void *p);
/* Maps device registers, uncached, for good. NULL: the window is full. */
void *kernel_map_mmio(uint64_t at, uint64_t bytes);
/*
 * Calls fn(arg). False: an exception ended it, (f) says which. What fn changed of the machine stays changed. It may
 * not change the privilege level. Calls nest.
 */
bool kernel_protect(void (*fn)(void *), void *arg, struct exception_frame *f);
/*
 * True while a guest that shares these tables runs: what it protects is its own, and an exception in it never goes on
 * where the host waits for one.
 */
extern volatile bool kernel_in_guest;
/* The guest will not go on: it protects nothing any more. */
void kernel_guest_gone(void);
/* (f) and the control registers of now, for a person to read. */
void fault_fill(struct guest_fault *to, const struct exception_frame *f, uint32_t row);
/* Of a machine check that was told: the next may come. */
void machine_check_end(void);
/* What the stubs call: RSP to go on with, for an exception that somebody waits for. */
void *exception(struct exception_frame *f);

/* Supplied by whoever links the kernel: an exception that nobody waited for. */
_Noreturn void kernel_fault(const struct exception_frame *f);
#pragma GCC visibility pop

#endif /* !__ASSEMBLER__ */
#endif
