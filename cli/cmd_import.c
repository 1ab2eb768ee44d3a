/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope import: what the boot image sent, as a result. */
#include <errno.h>
#include <string.h>

#include "bench/import.h"
#include "cli/bench_table.h"
#include "cli/cmd.h"
#include "common/fileio.h"
#include "common/parse.h"

#define CAPTURE_MAX	(256u << 20)

static int feed_all(struct import *im, const char *const *file, size_t n, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct buf bytes = BUF_INIT;

		rc = file_read(file[i], CAPTURE_MAX, &bytes, e);
		if (rc == 0)
			import_feed(im, file[i], buf_str(&bytes), bytes.len);
		buf_free(&bytes);
	}
	return rc;
}

/* One warning a note. */
static void notes_tell(struct cli *cli, const struct buf *notes)
{
	for (const char *p = buf_str(notes); *p;) {
		size_t n = strcspn(p, "\n");

		cli_warn(cli, "%.*s", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static int result_out(struct cli *cli, const struct result_set *r, const char *file)
{
	struct buf out = BUF_INIT;
	struct err e;
	int rc;

	if (!file) {
		bench_result_table(r, cli, &out);
		cli_out(cli, buf_str(&out), out.len);
		rc = EXIT_OK;
	} else if (result_set_write(r, &out) < 0) {
		err_set(&e, ENOMEM, "out of memory");
		cli_error(cli, &e);
		rc = EXIT_RUNTIME;
	} else {
		rc = cli_write_buf(cli, file, &out);
	}
	buf_free(&out);
	if (rc || r->n_results)
		return rc;
	cli_warn(cli, "nothing in it can be used as a result; capture the boot again from its first line to its last");
	return r->n_failed ? EXIT_RUNTIME : EXIT_SKIPPED;
}

static int boots_choose(struct cli *cli, const struct args *a, struct import *im)
{
	const char *const *id;
	uint64_t boot;
	size_t n;

	id = args_values(a, "boot", &n);
	for (size_t i = 0; i < n; i++) {
		if (parse_u64(id[i], 16, &boot) < 0 || boot > UINT32_MAX)
			return cli_usage(cli, "import", "--boot: '%s' is no boot's name, 8 hexadecimal digits", id[i]);
		import_choose(im, (uint32_t)boot);
	}
	return 0;
}

/* As bench: what it writes is a result, whatever it is called. */
static int output_check(struct cli *cli, const char *file)
{
	const char *dot = file ? strrchr(file, '.') : NULL;

	if (!dot || strchr(dot, '/') || !strcmp(dot, ".json") || strncmp(file, "/dev/", 5) == 0)
		return 0;
	return cli_usage(cli, "import", "%s: import writes .json; 'vtscope report' makes other formats of it", file);
}

static int run(struct cli *cli, const struct args *a)
{
	struct buf notes = BUF_INIT;
	struct result_set r;
	struct err e = { 0 };
	size_t n;
	const char *const *file = args_operands(a, &n);
	struct import *im = import_new();
	int rc = output_check(cli, args_value(a, "output"));

	if (rc == 0 && im)
		rc = boots_choose(cli, a, im);
	if (rc) {
		import_free(im);
		return rc;
	}
	rc = im ? feed_all(im, file, n, &e) : err_set(&e, ENOMEM, "out of memory");

	if (rc == 0) {
		rc = import_result(im, &r, &notes, &e);
		if (rc == -ENOMSG)
			err_prefix(&e, "%s", strcmp(file[0], "-") ? file[0] : "standard input");
	}
	if (rc < 0) {
		cli_error(cli, &e);
		rc = cli_status(rc);
	} else {
		notes_tell(cli, &notes);
		rc = result_out(cli, &r, args_value(a, "output"));
		result_set_free(&r);
	}
	buf_free(&notes);
	import_free(im);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "boot", .arg = "ID", .repeatable = true, .help = "only this boot, by the word behind VT1 in its lines; all" },
	{ 0 }
};

static const struct exit_doc exits[] = {
	{ EXIT_OK, "a result was made, perhaps with losses, which are told" },
	{ EXIT_SKIPPED, "no row in it: its engines were refused, or what it lacks is needed for all of them" },
	{ EXIT_RUNTIME, "no line of the image in it, captures of different machines, or a file that cannot be read or "
			"written" },
	{ 0, NULL }
};

const struct cmd cmd_import = {
	.name = "import",
	.operands = "CAPTURE...",
	.min_operands = 1,
	.max_operands = 1000,
	.complete = COMPLETE_FILE,
	.summary = "make a result of what the boot image sent",
	.description =
		"Reads captures of the lines that the image of 'vtscope image' sends over the serial port, or that were taken "
		"from its screen, and makes a result of them: a table, or with -o FILE.json what 'vtscope report' reads. - is "
		"standard input.\n\n"
		"Every line has a number and a checksum. What a capture lost, or what was damaged on the way, is left out and "
		"told; a row that lacks a line counts for nothing. Each boot is a launch: boot the image several times, give "
		"all captures in one call. The same boot in two captures counts once; captures of different machines are "
		"refused.",
	.examples =
		"vtscope import capture.txt\n  what that machine measured\n"
		"vtscope import boot1.txt boot2.txt -o result.json\n  two boots in one result\n"
		"vtscope report result.json -o report.html\n  and what it looks like\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
