/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ACPI table DMAR: taken apart, held against a machine, asked about and written as JSON. */
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
	struct dmar d;

	if (dmar_decode(data, size, &d) || dmar_check(&d, &m, &wrong))
		abort();
	for (size_t i = 0; i < d.n; i++)
		if (d.structure[i].offset + d.structure[i].length > size ||
		    d.structure[i].first_scope + d.structure[i].n_scopes > d.n_scopes)
			abort();
	for (size_t i = 0; i < d.n_scopes; i++)
		if (d.scope[i].offset + d.scope[i].length > size ||
		    d.scope[i].path + 2 * d.scope[i].n_path > data + size)
			abort();
	dmar_free(&d);
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
	if (snapshot_add_data(&s, SNAP_BLOB, "/sys/firmware/acpi/tables/DMAR", 0, data, size) == 0 &&
	    verdict_make(&v, &s) == 0) {
		json_decref(probe_json(&s, &v, 0));
		verdict_free(&v);
	}
	snapshot_free(&s);
	return 0;
}
