/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report on a terminal: tables that fit its width, bars of block characters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/doc.h"
#include "report/escape.h"

#define COLUMNS_MIN	60	/* a narrower terminal wraps */
#define COLUMN_GAP	2
#define NAME_MAX_WIDTH	28
#define BAR_MIN		8
#define RATIO_WIDTH	11

static unsigned columns(const struct doc *d)
{
	unsigned c = d->o->columns ? d->o->columns : 80;

	return c < COLUMNS_MIN ? COLUMNS_MIN : c > 400 ? 400 : c;
}

static void spaces(struct doc *d, size_t n)
{
	while (n--)
		buf_puts(d->out, " ");
}

/* (s) in exactly (width) columns. */
static void padded(struct doc *d, const char *s, size_t width, bool right)
{
	struct buf clipped = BUF_INIT;
	size_t w;

	text_clip(&clipped, s, width);
	w = text_width(buf_str(&clipped));
	spaces(d, right ? width - w : 0);
	buf_append(d->out, buf_str(&clipped), clipped.len);
	spaces(d, right ? 0 : width - w);
	buf_free(&clipped);
}

static void styled(struct doc *d, const char *code, const char *text)
{
	if (d->o->colour)
		buf_printf(d->out, "\x1b[%sm", code);
	escape_plain(d->out, text);
	if (d->o->colour)
		buf_puts(d->out, "\x1b[0m");
}

/* Bytes of the first (width) characters of (s), at most (bytes). */
static size_t cut(const char *s, size_t bytes, size_t width)
{
	size_t n = 0;

	for (size_t chars = 0; n < bytes; n++) {
		chars += ((unsigned char)s[n] & 0xc0) != 0x80;
		if (chars > width)
			break;
	}
	return n;
}

/* Words from column (indent) on; a word longer than a line is cut into lines. */
static void wrapped(struct doc *d, const char *raw, size_t indent)
{
	size_t room = columns(d) > indent + 10 ? columns(d) - indent : 10, used = 0;
	struct buf clean = BUF_INIT;

	escape_plain(&clean, raw);
	for (const char *s = buf_str(&clean); *s; ) {
		size_t word = strcspn(s, " "), bytes = cut(s, word, room), width = 0;

		for (size_t i = 0; i < bytes; i++)
			width += ((unsigned char)s[i] & 0xc0) != 0x80;
		if (used && used + 1 + width > room) {
			buf_puts(d->out, "\n");
			spaces(d, indent);
			used = 0;
		}
		buf_puts(d->out, used && width ? " " : "");
		buf_append(d->out, s, bytes);
		used += width + (used && width ? 1 : 0);
		s += bytes;
		s += *s == ' ';
	}
	buf_puts(d->out, "\n");
	buf_free(&clean);
}

static void begin(struct doc *d, const char *title, const char *subtitle)
{
	(void)title;
	wrapped(d, subtitle, 0);
	buf_puts(d->out, "\n");
}

static void verdict(struct doc *d, const struct verdict_view *v)
{
	styled(d, v->usable > 0 ? "1;32" : v->usable < 0 ? "1" : "1;31", v->summary);
	buf_puts(d->out, "\n\n");
	for (size_t i = 0; i < LAYERS_SHOWN; i++) {
		buf_puts(d->out, "  ");
		padded(d, v->layer[i].name, 12, false);
		wrapped(d, v->layer[i].text, 14);
	}
	buf_puts(d->out, "\n");
	if (v->next_step) {
		buf_puts(d->out, "  ");
		wrapped(d, v->next_step, 2);
	}
}

static void heading(struct doc *d, const char *text)
{
	buf_puts(d->out, "\n");
	styled(d, "1", text);
	buf_puts(d->out, "\n\n");
}

static void paragraph(struct doc *d, const char *text)
{
	buf_puts(d->out, "  ");
	wrapped(d, text, 2);
	buf_puts(d->out, "\n");
}

static void warning(struct doc *d, const char *text)
{
	buf_puts(d->out, "\n");
	styled(d, "33", "  ! ");
	wrapped(d, text, 4);
}

static void cell_text(const struct cell *c, struct buf *out)
{
	escape_plain(out, c->text ? c->text : "");
	if (c->note) {
		buf_puts(out, " (");
		escape_plain(out, c->note);
		buf_puts(out, ")");
	}
}

/*
 * A row a block where its text does not fit a line: "head: value" lines. Else columns. Two
 * columns are a list.
 */
static void table(struct doc *d, const struct table *t)
{
	size_t head = 0;

	for (size_t i = 0; i < t->n_cols; i++)
		head = text_width(t->col[i].head) > head ? text_width(t->col[i].head) : head;
	buf_puts(d->out, "  ");
	wrapped(d, t->caption, 2);
	for (size_t i = 0; i < t->n_cells; i++) {
		struct buf b = BUF_INIT;

		cell_text(&t->cell[i], &b);
		if (t->n_cols == 2) {
			buf_puts(d->out, i % 2 ? "" : "    ");
			if (i % 2) {
				wrapped(d, buf_str(&b), NAME_MAX_WIDTH + 6);
			} else {
				padded(d, buf_str(&b), NAME_MAX_WIDTH, false);
				buf_puts(d->out, "  ");
			}
		} else if (i % t->n_cols == 0) {
			buf_puts(d->out, "\n    ");
			styled(d, "1", buf_str(&b));
			buf_puts(d->out, "\n");
		} else if (b.len) {
			buf_puts(d->out, "      ");
			padded(d, t->col[i % t->n_cols].head, head + COLUMN_GAP, false);
			wrapped(d, buf_str(&b), 6 + head + COLUMN_GAP);
		}
		buf_free(&b);
	}
	buf_puts(d->out, "\n");
}

/* Eighths of a character; an ASCII terminal gets whole ones. */
static void bar(struct doc *d, double part, size_t width, unsigned ansi)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	size_t n = (size_t)(part * (double)width * 8);

	if (n == 0)
		n = 1;
	if (d->o->colour)
		buf_printf(d->out, "\x1b[38;5;%um", ansi);
	for (size_t i = 0; i < n / 8; i++)
		buf_puts(d->out, d->o->utf8 ? "█" : "#");
	if (d->o->utf8)
		buf_puts(d->out, eighths[n % 8]);
	else if (n < 8)
		buf_puts(d->out, "#");
	if (d->o->colour)
		buf_puts(d->out, "\x1b[0m");
}

struct bars {
	size_t op, lane, bar;	/* columns */
	bool labels; /* those of the lanes fit whole; else engine and provenance, and a legend */
	bool percentile, ratio;
	struct log_axis axis;
};

static void short_label(const struct bars *m, const struct lane *l, struct buf *out)
{
	if (m->labels)
		buf_puts(out, l->label);
	else
		buf_printf(out, "%s, %s", l->first->engine, l->first->provenance);
}

static size_t widest_lane(const struct bars *m, const struct series *s)
{
	size_t most = 6;

	for (size_t i = 0; i < s->n_cycles; i++) {
		struct buf b = BUF_INIT;

		short_label(m, &s->lane[i], &b);
		most = text_width(buf_str(&b)) > most ? text_width(buf_str(&b)) : most;
		buf_free(&b);
	}
	return most;
}

static struct bars measure(const struct doc *d)
{
	const struct series *s = d->s;
	struct bars m = { .op = 9, .labels = true };
	size_t width = columns(d), fixed;

	for (size_t i = 0; i < s->n_rows; i++)
		if (row_has_cycles(s, &s->row[i]) && text_width(s->row[i].op) > m.op)
			m.op = text_width(s->row[i].op);
	for (size_t i = 0; i < s->n_cells; i++)
		if (s->cell[i].lane < s->n_cycles)
			log_axis_show(&m.axis, s->cell[i].r->median);
	if (!log_axis_close(&m.axis, 1.5))
		m.axis = (struct log_axis){ 1, 10 };
	m.op = m.op < NAME_MAX_WIDTH ? m.op : NAME_MAX_WIDTH;
	m.lane = widest_lane(&m, s);
	m.labels = m.lane <= width / 3;
	m.lane = m.labels ? m.lane : widest_lane(&m, s);
	m.lane = m.lane < width / 3 ? m.lane : width / 3;
	m.percentile = width >= 100;
	m.ratio = width >= 80;
	fixed = m.op + m.lane + 12 + (m.ratio ? RATIO_WIDTH : 0) + (m.percentile ? 24 : 0) + 3 * COLUMN_GAP + 1;
	m.bar = width > fixed + BAR_MIN && !d->o->no_bars ? width - fixed : 0;
	return m;
}

static void number_column(struct doc *d, double v, size_t width)
{
	struct buf b = BUF_INIT;

	number_append(&b, v);
	padded(d, buf_str(&b), width, true);
	buf_free(&b);
}

static void ratio_column(struct doc *d, double ratio)
{
	struct buf b = BUF_INIT;

	ratio_append(&b, ratio);
	padded(d, buf_str(&b), RATIO_WIDTH, true);
	buf_free(&b);
}

/* (first): the row's first line, which names the operation. */
static void bar_row(struct doc *d, const struct bars *m, const struct series_row *row, bool first,
		    const struct series_cell *c)
{
	const struct lane *l = &d->s->lane[c->lane];
	struct buf label = BUF_INIT;

	short_label(m, l, &label);
	padded(d, first ? row->op : "", m->op, false);
	spaces(d, COLUMN_GAP);
	padded(d, buf_str(&label), m->lane, false);
	buf_free(&label);
	number_column(d, c->r->median, 12);
	if (m->ratio)
		ratio_column(d, series_ratio(d->s, row, c));
	if (m->percentile) {
		number_column(d, c->r->p25, 12);
		number_column(d, c->r->p99, 12);
	}
	buf_puts(d->out, c->r->flags & RESULT_EXIT_MISMATCH ? " x " : "   ");
	if (m->bar && plottable(c->r->median))
		bar(d, log_axis_at(&m->axis, c->r->median), m->bar,
		    l->style < LANE_STYLES ? lane_styles[l->style].ansi : 250);
	buf_puts(d->out, "\n");
}

static void bars(struct doc *d)
{
	const struct series *s = d->s;
	struct bars m = measure(d);
	unsigned mismatch = 0;

	for (size_t i = 0; !m.labels && i < s->n_cycles; i++) {
		buf_puts(d->out, "  ");
		wrapped(d, s->lane[i].label, 4);
	}
	buf_puts(d->out, m.labels ? "" : "\n");
	padded(d, "operation", m.op, false);
	spaces(d, COLUMN_GAP);
	padded(d, "engine", m.lane, false);
	padded(d, "median", 12, true);
	if (m.ratio)
		padded(d, "/ native", RATIO_WIDTH, true);
	if (m.percentile) {
		padded(d, "25 %", 12, true);
		padded(d, "99 %", 12, true);
	}
	buf_puts(d->out, m.bar >= 17 ? "   cycles, log scale\n" : m.bar ? "   cycles\n" : "\n");
	for (size_t i = 0; i < s->n_rows && i < TABLE_ROWS_MAX; i++) {
		const struct series_row *row = &s->row[i];

		for (size_t k = 0; k < row->n && row_kind(row) != ROW_SWEEP; k++) {
			if (s->cell[row->first + k].lane >= s->n_cycles)
				continue;
			bar_row(d, &m, row, k == 0, &s->cell[row->first + k]);
			mismatch |= s->cell[row->first + k].r->flags & RESULT_EXIT_MISMATCH;
		}
	}
	if (mismatch) {
		buf_puts(d->out, "\n  x  ");
		wrapped(d, "not the exits that the operation causes: another cost than a VM exit's", 5);
	}
	if (s->n_rows > TABLE_ROWS_MAX)
		rows_left_out(d, s->n_rows - TABLE_ROWS_MAX);
}

static void end(struct doc *d)
{
	struct buf ascii = BUF_INIT;

	if (d->o->utf8)
		return;
	/* Escape sequences are ours alone: put them aside of the transliteration. */
	for (const char *s = buf_str(d->out); *s; ) {
		size_t n = strcspn(s, "\x1b");
		struct buf piece = BUF_INIT;

		buf_append(&piece, s, n);
		escape_ascii(&ascii, buf_str(&piece));
		buf_free(&piece);
		s += n;
		n = *s ? strcspn(s, "m") + 1 : 0;
		buf_append(&ascii, s, n);
		s += n;
	}
	if (buf_error(&ascii))
		d->out->error = buf_error(&ascii);
	buf_clear(d->out);
	buf_append(d->out, buf_str(&ascii), ascii.len);
	buf_free(&ascii);
}

const struct doc_ops text_doc = {
	.wide = false,
	.begin = begin,
	.verdict = verdict,
	.heading = heading,
	.paragraph = paragraph,
	.warning = warning,
	.table = table,
	.bars = bars,
	.end = end,
};
