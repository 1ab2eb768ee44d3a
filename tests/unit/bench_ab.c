/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions of pairs on a scripted engine: what differs between the sides is found, and nothing else is. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ab.h"
#include "bench/random.h"
#include "common/interrupt.h"
#include "report/comparison.h"
#include "tests/unit/bench_fake.h"
#include "tests/unit/tap.h"

static const char *const only_fake[] = { "fake" };
static const char *const only_process[] = { "process" };
static const char *const globs[] = { "exit.cpuid", "exit.rdmsr", "cpu.alu.k", "exit.hlt" };

/* What a session does before each launch, and what it saw. */
struct script {
	struct fake_row side[2][OP_COUNT];
	double noise;			/* of a launch, share of its ticks */
	struct random random;
	unsigned fail_at, interrupt_at;	/* pair from 1, 0: never */
	unsigned calls, first_a, pairs;
	bool other_engine;		/* of side B: "process" */
	size_t begun, order_at[200];	/* launches, and where each begins in fake.order */
	unsigned side_of[200];
};

static int setup(void *ctx, unsigned side, unsigned pair, struct err *e)
{
	struct script *s = ctx;
	double more = 1 + s->noise * ((double)(random_next(&s->random) >> 11) / 9007199254740992.0 - 0.5);

	if (s->fail_at == pair + 1)
		return err_set(e, EIO, "exit status 1");
	if (s->interrupt_at == pair + 1)
		raise(SIGINT);
	s->first_a += s->calls % 2 == 0 && side == 0;
	s->pairs = pair + 1;
	if (s->begun < 200) {
		s->order_at[s->begun] = fake.n_order;
		s->side_of[s->begun++] = side;
	}
	s->calls++;
	for (unsigned i = 0; i < OP_COUNT; i++) {
		fake.row[i] = s->side[side][i];
		if (fake.row[i].ticks)
			fake.row[i].ticks = (uint64_t)((double)fake.row[i].ticks * more);
	}
	return 0;
}

static void script_init(struct script *s)
{
	static const enum op_number used[] = { OP_EXIT_CPUID, OP_EXIT_RDMSR, OP_CPU_ALU_K, OP_EXIT_HLT };

	*s = (struct script){ .noise = 0.02, .random = { 7 } };
	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < 4; i++)
			s->side[side][used[i]] = (struct fake_row){ .ticks = 100000, .exits = 1 };
}

static int session_try(struct ab *out, struct script *s, unsigned cap, struct err *e)
{
	struct bench_options o = { .engines = only_fake, .n_engines = 1, .op_globs = globs, .n_op_globs = 4, .quick = true,
				   .cpu = -1, .seed = 11, .table = fake_table, .n_table = 2 };
	struct bench_options other = o;
	const struct compare_options compare = { 0 };
	const struct ab_options options = { .compare = &compare, .pairs = cap, .setup = setup, .setup_ctx = s };
	struct plan plan[2];
	const struct ab_side side[2] = { { &plan[0], &o }, { &plan[1], &other } };
	struct snapshot snap;
	struct verdict v;
	int rc;

	if (s->other_engine)
		other.engines = only_process;
	fake_reset();
	snapshot_init(&snap);
	fake_verdict(&v, "kvm.device", ANSWER_YES, "kvm.vm", ANSWER_YES, NULL);
	CU_ASSERT_FATAL(plan_make(&plan[0], &o, &snap, &v, FAKE_TSC_HZ, e) == 0);
	CU_ASSERT_FATAL(plan_make(&plan[1], &other, &snap, &v, FAKE_TSC_HZ, e) == 0);
	rc = ab_run(out, side, &options, &snap, &v, FAKE_TSC_HZ, NULL, e);
	plan_free(&plan[0]);
	plan_free(&plan[1]);
	verdict_free(&v);
	snapshot_free(&snap);
	return rc;
}

static void session(struct ab *out, struct script *s, unsigned cap)
{
	struct err e = { 0 };

	CU_ASSERT_FATAL(session_try(out, s, cap, &e) == 0);
}

static const struct change *change_of(const struct ab *ab, const char *op, enum change_measure m)
{
	for (size_t i = 0; i < ab->comparison.n; i++)
		if (!strcmp(ab->comparison.change[i].op, op) && ab->comparison.change[i].measure == m)
			return &ab->comparison.change[i];
	CU_FAIL_FATAL("no such change");
	return NULL;
}

static enum change_word word_of(const struct ab *ab, const char *op)
{
	return change_of(ab, op, MEASURE_TIME)->word;
}

static void test_same(void)
{
	struct script s;
	struct ab ab;

	script_init(&s);
	session(&ab, &s, 36);
	CU_ASSERT(ab.pairs == PAIRS_MIN && s.calls == 2 * PAIRS_MIN);
	CU_ASSERT(comparison_count(&ab.comparison, CHANGE_NONE) == ab.comparison.n && ab.comparison.paired);
	CU_ASSERT(change_of(&ab, "exit.hlt", MEASURE_TIME)->n_a == PAIRS_MIN);
	CU_ASSERT(comparison_exit(&ab.comparison, true) == 0);
	/* Each side is a run of its own. */
	CU_ASSERT(ab.side[0].n_results == 4 && ab.side[1].n_results == 4 && !ab.side[0].interrupted);
	CU_ASSERT(ab.side[0].result[0].n_launches == PAIRS_MIN);
	ab_free(&ab);
}

/* Both orders are drawn, and the two launches of a pair have their rows in the same one. */
static void test_order(void)
{
	struct script s;
	struct ab ab;
	size_t i;
	bool other = false;

	script_init(&s);
	session(&ab, &s, 36);
	CU_ASSERT(s.first_a > 0 && s.first_a < s.pairs);
	for (i = 0; i + 1 < s.begun && s.order_at[i + 1] + 4 <= fake.n_order; i += 2) {
		CU_ASSERT(s.side_of[i] != s.side_of[i + 1]);
		CU_ASSERT(!memcmp(&fake.order[s.order_at[i]], &fake.order[s.order_at[i + 1]], 4 * sizeof(fake.order[0])));
		other |= memcmp(&fake.order[s.order_at[0]], &fake.order[s.order_at[i]], 4 * sizeof(fake.order[0])) != 0;
	}
	CU_ASSERT(other);
	ab_free(&ab);
}

static void test_slower(void)
{
	const struct change *c;
	struct script s;
	struct ab ab;

	script_init(&s);
	s.side[1][OP_EXIT_RDMSR].ticks = 110000;
	s.side[1][OP_CPU_ALU_K].ticks = 90000;
	s.side[1][OP_EXIT_HLT].ticks = 102000;
	session(&ab, &s, 36);
	c = change_of(&ab, "exit.rdmsr", MEASURE_TIME);
	CU_ASSERT(c->word == CHANGE_REGRESSION && fabs(c->ratio - 1.1) < 0.01 && c->lo > 1.08 && c->hi < 1.12);
	CU_ASSERT(c->p_holm <= 0.05 && c->a < c->b);
	CU_ASSERT(word_of(&ab, "cpu.alu.k") == CHANGE_IMPROVEMENT);
	CU_ASSERT(word_of(&ab, "exit.cpuid") == CHANGE_NONE && word_of(&ab, "exit.hlt") == CHANGE_NONE);
	CU_ASSERT(comparison_exit(&ab.comparison, false) == 3);
	ab_free(&ab);
}

/* Exits are counted: one more is a change at any noise. */
static void test_counts(void)
{
	struct script s;
	struct ab ab;

	script_init(&s);
	s.noise = 0.6;
	for (unsigned side = 0; side < 2; side++)	/* short, so that timers are no part of the count */
		for (unsigned i = 0; i < OP_COUNT; i++)
			s.side[side][i].ticks /= 5;
	s.side[1][OP_EXIT_CPUID].exits = 2;
	session(&ab, &s, 12);
	CU_ASSERT(change_of(&ab, "exit.cpuid", MEASURE_EXITS)->word == CHANGE_REGRESSION);
	CU_ASSERT(change_of(&ab, "exit.hlt", MEASURE_EXITS)->word == CHANGE_NONE);
	ab_free(&ab);
}

/* What is not known well is not said, and how many pairs would do is. */
static void test_noise(void)
{
	const struct change *c;
	struct script s;
	struct ab ab;

	script_init(&s);
	s.noise = 0.6;
	s.side[1][OP_EXIT_RDMSR].ticks = 110000;
	session(&ab, &s, 20);
	CU_ASSERT(ab.pairs == 20);
	c = change_of(&ab, "exit.rdmsr", MEASURE_TIME);
	CU_ASSERT(c->word == CHANGE_INCONCLUSIVE && c->launches_needed > 20 && c->why[0]);
	CU_ASSERT(word_of(&ab, "exit.hlt") == CHANGE_INCONCLUSIVE);
	ab_free(&ab);
}

/* What two runs differ by is no part of pairs, and the advice is of pairs. */
static void test_advice(void)
{
	struct script s;
	struct ab ab;

	script_init(&s);
	s.noise = 0.2;
	s.side[1][OP_EXIT_RDMSR].ticks = 104000;
	session(&ab, &s, 12);
	for (size_t i = 0; i < ab.comparison.n; i++) {
		const struct change *c = &ab.comparison.change[i];
		struct buf why = BUF_INIT;

		if (c->measure != MEASURE_TIME)
			continue;
		CU_ASSERT(c->word == CHANGE_INCONCLUSIVE && c->paired);
		CU_ASSERT(c->between == 0 && isnan(c->spread) && c->runs_needed == 0 && c->launches_needed > 12);
		change_reason(c, &why);
		CU_ASSERT(strstr(buf_str(&why), c->needed_least ? "it takes at least" : "pairs would decide") != NULL);
		CU_ASSERT(!strstr(buf_str(&why), "runs") && !strstr(buf_str(&why), "vtscope ab") &&
			  !strstr(buf_str(&why), "launches"));
		buf_free(&why);
	}
	ab_free(&ab);
}

/* Known as well as was asked for, and as far from the threshold as that: what is needed follows from that distance. */
static void test_advice_near(void)
{
	const struct change *c;
	struct script s;
	struct ab ab;

	script_init(&s);
	s.side[1][OP_EXIT_RDMSR].ticks = 104600;
	session(&ab, &s, 36);
	c = change_of(&ab, "exit.rdmsr", MEASURE_TIME);
	CU_ASSERT(ab.pairs == PAIRS_MIN && c->word == CHANGE_INCONCLUSIVE);
	CU_ASSERT(c->launches_needed == 0 || c->launches_needed > 2 * PAIRS_MIN);
	CU_ASSERT(strstr(c->why, "--precision") != NULL);
	ab_free(&ab);
}

/* A difference that nobody could doubt but for the number of pairs needs as many as its p, and what is said is done. */
static void test_advice_clear(void)
{
	const struct change *c;
	struct buf why = BUF_INIT;
	unsigned needed;
	struct script s;
	struct ab ab;

	script_init(&s);
	s.side[1][OP_EXIT_RDMSR].ticks = 700000;
	session(&ab, &s, 6);
	c = change_of(&ab, "exit.rdmsr", MEASURE_TIME);
	needed = c->launches_needed;
	change_reason(c, &why);
	CU_ASSERT(c->word == CHANGE_INCONCLUSIVE && needed > 6 && needed <= PAIRS_MIN && !c->needed_least);
	CU_ASSERT(strstr(buf_str(&why), "after Holm's correction") && !strstr(buf_str(&why), "near"));
	buf_free(&why);
	ab_free(&ab);
	session(&ab, &s, needed);
	CU_ASSERT(word_of(&ab, "exit.rdmsr") == CHANGE_REGRESSION);
	ab_free(&ab);
	session(&ab, &s, 4);
	c = change_of(&ab, "exit.rdmsr", MEASURE_TIME);
	change_reason(c, &why);
	CU_ASSERT(c->launches_needed == needed && c->needed_least);
	CU_ASSERT(strstr(buf_str(&why), "too few for an interval; it takes at least") != NULL);
	buf_free(&why);
	ab_free(&ab);
}

/* What is known is launched no more; the others go on. */
static void test_drops(void)
{
	struct script s;
	struct ab ab;

	script_init(&s);
	s.noise = 0.02;
	s.side[0][OP_EXIT_HLT].act = s.side[1][OP_EXIT_HLT].act = FAKE_NO_SAMPLE;
	session(&ab, &s, 20);
	CU_ASSERT(ab.pairs == 20);
	CU_ASSERT(change_of(&ab, "exit.cpuid", MEASURE_TIME)->n_a == PAIRS_MIN);
	ab_free(&ab);
}

static void test_fails(void)
{
	struct script s;
	struct ab ab;

	script_init(&s);
	s.side[1][OP_EXIT_RDMSR].act = FAKE_FAULT;
	session(&ab, &s, 36);
	CU_ASSERT(word_of(&ab, "exit.rdmsr") == CHANGE_INCOMPARABLE && ab.side[1].n_failed == 1);
	CU_ASSERT(word_of(&ab, "exit.cpuid") == CHANGE_NONE && ab.pairs == PAIRS_MIN);
	CU_ASSERT(comparison_exit(&ab.comparison, false) == 4);
	ab_free(&ab);
}

/* Rows of two engines are the same rows, those that failed as well. */
static void test_fails_elsewhere(void)
{
	struct script s;
	struct ab ab;

	script_init(&s);
	s.other_engine = true;
	session(&ab, &s, 12);
	CU_ASSERT(word_of(&ab, "exit.cpuid") == CHANGE_NONE);
	ab_free(&ab);
	s.side[1][OP_EXIT_CPUID].act = FAKE_FAULT;
	session(&ab, &s, 12);
	CU_ASSERT(word_of(&ab, "exit.cpuid") == CHANGE_INCOMPARABLE);
	CU_ASSERT_STRING_EQUAL(change_of(&ab, "exit.cpuid", MEASURE_TIME)->key, "failed");
	CU_ASSERT(ab.side[1].n_failed == 1 && !strcmp(ab.side[1].failed[0].engine, "process"));
	CU_ASSERT(comparison_exit(&ab.comparison, false) == 4);
	ab_free(&ab);
}

static void test_setup_fails(void)
{
	struct err e = { 0 };
	struct script s;
	struct ab ab;

	script_init(&s);
	s.fail_at = 3;
	CU_ASSERT_FATAL(session_try(&ab, &s, 36, &e) == 0);
	CU_ASSERT(ab.setup.code == EIO && strstr(ab.setup.text, "exit status 1") != NULL);
	CU_ASSERT(ab.side[0].interrupted && ab.side[1].interrupted && ab.side[0].result[0].n_launches == 2);
	ab_free(&ab);
}

/* Last: the wish to stop stays. */
static void test_interrupt(void)
{
	struct script s;
	struct ab ab;

	script_init(&s);
	s.interrupt_at = 5;
	interrupt_install();
	session(&ab, &s, 36);
	CU_ASSERT(ab.side[0].interrupted && ab.side[1].interrupted && ab.pairs <= 5);
	CU_ASSERT(word_of(&ab, "exit.cpuid") == CHANGE_INCONCLUSIVE);
	CU_ASSERT(change_of(&ab, "exit.cpuid", MEASURE_TIME)->launches_needed == PAIRS_MIN);
	ab_free(&ab);
}

static const struct tap_test tests[] = {
	{ "the same on both sides is no change, after the first look", test_same },
	{ "who is first is drawn, rows are in one order", test_order },
	{ "what is slower and what is faster is found, and nothing else", test_slower },
	{ "a count that differs is told at any noise", test_counts },
	{ "what is not known well is inconclusive", test_noise },
	{ "advice is of pairs", test_advice },
	{ "advice for a ratio that is at its threshold", test_advice_near },
	{ "advice of what is clear is what p needs, and it does", test_advice_clear },
	{ "an operation that is known is launched no more", test_drops },
	{ "an operation that fails on one side costs itself alone", test_fails },
	{ "an operation that fails on another engine is the one that failed", test_fails_elsewhere },
	{ "a setup that fails ends the session, what there is stays", test_setup_fails },
	{ "an interrupt keeps what there is", test_interrupt },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("ab", tests);
}
