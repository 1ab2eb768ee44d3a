/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table DMAR: remapping structures and the device scopes in them (VT-d specification, chapter 8). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/acpi.h"

#define FIRST_STRUCTURE 48u
#define STRUCTURE_HEAD 4u
#define SCOPE_HEAD 6u

static int add_scope(struct dmar *d, const struct dmar_scope *s)
{
	struct dmar_scope *grown = acpi_grow(d->scope, d->n_scopes, &d->cap_scopes, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	d->scope = grown;
	d->scope[d->n_scopes++] = *s;
	return 0;
}

/* The scope at (at), where (left) bytes are left. (*length) 0: none can be there, which is told. */
static int decode_scope(struct dmar *d, const unsigned char *bytes, size_t at, size_t left,
			size_t *length)
{
	struct dmar_scope s = { .offset = at };

	*length = 0;
	if (left < SCOPE_HEAD)
		return acpi_note_add(&d->notes, at, "%zu bytes left are no device scope", left);
	s.type = bytes[at];
	s.length = bytes[at + 1];
	s.flags = bytes[at + 2];
	s.enumeration_id = bytes[at + 4];
	s.start_bus = bytes[at + 5];
	if (s.length < SCOPE_HEAD || s.length > left)
		return acpi_note_add(
			&d->notes, at,
			"device scope of %u bytes where %zu are left: the rest of the structure "
			"is not read",
			s.length, left);
	*length = s.length;
	s.n_path = (s.length - SCOPE_HEAD) / 2;
	s.path = bytes + at + SCOPE_HEAD;
	if (s.length % 2 &&
	    acpi_note_add(&d->notes, at, "device scope of an odd length, %u", s.length))
		return -ENOMEM;
	if (s.n_path == 0 && acpi_note_add(&d->notes, at, "device scope without a path"))
		return -ENOMEM;
	return add_scope(d, &s);
}

/* The scopes in [at, end). One of a length that cannot be ends them: what follows has no place. */
static int decode_scopes(struct dmar *d, struct dmar_structure *st, const unsigned char *bytes,
			 size_t at, size_t end)
{
	size_t length = 1;
	int rc = 0;

	st->first_scope = d->n_scopes;
	while (at < end && length && !rc) {
		rc = decode_scope(d, bytes, at, end - at, &length);
		at += length;
	}
	st->n_scopes = d->n_scopes - st->first_scope;
	return rc;
}

static int decode_name(struct dmar *d, struct dmar_structure *st, const unsigned char *bytes,
		       size_t end)
{
	size_t at = st->offset + dmar_structure_of(DMAR_ANDD)->bytes;
	const unsigned char *zero = end > at ? memchr(bytes + at, 0, end - at) : NULL;

	st->name = (const char *)bytes + at;
	st->name_len = zero ? (size_t)(zero - bytes) - at : end - at;
	return zero ? 0 : acpi_note_add(&d->notes, at, "the name of an ACPI device does not end");
}

/* The fields of a structure of a known type, all of which are there, and what stands behind them. */
static int decode_fields(struct dmar *d, struct dmar_structure *st, const unsigned char *bytes,
			 size_t end)
{
	const unsigned char *p = bytes + st->offset;
	size_t fixed = st->offset + dmar_structure_of(st->type)->bytes;

	st->whole = true;
	switch (st->type) {
	case DMAR_DRHD:
		st->flags = p[4];
		st->size = p[5];
		st->segment = acpi_u16(p + 6);
		st->base = acpi_u64(p + 8);
		break;
	case DMAR_RMRR:
		st->segment = acpi_u16(p + 6);
		st->base = acpi_u64(p + 8);
		st->limit = acpi_u64(p + 16);
		break;
	case DMAR_RHSA:
		st->base = acpi_u64(p + 8);
		st->proximity = acpi_u32(p + 16);
		return 0;
	case DMAR_ANDD: st->device_number = p[7]; return decode_name(d, st, bytes, end);
	case DMAR_ATSR:
	case DMAR_SATC:
		st->flags = p[4];
		st->segment = acpi_u16(p + 6);
		break;
	default: /* DMAR_SIDP */ st->segment = acpi_u16(p + 6); break;
	}
	return decode_scopes(d, st, bytes, fixed, end);
}

static int decode_structure(struct dmar *d, const unsigned char *bytes, size_t at)
{
	struct dmar_structure st = { .type = acpi_u16(bytes + at),
				     .length = acpi_u16(bytes + at + 2),
				     .offset = at,
				     .first_scope = d->n_scopes };
	const struct acpi_type *known = dmar_structure_of(st.type);
	struct dmar_structure *grown;
	int rc = 0;

	if (!known)
		rc = acpi_remark_add(&d->notes, at, "structure of an unknown type, %u: skipped",
				     st.type);
	else if (st.length < known->bytes)
		rc = acpi_note_add(&d->notes, at, "%s of %u bytes: its fields take %u", known->name,
				   st.length, known->bytes);
	else
		rc = decode_fields(d, &st, bytes, at + st.length);
	grown = rc ? NULL : acpi_grow(d->structure, d->n, &d->cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	d->structure = grown;
	d->structure[d->n++] = st;
	return 0;
}

static int decode_structures(struct dmar *d, const unsigned char *bytes)
{
	size_t at = FIRST_STRUCTURE, end = d->header.end;
	int rc = 0;

	while (at < end && !rc) {
		unsigned length;

		if (end - at < STRUCTURE_HEAD)
			return acpi_note_add(&d->notes, at, "%zu bytes left are no structure",
					     end - at);
		length = acpi_u16(bytes + at + 2);
		if (length < STRUCTURE_HEAD || length > end - at)
			return acpi_note_add(
				&d->notes, at,
				"structure of %u bytes where %zu are left: the rest of the table "
				"is not read",
				length, end - at);
		rc = decode_structure(d, bytes, at);
		at += length;
	}
	return rc;
}

int dmar_decode(const unsigned char *bytes, size_t len, struct dmar *out)
{
	int rc;

	*out = (struct dmar){ 0 };
	rc = acpi_header_decode(bytes, len, "DMAR", &out->header, &out->notes);
	if (rc || !out->header.whole)
		return rc;
	if (out->header.end < FIRST_STRUCTURE)
		return acpi_note_add(&out->notes, ACPI_HEADER_BYTES, "cut short: no structures");
	out->whole = true;
	out->host_address_width = bytes[36] + 1;
	out->flags = bytes[37];
	return decode_structures(out, bytes);
}

void dmar_free(struct dmar *d)
{
	free(d->structure);
	free(d->scope);
	acpi_notes_free(&d->notes);
	*d = (struct dmar){ 0 };
}
