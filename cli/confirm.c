/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/confirm.h"

#include <errno.h>
#include <math.h>
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
	snprintf(x->why, sizeof(x->why), "not confirmed, since it could not be measured once more%s%.180s", *reason ? ": " : "",
		 reason);
}

static void refuted(struct change *x, const struct change *y)
{
	char ratio[32] = "";

	x->word = CHANGE_INCONCLUSIVE;
	x->refuted = true;
	if (isfinite(y->ratio))
		snprintf(ratio, sizeof(ratio), "%+.1f %%, ", (y->ratio - 1) * 100);
	snprintf(x->why, sizeof(x->why), "not confirmed: measured once more it was %s%s", ratio, change_word(y->word));
}

static const char *backend_of(const struct result_set *r, const struct change *x)
{
	for (size_t i = 0; i < r->n_results; i++)
		if (!strcmp(r->result[i].op, x->op) && !strcmp(r->result[i].engine, x->engine) &&
		    !strcmp(r->result[i].via, x->via))
			return r->result[i].backend;
	return "";
}

/* Of other engines' programs, which only one of the two had a row on. */
static bool of_others(const char *key, const char *engine)
{
	static const char programs[] = "carrier.programs.";
	size_t n = strlen(engine);

	if (!strcmp(key, "qemu"))	/* a version; the program says more */
		return true;
	if (strncmp(key, programs, strlen(programs)))
		return false;
	key += strlen(programs);
	return strncmp(key, engine, n) || (key[n] && key[n] != '.');
}

/* Was the same measured again as is in (b)? If not, (out) says what is not; (d) has the differences of the two. */
static bool same_subject(const struct comparison *d, const struct result_set *b, const struct result_set *again,
			 const struct change *x, char out[200])
{
	*out = 0;
	if (!json_is_object(json_object_get(b->subject, "carrier")))
		snprintf(out, 200, "the result does not say what carried it");
	else if (!json_equal(b->tool, again->tool))
		snprintf(out, 200, "the result is of another version of vtscope");
	else if (strcmp(backend_of(b, x), backend_of(again, x)))
		snprintf(out, 200, "it was on %.50s, and here it is %.50s", backend_of(b, x), backend_of(again, x));
	for (size_t i = 0; i < d->n_subject && !*out; i++)
		if (!of_others(d->subject[i].key, x->engine))
			snprintf(out, 200, "%.40s was %.50s, and here it is %.50s", d->subject[i].key, d->subject[i].a,
				 d->subject[i].b);
	return !*out;
}

/* (d): (b) against (again), of which only the machines count. */
static void judge(struct comparison *c, const struct comparison *second, const char *via, const struct comparison *d,
		  const struct result_set *b, const struct result_set *again)
{
	char reason[200];

	for (size_t i = 0; i < c->n; i++) {
		struct change *x = &c->change[i];
		const struct change *y = find(second, x);

		if (x->word != CHANGE_REGRESSION || strcmp(x->via, via))
			continue;
		if (!y || y->word == CHANGE_INCOMPARABLE) {
			unconfirmed(x, y ? y->why : "");
		} else if (!same_subject(d, b, again, x, reason)) {
			unconfirmed(x, reason);
		} else if (y->word == CHANGE_REGRESSION) {
			x->confirmed = true;
		} else {
			refuted(x, y);
		}
	}
}

/* What cannot be measured again, all (via NULL) or one carrier's, is no reason to keep silent on it; (e) has why. */
static void judge_none(struct comparison *c, const char *via, const struct err *e)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->change[i].word == CHANGE_REGRESSION && (!via || !strcmp(c->change[i].via, via)))
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

/* The QEMU that (b) had, NULL: none, or it is not told. */
static const char *qemu_of(const struct result_set *b, const struct again *g)
{
	const json_t *programs = json_object_get(json_object_get(b->subject, "carrier"), "programs");

	for (size_t i = 0; i < g->n_engines; i++)
		for (size_t k = 0; k < b->n_results; k++) {
			const json_t *own = json_object_get(programs, g->engine[i]);

			if (own && !strcmp(b->result[k].engine, g->engine[i]) && strstr(b->result[k].backend, "QEMU"))
				return json_string_value(json_object_get(own, "path"));
		}
	return NULL;
}

/* The CPU that (b) was measured on; without a word on it the one that would be chosen. */
static int cpu_of(const struct result_set *b)
{
	const json_t *carrier = json_object_get(b->subject, "carrier"), *cpu = json_object_get(carrier, "cpu");

	if (json_is_integer(cpu) && json_integer_value(cpu) >= 0 && json_integer_value(cpu) < 65536)
		return (int)json_integer_value(cpu);
	return carrier ? -1 : topology_choose();
}

static int measure(struct cli *cli, const struct machine *m, const struct again *g, const struct comparison *c, const char *via,
		   const struct result_set *b, struct result_set *r, struct err *e)
{
	const struct run_hooks hooks = { cli, on_progress };
	const struct bench_options o = { .engines = g->engine, .n_engines = g->n_engines, .op_globs = g->op,
					 .n_op_globs = g->n_ops, .via = via, .launches = g->launches, .cpu = cpu_of(b),
					 .qemu = qemu_of(b, g) };
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
		return err_set(e, EINTR, "interrupted");
	}
	return rc;
}

static int confirm_via(struct cli *cli, const struct machine *m, struct comparison *c, const struct result_set *const *a,
		       size_t na, const struct result_set *b, const char *via, const struct compare_options *o, struct err *e)
{
	const struct result_set *at;
	struct compare_options again = *o;
	struct comparison second, subject;
	struct result_set r;
	struct again g;
	struct via carrier;
	int rc = via_parse(via, &carrier, e);

	/* A capture, or a stranger's VMM: its rows stay what they are. */
	if (rc < 0)
		return err_set(e, EINVAL, "rows via %s cannot be had again from here; measure %s once more, and check that", via,
			       !strcmp(via, "exec") ? "with the same bench --exec" : "there");
	again.first = c;
	comparison_init(&second);
	comparison_init(&subject);
	rc = again_make(&g, c, via);
	if (rc < 0)
		err_set(e, ENOMEM, "out of memory");
	if (rc == 0)
		rc = measure(cli, m, &g, c, via, b, &r, e);
	if (rc == 0) {
		at = &r;
		rc = compare_runs(&second, a, na, &at, 1, &again, e);
		if (rc == 0)
			rc = compare_machines(&subject, b, &r, o, e);
		if (rc >= 0)
			judge(c, &second, via, &subject, b, &r);
		rc = rc < 0 ? rc : 0;
		result_set_free(&r);
	}
	comparison_free(&second);
	comparison_free(&subject);
	again_free(&g);
	return rc;
}

/* -EINTR, or 0: what could not be measured is told in its rows. */
static int confirm_all(struct cli *cli, const struct machine *m, struct comparison *c, const struct result_set *const *a,
		       size_t na, const struct result_set *b, const struct compare_options *o, struct err *e)
{
	const char **via = calloc(c->n + 1, sizeof(*via));
	size_t n = 0;
	int rc = 0;

	if (!via) {
		err_set(e, ENOMEM, "out of memory");
		judge_none(c, NULL, e);
		return 0;
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->change[i].word == CHANGE_REGRESSION)
			add_name(via, &n, c->change[i].via);
	for (size_t i = 0; i < n; i++) {
		if (rc != -EINTR)
			rc = confirm_via(cli, m, c, a, na, b, via[i], o, e);
		if (rc < 0)
			judge_none(c, via[i], e);
	}
	free(via);
	return rc == -EINTR ? rc : 0;
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
			rc = err_set(&e, EINVAL, "the result is not of this machine");
	}
	if (rc == 0)
		rc = confirm_all(cli, &m, c, a, na, b, o, &e);
	else
		judge_none(c, NULL, &e);
	machine_free(&m);
	if (rc < 0)
		cli_warn(cli, "--confirm: %s; regressions that were not measured once more stand", e.text);
	c->second = true;
	c->confirmed = comparison_count(c, CHANGE_REGRESSION) > 0;
	for (size_t i = 0; i < c->n; i++)
		c->confirmed &= c->change[i].word != CHANGE_REGRESSION || c->change[i].confirmed;
	return rc == -EINTR ? cli_status(rc) : 0;
}
