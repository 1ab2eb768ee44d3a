/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - a result set as a document. report/ and cli/ include this.
 */
#ifndef VTSCOPE_REPORT_REPORT_H
#define VTSCOPE_REPORT_REPORT_H

#include <stdbool.h>

#include "bench/result.h"
#include "common/buf.h"
#include "common/err.h"

enum report_format {
	REPORT_HTML,
	REPORT_MARKDOWN,
	REPORT_PNG,
	REPORT_SVG,
	REPORT_PDF,
	REPORT_TEXT
};

/* By the file name's extension. 0 or -EINVAL with the known ones. */
int report_format_of(const char *file_name, enum report_format *out, struct err *e);

struct report_options {
	enum report_format format;
	const char *keep_script;	/* --keep-script FILE: the gnuplot script, NULL: drop it */
	const char *gnuplot; /* path, NULL: not installed: figures are left out, with a note */
	unsigned gnuplot_deadline_ms;	/* 0: a minute */
	bool utf8, colour;		/* REPORT_TEXT */
	bool no_bars;			/* REPORT_TEXT: numbers only */
	unsigned columns;		/* REPORT_TEXT, 0: 80 */
};

/*
 * Renders to (out). Figures that could not be drawn are a sentence in the document and in (warning)
 * (empty when all were drawn); only PNG, SVG and PDF fail without gnuplot (-ENOENT).
 */
int report_render(const struct result_set *r, const struct report_options *o, struct buf *out,
		  struct buf *warning, struct err *e);

/*
 * An HTML report holds the result it was made from: appends that JSON to (out), so that a report
 * can be read where a result can. 0, or -EINVAL when (html) holds none.
 */
int report_extract_json(const char *html, size_t len, struct buf *out, struct err *e);

#endif
