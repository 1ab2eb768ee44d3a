/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * figure.h - the figures as one table, and the sheet they are drawn on. Only report/ includes this.
 *
 * A figure writes gnuplot commands for a rectangle of a page, in pixels from its upper left
 * corner. Everything but curves and axes is placed by us, so that nothing depends on how wide
 * gnuplot thinks a font is.
 */
#ifndef VTSCOPE_REPORT_FIGURE_H
#define VTSCOPE_REPORT_FIGURE_H

#include "common/buf.h"
#include "common/err.h"
#include "report/series.h"

#define INK	"#222222"
#define FAINT	"#777777"
#define GRID	"#dddddd"
#define BAND	"#f5f5f5"

#define PAGE_WIDTH	960.0

struct sheet {
	struct buf *script;
	double page_w, page_h;	/* pixels */
	double x, y;		/* upper left corner of the figure at work */
	unsigned serial;	/* numbers labels, objects and data blocks */
	bool alone;		/* a picture of its own: the document says title and legend */
};

struct figure {
	const char *id;		/* "ranked" */
	const char *heading;
	enum row_kind kind;	/* ranked: of what */
	/* How many pictures: one, one an operation, or 0 when there is nothing to draw. */
	size_t (*count)(const struct figure *f, const struct series *s);
	void (*size)(const struct figure *f, const struct series *s, size_t i, bool alone,
		     double *w, double *h);
	void (*draw)(const struct figure *f, const struct series *s, size_t i, struct sheet *sh);
	/* The picture in words. */
	void (*alt)(const struct figure *f, const struct series *s, size_t i, struct buf *out);
	/* Of all its pictures. */
	void (*caption)(const struct figure *f, const struct series *s, struct buf *out);
};

extern const struct figure figure_virtual, figure_root, figure_compute, figure_paper2006, figure_percentile;
extern const struct figure *const figures[];
extern const size_t n_figures;

/* ---- for figures ---- */

enum sheet_align { LEFT, CENTRE, RIGHT };

void sheet_text(struct sheet *sh, double x, double y, enum sheet_align a, double size,
		const char *colour, const char *text);
void sheet_mark(struct sheet *sh, double x, double y, const struct lane_style *st, bool hollow);
void sheet_band(struct sheet *sh, double x, double y, double w, double h, const char *colour);
void sheet_line(struct sheet *sh, double x0, double y0, double x1, double y1, const char *colour,
		double width);
/* Clears what the picture before left, and puts the plot's frame at these pixels. */
void sheet_frame(struct sheet *sh, double left, double top, double right, double bottom);

/* A logarithmic axis that holds everything it was shown. */
struct log_axis { double lo, hi; };
void log_axis_show(struct log_axis *a, double v);	/* what cannot be plotted is ignored */
bool log_axis_close(struct log_axis *a,
		    double ends); /* rounds to whole steps; false: it was shown nothing */
/* Range, ticks and their labels of axis (which) 'x' or 'y'; at most about (max_ticks) labels. */
void sheet_log_axis(struct sheet *sh, char which, const struct log_axis *a, unsigned max_ticks);
double log_axis_at(const struct log_axis *a, double v);	/* 0 at lo, 1 at hi */

double legend_height(const struct series *s, double width);
void sheet_legend(struct sheet *sh, const struct series *s, double x, double y, double width);
size_t drawn_lanes(const struct series *s);	/* lanes of cycles that have a style of their own */
void lanes_left_out(const struct series *s,
		    struct buf *out); /* a sentence about the others, or nothing */

/* ---- for whoever makes documents ---- */

/* A picture asked for and, once gnuplot ran, its bytes. */
struct picture {
	const struct figure *figure;	/* NULL: a page of several */
	size_t index;
	char name[40];			/* of its file: "ranked-1.svg" */
	struct buf bytes;
};
struct pictures { struct picture *p; size_t n; };
void pictures_free(struct pictures *p);

enum picture_format { PICTURE_SVG_ALONE, PICTURE_SVG, PICTURE_PNG, PICTURE_PDF };

/*
 * Writes the script that draws all figures of (s) and lists the files it makes in (p): one a
 * picture for PICTURE_SVG_ALONE, one with everything stacked for SVG and PNG, one with pages for
 * PDF. 0 or -ENOMEM; no picture at all when nothing can be drawn.
 */
int figure_script(const struct series *s, enum picture_format format, const char *title,
		  struct buf *script, struct pictures *p);

/* Leaves out of gnuplot's SVG what draws nothing. */
void svg_slim(struct buf *svg);

/*
 * Runs gnuplot on (script) and reads the pictures in. (deadline_ms) for all of it. 0 or
 * -errno with a sentence.
 */
int gnuplot_draw(const char *gnuplot, unsigned deadline_ms, const struct buf *script,
		 struct pictures *p, struct err *e);

#endif
