/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two fifths of what gnuplot writes as SVG draws nothing: groups that it opens and closes, marks
 * that nobody uses. A report holds thirty pictures, so they are left out. Lines are matched
 * whole; what is not known stays as it is.
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
}
