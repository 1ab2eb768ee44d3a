/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/machine.h"
#include "bench/run.h"
#include "bench/topology.h"
#include "cli/machine.h"
#include "minivmm/via.h"

/* The names of one carrier's rows, each once; they borrow from the comparison. */
struct again { const char **op, **engine; size_t n_ops, n_engines; unsigned launches; };

static void on_progress(void *ctx, const struct run_progress *p)
{
	char what[80];

	snprintf(what, sizeof(what), "confirming on %s, launch %u of %u", p->engine, p->launch, p->launches);
	cli_progress(ctx, p->fraction, p->eta, what);
}

static void add_name(const char **list, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(list[i], name))
			return;
	list[(*n)++] = name;
}

static void again_free(struct again *g)
{
	free(g->op);
	free(g->engine);
}

/* Is the row to be measured again? Those that regressed, and the controls that tell what the machine does meanwhile. */
static bool wanted(const struct change *x, const char *via)
{
	return !strcmp(x->via, via) && x->word != CHANGE_INCOMPARABLE &&
	       (x->word == CHANGE_REGRESSION || compare_is_control(x->op, x->engine));
}

static int again_make(struct again *g, const struct comparison *c, const char *via)
{
	*g = (struct again){ calloc(c->n + 1, sizeof(*g->op)), calloc(c->n + 1, sizeof(*g->engine)), 0, 0, COMPARE_LAUNCHES };
	if (!g->op || !g->engine)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		const struct change *x = &c->change[i];

		if (!wanted(x, via))
			continue;
		add_name(g->op, &g->n_ops, x->op);
		add_name(g->engine, &g->n_engines, x->engine);
		if (x->n_b > g->launches)
			g->launches = x->n_b < 1000 ? (unsigned)x->n_b : 1000;
	}
	return 0;
}

/* What the second comparison says of the same row, NULL: nothing. */
static const struct change *find(const struct comparison *c, const struct change *x)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->change[i].op, x->op) && !strcmp(c->change[i].engine, x->engine) &&
		    !strcmp(c->change[i].via, x->via) && c->change[i].measure == x->measure)
			return &c->change[i];
	return NULL;
}

/* What could not be confirmed stays what it is, with the reason. */
static void unconfirmed(struct change *x, const char *reason)
{
	snprintf(x->why, sizeof(x->why), "not confirmed, since it could not be measured once more%s%.170s", *reason ? ": " : "",
		 reason);
}

static void judge(struct comparison *c, const struct comparison *second, const char *via)
{
	for (size_t i = 0; i < c->n; i++) {
		struct change *x = &c->change[i];
		const struct change *y = find(second, x);

		if (x->word != CHANGE_REGRESSION || strcmp(x->via, via))
			continue;
		if (!y || y->word == CHANGE_INCOMPARABLE) {
			unconfirmed(x, y ? y->why : "");
		} else if (y->word == CHANGE_REGRESSION) {
			x->confirmed = true;
		} else {
			x->word = CHANGE_INCONCLUSIVE;
			x->launches_needed = 0;
			snprintf(x->why, sizeof(x->why), "measured once more it was %+.1f %% (%s)", (y->ratio - 1) * 100,
				 change_word(y->word));
		}
	}
}

/* A carrier that cannot be had again is no reason to keep silent on the comparison; (e) has why. */
static void judge_none(struct comparison *c, const char *via, const struct err *e)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->change[i].word == CHANGE_REGRESSION && !strcmp(c->change[i].via, via))
			unconfirmed(&c->change[i], e->text);
}

/* Each operation of the plan is on each of its engines: only those stay that are to be measured again. */
static void plan_narrow(struct plan *p, const struct comparison *c, const char *via)
{
	for (size_t i = 0; i < p->n; i++) {
		struct plan_row *row = &p->row[i];
		bool keep = false;

		for (size_t k = 0; k < c->n && !keep; k++)
			keep = wanted(&c->change[k], via) && !strcmp(c->change[k].op, row->op->name) &&
			       !strcmp(c->change[k].engine, p->engine[row->engine].ops->name);
		if (!keep && row->state == PLAN_RUN)
			row->state = PLAN_SKIP;
	}
}

static int measure(struct cli *cli, const struct machine *m, const struct again *g, const struct comparison *c, const char *via,
		   struct result_set *r, struct err *e)
{
	const struct run_hooks hooks = { cli, on_progress };
	const struct bench_options o = { .engines = g->engine, .n_engines = g->n_engines, .op_globs = g->op,
					 .n_op_globs = g->n_ops, .via = via, .launches = g->launches, .cpu = topology_choose() };
	uint64_t tsc_hz = tsc_calibrate(&m->snapshot);
	struct plan p;
	int rc = plan_make(&p, &o, &m->snapshot, &m->verdict, tsc_hz, e);

	if (rc < 0)
		return rc;
	plan_narrow(&p, c, via);
	rc = bench_run(r, &p, &o, &m->snapshot, &m->verdict, tsc_hz, &hooks, e);
	plan_free(&p);
	cli_progress(cli, -1, 0, NULL);
	if (rc == 0 && r->interrupted) {
		result_set_free(r);
		return err_set(e, EINTR, "interrupted while the regressions were measured once more");
	}
	return rc;
}

static int confirm_via(struct cli *cli, const struct machine *m, struct comparison *c, const struct result_set *const *a,
		       size_t na, const char *via, const struct compare_options *o, struct err *e)
{
	const struct result_set *at;
	struct compare_options again = *o;
	struct comparison second;
	struct result_set r;
	struct again g;
	struct via carrier;
	int rc = via_parse(via, &carrier, e);

	/* A capture, or a stranger's VMM: its rows stay what they are. */
	if (rc < 0)
		return err_set(e, EINVAL, "rows via %s cannot be had again from here", via);
	again.first = c;
	comparison_init(&second);
	rc = again_make(&g, c, via);
	if (rc < 0)
		err_set(e, ENOMEM, "out of memory");
	if (rc == 0)
		rc = measure(cli, m, &g, c, via, &r, e);
	if (rc == 0) {
		at = &r;
		rc = compare_runs(&second, a, na, &at, 1, &again, e);
		if (rc == 0)
			judge(c, &second, via);
		result_set_free(&r);
	}
	comparison_free(&second);
	again_free(&g);
	return rc;
}

static int confirm_all(struct cli *cli, const struct machine *m, struct comparison *c, const struct result_set *const *a,
		       size_t na, const struct compare_options *o, struct err *e)
{
	const char **via = calloc(c->n + 1, sizeof(*via));
	size_t n = 0;
	int rc = via ? 0 : err_set(e, ENOMEM, "out of memory");

	for (size_t i = 0; rc == 0 && i < c->n; i++)
		if (c->change[i].word == CHANGE_REGRESSION)
			add_name(via, &n, c->change[i].via);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = confirm_via(cli, m, c, a, na, via[i], o, e);
		if (rc < 0 && rc != -ENOMEM && rc != -EINTR) {
			judge_none(c, via[i], e);
			rc = 0;
		}
	}
	free(via);
	return rc;
}

int confirm_regressions(struct cli *cli, struct comparison *c, const struct result_set *const *a, size_t na,
			const struct result_set *b, const struct compare_options *o)
{
	const char *theirs = json_string_value(json_object_get(b->hardware, "fingerprint"));
	struct err e = { 0 };
	struct machine m;
	char ours[17];
	int rc;

	if (!comparison_count(c, CHANGE_REGRESSION))
		return 0;
	rc = machine_look(&m, true, false, &e);
	if (rc == 0) {
		machine_fingerprint(&m.snapshot, &m.verdict, ours);
		if (!theirs || strcmp(ours, theirs))
			rc = err_set(&e, EINVAL, "--confirm: the result is not of this machine, so nothing can be measured again; "
				     "without it the words are those of one measurement");
	}
	if (rc == 0)
		rc = confirm_all(cli, &m, c, a, na, o, &e);
	machine_free(&m);
	if (rc < 0) {
		cli_error(cli, &e);
		return cli_status(rc);
	}
	c->second = c->confirmed = true;
	for (size_t i = 0; i < c->n; i++)
		c->confirmed &= c->change[i].word != CHANGE_REGRESSION || c->change[i].confirmed;
	return 0;
}
