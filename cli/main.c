/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/help.h"
#include "common/interrupt.h"

/*
 * A descriptor that the caller closed must not be taken by the next open(): data would go into that file. Opened
 * for reading, so that writing to it still fails.
 */
static void hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int run(struct cli *cli, const struct args *a)
{
	struct buf text = BUF_INIT;

	if (args_flag(a, "help"))
		help_text(a->cmd, &text);
	else if (args_flag(a, "version"))
		version_text(&text);
	else
		return a->cmd->run(cli, a);
	cli_out(cli, buf_str(&text), text.len);
	buf_free(&text);
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	const struct cmd *cmd = &command_default;
	struct cli cli = { 0 };
	struct args args;
	struct err e;
	int rc;

	hold_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);	/* a closed pipe is EPIPE, and said; */
	signal(SIGXFSZ, SIG_IGN);	/* a file size limit is EFBIG */
	interrupt_install();

	/* The verb comes first; with an option there it is the verdict that is asked for. */
	if (argc > 1 && argv[1][0] != '-') {
		if (command_find(argv[1], &cmd, &e) < 0)
			return cli_usage(&cli, NULL, "%s", e.text);
		argc--;
		argv++;
	}
	rc = args_parse(&args, cmd, argc, argv, &e);
	cli_init(&cli, &args);
	if (rc == 0)
		rc = run(&cli, &args);
	else if (rc == -EINVAL)
		rc = cli_usage(&cli, cmd->name, "%s", e.text);
	else {
		cli_error(&cli, &e);
		rc = EXIT_RUNTIME;
	}
	rc = cli_finish(&cli, rc);
	args_free(&args);
	return rc;
}
