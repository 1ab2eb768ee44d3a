/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/monitor/vendor_private.h"

static int check(struct monitor *m, struct monitor_why *why)
{
	(void)m;
	*why = (struct monitor_why){ "unsupported", "not built yet" };
	return -1;
}

const struct vcpu_vendor vcpu_vendor_svm = { .name = "svm", .check = check };
