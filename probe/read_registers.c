/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register dumps as AIDA64 writes them, InstLatx64 collects them and libcpuid takes them:
 *
 *	CPU#000 AffMask: 0x0000000000000001
 *	CPUID 00000007: 00000001-219C91A9-00400004-00000000 [SL 00]
 *	MSR 00000480: 00DA-0400-0000-0011 [text]
 *	MSR 0000003A: < FAILED >
 *
 * with headings of several kinds, and free text in between in whatever encoding.
 */
#include <errno.h>
#include <string.h>

#include "common/cpulist.h"
#include "probe/read_private.h"

struct state {
	struct snapshot *s;
	uint32_t cpu;		/* whose lines these are */
	uint32_t leaf, n_leaf;	/* the leaf of the line before, and how many lines of it there were */
	uint32_t first;		/* the CPU of the first CPUID line */
	bool headed;		/* a line told the CPU's number */
	bool began;		/* there was a CPUID line */
	bool from_one, zero;	/* headings of the kind that counts from 1; a CPU 0 all the same */
	bool instlat;		/* something stands in it that libcpuid does not write */
	bool general;		/* in a section of MSRs that names no CPU */
};

/* ---- lines of registers ---- */

/* What stands behind "CPUID " or "MSR ": a number, as far as it goes. */
static bool take_index(const char **at, const char *end, const char *what, size_t *digits)
{
	const char *p = *at, *start;
	bool any = false;

	take_blanks(&p, end);
	if (!take_text(&p, end, what) || !take_blanks(&p, end))
		return false;
	for (start = p; p < end && strchr("0123456789abcdefABCDEF", *p) && *p; p++)
		any |= *p <= '9';
	/* "CPUID CPU Name", "CPUID ABCD" and the like are text. */
	if (!any || (p < end && *p != ':' && *p != ' ' && *p != '\t'))
		return false;
	*digits = p - start;
	*at = start;
	return true;
}

static bool is_cpuid_line(const char *at, const char *end)
{
	size_t digits;

	return take_index(&at, end, "CPUID", &digits) && digits == 8;
}

static bool is_registers(const char *bytes, size_t len)
{
	return lines_any(bytes, len, is_cpuid_line);
}

/* The colon, which some versions leave out. */
static bool take_colon(const char **at, const char *end)
{
	const char *start = *at;

	take_blanks(at, end);
	take_text(at, end, ":");
	take_blanks(at, end);
	return *at > start;
}

/* "[SL 0B]" somewhere behind the registers: 1 and (sub), 0: none, -1: a bad one. */
static int find_sub(const char *at, const char *end, uint32_t *sub)
{
	uint64_t v;

	for (; at < end; at++) {
		if (!take_text(&at, end, "[SL "))
			continue;
		if (!take_hex(&at, end, 1, 8, &v) || !take_text(&at, end, "]"))
			return -1;
		*sub = v;
		return 1;
	}
	return 0;
}

/* Leaves whose subleaves count up without gaps: lines without a bracket are theirs in order. */
static bool counts_up(uint32_t leaf)
{
	return leaf == 0x4 || leaf == 0xb || leaf == 0x1f || leaf == 0x8000001d || leaf == 0x80000026;
}

static const char *read_cpuid(struct state *st, const char *at, const char *end, size_t digits)
{
	uint32_t leaf, sub = 0, regs[4];
	int bracket;

	if (digits != 8 || !take_hex32(&at, end, &leaf) || !take_colon(&at, end))
		return "a leaf of eight digits is missing";
	for (int i = 0; i < 4; i++)
		if ((i && !take_text(&at, end, "-")) || !take_hex32(&at, end, &regs[i]))
			return "four registers of eight digits are missing";
	bracket = find_sub(at, end, &sub);
	if (bracket < 0)
		return "a bad subleaf";
	/* Without headings, the next CPU begins with its first leaf. */
	if (leaf == 0 && sub == 0 && st->began && !st->headed)
		st->cpu++;
	if (!st->began)
		st->first = st->cpu;
	st->began = true;
	st->general = false;
	st->n_leaf = leaf == st->leaf ? st->n_leaf + 1 : 0;
	st->leaf = leaf;
	if (!bracket && counts_up(leaf))
		sub = st->n_leaf;
	return read_add_cpuid(st->s, st->cpu, leaf, sub, regs);
}

static const char *read_msr(struct state *st, const char *at, const char *end, size_t digits)
{
	unsigned cpu = st->general && st->began ? st->first : st->cpu;
	uint64_t part, value = 0;
	uint32_t msr;

	st->instlat = true;
	if (digits != 8 || !take_hex32(&at, end, &msr) || !take_colon(&at, end))
		return "an MSR of eight digits is missing";
	if (take_text(&at, end, "<")) {
		if (!memchr(at, '>', end - at))
			return "neither a value nor < FAILED >";
		/* RDMSR faulted; any other word tells nothing of the MSR. */
		take_blanks(&at, end);
		return take_text(&at, end, "FAILED") ? read_add_msr(st->s, cpu, msr, EIO, 0) : NULL;
	}
	for (int i = 0; i < 4; i++) {
		if ((i && !take_text(&at, end, "-")) || !take_hex(&at, end, 4, 4, &part))
			return "four times four digits are missing";
		value = value << 16 | part;
	}
	return read_add_msr(st->s, cpu, msr, 0, value);
}

/* ---- headings ---- */

static void begin_cpu(struct state *st, uint32_t cpu)
{
	st->cpu = cpu;
	st->headed = true;
	st->general = false;
	st->n_leaf = 0;
	st->leaf = UINT32_MAX;
	st->zero |= cpu == 0;
}

/*
 * "CPU#000 AffMask: ...", "------[ CPUID Registers / Logical CPU #0 ]------", "------[ MSR
 * Registers / Logical CPU #0 ]------", "___ Logical CPU #0 ___", "CPUID Registers (CPU #1):",
 * "MSR Registers (CPU #1 Virtual):".
 */
static const char *read_numbered(struct state *st, const char *at, const char *end)
{
	static const struct { const char *text; bool from_one, instlat; } forms[] = {
		{ "CPU#", false, true },
		{ "Logical CPU #", false, false },
		{ "CPUID Registers / Logical CPU #", false, false },
		{ "MSR Registers / Logical CPU #", false, true },
		{ "CPUID Registers (CPU #", true, false },
		{ "MSR Registers (CPU #", true, true },
	};
	uint32_t cpu;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!take_text(&at, end, forms[i].text))
			continue;
		if (at == end || *at < '0' || *at > '9')
			return NULL;
		if (!take_number(&at, end, CPULIST_MAX - 1, &cpu))
			return "a CPU with a number that no machine has";
		begin_cpu(st, cpu);
		st->from_one |= forms[i].from_one;
		st->instlat |= forms[i].instlat;
		return NULL;
	}
	return NULL;
}

/* Facts of the mainboard that AIDA64 writes before the registers. No serial numbers. */
static const char *read_dmi(struct state *st, const char *at, const char *end)
{
	static const struct { const char *text, *path; } rows[] = {
		{ "DMI SYS Manufacturer:", "/sys/class/dmi/id/sys_vendor" },
		{ "DMI SYS Product     :", "/sys/class/dmi/id/product_name" },
		{ "DMI MB Manufacturer :", "/sys/class/dmi/id/board_vendor" },
		{ "DMI MB Product      :", "/sys/class/dmi/id/board_name" },
		{ "DMI BIOS Version    :", "/sys/class/dmi/id/bios_version" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!take_text(&at, end, rows[i].text))
			continue;
		take_blanks(&at, end);
		if (at < end && snapshot_add_data(st->s, SNAP_TEXT, rows[i].path, 0, at, end - at))
			return READ_NO_MEMORY;
		return NULL;
	}
	return NULL;
}

static const char *read_heading(struct state *st, const char *at, const char *end)
{
	while (at < end && (*at == '_' || *at == '-' || *at == '[' || *at == ' '))
		at++;
	if (take_text(&at, end, "DMI "))
		return read_dmi(st, at - 4, end);
	if (take_text(&at, end, "Versions ]"))
		st->instlat = true;
	/* A CPU that only its affinity names. */
	if (take_text(&at, end, "Group: ")) {
		st->instlat = true;
		begin_cpu(st, st->headed || st->began ? st->cpu + 1 : 0);
		return NULL;
	}
	if (end - at >= 13 && memcmp(at, "MSR Registers", 13) == 0) {
		st->instlat = true;
		st->general = true;
	}
	return read_numbered(st, at, end);
}

/* ---- the whole ---- */

static const char *read_line(struct state *st, const char *at, const char *end)
{
	size_t digits;

	if (end - at > READ_LINE_MAX)
		return "the line is too long";
	if (take_index(&at, end, "CPUID", &digits))
		return read_cpuid(st, at, end, digits);
	if (take_index(&at, end, "MSR", &digits))
		return read_msr(st, at, end, digits);
	return read_heading(st, at, end);
}

/* Everest counted CPUs from 1. */
static void count_from_zero(struct state *st)
{
	if (!st->from_one || st->zero)
		return;
	for (size_t i = 0; i < st->s->n; i++)
		if (st->s->rec[i].cpu > 0)
			st->s->rec[i].cpu--;
}

/*
 * MSRs behind the last CPU only are not that CPU's more than another's: they were read once,
 * where the program happened to be, and are shown for the first CPU.
 */
static void give_to_first(struct snapshot *s)
{
	int first = -1, last = -1;

	for (size_t i = 0; i < s->n; i++)
		if (s->rec[i].kind == SNAP_CPUID) {
			first = first < 0 ? s->rec[i].cpu : first;
			last = s->rec[i].cpu;
		}
	for (size_t i = 0; i < s->n; i++)
		if (s->rec[i].kind == SNAP_MSR && s->rec[i].cpu != last)
			return;
	for (size_t i = 0; i < s->n && first >= 0; i++)
		if (s->rec[i].kind == SNAP_MSR)
			s->rec[i].cpu = first;
}

static int load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e)
{
	struct state st = { .s = s, .leaf = UINT32_MAX };
	const char *wrong = NULL;
	struct lines l;

	snapshot_init(s);
	lines_init(&l, bytes, len);
	while (!wrong && lines_next(&l))
		wrong = read_line(&st, l.at, l.eol);
	if (!wrong) {
		count_from_zero(&st);
		give_to_first(s);
	}
	return read_finish(s, st.instlat ? SNAP_FROM_INSTLATX64 : SNAP_FROM_LIBCPUID, name,
			   l.number, wrong, e);
}

const struct reader reader_registers = {
	.name = "instlatx64",
	.doc = "register dumps of AIDA64 and InstLatx64 with their MSRs, and libcpuid's test files",
	.is = is_registers,
	.load = load,
};
