/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_trip.S - one VM entry and the exit behind it, timed, with nothing else on the way: no VMWRITE, no register saved
 * between the stamps. The guest shares the host's registers; it is a few instructions that end with VMCALL.
 */
#include "minivmm/monitor/vmx_trip.h"

	.text

/* uint32_t vmx_trip(struct vmx_trip *t, uint32_t launched) */
	.globl	vmx_trip
	.balign	64
vmx_trip:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, trip_rsp(%rip)
	mov	%rdi, %r8
	xor	%r11d, %r11d
	xor	%ecx, %ecx
	test	%esi, %esi
	jnz	1f
	lfence
	rdtsc
	lfence
	mov	%eax, %r9d
	mov	%edx, %r10d
	vmlaunch
	jmp	2f
	.balign	16
1:	lfence
	rdtsc
	lfence
	mov	%eax, %r9d
	mov	%edx, %r10d
	vmresume
2:	mov	$1, %eax			/* moves keep the flags */
	jc	vmx_trip_leave
	mov	$2, %eax
	.globl	vmx_trip_leave
vmx_trip_leave:
	mov	trip_rsp(%rip), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* RIP of the guest. */
	.globl	vmx_trip_guest
	.balign	64
vmx_trip_guest:
	rdtsc
	mov	%eax, %r11d
	mov	%edx, %ecx
	.globl	vmx_trip_guest_call
vmx_trip_guest_call:
	vmcall
	ud2

/* HOST_RIP. */
	.globl	vmx_trip_host
	.balign	64
vmx_trip_host:
	rdtsc
	mov	%r9d, TRIP_BEFORE(%r8)
	mov	%r10d, TRIP_BEFORE + 4(%r8)
	mov	%r11d, TRIP_GUEST(%r8)
	mov	%ecx, TRIP_GUEST + 4(%r8)
	mov	%eax, TRIP_AFTER(%r8)
	mov	%edx, TRIP_AFTER + 4(%r8)
	xor	%eax, %eax
	jmp	vmx_trip_leave

/* uint64_t vmx_trip_empty(void): the two stamps of an entry with nothing between. */
	.globl	vmx_trip_empty
	.balign	64
vmx_trip_empty:
	lfence
	rdtsc
	lfence
	mov	%eax, %r9d
	mov	%edx, %r10d
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	shl	$32, %r10
	or	%r10, %r9
	sub	%r9, %rax
	ret

	.bss
	.balign	16
trip_rsp:
	.skip	16
	.skip	4096
	.globl	vmx_trip_stack_top
vmx_trip_stack_top:
	.skip	4096
	.globl	vmx_trip_guest_stack_top
vmx_trip_guest_stack_top:

	.section .note.GNU-stack, "", @progbits
