/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run against a scripted engine: what faults, hangs, dies or is interrupted costs what it must, and no more. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/run.h"
#include "bench/summarise.h"
#include "common/interrupt.h"
#include "tests/unit/bench_fake.h"
#include "tests/unit/tap.h"

static const char *const only_fake[] = { "fake" };

/* What it makes must be loadable, always. */
static void check_document(const struct result_set *r)
{
	struct result_set back;
	struct buf b = BUF_INIT;
	struct err e = { 0 };

	CU_ASSERT_FATAL(result_set_write(r, &b) == 0);
	if (result_set_load(&back, b.data, b.len, "F", &e) < 0)
		tap_note("%s", e.text);
	CU_ASSERT(e.code == 0);
	CU_ASSERT(back.n_results == r->n_results && back.n_failed == r->n_failed && back.n_skipped == r->n_skipped);
	result_set_free(&back);
	buf_free(&b);
}

static void test_numbers(void)
{
	const char *const globs[] = { "exit.cpuid", "nano.call-ret", "cpu.alu.k", "exit.rdtsc" };
	const struct result *r;
	struct result_set set;

	fake_reset();
	fake.row[OP_EXIT_CPUID] = (struct fake_row){ .ticks = 1000, .diff = 900, .exits = 1 };
	fake.row[OP_NANO_CALL_RET] = (struct fake_row){ .ticks = 60, .diff = 5 };
	fake.row[OP_CPU_ALU_K] = (struct fake_row){ .ticks = 1900, .diff = 1800 };
	fake.row[OP_EXIT_RDTSC] = (struct fake_row){ .ticks = 70 };
	fake_run_ops(&set, globs, 4, 6, 0);
	CU_ASSERT(set.n_results == 4 && set.n_failed == 0 && set.n_skipped == 0 && !set.interrupted);
	CU_ASSERT(set.seed == 11 && strlen(set.run_id) == 36 && strlen(set.snapshot) == 16);

	r = fake_result(&set, "exit.cpuid");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(!r->differenced && r->batch == 1 && r->n == 600 && r->n_launches == 6);
	CU_ASSERT(r->median == 1049 && r->min == 1000 && r->max == 1099 && r->p25 == 1024 && r->p99 == 1098);
	CU_ASSERT(r->cold == 90000 && r->empty_bracket == 50 && r->diff_median == 900 && r->single_median == 1049);
	CU_ASSERT(r->has_ci && r->ci_lo == 1049 && r->range_hi == 1049 && r->mad == 25);
	CU_ASSERT(r->n_hist == 100 && r->hist[0].value == 1000 && r->hist[0].count == 6 && r->hist_overflow == 0);
	CU_ASSERT(r->exits_expected == 1 && r->exits_observed == 1 && r->flags == 0);
	CU_ASSERT_STRING_EQUAL(r->backend, "fake 1.0");
	CU_ASSERT_STRING_EQUAL(r->provenance, "hardware");
	CU_ASSERT_STRING_EQUAL(r->memory, "4k");

	r = fake_result(&set, "nano.call-ret");	/* 109 ticks are under ten empty brackets */
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(r->differenced && r->batch == 8 && r->n == 30 && r->median == 5 && isnan(r->p99) && isnan(r->mad));
	CU_ASSERT(r->single_median == 109 && r->n_hist == 100 && r->launch[0].n == 5);

	r = fake_result(&set, "cpu.alu.k");	/* 200 iterations in a body */
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(!r->differenced && r->median == 1949 / 200.0 && r->diff_median == 9 && r->empty_bracket == 50);
	CU_ASSERT(r->exits_expected == 0 && r->exits_observed == 0);

	CU_ASSERT(fake_flag(&set, "exit.rdtsc", RESULT_BRACKET_BOUND));
	check_document(&set);
	result_set_free(&set);
}

static void test_flags(void)
{
	const char *const globs[] = { "exit.cpuid", "exit.hlt", "cpu.alu.k", "cpu.branchy.k", "exit.cr3", "exit.rdmsr",
				      "exit.wrmsr", "exit.mmio.user" };
	struct result_set set;

	fake_reset();
	fake.row[OP_EXIT_CPUID].exits = 0.005;			/* an instruction emulator */
	fake.row[OP_EXIT_HLT].exits = 2;			/* one too many */
	fake.row[OP_CPU_ALU_K].interrupts = 100;		/* counted as what they are */
	fake.row[OP_CPU_BRANCHY_K].stray_exits = 100;		/* in a millisecond: no timer does that */
	fake.row[OP_EXIT_CR3].exits = 1;			/* depends: no word on it */
	fake.row[OP_EXIT_RDMSR] = (struct fake_row){ .exits = 1, .stray_exits = 3, .flags = GUEST_END_UNSETTLED };
	fake.row[OP_EXIT_WRMSR] = (struct fake_row){ .exits = 1, .flags = GUEST_END_LFENCE };
	fake.row[OP_EXIT_MMIO_USER] = (struct fake_row){ .exits = 1, .flags = GUEST_END_BUDGET };
	fake_run_ops(&set, globs, 8, 3, 0);
	CU_ASSERT(fake_flag(&set, "exit.cpuid", RESULT_EXIT_MISMATCH));
	CU_ASSERT(fake_flag(&set, "exit.hlt", RESULT_EXIT_MISMATCH));
	CU_ASSERT(!fake_flag(&set, "cpu.alu.k", RESULT_EXIT_MISMATCH));
	CU_ASSERT(fake_flag(&set, "cpu.branchy.k", RESULT_EXIT_MISMATCH));
	CU_ASSERT(!fake_flag(&set, "exit.cr3", RESULT_EXIT_MISMATCH));
	CU_ASSERT(isnan(fake_result(&set, "exit.cr3")->exits_expected) && fake_result(&set, "exit.cr3")->exits_observed == 1);
	CU_ASSERT(!fake_flag(&set, "exit.rdmsr", RESULT_EXIT_MISMATCH));
	CU_ASSERT(fake_flag(&set, "exit.rdmsr", RESULT_UNSETTLED));
	CU_ASSERT(fake_flag(&set, "exit.wrmsr", RESULT_NO_RDTSCP));
	CU_ASSERT(fake_flag(&set, "exit.mmio.user", RESULT_FEW_SAMPLES));
	CU_ASSERT(fake_flag(&set, "exit.cpuid", RESULT_FEW_LAUNCHES) && !fake_result(&set, "exit.cpuid")->has_ci);
	result_set_free(&set);

	fake_reset();
	fake.info.counts_exits = false;
	fake_run_ops(&set, globs, 1, 3, 0);
	CU_ASSERT(isnan(fake_result(&set, "exit.cpuid")->exits_observed));
	CU_ASSERT(isnan(fake_result(&set, "exit.cpuid")->exits_expected));
	CU_ASSERT(!fake_flag(&set, "exit.cpuid", RESULT_EXIT_MISMATCH));
	result_set_free(&set);
}

static void test_known_samples(void)
{
	const char *const globs[] = { "exit.cpuid" };
	const struct result *r;
	struct result_set set;

	fake_reset();
	fake.row[OP_EXIT_CPUID] = (struct fake_row){ .ticks = 1000, .samples = 1000 };	/* 1000 1001 ... 1999 */
	fake_run_ops(&set, globs, 1, 1, 0);
	r = fake_result(&set, "exit.cpuid");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(r->min == 1000 && r->p1 == 1009 && r->p25 == 1249 && r->median == 1499 && r->p75 == 1749);
	CU_ASSERT(r->p90 == 1899 && r->p99 == 1989 && r->p999 == 1998 && r->max == 1999);
	CU_ASSERT(r->mean == 1499.5 && r->mad == 250);
	result_set_free(&set);
}

/* Both passes are there; ten empty brackets of 50 ticks divide them. */
static void test_estimator_and_empty_bracket(void)
{
	const char *const globs[] = { "exit.cpuid", "exit.rdmsr", "exit.wrmsr" };
	const struct result *nine, *eleven;
	struct result_set set;

	fake_reset();
	fake.row[OP_EXIT_CPUID] = (struct fake_row){ .ticks = 9 * 50 - 49, .diff = 400 };
	fake.row[OP_EXIT_RDMSR] = (struct fake_row){ .ticks = 11 * 50 - 49, .diff = 500 };
	fake.row[OP_EXIT_WRMSR] = (struct fake_row){ .empty = 201 };
	fake_run_ops(&set, globs, 3, 1, 0);
	nine = fake_result(&set, "exit.cpuid");
	eleven = fake_result(&set, "exit.rdmsr");
	CU_ASSERT_FATAL(nine && eleven);
	CU_ASSERT(nine->single_median == 450 && nine->differenced && nine->median == 400);
	CU_ASSERT(eleven->single_median == 550 && !eleven->differenced && eleven->median == 550);
	CU_ASSERT(fake_flag(&set, "exit.wrmsr", RESULT_TSC_TRAPPED));
	CU_ASSERT(!fake_flag(&set, "exit.rdmsr", RESULT_TSC_TRAPPED));
	result_set_free(&set);
}

static void only_mostly_fast(void)
{
	struct fake_row *f = &fake.row[OP_EXIT_CPUID];

	/* The fast launch has by far the most samples, as rows that are bounded by time have. */
	*f = fake.launches % 3 ? (struct fake_row){ .ticks = 30000 + 1000 * (uint64_t)fake.launches, .samples = 40 } :
				 (struct fake_row){ .ticks = 1000, .samples = 1000 };
}

static void test_unequal_launches(void)
{
	const char *const globs[] = { "exit.cpuid" };
	const struct result *r;
	struct result_set set;

	fake_reset();
	fake.before = only_mostly_fast;	/* medians 1499 31019.5 32019.5 */
	fake_run_ops(&set, globs, 1, 3, 0);
	r = fake_result(&set, "exit.cpuid");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(r->n == 1080 && r->launch[0].n == 1000 && r->launch[1].n == 40);
	CU_ASSERT(r->min == 1000 && r->max == 32039);
	CU_ASSERT(r->min <= r->p1 && r->p1 <= r->p25 && r->p25 <= r->median && r->median <= r->p75 &&
		  r->p75 <= r->p90 && r->p90 <= r->p99 && r->p99 <= r->p999 && r->p999 <= r->max);
	/* All of them the middle launch's: a bucket there is 16 ticks wide. */
	CU_ASSERT(fabs(r->p1 - 31000) <= 16 && fabs(r->p25 - 31009) <= 16 && fabs(r->median - 31019) <= 16);
	CU_ASSERT(fabs(r->p75 - 31029) <= 16 && fabs(r->p90 - 31035) <= 16 && fabs(r->p99 - 31039) <= 16);
	CU_ASSERT(fabs(r->p999 - 31039) <= 16 && r->mean == 31019.5 && fabs(r->mad - 10) <= 16);
	result_set_free(&set);
}

static void sometimes_nothing(void)
{
	static const struct fake_row turn[] = {
		{ .ticks = 1000 }, { .act = FAKE_NO_SAMPLE }, { .act = FAKE_UNSUPPORTED },
	};

	fake.row[OP_NANO_IN] = turn[fake.launches % 3];
}

static void test_empty_launches_are_told(void)
{
	const char *const globs[] = { "nano.in", "nano.divzero" };
	const struct result *r;
	struct result_set set;

	fake_reset();
	fake.before = sometimes_nothing;
	fake_run_ops(&set, globs, 2, 6, 0);
	r = fake_result(&set, "nano.in");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(set.n_skipped == 0 && r->n_launches == 6 && r->n == 200);
	CU_ASSERT(r->launch[0].n == 100 && r->launch[1].n == 0 && r->launch[2].n == 0 && r->launch[3].n == 100);
	CU_ASSERT(isnan(r->launch[1].median) && isnan(r->launch[2].min) && r->median == 1049 && r->range_lo == 1049);
	CU_ASSERT(!r->has_ci && (r->flags & RESULT_FEW_LAUNCHES) && (r->flags & RESULT_FEW_SAMPLES));
	CU_ASSERT(!fake_flag(&set, "nano.divzero", RESULT_FEW_SAMPLES));
	check_document(&set);
	result_set_free(&set);

	fake_reset();		/* a full ring is no reason as long as there are enough */
	fake.row[OP_NANO_IN] = (struct fake_row){ .samples = 31, .flags = GUEST_END_RING_FULL };
	fake.row[OP_NANO_DIVZERO] = (struct fake_row){ .samples = 32, .flags = GUEST_END_RING_FULL };
	fake_run_ops(&set, globs, 2, 2, 0);
	CU_ASSERT(fake_flag(&set, "nano.in", RESULT_FEW_SAMPLES));
	CU_ASSERT(!fake_flag(&set, "nano.divzero", RESULT_FEW_SAMPLES));
	result_set_free(&set);
}

static void test_exits_expected(void)
{
	struct engine_info info = { .provenance = PROVENANCE_HARDWARE, .offers = ENGINE_RING0, .counts_exits = true };

	CU_ASSERT(exits_expected(op_find("exit.cpuid"), &info) == 1);
	CU_ASSERT(exits_expected(op_find("nano.pgfault"), &info) == 0);
	CU_ASSERT(isnan(exits_expected(op_find("exit.cr3"), &info)));
	info.provenance = PROVENANCE_SOFTWARE;	/* the difference is what tells it */
	CU_ASSERT(exits_expected(op_find("exit.cpuid"), &info) == 1);
	info.offers = 0;			/* a process */
	CU_ASSERT(isnan(exits_expected(op_find("exit.cpuid"), &info)));
	info = (struct engine_info){ .provenance = PROVENANCE_EMULATED, .offers = ENGINE_RING0 };
	CU_ASSERT(isnan(exits_expected(op_find("exit.cpuid"), &info)));
}

/* Nothing in a guest checks that LFENCE serialises: where the machine does not say it, every result says so. */
static void test_lfence_assumed(void)
{
	static const struct { struct fake_processor cpu; bool assumed; } machines[] = {
		{ { "GenuineIntel", 0 }, false }, { { "AuthenticAMD", 0 }, true }, { { "HygonGenuine", 0 }, true },
		{ { "AuthenticAMD", 1u << 1 }, false }, { { "AuthenticAMD", 1u << 3 }, true },
	};
	const char *const globs[] = { "exit.cpuid" };
	struct bench_options o = { .engines = only_fake, .n_engines = 1, .op_globs = globs, .n_op_globs = 1,
				   .quick = true, .launches = 1, .cpu = -1 };
	struct result_set set;

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		fake_reset();
		CU_ASSERT(fake.info.offers & ENGINE_RING0);
		fake_run(&set, &o, &machines[i].cpu);
		CU_ASSERT_EQUAL(fake_flag(&set, "exit.cpuid", RESULT_LFENCE_ASSUMED), machines[i].assumed);
		result_set_free(&set);
	}
}

/* A row that takes all that a runner may take is not late yet, however long its budget. */
static void test_row_deadline(void)
{
	static const struct { bool quick; double seconds, budget; } how[] = {
		{ true, 0, 0.05 }, { false, 0, 0.1 }, { false, 600, 1.9 },
	};
	const char *const globs[] = { "exit.cpuid" };
	struct result_set set;

	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		struct bench_options o = { .engines = only_fake, .n_engines = 1, .op_globs = globs, .n_op_globs = 1,
					   .quick = how[i].quick, .launches = 1, .seconds = how[i].seconds, .cpu = -1 };

		fake_reset();
		fake_run(&set, &o, NULL);
		tap_note("budget %g s, slack %g s", fake.most_budget, fake.least_slack);
		CU_ASSERT(fake.most_budget > how[i].budget);
		CU_ASSERT(fake.least_slack > 1);
		result_set_free(&set);
	}
}

static void test_fault_costs_its_row(void)
{
	const char *const globs[] = { "nano.*" };
	struct result_set set;

	fake_reset();
	fake.row[OP_NANO_SYSCALL].act = FAKE_FAULT;
	fake_run_ops(&set, globs, 1, 3, 0);
	CU_ASSERT(set.n_results == 6 && set.n_failed == 1 && set.n_skipped == 0);
	CU_ASSERT(fake_result(&set, "nano.in")->n_launches == 3 && fake_result(&set, "nano.ptemod")->n_launches == 3);
	CU_ASSERT_STRING_EQUAL(set.failed[0].op, "nano.syscall");
	CU_ASSERT_STRING_EQUAL(set.failed[0].stop_kind, "fault");
	CU_ASSERT_STRING_EQUAL(set.failed[0].stop_native, "vector 13");
	CU_ASSERT(strstr(set.failed[0].reason, "general protection") != NULL);
	CU_ASSERT(set.failed[0].rip == 0x1000400abc);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(set.failed[0].registers, "rax")), "0xdead");
	CU_ASSERT(fake.launches <= 4);		/* failed for good: not tried again */
	check_document(&set);
	result_set_free(&set);
}

static void test_late_row(void)
{
	const char *const globs[] = { "nano.in", "nano.syscall", "nano.ptemod" };
	struct result_set set;

	fake_reset();
	fake.row[OP_NANO_SYSCALL].act = FAKE_LATE;
	fake_run_ops(&set, globs, 3, 2, 0);
	CU_ASSERT(set.n_results == 2 && set.n_failed == 1);
	CU_ASSERT_STRING_EQUAL(set.failed[0].stop_kind, "deadline");
	CU_ASSERT(set.failed[0].registers == NULL);
	CU_ASSERT(fake_result(&set, "nano.in")->n_launches == 2);
	check_document(&set);
	result_set_free(&set);
}

static void test_guest_that_just_ends(void)
{
	const char *const globs[] = { "nano.in", "nano.syscall" };
	struct result_set set;

	fake_reset();
	fake.row[OP_NANO_SYSCALL].act = FAKE_EXIT;
	fake_run_ops(&set, globs, 2, 2, 0);
	CU_ASSERT(set.n_results == 1 && set.n_failed == 1);
	CU_ASSERT_STRING_EQUAL(set.failed[0].op, "nano.syscall");
	CU_ASSERT_STRING_EQUAL(set.failed[0].stop_kind, "exit");
	CU_ASSERT(set.failed[0].reason[0] != 0);
	result_set_free(&set);
}

static void test_engine_dies(void)
{
	const char *const globs[] = { "nano.*" };
	struct result_set set;

	fake_reset();
	fake.boot_failures = 1;		/* once is bad luck */
	fake_run_ops(&set, globs, 1, 2, 0);
	CU_ASSERT(set.n_results == 7 && set.n_failed == 0 && fake.launches == 3);
	result_set_free(&set);

	fake_reset();
	fake.boot_failures = 100;
	fake_run_ops(&set, globs, 1, 5, 0);
	CU_ASSERT(set.n_results == 0 && set.n_failed == 7 && fake.launches == 2);
	CU_ASSERT_STRING_EQUAL(set.failed[0].stop_kind, "shutdown");
	check_document(&set);
	result_set_free(&set);

	fake_reset();
	fake.refusals = 100;
	fake_run_ops(&set, globs, 1, 5, 0);
	CU_ASSERT(set.n_results == 0 && set.n_failed == 7 && fake.launches == 2);
	CU_ASSERT_STRING_EQUAL(set.failed[0].stop_kind, "carrier");
	CU_ASSERT_STRING_EQUAL(set.failed[0].reason, "no carrier today");
	result_set_free(&set);
}

static void test_unsupported_and_empty(void)
{
	const char *const globs[] = { "nano.in", "nano.syscall", "nano.ptemod", "nano.divzero" };
	struct result_set set;
	size_t i;

	fake_reset();
	fake.row[OP_NANO_SYSCALL].act = FAKE_UNSUPPORTED;
	fake.row[OP_NANO_PTEMOD].act = FAKE_NO_SAMPLE;
	fake.row[OP_NANO_DIVZERO] = (struct fake_row){ .act = FAKE_STRAY, .ticks = 1000 };
	fake_run_ops(&set, globs, 4, 2, 0);
	CU_ASSERT(set.n_results == 2 && set.n_failed == 0 && set.n_skipped == 2);
	for (i = 0; i < set.n_skipped; i++)
		CU_ASSERT(strstr(set.skipped[i].reason,
				 strcmp(set.skipped[i].op, "nano.syscall") ? "one sample" : "no?such page") != NULL);
	CU_ASSERT(fake_result(&set, "nano.divzero")->median == 1049 && fake_result(&set, "nano.divzero")->n == 200);
	check_document(&set);
	result_set_free(&set);
}

static void test_irqchip_apart(void)
{
	const char *const globs[] = { "exit.*" };
	struct result_set set;

	fake_reset();
	fake_run_ops(&set, globs, 1, 2, 0);
	CU_ASSERT(fake.irqchip_mixed == 0 && fake.launches == 4);
	CU_ASSERT(fake_result(&set, "exit.pio.kernel") != NULL);
	result_set_free(&set);
}

static void test_seeded_order(void)
{
	const char *const globs[] = { "*" };
	uint32_t first[512];
	struct result_set set;
	size_t n, i, moved = 0;

	fake_reset();
	fake_run_ops(&set, globs, 1, 2, 0);
	result_set_free(&set);
	memcpy(first, fake.order, sizeof(first));
	n = fake.n_order;
	CU_ASSERT(n == 2 * fake_ops());
	fake_reset();
	fake_run_ops(&set, globs, 1, 2, 0);
	result_set_free(&set);
	CU_ASSERT(fake.n_order == n && !memcmp(first, fake.order, n * sizeof(*first)));
	for (i = 0; i < fake_ops(); i++)
		moved += first[i] != i;
	CU_ASSERT(moved > fake_ops() / 2);
}

static void run_both(char order[21], uint64_t seed)
{
	const char *const globs[] = { "cpu.alu.u" };
	struct bench_options o = { .op_globs = globs, .n_op_globs = 1, .quick = true, .launches = 10, .cpu = 3,
				   .seed = seed };
	struct result_set set;

	fake_reset();
	fake_run(&set, &o, NULL);
	result_set_free(&set);
	CU_ASSERT(fake.launches == 20 && fake.cpu == 3);
	snprintf(order, 21, "%.20s", fake.engine_order);
}

static void test_interleaved(void)
{
	char first[21], again[21], other[21];
	size_t i, fake_first = 0;

	run_both(first, 11);
	run_both(again, 11);
	run_both(other, 12);
	CU_ASSERT_STRING_EQUAL(first, again);
	CU_ASSERT(strcmp(first, other) != 0);
	for (i = 0; i < 20; i += 2) {	/* each round has both */
		CU_ASSERT(first[i] != first[i + 1]);
		fake_first += first[i] == 'f';
	}
	CU_ASSERT(fake_first > 0 && fake_first < 10);
}

/* Rows that use all they are given end well before the time does. */
static void test_time_is_shared(void)
{
	const char *const globs[] = { "nano.*" };
	double began = clock_seconds(), seconds;
	struct result_set set;
	size_t i;

	fake_reset();
	for (i = 0; i < OP_COUNT; i++)
		fake.row[i].act = FAKE_BUDGET;
	fake_run_ops(&set, globs, 1, 10, 3);
	seconds = clock_seconds() - began;
	tap_note("%.2f s of 3", seconds);
	CU_ASSERT(seconds > 2 && seconds < 2.85);
	CU_ASSERT(set.n_results == 7 && fake_result(&set, "nano.in")->n_launches == 10);
	result_set_free(&set);
}

static void cut_in_second(void)
{
	fake.row[OP_NANO_IN].act = fake.launches ? FAKE_CUT : FAKE_MEASURE;
}

/* The launch's time ends: the row that has only begun is not to blame, the one that was there all the time is. */
static void test_who_is_late(void)
{
	const char *const globs[] = { "nano.in" };
	const struct result *r;
	struct result_set set;

	fake_reset();
	fake.before = cut_in_second;
	fake_run_ops(&set, globs, 1, 3, 1);
	r = fake_result(&set, "nano.in");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(set.n_failed == 0 && r->n_launches == 2 && r->launch[0].n == 100 && r->launch[1].n == 0);
	CU_ASSERT(r->flags & RESULT_FEW_SAMPLES);
	check_document(&set);
	result_set_free(&set);

	fake_reset();
	fake.row[OP_NANO_IN].act = FAKE_HANG;
	fake_run_ops(&set, globs, 1, 3, 3);
	CU_ASSERT(set.n_results == 0 && set.n_failed == 1);
	result_set_free(&set);
}

/* Time runs out: what is late is told, and the run ends. */
static void test_time(void)
{
	const char *const globs[] = { "nano.*" };
	struct timespec a, b;
	struct result_set set;
	size_t i;

	fake_reset();
	for (i = 0; i < OP_COUNT; i++)
		fake.row[i] = (struct fake_row){ .act = FAKE_WAIT, .wait_ms = 200 };
	clock_gettime(CLOCK_MONOTONIC, &a);
	fake_run_ops(&set, globs, 1, 10, 1);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CU_ASSERT(b.tv_sec - a.tv_sec <= 4);	/* the fake has no deadline of its own: one launch overruns */
	CU_ASSERT(set.n_results == 7 && fake_result(&set, "nano.in")->n_launches == 1);
	result_set_free(&set);

	fake_reset();
	for (i = 0; i < OP_COUNT; i++)
		fake.row[i] = (struct fake_row){ .act = FAKE_LATE };
	fake_run_ops(&set, globs, 1, 3, 1);
	CU_ASSERT(set.n_results == 0 && set.n_failed + set.n_skipped == 7 && set.n_skipped >= 5);
	CU_ASSERT(strstr(set.skipped[set.n_skipped - 1].reason, "time") != NULL);
	CU_ASSERT(strstr(set.skipped[set.n_skipped - 1].hint, "--time") != NULL);
	check_document(&set);
	result_set_free(&set);
}

/* The last one: an interrupt stays pending. */
static void test_interrupt(void)
{
	const char *const globs[] = { "nano.*" };
	struct result_set set;

	fake_reset();
	fake.interrupt_at = 2;
	interrupt_install();
	fake_run_ops(&set, globs, 1, 5, 0);
	CU_ASSERT(set.interrupted && fake.launches == 2);
	CU_ASSERT(set.n_results == 7 && set.n_failed == 0);
	check_document(&set);
	result_set_free(&set);
	fake_reset();
	fake_run_ops(&set, globs, 1, 5, 0);
	CU_ASSERT(set.interrupted && fake.launches == 0 && set.n_results == 0 && set.n_skipped == 7);
	CU_ASSERT(strstr(set.skipped[0].reason, "interrupted") != NULL);
	check_document(&set);
	result_set_free(&set);
}

/* A launch of exit.hlt is half as long as the one before, or twice. */
static void swing(void)
{
	fake.row[OP_EXIT_HLT].ticks = fake.launches % 2 ? 100000 : 200000;
}

/* --precision: what is known is launched no more, what cannot be known within the cap is told. */
static void test_precision(void)
{
	static const char *const globs[] = { "exit.cpuid", "exit.hlt" };
	const struct bench_options o = { .engines = only_fake, .n_engines = 1, .op_globs = globs, .n_op_globs = 2,
					 .quick = true, .launches = 20, .precision = 0.05, .cpu = -1, .seed = 5 };
	struct result_set set;

	fake_reset();
	fake.before = swing;
	fake_run(&set, &o, NULL);
	CU_ASSERT_FATAL(set.n_results == 2);
	CU_ASSERT(fake_result(&set, "exit.cpuid")->n_launches == 12 && !fake_flag(&set, "exit.cpuid", RESULT_IMPRECISE));
	CU_ASSERT(fake_result(&set, "exit.hlt")->n_launches == 20 && fake_flag(&set, "exit.hlt", RESULT_IMPRECISE));
	check_document(&set);
	result_set_free(&set);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "samples become the numbers of a result", test_numbers },
		{ "exits are compared with what the operation causes; other flags", test_flags },
		{ "every percentile of known samples", test_known_samples },
		{ "under ten empty brackets differences are the headline; a long bracket is told",
		  test_estimator_and_empty_bracket },
		{ "percentiles and the headline tell of the same launch", test_unequal_launches },
		{ "a launch that gives nothing is told, and drops nothing", test_empty_launches_are_told },
		{ "exits are expected only where they are counted", test_exits_expected },
		{ "LFENCE taken to serialise is said, of guests too", test_lfence_assumed },
		{ "a row's deadline leaves the runner what it may take", test_row_deadline },
		{ "a fault costs its row alone, with registers", test_fault_costs_its_row },
		{ "a late row costs itself alone", test_late_row },
		{ "a guest that ends in a row is that row's failure", test_guest_that_just_ends },
		{ "an engine that dies is tried twice", test_engine_dies },
		{ "what the runner cannot do is skipped, stray records change nothing", test_unsupported_and_empty },
		{ "rows that want an irqchip launch apart", test_irqchip_apart },
		{ "the order is the seed's", test_seeded_order },
		{ "engines take turns in the seed's order, on the CPU that was asked for", test_interleaved },
		{ "time is shared so that all end in it", test_time_is_shared },
		{ "who is late when the time of a launch is over", test_who_is_late },
		{ "the run ends in its time, what was not measured is told", test_time },
		{ "--precision ends where it is reached, or says that it is not", test_precision },
		{ "an interrupt keeps what was measured", test_interrupt },
		{ NULL, NULL },
	};

	return tap_run("run", tests);
}
