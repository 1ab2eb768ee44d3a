/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV (RFC 4180, but lines end as on Unix): one number a line, with everything that says what it is. In ticks, as the
 * result has them; tsc_hz is beside them.
 */
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "report/export_csv.h"

void csv_text(struct buf *out, const char *s, bool last)
{
	struct buf plain = BUF_INIT;
	const char *p, *guard;

	escape_plain(&plain, s);
	p = buf_str(&plain);
	/* What begins so is a formula to a spreadsheet. Outside the quotes the guard would be all of the cell. */
	guard = *p && strchr("=+-@", *p) ? "'" : "";
	if (strpbrk(p, ",\"")) {
		buf_printf(out, "\"%s", guard);
		for (; *p; p++)
			buf_printf(out, *p == '"' ? "\"\"" : "%c", *p);
		buf_puts(out, "\"");
	} else {
		buf_printf(out, "%s%s", guard, p);
	}
	if (buf_error(&plain))
		out->error = buf_error(&plain);
	buf_free(&plain);
	buf_puts(out, last ? "\n" : ",");
}

void csv_number(struct buf *out, double v, bool last)
{
	if (isfinite(v))
		export_real(out, v, 12);
	buf_puts(out, last ? "\n" : ",");
}

/* The columns that are the same for a run. */
static void run_columns(struct buf *out, const struct result_set *set)
{
	csv_text(out, set->run_id, false);
	csv_text(out, set->started, false);
	csv_text(out, export_text(set->hardware, "fingerprint"), false);
	csv_text(out, export_text(set->subject, "kernel"), false);
	csv_number(out, export_hz(set), false);
}

/* (unit) of the value. */
static void row_columns(struct buf *out, const struct export_row *row, const char *unit)
{
	const struct result *r = row->r;

	run_columns(out, row->set);
	csv_text(out, r->op, false);
	csv_text(out, r->engine, false);
	csv_text(out, r->via, false);
	csv_text(out, r->backend, false);
	csv_text(out, r->provenance, false);
	csv_text(out, r->memory, false);
	csv_text(out, r->differenced ? "differenced" : "single", false);
	csv_text(out, unit, false);
}

/* (index) < 0: it has none. */
static void value_line(struct buf *out, const struct export_row *row, const char *measure, const char *unit, long launch,
		       long index, double v, const char *note)
{
	if (!isfinite(v))
		return;
	row_columns(out, row, unit ? unit : result_unit(row->r->clock));
	csv_text(out, measure, false);
	csv_number(out, launch < 0 ? NAN : (double)launch, false);
	csv_number(out, index < 0 ? NAN : (double)index, false);
	csv_number(out, v, false);
	csv_text(out, note, true);
}

static void row_lines(struct buf *out, const struct export_row *row)
{
	const struct result *r = row->r;
	const struct { const char *name; double v; const char *unit; } value[] = {
		{ "median", r->median, NULL }, { "n", (double)r->n, "samples" },
		{ "batch", r->batch, "operations" }, { "cold", r->cold, NULL }, { "min", r->min, NULL },
		{ "p1", r->p1, NULL }, { "p25", r->p25, NULL }, { "p75", r->p75, NULL }, { "p90", r->p90, NULL },
		{ "p99", r->p99, NULL }, { "p999", r->p999, NULL }, { "max", r->max, NULL },
		{ "mean", r->mean, NULL }, { "mad", r->mad, NULL },
		{ "ci95_low", r->has_ci ? r->ci_lo : NAN, NULL },
		{ "ci95_high", r->has_ci ? r->ci_hi : NAN, NULL }, { "range_low", r->range_lo, NULL },
		{ "range_high", r->range_hi, NULL }, { "single_median", r->single_median, NULL },
		{ "diff_median", r->diff_median, NULL }, { "empty_bracket", r->empty_bracket, NULL },
		{ "exits_expected", r->exits_expected, "exits" },
		{ "exits_observed", r->exits_observed, "exits" },
	};
	struct buf flags = BUF_INIT;

	export_flags(&flags, r->flags, " ");
	for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++)
		value_line(out, row, value[i].name, value[i].unit, -1, -1, value[i].v, i ? "" : buf_str(&flags));
	for (size_t i = 0; i < r->n_launches; i++)
		if (export_launch(&r->launch[i]))
			value_line(out, row, "launch_median", NULL, (long)i, -1, r->launch[i].median, "");
	for (size_t i = 0; i < r->n_launches; i++)
		for (size_t k = 0; k < r->launch[i].raw.n; k++)
			value_line(out, row, "sample", NULL, (long)i, (long)(k * r->launch[i].raw.every),
				   r->launch[i].raw.value[k], "");
	buf_free(&flags);
}

/* A row without a number is a line with its reason. */
static void missing_line(struct buf *out, const struct result_set *set, const char *op, const char *engine,
			 const char *measure, const char *reason)
{
	run_columns(out, set);
	csv_text(out, op, false);
	csv_text(out, engine, false);
	buf_puts(out, ",,,,,,");
	csv_text(out, measure, false);
	buf_puts(out, ",,,");
	csv_text(out, reason, true);
}

static void write(const struct export *x, struct buf *out)
{
	buf_puts(out, "run_id,started,fingerprint,kernel,tsc_hz,op,engine,via,backend,provenance,memory,estimator,unit,"
		      "measure,launch,index,value,note\n");
	for (size_t k = 0; k < x->n_runs; k++) {
		const struct result_set *set = x->run[k].set;

		for (size_t i = 0; i < x->run[k].n; i++)
			row_lines(out, &x->row[x->run[k].first + i]);
		for (size_t i = 0; i < set->n_failed; i++)
			if (export_wants(x, set->failed[i].op, set->failed[i].engine))
				missing_line(out, set, set->failed[i].op, set->failed[i].engine, "failed",
					     set->failed[i].reason);
		for (size_t i = 0; i < set->n_skipped; i++)
			if (export_wants(x, set->skipped[i].op, set->skipped[i].engine))
				missing_line(out, set, set->skipped[i].op, set->skipped[i].engine, "skipped",
					     set->skipped[i].reason);
	}
}

const struct export_format export_csv = {
	.name = "csv",
	.extension = "csv",
	.summary = "CSV, one number a line: summary, launches, samples, and what is missing with its reason",
	.kinds = EXPORT_ALL,
	.many = true,
	.empty = true,
	.write = write,
};
