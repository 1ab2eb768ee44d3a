/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * baseline.h - what the files of the verb baseline share. Only cli/ includes this.
 */
#ifndef VTSCOPE_CLI_BASELINE_H
#define VTSCOPE_CLI_BASELINE_H

#include "bench/store.h"
#include "cli/cmd.h"

/* The operands after the action. */
struct baseline_words { const char *name; const char *const *what; size_t n; };

struct run_list { struct store_run *run; size_t n; };	/* run is owned */

/* Is (what) a file, a folder or standard input, and no run's id? */
bool is_there(const char *what);
/* The newest run of this machine in (s); of those that baseline (but) does not have, where it is not NULL. */
int newest_here(struct cli *cli, struct store *s, const char *but, struct store_run *out, struct err *e);
/* The runs that w->what names, files among them stored first; nothing named: newest_here(). */
int runs_named(struct cli *cli, struct store *s, const struct baseline_words *w, struct run_list *out, struct err *e);

/*
 * baseline_save() of (runs), and what became of it: which are in, which are not since there are newer ones, and which had to
 * leave for them. 0 or -errno.
 */
int baseline_save_tell(struct cli *cli, struct store *s, const char *name, const struct run_list *runs, bool add, struct err *e);

int baseline_list_out(struct cli *cli, const struct args *a, const struct baseline_words *w);
int baseline_show_out(struct cli *cli, const struct args *a, const struct baseline_words *w);

#endif
