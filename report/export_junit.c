/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JUnit XML: a suite a run, a case a row. What was measured passed, with its median as the time; what failed is a
 * failure; what could not run here is skipped.
 */
#include <math.h>

#include "report/escape.h"
#include "report/export_private.h"

static void attribute(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, " %s=\"", name);
	escape_html(out, value);
	buf_puts(out, "\"");
}

static void property(struct buf *out, const char *name, const char *value)
{
	if (!*value)
		return;
	buf_puts(out, "   <property");
	attribute(out, "name", name);
	attribute(out, "value", value);
	buf_puts(out, "/>\n");
}

static void case_begin(struct buf *out, const char *op, const char *engine)
{
	buf_puts(out, "  <testcase");
	attribute(out, "classname", engine);
	attribute(out, "name", op);
}

static void measured_case(struct buf *out, const struct export_row *row)
{
	const struct result *r = row->r;
	double lo, hi;

	case_begin(out, r->op, r->engine);
	if (row->kind == EXPORT_TIME)
		buf_printf(out, " time=\"%.12f\"", r->median * row->second);
	buf_printf(out, ">\n   <system-out>median %.10g %s", r->median, result_unit(r->clock));
	if (export_interval(r, &lo, &hi))
		buf_printf(out, ", %s %.10g to %.10g", r->has_ci ? "95 % interval" : "launches", lo, hi);
	buf_puts(out, "; ");
	escape_html(out, r->provenance);
	buf_puts(out, ", ");
	escape_html(out, r->backend);
	if (r->flags) {
		buf_puts(out, "; flags: ");
		export_flags(out, r->flags, ", ");
	}
	buf_puts(out, "</system-out>\n  </testcase>\n");
}

static void missing_case(struct buf *out, const char *op, const char *engine, const char *element, const char *reason,
			 const char *detail)
{
	case_begin(out, op, engine);
	buf_printf(out, ">\n   <%s", element);
	attribute(out, "message", reason);
	if (*detail) {
		attribute(out, "type", detail);
	}
	buf_puts(out, "/>\n  </testcase>\n");
}

static void suite(const struct export *x, const struct export_run *run, struct buf *out)
{
	const struct result_set *set = run->set;
	size_t failures = 0, skipped = 0;

	for (size_t i = 0; i < set->n_failed; i++)
		failures += export_wants(x, set->failed[i].op, set->failed[i].engine);
	for (size_t i = 0; i < set->n_skipped; i++)
		skipped += export_wants(x, set->skipped[i].op, set->skipped[i].engine);
	buf_printf(out, " <testsuite name=\"vtscope bench\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"",
		   run->n + failures + skipped, failures, skipped);
	if (*set->started)
		attribute(out, "timestamp", set->started);
	buf_puts(out, ">\n  <properties>\n");
	property(out, "run_id", set->run_id);
	property(out, "fingerprint", export_text(set->hardware, "fingerprint"));
	property(out, "cpu", export_text(set->hardware, "brand"));
	property(out, "virtualized_by", export_text(set->hardware, "virtualized_by"));
	property(out, "kernel", export_text(set->subject, "kernel"));
	property(out, "qemu", export_text(set->subject, "qemu"));
	property(out, "verdict", export_text(set->verdict, "summary"));
	property(out, "interrupted", set->interrupted ? "true" : "false");
	buf_puts(out, "  </properties>\n");
	for (size_t i = 0; i < run->n; i++)
		measured_case(out, &x->row[run->first + i]);
	for (size_t i = 0; i < set->n_failed; i++)
		if (export_wants(x, set->failed[i].op, set->failed[i].engine))
			missing_case(out, set->failed[i].op, set->failed[i].engine, "failure", set->failed[i].reason,
				     set->failed[i].stop_kind);
	for (size_t i = 0; i < set->n_skipped; i++)
		if (export_wants(x, set->skipped[i].op, set->skipped[i].engine))
			missing_case(out, set->skipped[i].op, set->skipped[i].engine, "skipped", set->skipped[i].reason, "");
	buf_puts(out, " </testsuite>\n");
}

static void write(const struct export *x, struct buf *out)
{
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t k = 0; k < x->n_runs; k++)
		suite(x, &x->run[k], out);
	buf_puts(out, "</testsuites>\n");
}

const struct export_format export_junit = {
	.name = "junit",
	.extension = "xml",
	.summary = "JUnit XML: GitLab, Jenkins and GitHub's reporters show it",
	.kinds = EXPORT_ALL,
	.many = true,
	.empty = true,
	.write = write,
};
