/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about IOMMUs: what firmware describes, what the units can do, what the kernel makes of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"
#include "probe/checks.h"
#include "probe/iommu.h"

/* ---- tables ---- */

static void eval_table(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *r = snapshot_named(s, SNAP_DIR, ACPI_FOLDER);

	(void)f;
	if (iommu_has_table(s, "DMAR"))
		finding_evidence(out, "acpi", ACPI_FOLDER, "DMAR (Intel VT-d)");
	if (iommu_has_table(s, "IVRS"))
		finding_evidence(out, "acpi", ACPI_FOLDER, "IVRS (AMD-Vi)");
	if (!out->n_evidence && (!r || r->err))
		finding_unread(out, "acpi", ACPI_FOLDER, r);
	else
		finding_set(out, out->n_evidence ? ANSWER_YES : ANSWER_NO, BASIS_PROVED);
}

const struct check check_iommu_table = {
	.id = "iommu.table",
	.question = "Does firmware describe an IOMMU?",
	.explain = "An ACPI table DMAR (Intel VT-d) or IVRS (AMD-Vi) under "
		   "/sys/firmware/acpi/tables. Missing: firmware has it switched off, or the "
		   "chipset has none.",
	.optional = true,
	.eval = eval_table,
};

/* Notes as evidence; all of them if (all), else the faults. How many are faults. */
static size_t tell_notes(const char *table, const struct acpi_notes *notes, struct finding *out)
{
	size_t faults = 0;

	for (size_t i = 0; i < notes->n; i++) {
		char where[48];

		if (!notes->note[i].fault)
			continue;
		faults++;
		snprintf(where, sizeof(where), "%s, offset %zu", table, notes->note[i].offset);
		finding_evidence(out, "acpi", notes->note[i].offset ? where : table, "%s",
				 notes->note[i].text);
	}
	return faults;
}

static void tell_table(const struct snapshot *s, const char *signature, bool read, const char *what,
		       struct finding *out)
{
	char path[64];

	snprintf(path, sizeof(path), ACPI_FOLDER "/%s", signature);
	if (read)
		finding_evidence(out, "acpi", signature, "%s", what);
	else if (iommu_has_table(s, signature))
		finding_unread(out, "acpi", path, snapshot_named(s, SNAP_BLOB, path));
}

/* "2 DRHD, 1 RMRR" */
static void count_structures(const struct dmar *d, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned type = 0; type < 8; type++) {
		const struct acpi_type *known = dmar_structure_of(type);
		size_t n = 0;

		for (size_t i = 0; known && i < d->n; i++)
			n += d->structure[i].type == type;
		if (n && len < size)
			len += snprintf(out + len, size - len, "%s%zu %s", len ? ", " : "", n,
					known->name);
	}
}

/* A line of the kernel's log as evidence. */
static bool tell_log(const struct snapshot *s, const char *pattern, struct finding *out)
{
	char line[160];

	if (!view_log(s, pattern, line, sizeof(line)))
		return false;
	finding_evidence(out, "log", "/dev/kmsg", "%s", line);
	return true;
}

static void eval_sane(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	struct iommus u;
	size_t faults = 0, units = 0;
	char text[120];
	bool read;
	int rc;

	if (finding_answer(f, "iommu.table") == ANSWER_NO) {
		finding_set(out, ANSWER_NA, BASIS_NONE);
		return;
	}
	rc = iommus_read(s, &u);
	read = u.dmar_record || u.ivrs_record;
	faults += tell_notes("DMAR", &u.dmar.notes, out);
	faults += tell_notes("DMAR", &u.dmar_wrong, out);
	faults += tell_notes("IVRS", &u.ivrs.notes, out);
	faults += tell_notes("IVRS", &u.ivrs_wrong, out);
	faults += tell_log(s, "Your BIOS is broken", out);
	faults += tell_log(s, "No firmware reserved region can cover this RMRR", out);
	count_structures(&u.dmar, text, sizeof(text));
	tell_table(s, "DMAR", u.dmar_record, text[0] ? text : "no structures", out);
	for (size_t i = 0; i < u.ivrs.n; i++)
		units += u.ivrs.block[i].counts;
	snprintf(text, sizeof(text), "%zu block%s, %zu unit%s", u.ivrs.n, u.ivrs.n == 1 ? "" : "s",
		 units, units == 1 ? "" : "s");
	tell_table(s, "IVRS", u.ivrs_record, text, out);
	if (rc == 0 && faults) {
		finding_set(out, ANSWER_NO, BASIS_PROVED);
		finding_hint(out,
			     "A firmware update may help; the kernel works around some of these faults, "
			     "and leaves interrupt remapping or the whole IOMMU off for others.");
	} else if (rc == 0 && read) {
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	} else if (!out->n_evidence) {
		finding_unread(out, "acpi", ACPI_FOLDER, NULL);
	}
	iommus_free(&u);
}

const struct check check_iommu_sane = {
	.id = "iommu.sane",
	.question = "Are the IOMMU's tables free of faults?",
	.explain =
		"DMAR or IVRS, read to the last structure (root only): checksum and lengths; units at "
		"no address, or two at one; no unit at all, or one for the graphics device alone; I/O "
		"APICs of the table APIC that no unit lists, without which interrupts cannot be "
		"remapped; memory set aside for devices that ends before it begins, is not made of "
		"pages or is not in what firmware has reserved; and whether the units that the kernel "
		"shows are those of the table.",
	.optional = true,
	.eval = eval_sane,
};

/* ---- the kernel ---- */

/* "12 DMA, 2 identity" by the groups' types; those that were read. */
static void count_types(const struct snapshot *s, char *out, size_t size)
{
	static const char *const types[] = { "DMA", "DMA-FQ", "identity", "blocked", "unmanaged" };
	const char *list = snapshot_text(s, SNAP_DIR, GROUPS_FOLDER);
	size_t n[sizeof(types) / sizeof(types[0])] = { 0 }, len = 0;
	char path[160], line[32];

	out[0] = '\0';
	while (list && *list) {
		size_t name = strcspn(list, "\n");

		snprintf(path, sizeof(path), GROUPS_FOLDER "/%.*s/type",
			 (int)(name < 64 ? name : 64), list);
		view_line(s, path, line, sizeof(line));
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			n[i] += strcmp(line, types[i]) == 0;
		list += name + (list[name] == '\n');
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (n[i] && len < size)
			len += snprintf(out + len, size - len, "%s%zu %s", len ? ", " : ": ", n[i],
					types[i]);
}

static void eval_active(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	static const char *const paths[] = { IOMMU_FOLDER, GROUPS_FOLDER };
	bool any = false, known = false;
	char types[96];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct snap_record *r = snapshot_named(s, SNAP_DIR, paths[i]);
		size_t n = iommu_entries(s, paths[i]);

		if (!r || (r->err && r->err != ENOENT))
			continue;
		known = true;
		any |= n > 0;
		types[0] = '\0';
		if (i == 1)
			count_types(s, types, sizeof(types));
		finding_evidence(out, "file", paths[i], "%zu entr%s%s", n, n == 1 ? "y" : "ies",
				 types);
	}
	if (known)
		finding_set(out, any ? ANSWER_YES : ANSWER_NO, BASIS_PROVED);
	if (known && !any && finding_answer(f, "iommu.table") == ANSWER_YES)
		finding_hint(out, "The kernel does not use the IOMMU that firmware describes: "
				  "boot with intel_iommu=on or amd_iommu=on.");
}

const struct check check_iommu_active = {
	.id = "iommu.active",
	.question = "Does the kernel use an IOMMU?",
	.explain = "Entries in /sys/class/iommu (units that a driver serves) and in "
		   "/sys/kernel/iommu_groups, with the type of each group: identity means that its "
		   "devices' addresses are not translated. Devices can be given to guests only where "
		   "there are groups.",
	.optional = true,
	.eval = eval_active,
};

/* ---- what the units can do ---- */

static const char *share_name(enum iommu_share share)
{
	static const char *const names[] = {
		[IOMMU_SHARE_UNKNOWN] = "not known",
		[IOMMU_SHARE_NONE] = "set in no unit",
		[IOMMU_SHARE_SOME] = "set in some units only",
		[IOMMU_SHARE_ALL] = "set in every unit",
	};

	return names[share];
}

/* A field of all units as evidence, where it is known. */
static enum iommu_share tell_share(const struct iommus *u, enum iommu_field_id id,
				   const char *where, struct finding *out)
{
	enum iommu_share share = iommus_share(u, id);

	if (share != IOMMU_SHARE_UNKNOWN)
		finding_evidence(out, "iommu", where, "%s", share_name(share));
	return share;
}

/* No table and no unit: the question does not arise. Else reads what there is; the caller frees it. */
static bool begin(const struct snapshot *s, const struct findings *f, struct iommus *u,
		  struct finding *out)
{
	if (finding_answer(f, "iommu.table") == ANSWER_NO &&
	    finding_answer(f, "iommu.active") != ANSWER_YES) {
		finding_set(out, ANSWER_NA, BASIS_NONE);
		return false;
	}
	if (iommus_read(s, u) == 0)
		return true;
	iommus_free(u);
	return false;
}

static void remapping_intel(const struct iommus *u, struct finding *out)
{
	enum iommu_share ir = tell_share(u, IOMMU_FIELD_vtd_ecap_ir, "ecap bit 3, ir", out);
	bool flag = iommu_field_value(IOMMU_FIELD_dmar_flags_intr_remap, u->dmar.flags);

	if (u->dmar.whole)
		finding_evidence(out, "acpi", "DMAR, flags bit 0", "%s",
				 flag ? "firmware supports it" : "firmware does not support it");
	if (ir == IOMMU_SHARE_NONE || ir == IOMMU_SHARE_SOME || (u->dmar.whole && !flag))
		finding_set(out, ANSWER_NO, BASIS_PROVED);
	else if (ir == IOMMU_SHARE_ALL)
		finding_set(out, ANSWER_YES, u->dmar.whole ? BASIS_PROVED : BASIS_INFERRED);
	else if (u->dmar.whole)
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
}

static bool blames_ioapic(const struct acpi_notes *notes, struct finding *out)
{
	for (size_t i = 0; i < notes->n; i++)
		if (strncmp(notes->note[i].text, "I/O APIC", 8) == 0) {
			finding_evidence(out, "acpi", "APIC", "%s", notes->note[i].text);
			return true;
		}
	return false;
}

static void eval_remapping(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	struct iommus u;

	if (!begin(s, f, &u, out))
		return;
	remapping_intel(&u, out);
	/* Every AMD-Vi unit remaps; it must be told where the I/O APICs are. */
	if (out->answer == ANSWER_UNKNOWN && iommu_has_table(s, "IVRS")) {
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
		finding_evidence(out, "acpi", ACPI_FOLDER, "IVRS: every AMD-Vi unit can");
	}
	if (blames_ioapic(&u.dmar_wrong, out) || blames_ioapic(&u.ivrs_wrong, out) ||
	    tell_log(s, "not in IVRS table", out)) {
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
		finding_hint(out,
			     "Firmware does not tell which unit an I/O APIC belongs to. A firmware update "
			     "may help; on AMD the boot parameter ivrs_ioapic= tells it instead.");
	}
	if (tell_share(&u, IOMMU_FIELD_vtd_gsts_ires, "gsts bit 25, ires", out) == IOMMU_SHARE_ALL ||
	    tell_log(s, "Enabled IRQ remapping", out) ||
	    tell_log(s, "Interrupt remapping enabled", out)) {
		finding_set(out, ANSWER_YES, BASIS_PROVED);
		out->hint[0] = '\0';
	}
	iommus_free(&u);
}

const struct check check_iommu_remapping = {
	.id = "iommu.remapping",
	.question = "Can interrupts be remapped?",
	.explain =
		"Without it a device that is given to a guest can send the host any interrupt. Intel: "
		"ECAP bit 3 of every unit and the flag INTR_REMAP of DMAR; AMD: every unit can, if "
		"IVRS lists each I/O APIC. The kernel's log proves it, and GSTS (Intel, root, debugfs).",
	.optional = true,
	.eval = eval_remapping,
};

static void eval_posting(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	enum iommu_share pi, ga, gam;
	struct iommus u;

	if (!begin(s, f, &u, out))
		return;
	pi = tell_share(&u, IOMMU_FIELD_vtd_cap_pi, "cap bit 59, pi", out);
	ga = tell_share(&u, IOMMU_FIELD_amdvi_efr_gasup, "efr bit 7, gasup", out);
	gam = tell_share(&u, IOMMU_FIELD_amdvi_efr_gamsup, "efr bits 23:21, gamsup", out);
	if (pi == IOMMU_SHARE_ALL || (ga == IOMMU_SHARE_ALL && gam == IOMMU_SHARE_ALL))
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	else if (pi != IOMMU_SHARE_UNKNOWN || ga != IOMMU_SHARE_UNKNOWN)
		finding_set(out, ANSWER_NO, BASIS_PROVED);
	iommus_free(&u);
}

const struct check check_iommu_posting = {
	.id = "iommu.posting",
	.question = "Can devices' interrupts be posted to a running guest?",
	.explain =
		"Then an interrupt of a guest's device causes no VM exit. Intel: CAP bit 59 (PI) of every "
		"unit; AMD: EFR bit 7 (GASup) and the field GAMSup, which AVIC needs. Units' registers "
		"stand in /sys/class/iommu for everybody, EFR in IVRS as well.",
	.optional = true,
	.eval = eval_posting,
};

static void eval_protection(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	bool asked = false, known = false;
	struct iommus u;

	if (!begin(s, f, &u, out))
		return;
	if (u.dmar.whole) {
		asked |= iommu_field_value(IOMMU_FIELD_dmar_flags_dma_ctrl_platform_opt_in_flag,
					   u.dmar.flags);
		finding_evidence(out, "acpi", "DMAR, flags", "0x%x", u.dmar.flags);
	}
	if (u.ivrs.whole) {
		asked |= iommu_field_value(IOMMU_FIELD_ivinfo_dma_remap, u.ivrs.ivinfo);
		finding_evidence(out, "acpi", "IVRS, ivinfo", "0x%x", u.ivrs.ivinfo);
	}
	known = u.dmar.whole || u.ivrs.whole;
	asked |= tell_log(s, "force enabled due to platform opt in", out);
	if (asked || known)
		finding_set(out, asked ? ANSWER_YES : ANSWER_NO, BASIS_PROVED);
	iommus_free(&u);
}

const struct check check_iommu_protect = {
	.id = "iommu.protect",
	.question = "Does firmware ask for protection from devices' DMA?",
	.explain = "DMAR's flag DMA_CTRL_PLATFORM_OPT_IN, or bit 1 of IVRS's IVinfo: firmware has kept devices "
		   "out of memory since power-on, and the kernel then turns the IOMMU on by itself "
		   "(Thunderbolt). The tables are for root only; the kernel's log tells it, too.",
	.want = WANT_EITHER,
	.optional = true,
	.eval = eval_protection,
};

static void eval_virtual(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	enum iommu_share cm, cache;
	struct iommus u;

	if (!begin(s, f, &u, out))
		return;
	cm = tell_share(&u, IOMMU_FIELD_vtd_cap_cm, "cap bit 7, caching mode", out);
	cache = tell_share(&u, IOMMU_FIELD_amdvi_cap_npcache, "cap bit 26, npcache", out);
	if (cm == IOMMU_SHARE_ALL || cm == IOMMU_SHARE_SOME || cache == IOMMU_SHARE_ALL ||
	    cache == IOMMU_SHARE_SOME)
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
	else if (cm == IOMMU_SHARE_NONE || cache == IOMMU_SHARE_NONE)
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	iommus_free(&u);
}

const struct check check_iommu_virtual = {
	.id = "iommu.virtual",
	.question = "Is the IOMMU itself made by a hypervisor?",
	.explain =
		"A unit that asks to be told of entries that become present (Intel: CAP bit 7, caching mode; "
		"AMD: bit 26 of the capability, NpCache) is one that a hypervisor shadows: silicon does "
		"not ask. Without it nothing is proved.",
	.want = WANT_EITHER,
	.optional = true,
	.eval = eval_virtual,
};
