/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope baseline: named runs in the store, and what changed since. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/baseline.h"
#include "cli/comparison.h"
#include "cli/confirm.h"
#include "cli/result_file.h"
#include "cli/store.h"
#include "common/fileio.h"

static int say(struct cli *cli, const struct err *e, int rc)
{
	cli_error(cli, e);
	return cli_status(rc);
}

/* ---- save ---- */

/* Every check against it would say that nothing is in common. */
static int empty_refuse(const char *what, struct err *e)
{
	return err_set(e, EINVAL, "%s: no baseline, since it has no results: everything was skipped or failed, and 'vtscope bench' "
		       "says why", what);
}

/* Where there is no store yet (none) says so. One is made for results that can be read, and for nothing else. */
static int first_check(const struct baseline_words *w, struct err *none)
{
	int rc = w->n ? 0 : -ENOENT;

	for (size_t i = 0; i < w->n && rc == 0; i++) {
		struct result_set r;

		if (!is_there(w->what[i]))
			return -ENOENT;
		if (!strcmp(w->what[i], "-") || file_is_folder(w->what[i]))
			continue;
		rc = result_file_load(&r, w->what[i], none);
		if (rc == 0 && !r.n_results)
			rc = empty_refuse(w->what[i], none);
		result_set_free(&r);
	}
	return rc;
}

static int save(struct cli *cli, const struct args *a, const struct baseline_words *w)
{
	struct err e = { 0 };
	struct run_list runs = { 0 };
	struct store *s;
	int rc = store_open(&s, args_value(a, "db"), STORE_READ, &e);

	store_close(s);
	rc = rc == -ENOENT ? first_check(w, &e) : 0;
	if (rc < 0)
		return say(cli, &e, rc);
	rc = cli_store_open(cli, a, STORE_WRITE, &s);
	if (rc)
		return rc;
	rc = runs_named(cli, s, w, &runs, &e);
	for (size_t i = 0; i < runs.n && rc == 0; i++)
		if (!runs.run[i].results)
			rc = empty_refuse(runs.run[i].run_id, &e);
	if (rc == 0)
		rc = baseline_save_tell(cli, s, w->name, &runs, args_flag(a, "add"), &e);
	if (rc < 0)
		rc = say(cli, &e, rc);
	free(runs.run);
	store_close(s);
	return rc;
}

/* ---- check ---- */

/* The runs of one side, loaded. */
struct side { struct result_set *set; const struct result_set **at; size_t n; char name[160]; };

static void side_free(struct side *side)
{
	for (size_t i = 0; i < side->n; i++)
		result_set_free(&side->set[i]);
	free(side->set);
	free(side->at);
}

static int side_room(struct side *side, size_t n, struct err *e)
{
	side->set = calloc(n + 1, sizeof(*side->set));
	side->at = calloc(n + 1, sizeof(*side->at));
	return side->set && side->at ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int side_load(struct side *side, struct store *s, const char *run_id, struct err *e)
{
	int rc = store_load_lean(s, run_id, &side->set[side->n], e);

	if (rc == 0) {
		side->at[side->n] = &side->set[side->n];
		side->n++;
	}
	return rc;
}

static const char *fingerprint_of(const struct result_set *r)
{
	const char *f = json_string_value(json_object_get(r->hardware, "fingerprint"));

	return f ? f : "";
}

/* The baseline of (fingerprint)'s kind of machine. */
static int baseline_side(struct store *s, const char *name, const char *fingerprint, struct side *side, struct err *e)
{
	struct baseline *list = NULL;
	size_t n = 0;
	int rc = baseline_find(s, name, fingerprint, &list, &n, e);

	if (rc < 0)
		return rc;
	rc = side_room(side, n, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = side_load(side, s, list[i].run.run_id, e);
	snprintf(side->name, sizeof(side->name), "%s, %zu %s from %.20s on", name, n, n == 1 ? "run" : "runs", list[0].run.started);
	free(list);
	return rc;
}

/* A file, a folder, a run of the store, or the newest of this machine's that the baseline does not have. */
static int checked_side(struct cli *cli, struct store *s, const struct baseline_words *w, struct side *side, struct err *e)
{
	struct result_files files;
	struct store_run run;
	int rc;

	if (w->n && is_there(w->what[0])) {
		rc = result_files_load(cli, &files, w->what[0], e);
		if (rc < 0)
			return rc;
		*side = (struct side){ files.set, files.at, files.n, "" };
		snprintf(side->name, sizeof(side->name), files.n > 1 ? "%s, %zu runs" : "%s", w->what[0], files.n);
		return 0;
	}
	rc = w->n ? store_find(s, w->what[0], &run, e) : newest_here(cli, s, w->name, &run, e);
	if (rc == 0)
		rc = side_room(side, 1, e);
	if (rc == 0)
		rc = side_load(side, s, run.run_id, e);
	if (rc == 0)
		snprintf(side->name, sizeof(side->name), "run %.8s of %s", run.run_id, run.started);
	return rc;
}

static int compare_sides(struct cli *cli, const struct args *a, const struct side *before, const struct side *after,
			 const struct compare_options *o)
{
	struct comparison c;
	struct err e = { 0 };
	int rc = compare_runs(&c, before->at, before->n, after->at, after->n, o, &e), status;

	if (rc < 0)
		return say(cli, &e, rc);
	snprintf(c.a_name, sizeof(c.a_name), "%s", before->name);
	snprintf(c.b_name, sizeof(c.b_name), "%s", after->name);
	runs_shared_warn(cli, before->at, before->n, after->at, after->n);
	if (args_flag(a, "confirm"))
		rc = confirm_regressions(cli, &c, before->at, before->n, &after->set[0], o);
	status = comparison_write(cli, a, &c);
	comparison_free(&c);
	return rc ? rc : status;
}

static int check_with(struct cli *cli, const struct args *a, const struct baseline_words *w, struct store *s,
		      const struct compare_options *o)
{
	struct side before = { 0 }, after = { 0 };
	struct err e = { 0 };
	int rc = checked_side(cli, s, w, &after, &e), missing;

	if (rc == 0) {
		rc = baseline_side(s, w->name, fingerprint_of(&after.set[0]), &before, &e);
		missing = rc == -ENOENT;
		/* Nothing to compare with is no failure of anything: the first check of a new baseline ends here. */
		if (rc < 0)
			rc = say(cli, &e, rc), rc = missing ? EXIT_INCOMPARABLE : rc;
		else
			rc = compare_sides(cli, a, &before, &after, o);
	} else {
		rc = say(cli, &e, rc);
	}
	side_free(&before);
	side_free(&after);
	return rc;
}

/* No store, so no baseline: incomparable. But a result that cannot be read is told first, and is a failure. */
static int check_without(struct cli *cli, const struct baseline_words *w, const struct err *none)
{
	struct result_files files;
	struct err e = { 0 };
	int rc;

	if (w->n && is_there(w->what[0])) {
		rc = result_files_load(cli, &files, w->what[0], &e);
		if (rc < 0)
			return say(cli, &e, rc);
		result_files_free(&files);
	}
	cli_error(cli, none);
	return EXIT_INCOMPARABLE;
}

static int check(struct cli *cli, const struct args *a, const struct baseline_words *w)
{
	struct comparison_args parsed;
	struct err e = { 0 };
	struct store *s;
	int rc;

	if (w->n > 1)
		return cli_usage(cli, "baseline", "check takes one RESULT; a folder holds several");
	rc = comparison_args_parse(cli, a, "baseline", true, &parsed);
	if (rc)
		return rc;
	rc = store_open(&s, args_value(a, "db"), STORE_READ, &e);
	if (rc == 0) {
		rc = check_with(cli, a, w, s, &parsed.o);
		store_close(s);
	} else {
		rc = rc == -ENOENT ? check_without(cli, w, &e) : cli_store_failed(cli, a, rc, &e);
	}
	comparison_args_free(&parsed);
	return rc;
}

/* ---- rm ---- */

static int rm(struct cli *cli, const struct args *a, const struct baseline_words *w)
{
	struct err e = { 0 };
	struct store *s;
	size_t n;
	int rc = cli_store_open(cli, a, STORE_WRITE, &s);

	if (rc)
		return rc;
	rc = baseline_remove(s, w->name, &n, &e);
	if (rc < 0)
		rc = say(cli, &e, rc);
	else
		cli_warn(cli, "%s had %zu %s and is gone; they are still in %s", w->name, n, n == 1 ? "run" : "runs", store_name(s));
	store_close(s);
	return rc;
}

/* ---- the verb ---- */

static const struct action {
	const char *name;
	unsigned min, max;	/* words after it */
	bool compares;		/* takes md and junit, --threshold and the like */
	const char *usage;
	int (*run)(struct cli *cli, const struct args *a, const struct baseline_words *w);
} actions[] = {
	{ "save", 1, 1000, false, "save NAME [RESULT...]", save },
	{ "check", 1, 1000, true, "check NAME [RESULT]", check },
	{ "list", 0, 0, false, "list", baseline_list_out },
	{ "show", 1, 1, false, "show NAME", baseline_show_out },
	{ "rm", 1, 1, false, "rm NAME", rm },
};

#define ACTIONS	(sizeof(actions) / sizeof(actions[0]))

/* Their names, in that order. */
static const char *const action_words[ACTIONS + 1] = { "save", "check", "list", "show", "rm", NULL };

/* Options that another action would take silently are mistakes. */
static int options_check(struct cli *cli, const struct args *a, const struct action *x)
{
	const char *const compare_only[] = { "threshold", "allow", "strict", "confirm" };
	static const char *const formats[] = { "text", "json", NULL };
	const char *format = args_format(a);
	size_t n;

	for (size_t i = 0; !x->compares && i < sizeof(compare_only) / sizeof(compare_only[0]); i++) {
		args_values(a, compare_only[i], &n);
		if (n)
			return cli_usage(cli, "baseline", "--%s is for baseline check", compare_only[i]);
	}
	if (args_flag(a, "add") && strcmp(x->name, "save"))
		return cli_usage(cli, "baseline", "--add is for baseline save");
	if (!x->compares && cli_extension_check(cli, a, formats, OTHERS_BY_FORMAT))
		return EXIT_USAGE;
	if (!x->compares && (!strcmp(format, "md") || !strcmp(format, "junit")))
		return cli_usage(cli, "baseline", "%s writes text or json", x->name);
	return 0;
}

static int run(struct cli *cli, const struct args *a)
{
	size_t n, i = 0;
	const char *const *operand = args_operands(a, &n);
	struct baseline_words w;
	struct err e;
	int rc;

	while (i < ACTIONS && strcmp(actions[i].name, operand[0]))
		i++;
	if (i == ACTIONS) {
		unknown_name(&e, "action", operand[0], action_words, ACTIONS);
		return cli_usage(cli, "baseline", "%s", e.text);
	}
	if (n - 1 < actions[i].min || n - 1 > actions[i].max)
		return cli_usage(cli, "baseline", "it is 'vtscope baseline %s'", actions[i].usage);
	w = (struct baseline_words){ n > 1 ? operand[1] : NULL, operand + (n > 1 ? 2 : 1), n > 2 ? n - 2 : 0 };
	if (w.name && baseline_name_check(w.name, &e) < 0)
		return cli_usage(cli, "baseline", "%s", e.text);
	rc = options_check(cli, a, &actions[i]);
	return rc ? rc : actions[i].run(cli, a, &w);
}

static const struct opt opts[] = {
	STORE_OPT_DEFAULT("the store"),
	{ .name = "add", .help = "save: keep the runs that the baseline has, too",
	  .more = "At most 20, the newest. Several runs tell how much runs differ anyway, which makes a check sharper." },
	{ .name = "confirm", .help = "check: a regression must show twice (not on exec)",
	  .more = "It measures here and now, with as many launches, so RESULT must be of this machine as it is. "
		  "It cannot repeat what a result does not hold: the command of the engine exec, an --image, the machine of a "
		  "capture. Such regressions stand, and say so: measure with the same options once more, and check that." },
	COMPARISON_ALLOW_OPT,
	COMPARISON_OPTS,
	{ 0 }
};

static const struct exit_doc exits[] = {
	COMPARISON_EXITS,
	{ EXIT_RUNTIME, "a store or a result that cannot be read or written" },
	{ 0, NULL }
};

const struct cmd cmd_baseline = {
	.name = "baseline",
	.operands = "save|check|list|show|rm [NAME] [RESULT...]",
	.min_operands = 1,
	.max_operands = 1002,
	.complete = COMPLETE_FILE,
	.first_words = action_words,
	.summary = "named results in the store: save, check against them, list, show, rm",
	.description =
		"save NAME RESULT... makes results the baseline NAME, and stores those that are files. check NAME RESULT compares a "
		"result with it as 'vtscope compare' does, with the same words and statuses; where there is no baseline of that "
		"name yet the status is 4. RESULT is a file, a folder, - for standard input, or the beginning of a run's id in the "
		"store; without one it is this machine's newest run in the store. One without results makes no baseline.\n\n"
		"A name has runs of its own on each kind of machine, told apart by hardware.fingerprint: build servers with "
		"different processors share a store and a name, and each is compared with its like. Where only another kind of "
		"machine has the name, check says what differs: status 4.\n\n"
		"list tells all baselines, show one with its runs; show NAME -o FILE.json writes this machine's newest run of it. "
		"rm forgets the name, the runs stay in the store.",
	.examples =
		"vtscope baseline save main result.json\n  from now on this is what is compared with\n"
		"vtscope baseline check main new.json --strict -o check.xml\n  JUnit for a pipeline; status 3 is a regression\n"
		"vtscope baseline check main --db results.db --confirm\n"
		"  this machine's newest run; a regression must show twice\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
