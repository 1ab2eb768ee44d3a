/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disturbances: thresholds, what is measured again and how often, what the result says of it. */
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core_clock.h"
#include "tests/unit/bench_fake.h"
#include "tests/unit/tap.h"

/* ---- thresholds ---- */

static struct disturb quiet(double seconds)
{
	return (struct disturb){ .seconds = seconds };
}

static bool is_over(const struct disturb *d, const char *cause)
{
	unsigned over = disturb_over(d);

	for (unsigned i = 0; i < DISTURB_CAUSES; i++)
		if (!strcmp(disturb_cause_name(i), cause))
			return over == 1u << i;
	return false;
}

static void test_thresholds(void)
{
	struct disturb d = quiet(0.15);

	CU_ASSERT(disturb_over(&d) == 0);
	d.context_switches = 15;
	CU_ASSERT(disturb_over(&d) == 0);
	d.context_switches = 16;
	CU_ASSERT(is_over(&d, "context-switches"));
	d = quiet(0.01);
	d.context_switches = 9;		/* 900 a second, but few */
	CU_ASSERT(disturb_over(&d) == 0);
	d = quiet(0.15);
	d.waited = 0.014;
	CU_ASSERT(disturb_over(&d) == 0);
	d.waited = 0.016;
	CU_ASSERT(is_over(&d, "waited"));
	d = quiet(0.15);
	d.steal = 0.01;			/* one tick: it may be none */
	CU_ASSERT(disturb_over(&d) == 0);
	d.steal = 0.02;
	CU_ASSERT(is_over(&d, "steal"));
	d.seconds = 1;
	CU_ASSERT(disturb_over(&d) == 0);
	d = quiet(0.15);
	d.migrations = 2;
	CU_ASSERT(disturb_over(&d) == 0);
	d.migrations = 3;
	CU_ASSERT(is_over(&d, "migrations"));
	d = quiet(0.15);
	d.interrupts = 1501;
	CU_ASSERT(is_over(&d, "interrupts"));
	d = quiet(0.15);
	d.throttled = 0.1;
	CU_ASSERT(is_over(&d, "throttled"));
	d = quiet(0.15);
	d.smis = 2;
	CU_ASSERT(is_over(&d, "smis"));
	CU_ASSERT(disturb_cause_name(DISTURB_CAUSES) == NULL);
}

static void test_unknown_is_never_over(void)
{
	struct disturb a, b, grew;

	for (size_t i = 0; i < sizeof(a) / sizeof(double); i++)
		((double *)&a)[i] = ((double *)&b)[i] = NAN;
	a.seconds = 1;
	b.seconds = 1.15;
	b.waited = 5;		/* known at one end only */
	disturb_between(&a, &b, &grew);
	CU_ASSERT(disturb_over(&grew) == 0 && isnan(grew.waited) && isnan(disturb_core_ratio(&grew)));
	/* A thread ended between the two. */
	a.context_switches = 10;
	b.context_switches = 4;
	disturb_between(&a, &b, &grew);
	CU_ASSERT(grew.context_switches == 0);
	a.core = 100; b.core = 400;
	a.reference = 100; b.reference = 300;
	disturb_between(&a, &b, &grew);
	CU_ASSERT(disturb_core_ratio(&grew) == 1.5);
}

/* ---- a run ---- */

/* Counters that a script makes grow with each reading; in the first launches the carrier waits most of the time. */
static struct { unsigned disturbed; double waited, seconds, core; } script;

static void script_read(void *ctx, int pid, struct disturb *now)
{
	(void)ctx;
	(void)pid;
	*now = (struct disturb){ .seconds = script.seconds, .waited = script.waited, .core = script.core,
				 .reference = 2 * script.seconds, .smis = NAN };
	script.seconds += 0.01;
	script.core += 0.03;
	if (fake.launches <= script.disturbed)
		script.waited += 0.008;
}

/* One row, (launches) times, the first (disturbed) of its measurements disturbed. */
static void run_disturbed(struct result_set *r, unsigned launches, unsigned disturbed, double seconds)
{
	static const struct disturb_reader reader = { NULL, script_read };
	static const char *const globs[] = { "exit.cpuid" }, *const only[] = { "fake" };
	const struct bench_options o = { .engines = only, .n_engines = 1, .op_globs = globs, .n_op_globs = 1, .quick = true,
					 .launches = launches, .seconds = seconds, .seed = 1, .cpu = -1, .table = fake_table,
					 .n_table = 2, .disturb = &reader };

	memset(&script, 0, sizeof(script));
	script.disturbed = disturbed;
	fake_run(r, &o, NULL);
}

static void test_repeated(void)
{
	const struct result *row;
	struct result_set r;

	fake_reset();
	run_disturbed(&r, 3, 1, 20);
	row = fake_result(&r, "exit.cpuid");
	CU_ASSERT_FATAL(row != NULL);
	CU_ASSERT(fake.launches == 4 && row->n_launches == 3);
	CU_ASSERT(row->launch[0].disturb.watched && row->launch[0].disturb.repeats == 1);
	CU_ASSERT(row->launch[0].disturb.repeated_for == 1u << 1 && row->launch[0].disturb.over == 0);
	CU_ASSERT(row->launch[1].disturb.repeats == 0 && row->launch[2].disturb.repeats == 0);
	/* What was disturbed is in no number. */
	CU_ASSERT(row->n == 300 && row->launch[0].n == 100);
	CU_ASSERT(!fake_flag(&r, "exit.cpuid", RESULT_DISTURBED));
	result_set_free(&r);
}

static void test_at_most_twice(void)
{
	const struct result *row;
	struct result_set r;

	fake_reset();
	run_disturbed(&r, 2, 100, 60);
	row = fake_result(&r, "exit.cpuid");
	CU_ASSERT_FATAL(row != NULL);
	CU_ASSERT(row->n_launches == 2 && fake.launches <= 6);
	for (size_t i = 0; i < row->n_launches; i++)
		CU_ASSERT(row->launch[i].disturb.repeats <= 2 && row->launch[i].disturb.over == 1u << 1);
	CU_ASSERT(row->launch[0].disturb.repeats == 2);
	CU_ASSERT(row->n == 200);
	CU_ASSERT(fake_flag(&r, "exit.cpuid", RESULT_DISTURBED));
	result_set_free(&r);
}

/* A repeat that gives nothing does not take away what was there. */
static void fail_second(void)
{
	fake.row[op_find("exit.cpuid") - ops].act = fake.launches == 1 ? FAKE_NO_SAMPLE : FAKE_MEASURE;
}

static void test_held_counts(void)
{
	const struct result *row;
	struct result_set r;

	fake_reset();
	fake.before = fail_second;
	run_disturbed(&r, 1, 1, 20);
	row = fake_result(&r, "exit.cpuid");
	CU_ASSERT_FATAL(row != NULL);
	CU_ASSERT(fake.launches == 2 && row->n_launches == 1 && row->n == 100);
	CU_ASSERT(row->launch[0].disturb.over == 1u << 1 && row->launch[0].disturb.repeats == 0);
	result_set_free(&r);
}

static void test_core_cycles(void)
{
	const struct result *row;
	struct result_set r;

	fake_reset();
	run_disturbed(&r, 3, 0, 20);
	row = fake_result(&r, "exit.cpuid");
	CU_ASSERT_FATAL(row != NULL);
	CU_ASSERT_DOUBLE_EQUAL(row->core_cycles, 1.5 * row->median, 1e-6);
	result_set_free(&r);
}

/* ---- this machine ---- */

/* A child that shares this CPU with us waits, and that is seen. */
static void test_live(void)
{
	struct disturb a, b, grew;
	struct disturb_reader reader;
	struct disturb_watch *w;
	struct snapshot s;
	cpu_set_t set, old;
	struct err e;
	pid_t child;
	int cpu = sched_getcpu();

	snapshot_init(&s);
	CU_ASSERT_FATAL(disturb_open(&w, cpu, &s, &e) == 0);
	reader = disturb_watch_reader(w);
	reader.read(reader.ctx, 0, &a);
	if (isnan(a.waited)) {
		tap_skip("no /proc/thread-self/schedstat here");
		disturb_close(w);
		return;
	}
	sched_getaffinity(0, sizeof(old), &old);
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	CU_ASSERT_FATAL(sched_setaffinity(0, sizeof(set), &set) == 0);
	child = fork();
	if (child == 0)
		for (;;)
			;
	reader.read(reader.ctx, child, &a);
	for (double start = a.seconds; start + 0.3 > a.seconds;)
		reader.read(reader.ctx, 0, &a);
	reader.read(reader.ctx, child, &b);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	sched_setaffinity(0, sizeof(old), &old);
	/* Both wanted the CPU for 0.3 s. */
	CU_ASSERT(b.waited > 0.05 && !isnan(b.context_switches));
	reader.read(reader.ctx, 0, &b);
	disturb_between(&a, &b, &grew);
	CU_ASSERT(grew.seconds >= 0 && !(grew.waited < 0));
	disturb_close(w);
	disturb_close(NULL);
	snapshot_free(&s);
}

static void test_no_core_clock(void)
{
	struct core_clock c;
	struct snapshot s;
	double core, reference;

	snapshot_init(&s);
	core_clock_open(&c, -1, -1, &s);
	core_clock_read(&c, &core, &reference);
	CU_ASSERT(isnan(core) && isnan(reference));
	core_clock_open(&c, 100000, -1, &s);
	core_clock_read(&c, &core, &reference);
	CU_ASSERT(isnan(core) && isnan(reference));
	core_clock_close(&c);
	core_clock_close(&c);
	snapshot_free(&s);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "each counter has its threshold", test_thresholds },
		{ "what is not known is never over one", test_unknown_is_never_over },
		{ "a disturbed launch is measured again, and only that counts", test_repeated },
		{ "at most twice, and the result says what remained", test_at_most_twice },
		{ "what is held counts where the repeat gives nothing", test_held_counts },
		{ "core cycles are ticks at the core's pace", test_core_cycles },
		{ "this machine's counters see who shares a CPU", test_live },
		{ "without a core clock there is no number", test_no_core_clock },
		{ NULL, NULL }
	};

	return tap_run("disturb", tests);
}
