/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Proved in emulation": what ran on a simulated processor, by groups of operations, without an axis of cycles. */
#include <math.h>
#include <string.h>

#include "report/doc.h"
#include "report/escape.h"
#include "report/monitor.h"

#define ROWS_ON_TERMINAL	40	/* more are told by groups */

static bool in_group(const char *op, const char *group, size_t n)
{
	return !strncmp(op, group, n) && (op[n] == '.' || !op[n]);
}

static bool is_counted(const struct result *r)
{
	return !strcmp(r->clock, "instructions");
}

static void count_row(struct table *t, const struct result *r)
{
	table_text(t, "%s", r->op);
	table_count(t, is_counted(r) ? r->median : NAN);
	table_count(t, is_counted(r) ? r->empty_bracket : NAN);
	document_exits(t, r);
	table_text(t, "%llu", (unsigned long long)r->n);
	document_launches(t, r);
	document_flags(t, r->flags);
}

static const struct column count_cols[] = {
	{ "operation", TIGHT }, { "instructions", NUMBER }, { "empty bracket", NUMBER }, { "exits", NUMBER },
	{ "executed", NUMBER }, { "launches", NUMBER },	    { "flags", WORDS },
};
#define COUNT_COLS (sizeof(count_cols) / sizeof(count_cols[0]))

/* The rows of (lane) whose names begin with the (n) bytes at (group), those of root mode and split ones aside. */
static void group_table(struct doc *d, size_t lane, const char *group, size_t n)
{
	const struct series_row *row;
	const struct result *r;
	struct buf caption = BUF_INIT;
	struct table t;

	buf_printf(&caption, "%s: %.*s", d->s->lane[lane].label, (int)n, group);
	table_init(&t, buf_str(&caption), count_cols, COUNT_COLS);
	for (size_t at = 0; (r = monitor_next(d->s, lane, &at, &row));)
		if (row_kind(row) < ROW_ROOT && !(r->split.present && is_counted(r)) && in_group(r->op, group, n))
			count_row(&t, r);
	document_table(d, &t);
	buf_free(&caption);
}

/* Has (lane) a row of the group of row (end) in front of it? The catalogue may come back to a group. */
static bool group_seen(const struct series *s, size_t lane, size_t end)
{
	const char *op = s->row[end].op;

	for (size_t i = 0; i < end; i++)
		if (in_group(s->row[i].op, op, strcspn(op, ".")) && row_kind(&s->row[i]) < ROW_ROOT &&
		    series_at(s, &s->row[i], lane))
			return true;
	return false;
}

static void group_tables(struct doc *d, size_t lane)
{
	const struct series_row *row;
	const struct result *r;

	for (size_t at = 0; (r = monitor_next(d->s, lane, &at, &row));)
		if (row_kind(row) < ROW_ROOT && !group_seen(d->s, lane, at - 1))
			group_table(d, lane, r->op, strcspn(r->op, "."));
}

/* What a terminal has room for: a line a group. */
struct group { const char *op; size_t n, rows, exits, fit; double least, most; };

static void group_add(struct group *g, const struct result *r)
{
	g->rows++;
	if (isfinite(r->exits_expected)) {
		g->exits++;
		g->fit += !(r->flags & RESULT_EXIT_MISMATCH);
	}
	if (is_counted(r) && isfinite(r->median)) {
		g->least = fmin(g->least, r->median);
		g->most = fmax(g->most, r->median);
	}
}

static void group_line(struct table *t, const struct series *s, size_t lane, const struct group *g)
{
	table_text(t, "%.*s, %s", (int)g->n, g->op, s->lane[lane].label);
	table_text(t, "%zu", g->rows);
	if (g->exits)
		table_text(t, "%zu of %zu", g->fit, g->exits);
	else
		table_text(t, "%s", "");
	if (isfinite(g->least))
		table_text(t, "%g to %g", g->least, g->most);
	else
		table_text(t, "not counted");
}

static void group_summary(struct doc *d)
{
	static const struct column cols[] = {
		{ "operations", WORDS }, { "rows", NUMBER }, { "exits as expected", WORDS }, { "instructions", WORDS },
	};
	const struct series *s = d->s;
	struct table t;

	table_init(&t, "What ran, by groups; reports in HTML and Markdown have every row", cols, 4);
	for (size_t lane = s->n_cycles; lane < s->n_lanes; lane++) {
		struct group g = { .op = "" };
		const struct series_row *row;
		const struct result *r;

		for (size_t at = 0; (r = monitor_next(s, lane, &at, &row));) {
			if (!g.rows || !in_group(r->op, g.op, g.n)) {
				if (g.rows)
					group_line(&t, s, lane, &g);
				g = (struct group){ .op = r->op, .n = strcspn(r->op, "."), .least = INFINITY,
						    .most = -INFINITY };
			}
			group_add(&g, r);
		}
		if (g.rows)
			group_line(&t, s, lane, &g);
	}
	document_table(d, &t);
}

/* Every row there is, closed up: of sweeps the tables above show classes only. */
static void all_rows(struct doc *d, size_t lane)
{
	const struct series_row *row;
	const struct result *r;
	struct buf caption = BUF_INIT;
	bool any = !is_counted(d->s->lane[lane].first);
	struct table t;

	buf_printf(&caption, "%s: every row of root mode", d->s->lane[lane].label);
	table_init(&t, buf_str(&caption), count_cols, COUNT_COLS);
	for (size_t at = 0; (r = monitor_next(d->s, lane, &at, &row));) {
		if (row_kind(row) < ROW_ROOT)
			continue;
		count_row(&t, r);
		any |= row_kind(row) == ROW_SWEEP;
	}
	if (any)
		document_fold(d, buf_str(&caption), &t);
	else
		table_free(&t);
	buf_free(&caption);
}

void document_emulated(struct doc *d)
{
	const struct series *s = d->s;

	if (s->n_cycles == s->n_lanes)
		return;
	d->ops->heading(d, "Proved in emulation");
	d->ops->paragraph(
		d,
		"These ran on a simulated processor or by an instruction count. They prove that "
		"the operation works and how often it exits; their clock has nothing to do with "
		"cycles, so they are in no figure and no ratio. Instructions are a simulator's own "
		"count; a single shot's holds its bracket, as single shots do. " MONITOR_SPLIT_WORDS);
	if (!d->ops->wide && s->n_cells > ROWS_ON_TERMINAL) {
		group_summary(d);
		return;
	}
	monitor_paper(d, false);
	for (size_t lane = s->n_cycles; lane < s->n_lanes; lane++) {
		group_tables(d, lane);
		/* What another clock than a counting one said of a simulated processor is no number to show. */
		if (is_counted(s->lane[lane].first)) {
			monitor_splits(d, lane);
			monitor_root(d, lane);
			monitor_sweeps(d, lane);
		}
		all_rows(d, lane);
	}
}
