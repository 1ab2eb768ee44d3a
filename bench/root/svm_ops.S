/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svm_ops.S - bodies of the rows of an SVM host, and a timed VMRUN. Bodies as in bench/guest/ops.S: straight-line code in
 * copies of equal size, registers of struct body_regs.
 */
#include "bench/guest/runner.h"
#include "bench/root/svm_rows.h"

#define VMCB_FIELD(area, offset, bytes, name) .set VMCB_##name, VMCB_AREA_##area + offset;
#include "arch/x86/vmcb.def"

#define BODY(name, ...)				\
	.globl	svm_body_##name;		\
	.hidden	svm_body_##name;		\
	.balign	64;				\
svm_body_##name:				\
	.rept	BODY_COPIES;			\
	__VA_ARGS__;				\
	.endr;					\
	.globl	svm_body_##name##_end;		\
	.hidden	svm_body_##name##_end;		\
svm_body_##name##_end:				\
	ret

	.text

/* rax: physical address of a VMCB, rdx: of another. VMRUN gives rax back, and the guest leaves the rest alone. */
BODY(vmrun,	vmrun %rax)
BODY(vmrun_alternate, vmrun %rax; xchg %rax, %rdx)
BODY(vmload,	vmload %rax)
BODY(vmsave,	vmsave %rax)
BODY(vmmcall,	vmmcall)

BODY(stgi,	stgi)
BODY(clgi,	clgi)
BODY(clgi_stgi,	clgi; stgi)

/* rax: linear address (INVLPGB: and flags), ecx: ASID (INVLPGB: pages more), edx: INVLPGB's ASID. */
BODY(invlpga,	invlpga %rax, %ecx)
BODY(invlpgb,	.byte 0x0f, 0x01, 0xfe)
BODY(tlbsync,	.byte 0x0f, 0x01, 0xff)
BODY(invlpgb_tlbsync, .byte 0x0f, 0x01, 0xfe, 0x0f, 0x01, 0xff)

/* rsi: the other value's low half. */
BODY(wrmsr,	wrmsr)
BODY(wrmsr_alternate, wrmsr; xchg %rax, %rsi)

/* void svm_trip(struct svm_trip *t, uint64_t vmcb). The guest changes rcx, rdx and r11. */
	.globl	svm_trip
	.balign	64
svm_trip:
	clgi
	lfence
	rdtsc
	lfence
	mov	%eax, %r9d
	mov	%edx, %r10d
	mov	%rsi, %rax
	vmrun	%rax
	rdtsc
	mov	%r9d, TRIP_BEFORE(%rdi)
	mov	%r10d, TRIP_BEFORE + 4(%rdi)
	mov	%r11d, TRIP_GUEST(%rdi)
	mov	%ecx, TRIP_GUEST + 4(%rdi)
	mov	%eax, TRIP_AFTER(%rdi)
	mov	%edx, TRIP_AFTER + 4(%rdi)
	stgi
	ret

	.globl	svm_trip_guest
	.balign	64
svm_trip_guest:
	rdtsc
	mov	%eax, %r11d
	mov	%edx, %ecx
	.globl	svm_trip_guest_call
svm_trip_guest_call:
	vmmcall
	ud2

/* uint64_t svm_trip_empty(void) */
	.globl	svm_trip_empty
	.balign	64
svm_trip_empty:
	lfence
	rdtsc
	lfence
	mov	%eax, %r9d
	mov	%edx, %r10d
	mov	%rsi, %rax
	rdtsc
	jmp	difference

/* uint64_t svm_trip_round(uint64_t vmcb, union vmcb *c) */
	.globl	svm_trip_round
	.balign	64
svm_trip_round:
	clgi
	mov	%rdi, %rax
	vmrun	%rax
	addq	$SVM_INSN_BYTES, VMCB_RIP(%rsi)
	vmrun	%rax
	stgi
	mov	%r11d, %eax
	mov	%ecx, %edx
	jmp	difference

	.globl	svm_trip_guest_round
	.balign	64
svm_trip_guest_round:
	lfence
	rdtsc
	lfence
	mov	%eax, %r9d
	mov	%edx, %r10d
	vmmcall
	rdtsc
	mov	%eax, %r11d
	mov	%edx, %ecx
	vmmcall
	ud2

/* uint64_t svm_trip_round_empty(void) */
	.globl	svm_trip_round_empty
	.balign	64
svm_trip_round_empty:
	lfence
	rdtsc
	lfence
	mov	%eax, %r9d
	mov	%edx, %r10d
	rdtsc

/* edx:eax less r10:r9, halves each. */
difference:
	shl	$32, %rdx
	or	%rdx, %rax
	shl	$32, %r10
	or	%r10, %r9
	sub	%r9, %rax
	ret

	.globl	svm_ud_skip
	.balign	16
svm_ud_skip:
	addq	$SVM_INSN_BYTES, (%rsp)
	iretq

	.bss
	.balign	16
	.skip	4096
	.globl	svm_trip_stack_top
svm_trip_stack_top:

	.section .note.GNU-stack, "", @progbits
