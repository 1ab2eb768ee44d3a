/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot.h - the parts of the boot image. Only minivmm/monitor/boot/ includes this. */
#ifndef VTSCOPE_MINIVMM_MONITOR_BOOT_BOOT_H
#define VTSCOPE_MINIVMM_MONITOR_BOOT_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "minivmm/guest_abi.h"

#pragma GCC visibility push(hidden)

#define PHYS_TO_VIRT(at) ((void *)(GUEST_VIRT_BASE + (uint64_t)(at)))	/* below 1 GiB */

/* ---- port.h-like helpers ---- */

static inline void port_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void port_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t port_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/* ---- main.c ---- */
void boot_main(uint32_t how, uint32_t info);

#pragma GCC visibility pop
#endif
