/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store on a PostgreSQL server, by libpq: tables in a schema "vtscope" of the database. The server may go away. */
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/store_private.h"
#include "common/interrupt.h"

#define CONNECT_SECONDS	"15"	/* unless the uri or PGCONNECT_TIMEOUT says otherwise */
#define ANSWER_SECONDS	120	/* without a byte from the server: it is gone, or locked */
#define LOCK_KEY	"8391160370423"	/* pg_advisory_xact_lock: who writes */

/*
 * libpq, each function under its own name. It is loaded by who opens a store on a server, and stays: with all that it needs
 * it takes longer to load than the whole of "vtscope probe", which has no use for it.
 */
struct libpq {
#define F(name) __typeof__(name) *name;
#include "bench/libpq.def"
#undef F
};

struct postgresql {
	struct sql sql;
	struct libpq pq;
	PGconn *conn;
};

static struct postgresql *postgresql_of(struct sql *d)
{
	return (struct postgresql *)d;
}

bool store_has_postgresql(void)
{
	return true;
}

#define LIBPQ_FILE	"libpq.so.5"

/* ISO C has no cast from an object's pointer to a function's; POSIX promises that its bytes are one. */
static int libpq_find(void *library, const char *name, void *function, struct err *e)
{
	void *at = dlsym(library, name);

	memcpy(function, &at, sizeof(at));
	return at ? 0 : err_set(e, ENOPKG, "%s has no %s: apt-get install libpq5", LIBPQ_FILE, name);
}

static int libpq_load(struct libpq *pq, struct err *e)
{
	void *library = dlopen(LIBPQ_FILE, RTLD_NOW | RTLD_LOCAL);
	int rc = 0;

	if (!library)
		return err_set(e, ENOPKG, "a store on PostgreSQL needs %s: apt-get install libpq5", LIBPQ_FILE);
#define F(name) \
	if (rc == 0) \
		rc = libpq_find(library, #name, &pq->name, e);
#include "bench/libpq.def"
#undef F
	return rc;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- what went wrong, for a person ---- */

/* The first line of libpq's text, without the words that come before what matters. */
static int first_line(const char *text, const char **start)
{
	*start = text;
	if (!strncmp(*start, "ERROR:  ", 8))
		*start += 8;
	return (int)strcspn(*start, "\n");
}

static int fail_gone(const struct postgresql *q, struct err *e)
{
	const char *text;
	int n = first_line(q->pq.PQerrorMessage(q->conn), &text);

	return err_set(e, ECONNRESET, "%s: the server went away; what was saved before is safe, do the rest again (%.*s)", q->sql.name,
		       n < 160 ? n : 160, text);
}

static const struct { const char *state; int code; const char *advice; } states[] = {
	{ "53100", ENOSPC, "; the server's disk is full" },
	{ "42501", EACCES, "; its owner can 'GRANT CREATE ON DATABASE ... TO ...', or make the schema vtscope for this user" },
	{ "25006", EROFS, "" },
	{ "57014", ETIMEDOUT, "" },	/* statement_timeout, or somebody at the server: Ctrl-C here ends in fail_interrupted() */
	{ "42P01", EINVAL, "; the tables of the store are damaged" },
	{ "42703", EINVAL, "; the tables of the store are damaged" },
};

static int fail(const struct postgresql *q, const PGresult *res, struct err *e)
{
	const char *state = q->pq.PQresultErrorField(res, PG_DIAG_SQLSTATE), *text;
	int n;

	if (q->pq.PQstatus(q->conn) != CONNECTION_OK)
		return fail_gone(q, e);
	n = first_line(res ? q->pq.PQresultErrorMessage(res) : q->pq.PQerrorMessage(q->conn), &text);
	for (size_t i = 0; state && i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(state, states[i].state))
			return err_set(e, states[i].code, "%s: %.*s%s", q->sql.name, n < 200 ? n : 200, text, states[i].advice);
	return err_set(e, EIO, "%s: the server says: %.*s", q->sql.name, n < 200 ? n : 200, text);
}

/* ---- waiting, so that Ctrl-C is heard and a silent server is noticed ---- */

static int fail_interrupted(struct postgresql *q, struct err *e)
{
	PGcancel *cancel = q->pq.PQgetCancel(q->conn);
	char text[256];

	if (cancel)
		q->pq.PQcancel(cancel, text, sizeof(text));
	q->pq.PQfreeCancel(cancel);
	return err_set(e, EINTR, "%s: interrupted", q->sql.name);
}

static int wait_socket(struct postgresql *q, short events, double deadline, struct err *e)
{
	for (;;) {
		struct pollfd p = { q->pq.PQsocket(q->conn), events, 0 };
		int n;

		if (p.fd < 0)
			return fail_gone(q, e);
		n = poll(&p, 1, 100);
		if (sql_interrupted(&q->sql))
			return fail_interrupted(q, e);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "%s: %s", q->sql.name, strerror(errno));
		if (now() > deadline)
			return err_set(e, ETIMEDOUT, "%s: the server does not answer; what was saved before is safe", q->sql.name);
	}
}

/* Until everything is sent: the server may send meanwhile, which is to be read or both would wait. */
static int flush(struct postgresql *q, struct err *e)
{
	int left, rc;

	while ((left = q->pq.PQflush(q->conn)) == 1) {
		rc = wait_socket(q, POLLIN | POLLOUT, now() + ANSWER_SECONDS, e);
		if (rc < 0)
			return rc;
		if (!q->pq.PQconsumeInput(q->conn))
			return fail_gone(q, e);
	}
	return left < 0 ? fail_gone(q, e) : 0;
}

/* The next answer, NULL after the last. */
static int next_answer(struct postgresql *q, PGresult **res, struct err *e)
{
	int rc;

	*res = NULL;
	while (q->pq.PQisBusy(q->conn)) {
		rc = wait_socket(q, POLLIN, now() + ANSWER_SECONDS, e);
		if (rc < 0)
			return rc;
		if (!q->pq.PQconsumeInput(q->conn))
			return fail_gone(q, e);
	}
	*res = q->pq.PQgetResult(q->conn);
	return 0;
}

/* ---- statements ---- */

#define OID_INT8	20
#define OID_INT4	23
#define OID_FLOAT8	701

static struct sql_value value_of(const struct postgresql *q, const PGresult *res, int row, int column)
{
	const char *text = q->pq.PQgetvalue(res, row, column);
	struct sql_value v = { .type = SQL_NULL };

	if (q->pq.PQgetisnull(res, row, column))
		return v;
	switch (q->pq.PQftype(res, column)) {
	case OID_INT8:
	case OID_INT4:
		return sql_int(strtoll(text, NULL, 10));
	case OID_FLOAT8:
		return sql_real(strtod(text, NULL));
	default:
		v = (struct sql_value){ SQL_TEXT, 0, 0, text, (size_t)q->pq.PQgetlength(res, row, column) };
		return v;
	}
}

#define COLUMNS_MAX	32

static int rows_read(struct postgresql *q, const PGresult *res, sql_row row, void *ctx, struct err *e)
{
	int columns = q->pq.PQnfields(res) < COLUMNS_MAX ? q->pq.PQnfields(res) : COLUMNS_MAX;

	for (int i = 0; row && i < q->pq.PQntuples(res); i++) {
		struct sql_value v[COLUMNS_MAX];
		int rc;

		for (int k = 0; k < columns; k++)
			v[k] = value_of(q, res, i, k);
		rc = row(ctx, v, (size_t)columns);
		if (rc < 0)
			return err_set(e, -rc, "%s: %s", q->sql.name, strerror(-rc));
	}
	return 0;
}

/* All answers to what was sent. (tag): where the command's own word is wanted ("COMMIT"), else NULL. */
static int answers(struct postgresql *q, sql_row row, void *ctx, char tag[32], struct err *e)
{
	PGresult *res;
	int rc = flush(q, e), mine = 0;

	while (rc == 0 && (rc = next_answer(q, &res, e)) == 0 && res) {
		ExecStatusType status = q->pq.PQresultStatus(res);

		/* The first thing that went wrong counts; the answers after it are read and forgotten. */
		if (mine == 0 && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
			mine = fail(q, res, e);
		else if (mine == 0)
			mine = rows_read(q, res, row, ctx, e);
		if (tag)
			snprintf(tag, 32, "%s", q->pq.PQcmdStatus(res));
		q->pq.PQclear(res);
	}
	return mine ? mine : rc;
}

static int postgresql_script(struct sql *d, const char *text, struct err *e)
{
	struct postgresql *q = postgresql_of(d);

	return q->pq.PQsendQuery(q->conn, text) ? answers(q, NULL, NULL, NULL, e) : fail(q, NULL, e);
}

/* Numbers as text, which the server reads without loss. */
static const char *parameter(const struct sql_value *v, char room[32])
{
	switch (v->type) {
	case SQL_INT:
		snprintf(room, 32, "%" PRId64, v->i);
		return room;
	case SQL_REAL:
		snprintf(room, 32, "%.17g", v->r);
		return room;
	case SQL_TEXT:
		return v->s;
	default:
		return NULL;
	}
}

static int postgresql_query(struct sql *d, const char *text, const struct sql_value *param, size_t n, sql_row row, void *ctx,
			    struct err *e)
{
	struct postgresql *q = postgresql_of(d);
	char (*room)[32] = calloc(n + 1, sizeof(*room));
	const char **value = calloc(n + 1, sizeof(*value));
	int rc;

	for (size_t i = 0; room && value && i < n; i++)
		value[i] = parameter(&param[i], room[i]);
	if (!room || !value)
		rc = err_set(e, ENOMEM, "out of memory");
	else if (!q->pq.PQsendQueryParams(q->conn, text, (int)n, NULL, value, NULL, NULL, 0))
		rc = fail(q, NULL, e);
	else
		rc = answers(q, row, ctx, NULL, e);
	free(room);
	free(value);
	return rc;
}

static void postgresql_rollback(struct sql *d)
{
	struct postgresql *q = postgresql_of(d);

	/* A server that is gone, or that is not done with what it was given, rolls back by itself at the close. */
	if (q->pq.PQstatus(q->conn) == CONNECTION_OK && q->pq.PQtransactionStatus(q->conn) != PQTRANS_ACTIVE && !sql_interrupted(d))
		postgresql_script(d, "ROLLBACK", NULL);
}

/*
 * One writer at a time, as in a file: two that put the same runs in different orders would wait for each other, and the
 * server ends one of them. The lock goes with the transaction, whose statements see what the writer before committed.
 */
static int postgresql_begin(struct sql *d, struct err *e)
{
	int rc = postgresql_script(d, "BEGIN ISOLATION LEVEL READ COMMITTED", e);

	if (rc < 0)
		return rc;
	rc = postgresql_script(d, "SELECT pg_advisory_xact_lock(" LOCK_KEY ")", e);
	if (rc < 0)
		postgresql_rollback(d);
	return rc;
}

/* COMMIT of a transaction that failed succeeds as ROLLBACK. */
static int postgresql_commit(struct sql *d, struct err *e)
{
	struct postgresql *q = postgresql_of(d);
	char tag[32] = "";
	int rc = q->pq.PQsendQuery(q->conn, "COMMIT") ? answers(q, NULL, NULL, tag, e) : fail(q, NULL, e);

	if (rc == 0 && strcmp(tag, "COMMIT"))
		rc = err_set(e, EIO, "%s: the server took the transaction back", d->name);
	return rc;
}

/* ---- whose database it is ---- */

static int number_row(void *ctx, const struct sql_value *column, size_t n)
{
	if (n)
		*(int64_t *)ctx = sql_num(&column[0]);
	return 0;
}

static int postgresql_version(struct sql *d, int *version, struct err *e)
{
	int64_t there = 0, number = 0;
	int rc = postgresql_query(d, "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'vtscope' AND tablename = 'meta'",
				  NULL, 0, number_row, &there, e);

	if (rc == 0 && there)
		rc = postgresql_query(d, "SELECT version FROM vtscope.meta", NULL, 0, number_row, &number, e);
	/* Who makes the table puts a version into it. */
	*version = there && number < 1 ? -1 : number > INT32_MAX ? INT32_MAX : (int)number;
	return rc;
}

static int postgresql_version_set(struct sql *d, int version, struct err *e)
{
	char text[200];

	snprintf(text, sizeof(text), "CREATE TABLE IF NOT EXISTS vtscope.meta (version BIGINT NOT NULL); DELETE FROM vtscope.meta; "
		 "INSERT INTO vtscope.meta VALUES (%d)", version);
	return postgresql_script(d, text, e);
}

/*
 * A transaction that writes is alone in the store. The schema is asked for first: CREATE ... IF NOT EXISTS wants the right
 * to create it even where it is there.
 */
static int postgresql_lock_tables(struct sql *d, struct err *e)
{
	int64_t there = 0;
	int rc = postgresql_query(d, "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'vtscope'", NULL, 0, number_row,
				  &there, e);

	return rc || there ? rc : postgresql_script(d, "CREATE SCHEMA vtscope", e);
}

/* ---- opening and closing ---- */

static void postgresql_close(struct sql *d)
{
	struct postgresql *q = postgresql_of(d);

	q->pq.PQfinish(q->conn);
	free(q);
}

static const struct sql_ops postgresql_ops = {
	"postgresql", postgresql_close, postgresql_script, postgresql_query, postgresql_begin, postgresql_commit,
	postgresql_rollback, postgresql_version, postgresql_version_set, postgresql_lock_tables,
};

/*
 * What stands in a command line, everybody on the machine can read. What libpq says of a wrong uri quotes it, and with it
 * a password: it stays unsaid. An @ in the path is the end of one with a slash in it, which libpq takes for the port.
 */
static int check_uri(const struct libpq *pq, const char *uri, struct err *e)
{
	PQconninfoOption *o = pq->PQconninfoParse(uri, NULL), *p;
	const char *path = strstr(uri, "://") + 3;
	bool password = false;

	path += strcspn(path, "/?");
	if (!o || memchr(path, '@', strcspn(path, "?"))) {
		pq->PQconninfoFree(o);
		return err_set(e, EINVAL, "--db: this is no postgresql://[USER@]HOST[:PORT]/DATABASE that can be read; what "
			       "is special in a name is written %%XX, as %%40 for @");
	}
	for (p = o; p->keyword; p++)
		password |= (!strcmp(p->keyword, "password") || !strcmp(p->keyword, "sslpassword")) && p->val && *p->val;
	pq->PQconninfoFree(o);
	if (password)
		return err_set(e, EINVAL, "--db: no password here, where every user of this machine can read it: ~/.pgpass or PGPASSFILE "
			       "keep one");
	return 0;
}

/* Seconds for the connection, as the uri, PGCONNECT_TIMEOUT or this file says. */
static double connect_seconds(const struct postgresql *q)
{
	PQconninfoOption *o = q->pq.PQconninfo(q->conn);
	double seconds = 0;

	for (PQconninfoOption *p = o; p && p->keyword; p++)
		if (!strcmp(p->keyword, "connect_timeout") && p->val)
			seconds = strtod(p->val, NULL);
	q->pq.PQconninfoFree(o);
	/* 0 is "for ever" to libpq. */
	return seconds > 0 ? seconds : ANSWER_SECONDS;
}

static int connect_wait(struct postgresql *q, struct err *e)
{
	PostgresPollingStatusType s = PGRES_POLLING_WRITING;
	double deadline = now() + connect_seconds(q);
	const char *text;
	int n, rc = 0;

	while (rc == 0 && s != PGRES_POLLING_OK) {
		if (s == PGRES_POLLING_FAILED || q->pq.PQstatus(q->conn) == CONNECTION_BAD) {
			n = first_line(q->pq.PQerrorMessage(q->conn), &text);
			return err_set(e, ECONNREFUSED, "%.150s: %.*s", q->sql.name, n < 220 ? n : 220, text);
		}
		rc = wait_socket(q, s == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, e);
		if (rc == 0)
			s = q->pq.PQconnectPoll(q->conn);
	}
	return rc;
}

/* Later keywords win: the uri over the defaults before it, and what this file relies on over the uri. */
static PGconn *connect_start(const struct libpq *pq, const char *uri)
{
	const char *timeout = getenv("PGCONNECT_TIMEOUT");
	const char *const key[] = { "fallback_application_name", "tcp_user_timeout", "connect_timeout", "dbname",
				    "client_encoding", NULL };
	const char *const value[] = { "vtscope", "60000", timeout && *timeout ? timeout : CONNECT_SECONDS, uri, "UTF8", NULL };

	return pq->PQconnectStartParams(key, value, 1);
}

/* Where it is: not the user, and nothing else that the uri may hold. */
static void name_connection(struct postgresql *q)
{
	const char *host = q->pq.PQhost(q->conn), *port = q->pq.PQport(q->conn), *db = q->pq.PQdb(q->conn);
	bool socket = !host || *host == '/' || !*host;

	snprintf(q->sql.name, sizeof(q->sql.name), "postgresql://%.150s%s%.10s/%.150s", socket ? "" : host, socket ? "" : ":",
		 socket || !port ? "" : port, db ? db : "");
}

/* A server's remarks are no part of one clear line. */
static void drop_notice(void *ctx, const PGresult *res)
{
	(void)ctx;
	(void)res;
}

int sql_open_postgresql(struct sql **out, const char *uri, enum store_mode mode, struct err *e)
{
	/* Others wait to write until a transaction ends: one that a stopped process left open ends before they give up. */
	static const char settings[] =
		"SET search_path TO vtscope; SET client_min_messages TO warning; SET standard_conforming_strings TO on; "
		"SET idle_in_transaction_session_timeout TO '60s'";
	struct postgresql *q;
	struct libpq pq;
	int rc = libpq_load(&pq, e);

	(void)mode;
	if (rc == 0)
		rc = check_uri(&pq, uri, e);
	if (rc < 0)
		return rc;
	q = calloc(1, sizeof(*q));
	if (q) {
		q->pq = pq;
		q->conn = connect_start(&pq, uri);
	}
	if (!q || !q->conn) {
		free(q);
		return err_set(e, ENOMEM, "out of memory");
	}
	q->sql.ops = &postgresql_ops;
	q->sql.deaf = interrupt_pending();
	name_connection(q);
	q->pq.PQsetNoticeReceiver(q->conn, drop_notice, NULL);
	q->pq.PQsetnonblocking(q->conn, 1);
	rc = connect_wait(q, e);
	if (rc == 0) {
		name_connection(q);
		q->pq.PQsetnonblocking(q->conn, 1);
		rc = postgresql_script(&q->sql, settings, e);
	}
	if (rc < 0)
		postgresql_close(&q->sql);
	else
		*out = &q->sql;
	return rc;
}
