/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rom.S - an option ROM that starts an image that already lies in memory: how Bochs boots without a disk. The image is
 * at GUEST_IMAGE_PHYS (its ELF header names the entry), a multiboot information structure at GUEST_BOOT_INFO_PHYS.
 * The carrier pads the file to 512 bytes and makes their sum 0.
 */
#include "minivmm/guest_abi.h"
#include "minivmm/monitor/boot/multiboot.h"

#define ROM		GUEST_BOOT_ROM_PHYS
#define A20_PORT	0x92
#define ELF_ENTRY	24

	.text
	.code16
rom_start:
	.byte	0x55, 0xaa, 1			/* an option ROM of 512 bytes; the BIOS calls behind this */
	cli
	cld
	in	$A20_PORT, %al
	or	$2, %al
	and	$0xfe, %al
	out	%al, $A20_PORT
	push	%cs
	pop	%ds
	lgdtl	rom_gdtr - rom_start
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $(ROM + 1f - rom_start)
	.code32
1:	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
#ifdef ROM_CR4					/* of a test: somebody's bits */
	mov	$ROM_CR4, %eax
	mov	%eax, %cr4
#endif
	mov	$BOOT_MULTIBOOT, %eax
	mov	$GUEST_BOOT_INFO_PHYS, %ebx
	mov	GUEST_IMAGE_PHYS + ELF_ENTRY, %ecx
	jmp	*%ecx

	.balign	8
rom_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
rom_gdtr:
	.word	. - rom_gdt - 1
	.long	ROM + rom_gdt - rom_start


	.section .note.GNU-stack, "", @progbits
