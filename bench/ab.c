/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session: pairs of launches until every operation is known well enough, or the cap is reached. */
#include "bench/ab_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/random.h"
#include "common/interrupt.h"

#define PAIR_LIMIT	60.0	/* seconds: a pair of launches of everything */
#define SOFT_SHARE	0.9

/* Rows go together by operation and engine; where each side has one engine, by operation. */
static bool rows_match(const struct plan *a, const struct plan_row *x, const struct plan *b, const struct plan_row *y)
{
	if (x->op != y->op)
		return false;
	return (a->n_engines == 1 && b->n_engines == 1) || a->engine[x->engine].ops == b->engine[y->engine].ops;
}

static int rows_pair(struct ab_session *s)
{
	const struct plan *a = s->run[0].p, *b = s->run[1].p;
	uint32_t i, j;

	s->row = calloc(a->n + 1, sizeof(*s->row));
	if (!s->row)
		return -ENOMEM;
	for (i = 0; i < a->n; i++) {
		for (j = 0; j < b->n && !rows_match(a, &a->row[i], b, &b->row[j]); j++)
			;
		if (j == b->n)
			continue;
		s->row[s->n] = (struct ab_row){ .index = { i, j } };
		s->row[s->n].settled = a->row[i].state != PLAN_RUN || b->row[j].state != PLAN_RUN;
		s->row[s->n].pair = calloc(s->rule.cap, sizeof(*s->row[s->n].pair));
		if (!s->row[s->n++].pair)
			return -ENOMEM;
	}
	return 0;
}

/* What only one side can measure costs no time: there is nothing to set it against. */
static void rows_trim(struct ab_session *s)
{
	unsigned side;
	uint32_t i;
	size_t k;

	for (side = 0; side < 2; side++)
		for (i = 0; i < s->run[side].p->n; i++) {
			for (k = 0; k < s->n && (s->row[k].index[side] != i || s->row[k].settled); k++)
				;
			if (k < s->n || s->run[side].p->row[i].state != PLAN_RUN)
				continue;
			run_settle(&s->run[side], i);
			row_skip(&s->run[side], i, AB_OTHER_SIDE, "");
		}
}

static size_t rows_open(const struct ab_session *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += !s->row[i].settled;
	return n;
}

static void row_settle(struct ab_session *s, struct ab_row *row)
{
	row->settled = true;
	run_settle(&s->run[0], row->index[0]);
	run_settle(&s->run[1], row->index[1]);
}

static bool session_stopped(const struct ab_session *s)
{
	unsigned i;

	for (i = 0; i < 2; i++)
		if (s->run[i].interrupted || s->run[i].out_of_time || s->run[i].error)
			return true;
	return s->setup.code || interrupt_pending() || clock_seconds() >= s->deadline;
}

/* Both sides share what is left of the time. */
static void side_launch(struct ab_session *s, unsigned side, uint64_t seed)
{
	struct run *u = &s->run[side];
	double now = clock_seconds();
	size_t i;

	for (i = 0; i < u->n_parts; i++)
		u->part[i].left = s->rule.cap - s->pairs;
	u->random.state = seed;
	u->soft = now + SOFT_SHARE * (s->deadline - now) / 2;
	u->hard = s->deadline;
	run_round(u, 0);
}

/* Which launches of its rows the pair is. A row that failed on one side is over on both. */
static void pair_keep(struct ab_session *s, const size_t *before)
{
	size_t i, k;

	for (i = 0; i < s->n; i++) {
		struct ab_row *row = &s->row[i];
		struct ab_pair *pair = &row->pair[s->pairs];

		*pair = (struct ab_pair){ { AB_NONE, AB_NONE } };
		if (row->settled)
			continue;
		for (k = 0; k < 2; k++) {
			size_t n = s->run[k].tally[row->index[k]].n_launches;

			if (n > before[2 * i + k])
				pair->launch[k] = n - 1;
		}
		if (s->run[0].closed[row->index[0]] || s->run[1].closed[row->index[1]])
			row_settle(s, row);
	}
}

static int pair_launch(struct ab_session *s, struct err *e)
{
	uint64_t seed = random_next(&s->random);
	unsigned first = (unsigned)(random_next(&s->random) >> 63), turn;
	size_t *before = calloc(2 * s->n + 1, sizeof(*before)), i;
	int rc = before ? 0 : err_set(e, ENOMEM, "out of memory");

	for (i = 0; rc == 0 && i < 2 * s->n; i++)
		before[i] = s->run[i % 2].tally[s->row[i / 2].index[i % 2]].n_launches;
	for (turn = 0; rc == 0 && turn < 2 && !session_stopped(s); turn++) {
		unsigned side = turn ? 1 - first : first;

		if (!s->o->setup || s->o->setup(s->o->setup_ctx, side, s->pairs, &s->setup) == 0)
			side_launch(s, side, seed);
	}
	/* What was measured before counts all the same. */
	if (rc == 0) {
		pair_keep(s, before);
		s->pairs++;
	}
	free(before);
	return rc;
}

static void progress_tell(const struct ab_session *s, const struct run_hooks *h)
{
	struct run_progress p = { .engine = "pairs", .launch = s->pairs, .launches = s->rule.cap };
	double elapsed = clock_seconds() - s->start;

	if (!h || !h->progress)
		return;
	p.fraction = (double)s->pairs / s->rule.cap;
	p.eta = s->pairs ? elapsed * (1 - p.fraction) / p.fraction : 0;
	if (s->o->seconds > 0 && p.eta > s->o->seconds - elapsed)
		p.eta = s->o->seconds - elapsed;
	h->progress(h->ctx, &p);
}

/* At a look: what is known well enough stops here, and is judged by what it has. */
static int look(struct ab_session *s, unsigned number)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct ab_row *row = &s->row[i];

		if (row->settled)
			continue;
		if (ab_row_estimate(s, row, number) < 0)
			return -ENOMEM;
		if (row->exact || row->est.half_width <= row->goal)
			row_settle(s, row);
	}
	return 0;
}

static int session_run(struct ab_session *s, const struct run_hooks *h, struct err *e)
{
	unsigned number = 0;
	int rc = 0;

	while (rc == 0 && s->pairs < s->rule.cap && rows_open(s) && !session_stopped(s)) {
		progress_tell(s, h);
		rc = pair_launch(s, e);
		if (rc == 0 && s->pairs == AB_COUNTED_PAIRS && ab_settle_counted(s) < 0)
			rc = err_set(e, ENOMEM, "out of memory");
		if (rc < 0 || s->pairs != paired_look_at(&s->rule, number))
			continue;
		rc = look(s, number++) < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
	}
	/* Between two looks it ends only because somebody wants it to: judged with what the next look would spend. */
	number = paired_look_of(&s->rule, s->pairs);
	for (size_t i = 0; rc == 0 && i < s->n; i++)
		if (!s->row[i].settled && ab_row_estimate(s, &s->row[i], number) < 0)
			rc = err_set(e, ENOMEM, "out of memory");
	return rc;
}

static void session_free(struct ab_session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->row[i].pair);
	free(s->row);
}

static int session_begin(struct ab_session *s, struct ab *out, const struct ab_side side[2], const struct snapshot *snap,
			 const struct verdict *v, uint64_t tsc_hz, struct err *e)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < 2; i++) {
		int r = run_begin(&s->run[i], &out->side[i], side[i].plan, side[i].options, snap, v, tsc_hz, NULL, e);

		rc = rc ? rc : r;
	}
	if (rc == 0 && rows_pair(s) < 0)
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc == 0 && !s->n)
		rc = err_set(e, EINVAL, "the two sides have no operation in common; where a side has several engines, "
					"both must have them");
	if (rc < 0)
		return rc;
	rows_trim(s);
	s->rule = paired_rule(s->rule.cap, rows_open(s));
	s->start = clock_seconds();
	s->deadline = s->start + (s->o->seconds > 0 ? s->o->seconds : PAIR_LIMIT * s->rule.cap);
	ab_goals(s);
	return 0;
}

/* Rows' estimates are made: what they were made of may go. */
static int session_end(struct ab_session *s, struct ab *out, const struct snapshot *snap, int rc, struct err *e)
{
	struct err other;
	int ended[2];
	unsigned i;

	/* A setup that a signal ended is the user's wish to stop. */
	if (!interrupt_pending())
		out->setup = s->setup;
	s->run[0].interrupted |= s->run[1].interrupted || interrupt_pending() || s->setup.code;
	s->run[1].interrupted = s->run[0].interrupted;
	for (i = 0; i < 2; i++) {
		ended[i] = run_end(&s->run[i], snap, rc, rc ? &other : e);
		if (rc == 0)
			rc = ended[i];
	}
	if (rc == 0)
		rc = ab_compare(s, out, e);
	if (rc < 0)
		for (i = 0; i < 2; i++)
			if (ended[i] == 0)
				result_set_free(&out->side[i]);
	return rc;
}

int ab_run(struct ab *out, const struct ab_side side[2], const struct ab_options *o, const struct snapshot *snap,
	   const struct verdict *v, uint64_t tsc_hz, const struct run_hooks *h, struct err *e)
{
	struct ab_session s = { .o = o, .random = { side[0].plan->seed }, .rule = paired_rule(o->pairs, 1) };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = session_begin(&s, out, side, snap, v, tsc_hz, e);
	if (rc == 0)
		rc = session_run(&s, h, e);
	out->pairs = s.pairs;
	out->out_of_time = o->seconds > 0 && rows_open(&s) &&
			   (s.run[0].out_of_time || s.run[1].out_of_time || clock_seconds() >= s.deadline);
	rc = session_end(&s, out, snap, rc, e);
	session_free(&s);
	return rc;
}

void ab_free(struct ab *a)
{
	result_set_free(&a->side[0]);
	result_set_free(&a->side[1]);
	comparison_free(&a->comparison);
}
