/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Begins a row and never ends it; with an argument it does not even come to its doorbell. */
#include "guest.h"

int guest_main(void)
{
	struct guest_record *begin = (struct guest_record *)(GUEST_VIRT_BASE + GUEST_RING_PHYS);

	*begin = (struct guest_record){ .magic = GUEST_RECORD_MAGIC, .type = RECORD_ROW_BEGIN };
	ctrl_page()->row_current = 0;
	ctrl_page()->ring_head = sizeof(*begin);
	if (!ctrl_page()->rows[0].arg[0])
		out32(GUEST_PORT_DOORBELL, DOORBELL_ROW_BEGIN);
	for (;;)
		__asm__ volatile("pause");
}
