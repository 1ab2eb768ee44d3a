/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_check.c - the image's reading of a command line, for the program that writes the disk. Not a part of the image. */
#include "minivmm/monitor/boot/plan_abi.h"

#include "minivmm/monitor/boot/boot.h"

static bool has_rows(const struct plan *p, enum ring0_engine engine)
{
	struct guest_ctrl c = { .row_count = 0 };

	return plan_fill(p, engine, 0, 1, &c) != 0;
}

bool boot_plan_check(const char *line, char *why, size_t size)
{
	struct text text = text_in(why, size);
	struct plan p;
	bool any = false;

	if (!plan_parse(&p, line, &text))
		return false;
	/* Which engines the machine has is not known here: those that are not named are all possible. */
	for (unsigned i = 0; i < PLAN_ENGINES && !any; i++)
		any = p.engines ? i < p.engines && has_rows(&p, p.engine[i]) : has_rows(&p, (enum ring0_engine)i);
	if (!any)
		text_put(&text, "none of the operations that it leaves can run on its engine");
	return any;
}
