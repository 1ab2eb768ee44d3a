/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot.h - everything that was read from a machine, as records. probe/, minivmm/, bench/,
 * cli/ include this.
 *
 * A failed read is a record too, with its errno: "could not read" never becomes "absent".
 * No record at all means "never tried" (a dump that does not hold it). Analysis sees only this.
 */
#ifndef VTSCOPE_PROBE_SNAPSHOT_H
#define VTSCOPE_PROBE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

enum snap_kind {
	SNAP_CPUID,	/* cpu, num = leaf, sub = subleaf -> regs eax ebx ecx edx */
	SNAP_MSR,	/* cpu, num = MSR -> value */
	SNAP_TEXT,	/* name = path -> data: the file's text */
	SNAP_BLOB,	/* name = path -> data: binary (ACPI tables and the like) */
	SNAP_DIR,	/* name = path -> data: entry names, sorted, '\n' after each */
	SNAP_NODE,	/* name = path -> value = st_mode, num = major, sub = minor */
	SNAP_KVM,	/* name = step: "open" "api_version" "create_vm" "create_vcpu" "run"; "cap": num = capability -> value */
	SNAP_TOOL,	/* name = program -> data: its path; ENOENT when not in PATH */
	SNAP_SYS,	/* name = "uname.release" "euid" "online" ... -> data */
	SNAP_KINDS
};

struct snap_record {
	enum snap_kind kind;
	int cpu;		/* logical CPU, -1 where it means nothing */
	uint32_t num, sub;	/* by kind, see above */
	int err;		/* 0, or the positive errno the read gave: nothing below is valid then */
	char *name;		/* owned, NULL for CPUID and MSR */
	uint64_t value;
	uint32_t regs[4];	/* eax ebx ecx edx */
	unsigned char *data;	/* owned, (len) bytes and one NUL behind */
	size_t len;
};

enum snap_source { SNAP_FROM_LIVE, SNAP_FROM_SNAPSHOT, SNAP_FROM_LIBCPUID, SNAP_FROM_CPUID_R,
		   SNAP_FROM_INSTLATX64, SNAP_FROM_ACPI, SNAP_FROM_SYSROOT };

struct snapshot {
	struct snap_record *rec;	/* owned, in the order they were added */
	size_t n, cap;
	uint32_t *order;		/* owned: the first (n_sorted) records by key, for lookups */
	size_t n_sorted;
	enum snap_source source;
	char *source_name;		/* owned: file name, or "this machine" */
	const char *root;		/* while collecting, borrowed: the folder that is / ; NULL: / itself */
	bool brief;			/* while collecting: what only the document shows is left out */
};

void snapshot_init(struct snapshot *s);
void snapshot_free(struct snapshot *s);

/* Adders copy what they are given. All return 0 or -ENOMEM. (err) is a positive errno or 0. */
int snapshot_add_cpuid(struct snapshot *s, int cpu, uint32_t leaf, uint32_t sub,
		       const uint32_t regs[4]);
int snapshot_add_msr(struct snapshot *s, int cpu, uint32_t msr, int err, uint64_t value);
int snapshot_add_data(struct snapshot *s, enum snap_kind kind, const char *name, int err,
		      const void *data, size_t len);
int snapshot_add_node(struct snapshot *s, const char *path, int err, uint32_t mode, uint32_t major,
		      uint32_t minor);
int snapshot_add_kvm(struct snapshot *s, const char *step, uint32_t num, int err, uint64_t value);

/* Sorts what was added so far: lookups are right before it too, but linear. 0 or -ENOMEM. */
int snapshot_index(struct snapshot *s);

/*
 * Lookups return a borrowed record or NULL (never tried). cpu -1: the lowest CPU that has it.
 * Of two records with one key the first added counts.
 */
const struct snap_record *snapshot_cpuid(const struct snapshot *s, int cpu, uint32_t leaf, uint32_t sub);
const struct snap_record *snapshot_msr(const struct snapshot *s, int cpu, uint32_t msr);
const struct snap_record *snapshot_named(const struct snapshot *s, enum snap_kind kind, const char *name);
const struct snap_record *snapshot_kvm(const struct snapshot *s, const char *step, uint32_t num);

/* The text of a TEXT/SYS/TOOL record, or NULL when it was not read (whatever the reason). */
const char *snapshot_text(const struct snapshot *s, enum snap_kind kind, const char *name);

/* The name of a positive errno ("EACCES"), or NULL; and back: 0 when (name) is none. */
const char *errno_name(int err);
int errno_value(const char *name);

/* Drops what may name the owner: serial numbers, boot parameters, names of other modules. */
int snapshot_redact(struct snapshot *s);

/*
 * The file format: "vtscope-snapshot 1", a line a record, "end COUNT CRC32". Text, made to be
 * mailed. A line: kind, key, value. "!EACCES" instead of a value is a failed read. Names and data
 * are quoted as in C, with \n \t \\ \" and \xNN. The CRC is that of all bytes before the end line.
 * snapshot_load() takes any bytes: every prefix of a valid file, and every hostile one, is -EINVAL
 * with "NAME:LINE: what is wrong" in (e), and leaves (s) empty. No allocation is larger than the
 * input justifies.
 */
int snapshot_write(const struct snapshot *s, struct buf *out);
int snapshot_load(struct snapshot *s, const char *bytes, size_t len, const char *name,
		  struct err *e);

/* Identity of the records: FNV-1a 64 of the written form, 16 hex digits. */
void snapshot_digest(const struct snapshot *s, char out[17]);

#endif
