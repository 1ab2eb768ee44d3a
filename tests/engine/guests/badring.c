/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Publishes far more bytes than the ring has, and claims a row that nobody asked for. */
#include "guest.h"

int guest_main(void)
{
	struct guest_ctrl *c = ctrl_page();

	c->row_current = 0xfffffff0;
	out32(GUEST_PORT_DOORBELL, DOORBELL_ROW_BEGIN);
	c->ring_head = 0xfffffffffffffff8;
	out32(GUEST_PORT_DOORBELL, DOORBELL_ROW_END);
	return 0;
}
