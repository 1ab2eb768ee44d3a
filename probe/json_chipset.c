/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chipset's part of the document: host bridge and LPC or ISA bridge, and what that generation can do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/platform.h"
#include "probe/iommu.h"
#include "probe/json_private.h"

#define DEVICES PCI_FOLDER

/* A file of a PCI device as a number; -1: not read. */
static long pci_number(const struct snapshot *s, const char *device, const char *file)
{
	char path[128], line[32], *end;
	long value;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", device, file);
	if (!view_line(s, path, line, sizeof(line)))
		return -1;
	value = strtol(line, &end, 16);
	return *end || end == line || value < 0 || value > 0xffffff ? -1 : value;
}

static json_t *iommu_json(const struct chipset *c)
{
	static const char *const names[] = {
		[CHIPSET_IOMMU_NONE] = "none", [CHIPSET_IOMMU_SOME] = "some", [CHIPSET_IOMMU_ALL] = "all",
	};

	return c && c->iommu != CHIPSET_IOMMU_UNTOLD ? json_string(names[c->iommu]) : json_null();
}

static json_t *bridge_json(const struct snapshot *s, const char *address, long vendor, long device)
{
	const struct chipset *c = chipset_of(vendor, device);
	char key[32], name[256];

	snprintf(key, sizeof(key), "pci.%04lx:%04lx", vendor, device);
	snprintf(name, sizeof(name), "%.255s", snapshot_text(s, SNAP_SYS, key) ? snapshot_text(s, SNAP_SYS, key) : "");
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "address", json_text(address), "vendor", json_hex(vendor),
			 "device", json_hex(device), "pci_name", json_text(name[0] ? name : NULL), "generation",
			 json_text(c ? c->name : NULL), "iommu", iommu_json(c));
}

/* The first bridge of (class): there may be several of them, of which the lowest is the chipset's own. */
static json_t *find_bridge(const struct snapshot *s, long class)
{
	const char *list = snapshot_text(s, SNAP_DIR, DEVICES);

	while (list && *list) {
		size_t n = strcspn(list, "\n");
		char address[32];

		snprintf(address, sizeof(address), "%.*s", n < sizeof(address) ? (int)n : 0, list);
		if (address[0] && pci_number(s, address, "class") >> 8 == class) {
			long vendor = pci_number(s, address, "vendor"), device = pci_number(s, address, "device");

			if (vendor >= 0 && vendor <= 0xffff && device >= 0 && device <= 0xffff)
				return bridge_json(s, address, vendor, device);
		}
		list += n + (list[n] == '\n');
	}
	return json_null();
}

/*
 * A virtual machine shows a chipset that is not there: what its generation could do says nothing of this one. The guest
 * that runs the machine for its hypervisor sees the real one.
 */
json_t *json_chipset(const struct snapshot *s)
{
	struct outer outer;

	outer_identify(s, &outer);
	return json_pack("{s:o, s:o, s:s}", "host_bridge", find_bridge(s, 0x0600), "isa_bridge",
			 find_bridge(s, 0x0601), "emulated", 
			 answer_name(outer_root(s) == ANSWER_YES ? ANSWER_NO : outer.present));
}
