/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/series.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct lane_style lane_styles[LANE_STYLES] = {
	{ "native",   "#333333",  7,  6, 0.90, "●", 244 },
	{ "kvm",      "#0072b2",  5,  4, 0.80, "■", 33 },
	{ "qemu-kvm", "#009e73", 13, 12, 1.00, "◆", 36 },
	{ "tcg",      "#d55e00",  9,  8, 1.00, "▲", 202 },
	{ "bt",       "#aa4499", 11, 10, 1.00, "▼", 169 },
	{ "vmx",      "#56b4e9",  7,  6, 0.90, "●", 75 },
	{ "svm",      "#e69f00",  5,  4, 0.80, "■", 214 },
	{ "exec",     "#886600",  9,  8, 1.00, "▲", 94 },
};

static bool is_cycles(const struct result *r)
{
	return (!strcmp(r->provenance, "hardware") || !strcmp(r->provenance, "nested") ||
		!strcmp(r->provenance, "software")) && !strcmp(r->clock, "tsc");
}

static size_t engine_rank(const char *engine)
{
	size_t i = 0;

	while (i < LANE_STYLES && strcmp(lane_styles[i].engine, engine))
		i++;
	return i;
}

static int lane_order(const struct result *a, const struct result *b)
{
	size_t ra = engine_rank(a->engine), rb = engine_rank(b->engine);
	int d = is_cycles(b) - is_cycles(a);

	if (!d)
		d = (ra > rb) - (ra < rb);
	if (!d)
		d = strcmp(a->engine, b->engine);
	if (!d)
		d = strcmp(a->backend, b->backend);
	if (!d)
		d = strcmp(a->provenance, b->provenance);
	if (!d)
		d = strcmp(a->via, b->via);
	return d ? d : strcmp(a->clock, b->clock);
}

static int by_lane(const void *a, const void *b)
{
	return lane_order(((const struct series_cell *)a)->r, ((const struct series_cell *)b)->r);
}

static size_t op_rank(const char *name)
{
	const struct op *op = op_find(name);

	return op ? (size_t)(op - ops) : n_ops;
}

static int op_order(const char *a, const char *b)
{
	size_t ra = op_rank(a), rb = op_rank(b);

	return ra != rb ? (ra > rb) - (ra < rb) : strcmp(a, b);
}

/* Operation, then lane, then the order of the file. */
static int by_op(const void *pa, const void *pb)
{
	const struct series_cell *a = pa, *b = pb;
	int d = op_order(a->r->op, b->r->op);

	if (!d)
		d = (a->lane > b->lane) - (a->lane < b->lane);
	return d ? d : (a->r > b->r) - (a->r < b->r);
}

static void lane_name(struct lane *l)
{
	const struct result *r = l->first;
	bool plain = !r->via[0] || !strcmp(r->via, "process");

	snprintf(l->label, sizeof(l->label), "%s (%s%s%s%s%s)", r->engine, r->backend,
		 r->backend[0] ? ", " : "", r->provenance, plain ? "" : ", via ",
		 plain ? "" : r->via);
}

/*
 * The engine's own style where it is free, else the next free one; past the last the figures
 * leave a lane out.
 */
static void choose_styles(struct series *s)
{
	bool taken[LANE_STYLES] = { false };

	for (size_t i = 0; i < s->n_lanes; i++) {
		size_t k = engine_rank(s->lane[i].first->engine);

		s->lane[i].style = k < LANE_STYLES && !taken[k] ? (unsigned)k : LANE_STYLES;
		if (k < LANE_STYLES)
			taken[k] = true;
	}
	for (size_t i = 0; i < s->n_lanes; i++) {
		unsigned k = 0;

		if (s->lane[i].style < LANE_STYLES)
			continue;
		while (k < LANE_STYLES && taken[k])
			k++;
		s->lane[i].style = k;
		if (k < LANE_STYLES)
			taken[k] = true;
	}
}

static int make_lanes(struct series *s)
{
	size_t n = 0;

	qsort(s->cell, s->n_cells, sizeof(*s->cell), by_lane);
	for (size_t i = 0; i < s->n_cells; i++) {
		n += i == 0 || lane_order(s->cell[i - 1].r, s->cell[i].r);
		s->cell[i].lane = n - 1;
	}
	s->lane = calloc(n ? n : 1, sizeof(*s->lane));
	if (!s->lane)
		return -ENOMEM;
	s->n_lanes = n;
	for (size_t i = 0; i < s->n_cells; i++) {
		struct lane *l = &s->lane[s->cell[i].lane];

		if (l->first)
			continue;
		l->first = s->cell[i].r;
		l->cycles = is_cycles(l->first);
		s->n_cycles += l->cycles;
		lane_name(l);
	}
	choose_styles(s);
	return 0;
}

/*
 * Cells come sorted by operation and lane. A lane's second measurement of an operation goes to a
 * second row: (pass) counts through them, so that each row holds a lane at most once and the
 * cells stay by lane.
 */
static size_t split_repeats(struct series_cell *c, size_t n, struct series_cell *out,
			    struct series_row *row)
{
	size_t rows = 0, done = 0;

	for (size_t pass = 0; done < n; pass++) {
		size_t first = done, nth = 0;

		for (size_t i = 0; i < n; i++) {
			nth = i && c[i].lane == c[i - 1].lane ? nth + 1 : 0;
			if (nth == pass)
				out[done++] = c[i];
		}
		row[rows++] =
			(struct series_row){ .op = c[0].r->op, .first = first, .n = done - first };
		if (pass == 64) {	/* hostile: take the rest as it comes, a row each */
			for (size_t i = 0; i < n; i++) {
				nth = i && c[i].lane == c[i - 1].lane ? nth + 1 : 0;
				if (nth <= pass)
					continue;
				row[rows++] =
					(struct series_row){ .op = c[0].r->op, .first = done, .n = 1 };
				out[done++] = c[i];
			}
		}
	}
	return rows;
}

static int make_rows(struct series *s)
{
	struct series_cell *sorted = calloc(s->n_cells ? s->n_cells : 1, sizeof(*sorted));

	s->row = calloc(s->n_cells ? s->n_cells : 1, sizeof(*s->row));
	if (!sorted || !s->row) {
		free(sorted);
		return -ENOMEM;
	}
	qsort(s->cell, s->n_cells, sizeof(*s->cell), by_op);
	for (size_t i = 0, end; i < s->n_cells; i = end) {
		struct series_row *row = s->row + s->n_rows;
		size_t rows;

		for (end = i + 1; end < s->n_cells && !strcmp(s->cell[i].r->op, s->cell[end].r->op);
		     end++)
			;
		rows = split_repeats(s->cell + i, end - i, sorted + i, row);
		for (size_t k = 0; k < rows; k++) {
			row[k].first += i;
			row[k].known = op_find(row[k].op);
			row[k].native = NAN;
		}
		s->n_rows += rows;
	}
	free(s->cell);
	s->cell = sorted;
	return 0;
}

static const struct series_row *find_row(const struct series *s, const char *op)
{
	size_t lo = 0, hi = s->n_rows;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (op_order(s->row[mid].op, op) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n_rows && !strcmp(s->row[lo].op, op) ? &s->row[lo] : NULL;
}

/* Unprivileged instructions cost the same at every level, so native's .u row serves .k too. */
static double native_median(const struct series *s, const struct series_row *row, size_t lane)
{
	const struct result *r = series_at(s, row, lane);
	char user[64];
	size_t n = strlen(row->op);

	if (!r && row_kind(row) == ROW_COMPUTES && n > 2 && n < sizeof(user) &&
	    !strcmp(row->op + n - 2, ".k")) {
		memcpy(user, row->op, n + 1);
		user[n - 1] = 'u';
		row = find_row(s, user);
		r = row ? series_at(s, row, lane) : NULL;
	}
	return r && plottable(r->median) ? r->median : NAN;
}

const char *gap_reason(const struct skipped *k)
{
	size_t name = op_sweep(k->op), n;

	if (!name)
		return k->reason;
	n = strlen(k->op + name + 1);
	return !strncmp(k->reason, k->op + name + 1, n) && !strncmp(k->reason + n, ": ", 2) ? k->reason + n + 2 : k->reason;
}

static int by_gap(const void *pa, const void *pb)
{
	const struct skipped *a = *(const struct skipped *const *)pa,
			     *b = *(const struct skipped *const *)pb;
	size_t ra = engine_rank(a->engine), rb = engine_rank(b->engine);
	int d = (ra > rb) - (ra < rb);

	if (!d)
		d = strcmp(a->engine, b->engine);
	if (!d)
		d = strcmp(a->check, b->check);
	if (!d)
		d = strcmp(gap_reason(a), gap_reason(b));
	if (!d)
		d = strcmp(a->hint, b->hint);
	if (!d)
		d = a->unverified - b->unverified;
	return d ? d : op_order(a->op, b->op);
}

static bool same_gap(const struct skipped *a, const struct skipped *b)
{
	return !strcmp(a->engine, b->engine) && !strcmp(a->check, b->check) &&
	       !strcmp(gap_reason(a), gap_reason(b)) && !strcmp(a->hint, b->hint) &&
	       a->unverified == b->unverified;
}

static int make_gaps(struct series *s)
{
	size_t n = s->set->n_skipped;

	s->skipped = calloc(n ? n : 1, sizeof(*s->skipped));
	s->gap = calloc(n ? n : 1, sizeof(*s->gap));
	if (!s->skipped || !s->gap)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		s->skipped[i] = &s->set->skipped[i];
	qsort(s->skipped, n, sizeof(*s->skipped), by_gap);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !same_gap(s->skipped[i - 1], s->skipped[i]))
			s->gap[s->n_gaps++].item = s->skipped + i;
		s->gap[s->n_gaps - 1].n++;
	}
	return 0;
}

static int by_absent(const void *pa, const void *pb)
{
	const struct series_absent *a = pa, *b = pb;
	int d = strcmp(a->op, b->op);

	return d ? d : strcmp(a->engine, b->engine);
}

static int make_absent(struct series *s)
{
	const struct result_set *r = s->set;

	s->absent = calloc(r->n_failed + r->n_skipped + 1, sizeof(*s->absent));
	if (!s->absent)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_failed; i++)
		s->absent[s->n_absent++] =
			(struct series_absent){ r->failed[i].op, r->failed[i].engine, "failed" };
	for (size_t i = 0; i < r->n_skipped; i++)
		s->absent[s->n_absent++] =
			(struct series_absent){ r->skipped[i].op, r->skipped[i].engine,
						r->skipped[i].unverified ? "unverified" : "skipped" };
	qsort(s->absent, s->n_absent, sizeof(*s->absent), by_absent);
	return 0;
}

const char *series_missing(const struct series *s, const char *op, const char *engine)
{
	struct series_absent key = { op, engine, NULL };
	const struct series_absent *a = bsearch(&key, s->absent, s->n_absent, sizeof(key), by_absent);

	return a ? a->word : "–";
}

int series_make(struct series *s, const struct result_set *r)
{
	*s = (struct series){ .set = r, .n_cells = r->n_results };
	s->cell = calloc(r->n_results ? r->n_results : 1, sizeof(*s->cell));
	if (!s->cell)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_results; i++)
		s->cell[i].r = &r->result[i];
	if (make_lanes(s) || make_rows(s) || make_gaps(s) || make_absent(s)) {
		series_free(s);
		return -ENOMEM;
	}
	for (size_t lane = 0; lane < s->n_cycles; lane++) {
		if (strcmp(s->lane[lane].first->engine, "native"))
			continue;
		for (size_t i = 0; i < s->n_rows; i++)
			s->row[i].native = native_median(s, &s->row[i], lane);
		break;
	}
	return 0;
}

void series_free(struct series *s)
{
	free(s->lane);
	free(s->row);
	free(s->cell);
	free(s->skipped);
	free(s->gap);
	free(s->absent);
	*s = (struct series){ 0 };
}

const struct result *series_at(const struct series *s, const struct series_row *row, size_t lane)
{
	for (size_t i = 0; i < row->n; i++)
		if (s->cell[row->first + i].lane == lane)
			return s->cell[row->first + i].r;
	return NULL;
}

size_t op_sweep(const char *op)
{
	const char *dot = strrchr(op, '.');

	if (strncmp(op, "vmx.", 4) || !dot || dot[1] < 'A' || dot[1] > 'Z')
		return 0;
	return (size_t)(dot - op);
}

enum row_kind row_kind(const struct series_row *row)
{
	if (op_sweep(row->op))
		return ROW_SWEEP;
	if (row->known ? row->known->level == OP_LEVEL_R : !strncmp(row->op, "vmx.", 4) || !strncmp(row->op, "svm.", 4))
		return ROW_ROOT;
	return !strncmp(row->op, "cpu.", 4) || !strncmp(row->op, "mem.", 4) ? ROW_COMPUTES : ROW_VIRTUAL;
}

double series_ratio(const struct series *s, const struct series_row *row,
		    const struct series_cell *c)
{
	if (!s->lane[c->lane].cycles || !strcmp(c->r->engine, "native"))
		return NAN;
	return c->r->median / row->native;
}

bool row_has_cycles(const struct series *s, const struct series_row *row)
{
	return row->n && s->cell[row->first].lane < s->n_cycles;
}

bool plottable(double v)
{
	return v >= 1e-3 && v <= 1e15;
}

void result_interval(const struct result *r, double *lo, double *hi)
{
	*lo = r->has_ci ? r->ci_lo : r->range_lo;
	*hi = r->has_ci ? r->ci_hi : r->range_hi;
}
