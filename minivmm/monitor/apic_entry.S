/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apic_entry.S - the handlers of apic.c's interrupts. */
#include "minivmm/monitor/caller_saved.h"

	.text

/* An interrupt comes between any two instructions: all that C may change is kept. */
.macro HANDLER name, function
	.globl	\name
	.balign	16
\name:
	push	%rbp
	mov	%rsp, %rbp
	CALLER_SAVED_PUSH
	and	$-16, %rsp
	cld
	call	\function
	lea	-CALLER_SAVED_BYTES(%rbp), %rsp
	CALLER_SAVED_POP
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
