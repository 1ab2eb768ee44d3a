/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a capture, in pieces. A line that begins with '!' is given the frame it would need to be believed (the mark,
 * a boot, the next number, its checksum), so that what is behind the checksum is reached, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct open_row { uint32_t row; int at_work; };

/* What lines.h promises of rows. */
static void record(void *ctx, const struct guest_record *r, const void *payload)
{
	static const uint32_t unit[] = {
		[RECORD_COLD] = 8, [RECORD_EMPTY] = 8, [RECORD_SINGLE] = 8, [RECORD_DIFF] = 16, [RECORD_SPLIT] = 24,
		[RECORD_FAULT] = sizeof(struct guest_fault), [RECORD_ROW_END] = sizeof(struct guest_row_end),
	};
	struct open_row *o = ctx;
	volatile unsigned char last;

	if (r->row >= GUEST_ROWS_MAX || r->type > RECORD_FAULT || r->type == RECORD_PAD)
		abort();
	if ((r->type == RECORD_ROW_BEGIN) != !o->at_work || (o->at_work && r->row != o->row))
		abort();
	if (r->type < sizeof(unit) / sizeof(unit[0]) && unit[r->type] && r->bytes % unit[r->type])
		abort();
	if (r->bytes)
		last = ((const unsigned char *)payload)[r->bytes - 1];
	(void)last;
	o->row = r->row;
	o->at_work = r->type != RECORD_ROW_END;
}

static void row_lost(void *ctx, uint32_t row, const char *name, const char *why)
{
	struct open_row *o = ctx;

	if (row >= GUEST_ROWS_MAX || !*why)
		abort();
	if (*name)
		o->at_work = 0;
}

static size_t frame(const uint8_t *line, size_t n, uint32_t boot, unsigned section, unsigned seq, char *out, size_t size)
{
	int k = snprintf(out, size, "VT1 %08x.%u %u %.*s", boot, section, seq, (int)(n > 250 ? 250 : n), (const char *)line);

	return (size_t)k + (size_t)snprintf(out + k, size - (size_t)k, " %08x", lines_crc(out, (size_t)k));
}

static void decode(struct lines *(*start)(const struct lines_to *), const uint8_t *data, size_t size)
{
	struct open_row open = { 0, 0 };
	const struct lines_to to = { .ctx = &open, .record = record, .row_lost = row_lost };
	struct lines *d = start(&to);
	unsigned seq = 0, section = 0;
	uint32_t boot = 1;
	char framed[400];

	for (size_t at = 0; d && at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t n = end ? (size_t)(end - data) - at : size - at;

		if (n && data[at] == '!') {
			lines_feed(d, framed, frame(data + at + 1, n - 1, boot, section, seq++, framed, sizeof(framed)));
		} else if (n && data[at] == '~') {
			boot++;
			seq = section = 0;
		} else if (n && data[at] == '^') {
			section++;
		} else {
			lines_feed(d, data + at, n);
		}
		lines_feed(d, "\n", 1);
		at += n + 1;
	}
	if (d)
		lines_end(d);
	lines_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode(lines_new, data, size);
	decode(lines_new_sorted, data, size);
	return 0;
}
