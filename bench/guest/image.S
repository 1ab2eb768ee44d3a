/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runner image that is built in: guest_image of minivmm/engine.h. */
	.section .rodata.guest_image, "a", @progbits
	.balign	16
	.globl	guest_image
	.globl	guest_image_end
guest_image:
	.incbin	"bench/guest/guest.elf"
guest_image_end:

	.section .note.GNU-stack, "", @progbits
