/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * escape.h - text of unknown origin made harmless for one kind of document, numbers made readable.
 * report/ and cli/ include this.
 *
 * A result file may come from anyone. Every function takes any bytes: what is not UTF-8,
 * controls and characters that change the direction of text come out as U+FFFD, line breaks and
 * tabs as a space.
 */
#ifndef VTSCOPE_REPORT_ESCAPE_H
#define VTSCOPE_REPORT_ESCAPE_H

#include <jansson.h>
#include <stddef.h>

#include "common/buf.h"

void escape_plain(struct buf *out, const char *s);
/* What was appended to (out) since it was (from) long becomes plain, and one line with its newline. */
void escape_line(struct buf *out, size_t from);
json_t *escape_json(const char *s); /* a JSON string of it, plain; NULL: out of memory */
void escape_html(struct buf *out, const char *s); /* for text and for attributes in double quotes */
void escape_markdown(struct buf *out, const char *s);	/* for a paragraph or a table cell */
void escape_gnuplot(struct buf *out, const char *s);	/* a whole string constant, to be shown */
/* (json) as the content of a <script> element: it stays the same JSON. */
void escape_json_script(struct buf *out, const char *json, size_t len);

/* Like escape_plain(), but '?' or a near ASCII text for what ASCII does not have. */
void escape_ascii(struct buf *out, const char *s);

size_t text_width(const char *s);			/* characters, after escape_plain() */
void text_clip(struct buf *out, const char *s,
	       size_t max); /* plain, at most (max) characters, "…" when cut */

void base64_append(struct buf *out, const void *data, size_t len);

/* "9,120", "48.1", "0.25"; an en dash for what was not measured. */
void number_append(struct buf *out, double v);
/* "×24", "×1.7", "×0.92", "×0.00091": two digits at least; nothing for NAN. */
void ratio_append(struct buf *out, double ratio);
/* "10 k", "2 M": for ticks of an axis. */
void number_short(struct buf *out, double v);

#endif
