/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result.h - what was measured, as data and as the "vtscope.result/1" document. bench/, report/, cli/ include this.
 */
#ifndef VTSCOPE_BENCH_RESULT_H
#define VTSCOPE_BENCH_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/disturb.h"
#include "common/buf.h"
#include "common/err.h"

enum result_flag {		/* names in JSON: the part behind RESULT_, lower case, '-' for '_' */
	RESULT_FEW_LAUNCHES = 1 << 0,
	RESULT_EXIT_MISMATCH = 1 << 1,
	RESULT_TSC_TRAPPED = 1 << 2,	/* RDTSC itself costs over 200 ticks here */
	RESULT_UNSETTLED = 1 << 3,	/* warm-up hit its time box */
	RESULT_NO_RDTSCP = 1 << 4,
	RESULT_FEW_SAMPLES = 1 << 5,
	RESULT_LFENCE_ASSUMED = 1 << 6,	/* AMD: LFENCE taken to serialise, MSR not readable */
	RESULT_BRACKET_BOUND = 1 << 7,	/* single, though under 10 empty brackets: there is no differenced pass */
	RESULT_SPLIT_STAMPS = 1 << 8,	/* the split's stamps cost over 10 % of the round trip without them */
	RESULT_DISTURBED = 1 << 9,	/* most launches were over a threshold of doc/method.md, after repeats as well */
	RESULT_IMPRECISE = 1 << 10,	/* its interval did not get as narrow as --precision asked for */
	RESULT_FLAGS = 11		/* how many */
};
const char *result_flag_name(unsigned bit_index);

/* Samples of the headline's pass, ticks per operation, in their order: every (every)th. n 0: not kept. */
struct result_raw { double *value; size_t n; uint64_t every; };	/* (value) owned */

/* n 0: it began the row and gave nothing, NAN */
struct result_launch { uint64_t n; double median, min; struct result_raw raw; struct disturb_launch disturb; };

struct bucket { double value; double count; };	/* middle of the bucket, ticks per operation */

/*
 * A round trip in its parts: to the monitor, in it, and back, medians over launches of medians; they add up to the
 * stamped round trip but for rounding. (stamp_cost): that less the empty bracket and the unstamped round trip (the
 * headline, where it is differenced; otherwise the headline less the bracket that is in it).
 */
struct result_split { bool present; double exit, handler, entry, stamp_cost; };

/*
 * One (operation, engine) measurement. Times in ticks of its clock per operation; NAN where not measured (JSON null).
 * A differenced headline has a median, an interval and a range, no percentiles: these are NAN then. All but min and max
 * (of all samples) are medians over launches.
 */
struct result {
	char op[64], engine[24], via[64], backend[64], provenance[16], memory[32];
	char clock[16];			/* "tsc": the unit is a cycle of it; "instructions": that is the unit, too */
	bool differenced;		/* the headline estimator */
	uint32_t batch;			/* n of the differenced pass, 1 for single */
	uint64_t n;
	double cold, min, p1, p25, median, p75, p90, p99, p999, max, mean, mad;
	bool has_ci; double ci_lo, ci_hi;
	double range_lo, range_hi;	/* of launch medians */
	double single_median;		/* of the single-shot pass, whichever is the headline */
	double diff_median;		/* of the differenced pass */
	double empty_bracket;		/* median, ticks */
	double core_cycles;		/* the median in cycles of the core; not above 0: not known */
	double exits_expected, exits_observed;
	struct result_split split;
	struct result_launch *launch; size_t n_launches;	/* owned */
	struct bucket *hist; size_t n_hist;			/* owned, single-shot samples, scaled per operation */
	double hist_overflow;
	unsigned flags;
};

struct skipped { char op[64], engine[24], check[32], reason[240], hint[400]; bool unverified; };

/* (registers) is an object of hex strings, NULL where none could be read: another carrier's set survives as it is. */
struct failed { char op[64], engine[24], reason[240], stop_kind[24], stop_native[64]; uint64_t rip; json_t *registers; };

/* One step of the self-test of a monitor, and what it found that decides what can run there. */
struct self_test { char engine[24], via[64], backend[64], step[64], expected[96], observed[96]; bool passed; };
struct found_fact { char engine[24], via[64], backend[64], name[64], value[400]; };

/* What a capture of the boot image's lines lacks (minivmm/lines.h). */
struct capture_loss {
	bool present;
	uint64_t boots, boots_cut, sections, sections_cut, lines, lost, damaged, repeated, beyond, foreign;
	uint64_t rows, rows_lost, rows_planned, rows_missing;
};

/*
 * A run. Everything that names the machine or the subject is kept as the JSON object it is written as
 * (interface.md): built once from the snapshot by bench, only printed by report.
 */
struct result_set {
	char run_id[37], started[40], finished[40];	/* "": not known */
	bool interrupted;
	uint64_t seed;		/* at most RESULT_SEED_MAX */
	json_t *tool, *hardware, *subject, *verdict;	/* owned objects */
	json_t *doctor;		/* owned object (probe/doctor.h), NULL: nobody was asked */
	char snapshot[17];
	struct result *result; size_t n_results;	/* owned */
	struct skipped *skipped; size_t n_skipped;	/* owned */
	struct failed *failed; size_t n_failed;		/* owned */
	struct self_test *self_test; size_t n_self_tests;	/* owned */
	struct found_fact *fact; size_t n_facts;	/* owned */
	struct capture_loss capture;	/* of an imported result */
};

#define RESULT_SEED_MAX	((1ull << 53) - 1)	/* what every JSON reader keeps exactly */

void result_set_init(struct result_set *r);
void result_set_free(struct result_set *r);
int result_set_add(struct result_set *r, const struct result *row);		/* takes over row's owned parts */
int result_set_add_skipped(struct result_set *r, const struct skipped *row);
int result_set_add_failed(struct result_set *r, const struct failed *row);	/* takes over row->registers */
int result_set_add_self_test(struct result_set *r, const struct self_test *row);
int result_set_add_fact(struct result_set *r, const struct found_fact *row);
void result_free(struct result *r);	/* its owned parts */
/* "cycles" or "instructions": what (clock) counts. */
const char *result_unit(const char *clock);

json_t *result_set_json(const struct result_set *r);	/* NULL: out of memory */
/* Text of the document, as files hold it. -ENOMEM. */
int result_set_write(const struct result_set *r, struct buf *out);
/* Any bytes: truncated, foreign or hostile input is -EINVAL with "FILE:LINE: what is wrong", (r) left empty. */
int result_set_load(struct result_set *r, const char *bytes, size_t len, const char *name, struct err *e);
/* The same, and the same answer, much faster, but (r) may lack its histograms: n_hist is 0 then. */
int result_set_load_lean(struct result_set *r, const char *bytes, size_t len, const char *name, struct err *e);

#endif
