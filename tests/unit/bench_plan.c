/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs and what does not, on hand-made machines; what rows find in guest memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan.h"
#include "bench/prepare.h"
#include "bench/run.h"
#include "bench/topology.h"
#include "tests/unit/bench_fake.h"
#include "tests/unit/tap.h"

#define TSC_HZ 1000000000ull

static const char *const engine_fake[] = { "fake" }, *const engine_process[] = { "process" };

static struct bench_options options(const char *const *engine)
{
	return (struct bench_options){ .engines = engine, .n_engines = engine ? 1 : 0, .quick = true, .cpu = -1,
				       .seed = 7, .table = fake_table, .n_table = 2 };
}

static int plan(struct plan *p, const struct bench_options *o, const struct verdict *v, struct err *e)
{
	struct snapshot s;
	int rc;

	snapshot_init(&s);
	*e = (struct err){ 0 };
	rc = plan_make(p, o, &s, v, TSC_HZ, e);
	snapshot_free(&s);
	return rc;
}

static const struct plan_row *row_of(const struct plan *p, const char *engine, const char *op)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (!strcmp(p->row[i].op->name, op) && !strcmp(p->engine[p->row[i].engine].ops->name, engine))
			return &p->row[i];
	CU_FAIL("no such row");
	return &p->row[0];
}

static void check_needs(enum answer device, enum answer vm, bool force, enum plan_state want, const char *check)
{
	struct bench_options o = options(engine_fake);
	struct verdict v;
	struct plan p;
	struct err e;
	size_t i;

	fake_reset();
	fake_verdict(&v, "kvm.device", device, "kvm.vm", vm, NULL);
	o.force = force;
	CU_ASSERT_FATAL(plan(&p, &o, &v, &e) == 0);
	CU_ASSERT(p.n == fake_ops());
	for (i = 0; i < p.n; i++) {
		CU_ASSERT(p.row[i].state == want);
		CU_ASSERT_STRING_EQUAL(p.row[i].check, check);
		CU_ASSERT((want == PLAN_RUN) == !p.row[i].reason[0]);
		if (*check)
			CU_ASSERT(strstr(p.row[i].hint, check) != NULL);
	}
	CU_ASSERT((p.engine[0].engine != NULL) == (want == PLAN_RUN));
	CU_ASSERT(p.runnable == (want == PLAN_RUN ? fake_ops() : 0));
	plan_free(&p);
	CU_ASSERT(fake.closed == (want == PLAN_RUN));
	verdict_free(&v);
}

static void test_needs(void)
{
	check_needs(ANSWER_YES, ANSWER_YES, false, PLAN_RUN, "");
	check_needs(ANSWER_NO, ANSWER_UNKNOWN, false, PLAN_SKIP, "kvm.device");
	check_needs(ANSWER_NO, ANSWER_UNKNOWN, true, PLAN_SKIP, "kvm.device");
	check_needs(ANSWER_UNKNOWN, ANSWER_NO, false, PLAN_SKIP, "kvm.vm");
	check_needs(ANSWER_UNKNOWN, ANSWER_YES, false, PLAN_UNVERIFIED, "kvm.device");
	check_needs(ANSWER_YES, ANSWER_UNKNOWN, false, PLAN_UNVERIFIED, "kvm.vm");
	check_needs(ANSWER_UNKNOWN, ANSWER_UNKNOWN, true, PLAN_RUN, "");
	check_needs(ANSWER_NA, ANSWER_YES, true, PLAN_SKIP, "kvm.device");
}

static void test_need_never_asked(void)
{
	struct bench_options o = options(engine_fake);
	struct verdict v;
	struct plan p;
	struct err e;

	fake_reset();
	fake_verdict(&v, NULL);
	CU_ASSERT_FATAL(plan(&p, &o, &v, &e) == 0);
	CU_ASSERT(p.row[0].state == PLAN_UNVERIFIED && strstr(p.row[0].hint, "--force") != NULL);
	plan_free(&p);
	verdict_free(&v);
}

static void test_open_fails(void)
{
	struct bench_options o = options(NULL);
	struct verdict v;
	struct plan p;
	struct err e;

	fake_reset();
	fake.open_error = ENOTSUP;
	fake_verdict(&v, "kvm.device", ANSWER_YES, "kvm.vm", ANSWER_YES, NULL);
	CU_ASSERT_FATAL(plan(&p, &o, &v, &e) == 0);
	CU_ASSERT(p.n == 2 * fake_ops() && p.runnable == 0);
	CU_ASSERT(p.row[0].state == PLAN_SKIP);
	CU_ASSERT_STRING_EQUAL(p.row[0].reason, "the fake does not open");
	plan_free(&p);
	CU_ASSERT(fake.closed == 0);
	verdict_free(&v);
}

/* What was started and failed is no absence. */
static void test_open_breaks(void)
{
	static const int codes[] = { EIO, ETIMEDOUT };
	struct bench_options o = options(NULL);
	struct result_set set;
	struct snapshot s;
	struct verdict v;
	struct plan p;
	struct err e;

	snapshot_init(&s);
	fake_verdict(&v, "kvm.device", ANSWER_YES, "kvm.vm", ANSWER_YES, NULL);
	for (size_t i = 0; i < 2; i++) {
		fake_reset();
		fake.open_error = codes[i];
		CU_ASSERT_FATAL(plan_make(&p, &o, &s, &v, TSC_HZ, &e) == 0);
		CU_ASSERT(p.n == 2 * fake_ops() && p.runnable == 0);
		CU_ASSERT(p.row[0].state == PLAN_FAIL);
		CU_ASSERT_FATAL(bench_run(&set, &p, &o, &s, &v, TSC_HZ, NULL, &e) == 0);
		CU_ASSERT(set.n_failed == p.n && set.n_skipped == 0 && set.n_results == 0);
		CU_ASSERT_STRING_EQUAL(set.failed[0].reason, "the fake does not open");
		CU_ASSERT_STRING_EQUAL(set.failed[0].stop_kind, "carrier");
		result_set_free(&set);
		plan_free(&p);
	}
	verdict_free(&v);
	snapshot_free(&s);
}

static void test_wants(void)
{
	struct bench_options o = options(NULL);
	struct verdict v;
	struct plan p;
	struct err e;
	size_t i;

	fake_reset();
	fake.info.offers &= ~(unsigned)(ENGINE_HLT_RETURNS | ENGINE_KERNEL_PIO);
	fake.info.unprepared = true;
	fake_verdict(&v, "kvm.device", ANSWER_YES, "kvm.vm", ANSWER_YES, NULL);
	CU_ASSERT_FATAL(plan(&p, &o, &v, &e) == 0);
	CU_ASSERT(row_of(&p, "fake", "exit.cpuid")->state == PLAN_RUN);
	CU_ASSERT(row_of(&p, "fake", "exit.hlt")->state == PLAN_SKIP);
	CU_ASSERT_STRING_EQUAL(row_of(&p, "fake", "exit.hlt")->reason, engine_offer_reason(ENGINE_HLT_RETURNS));
	CU_ASSERT(row_of(&p, "fake", "mem.chase.32k.4k.k")->state == PLAN_SKIP);
	CU_ASSERT(row_of(&p, "fake", "mem.copy.k")->state == PLAN_RUN);
	CU_ASSERT(row_of(&p, "fake", "exit.pio.kernel")->state == PLAN_SKIP);
	CU_ASSERT(row_of(&p, "fake", "exit.pio.kernel")->check[0] == 0);
	/* A process takes what is unprivileged, and nothing else. */
	for (i = 0; i < p.n; i++)
		if (!strcmp(p.engine[p.row[i].engine].ops->name, "process")) {
			const struct op *op = p.row[i].op;
			bool can = op->level == OP_LEVEL_A || (op->level == OP_LEVEL_U && op->wants & OPF_PROCESS);

			CU_ASSERT((p.row[i].state == PLAN_RUN) == can);
			CU_ASSERT(can || p.row[i].reason[0]);
		}
	CU_ASSERT(row_of(&p, "process", "nano.syscall")->state == PLAN_SKIP);
	CU_ASSERT(row_of(&p, "process", "nano.call-ret")->state == PLAN_RUN);
	plan_free(&p);
	verdict_free(&v);
}

static void check_refused(const char *const *engine, const char *const *glob, const char *const *exclude,
			  const char *told)
{
	struct bench_options o = options(engine);
	struct verdict v;
	struct plan p;
	struct err e;

	fake_reset();
	fake_verdict(&v, NULL);
	o.op_globs = glob;
	o.n_op_globs = glob ? 1 : 0;
	o.excludes = exclude;
	o.n_excludes = exclude ? 1 : 0;
	CU_ASSERT(plan(&p, &o, &v, &e) == -EINVAL);
	if (!strstr(e.text, told))
		tap_note("told: %s", e.text);
	CU_ASSERT(strstr(e.text, told) != NULL);
	CU_ASSERT(p.row == NULL && p.engine == NULL);
	verdict_free(&v);
}

static void test_names(void)
{
	const char *const misspelt[] = { "fakee" }, *const op[] = { "exit.cpuit" }, *const group[] = { "exit" },
			  *const odd[] = { "zzzzzzzzz*" }, *const all[] = { "*" };

	check_refused(misspelt, NULL, NULL, "did you mean 'fake'?");
	check_refused(NULL, op, NULL, "did you mean 'exit.cpuid'?");
	check_refused(NULL, group, NULL, "did you mean 'exit.*'?");
	check_refused(NULL, odd, NULL, "vtscope list ops");
	check_refused(NULL, NULL, op, "did you mean 'exit.cpuid'?");
	check_refused(NULL, NULL, all, "leaves no operation");
}

static void test_choice_and_seed(void)
{
	const char *const globs[] = { "cpu.*", "exit.cpuid" }, *const excludes[] = { "*.k" };
	struct bench_options o = options(engine_process);
	struct verdict v;
	struct plan p, q;
	struct err e;

	fake_reset();
	fake_verdict(&v, NULL);
	o.op_globs = globs;
	o.n_op_globs = 2;
	o.excludes = excludes;
	o.n_excludes = 1;
	CU_ASSERT_FATAL(plan(&p, &o, &v, &e) == 0);
	CU_ASSERT(p.n == 3 && p.runnable == 3 && p.launches == 3 && p.seed == 7);
	CU_ASSERT(p.limit < 60 && p.seconds <= p.limit);
	plan_free(&p);
	o.seed = 0;
	o.quick = false;
	CU_ASSERT_FATAL(plan(&p, &o, &v, &e) == 0 && plan(&q, &o, &v, &e) == 0);
	CU_ASSERT(p.launches == 10 && p.seed && p.seed <= RESULT_SEED_MAX && p.seed != q.seed);
	plan_free(&p);
	plan_free(&q);
	verdict_free(&v);
}

/* ---- guest memory ---- */

static unsigned char *arena_make(const char *const *names, uint32_t n, uint64_t seed)
{
	unsigned char *mem = calloc(1, GUEST_MEM_BYTES);
	struct guest_row rows[8] = { 0 };
	struct arena a;
	uint32_t i;

	CU_ASSERT_FATAL(mem != NULL);
	for (i = 0; i < n; i++) {
		const struct op *op = op_find(names[i]);

		rows[i].op = (uint32_t)(op - ops);
		rows[i].arg[0] = op->offset;
		rows[i].arg[1] = op->length;
	}
	CU_ASSERT_FATAL(arena_init(&a, rows, n, seed) == 0);
	arena_prepare(&a, mem, GUEST_MEM_BYTES);
	arena_free(&a);
	return mem;
}

static uint64_t word(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Follows the chain: back at the start after every node, not before. */
static void check_chain(const unsigned char *mem, const char *name)
{
	const struct op *op = op_find(name);
	const unsigned char *piece = mem + GUEST_ARENA_PHYS + op->offset;
	uint64_t nodes = op->length / GUEST_CHAIN_STRIDE, at = 0, n = 0, near = 0, next;

	do {
		next = word(piece + at);
		CU_ASSERT_FATAL(next < op->length && next % GUEST_CHAIN_STRIDE == 0);
		near += next == at + GUEST_CHAIN_STRIDE;
		at = next;
	} while (++n < nodes && at);
	CU_ASSERT(n == nodes && at == 0);
	CU_ASSERT(near < 20);	/* in no order that a prefetcher follows */
}

static void test_chains(void)
{
	const char *const names[] = { "mem.chase.32k.4k.k", "mem.chase.4m.2m.u", "mem.chase.32k.4k.u", "mem.copy.k",
				      "mem.chase.64m.4k.u" };
	unsigned char *a = arena_make(names, 5, 1), *b = arena_make(names, 5, 1), *c = arena_make(names, 5, 2);
	const struct op *small = op_find(names[0]), *copy = op_find("mem.copy.k");

	check_chain(a, names[0]);
	check_chain(a, names[1]);
	check_chain(a, names[4]);
	CU_ASSERT(!memcmp(a, b, GUEST_MEM_BYTES));
	CU_ASSERT(memcmp(a + GUEST_ARENA_PHYS + small->offset, c + GUEST_ARENA_PHYS + small->offset, small->length));
	CU_ASSERT(a[GUEST_ARENA_PHYS + copy->offset] && a[GUEST_ARENA_PHYS + copy->offset + copy->length - 1]);
	free(a);
	free(b);
	free(c);
}

static void test_only_what_rows_need(void)
{
	const char *const names[] = { "cpu.alu.k", "mem.chase.32k.2m.k" };
	const struct op *small = op_find(names[1]);
	unsigned char *mem = arena_make(names, 2, 3);
	size_t i, touched = 0;

	check_chain(mem, names[1]);
	for (i = 0; i < GUEST_ARENA_BYTES; i++)
		if (i < small->offset || i >= small->offset + small->length)
			touched += mem[GUEST_ARENA_PHYS + i] != 0;
	CU_ASSERT(touched == 0);
	for (i = 0; i < GUEST_ARENA_BYTES / 4096; i++)
		CU_ASSERT(word(mem + GUEST_ARENA_PT_PHYS + 8 * i) == ((GUEST_ARENA_PHYS + 4096 * i) | GUEST_ARENA_PTE));
	CU_ASSERT(word(mem + GUEST_ARENA_PT_PHYS + 8 * i) == 0);
	free(mem);
}

static void test_odd_rows(void)
{
	struct guest_row rows[3] = {
		{ .op = OP_MEM_CHASE_32K_4K_K, .arg = { GUEST_ARENA_BYTES, 4096 } },
		{ .op = OP_MEM_COPY_K, .arg = { UINT64_MAX, UINT64_MAX } },
		{ .op = 9999, .arg = { 0, 64 } },
	};
	unsigned char *mem = calloc(1, GUEST_MEM_BYTES), small[4096] = { 0 };
	struct arena a;

	CU_ASSERT_FATAL(mem && arena_init(&a, rows, 3, 1) == 0);
	arena_prepare(&a, mem, GUEST_MEM_BYTES);
	CU_ASSERT(mem[GUEST_ARENA_PHYS + 64] == 0 && mem[GUEST_MEM_BYTES - 1] == 0);
	arena_prepare(&a, small, sizeof(small));
	CU_ASSERT(small[0] == 0);
	arena_free(&a);
	free(mem);
}

/* ---- the CPU ---- */

static void test_cpu(void)
{
	static const char *const wrong[] = { "", "x", "core", "core:", "core:x", "core:0..pu:0", "pu:-1", "-", "0xzz",
					     "core:0.nothing:1", "pu:99999", "65000" };
	struct err e;
	size_t i;
	int cpu = -7, chosen = topology_choose();

	CU_ASSERT(chosen >= -1);
	CU_ASSERT(topology_cpu("all", &cpu, &e) == 0 && cpu >= 0);
	CU_ASSERT(topology_cpu("pu:0", &cpu, &e) == 0 && cpu >= 0);
	CU_ASSERT(topology_cpu("core:0.pu:0", &cpu, &e) == 0 && cpu >= 0);
	CU_ASSERT(topology_cpu("0-65000", &cpu, &e) == 0 && cpu >= 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int rc = topology_cpu(wrong[i], &cpu, &e);

		if (rc != -EINVAL)
			tap_note("'%s' was taken", wrong[i]);
		CU_ASSERT(rc == -EINVAL);
	}
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "an engine runs when all its needs are YES; NO beats UNKNOWN; --force tries UNKNOWN", test_needs },
		{ "a need that was never asked is unknown", test_need_never_asked },
		{ "an engine that does not open is a reason", test_open_fails },
		{ "an engine that breaks as it opens fails its rows", test_open_breaks },
		{ "operations run where what they want is offered", test_wants },
		{ "unknown names are refused with the nearest", test_names },
		{ "globs, excludes, launches and seeds", test_choice_and_seed },
		{ "a chain is one cycle in seeded order", test_chains },
		{ "only what rows need is prepared", test_only_what_rows_need },
		{ "rows outside the arena write nothing", test_odd_rows },
		{ "CPUs in hwloc's syntax", test_cpu },
		{ NULL, NULL },
	};

	return tap_run("plan", tests);
}
