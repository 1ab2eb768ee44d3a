/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "report/escape.h"
#include "report/figure.h"

#define LEGEND_LINE	18.0
#define LEGEND_SIZE	12.0
#define CHAR_WIDTH	0.6	/* of the font size: the widest of the usual fonts */

static double screen_x(const struct sheet *sh, double x)
{
	return (sh->x + x) / sh->page_w;
}

static double screen_y(const struct sheet *sh, double y)
{
	return 1 - (sh->y + y) / sh->page_h;
}

void sheet_text(struct sheet *sh, double x, double y, enum sheet_align a, double size,
		const char *colour, const char *text)
{
	static const char *const names[] = { "left", "center", "right" };

	buf_printf(sh->script, "set label %u ", ++sh->serial);
	escape_gnuplot(sh->script, text);
	buf_printf(sh->script, " at screen %.5f,%.5f %s front noenhanced font ',%g' tc rgb '%s'\n",
		   screen_x(sh, x), screen_y(sh, y), names[a], size, colour);
}

void sheet_mark(struct sheet *sh, double x, double y, const struct lane_style *st, bool hollow)
{
	buf_printf(sh->script,
		   "set label %u '' at screen %.5f,%.5f front point pt %u ps %g lw 1.5 lc rgb "
		   "'%s'\n",
		   ++sh->serial, screen_x(sh, x), screen_y(sh, y), hollow ? st->hollow : st->full,
		   st->size, st->colour);
}

void sheet_band(struct sheet *sh, double x, double y, double w, double h, const char *colour)
{
	buf_printf(sh->script,
		   "set object %u rectangle from screen %.5f,%.5f to screen %.5f,%.5f behind fs "
		   "solid noborder fc rgb '%s'\n",
		   ++sh->serial, screen_x(sh, x), screen_y(sh, y + h), screen_x(sh, x + w),
		   screen_y(sh, y), colour);
}

void sheet_line(struct sheet *sh, double x0, double y0, double x1, double y1, const char *colour,
		double width)
{
	buf_printf(sh->script,
		   "set arrow %u from screen %.5f,%.5f to screen %.5f,%.5f nohead lw %g lc rgb "
		   "'%s'\n",
		   ++sh->serial, screen_x(sh, x0), screen_y(sh, y0), screen_x(sh, x1),
		   screen_y(sh, y1), width, colour);
}

void sheet_frame(struct sheet *sh, double left, double top, double right, double bottom)
{
	buf_puts(sh->script,
		 "unset label; unset object; unset arrow; unset key; unset title; unset xlabel; "
		 "unset ylabel\n"
		 "set xrange [1:10]; set yrange [1:10]; unset logscale; unset grid\n"
		 "set border 3 lw 1 lc rgb '" FAINT
		 "'; set tics out scale 0.6; unset xtics; unset ytics\n");
	buf_printf(sh->script,
		   "set lmargin at screen %.5f; set rmargin at screen %.5f; set tmargin at screen "
		   "%.5f; set bmargin at screen %.5f\n",
		   screen_x(sh, left), screen_x(sh, right), screen_y(sh, top), screen_y(sh, bottom));
}

void log_axis_show(struct log_axis *a, double v)
{
	if (!plottable(v))
		return;
	if (!a->lo || v < a->lo)
		a->lo = v;
	if (v > a->hi)
		a->hi = v;
}

bool log_axis_close(struct log_axis *a, double ends)
{
	if (!a->lo)
		return false;
	/* Never narrower than a factor of four: noise is not to fill the picture. */
	if (a->hi / a->lo < 4) {
		double mid = sqrt(a->lo * a->hi);

		a->lo = mid / 2;
		a->hi = mid * 2;
	}
	a->lo /= ends;
	a->hi *= ends;
	return true;
}

double log_axis_at(const struct log_axis *a, double v)
{
	return log(v / a->lo) / log(a->hi / a->lo);
}

static void tick(struct sheet *sh, double v, bool *first, bool named)
{
	buf_puts(sh->script, *first ? "" : ", ");
	*first = false;
	if (named) {
		buf_puts(sh->script, "'");
		number_short(sh->script, v); /* digits and a unit: nothing that gnuplot would format */
		buf_puts(sh->script, "' ");
	} else {
		buf_puts(sh->script, "'' ");
	}
	buf_printf(sh->script, "%.10g%s", v, named ? "" : " 1");
}

void sheet_log_axis(struct sheet *sh, char which, const struct log_axis *a, unsigned max_ticks)
{
	static const double steps[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	int from = (int)floor(log10(a->lo)), to = (int)ceil(log10(a->hi));
	double decades = log10(a->hi / a->lo);
	int stride = (int)ceil(decades / max_ticks);
	bool fine = decades * 3 <= max_ticks, first = true;

	buf_printf(sh->script,
		   "set %crange [%.10g:%.10g]; set logscale %c\nset %ctics nomirror out %s "
		   "(", which,
		   a->lo, a->hi, which, which, which == 'x' ? "offset 0,0.35" : "offset 0.6,0");
	for (int d = from; d <= to; d++) {
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			double v = steps[i] * pow(10, d);
			bool one = i == 0, named = one ? d % stride == 0 : fine && (i == 1 || i == 4);

			if (v < a->lo * 0.9999 || v > a->hi * 1.0001 ||
			    (!one && decades > max_ticks / 2.0))
				continue;
			tick(sh, v, &first, named);
		}
	}
	buf_printf(sh->script,
		   ") font ',11' tc rgb '" INK "'\nset grid %ctics lt 1 lw 0.6 lc rgb '" GRID
		   "', lt 1 lw 0.3 lc rgb '%s'\n",
		   which, fine ? GRID : "#eeeeee");
}

size_t drawn_lanes(const struct series *s)
{
	size_t n = 0;

	while (n < s->n_cycles && s->lane[n].style < LANE_STYLES)
		n++;
	return n;
}

void lanes_left_out(const struct series *s, struct buf *out)
{
	size_t drawn = drawn_lanes(s);

	if (drawn < s->n_cycles)
		buf_printf(out, " %zu more engines are in the tables only.", s->n_cycles - drawn);
}

static double entry_width(const struct lane *l)
{
	return 34 + (double)text_width(l->label) * LEGEND_SIZE * CHAR_WIDTH;
}

/*
 * Places entries from left to right, wrapping at (width); draws them where (sh) is given.
 * Returns the height.
 */
static double legend_flow(struct sheet *sh, const struct series *s, double x0, double y0,
			  double width)
{
	double x = 0, y = LEGEND_LINE / 2;

	for (size_t i = 0; i < drawn_lanes(s); i++) {
		const struct lane *l = &s->lane[i];
		struct buf text = BUF_INIT;

		if (x > 0 && x + entry_width(l) > width) {
			x = 0;
			y += LEGEND_LINE;
		}
		if (sh) {
			text_clip(&text, l->label,
				  (size_t)((width - 34) / (LEGEND_SIZE * CHAR_WIDTH)));
			sheet_mark(sh, x0 + x + 7, y0 + y, &lane_styles[l->style], false);
			sheet_text(sh, x0 + x + 18, y0 + y, LEFT, LEGEND_SIZE, INK, buf_str(&text));
		}
		buf_free(&text);
		x += entry_width(l);
	}
	return y + LEGEND_LINE / 2;
}

double legend_height(const struct series *s, double width)
{
	return legend_flow(NULL, s, 0, 0, width);
}

void sheet_legend(struct sheet *sh, const struct series *s, double x, double y, double width)
{
	legend_flow(sh, s, x, y, width);
}
