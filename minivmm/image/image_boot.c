/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_boot.c - one boot: bytes of the debug port become lines, lines become records, which pass the gate. */
#include "minivmm/image/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/interrupt.h"

struct feed {
	struct record_gate gate;
	struct lines *lines;
	struct lines_to to;
	const struct sink *sink;	/* of the launch; may be NULL */
	struct image_identity *id;
	unsigned sections;
	struct image_carrier *carrier;
	const struct image_carrier_ops *ops;
};

/* ---- what the image says of itself ---- */

/* A second boot is a reset that nobody asked for. */
static void on_section(void *ctx, const struct lines_section *s)
{
	struct feed *f = ctx;

	(void)s;
	if (f->sections++)
		snprintf(f->gate.wrong, sizeof(f->gate.wrong), "the image began anew: it was reset, or boots again and again");
}

static void keep_fact(struct image_identity *id, const char *name, const char *value)
{
	struct engine_fact *f = &id->fact[id->n_facts];

	if (id->n_facts == IMAGE_FACTS_MAX)
		return;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->value, sizeof(f->value), "%s", value);
	id->n_facts++;
}

static void on_hello(void *ctx, const char *key, const char *value)
{
	struct image_identity *id = ((struct feed *)ctx)->id;
	const struct { const char *key; char *to; size_t bytes; } texts[] = {
		{ "engine", id->engine, sizeof(id->engine) },
		{ "clock", id->clock, sizeof(id->clock) },
		{ "provenance", id->provenance, sizeof(id->provenance) },
		{ "fence", id->fence, sizeof(id->fence) },
	};
	static const char *const plans[] = { "budget", "engine", "engines", "launches", "plan", "rows", "seed" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].key) == 0)
			snprintf(texts[i].to, texts[i].bytes, "%s", value);
	if (strcmp(key, "tsc_hz") == 0)
		id->tsc_hz = strtoull(value, NULL, 10);
	/* What the plan said, or another boot could say otherwise, is no fact of the machine. */
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		if (strcmp(key, plans[i]) == 0)
			return;
	keep_fact(id, key, value);
}

static void on_step(void *ctx, const struct engine_step *s)
{
	struct feed *f = ctx;

	if (f->id->n_steps < IMAGE_STEPS_MAX)
		f->id->step[f->id->n_steps++] = *s;
	if (f->sink && f->sink->step)
		f->sink->step(f->sink->ctx, s);
}

static void on_fact(void *ctx, const char *name, const char *value)
{
	keep_fact(((struct feed *)ctx)->id, name, value);
}

static void on_refusal(void *ctx, const char *status, const char *text)
{
	struct image_identity *id = ((struct feed *)ctx)->id;

	snprintf(id->status, sizeof(id->status), "%s", status);
	snprintf(id->refusal, sizeof(id->refusal), "%s", text);
}

static void on_end(void *ctx, uint64_t rows, int status)
{
	struct feed *f = ctx;

	(void)rows;
	f->id->ended = true;
	f->id->end_status = status;
}

/* ---- its rows ---- */

static void counters_pass(struct feed *f, uint32_t row, bool begin, uint64_t exits, uint64_t interrupts)
{
	const struct engine_counters c = { .exits = exits, .interrupts = interrupts };

	if (f->sink && f->sink->counters && row < f->gate.launch->row_count && !f->gate.wrong[0])
		f->sink->counters(f->sink->ctx, row, begin, &c);
}

static void on_record(void *ctx, const struct guest_record *r, const void *payload)
{
	struct feed *f = ctx;

	f->gate.sink.record(f->gate.sink.ctx, r, payload);
	if (r->type == RECORD_ROW_BEGIN)
		counters_pass(f, r->row, true, 0, 0);
}

static void on_counters(void *ctx, uint32_t row, uint64_t exits, uint64_t interrupts)
{
	counters_pass(ctx, row, false, exits, interrupts);
}

/* Nothing is lost between two processes: who loses lines here has a bug. */
static void on_row_lost(void *ctx, uint32_t row, const char *name, const char *why)
{
	struct feed *f = ctx;

	if (!f->gate.wrong[0])
		snprintf(f->gate.wrong, sizeof(f->gate.wrong), "row %u (%s) did not come whole: %s", row, name, why);
}

static void on_foreign(void *ctx, const char *text, size_t n)
{
	struct feed *f = ctx;

	if (!f->sink || !f->sink->console)
		return;
	f->sink->console(f->sink->ctx, text, n);
	f->sink->console(f->sink->ctx, "\n", 1);
}

static void on_bytes(void *ctx, const char *bytes, size_t n)
{
	lines_feed(((struct feed *)ctx)->lines, bytes, n);
}

/* ---- */

/* The last line ends the boot, whatever the carrier does then: real machines halt, emulators may linger. */
static int feed_poll(void *ctx, struct err *e)
{
	struct feed *f = ctx;
	int ended = f->ops->poll(f->carrier, e);

	return ended ? ended : f->id->ended;
}

static void stop_decode(struct feed *f, struct vm_stop *stop)
{
	if (stop->kind != VM_STOP_EXIT)
		return;
	if (!f->id->ended) {
		f->ops->explain(f->carrier, stop);
		return;
	}
	stop->status = f->id->end_status < 0 ? 1 : 0;
	snprintf(stop->native, sizeof(stop->native), "last line");
	snprintf(stop->text, sizeof(stop->text), "the image is done");
}

static int watch(struct feed *f, const struct image_boot *b, const struct launch *l, struct vm_stop *stop, struct err *e)
{
	const struct sink console = { .ctx = f, .console = on_bytes };
	const struct carrier watched = {
		.launch = l, .sink = f->sink, .gate = &f->gate, .ctx = f, .poll = feed_poll,
	};
	struct image_boot boot = *b;
	int rc;

	boot.console = &console;
	rc = f->ops->start(f->carrier, &boot, e);
	if (rc == 0)
		rc = carrier_watch(&watched, stop, e);
	if (rc == -EINTR && interrupt_pending()) {
		stop->kind = VM_STOP_INTERRUPTED;
		snprintf(stop->native, sizeof(stop->native), "signal");
		snprintf(stop->text, sizeof(stop->text), "interrupted by the user");
		stop->row = l->row_count;
		rc = 0;
	}
	if (rc == 0)
		stop_decode(f, stop);
	f->ops->end(f->carrier);
	return rc;
}

int image_boot(struct image_carrier *c, const struct image_carrier_ops *ops, const struct image_boot *b,
	       const struct launch *l, const struct sink *s, struct image_identity *id, struct vm_stop *stop,
	       struct err *e)
{
	struct feed f = {
		.to = {
			.ctx = &f, .section = on_section, .hello = on_hello, .step = on_step, .fact = on_fact,
			.refusal = on_refusal, .record = on_record, .counters = on_counters, .row_lost = on_row_lost,
			.end = on_end, .foreign = on_foreign,
		},
		.sink = s, .id = id, .carrier = c, .ops = ops,
	};
	static const struct sink nobody;
	int rc;

	memset(id, 0, sizeof(*id));
	memset(stop, 0, sizeof(*stop));
	record_gate_init(&f.gate, l, s ? s : &nobody);
	f.lines = lines_new(&f.to);
	if (!f.lines)
		return err_set(e, ENOMEM, "out of memory");
	rc = watch(&f, b, l, stop, e);
	/* Not lines_end(): a row at work when it stopped is the stop's, not a loss. */
	lines_free(f.lines);
	return rc;
}
