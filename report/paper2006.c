/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nanobenchmarks of Adams & Agesen 2006 here and in the paper: cycles on the left, the ratio
 * to native on the right. Every mark has its own line and its number, so nothing can hide
 * anything.
 */
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "report/figure.h"

#define LEFT_EDGE	100.0
#define SPLIT		560.0	/* right edge of the cycles */
#define RATIO_LEFT	640.0
#define RIGHT_EDGE	890.0
#define PITCH		14.0
#define ROW_PAD		12.0
#define TITLE_HEIGHT	26.0
#define PAPER_LEGEND	20.0
#define HEAD_HEIGHT	26.0
#define AXIS_HEIGHT	36.0

static const struct paper {
	const char *op;
	double value[3];	/* native, software VMM, hardware VMM */
	bool derived[3];
} papers[] = {
#define PAPER2006(op, native, nd, software, sd, hardware) \
	{ op, { native, software, hardware }, { nd, sd, false } },
#include "report/literature.def"
#undef PAPER2006
};
#define PAPERS (sizeof(papers) / sizeof(papers[0]))

static const struct lane_style paper_styles[3] = {
	{ "2006 native", "#777777", 7, 6, 0.9, "●", 0 },
	{ "2006 software VMM (binary translation)", "#777777", 9, 8, 1.0, "▲", 0 },
	{ "2006 hardware VMM", "#777777", 5, 4, 0.8, "■", 0 },
};

/* One mark of each panel, [0] cycles and [1] the ratio to native: a number and how it is drawn. */
struct mark { double value[2]; bool hollow[2], paper; const struct lane_style *st; };
#define MARKS_MAX (LANE_STYLES + 3)

static const struct series_row *measured(const struct series *s, const char *op)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (!strcmp(s->row[i].op, op) && row_has_cycles(s, &s->row[i]))
			return &s->row[i];
	return NULL;
}

/* The marks of a row, measured ones first. The ratio of native to itself is no news: NAN. */
static size_t row_marks(const struct series *s, const struct paper *p, struct mark m[MARKS_MAX])
{
	const struct series_row *row = measured(s, p->op);
	size_t n = 0;

	for (size_t k = 0; row && k < row->n && n < LANE_STYLES; k++) {
		const struct series_cell *c = &s->cell[row->first + k];

		if (c->lane < drawn_lanes(s) && plottable(c->r->median))
			m[n++] = (struct mark){ { c->r->median, series_ratio(s, row, c) },
						{ c->r->differenced, c->r->differenced }, false,
						&lane_styles[s->lane[c->lane].style] };
	}
	for (size_t i = 0; i < 3; i++)
		if (p->value[i] > 0)
			m[n++] = (struct mark){ { p->value[i], i ? p->value[i] / p->value[0] : NAN },
						{ p->derived[i], p->derived[i] || p->derived[0] },
						true,
						&paper_styles[i] };
	return n;
}

static size_t count(const struct figure *f, const struct series *s)
{
	(void)f;
	for (size_t i = 0; i < PAPERS; i++)
		if (measured(s, papers[i].op) && drawn_lanes(s))
			return 1;
	return 0;
}

static double rows_height(const struct series *s)
{
	double h = 0;

	for (size_t i = 0; i < PAPERS; i++) {
		struct mark m[MARKS_MAX];

		h += (double)row_marks(s, &papers[i], m) * PITCH + ROW_PAD;
	}
	return h;
}

static double top_of(const struct series *s, bool alone)
{
	return (alone ? 0 : TITLE_HEIGHT) + legend_height(s, RIGHT_EDGE) + PAPER_LEGEND + HEAD_HEIGHT;
}

static void size(const struct figure *f, const struct series *s, size_t i, bool alone, double *w,
		 double *h)
{
	(void)f, (void)i;
	*w = PAGE_WIDTH;
	*h = top_of(s, alone) + rows_height(s) + AXIS_HEIGHT;
}

static void paper_legend(struct sheet *sh, double y)
{
	static const double at[] = { 0, 112, 402 };

	for (size_t i = 0; i < 3; i++) {
		sheet_mark(sh, at[i] + 7, y, &paper_styles[i], false);
		sheet_text(sh, at[i] + 18, y, LEFT, 12, INK, paper_styles[i].engine);
	}
	sheet_mark(sh, 575, y, &paper_styles[0], true);
	sheet_text(sh, 586, y, LEFT, 12, INK, "hollow grey: derived from the paper's words");
}

/* Numbers beside their marks, from the figure's pixels: axes are known exactly. */
static void draw_number(struct sheet *sh, double x, double y, double v, bool derived, bool before)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, derived ? "≈ " : "");
	number_append(&text, v);
	sheet_text(sh, before ? x - 9 : x + 9, y, before ? RIGHT : LEFT, 10.5, INK, buf_str(&text));
	buf_free(&text);
}

static double place(const struct log_axis *a, double v, double left, double right)
{
	return left + log_axis_at(a, v) * (right - left);
}

/* One panel: its axis, and every mark's stem, mark and number. */
static void panel(const struct series *s, struct sheet *sh, bool ratio, const struct log_axis *axis,
		  double top)
{
	double left = ratio ? RATIO_LEFT : LEFT_EDGE, right = ratio ? RIGHT_EDGE : SPLIT, y = top;
	double height = rows_height(s);

	sheet_text(sh, left, top - 12, LEFT, 12, INK,
		   ratio ? "ratio to native" : "cycles per operation");
	for (size_t i = 0; i < PAPERS; i++) {
		struct mark m[MARKS_MAX];
		size_t n = row_marks(s, &papers[i], m);

		if (i % 2)
			sheet_band(sh, ratio ? SPLIT + 40 : 0, y,
				   ratio ? PAGE_WIDTH - SPLIT - 40 : SPLIT + 40,
				   (double)n * PITCH + ROW_PAD, BAND);
		for (size_t k = 0; k < n; k++) {
			double v = m[k].value[ratio],
			       line = y + ROW_PAD / 2 + ((double)k + 0.5) * PITCH;

			if (!plottable(v))
				continue;
			sheet_mark(sh, place(axis, v, left, right), line, m[k].st,
				   m[k].hollow[ratio]);
			draw_number(sh, place(axis, v, left, right), line, v,
				    m[k].paper && m[k].hollow[ratio],
				    ratio && v < 1); /* not across the line at 1 */
		}
		if (!ratio)
			sheet_text(sh, LEFT_EDGE - 12, y + ((double)n * PITCH + ROW_PAD) / 2, RIGHT,
				   12, INK, strchr(papers[i].op, '.') + 1);
		y += (double)n * PITCH + ROW_PAD;
	}
	sheet_log_axis(sh, 'x', axis, ratio ? 5 : 8);
	if (ratio && axis->lo < 1 && axis->hi > 1)
		sheet_line(sh, place(axis, 1, left, right), top, place(axis, 1, left, right),
			   top + height, FAINT, 1);
	buf_printf(sh->script, "set yrange [%g:0]\nset border 1\nplot NaN notitle\n", height);
}

static void draw(const struct figure *f, const struct series *s, size_t index, struct sheet *sh)
{
	struct log_axis cycles = { 0 }, ratio = { 0 };
	double y = sh->alone ? 0 : TITLE_HEIGHT, top = top_of(s, sh->alone);

	(void)index;
	for (size_t i = 0; i < PAPERS; i++) {
		struct mark m[MARKS_MAX];
		size_t n = row_marks(s, &papers[i], m);

		for (size_t k = 0; k < n; k++) {
			log_axis_show(&cycles, m[k].value[0]);
			log_axis_show(&ratio, m[k].value[1]);
		}
	}
	log_axis_show(&ratio, 1);
	log_axis_close(&cycles, 1.4);
	log_axis_close(&ratio, 1.4);
	sheet_frame(sh, LEFT_EDGE, top, SPLIT, top + rows_height(s));
	if (!sh->alone)
		sheet_text(sh, 0, 10, LEFT, 15, INK, f->heading);
	sheet_legend(sh, s, 0, y, RIGHT_EDGE);
	paper_legend(sh, y + legend_height(s, RIGHT_EDGE) + PAPER_LEGEND / 2);
	panel(s, sh, false, &cycles, top);
	sheet_frame(sh, RATIO_LEFT, top, RIGHT_EDGE, top + rows_height(s));
	panel(s, sh, true, &ratio, top);
}

static void alt(const struct figure *f, const struct series *s, size_t index, struct buf *out)
{
	static const char *const who[] = { "native", "software VMM", "hardware VMM" };

	(void)f, (void)index;
	buf_puts(out, "Cycles of the 2006 nanobenchmarks, measured here and published.");
	for (size_t i = 0; i < PAPERS; i++) {
		const struct series_row *row = measured(s, papers[i].op);

		buf_printf(out, " %s:", strchr(papers[i].op, '.') + 1);
		for (size_t k = 0; row && k < row->n; k++) {
			const struct series_cell *c = &s->cell[row->first + k];

			if (c->lane >= drawn_lanes(s))
				continue;
			buf_printf(out, " %s ", c->r->engine);
			number_append(out, c->r->median);
			buf_puts(out, ",");
		}
		buf_puts(out, " 2006");
		for (size_t k = 0; k < 3; k++)
			if (papers[i].value[k] > 0)
				buf_printf(out, " %s %s%g", who[k],
					   papers[i].derived[k] ? "about " : "", papers[i].value[k]);
		buf_puts(out, ".");
	}
}

static void caption(const struct figure *f, const struct series *s, struct buf *out)
{
	(void)f;
	buf_puts(out,
		 "Grey: K. Adams and O. Agesen, A Comparison of Software and Hardware Techniques "
		 "for x86 Virtualization, ASPLOS 2006, as quoted in a public test suite; a "
		 "processor of 2006 that the quoted text does not name. Derived, drawn hollow: "
		 "in under the software VMM (\"fifteen times faster\" than native) and cr8wr "
		 "native (the software VMM's 35 cycles are \"about four times faster\"). cr8wr "
		 "under the hardware VMM ran at about native speed. syscall is given only as a "
		 "difference and not drawn: about 2,000 cycles more than native in the software "
		 "VMM, native speed in the hardware VMM. Coloured: measured here; hollow where "
		 "differenced. A ratio to native stands only where native was measured on this "
		 "machine.");
	lanes_left_out(s, out);
}

const struct figure figure_paper2006 = {
	.id = "paper2006", .heading = "The nanobenchmarks of 2006, then and here",
	.count = count, .size = size, .draw = draw, .alt = alt, .caption = caption
};
