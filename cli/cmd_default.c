/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No verb: the first screen. */
#include "cli/args.h"
#include "cli/machine.h"

static const char *const formats[] = { "text", NULL };

static int run(struct cli *cli, const struct args *a)
{
	const struct render_style style = { cli->colour, cli->utf8, cli->columns };
	struct buf out = BUF_INIT;
	struct machine m;
	struct err e;
	int rc = cli_extension_check(cli, a, formats, "'vtscope probe' has other formats");

	if (rc)
		return rc;
	rc = machine_look(&m, true, true, &e);
	if (rc < 0) {
		cli_error(cli, &e);
		rc = EXIT_RUNTIME;
	} else {
		render_summary(&m.verdict, &m.snapshot, &style, &out);
		rc = cli_write_buf(cli, args_value(a, "output"), &out);
	}
	if (rc == 0)
		rc = verdict_exit_status(m.verdict.status);
	machine_free(&m);
	buf_free(&out);
	return rc;
}

const struct cmd command_default = {
	.name = "",
	.operands = "",
	.summary = "what virtualization does this machine have, and what does it cost?",
	.description =
		"Without a verb vtscope looks at the machine, runs a guest of a few instructions where "
		"/dev/kvm can be opened, and prints the verdict: one line that answers, one line a "
		"layer (processor, firmware, outer hypervisor, driver, device, IOMMU), and the next "
		"step. It reads; it changes nothing.\n"
		"\n"
		"A verb does one thing more. Data goes to standard output, progress and warnings to "
		"standard error. Progress is shown only where standard error is a terminal, and "
		"neither with --quiet nor where CI is set in the environment.",
	.examples = "vtscope\n  the verdict in a few lines\n"
		    "vtscope help list\n  the options of a verb\n",
	.exits = verdict_exits,
	.run = run,
};
