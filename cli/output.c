/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How vtscope talks: data on stdout, everything else on stderr. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/args.h"
#include "common/fileio.h"
#include "common/interrupt.h"
#include "common/parse.h"
#include "report/escape.h"

static bool env_set(const char *name)
{
	const char *v = getenv(name);

	return v && *v;
}

static bool env_true(const char *name)
{
	return env_set(name) && strcmp(getenv(name), "0") && strcmp(getenv(name), "false");
}

static bool terminal_is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !*term || !strcmp(term, "dumb");
}

/* --color > NO_COLOR > CLICOLOR_FORCE > is it a terminal. */
static bool want_colour(const char *when, bool tty)
{
	if (when && strcmp(when, "auto"))
		return !strcmp(when, "always");
	if (env_set("NO_COLOR"))
		return false;
	if (env_true("CLICOLOR_FORCE"))
		return true;
	return tty && !terminal_is_dumb();
}

static unsigned terminal_columns(int fd)
{
	struct winsize ws;
	uint64_t n = 0;

	if (env_set("COLUMNS") && parse_u64(getenv("COLUMNS"), 10, &n) == 0 && n >= 20 && n <= 1000)
		return (unsigned)n;
	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 20)
		return ws.ws_col;
	return 80;
}

void cli_init(struct cli *c, const struct args *a)
{
	size_t verbose;

	args_values(a, "verbose", &verbose);
	setlocale(LC_CTYPE, "");
	*c = (struct cli){
		.out_tty = isatty(STDOUT_FILENO),
		.err_tty = isatty(STDERR_FILENO),
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.quiet = args_flag(a, "quiet"),
		.verbose = (int)verbose,
		.columns = terminal_columns(STDOUT_FILENO),
	};
	c->colour = want_colour(args_value(a, "color"), c->out_tty);
	c->progress = c->err_tty && !c->quiet && !env_true("CI") && !terminal_is_dumb();
}

/* One line on stderr. What comes from files may hold anything: what acts on a terminal never reaches it. */
static void say(struct cli *c, const char *text)
{
	struct buf line = BUF_INIT;

	cli_progress(c, -1, 0, NULL);
	escape_plain(&line, text);
	fprintf(stderr, "vtscope: %s\n", buf_str(&line));
	buf_free(&line);
}

void cli_error(struct cli *c, const struct err *e)
{
	char text[sizeof(e->text) + 128];

	if (c->verbose && e->file)
		snprintf(text, sizeof(text), "%s (%s:%d)", e->text, e->file, e->line);
	else
		snprintf(text, sizeof(text), "%s", e->text);
	say(c, text);
}

static void vsay(struct cli *c, const char *fmt, va_list ap)
{
	char text[800];

	vsnprintf(text, sizeof(text), fmt, ap);
	say(c, text);
}

void cli_warn(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	vsay(c, fmt, ap);
	va_end(ap);
}

int cli_usage(struct cli *c, const char *verb, const char *fmt, ...)
{
	bool has_verb = verb && *verb;
	va_list ap;

	va_start(ap, fmt);
	vsay(c, fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try 'vtscope %s%s--help'.\n", has_verb ? verb : "", has_verb ? " " : "");
	return EXIT_USAGE;
}

/* A write that a signal cut short goes on, unless the user asked to stop while it was blocked. */
static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR && !interrupt_pending())
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static void stdout_failed(struct cli *c, int code)
{
	struct err e;

	c->out_error = code;
	err_set(&e, code, "standard output: %s", strerror(code));
	cli_error(c, &e);
}

void cli_out(struct cli *c, const char *bytes, size_t len)
{
	int rc;

	if (c->out_error)
		return;
	if (c->out_tty)
		cli_progress(c, -1, 0, NULL);
	rc = write_all(STDOUT_FILENO, bytes, len);
	if (rc < 0)
		stdout_failed(c, -rc);
}

int cli_status(int rc)
{
	return rc == 0 ? EXIT_OK : rc == -EINTR ? EXIT_INTERRUPTED : EXIT_RUNTIME;
}

static bool format_given(const struct args *a)
{
	for (size_t i = 0; i < a->n_args; i++)
		if (!strcmp(a->arg[i].opt->name, "format"))
			return a->arg[i].n > 0;
	return false;
}

static const char *extension_of(const char *format)
{
	return !strcmp(format, "text") ? "txt" : !strcmp(format, "junit") ? "xml" : format;
}

int cli_extension_check(struct cli *c, const struct args *a, const char *const *formats, const char *others)
{
	const char *file = args_value(a, "output"), *slash, *dot;
	struct buf list = BUF_INIT;
	struct err e;
	int rc;

	if (!file || format_given(a) || file_write_check(file, &e) == 1)
		return 0;
	slash = strrchr(file, '/');
	file = slash ? slash + 1 : file;
	dot = strrchr(file, '.');
	if (!dot || dot == file)
		return 0;
	for (size_t i = 0; formats[i]; i++) {
		if (!strcmp(dot + 1, extension_of(formats[i])) || !strcmp(dot + 1, formats[i])) {
			buf_free(&list);
			return 0;
		}
		buf_printf(&list, "%s.%s", !i ? "" : formats[i + 1] ? ", " : " and ", extension_of(formats[i]));
	}
	rc = cli_usage(c, a->cmd->name, "%s: %s writes %s; %s", args_value(a, "output"), *a->cmd->name ? a->cmd->name : "vtscope",
		       buf_str(&list), others);
	buf_free(&list);
	return rc;
}

int cli_write(struct cli *c, const char *file, const void *data, size_t len)
{
	struct err e;
	int rc;

	if (!file || !strcmp(file, "-")) {
		cli_out(c, data, len);
		return c->out_error ? EXIT_RUNTIME : EXIT_OK;
	}
	rc = file_write(file, data, len, &e);
	if (rc == 0)
		return EXIT_OK;
	cli_error(c, &e);
	return cli_status(rc);
}

int cli_write_buf(struct cli *c, const char *file, const struct buf *b)
{
	struct err e;

	if (buf_error(b) == 0)
		return cli_write(c, file, buf_str(b), b->len);
	err_set(&e, buf_error(b), "%s", strerror(-buf_error(b)));
	cli_error(c, &e);
	return EXIT_RUNTIME;
}

int cli_finish(struct cli *c, int status)
{
	cli_progress(c, -1, 0, NULL);
	/* Some file systems tell only now that there was no room. */
	if (!c->out_error && close(STDOUT_FILENO) < 0 && errno != EBADF)
		stdout_failed(c, errno);
	if (c->out_error == EINTR)
		return EXIT_INTERRUPTED;
	return c->out_error ? EXIT_RUNTIME : status;
}

int cli_u64(struct cli *c, const struct args *a, const char *name, uint64_t lo, uint64_t hi,
	    uint64_t *out)
{
	const char *s = args_value(a, name);
	uint64_t v;

	if (!s)
		return EXIT_OK;
	if (parse_u64(s, 10, &v) < 0 || v < lo || v > hi)
		return cli_usage(c, a->cmd->name, "--%s: '%s' is no number from %llu to %llu", name,
				 s, (unsigned long long)lo, (unsigned long long)hi);
	*out = v;
	return EXIT_OK;
}

int cli_double(struct cli *c, const struct args *a, const char *name, double lo, double hi,
	       double *out)
{
	const char *s = args_value(a, name);
	double v;

	if (!s)
		return EXIT_OK;
	if (parse_double(s, lo, hi, &v) < 0)
		return cli_usage(c, a->cmd->name, "--%s: '%s' is no number from %g to %g", name, s,
				 lo, hi);
	*out = v;
	return EXIT_OK;
}
