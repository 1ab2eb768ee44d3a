/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Baselines: names for runs, one on each kind of machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/store_private.h"

#define NAME_MAX_LENGTH	100

/* Baselines are few: what is asked of them is found among all of a name. */

int baseline_name_check(const char *name, struct err *e)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+-");

	if (n && !name[n] && n <= NAME_MAX_LENGTH && *name != '-')
		return 0;
	return err_set(e, EINVAL, "'%.100s' cannot name a baseline: letters, digits and ._/@+- can, 100 at most", name);
}

static int put_baseline(struct store *s, const char *name, const struct store_run *run, const char *saved, struct err *e)
{
	const struct sql_value v[4] = { sql_text(name), sql_text(run->fingerprint), sql_text(run->run_id), sql_text(saved) };

	return s->sql->ops->query(s->sql, "INSERT INTO baseline (name, fingerprint, run_id, saved) VALUES ($1, $2, $3, $4)"
				  " ON CONFLICT (name, fingerprint, run_id) DO UPDATE SET saved = excluded.saved",
				  v, 4, NULL, NULL, e);
}

/* Those beyond the newest (keep) of the machine leave; 0: all do. */
static int trim_baseline(struct store *s, const char *name, const char *fingerprint, int64_t keep, struct err *e)
{
	const struct sql_value v[3] = { sql_text(name), sql_text(fingerprint), sql_int(keep) };

	return s->sql->ops->query(s->sql, "DELETE FROM baseline WHERE name = $1 AND fingerprint = $2 AND run_id NOT IN"
				  " (SELECT b.run_id FROM baseline b JOIN run r ON r.run_id = b.run_id"
				  " WHERE b.name = $1 AND b.fingerprint = $2 ORDER BY r.started DESC, r.saved DESC LIMIT $3)",
				  v, 3, NULL, NULL, e);
}

int baseline_save(struct store *s, const char *name, const struct store_run *runs, size_t n, bool add, struct err *e)
{
	char now[40];
	int rc = baseline_name_check(name, e);

	store_now(now);
	if (rc == 0)
		rc = store_begin(s, e);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && !add && i < n; i++)
		rc = trim_baseline(s, name, runs[i].fingerprint, 0, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_baseline(s, name, &runs[i], now, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = trim_baseline(s, name, runs[i].fingerprint, BASELINE_RUNS_MAX, e);
	if (rc == 0)
		return store_commit(s, e);
	store_abort(s);
	return rc;
}

struct rows { struct baseline *b; size_t n; };

static int baseline_row(void *ctx, const struct sql_value *column, size_t n)
{
	struct rows *rows = ctx;
	struct baseline *more;

	if (n < 2 + STORE_RUN_FIELDS)
		return -EINVAL;
	if (!(rows->n & (rows->n - 1))) {
		more = reallocarray(rows->b, rows->n ? rows->n * 2 : 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		rows->b = more;
	}
	more = &rows->b[rows->n++];
	snprintf(more->name, sizeof(more->name), "%s", sql_str(&column[0]));
	snprintf(more->saved, sizeof(more->saved), "%s", sql_str(&column[1]));
	store_run_read(&more->run, column + 2);
	return 0;
}

#define SELECT_BASELINE \
	"SELECT b.name, b.saved, " STORE_RUN_COLUMNS " FROM baseline b JOIN run r ON r.run_id = b.run_id"

int baseline_list(struct store *s, const char *name, struct baseline **list, size_t *n, struct err *e)
{
	struct sql_value v = sql_text(name ? name : "");
	struct rows rows = { NULL, 0 };
	int rc;

	if (name)
		rc = s->sql->ops->query(s->sql, SELECT_BASELINE " WHERE b.name = $1 ORDER BY b.name, b.fingerprint, r.started, r.saved", &v, 1, baseline_row,
					&rows, e);
	else
		rc = s->sql->ops->query(s->sql, SELECT_BASELINE " ORDER BY b.name, b.fingerprint, r.started, r.saved", NULL, 0, baseline_row, &rows, e);
	if (rc < 0) {
		free(rows.b);
		rows = (struct rows){ NULL, 0 };
	}
	*list = rows.b;
	*n = rows.n;
	return rc;
}

/* "there are main, v1" for who mistyped a name. */
static int none_of_that_name(struct store *s, const char *name, struct err *e)
{
	struct buf names = BUF_INIT;
	struct baseline *b;
	size_t n;
	int rc = baseline_list(s, NULL, &b, &n, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(b[i].name, b[i - 1].name))
			buf_printf(&names, "%s%s", i ? ", " : "", b[i].name);
	free(b);
	if (names.len)
		rc = err_set(e, ENOENT, "%.120s: no baseline is called '%s'; there %s %.120s", s->sql->name, name,
			     strchr(buf_str(&names), ',') ? "are" : "is", buf_str(&names));
	else
		rc = err_set(e, ENOENT, "%.120s: no baseline is called '%s'; 'vtscope baseline save %s' makes one", s->sql->name,
			     name, name);
	buf_free(&names);
	return rc;
}

/* Where the machine has none: whose was saved last? */
static const char *last_saved(const struct baseline *b, size_t n)
{
	size_t last = 0;

	for (size_t i = 1; i < n; i++)
		if (strcmp(b[i].saved, b[last].saved) > 0)
			last = i;
	return b[last].run.fingerprint;
}

int baseline_find(struct store *s, const char *name, const char *fingerprint, struct baseline **list, size_t *n,
		  struct err *e)
{
	char wanted[40];
	bool known = false;
	size_t kept = 0;
	int rc = baseline_name_check(name, e);

	if (rc == 0)
		rc = baseline_list(s, name, list, n, e);
	if (rc < 0)
		return rc;
	if (!*n)
		return none_of_that_name(s, name, e);
	for (size_t i = 0; i < *n; i++)
		known |= !strcmp((*list)[i].run.fingerprint, fingerprint);
	snprintf(wanted, sizeof(wanted), "%s", known ? fingerprint : last_saved(*list, *n));
	for (size_t i = 0; i < *n; i++)
		if (!strcmp((*list)[i].run.fingerprint, wanted))
			(*list)[kept++] = (*list)[i];
	*n = kept;
	return 0;
}

int baseline_remove(struct store *s, const char *name, size_t *removed, struct err *e)
{
	struct sql_value v = sql_text(name);
	struct baseline *b;
	int rc = baseline_list(s, name, &b, removed, e);

	if (rc < 0)
		return rc;
	free(b);
	if (!*removed)
		return none_of_that_name(s, name, e);
	rc = store_begin(s, e);
	if (rc < 0)
		return rc;
	rc = s->sql->ops->query(s->sql, "DELETE FROM baseline WHERE name = $1", &v, 1, NULL, NULL, e);
	if (rc == 0)
		return store_commit(s, e);
	store_abort(s);
	return rc;
}
