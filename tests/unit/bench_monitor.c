/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the project's own monitor: what is planned on whom, what comes of faults, pairs, splits and exact counts. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/bench_fake.h"
#include "tests/unit/tap.h"

/* ---- a scripted monitor ---- */

enum act { ACT_MEASURE, ACT_FAULT, ACT_PAIRS, ACT_WRONG_NAME, ACT_LOST_EXIT };

static struct {
	enum act act;			/* of exit.cpuid; other rows are measured */
	bool joins, refuses;
	unsigned launches;
	uint32_t most_rows;
	uint64_t budget;
	uint32_t max_samples;
	uint64_t stamps;		/* that the handler has more with them */
	struct engine_info info;
} mon;

static const struct engine_step mon_steps[] = { { 1, true, "entry with a bad host field", "error 8", "error 8" } };
static const struct engine_fact mon_facts[] = { { "requires", "EPT: yes" }, { "uses", "VPID: no" } };

static void mon_reset(void)
{
	memset(&mon, 0, sizeof(mon));
	mon.info = (struct engine_info){
		.backend = "Bochs 2.7 x", .provenance = PROVENANCE_EMULATED, .via = "bochs:x", .clock = "instructions",
		.offers = ENGINE_RING0 | ENGINE_MONITOR | ENGINE_VMX | ENGINE_HLT_RETURNS | ENGINE_HYPERCALL,
		.counts_exits = true, .exact_exits = true, .step = mon_steps, .n_steps = 1, .fact = mon_facts, .n_facts = 2,
	};
	fake_reset();
}

static int mon_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	(void)c;
	if (mon.refuses)
		return err_set(e, EINVAL, "there is no such model");
	*out = (struct engine *)&mon;
	return 0;
}

static const struct engine_info *mon_info(const struct engine *en)
{
	(void)en;
	return &mon.info;
}

static void mon_close(struct engine *en)
{
	(void)en;
}

static bool mon_joins(const struct engine_config *c)
{
	(void)c;
	return mon.joins;
}

static void put(const struct sink *s, uint32_t row, enum guest_record_type type, uint32_t arg, const void *payload,
		size_t bytes)
{
	struct guest_record r = { GUEST_RECORD_MAGIC, (uint8_t)type, 0, (uint32_t)bytes, row, arg };

	s->record(s->ctx, &r, payload);
}

static void put_shots(const struct sink *s, uint32_t row)
{
	const uint64_t single[] = { 40, 40, 40, 40, 40, 40, 40, 40 }, empty[] = { 3, 3, 3, 3 };
	const uint64_t handler = 20 + mon.stamps;
	const struct guest_split split[] = { { 11, handler, 9 }, { 11, handler, 9 }, { 11, handler, 9 } };

	put(s, row, RECORD_COLD, 0, single, 8);
	put(s, row, RECORD_SINGLE, 0, single, sizeof(single));
	put(s, row, RECORD_EMPTY, 0, empty, sizeof(empty));
	put(s, row, RECORD_SPLIT, 0, split, sizeof(split));
}

static void put_pairs(const struct sink *s, uint32_t row)
{
	const uint64_t pairs[] = { 100, 107, 100, 107, 100, 107 };

	put(s, row, RECORD_DIFF, 1, pairs, sizeof(pairs));
}

static void put_fault(const struct sink *s, uint32_t row)
{
	const struct guest_fault f = { .vector = 6, .rip = 0x1000400123, .row = row, .what = "exit reason 2, triple fault" };

	put(s, row, RECORD_FAULT, 0, &f, sizeof(f));
}

static void row_play(const struct launch *l, const struct sink *s, uint32_t i)
{
	const struct op *op = &ops[l->rows[i].op];
	enum act act = l->rows[i].op == OP_EXIT_CPUID ? mon.act : ACT_MEASURE;
	const char *name = act == ACT_WRONG_NAME ? "exit.hlt" : op->name;
	struct guest_row_end end = { .executions = 10, .ticks = 1000 };
	struct engine_counters c = { 0 };

	put(s, i, RECORD_ROW_BEGIN, 0, name, strlen(name) + 1);
	s->counters(s->ctx, i, true, &c);
	if (act == ACT_FAULT)
		put_fault(s, i);
	else if (act == ACT_PAIRS)
		put_pairs(s, i);
	else
		put_shots(s, i);
	end.flags = act == ACT_FAULT ? GUEST_END_FAULTED : act == ACT_PAIRS ? GUEST_END_PAIRS : 0;
	c.exits = (uint64_t)(10 * op->inner * fmax(op_monitor_exits(op), 0)) - (act == ACT_LOST_EXIT);
	s->counters(s->ctx, i, false, &c);
	put(s, i, RECORD_ROW_END, 0, &end, sizeof(end));
}

static int mon_launch(struct engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop, struct err *e)
{
	(void)en;
	(void)e;
	memset(stop, 0, sizeof(*stop));
	stop->row = l->row_count;
	mon.launches++;
	mon.most_rows = l->row_count > mon.most_rows ? l->row_count : mon.most_rows;
	mon.budget = l->rows[0].budget;
	mon.max_samples = l->rows[0].max_samples;
	for (uint32_t i = 0; i < l->row_count; i++)
		row_play(l, s, i);
	return 0;
}


static const struct engine_ops mon_engine = {
	.name = "mon",
	.summary = "a scripted monitor",
	.needs = engine_needs_nothing,
	.speaks = ENGINE_MONITOR | ENGINE_VMX,
	.carriers = ENGINE_VIA_IMAGE,
	.joins = mon_joins,
	.open = mon_open,
	.info = mon_info,
	.launch = mon_launch,
	.close = mon_close,
};

static const struct engine_ops *const table[] = { &fake_process_engine, &mon_engine };

static struct bench_options options(const char *const *engine, const char *const *op)
{
	return (struct bench_options){ .engines = engine, .n_engines = engine ? 1 : 0, .op_globs = op, .n_op_globs = op ? 1 : 0,
				       .cpu = -1, .seed = 7, .table = table, .n_table = 2 };
}

static int plan_of(struct plan *p, const struct bench_options *o, struct err *e)
{
	struct snapshot s;
	struct verdict v;
	int rc;

	snapshot_init(&s);
	fake_verdict(&v, NULL);
	rc = plan_make(p, o, &s, &v, FAKE_TSC_HZ, e);
	verdict_free(&v);
	snapshot_free(&s);
	return rc;
}

static size_t rows_of(const struct plan *p, const char *engine, enum plan_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += !strcmp(p->engine[p->row[i].engine].ops->name, engine) && p->row[i].state == state;
	return n;
}

static void run_ops(struct result_set *r, const char *const *op, unsigned launches)
{
	const char *const engine[] = { "mon" };
	struct bench_options o = options(engine, op);
	struct snapshot s;
	struct verdict v;
	struct plan p;
	struct err e;

	o.launches = launches;
	snapshot_init(&s);
	fake_verdict(&v, NULL);
	CU_ASSERT_FATAL(plan_make(&p, &o, &s, &v, FAKE_TSC_HZ, &e) == 0);
	CU_ASSERT_FATAL(bench_run(r, &p, &o, &s, &v, FAKE_TSC_HZ, NULL, &e) == 0);
	plan_free(&p);
	verdict_free(&v);
	snapshot_free(&s);
}

/* ---- the plan ---- */

static const char *const engine_mon[] = { "mon" }, *const op_cpuid[] = { "exit.cpuid" };

/* Rows of other tongues are not in the plan, unless the user named operations. */
static void test_tongues(void)
{
	const char *const svm[] = { "svm.*" }, *const all[] = { "*" };
	struct bench_options o = options(engine_mon, NULL);
	struct plan p;
	struct err e;
	size_t vmx_rows = 0, svm_rows = 0;

	for (size_t i = 0; i < n_ops; i++) {
		vmx_rows += !strncmp(ops[i].name, "vmx.", 4);
		svm_rows += !strncmp(ops[i].name, "svm.", 4);
	}
	mon_reset();
	CU_ASSERT_FATAL(plan_of(&p, &o, &e) == 0);
	CU_ASSERT(vmx_rows > 100 && rows_of(&p, "mon", PLAN_RUN) > vmx_rows);
	for (size_t i = 0; i < p.n; i++)
		CU_ASSERT(!(p.row[i].op->wants & ENGINE_SVM));
	plan_free(&p);
	o = options(NULL, all);
	mon.joins = true;
	CU_ASSERT_FATAL(plan_of(&p, &o, &e) == 0);
	CU_ASSERT(p.n == 2 * n_ops);
	plan_free(&p);
	o = options(engine_mon, svm);
	CU_ASSERT_FATAL(plan_of(&p, &o, &e) == 0);
	CU_ASSERT(p.n == svm_rows && rows_of(&p, "mon", PLAN_SKIP) == svm_rows);
	CU_ASSERT(strstr(p.row[0].reason, "svm") != NULL);
	plan_free(&p);
}

/* What would be emulated is in a plan only when it was asked for: by name, or by --via. */
static void test_joining(void)
{
	static const struct { const char *engine, *via; bool joins; size_t mon, process; const char *left_out; } cases[] = {
		{ NULL, NULL, false, 0, 1, "mon" }, { NULL, "auto", true, 1, 1, "" }, { "mon", NULL, false, 1, 0, "" },
		{ NULL, "bochs", false, 1, 0, "" }, { NULL, "qemu:EPYC", false, 1, 0, "" }, { NULL, "process", true, 0, 1, "" },
	};
	struct plan p;
	struct err e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const engine[] = { cases[i].engine };
		struct bench_options o = options(cases[i].engine ? engine : NULL, op_cpuid);

		mon_reset();
		mon.joins = cases[i].joins;
		o.via = cases[i].via;
		CU_ASSERT_FATAL(plan_of(&p, &o, &e) == 0);
		CU_ASSERT(rows_of(&p, "mon", PLAN_RUN) == cases[i].mon);
		CU_ASSERT(rows_of(&p, "process", PLAN_RUN) == cases[i].process);
		CU_ASSERT_STRING_EQUAL(p.left_out, cases[i].left_out);
		plan_free(&p);
	}
}

static void test_refused(void)
{
	static const struct { const char *via, *told; } cases[] = {
		{ "boks", "did you mean 'bochs'?" }, { "image", "vtscope image" }, { "module", "no kernel module" },
		{ "process:x", "takes no model" }, { "bochs:", "no name of a processor" }, { "bochs:a b", "no name of" },
		{ "bochs:a\nb", "no name of" }, { "qemu:0123456789012345678901234567890123456789012345678", "no name of" },
	};
	struct bench_options o = options(engine_mon, op_cpuid);
	struct plan p;
	struct err e;

	mon_reset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		o.via = cases[i].via;
		CU_ASSERT(plan_of(&p, &o, &e) == -EINVAL);
		CU_ASSERT(strstr(e.text, cases[i].told) != NULL);
	}
	/* A model that the carrier does not have is the user's error, too. */
	o.via = "bochs:x";
	mon.refuses = true;
	CU_ASSERT(plan_of(&p, &o, &e) == -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.text, "there is no such model");
}

/* ---- the run ---- */

static void test_numbers(void)
{
	struct result_set set;
	const struct result *r;

	mon_reset();
	run_ops(&set, op_cpuid, 0);
	CU_ASSERT(mon.launches == 2 && mon.budget == 300000 && mon.max_samples == 64);
	CU_ASSERT_FATAL(set.n_results == 1 && !set.n_failed && !set.n_skipped);
	r = &set.result[0];
	CU_ASSERT(r->median == 40 && !r->differenced && r->n == 16);
	CU_ASSERT_STRING_EQUAL(r->via, "bochs:x");
	CU_ASSERT_STRING_EQUAL(result_unit(r->clock), "instructions");
	CU_ASSERT(r->exits_expected == 1 && r->exits_observed == 1);
	CU_ASSERT(r->split.present && r->split.exit == 11 && r->split.handler == 20 && r->split.entry == 9);
	CU_ASSERT(r->split.stamp_cost == 0 && r->flags == 0);	/* two launches confirm a count */
	CU_ASSERT(set.n_self_tests == 1 && set.n_facts == 2);
	CU_ASSERT_STRING_EQUAL(set.self_test[0].engine, "mon");
	CU_ASSERT_STRING_EQUAL(set.fact[1].value, "VPID: no");
	result_set_free(&set);

	/* The parts account for the stamped round trip; of time 4 of 40 are not over 10 %. */
	mon.info.clock = "tsc";
	mon.stamps = 4;
	run_ops(&set, op_cpuid, 6);
	CU_ASSERT(set.result[0].split.stamp_cost == 4 && !(set.result[0].flags & RESULT_SPLIT_STAMPS));
	result_set_free(&set);
	mon.stamps = 5;
	run_ops(&set, op_cpuid, 6);
	CU_ASSERT(set.result[0].split.stamp_cost == 5 && set.result[0].flags & RESULT_SPLIT_STAMPS);
	result_set_free(&set);
	/* Of instructions it is known which are the stamps'. */
	mon.info.clock = "instructions";
	run_ops(&set, op_cpuid, 6);
	CU_ASSERT(set.result[0].split.stamp_cost == 5 && set.result[0].flags == 0);
	result_set_free(&set);
}

/* One exit of sixty too few: without doorbells in the count nothing is tolerated. */
static void test_exact(void)
{
	struct result_set set;

	mon_reset();
	mon.act = ACT_LOST_EXIT;
	run_ops(&set, op_cpuid, 6);
	CU_ASSERT(set.n_results == 1 && set.result[0].flags == RESULT_EXIT_MISMATCH);
	result_set_free(&set);
	/* Where doorbells are in it, one belongs to them. */
	mon.info.exact_exits = false;
	mon.act = ACT_MEASURE;
	run_ops(&set, op_cpuid, 6);
	CU_ASSERT(set.result[0].exits_observed == 0.9);
	result_set_free(&set);
}

static void test_fault(void)
{
	const char *const both[] = { "exit.cp*" };
	struct result_set set;

	mon_reset();
	mon.act = ACT_FAULT;
	run_ops(&set, both, 3);
	CU_ASSERT(mon.launches == 3);	/* it went on behind the fault, and the row did not come again */
	CU_ASSERT_FATAL(set.n_failed == 1 && set.n_results > 0);
	CU_ASSERT_STRING_EQUAL(set.failed[0].op, "exit.cpuid");
	CU_ASSERT_STRING_EQUAL(set.failed[0].stop_kind, "fault");
	CU_ASSERT_STRING_EQUAL(set.failed[0].stop_native, "exit reason 2, triple fault");
	CU_ASSERT(strstr(set.failed[0].reason, "RIP 0x1000400123") && set.failed[0].rip == 0x1000400123);
	CU_ASSERT(json_object_size(set.failed[0].registers) > 16);
	result_set_free(&set);
}

static void test_pairs(void)
{
	struct result_set set;
	struct buf doc = BUF_INIT;
	const struct result *r;

	mon_reset();
	mon.act = ACT_PAIRS;
	run_ops(&set, op_cpuid, 6);
	CU_ASSERT_FATAL(set.n_results == 1);
	r = &set.result[0];
	CU_ASSERT(r->differenced && r->median == 7 && r->batch == 1 && r->n == 18 && isnan(r->single_median));
	CU_ASSERT(isnan(r->p99) && r->n_hist == 0 && !r->split.present);
	CU_ASSERT(!(r->flags & RESULT_BRACKET_BOUND));
	CU_ASSERT(isnan(r->exits_expected) && isnan(r->exits_observed) && !(r->flags & RESULT_EXIT_MISMATCH));
	CU_ASSERT(result_set_write(&set, &doc) == 0);
	buf_free(&doc);
	result_set_free(&set);
}

/* A runner with another catalogue would put numbers under wrong names. */
static void test_names(void)
{
	struct result_set set;

	mon_reset();
	mon.act = ACT_WRONG_NAME;
	run_ops(&set, op_cpuid, 1);
	CU_ASSERT(set.n_results == 0 && set.n_failed == 1);
	result_set_free(&set);
}

/* More rows than the control page has: several carriers a launch, each row once. */
static void test_many(void)
{
	struct result_set set;

	mon_reset();
	run_ops(&set, NULL, 2);
	CU_ASSERT(set.n_results > GUEST_ROWS_MAX && !set.n_failed);
	CU_ASSERT(mon.launches == 4 && mon.most_rows == GUEST_ROWS_MAX);
	for (size_t i = 0; i < set.n_results; i++)
		CU_ASSERT(set.result[i].n_launches == 2);
	result_set_free(&set);
}

static const struct tap_test tests[] = {
	{ "rows of a tongue are planned on who speaks it", test_tongues },
	{ "an emulated processor has to be asked for", test_joining },
	{ "carriers and models that there are not", test_refused },
	{ "numbers, split, self-test and facts of a row", test_numbers },
	{ "exact counts are compared exactly", test_exact },
	{ "a fault that is told costs its row, not the launch", test_fault },
	{ "differences by nature have no single shots", test_pairs },
	{ "another operation's numbers are not taken", test_names },
	{ "more rows than one carrier takes", test_many },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("monitor", tests);
}
