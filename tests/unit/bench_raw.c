/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples that --raw keeps: an even selection, in order, bounded; of the headline's pass; in the document. */
#include <math.h>
#include <string.h>

#include "bench/raw.h"
#include "bench/run.h"
#include "tests/unit/bench_fake.h"
#include "tests/unit/tap.h"

static void test_selection(void)
{
	struct raw r;
	uint32_t i, n;

	for (n = 0; n < 100; n++) {
		CU_ASSERT_FATAL(raw_init(&r, 8) == 0);
		for (i = 0; i < n; i++)
			raw_add(&r, i);
		CU_ASSERT(r.n <= 8 && (n < 8 ? r.n == n && r.every == 1 : r.n >= 4));
		CU_ASSERT(r.n == (n + r.every - 1) / r.every && r.seen == n);
		for (i = 0; i < r.n; i++)
			CU_ASSERT(r.value[i] == (double)i * r.every);
		raw_reset(&r);
		raw_add(&r, 7);
		CU_ASSERT(r.n == 1 && r.every == 1 && r.value[0] == 7);
		raw_free(&r);
	}
	r = (struct raw){ 0 };
	raw_add(&r, 1);
	CU_ASSERT(r.n == 0 && r.seen == 0);
	raw_free(&r);
}

static void run_raw(struct result_set *set, const char *const *globs, size_t n, bool raw)
{
	static const char *const fake_only[] = { "fake" };
	struct bench_options o = { .engines = fake_only, .n_engines = 1, .op_globs = globs, .n_op_globs = n, .quick = true,
				   .launches = 6, .raw = raw, .seed = 11, .cpu = -1, .table = fake_table, .n_table = 2 };

	fake_run(set, &o, NULL);
}

static void test_headline_pass(void)
{
	const char *const globs[] = { "exit.cpuid", "nano.call-ret", "cpu.alu.k" };
	const struct result *r;
	struct result_set set, back;
	struct buf b = BUF_INIT;
	struct err e = { 0 };
	size_t i, k;

	fake_reset();
	fake.row[OP_EXIT_CPUID] = (struct fake_row){ .ticks = 1000, .samples = 10000 };
	fake.row[OP_NANO_CALL_RET] = (struct fake_row){ .ticks = 60, .diff = 5 };
	fake.row[OP_CPU_ALU_K] = (struct fake_row){ .act = FAKE_STRAY, .ticks = 1900 };
	run_raw(&set, globs, 3, true);
	CU_ASSERT_FATAL(set.n_results == 3);
	for (i = 0; i < set.n_results; i++) {
		r = &set.result[i];
		CU_ASSERT(r->n_launches == 6);
		for (k = 0; k < r->n_launches; k++)
			CU_ASSERT(r->launch[k].raw.n > 0 && r->launch[k].raw.n <= 4096);
	}
	r = fake_result(&set, "exit.cpuid");	/* 1000 1001 ... in each launch */
	CU_ASSERT(!r->differenced && r->launch[5].raw.every == 4 && r->launch[5].raw.n == 2500);
	CU_ASSERT(r->launch[5].raw.value[0] == 1000 && r->launch[5].raw.value[1] == 1004);
	r = fake_result(&set, "nano.call-ret");
	CU_ASSERT(r->differenced && r->launch[0].raw.every == 1 && r->launch[0].raw.n == r->launch[0].n);
	CU_ASSERT(fabs(r->launch[0].raw.value[0] - r->median) < 1);

	CU_ASSERT_FATAL(result_set_write(&set, &b) == 0);
	CU_ASSERT_FATAL(result_set_load(&back, b.data, b.len, "F", &e) == 0);
	r = fake_result(&back, "exit.cpuid");
	CU_ASSERT(r->launch[5].raw.n == 2500 && r->launch[5].raw.every == 4 && r->launch[5].raw.value[2499] == 1000 + 9996);
	result_set_free(&back);
	result_set_free(&set);
	buf_free(&b);
}

static void test_off(void)
{
	const char *const globs[] = { "exit.cpuid" };
	struct result_set set;
	size_t k;

	fake_reset();
	run_raw(&set, globs, 1, false);
	CU_ASSERT_FATAL(set.n_results == 1);
	for (k = 0; k < set.result[0].n_launches; k++)
		CU_ASSERT(set.result[0].launch[k].raw.n == 0 && !set.result[0].launch[k].raw.value);
	result_set_free(&set);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "an even selection in bounded memory", test_selection },
		{ "samples of the headline's pass, by launch, there and back", test_headline_pass },
		{ "none without --raw", test_off },
		{ NULL, NULL },
	};

	return tap_run("raw", tests);
}
