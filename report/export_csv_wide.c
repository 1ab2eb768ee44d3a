/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV with a line a run and a column an operation on an engine: what change-point detectors (Apache Otava) and
 * spreadsheets read. Medians, in ticks or instructions.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/export_csv.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of all runs, each once, sorted: a column stays where it is while operations come and go behind it. */
static size_t columns_make(const struct export *x, const char **column)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		column[i] = x->row[i].name;
	qsort(column, x->n, sizeof(*column), by_name);
	for (size_t i = 0; i < x->n; i++)
		if (!n || strcmp(column[n - 1], column[i]))
			column[n++] = column[i];
	return n;
}

static void run_line(const struct export *x, const struct export_run *run, const char *const *column, size_t n, double *value,
		     struct buf *out)
{
	csv_text(out, run->set->started, false);
	csv_text(out, run->set->run_id, false);
	csv_text(out, export_text(run->set->hardware, "fingerprint"), false);
	csv_text(out, export_text(run->set->subject, "kernel"), !n);
	for (size_t i = 0; i < n; i++)
		value[i] = NAN;
	for (size_t i = 0; i < run->n; i++) {
		const struct export_row *row = &x->row[run->first + i];
		const char *const *at = bsearch(&row->name, column, n, sizeof(*column), by_name);

		if (at)
			value[at - column] = row->r->median;
	}
	for (size_t i = 0; i < n; i++)
		csv_number(out, value[i], i + 1 == n);
}

static void write(const struct export *x, struct buf *out)
{
	const char **column = calloc(x->n + 1, sizeof(*column));
	double *value = calloc(x->n + 1, sizeof(*value));
	size_t n = column && value ? columns_make(x, column) : 0;

	if (!column || !value)
		out->error = -ENOMEM;
	buf_puts(out, n ? "time,run_id,fingerprint,kernel," : "time,run_id,fingerprint,kernel\n");
	for (size_t i = 0; i < n; i++)
		csv_text(out, column[i], i + 1 == n);
	for (size_t k = 0; k < x->n_runs; k++)
		run_line(x, &x->run[k], column, n, value, out);
	free(column);
	free(value);
}

const struct export_format export_csv_wide = {
	.name = "csv-wide",
	.summary = "CSV, one run a line, one operation a column: for Apache Otava and spreadsheets",
	.kinds = EXPORT_ALL,
	.many = true,
	.empty = true,
	.write = write,
};
