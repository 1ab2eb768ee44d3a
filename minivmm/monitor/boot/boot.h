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

static inline void port_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t port_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t port_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
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
/* Does (name) match the glob of (n) bytes at (glob)? * ? [a-z] [!x] as in a shell. */
bool glob_matches(const char *glob, size_t n, const char *name);
/* Decimal, or hexadecimal with 0x, all (n) bytes of it. False: no such number, or past 2^64. */
bool number_parse(const char *s, size_t n, uint64_t *value);

/* ---- trap.c ---- */

/* The image's own interrupt table and address space, in place of the runner's. */
void trap_open(void);
/* The same behind a runner that faulted: VMX or SVM may be on, with interrupts held off. */
void trap_clean_up(void);
bool vmx_try_off(void);
bool svm_try_gif(void);

/* A place to come back to, with the registers that a function keeps. */
struct boot_mark {
	uint64_t rip, rsp, rbx, rbp, r12, r13, r14, r15;
};
int boot_mark(struct boot_mark *m) __attribute__((returns_twice));
_Noreturn void boot_return(const struct boot_mark *m);

/* False: the processor does not have it, or somebody above does not let us. */
bool msr_try_read(uint32_t msr, uint64_t *value);
bool msr_try_write(uint32_t msr, uint64_t value);
/* To the address space in which physical memory below 4 GiB is at linear 0, and back to what space_enter() gave. */
uint64_t space_enter(void);
void space_leave(uint64_t before);
/* Where (phys) is in that space; one piece above 4 GiB at most. NULL: cannot be mapped. */
void *space_map(uint64_t phys, uint64_t bytes);

/* ---- cpu.c ---- */

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};
#define CPUID_1_ECX_HYPERVISOR	(1u << 31)

/* start.S: CR4 as the loader left it. */
extern const uint32_t boot_loader_cr4 __attribute__((visibility("hidden")));

struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf);

struct cpu {
	char vendor[13], brand[49];
	uint32_t signature, family, model, stepping;
	bool is_amd, rdtscp;
	const char *lfence;	/* "serialising", "enabled" (by us), "assumed" */
};

void cpu_read(struct cpu *c);
/* Makes LFENCE wait for what is before it, where that can be switched. */
void cpu_fence(struct cpu *c);

/* ---- clock.c ---- */

/* Does the TSC advance by one an instruction? */
bool clock_counts_instructions(void);
/* TSC ticks of so many cycles of the processor's core, about. */
uint64_t clock_core_ticks(uint64_t cycles);
/* Ticks a second, 0: nothing here says. Takes 0.1 s where it must be measured. */
uint64_t clock_tsc_hz(void);

/* ---- evidence.c ---- */

struct boot_evidence {
	const char *provenance;		/* "hardware" "nested" "emulated" */
	bool emulated;
	bool hypervisor_bit, tcg, instruction_clock, emulator_name, slow_cpuid, interpreted;
	char hypervisor[16];		/* its signature, "unnamed", "none" */
	char text[500];			/* what was found, for a person */
};

/* (rsdp): where the loader says that ACPI's root is, 0: it does not. */
void evidence_collect(struct boot_evidence *e, uint64_t rsdp);

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
	bool given;		/* it is the one of the image's file, no loader's */
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
#define PLAN_LAUNCHES	50	/* at most: a reader keeps track of 64 in one capture */
#define PLAN_SEED_MAX	((1ull << 53) - 1)	/* as results keep it */
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
#define LINE_MAX	(4 + 9 + 4 + 11 + 2 + LINE_PAYLOAD_MAX + 1 + 8 + 1)	/* without CR LF, with the 0 */

/* CRC-32 of what (crc) is of, 0: nothing, and (n) bytes more. */
uint32_t crc32_go_on(uint32_t crc, const char *s, size_t n);
void lines_open(uint32_t boot);
uint32_t lines_boot(void);
/* What is sent from here on is of the next section of this BOOT. */
void lines_begin_section(void);
/* The last line of this BOOT. (more): another one follows. */
void lines_close(bool more);
/* Its payload, for (count) sections. */
void lines_put_end(struct text *to, unsigned count, bool more);
/* A line as it is sent. */
void line_format(struct text *to, uint32_t boot, unsigned section, uint32_t seq, char type, const char *payload);
uint32_t line_next_seq(void);
void line_send(char type, const char *payload);
/* Payloads of at most (max) characters with (head) in front of each, until (text) has been said. */
void line_split(const char *head, const char *text, size_t max, void (*say)(char type, const char *payload), char type);
/* The same as lines. */
void line_say(char type, const char *head, const char *text);
void line_fact(const char *key, const char *value);

/* ---- records.c: the runner's records as lines ---- */

#define RECORDS_SUMMARIES 12288u	/* rows of a boot that the pages can show */

/* What one row came to, for the screen. */
struct row_summary {
	uint32_t op;
	bool ended, counted, faulted;
	uint32_t flags;			/* GUEST_END_* */
	uint32_t n;			/* single shots */
	uint64_t min, median, p99;	/* of them, ticks */
	uint64_t empty;			/* median of the empty brackets */
	uint64_t diff;			/* median of (T(2n) - T(n)) / n, in 1/10 ticks */
	uint32_t pairs;
	uint64_t exits, executions;
};

/* A section begins: the runner's row 0 is called (base). */
void records_open(struct guest_ctrl *c, unsigned char *ring, uint32_t base);
/* What the ring holds, as ring0_platform.doorbell. */
void records_drain(uint32_t row, const struct ring0_counters *counters);
/* The runner itself faulted. False: in no row. */
bool records_fault(const struct guest_fault *f);
uint32_t records_ended(void);		/* rows, of this section */
uint32_t records_count(void);		/* summaries, since power on */
const struct row_summary *records_summary(uint32_t index);

/* ---- screen.c, font.c ---- */

#define SCREEN_COLUMNS	80
#define SCREEN_LINES	25
#define FONT_FIRST	32
#define FONT_GLYPHS	95
#define FONT_ROWS	8

extern const uint8_t font[FONT_GLYPHS][FONT_ROWS];

/* False: there is none that we can write on; the other two do nothing then. */
bool screen_open(const struct loader_screen *s);
/* Line (at) is (text) from here on. From any address space. */
void screen_line(unsigned at, const char *text);
void screen_clear(void);

/* ---- power.c ---- */

enum key { KEY_NONE, KEY_NEXT, KEY_BACK, KEY_END };

/* The next key of a PS/2 keyboard, or of one that the firmware makes look like it. KEY_NONE: (ticks) are over. */
enum key key_wait(uint64_t ticks);
/* Keys that were pressed so far. */
void key_forget(void);
/* Something that differs from boot to boot where there is a clock. */
uint64_t rtc_bits(void);
/* (emulator): one that can be switched off by a port is there; (status) is what it returns. */
_Noreturn void power_end(enum plan_end end, bool emulator, uint32_t status);

/* ---- launch.c: launches and what became of them ---- */

struct launch_section {
	enum ring0_engine engine;
	unsigned launch;		/* from 0 */
	uint32_t first, rows;		/* of records_summary() */
	uint32_t steps, passed;		/* of the self-test */
	int status;			/* of runner_main() */
	char refusal[16], why[LINE_PAYLOAD_MAX + 1];	/* "": not refused */
};

/* All that the lines and the pages tell of this machine. */
struct machine {
	const struct loader *loader;
	struct cpu cpu;
	struct boot_evidence evidence;
	uint64_t ram_bytes;
	bool screen;
};

/* Shows the pages where there is a screen, then ends as the plan wants. (status): what an emulator returns. */
_Noreturn void machine_end(const struct machine *m, enum plan_end end, uint32_t status);

/* Runs the plan, all of it. */
void launches_run(const struct plan *p, const struct machine *m);
const struct launch_section *launches_section(unsigned index);	/* NULL: no more */
/* The H lines of a section that a page has room for. */
void launches_say_short(void (*say)(const char *key, const char *value), const struct plan *p, const struct machine *m);
/* Digest of the operations' names. */
uint32_t launches_catalog(void);
/* New in every boot. */
uint32_t launches_boot_id(const struct plan *p);

/* ---- pages.c: the result on the screen ---- */

void pages_show(const struct plan *p, const struct machine *m);

/* sort.c. Ascending; an element is (words) values, the first counts most. In place, no stack to speak of. */
void sort_values(uint64_t *v, size_t n, unsigned words);

/* ---- main.c ---- */
void boot_main(uint32_t how, uint32_t info);
/* The boot ends here, with an X line. */
_Noreturn void boot_fail(const char *status, const char *why);

#pragma GCC visibility pop
#endif
