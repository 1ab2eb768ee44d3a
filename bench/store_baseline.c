/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Baselines: names for runs, one on each kind of machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/store_private.h"

#define NAME_MAX_LENGTH	100

int baseline_name_check(const char *name, struct err *e)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+-");

	if (n && !name[n] && n <= NAME_MAX_LENGTH && *name != '-')
		return 0;
	return err_set(e, EINVAL, "'%.100s' cannot name a baseline: letters, digits and ._/@+- can, 100 at most", name);
}

int baseline_save(struct store *s, const char *name, const struct store_run *run, struct err *e)
{
	char now[40];
	const struct sql_value v[4] = { sql_text(name), sql_text(run->fingerprint), sql_text(run->run_id),
					sql_text((store_now(now), now)) };
	int rc = baseline_name_check(name, e);

	if (rc == 0)
		rc = store_begin(s, e);
	if (rc < 0)
		return rc;
	rc = s->sql->ops->query(s->sql, "INSERT INTO baseline (name, fingerprint, run_id, saved) VALUES ($1, $2, $3, $4)"
				" ON CONFLICT (name, fingerprint) DO UPDATE SET run_id = excluded.run_id, saved = excluded.saved",
				v, 4, NULL, NULL, e);
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

	if (n < 8)
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
		rc = s->sql->ops->query(s->sql, SELECT_BASELINE " WHERE b.name = $1 ORDER BY b.name, b.saved", &v, 1, baseline_row,
					&rows, e);
	else
		rc = s->sql->ops->query(s->sql, SELECT_BASELINE " ORDER BY b.name, b.saved", NULL, 0, baseline_row, &rows, e);
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

int baseline_find(struct store *s, const char *name, const char *fingerprint, struct baseline *out, struct err *e)
{
	struct baseline *b;
	size_t n;
	int rc = baseline_name_check(name, e);

	if (rc == 0)
		rc = baseline_list(s, name, &b, &n, e);
	if (rc < 0)
		return rc;
	/* They come by time: the last one wins unless this machine's was met. */
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(out->run.fingerprint, fingerprint))
			*out = b[i];
	free(b);
	return n ? 0 : none_of_that_name(s, name, e);
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
