/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iommu.h - the IOMMUs of a snapshot: what firmware's tables say, what the kernel shows of each
 * unit, and which unit of the one is which of the other. Pure. Only probe/ includes this.
 */
#ifndef VTSCOPE_PROBE_IOMMU_H
#define VTSCOPE_PROBE_IOMMU_H

#include "probe/acpi.h"
#include "probe/snapshot.h"

#define ACPI_FOLDER	 "/sys/firmware/acpi/tables"
#define IOMMU_FOLDER	 "/sys/class/iommu"
#define REGISTERS_FILE	 "/sys/kernel/debug/iommu/intel/iommu_regset"
#define REGISTERS_MAX	 (256u << 10)	/* of its lines that are recorded */
#define GROUPS_FOLDER	 "/sys/kernel/iommu_groups"
#define PCI_FOLDER	 "/sys/bus/pci/devices"
#define IOMMU_UNITS_MAX	 4096u	/* Linux serves 1024 at most */
#define IOMMU_NOT_JOINED ((size_t)-1)

enum iommu_kind { IOMMU_KIND_OTHER, IOMMU_KIND_INTEL, IOMMU_KIND_AMD };

/* A register that may not have been recorded. */
struct iommu_value {
	bool known;
	uint64_t value;
};

/* A unit as the kernel shows it. */
struct iommu_unit {
	char name[64];			/* "dmar0", "ivhd0" */
	enum iommu_kind kind;
	struct iommu_value cap, ecap;	/* Intel; cap also AMD: the PCI capability's header */
	struct iommu_value efr, efr2;	/* AMD */
	struct iommu_value address;	/* Intel */
	struct iommu_value gsts;	/* Intel, by debugfs */
	struct iommu_value domains, domains_used;
	char version[16];		/* "1:0", or empty */
	size_t joined;			/* index of the DRHD or IVHD, or IOMMU_NOT_JOINED */
};

struct iommus {
	/* The record of a table that was read, NULL: there is none, whatever the reason. */
	const struct snap_record *dmar_record, *ivrs_record;
	struct dmar dmar;
	struct ivrs ivrs;
	struct acpi_notes dmar_wrong, ivrs_wrong;	/* of what makes no sense */
	struct iommu_unit *unit;			/* owned */
	size_t n, cap;
};

/* 0 or -ENOMEM; (out) is to be freed either way. */
int iommus_read(const struct snapshot *s, struct iommus *out);
void iommus_free(struct iommus *u);

/* The record of an ACPI table, or NULL when it was not read. */
const struct snap_record *iommu_table(const struct snapshot *s, const char *signature);
/* Is it listed, or there itself? */
bool iommu_has_table(const struct snapshot *s, const char *signature);

/* Entries of a recorded folder; 0 where there is none. */
size_t iommu_entries(const struct snapshot *s, const char *path);

/* A field over all units (of a table, where no unit was recorded): all have it set, some, none, or it is not known. */
enum iommu_share { IOMMU_SHARE_UNKNOWN, IOMMU_SHARE_NONE, IOMMU_SHARE_SOME, IOMMU_SHARE_ALL };
enum iommu_share iommus_share(const struct iommus *u, enum iommu_field_id id);

#endif
