/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/raw.h"

#include <errno.h>
#include <stdlib.h>

int raw_init(struct raw *r, uint32_t cap)
{
	*r = (struct raw){ .value = calloc(cap, sizeof(*r->value)), .cap = cap, .every = 1 };
	return r->value ? 0 : -ENOMEM;
}

void raw_free(struct raw *r)
{
	free(r->value);
	*r = (struct raw){ 0 };
}

void raw_reset(struct raw *r)
{
	r->n = 0;
	r->seen = 0;
	r->every = 1;
}

/* Full: every second one goes, and from now on every second one is taken. */
static void thin(struct raw *r)
{
	uint32_t i;

	for (i = 0; 2 * i < r->n; i++)
		r->value[i] = r->value[2 * i];
	r->n = i;
	r->every *= 2;
}

void raw_add(struct raw *r, double value)
{
	if (!r->cap)
		return;
	if (r->seen % r->every == 0 && r->n == r->cap)
		thin(r);
	if (r->seen % r->every == 0)
		r->value[r->n++] = value;
	r->seen++;
}
