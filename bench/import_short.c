/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows in short, from a screen. They are kept aside until all lines were read: where the full lines of the same operation
 * came, too, the row would be the same measurement twice.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import_private.h"
#include "bench/op.h"
#include "common/parse.h"

struct import_short {
	struct import_engine *engine;
	size_t op;
	struct launch_values v;
};

/* The operation of (q), by its name, or where that is cut by its number in the same catalogue. */
static const struct op *short_op(const struct import *im, const struct lines_short *q)
{
	size_t n = strlen(q->name), all;

	if (!import_same_catalog(im))
		return q->cut ? NULL : op_find(q->name);
	if (q->op >= n_ops)
		return NULL;
	if (!q->cut)
		return strcmp(ops[q->op].name, q->name) ? NULL : &ops[q->op];
	all = strlen(ops[q->op].name);
	return all > n && !strcmp(ops[q->op].name + all - n, q->name) ? &ops[q->op] : NULL;
}

static int short_keep(struct import *im, const struct import_short *s)
{
	if (im->n_short == im->short_room) {
		size_t room = im->short_room ? 2 * im->short_room : 256;
		struct import_short *more = reallocarray(im->row_short, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		im->row_short = more;
		im->short_room = room;
	}
	im->row_short[im->n_short++] = *s;
	return 0;
}

void import_row_short(void *ctx, const struct lines_short *q)
{
	struct import *im = ctx;
	const struct op *op;
	struct import_short s = { .v = { .cold = NAN, .p1 = NAN, .p25 = NAN, .p75 = NAN, .p90 = NAN, .p999 = NAN,
					 .max = NAN, .mean = NAN, .mad = NAN, .empty_median = NAN, .empty_min = NAN,
					 .split_exit = NAN, .split_handler = NAN, .split_entry = NAN,
					 .split_total = NAN } };

	import_section_begin(im);
	im->rows_came++;
	op = short_op(im, q);
	if (!im->at) {
		im->rows_unplaced++;
		return;
	}
	if (!op) {
		if (!q->cut && op_find(q->name))
			im->rows_mismatched++;
		else
			import_unknown_note(im, q->name);
		return;
	}
	s.engine = im->at;
	s.op = (size_t)(op - ops);
	s.v.n = q->n;
	s.v.n_diff = !isnan(q->diff);	/* how many pairs there were is not said: one at least */
	s.v.min = q->min;
	s.v.median = q->median;
	s.v.p99 = q->p99;
	s.v.diff_median = s.v.diff_min = q->diff;
	s.v.copies = 1;
	s.v.flags = q->flags;
	s.v.exits = q->exits;
	s.v.executions = q->executions;
	s.v.counted = q->executions > 0;
	parse_double(im->hello.text[HELLO_EMPTY], 0, 1e12, &s.v.empty_median);
	if (short_keep(im, &s) < 0)
		im->error = -ENOMEM;
}

/* The launch of (t) that lost a line, and whose numbers the screen has, is no second one. */
static void torn_forget(struct tally *t)
{
	for (size_t i = 0; i < t->n_launches; i++)
		if (!t->launch[i].n && !t->launch[i].n_diff) {
			t->launch[i] = t->launch[--t->n_launches];
			return;
		}
}

void import_short_settle(struct import *im)
{
	for (size_t i = 0; i < im->n_short; i++) {
		const struct import_short *s = &im->row_short[i];

		if (s->engine->full[s->op]) {
			im->rows_short++;
			continue;
		}
		s->engine->measured = true;
		torn_forget(&s->engine->tally[s->op]);
		if (tally_add_values(&s->engine->tally[s->op], &s->v) < 0)
			im->error = -ENOMEM;
	}
}
