/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * buf.h - a growable byte buffer, always NUL-terminated. Any hosted code may include this.
 *
 * The error is sticky: append freely, ask buf_error() once at the end.
 */
#ifndef VTSCOPE_COMMON_BUF_H
#define VTSCOPE_COMMON_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data;	/* owned; NULL while empty, else data[len] == 0 */
	size_t len;
	size_t cap;
	int error;	/* 0 or -errno, sticky */
};

#define BUF_INIT { 0 }

void buf_free(struct buf *b);
void buf_clear(struct buf *b);		/* keeps the memory, forgets content and error */
int buf_error(const struct buf *b);
const char *buf_str(const struct buf *b);	/* never NULL */
void buf_append(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

#endif
