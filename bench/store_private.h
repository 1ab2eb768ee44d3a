/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_private.h - the seam between what is stored and the database it is stored in. Only bench/store*.c include this.
 *
 * One text of SQL serves both: parameters are $1, $2 ... first used in that order, the types are TEXT, BIGINT and DOUBLE
 * PRECISION, and what differs (views over times) stands in the migrations of each.
 */
#ifndef VTSCOPE_BENCH_STORE_PRIVATE_H
#define VTSCOPE_BENCH_STORE_PRIVATE_H

#include "bench/store.h"

/* What to do where there is nothing to be read from. */
#define STORE_NONE_YET	"there is no store yet; 'vtscope import', 'baseline save' and 'bench --db FILE' make one"

#define STORE_VERSION	2	/* of the tables: what the last migration leaves */

enum sql_type { SQL_NULL, SQL_INT, SQL_REAL, SQL_TEXT };

struct sql_value {
	enum sql_type type;
	int64_t i;
	double r;		/* finite */
	const char *s;		/* UTF-8 without NUL, (len) bytes and a terminator; of a row it is valid in the call only */
	size_t len;
};

struct sql_value sql_text(const char *s);
struct sql_value sql_int(int64_t i);
struct sql_value sql_real(double r);	/* NAN and infinities are NULL */
/* Of a row: "" and 0 where it is something else. */
const char *sql_str(const struct sql_value *v);
int64_t sql_num(const struct sql_value *v);

/* A row of an answer. 0, or -errno, which ends the query with it. */
typedef int (*sql_row)(void *ctx, const struct sql_value *column, size_t n);

struct sql;

/* All return 0 or -errno with (e) filled: -EINTR at Ctrl-C, -ENOSPC, -EACCES, -EROFS, -EINVAL (damaged), -EIO ... */
struct sql_ops {
	const char *dialect;		/* "sqlite", "postgresql" */
	void (*close)(struct sql *d);
	int (*script)(struct sql *d, const char *text, struct err *e);	/* statements, no parameters, no answers */
	/* One statement; (row) may be NULL. */
	int (*query)(struct sql *d, const char *text, const struct sql_value *param, size_t n, sql_row row, void *ctx,
		     struct err *e);
	int (*begin)(struct sql *d, struct err *e);	/* to write; waits for other writers */
	int (*commit)(struct sql *d, struct err *e);
	void (*rollback)(struct sql *d);
	/* 0: an empty database, negative: the tables are damaged. -EINVAL: there is something else in it. */
	int (*version)(struct sql *d, int *version, struct err *e);
	int (*version_set)(struct sql *d, int version, struct err *e);	/* in a transaction */
	int (*lock_tables)(struct sql *d, struct err *e);	/* in a transaction: nobody else changes tables till its end */
};

struct sql {
	const struct sql_ops *ops;
	char name[400];		/* for messages */
	bool read_only;		/* nothing can be written, whatever was asked for */
	bool deaf;		/* Ctrl-C came before it was opened: what was measured until then is to be saved */
};

/* Did Ctrl-C come since (d) was opened? */
bool sql_interrupted(const struct sql *d);

int sql_open_sqlite(struct sql **out, const char *path, enum store_mode mode, struct err *e);
int sql_open_postgresql(struct sql **out, const char *uri, enum store_mode mode, struct err *e);

#define STORE_INSERTS	3

struct store {
	struct sql *sql;	/* owned */
	bool in_transaction;
	struct buf insert[STORE_INSERTS];	/* statements that put results, by how many rows */
};

/* Brings the tables to STORE_VERSION. -EINVAL: they are newer than that. -ENOENT: there are none, and (mode) is to read. */
int store_migrate(struct sql *d, enum store_mode mode, struct err *e);

/* Columns of a store_run, in its order, of table run named r; and a row with these from column (at) on. */
#define STORE_RUN_COLUMNS "r.run_id, r.started, r.fingerprint, r.brand, r.kernel, r.results, r.interrupted"
#define STORE_RUN_FIELDS	7
void store_run_read(struct store_run *out, const struct sql_value *column);
/* Now, RFC 3339, UTC, with microseconds. */
void store_now(char out[40]);

#endif
