/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is missing in a result and why: rows that were skipped, by reason, and rows that failed. */
#include <string.h>

#include "report/doc.h"

#define FIELDS_NAMED	12	/* of the VMCS, of those that share a reason */

/* Items of a gap from (first) on that are one instruction on fields of the VMCS; the end of them. */
static size_t sweep_end(const struct series_gap *g, size_t first)
{
	const char *op = g->item[first]->op;
	size_t name = op_sweep(op), end = first + 1;

	while (end < g->n && name && op_sweep(g->item[end]->op) == name && !strncmp(g->item[end]->op, op, name))
		end++;
	return end;
}

/* Are the next items another instruction on the same (n) fields? */
static bool same_fields(const struct series_gap *g, size_t first, size_t next, size_t n)
{
	if (next >= g->n || !op_sweep(g->item[next]->op) || sweep_end(g, next) - next != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(strrchr(g->item[first + i]->op, '.'), strrchr(g->item[next + i]->op, '.')))
			return false;
	return true;
}

/* "vmx.vmread, vmx.vmwrite of GUEST_SSP, GUEST_S_CET": instructions, then the fields that all of them lack. */
static size_t sweep_names(const struct series_gap *g, size_t first, struct buf *out)
{
	size_t n = sweep_end(g, first) - first, next = first;

	do {
		const char *op = g->item[next]->op;

		buf_printf(out, "%s%.*s", next > first ? ", " : "", (int)op_sweep(op), op);
		next += n;
	} while (same_fields(g, first, next, n));
	for (size_t i = 0; i < n && i < FIELDS_NAMED; i++)
		buf_printf(out, "%s%s", i ? ", " : " of ", strrchr(g->item[first + i]->op, '.') + 1);
	if (n > FIELDS_NAMED)
		buf_printf(out, " and %zu more", n - FIELDS_NAMED);
	return next;
}

static void gap_names(const struct series_gap *g, struct buf *out)
{
	for (size_t i = 0; i < g->n;) {
		buf_puts(out, i ? ", " : "");
		if (op_sweep(g->item[i]->op))
			i = sweep_names(g, i, out);
		else
			buf_puts(out, g->item[i++]->op);
	}
}

void document_skipped(struct doc *d)
{
	static const struct column cols[] = {
		{ "engine", WORDS },
		{ "operations", WORDS },
		{ "reason", WORDS },
		{ "what to do", WORDS },
	};
	const struct series *s = d->s;
	bool hints = false;
	struct table t;

	if (!s->n_gaps)
		return;
	for (size_t i = 0; i < s->n_gaps; i++)
		hints |= s->gap[i].item[0]->hint[0] != 0;
	d->ops->heading(d, "Skipped");
	table_init(&t, "Rows that did not run here, by reason", cols, hints ? 4 : 3);
	for (size_t i = 0; i < s->n_gaps; i++) {
		const struct skipped *k = s->gap[i].item[0];
		struct buf names = BUF_INIT;

		gap_names(&s->gap[i], &names);
		table_text(&t, "%s", k->engine);
		table_text(&t, "%s", buf_str(&names));
		table_text(&t, "%s%s", k->unverified ? "unverified: " : "", gap_reason(k));
		if (k->check[0])
			table_note(&t, "check %s", k->check);
		if (hints)
			table_text(&t, "%s", k->hint);
		buf_free(&names);
	}
	document_table(d, &t);
}

static void registers(struct buf *b, const struct failed *f)
{
	const char *key;
	json_t *v;

	if (f->registers && !json_object_get(f->registers, "rip"))
		buf_printf(b, "rip 0x%llx", (unsigned long long)f->rip);
	json_object_foreach(f->registers, key, v)
		if (json_is_string(v) && b->len < 4096)
			buf_printf(b, " %s %s", key, json_string_value(v));
}

void document_failed(struct doc *d)
{
	static const struct column cols[] = {
		{ "operation", WORDS }, { "engine", WORDS },	{ "reason", WORDS },
		{ "stop", WORDS },	{ "registers", WORDS },
	};
	const struct result_set *r = d->s->set;
	struct table t;

	if (!r->n_failed)
		return;
	d->ops->heading(d, "Failed");
	table_init(&t, "Rows that died or were late; the others went on without them", cols, 5);
	for (size_t i = 0; i < r->n_failed; i++) {
		const struct failed *f = &r->failed[i];
		struct buf b = BUF_INIT;

		registers(&b, f);
		table_text(&t, "%s", f->op);
		table_text(&t, "%s", f->engine);
		table_text(&t, "%s", f->reason);
		table_text(&t, "%s%s%s", f->stop_kind, f->stop_native[0] ? ", " : "", f->stop_native);
		table_text(&t, "%s", buf_str(&b));
		buf_free(&b);
	}
	document_table(d, &t);
}
