/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apic_entry.S - the handlers of apic.c's interrupts. */
	.text

/* An interrupt comes between any two instructions: all that C may change is kept. */
.macro HANDLER name, function
	.globl	\name
	.balign	16
\name:
	push	%rbp
	mov	%rsp, %rbp
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	and	$-16, %rsp
	cld
	call	\function
	lea	-72(%rbp), %rsp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	pop	%rbp
	iretq
.endm

	HANDLER	apic_timer_entry, apic_timer
	HANDLER	apic_counted_entry, apic_count

/* Wants no EOI. */
	.globl	apic_spurious_entry
	.balign	16
apic_spurious_entry:
	iretq

	.section .note.GNU-stack, "", @progbits
