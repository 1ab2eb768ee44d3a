/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h - JSON values of jansson as text in a buffer. Who writes a document includes this.
 */
#ifndef VTSCOPE_COMMON_JSON_H
#define VTSCOPE_COMMON_JSON_H

#include <jansson.h>

#include "common/buf.h"

/* Appends (value), which may be NULL: that is out of memory, the buffer's error. (flags): jansson's, for encoding. */
void buf_put_json(struct buf *out, const json_t *value, size_t flags);
/* A document: the same and a newline. Takes (doc) over. */
void buf_put_document(struct buf *out, json_t *doc, size_t flags);

#endif
