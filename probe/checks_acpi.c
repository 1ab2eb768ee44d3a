/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions that the presence of ACPI tables, and their makers' names, help to answer. */
#include <string.h>

#include "probe/analyse.h"
#include "probe/checks.h"
#include "probe/iommu.h"
#include "probe/smbios.h"

/* The tables that tell (tells) as evidence. How many there are. */
static size_t tell_tables(const struct snapshot *s, enum acpi_tells tells, struct finding *out)
{
	size_t n = 0;

	for (size_t i = 0; i < n_acpi_tables; i++)
		if (acpi_tables[i].tells == tells && iommu_has_table(s, acpi_tables[i].signature)) {
			finding_evidence(out, "acpi", ACPI_FOLDER, "%s: %s",
					 acpi_tables[i].signature, acpi_tables[i].doc);
			n++;
		}
	return n;
}

/* Whose tables these are. */
static size_t tell_makers(const struct snapshot *s, struct finding *out)
{
	static const char *const signatures[] = { "FACP", "DMAR", "IVRS", "APIC" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		const struct snap_record *r = iommu_table(s, signatures[i]);
		char id[7];

		if (!r || r->len < ACPI_HEADER_BYTES)
			continue;
		acpi_text(r->data + 10, 6, id);
		if (acpi_oem_hypervisor(id)) {
			finding_evidence(out, "acpi", signatures[i], "OEM id %s: %s", id,
					 acpi_oem_hypervisor(id));
			n++;
		}
	}
	return n;
}

static void eval_outer_tables(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *list = snapshot_named(s, SNAP_DIR, ACPI_FOLDER);
	const struct snap_record *fadt = iommu_table(s, "FACP");
	struct smbios bios;
	char identity[9];
	size_t n = 0;

	(void)f;
	if (fadt && fadt_hypervisor(fadt->data, fadt->len, identity)) {
		finding_evidence(out, "acpi", "FACP, hypervisor vendor identity", "%s", identity);
		n++;
	}
	smbios_read(s, &bios);
	if (bios.virtual_machine == ANSWER_YES) {
		finding_evidence(out, "smbios", "type 0", "the system is a virtual machine");
		n++;
	}
	n += tell_makers(s, out);
	n += tell_tables(s, ACPI_TELLS_GUEST, out);
	if (n)
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
	else if (fadt)
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	else if (list && !list->err)
		finding_unread(out, "acpi", ACPI_FOLDER "/FACP",
			       snapshot_named(s, SNAP_BLOB, ACPI_FOLDER "/FACP"));
	else
		finding_unread(out, "acpi", ACPI_FOLDER, list);
}

const struct check check_outer_tables = {
	.id = "outer.tables",
	.question = "Do firmware's tables come from a hypervisor?",
	.explain =
		"The field hypervisor vendor identity of the ACPI table FACP (revision 6), the bit "
		"of SMBIOS type 0 that says virtual machine, OEM ids that only hypervisors write (all "
		"for root only), and tables that only they make: WAET, whose presence everybody sees. "
		"A hypervisor that hides its CPUID leaves often forgets these. That there is none "
		"proves nothing.",
	.want = WANT_EITHER,
	.optional = true,
	.eval = eval_outer_tables,
};

static void eval_confidential(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *list = snapshot_named(s, SNAP_DIR, ACPI_FOLDER);

	(void)f;
	if (tell_tables(s, ACPI_TELLS_CONFIDENTIAL, out))
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
	else if (list && !list->err)
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	else
		finding_unread(out, "acpi", ACPI_FOLDER, list);
}

const struct check check_firmware_coco = {
	.id = "firmware.coco",
	.question = "Does firmware describe means of confidential computing?",
	.explain =
		"Names of ACPI tables, which everybody may see: KEYP (keys of encrypted links, for TDX "
		"Connect), ASPT (AMD's secure processor), CCEL and SVKL (in a confidential guest). They say "
		"that firmware knows of it, not that it is on.",
	.want = WANT_EITHER,
	.optional = true,
	.eval = eval_confidential,
};
