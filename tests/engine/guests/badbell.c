/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rings the doorbell with a word that means nothing. */
#include "guest.h"

int guest_main(void)
{
	out32(GUEST_PORT_DOORBELL, 0xdeadbeef);
	return 0;
}
