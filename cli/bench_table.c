/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/bench_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/bench_private.h"
#include "report/escape.h"

static const struct result *native_of(const struct result_set *set, const char *name)
{
	size_t i;

	for (i = 0; i < set->n_results; i++)
		if (!strcmp(set->result[i].engine, "native") && !strcmp(set->result[i].op, name) &&
		    strcmp(set->result[i].provenance, "emulated"))
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
	{ RESULT_SPLIT_STAMPS, 'p', "the stamps of its split cost over 10 % of it" },
	{ RESULT_DISTURBED, 'n', "noise: most launches were disturbed" },
	{ RESULT_IMPRECISE, 'i', "its interval is wider than --precision asked for" },
};

void marks_text(unsigned flags, bool differenced, char out[16])
{
	char *p = out;
	size_t i;

	if (differenced)
		*p++ = 'd';
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (flags & marks[i].flag)
			*p++ = marks[i].letter;
	*p = 0;
}

void marks_legend(unsigned flags, bool differenced, struct buf *out)
{
	size_t i;

	if (differenced)
		buf_puts(out, "  d  short: from the difference of two batches, so no percentiles\n");
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (flags & marks[i].flag)
			buf_printf(out, "  %c  %s\n", marks[i].letter, marks[i].meaning);
}

/* Of the line that begins at (from). A column that is empty to its end leaves no blanks behind. */
static void line_end(unsigned flags, bool differenced, size_t from, struct buf *out)
{
	char letters[16];

	marks_text(flags, differenced, letters);
	while (!*letters && out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = 0;
	buf_printf(out, "%s%s", *letters ? " " : "", letters);
	escape_line(out, from);
}

static void result_line(const struct result_set *set, const struct result *r, const char *op, size_t width,
			struct buf *out)
{
	size_t from = out->len;

	buf_printf(out, "%-*s %-8s", (int)width, op, r->engine);
	number_put(out, r->median);
	spread_put(out, r);
	number_put(out, r->p99);
	ratio_put(out, strcmp(r->provenance, "emulated") ? r->median / native_median(set, r) : NAN);
	line_end(r->flags, r->differenced, from, out);
}

/* The least and the most of a family's medians. */
static void family_line(const struct result_set *set, const struct result *r, size_t width, struct buf *out)
{
	char least[24], most[24], both[64];
	size_t from = out->len;
	struct family f;

	family_sum_up(set, r, &f);
	number_text(f.least, least);
	number_text(f.most, most);
	snprintf(both, sizeof(both), "%s..%s", least, most);
	buf_printf(out, "%-*s %-8s%*s%*s  %zu operations", (int)width, f.name, r->engine, NUMBER_WIDTH, "", SPREAD_WIDTH, both,
		   f.n);
	line_end(f.flags, f.differenced, from, out);
}

static void timed_line(const struct result_set *set, const struct result *r, const char *op, size_t width, struct buf *out)
{
	if (family_count(set, r) <= FAMILY_SHOWN)
		result_line(set, r, op, width, out);
	else if (family_first(set, r))
		family_line(set, r, width, out);
}

static size_t names_width(const struct result_set *set)
{
	size_t width = 9, i;

	for (i = 0; i < set->n_results; i++)
		if (!result_counted(&set->result[i]) && family_count(set, &set->result[i]) <= FAMILY_SHOWN &&
		    strlen(set->result[i].op) > width)
			width = strlen(set->result[i].op);
	return width;
}

static void results_put(const struct result_set *set, const struct cli *cli, struct buf *out)
{
	const char *bold = cli->colour ? "\x1b[1m" : "", *plain = cli->colour ? "\x1b[0m" : "";
	size_t width = names_width(set), i, k, op;
	bool interval = false, differenced = false, emulated = false;
	unsigned flags = 0;

	for (i = 0; i < set->n_results; i++) {
		if (result_counted(&set->result[i]))
			continue;
		interval |= set->result[i].has_ci;
		differenced |= set->result[i].differenced;
		flags |= set->result[i].flags;
		emulated |= !strcmp(set->result[i].provenance, "emulated");
	}
	if (emulated)
		buf_puts(out, "A simulated processor: these ticks prove that the operations work, and are no cost.\n\n");
	buf_printf(out, "%s%-*s %-8s%*s%*s%*s%9s%s\n", bold, (int)width, "operation", "engine", NUMBER_WIDTH, "median",
		   SPREAD_WIDTH, interval ? "95 % interval" : "range", NUMBER_WIDTH, "p99", "/ native", plain);
	for (op = 0; op < n_ops; op++)
		for (i = 0, k = 0; i < set->n_results; i++)
			if (!result_counted(&set->result[i]) && !strcmp(set->result[i].op, ops[op].name))
				timed_line(set, &set->result[i], k++ ? "" : ops[op].name, width, out);
	buf_printf(out, "\nTSC ticks per operation: median of launch medians, and %s.\n",
		   interval ? "its 95 % interval" : "their range (too few launches for an interval)");
	marks_legend(flags, differenced, out);
}

void bench_result_table(const struct result_set *r, const struct cli *cli, struct buf *out)
{
	size_t counted = 0, i;

	for (i = 0; i < r->n_results; i++)
		counted += result_counted(&r->result[i]);
	if (counted < r->n_results)
		results_put(r, cli, out);
	if (counted) {
		buf_puts(out, counted < r->n_results ? "\n" : "");
		counted_put(r, cli, out);
	}
	if (r->n_failed || r->n_skipped)
		buf_puts(out, r->n_results ? "\n" : "");
	left_put(r, out);
	if (r->interrupted)
		buf_puts(out, "\ninterrupted: this is what was measured until then\n");
}

/* "10 launches each", or what each engine has: a count of instructions needs no more than a second. */
static void launches_put(const struct plan *p, struct buf *out)
{
	const struct plan_engine *first = NULL;
	bool same = true;
	size_t e;

	for (e = 0; e < p->n_engines; e++) {
		if (!p->engine[e].runnable)
			continue;
		first = first ? first : &p->engine[e];
		same &= p->engine[e].launches == first->launches;
	}
	if (same) {
		unsigned n = first ? first->launches : p->launches;

		buf_printf(out, "%u launch%s each", n, n == 1 ? "" : "es");
		return;
	}
	buf_puts(out, "launches:");
	for (e = 0; e < p->n_engines; e++)
		if (p->engine[e].runnable)
			buf_printf(out, "%s %s %u", &p->engine[e] == first ? "" : ",", p->engine[e].ops->name,
				   p->engine[e].launches);
}

void bench_plan_table(const struct plan *p, struct buf *out)
{
	static const char *const states[] = {
		[PLAN_RUN] = "run", [PLAN_SKIP] = "skip", [PLAN_UNVERIFIED] = "unverified", [PLAN_FAIL] = "fail",
	};
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
			buf_printf(out, "  %-10s %s%s%s\n", states[row->state], row->op->name, row->reason[0] ? ": " : "", row->reason);
		}
	}
	buf_puts(out, "\n");
	launches_put(p, out);
	buf_printf(out, ", seed %llu, about %.0f s, %.0f s at most\n",
		   (unsigned long long)p->seed, p->seconds, p->limit);
}
