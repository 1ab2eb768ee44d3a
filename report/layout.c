/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures on pages: a page a picture for a document that places them itself, one tall page for
 * an image, sheets of paper for PDF. The same flow measures and draws.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/figure.h"

#define MARGIN		24.0
#define GAP		26.0
#define PAPER_RATIO	1.414		/* A4 */
#define PAPER_INCHES	8.27
#define CAPTION_SIZE	11.0
#define CAPTION_LINE	15.0
#define CAPTION_CHARS	138		/* a line of the page's width */
#define PNG_SIDE_MAX	30000.0		/* cairo refuses 32768 */

const struct figure *const figures[] = { &figure_virtual, &figure_root, &figure_compute, &figure_paper2006,
					 &figure_percentile };
const size_t n_figures = sizeof(figures) / sizeof(figures[0]);

void pictures_free(struct pictures *p)
{
	for (size_t i = 0; i < p->n; i++)
		buf_free(&p->p[i].bytes);
	free(p->p);
	*p = (struct pictures){ 0 };
}

static int add_picture(struct pictures *p, const struct figure *f, size_t index, const char *stem,
		       size_t number, const char *extension)
{
	struct picture *more = realloc(p->p, (p->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->p = more;
	p->p[p->n] = (struct picture){ .figure = f, .index = index };
	snprintf(p->p[p->n].name, sizeof(p->p[p->n].name), "%s-%zu.%s", stem, number, extension);
	p->n++;
	return 0;
}

/* Pages. (h) is the height of all of them; (drawing) false: only measure. */
struct flow {
	struct sheet sh;
	double x, y, line;		/* where the next block goes; height of the line so far */
	double limit;			/* height of a sheet of paper, 0: endless */
	double longest;
	bool drawing;
};

static void flow_newline(struct flow *f)
{
	f->y += f->line;
	f->x = MARGIN;
	f->line = 0;
	if (f->y > f->longest)
		f->longest = f->y;
}

static void flow_page(struct flow *f)
{
	flow_newline(f);
	f->y = MARGIN;
	if (f->drawing)
		buf_puts(f->sh.script, "unset multiplot\nset multiplot\n");
}

/*
 * Makes room for (w) x (h), of which what follows needs (more) below; puts the sheet's
 * corner there.
 */
static void flow_place(struct flow *f, double w, double h, double more)
{
	if (f->x > MARGIN && f->x + w > MARGIN + PAGE_WIDTH + 1)
		flow_newline(f);
	if (f->limit && f->x == MARGIN && f->y > MARGIN && f->y + h + more > f->limit - MARGIN)
		flow_page(f);
	f->sh.x = f->x;
	f->sh.y = f->y;
	f->x += w + 6;
	if (h > f->line)
		f->line = h;
}

/* Words of (text) to lines. Draws where the flow draws; the height in any case. */
static double paragraph(struct flow *f, double size, const char *colour, const char *text)
{
	char line[4 * CAPTION_CHARS + 1];
	double y = CAPTION_LINE / 2;

	while (*text) {
		size_t fit = 0, at = 0;

		while (text[at] && at < CAPTION_CHARS) {
			at += strcspn(text + at, " ");
			if (at <= CAPTION_CHARS || !fit)
				fit = at;
			at += text[at] == ' ';
		}
		if (fit > sizeof(line) - 1)
			fit = sizeof(line) - 1;
		memcpy(line, text, fit);
		line[fit] = 0;
		if (f->drawing)
			sheet_text(&f->sh, 0, y, LEFT, size, colour, line);
		y += CAPTION_LINE;
		text += fit;
		text += strspn(text, " ");
	}
	return y;
}

/* A block of text is a plot of nothing, so that gnuplot draws its labels. */
static void flow_text(struct flow *f, double size, const char *colour, const char *text,
		      const struct series *legend, double more)
{
	struct flow measure = { .drawing = false };
	double h = paragraph(&measure, size, colour, text);

	flow_newline(f);
	flow_place(f, PAGE_WIDTH, h + (legend ? legend_height(legend, PAGE_WIDTH) + 6 : 0), more);
	if (f->drawing) {
		sheet_frame(&f->sh, 0, 0, PAGE_WIDTH, h);
		paragraph(f, size, colour, text);
		if (legend)
			sheet_legend(&f->sh, legend, 0, h + 2, PAGE_WIDTH);
		buf_puts(f->sh.script,
			 "unset border; set xrange [0:1]; set yrange [0:1]\nplot NaN notitle\n");
	}
	flow_newline(f);
}

static void flow_figure(struct flow *f, const struct figure *fig, const struct series *s)
{
	size_t n = fig->count(fig, s);
	struct buf caption = BUF_INIT;
	double w, h;

	if (!n)
		return;
	fig->caption(fig, s, &caption);
	fig->size(fig, s, 0, false, &w, &h);
	if (w < PAGE_WIDTH)	/* small multiples share a heading and a legend */
		flow_text(f, 15, INK, fig->heading, s, h);
	for (size_t i = 0; i < n; i++) {
		fig->size(fig, s, i, false, &w, &h);
		flow_place(f, w, h, i + 1 == n ? 4 * CAPTION_LINE : 0);
		if (f->drawing)
			fig->draw(fig, s, i, &f->sh);
	}
	flow_text(f, CAPTION_SIZE, FAINT, buf_str(&caption), NULL, 0);
	f->y += GAP;
	buf_free(&caption);
}

static void flow_all(struct flow *f, const struct series *s, const char *title)
{
	f->x = f->y = MARGIN;
	flow_text(f, 13, INK, title, NULL, 0);
	f->y += GAP / 2;
	for (size_t i = 0; i < n_figures; i++)
		flow_figure(f, figures[i], s);
	flow_newline(f);
	f->longest += MARGIN;
}

static void header(struct buf *script)
{
	buf_puts(script,
		 "# Figures of a vtscope report. Run: LC_ALL=C.UTF-8 gnuplot -d THIS_FILE\n"
		 "# Pictures are written to the directory OUT (with its last slash), else to the "
		 "current one.\n"
		 "if (!exists('OUT')) OUT = ''\n"
		 "set encoding utf8\n");
}

static int alone_script(const struct series *s, struct buf *script, struct pictures *p)
{
	for (size_t k = 0; k < n_figures; k++) {
		const struct figure *f = figures[k];
		size_t n = f->count(f, s);

		for (size_t i = 0; i < n; i++) {
			struct sheet sh = { .script = script, .alone = true };

			if (add_picture(p, f, i, f->id, i + 1, "svg"))
				return -ENOMEM;
			f->size(f, s, i, true, &sh.page_w, &sh.page_h);
			buf_printf(script,
				   "\nset terminal svg size %.0f,%.0f dynamic noenhanced butt "
				   "font 'sans-serif,12'\n"
				   "set output OUT.'%s'\nset multiplot\n",
				   sh.page_w, sh.page_h, p->p[p->n - 1].name);
			f->draw(f, s, i, &sh);
			buf_puts(script, "unset multiplot\nset output\n");
		}
	}
	return buf_error(script);
}

static void set_terminal(struct buf *script, enum picture_format format, double w, double h)
{
	double scale = h * 2 <= PNG_SIDE_MAX ? 2 : 1;

	/* cairo counts fonts in points, and draws marks smaller than SVG does. */
	if (format == PICTURE_PNG)
		buf_printf(script,
			   "set terminal pngcairo size %.0f,%.0f noenhanced butt font 'sans,12' "
			   "background '#ffffff' fontscale %g linewidth %g pointscale %g\n",
			   w * scale, h * scale, 0.72 * scale, scale, 1.25 * scale);
	else if (format == PICTURE_PDF)
		buf_printf(script,
			   "set terminal pdfcairo size %.3fin,%.3fin noenhanced butt font "
			   "'sans,12' background '#ffffff' fontscale 0.5 linewidth 1.2 pointscale "
			   "0.75\n",
			   PAPER_INCHES, PAPER_INCHES * h / w);
	else
		buf_printf(script,
			   "set terminal svg size %.0f,%.0f dynamic noenhanced butt font "
			   "'sans-serif,12' background '#ffffff'\n",
			   w, h);
}

static int stacked_script(const struct series *s, enum picture_format format, const char *title,
			  struct buf *script, struct pictures *p)
{
	static const char *const extensions[] = { "svg", "svg", "png", "pdf" };
	double paper = format == PICTURE_PDF ? PAGE_WIDTH * PAPER_RATIO : 0,
	       w = PAGE_WIDTH + 2 * MARGIN;
	struct flow measure = { .limit = paper, .sh = { .script = script } };
	struct flow f = { .limit = paper, .drawing = true, .sh = { .script = script, .page_w = w } };
	size_t any = 0;

	for (size_t k = 0; k < n_figures; k++)
		any += figures[k]->count(figures[k], s);
	if (!any)
		return 0;
	if (add_picture(p, NULL, 0, "report", 1, extensions[format]))
		return -ENOMEM;
	flow_all(&measure, s, title);
	/* A figure that is taller than the paper makes all sheets taller. */
	f.sh.page_h = measure.longest > paper ? measure.longest : paper;
	f.limit = paper ? f.sh.page_h : 0;
	set_terminal(script, format, w, f.sh.page_h);
	buf_printf(script, "set output OUT.'%s'\nset multiplot\n", p->p[0].name);
	flow_all(&f, s, title);
	buf_puts(script, "unset multiplot\nset output\n");
	return buf_error(script);
}

int figure_script(const struct series *s, enum picture_format format, const char *title,
		  struct buf *script, struct pictures *p)
{
	header(script);
	if (format == PICTURE_SVG_ALONE)
		return alone_script(s, script, p);
	return stacked_script(s, format, title, script, p);
}
