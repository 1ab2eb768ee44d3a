/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope ab: two configurations in one session. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ab.h"
#include "cli/ab_side.h"
#include "cli/args.h"
#include "cli/bench_table.h"
#include "cli/comparison.h"
#include "cli/machine.h"
#include "common/child.h"
#include "common/fileio.h"
#include "minivmm/via.h"

#define SETUP_MS 600000u

struct session {
	struct cli *cli;
	const struct args *a;
	struct side side[2];
	struct comparison_args compare;
	struct ab_options o;
};

/* ---- the user's commands ---- */

/* The one thing that vtscope lets change the machine, because the user wrote it. */
static int setup(void *ctx, unsigned side, unsigned pair, struct err *e)
{
	const struct session *s = ctx;
	const char *command = args_value(s->a, side ? "b-setup" : "a-setup");
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	char side_env[32], pair_env[32];
	const char *const env[] = { side_env, pair_env, NULL };
	int rc;

	if (!command)
		return 0;
	snprintf(side_env, sizeof(side_env), "VTSCOPE_SIDE=%c", side ? 'b' : 'a');
	snprintf(pair_env, sizeof(pair_env), "VTSCOPE_PAIR=%u", pair + 1);
	rc = child_run(argv, env, SETUP_MS, NULL, NULL, e);
	if (rc < 0 && rc != -EINTR)
		err_prefix(e, "--%c-setup", side ? 'b' : 'a');
	return rc;
}

/* ---- what came of it ---- */

static void on_progress(void *ctx, const struct run_progress *p)
{
	char what[80];

	snprintf(what, sizeof(what), "pair %u of at most %u", p->launch + 1, p->launches);
	cli_progress(ctx, p->fraction, p->eta, what);
}

/* Of side (i)'s result. What is cut off is too long for a path all the same. */
static void kept_name(const char *prefix, unsigned i, char name[PATH_MAX + 16])
{
	snprintf(name, PATH_MAX + 16, "%.*s-%c.json", PATH_MAX, prefix, i ? 'b' : 'a');
}

/* Better said before minutes of measuring than after them. */
static int outputs_check(struct cli *cli, const struct args *a)
{
	const char *file = args_value(a, "output"), *prefix = args_value(a, "keep");
	char name[PATH_MAX + 16];
	struct err e;
	int rc = file ? file_write_check(file, &e) : 0;

	for (unsigned i = 0; i < 2 && prefix && rc >= 0; i++) {
		kept_name(prefix, i, name);
		rc = file_write_check(name, &e);
	}
	if (rc < 0)
		cli_error(cli, &e);
	return rc < 0 ? EXIT_RUNTIME : 0;
}

/* Both sides as results of their own, for whoever wants to look at the launches. */
static int keep(struct cli *cli, const struct ab *ab, const char *prefix)
{
	char name[PATH_MAX + 16];
	struct err e;
	int rc = 0;

	for (unsigned i = 0; i < 2 && rc == 0; i++) {
		struct buf doc = BUF_INIT;

		kept_name(prefix, i, name);
		if (result_set_write(&ab->side[i], &doc) < 0) {
			err_set(&e, ENOMEM, "out of memory");
			cli_error(cli, &e);
			rc = EXIT_RUNTIME;
		} else {
			rc = cli_write(cli, name, doc.data, doc.len);
		}
		buf_free(&doc);
	}
	return rc;
}

/* Do both sides skip (row), and for the same reason? */
static bool skipped_by_both(const struct skipped *row, const struct result_set *other)
{
	for (size_t i = 0; i < other->n_skipped; i++)
		if (!strcmp(row->op, other->skipped[i].op) && !strcmp(row->engine, other->skipped[i].engine) &&
		    !strcmp(row->reason, other->skipped[i].reason))
			return true;
	return false;
}

/*
 * What failed on a side, and what only one side skips; where (all), everything. That a side skips what the other does not
 * have is said by the other.
 */
static void left_tell(struct cli *cli, const struct ab *ab, bool all)
{
	for (unsigned i = 0; i < 2; i++) {
		struct result_set own = ab->side[i];	/* its rows are borrowed */

		own.n_skipped = 0;
		own.skipped = calloc(ab->side[i].n_skipped + 1, sizeof(*own.skipped));
		for (size_t k = 0; own.skipped && k < ab->side[i].n_skipped; k++) {
			const struct skipped *row = &ab->side[i].skipped[k];

			if (strcmp(row->reason, AB_OTHER_SIDE) && (all || !skipped_by_both(row, &ab->side[1 - i])))
				own.skipped[own.n_skipped++] = *row;
		}
		bench_left_tell(&own, i ? "B: " : "A: ", cli);
		free(own.skipped);
	}
}

static void comparison_put(struct cli *cli, const struct comparison *c)
{
	const struct comparison_style style = { .utf8 = cli->utf8 };
	struct buf text = BUF_INIT;

	comparison_text(c, &style, &text);
	cli_out(cli, buf_str(&text), text.len);
	buf_free(&text);
}

static int result_out(struct session *s, struct ab *ab)
{
	const char *prefix = args_value(s->a, "keep");
	struct comparison *c = &ab->comparison;
	int kept, rc;

	/* Nothing to compare says nothing, and must not take the place of what an earlier session said. */
	if (ab->setup.code) {
		cli_error(s->cli, &ab->setup);
		if (!c->n)
			return EXIT_RUNTIME;
	} else if (ab->side[0].interrupted && !c->n) {
		cli_warn(s->cli, "interrupted before the first pair");
		return EXIT_INTERRUPTED;
	}
	if (ab->out_of_time && !c->n) {
		cli_warn(s->cli, "no pair of launches fits into --time %g: give it more, or fewer operations by --op", s->o.seconds);
		return EXIT_RUNTIME;
	}
	left_tell(s->cli, ab, !c->n);
	kept = prefix ? keep(s->cli, ab, prefix) : 0;
	snprintf(c->a_name, sizeof(c->a_name), "%.150s", args_value(s->a, "a"));
	snprintf(c->b_name, sizeof(c->b_name), "%.150s", args_value(s->a, "b"));
	rc = comparison_write(s->cli, s->a, c);
	/* A session is minutes of work: where there is no room for it, it is not lost. */
	if (rc == EXIT_RUNTIME && args_value(s->a, "output"))
		comparison_put(s->cli, c);
	if (kept || rc == EXIT_RUNTIME)
		return EXIT_RUNTIME;
	if (ab->setup.code) {
		cli_warn(s->cli, "the session ended there, after %u pair%s of launches", ab->pairs, ab->pairs == 1 ? "" : "s");
		return EXIT_RUNTIME;
	}
	if (ab->side[0].interrupted) {
		cli_warn(s->cli, "interrupted: this is of %u pair%s of launches until then", ab->pairs, ab->pairs == 1 ? "" : "s");
		return EXIT_INTERRUPTED;
	}
	if (c->n)
		return rc;
	cli_warn(s->cli, "nothing could be measured on both sides");
	return ab->side[0].n_failed || ab->side[1].n_failed ? EXIT_INCOMPARABLE : EXIT_SKIPPED;
}

/* ---- the session ---- */

static int plan_side(struct session *s, unsigned i, const struct machine *m, uint64_t tsc_hz, struct plan *p, struct err *e)
{
	struct bench_options *o = &s->side[i].options;
	int rc;

	/* The same draw of seeds on both sides; ab_run() makes each pair's from it. */
	if (i)
		o->seed = s->side[0].options.seed;
	rc = plan_make(p, o, &m->snapshot, &m->verdict, tsc_hz, e);
	if (rc == 0 && !i)
		o->seed = p->seed;
	if (rc < 0)
		err_prefix(e, "--%c", i ? 'b' : 'a');
	return rc;
}

/* Both sides are of one machine: one look, unless they are on CPUs of their own. */
static void doctors_ask(const struct session *s, const struct machine *m, json_t *doctor[2])
{
	int a = s->side[0].options.cpu, b = s->side[1].options.cpu;
	unsigned score;

	doctor[0] = machine_doctor(m, a, &score);
	doctor[1] = a == b ? json_incref(doctor[0]) : machine_doctor(m, b, &score);
}

static int measure(struct session *s, const struct machine *m)
{
	const struct run_hooks hooks = { s->cli, on_progress };
	uint64_t tsc_hz = tsc_calibrate(&m->snapshot);
	struct plan p[2] = { { 0 }, { 0 } };
	struct ab_side side[2];
	json_t *doctor[2] = { NULL, NULL };
	struct ab ab;
	struct err e = { 0 };
	int rc = 0;

	for (unsigned i = 0; i < 2 && rc == 0; i++) {
		side[i] = (struct ab_side){ &p[i], &s->side[i].options };
		rc = plan_side(s, i, m, tsc_hz, &p[i], &e);
	}
	if (rc == 0) {
		doctors_ask(s, m, doctor);
		rc = ab_run(&ab, side, &s->o, &m->snapshot, &m->verdict, tsc_hz, &hooks, &e);
	}
	plan_free(&p[0]);
	plan_free(&p[1]);
	cli_progress(s->cli, -1, 0, NULL);
	for (unsigned i = 0; i < 2; i++) {
		if (rc == 0)
			ab.side[i].doctor = doctor[i];
		else
			json_decref(doctor[i]);
	}
	if (rc == -EINVAL)
		return cli_usage(s->cli, "ab", "%s", e.text);
	if (rc < 0) {
		cli_error(s->cli, &e);
		return cli_status(rc);
	}
	rc = result_out(s, &ab);
	ab_free(&ab);
	return rc;
}

/* 0, or the exit status after having said what is wrong. */
static int numbers_read(struct session *s)
{
	uint64_t pairs = 0;
	double percent = 0;
	int rc = cli_u64(s->cli, s->a, "launches", 1, PAIRS_MAX, &pairs);

	if (rc == 0)
		rc = cli_double(s->cli, s->a, "time", 1, 86400, &s->o.seconds);
	if (rc == 0)
		rc = cli_double(s->cli, s->a, "precision", 0.01, 100, &percent);
	s->o.pairs = (unsigned)pairs;
	s->o.precision = percent / 100;
	return rc;
}

static int run(struct cli *cli, const struct args *a)
{
	struct session s = { .cli = cli, .a = a };
	struct machine m;
	struct err e;
	int rc = 0;

	if (!args_value(a, "a") || !args_value(a, "b"))
		return cli_usage(cli, "ab", "--a and --b say what the two sides are; --b '' is the default as it is");
	rc = outputs_check(cli, a);
	if (rc == 0)
		rc = comparison_args_parse(cli, a, "ab", false, &s.compare);
	if (rc)
		return rc;
	s.o = (struct ab_options){ .compare = &s.compare.o, .setup = setup, .setup_ctx = &s };
	rc = numbers_read(&s);
	for (unsigned i = 0; i < 2 && rc == 0; i++)
		rc = side_read(cli, a, i, &s.side[i]);
	if (rc == 0) {
		cli_progress(cli, 0, 0, "looking at the machine");
		if (machine_look(&m, true, false, &e) < 0) {
			cli_error(cli, &e);
			rc = EXIT_RUNTIME;
		} else {
			rc = measure(&s, &m);
		}
		machine_free(&m);
	}
	side_free(&s.side[0]);
	side_free(&s.side[1]);
	comparison_args_free(&s.compare);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "a", .arg = "OPTIONS", .help = "what side A is: options of bench, '--engine tcg --qemu /opt/qemu'",
	  .more = "They are split at blanks, quotes and backslashes as in a shell. What both sides have in common can be "
		  "given once, outside." },
	{ .name = "b", .arg = "OPTIONS", .help = "what side B is" },
	{ .name = "a-setup", .arg = "CMD", .help = "run this with /bin/sh before each launch of A",
	  .more = "It has VTSCOPE_SIDE (a or b) and VTSCOPE_PAIR (from 1) in its environment. Where it fails the session ends with what it has." },
	{ .name = "b-setup", .arg = "CMD", .help = "run this before each launch of B" },
	{ .name = "engine", .short_name = 'e', .arg = "LIST", .repeatable = true, .complete = COMPLETE_ENGINE,
	  .help = "both sides: these engines" },
	{ .name = "op", .arg = "GLOB", .repeatable = true, .complete = COMPLETE_OP,
	  .help = "both sides: these operations, like 'exit.*'" },
	{ .name = "exclude", .arg = "GLOB", .repeatable = true, .complete = COMPLETE_OP, .help = "both sides: but not these" },
	{ .name = "via", .arg = "CARRIER", .words = via_words, .help = "both sides: what carries the runner" },
	{ .name = "cpu", .arg = "LIST", .help = "both sides: on the first CPU of LIST" },
	{ .name = "seed", .arg = "N", .help = "orders and memory layouts of an earlier session; random" },
	{ .name = "launches", .arg = "N", .help = "at most N pairs of launches; 36" },
	{ .name = "precision", .arg = "PCT", .help = "a ratio is done when known to +-PCT; a third of its threshold" },
	{ .name = "time", .arg = "S", .help = "end within S seconds" },
	{ .name = "keep", .arg = "PREFIX", .complete = COMPLETE_FILE,
	  .help = "write both sides' results, PREFIX-a.json and PREFIX-b.json" },
	COMPARISON_OPTS,
	{ 0 }
};

static const struct exit_doc exits[] = {
	COMPARISON_EXITS,
	{ EXIT_SKIPPED, "nothing can be measured on both sides here" },
	{ EXIT_RUNTIME, "a setup command that failed, or a document that cannot be written" },
	{ 0, NULL }
};

const struct cmd cmd_ab = {
	.name = "ab",
	.operands = "",
	.summary = "two configurations measured side by side in one session",
	.description =
		"Measures A and B in pairs of launches, one right after the other and which of them first drawn by lot, and "
		"compares pair by pair. What a shared machine does over minutes so hits both alike, and changes become "
		"visible that two separate runs cannot show: another QEMU, another guest image, another engine, another "
		"option, or, by --a-setup and --b-setup, another state of the machine.\n\n"
		"Pairs are added by a rule that is fixed beforehand: looks at 12, 18, 27 ... pairs, each with its own share "
		"of a 5 % chance of error, until each ratio is known to a third of its threshold or the cap is reached. An "
		"operation that got there is measured no more. Ratios and intervals are of paired logarithms (Wilcoxon's "
		"signed ranks); over all operations Holm's correction holds. A ratio that is not known well enough is "
		"inconclusive, with the number of pairs that would do. A VMM of --exec or --qemu that does not start fails its rows, on "
		"either side. vtscope-method(7) says more.",
	.examples =
		"vtscope ab --op 'exit.*' --engine tcg --a '' --b '--qemu /opt/qemu/bin/qemu-system-x86_64'\n"
		"  another QEMU\n"
		"vtscope ab --op 'mem.*' --engine native --a '' --b '' --a-setup 'sysctl -q vm.compaction_proactiveness=0' "
		"--b-setup 'sysctl -q vm.compaction_proactiveness=20'\n"
		"  another state of the machine\n"
		"vtscope ab --a '--engine kvm' --b '--engine qemu-kvm' --op 'cpu.*' -o ab.md\n  two engines, for a pull request\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
