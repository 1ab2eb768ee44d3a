/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_trip_asm.S - the guest of trips that executes a row's body, and where no exit may come. */
#include "bench/root/vmx_trip.h"

	.text

/* A bracket around a row's body, whose ticks stay with it. */
	.globl	vmx_trip_guest_bracket
	.balign	16
vmx_trip_guest_bracket:
	mov	vmx_trip_bracket + BRACKET_ENTRY(%rip), %rdi
	mov	vmx_trip_bracket + BRACKET_REGS(%rip), %rsi
	call	*vmx_trip_bracket + BRACKET_FN(%rip)
	mov	%rax, vmx_trip_bracket + BRACKET_TICKS(%rip)
	vmcall
	ud2

	.globl	vmx_trip_host_bracket
	.balign	16
vmx_trip_host_bracket:
	xor	%eax, %eax
	jmp	vmx_trip_leave

	.globl	vmx_trip_surprise
	.balign	16
vmx_trip_surprise:
	ud2

	.bss
	.balign	16
	.globl	vmx_trip_bracket
vmx_trip_bracket:
	.skip	BRACKET_BYTES

	.section .note.GNU-stack, "", @progbits
