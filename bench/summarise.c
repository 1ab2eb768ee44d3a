/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/summarise.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats.h"

#define BRACKETS_FOR_SINGLE	10	/* doc/method.md: single where its median is that many empty brackets */
#define TRAPPED_TICKS		200	/* an RDTSC that costs this is no instruction any more */
#define LAUNCHES_FOR_INTERVAL	6
#define SPLIT_SHARE		0.1	/* of the round trip that stamps may cost before it is told */

/* Exits that no operation causes: timers tick at most 1,000 times a second, and rows are not alone. */
#define DISTURBED_SHARE		0.5	/* of the launches: more of them over a threshold are told */

#define STRAY_EXITS_A_SECOND	2000.0
#define STRAY_EXITS_COUNTED	200.0	/* where interrupts are counted apart */
#define STRAY_EXITS_A_LAUNCH	4.0
#define EXITS_SHARE		0.02

/* The median over launches of the member at (offset), NAN where no launch has it. (v) has room for all. */
static double launches_median(const struct tally *t, size_t offset, double *v)
{
	size_t i, n = 0;

	for (i = 0; i < t->n_launches; i++) {
		double x = *(const double *)((const char *)&t->launch[i] + offset);

		if (!isnan(x))
			v[n++] = x;
	}
	return stats_median(v, n);
}

#define MEDIAN_OF(t, member, v) launches_median(t, offsetof(struct launch_values, member), v)

bool tally_measured(const struct tally *t)
{
	size_t i;

	for (i = 0; i < t->n_launches; i++)
		if (t->launch[i].n || (t->launch[i].n_diff && t->launch[i].flags & GUEST_END_PAIRS))
			return true;
	return false;
}

static void choose_estimator(struct result *r, const struct tally *t, double inner, double *v)
{
	double single = MEDIAN_OF(t, median, v), diff = MEDIAN_OF(t, diff_median, v);
	/* What is a difference by nature has no single shots. */
	bool near_bracket = isnan(single) || single < BRACKETS_FOR_SINGLE * r->empty_bracket;

	r->single_median = single / inner;
	r->diff_median = diff / inner;
	/* A count of instructions has no spread to lose, and the bracket's are no part of it. */
	r->differenced = !isnan(diff) && (near_bracket || !strcmp(result_unit(r->clock), "instructions"));
	if (near_bracket && !r->differenced)
		r->flags |= RESULT_BRACKET_BOUND;
}

/* What is said over the launches. Those without the headline's number stay visible, with n 0. */
static int summarise_launches(struct result *r, const struct tally *t, double inner, double *v)
{
	bool counts = !strcmp(result_unit(r->clock), "instructions");
	size_t i, n = 0;

	r->launch = calloc(t->n_launches, sizeof(*r->launch));
	if (!r->launch)
		return -ENOMEM;
	r->batch = 1;
	r->n_launches = t->n_launches;
	for (i = 0; i < t->n_launches; i++) {
		const struct launch_values *l = &t->launch[i];
		struct result_launch *to = &r->launch[i];

		to->n = r->differenced ? l->n_diff : l->n;
		to->median = (r->differenced ? l->diff_median : l->median) / inner;
		to->min = (r->differenced ? l->diff_min : l->min) / inner;
		to->disturb = l->disturb;
		r->n += to->n;
		if (r->differenced && l->copies > r->batch)
			r->batch = l->copies;
		if (to->n)
			v[n++] = to->median;
		else
			r->flags |= RESULT_FEW_SAMPLES;
	}
	r->median = stats_median(v, n);
	r->range_lo = v[0];
	r->range_hi = v[n - 1];
	r->ci_lo = r->ci_hi = NAN;
	r->has_ci = stats_median_ci95(v, n, &r->ci_lo, &r->ci_hi);
	/* A count of instructions has no spread that an interval could be of, once a second launch has confirmed it. */
	if (n < LAUNCHES_FOR_INTERVAL && !(counts && n > 1 && r->range_lo == r->range_hi))
		r->flags |= RESULT_FEW_LAUNCHES;
	return 0;
}

/* The headline in cycles of the core: each launch at the pace that its core had. (v): room for all launches. */
static void summarise_disturbances(struct result *r, const struct tally *t, double *v)
{
	size_t i, n = 0, over = 0;

	for (i = 0; i < r->n_launches; i++) {
		const struct result_launch *l = &r->launch[i];
		double cycles = l->median * disturb_core_ratio(&t->launch[i].disturb.grew);

		over += l->disturb.over != 0;
		if (l->n && !isnan(cycles))
			v[n++] = cycles;
	}
	if ((double)over > DISTURBED_SHARE * (double)r->n_launches)
		r->flags |= RESULT_DISTURBED;
	r->core_cycles = n && !strcmp(result_unit(r->clock), "cycles") ? stats_median(v, n) : 0;
}

/* Of launches that kept no samples, what each says of its own least. */
static double least_of(const struct tally *t)
{
	double least = NAN;

	for (size_t i = 0; i < t->n_launches; i++)
		least = fmin(least, t->launch[i].min);
	return least;
}

/*
 * Percentiles belong to single shots; a differenced headline has none. Each is the median of the launches' own, as the
 * headline is: rows are timed, not counted, so that in a pool a fast launch would weigh more, and contradict it.
 */
static void summarise_samples(struct result *r, const struct tally *t, double inner, double *v)
{
	r->min = r->p1 = r->p25 = r->p75 = r->p90 = r->p99 = r->p999 = r->max = r->mean = r->mad = NAN;
	if (r->differenced)
		return;
	r->min = (t->single.n ? (double)t->single.min : least_of(t)) / inner;
	r->p1 = MEDIAN_OF(t, p1, v) / inner;
	r->p25 = MEDIAN_OF(t, p25, v) / inner;
	r->p75 = MEDIAN_OF(t, p75, v) / inner;
	r->p90 = MEDIAN_OF(t, p90, v) / inner;
	r->p99 = MEDIAN_OF(t, p99, v) / inner;
	r->p999 = MEDIAN_OF(t, p999, v) / inner;
	r->max = t->single.n ? (double)t->single.max / inner : NAN;
	r->mean = MEDIAN_OF(t, mean, v) / inner;
	r->mad = MEDIAN_OF(t, mad, v) / inner;
}

struct bucket_list { struct bucket *b; size_t n; double inner; };

static void count_bucket(void *ctx, double value, uint64_t count)
{
	(void)value;
	(void)count;
	((struct bucket_list *)ctx)->n++;
}

static void keep_bucket(void *ctx, double value, uint64_t count)
{
	struct bucket_list *l = ctx;

	l->b[l->n++] = (struct bucket){ value / l->inner, (double)count };
}

static int summarise_histogram(struct result *r, const struct histogram *h, double inner)
{
	struct bucket_list l = { NULL, 0, inner };

	histogram_walk(h, count_bucket, &l);
	l.b = calloc(l.n + 1, sizeof(*l.b));
	if (!l.b)
		return -ENOMEM;
	l.n = 0;
	histogram_walk(h, keep_bucket, &l);
	r->hist = l.b;
	r->n_hist = l.n;
	r->hist_overflow = (double)h->overflow;
	return 0;
}

double exits_expected(const struct op *op, const struct engine_info *info)
{
	double exits = info->offers & ENGINE_MONITOR ? op_monitor_exits(op) : op->exits;

	return exits >= 0 && info->counts_exits && (info->offers & ENGINE_RING0) ? exits : NAN;
}

/* Exits per operation, and whether the operation caused them: that tells an exit from an emulated instruction. */
static void summarise_exits(struct result *r, const struct tally *t, const struct op *op,
			    const struct summary_context *c)
{
	double exits = 0, operations = 0, interrupts = 0, seconds = 0, expected, stray;
	size_t i, counted = 0;

	r->exits_expected = r->exits_observed = NAN;
	/* Of its pairs one half is without the operation: there is no number of operations to divide by. */
	for (i = 0; i < t->n_launches; i++)
		if (t->launch[i].flags & GUEST_END_PAIRS)
			return;
	r->exits_expected = exits_expected(op, c->info);
	for (i = 0; i < t->n_launches; i++) {
		const struct launch_values *l = &t->launch[i];

		if (!l->counted || !l->executions)
			continue;
		counted++;
		exits += (double)l->exits;
		interrupts += (double)l->interrupts;
		operations += (double)l->executions * op->inner;
		seconds += (double)l->ticks / (double)c->tsc_hz;
	}
	if (!counted)
		return;
	r->exits_observed = exits / operations;
	if (isnan(r->exits_expected))
		return;
	expected = r->exits_expected * operations;
	if (c->info->exact_exits) {
		r->flags |= exits == expected ? 0 : RESULT_EXIT_MISMATCH;
		return;
	}
	stray = STRAY_EXITS_A_LAUNCH * (double)counted +
		(interrupts > 0 ? interrupts + seconds * STRAY_EXITS_COUNTED : seconds * STRAY_EXITS_A_SECOND);
	if (exits < expected * (1 - EXITS_SHARE) - 1 || exits > expected * (1 + EXITS_SHARE) + stray)
		r->flags |= RESULT_EXIT_MISMATCH;
}

/*
 * With several operations between the stamps nobody knows which of them the parts are of. The stamped round trip is a
 * single shot, and so has a bracket in it; a headline from differences has none, one of single shots has its own.
 */
static void summarise_split(struct result *r, const struct tally *t, const struct op *op, double *v)
{
	struct result_split *s = &r->split;
	double total = MEDIAN_OF(t, split_total, v), trip, bracketed;

	if (isnan(total) || op->inner != 1)
		return;
	trip = r->differenced ? r->diff_median : r->single_median - r->empty_bracket;
	bracketed = r->empty_bracket + trip;
	*s = (struct result_split){
		.present = true,
		.exit = MEDIAN_OF(t, split_exit, v),
		.handler = MEDIAN_OF(t, split_handler, v),
		.entry = MEDIAN_OF(t, split_entry, v),
		.stamp_cost = total - bracketed,
	};
	/* Of instructions it is known what the stamps are, to the last one. */
	if (s->stamp_cost > SPLIT_SHARE * bracketed && strcmp(result_unit(r->clock), "instructions"))
		r->flags |= RESULT_SPLIT_STAMPS;
}

static void summarise_flags(struct result *r, const struct tally *t, const struct summary_context *c, double *v)
{
	size_t i;

	for (i = 0; i < t->n_launches; i++) {
		uint32_t end = t->launch[i].flags;
		uint64_t n = end & GUEST_END_PAIRS ? t->launch[i].n_diff : t->launch[i].n;

		if (end & GUEST_END_UNSETTLED)
			r->flags |= RESULT_UNSETTLED;
		if ((end & GUEST_END_BUDGET) || n < c->min_samples)
			r->flags |= RESULT_FEW_SAMPLES;
		if (end & GUEST_END_LFENCE)
			r->flags |= RESULT_NO_RDTSCP;
	}
	if (MEDIAN_OF(t, empty_min, v) > TRAPPED_TICKS)
		r->flags |= RESULT_TSC_TRAPPED;
	if (c->lfence_assumed)
		r->flags |= RESULT_LFENCE_ASSUMED;
}

static void summarise_origin(struct result *r, const struct op *op, const struct summary_context *c)
{
	snprintf(r->op, sizeof(r->op), "%s", op->name);
	snprintf(r->engine, sizeof(r->engine), "%s", c->engine->name);
	snprintf(r->via, sizeof(r->via), "%s", c->info->via);
	snprintf(r->backend, sizeof(r->backend), "%s", c->info->backend);
	snprintf(r->provenance, sizeof(r->provenance), "%s", provenance_name(c->info->provenance));
	snprintf(r->clock, sizeof(r->clock), "%s", c->info->clock);
	/* In process a 2 MiB row runs on pages of its own, which it found to be huge (hosted.c), or not at all. */
	snprintf(r->memory, sizeof(r->memory), "%s",
		 (op->wants & OPF_PAGES_2M) && !(c->info->offers & ENGINE_RING0) ? "thp" : c->info->memory);
}

void tally_move_raw(struct result *r, struct tally *t, const struct op *op)
{
	size_t i;
	uint32_t k;

	for (i = 0; i < r->n_launches && i < t->n_launches; i++) {
		struct raw *from = r->differenced ? &t->launch[i].raw_diff : &t->launch[i].raw_single;
		struct result_raw *to = &r->launch[i].raw;

		for (k = 0; k < from->n; k++)
			from->value[k] /= op->inner;
		*to = (struct result_raw){ from->value, from->n, from->every };
		*from = (struct raw){ 0 };
	}
}

int tally_summarise(struct result *r, const struct tally *t, const struct op *op, const struct summary_context *c)
{
	double *v = calloc(t->n_launches, sizeof(*v));

	*r = (struct result){ 0 };
	if (!v)
		return -ENOMEM;
	summarise_origin(r, op, c);
	r->cold = MEDIAN_OF(t, cold, v) / op->inner;
	r->empty_bracket = MEDIAN_OF(t, empty_median, v);
	choose_estimator(r, t, op->inner, v);
	summarise_samples(r, t, op->inner, v);
	summarise_exits(r, t, op, c);
	summarise_split(r, t, op, v);
	summarise_flags(r, t, c, v);
	if (summarise_launches(r, t, op->inner, v) < 0 || summarise_histogram(r, &t->single, op->inner) < 0) {
		free(v);
		free(r->launch);
		return -ENOMEM;
	}
	summarise_disturbances(r, t, v);
	free(v);
	return 0;
}
