/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ACPI tables there are, what of each was read; and what SMBIOS says. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe/iommu.h"
#include "probe/json_private.h"
#include "probe/smbios.h"

/* Contents of tables are recorded of few, and are root's. */
static const char *state_of(const struct snap_record *r)
{
	if (!r)
		return "listed";
	if (r->err == 0)
		return "read";
	return r->err == EACCES || r->err == EPERM ? "denied" : "failed";
}

static json_t *table_json(const struct snapshot *s, const char *name)
{
	const struct acpi_table_fact *fact = acpi_table_of(name);
	const struct snap_record *r;
	struct acpi_notes notes = { 0 };
	struct acpi_header h = { 0 };
	char path[320];
	json_t *o;

	snprintf(path, sizeof(path), ACPI_FOLDER "/%s", name);
	r = snapshot_named(s, SNAP_BLOB, path);
	if (r && !r->err)
		acpi_header_decode(r->data, r->len, name, &h, &notes);
	o = json_pack("{s:o, s:o, s:s}", "name", json_text(name), "means",
		      json_text(fact ? fact->doc : NULL), "state", state_of(r));
	if (h.whole) {
		json_put(o, "revision", json_integer(h.revision));
		json_put(o, "length", json_integer(h.length));
		json_put(o, "oem_id", json_text(h.oem_id));
		json_put(o, "oem_table_id", json_text(h.oem_table_id));
		json_put(o, "checksum", json_string(acpi_sum_name(h.checksum)));
	}
	acpi_notes_free(&notes);
	return o;
}

static json_t *listed_json(const struct snapshot *s)
{
	const char *list = snapshot_text(s, SNAP_DIR, ACPI_FOLDER);
	json_t *a = list ? json_array() : json_null();

	while (list && *list) {
		size_t n = strcspn(list, "\n");
		char name[256];

		/* "data" and "dynamic" are folders. */
		if (n && n < sizeof(name) && *list >= 'A' && *list <= 'Z') {
			memcpy(name, list, n);
			name[n] = '\0';
			json_array_append_new(a, table_json(s, name));
		}
		list += n + (list[n] == '\n');
	}
	return a;
}

static json_t *smbios_json(const struct snapshot *s)
{
	const struct snap_record *r = snapshot_named(s, SNAP_BLOB, SMBIOS_FILE);
	struct smbios b;

	if (!r || r->err)
		return json_null();
	smbios_read(s, &b);
	return json_pack("{s:o, s:o}", "virtual_machine", json_answer(b.virtual_machine),
			 "enhanced_virtualization", json_answer(b.enhanced_virtualization));
}

json_t *json_firmware_tables(const struct snapshot *s)
{
	const struct snap_record *fadt = iommu_table(s, "FACP");
	char identity[9];
	bool named = fadt && fadt_hypervisor(fadt->data, fadt->len, identity);

	return json_pack("{s:o, s:o, s:o}", "acpi", listed_json(s), "hypervisor_identity",
			 json_text(named ? identity : NULL), "smbios", smbios_json(s));
}
