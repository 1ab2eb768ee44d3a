/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iommu.h - the facts of iommu.def and acpi.def as enums, tables and lookups. Any hosted code may include this.
 *
 * Every name is the manual's and stands once, in its .def row. Pure: nothing here reads a machine.
 */
#ifndef VTSCOPE_ARCH_X86_IOMMU_H
#define VTSCOPE_ARCH_X86_IOMMU_H

#include <stddef.h>
#include <stdint.h>

/* IOMMU_vtd_cap, IOMMU_amdvi_efr, IOMMU_dmar_flags ... */
enum iommu_register {
#define IOMMU_REGISTER(register, bits) IOMMU_##register,
#include "arch/x86/iommu.def"
	IOMMU_REGISTERS
};

/* IOMMU_FIELD_vtd_cap_cm ... index iommu_fields[]. */
enum iommu_field_id {
#define IOMMU_FIELD(register, high, low, name) IOMMU_FIELD_##register##_##name,
#include "arch/x86/iommu.def"
	IOMMU_FIELDS
};

struct iommu_field {
	enum iommu_register reg;
	unsigned high, low;	/* bits, both included */
	const char *name;	/* unique within its register */
};
extern const struct iommu_field iommu_fields[IOMMU_FIELDS];

struct iommu_register_fact {
	const char *name;	/* "vtd_cap" */
	unsigned bits;
};
extern const struct iommu_register_fact iommu_registers[IOMMU_REGISTERS];

/* The field's part of (value), shifted down. */
uint64_t iommu_field_value(enum iommu_field_id id, uint64_t value);
/* The set bits of (value) that no row names. */
uint64_t iommu_unnamed(enum iommu_register reg, uint64_t value);

/* DMAR_DRHD ...: types of remapping structures. */
enum dmar_type {
#define DMAR_STRUCTURE(type, name, bytes) DMAR_##name = (type),
#include "arch/x86/acpi.def"
};

enum dmar_scope_type {
#define DMAR_SCOPE(type, name) DMAR_SCOPE_##name = (type),
#include "arch/x86/acpi.def"
};

/* IVHD_range_start ... */
enum ivhd_entry_type {
#define IVHD_ENTRY(type, name, doc) IVHD_##name = (type),
#include "arch/x86/acpi.def"
};

enum ivhd_variety {
#define IVHD_VARIETY(variety, name) IVHD_VARIETY_##name = (variety),
#include "arch/x86/acpi.def"
};

struct acpi_type {
	unsigned type;
	const char *name;
	unsigned bytes;		/* of the fixed part; 0 where that means nothing */
};

/* The row of a type, or NULL: not known. */
const struct acpi_type *dmar_structure_of(unsigned type);
const struct acpi_type *ivrs_block_of(unsigned type);
/* Names, or NULL. */
const char *dmar_scope_name(unsigned type);
const char *ivhd_entry_name(unsigned type);
const char *ivhd_variety_name(unsigned variety);

enum acpi_tells { ACPI_TELLS_IOMMU, ACPI_TELLS_GUEST, ACPI_TELLS_CONFIDENTIAL, ACPI_TELLS_FIRMWARE };

struct acpi_table_fact {
	const char *signature;	/* 4 letters */
	enum acpi_tells tells;
	const char *doc;
};
extern const struct acpi_table_fact acpi_tables[];
extern const size_t n_acpi_tables;

/* By the first four letters of (name): "SSDT12" is one of SSDT. NULL: not known. */
const struct acpi_table_fact *acpi_table_of(const char *name);
/* The hypervisor whose tables carry this OEM id, or NULL: none. */
const char *acpi_oem_hypervisor(const char *oem_id);

#endif
