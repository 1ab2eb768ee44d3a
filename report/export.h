/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export.h - results in the formats that other programs read. cli/ and tests include this.
 *
 * A format is a file here and a line in export.c. What a format cannot hold is left out and told, never bent: counts of
 * instructions are no times, and a simulated processor's times are no cost.
 */
#ifndef VTSCOPE_REPORT_EXPORT_H
#define VTSCOPE_REPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/result.h"
#include "common/buf.h"
#include "common/err.h"

struct export;

struct export_format {
	const char *name;
	const char *extension;		/* of -o that means it, without the dot; NULL: none does */
	const char *summary;		/* one line */
	unsigned kinds;			/* 1 << enum export_kind that it holds */
	bool many;			/* several results go into one document */
	bool single;			/* one row a document */
	bool empty;			/* a document without a measured row is one, too */
	void (*write)(const struct export *x, struct buf *out);
};

extern const struct export_format *const export_formats[];
extern const size_t n_export_formats;
/* NULL: there is none. */
const struct export_format *export_format_find(const char *name);

struct export_filter {
	const char *const *op_globs; size_t n_op_globs;	/* 0: all */
	const char *const *engines; size_t n_engines;	/* names; 0: all */
};

/*
 * Chooses the rows of (n) results, 1 but for a format of (many), and names them. (set) and what it points to must
 * outlive (x). -ENODATA with a sentence where there is no row that the format holds; -EINVAL where a filter fits nothing.
 */
int export_open(struct export **x, const struct export_format *f, const struct result_set *const *set, size_t n,
		const struct export_filter *filter, struct err *e);
void export_close(struct export *x);	/* NULL: nothing */
size_t export_rows(const struct export *x);
/* Which rows are not in it, and why: a sentence, "" for none. Borrowed from (x). */
const char *export_left_out(const struct export *x);
/* Appends the document. A (single) format: -E2BIG with what to do when there are several rows. */
int export_write(const struct export *x, struct buf *out, struct err *e);
/* Of a (single) format: the document of row (i) alone, and in (name) what a file of it is called. */
int export_write_row(const struct export *x, size_t i, struct buf *name, struct buf *out, struct err *e);

#endif
