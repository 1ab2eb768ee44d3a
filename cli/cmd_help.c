/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/args.h"
#include "cli/help.h"

static int run(struct cli *cli, const struct args *a)
{
	const struct cmd *cmd = &command_default;
	struct buf text = BUF_INIT;
	const char *const *verb;
	struct err e;
	size_t n;
	int rc;

	verb = args_operands(a, &n);
	if (n && command_find(verb[0], &cmd, &e) < 0)
		return cli_usage(cli, "help", "%s", e.text);
	help_text(cmd, &text);
	rc = cli_write_buf(cli, args_value(a, "output"), &text);
	buf_free(&text);
	return rc;
}

const struct cmd cmd_help = {
	.name = "help",
	.operands = "[VERB]",
	.max_operands = 1,
	.complete = COMPLETE_VERB,
	.summary = "show the options of a verb, or all verbs",
	.description = "Prints what --help of the verb prints.",
	.examples = "vtscope help list\n  the options of list\n",
	.run = run,
};
