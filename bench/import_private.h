/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import_private.h - what the parts of an import share: import.c takes the lines of rows, import_short.c those of a
 * screen, import_machine.c and import_provenance.c what was said of the machine; import_result.c sums up. Nobody else includes this.
 */
#ifndef VTSCOPE_BENCH_IMPORT_PRIVATE_H
#define VTSCOPE_BENCH_IMPORT_PRIVATE_H

#include "bench/collector.h"
#include "bench/import.h"
#include "minivmm/lines.h"

/* KEYs of H lines. */
enum hello_key {
	HELLO_ENGINE, HELLO_PROVENANCE, HELLO_CLOCK, HELLO_ABI, HELLO_CATALOG, HELLO_VENDOR, HELLO_BRAND,
	HELLO_SIGNATURE, HELLO_HYPERVISOR, HELLO_EVIDENCE, HELLO_TSC_HZ, HELLO_SEED, HELLO_FENCE, HELLO_LFENCE,
	HELLO_EMPTY, HELLO_FAMILY, HELLO_MEMORY, HELLO_ROWS,
	HELLO_KEYS
};

struct hello {
	char text[HELLO_KEYS][2 * LINES_PAYLOAD_MAX];	/* "": not said, or "-" */
	bool said[HELLO_KEYS];				/* in this section */
};

/* What one engine came to, over all boots. */
struct import_engine {
	bool seen, measured;	/* had a section; had rows that ended */
	char refused[32], why[400];	/* X: status word and sentence */
	size_t sections, refusals;	/* launches of it, and those that X ended */
	enum provenance provenance;
	bool lfence_assumed;
	struct tally *tally;	/* owned, by operation; NULL: no section of it */
	unsigned char *full;	/* owned, by operation: a row of it ended whole */
	unsigned char *planned;	/* owned, by operation: the image was to measure it */
	char (*skip)[240];	/* owned, by operation: why the runner could not, "": it did not say so */
	char (*lost)[96];	/* owned, by operation: what its last torn row lacked */
	unsigned char *faulted;	/* owned, by operation */
};

enum { IMPORT_NATIVE, IMPORT_VMX, IMPORT_SVM, IMPORT_ENGINES };
extern const char *const import_engine_names[IMPORT_ENGINES];

struct import {
	struct lines *lines;
	struct lines_to to;
	char **name; size_t n_names;	/* owned: files */
	const char *file;		/* of the boot at work */
	uint32_t chosen[LINES_BOOTS_MAX]; size_t n_chosen;	/* boots; 0: all */
	struct hello hello;		/* of the section at work */
	struct hello boot;		/* of the boot at work, all its sections */
	uint32_t boot_id;
	bool any;			/* a section has begun */
	struct hello machine;		/* what the first section that said it said */
	char said_by[HELLO_KEYS][80];	/* boot and file it came from */
	uint32_t said_boot[HELLO_KEYS];
	enum provenance provenance;	/* the weakest of all sections */
	char demoted[300];		/* a section called itself more than its evidence has; "": none */
	char conflict[400];		/* captures that do not go together: why */
	struct import_engine engine[IMPORT_ENGINES];
	char refused[440];		/* a boot of no engine: why */
	char strange[120];		/* the first word on which placing depends and that is not known, with its key; "": none */
	struct import_engine *at;	/* of the section at work, NULL: not known */
	bool section_refused;		/* X came in this section */
	uint64_t rows_came;		/* in this section, those that were lost included */
	uint64_t rows_planned, rows_missing;	/* in all */
	unsigned char plan[LINES_OPS_MAX / 8];	/* of this section, by number in the image's catalogue */
	bool begun;			/* something other than H came in this section */
	uint32_t op[GUEST_ROWS_MAX];	/* of the section's rows; (n_ops): none of the catalogue */
	struct collector collector;
	struct result_set *r;		/* failures, self-tests and facts go here as they come; owned until it is taken */
	char unknown[8][64];		/* names that the catalogue lacks, the first few */
	size_t n_unknown, rows_unplaced;	/* all of them; rows of sections that did not say what they are */
	size_t rows_nameless;		/* lost with their names */
	struct import_short *row_short; size_t n_short, short_room;	/* owned */
	size_t rows_mismatched;		/* in short, whose number is not their name's */
	size_t rows_short;		/* in short, left out: the full lines of the same are there */
	uint64_t identity;		/* digest of the boots */
	int error;			/* -ENOMEM */
};

/* The section's first line that is no H came, or its end: it is placed. */
void import_section_begin(struct import *im);
void import_section_end(struct import *im);
void import_unknown_note(struct import *im, const char *name);
/* Of a screen: kept until import_short_settle(), which takes those whose full lines did not come. */
void import_row_short(void *ctx, const struct lines_short *q);
void import_short_settle(struct import *im);
/* What the section's own evidence leaves of what it calls itself. False: that is no word for it. */
bool import_provenance(struct import *im, enum provenance *out);
/* A line H. */
void import_hello(struct import *im, const char *key, const char *value);
/* The section's H lines are over: what it is of, whether it goes with the others. NULL: it cannot be told, or not. */
struct import_engine *import_section_place(struct import *im);
/* Fills r->tool, hardware, subject, verdict, seed and run_id. 0 or -ENOMEM. */
int import_describe(struct import *im, struct result_set *r);
/* Was the image made from this program's catalogue? Then numbers of operations mean the same. */
bool import_same_catalog(const struct import *im);
/* "QEMU TCG", "bare machine" ... : what the rows ran on. */
void import_backend(const struct import *im, char out[64]);

#endif
