/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/bench_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_table.h"
#include "minivmm/engine.h"
#include "report/escape.h"

#define REASONS_SHOWN 4	/* of a family; a sweep over fields has one a field */

/* The reason without the name of the field of the VMCS, which stands in front of it and in the operation's name. */
static const char *reason_of(const struct skipped *s)
{
	const char *dot = strrchr(s->op, '.');
	size_t n = dot ? strlen(dot + 1) : 0;

	return n && !strncmp(s->reason, dot + 1, n) && !strncmp(s->reason + n, ": ", 2) ? s->reason + n + 2 : s->reason;
}

static bool same_reason(const struct skipped *a, const struct skipped *b)
{
	return !strcmp(a->engine, b->engine) && !strcmp(reason_of(a), reason_of(b));
}

static bool same_family(const struct skipped *a, const struct skipped *b)
{
	return !strcmp(a->engine, b->engine) && family_has(a->op, b->op, family_length(a->op));
}

/* A skipped row, and where it stands whatever the seed made of the order of the rows. */
struct left {
	const struct skipped *row;
	size_t engine, op;	/* numbers; one behind the last: unknown */
	size_t family, reasons;	/* operations of its family, and their reasons; 0 and 0: it is in none */
};

static size_t engine_number(const char *name)
{
	size_t i;

	for (i = 0; i < n_engines && strcmp(engines[i]->name, name); i++)
		;
	return i;
}

static int left_compare(const void *a, const void *b)
{
	const struct left *x = a, *y = b;

	if (x->engine != y->engine)
		return x->engine < y->engine ? -1 : 1;
	if (x->op != y->op)
		return x->op < y->op ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* Counts the operations and reasons of (i)'s family, for all of it, when (i) is its first. */
static void family_count_reasons(struct left *l, size_t n, size_t i)
{
	size_t members = 0, reasons = 0, k, j;

	if (l[i].family)
		return;
	for (k = i; k < n; k++) {
		if (!same_family(l[i].row, l[k].row))
			continue;
		members++;
		for (j = i; j < k; j++)
			if (same_family(l[i].row, l[j].row) && same_reason(l[j].row, l[k].row))
				break;
		reasons += j == k;
	}
	for (k = i; k < n; k++)
		if (same_family(l[i].row, l[k].row)) {
			l[k].family = members;
			l[k].reasons = reasons;
		}
}

/* In the catalogue's order, engine by engine. NULL: out of memory. */
static struct left *left_sort(const struct result_set *set)
{
	struct left *l = calloc(set->n_skipped + 1, sizeof(*l));
	size_t i;

	for (i = 0; l && i < set->n_skipped; i++) {
		const struct op *op = op_find(set->skipped[i].op);

		l[i] = (struct left){ &set->skipped[i], engine_number(set->skipped[i].engine),
				      op ? (size_t)(op - ops) : n_ops, 0, 0 };
	}
	if (!l)
		return NULL;
	qsort(l, set->n_skipped, sizeof(*l), left_compare);
	for (i = 0; i < set->n_skipped; i++)
		family_count_reasons(l, set->n_skipped, i);
	return l;
}

static bool folded(const struct left *l)
{
	return l->reasons > REASONS_SHOWN;
}

/* One line of all rows with (i)'s reason, when (i) is their first. */
static void reason_put(const struct left *l, size_t n, size_t i, struct buf *out)
{
	const struct skipped *s = l[i].row;
	size_t k, same = 0, from = out->len;

	for (k = 0; k < n; k++) {
		if (folded(&l[k]) || !same_reason(s, l[k].row))
			continue;
		if (k < i)
			return;
		same++;
	}
	buf_printf(out, "%s  %-9s ", s->unverified ? "unverified" : "skipped   ", s->engine);
	if (same == 1)
		buf_printf(out, "%s: %s", s->op, reason_of(s));
	else
		buf_printf(out, "%zu operations: %s", same, reason_of(s));
	escape_line(out, from);
	from = out->len;
	if (s->hint[0]) {
		buf_printf(out, "%22s%s", "", s->hint);
		escape_line(out, from);
	}
}

/* One line of (i)'s family, when (i) is its first. */
static void family_put(const struct left *l, size_t i, struct buf *out)
{
	const struct skipped *s = l[i].row;
	size_t k, from = out->len;

	for (k = 0; k < i; k++)
		if (same_family(s, l[k].row))
			return;
	buf_printf(out, "skipped     %-9s %zu operations %.*s.*, for %zu reasons; the first is %s: %s", s->engine,
		   l[i].family, (int)family_length(s->op), s->op, l[i].reasons, s->op, reason_of(s));
	escape_line(out, from);
}

/* Rows that share engine, reason and hint as one line, and families with many reasons as one. */
static void skipped_put(const struct result_set *set, struct buf *out)
{
	struct left *l = left_sort(set);
	size_t i;

	if (!l)
		buf_printf(out, "skipped     %zu operations; out of memory to say which\n", set->n_skipped);
	for (i = 0; l && i < set->n_skipped; i++)
		if (folded(&l[i]))
			family_put(l, i, out);
		else
			reason_put(l, set->n_skipped, i, out);
	free(l);
}

static bool same_failure(const struct failed *a, const struct failed *b)
{
	return !strcmp(a->engine, b->engine) && !strcmp(a->reason, b->reason) && !a->registers == !b->registers && a->rip == b->rip;
}

/* A VMM that does not start fails all its rows with one reason: one line. */
static void failed_put(const struct result_set *set, struct buf *out)
{
	size_t i, k, same;

	for (i = 0; i < set->n_failed; i++) {
		const struct failed *f = &set->failed[i];
		size_t from = out->len;

		for (k = 0; k < i && !same_failure(f, &set->failed[k]); k++)
			;
		if (k < i)
			continue;
		for (same = 0; k < set->n_failed; k++)
			same += same_failure(f, &set->failed[k]);
		if (same == 1)
			buf_printf(out, "failed      %-9s %s: %s", f->engine, f->op, f->reason);
		else
			buf_printf(out, "failed      %-9s %zu operations: %s", f->engine, same, f->reason);
		if (f->registers && !strstr(f->reason, "RIP 0x"))
			buf_printf(out, " (rip 0x%llx)", (unsigned long long)f->rip);
		escape_line(out, from);
	}
}

void left_put(const struct result_set *set, struct buf *out)
{
	failed_put(set, out);
	skipped_put(set, out);
}

/* The lines of (table) on stderr, without its columns. */
static void lines_tell(struct cli *cli, const char *who, const struct buf *table, bool always)
{
	const char *s = buf_str(table);

	while (*s) {
		struct buf line = BUF_INIT;
		struct err e = { .code = EIO };

		for (s += strspn(s, " "); *s && *s != '\n'; s++)
			if (*s != ' ' || s[1] != ' ')
				buf_append(&line, s, 1);
		s += *s == '\n';
		if (always) {
			snprintf(e.text, sizeof(e.text), "%s%s", who, buf_str(&line));
			cli_error(cli, &e);
		} else {
			cli_warn(cli, "%s%s", who, buf_str(&line));
		}
		buf_free(&line);
	}
}

void bench_left_tell(const struct result_set *set, const char *who, struct cli *cli)
{
	struct buf failed = BUF_INIT, skipped = BUF_INIT;

	failed_put(set, &failed);
	skipped_put(set, &skipped);
	lines_tell(cli, who, &failed, true);
	lines_tell(cli, who, &skipped, false);
	buf_free(&failed);
	buf_free(&skipped);
}
