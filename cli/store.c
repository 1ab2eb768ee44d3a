/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/store_import.h"
#include "cli/args.h"
#include "report/escape.h"

int cli_store_failed(struct cli *cli, const struct args *a, int rc, const struct err *e)
{
	if (rc == -EINVAL && args_value(a, "db") && !strncmp(e->text, "--db: ", 6))
		return cli_usage(cli, a->cmd->name, "%s", e->text);
	cli_error(cli, e);
	return cli_status(rc);
}

int cli_store_open(struct cli *cli, const struct args *a, enum store_mode mode, struct store **out)
{
	struct err e = { 0 };
	int rc = store_open(out, args_value(a, "db"), mode, &e);

	return rc == 0 ? 0 : cli_store_failed(cli, a, rc, &e);
}

int cli_store_save(struct cli *cli, const struct args *a, const struct result_set *r, const struct buf *doc)
{
	struct store *s;
	struct err e = { 0 };
	int rc = cli_store_open(cli, a, STORE_WRITE, &s), put;

	if (rc)
		return rc;
	put = store_save(s, r, doc ? buf_str(doc) : NULL, doc ? doc->len : 0, &e);
	if (put < 0) {
		cli_error(cli, &e);
		rc = cli_status(put);
	} else {
		cli_warn(cli, "run %s %s %s", r->run_id, put == STORE_PRESENT ? "was already in" : "is saved in", store_name(s));
	}
	store_close(s);
	return rc;
}

/* ---- many ---- */

#define FOREIGN_TOLD	3	/* by name; all are counted */

struct telling {
	struct cli *cli;
	const char *uri;
	struct store *s;
	int opening;		/* what store_open() returned */
	size_t saved, present, foreign, bad, results, files;
	double start;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* To write. One that is to be made waits for the first result (late), all others tell now what is wrong with them. */
static int open_store(struct telling *t, bool late, struct err *e)
{
	if (!late) {
		t->opening = store_open(&t->s, t->uri, STORE_READ, e);
		store_close(t->s);
		t->s = NULL;
		if (t->opening == -ENOENT)
			return t->opening = 0;
	}
	if (t->opening == 0)
		t->opening = store_open(&t->s, t->uri, STORE_WRITE, e);
	return t->opening;
}

static int on_open(void *ctx, struct store **s, struct err *e)
{
	struct telling *t = ctx;
	int rc = open_store(t, true, e);

	*s = t->s;
	return rc;
}

/* "saved RUN FILE" as soon as it is, so that who reads it knows it whatever happens to this process. */
static void on_file(void *ctx, const struct store_import_file *f)
{
	struct telling *t = ctx;
	struct buf line = BUF_INIT;

	t->files++;
	if (f->outcome == -ENOMSG) {
		if (t->foreign++ < FOREIGN_TOLD)
			cli_warn(t->cli, "%s: no result of vtscope, left out", f->path);
	} else if (f->outcome < 0) {
		t->bad++;
		cli_error(t->cli, f->e);
	} else {
		t->results += f->outcome == STORE_SAVED ? f->results : 0;
		*(f->outcome == STORE_SAVED ? &t->saved : &t->present) += 1;
		buf_printf(&line, "%s %s %s", f->outcome == STORE_SAVED ? "saved" : "present", f->run_id, f->path);
		escape_line(&line, 0);
		if (!t->cli->out_tty || t->cli->verbose)
			cli_out(t->cli, buf_str(&line), line.len);
		buf_free(&line);
	}
}

static void on_progress(void *ctx, size_t done, size_t all)
{
	struct telling *t = ctx;
	double part = all ? (double)done / (double)all : 1, took = now() - t->start;

	cli_progress(t->cli, part, part > 0 ? took / part - took : 0, "importing");
}

static void summary(struct cli *cli, const struct telling *t, const char *where)
{
	char foreign[80] = "", bad[80] = "";

	if (t->foreign)
		snprintf(foreign, sizeof(foreign), ", %zu %s no results of vtscope", t->foreign, t->foreign == 1 ? "file is" : "files are");
	if (t->bad)
		snprintf(bad, sizeof(bad), ", %zu could not be taken", t->bad);
	cli_warn(cli, "%s: %zu %s with %zu results saved, %zu already there%s%s", where, t->saved, t->saved == 1 ? "run" : "runs",
		 t->results, t->present, foreign, bad);
}

int cli_store_import(struct cli *cli, const struct args *a, const char *const *path, size_t n)
{
	struct telling t = { .cli = cli, .uri = args_value(a, "db"), .start = now() };
	const struct store_import_hooks hooks = { &t, on_open, on_file, on_progress };
	struct err e = { 0 };
	int rc = open_store(&t, false, &e);

	if (rc == 0)
		rc = store_import(t.s, path, n, &hooks, &e);
	cli_progress(cli, -1, 0, NULL);
	if (t.opening < 0)
		return cli_store_failed(cli, a, t.opening, &e);
	if (rc < 0)
		cli_error(cli, &e);
	if (t.files)
		summary(cli, &t, t.s ? store_name(t.s) : "no store was made");
	else if (rc == 0)
		cli_warn(cli, "there is no file called *.json in it");
	store_close(t.s);
	if (rc < 0)
		return cli_status(rc);
	if (t.bad)
		return EXIT_RUNTIME;
	return t.saved || t.present ? EXIT_OK : EXIT_SKIPPED;
}
