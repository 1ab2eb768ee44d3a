/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each operation costs: engines beside each other, with the ratio to native. */
#include <math.h>
#include <string.h>

#include "minivmm/engine.h"
#include "report/doc.h"
#include "report/escape.h"

#define COMPARED_LANES	8	/* columns of the comparison; every lane has its own table behind */

static const struct result *native_of(const struct series *s, const struct series_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (strcmp(s->cell[row->first + i].r->engine, "native") == 0)
			return s->cell[row->first + i].r;
	return NULL;
}

/* The ratio, and the doubts without which a reader would take the number for something else. */
static void compare_note(struct table *t, const struct series *s, const struct series_row *row,
			 const struct series_cell *c)
{
	const struct result *native = native_of(s, row);
	double ratio = series_ratio(s, row, c);
	struct buf b = BUF_INIT;

	if (isfinite(ratio)) {
		ratio_append(&b, ratio);
		buf_puts(&b, " native");
		if (native && !strncmp(row->op, "mem.", 4) && strcmp(native->memory, c->r->memory))
			buf_printf(&b, ", memory %s against %s", c->r->memory, native->memory);
	}
	if (c->r->flags & RESULT_EXIT_MISMATCH)
		buf_printf(&b, "%sexit count does not fit", b.len ? ", " : "");
	if (b.len)
		table_note(t, "%s", buf_str(&b));
	buf_free(&b);
}

static void compare_row(struct table *t, const struct series *s, const struct series_row *row,
			size_t lanes)
{
	table_text(t, "%s", row->op);
	for (size_t lane = 0; lane < lanes; lane++) {
		const struct result *r = series_at(s, row, lane);

		if (r) {
			table_number(t, r->median);
			compare_note(t, s, row, &(struct series_cell){ r, lane });
		} else {
			table_muted(t, series_missing(s, row->op, s->lane[lane].first->engine));
		}
	}
}

static bool has_row(const struct series *s, const char *op)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (strcmp(s->row[i].op, op) == 0)
			return true;
	return false;
}

/* Only the project's own monitor has it: where it did not run, a reader of costs misses nothing. */
static bool is_monitors(const char *name)
{
	const struct op *op = op_find(name);

	return op_sweep(name) || (op && (op->level == OP_LEVEL_R || op->wants & ENGINE_MONITOR));
}

/* Operations that no engine could measure stand below the others, with a word an engine. */
static void unmeasured_rows(struct table *t, const struct series *s, size_t lanes)
{
	for (size_t i = 0; i < s->n_absent && table_rows(t) < TABLE_ROWS_MAX; i++) {
		const char *op = s->absent[i].op;

		if ((i && strcmp(s->absent[i - 1].op, op) == 0) || has_row(s, op) || is_monitors(op))
			continue;
		table_text(t, "%s", op);
		for (size_t lane = 0; lane < lanes; lane++)
			table_muted(t, series_missing(s, op, s->lane[lane].first->engine));
	}
}

void document_costs(struct doc *d)
{
	const struct series *s = d->s;
	size_t lanes = s->n_cycles < COMPARED_LANES ? s->n_cycles : COMPARED_LANES;
	struct column cols[COMPARED_LANES + 1] = { { "operation", WORDS } };
	struct table t;

	if (!lanes)
		return;
	d->ops->heading(d, "What each operation costs");
	d->ops->paragraph(
		d, "Medians of launch medians, in cycles (TSC ticks) per operation. Each engine "
		   "is named with what really served it and its provenance.");
	if (d->ops->bars) {
		d->ops->bars(d);
		return;
	}
	for (size_t i = 0; i < lanes; i++)
		cols[i + 1] = (struct column){ s->lane[i].label, NUMBER };
	table_init(&t, "Median cycles by engine", cols, lanes + 1);
	for (size_t i = 0; i < s->n_rows; i++)
		if (row_has_cycles(s, &s->row[i]) && row_kind(&s->row[i]) < ROW_ROOT)
			compare_row(&t, s, &s->row[i], lanes);
	if (s->n_rows < TABLE_ROWS_MAX)
		unmeasured_rows(&t, s, lanes);
	document_table(d, &t);
	if (lanes < s->n_cycles)
		d->ops->paragraph(
			d,
			"More engines than fit beside each other: the others are under All "
			"numbers.");
}
