/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the documents of a comparison share: names, percentages, sentences. */
#include "report/comparison.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/escape.h"

#define UNMATCHED_NAMED	6	/* operations in one sentence */

const char *const comparison_formats[COMPARISON_FORMATS + 1] = { "text", "json", "md", "junit", NULL };

void change_name(const struct change *row, struct buf *out)
{
	escape_plain(out, row->op);
	if (row->measure == MEASURE_EXITS)
		buf_puts(out, " exits");
}

/* Digits for two significant places, but none behind the point from ten on. */
static int places(double percent)
{
	double a = fabs(percent);

	return a >= 9.95 ? 0 : a >= 0.095 ? 1 : a >= 0.0095 ? 2 : a == 0 ? 0 : 3;
}

void change_percent(double ratio, struct buf *out)
{
	double percent = 100 * (ratio - 1);

	if (!isfinite(ratio))
		return;
	if (ratio >= 10)
		buf_printf(out, "x%.3g", ratio);
	else
		buf_printf(out, "%s%.*f %%", percent > 0 ? "+" : "", places(percent), percent);
}

static void reason_inconclusive(const struct change *row, struct buf *out)
{
	buf_puts(out, row->why[0] ? "; " : "");
	if (row->exact)
		buf_puts(out, "no count to go by");
	else if (row->needed_least)
		buf_printf(out, "it takes at least %u %s", row->launches_needed, row->paired ? "pairs" : "launches a side");
	else if (row->paired && row->launches_needed)
		buf_printf(out, "%u pairs would decide", row->launches_needed);
	else if (row->paired)
		buf_puts(out, "more pairs would not decide");
	else if (row->runs_needed)
		buf_printf(out, "%u runs a side would decide (%u launches), or both in one session, 'vtscope ab'",
			   row->runs_needed, row->launches_needed);
	else if (row->launches_needed)
		buf_printf(out, "%u launches a side would decide", row->launches_needed);
	else
		buf_puts(out, "more runs would not decide: measure both in one session, 'vtscope ab'");
}

void change_reason(const struct change *row, struct buf *out)
{
	escape_plain(out, row->why);
	if (row->word == CHANGE_INCONCLUSIVE && !row->refuted) {
		reason_inconclusive(row, out);
		return;
	}
	if (row->word > CHANGE_IMPROVEMENT || row->why[0])
		return;
	change_percent(row->ratio, out);
	if (row->exact) {
		buf_puts(out, ", counted");
		return;
	}
	buf_puts(out, " (95 %: ");
	change_percent(row->lo, out);
	buf_puts(out, " to ");
	change_percent(row->hi, out);
	buf_printf(out, "), p %.2g, threshold %.3g %%", row->p_holm, 100 * row->threshold);
}

const char *comparison_side(const struct comparison *c, bool b)
{
	const char *name = b ? c->b_name : c->a_name;

	if (*name)
		return name;
	return c->paired ? "(no options of its own)" : b ? "after" : "before";
}

void unmatched_reason(const struct unmatched *u, struct buf *out)
{
	/* In A it may have failed, too. */
	buf_printf(out, "%s in %c", !u->reason[0] ? "not asked for" : u->in_a ? "skipped" : "not measured", u->in_a ? 'B' : 'A');
	buf_puts(out, u->reason[0] ? ": " : "");
	escape_plain(out, u->reason);
}

static bool one_sentence(const struct unmatched *a, const struct unmatched *b)
{
	return a->in_a == b->in_a && !strcmp(a->engine, b->engine) && !strcmp(a->reason, b->reason);
}

bool unmatched_sentence(const struct comparison *c, size_t at, bool all, struct buf *out)
{
	const struct unmatched *u = c->unmatched;
	size_t n = 0, i;

	for (i = 0; i < at; i++)
		if (one_sentence(&u[i], &u[at]))
			return false;
	buf_printf(out, "only in %c: ", u[at].in_a ? 'A' : 'B');
	escape_plain(out, u[at].engine);
	for (i = at; i < c->n_unmatched; i++) {
		if (!one_sentence(&u[i], &u[at]))
			continue;
		if (n++ >= UNMATCHED_NAMED && !all)
			continue;
		buf_puts(out, n > 1 ? ", " : " ");
		escape_plain(out, u[i].op);
	}
	if (n > UNMATCHED_NAMED && !all)
		buf_printf(out, " and %zu more", n - UNMATCHED_NAMED);
	buf_puts(out, " (");
	unmatched_reason(&u[at], out);
	buf_puts(out, ")");
	return true;
}

static void count_put(const struct comparison *c, enum change_word w, bool *first, struct buf *out)
{
	size_t n = comparison_count(c, w);
	bool plural = n > 1 && w <= CHANGE_IMPROVEMENT;

	if (!n)
		return;
	buf_printf(out, "%s%zu %s%s", *first ? "" : ", ", n, change_word(w), plural ? "s" : "");
	*first = false;
}

/* How many of the regressions a second measurement showed as well. */
static void confirmed_put(const struct comparison *c, struct buf *out)
{
	size_t n = 0, all = comparison_count(c, CHANGE_REGRESSION);

	for (size_t i = 0; i < c->n; i++)
		n += c->change[i].word == CHANGE_REGRESSION && c->change[i].confirmed;
	if (!all)
		buf_puts(out, "; no regression in a second measurement");
	else if (n == all)
		buf_puts(out, "; confirmed by a second measurement");
	else if (n)
		buf_printf(out, "; %zu of %zu regressions confirmed by a second measurement", n, all);
	else
		buf_puts(out, "; not confirmed: there was no second measurement of them");
}

/* What makes the whole less than it looks. */
static void shortfall_put(const struct comparison *c, struct buf *out)
{
	size_t n = comparison_skipped(c);

	if (n)
		buf_printf(out, "; %zu row%s of A skipped in B", n, n == 1 ? "" : "s");
	if (c->interrupted[0] || c->interrupted[1])
		buf_printf(out, "; %s interrupted", c->paired ? "the session was" : !c->interrupted[1] ? "A was" :
			   !c->interrupted[0] ? "B was" : "both were");
}

void comparison_summary(const struct comparison *c, struct buf *out)
{
	bool first = true;

	if (!c->n) {
		buf_puts(out, "nothing in common: no row is in both");
		shortfall_put(c, out);
		return;
	}
	for (unsigned w = 0; w < CHANGE_WORDS; w++)
		count_put(c, w, &first, out);
	if (c->second)
		confirmed_put(c, out);
	shortfall_put(c, out);
}

int comparison_render(const struct comparison *c, enum comparison_format format, const struct comparison_style *style,
		      struct buf *out)
{
	switch (format) {
	case COMPARISON_JSON:
		comparison_json(c, out);
		break;
	case COMPARISON_MARKDOWN:
		comparison_markdown(c, out);
		break;
	case COMPARISON_JUNIT:
		comparison_junit(c, style->strict, out);
		break;
	default:
		comparison_text(c, style, out);
	}
	return buf_error(out) ? -ENOMEM : 0;
}
