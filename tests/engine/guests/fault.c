/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports an exception as the runner does: registers in the control page, then the doorbell. */
#include "guest.h"

int guest_main(void)
{
	struct guest_ctrl *c = ctrl_page();

	c->row_current = 0;
	out32(GUEST_PORT_DOORBELL, DOORBELL_ROW_BEGIN);
	c->fault.vector = 13;
	c->fault.error = 0x18;
	c->fault.rip = 0xfeedface;
	c->fault.gpr[3] = 0x1234567890abcdef;
	c->state = GUEST_FAULTED;
	out32(GUEST_PORT_DOORBELL, DOORBELL_FAULT);
	return 1;
}
