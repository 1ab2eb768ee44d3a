/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option ROM that is built in: boot_rom of bochs.h. */
	.section .rodata.boot_rom, "a", @progbits
	.globl	boot_rom
	.globl	boot_rom_end
boot_rom:
	.incbin	"minivmm/bochs/rom.bin"
boot_rom_end:

	.section .note.GNU-stack, "", @progbits
