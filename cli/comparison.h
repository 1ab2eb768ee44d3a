/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * comparison.h - what compare, baseline and ab have in common on the command line. Only cli/ includes this.
 */
#ifndef VTSCOPE_CLI_COMPARISON_H
#define VTSCOPE_CLI_COMPARISON_H

#include "bench/compare.h"
#include "cli/cmd.h"
#include "report/comparison.h"

#define EXIT_REGRESSION		3
#define EXIT_INCOMPARABLE	4

/* Rows of an option table. */
#define COMPARISON_OPTS \
	{ .name = "threshold", .arg = "PCT", .repeatable = true, .complete = COMPLETE_OP, \
	  .help = "changes up to it do not matter: PCT, or OP=PCT; 5", \
	  .more = "OP is a glob over operations; the last that matches counts. Counts (exits, an emulator's instructions) " \
		  "have no threshold but one of their own: OP=0.1." }, \
	{ .name = "strict", .help = "status 4 where something is inconclusive or skipped in B, too" }, \
	{ .name = "format", .arg = "FORMAT", .choices = comparison_formats, .help = "what to write", \
	  .more = "Without it the extension of -o decides (.md, .json, .xml), else it is text." }

/* Of results that may be of two machines. */
#define COMPARISON_ALLOW_OPT \
	{ .name = "allow", .arg = "KEY", .repeatable = true, .words = compare_keys, \
	  .help = "compare although this hardware key differs" }

#define COMPARISON_EXITS \
	{ EXIT_OK, "no regression is known" }, \
	{ EXIT_REGRESSION, "a regression" }, \
	{ EXIT_INCOMPARABLE, "something cannot be compared: other hardware, a row that failed in B, nothing in common; " \
			     "with --strict also where something is inconclusive, or measured in A and " \
			     "skipped in B" }

/* The options above as the library takes them. */
struct comparison_args {
	struct compare_options o;
	struct op_threshold *own;	/* owned */
};

/* (allow): the verb has COMPARISON_ALLOW_OPT. 0, or the exit status after having said what is wrong. */
int comparison_args_parse(struct cli *cli, const struct args *a, const char *verb, bool allow, struct comparison_args *out);
void comparison_args_free(struct comparison_args *c);

/* Writes (c) as --format and -o ask for it. The exit status, of the comparison where it could be written. */
int comparison_write(struct cli *cli, const struct args *a, const struct comparison *c);

/* Results of one side. */
struct result_files { struct result_set *set; const struct result_set **at; size_t n; };

/*
 * One result, or the results (*.json) of a folder in the order of their names, each run once: it says which files it leaves
 * out. 0, or -errno with (f) empty.
 */
int result_files_load(struct cli *cli, struct result_files *f, const char *path, struct err *e);
void result_files_free(struct result_files *f);

/* Says so where a run is on both sides. */
void runs_shared_warn(struct cli *cli, const struct result_set *const *a, size_t na, const struct result_set *const *b,
		      size_t nb);

#endif
