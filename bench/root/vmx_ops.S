/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_ops.S - bodies of the rows of VMX root operation. As in bench/guest/ops.S: straight-line code in copies of equal
 * size, registers of struct body_regs, and rdi is the state that lasts. What fails falls through.
 */
#include "bench/guest/runner.h"

#define BODY(name, ...)				\
	.globl	vmx_body_##name;		\
	.hidden	vmx_body_##name;		\
	.balign	64;				\
vmx_body_##name:				\
	.rept	BODY_COPIES;			\
	__VA_ARGS__;				\
	.endr;					\
	.globl	vmx_body_##name##_end;		\
	.hidden	vmx_body_##name##_end;		\
vmx_body_##name##_end:				\
	ret

	.text

/* rcx: the field; rax: its value; rsi: memory. */
BODY(vmread,	vmread %rcx, %rax)
BODY(vmread_mem, vmread %rcx, (%rsi))
/* rdx: 0, rsi: the field once more. The next encoding is this result's, though always the same. */
BODY(vmread_chain, vmread %rcx, %rax; and %rdx, %rax; lea (%rsi,%rax), %rcx)
BODY(vmwrite,	vmwrite %rax, %rcx)
BODY(vmwrite_mem, vmwrite (%rsi), %rcx)
/* rdi: the value, rdx: the bits that change. */
BODY(vmwrite_changed, xor %rdx, %rdi; vmwrite %rdi, %rcx)

/* rsi: where the physical address is, or goes to. */
BODY(vmxon,	vmxon (%rsi))
BODY(vmxoff,	vmxoff)
BODY(vmclear,	vmclear (%rsi))
BODY(vmptrld,	vmptrld (%rsi))
BODY(vmptrst,	vmptrst (%rsi))
/* rsi: addresses, rdi: offset of the next, rdx: mask of the offsets. */
BODY(vmptrld_ring, vmptrld (%rsi,%rdi); add $8, %rdi; and %rdx, %rdi)

/* rax: the type, rsi: the descriptor. */
BODY(invept,	invept (%rsi), %rax)
BODY(invvpid,	invvpid (%rsi), %rax)

BODY(vmcall,	vmcall)
BODY(vmlaunch,	vmlaunch)
BODY(vmresume,	vmresume)

/* By a guest: EPTP switching, to entry rcx of the list; rdi: the last one. */
BODY(vmfunc_same, xor %eax, %eax; xor %ecx, %ecx; vmfunc)
BODY(vmfunc_other, xor $1, %edi; mov %edi, %ecx; xor %eax, %eax; vmfunc)
/* rdx: 0. */
BODY(cr8_write,	mov %rdx, %cr8)
BODY(cr8_read,	mov %cr8, %rax)
/* rcx: the MSR. */
BODY(wrmsr,	wrmsr)
BODY(rdmsr,	rdmsr)
/* rsi: a page whose use is #VE. */
BODY(load,	mov (%rsi), %eax)
BODY(pause,	pause)
BODY(rdtsc,	rdtsc)

/* The handler of #VE, which has no error code. The load is 2 bytes long. */
	.globl	vmx_ve_skip
	.balign	16
vmx_ve_skip:
	push	%rax
	mov	vmx_ve_busy(%rip), %rax
	movl	$0, (%rax)
	pop	%rax
	addq	$2, (%rsp)
	iretq

	.bss
	.balign	8
	.globl	vmx_ve_busy
vmx_ve_busy:
	.skip	8

	.section .note.GNU-stack, "", @progbits
