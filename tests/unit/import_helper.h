/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import_helper.h - captures as the image writes them, and what an import makes of them. Only tests include this. */
#ifndef VTSCOPE_TESTS_UNIT_IMPORT_HELPER_H
#define VTSCOPE_TESTS_UNIT_IMPORT_HELPER_H

#include "bench/import.h"

#define BOOT	0x1234abcdu
#define BRAND	"Example(R) Processor X1 @ 3.00GHz"

/* What its H lines will say. */
struct capture_says {
	const char *provenance, *evidence, *hypervisor, *clock, *brand;
	unsigned long long tsc_hz;
};

struct capture {
	struct buf text;
	uint32_t boot;
	unsigned section, seq;		/* of the next line */
	struct capture_says says;
};

/* Nothing in it; of bare hardware, unless .says is changed. */
struct capture capture_begin(uint32_t boot);
void capture_put(struct capture *c, char type, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void capture_put_hello(struct capture *c, const char *engine);
/* exit.cpuid: 100 shots of 1000 to 1003, 100 exits counted, split in three. */
void capture_put_cpuid(struct capture *c, unsigned row);
/* 100 shots of (value). */
void capture_put_row(struct capture *c, unsigned row, const char *name, unsigned value);
/* A screen's row, with the number that (op) has in this program's catalogue. */
void capture_put_short(struct capture *c, const char *op, const char *payload);
/* All lines of a section of engine vmx with rows 0, exit.cpuid, and 1, nano.in; a boot of it alone. */
void capture_put_section(struct capture *c);
struct capture capture_usual(uint32_t boot);

struct outcome {
	int rc;
	struct result_set r;
	struct buf notes;
	struct err e;
};

/* Files first.txt, second.txt ... */
struct outcome import_texts(const struct buf *const *text, size_t n);
struct outcome import_one(const struct buf *text);
void outcome_free(struct outcome *o);
/* NULL: it has none. */
const struct result *result_of(const struct outcome *o, const char *op);
/* "": there is no such text. */
const char *text_of(const json_t *object, const char *key);
/* What any import must be: writable, and the same when it is read again. */
void check_round_trip(const struct outcome *o);

#endif
