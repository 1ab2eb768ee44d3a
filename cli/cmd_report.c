/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope report: a result file as a document. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/result_file.h"
#include "common/child.h"
#include "report/report.h"

static const char *const formats[] = { "text", "html", "md", "png", "svg", "pdf", NULL };
static const enum report_format format_values[] = { REPORT_TEXT, REPORT_HTML, REPORT_MARKDOWN, REPORT_PNG, REPORT_SVG,
						    REPORT_PDF };
static const char *const plots[] = { "auto", "ansi", "none", NULL };

/* --format, else the extension of -o, else text. */
static int choose_format(struct cli *cli, const struct args *a, const char *file, enum report_format *out)
{
	const char *name = args_value(a, "format");
	struct err e;

	*out = REPORT_TEXT;
	for (size_t i = 0; name && formats[i]; i++)
		if (!strcmp(formats[i], name))
			*out = format_values[i];
	if (name || !strcmp(file, "-"))
		return 0;
	if (report_format_of(file, out, &e))
		return cli_usage(cli, "report", "%s", e.text);
	return 0;
}

static int write_report(struct cli *cli, const char *input, const char *file, const struct report_options *o)
{
	struct buf out = BUF_INIT, warning = BUF_INIT;
	struct result_set r;
	struct err e = { 0 };
	int rc;

	rc = result_file_load(&r, input, &e);
	if (!rc)
		rc = report_render(&r, o, &out, &warning, &e);
	result_set_free(&r);
	if (rc)
		cli_error(cli, &e);
	else if (warning.len)
		cli_warn(cli, "%s", buf_str(&warning));
	rc = rc ? cli_status(rc) : cli_write_buf(cli, file, &out);
	buf_free(&out);
	buf_free(&warning);
	return rc;
}

static int run(struct cli *cli, const struct args *a)
{
	const char *file = args_value(a, "output"), *plot = args_value(a, "plot");
	struct buf gnuplot = BUF_INIT;
	struct report_options o = { .keep_script = args_value(a, "keep-script"),
				    .colour = cli->colour && !file, .utf8 = cli->utf8,
				    .columns = cli->columns };
	size_t n;
	int rc;

	file = file ? file : "-";
	rc = choose_format(cli, a, file, &o.format);
	if (rc)
		return rc;
	if (!strcmp(file, "-") && cli->out_tty &&
	    (o.format == REPORT_PNG || o.format == REPORT_PDF))
		return cli_usage(cli, "report",
				 "a picture would be written to the terminal: name a file with -o");
	plot = plot ? plot : "auto";
	o.no_bars = !strcmp(plot, "none") || (!strcmp(plot, "auto") && !cli->out_tty);
	if (!child_find("gnuplot", &gnuplot))
		o.gnuplot = buf_str(&gnuplot);
	rc = write_report(cli, args_operands(a, &n)[0], file, &o);
	buf_free(&gnuplot);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "format", .arg = "FORMAT", .choices = formats, .help = "what to write",
	  .more = "Without it the extension of -o decides; without either it is text." },
	{ .name = "plot", .arg = "HOW", .choices = plots, .help = "bars in text",
	  .more = "ansi draws bars of block characters (of # where the terminal is not UTF-8), "
		  "none leaves them out; auto draws them where standard output is a terminal." },
	{ .name = "keep-script", .arg = "FILE", .complete = COMPLETE_FILE, .help = "keep the "
										   "gnuplot "
										   "script in FILE",
	  .more = "The script holds its data and draws the same pictures again: gnuplot -d FILE." },
	{ 0 }
};

static const struct exit_doc exits[] = {
	{ EXIT_OK, "the report was written, with or without figures" },
	{ EXIT_RUNTIME, "the result could not be read, or the report not written; png, svg and "
			"pdf: no gnuplot" },
	{ EXIT_USAGE, "usage" },
	{ 0, NULL }
};

const struct cmd cmd_report = {
	.name = "report",
	.operands = "RESULT.json",
	.min_operands = 1,
	.max_operands = 1,
	.complete = COMPLETE_FILE,
	.summary = "make a report of a result: text, HTML, Markdown or pictures",
	.description =
		"Reads a result of vtscope bench and shows it: the verdict on the machine, what "
		"each operation costs on "
		"each engine, what was skipped or failed and why. RESULT.json may be a report in "
		"HTML, which holds the "
		"result it was made from; - is standard input.\n\n"
		"HTML is one file that needs no network and no script. Its figures, like png, svg "
		"and pdf, are drawn by "
		"gnuplot; without gnuplot an HTML report has its tables and says what is "
		"missing.\n\n"
		"Rows whose processor was itself simulated are listed apart and are in no figure.",
	.examples =
		"vtscope report result.json\n  the result on the terminal\n"
		"vtscope report result.json -o report.html\n  everything, in one file to keep or "
		"to send\n"
		"vtscope report result.json -o figures.pdf --keep-script figures.gp\n  figures "
		"for a paper, and what drew them\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
