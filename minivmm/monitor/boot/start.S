/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start.S - from a loader to boot_main(how, info) on a stack, in long mode.
 *
 * Multiboot 1 (GRUB, the stub that Bochs starts from) and PVH (QEMU -kernel, cloud-hypervisor, Firecracker) both enter in
 * 32-bit protected mode with paging off and ebx = what the loader tells. The multiboot header has addresses, so that
 * loaders take an ELF64. Linux's 64-bit protocol (crosvm, Firecracker before PVH) jumps to the ELF's entry in long mode
 * with rsi = the zero page; from there it is 32-bit protected mode once more, so that all come the same way.
 */
#include "minivmm/long_mode.h"
#include "minivmm/monitor/boot/multiboot.h"

#define HEADER_FLAGS	(MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY | MULTIBOOT_ADDRESSES)

	PVH_NOTE start_pvh

	.section .text.boot, "ax", @progbits
	.balign	8
	.globl	multiboot_header
multiboot_header:
	.long	MULTIBOOT_HEADER_MAGIC
	.long	HEADER_FLAGS
	.long	-(MULTIBOOT_HEADER_MAGIC + HEADER_FLAGS)
	.long	PHYS(multiboot_header)
	.long	PHYS(image_load)
	.long	PHYS(image_load_end)
	.long	PHYS(image_end)
	.long	PHYS(start_multiboot)
	.long	1, 80, 25, 0			/* text, where there is such a thing */

	/* The ELF's entry, in either mode: 0x41 is INC ECX, or in 64-bit mode a prefix of the TEST behind it. */
	.code32
	.globl	start_entry
start_entry:
	xor	%ecx, %ecx
	.byte	0x41
	test	%ecx, %ecx
	jz	start_linux
	.globl	start_multiboot
start_multiboot:
	cli
	cld
	mov	%eax, %esi
	jmp	start_common
start_pvh:
	cli
	cld
	mov	$BOOT_PVH, %esi
start_common:
	/* Long mode takes another: the monitor asks what was on before. */
	mov	%cr4, %eax
	mov	%eax, PHYS(boot_loader_cr4)
	ENTER_LONG_MODE 4, start_long

	.code64
start_linux:
	cli
	cld
	mov	%esi, %ebx
	mov	$BOOT_LINUX, %esi
	lgdt	PHYS(linux_gdtr)
	ljmpl	*PHYS(linux_target)		/* compatibility mode, where memory is mapped one to one */
	.code32
1:	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%cr0, %eax
	and	$0x7fffffff, %eax		/* PG off: long mode is left */
	mov	%eax, %cr0
	mov	$MSR_EFER, %ecx
	rdmsr
	and	$~EFER_LME, %eax
	wrmsr
	jmp	start_common
	.balign	8
linux_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff		/* 32-bit code */
	.quad	0x00cf93000000ffff		/* data */
linux_gdtr:
	.word	. - linux_gdt - 1
	.quad	PHYS(linux_gdt)
linux_target:
	.long	PHYS(1b)
	.word	8

	.code64
start_long:
	lea	boot_stack_top(%rip), %rsp
	xor	%ebp, %ebp
	mov	%esi, %edi
	mov	%ebx, %esi
	call	boot_main
2:	cli
	hlt
	jmp	2b

	.bss
	.globl	boot_loader_cr4
	.hidden	boot_loader_cr4
	.balign	16
boot_loader_cr4:
	.skip	16
	.skip	32768
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
