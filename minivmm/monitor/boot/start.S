/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start.S - from a loader to boot_main(how, info) on a stack, in long mode.
 *
 * Multiboot 1 (GRUB, QEMU -kernel, the stub that Bochs starts from) and PVH both enter in 32-bit protected mode with
 * paging off and ebx = what the loader tells. The multiboot header has addresses, so that loaders take an ELF64.
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

	.code32
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
