/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No verb: the first screen. */
#include "cli/args.h"
#include "cli/machine.h"

static int run(struct cli *cli, const struct args *a)
{
	const struct render_style style = { cli->colour, cli->utf8, cli->columns };
	struct buf out = BUF_INIT;
	struct machine m;
	struct err e;
	int rc = machine_look(&m, true, &e);

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

static const struct exit_doc exits[] = {
	{ 0, "virtualization is usable: a trial guest ran" },
	{ 10, "the processor has no VT" },
	{ 11, "firmware, or the kernel, has locked it off" },
	{ 12, "hidden by an outer hypervisor" },
	{ 13, "no kernel driver serves it" },
	{ 14, "/dev/kvm may not be opened" },
	{ 15, "held by another hypervisor" },
	{ 16, "cannot tell with these privileges" },
	{ 17, "the driver is there, /dev/kvm is not" },
	{ 0, NULL }
};

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
	.exits = exits,
	.run = run,
};
