/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends itself with a status that is not 0. */
#include "guest.h"

int guest_main(void)
{
	return 3;
}
