/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs in the store: put, found, loaded. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/store_private.h"
#include "common/digest.h"

#define RUN_COLUMNS	21
#define RESULT_COLUMNS	21

int store_begin(struct store *s, struct err *e)
{
	int rc = s->sql->ops->begin(s->sql, e);

	s->in_transaction = rc == 0;
	return rc;
}

int store_commit(struct store *s, struct err *e)
{
	int rc = s->sql->ops->commit(s->sql, e);

	if (rc < 0)
		s->sql->ops->rollback(s->sql);
	s->in_transaction = false;
	return rc;
}

void store_abort(struct store *s)
{
	if (s->in_transaction)
		s->sql->ops->rollback(s->sql);
	s->in_transaction = false;
}

/* ---- a run's row ---- */

static struct sql_value text_in(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return sql_text(s ? s : "");
}

static struct sql_value number_in(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? sql_int(json_integer_value(v)) : (struct sql_value){ .type = SQL_NULL };
}

/*
 * RFC 3339 in UTC as bench writes it, else "": one time that a server cannot read would be an error for every reader of
 * the view. There and back again, so that no 30th of February passes.
 */
static struct sql_value time_value(const char *t)
{
	struct tm tm = { 0 }, back;
	char text[40];
	const char *rest = strptime(t, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t when = timegm(&tm);

	if (!rest || rest != t + 19 || tm.tm_year < -1899 || !gmtime_r(&when, &back))
		return sql_text("");
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &back);
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	return sql_text(!strncmp(t, text, 19) && !strcmp(rest, "Z") ? t : "");
}

static const char insert_run[] =
	"INSERT INTO run (run_id, started, finished, interrupted, fingerprint, vendor, brand, signature, microcode, cpus,"
	" virtualized_by, tsc_hz, kernel, qemu, version, snapshot, results, skipped, failed, digest, saved)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
	" ON CONFLICT (run_id) DO NOTHING RETURNING run_id";

static int count_row(void *ctx, const struct sql_value *column, size_t n)
{
	(void)column;
	(void)n;
	++*(size_t *)ctx;
	return 0;
}

/* How many rows were put (0 or 1) is in (put). */
static int put_run(struct store *s, const struct result_set *r, const char *digest, size_t *put, struct err *e)
{
	char saved[40];
	const struct sql_value v[RUN_COLUMNS] = {
		sql_text(r->run_id), time_value(r->started), time_value(r->finished), sql_int(r->interrupted),
		text_in(r->hardware, "fingerprint"), text_in(r->hardware, "vendor"), text_in(r->hardware, "brand"),
		text_in(r->hardware, "signature"), text_in(r->hardware, "microcode"), number_in(r->hardware, "cpus"),
		text_in(r->hardware, "virtualized_by"), number_in(r->hardware, "tsc_hz"), text_in(r->subject, "kernel"),
		text_in(r->subject, "qemu"), text_in(r->tool, "version"), sql_text(r->snapshot),
		sql_int((int64_t)r->n_results), sql_int((int64_t)r->n_skipped), sql_int((int64_t)r->n_failed),
		sql_text(digest), sql_text((store_now(saved), saved)),
	};

	*put = 0;
	return s->sql->ops->query(s->sql, insert_run, v, RUN_COLUMNS, count_row, put, e);
}

/* ---- its results: many rows a statement, since each is a way to the server and back ---- */

static void result_values(const struct result_set *r, size_t number, struct sql_value v[RESULT_COLUMNS])
{
	const struct result *x = &r->result[number];
	const struct sql_value value[RESULT_COLUMNS] = {
		sql_text(r->run_id), sql_int((int64_t)number), sql_text(x->op), sql_text(x->engine), sql_text(x->via),
		sql_text(x->backend), sql_text(x->provenance), sql_text(result_unit(x->clock)),
		sql_text(x->differenced ? "differenced" : "single"), sql_int((int64_t)x->n_launches), sql_int((int64_t)x->n),
		sql_real(x->median), x->has_ci ? sql_real(x->ci_lo) : sql_real(NAN), x->has_ci ? sql_real(x->ci_hi) : sql_real(NAN),
		sql_real(x->min), sql_real(x->p99), sql_real(x->p999), sql_real(x->max), sql_real(x->mean), sql_real(x->mad),
		sql_real(x->exits_observed),
	};

	memcpy(v, value, sizeof(value));
}

static void insert_results(size_t rows, struct buf *text)
{
	size_t parameter = 1;

	buf_puts(text, "INSERT INTO result (run_id, number, op, engine, via, backend, provenance, unit, estimator, launches, n,"
		       " median, ci_lo, ci_hi, min, p99, p999, max, mean, mad, exits) VALUES");
	for (size_t i = 0; i < rows; i++) {
		buf_puts(text, i ? ", (" : " (");
		for (size_t k = 0; k < RESULT_COLUMNS; k++)
			buf_printf(text, "%s$%zu", k ? ", " : "", parameter++);
		buf_puts(text, ")");
	}
}

#define CHUNK	64

/* (text): kept, since a large one takes longer to write than to carry out. */
static int put_chunk(struct store *s, const struct result_set *r, size_t from, size_t rows, struct buf *text, struct err *e)
{
	struct sql_value v[CHUNK * RESULT_COLUMNS];

	if (!text->len)
		insert_results(rows, text);
	if (buf_error(text))
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < rows; i++)
		result_values(r, from + i, v + i * RESULT_COLUMNS);
	return s->sql->ops->query(s->sql, buf_str(text), v, rows * RESULT_COLUMNS, NULL, NULL, e);
}

/* By 64, by 8 and by one: three statements to prepare, whatever the number. */
static int put_results(struct store *s, const struct result_set *r, struct err *e)
{
	size_t done = 0, left;
	int rc = 0;

	while (rc == 0 && (left = r->n_results - done)) {
		static const size_t sizes[STORE_INSERTS] = { CHUNK, 8, 1 };
		size_t which = left >= CHUNK ? 0 : left >= 8 ? 1 : 2;

		rc = put_chunk(s, r, done, sizes[which], &s->insert[which], e);
		done += sizes[which];
	}
	return rc;
}

/* ---- the run ---- */

static int text_row(void *ctx, const struct sql_value *column, size_t n)
{
	struct buf *b = ctx;

	buf_clear(b);
	if (n && column[0].type == SQL_TEXT)
		buf_append(b, column[0].s, column[0].len);
	return buf_error(b);
}

static bool same_json(const char *a, size_t n_a, const char *b, size_t n_b)
{
	json_t *x = json_loadb(a, n_a, 0, NULL), *y = json_loadb(b, n_b, 0, NULL);
	bool same = x && y && json_equal(x, y);

	json_decref(x);
	json_decref(y);
	return same;
}

/* The id is there: the same document, perhaps with other spaces in it, or another one? */
static int compare_stored(struct store *s, const struct result_set *r, const char *doc, size_t len, const char *digest,
			  struct err *e)
{
	struct sql_value id = sql_text(r->run_id);
	struct buf b = BUF_INIT;
	int rc = s->sql->ops->query(s->sql, "SELECT digest FROM run WHERE run_id = $1", &id, 1, text_row, &b, e);

	if (rc == 0 && strcmp(buf_str(&b), digest)) {
		rc = s->sql->ops->query(s->sql, "SELECT body FROM document WHERE run_id = $1", &id, 1, text_row, &b, e);
		if (rc == 0 && !same_json(buf_str(&b), b.len, doc, len))
			rc = err_set(e, EEXIST, "run %s is in the store with another content, which stays", r->run_id);
	}
	buf_free(&b);
	return rc < 0 ? rc : STORE_PRESENT;
}

/* FNV-1a over words of 8 bytes and what is left: a document is half a megabyte, and there may be thousands. */
static uint64_t digest_of(const char *doc, size_t len)
{
	uint64_t hash = FNV1A64_INIT, word;
	size_t at = 0;

	for (; len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, doc + at, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ull;
		hash ^= hash >> 32;
	}
	return fnv1a64(hash, doc + at, len - at);
}

static int put_document(struct store *s, const struct result_set *r, const char *doc, size_t len, struct err *e)
{
	struct sql_value body[2] = { sql_text(r->run_id), { .type = SQL_TEXT, .s = doc, .len = len } };
	char digest[20];
	size_t put;
	int rc;

	snprintf(digest, sizeof(digest), "%016" PRIx64, digest_of(doc, len));
	rc = put_run(s, r, digest, &put, e);
	if (rc == 0 && !put)
		return compare_stored(s, r, doc, len, digest, e);
	if (rc == 0)
		rc = s->sql->ops->query(s->sql, "INSERT INTO document (run_id, body) VALUES ($1, $2)", body, 2, NULL, NULL, e);
	return rc == 0 ? put_results(s, r, e) : rc;
}

int store_put(struct store *s, const struct result_set *r, const char *doc, size_t len, struct err *e)
{
	struct buf written = BUF_INIT;
	int rc;

	if (!*r->run_id)
		return err_set(e, EINVAL, "the result has no run_id");
	if (!doc) {
		if (result_set_write(r, &written) < 0) {
			buf_free(&written);
			return err_set(e, ENOMEM, "out of memory");
		}
		doc = buf_str(&written);
		len = written.len;
	}
	rc = put_document(s, r, doc, len, e);
	buf_free(&written);
	return rc;
}

int store_save(struct store *s, const struct result_set *r, const char *doc, size_t len, struct err *e)
{
	int rc = store_begin(s, e), put;

	if (rc < 0)
		return rc;
	put = store_put(s, r, doc, len, e);
	if (put < 0)
		store_abort(s);
	else
		rc = store_commit(s, e);
	return rc < 0 ? rc : put;
}

/* ---- found again ---- */

static void copy(char *to, size_t size, const struct sql_value *v)
{
	snprintf(to, size, "%s", sql_str(v));
}

void store_run_read(struct store_run *out, const struct sql_value *column)
{
	copy(out->run_id, sizeof(out->run_id), &column[0]);
	copy(out->started, sizeof(out->started), &column[1]);
	copy(out->fingerprint, sizeof(out->fingerprint), &column[2]);
	copy(out->brand, sizeof(out->brand), &column[3]);
	copy(out->kernel, sizeof(out->kernel), &column[4]);
	out->results = sql_num(&column[5]) > 0 ? (uint64_t)sql_num(&column[5]) : 0;
	out->interrupted = sql_num(&column[6]) != 0;
}

struct found { struct store_run *run; size_t n; };

static int found_row(void *ctx, const struct sql_value *column, size_t n)
{
	struct found *f = ctx;

	if (n >= STORE_RUN_FIELDS)
		store_run_read(f->run, column);
	f->n++;
	return 0;
}

int store_find(struct store *s, const char *prefix, struct store_run *out, struct err *e)
{
	struct sql_value v[2];
	char begin[37], end[38];
	struct found f = { out, 0 };
	size_t n = strlen(prefix);
	int rc;

	if (!n || n > 36 || strspn(prefix, "0123456789abcdefABCDEF-") != n)
		return err_set(e, ENOENT, "%s: no run of that id, and no file of that name", prefix);
	for (size_t i = 0; i <= n; i++)
		begin[i] = (char)(prefix[i] >= 'A' && prefix[i] <= 'F' ? prefix[i] - 'A' + 'a' : prefix[i]);
	/* By range, so that the index serves: 'g' comes after every digit of an id. */
	snprintf(end, sizeof(end), "%sg", begin);
	v[0] = sql_text(begin);
	v[1] = sql_text(end);
	rc = s->sql->ops->query(s->sql, "SELECT " STORE_RUN_COLUMNS " FROM run r WHERE r.run_id >= $1 AND r.run_id < $2 LIMIT 2", v,
				2, found_row, &f, e);
	if (rc < 0)
		return rc;
	if (!f.n)
		return err_set(e, ENOENT, "%s: no run of that id in %s, and no file of that name", prefix, s->sql->name);
	if (f.n > 1)
		return err_set(e, EINVAL, "%s: the ids of several runs in %s begin so", prefix, s->sql->name);
	return 0;
}

int store_newest(struct store *s, const char *fingerprint, const char *but, struct store_run *out, struct err *e)
{
	struct sql_value v[2] = { sql_text(fingerprint), sql_text(but ? but : "") };
	struct found f = { out, 0 };
	int rc = s->sql->ops->query(s->sql, "SELECT " STORE_RUN_COLUMNS " FROM run r WHERE r.fingerprint = $1"
				    " AND r.run_id NOT IN (SELECT b.run_id FROM baseline b WHERE b.name = $2)"
				    " ORDER BY r.started DESC, r.saved DESC LIMIT 1", v, 2, found_row, &f, e);

	if (rc == 0 && !f.n)
		return err_set(e, ENOENT, "%s: %s run of this machine in it yet; name a result, or measure one into it: vtscope bench --db FILE",
			       s->sql->name, but ? "no newer" : "no");
	return rc;
}

int store_document(struct store *s, const char *run_id, struct buf *out, struct err *e)
{
	struct sql_value id = sql_text(run_id);
	int rc = s->sql->ops->query(s->sql, "SELECT body FROM document WHERE run_id = $1", &id, 1, text_row, out, e);

	if (rc == 0 && !out->len)
		rc = err_set(e, ENOENT, "%s: run %s is not there", s->sql->name, run_id);
	return rc;
}

static int load(struct store *s, const char *run_id, bool lean, struct result_set *r, struct err *e)
{
	struct buf b = BUF_INIT;
	char name[500];
	int rc = store_document(s, run_id, &b, e);

	snprintf(name, sizeof(name), "run %s of %.400s", run_id, s->sql->name);
	if (rc == 0)
		rc = (lean ? result_set_load_lean : result_set_load)(r, buf_str(&b), b.len, name, e);
	buf_free(&b);
	return rc;
}

int store_load(struct store *s, const char *run_id, struct result_set *r, struct err *e)
{
	return load(s, run_id, false, r, e);
}

int store_load_lean(struct store *s, const char *run_id, struct result_set *r, struct err *e)
{
	return load(s, run_id, true, r, e);
}
