/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/bench_private.h"

#include <string.h>

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

static bool reason_first(const struct result_set *set, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (same_reason(&set->skipped[k], &set->skipped[i]))
			return false;
	return true;
}

static bool same_family(const struct skipped *a, const struct skipped *b)
{
	return !strcmp(a->engine, b->engine) && family_has(a->op, b->op, family_length(a->op));
}

/* Reasons that begin in (i)'s family, and its operations. */
static size_t family_reasons(const struct result_set *set, size_t i, size_t *n)
{
	size_t k, reasons = 0;

	*n = 0;
	for (k = 0; k < set->n_skipped; k++) {
		if (!same_family(&set->skipped[i], &set->skipped[k]))
			continue;
		(*n)++;
		reasons += reason_first(set, k);
	}
	return reasons;
}

static bool family_begun(const struct result_set *set, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (same_family(&set->skipped[i], &set->skipped[k]))
			return true;
	return false;
}

static void reason_put(const struct result_set *set, size_t i, struct buf *out)
{
	const struct skipped *s = &set->skipped[i];
	size_t k, same = 0;

	for (k = i; k < set->n_skipped; k++)
		same += same_reason(s, &set->skipped[k]);
	buf_printf(out, "%s  %-9s ", s->unverified ? "unverified" : "skipped   ", s->engine);
	if (same == 1)
		buf_printf(out, "%s: %s\n", s->op, reason_of(s));
	else
		buf_printf(out, "%zu operations: %s\n", same, reason_of(s));
	if (s->hint[0])
		buf_printf(out, "%22s%s\n", "", s->hint);
}

/* Rows that share engine, reason and hint as one line, and families with many reasons as one. */
static void skipped_put(const struct result_set *set, struct buf *out)
{
	size_t i, n, reasons;

	for (i = 0; i < set->n_skipped; i++) {
		const struct skipped *s = &set->skipped[i];

		reasons = family_reasons(set, i, &n);
		if (reasons <= REASONS_SHOWN) {
			if (reason_first(set, i))
				reason_put(set, i, out);
		} else if (!family_begun(set, i)) {
			buf_printf(out, "skipped     %-9s %zu operations %.*s.*, for %zu reasons; the first is %s: %s\n", s->engine,
				   n, (int)family_length(s->op), s->op, reasons, s->op, reason_of(s));
		}
	}
}

static void failed_put(const struct result_set *set, struct buf *out)
{
	size_t i;

	for (i = 0; i < set->n_failed; i++) {
		const struct failed *f = &set->failed[i];

		buf_printf(out, "failed      %-9s %s: %s", f->engine, f->op, f->reason);
		if (f->registers && !strstr(f->reason, "RIP 0x"))
			buf_printf(out, " (rip 0x%llx)", (unsigned long long)f->rip);
		buf_puts(out, "\n");
	}
}

void left_put(const struct result_set *set, struct buf *out)
{
	failed_put(set, out);
	skipped_put(set, out);
}
