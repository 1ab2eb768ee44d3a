/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/export.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "report/escape.h"
#include "report/export_private.h"

const struct export_format *const export_formats[] = {
	&export_csv, &export_csv_wide, &export_google, &export_github, &export_bencher, &export_go, &export_pyperf,
	&export_junit, &export_openmetrics, &export_hgrm,
};
const size_t n_export_formats = sizeof(export_formats) / sizeof(export_formats[0]);

static const char *const left_why[EXPORT_KINDS] = {
	[EXPORT_TIME] = "times, where it holds counts",
	[EXPORT_COUNT] = "counts of instructions, which are no times",
	[EXPORT_EMULATED] = "ticks on a simulated processor, which are no cost",
	[EXPORT_RATELESS] = "ticks of a clock whose rate the result does not say",
	[EXPORT_BELOW] = "not above zero: differences lost in noise",
};

const struct export_format *export_format_find(const char *name)
{
	for (size_t i = 0; i < n_export_formats; i++)
		if (!strcmp(export_formats[i]->name, name))
			return export_formats[i];
	return NULL;
}

const char *export_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

double export_number(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

double export_hz(const struct result_set *set)
{
	double hz = export_number(set->hardware, "tsc_hz");

	return hz >= 1e6 && hz <= 1e12 ? hz : NAN;
}

bool export_interval(const struct result *r, double *lo, double *hi)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_launches; i++)
		n += export_launch(&r->launch[i]);
	*lo = r->has_ci ? r->ci_lo : r->range_lo;
	*hi = r->has_ci ? r->ci_hi : r->range_hi;
	return (r->has_ci || n > 1) && isfinite(*lo) && isfinite(*hi) && *lo <= *hi;
}

bool export_launch(const struct result_launch *l)
{
	return l->n && isfinite(l->median);
}

void export_flags(struct buf *out, unsigned flags, const char *between)
{
	bool any = false;

	for (unsigned i = 0; i < RESULT_FLAGS; i++)
		if (flags & 1u << i) {
			buf_printf(out, "%s%s", any ? between : "", result_flag_name(i));
			any = true;
		}
}

static bool fits(const char *s, const char *const *glob, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fnmatch(glob[i], s, 0) == 0)
			return true;
	return n == 0;
}

bool export_wants(const struct export *x, const char *op, const char *engine)
{
	return fits(op, x->filter->op_globs, x->filter->n_op_globs) &&
	       fits(engine, x->filter->engines, x->filter->n_engines);
}

static enum export_kind kind_of(const struct result *r, double hz)
{
	if (!strcmp(result_unit(r->clock), "instructions"))
		return EXPORT_COUNT;
	if (!strcmp(r->provenance, "emulated"))
		return EXPORT_EMULATED;
	if (isnan(hz))
		return EXPORT_RATELESS;
	return r->median > 0 && isfinite(r->median) ? EXPORT_TIME : EXPORT_BELOW;
}

/* ---- names: those of a run are all different, since half of the formats use them as keys ---- */

static char *name_of(const struct result *r)
{
	struct buf plain = BUF_INIT;
	char *name;

	escape_plain(&plain, r->op);
	buf_puts(&plain, "/");
	escape_plain(&plain, r->engine);
	if (strcmp(r->via, "process")) {
		buf_puts(&plain, "/");
		escape_plain(&plain, r->via);
	}
	name = buf_error(&plain) ? NULL : strdup(buf_str(&plain));
	for (char *p = name; p && *p; p++)
		if (*p == ' ')
			*p = '_';
	buf_free(&plain);
	return name;
}

static int by_name(const void *a, const void *b)
{
	const struct export_row *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : *x < *y ? -1 : *x > *y;
}

/* The second of a name is "NAME#2". */
static int names_part(struct export_row *row, size_t n)
{
	struct export_row **order = calloc(n + 1, sizeof(*order));
	char *first = NULL;
	unsigned copies = 1;
	int rc = order ? 0 : -ENOMEM;

	for (size_t i = 0; order && i < n; i++)
		order[i] = &row[i];
	if (order)
		qsort(order, n, sizeof(*order), by_name);
	for (size_t i = 0; !rc && i < n; i++) {
		char *own = NULL;

		if (!first || strcmp(first, order[i]->name)) {
			first = order[i]->name;
			copies = 1;
			continue;
		}
		if (asprintf(&own, "%s#%u", first, ++copies) < 0) {
			rc = -ENOMEM;
			break;
		}
		free(order[i]->name);
		order[i]->name = own;
	}
	free(order);
	return rc;
}

/* ---- rows ---- */

static int row_add(struct export *x, const struct result_set *set, const struct result *r)
{
	double hz = export_hz(set);
	enum export_kind kind = kind_of(r, hz);
	struct export_row *row = &x->row[x->n];

	if (!(x->f->kinds & 1u << kind)) {
		x->left[kind]++;
		return 0;
	}
	if (x->f->single && !r->n_hist) {
		x->no_histogram++;
		return 0;
	}
	*row = (struct export_row){ .r = r, .set = set, .kind = kind, .name = name_of(r),
				    .second = kind == EXPORT_TIME ? 1 / hz : NAN };
	if (!row->name)
		return -ENOMEM;
	x->n++;
	return 0;
}

static int run_add(struct export *x, const struct result_set *set, size_t *wanted)
{
	struct export_run *run = &x->run[x->n_runs++];

	*run = (struct export_run){ .set = set, .first = x->n };
	for (size_t i = 0; i < set->n_results; i++) {
		const struct result *r = &set->result[i];

		if (!export_wants(x, r->op, r->engine))
			continue;
		(*wanted)++;
		if (row_add(x, set, r) < 0)
			return -ENOMEM;
	}
	run->n = x->n - run->first;
	for (size_t i = 0; i < set->n_skipped; i++)
		*wanted += export_wants(x, set->skipped[i].op, set->skipped[i].engine);
	for (size_t i = 0; i < set->n_failed; i++)
		*wanted += export_wants(x, set->failed[i].op, set->failed[i].engine);
	return names_part(&x->row[run->first], run->n);
}

static void left_describe(struct export *x)
{
	struct buf text = BUF_INIT;

	for (unsigned k = 0; k < EXPORT_KINDS; k++)
		if (x->left[k])
			buf_printf(&text, "%s%zu %s", text.len ? "; " : "", x->left[k], left_why[k]);
	if (x->no_histogram)
		buf_printf(&text, "%s%zu without a histogram", text.len ? "; " : "", x->no_histogram);
	if (text.len)
		snprintf(x->left_text, sizeof(x->left_text), "rows that %s cannot hold are left out: %s", x->f->name,
			 buf_str(&text));
	buf_free(&text);
}

static int export_fill(struct export *x, const struct result_set *const *set, size_t n, struct err *e)
{
	size_t rows = 0, wanted = 0;

	for (size_t i = 0; i < n; i++)
		rows += set[i]->n_results;
	x->row = calloc(rows + 1, sizeof(*x->row));
	x->run = calloc(n + 1, sizeof(*x->run));
	if (!x->row || !x->run)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (run_add(x, set[i], &wanted) < 0)
			return err_set(e, ENOMEM, "out of memory");
	left_describe(x);
	if (!wanted && (x->filter->n_op_globs || x->filter->n_engines))
		return err_set(e, EINVAL, "no row has that --op and --engine; vtscope report names what is there");
	if (x->n || x->f->empty)
		return 0;
	if (x->left_text[0])
		return err_set(e, ENODATA, "nothing that %s holds: %s", x->f->name, strchr(x->left_text, ':') + 2);
	return err_set(e, ENODATA, "nothing was measured that %s could hold", x->f->name);
}

int export_open(struct export **out, const struct export_format *f, const struct result_set *const *set, size_t n,
		const struct export_filter *filter, struct err *e)
{
	struct export *x = calloc(1, sizeof(*x));
	int rc;

	*out = NULL;
	if (!x)
		return err_set(e, ENOMEM, "out of memory");
	x->f = f;
	x->filter = filter;
	rc = export_fill(x, set, n, e);
	if (rc == 0)
		*out = x;
	else
		export_close(x);
	return rc;
}

void export_close(struct export *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->n; i++)
		free(x->row[i].name);
	free(x->row);
	free(x->run);
	free(x);
}

size_t export_rows(const struct export *x)
{
	return x->n;
}

const char *export_left_out(const struct export *x)
{
	return x->left_text;
}

static int written(const struct buf *out, struct err *e)
{
	return buf_error(out) ? err_set(e, -buf_error(out), "out of memory") : 0;
}

int export_write(const struct export *x, struct buf *out, struct err *e)
{
	if (x->f->single && x->n > 1)
		return err_set(e, E2BIG, "%s holds one row and %zu are there: name one with --op and --engine, or a folder "
			       "for all with -o FOLDER/", x->f->name, x->n);
	x->f->write(x, out);
	return written(out, e);
}

int export_write_row(const struct export *x, size_t i, struct buf *name, struct buf *out, struct err *e)
{
	static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/";
	struct export one = *x;
	const char *p = x->row[i].name;
	bool odd;

	/* A name from a stranger's file must not leave the folder, nor be that of another row. */
	odd = *p == '.' || strspn(p, kept) < strlen(p);
	if (odd)
		buf_printf(name, "%zu-", i + 1);
	for (; *p; p++)
		buf_printf(name, "%c", *p == '/' ? '@' : strchr(kept, *p) ? *p : '-');
	buf_printf(name, ".%s", x->f->extension);
	one.row = &x->row[i];
	one.n = 1;
	x->f->write(&one, out);
	return buf_error(name) ? written(name, e) : written(out, e);
}

/* ---- what the formats share ---- */

json_t *export_json_real(double v)
{
	char digits[40];

	if (!isfinite(v))
		return json_null();
	/* jansson writes 17 digits, which show the arithmetic, not the measurement. */
	snprintf(digits, sizeof(digits), "%.10g", v);
	v = strtod(digits, NULL);
	return v == rint(v) && fabs(v) < 9e15 ? json_integer((json_int_t)v) : json_real(v);
}

void export_json(struct buf *out, json_t *doc)
{
	buf_put_document(out, doc, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
}

void export_real(struct buf *out, double v, int digits)
{
	buf_printf(out, "%.*g", digits, v);
}
