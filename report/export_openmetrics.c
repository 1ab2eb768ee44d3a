/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenMetrics text that is Prometheus's older text format as well, so that node_exporter's textfile collector reads it:
 * no timestamps of samples, and no family of the names that probe's metrics have.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report/escape.h"
#include "report/export_private.h"

static void label(struct buf *out, const char *before, const char *name, const char *value)
{
	struct buf plain = BUF_INIT;

	escape_plain(&plain, value);
	buf_printf(out, "%s%s=\"", before, name);
	for (const char *p = buf_str(&plain); *p; p++)
		buf_printf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	buf_puts(out, "\"");
	buf_free(&plain);
}

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The labels of a row, open for more. */
static void sample_begin(struct buf *out, const char *metric, const struct export_row *row)
{
	const char *copy = strchr(row->name, '#');

	buf_puts(out, metric);
	label(out, "{", "op", row->r->op);
	label(out, ",", "engine", row->r->engine);
	label(out, ",", "via", row->r->via);
	label(out, ",", "backend", row->r->backend);
	label(out, ",", "provenance", row->r->provenance);
	if (copy)
		label(out, ",", "copy", copy + 1);
}

/* 6 digits: more is noise, and some readers compare the text. */
static void sample_end(struct buf *out, double v)
{
	buf_puts(out, "} ");
	export_real(out, v, 6);
	buf_puts(out, "\n");
}

static void times(const struct export *x, struct buf *out)
{
	static const char *const quantile[] = { "0.01", "0.25", "0.5", "0.75", "0.9", "0.99", "0.999" };
	bool any = false;

	for (size_t i = 0; i < x->n; i++) {
		const struct export_row *row = &x->row[i];
		const struct result *r = row->r;
		const double v[] = { r->p1, r->p25, r->median, r->p75, r->p90, r->p99, r->p999 };

		if (row->kind != EXPORT_TIME)
			continue;
		if (!any)
			family(out, "vtscope_operation_seconds", "summary",
			       "Time of one operation, medians over launches; what is measured by differences has a median only.");
		any = true;
		for (size_t q = 0; q < sizeof(v) / sizeof(v[0]); q++) {
			if (!isfinite(v[q]))
				continue;
			sample_begin(out, "vtscope_operation_seconds", row);
			label(out, ",", "quantile", quantile[q]);
			sample_end(out, v[q] * row->second);
		}
	}
}

static void intervals(const struct export *x, struct buf *out)
{
	bool any = false;
	double lo, hi;

	for (size_t i = 0; i < x->n; i++) {
		const struct export_row *row = &x->row[i];

		if (row->kind != EXPORT_TIME || !export_interval(row->r, &lo, &hi))
			continue;
		if (!any)
			family(out, "vtscope_operation_median_bound_seconds", "gauge",
			       "Ends of the median's 95 % interval, or of the range of launch medians.");
		any = true;
		for (int end = 0; end < 2; end++) {
			sample_begin(out, "vtscope_operation_median_bound_seconds", row);
			label(out, ",", "interval", row->r->has_ci ? "ci95" : "range");
			label(out, ",", "bound", end ? "upper" : "lower");
			sample_end(out, (end ? hi : lo) * row->second);
		}
	}
}

static double instructions_of(const struct export_row *row)
{
	return row->kind == EXPORT_COUNT ? row->r->median : NAN;
}

static double exits_of(const struct export_row *row)
{
	return row->r->exits_observed;
}

static double launches_of(const struct export_row *row)
{
	return (double)row->r->n_launches;
}

static void gauges(const struct export *x, const char *name, const char *help, double (*of)(const struct export_row *),
		   struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < x->n; i++) {
		double v = of(&x->row[i]);

		if (!isfinite(v))
			continue;
		if (!any)
			family(out, name, "gauge", help);
		any = true;
		sample_begin(out, name, &x->row[i]);
		sample_end(out, v);
	}
}

static void flags(const struct export *x, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < x->n; i++)
		for (unsigned f = 0; f < RESULT_FLAGS; f++) {
			if (!(x->row[i].r->flags & 1u << f))
				continue;
			if (!any)
				family(out, "vtscope_operation_flag", "gauge", "1: a caveat of this number.");
			any = true;
			sample_begin(out, "vtscope_operation_flag", &x->row[i]);
			label(out, ",", "flag", result_flag_name(f));
			sample_end(out, 1);
		}
}

/* RFC 3339 in UTC, as bench writes it. */
static double unix_time(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end && !*end ? (double)timegm(&tm) : NAN;
}

static void run(const struct result_set *set, struct buf *out)
{
	double ended = unix_time(set->finished);

	family(out, "vtscope_bench_info", "gauge", "Where and with what was measured.");
	label(out, "vtscope_bench_info{", "version", export_text(set->tool, "version"));
	label(out, ",", "fingerprint", export_text(set->hardware, "fingerprint"));
	label(out, ",", "cpu", export_text(set->hardware, "brand"));
	label(out, ",", "virtualized_by", export_text(set->hardware, "virtualized_by"));
	label(out, ",", "kernel", export_text(set->subject, "kernel"));
	buf_puts(out, "} 1\n");
	family(out, "vtscope_bench_interrupted", "gauge", "1: the run was stopped before its end.");
	buf_printf(out, "vtscope_bench_interrupted %d\n", set->interrupted);
	family(out, "vtscope_bench_failed_operations", "gauge", "Operations that failed, over all engines.");
	buf_printf(out, "vtscope_bench_failed_operations %zu\n", set->n_failed);
	family(out, "vtscope_bench_skipped_operations", "gauge", "Operations that could not run, over all engines.");
	buf_printf(out, "vtscope_bench_skipped_operations %zu\n", set->n_skipped);
	if (isnan(ended))
		return;
	family(out, "vtscope_last_run_timestamp_seconds", "gauge", "When the run ended.");
	buf_printf(out, "vtscope_last_run_timestamp_seconds %.0f\n", ended);
}

static void write(const struct export *x, struct buf *out)
{
	run(x->run[0].set, out);
	times(x, out);
	intervals(x, out);
	gauges(x, "vtscope_operation_instructions", "Instructions of one operation in an emulator: no time.", instructions_of,
	       out);
	gauges(x, "vtscope_operation_exits", "VM exits per operation, as the engine counted them.", exits_of, out);
	gauges(x, "vtscope_operation_launches", "Launches behind the median.", launches_of, out);
	flags(x, out);
	buf_puts(out, "# EOF\n");
}

const struct export_format export_openmetrics = {
	.name = "openmetrics",
	.extension = "prom",
	.summary = "OpenMetrics text, for Prometheus, node_exporter's textfile collector and GitLab",
	.kinds = EXPORT_NUMBERS,
	.write = write,
};
