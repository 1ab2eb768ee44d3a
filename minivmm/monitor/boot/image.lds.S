/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the boot image is loaded and runs. Preprocessed to image.lds. One segment: loaders that read the multiboot
 * header's addresses copy it as it lies in the file. */
#include "minivmm/guest_abi.h"

#define LOADED(section)	section : AT(ADDR(section) - GUEST_VIRT_BASE)

ENTRY(image_entry)

PHDRS
{
	image PT_LOAD FILEHDR PHDRS FLAGS(7);
	note PT_NOTE FLAGS(4);
}

SECTIONS
{
	image_load = GUEST_VIRT_BASE + GUEST_IMAGE_PHYS;
	. = image_load + SIZEOF_HEADERS;
	LOADED(.text) { *(.text.boot) *(.text .text.*) } :image
	LOADED(.rodata) { *(.rodata .rodata.*) } :image
	. = ALIGN(4);
	LOADED(.note.pvh) { KEEP(*(.note.pvh)) } :image :note
	. = ALIGN(4096);
	LOADED(.data) { *(.data .data.*) } :image
	image_load_end = .;
	. = ALIGN(4096);
	LOADED(.bss) { *(.bss .bss.* COMMON) } :image
	image_end = .;
	image_entry = start_entry - GUEST_VIRT_BASE;
	/DISCARD/ : { *(.comment) *(.eh_frame*) *(.note.gnu*) *(.note.GNU-stack) }
	/* Firmware built from EDK II keeps tables at 8 MiB, where GRUB then loads nothing. */
	ASSERT(. <= GUEST_VIRT_BASE + 0x800000, "the image is too large")
}
