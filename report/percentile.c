/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One small picture an operation: x = 1 / (1 - p), so that each decade is one more nine, y =
 * cycles, from the histograms of the single shots. Curves carry their engine's name.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/figure.h"

#define WIDTH		312.0
#define HEIGHT		230.0
#define LEFT_EDGE	46.0
#define RIGHT_EDGE	(WIDTH - 72.0)
#define TOP		28.0
#define BOTTOM		(HEIGHT - 42.0)
#define NAME_PITCH	12.0
#define PICTURES_MAX	120
#define STEP		2.0	/* pixels: a curve does not get points closer than this */

static const struct { double p; const char *name;
} nines[] = {
	{ 0, "0" },	   { 0.5, "50" },	{ 0.9, "90" },	       { 0.99, "99" },
	{ 0.999, "99.9" }, { 0.9999, "99.99" }, { 0.99999, "99.999" }, { 0.999999, "99.9999" },
};
#define NINES (sizeof(nines) / sizeof(nines[0]))

/*
 * Percentiles of a differenced row would be its single shots', brackets included: not this
 * operation's.
 */
static bool has_curve(const struct result *r)
{
	return !r->differenced && r->n_hist > 0;
}

static bool has_picture(const struct series *s, const struct series_row *row)
{
	/* Hundreds of instructions that interrupts do not disturb: their tables say it. */
	if (row_kind(row) > ROW_COMPUTES)
		return false;
	for (size_t k = 0; k < row->n; k++) {
		const struct series_cell *c = &s->cell[row->first + k];

		if (c->lane < drawn_lanes(s) && has_curve(c->r) && plottable(c->r->median))
			return true;
	}
	return false;
}

static const struct series_row *picture_row(const struct series *s, size_t index)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (has_picture(s, &s->row[i]) && index-- == 0)
			return &s->row[i];
	return NULL;
}

static size_t pictures_up_to(const struct series *s, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_rows && n < max; i++)
		n += has_picture(s, &s->row[i]);
	return n;
}

static size_t count(const struct figure *f, const struct series *s)
{
	(void)f;
	return pictures_up_to(s, PICTURES_MAX);
}

static void size(const struct figure *f, const struct series *s, size_t i, bool alone, double *w,
		 double *h)
{
	(void)f, (void)s, (void)i, (void)alone;
	*w = WIDTH;
	*h = HEIGHT;
}

static double total_of(const struct result *r)
{
	double n = r->hist_overflow > 0 ? r->hist_overflow : 0;

	for (size_t i = 0; i < r->n_hist; i++)
		n += r->hist[i].count > 0 ? r->hist[i].count : 0;
	return n;
}

struct curve {
	const struct log_axis *x, *y;
	struct buf *out;
	double last_x, last_y;	/* pixels of the point before */
	double end;		/* value of the last point */
};

static void curve_point(struct curve *c, double x, double v, bool always)
{
	double px = log_axis_at(c->x, x) * (RIGHT_EDGE - LEFT_EDGE),
	       py = log_axis_at(c->y, v) * (BOTTOM - TOP);

	if (!always && fabs(px - c->last_x) < STEP && fabs(py - c->last_y) < STEP)
		return;
	buf_printf(c->out, "%.5g %.6g\n", x, v);
	c->last_x = px;
	c->last_y = py;
	c->end = v;
}

/*
 * Sample k of N in order stands for the probability (k - 0.5) / N: the curve ends at 2 N and not
 * at infinity. A bucket is a level piece from its first sample to its last.
 */
static double draw_curve(const struct result *r, struct curve *c)
{
	double n = total_of(r), before = 0;

	for (size_t i = 0; i < r->n_hist; i++) {
		const struct bucket *b = &r->hist[i];

		if (!(b->count > 0))
			continue;
		if (plottable(b->value)) {
			curve_point(c, n / (n - before - 0.5), b->value, before == 0);
			curve_point(c, n / (n - before - b->count + 0.5), b->value,
				    i + 1 == r->n_hist);
		}
		before += b->count;
	}
	return c->end;
}

/* On the straight line, in logarithms, from one point of the curve to the next. */
static double between(double x0, double v0, double x1, double v1, double x)
{
	return x1 > x0 ? v0 * pow(v1 / v0, log(x / x0) / log(x1 / x0)) : v1;
}

/* Marks where the nines are, on the curve. False: no sample was that far. */
static bool draw_nines(const struct result *r, struct buf *out)
{
	double n = total_of(r), before = 0, x = 0, v = 0;
	bool any = false;
	size_t k = 1;

	for (size_t i = 0; i < r->n_hist; i++) {
		const struct bucket *b = &r->hist[i];
		double from, to;

		if (!(b->count > 0) || !plottable(b->value))
			continue;
		from = n / (n - before - 0.5);
		before += b->count;
		to = n / (n - before + 0.5);
		for (; k < NINES && 1 / (1 - nines[k].p) <= to; k++) {
			double at = 1 / (1 - nines[k].p), y = b->value;

			if (at < from && x > 0)
				y = between(x, v, from, b->value, at);
			buf_printf(out, "%.6g %.6g\n", at, y);
			any = true;
		}
		x = to;
		v = b->value;
	}
	return any;
}

static void show_all(const struct series *s, const struct series_row *row, struct log_axis *x,
		     struct log_axis *y)
{
	log_axis_show(x, 1);
	log_axis_show(x, 100);
	for (size_t k = 0; k < row->n; k++) {
		const struct series_cell *c = &s->cell[row->first + k];

		if (c->lane >= drawn_lanes(s) || !has_curve(c->r))
			continue;
		log_axis_show(x, 2 * total_of(c->r));
		for (size_t i = 0; i < c->r->n_hist; i++)
			log_axis_show(y, c->r->hist[i].value);
	}
}

static void x_axis(struct sheet *sh, const struct log_axis *x)
{
	bool wide = log10(x->hi) > 4.2;	/* then every second name has room */

	buf_printf(sh->script,
		   "set xrange [%g:%g]; set logscale x\nset xtics nomirror out offset 0,0.35 (",
		   x->lo, x->hi);
	for (size_t i = 0; i < NINES; i++)
		buf_printf(sh->script, "%s'%s' %.8g", i ? ", " : "",
			   wide && i > 1 && i % 2 == 0 ? "" : nines[i].name, 1 / (1 - nines[i].p));
	buf_puts(sh->script,
		 ") font ',10' tc rgb '" INK "'\nset grid xtics lt 1 lw 0.6 lc rgb '" GRID "'\n");
}

struct name { double y; const struct lane *lane; bool nines; };

static int by_y(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return (x->y > y->y) - (x->y < y->y);
}

/* Engine names at the curves' ends, pushed apart where they would touch. */
static void draw_names(struct sheet *sh, struct name *name, size_t n)
{
	double lowest = BOTTOM - 4;

	qsort(name, n, sizeof(*name), by_y);
	for (size_t i = 1; i < n; i++)
		if (name[i].y < name[i - 1].y + NAME_PITCH)
			name[i].y = name[i - 1].y + NAME_PITCH;
	for (size_t i = n; i-- > 0; lowest = name[i].y - NAME_PITCH)
		if (name[i].y > lowest)
			name[i].y = lowest;
	for (size_t i = 0; i < n; i++) {
		const struct lane_style *st = &lane_styles[name[i].lane->style];
		struct buf text = BUF_INIT;

		text_clip(&text, name[i].lane->first->engine, 9);
		sheet_text(sh, RIGHT_EDGE + 7, name[i].y, LEFT, 11, st->colour, buf_str(&text));
		buf_free(&text);
	}
}

static size_t draw_data(const struct series *s, const struct series_row *row,
			const struct log_axis *x, const struct log_axis *y, struct sheet *sh,
			struct name *name)
{
	size_t n = 0;

	for (size_t k = 0; k < row->n && n < LANE_STYLES; k++) {
		const struct series_cell *cell = &s->cell[row->first + k];
		struct curve c = { .x = x, .y = y, .out = sh->script, .last_x = -1e9, .last_y = -1e9 };

		if (cell->lane >= drawn_lanes(s) || !has_curve(cell->r) ||
		    !plottable(cell->r->median))
			continue;
		buf_printf(sh->script, "$c%zu << EOD\n", n);
		draw_curve(cell->r, &c);
		buf_printf(sh->script, "EOD\n$n%zu << EOD\n", n);
		name[n].nines = draw_nines(cell->r, sh->script);
		buf_puts(sh->script, "EOD\n");
		name[n].lane = &s->lane[cell->lane];
		name[n++].y =
			BOTTOM - log_axis_at(y, plottable(c.end) ? c.end : y->lo) * (BOTTOM - TOP);
	}
	return n;
}

/*
 * Curves in the order of lanes; their names are labels, which gnuplot wants to know before
 * the plot.
 */
static void draw_plot(struct sheet *sh, const struct name *name, size_t n)
{
	struct name by_height[LANE_STYLES];

	memcpy(by_height, name, n * sizeof(*name));
	draw_names(sh, by_height, n);
	buf_puts(sh->script, "plot ");
	for (size_t i = 0; i < n; i++) {
		const struct lane_style *st = &lane_styles[name[i].lane->style];

		buf_printf(sh->script, "%s$c%zu with lines lw %g lc rgb '%s'", i ? ", " : "", i,
			   1.2 + 1.2 / (1 + (double)i),
			   st->colour); /* thinner ones over thicker ones: none is hidden */
		if (name[i].nines)
			buf_printf(sh->script, ", $n%zu with points pt %u ps %g lc rgb '%s'", i,
				   st->full, st->size * 0.7, st->colour);
	}
	buf_puts(sh->script, "\n");
}

static void draw(const struct figure *f, const struct series *s, size_t index, struct sheet *sh)
{
	const struct series_row *row = picture_row(s, index);
	struct log_axis x = { 0 }, y = { 0 };
	struct name name[LANE_STYLES];
	struct buf title = BUF_INIT;
	size_t n;

	(void)f;
	show_all(s, row, &x, &y);
	log_axis_close(&x, 1);
	if (!log_axis_close(&y, 1.15))
		return;
	sheet_frame(sh, LEFT_EDGE, TOP, RIGHT_EDGE, BOTTOM);
	text_clip(&title, row->op, 40);
	sheet_text(sh, LEFT_EDGE, 12, LEFT, 12.5, INK, buf_str(&title));
	buf_free(&title);
	sheet_text(sh, (LEFT_EDGE + RIGHT_EDGE) / 2, HEIGHT - 10, CENTRE, 10.5, FAINT,
		   "percentile, x = 1/(1\u2212p)");
	x_axis(sh, &x);
	sheet_log_axis(sh, 'y', &y, 6);
	n = draw_data(s, row, &x, &y, sh, name);
	draw_plot(sh, name, n);
}

static void alt(const struct figure *f, const struct series *s, size_t index, struct buf *out)
{
	const struct series_row *row = picture_row(s, index);
	bool first = true;

	(void)f;
	buf_printf(out, "Percentiles of %s in cycles: ", row->op);
	for (size_t k = 0; k < row->n; k++) {
		const struct series_cell *c = &s->cell[row->first + k];

		if (c->lane >= drawn_lanes(s) || !has_curve(c->r))
			continue;
		buf_printf(out, "%s%s median ", first ? "" : "; ", s->lane[c->lane].label);
		number_append(out, c->r->median);
		buf_puts(out, ", 99 % ");
		number_append(out, c->r->p99);
		first = false;
	}
	buf_puts(out, ".");
}

static void caption(const struct figure *f, const struct series *s, struct buf *out)
{
	buf_puts(out,
		 "All single shots of all launches, cycles on a logarithmic axis. Marks stand at "
		 "50, 90, 99, 99.9 % ...; a flat curve is an operation that always costs the "
		 "same. Differenced rows have no percentiles and are not drawn.");
	(void)f;
	if (pictures_up_to(s, PICTURES_MAX + 1) > PICTURES_MAX)
		buf_printf(out, " The first %d operations are drawn.", PICTURES_MAX);
	lanes_left_out(s, out);
}

const struct figure figure_percentile = {
	.id = "percentile", .heading = "Percentiles, an operation a picture",
	.count = count, .size = size, .draw = draw, .alt = alt, .caption = caption
};
