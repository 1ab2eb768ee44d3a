/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says so, and ends itself. */
#include "guest.h"

int guest_main(void)
{
	say("hello from a guest\n");
	return 0;
}
