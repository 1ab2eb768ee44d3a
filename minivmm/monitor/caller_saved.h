/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * caller_saved.h - keeps what a C function may change, for handlers that are written in assembly and call one.
 * apic_entry.S and boot/trap_entry.S include this.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_CALLER_SAVED_H
#define VTSCOPE_MINIVMM_MONITOR_CALLER_SAVED_H

#define CALLER_SAVED_BYTES 72

#ifdef __ASSEMBLER__
.macro CALLER_SAVED_PUSH
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
.endm
.macro CALLER_SAVED_POP
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
.endm
#endif

#endif
