/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trap.S - exceptions outside the runner: they are told and end the boot, except where an MSR is only asked for. */

	.text
/* One stub a vector, 16 bytes apart. The error code, where there is one, is told from none by the stack's height. */
	.globl	boot_trap_stubs
	.balign	16
boot_trap_stubs:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	((0x60227d00 >> vector) & 1) == 0	/* 8 10 11 12 13 14 17 21 29 30 push one */
	push	$0
	.endif
	push	$vector
	jmp	1f
	.set	vector, vector + 1
	.endr
1:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	lea	72(%rsp), %rdi			/* vector, error, rip, cs, rflags, rsp, ss */
	mov	%rsp, %rax
	and	$-16, %rsp
	push	%rax
	push	%rax
	cld
	call	boot_trap
	pop	%rsp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
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

	.section .note.GNU-stack, "", @progbits
