/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two results against each other: every word, every way to be incomparable, and what none of them may depend on. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare.h"
#include "bench/random.h"
#include "bench/stats.h"
#include "report/comparison.h"
#include "tests/unit/tap.h"

#define SET(to, text) snprintf(to, sizeof(to), "%s", text)

static struct random source;

static double normal(void)
{
	double u = ((double)(random_next(&source) >> 11) + 0.5) / 9007199254740992.0;
	double v = ((double)(random_next(&source) >> 11) + 0.5) / 9007199254740992.0;

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static void set_init(struct result_set *s)
{
	result_set_init(s);
	s->hardware = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:I}", "fingerprint", "00112233445566ff", "vendor",
				"GenuineIntel", "brand", "A Processor", "signature", "0x906ea", "microcode", "0xf4", "cpus", 2,
				"virtualized_by", "KVM", "tsc_hz", (json_int_t)2600000000);
	s->subject = json_pack("{s:s,s:{s:s},s:{s:{s:s}}}", "kernel", "6.1.0", "mitigations", "meltdown", "Not affected",
			       "kvm_modules", "kvm_intel", "nested", "Y");
}

/* A row of (n) launches around (mid) with a spread of (share); the last one added. */
static struct result *row_add(struct result_set *s, const char *op, const char *engine, size_t n, double mid, double share)
{
	struct result r = { .batch = 1, .n = 64, .exits_expected = NAN, .exits_observed = NAN, .empty_bracket = 40 };

	SET(r.op, op);
	SET(r.engine, engine);
	SET(r.via, "process");
	SET(r.backend, "process");
	SET(r.provenance, "hardware");
	SET(r.clock, "tsc");
	r.n_launches = n;
	r.launch = calloc(n + 1, sizeof(*r.launch));
	for (size_t i = 0; i < n; i++)
		r.launch[i] = (struct result_launch){ .n = 64, .median = mid * exp(share * normal()), .min = mid * 0.99 };
	r.median = r.single_median = mid;
	r.range_lo = r.range_hi = mid;
	CU_ASSERT_FATAL(result_set_add(s, &r) == 0);
	return &s->result[s->n_results - 1];
}

static const struct change *only(const struct comparison *c, const char *op, enum change_measure m)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->change[i].op, op) && c->change[i].measure == m)
			return &c->change[i];
	CU_FAIL_FATAL("no such change");
	return NULL;
}

static void free_all(struct comparison *c, struct result_set *a, struct result_set *b)
{
	comparison_free(c);
	result_set_free(a);
	result_set_free(b);
}

/* The word of one row of (n) launches each, with (factor) between the two. */
static enum change_word word_of(size_t n, double share, double factor, double threshold)
{
	struct compare_options o = { .threshold = threshold };
	struct result_set a, b;
	struct comparison c;
	enum change_word w;

	set_init(&a);
	set_init(&b);
	row_add(&a, "exit.cpuid", "kvm", n, 1000, share);
	row_add(&b, "exit.cpuid", "kvm", n, 1000 * factor, share);
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	w = only(&c, "exit.cpuid", MEASURE_TIME)->word;
	free_all(&c, &a, &b);
	return w;
}

static void test_words(void)
{
	source.state = 1;
	CU_ASSERT(word_of(10, 0.004, 1.10, 0) == CHANGE_REGRESSION);
	CU_ASSERT(word_of(10, 0.004, 1 / 1.10, 0) == CHANGE_IMPROVEMENT);
	CU_ASSERT(word_of(10, 0.004, 1, 0) == CHANGE_NONE);
	CU_ASSERT(word_of(10, 0.004, 1.02, 0) == CHANGE_NONE);
	CU_ASSERT(word_of(10, 0.05, 1.06, 0) == CHANGE_INCONCLUSIVE);	/* too noisy */
	CU_ASSERT(word_of(10, 0.004, 1.10, 0.15) == CHANGE_NONE);	/* the user does not mind */
	CU_ASSERT(word_of(5, 0.0001, 3, 0) == CHANGE_INCONCLUSIVE);	/* no interval under 6 */
	CU_ASSERT(word_of(6, 0.004, 2, 0) == CHANGE_REGRESSION);
	CU_ASSERT(word_of(0, 0.004, 2, 0) == CHANGE_INCONCLUSIVE);
}

/* What is said of A and B must be the opposite of what is said of B and A. */
static void test_symmetry(void)
{
	static const enum change_word other[CHANGE_WORDS] = {
		[CHANGE_REGRESSION] = CHANGE_IMPROVEMENT, [CHANGE_IMPROVEMENT] = CHANGE_REGRESSION,
		[CHANGE_NONE] = CHANGE_NONE, [CHANGE_INCONCLUSIVE] = CHANGE_INCONCLUSIVE,
	};
	struct compare_options o = { 0 };

	source.state = 7;
	for (unsigned i = 0; i < 200; i++) {
		struct result_set a, b;
		struct comparison c, d;

		set_init(&a);
		set_init(&b);
		for (unsigned k = 0; k < 4; k++) {
			char op[24];

			snprintf(op, sizeof(op), "exit.op%u", k);
			row_add(&a, op, "kvm", 6 + i % 9, 1000, 0.01 * (1 + k));
			row_add(&b, op, "kvm", 6 + i % 7, 1000 * exp(0.1 * normal()), 0.01 * (1 + k));
		}
		CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0 && compare_sets(&d, &b, &a, &o, NULL) == 0);
		CU_ASSERT(c.n == d.n);
		for (size_t k = 0; k < c.n; k++) {
			CU_ASSERT(d.change[k].word == other[c.change[k].word]);
			CU_ASSERT(fabs(c.change[k].ratio * d.change[k].ratio - 1) < 1e-9);
			CU_ASSERT(fabs(c.change[k].lo * d.change[k].hi - 1) < 1e-9);
			CU_ASSERT(c.change[k].p_holm >= c.change[k].p);
		}
		comparison_free(&c);
		comparison_free(&d);
		result_set_free(&a);
		result_set_free(&b);
	}
}

#define RUNS_MOST	8

/* Runs of the same with a level of their own, as a machine gives them: the false words of (tries) comparisons. */
static unsigned false_words(unsigned tries, size_t runs_a, double common, double own, double within)
{
	struct compare_options o = { 0 };
	unsigned wrong = 0;

	for (unsigned i = 0; i < tries; i++) {
		struct result_set run[RUNS_MOST + 1];
		const struct result_set *at[RUNS_MOST + 1];
		struct comparison c;

		for (size_t k = 0; k <= runs_a; k++) {
			double level = common * normal();

			set_init(&run[k]);
			at[k] = &run[k];
			for (unsigned op = 0; op < 8; op++) {
				char name[24];

				snprintf(name, sizeof(name), "exit.op%u", op);
				row_add(&run[k], name, "kvm", 10, 1000 * exp(level + own * normal()), within);
			}
		}
		CU_ASSERT_FATAL(compare_runs(&c, at, runs_a, at + runs_a, 1, &o, NULL) == 0);
		wrong += comparison_count(&c, CHANGE_REGRESSION) + comparison_count(&c, CHANGE_IMPROVEMENT) > 0;
		comparison_free(&c);
		for (size_t k = 0; k <= runs_a; k++)
			result_set_free(&run[k]);
	}
	return wrong;
}

/* One comparison is a family: at most 5 % of them may say a word that is not so. */
static void test_runs_differ(void)
{
	static const struct { size_t runs; double common, own, within; } like[] = {
		{ 1, 0, 0.000, 0.03 }, { 1, 0.035, 0.01, 0.03 }, { 1, 0.08, 0.01, 0.02 }, { 5, 0.035, 0.01, 0.03 },
		{ 5, 0.06, 0.03, 0.01 }, { 2, 0.06, 0.03, 0.01 }, { 8, 0.06, 0.03, 0.01 },
	};

	source.state = 11;
	for (size_t i = 0; i < sizeof(like) / sizeof(like[0]); i++) {
		unsigned wrong = false_words(400, like[i].runs, like[i].common, like[i].own, like[i].within);

		tap_note("%zu runs, %.3f %.3f %.3f: %u of 400 say a change", like[i].runs, like[i].common, like[i].own,
			 like[i].within, wrong);
		CU_ASSERT(wrong <= 28);	/* 5 %, and two standard deviations */
	}
}

/* What stands beside a single control and changed says nothing of that control. */
static void test_lone_control(void)
{
	struct compare_options o = { .strict = true };
	struct result_set a, b;
	struct comparison c;

	source.state = 12;
	set_init(&a);
	set_init(&b);
	row_add(&a, "cpu.alu.u", "native", 10, 3, 0.001);
	row_add(&b, "cpu.alu.u", "native", 10, 3, 0.001);
	for (unsigned k = 0; k < 5; k++) {
		char op[24];

		snprintf(op, sizeof(op), "exit.op%u", k);
		row_add(&a, op, "kvm", 10, 1000, 0.004);
		row_add(&b, op, "kvm", 10, 9000, 0.004);
	}
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(only(&c, "cpu.alu.u", MEASURE_TIME)->word == CHANGE_NONE);
	CU_ASSERT(comparison_count(&c, CHANGE_REGRESSION) == 5);
	free_all(&c, &a, &b);
}

/* A second measurement of what changed: five rows that all did do not hide each other, with a control or without. */
static void test_second(void)
{
	for (unsigned control = 0; control < 2; control++) {
		struct compare_options o = { 0 };
		struct result_set a, b, again;
		struct comparison first, second;

		source.state = 14;
		set_init(&a);
		set_init(&b);
		set_init(&again);
		for (unsigned k = 0; k < 5 + 7; k++) {
			double factor = k < 5 ? 3 : 1;
			char op[24];

			snprintf(op, sizeof(op), "exit.op%u", k);
			row_add(&a, op, "kvm", 10, 1000, 0.004);
			row_add(&b, op, "kvm", 10, 1000 * factor, 0.004);
			if (k < 5)
				row_add(&again, op, "kvm", 10, 1000 * factor, 0.004);
		}
		for (unsigned k = 0; k < 3 * control; k++)
			row_add(k == 0 ? &a : k == 1 ? &b : &again, "cpu.alu.u", "native", 10, 3, 0.001);
		CU_ASSERT_FATAL(compare_sets(&first, &a, &b, &o, NULL) == 0);
		CU_ASSERT(comparison_count(&first, CHANGE_REGRESSION) == 5);
		o.first = &first;
		CU_ASSERT_FATAL(compare_sets(&second, &a, &again, &o, NULL) == 0);
		CU_ASSERT(comparison_count(&second, CHANGE_REGRESSION) == 5);
		comparison_free(&first);
		comparison_free(&second);
		result_set_free(&a);
		result_set_free(&b);
		result_set_free(&again);
	}
}

static void test_holm(void)
{
	/* Holm's own example of the order: 0.01 x 4, 0.02 x 3, then never less than the one before. */
	double p[] = { 0.02, NAN, 0.01, 0.5, 0.021 }, q[5];

	CU_ASSERT(stats_holm(p, 5, q) == 0);
	CU_ASSERT(fabs(q[2] - 0.04) < 1e-12 && fabs(q[0] - 0.06) < 1e-12 && fabs(q[4] - 0.06) < 1e-12);
	CU_ASSERT(fabs(q[3] - 0.5) < 1e-12 && isnan(q[1]));
}

static void test_rank_sum(void)
{
	double a[] = { 1, 2, 3, 4, 5, 6 }, b[] = { 7, 8, 9, 10, 11, 12 }, same[] = { 3, 3, 3, 3, 3, 3 };
	double x[40], y[40];

	/* Apart: 2 of C(12, 6) = 924 orders. */
	CU_ASSERT(fabs(stats_rank_sum_p(a, 6, b, 6) - 2.0 / 924) < 1e-12);
	CU_ASSERT(stats_rank_sum_p(same, 6, same, 6) == 1);
	CU_ASSERT(isnan(stats_rank_sum_p(a, 0, b, 6)));
	CU_ASSERT(stats_rank_sum_least(2.0 / 924 + 1e-9) == 6);
	CU_ASSERT(stats_rank_sum_least(2.0 / 925) == 7);
	/* Exact below 60 values, the normal distribution above: they must meet. */
	source.state = 5;
	for (unsigned i = 0; i < 40; i++) {
		x[i] = normal();
		y[i] = normal() + 0.6;
	}
	CU_ASSERT(fabs(log(stats_rank_sum_p(x, 30, y, 30) / stats_rank_sum_p(x, 30, y, 31))) < 0.7);
	CU_ASSERT(fabs(stats_student_95(1) - 12.7062) < 1e-3 && fabs(stats_student_95(4) - 2.77645) < 1e-4);
	CU_ASSERT(fabs(stats_student_95(5) - 2.57058) < 1e-4 && fabs(stats_student_p(3.4641, 2) - 0.0742) < 1e-4);
	CU_ASSERT(fabs(stats_student_p(1.5, 1000) - erfc(1.5 / M_SQRT2)) < 1e-3);
	CU_ASSERT(fabs(stats_normal_quantile(0.975) - STATS_Z95) < 1e-5);
	CU_ASSERT(stats_normal_quantile(0) == -INFINITY && stats_normal_quantile(1) == INFINITY);
}

/* One key after the other: named, and let through when it is allowed. */
static void test_hardware(void)
{
	static const struct { const char *key; const char *json; } differ[] = {
		{ "vendor", "\"AuthenticAMD\"" }, { "brand", "\"Another\"" }, { "signature", "\"0x906eb\"" },
		{ "microcode", "null" }, { "cpus", "4" }, { "virtualized_by", "null" }, { "tsc_hz", "2700000000" },
	};

	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++) {
		struct compare_options o = { 0 };
		struct result_set a, b;
		struct comparison c;

		set_init(&a);
		set_init(&b);
		row_add(&a, "exit.cpuid", "kvm", 10, 1000, 0.004);
		row_add(&b, "exit.cpuid", "kvm", 10, 1500, 0.004);
		json_object_set_new(b.hardware, differ[i].key, json_loads(differ[i].json, JSON_DECODE_ANY, NULL));
		CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
		CU_ASSERT(c.n_hardware == 1 && !strcmp(c.hardware[0].key, differ[i].key));
		CU_ASSERT(c.change[0].word == CHANGE_INCOMPARABLE && !strcmp(c.change[0].key, differ[i].key));
		CU_ASSERT(comparison_exit(&c, false) == 4);
		comparison_free(&c);
		o.allow = &differ[i].key;
		o.n_allow = 1;
		CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
		CU_ASSERT(c.change[0].word == CHANGE_REGRESSION && c.hardware[0].allowed && comparison_exit(&c, false) == 3);
		comparison_free(&c);
		result_set_free(&a);
		result_set_free(&b);
	}
}

/* Ticks of a clock of twice the rate: the same time, and twice the ticks is no change. */
static void test_rates(void)
{
	static const char *const allow[] = { "tsc_hz" };
	struct compare_options o = { .allow = allow, .n_allow = 1 };
	struct result_set a, b;
	struct comparison c;

	source.state = 21;
	set_init(&a);
	set_init(&b);
	json_object_set_new(b.hardware, "tsc_hz", json_integer(5200000000));
	row_add(&a, "exit.cpuid", "kvm", 10, 1000, 0.004);
	row_add(&b, "exit.cpuid", "kvm", 10, 2000, 0.004);
	row_add(&a, "exit.hlt", "kvm", 10, 1000, 0.004);
	row_add(&b, "exit.hlt", "kvm", 10, 1000, 0.004);
	row_add(&a, "mem.copy.k", "kvm", 10, 80e6, 0.01);
	row_add(&b, "mem.copy.k", "kvm", 10, 160e6, 0.01);
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(only(&c, "exit.cpuid", MEASURE_TIME)->word == CHANGE_NONE);
	CU_ASSERT(strstr(only(&c, "exit.cpuid", MEASURE_TIME)->why, "rates differ") != NULL);
	CU_ASSERT(only(&c, "exit.hlt", MEASURE_TIME)->word == CHANGE_IMPROVEMENT);
	CU_ASSERT(fabs(only(&c, "exit.hlt", MEASURE_TIME)->ratio - 0.5) < 0.02);
	CU_ASSERT(fabs(only(&c, "mem.copy.k", MEASURE_TIME)->ratio - 1) < 0.05);
	free_all(&c, &a, &b);
}

static void test_subject(void)
{
	static const char *const nonsense[] = { "kernel" };
	struct compare_options o = { 0 };
	struct result_set a, b;
	struct comparison c;
	struct err e;

	set_init(&a);
	set_init(&b);
	json_object_set_new(a.hardware, "tsc_hz", json_integer(2601000000));	/* the same clock, measured twice */
	row_add(&a, "exit.cpuid", "kvm", 10, 1000, 0.004);
	row_add(&b, "exit.cpuid", "kvm", 10, 1000, 0.004);
	json_object_set_new(b.subject, "kernel", json_string("6.2.0"));
	json_object_set_new(json_object_get(json_object_get(b.subject, "kvm_modules"), "kvm_intel"), "nested", json_string("N"));
	json_object_set_new(json_object_get(b.subject, "mitigations"), "retbleed", json_string("IBRS"));
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(c.n_hardware == 0 && c.n_subject == 3 && c.change[0].word == CHANGE_NONE);
	CU_ASSERT_STRING_EQUAL(c.subject[0].key, "kernel");
	CU_ASSERT_STRING_EQUAL(c.subject[1].key, "mitigations.retbleed");
	CU_ASSERT_STRING_EQUAL(c.subject[1].a, "unknown");
	CU_ASSERT_STRING_EQUAL(c.subject[2].key, "kvm_modules.kvm_intel.nested");
	comparison_free(&c);
	o.allow = nonsense;
	o.n_allow = 1;
	CU_ASSERT(compare_sets(&c, &a, &b, &o, &e) == -EINVAL && strstr(e.text, "'kernel'"));
	result_set_free(&a);
	result_set_free(&b);
}

/* Of emulated rows: to the last instruction, whatever the threshold for time is. */
static void test_instructions(void)
{
	static const struct op_threshold own = { "exit.*", 0.01 };
	struct compare_options o = { .threshold = 0.5 };
	struct result *r[2];
	struct result_set a, b;
	struct comparison c;

	set_init(&a);
	set_init(&b);
	for (unsigned i = 0; i < 2; i++) {
		r[i] = row_add(i ? &b : &a, "exit.cpuid", "vmx", 2, i ? 1001 : 1000, 0);
		SET(r[i]->clock, "instructions");
		SET(r[i]->provenance, "emulated");
		r[i]->exits_observed = 1;
	}
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(c.n == 2 && c.family == 0);
	CU_ASSERT(only(&c, "exit.cpuid", MEASURE_INSTRUCTIONS)->word == CHANGE_REGRESSION);
	CU_ASSERT(only(&c, "exit.cpuid", MEASURE_EXITS)->word == CHANGE_NONE);
	comparison_free(&c);
	o.op_threshold = &own;
	o.n_op_thresholds = 1;
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(only(&c, "exit.cpuid", MEASURE_INSTRUCTIONS)->word == CHANGE_NONE);
	comparison_free(&c);
	o.n_op_thresholds = 0;
	r[0]->range_hi = 1010;		/* not the same in each launch */
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(only(&c, "exit.cpuid", MEASURE_INSTRUCTIONS)->word == CHANGE_INCONCLUSIVE);
	comparison_free(&c);
	SET(r[0]->clock, "tsc");
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(c.change[0].word == CHANGE_INCOMPARABLE && !strcmp(c.change[0].key, "clock"));
	free_all(&c, &a, &b);
}

static enum change_word exits_word(const char *engine, double before, double after)
{
	struct compare_options o = { 0 };
	struct result_set a, b;
	struct comparison c;
	enum change_word w = CHANGE_WORDS;

	set_init(&a);
	set_init(&b);
	row_add(&a, "exit.cpuid", engine, 3, 1000, 0.01)->exits_observed = before;
	row_add(&b, "exit.cpuid", engine, 3, 1000, 0.01)->exits_observed = after;
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	for (size_t i = 0; i < c.n; i++)
		if (c.change[i].measure == MEASURE_EXITS)
			w = c.change[i].word;
	free_all(&c, &a, &b);
	return w;
}

static void test_exits(void)
{
	CU_ASSERT(exits_word("vmx", 1, 1) == CHANGE_NONE);
	CU_ASSERT(exits_word("vmx", 1, 1.0001) == CHANGE_REGRESSION);
	CU_ASSERT(exits_word("svm", 2, 1) == CHANGE_IMPROVEMENT);
	CU_ASSERT(exits_word("kvm", 1, 1.004) == CHANGE_NONE);		/* interrupts */
	CU_ASSERT(exits_word("kvm", 1, 2.003) == CHANGE_REGRESSION);
	CU_ASSERT(exits_word("kvm", 0, 1) == CHANGE_REGRESSION);
	CU_ASSERT(exits_word("kvm", NAN, 1) == CHANGE_WORDS);		/* not counted: nothing is said */
}

static void test_rows(void)
{
	struct failed broke = { .op = "exit.hlt", .engine = "kvm", .reason = "the guest faulted: #GP" };
	struct skipped left = { .op = "exit.cr3", .engine = "kvm", .reason = "not here" };
	struct compare_options o = { 0 };
	struct result_set a, b;
	struct comparison c;

	set_init(&a);
	set_init(&b);
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(c.n == 0 && comparison_exit(&c, false) == 4);		/* nothing in common is no success */
	comparison_free(&c);
	row_add(&a, "exit.cpuid", "kvm", 10, 1000, 0.004);
	row_add(&a, "exit.hlt", "kvm", 10, 1000, 0.004);
	row_add(&a, "exit.cr3", "kvm", 10, 1000, 0.004);
	row_add(&b, "exit.cpuid", "kvm", 10, 1000, 0.004);
	row_add(&b, "exit.in", "kvm", 10, 1000, 0.004);
	result_set_add_failed(&b, &broke);
	result_set_add_skipped(&b, &left);
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(only(&c, "exit.hlt", MEASURE_TIME)->word == CHANGE_INCOMPARABLE);
	CU_ASSERT(strstr(only(&c, "exit.hlt", MEASURE_TIME)->why, "#GP") != NULL);
	CU_ASSERT(c.n_unmatched == 2 && c.unmatched[0].in_a && !strcmp(c.unmatched[0].reason, "not here"));
	CU_ASSERT(!c.unmatched[1].in_a && comparison_exit(&c, false) == 4);
	comparison_free(&c);
	SET(b.result[0].memory, "thp");
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT_STRING_EQUAL(only(&c, "exit.cpuid", MEASURE_TIME)->key, "memory");
	free_all(&c, &a, &b);
}

static void differenced(struct result *r, double single)
{
	r->differenced = true;
	r->diff_median = r->median;
	r->single_median = single;
}

/* Short here, long there: what lies between two estimators must not make a change, nor hide one. */
static void test_estimators(void)
{
	struct compare_options o = { 0 };
	struct result_set a, b;
	struct comparison c;

	source.state = 3;
	set_init(&a);
	set_init(&b);
	differenced(row_add(&a, "exit.cpuid", "kvm", 10, 360, 0.004), 400);
	row_add(&b, "exit.cpuid", "kvm", 10, 401, 0.004)->diff_median = 361;
	/* Twice as long behind another copy. */
	differenced(row_add(&a, "nano.call-ret", "kvm", 10, 1850, 0.004), 780);
	row_add(&b, "nano.call-ret", "kvm", 10, 902, 0.004)->diff_median = 2220;
	differenced(row_add(&a, "exit.rdtsc", "kvm", 10, 30, 0.004), NAN);
	row_add(&b, "exit.rdtsc", "kvm", 10, 1500, 0.004)->diff_median = NAN;
	/* The differences have failed on one side, the single shots have not. */
	differenced(row_add(&a, "exit.hlt", "kvm", 10, 300, 0.004), 400);
	row_add(&b, "exit.hlt", "kvm", 10, 480, 0.004)->diff_median = NAN;
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(only(&c, "exit.cpuid", MEASURE_TIME)->word == CHANGE_NONE);
	CU_ASSERT(only(&c, "nano.call-ret", MEASURE_TIME)->word == CHANGE_REGRESSION);
	CU_ASSERT_DOUBLE_EQUAL(only(&c, "nano.call-ret", MEASURE_TIME)->ratio, 1.2, 0.01);
	CU_ASSERT(only(&c, "exit.rdtsc", MEASURE_TIME)->word == CHANGE_INCONCLUSIVE);
	CU_ASSERT(strstr(only(&c, "exit.rdtsc", MEASURE_TIME)->why, "never in both") != NULL);
	CU_ASSERT(only(&c, "exit.hlt", MEASURE_TIME)->word == CHANGE_REGRESSION);
	CU_ASSERT_DOUBLE_EQUAL(only(&c, "exit.hlt", MEASURE_TIME)->ratio, 1.2, 0.01);
	free_all(&c, &a, &b);
}

/* 30 ms an execution, and beside a neighbour 60: that is no change of the operation while the shortest stay. */
static void test_long(void)
{
	struct compare_options o = { 0 };
	struct result_set a, b;
	struct comparison c;
	struct result *r;

	source.state = 4;
	set_init(&a);
	set_init(&b);
	row_add(&a, "mem.copy.k", "kvm", 10, 80e6, 0.01);
	r = row_add(&b, "mem.copy.k", "kvm", 10, 160e6, 0.01);
	for (size_t i = 0; i < r->n_launches; i++)
		r->launch[i].min = 80e6;
	row_add(&a, "mem.copy.u", "kvm", 10, 80e6, 0.01);
	row_add(&b, "mem.copy.u", "kvm", 10, 160e6, 0.01);	/* the shortest, too */
	row_add(&a, "mem.chase.64m.4k.k", "kvm", 10, 80e6, 0.01);
	r = row_add(&b, "mem.chase.64m.4k.k", "kvm", 10, 160e6, 0.01);
	r->launch[3].disturb = (struct disturb_launch){ .watched = true, .grew = { .seconds = 2, .waited = 1 } };
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	CU_ASSERT(only(&c, "mem.copy.k", MEASURE_TIME)->word == CHANGE_INCONCLUSIVE);
	CU_ASSERT(only(&c, "mem.copy.u", MEASURE_TIME)->word == CHANGE_REGRESSION);
	CU_ASSERT(only(&c, "mem.chase.64m.4k.k", MEASURE_TIME)->word == CHANGE_INCONCLUSIVE);
	free_all(&c, &a, &b);
}

/* Numbers of a stranger's file, and nothing at all: every document is made. */
static void test_documents(void)
{
	static const double odd[] = { 0, -1, NAN, INFINITY, 1e300, 1e-300 };
	struct comparison_style style = { .all = true, .colour = true };
	struct compare_options o = { 0 };
	struct result_set a, b;
	struct comparison c;

	set_init(&a);
	set_init(&b);
	for (unsigned i = 0; i < 6; i++)
		for (unsigned side = 0; side < 2; side++) {
			struct result *r = row_add(side ? &b : &a, "exit.x", "<k&\"'\x1b\xff", 8, odd[(i + side) % 6], 0.1);

			r->op[5] = (char)('a' + i);
			r->exits_observed = odd[(i + 2 * side) % 6];
		}
	CU_ASSERT_FATAL(compare_sets(&c, &a, &b, &o, NULL) == 0);
	for (unsigned f = 0; f < COMPARISON_FORMATS; f++) {
		struct buf out = BUF_INIT;

		CU_ASSERT(comparison_render(&c, f, &style, &out) == 0 && out.len > 100);
		CU_ASSERT(f == COMPARISON_TEXT || strchr(buf_str(&out), 0x1b) == NULL);
		buf_free(&out);
	}
	free_all(&c, &a, &b);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "regression, improvement, no change, inconclusive", test_words },
		{ "B and A say the opposite of A and B", test_symmetry },
		{ "runs with a level of their own: a word that is not so at most once in 20 comparisons", test_runs_differ },
		{ "a lone control is not judged by the rows that it stands beside", test_lone_control },
		{ "what changed does not hide itself when it is measured once more", test_second },
		{ "Holm's correction", test_holm },
		{ "the rank test is exact, and meets the normal distribution", test_rank_sum },
		{ "each hardware key makes incomparable, and can be allowed", test_hardware },
		{ "clocks of different rates are compared as times", test_rates },
		{ "the subject may differ, and is told", test_subject },
		{ "instructions are compared to the last one", test_instructions },
		{ "exits are compared exactly where they are exact", test_exits },
		{ "rows that failed, were skipped, or have other memory", test_rows },
		{ "single shots against differences", test_estimators },
		{ "an operation longer than a time slice", test_long },
		{ "every document of any numbers", test_documents },
		{ NULL, NULL },
	};

	return tap_run("compare", tests);
}
