/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A comparison on the terminal. */
#include <math.h>
#include <string.h>

#include "report/comparison.h"
#include "report/escape.h"

#define NUMBER_WIDTH	10
#define CHANGE_WIDTH	9
#define INTERVAL_WIDTH	20
#define NAME_MAX_WIDTH	40
#define SUBJECT_LINES	8
#define REASON_LINES	8

static bool shown(const struct change *row, const struct comparison_style *style)
{
	return style->all || !(row->word == CHANGE_NONE && (row->exact || row->measure == MEASURE_EXITS));
}

static void blanks(struct buf *out, size_t n)
{
	buf_printf(out, "%*s", (int)n, "");
}

static void padded(struct buf *out, const struct buf *cell, size_t width, bool right)
{
	size_t n = text_width(buf_str(cell)), gap = n < width ? width - n : 0;

	blanks(out, right ? gap : 0);
	buf_append(out, buf_str(cell), cell->len);
	blanks(out, right ? 0 : gap);
}

static size_t names_width(const struct comparison *c, const struct comparison_style *style)
{
	size_t width = 9;

	for (size_t i = 0; i < c->n; i++) {
		struct buf name = BUF_INIT;
		size_t n;

		change_name(&c->change[i], &name);
		n = text_width(buf_str(&name));
		if (shown(&c->change[i], style) && n > width)
			width = n;
		buf_free(&name);
	}
	return width < NAME_MAX_WIDTH ? width : NAME_MAX_WIDTH;
}

static void number_cell(struct buf *out, double v, const struct comparison_style *style)
{
	struct buf cell = BUF_INIT;

	if (isfinite(v))
		number_append(&cell, v);
	else
		buf_puts(&cell, style->utf8 ? "–" : "-");
	padded(out, &cell, NUMBER_WIDTH, true);
	buf_free(&cell);
}

static void interval_cell(struct buf *out, const struct change *row)
{
	struct buf cell = BUF_INIT;

	if (row->exact && isfinite(row->ratio)) {
		buf_puts(&cell, "counted");
	} else if (isfinite(row->lo)) {
		change_percent(row->lo, &cell);
		buf_puts(&cell, " .. ");
		change_percent(row->hi, &cell);
	}
	padded(out, &cell, INTERVAL_WIDTH, true);
	buf_free(&cell);
}

static void word_put(struct buf *out, enum change_word w, const struct comparison_style *style)
{
	static const char *const codes[CHANGE_WORDS] = {
		[CHANGE_REGRESSION] = "1;31", [CHANGE_IMPROVEMENT] = "32", [CHANGE_NONE] = "0", [CHANGE_INCONCLUSIVE] = "33",
		[CHANGE_INCOMPARABLE] = "35",
	};

	if (style->colour)
		buf_printf(out, "\x1b[%sm%s\x1b[0m", codes[w], change_word(w));
	else
		buf_puts(out, change_word(w));
}

static void change_line(struct buf *out, const struct change *row, size_t width, const struct comparison_style *style)
{
	struct buf name = BUF_INIT, clipped = BUF_INIT, percent = BUF_INIT;

	change_name(row, &name);
	text_clip(&clipped, buf_str(&name), width);
	change_percent(row->ratio, &percent);
	padded(out, &clipped, width, false);
	buf_puts(out, " ");
	buf_free(&clipped);
	text_clip(&clipped, row->engine, 8);
	padded(out, &clipped, 8, false);
	number_cell(out, row->a, style);
	number_cell(out, row->b, style);
	padded(out, &percent, CHANGE_WIDTH, true);
	interval_cell(out, row);
	buf_puts(out, "  ");
	word_put(out, row->word, style);
	buf_puts(out, "\n");
	buf_free(&name);
	buf_free(&clipped);
	buf_free(&percent);
}

/* What differs around the runs: hardware always, of the subject the first few. */
static void differences(const struct key_difference *d, size_t n, size_t most, const char *what, struct buf *out)
{
	for (size_t i = 0; i < n && i < most; i++) {
		buf_printf(out, "%s%s ", what, what[0] ? "" : "  ");
		escape_plain(out, d[i].key);
		buf_puts(out, ": ");
		escape_plain(out, d[i].a);
		buf_puts(out, " -> ");
		escape_plain(out, d[i].b);
		buf_puts(out, d[i].allowed && what[0] == 'h' ? " (allowed)\n" : "\n");
	}
	if (n > most)
		buf_printf(out, "%s and %zu more; -v has all\n", what, n - most);
}

static void reason_line(const struct change *row, struct buf *out)
{
	buf_puts(out, "  ");
	change_name(row, out);
	buf_puts(out, " ");
	escape_plain(out, row->engine);
	buf_puts(out, ": ");
	change_reason(row, out);
	buf_puts(out, "\n");
}

/* What is behind each word that calls for something to be done; the table has said most. */
static void reasons(const struct comparison *c, bool all, struct buf *out)
{
	size_t between = 0, told = 0, hidden = 0;

	for (unsigned w = 0; w < CHANGE_WORDS; w++)
		for (size_t i = 0; i < c->n; i++) {
			const struct change *row = &c->change[i];

			if ((unsigned)row->word != w)
				continue;
			between += w == CHANGE_INCONCLUSIVE && row->between > 0;
			if (!row->why[0] && (w != CHANGE_INCONCLUSIVE || (row->between > 0 && !all)))
				continue;
			if (w == CHANGE_NONE && !all)
				continue;
			if (told++ < REASON_LINES || all)
				reason_line(row, out);
			else
				hidden++;
		}
	if (hidden)
		buf_printf(out, "  and %zu more; -v has all\n", hidden);
	if (between)
		buf_puts(out, "Two runs of the same differ, too, and the intervals have that in them. To see less, measure both\n"
			      "in one session (vtscope ab), or give several runs a side.\n");
}

static void unmatched_put(const struct comparison *c, bool all, struct buf *out)
{
	for (size_t i = 0; i < c->n_unmatched; i++)
		if (unmatched_sentence(c, i, all, out))
			buf_puts(out, "\n");
}

static void table(const struct comparison *c, const struct comparison_style *style, struct buf *out)
{
	size_t width = names_width(c, style), hidden = 0, i;

	for (i = 0; i < c->n; i++)
		hidden += !shown(&c->change[i], style);
	if (hidden < c->n)
		buf_printf(out, "\n%s%-*s %-8s%*s%*s%*s%*s%s\n", style->colour ? "\x1b[1m" : "", (int)width, "operation",
			   "engine", NUMBER_WIDTH, "A", NUMBER_WIDTH, "B", CHANGE_WIDTH, "change", INTERVAL_WIDTH,
			   "95 % interval", style->colour ? "\x1b[0m" : "");
	for (i = 0; i < c->n; i++)
		if (shown(&c->change[i], style))
			change_line(out, &c->change[i], width, style);
	if (hidden)
		buf_printf(out, "%zu count%s the same\n", hidden, hidden == 1 ? " is" : "s are");
}

void comparison_text(const struct comparison *c, const struct comparison_style *style, struct buf *out)
{
	buf_puts(out, "A  ");
	escape_plain(out, comparison_side(c, false));
	buf_puts(out, "\nB  ");
	escape_plain(out, comparison_side(c, true));
	buf_puts(out, "\n");
	differences(c->hardware, c->n_hardware, c->n_hardware, "hardware", out);
	differences(c->subject, c->n_subject, style->all ? c->n_subject : SUBJECT_LINES, "subject", out);
	table(c, style, out);
	if (c->paired && c->n)
		buf_puts(out, COMPARISON_PAIRS_TEXT "\n");
	unmatched_put(c, style->all, out);
	buf_puts(out, "\n");
	comparison_summary(c, out);
	buf_puts(out, "\n");
	reasons(c, style->all, out);
}
