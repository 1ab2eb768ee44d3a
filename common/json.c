/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/json.h"

#include <errno.h>

static int append_chunk(const char *bytes, size_t n, void *out)
{
	buf_append(out, bytes, n);
	return buf_error(out) ? -1 : 0;
}

void buf_put_json(struct buf *out, const json_t *value, size_t flags)
{
	if ((!value || json_dump_callback(value, append_chunk, out, flags) < 0) && !out->error)
		out->error = -ENOMEM;
}

void buf_put_document(struct buf *out, json_t *doc, size_t flags)
{
	buf_put_json(out, doc, flags);
	buf_puts(out, "\n");
	json_decref(doc);
}
