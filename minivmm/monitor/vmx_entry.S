/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_entry.S - into the guest and out of it.
 *
 * An exit arrives at HOST_RIP with RSP at the top of the exit stack and the guest's other general registers in place:
 * one of the fast stubs, or vmx_exit_full. A stub takes what it compares equal; all else goes on to vmx_exit_full with
 * nothing lost. RFLAGS, RIP and RSP are the VMCS's.
 */
#include "minivmm/monitor/vmx_private.h"

#define VMCS_FIELD(encoding, name, ...) .set VMCS_##name, encoding;
#include "arch/x86/vmcs.def"
#undef VMCS_FIELD

	.text

/* uint32_t vmx_enter(uint64_t gpr[16], uint32_t launched) */
	.globl	vmx_enter
	.balign	16
vmx_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, host_rsp(%rip)
	mov	%rdi, guest_gpr(%rip)
	test	%esi, %esi			/* moves keep the flags */
	mov	0x00(%rdi), %rax
	mov	0x08(%rdi), %rcx
	mov	0x10(%rdi), %rdx
	mov	0x18(%rdi), %rbx
	mov	0x28(%rdi), %rbp
	mov	0x30(%rdi), %rsi
	mov	0x40(%rdi), %r8
	mov	0x48(%rdi), %r9
	mov	0x50(%rdi), %r10
	mov	0x58(%rdi), %r11
	mov	0x60(%rdi), %r12
	mov	0x68(%rdi), %r13
	mov	0x70(%rdi), %r14
	mov	0x78(%rdi), %r15
	mov	0x38(%rdi), %rdi
	jnz	1f
	vmlaunch
	jmp	entry_refused
1:	vmresume
	/* Here it is as after an exit, but for RSP, which nothing below needs to be more than a stack. */
entry_refused:
	push	%rax
	mov	guest_gpr(%rip), %rax
	call	gpr_save
	mov	$1, %eax			/* VMX_FAIL_INVALID; the flags are still the instruction's */
	jc	leave
	mov	$2, %eax			/* VMX_FAIL_VALID */
	jmp	leave

/* With the guest's rax on the stack above the return address, and in rax where to. Keeps the flags. */
gpr_save:
	mov	%rcx, 0x08(%rax)
	mov	%rdx, 0x10(%rax)
	mov	%rbx, 0x18(%rax)
	mov	%rbp, 0x28(%rax)
	mov	%rsi, 0x30(%rax)
	mov	%rdi, 0x38(%rax)
	mov	%r8, 0x40(%rax)
	mov	%r9, 0x48(%rax)
	mov	%r10, 0x50(%rax)
	mov	%r11, 0x58(%rax)
	mov	%r12, 0x60(%rax)
	mov	%r13, 0x68(%rax)
	mov	%r14, 0x70(%rax)
	mov	%r15, 0x78(%rax)
	mov	8(%rsp), %rcx
	mov	%rcx, 0x00(%rax)
	ret

	.globl	vmx_exit_full
	.balign	16
vmx_exit_full:
	push	%rax
exit_full:					/* from a stub, which has pushed rax */
	mov	guest_gpr(%rip), %rax
	call	gpr_save
	xor	%eax, %eax
leave:	mov	host_rsp(%rip), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* The full path's first stamp; its last is C's, before vmx_enter(). */
	.globl	vmx_exit_full_stamped
	.balign	16
vmx_exit_full_stamped:
	push	%rax
	push	%rdx
	rdtsc
	mov	%eax, vcpu_stamps(%rip)
	mov	%edx, vcpu_stamps + 4(%rip)
	pop	%rdx
	jmp	exit_full

/* ---- the fast path ---- */

/*
 * The count begins below 0: at 0 the exit is C's, which looks at its deadline. The preemption timer starts again at each
 * entry, so that a guest that only exits would never be ended.
 *
 * RDX is pushed for the stamps alone: without them the sum of RIP and length is made in memory, which takes one
 * register and two instructions less than keeping it in another.
 */
.macro STUB_BEGIN field, stamped
	.balign	16
	push	%rax
	.if	\stamped
	push	%rdx
	rdtsc
	mov	%eax, vcpu_stamps(%rip)
	mov	%edx, vcpu_stamps + 4(%rip)
	.endif
	mov	$\field, %eax
	vmread	%rax, %rax
	cmp	vmx_fast_expected(%rip), %eax
	.if	\stamped
	jne	exit_full_rdx
	incq	vmx_fast_exits(%rip)
	jns	exit_full_rdx
	.else
	jne	exit_full
	incq	vmx_fast_exits(%rip)
	jns	exit_full
	.endif
.endm

.macro STUB_END stamped
	.if	\stamped
	lfence					/* the last stamp is behind all of the path */
	rdtsc
	mov	%eax, vcpu_stamps + 8(%rip)
	mov	%edx, vcpu_stamps + 12(%rip)
	pop	%rdx
	.endif
	pop	%rax
	vmresume
	jmp	entry_refused
.endm

.macro STUB name, field, stamped
\name\()_skip:
	STUB_BEGIN \field, \stamped
	mov	$VMCS_GUEST_RIP, %eax
	vmread	%rax, fast_rip(%rip)
	mov	$VMCS_VM_EXIT_INSTRUCTION_LEN, %eax
	vmread	%rax, %rax
	add	%rax, fast_rip(%rip)
	mov	$VMCS_GUEST_RIP, %eax
	vmwrite	fast_rip(%rip), %rax
	STUB_END \stamped
\name\()_length:
	STUB_BEGIN \field, \stamped
	mov	$VMCS_GUEST_RIP, %eax
	vmread	%rax, fast_rip(%rip)
	mov	vmx_fast_length(%rip), %rax
	add	%rax, fast_rip(%rip)
	mov	$VMCS_GUEST_RIP, %eax
	vmwrite	fast_rip(%rip), %rax
	STUB_END \stamped
\name\()_stay:
	STUB_BEGIN \field, \stamped
	STUB_END \stamped
.endm

exit_full_rdx:
	pop	%rdx
	jmp	exit_full

	STUB	fast_reason, VMCS_VM_EXIT_REASON, 0
	STUB	fast_reason_stamped, VMCS_VM_EXIT_REASON, 1
	STUB	fast_event, VMCS_VM_EXIT_INTR_INFO, 0
	STUB	fast_event_stamped, VMCS_VM_EXIT_INTR_INFO, 1

/* ---- guest ---- */

/* RIP of a guest at its start: rdi is fn, rsi its argument, rbx the call that ends it. */
	.globl	vmx_guest_start
	.balign	16
vmx_guest_start:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	mov	%ebx, %edi
	call	vmx_guest_call
	ud2

/*
 * void vmx_guest_call(uint32_t number): the guest's own call must get through where VMCALL is what the row measures.
 * Host and guest share their memory: the guest turns the fast path off, the host on again.
 */
	.globl	vmx_guest_call
vmx_guest_call:
	movl	$-1, vmx_fast_expected(%rip)
	mov	%edi, %eax
	vmcall
	ret

	.section .rodata
	.balign	8
	.globl	vmx_stubs
vmx_stubs:
	.quad	fast_reason_skip, fast_reason_length, fast_reason_stay
	.quad	fast_reason_stamped_skip, fast_reason_stamped_length, fast_reason_stamped_stay
	.quad	fast_event_skip, fast_event_length, fast_event_stay
	.quad	fast_event_stamped_skip, fast_event_stamped_length, fast_event_stamped_stay

	.bss
	.balign	64
	.globl	vmx_fast_exits, vmx_fast_length, vmx_fast_expected
vmx_fast_exits:
	.skip	8
vmx_fast_length:
	.skip	8
fast_rip:
	.skip	8
vmx_fast_expected:
	.skip	8
host_rsp:
	.skip	8
guest_gpr:
	.skip	8
	.balign	4096
	.skip	VMX_EXIT_STACK_BYTES
	.globl	vmx_exit_stack_top, vmx_guest_stack_top
vmx_exit_stack_top:
	.skip	VMX_GUEST_STACK_BYTES
vmx_guest_stack_top:

	.section .note.GNU-stack, "", @progbits
