/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * platform.h - what surrounds a processor: hypervisors by their leaves, chipsets by PCI id, the first processors with VT.
 * Any hosted code may include this. Tables made from the .def files, nothing here reads a machine.
 */
#ifndef VTSCOPE_ARCH_X86_PLATFORM_H
#define VTSCOPE_ARCH_X86_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86/facts.h"

enum hv_interface { HV_NONE, HV_KVM, HV_HYPER_V, HV_XEN, HV_VMWARE };

struct hypervisor {
	const char *signature;	/* up to 12 characters, without the NULs behind */
	const char *name;
	enum hv_interface interface;
	bool emulated;		/* the processor itself is simulated */
};
extern const struct hypervisor hypervisors[];
extern const size_t n_hypervisors;
const struct hypervisor *hypervisor_of(const char *signature);	/* or NULL */

/* A bit (high == low) or a field of a leaf, counted from its block's base. */
struct hv_field {
	enum hv_interface interface;
	uint32_t leaf;
	enum cpuid_register reg;
	unsigned high, low;
	const char *name;
};
extern const struct hv_field hv_fields[];
extern const size_t n_hv_fields;

enum chipset_role { CHIPSET_HOST, CHIPSET_ISA };
enum chipset_iommu { CHIPSET_IOMMU_NONE, CHIPSET_IOMMU_SOME, CHIPSET_IOMMU_ALL, CHIPSET_IOMMU_UNTOLD };

struct chipset {
	uint16_t vendor, first, last;	/* devices, both ends included */
	enum chipset_role role;
	enum chipset_iommu iommu;
	const char *name;
};
extern const struct chipset chipsets[];
extern const size_t n_chipsets;
const struct chipset *chipset_of(uint16_t vendor, uint16_t device);	/* or NULL */

enum early_vt_state { EARLY_VT_NO, EARLY_VT_YES, EARLY_VT_SKU };

struct early_vt {
	enum model_vendor vendor;
	uint32_t signature;		/* EAX of leaf 1 */
	const char *word[2];		/* both occur in the brand string */
	const char *revision;		/* "Presler B1" */
	const char *product;		/* "Pentium D 920", "": the brand string names it */
	enum early_vt_state vt;
	const char *introduced;		/* "2006-01", "" */
};
extern const struct early_vt early_vts[];
extern const size_t n_early_vts;

/* Does the row mean this processor? (vendor) is the 12-byte vendor string. */
bool early_vt_matches(const struct early_vt *e, const char *vendor, uint32_t signature, const char *brand);

#endif
