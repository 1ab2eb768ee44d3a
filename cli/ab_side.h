/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ab_side.h - one side of `ab`: a line of bench options. Only cli/ includes this. */
#ifndef VTSCOPE_CLI_AB_SIDE_H
#define VTSCOPE_CLI_AB_SIDE_H

#include "cli/args.h"
#include "cli/bench_options.h"

struct side {
	char **word; size_t n;		/* owned: bench's command line, NULL behind it */
	struct args args;		/* of `bench`; borrows from (word) */
	struct bench_words words;
	struct bench_options options;
};

/*
 * --a (side 0) or --b (side 1) of (a), with the options that are common to both where the side does not say otherwise.
 * 0, or the exit status after having said what is wrong. To be freed in every case; zeroed is empty.
 */
int side_read(struct cli *cli, const struct args *a, unsigned side, struct side *out);
void side_free(struct side *s);

/* Splits at blanks; quotes and backslashes as in a shell, nothing else. (word) is NULL-terminated, the caller's. -EINVAL, -ENOMEM. */
int words_split(const char *line, char ***word, size_t *n, struct err *e);

#endif
