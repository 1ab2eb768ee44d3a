/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Halts with interrupts off. */
#include "guest.h"

int guest_main(void)
{
	__asm__ volatile("mov $0x1234567890abcdef, %rbx\n1: cli\nhlt\njmp 1b");
	return 0;
}
