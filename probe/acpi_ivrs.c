/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table IVRS: blocks, and the device entries in them (AMD 48882, chapter 5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/acpi.h"

#define FIRST_BLOCK 48u
#define BLOCK_HEAD 4u /* type, flags, length: all that a block of an unknown type must have */
#define HID_HEAD 22u /* of an ACPI_HID entry, before its unique id */

/* The length of the entry at (p), of which (left) bytes are there; 0: not known, or not there. */
static unsigned entry_length(const unsigned char *p, size_t left)
{
	if (p[0] < 0x80)
		return 4u << (p[0] >> 6);
	if (p[0] == IVHD_acpi_hid && left >= HID_HEAD)
		return HID_HEAD + p[HID_HEAD - 1];
	return 0;
}

static void decode_hid(struct ivrs_entry *e, const unsigned char *p)
{
	acpi_text(p + 4, 8, e->hid);
	acpi_text(p + 12, 8, e->cid);
	e->uid_format = p[20];
	e->uid = p + HID_HEAD;
	e->uid_len = p[21];
}

static void decode_entry(struct ivrs_entry *e, const unsigned char *p)
{
	e->type = p[0];
	e->device = acpi_u16(p + 1);
	e->settings = p[3];
	if (e->type == IVHD_acpi_hid) {
		decode_hid(e, p);
	} else if (e->length == 8) {
		e->extended = acpi_u32(p + 4);
		e->handle = p[4];
		e->source = acpi_u16(p + 5);
		e->variety = p[7];
	}
}

static bool starts_range(unsigned type)
{
	return type == IVHD_range_start || type == IVHD_alias_range_start ||
	       type == IVHD_extended_range_start;
}

/* What is wrong with an entry, or between it and the one before. */
static int check_entry(struct ivrs *v, const struct ivrs_entry *e, bool *in_range)
{
	bool in = *in_range;

	if (!ivhd_entry_name(e->type))
		return acpi_remark_add(&v->notes, e->offset,
				       "device entry of an unknown type, 0x%02x: skipped", e->type);
	if (e->type == IVHD_pad4 || e->type == IVHD_pad8)
		return 0;
	*in_range = starts_range(e->type);
	if (in && e->type != IVHD_range_end)
		return acpi_note_add(&v->notes, e->offset,
				     "a range of devices has no end before this entry");
	if (!in && e->type == IVHD_range_end)
		return acpi_note_add(&v->notes, e->offset,
				     "the end of a range of devices that has no start");
	return 0;
}

static int add_entry(struct ivrs *v, const struct ivrs_entry *e)
{
	struct ivrs_entry *grown = acpi_grow(v->entry, v->n_entries, &v->cap_entries, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	v->entry = grown;
	v->entry[v->n_entries++] = *e;
	return 0;
}

/* The entries in [at, end). One whose length is not known ends them. */
static int decode_entries(struct ivrs *v, struct ivrs_block *b, const unsigned char *bytes,
			  size_t at, size_t end)
{
	bool in_range = false;
	int rc = 0;

	b->first_entry = v->n_entries;
	while (at < end && !rc) {
		struct ivrs_entry e = { .offset = at, .length = entry_length(bytes + at, end - at) };

		if (e.length == 0)
			rc = acpi_note_add(&v->notes, at,
					   "device entry 0x%02x is of unknown length: the rest "
					   "of the block is not read",
					   bytes[at]);
		else if (e.length > end - at)
			rc = acpi_note_add(&v->notes, at,
					   "device entry 0x%02x of %u bytes where %zu are "
					   "left",
					   bytes[at], e.length, end - at);
		if (e.length == 0 || e.length > end - at)
			break;
		decode_entry(&e, bytes + at);
		rc = check_entry(v, &e, &in_range);
		if (!rc)
			rc = add_entry(v, &e);
		at += e.length;
	}
	if (!rc && in_range && at == end)
		rc = acpi_note_add(&v->notes, b->offset,
				   "a range of devices has no end in its block");
	b->n_entries = v->n_entries - b->first_entry;
	return rc;
}

/* The fields of a block of a known type, all of which are there, and its entries. */
static int decode_fields(struct ivrs *v, struct ivrs_block *b, const unsigned char *bytes)
{
	const unsigned char *p = bytes + b->offset;
	unsigned fixed = ivrs_block_of(b->type)->bytes;

	b->whole = true;
	b->device = acpi_u16(p + 4);
	if (!ivrs_is_ivhd(b)) {
		b->aux = acpi_u16(p + 6);
		b->start = acpi_u64(p + 16);
		b->bytes = acpi_u64(p + 24);
		return 0;
	}
	b->capability = acpi_u16(p + 6);
	b->base = acpi_u64(p + 8);
	b->segment = acpi_u16(p + 16);
	b->info = acpi_u16(p + 18);
	b->features = acpi_u32(p + 20);
	b->has_efr = fixed >= 40;
	if (b->has_efr) {
		b->efr = acpi_u64(p + 24);
		b->efr2 = acpi_u64(p + 32);
	}
	return decode_entries(v, b, bytes, b->offset + fixed, b->offset + b->length);
}

static int decode_block(struct ivrs *v, const unsigned char *bytes, size_t at)
{
	struct ivrs_block b = { .type = bytes[at],
				.flags = bytes[at + 1],
				.length = acpi_u16(bytes + at + 2),
				.offset = at,
				.first_entry = v->n_entries };
	const struct acpi_type *known = ivrs_block_of(b.type);
	struct ivrs_block *grown;
	int rc;

	if (!known)
		rc = acpi_remark_add(&v->notes, at, "block of an unknown type, 0x%02x: skipped",
				     b.type);
	else if (b.length < known->bytes)
		rc = acpi_note_add(&v->notes, at,
				   "%s of type 0x%02x and %u bytes: its fields take %u",
				   known->name, b.type, b.length, known->bytes);
	else
		rc = decode_fields(v, &b, bytes);
	grown = rc ? NULL : acpi_grow(v->block, v->n, &v->cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	v->block = grown;
	v->block[v->n++] = b;
	return 0;
}

static int decode_blocks(struct ivrs *v, const unsigned char *bytes)
{
	size_t at = FIRST_BLOCK, end = v->header.end;
	int rc = 0;

	while (at < end && !rc) {
		unsigned length;

		if (end - at < BLOCK_HEAD)
			return acpi_note_add(&v->notes, at, "%zu bytes left are no block", end - at);
		length = acpi_u16(bytes + at + 2);
		if (length < BLOCK_HEAD || length > end - at)
			return acpi_note_add(
				&v->notes, at,
				"block of %u bytes where %zu are left: the rest of the table is "
				"not read",
				length, end - at);
		rc = decode_block(v, bytes, at);
		at += length;
	}
	return rc;
}

static bool block_counts(const struct ivrs *v, size_t block)
{
	const struct ivrs_block *b = &v->block[block];

	if (!ivrs_is_ivhd(b))
		return false;
	for (size_t i = 0; i < v->n; i++) {
		const struct ivrs_block *other = &v->block[i];

		if (i != block && ivrs_is_ivhd(other) && other->device == b->device &&
		    other->segment == b->segment &&
		    (other->type > b->type || (other->type == b->type && i < block)))
			return false;
	}
	return true;
}

int ivrs_decode(const unsigned char *bytes, size_t len, struct ivrs *out)
{
	int rc;

	*out = (struct ivrs){ 0 };
	rc = acpi_header_decode(bytes, len, "IVRS", &out->header, &out->notes);
	if (rc || !out->header.whole)
		return rc;
	if (out->header.end < FIRST_BLOCK)
		return acpi_note_add(&out->notes, ACPI_HEADER_BYTES, "cut short: no blocks");
	out->whole = true;
	out->ivinfo = acpi_u32(bytes + 36);
	rc = decode_blocks(out, bytes);
	for (size_t i = 0; i < out->n; i++)
		out->block[i].counts = block_counts(out, i);
	return rc;
}

void ivrs_free(struct ivrs *v)
{
	free(v->block);
	free(v->entry);
	acpi_notes_free(&v->notes);
	*v = (struct ivrs){ 0 };
}
