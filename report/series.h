/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * series.h - a result set arranged for reading: engines as lanes, operations as rows, what is
 * missing grouped by its reason. Pure; everything is borrowed from the result set. Only report/
 * includes this.
 */
#ifndef VTSCOPE_REPORT_SERIES_H
#define VTSCOPE_REPORT_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/op.h"
#include "bench/result.h"

/*
 * One kind of carrier: engine, backend, provenance. Lanes of real cycles come first; what ran on
 * a simulated processor, or was clocked in instructions, is never put on their axis.
 */
struct lane {
	const struct result *first;	/* its names */
	bool cycles;			/* real TSC ticks */
	unsigned style;			/* lane_styles[] */
	char label[200];		/* "kvm (kvm_pvm, software)" */
};

struct series_cell { const struct result *r; size_t lane; };

/* An operation. One that a lane measured twice (two kinds of memory) has a second row. */
struct series_row {
	const char *op;
	const struct op *known;		/* in the catalogue, or NULL */
	size_t first, n;		/* cells, by lane */
	double native;			/* median that ratios refer to, NAN: not measured here */
};

/* Rows that are missing for one reason; of fields of the VMCS without the field's name, which stands in front of it. */
struct series_gap { const struct skipped *const *item; size_t n; };

/* Why a cell is empty. */
struct series_absent { const char *op, *engine, *word; };

struct series {
	const struct result_set *set;
	struct lane *lane; size_t n_lanes, n_cycles;	/* the first (n_cycles) are on the axis */
	struct series_row *row;
	size_t n_rows; /* in the catalogue's order, unknown ones behind */
	struct series_cell *cell; size_t n_cells;
	const struct skipped **skipped;
	struct series_gap *gap; size_t n_gaps;
	struct series_absent *absent; size_t n_absent;	/* sorted */
};

/* Why (k) was skipped, without the name of its field. */
const char *gap_reason(const struct skipped *k);

/* 0 or -ENOMEM. (r) must outlive (s). */
int series_make(struct series *s, const struct result_set *r);
void series_free(struct series *s);

const struct result *series_at(const struct series *s, const struct series_row *row,
			       size_t lane); /* NULL: none */
/* "failed", "skipped", "unverified", or a dash for what the result says nothing about. */
const char *series_missing(const struct series *s, const char *op, const char *engine);
/*
 * "cpu" and "mem" are computation; an instruction of VMX or SVM that the host of guests executes is of root mode, and one
 * of hundreds where it is on one field of the VMCS; the rest asks for a monitor.
 */
enum row_kind { ROW_VIRTUAL, ROW_COMPUTES, ROW_ROOT, ROW_SWEEP };
enum row_kind row_kind(const struct series_row *row);
/*
 * "vmx.vmread.GUEST_RIP", one of hundreds: the bytes of its "vmx.vmread", the instruction on a field of the VMCS. 0: a
 * row of its own.
 */
size_t op_sweep(const char *op);
/* How many times native (r) costs; NAN where native was not measured, and for native itself. */
double series_ratio(const struct series *s, const struct series_row *row,
		    const struct series_cell *c);
/* Does (row) have anything on the axis of cycles? */
bool row_has_cycles(const struct series *s, const struct series_row *row);
/* Can (v) stand on a logarithmic axis? */
bool plottable(double v);
/*
 * The interval of a differenced median: 95 %, or the range of launches where there are too
 * few of them.
 */
void result_interval(const struct result *r, double *lo, double *hi);

/* How a lane looks, everywhere. */
struct lane_style {
	const char *engine;		/* whose it is by preference */
	const char *colour;		/* #rrggbb, told apart by people who see fewer colours */
	unsigned full, hollow;		/* gnuplot point types */
	double size;			/* of the point, for equal areas */
	const char *glyph;		/* the same shape as text */
	unsigned ansi;			/* 256-colour terminal */
};
#define LANE_STYLES 8			/* lanes in a figure at most; tables hold them all */
extern const struct lane_style lane_styles[LANE_STYLES];

#endif
