/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.h - run another program (QEMU, gnuplot) with a deadline. Any hosted code may include this.
 *
 * No shell is ever involved. Every child is its own process group and dies with vtscope.
 */
#ifndef VTSCOPE_COMMON_CHILD_H
#define VTSCOPE_COMMON_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"

struct child {
	pid_t pid;	/* 0: none */
	int out;	/* read end of its stdout, non-blocking, -1: not wanted */
	int err;	/* read end of its stderr, non-blocking */
};

/* Looks (program) up in PATH, where an empty element does not count. 0 and its path in (out), or -ENOENT. */
int child_find(const char *program, struct buf *out);

/*
 * Starts (argv), stdin from /dev/null, (env_extra) "NAME=VALUE" strings (NULL-terminated, may be NULL)
 * on top of the environment. (want_out): make a pipe of its stdout, else it goes to /dev/null.
 */
int child_start(struct child *c, const char *const *argv, const char *const *env_extra, bool want_out,
		struct err *e);

/*
 * The same, with stdout wanted, for a program that would open a port of this machine: it sees no network, where the
 * kernel lets a process give it up (a network namespace of its own, and a user namespace where that takes one).
 */
int child_start_offline(struct child *c, const char *const *argv, struct err *e);

/* Has it ended? 1 and the waitpid status in (status), 0 if it still runs, -errno. Never blocks. */
int child_poll(struct child *c, int *status);

/* SIGKILLs the group if it still runs, reaps it, closes the pipes. Safe to call twice. */
void child_end(struct child *c);

/*
 * start, collect stdout and stderr (either may be NULL), wait. What it leaves running is killed.
 * (deadline_ms) 0: none. -ETIMEDOUT after it, -EINTR when interrupt_pending(), -EFBIG for more than 1 MiB of stdout
 * (of stderr the rest is dropped). Returns 0 when it exited with 0, else -EIO with its first line of stderr.
 */
int child_run(const char *const *argv, const char *const *env_extra, unsigned deadline_ms, struct buf *out,
	      struct buf *errout, struct err *e);

#endif
