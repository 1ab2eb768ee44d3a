/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec.h - the parts of the engine exec: somebody else's VMM, which a command of the user's starts. Only minivmm/exec/
 * and its tests include this.
 *
 * A launch is a boot of the project's image under that VMM. The plan lies in the image's file, so nothing but a file has
 * to be passed; records come back over the machine's first serial port, as lines (minivmm/lines.h).
 */
#ifndef VTSCOPE_MINIVMM_EXEC_EXEC_H
#define VTSCOPE_MINIVMM_EXEC_EXEC_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"
#include "minivmm/image/image.h"

/* ---- exec_command.c: the user's command ---- */

#define EXEC_COMMAND_MAX 16384u	/* bytes */

struct exec_command {
	const char *text;		/* borrowed */
	bool image, iso, serial;	/* which of {image} {iso} {serial} it has */
	char program[48];		/* what it starts, for people: "qemu-system-x86_64" */
};

/* Which files the placeholders stand for. */
struct exec_paths {
	char dir[256], image[288], iso[288], serial[288];
};

/* 0, or -EINVAL with what is wrong with it: no {image} and no {iso}, a {word} that there is not. */
int exec_command_parse(const char *text, struct exec_command *c, struct err *e);
/* Appends it with the paths in place, for sh -c. */
void exec_command_fill(const struct exec_command *c, const struct exec_paths *p, struct buf *out);

/* ---- exec_files.c: what one boot is made of ---- */

/*
 * Writes (plan) where the image's file has room for one: into (bytes) of an ELF file, or of a disk that has it as it is.
 * 0, -E2BIG, or -EINVAL: there is no such room, or there are two.
 */
int exec_plan_put(void *bytes, size_t n, const char *plan, struct err *e);

/* A folder of its own for a boot, its paths in (p): no character in them that a shell would look at. 0 or -EIO. */
int exec_folder_make(struct exec_paths *p, struct err *e);
/* 0 or -errno. */
int exec_file_put(const char *path, const void *bytes, size_t n, struct err *e);
/* The folder and all that is in it, but for what is mounted there. */
void exec_folder_remove(struct exec_paths *p);

/* A file that somebody else writes to, truncates, or makes anew. */
struct exec_tail {
	int fd;			/* -1: none yet */
	dev_t dev;
	ino_t ino;
	off_t at;
	unsigned long long taken;	/* bytes, in all */
};

#define EXEC_SERIAL_MAX	(256ull << 20)	/* bytes: a launch of all operations is a tenth of that */

void exec_tail_open(struct exec_tail *t);
/* What is there now, (chunks) at most, to (s). 0, or -EFBIG with a sentence. */
int exec_tail_take(struct exec_tail *t, const char *path, unsigned chunks, const struct sink *s, struct err *e);
void exec_tail_close(struct exec_tail *t);

/* ---- exec_family.c: what the command started ---- */

#define EXEC_FAMILY_OTHERS 64

struct exec_family {
	bool open;
	int reaper;		/* was vtscope the reaper of its descendants before? */
	pid_t before[EXEC_FAMILY_OTHERS];	/* children of vtscope that are none of the command's */
	size_t n;
};

/* Before the command is started: whom it leaves behind becomes vtscope's child. */
void exec_family_open(struct exec_family *f);
/*
 * Sends (signal), 0: none, to all that (command), 0: it has ended, started; but not to its process group, which one can
 * reach as a whole. How many there are but for itself.
 */
size_t exec_family_signal(const struct exec_family *f, pid_t command, int signal);
void exec_family_close(struct exec_family *f);

/* ---- exec_carrier.c ---- */

extern const struct image_carrier_ops image_exec;

#endif
