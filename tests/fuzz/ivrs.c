/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ACPI table IVRS: taken apart, held against a machine, asked about and written as JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "probe/acpi.h"
#include "probe/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was found lies in the table. */
static void inspect(const uint8_t *data, size_t size)
{
	const struct acpi_machine m = { .has_ioapics = true, .ioapics = { 0x8004 } };
	struct acpi_notes wrong = { 0 };
	struct ivrs v;

	if (ivrs_decode(data, size, &v) || ivrs_check(&v, &m, &wrong))
		abort();
	for (size_t i = 0; i < v.n; i++)
		if (v.block[i].offset + v.block[i].length > size ||
		    v.block[i].first_entry + v.block[i].n_entries > v.n_entries)
			abort();
	for (size_t i = 0; i < v.n_entries; i++)
		if (v.entry[i].offset + v.entry[i].length > size ||
		    (v.entry[i].uid && v.entry[i].uid + v.entry[i].uid_len > data + size))
			abort();
	ivrs_free(&v);
	acpi_notes_free(&wrong);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot s;
	struct verdict v;

	inspect(data, size);
	/* Real tables are shorter; the document of a long one takes what many short ones could have. */
	if (size > 2048)
		return 0;
	snapshot_init(&s);
	if (snapshot_add_data(&s, SNAP_BLOB, "/sys/firmware/acpi/tables/IVRS", 0, data, size) == 0 &&
	    verdict_make(&v, &s) == 0) {
		json_decref(probe_json(&s, &v, 0));
		verdict_free(&v);
	}
	snapshot_free(&s);
	return 0;
}
