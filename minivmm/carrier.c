/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/carrier.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/interrupt.h"

#define NS_PER_MS 1000000ull
#define POLL_NS	  1000000l
#define CR0_PG	  (1ull << 31)
#define RESET_RIP 0xfff0 /* SDM vol. 3, table 10-1; APM vol. 2, table 14-1 */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* ---- the gate ---- */

/* Is this the next record of a runner that does what it should? */
static bool record_expected(const struct record_gate *g, const struct guest_record *r)
{
	if (r->row >= g->launch->row_count)
		return false;
	if (r->type == RECORD_ROW_BEGIN)
		return g->row == g->launch->row_count && r->row >= g->next;
	return r->type == RECORD_LOG || r->row == g->row;
}

static void gate_record(void *ctx, const struct guest_record *r, const void *payload)
{
	struct record_gate *g = ctx;

	if (g->wrong[0])
		return;
	if (!record_expected(g, r)) {
		snprintf(g->wrong, sizeof(g->wrong),
			 "a record of type %u for row %u of %u, while row %u was at work", r->type,
			 r->row, g->launch->row_count, g->row);
		return;
	}
	if (r->type == RECORD_ROW_BEGIN) {
		g->row = r->row;
		g->next = r->row + 1;
		g->begun_ns = now_ns();
	}
	if (r->type == RECORD_ROW_END)
		g->row = g->launch->row_count;
	if (g->to->record)
		g->to->record(g->to->ctx, r, payload);
}

void record_gate_init(struct record_gate *g, const struct launch *l, const struct sink *to)
{
	*g = (struct record_gate){
		.sink = { .ctx = g, .record = gate_record },
		.launch = l,
		.to = to,
		.row = l->row_count,
	};
}

/* ---- a stop ---- */

static bool regs_are_reset(const struct vm_regs *regs)
{
	return regs->valid && !(regs->cr0 & CR0_PG) && regs->rip == RESET_RIP;
}

void vm_stop_regs(struct vm_stop *stop, const struct vm_regs *regs)
{
	size_t n = strlen(stop->text);

	stop->regs = *regs;
	if (stop->kind != VM_STOP_SHUTDOWN || !regs_are_reset(regs))
		return;
	stop->regs = (struct vm_regs){ .valid = false };
	snprintf(stop->text + n, sizeof(stop->text) - n, "; KVM reset the processor before it told");
}

/* ---- the watch ---- */

/* True: it is over. */
static bool __attribute__((format(printf, 4, 5)))
stop_set(struct vm_stop *stop, enum vm_stop_kind kind, const char *native, const char *fmt, ...)
{
	va_list ap;

	stop->kind = kind;
	snprintf(stop->native, sizeof(stop->native), "%s", native);
	va_start(ap, fmt);
	vsnprintf(stop->text, sizeof(stop->text), fmt, ap);
	va_end(ap);
	return true;
}

static int drain(const struct carrier *c, struct record_gate *g, struct vm_stop *stop, bool *over,
		 struct err *e)
{
	int r;

	if (!c->launch->rows)
		return 0;
	r = c->mem ? guest_ring_drain(c->mem, c->mem_bytes, &g->sink, e) : 0;
	if (r == -EBADMSG)
		*over = stop_set(stop, VM_STOP_PROTOCOL, "record ring", "%.*s",
				 (int)sizeof(stop->text) - 1, e->text);
	else if (r < 0)
		return r;
	else if (g->wrong[0])
		*over = stop_set(stop, VM_STOP_PROTOCOL, c->mem ? "record ring" : "lines", "%s", g->wrong);
	return 0;
}

bool record_gate_late(const struct record_gate *g, uint64_t start_ns, struct vm_stop *stop)
{
	const struct launch *l = g->launch;
	uint64_t now = now_ns();

	if (l->deadline_ms && now - start_ns > l->deadline_ms * NS_PER_MS)
		return stop_set(stop, VM_STOP_DEADLINE, "launch deadline",
				"the guest still ran after %.3g s", l->deadline_ms / 1e3);
	if (l->rows && l->row_deadline_ms && g->row < l->row_count &&
	    now - g->begun_ns > l->row_deadline_ms * NS_PER_MS)
		return stop_set(stop, VM_STOP_DEADLINE, "row deadline",
				"the row still ran after %.3g s", l->row_deadline_ms / 1e3);
	return false;
}

int carrier_watch(const struct carrier *c, struct vm_stop *stop, struct err *e)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	struct err local = { 0 };
	struct record_gate own, *g = c->gate ? c->gate : &own;
	uint64_t start = now_ns();
	bool over = false;
	int ended, r;

	if (!e)
		e = &local;
	if (!c->gate)
		record_gate_init(&own, c->launch, c->sink);
	do {
		/* Asked before the last drain: what it wrote before it ended is in the ring. */
		ended = c->poll(c->ctx, e);
		if (ended < 0)
			return ended;
		r = drain(c, g, stop, &over, e);
		if (r < 0)
			return r;
		if (over)
			break;
		if (ended)
			over = stop_set(stop, VM_STOP_EXIT, "", "the carrier ended");
		else if (interrupt_pending())
			over = stop_set(stop, VM_STOP_INTERRUPTED, "signal",
					"interrupted by the user");
		else if (!record_gate_late(g, start, stop))
			nanosleep(&pause, NULL);
		else
			over = true;
	} while (!over);
	stop->row = g->row;
	return 0;
}
