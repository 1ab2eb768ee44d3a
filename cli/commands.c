/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command table: one line a command, in the order of --help. */
#include <string.h>

#include "cli/args.h"

#define COMMANDS(X) \
	X(cmd_probe) \
	X(cmd_bench) \
	X(cmd_ab) \
	X(cmd_run) \
	X(cmd_report) \
	X(cmd_compare) \
	X(cmd_baseline) \
	X(cmd_doctor) \
	X(cmd_image) \
	X(cmd_export) \
	X(cmd_import) \
	X(cmd_list) \
	X(cmd_help)

#define DECLARE(symbol) extern const struct cmd symbol;
COMMANDS(DECLARE)

#define ROW(symbol) &symbol,
const struct cmd *const commands[] = { COMMANDS(ROW) };
const size_t n_commands = sizeof(commands) / sizeof(commands[0]);

static const char *const when[] = { "auto", "always", "never", NULL };

const struct opt common_opts[] = {
	{ .name = "output", .short_name = 'o', .arg = "FILE", .complete = COMPLETE_FILE,
	  .help = "write to FILE, format by its extension; - is stdout",
	  .more = "FILE appears whole or not at all: it is written under a temporary name and "
		  "renamed." },
	{ .name = "color", .arg = "WHEN", .choices = when, .help = "colour standard output",
	  .more = "With auto, NO_COLOR switches it off, else CLICOLOR_FORCE switches it on, else "
		  "it is on where standard output is a terminal." },
	{ .name = "quiet", .short_name = 'q', .help = "no progress, no warnings; errors only" },
	{ .name = "verbose", .short_name = 'v', .repeatable = true,
	  .help = "say more on stderr; errors name their origin" },
	{ .name = "help", .short_name = 'h', .help = "this text" },
	{ .name = "version", .help = "version of vtscope and of its libraries" },
	{ 0 }
};

const struct exit_doc common_exits[] = {
	{ EXIT_OK, "done" },
	{ EXIT_RUNTIME, "run-time failure, said on stderr" },
	{ EXIT_USAGE, "usage: unknown option, operand or name" },
	{ EXIT_INTERRUPTED, "interrupted" },
	{ 0, NULL }
};

int command_find(const char *name, const struct cmd **out, struct err *e)
{
	const char *names[n_commands];

	for (size_t i = 0; i < n_commands; i++) {
		names[i] = commands[i]->name;
		if (!strcmp(names[i], name)) {
			*out = commands[i];
			return 0;
		}
	}
	return unknown_name(e, "verb", name, names, n_commands);
}
