/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The snapshot: what is added is found, what is written is read back, what is damaged is
 * refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "probe/readers.h"
#include "probe/snapshot.h"
#include "tests/unit/tap.h"

/* One record of each kind, failed ones and awkward bytes among them. */
static void fill(struct snapshot *s)
{
	static const unsigned char awkward[] = { 0,   1,    '\n', '\t', '"', '\\',
						 ' ', 0x7f, 0x80, 0xff, 'x' };
	const uint32_t regs[4] = { 1, 0xffffffff, 0, 0x80000000 };
	int rc = 0;

	snapshot_init(s);
	rc |= snapshot_add_cpuid(s, 3, 0x80000001, 7, regs);
	rc |= snapshot_add_cpuid(s, 1, 0x80000001, 7, regs);
	rc |= snapshot_add_cpuid(s, 1, 0, 0, regs);
	rc |= snapshot_add_msr(s, 0, 0x3a, 0, 0xfedcba9876543210);
	rc |= snapshot_add_msr(s, 1, 0x3a, EIO, 99);
	rc |= snapshot_add_msr(s, 2, 0x3a, 4000, 99);
	rc |= snapshot_add_data(s, SNAP_TEXT, "/proc/a b", 0, "line\nline\n", 10);
	rc |= snapshot_add_data(s, SNAP_TEXT, "/gone", ENOENT, NULL, 0);
	rc |= snapshot_add_data(s, SNAP_BLOB, "/blob", 0, awkward, sizeof(awkward));
	rc |= snapshot_add_data(s, SNAP_BLOB, "/empty", 0, NULL, 0);
	rc |= snapshot_add_data(s, SNAP_DIR, "/dir", 0, "a\nb\n", 4);
	rc |= snapshot_add_node(s, "/dev/kvm", 0, 020660, 10, 232);
	rc |= snapshot_add_node(s, "/dev/none", ENOENT, 1, 2, 3);
	rc |= snapshot_add_kvm(s, "open", 0, 0, 1);
	rc |= snapshot_add_kvm(s, "cap", 157, 0, 0);
	rc |= snapshot_add_kvm(s, "run", 0, ETIME, 5);
	rc |= snapshot_add_data(s, SNAP_TOOL, "gnuplot", 0, "/usr/bin/gnuplot", 16);
	rc |= snapshot_add_data(s, SNAP_SYS, "euid", 0, "0", 1);
	CU_ASSERT_FATAL(rc == 0);
}

static void test_lookups(void)
{
	struct snapshot s;

	fill(&s);
	/* Before and after the index is made. */
	for (int i = 0; i < 2; i++) {
		CU_ASSERT(snapshot_cpuid(&s, -1, 0x80000001, 7)->cpu == 1);
		CU_ASSERT(snapshot_cpuid(&s, 3, 0x80000001, 7)->cpu == 3);
		CU_ASSERT_PTR_NULL(snapshot_cpuid(&s, 2, 0x80000001, 7));
		CU_ASSERT_PTR_NULL(snapshot_cpuid(&s, -1, 0x80000001, 6));
		CU_ASSERT(snapshot_msr(&s, 0, 0x3a)->value == 0xfedcba9876543210);
		CU_ASSERT(snapshot_msr(&s, 1, 0x3a)->err == EIO);
		CU_ASSERT(snapshot_msr(&s, 1, 0x3a)->value == 0);
		CU_ASSERT_PTR_NULL(snapshot_msr(&s, 3, 0x3a));
		CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_TEXT, "/proc/a b"), "line\nline\n");
		CU_ASSERT_PTR_NULL(snapshot_text(&s, SNAP_TEXT, "/gone"));
		CU_ASSERT(snapshot_named(&s, SNAP_TEXT, "/gone")->err == ENOENT);
		CU_ASSERT_PTR_NULL(snapshot_named(&s, SNAP_TEXT, "/never"));
		CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_BLOB, "/empty"), "");
		CU_ASSERT(snapshot_named(&s, SNAP_NODE, "/dev/kvm")->num == 10);
		CU_ASSERT(snapshot_kvm(&s, "cap", 157)->value == 0);
		CU_ASSERT_PTR_NULL(snapshot_kvm(&s, "cap", 158));
		CU_ASSERT(snapshot_index(&s) == 0);
	}
	/* Added behind the index, found all the same; the first of two counts. */
	CU_ASSERT(snapshot_add_kvm(&s, "cap", 158, 0, 1) == 0);
	CU_ASSERT(snapshot_add_kvm(&s, "cap", 157, 0, 9) == 0);
	CU_ASSERT(snapshot_kvm(&s, "cap", 158)->value == 1);
	CU_ASSERT(snapshot_kvm(&s, "cap", 157)->value == 0);
	snapshot_free(&s);
}

static void test_round_trip(void)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct snapshot s, back;
	char digest[17], again[17];
	struct err e;

	fill(&s);
	CU_ASSERT(snapshot_write(&s, &first) == 0);
	CU_ASSERT_FATAL(snapshot_load(&back, first.data, first.len, "x", &e) == 0);
	CU_ASSERT(back.source == SNAP_FROM_SNAPSHOT);
	CU_ASSERT_STRING_EQUAL(back.source_name, "x");
	CU_ASSERT(back.n == s.n);
	CU_ASSERT(snapshot_write(&back, &second) == 0);
	CU_ASSERT_STRING_EQUAL(buf_str(&first), buf_str(&second));
	snapshot_digest(&s, digest);
	snapshot_digest(&back, again);
	CU_ASSERT_STRING_EQUAL(digest, again);
	CU_ASSERT(strlen(digest) == 16);
	buf_free(&first);
	buf_free(&second);
	snapshot_free(&s);
	snapshot_free(&back);
}

/* Loads exactly (len) bytes: a read behind them is found by the sanitizer. */
static int load(const char *bytes, size_t len, struct err *e)
{
	char *copy = malloc(len ? len : 1);
	struct snapshot s;
	int rc;

	memcpy(copy, bytes, len);
	rc = readers_load(&s, copy, len, "f", e);
	if (rc)
		CU_ASSERT(s.n == 0 && !s.rec && !s.order);
	snapshot_free(&s);
	free(copy);
	return rc;
}

static void test_prefixes(void)
{
	struct buf text = BUF_INIT;
	struct snapshot s;
	struct err e;

	fill(&s);
	CU_ASSERT(snapshot_write(&s, &text) == 0);
	CU_ASSERT(load(text.data, text.len, &e) == 0);
	for (size_t n = 0; n < text.len; n++) {
		e.text[0] = '\0';
		if (load(text.data, n, &e) != -EINVAL || strncmp(e.text, "f:", 2) != 0)
			CU_FAIL("a prefix was taken");
	}
	/* More than there is, too. */
	buf_puts(&text, "\n");
	CU_ASSERT(load(text.data, text.len, &e) == -EINVAL);
	buf_free(&text);
	snapshot_free(&s);
}

/* Every single byte changed: the checksum or the grammar refuses it. */
static void test_damage(void)
{
	struct buf text = BUF_INIT;
	struct snapshot s;
	struct err e;

	fill(&s);
	CU_ASSERT(snapshot_write(&s, &text) == 0);
	for (size_t i = 0; i < text.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			text.data[i] ^= 1 << bit;
			if (load(text.data, text.len, &e) != -EINVAL)
				CU_FAIL("damage was taken");
			text.data[i] ^= 1 << bit;
		}
	buf_free(&text);
	snapshot_free(&s);
}

/* A snapshot with (body), sealed as it should be. */
static int load_body(const char *body, size_t records, struct err *e)
{
	struct buf text = BUF_INIT;
	int rc;

	buf_printf(&text, "vtscope-snapshot 1\n%s", body);
	buf_printf(&text, "end %zu %08x\n", records, crc32_of(0, text.data, text.len));
	rc = load(text.data, text.len, e);
	buf_free(&text);
	return rc;
}

static void test_hostile(void)
{
	static const struct { const char *body, *wrong; } bad[] = {
		{ "nonsense 1\n", "not a kind of record" },
		{ "\n", "a value is missing" },
		{ " msr 0 0000003a 0000000000000005\n", "a value is missing" },
		{ "msr 0 0000003a\n", "a value is missing" },
		{ "msr 0 0000003a \n", "a value is missing" },
		{ "msr 0 0000003a 5 \n", "more on the line" },
		{ "msr 0 0000003a 5 5\n", "more on the line" },
		{ "msr -1 0000003a 5\n", "not a number" },
		{ "msr 65536 0000003a 5\n", "not a number" },
		{ "msr 99999999999999999999 3a 5\n", "not a number" },
		{ "msr 0 10000003a 5\n", "not a number" },
		{ "msr 0 0x3a 5\n", "not a number" },
		{ "msr 0 3a 10000000000000000\n", "not a number" },
		{ "msr 0 3a 55555555555555555555555555555555555555555\n", "too long" },
		{ "msr 0 3a !EWHAT\n", "not an error" },
		{ "msr 0 3a !0\n", "not an error" },
		{ "msr 0 3a !4096\n", "not an error" },
		{ "msr 0 3a !-5\n", "not an error" },
		{ "cpuid 0 0 0 1 2 3\n", "a value is missing" },
		{ "cpuid 0 0 0 !EIO\n", "not a number" },
		{ "text /a \"x\"\n", "a quoted string is missing" },
		{ "text \"/a\"\n", "a quoted string is missing" },
		{ "text \"/a\" x\n", "a quoted string is missing" },
		{ "text \"/a\" \"x\n", "a string does not end" },
		{ "text \"/a\" \"x\\\n", "a bad character or escape" },
		{ "text \"/a\" \"\\q\"\n", "a bad character or escape" },
		{ "text \"/a\" \"\\x4\"\n", "a bad character or escape" },
		{ "text \"/a\" \"\\x4G\"\n", "a bad character or escape" },
		{ "text \"/a\" \"\t\"\n", "a bad character or escape" },
		{ "text \"/a\" \"\xc3\xa9\"\n", "a bad character or escape" },
		{ "text \"\" \"x\"\n", "an empty name" },
		{ "text \"a\\x00b\" \"x\"\n", "a NUL in one" },
		{ "text \"/a\" \"x\" \"y\"\n", "more on the line" },
		{ "text \"/a\" \"x\"\ntext \"/a\" \"y\"\n", "a second record" },
		{ "node \"/a\" 8 1 2\n", "not a number" },
		{ "node \"/a\" 777 1\n", "a value is missing" },
		{ "kvm \"cap\" x 1\n", "not a number" },
		{ "kvm \"cap\" 1\n", "a value is missing" },
	};
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t records = 0;
		int rc;

		for (const char *c = bad[i].body; *c; c++)
			records += *c == '\n';
		rc = load_body(bad[i].body, records, &e);
		if (rc != -EINVAL || !strstr(e.text, bad[i].wrong))
			tap_note("%s gave %d %s", bad[i].body, rc, rc ? e.text : "");
		CU_ASSERT(rc == -EINVAL);
		CU_ASSERT(rc && strstr(e.text, bad[i].wrong));
	}
	CU_ASSERT(load_body("msr 0 3a 5\n", 1, &e) == 0);
	CU_ASSERT(load_body("msr 0 3a 5\n", 2, &e) == -EINVAL);
	CU_ASSERT(load_body("msr 65535 ffffffff ffffffffffffffff\nmsr 0 0 !4095\n", 2, &e) == 0);
	CU_ASSERT(load("", 0, &e) == -EINVAL);
	CU_ASSERT(load("vtscope-snapshot 2\nend 0 00000000\n", 34, &e) == -EINVAL);
}

/* The line of what is wrong is told. */
static void test_where(void)
{
	struct err e;

	CU_ASSERT(load_body("msr 0 3a 5\nmsr 1 3a 5\nmsr 2 3a what\n", 3, &e) == -EINVAL);
	CU_ASSERT(strncmp(e.text, "f:4: ", 5) == 0);
	CU_ASSERT(load_body("msr 0 3a 5\nmsr 1 3a 5\nmsr 0 3a 6\n", 3, &e) == -EINVAL);
	CU_ASSERT(strncmp(e.text, "f:4: ", 5) == 0);
}

/* Many records that all look alike must not take long to sort, or to find. */
static void test_many(void)
{
	struct buf body = BUF_INIT;
	struct err e;

	for (unsigned i = 0; i < 200000; i++)
		buf_printf(&body, "msr %u %08x 5\n", i % 50000, i / 50000);
	CU_ASSERT(load_body(buf_str(&body), 200000, &e) == 0);
	buf_free(&body);
}

static void test_redact(void)
{
	struct snapshot s;
	static const char cmdline[] =
		"BOOT_IMAGE=/vmlinuz root=UUID=1234 ip=dhcp:::host7 intel_iommu=on kvm_intel.nested=1 quiet\n";
	static const char cgroup[] = "0::/system.slice/docker-0123456789abcdef.scope\n";
	const uint32_t serial[4] = { 1, 2, 3, 4 };

	snapshot_init(&s);
	snapshot_add_data(&s, SNAP_TEXT, "/proc/cmdline", 0, cmdline, sizeof(cmdline) - 1);
	snapshot_add_data(&s, SNAP_TEXT, "/proc/self/cgroup", 0, cgroup, sizeof(cgroup) - 1);
	snapshot_add_data(&s, SNAP_DIR, "/sys/module", 0, "acme_payroll\nkvm\nkvm_amd\n", 25);
	snapshot_add_cpuid(&s, 0, 3, 0, serial);
	CU_ASSERT(snapshot_redact(&s) == 0);
	CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_TEXT, "/proc/cmdline"),
			       "intel_iommu=on kvm_intel.nested=1\n");
	CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_TEXT, "/proc/self/cgroup"), "docker\n");
	CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_DIR, "/sys/module"), "kvm\nkvm_amd\n");
	CU_ASSERT(snapshot_cpuid(&s, 0, 3, 0)->regs[2] == 0);
	snapshot_free(&s);
}

static const struct tap_test tests[] = {
	{ "records are found, before the index and with it", test_lookups },
	{ "what was written is read back the same", test_round_trip },
	{ "every prefix of a file is refused", test_prefixes },
	{ "every flipped bit is refused", test_damage },
	{ "hostile lines are refused, each for its reason", test_hostile },
	{ "the line of the fault is told", test_where },
	{ "200,000 records load in bounded time", test_many },
	{ "redaction keeps what matters and nothing of the owner", test_redact },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("snapshot", tests);
}
