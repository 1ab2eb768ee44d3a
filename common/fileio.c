/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/interrupt.h"

#define TEMP_ATTEMPTS 100

/* A call that a signal cut short goes on, unless it was the user asking to stop. */
static bool cut_short(ssize_t ret)
{
	return ret < 0 && errno == EINTR && !interrupt_pending();
}

/* The open of a FIFO waits for its other end. */
static int open_waiting(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	while (cut_short(fd));
	return fd;
}

static int read_all(int fd, const char *name, size_t max, struct buf *out, struct err *e)
{
	size_t total = 0;
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (cut_short(n))
			continue;
		if (n < 0)
			return err_set(e, errno, "%s: cannot read: %s", name, strerror(errno));
		if (n == 0)
			break;
		total += (size_t)n;
		if (total > max)
			return err_set(e, EFBIG, "%s: larger than the %zu bytes that are accepted",
				       name, max);
		buf_append(out, chunk, (size_t)n);
		if (buf_error(out) < 0)
			return err_set(e, -buf_error(out), "%s: out of memory", name);
	}
	return 0;
}

bool file_is_folder(const char *path)
{
	struct stat st;

	return strcmp(path, "-") && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

void file_remove_folder(const char *path)
{
	nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int file_read(const char *path, size_t max, struct buf *out, struct err *e)
{
	int fd, ret;

	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", max, out, e);
	fd = open_waiting(path, O_RDONLY);
	if (fd < 0)
		return err_set(e, errno, "%s: %s", path, strerror(errno));
	ret = read_all(fd, path, max, out, e);
	close(fd);
	return ret;
}

static int write_all(int fd, const char *name, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (cut_short(n))
			continue;
		if (n < 0)
			return err_set(e, errno, "%s: cannot write: %s", name, strerror(errno));
		if (n == 0)
			return err_set(e, ENOSPC, "%s: cannot write: nothing was taken", name);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A device, a pipe or a terminal is written to as it is: renaming over /dev/null would replace it. */
static int write_in_place(const char *path, const void *data, size_t len, struct err *e)
{
	int fd = open_waiting(path, O_WRONLY);
	int ret;

	if (fd < 0)
		return err_set(e, errno, "%s: %s", path, strerror(errno));
	ret = write_all(fd, path, data, len, e);
	if (close(fd) < 0 && ret == 0)
		ret = err_set(e, errno, "%s: cannot write: %s", path, strerror(errno));
	return ret;
}

/* open(2) with O_EXCL rather than mkstemp(3), so that the new file has the mode the umask wants. */
static int open_temporary(const char *path, char *temp, size_t size, struct err *e)
{
	for (unsigned i = 0; i < TEMP_ATTEMPTS; i++) {
		int n = snprintf(temp, size, "%s.tmp%ld.%u", path, (long)getpid(), i);
		int fd;

		if (n < 0 || (size_t)n >= size)
			return err_set(e, ENAMETOOLONG, "%s: name too long", path);
		fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			break;
	}
	return err_set(e, errno, "%s: cannot create: %s", path, strerror(errno));
}

/* (old): the file that is to be replaced, its permissions are kept; NULL: there is none. */
static int replace(const char *path, const struct stat *old, const void *data, size_t len,
		   struct err *e)
{
	char temp[PATH_MAX];
	int fd = open_temporary(path, temp, sizeof(temp), e);
	int ret;

	if (fd < 0)
		return fd;
	ret = write_all(fd, path, data, len, e);
	if (ret == 0 && old && fchmod(fd, old->st_mode & 0777) < 0)
		ret = err_set(e, errno, "%s: cannot set its mode: %s", path, strerror(errno));
	/* Some file systems do not know fsync; then close is the last word. */
	if (ret == 0 && fsync(fd) < 0 && errno != EINVAL && errno != EOPNOTSUPP)
		ret = err_set(e, errno, "%s: cannot write: %s", path, strerror(errno));
	if (close(fd) < 0 && ret == 0)
		ret = err_set(e, errno, "%s: cannot write: %s", path, strerror(errno));
	if (ret == 0 && rename(temp, path) < 0)
		ret = err_set(e, errno, "%s: cannot rename to it: %s", path, strerror(errno));
	if (ret < 0)
		unlink(temp);
	return ret;
}

int file_write(const char *path, const void *data, size_t len, struct err *e)
{
	struct stat st;
	char *real;
	int ret;

	if (!strcmp(path, "-"))
		return write_all(STDOUT_FILENO, "standard output", data, len, e);
	if (stat(path, &st) < 0) {
		if (errno != ENOENT)
			return err_set(e, errno, "%s: %s", path, strerror(errno));
		return replace(path, NULL, data, len, e);
	}
	if (!S_ISREG(st.st_mode))
		return write_in_place(path, data, len, e);
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return err_set(e, errno, "%s: %s", path, strerror(errno));
	/* Through a symbolic link the file is replaced, not the link. */
	real = realpath(path, NULL);
	if (!real)
		return err_set(e, errno, "%s: %s", path, strerror(errno));
	ret = replace(real, &st, data, len, e);
	free(real);
	return ret;
}

int file_write_check(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct stat st;
	bool exists = strcmp(path, "-") && stat(path, &st) == 0;

	if (!strcmp(path, "-") || (exists && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 1;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (exists && S_ISDIR(st.st_mode))
		return err_set(e, EISDIR, "%s: %s", path, strerror(EISDIR));
	if (exists && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return err_set(e, errno, "%s: %s", path, strerror(errno));
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0)
		return err_set(e, errno, "%s: cannot write to %s: %s", path, folder, strerror(errno));
	return 0;
}
