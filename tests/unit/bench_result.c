/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result document: what is written is read back, everything else is refused with its line. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/result.h"
#include "tests/unit/bench_sample.h"
#include "tests/unit/tap.h"

static void sample_text(struct buf *out)
{
	struct result_set r;

	bench_sample(&r);
	CU_ASSERT_FATAL(result_set_write(&r, out) == 0);
	result_set_free(&r);
}

/* The lean loader says the same, word for word. */
static void load_lean(const char *bytes, size_t len, int rc, const struct err *e)
{
	struct result_set r;
	struct err lean = { 0 };

	CU_ASSERT(result_set_load_lean(&r, bytes, len, "F", &lean) == rc);
	CU_ASSERT_STRING_EQUAL(lean.text, e->text);
	if (rc == 0)
		result_set_free(&r);
}

static int load(const char *bytes, size_t len, struct err *e)
{
	struct result_set r;
	int rc;

	*e = (struct err){ 0 };
	rc = result_set_load(&r, bytes, len, "F", e);
	if (rc == 0) {
		result_set_free(&r);
	} else {
		CU_ASSERT(rc == -EINVAL);
		CU_ASSERT(!strncmp(e->text, "F:", 2) && strtol(e->text + 2, NULL, 10) >= 1);
		CU_ASSERT(!r.result && !r.skipped && !r.failed && !r.tool && !r.hardware);
	}
	load_lean(bytes, len, rc, e);
	return rc;
}

static void test_round_trip(void)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct result_set r;
	struct err e;

	sample_text(&once);
	CU_ASSERT_FATAL(result_set_load(&r, once.data, once.len, "F", &e) == 0);
	CU_ASSERT(r.n_results == 2 && r.n_skipped == 2 && r.n_failed == 1);
	CU_ASSERT(r.interrupted && r.seed == RESULT_SEED_MAX);
	CU_ASSERT(r.result[0].p99 == 2000.25 && r.result[0].max == 1e7);
	CU_ASSERT(r.result[0].flags == (RESULT_EXIT_MISMATCH | RESULT_TSC_TRAPPED));
	CU_ASSERT(r.result[0].has_ci && r.result[0].ci_lo == 1290 && r.result[0].ci_hi == 1310);
	CU_ASSERT(r.result[0].core_cycles == 1950.5 && !(r.result[1].core_cycles > 0) && !r.result[0].launch[0].disturb.watched);
	CU_ASSERT(r.result[0].launch[6].disturb.watched && r.result[0].launch[6].disturb.grew.waited == 0.0312);
	CU_ASSERT(isnan(r.result[0].launch[6].disturb.grew.migrations) && r.result[0].launch[6].disturb.over == 3);
	CU_ASSERT(r.result[0].launch[6].disturb.repeats == 2 && r.result[0].launch[6].disturb.repeated_for == 1);
	CU_ASSERT(json_integer_value(json_object_get(r.doctor, "score")) == 85);
	CU_ASSERT(r.result[0].n_launches == 7 && r.result[0].launch[6].median == 1301.5);
	CU_ASSERT(r.result[0].n_hist == 3 && r.result[0].hist[2].value == 1301 && r.result[0].hist[2].count == 3);
	CU_ASSERT(r.result[1].differenced && r.result[1].batch == 32 && isnan(r.result[1].p99));
	CU_ASSERT(!r.result[1].has_ci && isnan(r.result[1].exits_observed) && r.result[1].memory[0] == 0);
	CU_ASSERT(r.result[1].launch[1].raw.n == 3 && r.result[1].launch[1].raw.every == 2 && !r.result[1].launch[0].raw.n);
	CU_ASSERT(r.result[1].launch[1].raw.value[0] == -1 && r.result[1].launch[1].raw.value[2] == 4);
	CU_ASSERT(r.skipped[1].unverified && !strcmp(r.skipped[1].hint, "run as root\nor use --force"));
	CU_ASSERT(r.failed[0].rip == 0x1000400123ull && json_object_size(r.failed[0].registers) == 2);
	CU_ASSERT(r.result[0].split.present && r.result[0].split.handler == 500.5 && !r.result[1].split.present);
	CU_ASSERT(r.n_self_tests == 1 && r.self_test[0].passed && !strcmp(r.self_test[0].step, "entry with a bad host field"));
	CU_ASSERT(r.n_facts == 1 && !strcmp(r.fact[0].value, "primary control secondary_controls: yes"));
	CU_ASSERT(r.capture.present && r.capture.boots == 2 && r.capture.rows_lost == 1);
	CU_ASSERT(result_set_write(&r, &twice) == 0);
	CU_ASSERT_STRING_EQUAL(buf_str(&once), buf_str(&twice));
	result_set_free(&r);
	buf_free(&once);
	buf_free(&twice);
}

static void test_prefixes(void)
{
	struct buf b = BUF_INIT;
	struct err e;
	size_t n;
	char *copy;

	sample_text(&b);
	/* Exact allocations: a read behind the end shows under the sanitizer. All but the final newline is needed. */
	for (n = 0; n < b.len - 1; n += n < 400 || n + 400 > b.len ? 1 : 7) {
		copy = malloc(n + !n);
		CU_ASSERT_FATAL(copy != NULL);
		memcpy(copy, b.data, n);
		CU_ASSERT(load(copy, n, &e) < 0);
		free(copy);
	}
	CU_ASSERT(load(b.data, b.len - 1, &e) == 0);
	CU_ASSERT(load(b.data, b.len, &e) == 0);
	buf_free(&b);
}

/* Replaces the first (from) by (to) and loads. */
static int load_changed(const char *from, const char *to, struct err *e)
{
	struct buf b = BUF_INIT, changed = BUF_INIT;
	const char *at;
	int rc;

	sample_text(&b);
	at = strstr(b.data, from);
	if (!at)
		tap_note("not in the sample: %s", from);
	CU_ASSERT_FATAL(at != NULL);
	buf_append(&changed, b.data, (size_t)(at - b.data));
	buf_puts(&changed, to);
	buf_puts(&changed, at + strlen(from));
	rc = load(changed.data, changed.len, e);
	buf_free(&b);
	buf_free(&changed);
	return rc;
}

static void test_hostile(void)
{
	static const struct { const char *from, *to, *told; } cases[] = {
		{ "vtscope.result/1", "vtscope.result/9", "F:2: schema" },
		{ "\"results\": [", "\"results\": [7,", "results[0] is not an object" },
		{ "\"results\": [", "\"results\": {}, \"x\": [", "results is not an array" },
		{ "\"cold\":9000.5", "\"cold\":\"9000.5\"", "results[0].cold is not a number or null" },
		{ "\"cold\":9000.5", "\"cold\":1e999", "real number overflow" },
		{ "\"cold\":9000.5,", "", "results[0].cold is missing" },
		{ "\"n\":700", "\"n\":-1", "results[0].n is not a count" },
		{ "\"n\":700", "\"n\":700.5", "results[0].n is not a count" },
		{ "\"n\":700", "\"n\":99999999999999999999", "too big" },
		{ "\"batch\":1", "\"batch\":4294967296", "results[0].batch" },
		{ "\"ci95\":[1290,1310]", "\"ci95\":[1290]", "results[0].ci95 is not a pair" },
		{ "\"ci95\":[1290,1310]", "\"ci95\":[1290,{}]", "results[0].ci95[1] is not a number" },
		{ "\"single\"", "\"both\"", "results[0].estimator" },
		{ "\"software\"", "\"magic\"", "results[0].provenance" },
		{ "\"exit-mismatch\"", "\"all-fine\"", "results[0].flags[0]" },
		{ "\"exit-mismatch\"", "null", "results[0].flags[0] is not a string" },
		{ "\"count\":[1,2,3]", "\"count\":[1,2]", "results[0].histogram.count" },
		{ "\"count\":[1,2,3]", "\"count\":[1,0,3]", "results[0].histogram.count[1]" },
		{ "\"count\":[1,2,3]", "\"count\":[1,null,3]", "results[0].histogram.count[1]" },
		{ "\"value\":[1100,", "\"value\":[1300,", "results[0].histogram.value[1]" },
		{ "\"launches\":[", "\"launches\":[3,", "results[0].launches[0].n is missing" },
		{ "\"raw\":{", "\"raw\":[{}],\"x\":{", "results[1].launches[1].raw is not an object or null" },
		{ "\"every\":2", "\"every\":-2", "results[1].launches[1].raw.every is not a count" },
		{ "\"value\":[-1,", "\"value\":[null,", "results[1].launches[1].raw.value[0] is not a number" },
		{ "\"rip\":\"0x1000400123\"", "\"rip\":\"hello\"", "failed[0].stop.rip" },
		{ "\"rax\":\"0x1\"", "\"rax\":1", "failed[0].stop.registers.rax" },
		{ "\"split\":{\"exit\":400,", "\"split\":{", "results[0].split.exit is missing" },
		{ "\"split\":{\"exit\":400,", "\"split\":[400,{}],\"x\":{", "results[0].split is not an object or null" },
		{ "\"passed\":true", "\"passed\":1", "self_tests[0].passed is not true or false" },
		{ "\"value\":\"primary", "\"value\":7,\"x\":\"primary", "facts[0].value is not a string" },
		{ "\"sections_cut\":1", "\"sections_cut\":-1", "capture.sections_cut is not a count" },
		{ "\"capture\": {", "\"capture\": [],\"x\": {", "capture is not an object or null" },
		{ "\"hardware\": {", "\"hardware\": null, \"other\": {", "hardware is not an object" },
		{ "\"seed\": 9007199254740991", "\"seed\": 9007199254740992", "seed" },
		{ "\"interrupted\": true", "\"interrupted\": 1", "interrupted is not true or false" },
		{ "\"op\":\"exit.cpuid\"", "\"op\":\"exit\\u0000cpuid\"", "\\u0000" },
		{ "\"op\":\"exit.cpuid\"", "\"op\":\"a\",\"op\":\"b\"", "duplicate" },
		{ "\"op\":\"exit.cpuid\"",
		  "\"op\":\"exit.cpuidcpuidcpuidcpuidcpuidcpuidcpuidcpuidcpuidcpuidcpuidcpuid\"", "op is too long" },
		{ "01234567-89ab-4cde-8f01-23456789abcd", "../../../etc", "F:3: run_id is no UUID" },
		{ "01234567-89ab-4cde-8f01-23456789abcd", "", "run_id is no UUID" },
		{ "01234567-89ab-4cde-8f01-23456789abcd", "01234567-89ab-4cde-8f01-23456789abc", "run_id is no UUID" },
		{ "01234567-89ab-4cde-8f01-23456789abcd", "01234567-89ab-4cde-8f01-23456789abcg", "run_id is no UUID" },
		{ "01234567-89ab-4cde-8f01-23456789abcd", "01234567-89ab-4cde-8f01-23456789abcde", "run_id is too long" },
		{ "\"reason\":\"HLT", "\"reason\":\"\xff\xfeHLT", "unable to decode byte 0xff" },
	};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT(load_changed(cases[i].from, cases[i].to, &e) < 0);
		if (!strstr(e.text, cases[i].told))
			tap_note("%s, told: %s", cases[i].to, e.text);
		CU_ASSERT(strstr(e.text, cases[i].told) != NULL);
	}
	/* What a later version adds beside is no error. */
	CU_ASSERT(load_changed("\"n\":700", "\"n\":700,\"new\":[{}]", &e) == 0);
	CU_ASSERT(load_changed("01234567-89ab-4cde-8f01-23456789abcd", "01234567-89AB-4CDE-8F01-23456789ABCD", &e) == 0);
}

static void test_line_of_error(void)
{
	struct buf b = BUF_INIT;
	size_t line = 1;
	const char *p;
	struct err e;

	CU_ASSERT(load_changed("\"batch\":32", "\"batch\":\"many\"", &e) < 0);
	CU_ASSERT(strstr(e.text, "results[1].batch") != NULL);
	sample_text(&b);
	for (p = b.data; p < strstr(b.data, "\"batch\":32"); p++)
		line += *p == '\n';
	CU_ASSERT((size_t)strtol(e.text + 2, NULL, 10) == line);
	buf_free(&b);
}

static void test_foreign(void)
{
	static const char *const foreign[] = {
		"", "{", "null", "[]", "{}", "7", "\"vtscope.result/1\"", "{\"schema\":7}", "{\"schema\":\"vtscope.probe/1\"}",
		"{\"schema\":\"vtscope.result/1\"}", "\177ELF", "vtscope-snapshot 1\n", "{\"schema\":\"vtscope.result/1\",",
	};
	struct buf deep = BUF_INIT;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		CU_ASSERT(load(foreign[i], strlen(foreign[i]), &e) < 0);
	for (i = 0; i < 1000000; i++)
		buf_puts(&deep, "[");
	CU_ASSERT(load(deep.data, deep.len, &e) < 0);
	buf_free(&deep);
	CU_ASSERT(load("{\0}", 3, &e) < 0);
}

static void test_odd_bytes_are_written(void)
{
	struct skipped s = { .op = "exit.cpuid", .engine = "kvm", .reason = "bad \xff byte" };
	struct result_set r, back;
	struct buf b = BUF_INIT;
	struct err e;

	bench_sample(&r);
	result_set_add_skipped(&r, &s);
	CU_ASSERT_FATAL(result_set_write(&r, &b) == 0);
	CU_ASSERT_FATAL(result_set_load(&back, b.data, b.len, "F", &e) == 0);
	CU_ASSERT_STRING_EQUAL(back.skipped[2].reason, "bad ? byte");
	result_set_free(&r);
	result_set_free(&back);
	buf_free(&b);
}

/* Histograms that only look like good ones, and good ones in places where they are none. */
static void test_lean(void)
{
	static const struct { const char *value, *count; bool good, lean; } cases[] = {
		{ "1,2,3", "1,2,3", true, true }, { "1.25,2e0,3", "1,2,3", true, false }, { "", "", true, true },
		{ "1,2,3", "1,2,3.5", true, true }, { "1,2,3", "1,2,0.5", false, false }, { "01,2,3", "1,2,3", false, false },
		{ "1,2.,3", "1,2,3", false, false }, { "1,2,3,", "1,2,3", false, false }, { "1,,3", "1,2,3", false, false },
		{ "0.1,0.10,3", "1,2,3", false, false }, { "-1,2,3", "1,2,3", true, false }, { "1 ,2,3", "1,2,3", true, false },
		{ "1,2,12345678901234567", "1,2,3", true, false }, { "1,2,3", "1,2,null", false, false },
		{ "1,2,\"\\\"histogram\\\":{\"", "1,2,3", false, false }, { ".5,1,2", "1,2,3", false, false },
		{ "0.5,1,2", "1,2,3", true, true }, { "1,2", "1,2,3", false, false },
	};
	struct buf text = BUF_INIT;
	const char *at, *end;

	sample_text(&text);
	at = strstr(text.data, "\"histogram\":{\"value\":[");
	CU_ASSERT_FATAL(at != NULL);
	end = strstr(at, "],\"overflow\":");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = BUF_INIT;
		struct result_set r;
		struct err e = { 0 };

		buf_append(&b, text.data, (size_t)(at - text.data));
		buf_printf(&b, "\"histogram\":{\"value\":[%s],\"count\":[%s", cases[i].value, cases[i].count);
		buf_puts(&b, end);
		CU_ASSERT((load(b.data, b.len, &e) == 0) == cases[i].good);
		if (result_set_load_lean(&r, b.data, b.len, "F", &e) == 0) {
			CU_ASSERT((r.result[0].n_hist == 0) == cases[i].lean);
			result_set_free(&r);
		}
		buf_free(&b);
	}
	buf_free(&text);
}

static void test_flag_names(void)
{
	unsigned i;

	for (i = 0; i < RESULT_FLAGS; i++)
		CU_ASSERT(result_flag_name(i) != NULL);
	CU_ASSERT(result_flag_name(RESULT_FLAGS) == NULL);
	CU_ASSERT_STRING_EQUAL(result_flag_name(__builtin_ctz(RESULT_NO_RDTSCP)), "no-rdtscp");
	CU_ASSERT_STRING_EQUAL(result_flag_name(__builtin_ctz(RESULT_BRACKET_BOUND)), "bracket-bound");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a written result is read back, and written the same again", test_round_trip },
		{ "every truncation is refused", test_prefixes },
		{ "hostile values are refused by name", test_hostile },
		{ "the line of an error is the file's", test_line_of_error },
		{ "foreign documents are refused", test_foreign },
		{ "text that is no UTF-8 does not lose a result", test_odd_bytes_are_written },
		{ "without its histograms a result is as good or as bad as with them", test_lean },
		{ "every flag has its name", test_flag_names },
		{ NULL, NULL },
	};

	return tap_run("result", tests);
}
