/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope compare: two results against each other. */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/comparison.h"
#include "cli/result_file.h"

static int compare_files(struct cli *cli, const struct args *a, const char *const *file, const struct compare_options *o)
{
	struct result_set before, after;
	struct comparison c;
	struct err e = { 0 };
	int rc;

	result_set_init(&after);
	comparison_init(&c);
	rc = result_file_load(&before, file[0], &e);
	if (rc == 0)
		rc = result_file_load(&after, file[1], &e);
	if (rc == 0)
		rc = compare_sets(&c, &before, &after, o, &e);
	if (rc < 0) {
		cli_error(cli, &e);
		rc = cli_status(rc);
	} else {
		snprintf(c.a_name, sizeof(c.a_name), "%s", file[0]);
		snprintf(c.b_name, sizeof(c.b_name), "%s", file[1]);
		rc = comparison_write(cli, a, &c);
	}
	comparison_free(&c);
	result_set_free(&before);
	result_set_free(&after);
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
	rc = comparison_args_parse(cli, a, "compare", &parsed);
	if (rc)
		return rc;
	rc = compare_files(cli, a, file, &parsed.o);
	comparison_args_free(&parsed);
	return rc;
}

static const struct opt opts[] = { COMPARISON_OPTS, { 0 } };

static const struct exit_doc exits[] = {
	COMPARISON_EXITS,
	{ EXIT_RUNTIME, "a result that cannot be read, or a document that cannot be written" },
	{ 0, NULL }
};

const struct cmd cmd_compare = {
	.name = "compare",
	.operands = "BEFORE.json AFTER.json",
	.min_operands = 2,
	.max_operands = 2,
	.complete = COMPLETE_FILE,
	.summary = "what changed between two results, by how much, how sure that is",
	.description =
		"Compares two results of vtscope bench, row by row: the ratio of the medians, AFTER by BEFORE, with its 95 % "
		"interval over launches, and a word. - is standard input.\n\n"
		"It is a regression (or an improvement) only where the interval excludes 1, the change is larger than the "
		"threshold, the hardware is the same, and a rank test says so after Holm's correction over all rows. It is "
		"no change where the interval lies within the threshold. Everything else is inconclusive, with the number "
		"of launches that would decide; that is the usual answer on a shared machine, and status 0.\n\n"
		"Exits per operation and an emulator's instructions are counts: any difference is one, on any machine.\n\n"
		"Two runs at different times differ by what else the machine did; to see a small change measure both in one "
		"session with vtscope ab.",
	.examples =
		"vtscope compare before.json after.json\n  what changed\n"
		"vtscope compare before.json after.json --threshold 10 --threshold 'exit.*=3' --format md\n"
		"  a comment for a pull request\n"
		"vtscope compare before.json after.json -o compare.xml --strict\n  JUnit for a pipeline\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
