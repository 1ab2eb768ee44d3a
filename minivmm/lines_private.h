/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines_private.h - the decoder's insides: lines.c finds lines and their order, lines_row.c knows what is in those of a
 * row. Nobody else includes this.
 */
#ifndef VTSCOPE_MINIVMM_LINES_PRIVATE_H
#define VTSCOPE_MINIVMM_LINES_PRIVATE_H

#include "minivmm/lines.h"

#define LINE_BYTES	640u	/* a line of the protocol has 250 at most; behind other people's text it starts later */
#define NAME_BYTES	64u	/* of an operation */
#define TEXT_BYTES	640u	/* of a text in several lines; the rest is dropped */
#define CHUNK_SAMPLES	512u	/* in one record */

struct lines_row {
	bool at_work;
	bool faulted;		/* (fault) is filled */
	bool torn;		/* (why) says what it lacks */
	uint32_t number;
	char name[NAME_BYTES];
	char why[96];
	uint64_t singles, pairs, splits, empties;	/* so far */
	struct guest_fault fault;
};

/* Text that may go on in the next line: what a payload has no room for comes behind the same head again. */
struct lines_text {
	char type;		/* 0: none */
	char head[NAME_BYTES], text[TEXT_BYTES];
	bool goes_on;		/* its last line said so */
};

struct lines_boot { uint32_t id; uint64_t next; };	/* its next SEQ */

struct lines {
	const struct lines_to *to;
	struct lines_account account;
	char line[LINE_BYTES + 1];
	size_t n;
	struct lines_boot boot[LINES_BOOTS_MAX];
	size_t boots, at;	/* (at) (boots): none yet */
	bool open;		/* the boot at (at) has not come to its end */
	bool fresh;		/* nothing has come of this section */
	struct lines_text text;
	struct lines_row row;
	uint32_t ended;		/* row that ended last, GUEST_ROWS_MAX: none */
	uint64_t rows;		/* of this section that ended or were lost */
	unsigned char seen[GUEST_ROWS_MAX / 8];	/* rows of this section */
	uint64_t chunk[3 * CHUNK_SAMPLES];
};

/* Reads the number at (*p) and steps over it: decimal, with 0x hexadecimal, up to (max). */
bool lines_number(const char **p, uint64_t max, uint64_t *out);
/* Steps over the one blank that separates fields. */
bool lines_blank(const char **p);

/* What the runner says of the row at work. */
void lines_row_say(struct lines *d, const char *text);
/* A piece of a text: it goes out when the next line is another's. */
void lines_text_add(struct lines *d, char type, const char *head, const char *text);
/* A line of a row, of type (type), whose payload is (p). False: it makes no sense. */
bool lines_row_take(struct lines *d, char type, const char *p);
/* A row in short. */
bool lines_short_take(struct lines *d, const char *p);
/* The row at work, if any, lacks something. */
void lines_row_tear(struct lines *d, const char *why);
/* The row at work will not go on: it is lost. */
void lines_row_drop(struct lines *d, const char *why);

#endif
