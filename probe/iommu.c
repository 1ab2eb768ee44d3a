/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units and tables of a snapshot, put together. */
#include "probe/iommu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/analyse.h"

const struct snap_record *iommu_table(const struct snapshot *s, const char *signature)
{
	const struct snap_record *r;
	char path[64];

	snprintf(path, sizeof(path), ACPI_FOLDER "/%s", signature);
	r = snapshot_named(s, SNAP_BLOB, path);
	return r && !r->err ? r : NULL;
}

bool iommu_has_table(const struct snapshot *s, const char *signature)
{
	/* A dump of one table has no list of all. */
	return iommu_table(s, signature) || view_listed(s, ACPI_FOLDER, signature);
}

size_t iommu_entries(const struct snapshot *s, const char *path)
{
	const char *list = snapshot_text(s, SNAP_DIR, path);
	size_t n = 0;

	for (; list && *list; list++)
		n += *list == '\n';
	return n;
}

/* ---- what the kernel shows ---- */

/* A file of a unit's: 0 and (out), its first line. */
static bool unit_line(const struct snapshot *s, const char *unit, const char *file, char *out,
		      size_t size)
{
	char path[160];

	snprintf(path, sizeof(path), IOMMU_FOLDER "/%s/%s", unit, file);
	return view_line(s, path, out, size);
}

/* Digits in (base) up to anything else; (*end) behind them, where it is asked for. */
static struct iommu_value parse_value(const char *line, int base, const char **end)
{
	struct iommu_value v = { 0 };
	char *stop;

	errno = 0;
	v.value = strtoull(line, &stop, base);
	v.known = stop != line && *line != '-' && *line != '+' && errno == 0;
	if (end)
		*end = stop;
	return v;
}

static struct iommu_value unit_value(const struct snapshot *s, const char *unit, const char *file,
				     int base)
{
	char line[64];

	if (!unit_line(s, unit, file, line, sizeof(line)))
		return (struct iommu_value){ 0 };
	return parse_value(line, base, NULL);
}

/*
 * One number, or two with a colon between: Linux 6.1 to 6.6 wrote EFR2 first, later ones EFR. Of
 * the two EFR is the larger: it has fields above bit 32 in every unit, EFR2 has none.
 */
static void read_features(const struct snapshot *s, struct iommu_unit *u)
{
	struct iommu_value first, second;
	const char *rest;
	char line[64];

	if (!unit_line(s, u->name, "amd-iommu/features", line, sizeof(line)))
		return;
	first = parse_value(line, 16, &rest);
	second = *rest == ':' ? parse_value(rest + 1, 16, NULL) : (struct iommu_value){ 0 };
	u->efr = first;
	u->efr2 = second;
	if (second.known && second.value > first.value) {
		u->efr = second;
		u->efr2 = first;
	}
}

/* The unit's GSTS in the kernel's list of registers, which has a heading for each unit. */
static struct iommu_value read_status(const struct snapshot *s, const char *unit)
{
	const struct snap_record *r = snapshot_named(s, SNAP_TEXT, REGISTERS_FILE);
	const char *text = r && !r->err && r->len <= REGISTERS_MAX ? (const char *)r->data : NULL;
	size_t len = strlen(unit);
	bool here = false;

	while (text && *text) {
		size_t n = strcspn(text, "\n");
		const char *value = memrchr(text, 'x', n);

		if (strncmp(text, "IOMMU: ", 7) == 0)
			here = strncmp(text + 7, unit, len) == 0 && text[7 + len] == ' ';
		else if (here && value && strncmp(text, "GSTS", 4) == 0)
			return parse_value(value + 1, 16, NULL);
		text += n + (text[n] == '\n');
	}
	return (struct iommu_value){ 0 };
}

static void read_unit(const struct snapshot *s, struct iommu_unit *u)
{
	char probe[16];

	if (unit_line(s, u->name, "intel-iommu/cap", probe, sizeof(probe)) ||
	    strncmp(u->name, "dmar", 4) == 0) {
		u->kind = IOMMU_KIND_INTEL;
		u->cap = unit_value(s, u->name, "intel-iommu/cap", 16);
		u->ecap = unit_value(s, u->name, "intel-iommu/ecap", 16);
		u->address = unit_value(s, u->name, "intel-iommu/address", 16);
		u->domains = unit_value(s, u->name, "intel-iommu/domains_supported", 10);
		u->domains_used = unit_value(s, u->name, "intel-iommu/domains_used", 10);
		u->gsts = read_status(s, u->name);
		unit_line(s, u->name, "intel-iommu/version", u->version, sizeof(u->version));
	} else if (unit_line(s, u->name, "amd-iommu/cap", probe, sizeof(probe)) ||
		   strncmp(u->name, "ivhd", 4) == 0) {
		u->kind = IOMMU_KIND_AMD;
		u->cap = unit_value(s, u->name, "amd-iommu/cap", 16);
		read_features(s, u);
	}
}

static int read_units(const struct snapshot *s, struct iommus *out)
{
	const char *list = snapshot_text(s, SNAP_DIR, IOMMU_FOLDER);

	while (list && *list && out->n < IOMMU_UNITS_MAX) {
		size_t n = strcspn(list, "\n");
		struct iommu_unit u = { .joined = IOMMU_NOT_JOINED }, *grown;

		if (n && n < sizeof(u.name)) {
			memcpy(u.name, list, n);
			read_unit(s, &u);
			grown = acpi_grow(out->unit, out->n, &out->cap, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			out->unit = grown;
			out->unit[out->n++] = u;
		}
		list += n + (list[n] == '\n');
	}
	return 0;
}

/* ---- which is which ---- */

static void join_intel(struct iommu_unit *u, const struct dmar *d)
{
	for (size_t i = 0; u->address.known && i < d->n; i++)
		if (d->structure[i].whole && d->structure[i].type == DMAR_DRHD &&
		    d->structure[i].base == u->address.value)
			u->joined = i;
}

/* Linux counts its units in the order of the blocks that it uses: ivhd2 is the third of them. */
static void join_amd(struct iommu_unit *u, const struct ivrs *v)
{
	struct iommu_value index = { 0 };
	uint64_t seen = 0;

	if (strncmp(u->name, "ivhd", 4) == 0)
		index = parse_value(u->name + 4, 10, NULL);
	for (size_t i = 0; index.known && i < v->n; i++)
		if (v->block[i].counts && seen++ == index.value)
			u->joined = i;
}

static int check_units(struct iommus *u)
{
	int rc = 0;

	for (size_t i = 0; i < u->n && !rc; i++) {
		const struct iommu_unit *unit = &u->unit[i];

		if (unit->cap.known && unit->ecap.known && unit->cap.value == ~0ull &&
		    unit->ecap.value == ~0ull)
			rc = acpi_note_add(&u->dmar_wrong, 0, "%s: its registers read as all ones",
					   unit->name);
		else if (u->dmar_record && unit->address.known && unit->joined == IOMMU_NOT_JOINED)
			rc = acpi_note_add(&u->dmar_wrong, 0, "%s at 0x%llx is no DRHD", unit->name,
					   (unsigned long long)unit->address.value);
		else if (unit->kind == IOMMU_KIND_AMD && unit->joined != IOMMU_NOT_JOINED &&
			 u->ivrs.block[unit->joined].has_efr && unit->efr.known &&
			 u->ivrs.block[unit->joined].efr != unit->efr.value)
			rc = acpi_remark_add(&u->ivrs_wrong, u->ivrs.block[unit->joined].offset,
					     "%s: EFR 0x%llx, the table says 0x%llx", unit->name,
					     (unsigned long long)unit->efr.value,
					     (unsigned long long)u->ivrs.block[unit->joined].efr);
	}
	return rc;
}

static int read_machine(const struct snapshot *s, struct acpi_machine *m)
{
	const struct snap_record *apic = iommu_table(s, "APIC");

	if (apic)
		acpi_machine_ioapics(m, apic->data, apic->len);
	return acpi_machine_reserved(m, snapshot_text(s, SNAP_TEXT, "/proc/iomem"));
}

static int read_tables(const struct snapshot *s, struct iommus *out)
{
	struct acpi_machine m = { 0 };
	int rc = read_machine(s, &m);

	out->dmar_record = iommu_table(s, "DMAR");
	out->ivrs_record = iommu_table(s, "IVRS");
	if (!rc && out->dmar_record) {
		rc = dmar_decode(out->dmar_record->data, out->dmar_record->len, &out->dmar);
		if (!rc)
			rc = dmar_check(&out->dmar, &m, &out->dmar_wrong);
	}
	if (!rc && out->ivrs_record) {
		rc = ivrs_decode(out->ivrs_record->data, out->ivrs_record->len, &out->ivrs);
		if (!rc)
			rc = ivrs_check(&out->ivrs, &m, &out->ivrs_wrong);
	}
	acpi_machine_free(&m);
	return rc;
}

int iommus_read(const struct snapshot *s, struct iommus *out)
{
	int rc;

	*out = (struct iommus){ 0 };
	rc = read_tables(s, out);
	if (!rc)
		rc = read_units(s, out);
	for (size_t i = 0; i < out->n; i++) {
		if (out->unit[i].kind == IOMMU_KIND_INTEL)
			join_intel(&out->unit[i], &out->dmar);
		else if (out->unit[i].kind == IOMMU_KIND_AMD)
			join_amd(&out->unit[i], &out->ivrs);
	}
	return rc ? rc : check_units(out);
}

void iommus_free(struct iommus *u)
{
	dmar_free(&u->dmar);
	ivrs_free(&u->ivrs);
	acpi_notes_free(&u->dmar_wrong);
	acpi_notes_free(&u->ivrs_wrong);
	free(u->unit);
	*u = (struct iommus){ 0 };
}

static struct iommu_value unit_register(const struct iommu_unit *u, enum iommu_register reg)
{
	const struct iommu_value none = { 0 };

	switch (reg) {
	case IOMMU_vtd_cap: return u->kind == IOMMU_KIND_INTEL ? u->cap : none;
	case IOMMU_vtd_ecap: return u->ecap;
	case IOMMU_vtd_gsts: return u->gsts;
	case IOMMU_amdvi_cap: return u->kind == IOMMU_KIND_AMD ? u->cap : none;
	case IOMMU_amdvi_efr: return u->efr;
	case IOMMU_amdvi_efr2: return u->efr2;
	default: return none;
	}
}

/* EFR of the blocks that count, where the kernel shows no unit. */
static void share_of_blocks(const struct ivrs *v, enum iommu_field_id id, size_t *with,
			    size_t *without)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->block[i].has_efr && v->block[i].counts)
			*(iommu_field_value(id, v->block[i].efr) ? with : without) += 1;
}

enum iommu_share iommus_share(const struct iommus *u, enum iommu_field_id id)
{
	size_t with = 0, without = 0;

	for (size_t i = 0; i < u->n; i++) {
		struct iommu_value v = unit_register(&u->unit[i], iommu_fields[id].reg);

		if (v.known)
			*(iommu_field_value(id, v.value) ? &with : &without) += 1;
	}
	if (!with && !without && iommu_fields[id].reg == IOMMU_amdvi_efr)
		share_of_blocks(&u->ivrs, id, &with, &without);
	if (with && without)
		return IOMMU_SHARE_SOME;
	return with ? IOMMU_SHARE_ALL : without ? IOMMU_SHARE_NONE : IOMMU_SHARE_UNKNOWN;
}
