/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Touches memory that is not there: reads float high, writes are lost, then it says what it saw. */
#include "guest.h"

int guest_main(void)
{
	volatile uint32_t *nothing = (volatile uint32_t *)(GUEST_VIRT_BASE + 0x30000000);
	uint32_t seen;

	*nothing = 0;
	seen = *nothing;
	say(seen == 0xffffffff ? "floats\n" : "answers\n");
	return 0;
}
