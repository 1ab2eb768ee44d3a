/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot image's own sources, compiled for this machine: its command line, its lines against the program's decoder,
 * its pages. What touches the machine is made up here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm/lines.h"
#include "minivmm/monitor/boot/boot.h"
#include "tests/unit/tap.h"

#define OPS	1500u
#define SAMPLES 3000u

static char sent[8 << 20];
static size_t n_sent;
static char screen[SCREEN_LINES][SCREEN_COLUMNS + 1];
static unsigned char *ring;
static struct guest_ctrl ctrl;
static struct plan plan;
static char why_text[200];

/* ---- what the image has instead ---- */

void output_write(const char *s, size_t n)
{
	if (n > sizeof(sent) - n_sent)
		n = sizeof(sent) - n_sent;
	memcpy(sent + n_sent, s, n);
	n_sent += n;
}

bool output_has_serial(void)
{
	return false;
}

bool output_has_debug_port(void)
{
	return false;
}

static const char *op_name(uint32_t op)
{
	static const char *const names[] = { "nano.syscall", "nano.in", "exit.hlt", "vmx.vmread.reg.GUEST_IA32_PERF_GLOBAL_CTRL" };
	static char name[OPS][24];

	if (op < 4)
		return names[op];
	snprintf(name[op], sizeof(name[op]), "many.%u", op);
	return name[op];
}

const char *runner_op_name(uint32_t op)
{
	return op < OPS ? op_name(op) : NULL;
}

bool runner_op_fits(uint32_t op, enum ring0_engine engine)
{
	return (op != 2 || engine != RING0_NATIVE) && (op != 3 || engine == RING0_VMX);
}

void runner_op_piece(uint32_t op, uint64_t arg[2])
{
	arg[0] = op;
	arg[1] = 0;
}

void screen_line(unsigned at, const char *text)
{
	CU_ASSERT_FATAL(at < SCREEN_LINES);
	snprintf(screen[at], sizeof(screen[at]), "%.79s", text);
	CU_ASSERT(strlen(text) <= 79 || strncmp(text, "VT1", 3) != 0);
}

void screen_clear(void)
{
	memset(screen, 0, sizeof(screen));
}

static struct lines *reader;
static unsigned pages_seen;

void key_forget(void)
{
}

/* A person who reads each page. */
enum key key_wait(uint64_t ticks)
{
	(void)ticks;
	pages_seen++;
	for (unsigned i = 0; i < SCREEN_LINES; i++) {
		if (strncmp(screen[i], "VT1 ", 4) != 0)
			continue;
		output_write(screen[i], strlen(screen[i]));
		output_write("\n", 1);
	}
	return KEY_NEXT;
}

uint32_t launches_boot_id(const struct plan *p)
{
	(void)p;
	return 0x0badcafe;
}

static struct launch_section section;

const struct launch_section *launches_section(unsigned index)
{
	return index ? NULL : &section;
}

void launches_say_short(void (*say)(const char *key, const char *value), const struct plan *p, const struct machine *m)
{
	(void)p;
	(void)m;
	say("catalog", "12345678");
	say("brand", "A processor whose name is so long that it fills fo");
}

/* ---- the command line ---- */

static bool parse(const char *line)
{
	struct text why = text_in(why_text, sizeof(why_text));

	return plan_parse(&plan, line, &why);
}

static void test_globs(void)
{
	static const struct {
		const char *glob, *name;
		bool matches;
	} cases[] = {
		{ "*", "", true },	       { "", "", true },	     { "", "a", false },
		{ "exit.*", "exit.hlt", true }, { "exit.*", "exit", false }, { "*.hlt", "exit.hlt", true },
		{ "*t*t", "exit.hlt", true },   { "e?it*", "exit.hlt", true }, { "*hl", "exit.hlt", false },
		{ "[a-f]xit.hlt", "exit.hlt", true }, { "[!a-f]xit.hlt", "exit.hlt", false }, { "[exit.hlt", "exit.hlt", false },
		{ "*[t]", "exit.hlt", true },   { "[]]", "]", true },	     { "**", "x", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CU_ASSERT_EQUAL(glob_matches(cases[i].glob, strlen(cases[i].glob), cases[i].name), cases[i].matches);
}

static void test_plan(void)
{
	static const struct {
		const char *line, *why;
	} refused[] = {
		{ "speed=1", "no option is called 'speed'" },
		{ "engine", "wants a value" },
		{ "engine=", "wants a value" },
		{ "engine=vmx,", "wants native or vmx or svm, not ''" },
		{ "engine=vmx,vmx", "names twice 'vmx'" },
		{ "engine=auto,vmx", "auto stands alone" },
		{ "rows=", "wants a value" },
		{ "rows=,", "wants a number" },
		{ "rows=5-", "wants a number from 5" },
		{ "rows=9-5", "wants a number from 9" },
		{ "rows=1500", "wants a number from 0 to 1499" },
		{ "rows=-1", "wants a number" },
		{ "rows=0-1499,0-1499,0-1499", "selects more than 4096" },
		{ "ops=none.*", "no operation matches: 'none.*'" },
		{ "budget=999", "wants a number from 1000" },
		{ "max=18446744073709551617", "wants a number" },
		{ "max=0x", "wants a number" },
		{ "max=12a", "wants a number" },
		{ "min=2 max=1", "min= is more than max=" },
		{ "serial=2", "wants a number from 0 to 1" },
		{ "end=never", "wants off or reset or halt" },
		{ "seed=1 seed=1", "is given twice" },
		{ "fence=mfence", "wants rdtscp or lfence" },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		CU_ASSERT_FALSE(parse(refused[i].line));
		CU_ASSERT_PTR_NOT_NULL(strstr(why_text, refused[i].why));
		if (!strstr(why_text, refused[i].why))
			tap_note("%s: %s", refused[i].line, why_text);
	}
	CU_ASSERT(parse(""));
	CU_ASSERT(plan.engines == 0 && !plan.selected && plan.launches == 1 && plan.serial == CHOICE_DEFAULT);
	CU_ASSERT(parse("  engine=svm,native rows=3,1,0-1  budget=0x1000 max=10 min=10 end=reset fence=lfence "));
	CU_ASSERT(plan.engines == 2 && plan.engine[0] == RING0_SVM && plan.engine[1] == RING0_NATIVE);
	CU_ASSERT(plan.ops == 4 && plan.op[0] == 3 && plan.op[1] == 1 && plan.op[3] == 1);
	CU_ASSERT(plan.budget == 4096 && plan.end == END_RESET && plan.fence_lfence == CHOICE_YES);
}

static void test_path(void)
{
	CU_ASSERT_STRING_EQUAL(plan_skip_path("/a/b.elf max=1", "qemu"), " max=1");
	CU_ASSERT_STRING_EQUAL(plan_skip_path("/a b/c d.elf max=1", "qemu"), " d.elf max=1");
	CU_ASSERT_STRING_EQUAL(plan_skip_path("/a b/c.elf max=1 ops=x", "qemu 1"), " max=1 ops=x");
	CU_ASSERT_STRING_EQUAL(plan_skip_path("c.elf", "qemu"), "");
	CU_ASSERT_STRING_EQUAL(plan_skip_path("max=1", "GRUB 2.06"), "max=1");
	CU_ASSERT_STRING_EQUAL(plan_skip_path("(hd0,1)/c.elf max=1", "GRUB 0.97"), " max=1");
	CU_ASSERT_STRING_EQUAL(plan_skip_path("", ""), "");
}

static void test_rows(void)
{
	bool seen[OPS] = { false };
	uint32_t n, total = 0;

	CU_ASSERT(parse("exclude=many.1*,nano.in"));
	plan.max = 7;
	plan.min = 9;
	while ((n = plan_fill(&plan, RING0_NATIVE, total, 42, &ctrl)) > 0) {
		CU_ASSERT_EQUAL(n, ctrl.row_count);
		for (uint32_t i = 0; i < n; i++) {
			CU_ASSERT_FALSE(seen[ctrl.rows[i].op]);
			seen[ctrl.rows[i].op] = true;
			CU_ASSERT(ctrl.rows[i].max_samples == 7 && ctrl.rows[i].min_samples == 7);
			CU_ASSERT_EQUAL(ctrl.rows[i].arg[0], ctrl.rows[i].op);
		}
		total += n;
	}
	CU_ASSERT(seen[0] && !seen[1] && !seen[2] && !seen[3] && !seen[10] && seen[20] && seen[999] && !seen[1000]);
	CU_ASSERT(parse("rows=3,2,2"));
	CU_ASSERT_EQUAL(plan_fill(&plan, RING0_NATIVE, 0, 42, &ctrl), 3);
	CU_ASSERT(ctrl.rows[0].op == 3 && ctrl.rows[2].op == 2);
	CU_ASSERT(parse("ops=exit.*"));
	CU_ASSERT_EQUAL(plan_fill(&plan, RING0_NATIVE, 0, 42, &ctrl), 0);
}

/* ---- sorting ---- */

static unsigned compare_words;

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	for (unsigned i = 0; i < compare_words; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static void test_sort(void)
{
	static uint64_t a[3 * 2000], b[3 * 2000];

	srandom(1);
	for (unsigned words = 1; words <= 3; words++) {
		for (size_t n = 0; n < 2000; n = 2 * n + 1) {
			for (size_t i = 0; i < n * words; i++)
				a[i] = b[i] = (uint64_t)random() % (n + 1);
			compare_words = words;
			qsort(b, n, words * sizeof(*b), compare);
			sort_values(a, n, words);
			CU_ASSERT_EQUAL(memcmp(a, b, n * words * sizeof(*a)), 0);
		}
	}
}

/* ---- records, through the lines and the decoder ---- */

static void put_record(uint32_t row, enum guest_record_type type, uint32_t arg, const void *payload, uint32_t bytes)
{
	struct guest_record *r = (struct guest_record *)(ring + ctrl.ring_head % GUEST_RING_BYTES);

	*r = (struct guest_record){ GUEST_RECORD_MAGIC, (uint8_t)type, 0, bytes, row, arg };
	if (bytes)
		memcpy(r + 1, payload, bytes);
	ctrl.ring_head += sizeof(*r) + ((bytes + 15) & ~15u);
}

static uint64_t singles[SAMPLES], pairs[64][2];
static uint64_t got_sum[16], got_n[16], got_rows, got_lost, got_exits;
static char got_what[100], got_log[300];

static void take_record(void *ctx, const struct guest_record *r, const void *payload)
{
	const uint64_t *v = payload;

	(void)ctx;
	if (r->type == RECORD_ROW_END)
		got_rows++;
	if (r->type == RECORD_FAULT)
		snprintf(got_what, sizeof(got_what), "%s", ((const struct guest_fault *)payload)->what);
	if (r->type == RECORD_LOG)
		snprintf(got_log, sizeof(got_log), "%.*s", (int)r->bytes, (const char *)payload);
	if (r->type < RECORD_COLD || r->type > RECORD_DIFF)
		return;
	got_n[r->type] += r->bytes / 8;
	for (uint32_t i = 0; i < r->bytes / 8; i++)
		got_sum[r->type] += v[i];
}

static void take_lost(void *ctx, uint32_t row, const char *name, const char *why)
{
	(void)ctx;
	got_lost++;
	tap_note("row %u (%s) lost: %s", row, name, why);
}

static void take_counters(void *ctx, uint32_t row, uint64_t exits, uint64_t interrupts)
{
	(void)ctx;
	(void)row;
	(void)interrupts;
	got_exits = exits;
}

static char got_hello[600];

static void take_hello(void *ctx, const char *key, const char *value)
{
	(void)ctx;
	if (strcmp(key, "evidence") == 0)
		snprintf(got_hello, sizeof(got_hello), "%s", value);
}

static const struct lines_to to = {
	.hello = take_hello,
	.record = take_record,
	.row_lost = take_lost,
	.counters = take_counters,
};

static void begin_boot(void)
{
	CU_ASSERT(parse("rows=3,0"));
	plan_fill(&plan, RING0_VMX, 0, 1, &ctrl);
	n_sent = 0;
	memset(got_sum, 0, sizeof(got_sum));
	memset(got_n, 0, sizeof(got_n));
	got_rows = got_lost = 0;
	lines_open(0x00c0ffee);
	line_fact("engine", "vmx");
	section = (struct launch_section){ .engine = RING0_VMX, .first = records_count() };
	records_open(&ctrl, ring, 0);
}

/* A row with all that a row can have. */
static void put_row(uint32_t row, struct guest_row_end end)
{
	const uint64_t cold = 77, empty[] = { 30, 10, 20, 20 }, splits[] = { 3, 2, 1, 3, 2, 1 };

	put_record(row, RECORD_ROW_BEGIN, 0, NULL, 0);
	put_record(row, RECORD_COLD, 0, &cold, 8);
	for (uint32_t i = 0; i < SAMPLES; i++)
		singles[i] = (uint64_t)random() % 900 + 1000;
	put_record(row, RECORD_SINGLE, 0, singles, sizeof(singles));
	put_record(row, RECORD_EMPTY, 0, empty, sizeof(empty));
	for (uint32_t i = 0; i < 64; i++) {
		pairs[i][0] = 1000 + i % 7;
		pairs[i][1] = 2000 + i % 5;
	}
	put_record(row, RECORD_DIFF, 16, pairs, sizeof(pairs));
	put_record(row, RECORD_SPLIT, 0, splits, sizeof(splits));
	put_record(row, RECORD_ROW_END, 0, &end, sizeof(end));
}

static void read_back(void)
{
	reader = lines_new(&to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
	lines_feed(reader, sent, n_sent);
	lines_end(reader);
}

static void test_records(void)
{
	const struct ring0_counters counters = { 12, 0 };
	const struct guest_fault fault = { .vector = 6, .rip = 0x1000400000, .what = "exit reason 2, triple fault" };
	uint64_t sum = 0;

	begin_boot();
	put_row(0, (struct guest_row_end){ 4000, 99999, 16, 0 });
	for (uint32_t i = 0; i < SAMPLES; i++)
		sum += singles[i];
	records_drain(0, &counters);
	put_record(1, RECORD_ROW_BEGIN, 0, NULL, 0);
	put_record(1, RECORD_LOG, 0, "needs \001 EPT", 11);
	put_record(1, RECORD_FAULT, 0, &fault, sizeof(fault));
	put_record(1, RECORD_ROW_END, 0, &(struct guest_row_end){ 0, 5, 0, GUEST_END_FAULTED }, sizeof(struct guest_row_end));
	records_drain(1, &counters);
	CU_ASSERT_EQUAL(ctrl.ring_tail, ctrl.ring_head);
	CU_ASSERT_EQUAL(records_ended(), 2);
	line_send('Z', "2 0");
	read_back();
	CU_ASSERT(got_rows == 2 && got_lost == 0);
	CU_ASSERT(lines_account(reader)->damaged == 0 && lines_account(reader)->lost == 0);
	CU_ASSERT(got_n[RECORD_SINGLE] == SAMPLES && got_sum[RECORD_SINGLE] == sum);
	CU_ASSERT(got_n[RECORD_COLD] == 1 && got_n[RECORD_EMPTY] == 4 && got_n[RECORD_DIFF] == 128);
	CU_ASSERT_STRING_EQUAL(got_what, fault.what);
	CU_ASSERT_STRING_EQUAL(got_log, "needs ? EPT");
	CU_ASSERT_EQUAL(got_exits, 12);
	lines_free(reader);
	for (const char *line = sent, *end; line < sent + n_sent; line = end + 1) {
		end = memchr(line, '\n', (size_t)(sent + n_sent - line));
		CU_ASSERT_FATAL(end != NULL && end - line < LINE_MAX + 2);
	}
}

/* Texts of any length come out as they went in. */
static void test_texts(void)
{
	char text[501];

	for (size_t n = 1; n < sizeof(text); n++) {
		for (size_t i = 0; i < n; i++)
			text[i] = "abcdef ghi jklmnopqrstu"[(i * i + n) % 23];
		text[0] = text[n - 1] = 'x';
		text[n] = 0;
		begin_boot();
		line_fact("evidence", text);
		read_back();
		CU_ASSERT_STRING_EQUAL(got_hello, text);
		CU_ASSERT(lines_account(reader)->damaged == 0);
		lines_free(reader);
	}
}

static void test_wrong_samples(void)
{
	const uint64_t wrong[] = { 5, 1ull << 62, 6, UINT64_MAX - 3 };
	const struct guest_row_end end = { .executions = 4 };

	begin_boot();
	put_record(0, RECORD_ROW_BEGIN, 0, NULL, 0);
	put_record(0, RECORD_SINGLE, 0, wrong, sizeof(wrong));
	put_record(0, RECORD_ROW_END, 0, &end, sizeof(end));
	records_drain(0, NULL);
	read_back();
	CU_ASSERT(got_rows == 1 && got_lost == 0 && got_n[RECORD_SINGLE] == 2);
	CU_ASSERT_STRING_EQUAL(got_log, "2 samples left out: the clock ran backwards");
	lines_free(reader);
}

static void test_damaged_ring(void)
{
	begin_boot();
	put_row(0, (struct guest_row_end){ 4, 99999, 16, 0 });
	((struct guest_record *)(ring + sizeof(struct guest_record)))->bytes = 0xfffffff0;
	records_drain(0, NULL);
	CU_ASSERT_EQUAL(ctrl.ring_tail, ctrl.ring_head);
	read_back();
	CU_ASSERT(got_rows == 0 && got_lost == 1);
	lines_free(reader);
}

/* ---- pages ---- */

static void test_pages(void)
{
	static const struct machine machine = { .evidence = { .provenance = "hardware", .text = "nothing found" } };
	const struct ring0_counters counters = { 4, 0 };
	char *q;

	begin_boot();
	put_row(0, (struct guest_row_end){ 4, 99999, 16, 0 });
	put_row(1, (struct guest_row_end){ 3, 99999, 16, GUEST_END_UNSETTLED });
	records_drain(1, &counters);
	section.rows = records_count() - section.first;
	plan.end = END_OFF;
	n_sent = 0;
	pages_seen = 0;
	pages_show(&plan, &machine);
	CU_ASSERT_EQUAL(pages_seen, 2);
	sent[n_sent] = 0;
	q = strstr(sent, " Q 3 0 3000 1000 ");
	CU_ASSERT_PTR_NOT_NULL_FATAL(q);
	CU_ASSERT_PTR_NOT_NULL(strstr(q, " 62.4 1 ~"));
	CU_ASSERT_PTR_NOT_NULL(strstr(q, "GLOBAL_CTRL "));
	CU_ASSERT_PTR_NOT_NULL(strstr(sent, " Q 0 1 3000 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(sent, " 4/3 nano.syscall "));
	CU_ASSERT_PTR_NOT_NULL(strstr(sent, " H empty 20 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(sent, " Z 2 0 "));
	for (const char *line = sent, *end; line < sent + n_sent; line = end + 1) {
		unsigned crc = 0;

		end = strchr(line, '\n');
		CU_ASSERT_FATAL(end - line <= 79 && sscanf(end - 8, "%8x", &crc) == 1);
		CU_ASSERT_EQUAL(crc, lines_crc(line, (size_t)(end - line) - 9));
	}
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "globs match as a shell's", test_globs },
		{ "a command line is taken whole or refused with a sentence", test_plan },
		{ "the image's path is no option", test_path },
		{ "every operation that fits is a row, once", test_rows },
		{ "the sort is one, for samples of one to three values", test_sort },
		{ "what the runner records is what the decoder reads", test_records },
		{ "texts of any length come out as they went in", test_texts },
		{ "a clock that ran backwards makes no samples", test_wrong_samples },
		{ "a damaged ring costs its rows", test_damaged_ring },
		{ "pages hold 79 columns, and sums that hold", test_pages },
		{ 0 },
	};
	int status;

	ring = calloc(1, GUEST_RING_BYTES);
	status = ring ? tap_run("boot_image", tests) : 1;
	free(ring);
	return status;
}
