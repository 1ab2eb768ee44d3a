/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exit_ops.S - the bodies of level M: what a guest of the monitor does to be left. Rules as in bench/guest/ops.S, with
 * EXIT_COPIES copies a body: none of these is so short that more would be wanted.
 *
 * The monitor skips the instruction that exits, by the length that exits_table.c has where the processor tells none. What
 * stands beside it leaves the registers as the next copy wants them.
 */
#include "bench/root/exits.h"

#define BODY(name, ...)				\
	.globl	exit_##name;			\
	.hidden	exit_##name;			\
	.balign	64;				\
exit_##name:					\
	.rept	EXIT_COPIES;			\
	__VA_ARGS__;				\
	.endr;					\
	.globl	exit_##name##_end;		\
	.hidden	exit_##name##_end;		\
exit_##name##_end:				\
	ret

	.text

/* rax rcx rdx rsi rdi as exits_*.c set them; (%rsi): an address that it names. */
BODY(cpuid,	 xor %eax, %eax; cpuid)
BODY(invd,	 invd)
BODY(wbinvd,	 wbinvd)
BODY(rdpmc,	 rdpmc)
BODY(rdtscp,	 rdtscp)
BODY(pause,	 pause)
BODY(pause_loop, mov $2000, %ecx; 1: dec %ecx; jnz 1b; pause; pause)
BODY(monitor,	 monitor)
BODY(mwait,	 mwait)
BODY(mwait_armed, mov %rsi, %rax; xor %ecx, %ecx; xor %edx, %edx; monitor; xor %eax, %eax; mwait)
BODY(xsetbv,	 xsetbv)
BODY(invpcid,	 invpcid (%rsi), %rax)
BODY(rdrand,	 rdrand %eax)
BODY(rdseed,	 rdseed %eax)
BODY(xsaves,	 xsaves (%rsi))
BODY(xrstors,	 xrstors (%rsi))
BODY(umwait,	 .byte 0xf2, 0x0f, 0xae, 0xf7)	/* umwait %edi */
BODY(tpause,	 .byte 0x66, 0x0f, 0xae, 0xf7)	/* tpause %edi */
BODY(encls,	 .byte 0x0f, 0x01, 0xcf)
BODY(enclv,	 .byte 0x0f, 0x01, 0xc0)
BODY(pconfig,	 .byte 0x0f, 0x01, 0xc5)
BODY(loadiwkey,	 .byte 0xf3, 0x0f, 0x38, 0xdc, 0xc1)	/* loadiwkey %xmm1, %xmm0 */
BODY(rdmsrlist,	 .byte 0xf2, 0x0f, 0x01, 0xc6)
BODY(wrmsrlist,	 .byte 0xf3, 0x0f, 0x01, 0xc6)
BODY(getsec,	 .byte 0x0f, 0x37)
BODY(pushf,	 pushf)
BODY(popf,	 popf)
BODY(iret,	 iretq)
BODY(int_n,	 int $0x80)
BODY(int1,	 .byte 0xf1)
BODY(rdpru,	 .byte 0x0f, 0x01, 0xfd)
BODY(mcommit,	 .byte 0xf3, 0x0f, 0x01, 0xfa)
BODY(invlpgb,	 .byte 0x0f, 0x01, 0xfe)
BODY(tlbsync,	 .byte 0x0f, 0x01, 0xff)
BODY(hlt,	 hlt)

BODY(vmclear,	 vmclear (%rsi))
BODY(vmlaunch,	 vmlaunch)
BODY(vmptrld,	 vmptrld (%rsi))
BODY(vmptrst,	 vmptrst (%rsi))
BODY(vmread,	 vmread %rax, %rdx)
BODY(vmresume,	 vmresume)
BODY(vmwrite,	 vmwrite %rax, %rdx)
BODY(vmxoff,	 vmxoff)
BODY(vmxon,	 vmxon (%rsi))
BODY(invept,	 invept (%rsi), %rax)
BODY(invvpid,	 invvpid (%rsi), %rax)
BODY(vmfunc,	 vmfunc)
BODY(vmrun,	 vmrun)
BODY(vmload,	 vmload)
BODY(vmsave,	 vmsave)
BODY(stgi,	 stgi)
BODY(clgi,	 clgi)
BODY(skinit,	 skinit)
BODY(invlpga,	 invlpga)

BODY(out8,	 out %al, $GUEST_PORT_NANO_IN)
BODY(out16,	 out %ax, $GUEST_PORT_NANO_IN)
BODY(out32,	 out %eax, $GUEST_PORT_NANO_IN)
BODY(in8,	 in $GUEST_PORT_NANO_IN, %al)
BODY(in16,	 in $GUEST_PORT_NANO_IN, %ax)
BODY(in32,	 in $GUEST_PORT_NANO_IN, %eax)
BODY(outs,	 outsb)
BODY(ins,	 insb)
BODY(outs_rep1,	 mov $1, %ecx; rep outsb)
BODY(outs_rep64, mov $64, %ecx; rep outsb)
BODY(ins_rep1,	 mov $1, %ecx; rep insb)
BODY(ins_rep64,	 mov $64, %ecx; rep insb)

BODY(cr0_read,	 mov %cr0, %rax)
BODY(cr0_write,	 mov %rax, %cr0)
BODY(clts,	 clts)
BODY(lmsw,	 lmsw %ax)
BODY(smsw,	 smsw %eax)
BODY(cr2_read,	 mov %cr2, %rax)
BODY(cr2_write,	 mov %rax, %cr2)
BODY(cr3_read,	 mov %cr3, %rax)
BODY(cr4_read,	 mov %cr4, %rax)
BODY(cr4_write,	 mov %rax, %cr4)
BODY(cr8_read,	 mov %cr8, %rax)
BODY(cr8_write,	 mov %rax, %cr8)
BODY(dr_read,	 mov %dr0, %rax)
BODY(dr_write,	 mov %rax, %dr0)
BODY(sgdt,	 sgdt (%rsi))
BODY(sidt,	 sidt (%rsi))
BODY(lgdt,	 lgdt (%rsi))
BODY(lidt,	 lidt (%rsi))
BODY(sldt,	 sldt %eax)
BODY(str,	 str %eax)
BODY(lldt,	 lldt %ax)
BODY(ltr,	 ltr %ax)

/* Exceptions: rcx 0, rsi an address that faults. */
BODY(de,	 div %ecx)
BODY(db,	 pushf; orl $0x100, (%rsp); popf; nop)
BODY(bp,	 int3)
BODY(ud,	 ud2)
BODY(nm,	 fnop)
BODY(ss,	 xchg %rsi, %rbp; mov 0(%rbp), %al; xchg %rsi, %rbp)
BODY(gp,	 mov (%rsi), %al)
BODY(pf,	 mov (%rsi), %eax)
/* Unmask division by zero, divide 1 by 0, meet the exception at FWAIT, forget it. */
BODY(mf,	 fninit; fldcw (%rsi); fldz; fld1; fdivp; fwait; fnclex)
/* rsi: aligned. AC would also meet the runner's own stack. */
BODY(ac,	 pushf; orl $0x40000, (%rsp); popf; mov 1(%rsi), %eax; pushf; andl $~0x40000, (%rsp); popf)

/* rsi: the register, memory-mapped; rcx: its number as an MSR. */
/*
 * What the APIC sends comes some time later: wait for the monitor to count it, but not for ever.
 */
#define AND_WAIT(...)				\
	mov	exit_events(%rip), %r8d;	\
	__VA_ARGS__;				\
	mov	$EXIT_WAIT, %r9d;		\
1:	cmp	exit_events(%rip), %r8d;	\
	jne	2f;				\
	dec	%r9d;				\
	jnz	1b;				\
2:
BODY(nmi,	 AND_WAIT(mov %eax, (%rsi)))
BODY(self_ipi,	 AND_WAIT(mov %eax, (%rsi)))
BODY(sti,	 sti; nop)
BODY(nmi_window, mov %rsp, %rdx; mov %ss, %eax; push %rax; push %rdx; pushf; mov %cs, %eax; push %rax;	\
		 lea 1f(%rip), %rax; push %rax; iretq; 1:)
/* Where the monitor lets the guest begin anew. */
BODY(triple,	 lea 1f(%rip), %rax; mov %rax, exit_resume(%rip); mov %rsp, exit_resume+8(%rip); ud2; 1:)
BODY(bus_lock,	 lock incl -2(%rsi))

BODY(apic_read,	 mov (%rsi), %eax)
BODY(apic_write, mov %eax, (%rsi))
BODY(load,	 mov (%rsi), %eax)
BODY(store,	 mov %eax, (%rsi))
BODY(call,	 call *%rsi)

/* The same with the interrupt command register of an x2APIC, and with SVM's call. */
BODY(icr_x2apic, AND_WAIT(wrmsr))
BODY(request,	 mov $EXIT_CALL, %eax; vmcall; nop)
BODY(request_store, mov $EXIT_CALL, %eax; vmcall; mov %eax, (%rsi))
BODY(request_amd, mov $EXIT_CALL, %eax; vmmcall; nop)

/* uint64_t exit_bracket_msr(const void *entry, struct body_regs *regs): as the brackets of bench/guest/ops.S. */
.macro STAMP
	mov	$0x10, %ecx
	lfence
	rdmsr
	lfence
.endm

	.globl	exit_bracket_msr
	.balign	64
exit_bracket_msr:
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rdi, %r12
	mov	%rsi, %r13
	mov	REGS_TOUCH(%r13), %rax
	mov	(%rax), %al
	mov	REGS_RAX(%r13), %r8
	mov	REGS_RDX(%r13), %r9
	mov	REGS_RCX(%r13), %r10
	mov	REGS_RSI(%r13), %rsi
	mov	REGS_RDI(%r13), %rdi
	STAMP
	mov	%eax, %r14d
	mov	%edx, %r15d
	mov	%r8, %rax
	mov	%r9, %rdx
	mov	%r10, %rcx
	call	*%r12
	STAMP
	shl	$32, %rdx
	or	%rdx, %rax
	shl	$32, %r15
	or	%r15, %r14
	mov	%r14, REGS_START(%r13)
	mov	%rax, REGS_STOP(%r13)
	sub	%r14, %rax
	mov	%rdi, REGS_RDI(%r13)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	ret

	.globl	exit_guest_call_vmx
exit_guest_call_vmx:
	mov	$EXIT_CALL, %eax
	vmcall
	ret
	.globl	exit_guest_call_svm
exit_guest_call_svm:
	mov	$EXIT_CALL, %eax
	vmmcall
	ret

	.globl	exit_nmi_handler
exit_nmi_handler:
	iretq

	.bss
	.balign	16
	.globl	exit_resume, exit_events
exit_resume:
	.skip	16
exit_events:
	.skip	8

	.section .note.GNU-stack, "", @progbits
