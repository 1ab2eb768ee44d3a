/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines.h - decoder of the boot image's line protocol (doc/protocol.md). minivmm/, bench/, cli/ and tests include this.
 *
 * Takes any bytes, in any pieces: what emulators print on the debug port, what a serial port of a real machine gave,
 * with other people's text between. Only lines whose checksum holds count, each once and in order. What a row lacks
 * makes the row lost, never a number: samples come sorted by value, so the rest of a torn row would be biased.
 */
#ifndef VTSCOPE_MINIVMM_LINES_H
#define VTSCOPE_MINIVMM_LINES_H

#include "minivmm/engine.h"

#define LINES_PAYLOAD_MAX	200
#define LINES_VALUE_MAX		((1ull << 62) - 1)
#define LINES_SAMPLES_MAX	1000000u	/* of a row, of each kind */
#define LINES_BOOTS_MAX		64u		/* in one capture; lines of further ones are left out */
#define LINES_SECTIONS_MAX	256u		/* in a boot */
#define LINES_OPS_MAX		8192u		/* operations that a catalogue may have */

/* The loss account of a capture. */
struct lines_account {
	uint64_t lines;		/* that were taken */
	uint64_t lost;		/* that the numbers of the others say there were, damaged ones included */
	uint64_t damaged;	/* that began as one: wrong checksum or form, or without sense where it stands */
	uint64_t repeated;	/* that had come before */
	uint64_t beyond;	/* of boots behind the first LINES_BOOTS_MAX */
	uint64_t foreign;	/* somebody else's, empty ones apart */
	uint64_t boots;		/* that were seen */
	uint64_t boots_cut;	/* of these, without their end, and the one that the last of them announced */
	uint64_t sections;	/* launches in them */
	uint64_t sections_cut;	/* of these, without their end */
	uint64_t rows;		/* that ended whole */
	uint64_t rows_lost;	/* that were seen and lack something */
};

/* A row in short, as a screen has it. NAN: not measured, not counted. */
struct lines_short {
	uint32_t op;			/* number in the image's catalogue */
	uint32_t flags;			/* GUEST_END_* */
	uint64_t n;			/* single shots */
	double min, median, p99;	/* of them, ticks */
	double diff;			/* median of the differences, ticks a body */
	uint64_t exits, executions;	/* executions 0: nothing counted them */
	bool cut;			/* (name) lacks its front: (op) tells it */
	char name[64];
};

/* Where lines come from: a boot, and one of its sections, which is a launch of one engine. */
struct lines_section { uint32_t boot; unsigned number, source; };

/* Where what is decoded goes. Any function may be NULL. Texts are printable ASCII and live for the call. */
struct lines_to {
	void *ctx;
	/* Lines of another launch come from here on: of another boot, or of the same one, where row numbers go on. */
	void (*section)(void *ctx, const struct lines_section *s);
	void (*hello)(void *ctx, const char *key, const char *value);
	void (*step)(void *ctx, const struct engine_step *s);
	void (*fact)(void *ctx, const char *name, const char *value);
	void (*refusal)(void *ctx, const char *status, const char *text);
	/*
	 * As guest_ring_drain() gives them, checked: RECORD_ROW_BEGIN (payload: the operation's name with its NUL),
	 * RECORD_COLD, _EMPTY, _SINGLE, _DIFF, _SPLIT, _LOG, _FAULT, _ROW_END. Those with samples hold up to 512 each, so
	 * a row has several. A row that was begun ends with RECORD_ROW_END, or with row_lost().
	 */
	void (*record)(void *ctx, const struct guest_record *r, const void *payload);
	/* Before the row's end record. Counted from its begin on. */
	void (*counters)(void *ctx, uint32_t row, uint64_t exits, uint64_t interrupts);
	/* What came of the row counts for nothing. (name) "": its begin was lost, too, and nothing came. */
	void (*row_lost)(void *ctx, uint32_t row, const char *name, const char *why);
	void (*row_short)(void *ctx, const struct lines_short *q);
	/* The section's last line: rows that ended, and what runner_main() returned. */
	void (*end)(void *ctx, uint64_t rows, int status);
	/* Somebody else's line, without its end; any bytes but newlines. */
	void (*foreign)(void *ctx, const char *text, size_t n);
};

struct lines;	/* the decoder's state */

/* NULL: out of memory. (to) is borrowed for its life. Lines go out as they come: they are of one boot, in order. */
struct lines *lines_new(const struct lines_to *to);
/* The same for captures: nothing goes out before lines_end(), then boot by boot, each in the order of its numbers. */
struct lines *lines_new_sorted(const struct lines_to *to);
/* Of a sorted one. Boots that are seen from here on for the first time have (source) in struct lines_section. */
void lines_source(struct lines *d, unsigned source);
/* Of a sorted one. Lines of other boots than those that were chosen are passed over; before lines_end(). */
void lines_choose(struct lines *d, uint32_t boot);
/* Of a sorted one: the boots that were seen so far, chosen or not. How many. */
size_t lines_boots(const struct lines *d, uint32_t boot[LINES_BOOTS_MAX]);
/* The next (n) bytes of a capture. */
void lines_feed(struct lines *d, const void *bytes, size_t n);
/* There are no more: a last line without its end is looked at, a row at work is lost. 0, or -ENOMEM. */
int lines_end(struct lines *d);
const struct lines_account *lines_account(const struct lines *d);
void lines_free(struct lines *d);

/* CRC-32 as the protocol has it: IEEE 802.3, as in zip. */
uint32_t lines_crc(const void *bytes, size_t n);

#endif
