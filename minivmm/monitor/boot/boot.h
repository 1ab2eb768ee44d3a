/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot.h - the parts of the boot image. Only minivmm/monitor/boot/ includes this. */
#ifndef VTSCOPE_MINIVMM_MONITOR_BOOT_BOOT_H
#define VTSCOPE_MINIVMM_MONITOR_BOOT_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "minivmm/guest_abi.h"

#pragma GCC visibility push(hidden)

#define PHYS_TO_VIRT(at) ((void *)(GUEST_VIRT_BASE + (uint64_t)(at)))	/* below 1 GiB */

static inline void port_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void port_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t port_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint64_t tsc_read(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* ---- text.c: strings without a library ---- */

/* Text being written into a buffer. What does not fit is left out, and (cut) says so. Always ends with a 0. */
struct text {
	char *at;
	size_t used, size;
	bool cut;
};

struct text text_in(char *buffer, size_t size);
void text_put(struct text *t, const char *s);
void text_put_n(struct text *t, const char *s, size_t n);
void text_number(struct text *t, uint64_t value);
/* With 0x in front; (digits) at least. */
void text_hex(struct text *t, uint64_t value, unsigned digits);
void text_hex_bare(struct text *t, uint64_t value, unsigned digits);
size_t text_length(const char *s);
bool text_equal(const char *a, const char *b);
/* Is the word of (n) bytes at (s) the string (word)? */
bool word_is(const char *s, size_t n, const char *word);
/* Does (name) match the glob of (n) bytes at (glob)? * and ? only. */
bool glob_matches(const char *glob, size_t n, const char *name);
/* Decimal, or hexadecimal with 0x, all (n) bytes of it. False: no such number, or past 2^64. */
bool number_parse(const char *s, size_t n, uint64_t *value);

/* ---- loader.c: what the loader left behind ---- */

#define LOADER_RANGES	256
#define COMMAND_LINE_MAX 8192	/* bytes */

struct loader_range {
	uint64_t start, end;
	bool ram;
};

struct loader_screen {
	bool told;
	uint8_t type;		/* 1: RGB, 2: EGA text */
	uint8_t bpp;
	uint64_t addr;
	uint32_t pitch, width, height;
};

struct loader {
	char name[80];
	char command_line[COMMAND_LINE_MAX];
	bool command_line_cut;	/* it was longer: what is missing is not guessed */
	uint64_t rsdp;		/* 0: not told */
	unsigned ranges;
	struct loader_range range[LOADER_RANGES];
	struct loader_screen screen;
};

/* Physical memory is at linear 0: before runner_main(). */
void loader_read(struct loader *l, uint32_t how, uint32_t info);
/* Is all memory that the image and the runner use there? (ram_bytes): from 0 to where it ends. */
bool loader_check_memory(const struct loader *l, uint64_t *ram_bytes, struct text *why);

/* ---- plan.c: the command line ---- */

enum plan_end { END_DEFAULT, END_OFF, END_RESET, END_HALT };
enum plan_choice { CHOICE_DEFAULT = -1, CHOICE_NO, CHOICE_YES };

#define PLAN_ENGINES	3
#define PLAN_LAUNCHES	100	/* at most */
#define PLAN_OPS	4096	/* that one command line can select */

struct plan {
	enum ring0_engine engine[PLAN_ENGINES];
	unsigned engines;	/* 0: auto */
	unsigned launches;	/* of each engine */
	uint32_t op[PLAN_OPS];
	uint32_t ops;
	bool given;		/* by rows=: in this order, and whether the engine can or not */
	bool selected;		/* by rows= or ops=, otherwise all */
	const char *exclude;	/* globs, NULL: none */
	size_t exclude_bytes;
	uint64_t budget, seed, tsc_hz;	/* 0: not given */
	uint32_t max, min;		/* samples; 0: not given */
	enum plan_choice fence_lfence, serial, screen;
	enum plan_end end;
	uint32_t seen;		/* options, by number in the table */
};

/* False: (why) has a sentence. (line) must outlive the plan. */
bool plan_parse(struct plan *p, const char *line, struct text *why);
/* Without the path of the image that some loaders put in front. */
const char *plan_skip_path(const char *line, const char *loader);
/*
 * The rows of a launch of (engine), behind the first (skip) of those that fit: a launch has room for GUEST_ROWS_MAX.
 * How many; 0: no more.
 */
uint32_t plan_fill(const struct plan *p, enum ring0_engine engine, uint32_t skip, uint64_t seed, struct guest_ctrl *c);

extern const char *const engine_names[PLAN_ENGINES];

/* ---- output.c: where text goes ---- */

/* Finds out what listens. (serial): CHOICE_DEFAULT: COM1 unless a debug port is faster. */
void output_open(enum plan_choice serial);
bool output_has_debug_port(void);
bool output_has_serial(void);
void output_write(const char *s, size_t n);
/* Until COM1 has sent its last byte, or is stuck. */
void output_flush(void);

/* ---- lines.c: the line protocol, doc/protocol.md ---- */

#define LINE_PAYLOAD_MAX 200
#define LINE_MAX	(4 + 9 + 11 + 2 + LINE_PAYLOAD_MAX + 1 + 8 + 1)	/* without CR LF, with the 0 */

uint32_t crc32(const char *s, size_t n);
void lines_open(uint32_t boot);
/* A line as it is sent. */
void line_format(struct text *to, uint32_t seq, char type, const char *payload);
uint32_t line_next_seq(void);
void line_send(char type, const char *payload);
/* Lines of (type) with (head) in front of each, until (text) has been said. */
void line_say(char type, const char *head, const char *text);
void line_fact(const char *key, const char *value);
void line_fact_number(const char *key, uint64_t value);

/* ---- records.c: the runner's records as lines ---- */

/* What one row came to, for the screen. */
struct row_summary {
	uint32_t op;
	uint16_t engine, launch;
	bool ended, counted, faulted;
	uint32_t flags;			/* GUEST_END_* */
	uint32_t n;			/* single shots */
	uint64_t min, median, p99;	/* of them, ticks */
	uint64_t empty;			/* median of the empty brackets */
	uint64_t diff;			/* median of (T(2n) - T(n)) / n, in 1/10 ticks */
	uint32_t pairs;
	uint64_t exits, executions;
};

/* A launch begins. */
void records_open(struct guest_ctrl *c, unsigned char *ring, enum ring0_engine engine);
/* What the ring holds, as ring0_platform.doorbell. */
void records_drain(uint32_t what, uint32_t row, const struct ring0_counters *counters);
void records_fault(const struct guest_fault *f);
uint32_t records_ended(void);
const struct row_summary *records_summary(uint32_t index);	/* of the boot; NULL: no more */

/* sort.c. Ascending; an element is (words) values, the first counts most. In place, no stack to speak of. */
void sort_values(uint64_t *v, size_t n, unsigned words);

/* ---- main.c ---- */
void boot_main(uint32_t how, uint32_t info);

#pragma GCC visibility pop
#endif
