/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/bench_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/escape.h"

#define PART_WIDTH 9

static void part_put(struct buf *out, bool present, double v)
{
	char text[24];

	number_text(v, text);
	buf_printf(out, "%*s", PART_WIDTH, present ? text : "");
}

static void line_end(unsigned flags, bool differenced, size_t from, struct buf *out)
{
	char letters[16];

	/* A bracket is instructions, too, but exactly so many: nothing is noise beside it. */
	marks_text(flags & ~(unsigned)(RESULT_BRACKET_BOUND | RESULT_FEW_SAMPLES), differenced, letters);
	while (!*letters && out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = 0;
	buf_printf(out, "%s%s", *letters ? " " : "", letters);
	escape_line(out, from);
}

static void result_line(const struct result *r, const char *op, size_t width, struct buf *out)
{
	size_t from = out->len;

	buf_printf(out, "%-*s %-8s", (int)width, op, r->engine);
	number_put(out, r->median);
	part_put(out, r->split.present, r->split.exit);
	part_put(out, r->split.present, r->split.handler);
	part_put(out, r->split.present, r->split.entry);
	part_put(out, isfinite(r->exits_observed), r->exits_observed);
	line_end(r->flags, r->differenced, from, out);
}

static void family_line(const struct result_set *set, const struct result *r, size_t width, struct buf *out)
{
	char least[24], most[24], both[64];
	size_t from = out->len;
	struct family f;

	family_sum_up(set, r, &f);
	number_text(f.least, least);
	number_text(f.most, most);
	snprintf(both, sizeof(both), f.least < f.most ? "%s..%s" : "%s", least, most);
	buf_printf(out, "%-*s %-8s%*s  %zu operations", (int)width, f.name, r->engine, NUMBER_WIDTH, both, f.n);
	line_end(f.flags, f.differenced, from, out);
}

static void counted_line(const struct result_set *set, const struct result *r, const char *op, size_t width,
			 struct buf *out)
{
	if (family_count(set, r) <= FAMILY_SHOWN)
		result_line(r, op, width, out);
	else if (family_first(set, r))
		family_line(set, r, width, out);
}

static void origin_line(const struct result *r, struct buf *out)
{
	size_t from = out->len;

	buf_printf(out, "  %s: %s", r->engine, r->backend);
	escape_line(out, from);
}

/* What executed them, engine by engine. */
static void origin_put(const struct result_set *set, struct buf *out)
{
	size_t i, k;

	for (i = 0; i < set->n_results; i++) {
		const struct result *r = &set->result[i];

		for (k = 0; k < i; k++)
			if (!strcmp(set->result[k].engine, r->engine) && !strcmp(set->result[k].backend, r->backend))
				break;
		if (k == i && result_counted(r))
			origin_line(r, out);
	}
}

void counted_put(const struct result_set *set, const struct cli *cli, struct buf *out)
{
	const char *bold = cli->colour ? "\x1b[1m" : "", *plain = cli->colour ? "\x1b[0m" : "";
	size_t width = 9, i, k, op;
	bool differenced = false;
	unsigned flags = 0;

	for (i = 0; i < set->n_results; i++) {
		const struct result *r = &set->result[i];

		if (!result_counted(r))
			continue;
		differenced |= r->differenced;
		flags |= r->flags;
		if (family_count(set, r) <= FAMILY_SHOWN && strlen(r->op) > width)
			width = strlen(r->op);
	}
	buf_printf(out, "%s%-*s %-8s%*s%*s%*s%*s%*s%s\n", bold, (int)width, "operation", "engine", NUMBER_WIDTH,
		   "instr.", PART_WIDTH, "exit", PART_WIDTH, "handler", PART_WIDTH, "entry", PART_WIDTH, "exits", plain);
	for (op = 0; op < n_ops; op++)
		for (i = 0, k = 0; i < set->n_results; i++)
			if (result_counted(&set->result[i]) && !strcmp(set->result[i].op, ops[op].name))
				counted_line(set, &set->result[i], k++ ? "" : ops[op].name, width, out);
	buf_puts(out, "\nProved in emulation: instructions that an emulator executed per operation, which is no cost.\n"
		 "exit, handler and entry add up to the round trip in a bracket with its stamps, not to the first column.\n"
		 "exits: VM exits per operation.\n");
	if (flags & RESULT_FEW_LAUNCHES)
		buf_puts(out, "Some rows are of one launch, or of a few that differ: counts that no second launch confirmed.\n");
	origin_put(set, out);
	marks_legend(flags & ~(unsigned)(RESULT_BRACKET_BOUND | RESULT_FEW_SAMPLES), differenced, out);
}
