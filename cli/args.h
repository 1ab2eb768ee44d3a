/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * args.h - a command line parsed by a verb's option table. Only cli/ and its tests include this.
 */
#ifndef VTSCOPE_CLI_ARGS_H
#define VTSCOPE_CLI_ARGS_H

#include "cli/cmd.h"

/* What was given for one option of the table. */
struct arg {
	const struct opt *opt;
	size_t n;		/* how often */
	const char **value;	/* owned, (n) borrowed strings; NULL for a flag */
};

struct args {
	const struct cmd *cmd;
	struct arg *arg;	/* owned: the verb's options, then the common ones */
	size_t n_args;
	const char **operand;	/* owned */
	size_t n_operands;
};

/*
 * Parses argv[1..], argv[0] being the verb. Options and operands may be mixed, "--" ends the options. Values and
 * operands borrow from (argv). With --help or --version the operands are not checked. 0, or -EINVAL with the
 * nearest name in (e), or -ENOMEM; (a) is to be freed in every case.
 */
int args_parse(struct args *a, const struct cmd *cmd, int argc, char **argv, struct err *e);
void args_free(struct args *a);

/*
 * Refuses a (word) that is not among (names): "unknown WHAT 'WORD'; did you mean 'NAME'?", or the list of names
 * where it is short and none is near. Returns -EINVAL.
 */
int unknown_name(struct err *e, const char *what, const char *word, const char *const *names, size_t n);

#endif
