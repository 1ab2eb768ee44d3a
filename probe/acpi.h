/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi.h - ACPI tables taken apart: DMAR, IVRS, and of others what tells of virtualization.
 * probe/ includes this, and the fuzz targets.
 *
 * Tables come from firmware and from strangers' dumps: any bytes will do. What is wrong with them
 * becomes a note, and as much as can be read is read. Decoded things borrow the table's bytes.
 * Offsets count from the table's start. Functions that return int: 0 or -ENOMEM; what they fill
 * is to be freed either way.
 */
#ifndef VTSCOPE_PROBE_ACPI_H
#define VTSCOPE_PROBE_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86/iommu.h"

#define ACPI_HEADER_BYTES 36u
#define ACPI_DECODE_MAX	  (64u << 10)	/* what is behind it is told to be left out */

struct acpi_note {
	size_t offset;
	bool fault;		/* else only something to know */
	char text[120];		/* "length 2 is shorter than a structure's head" */
};
struct acpi_notes {
	struct acpi_note *note;	/* owned */
	size_t n, cap;
};
void acpi_notes_free(struct acpi_notes *notes);
/* A fault, and something that is none. */
int acpi_note_add(struct acpi_notes *notes, size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int acpi_remark_add(struct acpi_notes *notes, size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum acpi_sum { ACPI_SUM_UNKNOWN, ACPI_SUM_OK, ACPI_SUM_WRONG };

struct acpi_header {
	bool whole;		/* else nothing below is valid */
	char signature[5], oem_id[7], oem_table_id[9];	/* without trailing blanks; '?' for what cannot be printed */
	unsigned revision;
	uint32_t length;	/* what it says */
	enum acpi_sum checksum;	/* unknown: the table is cut short */
	size_t end;		/* of the bytes that belong to it and are there */
};
/* Anything wrong with the header as notes. */
int acpi_header_decode(const unsigned char *bytes, size_t len, const char *signature,
		       struct acpi_header *out, struct acpi_notes *notes);
const char *acpi_sum_name(enum acpi_sum sum);	/* "ok" "wrong" "unknown" */

struct dmar_scope {
	size_t offset;
	uint8_t type, length, flags, enumeration_id, start_bus;
	size_t n_path;			/* pairs of device and function behind the six bytes of head */
	const uint8_t *path;
};

struct dmar_structure {
	uint16_t type, length;
	size_t offset;
	bool whole;			/* of a known type, and its fields are there */
	uint8_t flags, size, device_number;
	uint16_t segment;
	uint64_t base, limit;		/* of registers: DRHD, RHSA; of memory: RMRR */
	uint32_t proximity;
	const char *name;		/* ANDD: (name_len) bytes, anything */
	size_t name_len;
	size_t first_scope, n_scopes;	/* in struct dmar */
};

struct dmar {
	struct acpi_header header;
	bool whole;			/* width and flags are there */
	unsigned host_address_width;	/* bits */
	uint8_t flags;
	struct dmar_structure *structure;	/* owned, in order */
	size_t n, cap;
	struct dmar_scope *scope;	/* owned, in order */
	size_t n_scopes, cap_scopes;
	struct acpi_notes notes;
};
int dmar_decode(const unsigned char *bytes, size_t len, struct dmar *out);
void dmar_free(struct dmar *d);

struct ivrs_entry {
	size_t offset;
	uint8_t type, settings;
	unsigned length;
	uint16_t device;
	uint16_t source;		/* whose id an alias uses; where a special device is */
	uint32_t extended;
	uint8_t handle, variety;
	char hid[9], cid[9];		/* ACPI_HID */
	uint8_t uid_format;		/* 0 none, 1 number, 2 text */
	const unsigned char *uid;
	size_t uid_len;
};

struct ivrs_block {
	uint8_t type, flags;
	uint16_t length, device;
	size_t offset;
	bool whole;			/* of a known type, and its fields are there */
	/* IVHD */
	uint16_t capability, segment, info;
	uint64_t base;
	uint32_t features;		/* type 0x10: features, else: attributes */
	bool has_efr;
	uint64_t efr, efr2;
	size_t first_entry, n_entries;	/* in struct ivrs */
	/*
	 * A unit stands there once for each type of IVHD that describes it, and an operating
	 * system takes the highest type that it knows: is it this one?
	 */
	bool counts;
	/* IVMD */
	uint16_t aux;
	uint64_t start, bytes;
};

struct ivrs {
	struct acpi_header header;
	bool whole;			/* ivinfo is there */
	uint32_t ivinfo;
	struct ivrs_block *block;	/* owned, in order */
	size_t n, cap;
	struct ivrs_entry *entry;	/* owned, in order */
	size_t n_entries, cap_entries;
	struct acpi_notes notes;
};
int ivrs_decode(const unsigned char *bytes, size_t len, struct ivrs *out);
void ivrs_free(struct ivrs *v);

static inline bool ivrs_is_ivhd(const struct ivrs_block *b)
{
	return b->whole && b->type != 0x20 && b->type != 0x21 && b->type != 0x22;
}

/* What else the machine tells, to hold the tables against. Not known: what is NULL or empty. */
struct acpi_range {
	uint64_t first, last;
};
struct acpi_machine {
	bool has_ioapics;
	uint64_t ioapics[4];		/* bit set of their ids */
	struct acpi_range *reserved;	/* owned: memory that the kernel keeps off, ascending, merged */
	size_t n_reserved, cap_reserved;
};
/* From the table APIC; takes nothing where it is no such table. */
void acpi_machine_ioapics(struct acpi_machine *m, const unsigned char *bytes, size_t len);
/* From lines like those of /proc/iomem, of those that say "Reserved". */
int acpi_machine_reserved(struct acpi_machine *m, const char *text);
void acpi_machine_free(struct acpi_machine *m);

/* What does not make sense, in words, as notes. */
int dmar_check(const struct dmar *d, const struct acpi_machine *m, struct acpi_notes *out);
int ivrs_check(const struct ivrs *v, const struct acpi_machine *m, struct acpi_notes *out);

/* The FADT's "hypervisor vendor identity", printable; false: too old a table, or all zeros. */
bool fadt_hypervisor(const unsigned char *bytes, size_t len, char out[9]);

/* Little-endian, unaligned. */
static inline uint16_t acpi_u16(const unsigned char *p)
{
	return p[0] | p[1] << 8;
}

static inline uint32_t acpi_u32(const unsigned char *p)
{
	return acpi_u16(p) | (uint32_t)acpi_u16(p + 2) << 16;
}

static inline uint64_t acpi_u64(const unsigned char *p)
{
	return acpi_u32(p) | (uint64_t)acpi_u32(p + 4) << 32;
}

/* (n) bytes as text: '?' for what cannot be printed, trailing blanks and zeros dropped. (out) holds n + 1. */
void acpi_text(const unsigned char *p, size_t n, char *out);

/* Room for one more of (size) bytes in (array), which holds (n) of (*cap). NULL: out of memory. */
void *acpi_grow(void *array, size_t n, size_t *cap, size_t size);

#endif
