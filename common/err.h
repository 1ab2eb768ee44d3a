/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err.h - an error with its origin. Any hosted code may include this.
 *
 * Libraries return 0 or -errno and fill a struct err; only cli/ prints it.
 */
#ifndef VTSCOPE_COMMON_ERR_H
#define VTSCOPE_COMMON_ERR_H

struct err {
	int code;		/* positive errno, 0 when nothing went wrong */
	const char *file;	/* where it was raised, a literal */
	int line;
	char text[400];		/* one line for a person: what is wrong and what to do */
};

/*
 * Fills (e), which may be NULL, and returns -(code): `return err_set(e, EINVAL, ...)`.
 * A (code) of 0 is taken as EIO, so that an error can never read as success.
 */
#define err_set(e, code, ...) err_set_at((e), (code), __FILE__, __LINE__, __VA_ARGS__)

int err_set_at(struct err *e, int code, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Puts "(fmt): " before the text that (e) holds, keeping its origin and code. */
void err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
