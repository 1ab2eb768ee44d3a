/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures, made into a result: whatever came, it is a result that can be written and read again, or an error. A line that
 * begins with '!' is given the frame it would need to be believed, '~' begins another boot, '^' another section (as in lines.c).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import.h"
#include "minivmm/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frame(const uint8_t *line, size_t n, uint32_t boot, unsigned section, unsigned seq, struct buf *out)
{
	size_t at = out->len;

	buf_printf(out, "VT1 %08x.%u %u %.*s", boot, section, seq, (int)(n > 250 ? 250 : n), (const char *)line);
	buf_printf(out, " %08x\n", lines_crc(out->data + at, out->len - at));
}

static void check(const struct result_set *r)
{
	struct buf doc = BUF_INIT, again = BUF_INIT;
	struct result_set loaded;
	struct err e = { 0 };

	if (result_set_write(r, &doc) || result_set_load(&loaded, doc.data, doc.len, "doc", &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	if (result_set_write(&loaded, &again) || strcmp(buf_str(&doc), buf_str(&again)))
		abort();
	result_set_free(&loaded);
	buf_free(&doc);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT, notes = BUF_INIT;
	struct import *im = import_new();
	struct result_set r;
	unsigned seq = 0, section = 0;
	uint32_t boot = 1;
	struct err e;

	for (size_t at = 0; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t n = end ? (size_t)(end - data) - at : size - at;

		if (n && data[at] == '!') {
			frame(data + at + 1, n - 1, boot, section, seq++, &text);
		} else if (n && data[at] == '~') {
			boot++;
			seq = section = 0;
		} else if (n && data[at] == '^') {
			section++;
		} else {
			buf_append(&text, data + at, n);
			buf_puts(&text, "\n");
		}
		at += n + 1;
	}
	if (im) {
		import_feed(im, "capture", buf_str(&text), text.len);
		if (import_result(im, &r, &notes, &e) == 0)
			check(&r);
		result_set_free(&r);
	}
	import_free(im);
	buf_free(&text);
	buf_free(&notes);
	return 0;
}
