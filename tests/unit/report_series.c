/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A result set as lanes, rows and gaps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/series.h"
#include "report_fixture.h"
#include "tap.h"

static const struct series_row *row_of(const struct series *s, const char *op)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (!strcmp(s->row[i].op, op))
			return &s->row[i];
	CU_FAIL("the row is missing");
	return &s->row[0];
}

static double ratio(const struct series *s, const char *op, size_t lane)
{
	const struct series_row *row = row_of(s, op);
	struct series_cell c = { series_at(s, row, lane), lane };

	return c.r ? series_ratio(s, row, &c) : NAN;
}

static void test_lanes(void)
{
	static const char *const labels[] = {
		"native (process, hardware)",
		"kvm (kvm_pvm, software)",
		"qemu-kvm (QEMU 7.2.22, kvm_pvm, software)",
		"tcg (QEMU 7.2.22 TCG, software)",
	};
	struct result_set r;
	struct series s;

	fixture_make(&r, "rich");
	CU_ASSERT_EQUAL_FATAL(series_make(&s, &r), 0);
	CU_ASSERT_EQUAL_FATAL(s.n_lanes, 4);
	CU_ASSERT_EQUAL(s.n_cycles, 4);
	for (size_t i = 0; i < 4; i++) {
		CU_ASSERT_STRING_EQUAL(s.lane[i].label, labels[i]);
		CU_ASSERT_EQUAL(s.lane[i].style, i);
	}
	CU_ASSERT_STRING_EQUAL(s.row[0].op, "nano.syscall");	/* the catalogue's order */
	series_free(&s);
	result_set_free(&r);
}

static void test_native(void)
{
	struct result_set r;
	struct series s;

	fixture_make(&r, "rich");
	CU_ASSERT_EQUAL_FATAL(series_make(&s, &r), 0);
	CU_ASSERT_DOUBLE_EQUAL(ratio(&s, "nano.call-ret", 1), 9870 / 4.6, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(ratio(&s, "cpu.alu.k", 1), 3980 / 3.02, 1e-9); /* native .u serves .k */
	CU_ASSERT_DOUBLE_EQUAL(ratio(&s, "mem.copy.k", 3), 188000 / 2650.0, 1e-9);
	CU_ASSERT(isnan(ratio(&s, "nano.pgfault", 1)));		/* native was not measured */
	CU_ASSERT(isnan(ratio(&s, "nano.call-ret", 0)));		/* native to itself */
	series_free(&s);
	result_set_free(&r);
}

static void test_emulated(void)
{
	struct result_set r;
	struct series s;

	fixture_make(&r, "emulated");
	CU_ASSERT_EQUAL_FATAL(series_make(&s, &r), 0);
	CU_ASSERT_EQUAL_FATAL(s.n_lanes, 2);
	CU_ASSERT_EQUAL(s.n_cycles, 1);
	CU_ASSERT_FALSE(s.lane[1].cycles);
	CU_ASSERT(row_has_cycles(&s, row_of(&s, "exit.cpuid")));
	CU_ASSERT_FALSE(row_has_cycles(&s, row_of(&s, "vmx.vmread.GUEST_RIP")));
	series_free(&s);
	/* Neither an instruction count nor a provenance that nobody knows makes cycles. */
	strcpy(r.result[0].clock, "instructions");
	strcpy(r.result[1].provenance, "fast!");
	strcpy(r.result[1].clock, "tsc");
	CU_ASSERT_EQUAL_FATAL(series_make(&s, &r), 0);
	CU_ASSERT_EQUAL(s.n_cycles, 0);
	series_free(&s);
	/* An emulated native is no denominator. */
	strcpy(r.result[0].clock, "tsc");
	strcpy(r.result[1].engine, "native");
	strcpy(r.result[1].provenance, "emulated");
	CU_ASSERT_EQUAL_FATAL(series_make(&s, &r), 0);
	CU_ASSERT(isnan(row_of(&s, "exit.cpuid")->native));
	series_free(&s);
	result_set_free(&r);
}

static void test_gaps(void)
{
	struct result_set r;
	struct series s;
	size_t n = 0;

	fixture_make(&r, "rich");
	CU_ASSERT_EQUAL_FATAL(series_make(&s, &r), 0);
	CU_ASSERT_STRING_EQUAL(s.gap[0].item[0]->engine, "native");
	CU_ASSERT(s.gap[0].n > 10);		/* one reason, many operations */
	for (size_t i = 0; i < s.n_gaps; i++)
		n += s.gap[i].n;
	CU_ASSERT_EQUAL(n, r.n_skipped);	/* none is lost */
	CU_ASSERT_STRING_EQUAL(series_missing(&s, "nano.syscall", "kvm"), "failed");
	CU_ASSERT_STRING_EQUAL(series_missing(&s, "nano.syscall", "qemu-kvm"), "unverified");
	CU_ASSERT_STRING_EQUAL(series_missing(&s, "exit.hlt", "tcg"), "skipped");
	CU_ASSERT_STRING_EQUAL(series_missing(&s, "no.such", "tcg"), "–");
	series_free(&s);
	result_set_free(&r);
}

/* The same row many times over: every one stands somewhere, and a row holds a lane once. */
static void test_repeats(void)
{
	enum { N = 200 };
	struct result_set r;
	struct series s;
	size_t seen = 0;

	fixture_make(&r, "minimal");
	r.result = realloc(r.result, N * sizeof(*r.result));
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.result);
	for (; r.n_results < N; r.n_results++) {
		r.result[r.n_results] = r.result[0];
		r.result[r.n_results].launch = NULL;
		r.result[r.n_results].n_launches = 0;
		r.result[r.n_results].hist = NULL;
		r.result[r.n_results].n_hist = 0;
		if (r.n_results % 3 == 0)
			strcpy(r.result[r.n_results].engine, "tcg");
	}
	CU_ASSERT_EQUAL_FATAL(series_make(&s, &r), 0);
	for (size_t i = 0; i < s.n_rows; i++) {
		seen += s.row[i].n;
		for (size_t k = 1; k < s.row[i].n; k++)
			CU_ASSERT(s.cell[s.row[i].first + k - 1].lane <
				  s.cell[s.row[i].first + k].lane);
	}
	CU_ASSERT_EQUAL(seen, N);
	series_free(&s);
	result_set_free(&r);
}

static void test_styles(void)
{
	enum { N = 12 };
	struct result_set r;
	struct series s;
	unsigned used = 0;

	fixture_make(&r, "minimal");
	r.result = realloc(r.result, N * sizeof(*r.result));
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.result);
	for (; r.n_results < N; r.n_results++) {
		r.result[r.n_results] = r.result[0];
		r.result[r.n_results].launch = NULL;
		r.result[r.n_results].hist = NULL;
		snprintf(r.result[r.n_results].backend, sizeof(r.result[0].backend), "backend %zu",
			 r.n_results);
	}
	CU_ASSERT_EQUAL_FATAL(series_make(&s, &r), 0);
	CU_ASSERT_EQUAL(s.n_lanes, N);
	for (size_t i = 0; i < s.n_lanes; i++) {
		CU_ASSERT(s.lane[i].style == LANE_STYLES || !(used & 1u << s.lane[i].style));
		used |= 1u << s.lane[i].style;
	}
	CU_ASSERT_EQUAL(used, (1u << (LANE_STYLES + 1)) - 1);
	series_free(&s);
	result_set_free(&r);
}

/* What was read in the source, once more by hand: a wrong digit in one of the two is seen. */
static void test_literature(void)
{
	static const struct { const char *op; unsigned native, native_derived, software, software_derived, hardware;
	} read[] = {
		{ "nano.in", 3209, 0, 3209 / 15 + 1, 1, 15826 },	/* "fifteen times faster" */
		{ "nano.cr8wr", 4 * 35, 1, 35, 0, 0 },			/* "about four times faster than native" */
		{ "nano.call-ret", 11, 0, 51, 0, 11 },
		{ "nano.pgfault", 1093, 0, 3927, 0, 11242 },
		{ "nano.divzero", 889, 0, 3223, 0, 1014 },
		{ "nano.ptemod", 1, 0, 391, 0, 12733 },
	}, is[] = {
#define PAPER2006(op, native, native_derived, software, software_derived, hardware) \
		{ op, native, native_derived, software, software_derived, hardware },
#include "report/literature.def"
#undef PAPER2006
	};

	CU_ASSERT_EQUAL_FATAL(sizeof(is), sizeof(read));
	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		CU_ASSERT_STRING_EQUAL(is[i].op, read[i].op);
		CU_ASSERT(is[i].native == read[i].native && is[i].native_derived == read[i].native_derived);
		CU_ASSERT(is[i].software == read[i].software && is[i].software_derived == read[i].software_derived);
		CU_ASSERT_EQUAL(is[i].hardware, read[i].hardware);
	}
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "lanes are named with backend and provenance, in one order", test_lanes },
		{ "ratios to native: same operation, .u for .k, else none", test_native },
		{ "what was emulated or counted is not on the axis of cycles", test_emulated },
		{ "gaps are grouped by reason and none is lost", test_gaps },
		{ "repeated measurements get rows of their own", test_repeats },
		{ "no two lanes look the same", test_styles },
		{ "the paper's numbers are the paper's", test_literature },
		{ 0 }
	};

	return tap_run("report_series", tests);
}
