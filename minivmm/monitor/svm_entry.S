/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svm_entry.S - into the guest and out of it.
 *
 * VMRUN itself keeps the host's rax, rsp, rip and rflags and leaves all other registers the guest's, so a fast path
 * that uses rax only has nothing to save. GIF is 0 from CLGI to STGI, NMIs and interrupts wait; IF is 1 below it, for
 * with V_INTR_MASKING the host's IF decides whether an interrupt makes the guest exit (APM volume 2, 15.21.1).
 */
#define MONITOR_CALL_DONE	0x56540001	/* vendor_private.h, svm_private.h */
#define SVM_CALL_STARTED	0x56540000
#define SVM_CALL_HIGH		0x5654

#define VMCB_FIELD(area, offset, bytes, name) .set VMCB_##name, VMCB_AREA_##area + offset;
#include "arch/x86/vmcb.def"

#define GPR(n)	8 * n	/* order of struct guest_fault */

	.text

/* void svm_enter(uint64_t gpr[16], const void *loop) */
	.globl	svm_enter
svm_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi
	mov	%rsi, loop(%rip)
	clgi
	sti
	mov	GPR(1)(%rdi), %rcx
	mov	GPR(2)(%rdi), %rdx
	mov	GPR(3)(%rdi), %rbx
	mov	GPR(5)(%rdi), %rbp
	mov	GPR(6)(%rdi), %rsi
	mov	GPR(8)(%rdi), %r8
	mov	GPR(9)(%rdi), %r9
	mov	GPR(10)(%rdi), %r10
	mov	GPR(11)(%rdi), %r11
	mov	GPR(12)(%rdi), %r12
	mov	GPR(13)(%rdi), %r13
	mov	GPR(14)(%rdi), %r14
	mov	GPR(15)(%rdi), %r15
	mov	GPR(7)(%rdi), %rdi
	mov	svm_guest_phys(%rip), %rax
	jmp	*loop(%rip)

/* Where every loop ends: rsp is what it was above, rax is free, the rest is the guest's. */
leave:
	mov	(%rsp), %rax
	mov	%rcx, GPR(1)(%rax)
	mov	%rdx, GPR(2)(%rax)
	mov	%rbx, GPR(3)(%rax)
	mov	%rbp, GPR(5)(%rax)
	mov	%rsi, GPR(6)(%rax)
	mov	%rdi, GPR(7)(%rax)
	mov	%r8, GPR(8)(%rax)
	mov	%r9, GPR(9)(%rax)
	mov	%r10, GPR(10)(%rax)
	mov	%r11, GPR(11)(%rax)
	mov	%r12, GPR(12)(%rax)
	mov	%r13, GPR(13)(%rax)
	mov	%r14, GPR(14)(%rax)
	mov	%r15, GPR(15)(%rax)
	cli
	stgi
	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	cld
	ret

#define FIELD(name)	svm_guest_vmcb + VMCB_##name(%rip)

/* What a fast exit does to RIP. */
.macro ADVANCE_SKIP
	mov	FIELD(NRIP), %rax
	mov	%rax, FIELD(RIP)
.endm
.macro ADVANCE_LENGTH
	mov	svm_fast_length(%rip), %rax
	add	%rax, FIELD(RIP)
.endm
.macro ADVANCE_STAY
.endm

/* RDTSC into vcpu_stamps[number]; the guest's rdx is in rdx_kept. */
.macro STAMP number
	rdtsc
	mov	%eax, vcpu_stamps + 8 * \number(%rip)
	mov	%edx, vcpu_stamps + 8 * \number + 4(%rip)
.endm
.macro FIRST_STAMP stamped
	.if	\stamped
	mov	%rdx, rdx_kept(%rip)
	STAMP	0
	mov	rdx_kept(%rip), %rdx
	.endif
.endm
.macro LAST_STAMP stamped
	.if	\stamped
	mov	%rdx, rdx_kept(%rip)
	lfence					/* the last stamp is behind all of the path */
	STAMP	1
	mov	rdx_kept(%rip), %rdx
	.endif
.endm

/* Entered at (name). With (call) the guest's own calls, by their numbers, are left to C. */
.macro FAST name, advance, stamped, call
	.balign	64
1:	\advance
	incq	svm_fast_exits(%rip)
	LAST_STAMP \stamped
	mov	svm_guest_phys(%rip), %rax
	.globl	\name
\name:
	vmrun	%rax
	FIRST_STAMP \stamped
	.if	\call
	cmpw	$SVM_CALL_HIGH, svm_guest_vmcb + VMCB_RAX + 2(%rip)
	je	leave
	.endif
	mov	FIELD(EXITCODE), %rax
	cmp	svm_fast_reason(%rip), %rax
	je	1b
	jmp	leave
.endm

	FAST	svm_loop_skip, ADVANCE_SKIP, 0, 0
	FAST	svm_loop_length, ADVANCE_LENGTH, 0, 0
	FAST	svm_loop_stay, ADVANCE_STAY, 0, 0
	FAST	svm_loop_skip_stamped, ADVANCE_SKIP, 1, 0
	FAST	svm_loop_length_stamped, ADVANCE_LENGTH, 1, 0
	FAST	svm_loop_stay_stamped, ADVANCE_STAY, 1, 0
	FAST	svm_loop_call_skip, ADVANCE_SKIP, 0, 1
	FAST	svm_loop_call_length, ADVANCE_LENGTH, 0, 1
	FAST	svm_loop_call_skip_stamped, ADVANCE_SKIP, 1, 1
	FAST	svm_loop_call_length_stamped, ADVANCE_LENGTH, 1, 1

	.balign	64
	.globl	svm_loop_full
svm_loop_full:
	vmrun	%rax
	jmp	leave

	.balign	64
	.globl	svm_loop_full_stamped
svm_loop_full_stamped:
	LAST_STAMP 1
	mov	svm_guest_phys(%rip), %rax
	vmrun	%rax
	FIRST_STAMP 1
	jmp	leave

/* In the guest. */
	.globl	svm_guest_start
svm_guest_start:
	mov	$SVM_CALL_STARTED, %eax
	vmmcall
	call	*%rbx
	mov	$MONITOR_CALL_DONE, %eax
	vmmcall
	ud2

/* uint64_t svm_guest_registers(void) */
	.globl	svm_guest_registers
svm_guest_registers:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	movabs	$0x0101010101010101 * \n, %r\n
	.endr
	mov	$0x41, %eax
	mov	$0x42, %ecx
	mov	$0x43, %edx
	mov	$0x44, %ebx
	mov	$0x45, %ebp
	mov	$0x46, %esi
	mov	$0x47, %edi
	cpuid
	xor	$0x41, %rax
	xor	$0x42, %rcx
	or	%rcx, %rax
	xor	$0x43, %rdx
	or	%rdx, %rax
	xor	$0x44, %rbx
	or	%rbx, %rax
	xor	$0x45, %rbp
	or	%rbp, %rax
	xor	$0x46, %rsi
	or	%rsi, %rax
	xor	$0x47, %rdi
	or	%rdi, %rax
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	movabs	$0x0101010101010101 * \n, %rcx
	xor	%rcx, %r\n
	or	%r\n, %rax
	.endr
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign	8
loop:
	.skip	8
rdx_kept:
	.skip	8
	.globl	svm_guest_phys
svm_guest_phys:
	.skip	8
	.globl	svm_fast_reason
svm_fast_reason:
	.skip	8
	.globl	svm_fast_length
svm_fast_length:
	.skip	8
	.globl	svm_fast_exits
svm_fast_exits:
	.skip	8
	.balign	4096
	.globl	svm_guest_vmcb
svm_guest_vmcb:
	.skip	4096

	.section .note.GNU-stack, "", @progbits
