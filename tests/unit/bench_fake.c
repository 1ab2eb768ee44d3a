/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/bench_fake.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/collector.h"
#include "common/interrupt.h"
#include "tests/unit/tap.h"

#define SAMPLES	100
#define SAMPLES_MAX 10000
#define EMPTY	50
#define COPIES	8
#define TICKS	1000000	/* of a row, if it does not say otherwise */

struct fake fake;

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.least_slack = INFINITY;
	fake.info = (struct engine_info){
		.backend = "fake 1.0", .provenance = PROVENANCE_HARDWARE, .via = "process", .clock = "tsc",
		.offers = ENGINE_RING0 | ENGINE_USER_IO | ENGINE_KERNEL_PIO | ENGINE_HLT_RETURNS | ENGINE_HYPERCALL,
		.counts_exits = true, .memory = "4k",
	};
}

static int fake_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	(void)c;
	if (fake.open_error)
		return err_set(e, fake.open_error, "the fake does not open");
	*out = (struct engine *)&fake.info;
	return 0;
}

/* The same script, told apart by its address. */
static int process_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	int rc = fake_open(out, c, e);

	if (rc == 0)
		*out = (struct engine *)&fake.row;
	return rc;
}

static const struct engine_info *fake_info(const struct engine *en)
{
	(void)en;
	return &fake.info;
}

static const struct engine_info *process_info(const struct engine *en)
{
	static const struct engine_info info = {
		.backend = "process", .provenance = PROVENANCE_HARDWARE, .via = "process", .clock = "tsc",
	};

	(void)en;
	return &info;
}

static void fake_close(struct engine *en)
{
	(void)en;
	fake.closed++;
}

static void put(const struct sink *s, uint32_t row, enum guest_record_type type, uint32_t arg, const void *payload,
		size_t bytes)
{
	struct guest_record r = { GUEST_RECORD_MAGIC, (uint8_t)type, 0, (uint32_t)bytes, row, arg };

	s->record(s->ctx, &r, payload);
}

static void wait_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* Samples ticks, ticks + 1 ... so that the median is ticks + 49. */
static void put_samples(const struct sink *s, uint32_t row, const struct fake_row *f)
{
	uint64_t single[SAMPLES_MAX], empty[16], pair[2 * 5], cold = 90000, ticks = f->ticks ? f->ticks : 5000;
	size_t i, n = f->samples ? f->samples : SAMPLES;

	for (i = 0; i < n; i++)
		single[i] = ticks + i;
	for (i = 0; i < 16; i++)
		empty[i] = f->empty ? f->empty : EMPTY;
	for (i = 0; i < 5; i++) {
		pair[2 * i] = 1000 + f->diff * COPIES;
		pair[2 * i + 1] = 1000 + f->diff * 2 * COPIES;
	}
	put(s, row, RECORD_COLD, 0, &cold, sizeof(cold));
	put(s, row, RECORD_SINGLE, 0, single, (uint32_t)(n * sizeof(*single)));
	put(s, row, RECORD_EMPTY, 0, empty, sizeof(empty));
	if (f->diff)
		put(s, row, RECORD_DIFF, COPIES, pair, sizeof(pair));
}

static void put_stray(const struct sink *s, uint32_t row)
{
	uint64_t v[2] = { 1, 2 };

	put(s, 7777, RECORD_SINGLE, 0, v, sizeof(v));
	put(s, 7777, RECORD_ROW_BEGIN, 0, NULL, 0);
	put(s, row, RECORD_ROW_BEGIN, 0, NULL, 0);	/* once more */
	put(s, row, RECORD_DIFF, 0, v, sizeof(v));	/* of zero copies */
	put(s, row, RECORD_ROW_END, 0, v, 8);		/* too short */
	put(s, row, RECORD_COLD, 0, v, 0);
}

static void put_end(const struct sink *s, uint32_t row, const struct fake_row *f, uint32_t flags, uint64_t ticks)
{
	struct guest_row_end end = { .executions = 1000, .ticks = ticks, .flags = flags | f->flags };
	struct engine_counters c = { .exits = 500 + (uint64_t)(1000 * f->exits) + f->stray_exits + f->interrupts + 1,
				     .interrupts = 40 + f->interrupts };

	put(s, row, RECORD_ROW_END, 0, &end, sizeof(end));
	if (s->counters)
		s->counters(s->ctx, row, false, &c);
}

static void stop_fault(struct vm_stop *stop, uint32_t row)
{
	stop->kind = VM_STOP_FAULT;
	stop->row = row;
	snprintf(stop->native, sizeof(stop->native), "vector 13");
	snprintf(stop->text, sizeof(stop->text), "the guest faulted: general protection");
	stop->regs.valid = true;
	stop->regs.rip = 0x1000400abc;
	stop->regs.gpr[0] = 0xdead;
}

/* The launch's time is over, in (row). */
static bool row_cut(const struct launch *l, uint32_t row, struct vm_stop *stop)
{
	double left = fake.began + l->deadline_ms / 1000.0 - clock_seconds();

	wait_ms(left > 0 ? (unsigned)(left * 1000) + 1 : 0);
	stop->kind = VM_STOP_DEADLINE;
	stop->row = row;
	return false;
}

/* False: the launch ended in this row, (stop) says how. */
static bool row_play(const struct launch *l, const struct sink *s, uint32_t row, struct vm_stop *stop)
{
	const struct fake_row *f = &fake.row[l->rows[row].op];
	const struct engine_counters begin = { .exits = 500, .interrupts = 40 };

	if (f->act == FAKE_CUT)
		row_cut(l, row, stop);
	put(s, row, RECORD_ROW_BEGIN, 0, NULL, 0);
	if (s->counters)
		s->counters(s->ctx, row, true, &begin);
	switch (f->act) {
	case FAKE_FAULT:
		stop_fault(stop, row);
		return false;
	case FAKE_LATE:
		wait_ms(l->row_deadline_ms);
		stop->kind = VM_STOP_DEADLINE;
		stop->row = row;
		snprintf(stop->text, sizeof(stop->text), "late");
		return false;
	case FAKE_EXIT:
		stop->row = row;
		return false;
	case FAKE_UNSUPPORTED:
		put(s, row, RECORD_LOG, 0, "no\tsuch page", 12);
		put_end(s, row, f, GUEST_END_UNSUPPORTED, TICKS);
		return true;
	case FAKE_NO_SAMPLE:
		put_end(s, row, f, GUEST_END_BUDGET, TICKS);
		return true;
	case FAKE_STRAY:
		put_stray(s, row);
		break;
	case FAKE_HANG:
	case FAKE_CUT:
		return row_cut(l, row, stop);
	case FAKE_BUDGET:
		wait_ms((unsigned)(l->rows[row].budget / (FAKE_TSC_HZ / 1000)));
		put_samples(s, row, f);
		put_end(s, row, f, 0, l->rows[row].budget);
		return true;
	case FAKE_WAIT:
		wait_ms(f->wait_ms);
		break;
	case FAKE_MEASURE:
		break;
	}
	put_samples(s, row, f);
	put_end(s, row, f, 0, TICKS);
	return true;
}

static int fake_launch(struct engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop,
		       struct err *e)
{
	bool with = false, without = false;
	uint32_t i;

	fake.began = clock_seconds();
	if (fake.before)
		fake.before();
	if (fake.launches < sizeof(fake.engine_order) - 1)
		fake.engine_order[fake.launches] = en == (struct engine *)&fake.info ? 'f' : 'p';
	fake.cpu = l->cpu;
	fake.launches++;
	memset(stop, 0, sizeof(*stop));
	stop->row = l->row_count;
	for (i = 0; i < l->row_count; i++) {
		double budget = (double)l->rows[i].budget / FAKE_TSC_HZ;
		double slack = l->row_deadline_ms / 1e3 - budget * (GUEST_TOUCH_BUDGETS + GUEST_OVERTIME_BUDGETS);
		bool wants = ops[l->rows[i].op].wants & ENGINE_KERNEL_PIO;

		with |= wants;
		without |= !wants;
		fake.most_budget = fmax(fake.most_budget, budget);
		fake.least_slack = fmin(fake.least_slack, slack);
		fake.irqchip_mixed += wants != l->irqchip;
		if (fake.n_order < 512)
			fake.order[fake.n_order++] = l->rows[i].op;
	}
	fake.irqchip_mixed += with && without;
	if (fake.refusals) {
		fake.refusals--;
		return err_set(e, EIO, "no carrier today");
	}
	if (fake.boot_failures) {
		fake.boot_failures--;
		stop->kind = VM_STOP_SHUTDOWN;
		snprintf(stop->text, sizeof(stop->text), "triple fault while booting");
		return 0;
	}
	for (i = 0; i < l->row_count; i++) {
		if (fake.interrupt_at == fake.launches && i == 1) {
			raise(SIGINT);
			stop->kind = VM_STOP_INTERRUPTED;
			stop->row = i;
			return 0;
		}
		if (!row_play(l, s, i, stop))
			return 0;
	}
	return 0;
}

static const char *const fake_needs[] = { "kvm.device", "kvm.vm", NULL };

const struct engine_ops fake_engine = {
	.name = "fake",
	.summary = "a scripted engine",
	.needs = fake_needs,
	.open = fake_open,
	.info = fake_info,
	.launch = fake_launch,
	.close = fake_close,
};
const struct engine_ops fake_process_engine = {
	.name = "process",
	.summary = "a scripted process",
	.needs = engine_needs_nothing,
	.open = process_open,
	.info = process_info,
	.launch = fake_launch,
	.close = fake_close,
};
const struct engine_ops *const fake_table[2] = { &fake_engine, &fake_process_engine };

void fake_verdict(struct verdict *v, ...)
{
	const char *id;
	va_list ap;

	memset(v, 0, sizeof(*v));
	v->findings.row = calloc(8, sizeof(*v->findings.row));
	v->status = VERDICT_USABLE;
	snprintf(v->summary, sizeof(v->summary), "a machine made by hand");
	va_start(ap, v);
	while ((id = va_arg(ap, const char *))) {
		struct finding *f = &v->findings.row[v->findings.n++];

		f->check = check_find(id);
		f->answer = va_arg(ap, enum answer);
		snprintf(f->hint, sizeof(f->hint), "hint of %s", id);
	}
	va_end(ap);
}

static void processor_put(struct snapshot *s, const struct fake_processor *p)
{
	uint32_t regs[4] = { 1 };

	memcpy(&regs[1], p->vendor, 4);
	memcpy(&regs[3], p->vendor + 4, 4);
	memcpy(&regs[2], p->vendor + 8, 4);
	CU_ASSERT_EQUAL_FATAL(snapshot_add_cpuid(s, 0, 0, 0, regs), 0);
	CU_ASSERT_EQUAL_FATAL(snapshot_add_msr(s, 0, 0xc0011029, p->msr ? 0 : EACCES, p->msr), 0);
	CU_ASSERT_EQUAL_FATAL(snapshot_index(s), 0);
}

void fake_run(struct result_set *r, const struct bench_options *o, const struct fake_processor *p)
{
	static const struct fake_processor intel = { "GenuineIntel", 0 };
	struct bench_options on_fakes = *o;
	struct plan plan;
	struct snapshot s;
	struct verdict v;
	struct err e;

	on_fakes.table = fake_table;
	on_fakes.n_table = 2;
	snapshot_init(&s);
	processor_put(&s, p ? p : &intel);
	fake_verdict(&v, "kvm.device", ANSWER_YES, "kvm.vm", ANSWER_YES, NULL);
	CU_ASSERT_FATAL(plan_make(&plan, &on_fakes, &s, &v, FAKE_TSC_HZ, &e) == 0);
	CU_ASSERT_FATAL(bench_run(r, &plan, &on_fakes, &s, &v, FAKE_TSC_HZ, NULL, &e) == 0);
	plan_free(&plan);
	verdict_free(&v);
	snapshot_free(&s);
}

size_t fake_ops(void)
{
	size_t n = 0;

	for (size_t i = 0; i < n_ops; i++)
		n += !(ops[i].wants & (ENGINE_MONITOR | ENGINE_VMX | ENGINE_SVM));
	return n;
}

void fake_run_ops(struct result_set *r, const char *const *globs, size_t n, unsigned launches, double seconds)
{
	static const char *const engine[] = { "fake" };
	const struct bench_options o = { .engines = engine, .n_engines = 1, .op_globs = globs, .n_op_globs = n,
					 .quick = true, .launches = launches, .seconds = seconds, .cpu = -1,
					 .seed = 11 };

	fake_run(r, &o, NULL);
}

const struct result *fake_result(const struct result_set *r, const char *op)
{
	size_t i;

	for (i = 0; i < r->n_results; i++)
		if (!strcmp(r->result[i].op, op))
			return &r->result[i];
	return NULL;
}

bool fake_flag(const struct result_set *r, const char *op, unsigned flag)
{
	const struct result *row = fake_result(r, op);

	CU_ASSERT_FATAL(row != NULL);
	return row->flags & flag;
}
