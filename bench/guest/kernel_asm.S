/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_asm.S - exceptions, user mode and back. Interrupts are off at all times. */
#include "bench/guest/kernel.h"
#include "minivmm/cpu.h"

	.text

/* One stub a vector, VECTOR_STUB bytes apart; the processor pushes an error code for the vectors of the mask. */

	.globl	exception_stubs
	.balign	VECTOR_STUB
exception_stubs:
	.set	vector, 0
	.rept	VECTORS
	.balign	VECTOR_STUB
	.if	((CPU_ERROR_CODE_VECTORS >> vector) & 1) == 0
	push	$0
	.endif
	push	$vector
	jmp	exception_common
	.set	vector, vector + 1
	.endr

exception_common:
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	push	%rdi
	push	%rsi
	push	%rbp
	push	%rsp
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
	mov	%rsp, %rdi
	and	$-16, %rsp
	cld
	call	exception
	mov	%rax, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* An NMI that nobody sent is somebody else's: it is counted, and what it met goes on. */
	.globl	nmi_entry
	.balign	16
nmi_entry:
	incq	kernel_nmis(%rip)
	iretq

/* The handlers of nano.divzero and nano.pgfault: both bodies are 2 bytes long. */
	.globl	divzero_skip
	.balign	16
divzero_skip:
	addq	$2, (%rsp)
	iretq

	.globl	pgfault_skip
	.balign	16
pgfault_skip:
	add	$8, %rsp
	addq	$2, (%rsp)
	iretq

/* The kernel of nano.syscall. RSP is still the user's: nothing can interrupt this. */
	.globl	syscall_return
	.balign	16
syscall_return:
	sysretq

/*
 * user_call(fn, arg, stack): calls fn(arg) at CPL 3. The way back is the #UD at user_end: of what leaves user mode
 * an exception is what every backend delivers (under kvm_pvm neither SYSCALL nor INT n works).
 */
	.globl	user_call
user_call:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, user_rsp(%rip)
	mov	%rdi, %rax
	mov	%rsi, %rdi
	lea	user_start(%rip), %rcx
	push	$USER_DS
	push	%rdx
	push	$2
	push	$USER_CS
	push	%rcx
	iretq
user_start:
	call	*%rax
	.globl	user_end
user_end:
	ud2

/*
 * int protect_call(fn, arg, rsp): what exception_common restores is what is pushed here, and it returns to 2: with rax
 * not known, so that the two ways out differ by where they return.
 */
	.globl	protect_call
protect_call:
	lea	2f(%rip), %rax
	push	%rax
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdx)
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	add	$56, %rsp
	xor	%eax, %eax
	ret
2:	mov	$1, %eax
	ret

/* void kernel_load_segments(const void *gdtr, const void *idtr) */
	.globl	kernel_load_segments
kernel_load_segments:
	lgdt	(%rdi)
	lidt	(%rsi)
	mov	$KERNEL_DS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$KERNEL_TSS, %eax
	ltr	%ax
	pop	%rax
	push	$KERNEL_CS
	push	%rax
	lretq

/* What the compiler may call. */
	.globl	memcpy
memcpy:
	mov	%rdi, %rax
	mov	%rdx, %rcx
	rep movsb
	ret
	.globl	memset
memset:
	mov	%rdi, %r8
	mov	%esi, %eax
	mov	%rdx, %rcx
	rep stosb
	mov	%r8, %rax
	ret

	.bss
	.balign	16
	.globl	user_rsp, kernel_nmis
user_rsp:
	.skip	8
kernel_nmis:
	.skip	8
	.skip	4096
	.globl	exception_stack_top
exception_stack_top:
	.skip	4096
	.globl	double_fault_stack_top
double_fault_stack_top:
	.skip	16384
	.globl	user_stack_top
user_stack_top:

	.section .note.GNU-stack, "", @progbits
