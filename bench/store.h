/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h - results kept for good, and the baselines among them: SQLite or PostgreSQL. bench/, report/, cli/ include this.
 *
 * A run is kept as the document that it was written as, byte for byte, beside columns that SQL can ask. What a call
 * returned 0 for is on the disk, whatever happens next. doc/store.md has the tables.
 */
#ifndef VTSCOPE_BENCH_STORE_H
#define VTSCOPE_BENCH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/result.h"
#include "common/buf.h"
#include "common/err.h"

struct store;

enum store_mode {
	STORE_READ,	/* what is not there is -ENOENT; a folder that may not be written to will do */
	STORE_WRITE,	/* made where it is not there, with its folder */
};

/*
 * (uri): "postgresql://..." (libpq's; PG* variables and ~/.pgpass count, a password in it is refused), "sqlite:PATH", a
 * path, or NULL: store_default_path(). Tables of an older version are brought up to this one. -EINVAL: the uri is wrong,
 * or what is there is no store, is damaged, or was written by a newer version: (e) says which. -ENOENT: to be read, and
 * there is none yet. -ENOTSUP: built without libpq.
 */
int store_open(struct store **out, const char *uri, enum store_mode mode, struct err *e);
void store_close(struct store *s);		/* NULL will do; what was not committed is gone */
const char *store_name(const struct store *s);	/* for messages: the path, or the server and database */
/* "$XDG_STATE_HOME/vtscope/results.db", where that is not set below ~/.local/state. -EINVAL: there is no HOME. */
int store_default_path(struct buf *out, struct err *e);
bool store_has_postgresql(void);		/* of this build */
const char *store_sqlite_version(void);		/* of the library */

/* ---- runs ---- */

#define STORE_SAVED	0
#define STORE_PRESENT	1	/* this very run was there: nothing was done */

/*
 * Several runs in one transaction: nothing is saved before store_commit() returned 0. store_put() returns STORE_SAVED,
 * STORE_PRESENT, -EEXIST (the id is there with another content, which stays; the transaction lives on) or -errno, after
 * which only store_abort() is left. (doc): the document (r) was loaded from, terminated, or NULL: it is written from (r).
 */
int store_begin(struct store *s, struct err *e);
int store_put(struct store *s, const struct result_set *r, const char *doc, size_t len, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_abort(struct store *s);
/* One run: begin, put, commit. */
int store_save(struct store *s, const struct result_set *r, const char *doc, size_t len, struct err *e);

struct store_run {
	char run_id[37], started[40], fingerprint[40], brand[100], kernel[100];
	uint64_t results;
	bool interrupted;
};

/*
 * The run whose id begins with (prefix): -ENOENT, or -EINVAL where several do. The newest by when it began, of machine
 * (fingerprint), that is no run of baseline (but), which may be NULL. -ENOENT: there is none.
 */
int store_find(struct store *s, const char *prefix, struct store_run *out, struct err *e);
int store_newest(struct store *s, const char *fingerprint, const char *but, struct store_run *out, struct err *e);
/*
 * The run as it was measured; (r) is to be freed when 0 is returned. -ENOENT: no such run. The lean one may lack its
 * histograms (result_set_load_lean).
 */
int store_load(struct store *s, const char *run_id, struct result_set *r, struct err *e);
int store_load_lean(struct store *s, const char *run_id, struct result_set *r, struct err *e);
/* Its document, byte for byte, appended to (out). */
int store_document(struct store *s, const char *run_id, struct buf *out, struct err *e);

/* ---- baselines: a name for runs, for some on each kind of machine ---- */

#define BASELINE_RUNS_MAX	20	/* of one name on one kind of machine */

struct baseline {
	char name[101], saved[40];	/* RFC 3339 */
	struct store_run run;		/* one of its runs; the fingerprint is that of its machine */
};

/* 1 to 100 of A-Z a-z 0-9 . _ / @ + -, not beginning with '-'. 0 or -EINVAL with the rule. */
int baseline_name_check(const char *name, struct err *e);
/*
 * These (runs), 1 or more, are the baseline (name) of their machines from now on: instead of what these machines had
 * under that name, or (add) beside it, where the oldest of more than BASELINE_RUNS_MAX leave.
 */
int baseline_save(struct store *s, const char *name, const struct store_run *runs, size_t n, bool add, struct err *e);
/*
 * The runs of baseline (name) on machine (fingerprint), the oldest first; where there are none, those of the machine that
 * was saved last. (list) is owned by the caller. -ENOENT: no baseline has that name; (e) has the names that there are.
 */
int baseline_find(struct store *s, const char *name, const char *fingerprint, struct baseline **list, size_t *n,
		  struct err *e);
/* All runs of all those named (name), NULL: of all, by name, machine and age; (list) is owned by the caller. */
int baseline_list(struct store *s, const char *name, struct baseline **list, size_t *n, struct err *e);
/* How many runs had the (name) is in (removed); the runs stay in the store. */
int baseline_remove(struct store *s, const char *name, size_t *removed, struct err *e);

#endif
