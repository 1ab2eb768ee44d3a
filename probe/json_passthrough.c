/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What decides whether devices can be handed to guests: groups, PCI devices, and who would hand them on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/iommu.h"
#include "probe/json_private.h"

/* Takes the next line off (list). False: there is none. */
static bool next_entry(const char **list, char *out, size_t size)
{
	size_t n;

	if (!*list || !**list)
		return false;
	n = strcspn(*list, "\n");
	snprintf(out, size, "%.*s", (int)n, *list);
	*list += n + ((*list)[n] == '\n');
	return true;
}

static json_t *line_json(const struct snapshot *s, const char *folder, const char *file)
{
	char path[512], line[128];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return view_line(s, path, line, sizeof(line)) ? json_text(line) : json_null();
}

static json_t *number_json(const struct snapshot *s, const char *folder, const char *file)
{
	char path[512], line[32], *end;
	unsigned long long value;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (!view_line(s, path, line, sizeof(line)))
		return json_null();
	errno = 0;
	value = strtoull(line, &end, 0);
	return *end || end == line || errno || value > UINT32_MAX ? json_null() : json_integer((json_int_t)value);
}

static json_t *list_json(const char *list)
{
	json_t *a = json_array();
	char entry[256];

	while (next_entry(&list, entry, sizeof(entry)))
		json_array_append_new(a, json_text(entry));
	return a;
}

/* ---- groups ---- */

/* "0x00000000fee00000 0x00000000feefffff msi" a line. */
static json_t *reserved_json(const char *list)
{
	json_t *a = json_array();
	unsigned long long first, last;
	char line[128], type[32];

	while (next_entry(&list, line, sizeof(line)))
		if (sscanf(line, "%llx %llx %31s", &first, &last, type) == 3)
			json_array_append_new(a, json_pack("{s:o, s:o, s:o}", "first", json_hex(first), "last",
							   json_hex(last), "type", json_text(type)));
	return a;
}

static json_t *group_json(const struct snapshot *s, const char *group)
{
	char folder[256], path[320];
	const char *devices, *reserved;

	snprintf(folder, sizeof(folder), GROUPS_FOLDER "/%s", group);
	snprintf(path, sizeof(path), "%s/devices", folder);
	devices = snapshot_text(s, SNAP_DIR, path);
	snprintf(path, sizeof(path), "%s/reserved_regions", folder);
	reserved = snapshot_text(s, SNAP_TEXT, path);
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "group", json_text(group), "type", line_json(s, folder, "type"),
			 "name", line_json(s, folder, "name"), "devices", devices ? list_json(devices) : json_null(),
			 "reserved", reserved ? reserved_json(reserved) : json_null());
}

/* ---- devices ---- */

/* The names of the set bits of an ACS register, wider fields by their number. */
static json_t *acs_register_json(enum iommu_register reg, uint64_t value)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < IOMMU_FIELDS; i++)
		if (iommu_fields[i].reg == reg)
			json_put(o, iommu_fields[i].name,
				 json_field(value, iommu_fields[i].high, iommu_fields[i].low));
	json_reserved(o, iommu_unnamed(reg, value));
	return o;
}

static json_t *acs_json(const struct snapshot *s, const char *device)
{
	unsigned capability, control;
	char name[300];
	const char *text;

	snprintf(name, sizeof(name), "acs.%s", device);
	text = snapshot_text(s, SNAP_SYS, name);
	if (!text || sscanf(text, "%x %x", &capability, &control) != 2)
		return json_null();
	return json_pack("{s:o, s:o}", "capability", acs_register_json(IOMMU_acs_capability, capability), "control",
			 acs_register_json(IOMMU_acs_control, control));
}

static json_t *device_json(const struct snapshot *s, const char *device)
{
	char folder[320];

	snprintf(folder, sizeof(folder), PCI_FOLDER "/%s", device);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "address", json_text(device), "class",
			 line_json(s, folder, "class"), "driver", line_json(s, folder, "driver"), "iommu_group",
			 line_json(s, folder, "iommu_group"), "sriov_totalvfs", number_json(s, folder, "sriov_totalvfs"),
			 "sriov_numvfs", number_json(s, folder, "sriov_numvfs"), "acs", acs_json(s, device));
}

/* ---- together ---- */

static json_t *node_json(const struct snapshot *s, const char *path)
{
	const struct snap_record *r = snapshot_named(s, SNAP_NODE, path);

	return json_answer(!r ? ANSWER_UNKNOWN : !r->err ? ANSWER_YES : r->err == ENOENT ? ANSWER_NO : ANSWER_UNKNOWN);
}

static json_t *modules_json(const struct snapshot *s)
{
	const char *list = snapshot_text(s, SNAP_DIR, "/sys/module");
	json_t *a = json_array();
	char name[128];

	while (next_entry(&list, name, sizeof(name)))
		if (strncmp(name, "vfio", 4) == 0 || strcmp(name, "iommufd") == 0 || strcmp(name, "pci_stub") == 0)
			json_array_append_new(a, json_text(name));
	return a;
}

static json_t *each_json(const struct snapshot *s, const char *folder,
			 json_t *(*one)(const struct snapshot *s, const char *entry))
{
	const char *list = snapshot_text(s, SNAP_DIR, folder);
	json_t *a = json_array();
	char entry[128];

	while (next_entry(&list, entry, sizeof(entry)))
		json_array_append_new(a, one(s, entry));
	return a;
}

json_t *json_passthrough(const struct snapshot *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "vfio", node_json(s, "/dev/vfio/vfio"), "iommufd",
			 node_json(s, "/dev/iommu"), "modules", modules_json(s), "groups",
			 each_json(s, GROUPS_FOLDER, group_json), "devices", each_json(s, PCI_FOLDER, device_json));
}
