/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/baseline.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/machine.h"
#include "bench/store_import.h"
#include "cli/args.h"
#include "cli/bench_table.h"
#include "cli/machine.h"
#include "cli/result_file.h"
#include "cli/store.h"
#include "common/json.h"
#include "report/escape.h"

bool is_there(const char *what)
{
	struct stat st;

	return !strcmp(what, "-") || strchr(what, '/') || strchr(what, '.') || stat(what, &st) == 0;
}

static int fingerprint_here(struct cli *cli, char out[17], struct err *e)
{
	struct machine m;
	int rc;

	cli_progress(cli, 0, 0, "looking at the machine");
	rc = machine_look(&m, false, false, e);
	if (rc == 0)
		machine_fingerprint(&m.snapshot, &m.verdict, out);
	machine_free(&m);
	cli_progress(cli, -1, 0, NULL);
	return rc;
}

int newest_here(struct cli *cli, struct store *s, const char *but, struct store_run *out, struct err *e)
{
	char here[17];
	int rc = fingerprint_here(cli, here, e);

	return rc < 0 ? rc : store_newest(s, here, but, out, e);
}

/* ---- runs by what a user calls them ---- */

static int add_run(struct run_list *l, const struct store_run *run)
{
	struct store_run *more;

	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->run[i].run_id, run->run_id))
			return 0;
	more = reallocarray(l->run, l->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	l->run = more;
	l->run[l->n++] = *run;
	return 0;
}

/* Ids of what store_import() took; the first file that it could not take. */
struct taken { struct run_list *list; int rc; struct err e; };

static void on_file(void *ctx, const struct store_import_file *f)
{
	struct taken *t = ctx;
	struct store_run run = { 0 };

	if (f->outcome < 0 && f->outcome != -ENOMSG && t->rc == 0) {
		t->rc = f->outcome;
		t->e = *f->e;
	} else if (f->outcome >= 0 && t->rc == 0) {
		snprintf(run.run_id, sizeof(run.run_id), "%s", f->run_id);
		t->rc = add_run(t->list, &run);
	}
}

/* Files and folders keep their bytes. */
static int take_path(struct store *s, const char *path, struct run_list *l, struct err *e)
{
	struct taken t = { .list = l };
	const struct store_import_hooks hooks = { .ctx = &t, .file = on_file };
	size_t before = l->n;
	int rc = store_import(s, &path, 1, &hooks, e);

	if (rc == 0 && t.rc < 0) {
		*e = t.e;
		rc = t.rc;
	}
	if (rc == 0 && l->n == before)
		rc = err_set(e, ENOENT, "%s: no result in this folder", path);
	return rc;
}

/* A report in HTML, or standard input. */
static int take_other(struct store *s, const char *path, struct run_list *l, struct err *e)
{
	struct store_run run = { 0 };
	struct result_set r;
	int rc = result_file_load(&r, path, e);

	if (rc < 0)
		return rc;
	rc = store_save(s, &r, NULL, 0, e);
	snprintf(run.run_id, sizeof(run.run_id), "%s", r.run_id);
	result_set_free(&r);
	return rc < 0 ? rc : add_run(l, &run);
}

static int take(struct store *s, const char *what, struct run_list *l, struct err *e)
{
	const char *dot = strrchr(what, '.');
	struct store_run run;
	int rc;

	if (!strcmp(what, "-") || (dot && (!strcmp(dot, ".html") || !strcmp(dot, ".htm"))))
		return take_other(s, what, l, e);
	if (is_there(what))
		return take_path(s, what, l, e);
	rc = store_find(s, what, &run, e);
	return rc < 0 ? rc : add_run(l, &run);
}

int runs_named(struct cli *cli, struct store *s, const struct baseline_words *w, struct run_list *out, struct err *e)
{
	struct store_run run;
	int rc = 0;

	if (!w->n) {
		rc = newest_here(cli, s, NULL, &run, e);
		return rc < 0 ? rc : add_run(out, &run);
	}
	for (size_t i = 0; rc == 0 && i < w->n; i++)
		rc = take(s, w->what[i], out, e);
	/* What was just stored has only its id yet. */
	for (size_t i = 0; rc == 0 && i < out->n; i++)
		if (!out->run[i].fingerprint[0] && !out->run[i].started[0]) {
			char id[37];

			memcpy(id, out->run[i].run_id, sizeof(id));
			rc = store_find(s, id, &out->run[i], e);
		}
	if (rc == -ENOMEM)
		err_set(e, ENOMEM, "out of memory");
	return rc;
}

/* ---- save ---- */

static const char *date_of(const struct store_run *run)
{
	return run->started[0] ? run->started : "unknown date";
}

static bool listed(const struct baseline *b, size_t n, const char *run_id)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(b[i].run.run_id, run_id))
			return true;
	return false;
}

int baseline_save_tell(struct cli *cli, struct store *s, const char *name, const struct run_list *runs, bool add, struct err *e)
{
	struct baseline *before = NULL, *now = NULL;
	size_t n_before = 0, n = 0;
	int rc = add ? baseline_list(s, name, &before, &n_before, e) : 0;

	if (rc == 0)
		rc = baseline_save(s, name, runs->run, runs->n, add, e);
	/* What stayed is read back: of more runs than a baseline keeps the oldest leave, and those may be the ones given. */
	if (rc == 0)
		rc = baseline_list(s, name, &now, &n, e);
	for (size_t i = 0; rc == 0 && i < runs->n; i++) {
		const struct store_run *run = &runs->run[i];

		if (listed(now, n, run->run_id))
			cli_warn(cli, "%s %s run %s of %s, %zu results, %s", name, add ? "has now also" : "is now", run->run_id,
				 date_of(run), (size_t)run->results, run->brand);
		else
			cli_warn(cli, "run %s of %s is not in %s: it keeps the %d newest of a machine, and has newer ones", run->run_id,
				 date_of(run), name, BASELINE_RUNS_MAX);
		if (run->interrupted && listed(now, n, run->run_id))
			cli_warn(cli, "run %.8s was interrupted and may lack rows and launches: save one that is whole when you have "
				 "it", run->run_id);
	}
	for (size_t i = 0; rc == 0 && i < n_before; i++)
		if (!listed(now, n, before[i].run.run_id))
			cli_warn(cli, "run %s of %s is no longer in %s: it keeps the %d newest of a machine", before[i].run.run_id,
				 date_of(&before[i].run), name, BASELINE_RUNS_MAX);
	free(before);
	free(now);
	return rc;
}

/* ---- list ---- */

static json_t *baseline_json(const struct baseline *b)
{
	const struct store_run *r = &b->run;

	return json_pack("{s:o,s:o,s:o,s:o,s:I,s:o,s:o,s:o}", "name", escape_json(b->name), "saved", escape_json(b->saved), "run_id",
			 escape_json(r->run_id), "started", r->started[0] ? escape_json(r->started) : json_null(), "results",
			 (json_int_t)r->results, "fingerprint", escape_json(r->fingerprint), "brand", escape_json(r->brand), "kernel",
			 escape_json(r->kernel));
}

static int list_json(struct cli *cli, const char *file, const struct baseline *b, size_t n)
{
	json_t *rows = json_array();
	struct buf out = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = json_array_append_new(rows, baseline_json(&b[i]));
	if (rc < 0) {
		json_decref(rows);
		rows = NULL;
	}
	/* A document without one of them, or none, is out of memory. */
	buf_put_document(&out, json_pack("{s:s,s:o}", "schema", "vtscope.baselines/1", "baselines", rows), JSON_INDENT(1));
	rc = cli_write_buf(cli, file, &out);
	buf_free(&out);
	return rc;
}

static int list_text(struct cli *cli, const char *file, const struct baseline *b, size_t n)
{
	struct buf out = BUF_INIT;
	int width = 4, rc;
	size_t from;

	for (size_t i = 0; i < n; i++)
		width = (int)strlen(b[i].name) > width ? (int)strlen(b[i].name) : width;
	if (n)
		buf_printf(&out, "%-*s  %-20s  %-8s  %7s  %s\n", width, "name", "measured", "run", "results", "machine");
	for (size_t i = 0; i < n; i++) {
		from = out.len;
		buf_printf(&out, "%-*s  %-20.20s  %-8.8s  %7zu  %s, Linux %s", width, b[i].name,
			   b[i].run.started[0] ? b[i].run.started : "?", b[i].run.run_id, (size_t)b[i].run.results, b[i].run.brand,
			   b[i].run.kernel[0] ? b[i].run.kernel : "?");
		escape_line(&out, from);
	}
	rc = cli_write_buf(cli, file, &out);
	buf_free(&out);
	return rc;
}

int baseline_list_out(struct cli *cli, const struct args *a, const struct baseline_words *w)
{
	const char *file = args_value(a, "output");
	struct baseline *b = NULL;
	struct err e = { 0 };
	struct store *s;
	size_t n = 0;
	int rc = cli_store_open(cli, a, STORE_READ, &s);

	if (rc)
		return rc;
	rc = baseline_list(s, w->name, &b, &n, &e);
	if (rc < 0) {
		cli_error(cli, &e);
		rc = cli_status(rc);
	} else if (!strcmp(args_format(a), "json")) {
		rc = list_json(cli, file, b, n);
	} else {
		if (!n)
			cli_warn(cli, "%s: no baseline yet; 'vtscope baseline save NAME RESULT.json' makes one", store_name(s));
		rc = list_text(cli, file, b, n);
	}
	free(b);
	store_close(s);
	return rc;
}

/* ---- show ---- */

/* The newest run of it as it was written. */
static int show_document(struct cli *cli, struct store *s, const char *file, const struct baseline *b, struct err *e)
{
	struct buf doc = BUF_INIT;
	int rc = store_document(s, b->run.run_id, &doc, e);

	if (rc == 0)
		rc = cli_write_buf(cli, file, &doc);
	else
		cli_error(cli, e), rc = cli_status(rc);
	buf_free(&doc);
	return rc;
}

static int show_text(struct cli *cli, struct store *s, const char *file, const struct baseline *b, size_t n, struct err *e)
{
	struct buf out = BUF_INIT;
	struct result_set r;
	size_t from;
	int rc = store_load(s, b[n - 1].run.run_id, &r, e);

	if (rc < 0) {
		cli_error(cli, e);
		return cli_status(rc);
	}
	for (size_t i = 0; i < n; i++) {
		from = out.len;
		buf_printf(&out, "%s  run %s of %s, saved %.19sZ, %zu results%s", b[i].name, b[i].run.run_id,
			   b[i].run.started[0] ? b[i].run.started : "unknown date", b[i].saved, (size_t)b[i].run.results,
			   b[i].run.interrupted ? ", interrupted" : "");
		escape_line(&out, from);
	}
	from = out.len;
	buf_printf(&out, "%s, Linux %s", b[0].run.brand, b[0].run.kernel[0] ? b[0].run.kernel : "?");
	escape_line(&out, from);
	buf_puts(&out, n > 1 ? "\nThe newest of them:\n" : "\n");
	bench_result_table(&r, cli, &out);
	rc = cli_write_buf(cli, file, &out);
	buf_free(&out);
	result_set_free(&r);
	return rc;
}

int baseline_show_out(struct cli *cli, const struct args *a, const struct baseline_words *w)
{
	const char *file = args_value(a, "output");
	struct baseline *b = NULL;
	struct err e = { 0 };
	struct store *s;
	char here[17];
	size_t n = 0;
	int rc = cli_store_open(cli, a, STORE_READ, &s);

	if (rc)
		return rc;
	rc = fingerprint_here(cli, here, &e);
	if (rc == 0)
		rc = baseline_find(s, w->name, here, &b, &n, &e);
	if (rc < 0) {
		cli_error(cli, &e);
		rc = rc == -ENOENT ? EXIT_RUNTIME : cli_status(rc);
	} else {
		if (strcmp(b[n - 1].run.fingerprint, here))
			cli_warn(cli, "%s has no run on this kind of machine; these are of another", w->name);
		rc = strcmp(args_format(a), "json") ? show_text(cli, s, file, b, n, &e) : show_document(cli, s, file, &b[n - 1], &e);
	}
	free(b);
	store_close(s);
	return rc;
}
