/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a guest of guest_abi.h is loaded and runs. Preprocessed to guest.lds. */
#include "minivmm/guest_abi.h"

#define LOADED(section)	section : AT(ADDR(section) - GUEST_VIRT_BASE)

ENTRY(guest_start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
	note PT_NOTE FLAGS(4);
}

SECTIONS
{
	. = GUEST_VIRT_BASE + GUEST_IMAGE_PHYS;
	LOADED(.text) { *(.text.boot) *(.text .text.*) } :text
	LOADED(.rodata) { *(.rodata .rodata.*) } :text
	. = ALIGN(4);
	LOADED(.note.pvh) { KEEP(*(.note.pvh)) } :text :note
	. = ALIGN(4096);
	LOADED(.data) { *(.data .data.*) } :data
	. = ALIGN(4096);
	LOADED(.bss) { *(.bss .bss.* COMMON) } :data
	/DISCARD/ : { *(.comment) *(.eh_frame*) *(.note.gnu*) *(.note.GNU-stack) }
	ASSERT(. <= GUEST_VIRT_BASE + GUEST_IMAGE_END, "the guest reaches into its arena")
}
