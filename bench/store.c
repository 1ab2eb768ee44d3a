/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a store by its name, and what its other files share. */
#include "bench/store.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#include "bench/store_private.h"
#include "common/interrupt.h"

struct sql_value sql_text(const char *s)
{
	return (struct sql_value){ .type = SQL_TEXT, .s = s, .len = strlen(s) };
}

struct sql_value sql_int(int64_t i)
{
	return (struct sql_value){ .type = SQL_INT, .i = i };
}

struct sql_value sql_real(double r)
{
	return (struct sql_value){ .type = isfinite(r) ? SQL_REAL : SQL_NULL, .r = r };
}

const char *sql_str(const struct sql_value *v)
{
	return v->type == SQL_TEXT ? v->s : "";
}

int64_t sql_num(const struct sql_value *v)
{
	return v->type == SQL_INT ? v->i : 0;
}

bool sql_interrupted(const struct sql *d)
{
	return !d->deaf && interrupt_pending();
}

void store_now(char out[40])
{
	struct timeval t;
	struct tm tm;
	char text[32];

	gettimeofday(&t, NULL);
	gmtime_r(&t.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, 40, "%s.%06ldZ", text, (long)t.tv_usec);
}

int store_default_path(struct buf *out, struct err *e)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	/* The XDG specification: a relative path is to be ignored. */
	if (state && *state == '/')
		buf_printf(out, "%s/vtscope/results.db", state);
	else if (home && *home == '/')
		buf_printf(out, "%s/.local/state/vtscope/results.db", home);
	else
		return err_set(e, EINVAL, "there is no HOME to keep the store in: --db FILE says where");
	return buf_error(out);
}

/* The folders above (path), private to the user as the XDG specification asks. */
static int make_folders(const char *path, struct err *e)
{
	char *copy = strdup(path), *p;
	int rc = copy ? 0 : err_set(e, ENOMEM, "out of memory");

	for (p = copy ? strchr(copy + 1, '/') : NULL; rc == 0 && p; p = strchr(p + 1, '/')) {
		*p = 0;
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			rc = err_set(e, errno, "%s: cannot be made: %s", copy, strerror(errno));
		*p = '/';
	}
	free(copy);
	return rc;
}

/* "sqlite:PATH", "sqlite://PATH" (an absolute one has three slashes), or a path. NULL: another scheme. */
static const char *path_of(const char *uri)
{
	if (!strncmp(uri, "sqlite://", 9))
		return uri + 9;
	if (!strncmp(uri, "sqlite:", 7))
		return uri + 7;
	return strstr(uri, "://") ? NULL : uri;
}

/*
 * libpq's "host=... dbname=...", perhaps with a password, which no file is to be called. "./" before it makes it one. No
 * libpq is asked: a build without it would make the file.
 */
static bool is_words(const char *uri)
{
	static const char *const keys[] = { "host", "hostaddr", "port", "dbname", "user", "password", "service" };
	const char *p = uri + strspn(uri, " \t\n");
	size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz_");

	if (!n || p[n + strspn(p + n, " \t\n")] != '=')
		return false;
	for (; *p; p += strcspn(p, " \t\n"), p += strspn(p, " \t\n")) {
		n = strspn(p, "abcdefghijklmnopqrstuvwxyz_");
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (n == strlen(keys[i]) && !strncmp(p, keys[i], n) && p[n + strspn(p + n, " \t\n")] == '=')
				return true;
	}
	return false;
}

static int open_file(struct sql **out, const char *uri, enum store_mode mode, struct err *e)
{
	struct buf standard = BUF_INIT;
	const char *path;
	int rc = 0;

	if (!uri) {
		rc = store_default_path(&standard, e);
		if (rc == 0 && mode == STORE_WRITE)
			rc = make_folders(buf_str(&standard), e);
		path = buf_str(&standard);
	} else {
		path = path_of(uri);
		/* What it says stays unsaid: it may hold a password, as that of another scheme. */
		if (path == uri && is_words(uri))
			rc = err_set(e, EINVAL, "--db: a server is postgresql://[USER@]HOST[:PORT]/DATABASE, not libpq's KEY=VALUE "
				     "words; a file of such a name is ./NAME");
		else if (!path || !*path)
			rc = err_set(e, EINVAL, "--db: this names no store: a file, sqlite:FILE or postgresql://[HOST]/[DATABASE] does");
	}
	if (rc == 0)
		rc = sql_open_sqlite(out, path, mode, e);
	buf_free(&standard);
	return rc;
}

int store_open(struct store **out, const char *uri, enum store_mode mode, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	if (uri && (!strncmp(uri, "postgresql://", 13) || !strncmp(uri, "postgres://", 11)))
		rc = sql_open_postgresql(&s->sql, uri, mode, e);
	else
		rc = open_file(&s->sql, uri, mode, e);
	if (rc == 0)
		rc = store_migrate(s->sql, mode, e);
	if (rc < 0) {
		store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->sql)
		s->sql->ops->close(s->sql);
	for (size_t i = 0; i < STORE_INSERTS; i++)
		buf_free(&s->insert[i]);
	free(s);
}

const char *store_name(const struct store *s)
{
	return s->sql->name;
}
