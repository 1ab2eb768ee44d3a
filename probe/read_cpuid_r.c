/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output of cpuid -r: "CPU 0:", then a line a subleaf, "   0x00000001 0x00: eax=0x00050654
 * ebx=0x00400800 ecx=0x7ffefbff edx=0xbfebfbff". Old versions leave the subleaf out, and write
 * "CPU:" where one CPU was asked for.
 */
#include "common/cpulist.h"
#include "probe/read_private.h"

struct state {
	struct snapshot *s;
	uint32_t cpu;
	bool headed;	/* a "CPU" line was there */
};

static bool take_leaf(const char **at, const char *end, uint32_t *leaf)
{
	take_blanks(at, end);
	return take_text(at, end, "0x") && take_hex32(at, end, leaf);
}

/* Behind the leaf: where it is a register line at all. */
static bool take_sub(const char **at, const char *end, uint32_t *sub)
{
	const char *p = *at;
	uint64_t v = 0;

	if (take_blanks(&p, end) && (!take_text(&p, end, "0x") || !take_hex(&p, end, 1, 8, &v)))
		return false;
	if (!take_text(&p, end, ":"))
		return false;
	*at = p;
	*sub = v;
	return true;
}

static bool is_register_line(const char *at, const char *end)
{
	uint32_t leaf, sub;

	return take_leaf(&at, end, &leaf) && take_sub(&at, end, &sub) && take_blanks(&at, end) &&
	       take_text(&at, end, "eax=0x");
}

static bool is_cpuid_r(const char *bytes, size_t len)
{
	return lines_any(bytes, len, is_register_line);
}

/* "CPU 3:", or "CPU:" for the next one. Other lines say nothing. */
static const char *read_heading(struct state *st, const char *at, const char *end)
{
	uint32_t cpu = st->headed ? st->cpu + 1 : 0;

	if (!take_text(&at, end, "CPU"))
		return NULL;
	if (take_blanks(&at, end) && !take_number(&at, end, CPULIST_MAX - 1, &cpu))
		return NULL;
	if (!take_text(&at, end, ":"))
		return NULL;
	st->cpu = cpu;
	st->headed = true;
	return NULL;
}

static const char *read_line(struct state *st, const char *at, const char *end)
{
	static const char *const names[] = { "eax=0x", "ebx=0x", "ecx=0x", "edx=0x" };
	const char *line = at;
	uint32_t leaf, sub, regs[4];

	if (!take_leaf(&at, end, &leaf))
		return read_heading(st, line, end);
	if (!take_sub(&at, end, &sub))
		return "a subleaf and a colon are missing";
	for (int i = 0; i < 4; i++)
		if (!take_blanks(&at, end) || !take_text(&at, end, names[i]) ||
		    !take_hex32(&at, end, &regs[i]))
			return "four registers of eight digits are missing";
	return read_add_cpuid(st->s, st->cpu, leaf, sub, regs);
}

static int load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e)
{
	struct state st = { .s = s };
	const char *wrong = NULL;
	struct lines l;

	snapshot_init(s);
	lines_init(&l, bytes, len);
	while (!wrong && lines_next(&l))
		wrong = l.eol - l.at > READ_LINE_MAX ? "the line is too long" :
						       read_line(&st, l.at, l.eol);
	return read_finish(s, SNAP_FROM_CPUID_R, name, l.number, wrong, e);
}

const struct reader reader_cpuid_r = {
	.name = "cpuid-r",
	.doc = "what cpuid -r prints",
	.is = is_cpuid_r,
	.load = load,
};
