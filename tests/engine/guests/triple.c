/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An undefined instruction where no IDT is: triple fault. */
#include "guest.h"

int guest_main(void)
{
	say("faulting\n");
	__asm__ volatile("mov $0x1234567890abcdef, %rbx\nud2");
	return 0;
}
