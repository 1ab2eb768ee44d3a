/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcpuid's raw dumps as it writes them itself: "basic_cpuid[1]=00000f62 00020800 0000e43d
 * bfebfbff", one array a family of leaves. With several CPUs a line with "Logical CPU #1"
 * stands before each. What follows the registers in libcpuid's own test files is not read.
 */
#include <string.h>

#include "common/cpulist.h"
#include "probe/read_private.h"

#define ARRAY_MAX 4096u		/* highest index accepted */

/* The leaf that an array "NAME[" begins with, and whether its index counts leaves or subleaves. */
struct array {
	uint32_t base;
	bool by_leaf;
};

/*
 * "basic_cpuid[", "ext_cpuid[", "intel_fn11[" (decimal), "intel_fn12h[", "amd_fn8000001dh["
 * (hexadecimal by the h).
 */
static bool take_array(const char **at, const char *end, struct array *out)
{
	const char *digits, *p;
	uint32_t decimal;
	uint64_t hex;

	*out = (struct array){ .by_leaf = true };
	if (take_text(at, end, "basic_cpuid["))
		return true;
	out->base = 0x80000000;
	if (take_text(at, end, "ext_cpuid["))
		return true;
	if (!take_text(at, end, "intel_fn") && !take_text(at, end, "amd_fn"))
		return false;
	out->by_leaf = false;
	digits = p = *at;
	if (take_number(&p, end, UINT32_MAX, &decimal) && take_text(&p, end, "[")) {
		out->base = decimal;
		*at = p;
		return true;
	}
	p = digits;
	if (!take_hex(&p, end, 1, 8, &hex) || !take_text(&p, end, "h["))
		return false;
	out->base = hex;
	*at = p;
	return true;
}

static bool is_array_line(const char *at, const char *end)
{
	struct array a;

	return take_array(&at, end, &a);
}

static bool is_libcpuid(const char *bytes, size_t len)
{
	return lines_any(bytes, len, is_array_line);
}

/* "_________________ Logical CPU #1 _________________" */
static const char *read_heading(const char *at, const char *end, uint32_t *cpu)
{
	while (at < end && (*at == '_' || *at == '-' || *at == ' '))
		at++;
	if (take_text(&at, end, "Logical CPU #") && !take_number(&at, end, CPULIST_MAX - 1, cpu))
		return "a CPU without a number";
	return NULL;
}

static const char *read_line(struct snapshot *s, const char *at, const char *end, uint32_t *cpu)
{
	uint32_t index, regs[4];
	struct array a;

	if (!take_array(&at, end, &a))
		return read_heading(at, end, cpu);
	if (!take_number(&at, end, ARRAY_MAX, &index) || !take_text(&at, end, "]="))
		return "a bad index";
	for (int i = 0; i < 4; i++)
		if ((i && !take_text(&at, end, " ")) || !take_hex32(&at, end, &regs[i]))
			return "four registers of eight digits are missing";
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at != end)
		return "more on the line than four registers";
	return read_add_cpuid(s, *cpu, a.base + (a.by_leaf ? index : 0), a.by_leaf ? 0 : index, regs);
}

static int load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e)
{
	const char *wrong = NULL;
	uint32_t cpu = 0;
	struct lines l;

	snapshot_init(s);
	lines_init(&l, bytes, len);
	while (!wrong && lines_next(&l))
		wrong = l.eol - l.at > READ_LINE_MAX ? "the line is too long" :
						       read_line(s, l.at, l.eol, &cpu);
	return read_finish(s, SNAP_FROM_LIBCPUID, name, l.number, wrong, e);
}

const struct reader reader_libcpuid = {
	.name = "libcpuid",
	.doc = "libcpuid's raw dumps (cpuid_tool --save), of one CPU or all",
	.is = is_libcpuid,
	.load = load,
};
