/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Never comes back: no exit, no doorbell. */
#include "guest.h"

int guest_main(void)
{
	say("hanging\n");
	__asm__ volatile("mov $0x1234567890abcdef, %rbx\n1: jmp 1b");
	return 0;
}
