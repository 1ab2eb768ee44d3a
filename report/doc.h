/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doc.h - what a report says, apart from how it looks: one walk over the result set, one set of
 * functions a format. Only report/ includes this.
 *
 * Strings that pass through here are raw; the format escapes them.
 */
#ifndef VTSCOPE_REPORT_DOC_H
#define VTSCOPE_REPORT_DOC_H

#include "common/buf.h"
#include "report/figure.h"
#include "report/report.h"
#include "report/series.h"

enum column_kind {
	WORDS,
	TIGHT,		/* short words that belong on one line */
	NUMBER,		/* aligned right */
};

struct column { const char *head; enum column_kind kind; };

struct cell {
	char *text;	/* owned */
	char *note;	/* owned: a quieter second part, or NULL */
	bool muted;
};

struct doc;

#define TABLE_ROWS_MAX	2000	/* a document that nobody reads to its end need not be endless */

/* Rows of cells, filled from left to right; those beyond the maximum are counted only. The error is sticky. */
struct table {
	const char *caption;
	const struct column *col;	/* borrowed */
	size_t n_cols;
	struct cell *cell;		/* owned, by rows */
	size_t n_cells, cap, dropped;	/* cells */
	int error;
};

void table_init(struct table *t, const char *caption, const struct column *col, size_t n_cols);
void table_free(struct table *t);
void table_text(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void table_number(struct table *t, double v);
void table_count(struct table *t, double v);	/* of something that comes whole */
void table_muted(struct table *t, const char *s);
void table_note(struct table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3))); /* of the last cell */
size_t table_rows(const struct table *t);
/* How many rows were left out, as a sentence; nothing when none were. */
void rows_left_out(struct doc *d, size_t n);

#define LAYERS_SHOWN 6

struct verdict_view {
	const char *summary, *next_step; /* borrowed or literals; next_step may be NULL */
	int usable;					/* 1 yes, 0 no, -1 not known */
	struct { const char *name, *text, *answer; } layer[LAYERS_SHOWN];
};

struct doc_ops {
	bool wide;	/* has room for tables with all numbers */
	void (*begin)(struct doc *d, const char *title, const char *subtitle);
	void (*verdict)(struct doc *d, const struct verdict_view *v);
	void (*heading)(struct doc *d, const char *text);
	void (*paragraph)(struct doc *d, const char *text);
	void (*warning)(struct doc *d, const char *text);
	void (*table)(struct doc *d, const struct table *t);
	/* What comes between is closed until it is asked for; NULL: a format without such a thing. */
	void (*fold)(struct doc *d, const char *summary);
	void (*unfold)(struct doc *d);
	void (*figure)(struct doc *d, const struct figure *f); /* NULL: a format without pictures */
	void (*bars)(struct doc *d); /* NULL: only terminals draw with characters */
	void (*end)(struct doc *d);
};

struct doc {
	const struct doc_ops *ops;
	const struct report_options *o;
	const struct series *s;
	const struct pictures *pictures;	/* drawn ones; none: (no_figures) says why */
	const char *no_figures;
	struct buf *out;
};

extern const struct doc_ops html_doc, markdown_doc, text_doc;

/* Puts (t) out unless it has no rows, and frees it. */
void document_table(struct doc *d, struct table *t);
/* The same, closed behind (summary) in formats that can. */
void document_fold(struct doc *d, const char *summary, struct table *t);
/* Cells: names of flags, how many launches. */
void document_flags(struct table *t, unsigned flags);
void document_launches(struct table *t, const struct result *r);
void document_exits(struct table *t, const struct result *r);
/* The section "What each operation costs" (costs.c). */
void document_costs(struct doc *d);
/* What the project's own monitor measured in cycles; its self-test (monitor.c). */
void document_monitor(struct doc *d);
void document_self_test(struct doc *d);
/* Rows that are not there, by reason (missing.c). */
void document_skipped(struct doc *d);
void document_failed(struct doc *d);
/* What the doctor said, what disturbed the launches; nothing where nobody looked (quiet.c). */
void document_quiet(struct doc *d);
/* "Proved in emulation" (emulated.c). */
void document_emulated(struct doc *d);

void document_write(struct doc *d);	/* errors are in d->out */

/* "AMD EPYC 9004, Linux 6.1.0, 2025-11-22": what tells one report from another. */
void document_subtitle(const struct result_set *r, struct buf *out);

#endif
