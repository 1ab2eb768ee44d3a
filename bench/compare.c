/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fnmatch.h>

#include "bench/compare_private.h"
#include "bench/stats.h"

const char *change_word(enum change_word w)
{
	static const char *const words[CHANGE_WORDS] = {
		[CHANGE_REGRESSION] = "regression", [CHANGE_IMPROVEMENT] = "improvement", [CHANGE_NONE] = "no change",
		[CHANGE_INCONCLUSIVE] = "inconclusive", [CHANGE_INCOMPARABLE] = "incomparable",
	};

	return words[w];
}

const char *change_measure(enum change_measure m)
{
	static const char *const names[MEASURES] = {
		[MEASURE_TIME] = "time", [MEASURE_INSTRUCTIONS] = "instructions", [MEASURE_EXITS] = "exits",
	};

	return names[m];
}

void comparison_init(struct comparison *c)
{
	*c = (struct comparison){ 0 };
}

void comparison_free(struct comparison *c)
{
	free(c->change);
	free(c->hardware);
	free(c->subject);
	free(c->unmatched);
	comparison_init(c);
}

/* (rows) with one more of (size) bytes at the end, or NULL with (rows) as it was. */
static void *grown(void *rows, size_t n, size_t size, const void *row)
{
	char *more = n & (n - 1) ? rows : realloc(rows, (n ? 2 * n : 1) * size);

	if (more)
		memcpy(more + n * size, row, size);
	return more;
}

int comparison_add(struct comparison *c, const struct change *row)
{
	struct change *more = grown(c->change, c->n, sizeof(*row), row);

	if (!more)
		return -ENOMEM;
	c->change = more;
	c->n++;
	return 0;
}

static int unmatched_add(struct comparison *c, const struct result *r, bool in_a, const char *reason)
{
	struct unmatched u = { .in_a = in_a }, *more;

	snprintf(u.op, sizeof(u.op), "%s", r->op);
	snprintf(u.engine, sizeof(u.engine), "%s", r->engine);
	snprintf(u.via, sizeof(u.via), "%s", r->via);
	snprintf(u.reason, sizeof(u.reason), "%s", reason);
	more = grown(c->unmatched, c->n_unmatched, sizeof(u), &u);
	if (!more)
		return -ENOMEM;
	c->unmatched = more;
	c->n_unmatched++;
	return 0;
}

const struct op_threshold *compare_op_threshold(const struct compare_options *o, const char *op)
{
	const struct op_threshold *own = NULL;

	for (size_t i = 0; i < o->n_op_thresholds; i++)
		if (fnmatch(o->op_threshold[i].op, op, 0) == 0)
			own = &o->op_threshold[i];
	return own;
}

double compare_threshold(const struct compare_options *o, const char *op)
{
	const struct op_threshold *own = compare_op_threshold(o, op);

	return own ? own->threshold : o->threshold > 0 ? o->threshold : COMPARE_THRESHOLD;
}

static const struct result *row_find(const struct result_set *set, const struct result *like)
{
	for (size_t i = 0; i < set->n_results; i++) {
		const struct result *r = &set->result[i];

		if (!strcmp(r->op, like->op) && !strcmp(r->engine, like->engine) && !strcmp(r->via, like->via))
			return r;
	}
	return NULL;
}

/* Why (set) does not have the row, "" where it was not asked for. (failed): it was tried. */
static const char *row_missing(const struct result_set *set, const struct result *like, bool *failed)
{
	size_t i;

	*failed = false;
	for (i = 0; i < set->n_failed; i++)
		if (!strcmp(set->failed[i].op, like->op) && !strcmp(set->failed[i].engine, like->engine)) {
			*failed = true;
			return set->failed[i].reason;
		}
	for (i = 0; i < set->n_skipped; i++)
		if (!strcmp(set->skipped[i].op, like->op) && !strcmp(set->skipped[i].engine, like->engine))
			return set->skipped[i].reason;
	return set->interrupted ? "interrupted before it was measured" : "";
}

int compare_failed(struct comparison *c, const struct result *a, const char *side, const char *reason)
{
	struct change row = { .a = a->median, .b = NAN, .n_a = a->n_launches, .ratio = NAN, .lo = NAN, .hi = NAN,
			      .p = NAN, .p_holm = NAN, .threshold = NAN, .word = CHANGE_INCOMPARABLE, .key = "failed" };

	snprintf(row.op, sizeof(row.op), "%s", a->op);
	snprintf(row.engine, sizeof(row.engine), "%s", a->engine);
	snprintf(row.via, sizeof(row.via), "%s", a->via);
	row.measure = !strcmp(result_unit(a->clock), "instructions") ? MEASURE_INSTRUCTIONS : MEASURE_TIME;
	snprintf(row.why, sizeof(row.why), "it failed in %s: %.220s", side, reason);
	return comparison_add(c, &row);
}

static double hz_of(const struct result_set *set)
{
	return json_number_value(json_object_get(set->hardware, "tsc_hz"));
}

/* Ticks of a clock of another rate are another time (--allow tsc_hz): what makes them ticks of (hz). */
static double scale_of(const struct result_set *set, const struct result *r, double hz)
{
	double own = hz_of(set);

	if (strcmp(r->clock, "tsc") || !(hz > 0) || !(own > 0) || fabs(own - hz) <= COMPARE_TSC_SHARE * hz)
		return 1;
	return hz / own;
}

/* The runs of one side that have the row; where none has, the first reason that one gives. */
static const char *side_find(struct side *side, const struct result_set *const *set, size_t n, const struct result *like,
			     double hz, bool *failed)
{
	const char *reason = "";

	side->n = 0;
	*failed = false;
	for (size_t i = 0; i < n; i++) {
		const struct result *r = row_find(set[i], like);
		bool tried;

		if (r) {
			side->scale[side->n] = scale_of(set[i], r, hz);
			side->run[side->n++] = r;
		} else if (!*reason) {
			reason = row_missing(set[i], like, &tried);
			*failed |= tried;
		}
	}
	return reason;
}

struct runs { const struct result_set *const *set; size_t n; struct side side; };

/* Is (r), of run (at), the first of its row? */
static bool row_first(const struct runs *runs, size_t at, const struct result *r)
{
	for (size_t i = 0; i < at; i++)
		if (row_find(runs->set[i], r))
			return false;
	return row_find(runs->set[at], r) == r;		/* a file may say a row twice: the first counts */
}

/* The changes of one row, and what its runs say in (between), which has room for another two. */
static int row_compare(struct comparison *c, struct runs *a, struct runs *b, const struct result *like,
		       const struct compare_options *o, struct between *between)
{
	double hz = hz_of(a->set[0]);
	bool failed, other;
	const char *reason;

	side_find(&a->side, a->set, a->n, like, hz, &other);
	reason = side_find(&b->side, b->set, b->n, like, hz, &failed);
	if (b->side.n) {
		between[c->n + 1] = (struct between){ 0 };
		return compare_rows(c, &a->side, &b->side, hz, o, &between[c->n]);
	}
	between[c->n] = (struct between){ 0 };
	return failed ? compare_failed(c, like, "B", reason) : unmatched_add(c, like, true, reason);
}

static int rows_compare(struct comparison *c, struct runs *a, struct runs *b, const struct compare_options *o,
			struct between *between)
{
	bool failed;
	int rc = 0;

	for (size_t k = 0; k < a->n && rc == 0; k++)
		for (size_t i = 0; i < a->set[k]->n_results && rc == 0; i++)
			if (row_first(a, k, &a->set[k]->result[i]))
				rc = row_compare(c, a, b, &a->set[k]->result[i], o, between);
	for (size_t k = 0; k < b->n && rc == 0; k++)
		for (size_t i = 0; i < b->set[k]->n_results && rc == 0; i++) {
			const struct result *r = &b->set[k]->result[i];
			const char *reason = side_find(&a->side, a->set, a->n, r, 0, &failed);

			if (!a->side.n && row_first(b, k, r))
				rc = unmatched_add(c, r, false, reason);
		}
	return rc ? rc : compare_between(c, between, o->first);
}

static size_t rows_most(const struct runs *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->set[i]->n_results;
	return n;
}

static int rows_match(struct comparison *c, struct runs *a, struct runs *b, const struct compare_options *o)
{
	struct between *between = calloc(2 * rows_most(a) + 2, sizeof(*between));
	int rc = -ENOMEM;

	a->side.run = calloc(a->n, sizeof(*a->side.run));
	b->side.run = calloc(b->n, sizeof(*b->side.run));
	a->side.scale = calloc(a->n, sizeof(*a->side.scale));
	b->side.scale = calloc(b->n, sizeof(*b->side.scale));
	if (between && a->side.run && b->side.run && a->side.scale && b->side.scale)
		rc = rows_compare(c, a, b, o, between);
	free(between);
	free(a->side.run);
	free(b->side.run);
	free(a->side.scale);
	free(b->side.scale);
	return rc;
}

/* All words at once where the machines are not the same. */
static void all_incomparable(struct comparison *c)
{
	const struct key_difference *d = c->hardware;

	while (d->allowed)
		d++;
	for (size_t i = 0; i < c->n; i++) {
		struct change *row = &c->change[i];

		row->word = CHANGE_INCOMPARABLE;
		row->p = row->p_holm = NAN;
		row->launches_needed = row->runs_needed = 0;
		snprintf(row->key, sizeof(row->key), "%s", d->key);
		snprintf(row->why, sizeof(row->why), "the hardware differs: %s is %.60s, and %.60s", d->key, d->a, d->b);
	}
}

/* Runs of a side must be of the same machine as well. */
static int machines_compare(struct comparison *c, const struct runs *a, const struct runs *b,
			    const struct compare_options *o, struct err *e)
{
	int other = compare_machines(c, a->set[0], b->set[0], o, e);

	for (size_t i = 1; i < a->n + b->n && other == 0; i++) {
		const struct result_set *r = i < a->n ? a->set[i] : b->set[i - a->n];
		struct comparison more;

		if (compare_side_keys(c, i < a->n ? a->set[0] : b->set[0], r, i >= a->n, o, e) < 0)
			return -ENOMEM;
		comparison_init(&more);
		other = compare_machines(&more, a->set[0], r, o, e);
		if (other == 1) {
			free(c->hardware);
			c->hardware = more.hardware;
			c->n_hardware = more.n_hardware;
			more.hardware = NULL;
		}
		comparison_free(&more);
	}
	return other;
}

int compare_runs(struct comparison *c, const struct result_set *const *a, size_t na, const struct result_set *const *b,
		 size_t nb, const struct compare_options *o, struct err *e)
{
	struct runs before = { a, na, { NULL, NULL, 0 } }, after = { b, nb, { NULL, NULL, 0 } };
	int rc, other;

	comparison_init(c);
	c->runs_a = na;
	c->runs_b = nb;
	for (size_t i = 0; i < na + nb; i++)
		c->interrupted[i >= na] |= (i < na ? a[i] : b[i - na])->interrupted;
	other = machines_compare(c, &before, &after, o, e);
	if (other < 0) {
		comparison_free(c);
		return other;
	}
	rc = rows_match(c, &before, &after, o);
	if (rc == 0)
		rc = comparison_decide(c);
	if (rc < 0) {
		comparison_free(c);
		return err_set(e, -rc, "out of memory");
	}
	if (other)
		all_incomparable(c);
	return 0;
}

int compare_sets(struct comparison *c, const struct result_set *a, const struct result_set *b,
		 const struct compare_options *o, struct err *e)
{
	return compare_runs(c, &a, 1, &b, 1, o, e);
}

/* Rows that Holm's correction is over, once they have launches enough for a p. */
static double family_of(const struct comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += !c->change[i].exact && c->change[i].word != CHANGE_INCOMPARABLE;
	return (double)n;
}

/*
 * How many launches a side would narrow the interval, and the p, enough to decide; where runs differ by more than their
 * launches tell, over how many runs. 0: none that one would measure.
 */
static void need_find(struct change *row, const struct comparison *c)
{
	double n = (double)(row->n_a < row->n_b ? row->n_a : row->n_b), z, need, sigma, times, least;
	double level = COMPARE_ALPHA / fmax(1, family_of(c));
	double effect = fabs(log(row->ratio)), limit = log1p(row->threshold);

	least = fmax(COMPARE_LAUNCHES, stats_rank_sum_least(level));
	if (!isfinite(row->lo) || !isfinite(row->hi)) {
		row->launches_needed = n < least ? (unsigned)least : 0;
		row->needed_least = n < least;
		return;
	}
	sigma = (log(row->hi) - log(row->lo)) / 2 / STATS_Z95;
	z = effect > limit ? stats_normal_quantile(1 - level / 2) : STATS_Z95;
	need = effect > limit ? effect : limit - effect;
	times = z * sigma / need * (z * sigma / need);
	/* Clear, but so few launches have no p that is small enough: a "no change" asks for none. */
	if (effect > limit && n < least && times <= 1) {
		row->launches_needed = (unsigned)least;
		return;
	}
	if (row->between > 0) {
		double runs = 2 / (1 / row->runs_a + 1 / row->runs_b), launches = n / runs;

		runs = fmax(ceil(runs * times), runs + 1);
		if (runs > COMPARE_RUNS_MAX)
			return;
		row->runs_needed = (unsigned)runs;
		times = ceil(runs * launches);
	} else {
		times = fmax(ceil(n * times), n + 1);
	}
	if (effect > limit)
		times = fmax(times, least);
	row->launches_needed = row->runs_needed || times <= COMPARE_LAUNCHES_MAX ? (unsigned)times : 0;
}

static void word_find(struct change *row, const struct comparison *c)
{
	double over = 1 + row->threshold;
	bool sure = row->p_holm <= COMPARE_ALPHA;

	row->launches_needed = row->runs_needed = 0;
	row->needed_least = false;
	if (row->lo > 1 && row->ratio > over && sure) {
		row->word = CHANGE_REGRESSION;
	} else if (row->hi < 1 && row->ratio < 1 / over && sure) {
		row->word = CHANGE_IMPROVEMENT;
	} else if (row->lo >= 1 / over && row->hi <= over) {
		row->word = CHANGE_NONE;
	} else {
		row->word = CHANGE_INCONCLUSIVE;
		if (row->ratio > 0 && isfinite(row->ratio))
			need_find(row, c);
	}
}

int comparison_decide(struct comparison *c)
{
	double *p = calloc(2 * c->n + 1, sizeof(*p)), *corrected = p ? p + c->n : NULL;
	size_t i;

	if (!p)
		return -ENOMEM;
	c->family = 0;
	for (i = 0; i < c->n; i++) {
		p[i] = c->change[i].exact || c->change[i].word == CHANGE_INCOMPARABLE ? NAN : c->change[i].p;
		c->family += !isnan(p[i]);
	}
	if (stats_holm(p, c->n, corrected) < 0) {
		free(p);
		return -ENOMEM;
	}
	for (i = 0; i < c->n; i++) {
		struct change *row = &c->change[i];

		row->p_holm = corrected[i];
		if (!row->exact && row->word != CHANGE_INCOMPARABLE)
			word_find(row, c);
	}
	free(p);
	return 0;
}

size_t comparison_count(const struct comparison *c, enum change_word w)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->change[i].word == w;
	return n;
}

size_t comparison_skipped(const struct comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_unmatched; i++)
		n += c->unmatched[i].in_a && c->unmatched[i].reason[0];
	return n;
}

int comparison_exit(const struct comparison *c, bool strict)
{
	if (comparison_count(c, CHANGE_REGRESSION))
		return 3;
	if (!c->n || comparison_count(c, CHANGE_INCOMPARABLE))
		return 4;
	return strict && (comparison_count(c, CHANGE_INCONCLUSIVE) || comparison_skipped(c)) ? 4 : 0;
}
