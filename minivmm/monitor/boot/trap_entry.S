/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/cpu.h"
#include "minivmm/monitor/caller_saved.h"
/* trap_entry.S - exceptions outside the runner: they are told and end the boot, except where something is only tried. */

	.text
/* One stub a vector, 16 bytes apart. The error code, where there is one, is told from none by the stack's height. */
	.globl	boot_trap_stubs
	.balign	16
boot_trap_stubs:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	((CPU_ERROR_CODE_VECTORS >> vector) & 1) == 0
	push	$0
	.endif
	push	$vector
	jmp	1f
	.set	vector, vector + 1
	.endr
1:
	CALLER_SAVED_PUSH
	lea	CALLER_SAVED_BYTES(%rsp), %rdi			/* vector, error, rip, cs, rflags, rsp, ss */
	mov	%rsp, %rax
	and	$-16, %rsp
	push	%rax
	push	%rax
	cld
	call	boot_trap
	pop	%rsp
	CALLER_SAVED_POP
	add	$16, %rsp
	iretq

/* bool msr_try_read(uint32_t msr, uint64_t *value), bool msr_try_write(uint32_t msr, uint64_t value) */
	.globl	msr_try_read, msr_read_at, msr_write_at, msr_failed
msr_try_read:
	mov	%edi, %ecx
msr_read_at:
	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, (%rsi)
	mov	$1, %eax
	ret
	.globl	msr_try_write
msr_try_write:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
msr_write_at:
	wrmsr
	mov	$1, %eax
	ret
msr_failed:
	xor	%eax, %eax
	ret

/* bool vmx_try_off(void), bool svm_try_gif(void): false where the processor is not in that state. */
	.globl	vmx_try_off, svm_try_gif
vmx_try_off:
	vmxoff
	mov	$1, %eax
	ret
svm_try_gif:
	stgi
	mov	$1, %eax
	ret

/* int boot_mark(struct boot_mark *m): 0, and 1 when boot_return(m) comes back to here. */
	.globl	boot_mark, boot_return
boot_mark:
	mov	(%rsp), %rax
	mov	%rax, 0(%rdi)
	lea	8(%rsp), %rax
	mov	%rax, 8(%rdi)
	mov	%rbx, 16(%rdi)
	mov	%rbp, 24(%rdi)
	mov	%r12, 32(%rdi)
	mov	%r13, 40(%rdi)
	mov	%r14, 48(%rdi)
	mov	%r15, 56(%rdi)
	xor	%eax, %eax
	ret
boot_return:
	mov	8(%rdi), %rsp
	mov	16(%rdi), %rbx
	mov	24(%rdi), %rbp
	mov	32(%rdi), %r12
	mov	40(%rdi), %r13
	mov	48(%rdi), %r14
	mov	56(%rdi), %r15
	mov	$1, %eax
	jmp	*0(%rdi)

	.section .note.GNU-stack, "", @progbits
