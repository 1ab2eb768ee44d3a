/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an import believes: where a section begins, which boot is which, what a machine calls itself, what never came. */
#include <errno.h>
#include <string.h>

#include "bench/op.h"
#include "minivmm/lines.h"
#include "tests/unit/import_helper.h"
#include "tests/unit/tap.h"

/* A boot of two launches: natively in ring 0, then engine vmx. */
static struct capture capture_two(uint32_t boot)
{
	struct capture c = capture_begin(boot);

	capture_put_hello(&c, "native");
	capture_put_row(&c, 0, "nano.divzero", 300);
	capture_put(&c, 'Z', "1 0");
	c.section++;
	capture_put_hello(&c, "vmx");
	capture_put_row(&c, 1, "nano.in", 900);
	capture_put_row(&c, 2, "exit.cpuid", 1000);
	capture_put(&c, 'Z', "2 0");
	capture_put(&c, 'A', "2 0");
	return c;
}

/* Where line (n) of (text) begins; its end where there are not so many. */
static size_t line_at(const struct buf *text, size_t n)
{
	size_t at = 0;

	while (n-- && at < text->len)
		at += strcspn(text->data + at, "\n") + 1;
	return at;
}

static bool line_has(const struct buf *text, size_t n, const char *needle)
{
	const size_t at = line_at(text, n);

	return at < text->len && memmem(text->data + at, line_at(text, n + 1) - at, needle, strlen(needle));
}

/* Any run of lines lost, across the boundary of the launches above all: no row changes its engine or its number. */
static void test_run_lost(void)
{
	struct capture c = capture_two(BOOT);
	struct outcome whole = import_one(&c.text);

	CU_ASSERT_EQUAL_FATAL(whole.r.n_results, 3);
	for (size_t from = 0; from < c.seq; from++)
		for (size_t to = from + 1; to <= c.seq; to++) {
			struct buf part = BUF_INIT;
			struct outcome o;

			buf_append(&part, c.text.data, line_at(&c.text, from));
			buf_append(&part, c.text.data + line_at(&c.text, to), c.text.len - line_at(&c.text, to));
			o = import_one(&part);
			CU_ASSERT(o.rc == 0 || (o.rc == -ENOMSG && !part.len));
			for (size_t i = 0; i < o.r.n_results; i++) {
				const struct result *full = result_of(&whole, o.r.result[i].op);

				CU_ASSERT_FATAL(full != NULL);
				CU_ASSERT_STRING_EQUAL(full->engine, o.r.result[i].engine);
				CU_ASSERT_EQUAL(full->median, o.r.result[i].median);
			}
			CU_ASSERT(o.rc != 0 || o.notes.len > 0);
			outcome_free(&o);
			buf_free(&part);
		}
	outcome_free(&whole);
	buf_free(&c.text);
}

/* Two boots whose lines came alternately (two machines on one terminal server, a log that was sorted by time). */
static void test_interleaved(void)
{
	struct capture a = capture_two(BOOT), b = capture_two(BOOT + 1);
	struct buf mixed = BUF_INIT;
	struct outcome o;

	for (size_t i = 0; i < a.seq; i++) {
		buf_append(&mixed, a.text.data + line_at(&a.text, i), line_at(&a.text, i + 1) - line_at(&a.text, i));
		buf_append(&mixed, b.text.data + line_at(&b.text, i), line_at(&b.text, i + 1) - line_at(&b.text, i));
	}
	o = import_one(&mixed);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.notes.len, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 3);
	CU_ASSERT_EQUAL(result_of(&o, "nano.in")->n_launches, 2);
	CU_ASSERT_EQUAL(o.r.capture.boots, 2);
	outcome_free(&o);
	buf_free(&mixed);
	buf_free(&a.text);
	buf_free(&b.text);
}

/* Two whole lines of one number that differ: neither counts. */
static void test_two_truths(void)
{
	struct capture c = capture_usual(BOOT);
	struct outcome o;
	unsigned samples = 0;

	while (samples < c.seq && !line_has(&c.text, samples, " S 1 900*100 "))
		samples++;
	CU_ASSERT_FATAL(samples < c.seq);
	c.seq = samples;
	capture_put(&c, 'S', "1 100*100");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT(result_of(&o, "exit.cpuid") && !result_of(&o, "nano.in"));
	CU_ASSERT_EQUAL(o.r.capture.damaged, 2);
	CU_ASSERT_EQUAL(o.r.capture.rows_lost, 1);
	outcome_free(&o);
	buf_free(&c.text);
}

/* A screen's pages and the serial lines of the same machine: the full lines count, whichever file is named first. */
static void test_screen_either_order(void)
{
	struct capture screen = capture_begin(BOOT + 1), serial = capture_usual(BOOT);
	const struct buf *orders[2][2] = { { &screen.text, &serial.text }, { &serial.text, &screen.text } };

	capture_put_hello(&screen, "vmx");
	capture_put(&screen, 'H', "empty 30");
	capture_put_short(&screen, "exit.cpuid", "0 100 1000 1001 1003 - 1 exit.cpuid");
	capture_put(&screen, 'Z', "1 0");
	capture_put(&screen, 'A', "1 0");
	for (size_t i = 0; i < 2; i++) {
		struct outcome o = import_texts(orders[i], 2);
		const struct result *r;

		CU_ASSERT_EQUAL_FATAL(o.rc, 0);
		r = result_of(&o, "exit.cpuid");
		CU_ASSERT_FATAL(r != NULL);
		CU_ASSERT(r->n_launches == 1 && r->n == 100 && r->max == 1003);
		CU_ASSERT(strstr(buf_str(&o.notes), "1 rows of a screen left out") != NULL);
		outcome_free(&o);
	}
	buf_free(&screen.text);
	buf_free(&serial.text);
}

/* A number typed wrong, or of another image: the row is of no operation. */
static void test_screen_mismatch(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	capture_put_hello(&c, "vmx");
	capture_put_short(&c, "nano.in", "0 100 1000 1001 1003 - 1 exit.cpuid");
	capture_put_short(&c, "nano.cr8wr", "0 100 25 26 30 - 1 nano.cr8wr");
	capture_put(&c, 'Z', "2 0");
	capture_put(&c, 'A', "1 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT(o.r.n_results == 1 && result_of(&o, "nano.cr8wr"));
	CU_ASSERT(strstr(buf_str(&o.notes), "their number and their name are of different operations") != NULL);
	outcome_free(&o);
	buf_free(&c.text);
}

/* What it calls itself counts no further than its evidence. */
static void test_demoted(void)
{
	static const struct {
		struct capture_says says;
		const char *provenance, *why;	/* NULL: its word stands */
	} rows[] = {
		{ { "hardware", "no hypervisor bit", "none", "tsc", BRAND, 3000000000 }, "hardware", NULL },
		{ { "nested", "CPUID 40000000h says KVMKVMKVM", "KVMKVMKVM", "tsc", BRAND, 3000000000 }, "nested", NULL },
		{ { "emulated", "TCG", "TCGTCGTCGTCG", "instructions", BRAND, 0 }, "emulated", NULL },
		{ { "hardware", "no hypervisor bit", "none", "instructions", BRAND, 0 }, "emulated", "its clock counts" },
		{ { "hardware", "no hypervisor bit", "KVMKVMKVM", "tsc", BRAND, 3000000000 }, "nested", "a hypervisor" },
		{ { "nested", "CPUID 40000000h says TCG", "TCGTCGTCGTCG", "tsc", BRAND, 1 }, "emulated", "translator" },
		{ { "hardware", "ACPI tables of BOCHS", "none", "tsc", BRAND, 3000000000 }, "emulated", "an emulator's" },
		{ { "hardware", "CPUID takes 2400 ticks, 800 cycles 900", "none", "tsc", BRAND, 3000000000 }, "nested",
		  "takes longer" },
		{ { "hardware", "CPUID takes 120 ticks, 800 cycles 900", "none", "tsc", BRAND, 3000000000 }, "hardware", NULL },
		{ { "nested", "a guess", "none", "tsc", BRAND, 3000000000 }, "emulated", "no hypervisor is below" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture c = capture_begin(BOOT);
		struct outcome o;

		c.says = rows[i].says;
		capture_put_section(&c);
		capture_put(&c, 'A', "1 0");
		o = import_one(&c.text);
		CU_ASSERT_EQUAL_FATAL(o.rc, 0);
		CU_ASSERT_EQUAL_FATAL(o.r.n_results, 2);
		CU_ASSERT_STRING_EQUAL(o.r.result[0].provenance, rows[i].provenance);
		CU_ASSERT(rows[i].why ? strstr(buf_str(&o.notes), rows[i].why) != NULL : !o.notes.len);
		outcome_free(&o);
		buf_free(&c.text);
	}
}

/* A word for its provenance that this program has not: told as that, not as lost. */
static void test_strange_word(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	c.says.provenance = "software";
	capture_put_section(&c);
	capture_put(&c, 'A', "1 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 0);
	CU_ASSERT(strstr(buf_str(&o.notes), "2 rows left out: this vtscope does not know what they are of: provenance "
			 "'software'") != NULL);
	CU_ASSERT(!strstr(buf_str(&o.notes), "lost"));
	outcome_free(&o);
	buf_free(&c.text);
}

/* The TSC is measured at each boot: half a percent is its error, a tenth is another machine, or another setting. */
static void test_tsc_rates(void)
{
	static const struct { unsigned long long hz; int rc; } rows[] = {
		{ 3015000000, 0 }, { 0, 0 }, { 3300000000, -EINVAL }, { 2700000000, -EINVAL }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture a = capture_usual(BOOT), b = capture_begin(BOOT + 1);
		const struct buf *texts[] = { &a.text, &b.text };
		struct outcome o;

		b.says.tsc_hz = rows[i].hz;
		capture_put_section(&b);
		capture_put(&b, 'A', "1 0");
		o = import_texts(texts, 2);
		CU_ASSERT_EQUAL(o.rc, rows[i].rc);
		CU_ASSERT(o.rc != 0 || result_of(&o, "nano.in")->n_launches == 2);
		CU_ASSERT(o.rc == 0 || (strstr(o.e.text, "its TSC rate is") && strstr(o.e.text, "--boot 1234abce")));
		outcome_free(&o);
		buf_free(&a.text);
		buf_free(&b.text);
	}
}

/* ---- rows that the image was to measure ---- */

static void put_plan(struct capture *c)
{
	capture_put_hello(c, "vmx");
	capture_put(c, 'H', "rows 2");
	capture_put(c, 'H', "plan %zu,%zu", (size_t)(op_find("nano.in") - ops), (size_t)(op_find("exit.cpuid") - ops));
}

static void test_never_came(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	put_plan(&c);
	capture_put_row(&c, 0, "nano.in", 900);
	o = import_one(&c.text);		/* the plug was pulled */
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT(o.r.n_results == 1 && result_of(&o, "nano.in"));
	CU_ASSERT_EQUAL_FATAL(o.r.n_failed, 1);
	CU_ASSERT_STRING_EQUAL(o.r.failed[0].op, "exit.cpuid");
	CU_ASSERT_STRING_EQUAL(o.r.failed[0].stop_kind, "capture");
	CU_ASSERT(strstr(buf_str(&o.notes), "1 of 2 rows never came") != NULL);
	CU_ASSERT(o.r.capture.rows_planned == 2 && o.r.capture.rows_missing == 1);
	check_round_trip(&o);
	outcome_free(&o);
	buf_free(&c.text);
}

/* Refused: its rows are skips with the sentence, and none is missing. */
static void test_planned_and_refused(void)
{
	struct capture c = capture_begin(BOOT);
	struct outcome o;

	put_plan(&c);
	capture_put(&c, 'X', "firmware-disabled IA32_FEATURE_CONTROL is locked without VMX");
	capture_put(&c, 'Z', "0 -1");
	capture_put(&c, 'A', "1 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results + o.r.n_failed, 0);
	CU_ASSERT_EQUAL_FATAL(o.r.n_skipped, 2);
	CU_ASSERT_STRING_EQUAL(o.r.skipped[0].reason,
			       "firmware-disabled: IA32_FEATURE_CONTROL is locked without VMX");
	CU_ASSERT_EQUAL(o.notes.len, 0);
	check_round_trip(&o);
	outcome_free(&o);
	buf_free(&c.text);
}

/* Refused in one boot and measured in another: the result stands, and says of how many. */
static void test_refused_once(void)
{
	struct capture a = capture_usual(BOOT), b = capture_begin(BOOT + 1);
	const struct buf *texts[] = { &a.text, &b.text };
	struct outcome o;

	put_plan(&b);
	capture_put(&b, 'X', "self-test the watchdog did not come");
	capture_put(&b, 'Z', "0 -1");
	capture_put(&b, 'A', "1 0");
	o = import_texts(texts, 2);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(o.r.n_results, 2);
	CU_ASSERT_STRING_EQUAL(buf_str(&o.notes),
			       "vmx was refused in 1 of 2 launches: self-test: the watchdog did not come\n");
	outcome_free(&o);
	buf_free(&a.text);
	buf_free(&b.text);
}

/* Evidence longer than its place ends with a whole reason. */
static void test_long_evidence(void)
{
	struct capture c = capture_begin(BOOT);
	char evidence[400] = "CPUID 40000000h says KVMKVMKVM";
	struct outcome o;
	const char *text;

	for (unsigned i = 0; i < 6; i++)
		strcat(evidence, "; a reason of some thirty bytes");
	c.says.provenance = "nested";
	c.says.hypervisor = "KVMKVMKVM";
	capture_put_hello(&c, "vmx");
	capture_put(&c, 'H', "evidence %.150s\\", evidence);
	capture_put(&c, 'H', "evidence %s", evidence + 150);
	capture_put_row(&c, 0, "nano.in", 900);
	capture_put(&c, 'Z', "1 0");
	capture_put(&c, 'A', "1 0");
	o = import_one(&c.text);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	text = text_of(json_array_get(json_object_get(o.r.verdict, "layers"), 2), "text");
	CU_ASSERT(strlen(text) > 20 && !strcmp(text + strlen(text) - strlen("thirty bytes; ..."), "thirty bytes; ..."));
	outcome_free(&o);
	buf_free(&c.text);
}

/* ---- which boots ---- */

/* One boot of a chain that goes on: it is whole, and the others were not asked for. */
static void test_chosen(void)
{
	struct capture a = capture_begin(BOOT), b = capture_usual(BOOT + 1);
	struct import *im;
	struct outcome o = { .notes = BUF_INIT };

	capture_put_section(&a);
	capture_put(&a, 'A', "1 1");
	for (uint32_t boot = BOOT; boot < BOOT + 3; boot++) {
		im = import_new();
		import_feed(im, "both.txt", a.text.data, a.text.len);
		import_feed(im, "both.txt", b.text.data, b.text.len);
		import_choose(im, boot);
		o.rc = import_result(im, &o.r, &o.notes, &o.e);
		import_free(im);
		if (boot == BOOT + 2) {
			CU_ASSERT_EQUAL(o.rc, -ENOMSG);
			CU_ASSERT(strstr(o.e.text, "no line of boot 1234abcf") && strstr(o.e.text, "1234abcd, 1234abce"));
		} else {
			CU_ASSERT_EQUAL_FATAL(o.rc, 0);
			CU_ASSERT_EQUAL(o.notes.len, 0);
			CU_ASSERT(o.r.capture.boots == 1 && !o.r.capture.boots_cut);
			CU_ASSERT_EQUAL(result_of(&o, "nano.in")->n_launches, 1);
		}
		outcome_free(&o);
		o = (struct outcome){ .notes = BUF_INIT };
	}
	/* All were asked for, and the last of the chain is not there. */
	o = import_one(&a.text);
	CU_ASSERT_EQUAL(o.rc, 0);
	CU_ASSERT(strstr(buf_str(&o.notes), "1 of 1 boots cut off") != NULL);
	outcome_free(&o);
	buf_free(&a.text);
	buf_free(&b.text);
}

static void test_too_many_boots(void)
{
	struct import *im = import_new();
	struct outcome o = { .notes = BUF_INIT };

	for (uint32_t i = 0; i <= LINES_BOOTS_MAX; i++) {
		struct capture c = capture_begin(BOOT + i);

		capture_put_hello(&c, "vmx");
		capture_put_row(&c, 0, "nano.in", 900);
		capture_put(&c, 'Z', "1 0");
		capture_put(&c, 'A', "1 0");
		import_feed(im, "many.txt", c.text.data, c.text.len);
		buf_free(&c.text);
	}
	o.rc = import_result(im, &o.r, &o.notes, &o.e);
	CU_ASSERT_EQUAL_FATAL(o.rc, 0);
	CU_ASSERT_EQUAL(result_of(&o, "nano.in")->n_launches, LINES_BOOTS_MAX);
	CU_ASSERT(strstr(buf_str(&o.notes), "18 lines left out") != NULL);
	outcome_free(&o);
	import_free(im);
}

static const struct tap_test tests[] = {
	{ "any run of lines lost: no row is another engine's", test_run_lost },
	{ "lines of two boots, one by one", test_interleaved },
	{ "two lines of one number that differ count both for nothing", test_two_truths },
	{ "a screen beside the serial lines, in either order", test_screen_either_order },
	{ "a screen's row whose number is not its name's", test_screen_mismatch },
	{ "provenance goes no further than the evidence", test_demoted },
	{ "a word for provenance that is not known", test_strange_word },
	{ "TSC rates that differ are different machines", test_tsc_rates },
	{ "rows that never came are failures", test_never_came },
	{ "rows of an engine that was refused are skips", test_planned_and_refused },
	{ "refused in one boot and measured in another", test_refused_once },
	{ "evidence that is longer than its place", test_long_evidence },
	{ "one boot chosen of several", test_chosen },
	{ "more boots than one import takes", test_too_many_boots },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("import", tests);
}
