/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exits.c - what each row wants of the guest it runs in: the controls that make it exit, and how the exit goes on. */
#include "bench/root/root.h"

bool exits_row_setup(struct row_run *run, struct vcpu *v, struct monitor_why *why)
{
	const struct vcpu_want want = { .to_guest = 0 };

	(void)run;
	return vcpu_setup(v, &want, why);
}

void exits_row_close(struct row_run *run, struct vcpu *v)
{
	(void)run;
	(void)v;
}
