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

#define VECTORS	    32
#define VECTOR_DE   0
#define VECTOR_UD   6
#define VECTOR_DF   8
#define VECTOR_PF   14
#define VECTOR_STUB 16 /* bytes from one exception stub to the next */

#ifndef __ASSEMBLER__

#include <stdint.h>

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

/* kernel.c. Returns when user_call() is to return, else never. */
void exception(struct exception_frame *f);
#pragma GCC visibility pop

#endif /* !__ASSEMBLER__ */
#endif
