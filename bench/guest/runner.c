/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner.c - executes the rows of the control page.
 */
#include "minivmm/guest_abi.h"

int guest_main(void);

static void console_write(const char *s)
{
	for (; *s; s++)
		__asm__ volatile("outb %0, %1" : : "a"(*s), "Nd"((uint16_t)GUEST_PORT_CONSOLE));
}

int guest_main(void)
{
	console_write("hello\n");
	return 0;
}
