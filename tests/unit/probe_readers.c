/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps of other programs: what stands in them becomes records, nothing else does, and damage is
 * told with its place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fileio.h"
#include "probe/readers.h"
#include "probe/snapshot_private.h"
#include "probe/verdict.h"
#include "tests/unit/tap.h"

#define FILE_MAX (1u << 20)

static bool read_machine(const char *name, struct buf *out)
{
	const char *top = getenv("top_srcdir");
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/machines/%s", top ? top : ".", name);
	return file_read(path, FILE_MAX, out, NULL) == 0;
}

/* Exactly (len) bytes of memory, so that a sanitizer sees a look behind them. */
static int load(const char *bytes, size_t len, struct snapshot *s, struct err *e)
{
	char *copy = malloc(len ? len : 1);
	int rc;

	memcpy(copy, bytes, len);
	rc = readers_load(s, copy, len, "f", e);
	free(copy);
	return rc;
}

static int load_text(const char *text, struct snapshot *s, struct err *e)
{
	return load(text, strlen(text), s, e);
}

static bool load_machine(const char *name, struct snapshot *s)
{
	struct buf text = BUF_INIT;
	struct err e = { 0 };
	int rc = -1;

	if (read_machine(name, &text))
		rc = load(text.data, text.len, s, &e);
	if (rc)
		tap_note("%s: %s", name, e.text);
	buf_free(&text);
	return rc == 0;
}

/* ---- what stands in them ---- */

static bool has_cpuid(const struct snapshot *s, int cpu, uint32_t leaf, uint32_t sub, uint32_t ecx)
{
	const struct snap_record *r = snapshot_cpuid(s, cpu, leaf, sub);

	return r && r->regs[2] == ecx;
}

static bool has_msr(const struct snapshot *s, int cpu, uint32_t msr, int err, uint64_t value)
{
	const struct snap_record *r = snapshot_msr(s, cpu, msr);

	return r && r->err == err && r->value == value;
}

static void test_instlatx64(void)
{
	struct snapshot s;

	CU_ASSERT_FATAL(load_machine("dump-conroe.dump", &s));
	CU_ASSERT(s.source == SNAP_FROM_INSTLATX64);
	CU_ASSERT(has_cpuid(&s, 1, 1, 0, 0x0000e3bd));
	CU_ASSERT(has_cpuid(&s, 1, 4, 2, 0xfff));
	/* In a section of their own: the first CPU's. Of a counter read twice the first counts. */
	CU_ASSERT(has_msr(&s, 0, 0x482, 0, 0x77b9fffe0401e172));
	CU_ASSERT(has_msr(&s, 0, 0x48b, EIO, 0));
	CU_ASSERT(has_msr(&s, 0, 0x186, 0, 0));
	CU_ASSERT_PTR_NULL(snapshot_msr(&s, 1, 0x480));
	CU_ASSERT_PTR_NULL(snapshot_msr(&s, -1, 0x48c));
	snapshot_free(&s);
	CU_ASSERT_FATAL(load_machine("dump-nehalem.dump", &s));
	CU_ASSERT(has_msr(&s, 0, 0x48c, 0, 0xf0106114141) && has_msr(&s, 1, 0x48c, 0, 0xf0106114141));
	CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_TEXT, "/sys/class/dmi/id/board_vendor"), "Example");
	CU_ASSERT_PTR_NULL(snapshot_text(&s, SNAP_TEXT, "/sys/class/dmi/id/sys_vendor"));
	snapshot_free(&s);
	CU_ASSERT_FATAL(load_machine("dump-future-hybrid.dump", &s));
	CU_ASSERT(has_msr(&s, 0, 0x492, 0, 0x100000001df) && has_msr(&s, 1, 0x492, 0, 0x16));
	snapshot_free(&s);
	/* Counted from 1, without colons. */
	CU_ASSERT_FATAL(load_machine("dump-k10-svmdis.dump", &s));
	CU_ASSERT(has_cpuid(&s, 0, 0x80000001, 0, 0x37ff) && has_cpuid(&s, 1, 0x80000001, 0, 0x37ff));
	CU_ASSERT(has_msr(&s, 1, 0xc0010114, 0, 0x18));
	CU_ASSERT_PTR_NULL(snapshot_cpuid(&s, 2, 0, 0));
	snapshot_free(&s);
	/* No headings at all. */
	CU_ASSERT_FATAL(load_machine("dump-merom-no-headings.dump", &s));
	CU_ASSERT(snapshot_cpuid(&s, 1, 1, 0)->regs[1] == 0x01020800);
	CU_ASSERT_PTR_NULL(snapshot_cpuid(&s, 2, 0, 0));
	snapshot_free(&s);
}

static void test_others(void)
{
	struct snapshot s;

	CU_ASSERT_FATAL(load_machine("libcpuid-penryn.dump", &s));
	CU_ASSERT(s.source == SNAP_FROM_LIBCPUID);
	CU_ASSERT(has_cpuid(&s, 1, 1, 0, 0x0408e3fd) && has_cpuid(&s, 1, 4, 2, 0xfff));
	CU_ASSERT_PTR_NOT_NULL(snapshot_cpuid(&s, 0, 0x12, 3));
	snapshot_free(&s);
	CU_ASSERT_FATAL(load_machine("libcpuid-zen4.dump", &s));
	CU_ASSERT(s.source == SNAP_FROM_LIBCPUID);
	CU_ASSERT(has_cpuid(&s, 1, 0x80000001, 0, 0x75c237ff) && has_cpuid(&s, 0, 7, 0, 0x405fce));
	snapshot_free(&s);
	CU_ASSERT_FATAL(load_machine("cpuid-r-haswell.dump", &s));
	CU_ASSERT(s.source == SNAP_FROM_CPUID_R);
	CU_ASSERT(has_cpuid(&s, 1, 1, 0, 0x7ffafbff) && has_cpuid(&s, 0, 4, 1, 0x3f));
	snapshot_free(&s);
	CU_ASSERT_FATAL(load_machine("acpi-dmar.dat", &s));
	CU_ASSERT(s.source == SNAP_FROM_ACPI && s.n == 1);
	CU_ASSERT(snapshot_named(&s, SNAP_BLOB, "/sys/firmware/acpi/tables/DMAR")->len == 128);
	snapshot_free(&s);
	/* All of a machine's tables, of which those are kept that tell something. */
	CU_ASSERT_FATAL(load_machine("acpidump-ivrs.dump", &s));
	CU_ASSERT(s.source == SNAP_FROM_ACPI);
	CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_DIR, "/sys/firmware/acpi/tables"),
			       "DSDT\nFACP\nIVRS\n");
	CU_ASSERT_PTR_NOT_NULL(snapshot_named(&s, SNAP_BLOB, "/sys/firmware/acpi/tables/IVRS"));
	CU_ASSERT_PTR_NULL(snapshot_named(&s, SNAP_BLOB, "/sys/firmware/acpi/tables/DSDT"));
	snapshot_free(&s);
}

/* Forms of headings and lines that the machines have not, each with the CPU it must be for. */
static void test_headings(void)
{
	static const char line[] = "CPUID 00000000: 00000002-756E6547-6C65746E-49656E69 [GenuineIntel]\n";
	static const struct { const char *text; int cpu; } rows[] = {
		{ "CPU#003 AffMask: 0x0000000000000008\n", 3 },
		{ "  CPU#003 AffMask: 0x8\r\n", 3 },
		{ "------[ Logical CPU #12 ]------\n", 12 },
		{ "______ Logical CPU #1 ______\n", 1 },
		{ "CPUID Registers (CPU #0):\n", 0 },
		{ "CPUID Registers (CPU #4):\n", 3 },
		{ "Group: 0x00 Affinity mask: 0x01\n", 0 },
		{ "\xef\xbb\xbf" "CPU#001 AffMask\n", 1 },
		{ "CPU#65535\n", 65535 },
		{ "CPU#: four\nMSR 00000010: < SKIPPED >\n  ", 0 },
		{ "CPUID CPU Name    : CPU#\xb5\nCPUID Revision    : 0000065Bh\n", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text = BUF_INIT;
		struct snapshot s;
		struct err e = { 0 };

		buf_puts(&text, rows[i].text);
		buf_puts(&text, line);
		CU_ASSERT(load(text.data, text.len, &s, &e) == 0);
		CU_ASSERT(s.n == 1 && s.rec[0].cpu == rows[i].cpu);
		if (s.n != 1 || s.rec[0].cpu != rows[i].cpu)
			tap_note("%s%s", rows[i].text, e.text);
		snapshot_free(&s);
		buf_free(&text);
	}
}

/* MSRs behind the last of several CPUs only, under no heading of theirs: the first CPU's. */
static void test_general_msrs(void)
{
	static const char cpus[] =
		"CPU#000 AffMask: 0x1\nCPUID 00000000: 00000002-756E6547-6C65746E-49656E69\n"
		"CPU#001 AffMask: 0x2\nCPUID 00000000: 00000002-756E6547-6C65746E-49656E69\n";
	struct buf text = BUF_INIT;
	struct snapshot s;
	struct err e;

	buf_puts(&text, cpus);
	buf_puts(&text, "\nMSR 0000003A: 0000-0000-0000-0005\nMSR 00000480: < FAILED >\n");
	CU_ASSERT_FATAL(load(text.data, text.len, &s, &e) == 0);
	CU_ASSERT(has_msr(&s, 0, 0x3a, 0, 5) && has_msr(&s, 0, 0x480, EIO, 0));
	CU_ASSERT_PTR_NULL(snapshot_msr(&s, 1, 0x3a));
	snapshot_free(&s);
	buf_free(&text);
}

/* ---- damage ---- */

/* Is every register and table of (part) one of (whole), with the same value? */
static bool is_part(const struct snapshot *part, const struct snapshot *whole)
{
	for (size_t i = 0; i < part->n; i++) {
		const struct snap_record *r = &part->rec[i], *w = NULL;

		if (r->kind == SNAP_CPUID)
			w = snapshot_cpuid(whole, r->cpu, r->num, r->sub);
		else if (r->kind == SNAP_MSR)
			w = snapshot_msr(whole, r->cpu, r->num);
		else if (r->kind == SNAP_BLOB)
			w = snapshot_named(whole, SNAP_BLOB, r->name);
		else
			continue;
		if (!w || w->err != r->err || w->value != r->value || w->len != r->len ||
		    memcmp(w->regs, r->regs, sizeof(r->regs)) != 0 ||
		    (r->len && memcmp(w->data, r->data, r->len) != 0))
			return false;
	}
	return true;
}

static bool judged(const struct snapshot *s)
{
	struct verdict v;
	json_t *document = NULL;

	if (verdict_make(&v, s) == 0)
		document = probe_json(s, &v, 1);
	json_decref(document);
	verdict_free(&v);
	return document;
}

static void cut_everywhere(const char *name, const struct buf *text)
{
	struct snapshot whole, s;
	struct err e;
	unsigned bad = 0;

	CU_ASSERT_FATAL(load(text->data, text->len, &whole, &e) == 0);
	for (size_t len = 0; len < text->len; len++) {
		int rc = load(text->data, len, &s, &e);

		if (rc == 0 ? !is_part(&s, &whole) || (len % 16 == 0 && !judged(&s)) :
			      rc != -EINVAL || strncmp(e.text, "f:", 2) != 0 || s.rec)
			bad++;
		snapshot_free(&s);
	}
	if (bad)
		tap_note("%s: %u lengths", name, bad);
	CU_ASSERT(bad == 0);
	snapshot_free(&whole);
}

/* Each byte replaced by others: told or taken, nothing worse. */
static void change_everywhere(const struct buf *text)
{
	static const char others[] = { '\0', '\n', ' ', '9', 'F', '\xff' };
	struct snapshot s;
	struct err e;

	for (size_t i = 0; i < text->len; i++) {
		char was = text->data[i];

		text->data[i] = others[i % sizeof(others)];
		if (load(text->data, text->len, &s, &e) == 0 && i % 64 == 0)
			CU_ASSERT(judged(&s));
		snapshot_free(&s);
		text->data[i] = was;
	}
}

static bool is_dump(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".dump") == 0 || strcmp(dot, ".dat") == 0);
}

static void test_damage(void)
{
	const char *top = getenv("top_srcdir");
	struct dirent **entries;
	char path[4096];
	int n;

	snprintf(path, sizeof(path), "%s/tests/machines", top ? top : ".");
	n = scandir(path, &entries, NULL, alphasort);
	CU_ASSERT(n > 0);
	for (int i = 0; i < n; i++) {
		struct buf text = BUF_INIT;

		if (is_dump(entries[i]->d_name) && read_machine(entries[i]->d_name, &text)) {
			cut_everywhere(entries[i]->d_name, &text);
			change_everywhere(&text);
		}
		buf_free(&text);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* How much of (text) the whole lines in its first (len) bytes are. */
static size_t front(const struct buf *text, size_t len)
{
	while (len && text->data[len - 1] != '\n')
		len--;
	return len;
}

/* Dumps of real processors, one of each form and size. */
static void test_corpus(void)
{
	static const char *const names[] = {
		"cpuid/amd/k5/amd-k5-pr100.test",
		"cpuid/amd/k8/amd-turion-dual-core-rm-70.test",
		"cpuid/amd/k10/amd-athlon-ii-x2-280-processor.test",
		"cpuid/amd/zen2/amd-ryzen-7-5700u-with-radeon-graphics.test",
		"cpuid/intel/x86-atom/goldmont/intel-atom-cpu-c3958.test",
		"acpi/00089523C3BB_1.dmar",
		"acpi/08BBC0E3A256_1.ivrs",
	};
	const char *corpus = getenv("VTSCOPE_CORPUS");
	unsigned done = 0;

	for (size_t i = 0; corpus && i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf text = BUF_INIT;
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", corpus, names[i]);
		if (file_read(path, FILE_MAX, &text, NULL) == 0) {
			/* The front will do for many CPUs. */
			text.len = text.len > 12000 ? front(&text, 12000) : text.len;
			cut_everywhere(names[i], &text);
			done++;
		}
		buf_free(&text);
	}
	if (!done)
		tap_skip("no corpus of dumps (VTSCOPE_CORPUS)");
}

static void test_hostile(void)
{
	static const struct { const char *text, *wrong; } bad[] = {
		{ "", "f:1: not a recorded machine" },
		{ "hello\n", "f:1: not a recorded machine" },
		{ "CPUID 00000000: 00000002-756E6547-6C65746E-49656E69\nCPUID 0000000", "f:2: a leaf" },
		{ "CPUID 00000000: 00000002-756E6547-6C65746E-4965\n", "f:1: four registers" },
		{ "CPUID 00000000: 00000002-756E6547-6C65746E-49656E69 [SL 0x]\n", "f:1: a bad subleaf" },
		{ "CPUID 00000000: 00000002-756E6547-6C65746E-49656E69\nCPU#65536\n", "f:2: a CPU with a" },
		{ "CPUID 00000000: 00000002-756E6547-6C65746E-49656E69\nMSR 00000480: 00DA-0400\n",
		  "f:2: four times" },
		{ "CPUID 00000000: 00000002-756E6547-6C65746E-49656E69\nMSR 00000480: < FAIL\n",
		  "f:2: neither" },
		{ "CPUID 00000000: 00000002-756E6547-6C65746E-49656E69\nMSR 480: 1\n", "f:2: an MSR of" },
		{ "basic_cpuid[0]=00000002 756e6547 6c65746e\n", "f:1: four registers" },
		{ "basic_cpuid[99999]=0\n", "f:1: a bad index" },
		{ "basic_cpuid[-1]=0\n", "f:1: a bad index" },
		{ "basic_cpuid[0]=00000002 756e6547 6c65746e 49656e69 0\n", "f:1: more on the line" },
		{ "   0x00000000 0x00: eax=0x00000002 ebx=0x756e6547 ecx=0x6c65746e\n", "f:1: four" },
		{ "CPU:\n   0x00000000 0x00: eax=0x00000002\n   0x00000001", "f:2: four" },
		{ "DMAR @ 0x1000\n  0000: 44 4D 41 52 30 00 00 00\n", "the length that it names" },
		{ "DMAR @ 0x1000\n  0010: 44 4D 41 52\n", "f:2: the offset" },
		{ "DMAR @ 0x1000\n  0000: 44 4D 4\n", "f:2: what stands before" },
		{ "DMAR @ 0x1000\n  zzzz: 44\n", "f:2: an offset" },
		{ "DMAR @ 0x1000\n\n", "f:2: what stands before" },
		{ "RSDP @ 0x1000\n  0000: 52\n", "f:2: no table" },
	};
	struct snapshot s;
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int rc = load_text(bad[i].text, &s, &e);

		if (rc != -EINVAL || !strstr(e.text, bad[i].wrong))
			tap_note("%s gave %d %s", bad[i].text, rc, rc ? e.text : "");
		CU_ASSERT(rc == -EINVAL && strstr(e.text, bad[i].wrong));
		snapshot_free(&s);
	}
}

/* A table too short, too long, of another kind, with other bytes behind it. */
/* More caches than processors have: libcpuid, which is asked for what no table of ours names, has no room for them. */
static void test_many_caches(void)
{
	static const char *const head[] = {
		"CPUID 00000000: 0000000D-756E6547-6C65746E-49656E69\n",
		"CPUID 00000000: 00000010-68747541-444D4163-69746E65\nCPUID 80000000: 8000001E-68747541-444D4163-69746E65\n"
		"CPUID 80000001: 00000000-00000000-00400000-00000000\n",
	};
	static const char *const leaf[] = { "00000004", "8000001D" };

	for (size_t i = 0; i < 2; i++) {
		struct buf text = BUF_INIT;
		struct machine_id m;
		struct snapshot s;
		struct err e;

		buf_puts(&text, head[i]);
		for (int cache = 0; cache < 8; cache++)
			buf_printf(&text, "CPUID %s: 04000121-01C0003F-0000003F-00000001 [SL %02X]\n", leaf[i], cache);
		CU_ASSERT_FATAL(load(text.data, text.len, &s, &e) == 0);
		CU_ASSERT(snapshot_cpuid(&s, 0, (uint32_t)strtoul(leaf[i], NULL, 16), 7) != NULL);
		machine_identify(&s, NULL, &m);
		CU_ASSERT_STRING_EQUAL(m.vendor, i ? "AuthenticAMD" : "GenuineIntel");
		snapshot_free(&s);
		buf_free(&text);
	}
}

static void test_acpi(void)
{
	struct buf dmar = BUF_INIT, two = BUF_INIT;
	struct snapshot s;
	struct err e;

	CU_ASSERT_FATAL(read_machine("acpi-dmar.dat", &dmar));
	/* Whether the sum is right is for who decodes it. */
	dmar.data[60] ^= 1;
	CU_ASSERT(load(dmar.data, dmar.len, &s, &e) == 0);
	snapshot_free(&s);
	buf_append(&two, dmar.data, dmar.len);
	buf_append(&two, "junk behind", 11);
	CU_ASSERT(load(two.data, two.len, &s, &e) == -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "f: offset 128: not an ACPI table"));
	/* Of a table that nobody means, the sum tells that it is one. */
	memcpy(dmar.data, "MSDM", 4);
	CU_ASSERT(load(dmar.data, dmar.len, &s, &e) == -EINVAL && strstr(e.text, "f:1: not a recorded"));
	dmar.data[9] = 0;
	for (size_t i = 0, sum = 0; i <= dmar.len; i++)
		if (i < dmar.len)
			sum += (unsigned char)dmar.data[i];
		else
			dmar.data[9] = -sum;
	CU_ASSERT(load(dmar.data, dmar.len, &s, &e) == -EINVAL && strstr(e.text, "no table that tells"));
	buf_free(&dmar);
	buf_free(&two);
}

static void test_bounds(void)
{
	static const char line[] = "CPUID 00000000: 00000002-756E6547-6C65746E-49656E69\n";
	struct buf text = BUF_INIT;
	struct snapshot s;
	struct err e;

	buf_puts(&text, line);
	for (int i = 0; i < 20000; i++)
		buf_puts(&text, "x");
	CU_ASSERT(load(text.data, text.len, &s, &e) == -EINVAL && strstr(e.text, "f:2: the line is too long"));
	/* More CPUs than there can be, without a heading. */
	buf_clear(&text);
	for (int i = 0; i < 70000; i++)
		buf_puts(&text, line);
	CU_ASSERT(load(text.data, text.len, &s, &e) == -EINVAL && strstr(e.text, "f:65537: a CPU"));
	buf_clear(&text);
	buf_puts(&text, "CPU#0\n");
	for (int i = 0; i < 1100000; i++)
		buf_puts(&text, line);
	CU_ASSERT(load(text.data, text.len, &s, &e) == -EINVAL && strstr(e.text, "more CPUs and registers"));
	buf_free(&text);
}

/* ---- a folder ---- */

static char root[] = "/tmp/vtscope-readers.XXXXXX";

static const char *in_root(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	return path;
}

static void put_at(const char *name, uint64_t offset, const void *data, size_t len)
{
	int fd = open(in_root(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CU_ASSERT(fd >= 0 && pwrite(fd, data, len, (off_t)offset) == (ssize_t)len);
	close(fd);
}

static void remove_root(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	CU_ASSERT(system(command) == 0);
}

static void test_sysroot_files(void)
{
	const uint32_t leaf0[4] = { 2, 0x756e6547, 0x6c65746e, 0x49656e69 };
	const uint32_t leaf1[4] = { 0x506e3, 0x800, 0x7ffafbff, 0xbfebfbff };
	const uint32_t extended[4] = { 0x80000008, 0, 0, 0 };
	const uint64_t locked = 1;
	const struct snap_record *r;
	struct snapshot s;
	struct err e = { 0 };

	put_at("dev/cpu/1/cpuid", 0, leaf0, sizeof(leaf0));
	put_at("dev/cpu/1/cpuid", 16, leaf1, sizeof(leaf1));
	put_at("dev/cpu/1/cpuid", 16 * 0x80000000ull, extended, sizeof(extended));
	put_at("dev/cpu/1/msr", 8 * 0x3a, &locked, sizeof(locked));
	put_at("dev/cpu/2/msr", 0, "0x3a 5\n480: da04\n", 17);
	put_at("proc/cpuinfo", 0, "flags : fpu\n", 12);
	put_at("proc/sys/kernel/osrelease", 0, "6.1.0\n", 6);
	put_at("sys/class/iommu/dmar0/intel-iommu/cap", 0, "d2008c40660462\n", 15);
	CU_ASSERT(symlink("/proc/cmdline", in_root("proc/cmdline")) == 0);
	CU_ASSERT(symlink("../proc/cpuinfo", in_root("proc/misc")) == 0);
	CU_ASSERT(mkdir(in_root("sys/kernel"), 0700) == 0 && mkdir(in_root("sys/kernel/security"), 0700) == 0 &&
		  mkdir(in_root("sys/kernel/security/lockdown"), 0700) == 0);
	CU_ASSERT(mkfifo(in_root("dev/kmsg"), 0600) == 0);
	CU_ASSERT(mkfifo(in_root("dev/cpu/2/cpuid"), 0600) == 0);
	CU_ASSERT_FATAL(readers_read(&s, root, &e) == 0);
	CU_ASSERT(s.source == SNAP_FROM_SYSROOT);
	CU_ASSERT(has_cpuid(&s, 1, 1, 0, 0x7ffafbff));
	CU_ASSERT_PTR_NOT_NULL(snapshot_cpuid(&s, 1, 0x80000000, 0));
	/* Holes are no records. */
	CU_ASSERT_PTR_NULL(snapshot_cpuid(&s, 1, 2, 0));
	CU_ASSERT(has_msr(&s, 1, 0x3a, 0, 1) && has_msr(&s, 2, 0x3a, 0, 5) && has_msr(&s, 2, 0x480, 0, 0xda04));
	CU_ASSERT_PTR_NULL(snapshot_msr(&s, 1, 0x480));
	CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_SYS, "uname.release"), "6.1.0");
	CU_ASSERT_PTR_NOT_NULL(snapshot_text(&s, SNAP_TEXT, "/sys/class/iommu/dmar0/intel-iommu/cap"));
	CU_ASSERT_STRING_EQUAL(snapshot_text(&s, SNAP_TEXT, "/proc/misc"), "flags : fpu\n");
	/* A link to this machine's own file, a folder in a file's place: errors. Missing: nothing. */
	r = snapshot_named(&s, SNAP_TEXT, "/proc/cmdline");
	CU_ASSERT(r && r->err == EXDEV);
	r = snapshot_named(&s, SNAP_TEXT, "/sys/kernel/security/lockdown");
	CU_ASSERT(r && r->err == EISDIR);
	CU_ASSERT_PTR_NULL(snapshot_named(&s, SNAP_TEXT, "/dev/kmsg"));
	CU_ASSERT_PTR_NULL(snapshot_named(&s, SNAP_NODE, "/dev/kvm"));
	CU_ASSERT_PTR_NULL(snapshot_named(&s, SNAP_SYS, "euid"));
	for (size_t i = 0; i < s.n; i++)
		CU_ASSERT(s.rec[i].kind != SNAP_KVM && s.rec[i].kind != SNAP_TOOL);
	CU_ASSERT(judged(&s));
	snapshot_free(&s);
}

static void test_sysroot(void)
{
	struct snapshot s;
	struct err e = { 0 };

	CU_ASSERT_FATAL(mkdtemp(root) != NULL);
	CU_ASSERT(readers_read(&s, root, &e) == -EINVAL && strstr(e.text, "a folder without"));
	test_sysroot_files();
	put_at("dev/cpu/2/msr", 0, "0x3a 5\n480: da04", 16);
	CU_ASSERT(truncate(in_root("dev/cpu/2/msr"), 16) == 0);
	CU_ASSERT(readers_read(&s, root, &e) == -EINVAL && strstr(e.text, "/dev/cpu/2/msr:2: cut short"));
	put_at("dev/cpu/2/msr", 0, "0x3a zz\n", 8);
	CU_ASSERT(readers_read(&s, root, &e) == -EINVAL && strstr(e.text, "/dev/cpu/2/msr:1: not an MSR's value"));
	CU_ASSERT(readers_read(&s, "/nonexistent/machine", &e) == -ENOENT);
	remove_root();
}

static const struct tap_test tests[] = {
	{ "InstLatx64's and AIDA64's dumps, with their MSRs", test_instlatx64 },
	{ "libcpuid, cpuid -r, acpidump, tables as they are", test_others },
	{ "headings of every form", test_headings },
	{ "MSRs that stand once are the first CPU's", test_general_msrs },
	{ "dumps cut at every byte and changed at every byte give nothing that was not in them",
	  test_damage },
	{ "dumps of real processors, cut at every byte", test_corpus },
	{ "bad lines are told with their place", test_hostile },
	{ "more caches than processors have", test_many_caches },
	{ "bad tables are told with their place", test_acpi },
	{ "lines, CPUs and records have bounds", test_bounds },
	{ "a folder is read, this machine is not", test_sysroot },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("readers", tests);
}
