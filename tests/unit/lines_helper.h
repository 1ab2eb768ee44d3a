/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines_helper.h - captures of the boot image, written line by line, and what the decoder makes of them. Only tests
 * include this.
 */
#ifndef VTSCOPE_TESTS_UNIT_LINES_HELPER_H
#define VTSCOPE_TESTS_UNIT_LINES_HELPER_H

#include "common/buf.h"
#include "minivmm/lines.h"

/* Of the next line that put() writes. */
extern unsigned seq, section;
void put(struct buf *to, uint32_t boot, char type, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A whole row, and a whole boot of two. */
void put_row(struct buf *to, uint32_t boot, unsigned row, const char *name);
void put_boot(struct buf *to, uint32_t boot, const char *engine);

/* What came out of the last decode. */
struct seen {
	unsigned sections, hellos, steps, facts, refusals, begins, ends, lost, foreign, counters, logs, faults, boot_ends;
	uint64_t singles, sum, empties, pairs, splits, cold;
	uint32_t copies;
	int status;
	struct engine_step step;
	struct guest_row_end end;
	struct guest_fault fault;
	uint64_t exits, interrupts;
	char text[700], name[64], why[128], key[64];
};
extern struct seen seen;
extern const struct lines_to lines_seen;
/* As captures are: sorted. Decodes (n) bytes, (piece) at a time. */
struct lines_account decode(const void *bytes, size_t n, size_t piece);
/* All of (b), which is freed. */
struct lines_account decode_buf(struct buf *b);

#endif
