/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * comparison.h - a comparison as a document: compare, baseline and ab print the same. report/ and cli/ include this.
 */
#ifndef VTSCOPE_REPORT_COMPARISON_H
#define VTSCOPE_REPORT_COMPARISON_H

#include "bench/compare.h"
#include "common/buf.h"

enum comparison_format { COMPARISON_TEXT, COMPARISON_JSON, COMPARISON_MARKDOWN, COMPARISON_JUNIT, COMPARISON_FORMATS };

/* "text", "json", "md", "junit", NULL: the choices of --format, by enum. */
extern const char *const comparison_formats[COMPARISON_FORMATS + 1];

struct comparison_style {
	bool colour, utf8;	/* text only */
	bool all;		/* text: counts that are the same, and all of the subject, too */
	bool strict;		/* junit: what is inconclusive, or skipped in B, is a failure */
};

/* The sentence of the whole: "1 regression in 12 comparisons", "nothing is known to have changed: ...". */
void comparison_summary(const struct comparison *c, struct buf *out);

/* Appends the whole document. 0 or -ENOMEM. */
int comparison_render(const struct comparison *c, enum comparison_format format, const struct comparison_style *style,
		      struct buf *out);

/* One a format; comparison_render() is how they are reached from elsewhere. */
void comparison_text(const struct comparison *c, const struct comparison_style *style, struct buf *out);
void comparison_json(const struct comparison *c, struct buf *out);
void comparison_markdown(const struct comparison *c, struct buf *out);
void comparison_junit(const struct comparison *c, bool strict, struct buf *out);

/*
 * The rows that only one side has, a sentence for those of one engine and reason: "only in A: exec cpu.alu.u, exit.cpuid
 * (skipped in B: ...)". False where row (at) of c->unmatched is not the first of its sentence. (all): names all.
 */
bool unmatched_sentence(const struct comparison *c, size_t at, bool all, struct buf *out);
/* Why row (u) is on one side only: "skipped in B: ...", "not asked for in A". */
void unmatched_reason(const struct unmatched *u, struct buf *out);
/* What a side is called for people; ab's may have no options of its own. */
const char *comparison_side(const struct comparison *c, bool b);
/* What the numbers of paired rows are. */
#define COMPARISON_PAIRS_TEXT "A and B are medians of a side's launches, a change is the median of the pairs' ratios"
/* "exit.cpuid", "exit.cpuid exits": what a change is of. */
void change_name(const struct change *row, struct buf *out);
/* "+8.3 %", "-12 %", "x24" where a percentage would not be read; "" for NAN. */
void change_percent(double ratio, struct buf *out);
/* What the word is, why, and what to do: a sentence without a full stop at its end. */
void change_reason(const struct change *row, struct buf *out);

#endif
