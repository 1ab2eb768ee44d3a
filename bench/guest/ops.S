/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ops.S - the bodies of ops.def and the bracket around them. Built for the guest and for a process alike.
 *
 * A body is straight-line code, repeated BODY_COPIES times in copies of equal size. Registers as in struct
 * body_regs: only what is named there or is r8 to r11 may change, and rdi is the state that lasts.
 */
#include "bench/guest/runner.h"

/*
 * tests/calibrate/ builds it with --defsym: a body is executed times_NAME times and counted once, and pad_NAME bytes before
 * it make it end where it ends in every such build, so that nothing else is moved by it.
 */
#define BODY_ROOM 0x20000
#define BODY(name, ...)				\
	.ifndef	times_##name;			\
	.set	times_##name, 1;		\
	.endif;					\
	.ifdef	pad_##name;			\
	.balign	BODY_ROOM;			\
	.skip	pad_##name;			\
	.else;					\
	.balign 64;				\
	.endif;					\
	.globl	op_##name;			\
	.hidden	op_##name;			\
op_##name:					\
	.rept	BODY_COPIES;			\
	.rept	times_##name;			\
	__VA_ARGS__;				\
	.endr;					\
	.endr;					\
	.globl	op_##name##_end;		\
	.hidden	op_##name##_end;		\
op_##name##_end:				\
	ret

	.text

/* rax rcx rdx: 0 or as the kernel set them; rsi: an address; pgfault and divzero: 2 bytes, their handlers skip 2. */
BODY(syscall,	 syscall)
BODY(in80,	 in $GUEST_PORT_NANO_IN, %al)
BODY(cr8wr,	 mov %rax, %cr8)
BODY(call_ret,	 call op_subroutine)
BODY(pgfault,	 mov (%rsi), %eax)
BODY(divzero,	 div %ecx)
BODY(ptemod,	 xor $0x1000, %edi; mov %rdi, (%rsi))

BODY(cpuid,	 xor %eax, %eax; cpuid)
BODY(hypercall,	 mov %rdi, %rax; vmcall)
BODY(hypercall_amd, mov %rdi, %rax; vmmcall)
BODY(pio_out,	 out %eax, %dx)
BODY(pio_in,	 in %dx, %eax)
BODY(pio_kernel, in %dx, %al)
BODY(mmio,	 mov (%rsi), %eax)
BODY(hlt,	 hlt)
BODY(rdmsr,	 rdmsr)
BODY(wrmsr,	 wrmsr)
BODY(cr3,	 mov %rax, %cr3)
BODY(cr0_wp,	 mov %rax, %cr0; mov %rdx, %cr0)
BODY(rdtsc,	 rdtsc)
BODY(invlpg,	 invlpg (%rsi))

/* 200 iterations. */
BODY(alu,	 mov $200, %ecx;				\
	1:	 lea 1(%rdi,%rdi,4), %rdi; ror $7, %rdi;	\
		 xor %rcx, %rdi; dec %ecx; jnz 1b)
BODY(branchy,	 mov $200, %ecx;				\
	1:	 mov %rdi, %rax; shl $13, %rax; xor %rax, %rdi;	\
		 mov %rdi, %rax; shr $7, %rax; xor %rax, %rdi;	\
		 mov %rdi, %rax; shl $17, %rax; xor %rax, %rdi;	\
		 test $1, %dil; jz 2f; add %rdi, %r8;		\
	2:	 dec %ecx; jnz 1b)

/* 64 KiB from (rdx) to (rax), the two halves of the piece. */
BODY(copy,	 mov %rax, %rdi; mov %rdx, %rsi; mov $0x10000, %ecx; rep movsb)
/* 256 nodes from node (rdi) of the chain at (rsi). Counting hides behind the loads; 256 of these would be 128 KiB. */
BODY(chase,	 mov $16, %ecx;					\
	1:;	 .rept 16; mov (%rsi,%rdi), %rdi; .endr;	\
		 dec %ecx; jnz 1b)

op_subroutine:
	ret

/*
 * uint64_t bracket_*(const void *entry, struct body_regs *regs). The registers that the stamp itself needs, rax rcx
 * rdx, get the body's values behind the first stamp.
 */
#define BRACKET(name, last_stamp)					\
	.globl	name;							\
	.hidden	name;							\
	.balign	64;							\
name:									\
	push	%rbx;							\
	push	%r12;							\
	push	%r13;							\
	push	%r14;							\
	push	%r15;							\
	mov	%rdi, %r12;						\
	mov	%rsi, %r13;						\
	mov	REGS_TOUCH(%r13), %rax;					\
	mov	(%rax), %al;						\
	mov	REGS_RAX(%r13), %r8;					\
	mov	REGS_RCX(%r13), %rcx;					\
	mov	REGS_RDX(%r13), %r9;					\
	mov	REGS_RSI(%r13), %rsi;					\
	mov	REGS_RDI(%r13), %rdi;					\
	lfence;								\
	rdtsc;								\
	lfence;								\
	mov	%eax, %r14d;						\
	mov	%edx, %r15d;						\
	mov	%r8, %rax;						\
	mov	%r9, %rdx;						\
	call	*%r12;							\
	last_stamp;							\
	shl	$32, %rdx;						\
	or	%rdx, %rax;						\
	shl	$32, %r15;						\
	or	%r15, %r14;						\
	mov	%r14, REGS_START(%r13);					\
	mov	%rax, REGS_STOP(%r13);					\
	sub	%r14, %rax;						\
	mov	%rdi, REGS_RDI(%r13);					\
	pop	%r15;							\
	pop	%r14;							\
	pop	%r13;							\
	pop	%r12;							\
	pop	%rbx;							\
	ret

#define STAMP_RDTSCP	rdtscp; lfence
#define STAMP_LFENCE	lfence; rdtsc; lfence

BRACKET(bracket_rdtscp, STAMP_RDTSCP)
BRACKET(bracket_lfence, STAMP_LFENCE)

	.section .note.GNU-stack, "", @progbits
