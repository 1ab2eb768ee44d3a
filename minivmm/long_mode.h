/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * long_mode.h - from a loader's 32-bit protected mode to long mode: what bench/guest/boot.S and
 * minivmm/monitor/boot/start.S share. Assembly only.
 */
#ifndef VTSCOPE_MINIVMM_LONG_MODE_H
#define VTSCOPE_MINIVMM_LONG_MODE_H
#ifdef __ASSEMBLER__

#include "minivmm/guest_abi.h"

#define PHYS(sym)	((sym) - GUEST_VIRT_BASE)

#define PTE_TABLE	0x003			/* present, writable */
#define PTE_2M		0x083			/* present, writable, 2 MiB page */
#define PDPT_HIGH	(8 * (GUEST_VIRT_BASE >> 30))

#define MSR_EFER	0xc0000080
#define EFER_LME	0x100
#define CR4_PAE		0x20
#define CR0_LONG	0x80010033		/* PG WP NE ET MP PE */

/*
 * Maps physical [0, gigabytes GiB) at linear 0 and the first of them at GUEST_VIRT_BASE, goes to long mode and jumps
 * to (target). Paging is off; eax ecx edx edi are lost, esi and ebx are kept.
 */
.macro ENTER_LONG_MODE gigabytes, target
	mov	$PHYS(boot_pd), %edi
	mov	$PTE_2M, %eax
	mov	$512 * \gigabytes, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b

	mov	$PHYS(boot_pdpt), %edi
	mov	$PHYS(boot_pd) + PTE_TABLE, %eax
	mov	%eax, PDPT_HIGH(%edi)
	.rept	\gigabytes
	mov	%eax, (%edi)
	add	$4096, %eax
	add	$8, %edi
	.endr
	mov	$PHYS(boot_pml4), %edx
	movl	$PHYS(boot_pdpt) + PTE_TABLE, (%edx)
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
	ljmpl	$8, $PHYS(2f)
	.code64
2:	movabs	$\target, %rax
	jmp	*%rax

	.pushsection .rodata.boot, "a", @progbits
	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* 64-bit code */
	.quad	0x00cf93000000ffff		/* data */
boot_gdtr:
	.word	. - boot_gdt - 1
	.long	PHYS(boot_gdt)
	.popsection

	.pushsection .bss
	.balign	4096
	.globl	boot_pml4
boot_pml4:
	.skip	4096
boot_pdpt:
	.skip	4096
boot_pd:
	.skip	4096 * \gigabytes
	.popsection
.endm

/* The ELF note by which PVH loaders find the 32-bit entry. */
.macro PVH_NOTE entry
	.pushsection .note.pvh, "a", @note
	.balign	4
	.long	2f - 1f
	.long	4f - 3f
	.long	18				/* XEN_ELFNOTE_PHYS32_ENTRY */
1:	.asciz	"Xen"
2:	.balign	4
3:	.quad	PHYS(\entry)
4:
	.popsection
.endm

#endif
#endif
