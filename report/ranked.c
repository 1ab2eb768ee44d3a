/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations ranked by what they cost on the dearest engine, one mark an engine. Three figures of
 * one kind: what asks for a monitor, a monitor's own instructions, and plain computation.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "report/escape.h"
#include "report/figure.h"

#define LEFT_EDGE	190.0
#define RIGHT_PAD	24.0
#define LANE_PITCH	8.5
#define LABEL_CHARS	28	/* that LEFT_EDGE has room for */
#define LABEL_MOST	42
#define LABEL_CHAR	6.2	/* pixels of each further one */
#define ROWS_MAX	100	/* the dearest; tables hold them all */
#define TITLE_HEIGHT	26.0
#define KEY_HEIGHT	20.0
#define AXIS_HEIGHT	54.0

struct ranked { const struct series_row *row; double rank; };

/* The dearest median that can be drawn, or NAN. */
static double rank_of(const struct series *s, const struct series_row *row)
{
	double most = NAN;

	for (size_t i = 0; i < row->n; i++) {
		const struct series_cell *c = &s->cell[row->first + i];

		if (c->lane < drawn_lanes(s) && plottable(c->r->median) && !(most >= c->r->median))
			most = c->r->median;
	}
	return most;
}

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? 1 : -1;
	return (x->row > y->row) - (x->row < y->row);
}

/* The rows of the figure, dearest first; NULL when there are none. */
static struct ranked *rank_rows(const struct series *s, enum row_kind kind, size_t *n)
{
	struct ranked *r = calloc(s->n_rows ? s->n_rows : 1, sizeof(*r));

	*n = 0;
	for (size_t i = 0; r && i < s->n_rows; i++) {
		double rank = rank_of(s, &s->row[i]);

		if (row_kind(&s->row[i]) == kind && !isnan(rank))
			r[(*n)++] = (struct ranked){ &s->row[i], rank };
	}
	if (r)
		qsort(r, *n, sizeof(*r), by_rank);
	if (*n > ROWS_MAX)
		*n = ROWS_MAX;
	return r;
}

static double row_height(const struct series *s)
{
	return LANE_PITCH * (double)(drawn_lanes(s) > 1 ? drawn_lanes(s) : 2) + 8;
}

/* A bar that would end under its mark says nothing; gnuplot leaves out what is not a number. */
static double bar_end(const struct log_axis *axis, double median, double end)
{
	double pixels = (PAGE_WIDTH - RIGHT_PAD - LEFT_EDGE) *
			fabs(log_axis_at(axis, end) - log_axis_at(axis, median));

	return plottable(end) && pixels > 5 ? end : NAN;
}

static void put_value(struct buf *out, double v)
{
	if (isnan(v))
		buf_puts(out, " NaN");
	else
		buf_printf(out, " %.10g", v);
}

/*
 * Data of a lane: "y median, low, middle and high end". Single shots: 25, 75 and 99 %;
 * differenced: the interval. Returns how many rows there were.
 */
static size_t lane_data(const struct series *s, const struct ranked *rows, size_t n, size_t lane,
			bool differenced, const struct log_axis *axis, unsigned block,
			struct sheet *sh)
{
	double pitch = row_height(s), drawn = (double)drawn_lanes(s);
	size_t count = 0;

	buf_printf(sh->script, "$d%u << EOD\n", block);
	for (size_t i = 0; i < n; i++) {
		const struct result *r = series_at(s, rows[i].row, lane);
		double y = (double)i * pitch + pitch / 2 +
			   ((double)lane - (drawn - 1) / 2) * LANE_PITCH;
		double lo, hi, end[3];

		if (!r || !plottable(r->median) || r->differenced != differenced)
			continue;
		result_interval(r, &lo, &hi);
		end[0] = differenced ? lo : r->p25;
		end[1] = differenced ? hi : r->p75;
		end[2] = differenced ? NAN : r->p99;
		buf_printf(sh->script, "%.2f %.10g", y, r->median);
		for (size_t k = 0; k < 3; k++)
			put_value(sh->script, bar_end(axis, r->median, end[k]));
		buf_puts(sh->script, "\n");
		count++;
	}
	buf_puts(sh->script, "EOD\n");
	return count;
}

static void show_all(const struct series *s, const struct ranked *rows, size_t n,
		     struct log_axis *axis)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < rows[i].row->n; k++) {
			const struct series_cell *c = &s->cell[rows[i].row->first + k];
			double lo, hi;

			if (c->lane >= drawn_lanes(s))
				continue;
			log_axis_show(axis, c->r->median);
			result_interval(c->r, &lo, &hi);
			log_axis_show(axis, c->r->differenced ? lo : c->r->p25);
			log_axis_show(axis, c->r->differenced ? hi : c->r->p99);
		}
	}
}

/* Where the axis begins: right of the longest name. */
static double left_edge(const struct ranked *rows, size_t n)
{
	size_t most = LABEL_CHARS;

	for (size_t i = 0; i < n; i++)
		if (text_width(rows[i].row->op) > most)
			most = text_width(rows[i].row->op);
	return LEFT_EDGE + LABEL_CHAR * (double)((most < LABEL_MOST ? most : LABEL_MOST) - LABEL_CHARS);
}

static void row_labels(const struct series *s, const struct ranked *rows, size_t n,
		       struct sheet *sh, double left, double top)
{
	double pitch = row_height(s);

	for (size_t i = 0; i < n; i++) {
		struct buf name = BUF_INIT;

		if (i % 2)
			sheet_band(sh, 0, top + (double)i * pitch, PAGE_WIDTH - RIGHT_PAD, pitch,
				   BAND);
		text_clip(&name, rows[i].row->op, LABEL_MOST);
		sheet_text(sh, left - 10, top + ((double)i + 0.5) * pitch, RIGHT, 12, INK,
			   buf_str(&name));
		buf_free(&name);
	}
}

/* How a mark is to be read, in the picture itself: it will be seen without its caption. */
static void sheet_key(struct sheet *sh, double y)
{
	static const struct lane_style sample = { NULL, FAINT, 7, 6, 0.9, NULL, 0 };

	sheet_line(sh, 2, y, 42, y, FAINT, 1.2);
	sheet_line(sh, 2, y, 22, y, FAINT, 3.5);
	sheet_mark(sh, 12, y, &sample, false);
	sheet_text(sh, 50, y, LEFT, 11, FAINT,
		   "median of single shots; thick line 25 to 75 %, thin line to 99 %");
	sheet_line(sh, 500, y, 530, y, FAINT, 3.5);
	sheet_mark(sh, 515, y, &sample, true);
	sheet_text(sh, 538, y, LEFT, 11, FAINT,
		   "differenced: median, 95 % interval or range of launches");
}

/* Thin line from the median to the far end, thick ones to the near ends, the mark on top. */
static void plot_lane(struct sheet *sh, const char *before, unsigned block,
		      const struct lane_style *st, bool hollow)
{
	buf_printf(sh->script, "%s$d%u using 2:1:($5-$2):(0) with vectors nohead lw 1.2 lc rgb "
			       "'%s'",
		   before, block, st->colour);
	for (unsigned column = 3; column <= 4; column++)
		buf_printf(sh->script,
			   ", '' using 2:1:($%u-$2):(0) with vectors nohead lw 3.5 lc rgb '%s'",
			   column, st->colour);
	buf_printf(sh->script, ", '' using 2:1 with points pt %u ps %g lw 1.5 lc rgb '%s'",
		   hollow ? st->hollow : st->full, st->size, st->colour);
}

static void draw_marks(const struct series *s, const struct ranked *rows, size_t n,
		       const struct log_axis *axis, struct sheet *sh)
{
	size_t lanes = drawn_lanes(s), used[2 * LANE_STYLES];
	const char *before = "plot ";

	for (size_t k = 0; k < 2 * lanes; k++)
		used[k] = lane_data(s, rows, n, k / 2, k % 2, axis, (unsigned)k, sh);
	for (size_t k = 0; k < 2 * lanes; k++) {
		if (!used[k])
			continue;
		plot_lane(sh, before, (unsigned)k, &lane_styles[s->lane[k / 2].style], k % 2);
		before = ", ";
	}
	buf_puts(sh->script, "\n");
}

static void draw(const struct figure *f, const struct series *s, size_t index, struct sheet *sh)
{
	double width = PAGE_WIDTH - RIGHT_PAD, top = sh->alone ? 0 : TITLE_HEIGHT, y = top, height;
	struct log_axis axis = { 0 };
	size_t n;
	struct ranked *rows = rank_rows(s, f->kind, &n);

	(void)index;
	if (!rows) {
		sh->script->error = -ENOMEM;
		return;
	}
	show_all(s, rows, n, &axis);
	if (n && log_axis_close(&axis, 1.25)) {
		top += legend_height(s, width) + KEY_HEIGHT + 8;
		height = (double)n * row_height(s);
		sheet_frame(sh, left_edge(rows, n), top, width, top + height);
		if (!sh->alone)
			sheet_text(sh, 0, 10, LEFT, 15, INK, f->heading);
		sheet_legend(sh, s, 0, y, width);
		sheet_key(sh, y + legend_height(s, width) + KEY_HEIGHT / 2);
		row_labels(s, rows, n, sh, left_edge(rows, n), top);
		sheet_text(sh, (left_edge(rows, n) + width) / 2, top + height + 40, CENTRE, 12, INK,
			   "cycles (TSC ticks) per operation, logarithmic");
		sheet_log_axis(sh, 'x', &axis, 9);
		buf_printf(sh->script, "set yrange [%g:0]\nset border 1\n", height);
		draw_marks(s, rows, n, &axis, sh);
	}
	free(rows);
}

static size_t count_rows(const struct series *s, enum row_kind kind)
{
	size_t n;

	free(rank_rows(s, kind, &n));
	return n;
}

static void size(const struct figure *f, const struct series *s, size_t index, bool alone,
		 double *w, double *h)
{
	size_t n = count_rows(s, f->kind);

	(void)index;
	*w = PAGE_WIDTH;
	*h = (alone ? 0 : TITLE_HEIGHT) + legend_height(s, PAGE_WIDTH - RIGHT_PAD) + KEY_HEIGHT +
	     8 + (double)n * row_height(s) + AXIS_HEIGHT;
}

static size_t count(const struct figure *f, const struct series *s)
{
	return count_rows(s, f->kind) > 0;
}

static void alt(const struct figure *f, const struct series *s, size_t index, struct buf *out)
{
	size_t n;
	struct ranked *rows = rank_rows(s, f->kind, &n);

	(void)index;
	buf_printf(out,
		   "Dot plot of %zu operations on a logarithmic axis of cycles, dearest first, "
		   "for ",
		   n);
	for (size_t i = 0; i < drawn_lanes(s); i++)
		buf_printf(out, "%s%s", i ? ", " : "", s->lane[i].label);
	if (n) {
		buf_printf(out, ". Dearest: %s, ", rows[0].row->op);
		number_append(out, rows[0].rank);
		buf_printf(out, " cycles; cheapest: %s, ", rows[n - 1].row->op);
		number_append(out, rows[n - 1].rank);
		buf_puts(out, " cycles.");
	}
	free(rows);
}

static void caption(const struct figure *f, const struct series *s, struct buf *out)
{
	size_t below = 0;

	buf_puts(out,
		 "Ranked by the costliest engine. Bars of single shots run from the 25th to the "
		 "99th percentile; hollow marks are differenced rows, which have a median and an "
		 "interval but no percentiles.");
	for (size_t i = 0; i < s->n_cells; i++)
		below += s->cell[i].lane < s->n_cycles && !plottable(s->cell[i].r->median);
	if (below)
		buf_printf(out,
			   " A logarithmic axis has no place for %zu median%s at or below zero: "
			   "see the tables.",
			   below, below == 1 ? "" : "s");
	if (count_rows(s, f->kind) == ROWS_MAX)
		buf_printf(out, " The %d dearest are drawn.", ROWS_MAX);
	lanes_left_out(s, out);
}

const struct figure figure_virtual = {
	.id = "ranked", .heading = "Virtualization operations, ranked", .kind = ROW_VIRTUAL,
	.count = count, .size = size, .draw = draw, .alt = alt, .caption = caption
};

const struct figure figure_root = {
	.id = "root", .heading = "Instructions of VMX and SVM, ranked", .kind = ROW_ROOT,
	.count = count, .size = size, .draw = draw, .alt = alt, .caption = caption
};

const struct figure figure_compute = {
	.id = "compute", .heading = "Computation and memory, ranked", .kind = ROW_COMPUTES,
	.count = count, .size = size, .draw = draw, .alt = alt, .caption = caption
};
