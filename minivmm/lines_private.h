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
	uint64_t begin_seq;
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

/* Where a line stands. */
struct lines_at { uint64_t seq; uint32_t boot; unsigned section; char type; };

struct lines_store;

struct lines {
	const struct lines_to *to;
	struct lines_account account;
	char line[LINE_BYTES + 1];
	size_t n;
	struct lines_store *store;	/* owned; NULL: lines are placed as they come */
	bool any;		/* a line of a boot came; the five below are of it */
	uint32_t boot;
	unsigned section, sections, source;	/* (sections): begun, those of which nothing came included */
	uint64_t next;		/* SEQ of the line that should come */
	bool open;		/* the section has not come to its end */
	bool ended;		/* the boot has */
	bool more;		/* and another one was announced */
	struct lines_text text;
	struct lines_row row;
	uint32_t ended_row;	/* row that ended last, GUEST_ROWS_MAX: none */
	uint64_t rows;		/* of this section that ended or were lost */
	unsigned char seen[GUEST_ROWS_MAX / 8];	/* rows of this section */
	unsigned char shorts[LINES_OPS_MAX / 8];	/* operations of this section in short */
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
/* A line whose checksum held. (payload) lives for the call. */
void lines_place(struct lines *d, const struct lines_at *at, const char *payload);

/* ---- lines_store.c ---- */

struct lines_store *lines_store_new(void);
void lines_store_free(struct lines_store *s);
void lines_store_source(struct lines_store *s, unsigned source);
void lines_store_choose(struct lines_store *s, uint32_t boot);
/* Were boots chosen? Else all are taken. */
bool lines_store_chosen(const struct lines_store *s);
/* False: it is of one boot more than there may be. */
bool lines_store_add(struct lines_store *s, const struct lines_at *at, const char *payload);
/* Places all of them. 0, or -1: out of memory. */
int lines_store_play(struct lines *d, struct lines_store *s);

#endif
