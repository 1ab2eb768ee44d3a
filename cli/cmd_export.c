/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope export: results in the formats that other programs read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/args.h"
#include "cli/result_file.h"
#include "common/fileio.h"
#include "common/interrupt.h"
#include "report/export.h"

/* The order of report/export.c, which a test compares. */
static const char *const formats[] = { "csv", "csv-wide", "google-benchmark", "github-action-benchmark", "bencher", "go",
				       "pyperf", "junit", "openmetrics", "hgrm", NULL };

/* --format, else the extension of -o. NULL after having said why not. */
static const struct export_format *format_choose(struct cli *cli, const struct args *a, const char *file)
{
	const char *name = args_value(a, "format"), *slash = strrchr(file, '/'), *dot = strrchr(slash ? slash : file, '.');

	if (name)
		return export_format_find(name);
	for (size_t i = 0; dot && i < n_export_formats; i++)
		if (export_formats[i]->extension && !strcmp(dot + 1, export_formats[i]->extension))
			return export_formats[i];
	if (dot && !strcmp(dot, ".json"))
		cli_usage(cli, "export", "%s: which JSON? --format google-benchmark, github-action-benchmark, bencher or pyperf",
			  file);
	else
		cli_usage(cli, "export", "which format? --format NAME, or -o with .csv, .xml, .prom or .hgrm; 'vtscope list "
			  "formats' says what each is for");
	return NULL;
}

static bool is_folder(const char *file)
{
	size_t n = strlen(file);

	return n && (file[n - 1] == '/' || file_is_folder(file));
}

/* A file a row. Each appears whole or not at all; one that cannot be written ends it. */
static int rows_write(struct cli *cli, const struct export *x, const char *folder)
{
	int rc = mkdir(folder, 0777) < 0 && errno != EEXIST ? -errno : 0;
	struct err e;

	if (rc)
		err_set(&e, -rc, "%s: %s", folder, strerror(-rc));
	for (size_t i = 0; rc == 0 && i < export_rows(x); i++) {
		struct buf name = BUF_INIT, path = BUF_INIT, out = BUF_INIT;

		rc = export_write_row(x, i, &name, &out, &e);
		buf_printf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", buf_str(&name));
		if (rc == 0)
			rc = interrupt_pending() ? err_set(&e, EINTR, "interrupted: %zu of %zu files are written", i, export_rows(x))
						 : file_write(buf_str(&path), buf_str(&out), out.len, &e);
		buf_free(&name);
		buf_free(&path);
		buf_free(&out);
	}
	if (rc)
		cli_error(cli, &e);
	return cli_status(rc);
}

static int export_out(struct cli *cli, const struct export *x, const struct export_format *f, const char *file)
{
	struct buf out = BUF_INIT;
	struct err e;
	int rc;

	if (*export_left_out(x) && !cli->quiet)
		cli_warn(cli, "%s", export_left_out(x));
	if (f->single && is_folder(file))
		return rows_write(cli, x, file);
	rc = export_write(x, &out, &e);
	if (rc == -E2BIG) {
		rc = cli_usage(cli, "export", "%s", e.text);
	} else if (rc) {
		cli_error(cli, &e);
		rc = EXIT_RUNTIME;
	} else {
		rc = cli_write_buf(cli, file, &out);
	}
	buf_free(&out);
	return rc;
}

/* Splits --engine at commas, in place of a copy whose pointer is in (copy). 0 or -ENOMEM. */
static int engines_split(const char *const *value, size_t n, struct buf *copy, const char ***list, size_t *count)
{
	char *p;

	*count = 0;
	for (size_t i = 0; i < n; i++)
		buf_printf(copy, "%s%s", i ? "," : "", value[i]);
	*list = calloc(copy->len + 1, sizeof(**list));
	if (!*list || buf_error(copy))
		return -ENOMEM;
	for (p = copy->data; p && *p;) {
		(*list)[(*count)++] = p;
		p += strcspn(p, ",");
		if (*p)
			*p++ = 0;
	}
	return 0;
}

static int export_sets(struct cli *cli, const struct args *a, const struct export_format *f, const struct result_set *const *set,
		       size_t n, const char *file)
{
	struct export_filter filter = { 0 };
	struct buf copy = BUF_INIT;
	const char **engines = NULL;
	struct export *x = NULL;
	const char *const *value;
	struct err e;
	size_t values;
	int rc;

	filter.op_globs = args_values(a, "op", &filter.n_op_globs);
	value = args_values(a, "engine", &values);
	rc = engines_split(value, values, &copy, &engines, &filter.n_engines);
	filter.engines = engines;
	if (rc)
		err_set(&e, ENOMEM, "out of memory");
	else
		rc = export_open(&x, f, set, n, &filter, &e);
	if (rc) {
		cli_error(cli, &e);
		rc = rc == -ENODATA ? EXIT_SKIPPED : cli_status(rc);
	} else {
		rc = export_out(cli, x, f, file);
	}
	export_close(x);
	free(engines);
	buf_free(&copy);
	return rc;
}

static int run(struct cli *cli, const struct args *a)
{
	const char *file = args_value(a, "output") ? args_value(a, "output") : "-";
	const struct export_format *f = format_choose(cli, a, file);
	struct result_set *set;
	const struct result_set **list;
	struct err e = { 0 };
	size_t n, loaded = 0;
	const char *const *path = args_operands(a, &n);
	int rc = 0;

	if (!f)
		return EXIT_USAGE;
	if (n > 1 && !f->many)
		return cli_usage(cli, "export", "%s holds one result; csv, csv-wide and junit hold several", f->name);
	set = calloc(n, sizeof(*set));
	list = calloc(n, sizeof(*list));
	if (!set || !list)
		rc = err_set(&e, ENOMEM, "out of memory");
	for (; rc == 0 && loaded < n; loaded++) {
		rc = result_file_load(&set[loaded], path[loaded], &e);
		list[loaded] = &set[loaded];
	}
	if (rc) {
		cli_error(cli, &e);
		rc = cli_status(rc);
	} else {
		rc = export_sets(cli, a, f, list, n, file);
	}
	for (size_t i = 0; i < loaded; i++)
		result_set_free(&set[i]);
	free(set);
	free(list);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "format", .arg = "NAME", .choices = formats, .help = "what to write",
	  .more = "Without it the extension of -o decides: .csv, .xml (junit), .prom (openmetrics), .hgrm." },
	{ .name = "engine", .short_name = 'e', .arg = "LIST", .repeatable = true, .complete = COMPLETE_ENGINE,
	  .help = "rows of these engines, separated by commas; all" },
	{ .name = "op", .arg = "GLOB", .repeatable = true, .complete = COMPLETE_OP, .help = "rows of these operations; all" },
	{ 0 }
};

static const struct exit_doc exits[] = {
	{ EXIT_OK, "written; what the format cannot hold is told on standard error" },
	{ EXIT_SKIPPED, "there is no row that the format holds; nothing was written" },
	{ EXIT_RUNTIME, "a result that cannot be read, a row that is not there, or a file that cannot be written" },
	{ 0, NULL }
};

const struct cmd cmd_export = {
	.name = "export",
	.operands = "RESULT.json...",
	.min_operands = 1,
	.max_operands = 10000,
	.complete = COMPLETE_FILE,
	.summary = "write results in the formats that other programs read",
	.description =
		"Reads results of vtscope bench and writes one of the exchange formats that 'vtscope list formats' describes. "
		"RESULT.json may be a report in HTML, which holds its result; - is standard input.\n\n"
		"Times are in the format's own unit, by the calibrated rate of the TSC. The line, run or iteration of a format "
		"that tests for significance is a launch, since the samples of one launch are not independent. "
		"Samples themselves, where 'vtscope bench --raw' kept them, are in csv and pyperf; pyperf takes them for "
		"independent, and its compare_to is then surer of itself than it may be.\n\n"
		"Numbers that a format cannot say without a lie are left out and told: instructions where only times fit, ticks "
		"of a simulated processor everywhere but in csv, csv-wide, junit and hgrm.\n\n"
		"hgrm holds one row a file. With -o FOLDER/ each row becomes a file there.",
	.examples =
		"vtscope export result.json --format github-action-benchmark -o bench.json\n  for a page of benchmarks on GitHub\n"
		"vtscope export result.json -o /var/lib/prometheus/node-exporter/vtscope-bench.prom\n  for node_exporter\n"
		"vtscope export monday.json tuesday.json --format csv-wide\n  a line a run\n"
		"vtscope export result.json --format hgrm -o percentiles/\n  a percentile plot of every row\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
