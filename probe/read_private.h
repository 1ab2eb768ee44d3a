/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * read_private.h - what the readers of foreign dumps share. Only probe/read*.c include this.
 *
 * A reader turns a dump into records: what stands in it, nothing more. Its input is hostile:
 * it looks at bytes in place, never behind their end, and every record costs a line of input.
 */
#ifndef VTSCOPE_PROBE_READ_PRIVATE_H
#define VTSCOPE_PROBE_READ_PRIVATE_H

#include "probe/readers.h"

extern const struct reader reader_libcpuid, reader_registers, reader_cpuid_r, reader_acpi,
	reader_acpidump, reader_sysroot;

#define READ_LINE_MAX	 16384u		/* of text; none of the formats comes near it */
#define READ_RECORDS_MAX (1u << 20)	/* a machine of 8192 CPUs with 128 leaves each */

/* Text, a line at a time. */
struct lines {
	const char *next, *end;		/* what is not read yet */
	const char *at, *eol;		/* the line, without its end ("\n" or "\r\n") */
	size_t number;			/* of the line, from 1 */
	bool ended;			/* by a newline, not by the file's end */
};

void lines_init(struct lines *l, const char *bytes, size_t len);
bool lines_next(struct lines *l);

/*
 * Is there a line that (match) knows in the front of the file? Not behind a NUL or a line that
 * is too long: that is no text.
 */
bool lines_any(const char *bytes, size_t len, bool (*match)(const char *at, const char *end));

/*
 * Pieces of a line. Each begins at (*at), never looks beyond (end), and on success moves (*at)
 * behind itself.
 */
bool take_text(const char **at, const char *end, const char *text);
bool take_blanks(const char **at, const char *end);	/* at least one blank or tab */
/* From (min) to (max) hexadecimal digits, as many as there are, 16 at most. */
bool take_hex(const char **at, const char *end, unsigned min, unsigned max, uint64_t *value);
bool take_hex32(const char **at, const char *end, uint32_t *value);	/* exactly 8 digits */
/* Decimal, up to (max). */
bool take_number(const char **at, const char *end, uint32_t max, uint32_t *value);

/*
 * Adds the values of (text), of which each line is an MSR's number and its value in hexadecimal,
 * "0x3a 0x5" or "3a: 5", as those of (cpu). NULL, or what is wrong, and in which (line).
 */
const char *read_msr_text(struct snapshot *s, unsigned cpu, const char *text, size_t len,
			  size_t *line);

/*
 * The end of a reader. (wrong) NULL: records that stand in the dump twice are dropped but for the
 * first, the rest is sorted, and 0 is returned. Else, or without memory: -EINVAL (-ENOMEM),
 * "NAME:WHERE: wrong" in (e), and (s) is empty. (where) is a line; 0: none is told.
 */
int read_finish(struct snapshot *s, enum snap_source source, const char *name, size_t where,
		const char *wrong, struct err *e);

/* Adds a CPUID or MSR record. NULL, or what is wrong: too many of them, no memory. */
const char *read_add_cpuid(struct snapshot *s, unsigned cpu, uint32_t leaf, uint32_t sub,
			   const uint32_t regs[4]);
const char *read_add_msr(struct snapshot *s, unsigned cpu, uint32_t msr, int err, uint64_t value);

/*
 * Adds a table of (len) bytes as the record that /sys/firmware/acpi/tables would have given,
 * where it is one that tells of virtualization; others may hold keys and serial numbers. Its
 * name goes to (list), a line each, in either case. NULL, or what is wrong.
 */
const char *read_add_table(struct snapshot *s, const unsigned char *table, size_t len,
			   struct buf *list);
/*
 * The folder's record from (list), which is freed, where it can be the whole folder: every
 * machine has a FADT, so that a dump without one is of some of the tables.
 */
const char *read_add_tables(struct snapshot *s, struct buf *list);

/* Is (bytes) the front of an ACPI table? (size): that in its header. */
bool acpi_header(const unsigned char *bytes, size_t len, uint32_t *size);

#define READ_NO_MEMORY "out of memory"

#endif
