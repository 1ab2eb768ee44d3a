/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does what DMAR and IVRS say make sense? What firmware is known to get wrong, as notes. */
#include <errno.h>

#include "probe/acpi.h"

#define PAGE 4096u

static bool is_reserved(const struct acpi_machine *m, uint64_t first, uint64_t last)
{
	for (size_t i = 0; i < m->n_reserved; i++)
		if (first >= m->reserved[i].first && last <= m->reserved[i].last)
			return true;
	return false;
}

static bool has_ioapic(const struct acpi_machine *m, unsigned id)
{
	return m->ioapics[id / 64] >> id % 64 & 1;
}

/* I/O APICs of the table APIC that (named) does not hold. */
static int check_ioapics(const struct acpi_machine *m, const uint64_t named[4], const char *where,
			 struct acpi_notes *out)
{
	int rc = 0;

	for (unsigned id = 0; m->has_ioapics && id < 256 && !rc; id++)
		if (has_ioapic(m, id) && !(named[id / 64] >> id % 64 & 1))
			rc = acpi_note_add(out, 0,
					   "I/O APIC %u is in no %s: interrupts cannot be remapped",
					   id, where);
	return rc;
}

/* Memory that devices may use at any time: (what) at (offset), bytes first to last. */
static int check_memory(const struct acpi_machine *m, size_t offset, const char *what,
			uint64_t first, uint64_t last, struct acpi_notes *out)
{
	if (last <= first)
		return acpi_note_add(out, offset, "%s ends at 0x%llx, before it begins, 0x%llx",
				     what, (unsigned long long)last, (unsigned long long)first);
	if ((first % PAGE || (last + 1) % PAGE) &&
	    acpi_note_add(out, offset, "%s 0x%llx-0x%llx is not made of pages", what,
			  (unsigned long long)first, (unsigned long long)last))
		return -ENOMEM;
	if (m->n_reserved && !is_reserved(m, first, last))
		return acpi_note_add(out, offset, "%s 0x%llx-0x%llx is not in reserved memory",
				     what, (unsigned long long)first, (unsigned long long)last);
	return 0;
}

/* ---- DMAR ---- */

/* The only device of a unit, and that is the graphics one? */
static bool for_graphics_only(const struct dmar *d, const struct dmar_structure *st)
{
	const struct dmar_scope *s;

	if (st->flags & 1 || st->n_scopes != 1)
		return false;
	s = &d->scope[st->first_scope];
	return s->type == DMAR_SCOPE_pci_endpoint && s->n_path == 1 && s->start_bus == 0 &&
	       s->path[0] == 2 && s->path[1] == 0;
}

static int check_unit(const struct dmar *d, size_t i, struct acpi_notes *out)
{
	const struct dmar_structure *st = &d->structure[i];

	if (st->base == 0 || st->base == ~0ull)
		return acpi_note_add(out, st->offset, "DRHD at address 0x%llx: no unit can be there",
				     (unsigned long long)st->base);
	if (st->base % PAGE &&
	    acpi_note_add(out, st->offset, "DRHD at address 0x%llx: not the start of a page",
			  (unsigned long long)st->base))
		return -ENOMEM;
	for (size_t j = 0; j < i; j++)
		if (d->structure[j].whole && d->structure[j].type == DMAR_DRHD &&
		    d->structure[j].base == st->base)
			return acpi_note_add(out, st->offset, "a second DRHD at address 0x%llx",
					     (unsigned long long)st->base);
	return 0;
}

/* A unit that takes what is left must be the last of its segment. */
static int check_order(const struct dmar *d, size_t i, struct acpi_notes *out)
{
	const struct dmar_structure *st = &d->structure[i];

	for (size_t j = i + 1; st->flags & 1 && j < d->n; j++)
		if (d->structure[j].whole && d->structure[j].type == DMAR_DRHD &&
		    d->structure[j].segment == st->segment)
			return acpi_note_add(out, st->offset,
					     "DRHD for all other devices is not the last of "
					     "segment %u",
					     st->segment);
	return 0;
}

static int check_structure(const struct dmar *d, size_t i, const struct acpi_machine *m,
			   struct acpi_notes *out)
{
	const struct dmar_structure *st = &d->structure[i];
	int rc = 0;

	if (!st->whole)
		return 0;
	if (st->type == DMAR_DRHD) {
		rc = check_unit(d, i, out);
		if (!rc)
			rc = check_order(d, i, out);
	}
	if (st->type == DMAR_RMRR)
		rc = check_memory(m, st->offset, "RMRR", st->base, st->limit, out);
	return rc;
}

struct units {
	size_t n, graphics;
	bool all; /* one of them takes all other devices */
	uint64_t ioapics[4];
};

static void survey(const struct dmar *d, struct units *u)
{
	*u = (struct units){ 0 };
	for (size_t i = 0; i < d->n; i++) {
		const struct dmar_structure *st = &d->structure[i];

		if (!st->whole || st->type != DMAR_DRHD)
			continue;
		u->n++;
		u->graphics += for_graphics_only(d, st);
		u->all |= st->flags & 1;
		for (size_t n = st->first_scope; n < st->first_scope + st->n_scopes; n++) {
			unsigned id = d->scope[n].enumeration_id;

			if (d->scope[n].type == DMAR_SCOPE_ioapic)
				u->ioapics[id / 64] |= 1ull << id % 64;
		}
	}
}

int dmar_check(const struct dmar *d, const struct acpi_machine *m, struct acpi_notes *out)
{
	struct units u;
	int rc = 0;

	for (size_t i = 0; i < d->n && !rc; i++)
		rc = check_structure(d, i, m, out);
	if (rc || !d->whole)
		return rc;
	survey(d, &u);
	if (u.n == 0)
		return acpi_note_add(out, 0, "no DRHD: the table describes no unit");
	if (!u.all) {
		rc = u.graphics == u.n ?
			     acpi_note_add(out, 0, "the only unit serves the graphics device alone") :
			     acpi_note_add(out, 0, "no unit takes the devices that are not listed");
		if (rc)
			return rc;
	}
	if (iommu_field_value(IOMMU_FIELD_dmar_flags_intr_remap, d->flags))
		return check_ioapics(m, u.ioapics, "DRHD", out);
	return 0;
}

/* ---- IVRS ---- */

static int check_block(const struct ivrs *v, size_t i, const struct acpi_machine *m,
		       struct acpi_notes *out)
{
	const struct ivrs_block *b = &v->block[i];

	if (!b->whole)
		return 0;
	if (!ivrs_is_ivhd(b))
		return check_memory(m, b->offset, "IVMD", b->start, b->start + b->bytes - 1, out);
	if (b->base == 0 || b->base == ~0ull)
		return acpi_note_add(out, b->offset, "IVHD at address 0x%llx: no unit can be there",
				     (unsigned long long)b->base);
	if (b->base % PAGE)
		return acpi_note_add(out, b->offset,
				     "IVHD at address 0x%llx: not the start of a page",
				     (unsigned long long)b->base);
	return 0;
}

int ivrs_check(const struct ivrs *v, const struct acpi_machine *m, struct acpi_notes *out)
{
	uint64_t ioapics[4] = { 0 };
	size_t units = 0;
	int rc = 0;

	for (size_t i = 0; i < v->n && !rc; i++) {
		const struct ivrs_block *b = &v->block[i];

		rc = check_block(v, i, m, out);
		if (!b->counts)
			continue;
		units++;
		for (size_t n = b->first_entry; n < b->first_entry + b->n_entries; n++)
			if (v->entry[n].type == IVHD_special_device &&
			    v->entry[n].variety == IVHD_VARIETY_ioapic)
				ioapics[v->entry[n].handle / 64] |= 1ull << v->entry[n].handle % 64;
	}
	if (rc || !v->whole)
		return rc;
	if (units == 0)
		return acpi_note_add(out, 0, "no IVHD: the table describes no unit");
	return check_ioapics(m, ioapics, "IVHD", out);
}
