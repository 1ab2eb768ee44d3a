/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/collector.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/stats.h"

double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void tally_free(struct tally *t)
{
	size_t i;

	for (i = 0; i < t->n_launches; i++) {
		raw_free(&t->launch[i].raw_single);
		raw_free(&t->launch[i].raw_diff);
	}
	raw_free(&t->held.raw_single);
	raw_free(&t->held.raw_diff);
	histogram_free(&t->single);
	histogram_free(&t->held_single);
	free(t->launch);
	*t = (struct tally){ 0 };
}

/* Appends a launch and its samples, which may be none. */
static int tally_add(struct tally *t, const struct launch_values *v, const struct histogram *single)
{
	struct launch_values *more = reallocarray(t->launch, t->n_launches + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	t->launch = more;
	t->launch[t->n_launches++] = *v;
	if (!single->n)
		return 0;
	if (!t->single.count && histogram_init(&t->single) < 0)
		return -ENOMEM;
	histogram_merge(&t->single, single);
	return 0;
}

int tally_add_values(struct tally *t, const struct launch_values *v)
{
	const struct histogram none = { .n = 0 };

	return tally_add(t, v, &none);
}

/* ---- launches that were disturbed ---- */

static int tally_hold(struct tally *t, const struct launch_values *v, const struct histogram *single)
{
	if (!t->held_single.count && histogram_init(&t->held_single) < 0)
		return -ENOMEM;
	histogram_reset(&t->held_single);
	histogram_merge(&t->held_single, single);
	raw_free(&t->held.raw_single);
	raw_free(&t->held.raw_diff);
	t->held = *v;
	t->holds = true;
	t->repeats++;
	t->repeated_for |= v->disturb.over;
	return 0;
}

static void tally_release(struct tally *t)
{
	raw_free(&t->held.raw_single);
	raw_free(&t->held.raw_diff);
	histogram_free(&t->held_single);
	t->held_single = (struct histogram){ .n = 0 };
	t->holds = false;
	t->repeats = t->repeated_for = 0;
}

int tally_settle(struct tally *t)
{
	int rc = t->holds ? tally_add(t, &t->held, &t->held_single) : 0;

	if (rc == 0 && t->holds)	/* its samples are the launch's now */
		t->held.raw_single = t->held.raw_diff = (struct raw){ .n = 0 };
	tally_release(t);
	return rc;
}

static void mark(const struct collector *c, struct disturb *at, bool *marked)
{
	if (!c->watch)
		return;
	c->watch->read(c->watch->ctx, c->carrier, at);
	*marked = true;
}

/* What the row at work was disturbed by, and whether it counts. */
static void watch_row(struct collector *c, struct collector_row *r)
{
	struct disturb_launch *d = &r->values.disturb;

	*d = (struct disturb_launch){ .repeats = r->tally->repeats, .repeated_for = r->tally->repeated_for };
	if (!r->marked)
		return;
	if (!r->marked_end)
		mark(c, &r->mark_end, &r->marked_end);
	/* A carrier that is gone already takes its counters with it. */
	if (isnan(r->mark_end.waited) != isnan(r->mark.waited))
		return;
	d->watched = true;
	disturb_between(&r->mark, &r->mark_end, &d->grew);
	d->over = disturb_over(&d->grew);
	if (d->over && r->outcome == ROW_MEASURED && d->repeats < DISTURB_REPEATS && c->repeat &&
	    c->repeat(c->ctx, d->grew.seconds))
		r->outcome = ROW_DISTURBED;
}

int collector_init(struct collector *c)
{
	memset(c, 0, sizeof(*c));
	c->counts = true;
	if (histogram_init(&c->single) == 0 && histogram_init(&c->empty) == 0)
		return 0;
	collector_free(c);
	return -ENOMEM;
}

void collector_free(struct collector *c)
{
	histogram_free(&c->single);
	histogram_free(&c->empty);
	raw_free(&c->raw_single);
	raw_free(&c->raw_diff);
}

int collector_keep_raw(struct collector *c, uint32_t cap)
{
	int rc = raw_init(&c->raw_single, cap);

	return rc ? rc : raw_init(&c->raw_diff, cap);
}

void collector_start(struct collector *c, uint32_t rows)
{
	uint32_t i;

	c->rows = c->at = rows;
	c->error = 0;
	c->carrier = 0;
	for (i = 0; i < rows; i++)
		c->row[i] = (struct collector_row){ .tally = c->row[i].tally, .op = c->row[i].op };
}

static void keep_quantiles(struct launch_values *v, const struct histogram *h)
{
	v->n = h->n;
	v->min = h->n ? (double)h->min : NAN;
	v->p1 = histogram_quantile(h, 0.01);
	v->p25 = histogram_quantile(h, 0.25);
	v->median = histogram_quantile(h, 0.5);
	v->p75 = histogram_quantile(h, 0.75);
	v->p90 = histogram_quantile(h, 0.90);
	v->p99 = histogram_quantile(h, 0.99);
	v->p999 = histogram_quantile(h, 0.999);
	v->max = h->n ? (double)h->max : NAN;
	v->mean = histogram_mean(h);
	v->mad = histogram_mad(h, v->median);
}

/* (name): what the runner calls it, NULL where its carrier does not tell. Another operation's numbers are none of ours. */
static void row_begin(struct collector *c, uint32_t row, const char *name)
{
	struct collector_row *r = &c->row[row];

	if (r->outcome != ROW_NOT_REACHED || (name && r->op && strcmp(name, r->op)))
		return;			/* a runner that begins a row twice, or has another catalogue */
	c->at = row;
	histogram_reset(&c->single);
	histogram_reset(&c->empty);
	raw_reset(&c->raw_single);
	raw_reset(&c->raw_diff);
	r->outcome = ROW_STARTED;
	r->began = clock_seconds();
	if (!r->marked)
		mark(c, &r->mark, &r->marked);
	r->values = (struct launch_values){ .cold = NAN, .diff_median = NAN, .diff_min = NAN,
					    .empty_median = NAN, .empty_min = NAN, .split_exit = NAN,
					    .split_handler = NAN, .split_entry = NAN, .split_total = NAN };
	keep_quantiles(&r->values, &c->single);
}

static void add_all(struct histogram *h, const uint64_t *v, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes / sizeof(*v); i++)
		histogram_add(h, v[i]);
}

/* (T(2n) - T(n)) / n for each pair; noise may make it negative, and then it is. */
static void add_pairs(struct collector *c, struct launch_values *v, uint32_t copies, const uint64_t *t, uint32_t bytes)
{
	uint32_t i;

	if (!copies)
		return;
	v->copies = copies;
	for (i = 0; i < bytes / (2 * sizeof(*t)) && v->n_diff < COLLECTOR_DIFFS; i++) {
		c->diff[v->n_diff] = ((double)t[2 * i + 1] - (double)t[2 * i]) / copies;
		raw_add(&c->raw_diff, c->diff[v->n_diff++]);
	}
}

static void add_singles(struct collector *c, const uint64_t *v, uint32_t bytes)
{
	uint32_t i;

	add_all(&c->single, v, bytes);
	for (i = 0; c->raw_single.cap && i < bytes / sizeof(*v); i++)
		raw_add(&c->raw_single, (double)v[i]);
}

static void add_splits(struct collector *c, struct launch_values *v, const struct guest_split *s, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes / sizeof(*s) && v->n_split < COLLECTOR_SPLITS; i++, v->n_split++) {
		c->split[0][v->n_split] = (double)s[i].exit;
		c->split[1][v->n_split] = (double)s[i].handler;
		c->split[2][v->n_split] = (double)s[i].entry;
		c->split[3][v->n_split] = (double)s[i].exit + (double)s[i].handler + (double)s[i].entry;
	}
}

static void keep_splits(struct collector *c, struct launch_values *v)
{
	if (!v->n_split)
		return;
	v->split_exit = stats_median(c->split[0], v->n_split);
	v->split_handler = stats_median(c->split[1], v->n_split);
	v->split_entry = stats_median(c->split[2], v->n_split);
	v->split_total = stats_median(c->split[3], v->n_split);
}

static enum row_outcome row_outcome_of(const struct launch_values *v)
{
	if (v->flags & GUEST_END_FAULTED)
		return ROW_FAULTED;
	if (v->flags & GUEST_END_UNSUPPORTED)
		return ROW_UNSUPPORTED;
	return v->n || (v->n_diff && v->flags & GUEST_END_PAIRS) ? ROW_MEASURED : ROW_EMPTY;
}

/* What was selected, in memory of its own size. */
static int keep_raw(struct raw *to, const struct raw *from)
{
	int rc = from->n ? raw_init(to, from->n) : 0;

	if (rc || !from->n)
		return rc;
	memcpy(to->value, from->value, from->n * sizeof(*to->value));
	to->n = from->n;
	to->every = from->every;
	to->seen = from->seen;
	return 0;
}

/* Joins the launch that the tally got last; a copy in (r) would own the same memory. */
static int row_keep_raw(struct collector *c, struct tally *t)
{
	struct launch_values *v = &t->launch[t->n_launches - 1];
	int rc = keep_raw(&v->raw_single, &c->raw_single);

	return rc ? rc : keep_raw(&v->raw_diff, &c->raw_diff);
}

static int row_hold(struct collector *c, const struct collector_row *r)
{
	struct tally *t = r->tally;

	if (tally_hold(t, &r->values, &c->single) < 0 || keep_raw(&t->held.raw_single, &c->raw_single) < 0)
		return -ENOMEM;
	return keep_raw(&t->held.raw_diff, &c->raw_diff);
}

static void row_end(struct collector *c, const struct guest_row_end *end)
{
	struct collector_row *r = &c->row[c->at];
	struct launch_values *v = &r->values;

	v->executions = end->executions;
	v->ticks = end->ticks;
	v->flags = end->flags;
	keep_quantiles(v, &c->single);
	v->empty_median = histogram_quantile(&c->empty, 0.5);
	v->empty_min = c->empty.n ? (double)c->empty.min : NAN;
	if (v->n_diff) {
		v->diff_median = stats_median(c->diff, v->n_diff);
		v->diff_min = c->diff[0];	/* sorted now */
	}
	keep_splits(c, v);
	r->outcome = row_outcome_of(v);
	watch_row(c, r);
	c->at = c->rows;
	if (r->outcome == ROW_DISTURBED) {
		c->error = c->error ? c->error : row_hold(c, r);
		return;
	}
	/* What this launch could not execute, but one before it could, is a launch that gave nothing. */
	if (r->tally->holds && r->outcome != ROW_MEASURED)
		;	/* what is held counts */
	else if (r->outcome != ROW_FAULTED && (r->outcome != ROW_UNSUPPORTED || r->tally->n_launches) && !c->error)
		c->error = tally_add(r->tally, v, &c->single) < 0 ? -ENOMEM : row_keep_raw(c, r->tally);
	if (r->outcome == ROW_MEASURED)
		tally_release(r->tally);
	if (c->row_done)
		c->row_done(c->ctx);
}

/* The guest's words reach a terminal: printable ASCII only. */
static void keep_log(struct collector_row *r, const char *text, uint32_t bytes)
{
	size_t i;

	for (i = 0; i < bytes && text[i] && i < sizeof(r->why) - 1; i++)
		r->why[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	r->why[i] = 0;
}

/* Records of rows that are not at work are dropped: their row then lacks its end, and is blamed for that. */
static void on_record(void *ctx, const struct guest_record *rec, const void *payload)
{
	struct collector *c = ctx;
	struct launch_values *v;

	if (rec->row >= c->rows)
		return;
	if (rec->type == RECORD_ROW_BEGIN) {
		row_begin(c, rec->row, rec->bytes ? payload : NULL);
		return;
	}
	if (rec->row != c->at)
		return;
	v = &c->row[c->at].values;
	switch (rec->type) {
	case RECORD_COLD:
		if (rec->bytes >= sizeof(uint64_t))
			v->cold = (double)*(const uint64_t *)payload;
		break;
	case RECORD_EMPTY:
		add_all(&c->empty, payload, rec->bytes);
		break;
	case RECORD_SINGLE:
		add_singles(c, payload, rec->bytes);
		break;
	case RECORD_DIFF:
		add_pairs(c, v, rec->arg, payload, rec->bytes);
		break;
	case RECORD_SPLIT:
		add_splits(c, v, payload, rec->bytes);
		break;
	case RECORD_FAULT:
		if (rec->bytes >= sizeof(struct guest_fault))
			c->row[c->at].fault = *(const struct guest_fault *)payload;
		break;
	case RECORD_LOG:
		keep_log(&c->row[c->at], payload, rec->bytes);
		break;
	case RECORD_ROW_END:
		if (rec->bytes >= sizeof(struct guest_row_end))
			row_end(c, payload);
		break;
	}
}

static void on_counters(void *ctx, uint32_t row, bool begin, const struct engine_counters *counters)
{
	struct collector *c = ctx;

	if (row >= c->rows)
		return;
	mark(c, begin ? &c->row[row].mark : &c->row[row].mark_end, begin ? &c->row[row].marked : &c->row[row].marked_end);
	if (!c->counts)
		return;
	if (begin) {
		c->row[row].begin = *counters;
		c->row[row].has_begin = true;
	} else {
		c->row[row].end = *counters;
		c->row[row].has_end = true;
	}
}

static void on_carrier(void *ctx, int pid)
{
	((struct collector *)ctx)->carrier = pid;
}

struct sink collector_sink(struct collector *c)
{
	return (struct sink){ .ctx = c, .record = on_record, .counters = on_counters, .carrier = on_carrier };
}

/* The end doorbell rings after the row's end record: counters join the launch only now. */
int collector_finish(struct collector *c)
{
	uint32_t i;

	for (i = 0; i < c->rows; i++) {
		struct collector_row *r = &c->row[i];
		struct launch_values *v;

		if (r->outcome != ROW_MEASURED || !r->has_begin || !r->has_end || !r->tally->n_launches ||
		    r->end.exits < r->begin.exits)
			continue;
		v = &r->tally->launch[r->tally->n_launches - 1];
		v->exits = r->end.exits - r->begin.exits;
		v->exits -= v->exits > 0 && !c->exact;
		v->interrupts = r->end.interrupts - r->begin.interrupts;
		v->counted = true;
	}
	return c->error;
}

int collector_give_up(struct collector *c)
{
	struct collector_row *r = &c->row[c->at];

	if (c->at == c->rows || r->outcome != ROW_STARTED)
		return 0;
	c->at = c->rows;
	if (r->tally->holds)
		return 0;
	r->values.n_diff = r->values.n_split = 0;	/* of what came nothing was summed up */
	histogram_reset(&c->single);
	return tally_add(r->tally, &r->values, &c->single);
}
