/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all captures of an import come to: its rows, those that are not there, and what a person should know of the loss. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import_private.h"
#include "bench/op.h"
#include "bench/summarise.h"

#define MIN_SAMPLES	64	/* fewer of a row in a launch are told, as in a run */
#define EMULATED_MIN	8	/* the same number each time needs no more */

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
	result_free(&row);
	return -ENOMEM;
}

/* An operation of the image's plan of which nothing came: the engine was refused there, or its lines were lost. */
static int row_missing(struct import *im, size_t engine, size_t op)
{
	const struct import_engine *en = &im->engine[engine];
	char reason[240];

	if (!en->refused[0])
		return row_lose(im->r, import_engine_names[engine], &ops[op], "none of its lines came");
	snprintf(reason, sizeof(reason), "%.20s: %.210s", en->refused, en->why);
	return row_skip(im->r, import_engine_names[engine], &ops[op], reason);
}

/* Did anything come of it? */
static bool row_came(const struct import_engine *en, size_t op)
{
	return en->tally[op].n_launches || en->skip[op][0] || en->lost[op][0] || en->faulted[op] || en->full[op];
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
		rc = en->planned[op] && !row_came(en, op) ? row_missing(im, engine, op) : row_result(im, en, op, &c);
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
	if (a->beyond)
		buf_printf(notes, "%" PRIu64 " lines left out: one import takes %u boots; import the others for themselves\n",
			   a->beyond, LINES_BOOTS_MAX);
	if (a->boots_cut && !a->sections_cut)
		buf_printf(notes, "%" PRIu64 " of %" PRIu64 " boots cut off before their end\n", a->boots_cut,
			   a->boots > a->boots_cut ? a->boots : a->boots_cut);
	if (a->sections_cut)
		buf_printf(notes, "%" PRIu64 " of %" PRIu64 " launches cut off before their end\n", a->sections_cut, a->sections);
	if (a->rows_lost)
		buf_printf(notes, "%" PRIu64 " rows incomplete: of these nothing was taken\n", a->rows_lost);
	if (im->rows_missing)
		buf_printf(notes, "%" PRIu64 " of %" PRIu64 " rows never came\n", im->rows_missing, im->rows_planned);
	if (im->rows_mismatched)
		buf_printf(notes, "%zu rows of a screen left out: their number and their name are of different operations\n",
			   im->rows_mismatched);
	if (im->demoted[0])
		buf_printf(notes, "%s\n", im->demoted);
	if (im->rows_unplaced && im->strange[0])
		buf_printf(notes, "%zu rows left out: this vtscope does not know what they are of: %s\n", im->rows_unplaced,
			   im->strange);
	else if (im->rows_unplaced)
		buf_printf(notes, "%zu rows left out: the lines that say what machine and engine they are of were lost\n",
			   im->rows_unplaced);
	if (im->machine.said[HELLO_CATALOG] && !import_same_catalog(im))
		buf_puts(notes, "the image is of another version of vtscope: its operations are known by their names\n");
	if (im->rows_short)
		buf_printf(notes, "%zu rows of a screen left out: their full lines are there\n", im->rows_short);
	for (size_t i = 0; i < IMPORT_ENGINES; i++) {
		const struct import_engine *en = &im->engine[i];

		if (en->measured && en->refusals)
			buf_printf(notes, "%s was refused in %zu of %zu launches: %s: %s\n", import_engine_names[i], en->refusals,
				   en->sections, en->refused, en->why);
	}
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

	*loss = (struct capture_loss){ .present = true, .boots = a->boots, .boots_cut = a->boots_cut,
				       .sections = a->sections, .sections_cut = a->sections_cut, .lines = a->lines,
				       .lost = a->lost, .damaged = a->damaged, .repeated = a->repeated,
				       .foreign = a->foreign, .rows = a->rows, .rows_lost = a->rows_lost,
				       .rows_planned = im->rows_planned, .rows_missing = im->rows_missing,
				       .beyond = a->beyond };
}

/* Are the boots that were chosen there? */
static int boots_check(const struct import *im, struct err *e)
{
	uint32_t boot[LINES_BOOTS_MAX];
	size_t n = lines_boots(im->lines, boot), i;
	char list[200] = "";

	for (i = 0; i < n && i < 16; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%08x", i ? ", " : "", boot[i]);
	for (size_t k = 0; n && k < im->n_chosen; k++) {
		for (i = 0; i < n && boot[i] != im->chosen[k]; i++)
			;
		if (i == n)
			return err_set(e, ENOMSG, "no line of boot %08x is in it; there are %s%s", im->chosen[k], list,
				       n > 16 ? " ..." : "");
	}
	return 0;
}

int import_result(struct import *im, struct result_set *r, struct buf *notes, struct err *e)
{
	int rc;

	result_set_init(r);
	rc = boots_check(im, e);
	if (rc < 0)
		return rc;
	if (lines_end(im->lines) < 0)
		im->error = -ENOMEM;
	import_section_begin(im);
	import_section_end(im);
	import_short_settle(im);
	if (!lines_account(im->lines)->lines)
		return err_set(e, ENOMSG, "no line of the boot image is in it (they begin with \"VT1 \")");
	if (im->conflict[0])
		return err_set(e, EINVAL, "%s", im->conflict);
	if (im->demoted[0]) {
		struct found_fact f = { .name = "provenance", .engine = "image", .via = "image" };

		import_backend(im, f.backend);
		snprintf(f.value, sizeof(f.value), "%s", im->demoted);
		if (result_set_add_fact(im->r, &f) < 0)
			im->error = -ENOMEM;
	}
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
