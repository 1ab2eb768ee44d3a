/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store in a file: SQLite with a write-ahead log. The file may come from a stranger. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/store_private.h"
#include "common/interrupt.h"

#define APPLICATION_ID	0x56545343	/* "VTSC", for file(1) */
#define STATEMENTS	24		/* kept prepared */
#define WAIT_SECONDS	60		/* for another process's transaction */

struct statement { char *text; sqlite3_stmt *stmt; };

struct sqlite {
	struct sql sql;
	sqlite3 *db;
	struct statement statement[STATEMENTS];
	size_t n_statements;
	time_t waiting_since;
};

const char *store_sqlite_version(void)
{
	return sqlite3_libversion();
}

static struct sqlite *sqlite_of(struct sql *d)
{
	return (struct sqlite *)d;
}

/* ---- what went wrong, for a person ---- */

/* SQLite tries a second time, to read: what made the first time fail is asked of the folder. */
static int why_not_opened(const char *path, int system)
{
	const char *slash = strrchr(path, '/');
	char folder[400];
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return EISDIR;
		/* The log that it could not make beside the file was what was not there. */
		if (system && system != ENOENT)
			return system;
		return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0 ||
		       faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0 ? errno : EACCES;
	}
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0)
		return errno;
	return system ? system : EACCES;
}

static int fail_system(const struct sqlite *q, int code, int system, struct err *e)
{
	if (system == ENOSPC || system == EDQUOT || code == SQLITE_FULL)
		return err_set(e, ENOSPC, "%s: the disk is full; what was saved before is safe, this was not saved", q->sql.name);
	if (code == SQLITE_READONLY)
		return err_set(e, EROFS, "%s: may only be read: the file or its folder is write-protected", q->sql.name);
	if (code == SQLITE_CANTOPEN || code == SQLITE_PERM || code == SQLITE_AUTH) {
		system = why_not_opened(q->sql.name, system);
		return err_set(e, system, "%s: cannot be opened: %s", q->sql.name, strerror(system));
	}
	return err_set(e, system ? system : EIO, "%s: %s", q->sql.name,
		       system ? strerror(system) : sqlite3_errstr(code));
}

/* (rc): what a call returned, extended or not. */
static int fail(const struct sqlite *q, int rc, struct err *e)
{
	int system = q->db ? sqlite3_system_errno(q->db) : 0;

	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return err_set(e, EINVAL, "%s: this is no store of vtscope: not an SQLite file", q->sql.name);
	case SQLITE_CORRUPT:
		return err_set(e, EINVAL,
			       "%s: the store is damaged; 'sqlite3 %s .recover' writes what can be read, nothing was changed",
			       q->sql.name, q->sql.name);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, EBUSY, "%s: another process has been writing to it for %d seconds; try again", q->sql.name,
			       WAIT_SECONDS);
	case SQLITE_INTERRUPT:
		return err_set(e, EINTR, "%s: interrupted", q->sql.name);
	case SQLITE_NOMEM:
		return err_set(e, ENOMEM, "%s: out of memory", q->sql.name);
	case SQLITE_ERROR:
	case SQLITE_SCHEMA:
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return err_set(e, EINVAL, "%s: the store refuses it: %s", q->sql.name, sqlite3_errmsg(q->db));
	default:
		return fail_system(q, rc & 0xff, system, e);
	}
}

/* ---- statements ---- */

static int busy(void *ctx, int tries)
{
	struct sqlite *q = ctx;

	if (!tries)
		q->waiting_since = time(NULL);
	if (sql_interrupted(&q->sql) || time(NULL) - q->waiting_since >= WAIT_SECONDS)
		return 0;
	usleep(tries < 10 ? 2000 : 20000);
	return 1;
}

static int stop_asked(void *ctx)
{
	return sql_interrupted(ctx);
}

static int fail_unless_interrupted(struct sqlite *q, int rc, struct err *e)
{
	return fail(q, (rc & 0xff) == SQLITE_BUSY && sql_interrupted(&q->sql) ? SQLITE_INTERRUPT : rc, e);
}

static int sqlite_script(struct sql *d, const char *text, struct err *e)
{
	struct sqlite *q = sqlite_of(d);
	int rc = sqlite3_exec(q->db, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail_unless_interrupted(q, rc, e);
}

/* The prepared (text); the oldest makes room. */
static int statement_get(struct sqlite *q, const char *text, sqlite3_stmt **out, struct err *e)
{
	struct statement s = { strdup(text), NULL };
	int rc;

	for (size_t i = 0; i < q->n_statements; i++)
		if (!strcmp(q->statement[i].text, text)) {
			free(s.text);
			*out = q->statement[i].stmt;
			return 0;
		}
	rc = s.text ? sqlite3_prepare_v3(q->db, text, -1, SQLITE_PREPARE_PERSISTENT, &s.stmt, NULL) : SQLITE_NOMEM;
	if (rc != SQLITE_OK || !s.stmt) {
		free(s.text);
		return fail_unless_interrupted(q, rc == SQLITE_OK ? SQLITE_ERROR : rc, e);
	}
	if (q->n_statements == STATEMENTS) {
		free(q->statement[0].text);
		sqlite3_finalize(q->statement[0].stmt);
		memmove(q->statement, q->statement + 1, --q->n_statements * sizeof(s));
	}
	q->statement[q->n_statements++] = s;
	*out = s.stmt;
	return 0;
}

/* "$1" is a name to SQLite, numbered by its first use: which is in order, by the rule of store_private.h. */
static int bind_one(sqlite3_stmt *stmt, int at, const struct sql_value *v)
{
	switch (v->type) {
	case SQL_INT:
		return sqlite3_bind_int64(stmt, at, v->i);
	case SQL_REAL:
		return sqlite3_bind_double(stmt, at, v->r);
	case SQL_TEXT:
		return sqlite3_bind_text64(stmt, at, v->s, v->len, SQLITE_STATIC, SQLITE_UTF8);
	default:
		return sqlite3_bind_null(stmt, at);
	}
}

#define COLUMNS_MAX	32

static int row_read(sqlite3_stmt *stmt, sql_row row, void *ctx)
{
	struct sql_value v[COLUMNS_MAX];
	int n = sqlite3_column_count(stmt);

	n = n < COLUMNS_MAX ? n : COLUMNS_MAX;
	for (int i = 0; i < n; i++) {
		v[i] = (struct sql_value){ .type = SQL_NULL };
		switch (sqlite3_column_type(stmt, i)) {
		case SQLITE_INTEGER:
			v[i] = sql_int(sqlite3_column_int64(stmt, i));
			break;
		case SQLITE_FLOAT:
			v[i] = sql_real(sqlite3_column_double(stmt, i));
			break;
		case SQLITE_TEXT:
			v[i].type = SQL_TEXT;
			v[i].s = (const char *)sqlite3_column_text(stmt, i);
			v[i].len = (size_t)sqlite3_column_bytes(stmt, i);
			if (!v[i].s)
				return -ENOMEM;
			break;
		}
	}
	return row(ctx, v, (size_t)n);
}

static int sqlite_query(struct sql *d, const char *text, const struct sql_value *param, size_t n, sql_row row, void *ctx,
			struct err *e)
{
	struct sqlite *q = sqlite_of(d);
	sqlite3_stmt *stmt = NULL;
	int rc, mine = statement_get(q, text, &stmt, e);

	if (mine < 0)
		return mine;
	for (size_t i = 0; i < n; i++) {
		rc = bind_one(stmt, (int)i + 1, &param[i]);
		if (rc != SQLITE_OK) {
			sqlite3_clear_bindings(stmt);
			return fail(q, rc, e);
		}
	}
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		if (row && (mine = row_read(stmt, row, ctx)) < 0)
			break;
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		mine = fail_unless_interrupted(q, rc, e);
	else if (mine < 0)
		err_set(e, -mine, "%s: %s", d->name, strerror(-mine));
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return mine;
}

static int sqlite_begin(struct sql *d, struct err *e)
{
	if (d->read_only)
		return fail(sqlite_of(d), SQLITE_READONLY, e);
	return sqlite_script(d, "BEGIN IMMEDIATE", e);
}

static int sqlite_commit(struct sql *d, struct err *e)
{
	return sqlite_script(d, "COMMIT", e);
}

static void sqlite_rollback(struct sql *d)
{
	struct sqlite *q = sqlite_of(d);

	if (q->db && !sqlite3_get_autocommit(q->db))
		sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- whose file it is ---- */

static int number_read(void *ctx, const struct sql_value *column, size_t n)
{
	if (n)
		*(int64_t *)ctx = sql_num(&column[0]);
	return 0;
}

static int number(struct sql *d, const char *text, int64_t *out, struct err *e)
{
	*out = 0;
	return sqlite_query(d, text, NULL, 0, number_read, out, e);
}

static int sqlite_version(struct sql *d, int *version, struct err *e)
{
	int64_t things, id, user, tables;
	int rc = number(d, "SELECT count(*) FROM sqlite_schema", &things, e);

	if (rc == 0)
		rc = number(d, "PRAGMA application_id", &id, e);
	if (rc == 0)
		rc = number(d, "PRAGMA user_version", &user, e);
	if (rc < 0)
		return rc;
	*version = (int)user;
	if (!things && !id && !user)
		return 0;
	if (id != APPLICATION_ID || user < 1)
		return err_set(e, EINVAL, "%s: this is an SQLite file of another program; nothing was changed", d->name);
	if (user > STORE_VERSION)
		return 0;
	/* Of a stranger's file: what is asked for must be a table that is stored, not a view or a module. */
	rc = number(d, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 "
		       "AND name IN ('run', 'document', 'result', 'baseline')", &tables, e);
	if (rc == 0 && tables != 4)
		return fail(sqlite_of(d), SQLITE_CORRUPT, e);
	return rc;
}

static int sqlite_version_set(struct sql *d, int version, struct err *e)
{
	char text[100];

	snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, version);
	return sqlite_script(d, text, e);
}

/* A transaction that writes is alone in the file. */
static int sqlite_lock_tables(struct sql *d, struct err *e)
{
	(void)d;
	(void)e;
	return 0;
}

/* ---- opening and closing ---- */

static void sqlite_close(struct sql *d)
{
	struct sqlite *q = sqlite_of(d);

	sqlite_rollback(d);
	for (size_t i = 0; i < q->n_statements; i++) {
		free(q->statement[i].text);
		sqlite3_finalize(q->statement[i].stmt);
	}
	sqlite3_close(q->db);
	free(q);
}

static const struct sql_ops sqlite_ops = {
	"sqlite", sqlite_close, sqlite_script, sqlite_query, sqlite_begin, sqlite_commit, sqlite_rollback, sqlite_version,
	sqlite_version_set, sqlite_lock_tables,
};

/* "file:PATH?immutable=1": what is special in a URI is escaped. */
static void immutable_uri(const char *path, struct buf *out)
{
	buf_puts(out, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			buf_printf(out, "%%%02x", (unsigned char)*path);
		else
			buf_append(out, path, 1);
	}
	buf_puts(out, "?immutable=1");
}

static void defend(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

static int connect_file(struct sqlite *q, const char *path, int flags, struct err *e)
{
	int rc;

	sqlite3_close(q->db);
	q->db = NULL;
	rc = sqlite3_open_v2(path, &q->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK)
		return fail(q, rc, e);
	defend(q->db);
	sqlite3_busy_handler(q->db, busy, q);
	sqlite3_progress_handler(q->db, 100000, stop_asked, &q->sql);
	q->sql.read_only = sqlite3_db_readonly(q->db, "main") == 1;
	/* FULL: a commit that returned has reached the disk. The log of a large import is cut back after it. */
	return sqlite_script(&q->sql, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; "
			     "PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864", e);
}

/* Only to be read, from a folder where no log can be made, and there is none: the file alone is all of the store. */
static int connect_immutable(struct sqlite *q, const char *path, struct err *e)
{
	struct buf uri = BUF_INIT, log = BUF_INIT;
	struct stat st;
	int rc = -EACCES;

	buf_printf(&log, "%s-wal", path);
	immutable_uri(path, &uri);
	if (!buf_error(&log) && !buf_error(&uri) && (stat(buf_str(&log), &st) < 0 || !st.st_size))
		rc = connect_file(q, buf_str(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
	buf_free(&uri);
	buf_free(&log);
	return rc;
}

/* An empty file becomes one with a log; two processes may do that at once, where SQLite does not wait by itself. */
static int log_enable(struct sqlite *q, struct err *e)
{
	int64_t things;
	int rc = number(&q->sql, "SELECT count(*) FROM sqlite_schema", &things, e);

	if (rc < 0 || things || q->sql.read_only)
		return rc;
	for (int tries = 0;; tries++) {
		/* Documents are large: large pages are a quarter of the work. */
		rc = sqlite3_exec(q->db, "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if ((rc & 0xff) != SQLITE_BUSY || !busy(q, tries))
			break;
	}
	return rc == SQLITE_OK ? 0 : fail_unless_interrupted(q, rc, e);
}

int sql_open_sqlite(struct sql **out, const char *path, enum store_mode mode, struct err *e)
{
	struct sqlite *q = calloc(1, sizeof(*q));
	struct buf plain = BUF_INIT;
	struct stat st;
	int64_t things;
	int rc;

	if (!q)
		return err_set(e, ENOMEM, "out of memory");
	q->sql.ops = &sqlite_ops;
	q->sql.deaf = interrupt_pending();
	snprintf(q->sql.name, sizeof(q->sql.name), "%s", path);
	/* "" and ":memory:" are special to SQLite, a leading "./" makes any name a plain one. */
	buf_printf(&plain, "%s%s", *path == '/' ? "" : "./", path);
	rc = buf_error(&plain);
	if (rc == 0 && stat(path, &st) < 0 && mode == STORE_READ)
		rc = err_set(e, errno, "%s: %s", path, errno == ENOENT ? STORE_NONE_YET : strerror(errno));
	else if (rc == 0)
		rc = connect_file(q, buf_str(&plain), SQLITE_OPEN_READWRITE | (mode == STORE_WRITE ? SQLITE_OPEN_CREATE : 0), e);
	if (rc == 0)
		rc = number(&q->sql, "SELECT count(*) FROM sqlite_schema", &things, e);
	if (rc < 0 && mode == STORE_READ && (rc == -EACCES || rc == -EROFS || rc == -EPERM || rc == -ENOENT) &&
	    stat(path, &st) == 0) {
		while (q->n_statements) {
			free(q->statement[--q->n_statements].text);
			sqlite3_finalize(q->statement[q->n_statements].stmt);
		}
		rc = connect_immutable(q, buf_str(&plain), e);
	}
	if (rc == 0 && mode == STORE_WRITE)
		rc = log_enable(q, e);
	buf_free(&plain);
	if (rc < 0)
		sqlite_close(&q->sql);
	else
		*out = &q->sql;
	return rc;
}
