/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bochs_carrier.c - the boot image in Bochs: a whole PC, instruction by instruction, with VMX or SVM on any host. */
#include "minivmm/bochs/bochs.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/child.h"
#include "minivmm/host.h"
#include "minivmm/image/image.h"

#define ASK_MS		10000u
#define MEM_MIB		256u
#define CHUNKS_A_POLL	64u		/* who floods its output does not keep us from the deadline */
#define CHUNKS_LAST	4096u		/* of one that has ended: more than a pipe holds */
#define ERRORS_MAX	4096u
#define INSTALL		"install it with: apt-get install bochs bochsbios vgabios"

struct image_carrier {
	struct buf program;
	struct buf bios, vga;
	char model[48];
	bool svm;
	const char *display;
	struct bochs_image image;
	/* of the boot at work */
	struct bochs_files files;
	struct child child;
	struct buf errors;
	const struct sink *console;
	int status;			/* as of waitpid */
};

/* ---- what is here ---- */

static int rom_find(const char *const *paths, const char *what, const char *package, struct buf *out, struct err *e)
{
	for (; *paths; paths++)
		if (access(*paths, R_OK) == 0) {
			buf_puts(out, *paths);
			return buf_error(out) < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
		}
	return err_set(e, ENOENT, "Bochs's %s is not here; install it with: apt-get install %s", what, package);
}

static int roms_find(struct image_carrier *c, struct err *e)
{
	static const char *const bios[] = {
		"/usr/share/bochs/BIOS-bochs-latest", "/usr/local/share/bochs/BIOS-bochs-latest", NULL,
	};
	static const char *const vga[] = {
		"/usr/share/bochs/VGABIOS-lgpl-latest", "/usr/share/vgabios/vgabios.bin",
		"/usr/local/share/bochs/VGABIOS-lgpl-latest", NULL,
	};
	int rc = rom_find(bios, "BIOS", "bochsbios", &c->bios, e);

	return rc < 0 ? rc : rom_find(vga, "VGA BIOS", "vgabios", &c->vga, e);
}

/* Its version and its models. The status of --help is not the same in all versions: the text decides. */
static int bochs_ask(struct image_carrier *c, char version[16], struct err *e)
{
	const char *const argv[] = { buf_str(&c->program), "--help", "cpu", NULL };
	struct buf out = BUF_INIT, errors = BUF_INIT;
	int rc = child_run(argv, NULL, ASK_MS, &out, &errors, e);

	if (rc == -EIO)
		rc = 0;
	buf_puts(&out, buf_str(&errors));
	if (rc == 0 && !bochs_version(buf_str(&out), version))
		rc = err_set(e, EIO, "%s --help says no version, it may be no Bochs", buf_str(&c->program));
	if (rc == 0)
		rc = bochs_model_check(buf_str(&out), c->model, e);
	buf_free(&out);
	buf_free(&errors);
	return rc;
}

static void carrier_close(struct image_carrier *c)
{
	buf_free(&c->program);
	buf_free(&c->bios);
	buf_free(&c->vga);
	bochs_image_free(&c->image);
	free(c);
}

static int carrier_find(struct image_carrier *c, char version[16], struct err *e)
{
	int rc = child_find("bochs", &c->program);

	if (rc < 0)
		return err_set(e, -rc, "bochs: %s", rc == -ENOENT ? "no such program; " INSTALL : strerror(-rc));
	rc = roms_find(c, e);
	if (rc == 0)
		rc = bochs_ask(c, version, e);
	if (rc == 0)
		rc = bochs_image_load(&c->image, boot_image, (size_t)(boot_image_end - boot_image), e);
	return rc;
}

static int carrier_open(struct image_carrier **out, const struct engine_config *config, const char *model,
			enum ring0_engine engine, struct engine_info *info, struct err *e)
{
	struct image_carrier *c = calloc(1, sizeof(*c));
	char version[16];
	int rc;

	(void)config;
	if (!c)
		return err_set(e, ENOMEM, "out of memory");
	if (!model[0])
		model = engine == RING0_SVM ? "ryzen" : "corei7_skylake_x";
	snprintf(c->model, sizeof(c->model), "%s", model);
	c->svm = engine == RING0_SVM;
	c->display = "rfb, options=\"timeout=0\"";
	memset(c->files.fd, -1, sizeof(c->files.fd));
	rc = carrier_find(c, version, e);
	if (rc < 0) {
		carrier_close(c);
		return rc;
	}
	info->program = buf_str(&c->program);
	snprintf(info->backend, sizeof(info->backend), "Bochs %s %.40s", version, c->model);
	snprintf(info->via, sizeof(info->via), "bochs:%s", c->model);
	snprintf(info->cpu_model, sizeof(info->cpu_model), "%s", c->model);
	info->provenance = PROVENANCE_EMULATED;
	info->clock = "instructions";
	*out = c;
	return 0;
}

/* ---- one boot ---- */

static int carrier_start(struct image_carrier *c, const struct image_boot *b, struct err *e)
{
	const struct bochs_recipe recipe = {
		.model = c->model, .bios = buf_str(&c->bios), .vga = buf_str(&c->vga), .display = c->display,
		.plan = b->plan, .image = &c->image, .mem_mib = MEM_MIB, .lacks_msrs = c->svm,
	};
	char rc_path[32], commands[32];
	static const struct rlimit no_core = { 0, 0 };
	const char *const argv[] = { buf_str(&c->program), "-q", "-f", rc_path, "-rc", commands, NULL };
	struct host_pin pin;
	int rc;

	c->child = (struct child){ .out = -1, .err = -1 };
	c->console = b->console;
	rc = bochs_files_make(&c->files, &recipe, e);
	if (rc < 0)
		return rc;
	bochs_file_path(&c->files, BOCHS_RC, rc_path);
	bochs_file_path(&c->files, BOCHS_COMMANDS, commands);
	rc = host_pin(&pin, b->cpu, e);
	if (rc < 0)
		return rc;
	bochs_files_inherit(&c->files, true);
	/* Its only display that needs no screen is a VNC server, open to everybody. */
	rc = child_start_offline(&c->child, argv, e);
	bochs_files_inherit(&c->files, false);
	/* It aborts where a machine is not as it likes: no core file of ours. */
	if (rc == 0)
		prlimit(c->child.pid, RLIMIT_CORE, &no_core, NULL);
	host_unpin(&pin);
	return rc;
}

/* Bytes that are there now; its end is seen by who asks for it, not here. */
static void outputs_take(struct image_carrier *c, unsigned chunks)
{
	char chunk[16384];
	ssize_t n = 1;

	for (unsigned i = 0; i < chunks && n > 0; i++) {
		n = read(c->child.out, chunk, sizeof(chunk));
		if (n > 0)
			c->console->console(c->console->ctx, chunk, (size_t)n);
	}
	n = 1;
	for (unsigned i = 0; i < chunks && n > 0; i++) {
		n = read(c->child.err, chunk, sizeof(chunk));
		if (n > 0 && c->errors.len < ERRORS_MAX)
			buf_append(&c->errors, chunk, (size_t)n < ERRORS_MAX - c->errors.len ? (size_t)n : ERRORS_MAX - c->errors.len);
	}
}

static int carrier_poll(void *ctx, struct err *e)
{
	struct image_carrier *c = ctx;
	int ended = child_poll(&c->child, &c->status);	/* asked first: what it wrote before is in the pipe then */

	if (ended < 0)
		return err_set(e, -ended, "bochs: lost: %s", strerror(-ended));
	outputs_take(c, ended ? CHUNKS_LAST : CHUNKS_A_POLL);
	return ended;
}

/* The last line of (text) with more than punctuation and blanks in it: its notes come first, its reason last. */
static int last_line(const char *text, size_t len, const char **at)
{
	while (len) {
		size_t start = len, end;

		while (start && text[start - 1] != '\n' && text[start - 1] != '\r')
			start--;
		for (end = len; end > start && (text[end - 1] == ' ' || text[end - 1] == '\t'); end--)
			;
		for (size_t i = start; i < end; i++)
			if (isalnum((unsigned char)text[i])) {
				*at = text + start;
				return (int)(end - start);
			}
		len = start ? start - 1 : 0;
	}
	*at = "";
	return 0;
}

/* A triple fault is a panic of Bochs's, as any other of its own ends. */
static void carrier_explain(struct image_carrier *c, struct vm_stop *stop)
{
	const char *line;
	char panic[160];
	int n = last_line(buf_str(&c->errors), c->errors.len, &line);

	bochs_log_panic(&c->files, panic, sizeof(panic));
	stop->kind = strstr(panic, "3rd (") || strstr(panic, "triple") ? VM_STOP_SHUTDOWN : VM_STOP_CARRIER;
	if (WIFSIGNALED(c->status))
		snprintf(stop->native, sizeof(stop->native), "signal %d", WTERMSIG(c->status));
	else
		snprintf(stop->native, sizeof(stop->native), "exit status %d", WEXITSTATUS(c->status));
	if (panic[0])
		snprintf(stop->text, sizeof(stop->text), "Bochs gave up: %s", panic);
	else if (WIFSIGNALED(c->status) && (WTERMSIG(c->status) == SIGKILL || WTERMSIG(c->status) == SIGTERM || !n))
		/* Who is killed says nothing of it: its last line is of something else. */
		snprintf(stop->text, sizeof(stop->text), "Bochs was killed (signal %d)", WTERMSIG(c->status));
	else
		snprintf(stop->text, sizeof(stop->text), "Bochs ended before the image did%s%.*s", n ? ": " : "", n, line);
}

static void carrier_end(struct image_carrier *c)
{
	child_end(&c->child);
	bochs_files_close(&c->files);
	buf_free(&c->errors);
	c->errors = (struct buf)BUF_INIT;
}

const struct image_carrier_ops image_bochs = {
	.open = carrier_open,
	.start = carrier_start,
	.poll = carrier_poll,
	.explain = carrier_explain,
	.end = carrier_end,
	.close = carrier_close,
	.tsc_hz = 100000000,	/* ips= of its configuration: one tick an instruction */
};
