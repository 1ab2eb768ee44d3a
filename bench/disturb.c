/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a disturbance is too much. Pure. */
#include "bench/disturb.h"

#include <math.h>

/*
 * A counter is over when it is at least (least) and more than (rate) times the seconds: what it stands for took a tenth
 * of the time or more, or came so often that the measurement never was alone. (least) is what the counter's own
 * coarseness allows: steal time has ticks of 10 ms. doc/method.md has the same table.
 */
static const struct {
	const char *name;
	size_t offset;
	double rate, least;
} causes[DISTURB_CAUSES] = {
	{ "context-switches", offsetof(struct disturb, context_switches), 100, 10 },
	{ "waited", offsetof(struct disturb, waited), 0.1, 0.005 },
	{ "migrations", offsetof(struct disturb, migrations), 10, 3 },
	{ "interrupts", offsetof(struct disturb, interrupts), 10000, 1000 },
	{ "steal", offsetof(struct disturb, steal), 0.1, 0.02 },
	{ "throttled", offsetof(struct disturb, throttled), 0.1, 0.005 },
	{ "smis", offsetof(struct disturb, smis), 10, 2 },
};

#define MEMBERS	(sizeof(struct disturb) / sizeof(double))
_Static_assert(sizeof(struct disturb) == 10 * sizeof(double), "disturb_between() takes every member for a counter");

const char *disturb_cause_name(unsigned bit_index)
{
	return bit_index < DISTURB_CAUSES ? causes[bit_index].name : NULL;
}

void disturb_between(const struct disturb *a, const struct disturb *b, struct disturb *grew)
{
	const double *from = (const double *)a, *to = (const double *)b;
	double *out = (double *)grew;

	for (size_t i = 0; i < MEMBERS; i++) {
		double d = to[i] - from[i];

		out[i] = d < 0 ? 0 : d;
	}
}

unsigned disturb_over(const struct disturb *grew)
{
	unsigned over = 0;

	for (unsigned i = 0; i < DISTURB_CAUSES; i++) {
		double v = *(const double *)((const char *)grew + causes[i].offset);

		if (v >= causes[i].least && v > causes[i].rate * grew->seconds)
			over |= 1u << i;
	}
	return over;
}

double disturb_core_ratio(const struct disturb *grew)
{
	return grew->core > 0 && grew->reference > 0 ? grew->core / grew->reference : NAN;
}
