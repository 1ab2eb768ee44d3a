/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope import: what the boot image sent, as a result; result files and folders of them, into a store. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/import.h"
#include "cli/args.h"
#include "cli/bench_table.h"
#include "cli/store.h"
#include "common/fileio.h"
#include "common/parse.h"

#define CAPTURE_MAX	(256u << 20)

/* Standard input, where it is an operand: it can be read only once, and what it is shows then. */
struct stdin_text { struct buf bytes; bool read; };

static int bytes_of(const char *file, struct stdin_text *in, struct buf *out, struct err *e)
{
	if (strcmp(file, "-") || !in->read)
		return file_read(file, CAPTURE_MAX, out, e);
	*out = in->bytes;
	in->bytes = (struct buf)BUF_INIT;
	return 0;
}

static int feed_all(struct import *im, const char *const *file, size_t n, struct stdin_text *in, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct buf bytes = BUF_INIT;

		rc = bytes_of(file[i], in, &bytes, e);
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

/* ---- captures ---- */

static int captures(struct cli *cli, const struct args *a, struct import *im, struct stdin_text *in)
{
	struct buf notes = BUF_INIT;
	struct result_set r;
	struct err e = { 0 };
	size_t n;
	const char *const *file = args_operands(a, &n);
	int rc = feed_all(im, file, n, in, &e), saved;

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
		saved = args_value(a, "db") && r.n_results ? cli_store_save(cli, a, &r, NULL) : EXIT_OK;
		rc = saved ? saved : rc;
		result_set_free(&r);
	}
	buf_free(&notes);
	return rc;
}

/* What it writes is a result, whatever it is called. */
static const char *const json_only[] = { "json", NULL };

static int import_captures(struct cli *cli, const struct args *a, struct stdin_text *in)
{
	struct import *im = import_new();
	struct err e;
	int rc;

	if (!im) {
		err_set(&e, ENOMEM, "out of memory");
		cli_error(cli, &e);
		return EXIT_RUNTIME;
	}
	rc = cli_extension_check(cli, a, json_only, OTHERS_BY_REPORT);
	if (rc == 0)
		rc = boots_choose(cli, a, im);
	if (rc == 0)
		rc = captures(cli, a, im, in);
	import_free(im);
	return rc;
}

/* ---- results ---- */

static bool begins_as_json(const char *bytes, size_t n)
{
	size_t i = 0;

	while (i < n && strchr(" \t\r\n", bytes[i]))
		i++;
	return i < n && bytes[i] == '{';
}

/* A folder, or a file that begins like a document: no line of a capture does. What cannot be read is told later. */
static int is_result(const char *file, struct stdin_text *in, bool *yes, struct err *e)
{
	char start[512];
	struct stat st;
	ssize_t n;
	int fd, rc;

	*yes = false;
	if (!strcmp(file, "-") && !in->read) {
		rc = file_read("-", CAPTURE_MAX, &in->bytes, e);
		in->read = rc == 0;
		if (rc < 0)
			return rc;
	}
	if (!strcmp(file, "-")) {
		*yes = begins_as_json(buf_str(&in->bytes), in->bytes.len);
	} else if (file_is_folder(file)) {
		*yes = true;
	} else if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
		fd = open(file, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, start, sizeof(start));
		if (fd >= 0)
			close(fd);
		*yes = n > 0 && begins_as_json(start, (size_t)n);
	}
	return 0;
}

static int import_stdin(struct cli *cli, const struct args *a, const struct stdin_text *in)
{
	struct result_set r;
	struct err e = { 0 };
	int rc = result_set_load(&r, buf_str(&in->bytes), in->bytes.len, "standard input", &e);

	if (rc < 0) {
		cli_error(cli, &e);
		return EXIT_RUNTIME;
	}
	rc = cli_store_save(cli, a, &r, &in->bytes);
	result_set_free(&r);
	return rc;
}

static int import_results(struct cli *cli, const struct args *a, const struct stdin_text *in)
{
	size_t n, boots;
	const char *const *file = args_operands(a, &n);

	args_values(a, "boot", &boots);
	if (args_value(a, "output") || boots)
		return cli_usage(cli, "import", "%s is for captures; results go into a store, --db says which",
				 boots ? "--boot" : "-o");
	if (!in->read)
		return cli_store_import(cli, a, file, n);
	if (n > 1)
		return cli_usage(cli, "import", "a result on standard input is imported by itself");
	return import_stdin(cli, a, in);
}

static int run(struct cli *cli, const struct args *a)
{
	struct stdin_text in = { BUF_INIT, false };
	struct err e = { 0 };
	size_t n, results = 0;
	const char *const *file = args_operands(a, &n);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		bool yes;

		rc = is_result(file[i], &in, &yes, &e);
		results += rc == 0 && yes;
	}
	if (rc < 0) {
		cli_error(cli, &e);
		rc = cli_status(rc);
	} else if (results && results < n) {
		rc = cli_usage(cli, "import", "results and captures in one call: import them one after the other");
	} else {
		rc = results ? import_results(cli, a, &in) : import_captures(cli, a, &in);
	}
	buf_free(&in.bytes);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "boot", .arg = "ID", .repeatable = true, .help = "only this boot, by the word behind VT1 in its lines; all" },
	STORE_OPT_DEFAULT("the store to import into"),
	{ 0 }
};

static const struct exit_doc exits[] = {
	{ EXIT_OK, "a result was made, perhaps with losses, which are told; of results: all are in the store" },
	{ EXIT_SKIPPED, "no row in it: its engines were refused, or what it lacks is needed for all of them; of folders: no "
			"result in them" },
	{ EXIT_RUNTIME, "no line of the image in it, captures of different machines, or a file or store that cannot be read "
			"or written; a result that cannot be taken is told, and the others are" },
	{ 0, NULL }
};

const struct cmd cmd_import = {
	.name = "import",
	.operands = "CAPTURE|RESULT.json|FOLDER...",
	.min_operands = 1,
	.max_operands = 1000,
	.complete = COMPLETE_FILE,
	.summary = "captures of the boot image become a result, results go into a store",
	.description =
		"Reads captures of the lines that the image of 'vtscope image' sends over the serial port, or that were taken "
		"from its screen, and makes a result of them: a table, or with -o FILE.json what 'vtscope report' reads. - is "
		"standard input.\n\n"
		"Every line has a number and a checksum. What a capture lost, or what was damaged on the way, is left out and "
		"told; a row that lacks a line counts for nothing. Each boot is a launch: boot the image several times, give "
		"all captures in one call. The same boot in two captures counts once; captures of different machines are "
		"refused. With --db, and not without, the result is stored as well.\n\n"
		"Results of vtscope bench, and folders with files called *.json, of any machines, go into a store, where "
		"'vtscope baseline' finds them. 'saved RUN FILE' on standard output means that it is on the disk, 'present' that "
		"it was there: to import something again changes nothing.",
	.examples =
		"vtscope import capture.txt\n  what that machine measured\n"
		"vtscope import boot1.txt boot2.txt -o result.json\n  two boots in one result\n"
		"vtscope import results/ --db postgresql://db.example/perf\n  what many machines measured, into one store\n"
		"ssh HOST vtscope bench -o - | vtscope import -\n  what another machine measures, into the store here\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
