/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/bench_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_WIDTH 11

/* Three significant digits below a hundred, whole ticks above, thousands apart. */
static void number_text(double v, char out[24])
{
	char digits[24];
	size_t n, i, k = 0;

	if (!isfinite(v)) {
		snprintf(out, 24, "-");
		return;
	}
	if (fabs(v) < 99.95 || fabs(v) >= 1e14) {
		snprintf(out, 24, fabs(v) < 9.995 ? "%.2f" : fabs(v) < 99.95 ? "%.1f" : "%.3g", v);
		return;
	}
	n = (size_t)snprintf(digits, sizeof(digits), "%.0f", fabs(v));
	if (v < 0)
		out[k++] = '-';
	for (i = 0; i < n && k < 22; i++) {
		if (i && (n - i) % 3 == 0)
			out[k++] = ',';
		out[k++] = digits[i];
	}
	out[k] = 0;
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
	buf_printf(out, "%*s", 2 * NUMBER_WIDTH, both);
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

static void result_line(const struct result_set *set, const struct result *r, const char *op, size_t width,
			struct buf *out)
{
	unsigned bit;

	buf_printf(out, "%-*s %-9s", (int)width, op, r->engine);
	number_put(out, r->median);
	spread_put(out, r);
	number_put(out, r->p99);
	ratio_put(out, strcmp(r->provenance, "emulated") ? r->median / native_median(set, r) : NAN);
	buf_puts(out, r->differenced ? "  d" : r->flags ? "   " : "");
	for (bit = 0; bit < RESULT_FLAGS; bit++)
		if (r->flags & 1u << bit && 1u << bit != RESULT_FEW_LAUNCHES)
			buf_printf(out, " %s", result_flag_name(bit));
	buf_puts(out, "\n");
}

static void results_put(const struct result_set *set, const struct cli *cli, struct buf *out)
{
	const char *bold = cli->colour ? "\x1b[1m" : "", *plain = cli->colour ? "\x1b[0m" : "";
	size_t width = 9, i, k, op;
	bool interval = set->result[0].has_ci;

	for (i = 0; i < set->n_results; i++)
		if (strlen(set->result[i].op) > width)
			width = strlen(set->result[i].op);
	buf_printf(out, "%s%-*s %-9s%*s%*s%*s%9s%s\n", bold, (int)width, "operation", "engine", NUMBER_WIDTH, "median",
		   2 * NUMBER_WIDTH, interval ? "95 % interval" : "range", NUMBER_WIDTH, "p99", "/ native", plain);
	for (op = 0; op < n_ops; op++)
		for (i = 0, k = 0; i < set->n_results; i++)
			if (!strcmp(set->result[i].op, ops[op].name))
				result_line(set, &set->result[i], k++ ? "" : ops[op].name, width, out);
	buf_printf(out, "\nTSC ticks per operation, median of launch medians and %s; d: by difference of two batches.\n",
		   interval ? "its 95 % interval" : "their range (too few launches for an interval)");
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

		buf_printf(out, "%s%s: %zu operations to run", e ? "\n" : "", en->ops->name, en->runnable);
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
