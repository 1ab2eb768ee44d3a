/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h - --db on the command line: opening a store, results into it. Only cli/ includes this.
 */
#ifndef VTSCOPE_CLI_STORE_H
#define VTSCOPE_CLI_STORE_H

#include "bench/store.h"
#include "cli/cmd.h"

/* Rows of an option table: (without) is where results go without --db. */
#define STORE_OPT_OR(text, without) \
	{ .name = "db", .arg = "URI", .complete = COMPLETE_FILE, .help = text, \
	  .more = "A file (SQLite), or postgresql://[USER@][HOST][:PORT]/[DATABASE][?sslmode=verify-full&...] in libpq's syntax; " \
		  "PG* variables and ~/.pgpass count, a password in the URI is refused. Without it " without }
#define STORE_OPT(text) STORE_OPT_OR(text, "nothing is stored; 'vtscope import' stores a result file later.")
#define STORE_OPT_DEFAULT(text) \
	STORE_OPT_OR(text, "the file is $XDG_STATE_HOME/vtscope/results.db, or ~/.local/state/vtscope/results.db.")

/* By --db. 0, or the exit status (usage where the URI is wrong) after having said what is wrong. */
int cli_store_open(struct cli *cli, const struct args *a, enum store_mode mode, struct store **out);
/* That store_open() returned (rc) with (e) for --db is told. The exit status. */
int cli_store_failed(struct cli *cli, const struct args *a, int rc, const struct err *e);

/*
 * Opens, saves, closes, says where it is under which id. (doc): what (r) was loaded from, NULL: it is written from (r).
 * The exit status; after an error that was told.
 */
int cli_store_save(struct cli *cli, const struct args *a, const struct result_set *r, const struct buf *doc);

/* Result files, and folders of them, into the store of --db: a line a run on stdout. The exit status. */
int cli_store_import(struct cli *cli, const struct args *a, const char *const *path, size_t n);

#endif
