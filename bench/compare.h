/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare.h - two sets of results against each other: what changed, by how much, how sure that is. Pure.
 * bench/, report/ and cli/ include this; report/comparison.h makes documents of it.
 *
 * doc/method.md, "Comparing", says what each word needs. A change is from A (before) to B (after), a ratio is B / A.
 */
#ifndef VTSCOPE_BENCH_COMPARE_H
#define VTSCOPE_BENCH_COMPARE_H

#include "bench/result.h"

#define COMPARE_THRESHOLD	0.05	/* of the user's, where none is given */
#define COMPARE_ALPHA		0.05	/* chance of one false word in a whole comparison, by Holm */
#define COMPARE_LAUNCHES	6	/* fewer have no interval: inconclusive */
#define COMPARE_LAUNCHES_MAX	10000	/* more is no advice */
#define COMPARE_RUNS_MAX	20	/* as many as a baseline keeps */

enum change_word {
	CHANGE_REGRESSION, CHANGE_IMPROVEMENT, CHANGE_NONE, CHANGE_INCONCLUSIVE, CHANGE_INCOMPARABLE, CHANGE_WORDS
};
/* "regression" "improvement" "no change" "inconclusive" "incomparable" */
const char *change_word(enum change_word w);

enum change_measure { MEASURE_TIME, MEASURE_INSTRUCTIONS, MEASURE_EXITS, MEASURES };
const char *change_measure(enum change_measure m);	/* "time" "instructions" "exits" */

/* One quantity of one row (operation, engine, carrier). What is not known is NAN. */
struct change {
	char op[64], engine[24], via[64];
	enum change_measure measure;
	double a, b;		/* medians of launch medians in ticks, or counts per operation */
	size_t n_a, n_b;	/* launches behind them; of a paired ratio both are the pairs */
	double runs_a, runs_b;	/* runs that these are spread over: fewer than have them where one has most */
	double ratio, lo, hi;	/* b / a and its 95 % interval */
	double p, p_holm;	/* two-sided, and corrected over the comparison */
	double spread;		/* standard deviation of the launches' logarithms within a run */
	double between;		/* of log (ratio): what two runs differ by anyway, in lo, hi and p; 0 where paired */
	double threshold;	/* 0.05: 5 %; of exact counts 0 unless the user gave one */
	bool paired;		/* the ratio is of pairs measured in turn; launches_needed are pairs */
	bool exact;		/* counted: no interval, no p, any difference is a change */
	enum change_word word;
	unsigned launches_needed;	/* a side, with which inconclusive would end; 0: no number of them, or not asked */
	bool needed_least;	/* fewer cannot decide; whether these do nobody knows */
	unsigned runs_needed;	/* that these launches must be spread over; 0: it does not matter */
	bool confirmed;		/* a regression that a second measurement shows as well */
	bool refuted;		/* it does not: inconclusive, and nothing more to be measured would decide */
	char key[64];		/* incomparable: what differs; else "" */
	char why[240];		/* a sentence: why this word; "" where the numbers say it */
};

/* A member of "hardware" or "subject" that is not the same; nested ones by their path ("kvm_modules.kvm.nested"). */
/* Of several runs a side: all values that they have, "6.1.0 or 6.2.0". */
struct key_difference { char key[64], a[160], b[160]; bool allowed; };

/* A row that only one side has. (reason): why the other lacks it, "": it was not asked for there. */
struct unmatched { char op[64], engine[24], via[64]; bool in_a; char reason[240]; };

struct comparison {
	char a_name[160], b_name[160];	/* for people: file names, a baseline's name, "A"; set by who compares */
	struct change *change; size_t n;			/* owned; in the order of A's rows */
	struct key_difference *hardware; size_t n_hardware;	/* owned */
	struct key_difference *subject; size_t n_subject;	/* owned */
	struct unmatched *unmatched; size_t n_unmatched;	/* owned */
	size_t runs_a, runs_b;	/* results behind each side */
	bool interrupted[2];	/* a result of A's, of B's was */
	size_t family;		/* tests that Holm's correction is over */
	bool paired;		/* the ratios are of pairs measured in turn */
	bool second;		/* regressions were to be measured once more (--confirm) */
	bool confirmed;		/* they were: there is one left, and each that is stands */
};

struct op_threshold { char op[64]; double threshold; };	/* op: a glob over operation names; the last that matches counts */

struct compare_options {
	double threshold;				/* 0: COMPARE_THRESHOLD */
	const struct op_threshold *op_threshold; size_t n_op_thresholds;
	const char *const *allow; size_t n_allow;	/* keys that may differ (compare_keys) */
	bool strict;					/* only for comparison_exit() */
	/*
	 * Of a second measurement of what changed: the first comparison, NULL: it is none. How far the machine moved is not
	 * taken from the rows under test then but from the controls or, without any, as it was in the first one.
	 */
	const struct comparison *first;
};

/* Names that --allow takes, NULL-terminated. */
extern const char *const compare_keys[];

void comparison_init(struct comparison *c);
void comparison_free(struct comparison *c);
int comparison_add(struct comparison *c, const struct change *row);		/* copies; -ENOMEM */

/* Computation in a process is nobody's subject: where such a row moved, the machine did. */
bool compare_is_control(const char *op, const char *engine);

double compare_threshold(const struct compare_options *o, const char *op);

/*
 * Initialises and fills (c), words included. -ENOMEM, or -EINVAL for a key that there is not in o->allow. Sets that
 * cannot be compared are no error: every change is CHANGE_INCOMPARABLE then.
 */
int compare_sets(struct comparison *c, const struct result_set *a, const struct result_set *b,
		 const struct compare_options *o, struct err *e);

/*
 * The same of several runs a side (na, nb from 1 on), which tell how much runs differ anyway: against 5 of a baseline
 * a smaller change is seen than against one.
 */
int compare_runs(struct comparison *c, const struct result_set *const *a, size_t na, const struct result_set *const *b,
		 size_t nb, const struct compare_options *o, struct err *e);

/*
 * The differences of hardware and subject alone, into an initialised (c): for who makes the changes otherwise.
 * 0, 1 where a hardware key differs that is not allowed, or -errno.
 */
int compare_machines(struct comparison *c, const struct result_set *a, const struct result_set *b,
		     const struct compare_options *o, struct err *e);

/*
 * Holm's correction over the changes that have a p, then the word of every change that is not exact and not incomparable,
 * from its ratio, lo, hi, p and threshold. compare_sets() has done it; who adds changes of his own calls it. -ENOMEM.
 */
int comparison_decide(struct comparison *c);

size_t comparison_count(const struct comparison *c, enum change_word w);
/* Rows of A that B was to have, and has not. */
size_t comparison_skipped(const struct comparison *c);

/* 0, 3 (a regression), 4 (something incomparable, nothing in common; with (strict) inconclusive or skipped in B, too). */
int comparison_exit(const struct comparison *c, bool strict);

#endif
