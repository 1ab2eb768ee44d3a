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
	return "";
}

/* A row that worked in A and failed in B is no silence. */
static int change_failed(struct comparison *c, const struct result *a, const char *reason)
{
	struct change row = { .a = a->median, .b = NAN, .n_a = a->n_launches, .ratio = NAN, .lo = NAN, .hi = NAN,
			      .p = NAN, .p_holm = NAN, .threshold = NAN, .word = CHANGE_INCOMPARABLE, .key = "failed" };

	snprintf(row.op, sizeof(row.op), "%s", a->op);
	snprintf(row.engine, sizeof(row.engine), "%s", a->engine);
	snprintf(row.via, sizeof(row.via), "%s", a->via);
	row.measure = !strcmp(result_unit(a->clock), "instructions") ? MEASURE_INSTRUCTIONS : MEASURE_TIME;
	snprintf(row.why, sizeof(row.why), "it failed in B: %.220s", reason);
	return comparison_add(c, &row);
}

static int rows_match(struct comparison *c, const struct result_set *a, const struct result_set *b,
		      const struct compare_options *o)
{
	double hz = json_number_value(json_object_get(a->hardware, "tsc_hz"));
	int rc = 0;
	bool failed;
	size_t i;

	for (i = 0; i < a->n_results && rc == 0; i++) {
		const struct result *x = &a->result[i], *y = row_find(b, x);
		const char *reason;

		if (row_find(a, x) != x)	/* a file may say a row twice: the first counts */
			continue;
		if (y) {
			rc = compare_rows(c, x, y, hz, o);
			continue;
		}
		reason = row_missing(b, x, &failed);
		rc = failed ? change_failed(c, x, reason) : unmatched_add(c, x, true, reason);
	}
	for (i = 0; i < b->n_results && rc == 0; i++)
		if (!row_find(a, &b->result[i]))
			rc = unmatched_add(c, &b->result[i], false, row_missing(a, &b->result[i], &failed));
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
		row->launches_needed = 0;
		snprintf(row->key, sizeof(row->key), "%s", d->key);
		snprintf(row->why, sizeof(row->why), "the hardware differs: %s is %.60s in A, %.60s in B", d->key, d->a, d->b);
	}
}

int compare_sets(struct comparison *c, const struct result_set *a, const struct result_set *b,
		 const struct compare_options *o, struct err *e)
{
	int rc, other;

	comparison_init(c);
	other = compare_machines(c, a, b, o, e);
	if (other < 0)
		return other;
	rc = rows_match(c, a, b, o);
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

/* How many launches a side would narrow the interval, and the p, enough to decide; 0: none that one would measure. */
static unsigned launches_needed(const struct change *row, size_t family)
{
	double n = (double)(row->n_a < row->n_b ? row->n_a : row->n_b), level = COMPARE_ALPHA / (double)(family ? family : 1);
	double effect = fabs(log(row->ratio)), limit = log1p(row->threshold), half, need, least;

	least = fmax(COMPARE_LAUNCHES, stats_rank_sum_least(level));
	if (isnan(row->lo) || n < least)
		return (unsigned)least;
	half = (log(row->hi) - log(row->lo)) / 2;
	need = effect > limit ? effect : limit - effect;
	need = n * (half / need) * (half / need);
	if (effect > limit && row->p > 0 && row->p < 1) {
		double z = stats_normal_quantile(1 - level / 2) / stats_normal_quantile(1 - row->p / 2);

		need = fmax(need, n * z * z);
	}
	need = fmax(ceil(need), n + 1);
	return need <= COMPARE_LAUNCHES_MAX ? (unsigned)need : 0;
}

static void word_find(struct change *row, size_t family)
{
	double over = 1 + row->threshold;
	bool sure = row->p_holm <= COMPARE_ALPHA;

	row->launches_needed = 0;
	if (row->lo > 1 && row->ratio > over && sure) {
		row->word = CHANGE_REGRESSION;
	} else if (row->hi < 1 && row->ratio < 1 / over && sure) {
		row->word = CHANGE_IMPROVEMENT;
	} else if (row->lo >= 1 / over && row->hi <= over) {
		row->word = CHANGE_NONE;
	} else {
		row->word = CHANGE_INCONCLUSIVE;
		if (row->ratio > 0 && isfinite(row->ratio))
			row->launches_needed = launches_needed(row, family);
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
			word_find(row, c->family);
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

int comparison_exit(const struct comparison *c, bool strict)
{
	if (comparison_count(c, CHANGE_REGRESSION))
		return 3;
	if (!c->n || comparison_count(c, CHANGE_INCOMPARABLE))
		return 4;
	return strict && comparison_count(c, CHANGE_INCONCLUSIVE) ? 4 : 0;
}
