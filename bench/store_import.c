/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents are read and checked by several threads, since that is most of the time, and put into the store by one, in
 * order, many in a transaction.
 */
#include "bench/store_import.h"

#include <errno.h>
#include <fts.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fileio.h"
#include "common/interrupt.h"

#define THREADS_MAX	8
#define WINDOW		32		/* documents in memory at a time */
#define BATCH_BYTES	(32u << 20)	/* in a transaction: others wait that long to write */
#define BATCH_FILES	256
#define BATCH_SECONDS	1.0

struct input { char *path; bool from_folder; int listing; /* errno of a folder that could not be read */ };

struct loaded {
	struct result_set r;
	struct buf bytes;
	int rc;
	struct err e;
	bool ready;
};

struct importer {
	struct input *input; size_t n;	/* owned */
	struct loaded window[WINDOW];
	size_t next, done;		/* to be read, consumed */
	bool stop;
	pthread_mutex_t lock;
	pthread_cond_t read, room;
};

/* What was put and is told of when its transaction is through. */
struct put { size_t input, results; char run_id[37]; int outcome; };

struct batch { struct put put[BATCH_FILES]; size_t n, bytes; double since; };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- which files ---- */

static int add_input(struct importer *im, const char *path, bool from_folder, int listing)
{
	struct input *more;

	if (!(im->n & (im->n - 1))) {
		more = reallocarray(im->input, im->n ? im->n * 2 : 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		im->input = more;
	}
	im->input[im->n] = (struct input){ strdup(path), from_folder, listing };
	return im->input[im->n++].path ? 0 : -ENOMEM;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool wanted(const FTSENT *f)
{
	const char *dot = strrchr(f->fts_name, '.');
	struct stat st;

	if (f->fts_name[0] == '.' || !dot || strcmp(dot, ".json"))
		return false;
	return f->fts_info == FTS_F || (f->fts_info == FTS_SL && stat(f->fts_path, &st) == 0 && S_ISREG(st.st_mode));
}

static int add_folder(struct importer *im, const char *path)
{
	char *roots[] = { strdup(path), NULL };
	FTS *walk = roots[0] ? fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name) : NULL;
	FTSENT *f;
	int rc = walk ? 0 : -ENOMEM;

	while (rc == 0 && (f = fts_read(walk))) {
		if (f->fts_info == FTS_D && f->fts_level > 0 && f->fts_name[0] == '.')
			fts_set(walk, f, FTS_SKIP);
		else if (f->fts_info == FTS_DNR || f->fts_info == FTS_ERR)
			rc = add_input(im, f->fts_path, true, f->fts_errno);
		else if (wanted(f))
			rc = add_input(im, f->fts_path, true, 0);
		if (interrupt_pending())
			rc = -EINTR;
	}
	if (walk)
		fts_close(walk);
	free(roots[0]);
	return rc;
}

static int add_inputs(struct importer *im, const char *const *path, size_t n, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = file_is_folder(path[i]) ? add_folder(im, path[i]) : add_input(im, path[i], false, 0);
	return rc < 0 ? err_set(e, -rc, "%s", strerror(-rc)) : 0;
}

/* ---- reading, in threads ---- */

/* Good JSON that is something else: a folder of results may hold that. */
static bool is_foreign(const struct buf *bytes)
{
	json_t *doc = json_loadb(buf_str(bytes), bytes->len, 0, NULL);
	const char *schema = json_string_value(json_object_get(doc, "schema"));
	bool foreign = doc && (!schema || strncmp(schema, "vtscope.result/", 15));

	json_decref(doc);
	return foreign;
}

static void load_one(const struct input *in, struct loaded *l)
{
	result_set_init(&l->r);
	l->e = (struct err){ 0 };
	if (in->listing) {
		l->rc = err_set(&l->e, in->listing, "%s: %s", in->path, strerror(in->listing));
		return;
	}
	l->rc = file_read(in->path, STORE_FILE_MAX, &l->bytes, &l->e);
	if (l->rc == 0)
		l->rc = result_set_load_lean(&l->r, buf_str(&l->bytes), l->bytes.len, in->path, &l->e);
	if (l->rc == -EINVAL && in->from_folder && is_foreign(&l->bytes))
		l->rc = -ENOMSG;
}

static void *reader(void *arg)
{
	struct importer *im = arg;

	pthread_mutex_lock(&im->lock);
	while (!im->stop && im->next < im->n) {
		size_t mine = im->next;
		struct loaded *l = &im->window[mine % WINDOW];

		if (mine >= im->done + WINDOW) {
			pthread_cond_wait(&im->room, &im->lock);
			continue;
		}
		im->next++;
		pthread_mutex_unlock(&im->lock);
		load_one(&im->input[mine], l);
		pthread_mutex_lock(&im->lock);
		l->ready = true;
		pthread_cond_broadcast(&im->read);
	}
	pthread_mutex_unlock(&im->lock);
	return NULL;
}

/* The next document in order, waited for. */
static struct loaded *next_loaded(struct importer *im)
{
	struct loaded *l = &im->window[im->done % WINDOW];

	pthread_mutex_lock(&im->lock);
	while (!l->ready)
		pthread_cond_wait(&im->read, &im->lock);
	pthread_mutex_unlock(&im->lock);
	return l;
}

static void consume(struct importer *im, struct loaded *l)
{
	result_set_free(&l->r);
	buf_free(&l->bytes);
	pthread_mutex_lock(&im->lock);
	l->ready = false;
	im->done++;
	pthread_cond_broadcast(&im->room);
	pthread_mutex_unlock(&im->lock);
}

/* ---- storing ---- */

static void tell(const struct importer *im, const struct store_import_hooks *h, const struct put *p, const struct err *e)
{
	const struct store_import_file f = { im->input[p->input].path, p->run_id, p->results, p->outcome, e };

	if (h && h->file)
		h->file(h->ctx, &f);
}

static int batch_end(struct importer *im, struct store *s, struct batch *b, const struct store_import_hooks *h, struct err *e)
{
	int rc = b->n ? store_commit(s, e) : 0;

	for (size_t i = 0; rc == 0 && i < b->n; i++)
		tell(im, h, &b->put[i], NULL);
	b->n = b->bytes = 0;
	return rc;
}

/* What was put before it is told first, so that the order stays. */
static int refuse(struct importer *im, struct store *s, struct batch *b, const struct store_import_hooks *h, struct put *p,
		  int outcome, const struct err *why, struct err *e)
{
	int rc = batch_end(im, s, b, h, e);

	p->outcome = outcome;
	if (rc == 0)
		tell(im, h, p, why);
	return rc;
}

static int take(struct importer *im, struct store *s, struct batch *b, const struct loaded *l,
		const struct store_import_hooks *h, struct err *e)
{
	struct put *p = &b->put[b->n], alone = { im->done, 0, "", 0 };
	struct err why = { 0 };
	int rc = 0;

	if (l->rc < 0)
		return refuse(im, s, b, h, &alone, l->rc, &l->e, e);
	if (!b->n) {
		b->since = now();
		rc = store_begin(s, e);
		if (rc < 0)
			return rc;
	}
	*p = alone;
	memcpy(p->run_id, l->r.run_id, sizeof(p->run_id));
	p->results = l->r.n_results;
	rc = store_put(s, &l->r, buf_str(&l->bytes), l->bytes.len, &why);
	p->outcome = rc;
	b->n++;
	if (rc == -EEXIST) {
		/* Its transaction ends with those before it. */
		alone = *p;
		b->n--;
		if (!b->n)
			store_abort(s);
		err_prefix(&why, "%s", im->input[im->done].path);
		return refuse(im, s, b, h, &alone, rc, &why, e);
	}
	if (rc < 0) {
		store_abort(s);
		b->n = 0;
		*e = why;
		return rc;
	}
	b->bytes += l->bytes.len;
	return b->n == BATCH_FILES || b->bytes >= BATCH_BYTES || now() - b->since > BATCH_SECONDS ? batch_end(im, s, b, h, e) : 0;
}

static int store_all(struct importer *im, struct store *s, const struct store_import_hooks *h, struct err *e)
{
	struct batch *b = calloc(1, sizeof(*b));
	int rc = b ? 0 : err_set(e, ENOMEM, "out of memory"), last;

	while (rc == 0 && im->done < im->n && !interrupt_pending()) {
		struct loaded *l = next_loaded(im);

		/* Not its fault: reading was given up at Ctrl-C. */
		if (l->rc == -EINTR)
			break;
		if (!s && l->rc == 0)
			rc = h->open(h->ctx, &s, e);
		if (rc == 0)
			rc = take(im, s, b, l, h, e);
		consume(im, l);
		if (h && h->progress)
			h->progress(h->ctx, im->done, im->n);
	}
	last = rc == 0 ? batch_end(im, s, b, h, e) : 0;
	free(b);
	if (rc == 0 && last == 0 && im->done < im->n)
		return err_set(e, EINTR, "%s: interrupted after %zu of %zu files; what was told as saved is saved",
			       s ? store_name(s) : "import", im->done, im->n);
	return rc ? rc : last;
}

static void importer_free(struct importer *im)
{
	for (size_t i = 0; i < WINDOW; i++) {
		result_set_free(&im->window[i].r);
		buf_free(&im->window[i].bytes);
	}
	for (size_t i = 0; i < im->n; i++)
		free(im->input[i].path);
	free(im->input);
	pthread_mutex_destroy(&im->lock);
	pthread_cond_destroy(&im->read);
	pthread_cond_destroy(&im->room);
	free(im);
}

static int with_threads(struct importer *im, struct store *s, const struct store_import_hooks *h, struct err *e)
{
	pthread_t thread[THREADS_MAX];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t want = cpus < 1 ? 1 : cpus > THREADS_MAX ? THREADS_MAX : (size_t)cpus, n = 0;
	int rc;

	/* jansson's one global state, before there are two that want it. */
	json_object_seed(0);
	while (n < want && pthread_create(&thread[n], NULL, reader, im) == 0)
		n++;
	rc = n ? store_all(im, s, h, e) : err_set(e, EAGAIN, "no thread could be started");
	pthread_mutex_lock(&im->lock);
	im->stop = true;
	pthread_cond_broadcast(&im->room);
	pthread_mutex_unlock(&im->lock);
	for (size_t i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	return rc;
}

int store_import(struct store *s, const char *const *path, size_t n, const struct store_import_hooks *h, struct err *e)
{
	struct importer *im = calloc(1, sizeof(*im));
	int rc;

	if (!im)
		return err_set(e, ENOMEM, "out of memory");
	pthread_mutex_init(&im->lock, NULL);
	pthread_cond_init(&im->read, NULL);
	pthread_cond_init(&im->room, NULL);
	rc = add_inputs(im, path, n, e);
	if (rc == 0 && im->n)
		rc = with_threads(im, s, h, e);
	importer_free(im);
	return rc;
}
