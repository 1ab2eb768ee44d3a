/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fileio.h - whole-file reads with a limit, atomic writes. Any hosted code may include this.
 */
#ifndef VTSCOPE_COMMON_FILEIO_H
#define VTSCOPE_COMMON_FILEIO_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

/*
 * Appends the content of (path) to (out); "-" is standard input. Works for procfs and sysfs files,
 * which have no size. More than (max) bytes is -EFBIG; -EINTR: the user asked to stop while it waited
 * for a pipe or a terminal. Returns 0 or -errno, (e) names the path.
 */
int file_read(const char *path, size_t max, struct buf *out, struct err *e);

/*
 * Writes to a temporary name beside (path), fsyncs and renames: (path) is either the old file or the
 * whole new one. "-" writes to standard output. A short write, a full disk or a failing close is an error;
 * -EINTR as above.
 */
int file_write(const char *path, const void *data, size_t len, struct err *e);

/*
 * Could file_write() write (path), as far as that can be known before? 0, 1: it is standard output or a device, a pipe, a
 * terminal, of which nothing can be known; or -errno with a sentence. A folder cannot be written.
 */
int file_write_check(const char *path, struct err *e);

/* "-" is none, nor is what cannot be looked at. */
bool file_is_folder(const char *path);

/* With all that is in it, on its file system; no link is followed. What cannot be removed stays. */
void file_remove_folder(const char *path);

#endif
