/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope compare: two results against each other. */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/comparison.h"
#include "cli/result_file.h"

static void name_put(char *out, size_t size, const char *path, size_t runs)
{
	if (runs > 1)
		snprintf(out, size, "%s, %zu runs", path, runs);
	else
		snprintf(out, size, "%s", path);
}

static int compare_files(struct cli *cli, const struct args *a, const char *const *path, const struct compare_options *o)
{
	struct result_files before, after = { 0 };
	struct comparison c;
	struct err e = { 0 };
	int rc;

	comparison_init(&c);
	rc = result_files_load(cli, &before, path[0], &e);
	if (rc == 0)
		rc = result_files_load(cli, &after, path[1], &e);
	if (rc == 0)
		runs_shared_warn(cli, before.at, before.n, after.at, after.n);
	if (rc == 0)
		rc = compare_runs(&c, before.at, before.n, after.at, after.n, o, &e);
	if (rc < 0) {
		cli_error(cli, &e);
		rc = cli_status(rc);
	} else {
		name_put(c.a_name, sizeof(c.a_name), path[0], before.n);
		name_put(c.b_name, sizeof(c.b_name), path[1], after.n);
		rc = comparison_write(cli, a, &c);
	}
	comparison_free(&c);
	result_files_free(&before);
	result_files_free(&after);
	return rc;
}

static int run(struct cli *cli, const struct args *a)
{
	size_t n;
	const char *const *file = args_operands(a, &n);
	struct comparison_args parsed;
	int rc;

	if (!strcmp(file[0], "-") && !strcmp(file[1], "-"))
		return cli_usage(cli, "compare", "standard input can be only one of the two");
	rc = comparison_args_parse(cli, a, "compare", true, &parsed);
	if (rc)
		return rc;
	rc = compare_files(cli, a, file, &parsed.o);
	comparison_args_free(&parsed);
	return rc;
}

static const struct opt opts[] = { COMPARISON_ALLOW_OPT, COMPARISON_OPTS, { 0 } };

static const struct exit_doc exits[] = {
	COMPARISON_EXITS,
	{ EXIT_RUNTIME, "a result that cannot be read, or a document that cannot be written" },
	{ 0, NULL }
};

const struct cmd cmd_compare = {
	.name = "compare",
	.operands = "BEFORE AFTER",
	.min_operands = 2,
	.max_operands = 2,
	.complete = COMPLETE_FILE,
	.summary = "what changed between two results, by how much, how sure that is",
	.description =
		"Compares two results of vtscope bench, row by row: the ratio of the medians, AFTER by BEFORE, with its 95 % "
		"interval, and a word. Each is a file, a folder of results (several runs of the same, each counted once), or - for standard "
		"input.\n\n"
		"It is a regression (or an improvement) only where the interval excludes 1, the change is larger than the "
		"threshold, the hardware is the same, and a test says so after Holm's correction over all rows. It is "
		"no change where the interval lies within the threshold. Everything else is inconclusive, with what would "
		"decide; that is the usual answer on a shared machine, and status 0.\n\n"
		"Two runs of the same thing differ by more than their launches tell: the machine did something else. The "
		"intervals contain what the spread of the launches, and computation in a process (cpu.*.u on native, where it "
		"was measured) let expect of that, and with several runs a side what these runs show. To see a small change "
		"measure both in one session with vtscope ab.\n\n"
		"Exits per operation and an emulator's instructions are counts: any difference is one, on any machine.\n\n"
		"Hardware must be the same, key by key; what is under test (kernel, modules, QEMU) may differ and is shown.",
	.examples =
		"vtscope compare before.json after.json\n  what changed\n"
		"vtscope compare before.json after.json --threshold 10 --threshold 'exit.*=3' --format md\n"
		"  a comment for a pull request\n"
		"vtscope compare nightly/ after.json\n  against several runs: smaller changes are seen\n"
		"vtscope compare before.json after.json -o compare.xml --strict\n  JUnit for a pipeline\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
