/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware and the kernel tell of IOMMUs. Contents of ACPI tables are for root only, their
 * names and the units' registers for everybody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/analyse.h"
#include "probe/collect_private.h"
#include "probe/iommu.h"
#include "probe/smbios.h"

#define TABLE_MAX (1u << 20)
#define TEXT_MAX (64u << 10)
#define IOMEM_MAX (4u << 20)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The files (names) below (folder)/(entry). */
static int collect_names(struct snapshot *s, const char *folder, const char *entry,
			 const char *const *names, size_t n)
{
	char file[512];
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		if (snprintf(file, sizeof(file), "%s/%s/%s", folder, entry, names[i]) <
		    (int)sizeof(file))
			rc = collect_file(s, SNAP_TEXT, file, TEXT_MAX);
	return rc;
}

static int collect_devices(struct snapshot *s, const char *unit)
{
	char path[512];

	if (snprintf(path, sizeof(path), IOMMU_FOLDER "/%s/devices", unit) >= (int)sizeof(path))
		return 0;
	return collect_dir(s, path);
}

static int collect_unit(struct snapshot *s, const char *unit)
{
	static const char *const intel[] = { "intel-iommu/cap",
					     "intel-iommu/ecap",
					     "intel-iommu/version",
					     "intel-iommu/address",
					     "intel-iommu/domains_supported",
					     "intel-iommu/domains_used" };
	static const char *const amd[] = { "amd-iommu/cap", "amd-iommu/features" };

	int rc = collect_devices(s, unit);

	if (!rc && strncmp(unit, "dmar", 4) == 0)
		rc = collect_names(s, IOMMU_FOLDER, unit, intel, COUNT(intel));
	if (!rc && strncmp(unit, "ivhd", 4) == 0)
		rc = collect_names(s, IOMMU_FOLDER, unit, amd, COUNT(amd));
	return rc;
}

static int collect_group(struct snapshot *s, const char *group)
{
	static const char *const type[] = { "type" };

	return collect_names(s, GROUPS_FOLDER, group, type, 1);
}

/* Calls (each) with the entries of (folder), which is a record already. */
static int collect_entries(struct snapshot *s, const char *folder,
			   int (*each)(struct snapshot *s, const char *entry))
{
	const char *list = snapshot_text(s, SNAP_DIR, folder);
	char *entries = list ? strdup(list) : NULL, *save = NULL;
	int rc = list && !entries ? -ENOMEM : 0;

	for (char *e = entries ? strtok_r(entries, "\n", &save) : NULL; e && !rc;
	     e = strtok_r(NULL, "\n", &save))
		rc = each(s, e);
	free(entries);
	return rc;
}

/* Of the newest record, the lines in which one of two words occurs. */
static void keep_lines(struct snapshot *s, const char *word, const char *other)
{
	struct snap_record *r = &s->rec[s->n - 1];
	size_t to = 0;

	for (size_t at = 0; at < r->len;) {
		const unsigned char *line = r->data + at, *end = memchr(line, '\n', r->len - at);
		size_t n = end ? (size_t)(end - line) + 1 : r->len - at;

		if (memmem(line, n, word, strlen(word)) || memmem(line, n, other, strlen(other))) {
			memmove(r->data + to, line, n);
			to += n;
		}
		at += n;
	}
	if (r->data)
		r->data[to] = '\0';
	r->len = to;
}

/* A file as a record, but only the lines in which one of two words occurs. */
static int collect_lines(struct snapshot *s, const char *path, size_t max, const char *word,
			 const char *other)
{
	size_t before = s->n;
	int rc = collect_file(s, SNAP_TEXT, path, max);

	if (!rc && s->n > before && !s->rec[s->n - 1].err)
		keep_lines(s, word, other);
	return rc;
}

/*
 * Which memory firmware has reserved, to hold DMAR and IVRS against. Not where the kernel and the
 * devices are: that is nobody's business.
 */
static int collect_reserved(struct snapshot *s)
{
	return collect_lines(s, "/proc/iomem", IOMEM_MAX, "Reserved", "reserved");
}

/* What the units do now: their status, not where their tables are. */
static int collect_status(struct snapshot *s)
{
	const char *units = snapshot_text(s, SNAP_DIR, IOMMU_FOLDER);

	if (!units || !strstr(units, "dmar"))
		return 0;
	return collect_lines(s, REGISTERS_FILE, IOMEM_MAX, "IOMMU:", "GSTS");
}

/* Without serial numbers, and without any other text. */
static int collect_smbios(struct snapshot *s)
{
	struct buf kept = BUF_INIT;
	struct snap_record *r;
	size_t before = s->n;
	int rc = collect_file(s, SNAP_BLOB, SMBIOS_FILE, TABLE_MAX);

	if (rc || s->n == before || s->rec[before].err)
		return rc;
	r = &s->rec[before];
	smbios_keep(r->data, r->len, &kept);
	rc = buf_error(&kept);
	if (!rc) {
		if (kept.len)
			memcpy(r->data, kept.data, kept.len);
		r->data[kept.len] = '\0';
		r->len = kept.len;
	}
	buf_free(&kept);
	return rc;
}

static int collect_table(struct snapshot *s, const char *signature)
{
	char path[64];

	snprintf(path, sizeof(path), ACPI_FOLDER "/%s", signature);
	return collect_file(s, SNAP_BLOB, path, TABLE_MAX);
}

static int collect_tables(struct snapshot *s)
{
	int rc = collect_table(s, "DMAR");

	if (!rc)
		rc = collect_table(s, "IVRS");
	if (!rc && view_listed(s, ACPI_FOLDER, "FACP"))
		rc = collect_table(s, "FACP");
	if (rc || (!iommu_table(s, "DMAR") && !iommu_table(s, "IVRS")))
		return rc;
	rc = collect_table(s, "APIC");
	return rc ? rc : collect_reserved(s);
}

int collect_iommu(struct snapshot *s)
{
	int rc = collect_dir(s, ACPI_FOLDER);

	if (!rc)
		rc = collect_dir(s, IOMMU_FOLDER);
	if (!rc)
		rc = collect_dir(s, GROUPS_FOLDER);
	if (!rc)
		rc = collect_tables(s);
	if (!rc)
		rc = collect_entries(s, IOMMU_FOLDER, collect_unit);
	if (!rc)
		rc = collect_entries(s, GROUPS_FOLDER, collect_group);
	if (!rc)
		rc = collect_status(s);
	return rc ? rc : collect_smbios(s);
}
