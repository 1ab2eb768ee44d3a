/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot.S - from an engine or a PVH loader to guest_main() on a stack. Any guest of guest_abi.h links this first.
 *
 * guest_start is the long-mode entry (e_entry). start32 is what the PVH note names: it builds the boot mapping that
 * other engines build themselves and goes on to guest_start. What guest_main() returns is the status of the run.
 */
#include "minivmm/guest_abi.h"

#define PHYS(sym)	((sym) - GUEST_VIRT_BASE)

#define PTE_TABLE	0x003			/* present, writable */
#define PTE_2M		0x083			/* present, writable, 2 MiB page */
#define PDPT_HIGH	(8 * (GUEST_VIRT_BASE >> 30))

#define MSR_EFER	0xc0000080
#define EFER_LME	0x100
#define CR4_PAE		0x20
#define CR0_LONG	0x80010033		/* PG WP NE ET MP PE */

	.section .note.pvh, "a", @note
	.balign	4
	.long	2f - 1f
	.long	4f - 3f
	.long	18				/* XEN_ELFNOTE_PHYS32_ENTRY */
1:	.asciz	"Xen"
2:	.balign	4
3:	.quad	PHYS(start32)
4:

	.section .text.boot, "ax", @progbits
	.code32
start32:
	cli
	cld
	mov	$PHYS(boot_pd), %edi
	mov	$PTE_2M, %eax
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b

	mov	$PHYS(boot_pdpt), %edi
	mov	$PHYS(boot_pd) + PTE_TABLE, %eax
	mov	%eax, (%edi)
	mov	%eax, PDPT_HIGH(%edi)
	mov	$PHYS(boot_pml4), %edx
	add	$PTE_TABLE, %edi
	mov	%edi, (%edx)
	mov	%edx, %cr3

	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	$CR0_LONG, %eax
	mov	%eax, %cr0
	lgdtl	PHYS(boot_gdtr)
	ljmpl	$8, $PHYS(1f)
	.code64
1:	movabs	$guest_start, %rax
	jmp	*%rax

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

	.section .rodata.boot, "a", @progbits
	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* 64-bit code */
	.quad	0x00cf93000000ffff		/* data */
boot_gdtr:
	.word	. - boot_gdt - 1
	.long	PHYS(boot_gdt)

	.bss
	.balign	4096
boot_pml4:
	.skip	4096
boot_pdpt:
	.skip	4096
boot_pd:
	.skip	4096
	.globl	guest_stack_top
	.skip	16384
guest_stack_top:

	.section .note.GNU-stack, "", @progbits
