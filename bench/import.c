/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of captures as launches: each section of a boot feeds the collector as a launch of an engine would, and what
 * the launches of an operation amount to is summarised as in a run.
 */
#include "bench/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import_private.h"
#include "bench/op.h"
#include "common/digest.h"
#include "common/parse.h"

#define SAID_MAX	1024	/* steps, facts: an image has dozens */
#define NONE		((uint32_t)-1)

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a, b);
}

/* ---- sections ---- */

static int engine_ready(struct import_engine *en)
{
	if (en->tally)
		return 0;
	en->tally = calloc(n_ops, sizeof(*en->tally));
	en->skip = calloc(n_ops, sizeof(*en->skip));
	en->lost = calloc(n_ops, sizeof(*en->lost));
	en->faulted = calloc(n_ops, 1);
	en->full = calloc(n_ops, 1);
	en->planned = calloc(n_ops, 1);
	return en->tally && en->skip && en->lost && en->faulted && en->full && en->planned ? 0 : -ENOMEM;
}

/* The first line that is no H: what the section is of is known now, or never. */
void import_section_begin(struct import *im)
{
	if (im->begun)
		return;
	im->begun = true;
	im->at = import_section_place(im);
	if (im->at && engine_ready(im->at) < 0) {
		im->error = -ENOMEM;
		im->at = NULL;
	}
	if (im->at && import_same_catalog(im))
		for (size_t i = 0; i < n_ops; i++)
			im->at->planned[i] |= im->plan[i / 8] >> i % 8 & 1;
	for (uint32_t i = 0; i < GUEST_ROWS_MAX; i++) {
		im->op[i] = NONE;
		im->collector.row[i].tally = NULL;
		im->collector.row[i].op = NULL;
	}
	im->collector.exact = true;
	collector_start(&im->collector, GUEST_ROWS_MAX);
}

/* Of the section at work, which has one. */
static const char *engine_name(const struct import *im)
{
	return import_engine_names[im->at - im->engine];
}

static void put_hex(json_t *o, const char *name, uint64_t v)
{
	char hex[20];

	snprintf(hex, sizeof(hex), "0x%" PRIx64, v);
	json_object_set_new(o, name, json_string(hex));
}

static void row_fault(struct import *im, uint32_t op, const struct guest_fault *fault)
{
	struct vm_stop stop = { .kind = VM_STOP_FAULT };
	struct failed f = { .registers = json_object() };
	const struct vm_regs *regs = &stop.regs;

	guest_fault_decode(fault, &stop);
	if (im->at->faulted[op]) {	/* in another launch already: told once */
		json_decref(f.registers);
		return;
	}
	im->at->faulted[op] = 1;
	f.rip = regs->rip;
	snprintf(f.op, sizeof(f.op), "%s", ops[op].name);
	snprintf(f.engine, sizeof(f.engine), "%s", engine_name(im));
	snprintf(f.reason, sizeof(f.reason), "%s", stop.text);
	snprintf(f.stop_kind, sizeof(f.stop_kind), "%s", vm_stop_name(stop.kind));
	snprintf(f.stop_native, sizeof(f.stop_native), "%s", stop.native);
	for (size_t i = 0; i < 16; i++)
		put_hex(f.registers, vm_gpr_names[i], regs->gpr[i]);
	put_hex(f.registers, "rflags", regs->rflags);
	put_hex(f.registers, "cr0", regs->cr0);
	put_hex(f.registers, "cr2", regs->cr2);
	put_hex(f.registers, "cr3", regs->cr3);
	put_hex(f.registers, "cr4", regs->cr4);
	if (result_set_add_failed(im->r, &f) < 0) {
		json_decref(f.registers);
		im->error = -ENOMEM;
	}
}

static void row_close(struct import *im, uint32_t row)
{
	const struct collector_row *r = &im->collector.row[row];
	struct import_engine *en = im->at;
	uint32_t op = im->op[row];

	if (op == NONE)
		return;
	if (r->outcome == ROW_UNSUPPORTED)
		snprintf(en->skip[op], sizeof(en->skip[op]), "%s",
			 r->why[0] ? r->why : "the image cannot execute it there");
	if (r->outcome == ROW_FAULTED)
		row_fault(im, op, &r->fault);
	if (r->outcome == ROW_MEASURED)
		en->measured = true;
}

/*
 * Rows that the image was to measure, and those of them that neither came nor are told by the section's last line. A
 * runner that faulted has the rest in a section of their own.
 */
static void rows_count(struct import *im)
{
	uint64_t planned = 0;

	if (parse_u64(im->hello.text[HELLO_ROWS], 10, &planned) < 0 || planned > GUEST_ROWS_MAX)
		return;
	if (im->section_refused)
		planned = im->rows_came;
	im->rows_planned += planned;
	if (planned > im->rows_came)
		im->rows_missing += planned - im->rows_came;
}

void import_section_end(struct import *im)
{
	if (im->at) {
		rows_count(im);
		if (collector_give_up(&im->collector) < 0 || collector_finish(&im->collector) < 0)
			im->error = -ENOMEM;
		for (uint32_t i = 0; i < GUEST_ROWS_MAX; i++)
			row_close(im, i);
	}
	im->at = NULL;
	im->begun = false;
	im->section_refused = false;
	im->rows_came = 0;
	memset(&im->hello, 0, sizeof(im->hello));
	memset(im->plan, 0, sizeof(im->plan));
}

static void on_section(void *ctx, const struct lines_section *s)
{
	struct import *im = ctx;

	import_section_end(im);
	im->file = s->source < im->n_names ? im->name[s->source] : "";
	if (im->any && s->boot == im->boot_id)
		return;
	memset(&im->boot, 0, sizeof(im->boot));
	im->boot_id = s->boot;
	im->any = true;
	im->identity = fnv1a64(im->identity, &s->boot, sizeof(s->boot));
}

/* "5,7-9": numbers of operations in the image's catalogue. */
static void plan_add(struct import *im, const char *text)
{
	while (*text) {
		char *end;
		unsigned long from = strtoul(text, &end, 10), to = from;

		if (end == text)
			return;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (unsigned long op = from; op <= to && op < LINES_OPS_MAX; op++)
			im->plan[op / 8] |= (unsigned char)(1u << op % 8);
		text = end + (*end == ',');
		if (*end && *end != ',')
			return;
	}
}

static void on_hello(void *ctx, const char *key, const char *value)
{
	if (same_text(key, "plan"))
		plan_add(ctx, value);
	else
		import_hello(ctx, key, value);
}

/* ---- what a section says beside its rows ---- */

static void on_step(void *ctx, const struct engine_step *s)
{
	struct import *im = ctx;
	struct self_test t = { .passed = s->passed };

	import_section_begin(im);
	if (!im->at)
		return;
	snprintf(t.engine, sizeof(t.engine), "%s", engine_name(im));
	snprintf(t.via, sizeof(t.via), "image");
	import_backend(im, t.backend);
	snprintf(t.step, sizeof(t.step), "%s", s->name);
	snprintf(t.expected, sizeof(t.expected), "%s", s->expected);
	snprintf(t.observed, sizeof(t.observed), "%s", s->observed);
	for (size_t i = 0; i < im->r->n_self_tests; i++) {
		const struct self_test *old = &im->r->self_test[i];

		if (same_text(old->engine, t.engine) && same_text(old->step, t.step) &&
		    same_text(old->observed, t.observed) && old->passed == t.passed)
			return;
	}
	if (im->r->n_self_tests < SAID_MAX && result_set_add_self_test(im->r, &t) < 0)
		im->error = -ENOMEM;
}

static void on_fact(void *ctx, const char *name, const char *value)
{
	struct import *im = ctx;
	struct found_fact f = { .name = "" };

	import_section_begin(im);
	if (!im->at)
		return;
	snprintf(f.engine, sizeof(f.engine), "%s", engine_name(im));
	snprintf(f.via, sizeof(f.via), "image");
	import_backend(im, f.backend);
	snprintf(f.name, sizeof(f.name), "%s", name);
	snprintf(f.value, sizeof(f.value), "%s", value);
	for (size_t i = 0; i < im->r->n_facts; i++) {
		const struct found_fact *old = &im->r->fact[i];

		if (same_text(old->engine, f.engine) && same_text(old->name, f.name) && same_text(old->value, f.value))
			return;
	}
	if (im->r->n_facts < SAID_MAX && result_set_add_fact(im->r, &f) < 0)
		im->error = -ENOMEM;
}

static void on_refusal(void *ctx, const char *status, const char *text)
{
	struct import *im = ctx;

	import_section_begin(im);
	im->section_refused = true;
	if (!im->at) {
		snprintf(im->refused, sizeof(im->refused), "%.30s: %s", status, text);
		return;
	}
	im->at->refusals++;
	snprintf(im->at->refused, sizeof(im->at->refused), "%s", status);
	snprintf(im->at->why, sizeof(im->at->why), "%s", text);
}

/* ---- rows ---- */

void import_unknown_note(struct import *im, const char *name)
{
	const size_t kept = sizeof(im->unknown) / sizeof(im->unknown[0]);
	size_t n = im->n_unknown < kept ? im->n_unknown : kept;

	for (size_t i = 0; i < n; i++)
		if (same_text(im->unknown[i], name))
			return;
	if (n < kept)
		snprintf(im->unknown[n], sizeof(im->unknown[n]), "%s", name);
	im->n_unknown++;
}

static void row_begin(struct import *im, uint32_t row, const char *name)
{
	const struct op *op = op_find(name);

	if (!im->at) {
		im->rows_unplaced++;
		return;
	}
	if (!op) {
		import_unknown_note(im, name);
		return;
	}
	im->op[row] = (uint32_t)(op - ops);
	im->collector.row[row].tally = &im->at->tally[op - ops];
}

static void on_record(void *ctx, const struct guest_record *rec, const void *payload)
{
	struct import *im = ctx;
	struct sink sink = collector_sink(&im->collector);

	import_section_begin(im);
	if (rec->row >= GUEST_ROWS_MAX)
		return;
	if (rec->type == RECORD_ROW_BEGIN)
		row_begin(im, rec->row, payload);
	im->rows_came += rec->type == RECORD_ROW_END;
	if (!im->at || im->op[rec->row] == NONE)
		return;
	sink.record(sink.ctx, rec, payload);
	if (rec->type == RECORD_ROW_END)
		im->at->full[im->op[rec->row]] = 1;
}

static void on_counters(void *ctx, uint32_t row, uint64_t exits, uint64_t interrupts)
{
	struct import *im = ctx;
	struct sink sink = collector_sink(&im->collector);
	const struct engine_counters begin = { 0 }, end = { .exits = exits, .interrupts = interrupts };

	import_section_begin(im);
	if (!im->at || row >= GUEST_ROWS_MAX || im->op[row] == NONE)
		return;
	sink.counters(sink.ctx, row, true, &begin);
	sink.counters(sink.ctx, row, false, &end);
}

/* A launch that began the row and gave nothing, as one that a deadline ended. */
static void on_row_lost(void *ctx, uint32_t row, const char *name, const char *why)
{
	struct import *im = ctx;
	uint32_t op;

	import_section_begin(im);
	im->rows_came++;
	if (!*name) {
		im->rows_nameless++;
		return;
	}
	op = row < GUEST_ROWS_MAX ? im->op[row] : NONE;
	if (!im->at || op == NONE)
		return;
	snprintf(im->at->lost[op], sizeof(im->at->lost[op]), "%s", why);
	if (collector_give_up(&im->collector) < 0)
		im->error = -ENOMEM;
}

/* Rows that it counts and that did not come are lost, not missing. */
static void on_end(void *ctx, uint64_t rows, int status)
{
	struct import *im = ctx;

	(void)status;
	import_section_begin(im);
	if (rows > im->rows_came)
		im->rows_came = rows;
}

/* ---- from outside ---- */

struct import *import_new(void)
{
	struct import *im = calloc(1, sizeof(*im));

	if (!im)
		return NULL;
	im->to = (struct lines_to){ .ctx = im, .section = on_section, .hello = on_hello, .step = on_step,
				    .fact = on_fact, .refusal = on_refusal, .record = on_record,
				    .counters = on_counters, .row_lost = on_row_lost,
				    .row_short = import_row_short, .end = on_end };
	im->identity = FNV1A64_INIT;
	im->lines = lines_new_sorted(&im->to);
	im->r = calloc(1, sizeof(*im->r));
	if (!im->lines || !im->r || collector_init(&im->collector) < 0) {
		import_free(im);
		return NULL;
	}
	return im;
}

void import_feed(struct import *im, const char *name, const void *bytes, size_t n)
{
	char **more = reallocarray(im->name, im->n_names + 1, sizeof(*more));

	if (!more) {
		im->error = -ENOMEM;
		return;
	}
	im->name = more;
	im->name[im->n_names] = strdup(same_text(name, "-") ? "standard input" : name);
	if (!im->name[im->n_names]) {
		im->error = -ENOMEM;
		return;
	}
	lines_source(im->lines, (unsigned)im->n_names++);
	lines_feed(im->lines, bytes, n);
	/* A capture may end within a line, which the next one's first must not continue. */
	lines_feed(im->lines, "\n", 1);
}

void import_choose(struct import *im, uint32_t boot)
{
	if (im->n_chosen < LINES_BOOTS_MAX)
		im->chosen[im->n_chosen++] = boot;
	lines_choose(im->lines, boot);
}

void import_free(struct import *im)
{
	if (!im)
		return;
	for (size_t i = 0; i < IMPORT_ENGINES; i++) {
		struct import_engine *en = &im->engine[i];

		for (size_t op = 0; en->tally && op < n_ops; op++)
			tally_free(&en->tally[op]);
		free(en->tally);
		free(en->skip);
		free(en->lost);
		free(en->faulted);
		free(en->full);
		free(en->planned);
	}
	if (im->r)
		result_set_free(im->r);
	free(im->r);
	lines_free(im->lines);
	collector_free(&im->collector);
	for (size_t i = 0; i < im->n_names; i++)
		free(im->name[i]);
	free(im->name);
	free(im->row_short);
	free(im);
}
