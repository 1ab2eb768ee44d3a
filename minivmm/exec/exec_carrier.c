/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec_carrier.c - the boot image under a VMM that a command starts. Nothing is known of it but what the image sends and
 * how the command ends, so nothing is asked of it but that: a file to boot, a serial port, and to end when it is told to.
 */
#include "minivmm/exec/exec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/child.h"
#include "minivmm/host.h"
#include "minivmm/image/iso.h"

#define CHUNKS_A_POLL	64u	/* who floods its output does not keep us from the deadline */
#define CHUNKS_LAST	65536u	/* of one that has ended */
#define ERRORS_MAX	4096u
#define SELF_END_MS	150u	/* a machine that switches itself off is ended by then, with what its script cleans up */
#define TERM_END_MS	3000u
#define KILL_END_MS	1000u	/* an end by SIGKILL waits for nobody but the kernel */
#define MENU_SECONDS	0

struct image_carrier {
	struct exec_command command;
	struct buf image;		/* the boot image, with the plan of the last boot */
	struct buf iso;			/* empty: not asked for */
	/* of the boot at work */
	struct exec_paths paths;
	struct exec_tail serial;
	struct child child;
	struct exec_family family;
	struct buf errors;		/* the last that it said, but for its serial port */
	const struct sink *console;
	bool ended;
	int status;			/* as of waitpid */
};

/* ---- what is here ---- */

static void carrier_close(struct image_carrier *c)
{
	buf_free(&c->image);
	buf_free(&c->iso);
	free(c);
}

static int disk_make(struct image_carrier *c, struct err *e)
{
	struct buf warning = BUF_INIT;
	int rc = iso_make(c->image.data, c->image.len, NULL, MENU_SECONDS, &c->iso, &warning, e);

	buf_free(&warning);
	return rc;
}

static int carrier_open(struct image_carrier **out, const struct engine_config *config, const char *model,
			enum ring0_engine engine, struct engine_info *info, struct err *e)
{
	struct image_carrier *c = calloc(1, sizeof(*c));
	int rc;

	(void)model;
	(void)engine;
	if (!c)
		return err_set(e, ENOMEM, "out of memory");
	c->child = (struct child){ .out = -1, .err = -1 };
	exec_tail_open(&c->serial);
	rc = exec_command_parse(config->exec, &c->command, e);
	buf_append(&c->image, boot_image, (size_t)(boot_image_end - boot_image));
	if (rc == 0 && buf_error(&c->image))
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc == 0 && c->command.iso)
		rc = disk_make(c, e);
	if (rc < 0) {
		carrier_close(c);
		return rc;
	}
	snprintf(info->backend, sizeof(info->backend), "%s", c->command.program);
	snprintf(info->via, sizeof(info->via), "exec");
	*out = c;
	return 0;
}

/* ---- one boot ---- */

static int files_make(struct image_carrier *c, const char *plan, struct err *e)
{
	int rc = exec_folder_make(&c->paths, e);

	if (rc == 0)
		rc = exec_file_put(c->paths.serial, "", 0, e);
	if (rc == 0 && c->command.image)
		rc = exec_plan_put(c->image.data, c->image.len, plan, e);
	if (rc == 0 && c->command.image)
		rc = exec_file_put(c->paths.image, c->image.data, c->image.len, e);
	if (rc == 0 && c->command.iso)
		rc = exec_plan_put(c->iso.data, c->iso.len, plan, e);
	if (rc == 0 && c->command.iso)
		rc = exec_file_put(c->paths.iso, c->iso.data, c->iso.len, e);
	return rc;
}

static int carrier_start(struct image_carrier *c, const struct image_boot *b, struct err *e)
{
	static const struct rlimit no_core = { 0, 0 };
	struct buf command = BUF_INIT;
	const char *argv[] = { "/bin/sh", "-c", NULL, NULL };
	struct host_pin pin;
	int rc = files_make(c, b->plan, e);

	c->console = b->console;
	c->ended = false;
	if (rc < 0)
		return rc;
	exec_command_fill(&c->command, &c->paths, &command);
	argv[2] = buf_str(&command);
	rc = buf_error(&command) ? err_set(e, ENOMEM, "out of memory") : host_pin(&pin, b->cpu, e);
	if (rc == 0) {
		exec_family_open(&c->family);
		rc = child_start(&c->child, argv, NULL, true, e);
		host_unpin(&pin);
	}
	if (rc == 0)
		prlimit(c->child.pid, RLIMIT_CORE, &no_core, NULL);
	buf_free(&command);
	return rc;
}

/* Keeps the end of what it says, which is where the reason is. */
static void errors_keep(struct image_carrier *c, const char *chunk, size_t n)
{
	if (c->errors.len + n > 2 * ERRORS_MAX) {
		size_t keep = c->errors.len < ERRORS_MAX ? c->errors.len : ERRORS_MAX;
		char last[ERRORS_MAX];

		memcpy(last, buf_str(&c->errors) + c->errors.len - keep, keep);
		buf_clear(&c->errors);
		buf_append(&c->errors, last, keep);
	}
	if (n > ERRORS_MAX) {
		chunk += n - ERRORS_MAX;
		n = ERRORS_MAX;
	}
	buf_append(&c->errors, chunk, n);
}

/* Its end is seen by who asks for it, not here. */
static void pipe_take(struct image_carrier *c, int fd, bool serial, unsigned chunks)
{
	char chunk[16384];
	ssize_t n = 1;

	for (unsigned i = 0; fd >= 0 && i < chunks && n > 0; i++) {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0 && serial)
			c->console->console(c->console->ctx, chunk, (size_t)n);
		else if (n > 0)
			errors_keep(c, chunk, (size_t)n);
	}
}

static int outputs_take(struct image_carrier *c, unsigned chunks, struct err *e)
{
	pipe_take(c, c->child.out, !c->command.serial, chunks);
	pipe_take(c, c->child.err, false, chunks);
	return c->command.serial ? exec_tail_take(&c->serial, c->paths.serial, chunks, c->console, e) : 0;
}

static int carrier_poll(void *ctx, struct err *e)
{
	struct image_carrier *c = ctx;
	int ended = child_poll(&c->child, &c->status), rc;	/* asked first: what it wrote before is there then */

	if (ended < 0)
		return err_set(e, -ended, "%s: lost: %s", c->command.program, strerror(-ended));
	rc = outputs_take(c, ended ? CHUNKS_LAST : CHUNKS_A_POLL, e);
	c->ended = ended;
	return rc < 0 ? rc : ended;
}

/* Length of the last line of (text) with a letter in it, and where it is. */
static int last_line(const char *text, size_t len, const char **at)
{
	*at = "";
	while (len) {
		size_t start = len;
		bool letters = false;

		for (; start && text[start - 1] != '\n' && text[start - 1] != '\r'; start--)
			letters |= isalpha((unsigned char)text[start - 1]) != 0;
		while (start < len && (text[start] == ' ' || text[start] == '\t'))
			start++;
		if (letters) {
			*at = text + start;
			return len - start < 120 ? (int)(len - start) : 120;
		}
		len = start ? start - 1 : 0;
	}
	return 0;
}

static void carrier_explain(struct image_carrier *c, struct vm_stop *stop)
{
	const char *line;
	int n = last_line(buf_str(&c->errors), c->errors.len, &line);

	stop->kind = VM_STOP_CARRIER;
	if (WIFSIGNALED(c->status))
		snprintf(stop->native, sizeof(stop->native), "signal %d", WTERMSIG(c->status));
	else
		snprintf(stop->native, sizeof(stop->native), "exit status %d", WEXITSTATUS(c->status));
	snprintf(stop->text, sizeof(stop->text), "it ended (%s) before the image did%s%.*s", stop->native, n ? ": " : "", n,
		 line);
	for (char *s = stop->text; *s; s++)
		if (!isprint((unsigned char)*s))
			*s = '?';
}

/* Has it ended within (ms)? Takes what it writes meanwhile, or it could not. */
static bool wait_end(struct image_carrier *c, unsigned ms)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (unsigned i = 0; i <= ms / 2 && !c->ended; i++) {
		pipe_take(c, c->child.err, false, CHUNKS_A_POLL);
		pipe_take(c, c->child.out, false, CHUNKS_A_POLL);
		c->ended = child_poll(&c->child, &c->status) != 0;
		if (!c->ended)
			nanosleep(&pause, NULL);
	}
	return c->ended;
}

/* Until nothing is left of what the command started; each time it looks they get (signal), 0: none. */
static void family_wait(struct image_carrier *c, int signal, unsigned ms)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (unsigned i = 0; i <= ms / 10 && exec_family_signal(&c->family, c->child.pid, signal); i++)
		nanosleep(&pause, NULL);
}

/* A VMM may have to put things in order: it is asked first, and so is what the command left behind. */
static void carrier_end(struct image_carrier *c)
{
	if (c->child.pid > 0 && (!wait_end(c, SELF_END_MS) || exec_family_signal(&c->family, c->child.pid, 0))) {
		kill(-c->child.pid, SIGTERM);
		exec_family_signal(&c->family, c->child.pid, SIGTERM);
		wait_end(c, TERM_END_MS);
		family_wait(c, 0, TERM_END_MS);
	}
	child_end(&c->child);
	family_wait(c, SIGKILL, KILL_END_MS);
	exec_family_close(&c->family);
	c->child = (struct child){ .out = -1, .err = -1 };
	exec_tail_close(&c->serial);
	exec_tail_open(&c->serial);
	exec_folder_remove(&c->paths);
	buf_free(&c->errors);
	c->errors = (struct buf)BUF_INIT;
}

const struct image_carrier_ops image_exec = {
	.open = carrier_open,
	.start = carrier_start,
	.poll = carrier_poll,
	.explain = carrier_explain,
	.end = carrier_end,
	.close = carrier_close,
	.serial = true,
	.own_clock = true,
	.silent = "does it boot the image? is its serial port at 0x3f8 the file {serial}, or, without that word, its standard "
		  "output?",
};
