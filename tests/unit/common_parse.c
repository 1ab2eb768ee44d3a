/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/cpulist.h"
#include "common/digest.h"
#include "common/parse.h"
#include "tests/unit/tap.h"

static void test_u64(void)
{
	static const struct { const char *text; int base; int ret; uint64_t value; } rows[] = {
		{ "0", 10, 0, 0 },
		{ "18446744073709551615", 10, 0, UINT64_MAX },
		{ "18446744073709551616", 10, -ERANGE, 0 },
		{ "99999999999999999999999999", 10, -ERANGE, 0 },
		{ "ffffffffffffffff", 16, 0, UINT64_MAX },
		{ "0xFFFFFFFFFFFFFFFF", 16, 0, UINT64_MAX },
		{ "10000000000000000", 16, -ERANGE, 0 },
		{ "0x1f", 0, 0, 31 },
		{ "017", 0, 0, 15 },
		{ "017", 10, 0, 17 },
		{ "18", 0, 0, 18 },
		{ "", 10, -EINVAL, 0 },
		{ "0x", 0, -EINVAL, 0 },
		{ "-1", 10, -EINVAL, 0 },
		{ "+1", 10, -EINVAL, 0 },
		{ " 1", 10, -EINVAL, 0 },
		{ "1 ", 10, -EINVAL, 0 },
		{ "1\n", 10, -EINVAL, 0 },
		{ "0x0x1", 0, -EINVAL, 0 },
		{ "08", 0, -EINVAL, 0 },
		{ "12a", 10, -EINVAL, 0 },
		{ "99999999999999999999999999z", 10, -EINVAL, 0 },
		{ "1", 37, -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t v = 4711;
		int ret = parse_u64(rows[i].text, rows[i].base, &v);

		if (ret != rows[i].ret || v != (ret ? 4711 : rows[i].value))
			tap_note("'%s' base %d: %d %llu", rows[i].text, rows[i].base, ret,
				 (unsigned long long)v);
		CU_ASSERT(ret == rows[i].ret);
		CU_ASSERT(v == (ret ? 4711 : rows[i].value));
	}
}

static void test_double(void)
{
	static const char *const bad[] = { "", "-", ".", "e5", "nan", "inf", "-inf", "0x1p3", " 1", "1 ",
					   "1,5", "+1", "1.2.3", "1e", "--1", "1-" };
	double v = 0;

	CU_ASSERT(parse_double("2.5", 0, 10, &v) == 0 && v == 2.5);
	CU_ASSERT(parse_double("-.5e1", -5, 0, &v) == 0 && v == -5);
	CU_ASSERT(parse_double("1e3", 0, 1000, &v) == 0 && v == 1000);
	CU_ASSERT(parse_double("10.0001", 0, 10, &v) == -ERANGE);
	CU_ASSERT(parse_double("-0.1", 0, 10, &v) == -ERANGE);
	CU_ASSERT(parse_double("1e999", 0, INFINITY, &v) == -ERANGE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int ret = parse_double(bad[i], -1e9, 1e9, &v);

		if (ret != -EINVAL)
			tap_note("'%s': %d", bad[i], ret);
		CU_ASSERT(ret == -EINVAL);
	}
	CU_ASSERT(v == 1000);
}

static void test_size(void)
{
	uint64_t v = 0;

	CU_ASSERT(parse_size("0", &v) == 0 && v == 0);
	CU_ASSERT(parse_size("64M", &v) == 0 && v == 64ull << 20);
	CU_ASSERT(parse_size("3k", &v) == 0 && v == 3072);
	CU_ASSERT(parse_size("17179869183G", &v) == 0 && v == 17179869183ull << 30);
	CU_ASSERT(parse_size("17179869184G", &v) == -ERANGE);
	CU_ASSERT(parse_size("18446744073709551616", &v) == -ERANGE);
	CU_ASSERT(parse_size("99999999999999999999999999999999999999999999999K", &v) == -ERANGE);
	CU_ASSERT(parse_size("", &v) == -EINVAL);
	CU_ASSERT(parse_size("K", &v) == -EINVAL);
	CU_ASSERT(parse_size("-1K", &v) == -EINVAL);
	CU_ASSERT(parse_size("1KK", &v) == -EINVAL);
	CU_ASSERT(parse_size("1T", &v) == -EINVAL);
	CU_ASSERT(parse_size("0x10", &v) == -EINVAL);
}

static void test_nearest(void)
{
	static const char *const names[] = { "exit.cpuid", "exit.hlt", "nano.in", "nano.syscall", "kvm",
					     "tcg" };
	const size_t n = sizeof(names) / sizeof(names[0]);
	char longer[4096];
	const char *found;

	found = nearest_name("exit.cpuit", names, n);
	CU_ASSERT(found && !strcmp(found, "exit.cpuid"));
	found = nearest_name("nano.sycsall", names, n);
	CU_ASSERT(found && !strcmp(found, "nano.syscall"));
	found = nearest_name("kmv", names, n);
	CU_ASSERT(found && !strcmp(found, "kvm"));
	found = nearest_name("kvm", names, n);
	CU_ASSERT(found && !strcmp(found, "kvm"));
	CU_ASSERT(!nearest_name("mem.chase.32k", names, n));
	CU_ASSERT(!nearest_name("xy", names, n));
	CU_ASSERT(!nearest_name("", names, n));
	CU_ASSERT(!nearest_name("kvm", names, 0));
	memset(longer, 'k', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	CU_ASSERT(!nearest_name(longer, names, n));
}

static void test_cpulist(void)
{
	static const struct { const char *in; int ret; const char *out; } rows[] = {
		{ "0-3,8\n", 0, "0-3,8" },
		{ "8,0-3", 0, "0-3,8" },
		{ "0", 0, "0" },
		{ "", 0, "" },
		{ "\n", 0, "" },
		{ "1,1,1-2,2", 0, "1-2" },
		{ "63-64,127,128", 0, "63-64,127-128" },
		{ "65535", 0, "65535" },
		{ "0-65535", 0, "0-65535" },
		{ "65536", -ERANGE, "" },
		{ "0-65536", -ERANGE, "" },
		{ "0-99999999999999999999", -ERANGE, "" },
		{ "3-1", -EINVAL, "" },
		{ "-1", -EINVAL, "" },
		{ "1-", -EINVAL, "" },
		{ "1,", -EINVAL, "" },
		{ ",1", -EINVAL, "" },
		{ "1,,2", -EINVAL, "" },
		{ "1-2-3", -EINVAL, "" },
		{ "0-10:2/4", -EINVAL, "" },
		{ "1 ", -EINVAL, "" },
		{ "1\n\n", -EINVAL, "" },
		{ "\n1", -EINVAL, "" },
		{ "0x1", -EINVAL, "" },
		{ "all", -EINVAL, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text = BUF_INIT;
		struct cpulist l;
		int ret = cpulist_parse(&l, rows[i].in);

		cpulist_format(&l, &text);
		if (ret != rows[i].ret || strcmp(buf_str(&text), rows[i].out))
			tap_note("'%s': %d '%s'", rows[i].in, ret, buf_str(&text));
		CU_ASSERT(ret == rows[i].ret);
		CU_ASSERT_STRING_EQUAL(buf_str(&text), rows[i].out);
		cpulist_free(&l);
		buf_free(&text);
	}
}

/* A million wide ranges: a hostile list must not cost a million times its width. */
static void test_cpulist_long(void)
{
	struct buf text = BUF_INIT;
	struct cpulist l;

	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "0-65535,");
	buf_puts(&text, "0");
	CU_ASSERT(cpulist_parse(&l, buf_str(&text)) == 0);
	CU_ASSERT(l.n == CPULIST_MAX);
	cpulist_free(&l);
	buf_free(&text);
}

static void test_cpulist_add(void)
{
	static const unsigned cpus[] = { 5, 1, 9, 5, 0, 1 };
	struct cpulist l = { 0 };
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
		CU_ASSERT(cpulist_add(&l, cpus[i]) == 0);
	CU_ASSERT(cpulist_add(&l, CPULIST_MAX) == -ERANGE);
	CU_ASSERT(l.n == 4);
	cpulist_format(&l, &text);
	CU_ASSERT_STRING_EQUAL(buf_str(&text), "0-1,5,9");
	cpulist_free(&l);
	buf_free(&text);
}

/* Check values of the CRC catalogue and of the FNV reference. */
static void test_digest(void)
{
	uint32_t crc;

	CU_ASSERT(crc32_of(0, "", 0) == 0);
	CU_ASSERT(crc32_of(0, "123456789", 9) == 0xcbf43926);
	crc = crc32_of(0, "12345", 5);
	CU_ASSERT(crc32_of(crc, "6789", 4) == 0xcbf43926);
	CU_ASSERT(fnv1a64(FNV1A64_INIT, "", 0) == 0xcbf29ce484222325ull);
	CU_ASSERT(fnv1a64(FNV1A64_INIT, "a", 1) == 0xaf63dc4c8601ec8cull);
	CU_ASSERT(fnv1a64(FNV1A64_INIT, "foobar", 6) == 0x85944171f73967e8ull);
}

static void test_uuid(void)
{
	char a[37], b[37];

	uuid_random(a);
	uuid_random(b);
	CU_ASSERT(strlen(a) == 36);
	CU_ASSERT(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
	CU_ASSERT(strspn(a, "0123456789abcdef-") == 36);
	CU_ASSERT(a[14] == '4');
	CU_ASSERT(strchr("89ab", a[19]) != NULL);
	CU_ASSERT(strcmp(a, b) != 0);
}

static const struct tap_test tests[] = {
	{ "whole unsigned numbers only, overflow told apart", test_u64 },
	{ "decimal numbers within their limits", test_double },
	{ "sizes with K, M and G", test_size },
	{ "the nearest name, or none", test_nearest },
	{ "CPU lists, good and hostile", test_cpulist },
	{ "a long list of wide ranges is quick", test_cpulist_long },
	{ "adding CPUs keeps order and drops doubles", test_cpulist_add },
	{ "CRC-32 and FNV-1a check values", test_digest },
	{ "random UUIDs have their form", test_uuid },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("parse", tests);
}
