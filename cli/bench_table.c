/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/bench_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_WIDTH 10
#define SPREAD_WIDTH 19

/* At least three significant digits in at most nine columns. */
static void number_text(double v, char out[24])
{
	double a = fabs(v);
	char digits[24];
	size_t n, i, k = 0;

	if (!isfinite(v)) {
		snprintf(out, 24, "-");
	} else if (a >= 9999999.5) {
		snprintf(out, 24, a >= 999.5e9 ? "%.3g" : "%.4g%s", a >= 999.5e9 ? v : a >= 999.5e6 ? v / 1e9 : v / 1e6,
			 a >= 999.5e6 ? "G" : "M");
	} else if (a < 99.95) {
		snprintf(out, 24, a == 0 ? "0" : a < 0.0995 ? "%.2g" : a < 9.995 ? "%.2f" : "%.1f", v);
	} else {
		n = (size_t)snprintf(digits, sizeof(digits), "%.0f", a);
		if (v < 0)
			out[k++] = '-';
		for (i = 0; i < n; i++) {
			if (i && (n - i) % 3 == 0)
				out[k++] = ',';
			out[k++] = digits[i];
		}
		out[k] = 0;
	}
}

static void number_put(struct buf *out, double v)
{
	char text[24];

	number_text(v, text);
	buf_printf(out, "%*s", NUMBER_WIDTH, text);
}

/* The interval, or where none exists the range. */
static void spread_put(struct buf *out, const struct result *r)
{
	char lo[24], hi[24], both[64];

	number_text(r->has_ci ? r->ci_lo : r->range_lo, lo);
	number_text(r->has_ci ? r->ci_hi : r->range_hi, hi);
	snprintf(both, sizeof(both), "%s..%s", lo, hi);
	buf_printf(out, "%*s", SPREAD_WIDTH, both);
}

static const struct result *native_of(const struct result_set *set, const char *name)
{
	size_t i;

	for (i = 0; i < set->n_results; i++)
		if (!strcmp(set->result[i].engine, "native") && !strcmp(set->result[i].op, name))
			return &set->result[i];
	return NULL;
}

/* Unprivileged instructions cost the same at every level: the .u row in process serves .k too (doc/method.md). */
static double native_median(const struct result_set *set, const struct result *r)
{
	const struct result *native = native_of(set, r->op);
	char user[sizeof(r->op)];
	size_t n = strlen(r->op);

	if (!native && n > 2 && !strcmp(r->op + n - 2, ".k")) {
		snprintf(user, sizeof(user), "%.*s.u", (int)(n - 2), r->op);
		native = native_of(set, user);
	}
	return native && native != r && native->median > 0 ? native->median : NAN;
}

static void ratio_put(struct buf *out, double ratio)
{
	char text[24];

	if (!isfinite(ratio)) {
		buf_printf(out, "%*s", 9, "");
		return;
	}
	number_text(ratio, text);
	buf_printf(out, "%8sx", text);
}

/* What a letter behind a row says; few-launches is said once for all. */
static const struct { unsigned flag; char letter; const char *meaning; } marks[] = {
	{ RESULT_EXIT_MISMATCH, 'x', "not the exits that the operation causes: another cost than a VM exit's" },
	{ RESULT_TSC_TRAPPED, 't', "RDTSC itself is slow here" },
	{ RESULT_UNSETTLED, 'u', "still moved when the warm-up ended" },
	{ RESULT_FEW_SAMPLES, 's', "few samples: slow for its share of the time" },
	{ RESULT_BRACKET_BOUND, 'b', "hardly longer than the bracket around it" },
	{ RESULT_NO_RDTSCP, 'r', "timed without RDTSCP" },
	{ RESULT_LFENCE_ASSUMED, 'l', "LFENCE is taken to serialise" },
};

static void result_line(const struct result_set *set, const struct result *r, const char *op, size_t width,
			struct buf *out)
{
	char letters[16], *p = letters;
	size_t i;

	if (r->differenced)
		*p++ = 'd';
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (r->flags & marks[i].flag)
			*p++ = marks[i].letter;
	*p = 0;
	buf_printf(out, "%-*s %-8s", (int)width, op, r->engine);
	number_put(out, r->median);
	spread_put(out, r);
	number_put(out, r->p99);
	ratio_put(out, strcmp(r->provenance, "emulated") ? r->median / native_median(set, r) : NAN);
	/* A column that is empty to the end of the line leaves no blanks behind. */
	while (!*letters && out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = 0;
	buf_printf(out, "%s%s\n", *letters ? " " : "", letters);
}

static void legend_put(const struct result_set *set, bool interval, struct buf *out)
{
	bool differenced = false;
	unsigned flags = 0;
	size_t i;

	for (i = 0; i < set->n_results; i++) {
		flags |= set->result[i].flags;
		differenced |= set->result[i].differenced;
	}
	buf_printf(out, "\nTSC ticks per operation: median of launch medians, and %s.\n",
		   interval ? "its 95 % interval" : "their range (too few launches for an interval)");
	if (differenced)
		buf_puts(out, "  d  short: from the difference of two batches, so no percentiles\n");
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (flags & marks[i].flag)
			buf_printf(out, "  %c  %s\n", marks[i].letter, marks[i].meaning);
}

static void results_put(const struct result_set *set, const struct cli *cli, struct buf *out)
{
	const char *bold = cli->colour ? "\x1b[1m" : "", *plain = cli->colour ? "\x1b[0m" : "";
	bool interval = set->result[0].has_ci;
	size_t width = 9, i, k, op;

	for (i = 0; i < set->n_results; i++)
		if (strlen(set->result[i].op) > width)
			width = strlen(set->result[i].op);
	buf_printf(out, "%s%-*s %-8s%*s%*s%*s%9s%s\n", bold, (int)width, "operation", "engine", NUMBER_WIDTH, "median",
		   SPREAD_WIDTH, interval ? "95 % interval" : "range", NUMBER_WIDTH, "p99", "/ native", plain);
	for (op = 0; op < n_ops; op++)
		for (i = 0, k = 0; i < set->n_results; i++)
			if (!strcmp(set->result[i].op, ops[op].name))
				result_line(set, &set->result[i], k++ ? "" : ops[op].name, width, out);
	legend_put(set, interval, out);
}

/* Rows that share engine, reason and hint as one line. */
static void skipped_put(const struct result_set *set, struct buf *out)
{
	size_t i, k, same;

	for (i = 0; i < set->n_skipped; i++) {
		const struct skipped *s = &set->skipped[i];

		for (same = 0, k = 0; k < set->n_skipped; k++)
			if (!strcmp(set->skipped[k].engine, s->engine) && !strcmp(set->skipped[k].reason, s->reason)) {
				if (k < i)
					break;
				same++;
			}
		if (k < i)
			continue;
		buf_printf(out, "%s  %-9s ", s->unverified ? "unverified" : "skipped   ", s->engine);
		if (same == 1)
			buf_printf(out, "%s: %s\n", s->op, s->reason);
		else
			buf_printf(out, "%zu operations: %s\n", same, s->reason);
		if (s->hint[0])
			buf_printf(out, "%22s%s\n", "", s->hint);
	}
}

static void failed_put(const struct result_set *set, struct buf *out)
{
	size_t i;

	for (i = 0; i < set->n_failed; i++) {
		const struct failed *f = &set->failed[i];

		buf_printf(out, "failed      %-9s %s: %s", f->engine, f->op, f->reason);
		if (f->registers)
			buf_printf(out, " (rip 0x%llx)", (unsigned long long)f->rip);
		buf_puts(out, "\n");
	}
}

void bench_result_table(const struct result_set *r, const struct cli *cli, struct buf *out)
{
	if (r->n_results)
		results_put(r, cli, out);
	if (r->n_failed || r->n_skipped)
		buf_puts(out, r->n_results ? "\n" : "");
	failed_put(r, out);
	skipped_put(r, out);
	if (r->interrupted)
		buf_puts(out, "\ninterrupted: this is what was measured until then\n");
}

void bench_plan_table(const struct plan *p, struct buf *out)
{
	size_t e, i;

	for (e = 0; e < p->n_engines; e++) {
		const struct plan_engine *en = &p->engine[e];

		buf_printf(out, "%s%s: %zu operation%s to run", e ? "\n" : "", en->ops->name, en->runnable,
			   en->runnable == 1 ? "" : "s");
		if (en->info)
			buf_printf(out, " (%s, %s)", en->info->backend, provenance_name(en->info->provenance));
		buf_puts(out, "\n");
		for (i = 0; i < p->n; i++) {
			const struct plan_row *row = &p->row[i];

			if (row->engine != e)
				continue;
			buf_printf(out, "  %-10s %s%s%s\n",
				   row->state == PLAN_RUN ? "run" : row->state == PLAN_SKIP ? "skip" : "unverified",
				   row->op->name, row->reason[0] ? ": " : "", row->reason);
		}
	}
	buf_printf(out, "\n%u launches each, seed %llu, about %.0f s, %.0f s at most\n", p->launches,
		   (unsigned long long)p->seed, p->seconds, p->limit);
}
