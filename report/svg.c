/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Half of what gnuplot writes as SVG draws nothing: groups that it opens and closes, marks that
 * nobody uses, attributes that every group repeats. A report holds thirty pictures, so they are
 * left out. Lines are matched whole; what is not known stays as it is.
 */
#include <stdio.h>
#include <string.h>

#include "report/figure.h"

static bool starts(const char *line, size_t n, const char *with)
{
	size_t w = strlen(with);

	return n >= w && !memcmp(line, with, w);
}

/* Does line (s) define a mark that the rest of the picture never uses? */
static bool unused_mark(const struct buf *svg, const char *s, size_t n)
{
	const char *id = memmem(s, n, "id='gpPt", 8);
	char use[32];

	if (!id || s[0] != '\t')
		return false;
	snprintf(use, sizeof(use), "'#%.*s'", (int)strcspn(id + 4, "'") & 15, id + 4);
	return !memmem(svg->data, svg->len, use, strlen(use));
}

#define CANVAS		"<g id=\"gnuplot_canvas\""
#define REPEATED	" stroke-linecap=\"butt\" stroke-linejoin=\"miter\""
#define FONT		" font-family=\"sans-serif\""

/*
 * Groups inherit these from the one around them all. A line with text is left alone: it may
 * say anything.
 */
static void append_inherited(struct buf *out, const char *line, size_t n)
{
	static const char *const inherited[] = { REPEATED, FONT, " class=\"gridline\"" };

	if (starts(line, n, CANVAS ">")) {
		buf_puts(out, CANVAS REPEATED FONT ">\n");
		return;
	}
	while (n && !memmem(line, n, "<text", 5)) {
		const char *first = NULL;
		size_t length = 0;

		for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
			size_t w = strlen(inherited[i]);
			const char *at = memmem(line, n, inherited[i], w);

			if (at && (!first || at < first)) {
				first = at;
				length = w;
			}
		}
		if (!first)
			break;
		buf_append(out, line, (size_t)(first - line));
		n -= (size_t)(first - line) + length;
		line = first + length;
	}
	buf_append(out, line, n);
}

static void inherit(struct buf *svg)
{
	struct buf less = BUF_INIT;
	const char *end = svg->data + svg->len;

	if (!memmem(svg->data, svg->len, CANVAS ">\n", sizeof(CANVAS ">\n") - 1))
		return;
	for (const char *s = svg->data; s < end; ) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		size_t n = nl ? (size_t)(nl + 1 - s) : (size_t)(end - s);

		append_inherited(&less, s, n);
		s += n;
	}
	if (!buf_error(&less)) {
		struct buf old = *svg;

		*svg = less;
		less = old;
	}
	buf_free(&less);
}

/* One pass; true when something went. */
static bool pass(const struct buf *in, struct buf *out)
{
	const char *s = in->data, *end = in->data + in->len;
	bool filter = false, went = false;

	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s)), *line = s, *after;
		size_t n = nl ? (size_t)(nl + 1 - s) : (size_t)(end - s);

		s += n;
		after = s;
		filter = filter || starts(line, n, "\t<filter");
		if (filter || unused_mark(in, line, n)) {
			filter = filter && !starts(line, n, "\t</filter");
			went = true;
			continue;
		}
		if (starts(line, n, "<g ") && line[n - 2] == '>' &&
		    starts(after, (size_t)(end - after), "</g>\n")) {
			s += 5;
			went = true;
			continue;
		}
		buf_append(out, line, n);
	}
	return went;
}

void svg_slim(struct buf *svg)
{
	struct buf less = BUF_INIT;

	/* A mark may be used by another mark only: again, until nothing goes. */
	while (svg->len && pass(svg, &less) && !buf_error(&less)) {
		struct buf old = *svg;

		*svg = less;
		less = old;
		buf_clear(&less);
	}
	buf_free(&less);
	if (svg->len)
		inherit(svg);
}
