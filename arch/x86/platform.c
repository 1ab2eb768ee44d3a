/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arch/x86/platform.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct hypervisor hypervisors[] = {
#define HYPERVISOR(signature, name, interface, emulated) { signature, name, HV_##interface, emulated },
#define HV_BIT(interface, leaf, reg, bit, name)
#define HV_FIELD(interface, leaf, reg, high, low, name)
#include "arch/x86/hypervisor.def"
#undef HYPERVISOR
#undef HV_BIT
#undef HV_FIELD
};
const size_t n_hypervisors = COUNT(hypervisors);

const struct hv_field hv_fields[] = {
#define HYPERVISOR(signature, name, interface, emulated)
#define HV_BIT(interface, leaf, reg, bit, name) { HV_##interface, leaf, CPUID_##reg, bit, bit, #name },
#define HV_FIELD(interface, leaf, reg, high, low, name) { HV_##interface, leaf, CPUID_##reg, high, low, #name },
#include "arch/x86/hypervisor.def"
#undef HYPERVISOR
#undef HV_BIT
#undef HV_FIELD
};
const size_t n_hv_fields = COUNT(hv_fields);

const struct hypervisor *hypervisor_of(const char *signature)
{
	for (size_t i = 0; i < n_hypervisors; i++)
		if (strcmp(hypervisors[i].signature, signature) == 0)
			return &hypervisors[i];
	return NULL;
}

const struct chipset chipsets[] = {
#define CHIPSET(vendor, first, last, role, iommu, name) \
	{ vendor, first, last, CHIPSET_##role, CHIPSET_IOMMU_##iommu, name },
#include "arch/x86/chipsets.def"
#undef CHIPSET
};
const size_t n_chipsets = COUNT(chipsets);

const struct chipset *chipset_of(uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < n_chipsets; i++)
		if (chipsets[i].vendor == vendor && chipsets[i].first <= device && device <= chipsets[i].last)
			return &chipsets[i];
	return NULL;
}

const struct early_vt early_vts[] = {
#define EARLY_VT(vendor, signature, word, word2, revision, product, vt, introduced) \
	{ MODEL_##vendor, signature, { word, word2 }, revision, product, EARLY_VT_##vt, introduced },
#include "arch/x86/early_vt.def"
#undef EARLY_VT
};
const size_t n_early_vts = COUNT(early_vts);

bool early_vt_matches(const struct early_vt *e, const char *vendor, uint32_t signature, const char *brand)
{
	const char *name = e->vendor == MODEL_INTEL ? "GenuineIntel" : "AuthenticAMD";

	/* Bits 31:28 and 15:14 are reserved, 13:12 the processor type. */
	return (signature & 0x0fff0fff) == e->signature && strcmp(vendor, name) == 0 && strstr(brand, e->word[0]) &&
	       strstr(brand, e->word[1]);
}
