/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arch/x86/iommu.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct iommu_field iommu_fields[IOMMU_FIELDS] = {
#define IOMMU_FIELD(register, high, low, name) { IOMMU_##register, high, low, #name },
#include "arch/x86/iommu.def"
};

const struct iommu_register_fact iommu_registers[IOMMU_REGISTERS] = {
#define IOMMU_REGISTER(register, bits) { #register, bits },
#include "arch/x86/iommu.def"
};

static const struct acpi_type dmar_structures[] = {
#define DMAR_STRUCTURE(type, name, bytes) { type, #name, bytes },
#include "arch/x86/acpi.def"
};

static const struct acpi_type dmar_scopes[] = {
#define DMAR_SCOPE(type, name) { type, #name, 0 },
#include "arch/x86/acpi.def"
};

static const struct acpi_type ivrs_blocks[] = {
#define IVRS_BLOCK(type, name, bytes) { type, #name, bytes },
#include "arch/x86/acpi.def"
};

static const struct acpi_type ivhd_entries[] = {
#define IVHD_ENTRY(type, name, doc) { type, #name, 0 },
#include "arch/x86/acpi.def"
};

static const struct acpi_type ivhd_varieties[] = {
#define IVHD_VARIETY(variety, name) { variety, #name, 0 },
#include "arch/x86/acpi.def"
};

const struct acpi_table_fact acpi_tables[] = {
#define ACPI_TABLE(signature, tells, doc) { signature, ACPI_TELLS_##tells, doc },
#include "arch/x86/acpi.def"
};
const size_t n_acpi_tables = COUNT(acpi_tables);

static const struct {
	const char *id, *hypervisor;
} oems[] = {
#define ACPI_OEM(id, hypervisor) { id, hypervisor },
#include "arch/x86/acpi.def"
};

static uint64_t field_mask(const struct iommu_field *f)
{
	return (~0ull >> (63 - (f->high - f->low))) << f->low;
}

uint64_t iommu_field_value(enum iommu_field_id id, uint64_t value)
{
	const struct iommu_field *f = &iommu_fields[id];

	return (value & field_mask(f)) >> f->low;
}

uint64_t iommu_unnamed(enum iommu_register reg, uint64_t value)
{
	for (size_t i = 0; i < IOMMU_FIELDS; i++)
		if (iommu_fields[i].reg == reg)
			value &= ~field_mask(&iommu_fields[i]);
	return value;
}

static const struct acpi_type *type_in(const struct acpi_type *row, size_t n, unsigned type)
{
	for (size_t i = 0; i < n; i++)
		if (row[i].type == type)
			return &row[i];
	return NULL;
}

static const char *name_in(const struct acpi_type *row, size_t n, unsigned type)
{
	const struct acpi_type *found = type_in(row, n, type);

	return found ? found->name : NULL;
}

const struct acpi_type *dmar_structure_of(unsigned type)
{
	return type_in(dmar_structures, COUNT(dmar_structures), type);
}

const struct acpi_type *ivrs_block_of(unsigned type)
{
	return type_in(ivrs_blocks, COUNT(ivrs_blocks), type);
}

const char *dmar_scope_name(unsigned type)
{
	return name_in(dmar_scopes, COUNT(dmar_scopes), type);
}

const char *ivhd_entry_name(unsigned type)
{
	return name_in(ivhd_entries, COUNT(ivhd_entries), type);
}

const char *ivhd_variety_name(unsigned variety)
{
	return name_in(ivhd_varieties, COUNT(ivhd_varieties), variety);
}

const struct acpi_table_fact *acpi_table_of(const char *name)
{
	for (size_t i = 0; i < COUNT(acpi_tables); i++)
		if (strncmp(acpi_tables[i].signature, name, 4) == 0)
			return &acpi_tables[i];
	return NULL;
}

const char *acpi_oem_hypervisor(const char *oem_id)
{
	for (size_t i = 0; i < COUNT(oems); i++)
		if (strncmp(oems[i].id, oem_id, strlen(oems[i].id)) == 0)
			return oems[i].hypervisor;
	return NULL;
}
