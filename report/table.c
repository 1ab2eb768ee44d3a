/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "report/doc.h"
#include "report/escape.h"

void table_init(struct table *t, const char *caption, const struct column *col, size_t n_cols)
{
	*t = (struct table){ .caption = caption, .col = col, .n_cols = n_cols };
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++) {
		free(t->cell[i].text);
		free(t->cell[i].note);
	}
	free(t->cell);
	*t = (struct table){ 0 };
}

size_t table_rows(const struct table *t)
{
	return t->n_cells / t->n_cols;
}

/* Takes over what (b) holds. */
static void add(struct table *t, struct buf *b, bool muted)
{
	if (table_rows(t) == TABLE_ROWS_MAX) {
		t->dropped++;
		buf_free(b);
		return;
	}
	if (t->n_cells == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct cell *more = realloc(t->cell, cap * sizeof(*more));

		if (!more) {
			t->error = -ENOMEM;
			buf_free(b);
			return;
		}
		t->cell = more;
		t->cap = cap;
	}
	if (buf_error(b))
		t->error = buf_error(b);
	t->cell[t->n_cells++] = (struct cell){ .text = b->data, .muted = muted };
}

void table_text(struct table *t, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	add(t, &b, false);
}

void table_number(struct table *t, double v)
{
	struct buf b = BUF_INIT;

	number_append(&b, v);
	add(t, &b, v != v);
}

void table_count(struct table *t, double v)
{
	struct buf b = BUF_INIT;

	if (v == rint(v) && fabs(v) < 1000)
		buf_printf(&b, "%.0f", v);
	else
		number_append(&b, v);
	add(t, &b, v != v);
}

void table_muted(struct table *t, const char *s)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, s);
	add(t, &b, true);
}

void table_note(struct table *t, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	if (t->error || t->dropped)
		return;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	t->cell[t->n_cells - 1].note = b.data;
}
