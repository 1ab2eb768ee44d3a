/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot.S - from an engine or a PVH loader to guest_main() on a stack. Any guest of guest_abi.h links this first.
 *
 * guest_start is the long-mode entry (e_entry). start32 is what the PVH note names: it builds the boot mapping that
 * other engines build themselves and goes on to guest_start. What guest_main() returns is the status of the run.
 */
#include "minivmm/long_mode.h"

	PVH_NOTE start32

	.section .text.boot, "ax", @progbits
	.code32
start32:
	cli
	cld
	ENTER_LONG_MODE 1, guest_start

	.globl	guest_start
	.type	guest_start, @function
guest_start:
	cli
	cld
	lea	guest_stack_top(%rip), %rsp
	xor	%ebp, %ebp
	call	guest_main
	mov	$GUEST_PORT_EXIT, %edx
	out	%eax, %dx
2:	hlt
	jmp	2b
	.size	guest_start, . - guest_start

	.bss
	.globl	guest_stack_top
	.balign	16
	.skip	16384
guest_stack_top:

	.section .note.GNU-stack, "", @progbits
