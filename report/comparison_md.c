/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A comparison as Markdown for a comment on a pull request: what matters first, the rest folded, bounded in length. */
#include <math.h>
#include <string.h>

#include "report/comparison.h"
#include "report/escape.h"

#define ROWS_TOLD	30	/* a comment holds 65,536 characters */
#define ROWS_FOLDED	250
#define SUBJECT_ROWS	40
#define UNMATCHED_ITEMS	20

static void cell_number(struct buf *out, double v)
{
	buf_puts(out, " ");
	number_append(out, v);
	buf_puts(out, " |");
}

static void cell_percent(struct buf *out, double ratio)
{
	buf_puts(out, " ");
	change_percent(ratio, out);
	buf_puts(out, " |");
}

static void row_put(const struct change *row, struct buf *out)
{
	bool loud = row->word == CHANGE_REGRESSION;
	struct buf reason = BUF_INIT;

	buf_puts(out, "| `");
	change_name(row, out);
	buf_puts(out, "` | ");
	escape_markdown(out, row->engine);
	buf_puts(out, " |");
	cell_number(out, row->a);
	cell_number(out, row->b);
	cell_percent(out, row->ratio);
	buf_puts(out, " ");
	if (row->exact) {
		buf_puts(out, "counted");
	} else if (isfinite(row->lo)) {
		change_percent(row->lo, out);
		buf_puts(out, " … ");
		change_percent(row->hi, out);
	}
	buf_printf(out, " | %s%s%s", loud ? "**" : "", change_word(row->word), loud ? "**" : "");
	if (row->word == CHANGE_INCONCLUSIVE || row->why[0]) {
		change_reason(row, &reason);
		buf_puts(out, ": ");
		escape_markdown(out, buf_str(&reason));
	}
	buf_puts(out, " |\n");
	buf_free(&reason);
}

static void head(struct buf *out)
{
	buf_puts(out, "| operation | engine | A | B | change | 95 % interval | |\n|---|---|--:|--:|--:|--:|---|\n");
}

static bool matters(const struct change *row)
{
	return row->word != CHANGE_NONE && row->word != CHANGE_INCONCLUSIVE;
}

/* Rows that matter or those that do not, at most (most). */
static void rows_put(const struct comparison *c, bool which, size_t most, struct buf *out)
{
	size_t n = 0;

	for (unsigned w = 0; w < CHANGE_WORDS; w++)
		for (size_t i = 0; i < c->n; i++) {
			const struct change *row = &c->change[i];

			if ((unsigned)row->word != w || matters(row) != which)
				continue;
			if (!n)
				head(out);
			if (++n <= most)
				row_put(row, out);
		}
	if (n > most)
		buf_printf(out, "\n… and %zu more.\n", n - most);
}

static void differences(const char *title, const struct key_difference *d, size_t n, struct buf *out)
{
	if (!n)
		return;
	buf_printf(out, "\n| %s | A | B |\n|---|---|---|\n", title);
	for (size_t i = 0; i < n && i < SUBJECT_ROWS; i++) {
		buf_puts(out, "| ");
		escape_markdown(out, d[i].key);
		buf_puts(out, " | ");
		escape_markdown(out, d[i].a);
		buf_puts(out, " | ");
		escape_markdown(out, d[i].b);
		buf_puts(out, " |\n");
	}
	if (n > SUBJECT_ROWS)
		buf_printf(out, "\n… and %zu more.\n", n - SUBJECT_ROWS);
}

/* A list; one engine and reason is one item. */
static void unmatched_put(const struct comparison *c, struct buf *out)
{
	size_t told = 0;

	for (size_t i = 0; i < c->n_unmatched; i++) {
		struct buf sentence = BUF_INIT;

		if (unmatched_sentence(c, i, false, &sentence) && told++ < UNMATCHED_ITEMS) {
			buf_puts(out, told == 1 ? "\n* " : "* ");
			escape_markdown(out, buf_str(&sentence));
			buf_puts(out, "\n");
		}
		buf_free(&sentence);
	}
	if (told > UNMATCHED_ITEMS)
		buf_printf(out, "* … and %zu more.\n", told - UNMATCHED_ITEMS);
}

void comparison_markdown(const struct comparison *c, struct buf *out)
{
	size_t telling = 0;

	for (size_t i = 0; i < c->n; i++)
		telling += matters(&c->change[i]);
	buf_puts(out, "### vtscope: ");
	comparison_summary(c, out);
	buf_puts(out, "\n\nA: ");
	escape_markdown(out, comparison_side(c, false));
	buf_puts(out, ", B: ");
	escape_markdown(out, comparison_side(c, true));
	buf_puts(out, c->paired ? ", measured in turn in one session. " COMPARISON_PAIRS_TEXT ".\n\n" : ".\n\n");
	rows_put(c, true, ROWS_TOLD, out);
	unmatched_put(c, out);
	differences("hardware", c->hardware, c->n_hardware, out);
	differences("subject", c->subject, c->n_subject, out);
	if (c->n == telling)
		return;
	buf_printf(out, "\n<details><summary>%zu without a known change</summary>\n\n", c->n - telling);
	rows_put(c, false, ROWS_FOLDED, out);
	buf_puts(out, "\n</details>\n");
}
