/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot image that is built in: boot_image of minivmm/engine.h. */
	.section .rodata.boot_image, "a", @progbits
	.balign	16
	.globl	boot_image
	.globl	boot_image_end
boot_image:
	.incbin	"bench/root/vtscope-image.elf"
boot_image_end:

	.section .note.GNU-stack, "", @progbits
