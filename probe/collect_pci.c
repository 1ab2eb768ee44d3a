/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chipset by PCI id: the bridges on the first bus, which is where host bridge and LPC or ISA bridge are. What they
 * are called hwloc knows, where its PCI component is installed; that costs more than the whole probe, and is asked for
 * only where the answer is kept or shown.
 */
#include <hwloc.h>
#include <stdio.h>
#include <string.h>

#include "probe/collect_private.h"
#include "probe/iommu.h"

#define DEVICES PCI_FOLDER
#define FIRST_BUS "0000:00:"
#define NUMBER_MAX 64

/* The only chipset bridge that is not the first function of its device: AMD's south bridges. */
#define AMD_LPC "0000:00:14.3"

static bool may_be_bridge(const char *device, size_t len)
{
	return len == strlen(AMD_LPC) && strncmp(device, FIRST_BUS, strlen(FIRST_BUS)) == 0 &&
	       (device[len - 1] == '0' || strncmp(device, AMD_LPC, len) == 0);
}

/* "0x060000\n" : is it a host, ISA or LPC bridge? */
static bool is_bridge(const char *class)
{
	return class && (strncmp(class, "0x0600", 6) == 0 || strncmp(class, "0x0601", 6) == 0);
}

static int collect_bridge(struct snapshot *s, const char *device)
{
	static const char *const files[] = { "vendor", "device" };
	char path[128];
	int rc = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !rc; i++) {
		snprintf(path, sizeof(path), DEVICES "/%s/%s", device, files[i]);
		rc = collect_file(s, SNAP_TEXT, path, NUMBER_MAX);
	}
	return rc;
}

/* Devices of other buses and classes are left unread: there may be hundreds. */
int collect_pci(struct snapshot *s)
{
	int rc = collect_dir(s, DEVICES);	/* none of a brief collection */
	const char *list = rc ? NULL : snapshot_text(s, SNAP_DIR, DEVICES);

	while (list && *list && !rc) {
		size_t n = strcspn(list, "\n");
		char device[32], path[128];

		if (may_be_bridge(list, n)) {
			snprintf(device, sizeof(device), "%.*s", (int)n, list);
			snprintf(path, sizeof(path), DEVICES "/%s/class", device);
			rc = collect_file(s, SNAP_TEXT, path, NUMBER_MAX);
			if (!rc && is_bridge(snapshot_text(s, SNAP_TEXT, path)))
				rc = collect_bridge(s, device);
		}
		list += n + (list[n] == '\n');
	}
	return rc;
}

static int add_name(struct snapshot *s, hwloc_obj_t device)
{
	const struct hwloc_pcidev_attr_s *pci = &device->attr->pcidev;
	bool bridge = pci->class_id == 0x0600 || pci->class_id == 0x0601;
	const char *vendor = hwloc_obj_get_info_by_name(device, "PCIVendor");
	const char *name = hwloc_obj_get_info_by_name(device, "PCIDevice");
	char key[32], text[256];

	if (!name || !bridge)
		return 0;
	snprintf(key, sizeof(key), "pci.%04x:%04x", pci->vendor_id, pci->device_id);
	if (snapshot_named(s, SNAP_SYS, key))
		return 0;
	snprintf(text, sizeof(text), "%s%s%s", vendor ? vendor : "", vendor ? " " : "", name);
	return snapshot_add_data(s, SNAP_SYS, key, 0, text, strlen(text));
}

int collect_pci_names(struct snapshot *s)
{
	/* The bus and its names, nothing else: no topology of CPUs, no GPUs asked over their drivers or a display. */
	static const char *const without[] = { "linux", "x86", "gl", "opencl", "cuda", "nvml", "rsmi", "levelzero" };
	hwloc_topology_t t;
	hwloc_obj_t device = NULL;
	int rc = 0;

	if (hwloc_topology_init(&t))
		return 0;
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		hwloc_topology_set_components(t, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, without[i]);
	hwloc_topology_set_all_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE);
	hwloc_topology_set_type_filter(t, HWLOC_OBJ_PCI_DEVICE, HWLOC_TYPE_FILTER_KEEP_ALL);
	if (hwloc_topology_load(t) == 0)
		while (!rc && (device = hwloc_get_next_pcidev(t, device)))
			rc = add_name(s, device);
	hwloc_topology_destroy(t);
	return rc;
}
