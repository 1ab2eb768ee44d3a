/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of captures as launches: each section of a boot feeds the collector as a launch of an engine would, and what
 * the launches of an operation amount to is summarised as in a run.
 */
#include "bench/import.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import_private.h"
#include "bench/op.h"
#include "bench/summarise.h"
#include "common/digest.h"
#include "common/parse.h"

#define MIN_SAMPLES	64	/* fewer of a row in a launch are told, as in a run */
#define EMULATED_MIN	8	/* the same number each time needs no more */
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
	return en->tally && en->skip && en->lost && en->faulted && en->full ? 0 : -ENOMEM;
}

/* The first line that is no H: what the section is of is known now, or never. */
static void section_begin(struct import *im)
{
	if (im->begun)
		return;
	im->begun = true;
	im->at = import_section_place(im);
	if (im->at && engine_ready(im->at) < 0) {
		im->error = -ENOMEM;
		im->at = NULL;
	}
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

static void section_end(struct import *im)
{
	if (im->at) {
		if (collector_give_up(&im->collector) < 0 || collector_finish(&im->collector) < 0)
			im->error = -ENOMEM;
		for (uint32_t i = 0; i < GUEST_ROWS_MAX; i++)
			row_close(im, i);
	}
	im->at = NULL;
	im->begun = false;
	memset(&im->hello, 0, sizeof(im->hello));
}

static void on_section(void *ctx, uint32_t boot)
{
	struct import *im = ctx;

	section_end(im);
	if (im->any && boot == im->boot_id)
		return;
	memset(&im->boot, 0, sizeof(im->boot));
	im->boot_id = boot;
	im->any = true;
	im->identity = fnv1a64(im->identity, &boot, sizeof(boot));
}

static void on_hello(void *ctx, const char *key, const char *value)
{
	import_hello(ctx, key, value);
}

/* ---- what a section says beside its rows ---- */

static void on_step(void *ctx, const struct engine_step *s)
{
	struct import *im = ctx;
	struct self_test t = { .passed = s->passed };

	section_begin(im);
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

	section_begin(im);
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

	section_begin(im);
	if (!im->at) {
		snprintf(im->refused, sizeof(im->refused), "%.30s: %s", status, text);
		return;
	}
	snprintf(im->at->refused, sizeof(im->at->refused), "%s", status);
	snprintf(im->at->why, sizeof(im->at->why), "%s", text);
}

/* ---- rows ---- */

static void unknown_note(struct import *im, const char *name)
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
		unknown_note(im, name);
		return;
	}
	im->op[row] = (uint32_t)(op - ops);
	im->collector.row[row].tally = &im->at->tally[op - ops];
	im->at->full[op - ops] = 1;
}

static void on_record(void *ctx, const struct guest_record *rec, const void *payload)
{
	struct import *im = ctx;
	struct sink sink = collector_sink(&im->collector);

	section_begin(im);
	if (rec->row >= GUEST_ROWS_MAX)
		return;
	if (rec->type == RECORD_ROW_BEGIN)
		row_begin(im, rec->row, payload);
	if (!im->at || im->op[rec->row] == NONE)
		return;
	sink.record(sink.ctx, rec, payload);
}

static void on_counters(void *ctx, uint32_t row, uint64_t exits, uint64_t interrupts)
{
	struct import *im = ctx;
	struct sink sink = collector_sink(&im->collector);
	const struct engine_counters begin = { 0 }, end = { .exits = exits, .interrupts = interrupts };

	section_begin(im);
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

	section_begin(im);
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

/* ---- rows in short ---- */

/* The operation of (q), by its name, or where that is cut by its number in the same catalogue. */
static const struct op *short_op(const struct import *im, const struct lines_short *q)
{
	size_t n = strlen(q->name), all;

	if (!q->cut)
		return op_find(q->name);
	if (!import_same_catalog(im) || q->op >= n_ops)
		return NULL;
	all = strlen(ops[q->op].name);
	return all > n && !strcmp(ops[q->op].name + all - n, q->name) ? &ops[q->op] : NULL;
}

static void on_row_short(void *ctx, const struct lines_short *q)
{
	struct import *im = ctx;
	const struct op *op;
	struct launch_values v = { .cold = NAN, .p1 = NAN, .p25 = NAN, .p75 = NAN, .p90 = NAN, .p999 = NAN, .max = NAN,
				   .mean = NAN, .mad = NAN, .empty_median = NAN, .empty_min = NAN, .split_exit = NAN,
				   .split_handler = NAN, .split_entry = NAN, .split_total = NAN };

	section_begin(im);
	op = short_op(im, q);
	if (!im->at) {
		im->rows_unplaced++;
		return;
	}
	if (!op) {
		unknown_note(im, q->name);
		return;
	}
	if (im->at->full[op - ops]) {
		im->rows_short++;
		return;
	}
	v.n = q->n;
	v.n_diff = !isnan(q->diff);	/* how many pairs there were is not said: one at least */
	v.min = q->min;
	v.median = q->median;
	v.p99 = q->p99;
	v.diff_median = v.diff_min = q->diff;
	v.copies = 1;
	v.flags = q->flags;
	v.exits = q->exits;
	v.executions = q->executions;
	v.counted = q->executions > 0;
	parse_double(im->hello.text[HELLO_EMPTY], 0, 1e12, &v.empty_median);
	im->at->measured = true;
	if (tally_add_values(&im->at->tally[op - ops], &v) < 0)
		im->error = -ENOMEM;
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
				    .row_short = on_row_short };
	im->identity = FNV1A64_INIT;
	im->lines = lines_new(&im->to);
	im->r = calloc(1, sizeof(*im->r));
	if (!im->lines || !im->r || collector_init(&im->collector) < 0) {
		import_free(im);
		return NULL;
	}
	return im;
}

void import_feed(struct import *im, const char *name, const void *bytes, size_t n)
{
	snprintf(im->file, sizeof(im->file), "%s", same_text(name, "-") ? "standard input" : name);
	lines_feed(im->lines, bytes, n);
	/* A capture may end within a line, which the next one's first must not continue. */
	lines_feed(im->lines, "\n", 1);
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
	}
	if (im->r)
		result_set_free(im->r);
	free(im->r);
	lines_free(im->lines);
	collector_free(&im->collector);
	free(im);
}

/* ---- the result ---- */

static int row_skip(struct result_set *r, const char *engine, const struct op *op, const char *reason)
{
	struct skipped s = { .unverified = false };

	snprintf(s.op, sizeof(s.op), "%s", op->name);
	snprintf(s.engine, sizeof(s.engine), "%s", engine);
	snprintf(s.reason, sizeof(s.reason), "%s", reason);
	return result_set_add_skipped(r, &s);
}

static int row_lose(struct result_set *r, const char *engine, const struct op *op, const char *why)
{
	struct failed f = { .rip = 0 };

	snprintf(f.op, sizeof(f.op), "%s", op->name);
	snprintf(f.engine, sizeof(f.engine), "%s", engine);
	snprintf(f.reason, sizeof(f.reason), "lost in the capture: %s", why);
	snprintf(f.stop_kind, sizeof(f.stop_kind), "capture");
	return result_set_add_failed(r, &f);
}

static int row_result(struct import *im, struct import_engine *en, size_t op, const struct summary_context *c)
{
	struct tally *t = &en->tally[op];
	struct result row;

	if (en->faulted[op])
		return 0;
	if (!tally_measured(t)) {
		if (en->skip[op][0])
			return row_skip(im->r, c->engine->name, &ops[op], en->skip[op]);
		if (en->lost[op][0])
			return row_lose(im->r, c->engine->name, &ops[op], en->lost[op]);
		return t->n_launches ? row_skip(im->r, c->engine->name, &ops[op], "not one sample fitted into its budget") : 0;
	}
	if (tally_summarise(&row, t, &ops[op], c) < 0)
		return -ENOMEM;
	if (result_set_add(im->r, &row) == 0)
		return 0;
	free(row.launch);
	free(row.hist);
	return -ENOMEM;
}

/* The rows that only this engine has, and that a refusal kept from running. */
static int rows_refused(struct import *im, size_t engine)
{
	static const unsigned own[IMPORT_ENGINES] = { [IMPORT_VMX] = ENGINE_VMX, [IMPORT_SVM] = ENGINE_SVM };
	const struct import_engine *en = &im->engine[engine];
	char reason[240];
	int rc = 0;

	snprintf(reason, sizeof(reason), "%.20s: %.210s", en->refused, en->why);
	for (size_t op = 0; rc == 0 && op < n_ops; op++)
		if (ops[op].wants & own[engine])
			rc = row_skip(im->r, import_engine_names[engine], &ops[op], reason);
	return rc;
}

static int engine_results(struct import *im, size_t engine)
{
	static const unsigned offers[IMPORT_ENGINES] = {
		[IMPORT_NATIVE] = ENGINE_RING0,
		[IMPORT_VMX] = ENGINE_RING0 | ENGINE_MONITOR | ENGINE_HLT_RETURNS | ENGINE_HYPERCALL | ENGINE_VMX,
		[IMPORT_SVM] = ENGINE_RING0 | ENGINE_MONITOR | ENGINE_HLT_RETURNS | ENGINE_HYPERCALL | ENGINE_SVM,
	};
	const struct engine_ops names = { .name = import_engine_names[engine] };
	struct import_engine *en = &im->engine[engine];
	struct engine_info info = { .provenance = en->provenance, .via = "image", .clock = im->machine.text[HELLO_CLOCK],
				    .offers = offers[engine], .counts_exits = engine != IMPORT_NATIVE,
				    .exact_exits = engine != IMPORT_NATIVE };
	struct summary_context c = { .engine = &names, .info = &info, .tsc_hz = 1, .lfence_assumed = en->lfence_assumed,
				     .min_samples = en->provenance == PROVENANCE_EMULATED ? EMULATED_MIN : MIN_SAMPLES };
	json_int_t hz = json_integer_value(json_object_get(im->r->hardware, "tsc_hz"));
	int rc = 0;

	import_backend(im, info.backend);
	if (hz > 0)
		c.tsc_hz = (uint64_t)hz;
	for (size_t op = 0; rc == 0 && op < n_ops && en->tally; op++)
		rc = row_result(im, en, op, &c);
	if (rc == 0 && en->refused[0] && !en->measured)
		rc = rows_refused(im, engine);
	return rc;
}

static void losses_note(const struct import *im, struct buf *notes)
{
	const struct lines_account *a = lines_account(im->lines);
	const size_t kept = sizeof(im->unknown) / sizeof(im->unknown[0]);

	if (a->lost)
		buf_printf(notes, "%" PRIu64 " of %" PRIu64 " lines lost\n", a->lost, a->lines + a->lost);
	if (a->damaged)
		buf_printf(notes, "%" PRIu64 " lines damaged\n", a->damaged);
	if (a->sections_cut)
		buf_printf(notes, "%" PRIu64 " of %" PRIu64 " launches cut off before their end\n", a->sections_cut, a->sections);
	if (a->rows_lost)
		buf_printf(notes, "%" PRIu64 " rows incomplete: of these nothing was taken\n", a->rows_lost);
	if (im->rows_unplaced)
		buf_printf(notes, "%zu rows left out: the lines that say what machine and engine they are of were lost\n",
			   im->rows_unplaced);
	if (!import_same_catalog(im))
		buf_puts(notes, "the image is of another version of vtscope: its operations are known by their names\n");
	if (im->rows_short)
		buf_printf(notes, "%zu rows of a screen left out: their full lines are there\n", im->rows_short);
	if (im->refused[0])
		buf_printf(notes, "a boot was refused before it measured: %s\n", im->refused);
	if (!im->n_unknown)
		return;
	buf_printf(notes, "%zu operations left out that this vtscope does not know:", im->n_unknown);
	for (size_t i = 0; i < kept && i < im->n_unknown; i++)
		buf_printf(notes, "%s %s", i ? "," : "", im->unknown[i]);
	buf_puts(notes, im->n_unknown > kept ? " ...\n" : "\n");
}

static void loss_fill(const struct import *im, struct capture_loss *loss)
{
	const struct lines_account *a = lines_account(im->lines);

	*loss = (struct capture_loss){ .present = true, .boots = a->boots, .sections = a->sections, .sections_cut = a->sections_cut, .lines = a->lines,
				       .lost = a->lost, .damaged = a->damaged, .repeated = a->repeated,
				       .foreign = a->foreign, .rows = a->rows, .rows_lost = a->rows_lost };
}

int import_result(struct import *im, struct result_set *r, struct buf *notes, struct err *e)
{
	int rc;

	result_set_init(r);
	lines_end(im->lines);
	section_begin(im);
	section_end(im);
	if (!lines_account(im->lines)->lines)
		return err_set(e, ENOMSG, "no line of the boot image is in it (they begin with \"VT1 \")");
	if (im->conflict[0])
		return err_set(e, EINVAL, "%s", im->conflict);
	losses_note(im, notes);
	loss_fill(im, &im->r->capture);
	rc = im->error ? im->error : import_describe(im, im->r);
	for (size_t i = 0; rc == 0 && i < IMPORT_ENGINES; i++)
		if (im->engine[i].seen)
			rc = engine_results(im, i);
	if (rc < 0)
		return err_set(e, -rc, "out of memory");
	*r = *im->r;
	result_set_init(im->r);
	return 0;
}
