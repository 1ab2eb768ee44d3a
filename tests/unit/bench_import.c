/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures as results: whole, cut, damaged, mixed, repeated, of several boots and of several machines. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/op.h"
#include "tests/unit/import_helper.h"
#include "tests/unit/tap.h"

static void test_whole(void)
{
	struct capture c = capture_usual(BOOT);
	struct outcome o = import_one(&c.text);
	const struct result *r;

	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 2);
	CU_ASSERT_EQUAL(o.r.n_failed + o.r.n_skipped, 0);
	CU_ASSERT_EQUAL(o.notes.len, 0);
	r = result_of(&o, "exit.cpuid");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT_EQUAL(r->n, 100);
	CU_ASSERT_EQUAL(r->median, 1001);
	CU_ASSERT_EQUAL(r->max, 1003);
	CU_ASSERT_EQUAL(r->cold, 1800);
	CU_ASSERT_EQUAL(r->exits_observed, 1);
	CU_ASSERT_STRING_EQUAL(r->engine, "vmx");
	CU_ASSERT_STRING_EQUAL(r->via, "image");
	CU_ASSERT_STRING_EQUAL(r->provenance, "hardware");
	CU_ASSERT_STRING_EQUAL(r->backend, "bare machine");
	CU_ASSERT_STRING_EQUAL(r->clock, "tsc");
	CU_ASSERT(r->split.present && r->split.exit == 500 && r->split.handler == 40 && r->split.entry == 520);
	CU_ASSERT_STRING_EQUAL(text_of(o.r.hardware, "brand"), BRAND);
	CU_ASSERT_STRING_EQUAL(text_of(o.r.hardware, "signature"), "0x506e3");
	CU_ASSERT_STRING_EQUAL(text_of(o.r.verdict, "status"), "usable");
	CU_ASSERT(json_is_null(json_object_get(o.r.hardware, "cpus")));
	CU_ASSERT(json_is_null(json_object_get(o.r.subject, "kernel")));
	CU_ASSERT_EQUAL(o.r.seed, 77);
	CU_ASSERT_EQUAL(o.r.n_self_tests, 1);
	CU_ASSERT_EQUAL(o.r.n_facts, 1);
	CU_ASSERT(o.r.capture.present && o.r.capture.boots == 1 && !o.r.capture.lost);
	check_round_trip(&o);
	outcome_free(&o);
	buf_free(&c.text);
}

/* Two boots are two launches; the same boot twice is one. */
static void test_boots(void)
{
	struct capture a = capture_usual(BOOT), b = capture_usual(BOOT + 1);
	const struct buf *texts[] = { &a.text, &b.text, &a.text };
	struct outcome o = import_texts(texts, 3);
	const struct result *r;

	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	r = result_of(&o, "nano.in");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT_EQUAL(r->n_launches, 2);
	CU_ASSERT_EQUAL(r->n, 200);
	CU_ASSERT_EQUAL(o.r.capture.boots, 2);
	CU_ASSERT_EQUAL(o.r.n_self_tests, 1);
	outcome_free(&o);
	buf_free(&a.text);
	buf_free(&b.text);
}

/* A capture may end anywhere. What is in the result is what the whole one gives. */
static void test_cut_anywhere(void)
{
	struct capture c = capture_usual(BOOT);
	struct outcome whole = import_one(&c.text);

	for (size_t n = 0; n < c.text.len; n++) {
		struct buf part = BUF_INIT;
		struct outcome o;

		buf_append(&part, c.text.data, n);
		o = import_one(&part);
		CU_ASSERT(o.rc == 0 || (o.rc == -ENOMSG && !o.r.n_results));
		for (size_t i = 0; i < o.r.n_results; i++) {
			const struct result *full = result_of(&whole, o.r.result[i].op);

			CU_ASSERT_FATAL(full != NULL);
			CU_ASSERT(full->median == o.r.result[i].median && full->n == o.r.result[i].n);
		}
		if (o.rc == 0 && n < c.text.len - 12)
			CU_ASSERT(strstr(buf_str(&o.notes), "cut off") != NULL);
		if (o.rc == 0)
			check_round_trip(&o);
		outcome_free(&o);
		buf_free(&part);
	}
	outcome_free(&whole);
	buf_free(&c.text);
}

/* One byte that is not what was sent: its row is lost, or the boot is not placed; no number is new. */
static void test_damaged_anywhere(void)
{
	struct capture c = capture_usual(BOOT);
	struct outcome whole = import_one(&c.text);

	for (size_t at = 0; at < c.text.len; at++) {
		char was = c.text.data[at];
		struct outcome o;

		c.text.data[at] = was == '5' ? '6' : '5';
		o = import_one(&c.text);
		CU_ASSERT_EQUAL(o.rc, 0);
		for (size_t i = 0; i < o.r.n_results; i++) {
			const struct result *full = result_of(&whole, o.r.result[i].op);

			CU_ASSERT_FATAL(full != NULL);
			CU_ASSERT(full->median == o.r.result[i].median && full->n == o.r.result[i].n &&
				  !strcmp(full->provenance, o.r.result[i].provenance));
		}
		outcome_free(&o);
		c.text.data[at] = was;
	}
	outcome_free(&whole);
	buf_free(&c.text);
}

static void test_row_lost(void)
{
	struct capture c = capture_usual(BOOT), more = capture_usual(BOOT + 1);
	const struct buf *texts[] = { &c.text, &more.text };
	char *samples = strstr(c.text.data, " 900*100");
	struct outcome o;

	samples[1] = '8';
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT(result_of(&o, "exit.cpuid") && !result_of(&o, "nano.in"));
	CU_ASSERT_EQUAL_FATAL(o.r.n_failed, 1);
	CU_ASSERT_STRING_EQUAL(o.r.failed[0].op, "nano.in");
	CU_ASSERT_STRING_EQUAL(o.r.failed[0].stop_kind, "capture");
	CU_ASSERT(strstr(buf_str(&o.notes), "1 rows incomplete") != NULL);
	CU_ASSERT_EQUAL(o.r.capture.rows_lost, 1);
	outcome_free(&o);
	/* Another boot has it whole: a result of one launch of two, which says so. */
	o = import_texts(texts, 2);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_failed, 0);
	CU_ASSERT_FATAL(result_of(&o, "nano.in") != NULL);
	CU_ASSERT_EQUAL(result_of(&o, "nano.in")->n, 100);
	CU_ASSERT_EQUAL(result_of(&o, "nano.in")->n_launches, 2);
	CU_ASSERT(result_of(&o, "nano.in")->flags & RESULT_FEW_SAMPLES);
	outcome_free(&o);
	buf_free(&c.text);
	buf_free(&more.text);
}

/* Pairs came, the end did not: the launch has no number, and the other's stands. */
static void test_pairs_lost(void)
{
	struct capture c = capture_begin(BOOT), more = capture_begin(BOOT + 1);
	struct capture *both[] = { &c, &more };
	const struct buf *texts[] = { &c.text, &more.text };
	struct outcome o;

	for (size_t i = 0; i < 2; i++) {
		capture_put_hello(both[i], "vmx");
		capture_put(both[i], 'B', "0 nano.in");
		capture_put(both[i], 'M', "0 30*64");
		capture_put(both[i], 'S', "0 33*100");
		capture_put(both[i], 'D', "0 64 300/600*64");
		capture_put(both[i], 'E', "0 9000 900000 48 0x0 100 64 0 4");
	}
	*strstr(strstr(c.text.data, "300/600*64"), " E ") = 'x';
	o = import_texts(texts, 2);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL_FATAL(o.r.n_results, 1);
	CU_ASSERT_EQUAL(o.r.result[0].n_launches, 2);
	CU_ASSERT(!isnan(o.r.result[0].median));
	check_round_trip(&o);
	outcome_free(&o);
	buf_free(&c.text);
	buf_free(&more.text);
}

/* What a screen showed: a median, the least, 99 %, and nothing that it did not show. */
static void test_short(void)
{
	struct capture c = capture_begin(BOOT), full = capture_usual(BOOT + 1);
	const struct buf *texts[] = { &full.text, &c.text };
	const struct result *r;
	struct outcome o;

	capture_put_hello(&c, "vmx");
	capture_put(&c, 'H', "empty 30");
	capture_put_short(&c, "exit.cpuid", "0 100 1000 1001 1003 990.5 1 exit.cpuid");
	capture_put_short(&c, "nano.in", "0 100 25 26 30 12.5 - nano.in");
	capture_put_short(&c, "nano.cr8wr", "0 100 25 26 30 12.5 nano.cr8wr");	/* no EXITS: makes no sense */
	capture_put(&c, 'Z', "3 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 2);
	r = result_of(&o, "exit.cpuid");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(r->min == 1000 && r->median == 1001 && r->p99 == 1003 && isnan(r->p25) && isnan(r->max) &&
		  isnan(r->cold));
	CU_ASSERT(!r->differenced && r->n == 100 && !r->n_hist && r->exits_observed == 1);
	r = result_of(&o, "nano.in");
	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(r->differenced && r->median == 12.5 && isnan(r->exits_observed));
	CU_ASSERT(strstr(buf_str(&o.notes), "1 lines damaged") != NULL);
	check_round_trip(&o);
	outcome_free(&o);
	/* Beside the full lines it is the same once more. */
	o = import_texts(texts, 2);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(result_of(&o, "exit.cpuid")->n_launches, 1);
	CU_ASSERT(strstr(buf_str(&o.notes), "2 rows of a screen left out") != NULL);
	outcome_free(&o);
	buf_free(&c.text);
	buf_free(&full.text);
}

/* A name that was cut is known by its number, if the image had this catalogue. */
static void test_short_cut(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	capture_put_hello(&c, "vmx");
	capture_put_short(&c, "exit.cpuid", "0 100 1000 1001 1003 - 1/1 ~cpuid");
	capture_put_short(&c, "nano.in", "0 100 1000 1001 1003 - 1/1 ~hlt");
	capture_put(&c, 'Z', "2 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 1);
	CU_ASSERT(result_of(&o, "exit.cpuid") != NULL);
	CU_ASSERT(strstr(buf_str(&o.notes), "does not know: hlt") != NULL);
	outcome_free(&o);
	buf_free(&c.text);
}

static void test_foreign(void)
{
	struct buf noise = BUF_INIT;
	struct outcome o;

	buf_puts(&noise, "[    0.000000] Linux version 6.1\nVT1 is not it\n\n\x01\xff\x00zz\n");
	o = import_one(&noise);
	CU_ASSERT_EQUAL(o.rc, -ENOMSG);
	CU_ASSERT(strstr(o.e.text, "VT1") != NULL);
	outcome_free(&o);
	buf_clear(&noise);
	o = import_one(&noise);
	CU_ASSERT_EQUAL(o.rc, -ENOMSG);
	outcome_free(&o);
	buf_free(&noise);
}

static void test_machines(void)
{
	struct capture a = capture_usual(BOOT), b = capture_begin(BOOT + 1);
	const struct buf *texts[] = { &a.text, &b.text };
	struct outcome o;

	b.says.brand = "Another Processor";
	capture_put_hello(&b, "vmx");
	capture_put_row(&b, 0, "nano.in", 5000);
	o = import_texts(texts, 2);
	CU_ASSERT_EQUAL(o.rc, -EINVAL);
	CU_ASSERT(strstr(o.e.text, "second.txt") && strstr(o.e.text, "first.txt") && strstr(o.e.text, BRAND) &&
		  strstr(o.e.text, "Another Processor"));
	CU_ASSERT_EQUAL(o.r.n_results, 0);
	outcome_free(&o);
	buf_free(&a.text);
	buf_free(&b.text);
}

/* Without its provenance a section's numbers are nothing; another of the same boot may have it. */
static void test_provenance_lost(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	capture_put_section(&c);
	*strstr(c.text.data, "hardware") = 'H';
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 0);
	CU_ASSERT(strstr(buf_str(&o.notes), "2 rows left out") != NULL);
	outcome_free(&o);
	c.section++;
	capture_put_hello(&c, "native");
	capture_put_row(&c, 2, "nano.divzero", 300);
	capture_put(&c, 'Z', "1 0");
	capture_put(&c, 'A', "2 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL_FATAL(o.r.n_results, 1);
	CU_ASSERT_STRING_EQUAL(o.r.result[0].engine, "native");
	CU_ASSERT(isnan(o.r.result[0].exits_observed));
	outcome_free(&o);
	buf_free(&c.text);
}

static void test_unknown(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	capture_put_hello(&c, "vmx");
	capture_put_row(&c, 0, "exit.of-tomorrow", 5);
	capture_put_row(&c, 1, "nano.in", 900);
	capture_put(&c, 'Z', "2 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 1);
	CU_ASSERT(strstr(buf_str(&o.notes), "exit.of-tomorrow") != NULL);
	outcome_free(&o);
	buf_free(&c.text);
}

static void test_refused(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	capture_put_hello(&c, "vmx");
	capture_put(&c, 'X', "firmware-disabled IA32_FEATURE_CONTROL is locked without VMX: switch it on in the firmware's setup");
	capture_put(&c, 'Z', "0 -1");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 0);
	CU_ASSERT_STRING_EQUAL(text_of(o.r.verdict, "status"), "firmware-disabled");
	check_round_trip(&o);
	outcome_free(&o);
	buf_free(&c.text);
}

static void test_fault(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	capture_put_hello(&c, "vmx");
	capture_put(&c, 'B', "0 exit.hlt");
	capture_put(&c, 'F', "0 13 0 0x1000400123 0x0 exit reason 2: triple fault");
	capture_put(&c, 'G', "0 rax=0x1 rsp=0xffff");
	capture_put(&c, 'E', "0 0 900 0 0x20 0 0 0 3");
	capture_put_row(&c, 1, "nano.in", 900);
	capture_put(&c, 'Z', "2 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 1);
	CU_ASSERT_EQUAL_FATAL(o.r.n_failed, 1);
	CU_ASSERT_STRING_EQUAL(o.r.failed[0].op, "exit.hlt");
	CU_ASSERT(strstr(o.r.failed[0].reason, "triple fault") != NULL);
	CU_ASSERT_EQUAL(o.r.failed[0].rip, 0x1000400123);
	check_round_trip(&o);
	outcome_free(&o);
	buf_free(&c.text);
}

static const struct tap_test tests[] = {
	{ "a whole capture is a result", test_whole },
	{ "boots are launches, the same one counts once", test_boots },
	{ "cut at any byte it gives no other number", test_cut_anywhere },
	{ "damaged at any byte it gives no other number", test_damaged_anywhere },
	{ "a row that lost a line is told, and flagged where another boot has it", test_row_lost },
	{ "a launch that lost its pairs' end has no number", test_pairs_lost },
	{ "rows in short, from a screen", test_short },
	{ "rows in short whose name is cut", test_short_cut },
	{ "no line of the image: no result", test_foreign },
	{ "captures of different machines are refused", test_machines },
	{ "a section that lost its provenance is left out", test_provenance_lost },
	{ "an unknown operation is left out and told", test_unknown },
	{ "a refusal is the verdict", test_refused },
	{ "a fault costs its row", test_fault },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("import", tests);
}
