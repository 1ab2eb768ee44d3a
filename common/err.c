/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set_at(struct err *e, int code, const char *file, int line, const char *fmt, ...)
{
	if (code < 0)
		code = -code;
	if (code == 0)
		code = EIO;
	if (e) {
		va_list ap;

		e->code = code;
		e->file = file;
		e->line = line;
		va_start(ap, fmt);
		vsnprintf(e->text, sizeof(e->text), fmt, ap);
		va_end(ap);
	}
	return -code;
}

void err_prefix(struct err *e, const char *fmt, ...)
{
	char prefix[sizeof(e->text)];
	char old[sizeof(e->text)];
	va_list ap;
	size_t n;

	if (!e)
		return;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	memcpy(old, e->text, sizeof(old));
	n = strlen(prefix);
	snprintf(e->text, sizeof(e->text), "%s", prefix);
	if (n + 2 < sizeof(e->text))
		snprintf(e->text + n, sizeof(e->text) - n, ": %s", old);
}
