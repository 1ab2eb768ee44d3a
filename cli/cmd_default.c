/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No verb. */
#include "cli/args.h"
#include "cli/help.h"

static int run(struct cli *cli, const struct args *a)
{
	(void)a;
	return cli_usage(cli, NULL, "no verb given");
}

const struct cmd command_default = {
	.name = "",
	.operands = "",
	.description = "todo",
	.summary = "what virtualization does this machine have, and what does it cost?",
	.run = run,
};
