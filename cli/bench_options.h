/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_options.h - the options of `bench`, which other verbs have too, as what a plan is made from. Only cli/ includes this.
 */
#ifndef VTSCOPE_CLI_BENCH_OPTIONS_H
#define VTSCOPE_CLI_BENCH_OPTIONS_H

#include "bench/plan.h"
#include "cli/cmd.h"
#include "common/buf.h"

/* What the options point to beside the command line itself. */
struct bench_words {
	char **engine; size_t n_engines;	/* owned: --engine, split at commas */
	struct buf image;			/* owned: the bytes of --image */
};

/*
 * Fills (o) from (a); what the verb's table does not have was not given. (w) is to be freed in every case, behind (o)'s
 * last use. 0, or the exit status after having said what is wrong.
 */
int bench_options_read(struct cli *cli, const char *verb, const struct args *a, struct bench_words *w, struct bench_options *o);
void bench_words_free(struct bench_words *w);

#endif
