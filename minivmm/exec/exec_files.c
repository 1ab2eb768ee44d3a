/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec_files.c - files with names, since strangers take nothing else: the image with its plan, and the serial port's. They
 * lie in a folder of their own, so that one removal leaves nothing.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "minivmm/exec/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fileio.h"
#include "minivmm/guest_abi.h"

#define CHUNK	16384

int exec_plan_put(void *bytes, size_t n, const char *plan, struct err *e)
{
	static const char magic[16] = GUEST_GIVEN_MAGIC;
	char *at = memmem(bytes, n, magic, sizeof(magic));
	size_t length = strlen(plan), left = at ? n - (size_t)(at - (char *)bytes) : 0;

	if (!at || left < sizeof(struct guest_given))
		return err_set(e, EINVAL, "the boot image has no room for a plan");
	if (memmem(at + sizeof(magic), left - sizeof(magic), magic, sizeof(magic)))
		return err_set(e, EINVAL, "the boot image has two places for a plan");
	if (length >= GUEST_GIVEN_BYTES)
		return err_set(e, E2BIG, "the plan of this launch is longer than the %d characters that the image has room for",
			       GUEST_GIVEN_BYTES - 1);
	at += offsetof(struct guest_given, line);
	memset(at, 0, GUEST_GIVEN_BYTES);
	memcpy(at, plan, length);
	return 0;
}

/* ---- the folder ---- */

/* The paths go into a command for a shell, within whatever quotes the user put there. */
static bool is_plain(const char *path)
{
	for (; *path; path++)
		if (!strchr("/._-+,ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", *path))
			return false;
	return true;
}

int exec_folder_make(struct exec_paths *p, struct err *e)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || tmp[0] != '/' || strlen(tmp) > sizeof(p->dir) - 32 || !is_plain(tmp))
		tmp = "/tmp";
	snprintf(p->dir, sizeof(p->dir), "%s/vtscope-exec-XXXXXX", tmp);
	if (!mkdtemp(p->dir)) {
		p->dir[0] = 0;
		return err_set(e, EIO, "no folder for the image under %s: %s", tmp, strerror(errno));
	}
	snprintf(p->image, sizeof(p->image), "%s/image.elf", p->dir);
	snprintf(p->iso, sizeof(p->iso), "%s/image.iso", p->dir);
	snprintf(p->serial, sizeof(p->serial), "%s/serial", p->dir);
	return 0;
}

/* No fsync: who reads it is on this machine, and it is gone in seconds. */
int exec_file_put(const char *path, const void *bytes, size_t n, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), code = fd < 0 ? errno : 0;
	const char *from = bytes;

	while (!code && n) {
		ssize_t put = write(fd, from, n);

		if (put < 0 && errno != EINTR)
			code = errno;
		if (put > 0) {
			from += put;
			n -= (size_t)put;
		}
	}
	if (fd >= 0 && close(fd) < 0 && !code)
		code = errno;
	return code ? err_set(e, code, "%s: %s", path, strerror(code)) : 0;
}

void exec_folder_remove(struct exec_paths *p)
{
	if (p->dir[0])
		file_remove_folder(p->dir);
	p->dir[0] = 0;
}

/* ---- the serial port's file ---- */

void exec_tail_open(struct exec_tail *t)
{
	*t = (struct exec_tail){ .fd = -1 };
}

void exec_tail_close(struct exec_tail *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

/* Another file of that name, or the same one begun anew: what counts is what is in it now. */
static void tail_follow(struct exec_tail *t, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	if (t->fd >= 0 && (st.st_dev != t->dev || st.st_ino != t->ino))
		exec_tail_close(t);
	if (t->fd < 0) {
		t->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		t->dev = st.st_dev;
		t->ino = st.st_ino;
		t->at = 0;
	}
	if (S_ISREG(st.st_mode) && st.st_size < t->at)
		t->at = 0;
}

int exec_tail_take(struct exec_tail *t, const char *path, unsigned chunks, const struct sink *s, struct err *e)
{
	char chunk[CHUNK];
	ssize_t n = 1;

	tail_follow(t, path);
	for (unsigned i = 0; t->fd >= 0 && i < chunks && n > 0; i++) {
		n = pread(t->fd, chunk, sizeof(chunk), t->at);
		if (n < 0 && errno == ESPIPE)	/* they put a pipe there */
			n = read(t->fd, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		t->at += n;
		t->taken += (unsigned long long)n;
		if (t->taken > EXEC_SERIAL_MAX)
			return err_set(e, EFBIG, "more than %llu MiB came from the serial port", EXEC_SERIAL_MAX >> 20);
		s->console(s->ctx, chunk, (size_t)n);
	}
	return 0;
}
