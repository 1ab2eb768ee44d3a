/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder of the boot image's lines: whole captures, and captures that lost, repeat, or mix in something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/lines_helper.h"
#include "tests/unit/tap.h"

static void test_whole(void)
{
	static const size_t pieces[] = { 1, 7, 4096 };
	struct buf b = BUF_INIT;

	CU_ASSERT(lines_crc("123456789", 9) == 0xcbf43926);
	put_boot(&b, 0x1234abcd, "vmx");
	for (size_t i = 0; i < 3; i++) {
		struct lines_account a = decode(b.data, b.len, pieces[i]);

		CU_ASSERT(a.lines == seq && !a.lost && !a.damaged && !a.repeated && !a.foreign);
		CU_ASSERT(a.boots == 1 && a.sections == 1 && !a.sections_cut && a.rows == 2 && !a.rows_lost);
		CU_ASSERT(seen.sections == 1 && seen.hellos == 2 && seen.steps == 1 && seen.facts == 1);
		CU_ASSERT(seen.begins == 2 && seen.ends == 2 && seen.boot_ends == 1 && seen.status == 0);
		CU_ASSERT(seen.singles == 12 && seen.sum == 2 * (120 + 41 + 110) && seen.empties == 32);
		CU_ASSERT(seen.pairs == 6 && seen.copies == 8 && seen.splits == 8 && seen.cold == 1800);
		CU_ASSERT(seen.counters == 2 && seen.exits == 17 && seen.interrupts == 1);
		CU_ASSERT(seen.end.executions == 100 && seen.end.ticks == 5000 && seen.end.warmup == 16);
	}
	CU_ASSERT(seen.step.number == 1 && seen.step.passed);
	CU_ASSERT_STRING_EQUAL(seen.step.name, "entry with a bad host field");
	CU_ASSERT_STRING_EQUAL(seen.step.expected, "VM-instruction error 8");
	CU_ASSERT_STRING_EQUAL(seen.text, "EPT: yes");
	buf_free(&b);
}

/* Cut anywhere: rows that are whole stay, the one at work is lost, nothing is made up. */
static void test_truncated(void)
{
	struct buf b = BUF_INIT;

	put_boot(&b, 1, "vmx");
	for (size_t n = 0; n < b.len; n++) {
		char *copy = malloc(n + 1);
		struct lines_account a;

		memcpy(copy, b.data, n);
		a = decode(copy, n, n + 1);
		CU_ASSERT(a.rows == seen.ends && seen.ends <= seen.begins && seen.begins <= seen.ends + seen.lost);
		CU_ASSERT(a.rows_lost == seen.lost && seen.lost <= 1 && a.lost == 0);
		/* "\r\n" of the last line is not needed. */
		CU_ASSERT(a.boots_cut == (a.boots && n + 2 < b.len));
		CU_ASSERT(a.sections_cut == a.sections - seen.boot_ends);
		free(copy);
	}
	buf_free(&b);
}

/* One bit of one byte, anywhere: that line is lost, and with it what needs it. */
static void test_flipped(void)
{
	struct buf b = BUF_INIT;

	put_boot(&b, 1, "vmx");
	for (size_t i = 0; i < b.len; i++) {
		struct lines_account a;
		const char byte = b.data[i];

		b.data[i] = (char)(byte ^ 1 << i % 8);
		a = decode(b.data, b.len, b.len);
		b.data[i] = byte;
		CU_ASSERT(a.lines >= seq - 2);	/* a line end that is none costs two */
		CU_ASSERT(a.rows + a.rows_lost == 2 && a.rows >= 1);
		CU_ASSERT(a.lines + a.lost + a.repeated >= seq - 1 || a.sections_cut);
		CU_ASSERT(seen.ends == a.rows);
		CU_ASSERT(seen.begins <= 2 && seen.singles <= 12);
	}
	buf_free(&b);
}

static void test_foreign(void)
{
	static const char *const noise[] = {
		"[    0.000000] Linux version 6.1\r\n", "\r\n", "VT1\n", "VT2 00000001 0 H engine vmx 00000000\n",
		"<bochs:1> ", "(0) [0x0000fffffff0] f000:fff0 ", "VT1 VT1 ",
	};
	struct buf b = BUF_INIT, mixed = BUF_INIT;
	struct lines_account a;
	size_t i = 0;

	put_boot(&b, 7, "svm");
	for (char *p = b.data; *p; p += strcspn(p, "\n") + 1)
		buf_printf(&mixed, "%s%.*s", noise[i++ % 7], (int)strcspn(p, "\n") + 1, p);
	for (i = 0; i < 2000; i++)
		buf_puts(&mixed, "x");
	buf_puts(&mixed, "\n");
	a = decode_buf(&mixed);
	CU_ASSERT(a.lines == seq && a.rows == 2 && !a.rows_lost && !a.lost);
	CU_ASSERT(a.foreign == seen.foreign && a.foreign > 10 && a.damaged == 0);

	/* A line of ours behind more of somebody else's than a line has room for. */
	for (i = 0; i < 3000; i++)
		buf_puts(&mixed, "y");
	buf_puts(&mixed, b.data);
	a = decode_buf(&mixed);
	CU_ASSERT(a.lines == seq && a.rows == 2);

	/* In the middle of one: that one is damaged. */
	buf_append(&mixed, b.data, 30);
	buf_puts(&mixed, "NOISE");
	buf_puts(&mixed, b.data + 30);
	a = decode_buf(&mixed);
	CU_ASSERT(a.damaged == 1 && a.lines == seq - 1);
	buf_free(&b);
}

static void test_repeated(void)
{
	struct buf b = BUF_INIT, twice = BUF_INIT, whole = BUF_INIT;
	struct lines_account a;

	put_boot(&b, 7, "svm");
	for (char *p = b.data; *p; p += strcspn(p, "\n") + 1)
		for (int i = 0; i < 2; i++)
			buf_printf(&twice, "%.*s", (int)strcspn(p, "\n") + 1, p);
	a = decode_buf(&twice);
	CU_ASSERT(a.lines == seq && a.repeated == seq && a.rows == 2 && seen.singles == 12);

	/* The same file behind itself, and once more behind another boot. */
	buf_puts(&whole, b.data);
	buf_puts(&whole, b.data);
	put_boot(&whole, 8, "vmx");
	buf_puts(&whole, b.data);
	a = decode_buf(&whole);
	CU_ASSERT(a.boots == 2 && a.rows == 4 && a.repeated == 2ull * seq && !a.damaged && !a.sections_cut);
	buf_free(&b);
}

/* Two boots line by line, and one backwards: nothing is lost. */
static void test_mixed(void)
{
	struct buf a = BUF_INIT, b = BUF_INIT, both = BUF_INIT, back = BUF_INIT;
	struct lines_account account;

	put_boot(&a, 7, "svm");
	put_boot(&b, 8, "vmx");
	for (char *p = a.data, *q = b.data; *p; p += strcspn(p, "\n") + 1, q += strcspn(q, "\n") + 1)
		buf_printf(&both, "%.*s%.*s", (int)strcspn(p, "\n") + 1, p, (int)strcspn(q, "\n") + 1, q);
	account = decode_buf(&both);
	CU_ASSERT(account.boots == 2 && account.rows == 4 && account.lines == 2 * seq && !account.damaged &&
		  !account.lost && !account.boots_cut);
	for (size_t at = a.len; at;) {
		size_t from = at - 1;

		while (from && a.data[from - 1] != '\n')
			from--;
		buf_append(&back, a.data + from, at - from);
		at = from;
	}
	account = decode_buf(&back);
	CU_ASSERT(account.rows == 2 && !account.damaged && !account.lost && seen.singles == 12);
	for (size_t i = 0; i < a.len; i++)
		if (a.data[i] != '\n')
			buf_append(&back, &a.data[i], 1);
	account = decode_buf(&back);	/* CR alone ends a line, too */
	CU_ASSERT(account.rows == 2 && account.lines == seq);
	buf_free(&a);
	buf_free(&b);
}

/* What two lines of one number say cannot be told apart. */
static void test_contradiction(void)
{
	struct buf b = BUF_INIT;
	struct lines_account a;

	put_boot(&b, 7, "svm");
	seq = 6;
	put(&b, 7, 'S', "0 1*3 41");
	a = decode_buf(&b);
	CU_ASSERT(a.damaged == 2 && a.rows == 1 && a.rows_lost == 1);
}

/* Each pair of neighbours left out: a row never goes over to another section. */
static void test_two_sections(void)
{
	struct buf b = BUF_INIT;
	unsigned lines;

	seq = section = 0;
	put(&b, 3, 'H', "engine native");
	put_row(&b, 3, 0, "exit.cpuid");
	put(&b, 3, 'Z', "1 0");
	section++;
	put(&b, 3, 'H', "engine vmx");
	put_row(&b, 3, 1, "exit.cpuid");
	put(&b, 3, 'Z', "1 0");
	put(&b, 3, 'A', "2 0");
	lines = seq;
	for (unsigned gone = 0; gone + 1 < lines; gone++) {
		struct buf less = BUF_INIT;
		struct lines_account a;
		unsigned i = 0;

		for (char *p = b.data; *p; p += strcspn(p, "\n") + 1, i++)
			if (i != gone && i != gone + 1)
				buf_printf(&less, "%.*s", (int)strcspn(p, "\n") + 1, p);
		a = decode_buf(&less);
		CU_ASSERT(a.sections == 2 && seen.sections == 2 && a.rows + a.rows_lost <= 2 && seen.ends == a.rows);
		CU_ASSERT(a.rows >= 1 || gone == 9 || gone == 10);
	}
	buf_free(&b);

	/* A whole section that did not come is told by the number of the next one, or by the last line. */
	seq = section = 0;
	put(&b, 3, 'H', "engine native");
	put(&b, 3, 'Z', "0 0");
	section = 2;
	put(&b, 3, 'H', "engine svm");
	put(&b, 3, 'Z', "0 0");
	put(&b, 3, 'Z', "0 0");	/* twice makes no sense */
	section = 1;
	put(&b, 3, 'H', "engine vmx");	/* nor does this, so late */
	section = 2;
	put(&b, 3, 'A', "3 1");
	put(&b, 3, 'H', "engine vmx");	/* and nothing behind the last line */
	{
		struct lines_account a = decode_buf(&b);

		CU_ASSERT(a.sections == 3 && a.sections_cut == 1 && a.damaged == 3 && a.boots == 1);
		CU_ASSERT(a.boots_cut == 1);	/* the one that was announced */
	}
}

/* Each line left out in turn. */
static void test_gaps(void)
{
	struct buf b = BUF_INIT;
	unsigned lines;

	put_boot(&b, 7, "svm");
	lines = seq;
	for (unsigned gone = 0; gone < lines; gone++) {
		struct buf less = BUF_INIT;
		struct lines_account a;
		unsigned i = 0;

		for (char *p = b.data; *p; p += strcspn(p, "\n") + 1)
			if (i++ != gone)
				buf_printf(&less, "%.*s", (int)strcspn(p, "\n") + 1, p);
		a = decode_buf(&less);
		CU_ASSERT(a.lost == (gone + 1 < lines) && a.lines == lines - 1);
		/* 4 lines before the rows, 9 each. */
		CU_ASSERT(a.rows == (gone < 4 || gone >= lines - 2 ? 2 : 1));
		CU_ASSERT(a.boots_cut == (gone == lines - 1) && a.sections_cut == (gone == lines - 2));
		CU_ASSERT(a.rows + a.rows_lost == 2 && seen.ends == a.rows && seen.lost == a.rows_lost);
		if (gone == 4)
			CU_ASSERT_STRING_EQUAL(seen.why, "its begin was lost");
	}
	buf_free(&b);
}

/* A whole row gone is known by the count of the last line only. */
static void test_row_gone(void)
{
	struct buf b = BUF_INIT;
	struct lines_account a;

	seq = section = 0;
	put(&b, 3, 'H', "engine vmx");
	put_row(&b, 3, 0, "exit.cpuid");
	seq += 9;
	put(&b, 3, 'Z', "2 0");
	a = decode_buf(&b);
	CU_ASSERT(a.rows == 1 && a.rows_lost == 1 && a.lost == 9 && !a.sections_cut);
}

static void test_sections(void)
{
	struct buf b = BUF_INIT;
	struct lines_account a;

	seq = section = 0;
	put(&b, 3, 'H', "engine native");
	put_row(&b, 3, 0, "exit.cpuid");
	put(&b, 3, 'Z', "1 0");
	section++;
	put(&b, 3, 'H', "engine vmx");
	put(&b, 3, 'X', "unsupported VMX is not there");
	put(&b, 3, 'Z', "0 -1");
	section++;
	put(&b, 3, 'H', "engine svm");
	put(&b, 3, 'B', "0 exit.cpuid");
	put_boot(&b, 4, "vmx");
	a = decode_buf(&b);
	CU_ASSERT(a.boots == 2 && a.sections == 4 && a.sections_cut == 1 && seen.sections == 4);
	CU_ASSERT(a.rows == 3 && a.rows_lost == 1 && seen.refusals == 1);
	CU_ASSERT_STRING_EQUAL(seen.why, "its boot ends in it");
}

/* Texts in several lines are one. */
static void test_texts(void)
{
	char whole[301];
	struct buf b = BUF_INIT;
	struct lines_account a;

	for (int i = 0; i < 300; i++)
		whole[i] = "abcdefghi "[i % 10];
	whole[299] = '.';
	whole[300] = 0;
	seq = section = 0;
	put(&b, 3, 'H', "engine vmx");
	put(&b, 3, 'X', "missing-control %.183s\\", whole);
	put(&b, 3, 'X', "missing-control %s", whole + 183);
	put(&b, 3, 'Z', "0 -1");
	a = decode_buf(&b);
	CU_ASSERT(a.lines == 4 && seen.refusals == 1 && seen.status == -1);
	CU_ASSERT_STRING_EQUAL(seen.text, whole);

	seq = section = 0;
	put(&b, 3, 'H', "engine vmx");
	put(&b, 3, 'R', "requires: EPT: yes");
	put(&b, 3, 'R', "requires: VPID: yes");
	put(&b, 3, 'B', "5 exit.cpuid");
	put(&b, 3, 'L', "5 %.197s\\", whole);
	put(&b, 3, 'L', "5 %s", whole + 197);
	put(&b, 3, 'L', "5 short");
	put(&b, 3, 'E', "5 0 0 0 0x4 0 0 0 4");
	put(&b, 3, 'Z', "1 0");
	a = decode_buf(&b);
	CU_ASSERT(seen.facts == 2 && seen.logs == 2 && seen.ends == 1 && seen.end.flags == GUEST_END_UNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(seen.text, "short");
}

static void test_fault(void)
{
	struct buf b = BUF_INIT;
	struct lines_account a;

	seq = section = 0;
	put(&b, 3, 'B', "2 vmx.vmread");
	put(&b, 3, 'F', "2 13 0x10 0x1000400000 0xdead exit reason 2, triple fault");
	put(&b, 3, 'G', "2 rax=0x1 rcx=0x2 rdx=0x3 r15=0xf");
	put(&b, 3, 'G', "2 rflags=0x46 cr0=0x80000011 cr3=0x1000 cr4=0x20 cpl=0 new=0x5");
	put(&b, 3, 'E', "2 1 10 0 0x20 0 0 0 4");
	a = decode_buf(&b);
	CU_ASSERT(a.rows == 1 && seen.faults == 1 && seen.fault.vector == 13 && seen.fault.error == 0x10);
	CU_ASSERT(seen.fault.gpr[0] == 1 && seen.fault.gpr[1] == 2 && seen.fault.gpr[2] == 3 && seen.fault.gpr[15] == 15);
	CU_ASSERT(seen.fault.rip == 0x1000400000 && seen.fault.cr2 == 0xdead && seen.fault.cr4 == 0x20);
	CU_ASSERT_STRING_EQUAL(seen.fault.what, "exit reason 2, triple fault");

	/* A fault that is not told is none that can be reported. */
	seq = section = 0;
	put(&b, 3, 'B', "2 vmx.vmread");
	put(&b, 3, 'E', "2 1 10 0 0x20 0 0 0 1");
	a = decode_buf(&b);
	CU_ASSERT(a.rows == 0 && a.rows_lost == 1);
}

/* Whole lines with a right checksum that make no sense. */
static void test_senseless(void)
{
	static const struct { char type; const char *payload; } lines[] = {
		{ 'S', "0 1*0" }, { 'S', "0 1*1000001" }, { 'S', "0 4611686018427387904" }, { 'S', "0 1 " }, { 'S', "0  1" },
		{ 'S', "0 1,2" }, { 'S', "0 -1" }, { 'S', "0 " }, { 'S', "0 1*" }, { 'S', "0 0x" }, { 'S', "0" },
		{ 'S', "0 99999999999999999999999" }, { 'D', "0 0 1/2" }, { 'D', "0 4294967296 1/2" }, { 'D', "0 1 2" },
		{ 'D', "0 1 2/3/4" }, { 'P', "0 1/2" }, { 'P', "0 1/2/3/4" }, { 'O', "0 1 2" }, { 'M', "0 1/2" },
		{ 'C', "0 1" }, { 'C', "0 1 2 3" }, { 'E', "0 1 2 3 4 5 6 7" }, { 'E', "0 1 2 4294967296 0 0 0 0 1" },
		{ 'E', "0 1 2 3 0 0 0 0 1 9" }, { 'F', "0 1 2 3" }, { 'F', "0 4294967296 0 0 0 x" }, { 'G', "0 rax" },
		{ 'G', "0 rax=" }, { 'G', "0 =1" }, { 'B', "0 again" }, { 'B', "1024 x" }, { 'B', "1 " }, { 'Q', "0 1" }, { 'Q', "1 0 9 5 4 6 - - a" }, { 'Q', "1 0 9 5 5 4 - - a" }, { 'Q', "1 0 9 - 5 6 - - a" },
		{ 'Q', "9000 0 9 5 5 6 - - a" }, { 'E', "0 9 10 0 0x0 0 0 0 7" }, { 'A', "1" }, { 'A', "2 0" }, { 'A', "1 2" },
		{ 'T', "1 2 a: b | c" }, { 'T', "1 1 : b | c" }, { 'T', "1 1 a b | c" }, { 'T', "1 1 a: b c" }, { 'R', "no colon" }, { 'X', "word" },
		{ 'H', " value" }, { 'Z', "1" }, { 'Z', "1025 0" }, { 'Z', "1 256" }, { 'Z', "1 0 " },
		{ 'B', "3 a-name-of-an-operation-that-is-longer-than-any-that-the-catalogue-could-ever-have" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buf b = BUF_INIT;
		struct lines_account a;

		seq = section = 0;
		put(&b, 3, 'B', "0 exit.cpuid");
		put(&b, 3, lines[i].type, "%s", lines[i].payload);
		put(&b, 3, 'E', "0 1 10 0 0x0 0 0 0 2");
		a = decode_buf(&b);
		if (a.damaged != 1 || a.rows)
			tap_note("%c %s", lines[i].type, lines[i].payload);
		CU_ASSERT(a.damaged == 1 && a.rows == 0 && a.rows_lost == 1 && a.lines == 2);
	}
}

/* What one row may claim is bounded, whatever the lines say. */
static void test_bounds(void)
{
	struct buf b = BUF_INIT;
	struct lines_account a;

	seq = section = 0;
	put(&b, 3, 'B', "0 exit.cpuid");
	put(&b, 3, 'S', "0 5*1000000");
	put(&b, 3, 'E', "0 1000000 10 0 0x0 1000000 0 0 2");
	put(&b, 3, 'B', "1 exit.cpuid");
	put(&b, 3, 'S', "1 5*1000000 6");
	put(&b, 3, 'E', "1 1000001 10 0 0x0 1000001 0 0 2");
	a = decode_buf(&b);
	CU_ASSERT(seen.singles == 2000000 && a.rows == 1 && a.rows_lost == 1);

	/* Numbers that leap are damage, not billions of lost lines. */
	seq = section = 0;
	put(&b, 3, 'B', "0 exit.cpuid");
	seq = 0x7fffffff;
	put(&b, 3, 'E', "0 1 10 0 0x0 0 0 0 0");
	a = decode_buf(&b);
	CU_ASSERT(a.lost == 0 && a.damaged == 1);

	/* More boots than anybody does. */
	for (uint32_t i = 0; i < 2 * LINES_BOOTS_MAX; i++) {
		seq = section = 0;
		put(&b, i + 1, 'H', "engine vmx");
	}
	a = decode_buf(&b);
	CU_ASSERT(a.boots == LINES_BOOTS_MAX && a.beyond == LINES_BOOTS_MAX && !a.damaged);
}

static void test_noise(void)
{
	uint64_t x = 88172645463325252ull;
	struct buf b = BUF_INIT;

	put_boot(&b, 9, "vmx");
	for (unsigned round = 0; round < 3000; round++) {
		char *copy = malloc(b.len);
		struct lines_account a;

		memcpy(copy, b.data, b.len);
		for (unsigned i = 0; i < 20; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			if (round % 3)
				copy[x % b.len] = (char)(x >> 32);
			else
				memmove(copy + x % (b.len / 2), copy + (x >> 20) % (b.len / 2), (x >> 40) % (b.len / 2));
		}
		a = decode(copy, b.len, 1 + x % 500);
		if (seen.singles > 12 || seen.ends > 2 || a.rows > 2) {
			CU_FAIL("more came out than was put in");
			break;
		}
		free(copy);
	}
	buf_free(&b);
	CU_PASS("noise");
}

static const struct tap_test tests[] = {
	{ "a whole capture comes out as it went in, in pieces of any size", test_whole },
	{ "cut after every byte", test_truncated },
	{ "with every byte damaged", test_flipped },
	{ "between, before and inside other people's text", test_foreign },
	{ "lines that came twice count once", test_repeated },
	{ "boots in one another's way, backwards, with CR alone", test_mixed },
	{ "two lines of one number", test_contradiction },
	{ "without any two lines of two sections", test_two_sections },
	{ "without any one line", test_gaps },
	{ "a row of which nothing came", test_row_gone },
	{ "several engines in a boot, several boots in a capture", test_sections },
	{ "texts longer than a line", test_texts },
	{ "a fault with its registers", test_fault },
	{ "lines that are whole and make no sense", test_senseless },
	{ "what is believed is bounded", test_bounds },
	{ "noise", test_noise },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("lines", tests);
}
