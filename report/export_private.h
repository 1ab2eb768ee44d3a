/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export_private.h - the rows of an export, and what the formats share. Only report/export*.c include this.
 */
#ifndef VTSCOPE_REPORT_EXPORT_PRIVATE_H
#define VTSCOPE_REPORT_EXPORT_PRIVATE_H

#include <jansson.h>

#include "report/export.h"

enum export_kind {
	EXPORT_TIME,		/* ticks of a known clock of a real processor: can be said in seconds */
	EXPORT_COUNT,		/* instructions */
	EXPORT_EMULATED,	/* ticks on a simulated processor: no cost */
	EXPORT_RATELESS,	/* ticks of a clock whose rate the result does not say */
	EXPORT_BELOW,		/* not above zero: noise of a difference, which no format of times takes */
	EXPORT_KINDS
};
#define EXPORT_ALL	((1u << EXPORT_KINDS) - 1)
#define EXPORT_TIMES	(1u << EXPORT_TIME)
#define EXPORT_NUMBERS	(1u << EXPORT_TIME | 1u << EXPORT_COUNT)

struct export_row {
	const struct result *r;
	const struct result_set *set;
	enum export_kind kind;
	char *name;		/* owned: "exit.cpuid/kvm", and "/CARRIER" where that is no process; once in a run */
	double second;		/* of a tick, in seconds; NAN where it is no time */
};

struct export_run { const struct result_set *set; size_t first, n; };	/* its rows */

struct export {
	const struct export_format *f;
	const struct export_filter *filter;
	struct export_run *run; size_t n_runs;	/* owned */
	struct export_row *row; size_t n;	/* owned */
	size_t left[EXPORT_KINDS], no_histogram;	/* rows that are left out */
	char left_text[400];
};

/* Is (op) on (engine) among what was asked for? For skipped and failed rows. */
bool export_wants(const struct export *x, const char *op, const char *engine);
/* A text of the run's objects (hardware, subject, tool), "" where there is none. */
const char *export_text(const json_t *object, const char *key);
double export_number(const json_t *object, const char *key);	/* NAN where there is none */
double export_hz(const struct result_set *set);		/* of the TSC, NAN: not known */
/* The 95 % interval, else the range of the launch medians; false where there was one launch only. */
bool export_interval(const struct result *r, double *lo, double *hi);
/* Is the launch's median one to show? Launches that gave nothing stay in a result. */
bool export_launch(const struct result_launch *l);
void export_flags(struct buf *out, unsigned flags, const char *between);

json_t *export_json_real(double v);		/* 10 significant digits; null for NAN */
/* The document with a line break behind it; takes (doc) over, NULL: out of memory. */
void export_json(struct buf *out, json_t *doc);
/* A number with (digits) significant digits, as C and JSON write it. */
void export_real(struct buf *out, double v, int digits);

extern const struct export_format export_csv, export_csv_wide, export_google, export_github, export_bencher, export_go,
	export_pyperf, export_junit, export_openmetrics, export_hgrm;

#endif
