/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Never comes back either, with an exit to user space every few instructions. */
#include "guest.h"

int guest_main(void)
{
	for (;;)
		out32(GUEST_PORT_IO, 0);
}
