/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * multiboot.h - what loaders tell the image: Multiboot 1's information structure, PVH's start info, Linux's zero page. Only
 * minivmm/monitor/boot/ includes this, from C and from assembly.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_BOOT_MULTIBOOT_H
#define VTSCOPE_MINIVMM_MONITOR_BOOT_MULTIBOOT_H

#define MULTIBOOT_HEADER_MAGIC	0x1badb002
#define MULTIBOOT_PAGE_ALIGN	0x00000001
#define MULTIBOOT_MEMORY	0x00000002
#define MULTIBOOT_VIDEO		0x00000004
#define MULTIBOOT_ADDRESSES	0x00010000

/* How the image was entered: in eax by a multiboot loader, by us for PVH. */
#define BOOT_MULTIBOOT		0x2badb002
#define BOOT_PVH		0x50564820
#define BOOT_LINUX		0x4c6e7836	/* by us for Linux's 64-bit boot protocol */

#ifndef __ASSEMBLER__

#include <stdint.h>

#define MULTIBOOT_INFO_MEMORY	0x001
#define MULTIBOOT_INFO_CMDLINE	0x004
#define MULTIBOOT_INFO_MMAP	0x040
#define MULTIBOOT_INFO_LOADER	0x200
#define MULTIBOOT_INFO_FB	0x1000

struct multiboot_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, boot_loader_name, apm_table;
	uint32_t vbe_control_info, vbe_mode_info;
	uint16_t vbe_mode, vbe_interface_seg, vbe_interface_off, vbe_interface_len;
	uint64_t framebuffer_addr;
	uint32_t framebuffer_pitch, framebuffer_width, framebuffer_height;
	uint8_t framebuffer_bpp, framebuffer_type, color_info[6];
} __attribute__((packed));

struct multiboot_mmap {
	uint32_t size;			/* of what follows */
	uint64_t addr, len;
	uint32_t type;			/* 1: RAM */
} __attribute__((packed));

#define PVH_START_MAGIC		0x336ec578

struct pvh_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist_paddr, cmdline_paddr, rsdp_paddr;
	uint64_t memmap_paddr;		/* version 1 */
	uint32_t memmap_entries, reserved;
} __attribute__((packed));

/* Linux's zero page (struct boot_params, Documentation/arch/x86/zero-page.rst): where what matters here lies. */
#define LINUX_PAGE_BYTES	4096
#define LINUX_ACPI_RSDP		0x070	/* 8 bytes */
#define LINUX_E820_ENTRIES	0x1e8	/* 1 byte */
#define LINUX_HEADER		0x202	/* "HdrS" */
#define LINUX_CMD_LINE		0x228	/* 4 bytes */
#define LINUX_E820		0x2d0	/* entries: address and size, 8 bytes each, type, 4 bytes */
#define LINUX_E820_BYTES	20
#define LINUX_E820_MAX		128

#endif
#endif
