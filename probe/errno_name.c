/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the errno values that the kernel gives for what is read here;
 * strerrorname_np() is too young.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "probe/snapshot.h"

#define ROW(e) { #e, e }
static const struct {
	const char *name;
	int value;
} rows[] = {
	ROW(EPERM),	   ROW(ENOENT),	      ROW(EINTR),      ROW(EIO),       ROW(ENXIO),
	ROW(E2BIG),	   ROW(EBADF),	      ROW(EAGAIN),     ROW(ENOMEM),    ROW(EACCES),
	ROW(EFAULT),	   ROW(EBUSY),	      ROW(EEXIST),     ROW(ENODEV),    ROW(ENOTDIR),
	ROW(EISDIR),	   ROW(EINVAL),	      ROW(ENFILE),     ROW(EMFILE),    ROW(ENOTTY),
	ROW(EFBIG),	   ROW(ENOSPC),	      ROW(EROFS),      ROW(EPIPE),     ROW(ERANGE),
	ROW(ENAMETOOLONG), ROW(ENOSYS),	      ROW(ELOOP),      ROW(ENODATA),   ROW(ETIME),
	ROW(EPROTO),	   ROW(EOVERFLOW),    ROW(EOPNOTSUPP), ROW(ETIMEDOUT), ROW(ESTALE),
	ROW(ECANCELED),	   ROW(EKEYREJECTED),
};
#undef ROW

const char *errno_name(int err)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].value == err)
			return rows[i].name;
	return NULL;
}

int errno_value(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].value;
	return 0;
}
