/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.h - what the tiny test guests share. Only tests/engine/guests/ includes this.
 *
 * Each guest is one guest_main() that boot.S calls: what it returns is the status of the run.
 */
#ifndef VTSCOPE_TESTS_ENGINE_GUESTS_GUEST_H
#define VTSCOPE_TESTS_ENGINE_GUESTS_GUEST_H

#include "minivmm/guest_abi.h"

int guest_main(void);

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void say(const char *s)
{
	while (*s)
		out8(GUEST_PORT_CONSOLE, (uint8_t)*s++);
}

static inline struct guest_ctrl *ctrl_page(void)
{
	return (struct guest_ctrl *)(GUEST_VIRT_BASE + GUEST_CTRL_PHYS);
}

#endif
