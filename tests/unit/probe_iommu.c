/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMUs of a snapshot: registers to the last bit, units joined with tables, the questions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/analyse.h"
#include "probe/iommu.h"
#include "probe/smbios.h"
#include "tests/unit/tap.h"

static bool is_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n && s[0] != '_' &&
	       s[n - 1] != '_';
}

/* No two rows hold one bit, and none is called as another of its register. */
static void test_fields(void)
{
	for (unsigned i = 0; i < IOMMU_FIELDS; i++) {
		const struct iommu_field *a = &iommu_fields[i];

		CU_ASSERT(is_name(a->name) && strncmp(a->name, "reserved_", 9) != 0);
		CU_ASSERT(a->low <= a->high && a->high < iommu_registers[a->reg].bits);
		CU_ASSERT(iommu_field_value(i, ~0ull) == ~0ull >> (63 - (a->high - a->low)));
		CU_ASSERT(iommu_field_value(i, 1ull << a->low) == 1);
		for (unsigned j = 0; j < i; j++) {
			const struct iommu_field *b = &iommu_fields[j];

			if (a->reg != b->reg)
				continue;
			CU_ASSERT(strcmp(a->name, b->name) != 0);
			CU_ASSERT(a->low > b->high || b->low > a->high);
		}
	}
	CU_ASSERT(iommu_unnamed(IOMMU_vtd_cap, ~0ull) ==
		  (1ull << 13 | 1ull << 14 | 1ull << 15 | 1ull << 38 | 3ull << 57));
	/* What most of today's units say; the manual leaves bit 53 out. */
	CU_ASSERT(iommu_unnamed(IOMMU_amdvi_efr, 0x206d73ef22254ade) == 1ull << 53);
	CU_ASSERT(iommu_unnamed(IOMMU_dmar_flags, 0xff) == 0xf8);
}

static void add_text(struct snapshot *s, const char *path, const char *text)
{
	CU_ASSERT(snapshot_add_data(s, SNAP_TEXT, path, 0, text, strlen(text)) == 0);
}

/* DMAR with units at 0xfed90000 (graphics) and 0xfed91000 (all), the flag INTR_REMAP. */
static void add_dmar(struct snapshot *s, unsigned char flags)
{
	unsigned char t[] =
		"DMAR\x60\0\0\0\1\0HAND  TABLE   \1\0\0\0ASL \1\0\0\0\x26\0\0\0\0\0\0\0\0\0\0\0"
		"\0\0\x18\0\0\0\0\0\0\0\xd9\xfe\0\0\0\0\1\x08\0\0\0\0\2\0"
		"\0\0\x18\0\1\0\0\0\0\x10\xd9\xfe\0\0\0\0\3\x08\0\0\2\xf0\x1f\0";
	unsigned char sum = 0;

	CU_ASSERT_FATAL(sizeof(t) - 1 == 0x60);
	t[37] = flags;
	for (size_t i = 0; i < 0x60; i++)
		sum += t[i];
	t[9] = -sum;
	CU_ASSERT(snapshot_add_data(s, SNAP_BLOB, ACPI_FOLDER "/DMAR", 0, t, 0x60) == 0);
}

static void add_intel(struct snapshot *s, const char *ecap1)
{
	CU_ASSERT(snapshot_add_data(s, SNAP_DIR, IOMMU_FOLDER, 0, "dmar0\ndmar1\n", 12) == 0);
	add_text(s, IOMMU_FOLDER "/dmar0/intel-iommu/cap", "1c0000c40660462\n");
	add_text(s, IOMMU_FOLDER "/dmar0/intel-iommu/ecap", "19e2ff0505e\n");
	add_text(s, IOMMU_FOLDER "/dmar0/intel-iommu/address", "fed90000\n");
	add_text(s, IOMMU_FOLDER "/dmar0/intel-iommu/version", "1:0\n");
	add_text(s, IOMMU_FOLDER "/dmar1/intel-iommu/cap", "8d2008c40660462\n");
	add_text(s, IOMMU_FOLDER "/dmar1/intel-iommu/ecap", ecap1);
	add_text(s, IOMMU_FOLDER "/dmar1/intel-iommu/address", "fed91000\n");
	add_text(s, IOMMU_FOLDER "/dmar1/intel-iommu/domains_supported", "65536\n");
}

static enum answer answer(const struct snapshot *s, const char *id)
{
	struct verdict v;
	enum answer a;

	CU_ASSERT_FATAL(verdict_make(&v, s) == 0);
	a = finding_answer(&v.findings, id);
	verdict_free(&v);
	return a;
}

static void test_intel(void)
{
	struct snapshot s;
	struct iommus u;

	snapshot_init(&s);
	add_dmar(&s, 5);
	add_intel(&s, "f050da\n");
	CU_ASSERT_FATAL(iommus_read(&s, &u) == 0);
	CU_ASSERT_FATAL(u.n == 2);
	CU_ASSERT(u.unit[0].kind == IOMMU_KIND_INTEL && u.unit[0].joined == 0 &&
		  u.unit[1].joined == 1);
	CU_ASSERT(u.unit[0].cap.value == 0x1c0000c40660462);
	CU_ASSERT_STRING_EQUAL(u.unit[0].version, "1:0");
	CU_ASSERT(u.unit[1].domains.value == 65536 && !u.unit[0].domains.known);
	CU_ASSERT(iommus_share(&u, IOMMU_FIELD_vtd_ecap_ir) == IOMMU_SHARE_ALL);
	CU_ASSERT(iommus_share(&u, IOMMU_FIELD_vtd_cap_pi) == IOMMU_SHARE_SOME);
	CU_ASSERT(iommus_share(&u, IOMMU_FIELD_vtd_cap_cm) == IOMMU_SHARE_NONE);
	CU_ASSERT(iommus_share(&u, IOMMU_FIELD_amdvi_efr_gasup) == IOMMU_SHARE_UNKNOWN);
	CU_ASSERT(u.dmar_wrong.n == 0);
	iommus_free(&u);
	CU_ASSERT(answer(&s, "iommu.table") == ANSWER_YES);
	CU_ASSERT(answer(&s, "iommu.sane") == ANSWER_YES);
	CU_ASSERT(answer(&s, "iommu.active") == ANSWER_YES);
	CU_ASSERT(answer(&s, "iommu.remapping") == ANSWER_YES);
	CU_ASSERT(answer(&s, "iommu.posting") == ANSWER_NO);
	CU_ASSERT(answer(&s, "iommu.protect") == ANSWER_YES);
	CU_ASSERT(answer(&s, "iommu.virtual") == ANSWER_NO);
	snapshot_free(&s);
}

/* A unit that cannot, or firmware that says so: not remapped. A unit that no DRHD names: a fault. */
static void test_intel_wrong(void)
{
	struct snapshot s;

	snapshot_init(&s);
	add_dmar(&s, 5);
	add_intel(&s, "f050d2\n");
	add_text(&s, IOMMU_FOLDER "/dmar1/intel-iommu/domains_used", "1\n");
	CU_ASSERT(answer(&s, "iommu.remapping") == ANSWER_NO);
	snapshot_free(&s);
	snapshot_init(&s);
	add_dmar(&s, 0);
	add_text(&s, IOMMU_FOLDER "/dmar0/intel-iommu/address", "fed98000\n");
	add_intel(&s, "f050da\n");
	CU_ASSERT(answer(&s, "iommu.remapping") == ANSWER_NO);
	CU_ASSERT(answer(&s, "iommu.sane") == ANSWER_NO);
	CU_ASSERT(answer(&s, "iommu.protect") == ANSWER_NO);
	snapshot_free(&s);
}

/* Two values in either order, and one alone. */
static void test_amd(void)
{
	static const char *const features[] = { "206d73ef22254ade\n", "206d73ef22254ade:a\n",
						"a:206d73ef22254ade\n" };

	for (size_t i = 0; i < 3; i++) {
		struct snapshot s;
		struct iommus u;

		snapshot_init(&s);
		CU_ASSERT(snapshot_add_data(&s, SNAP_DIR, IOMMU_FOLDER, 0, "ivhd0\n", 6) == 0);
		CU_ASSERT(snapshot_add_data(&s, SNAP_DIR, ACPI_FOLDER, 0, "IVRS\n", 5) == 0);
		CU_ASSERT(snapshot_add_data(&s, SNAP_BLOB, ACPI_FOLDER "/IVRS", EACCES, NULL, 0) == 0);
		add_text(&s, IOMMU_FOLDER "/ivhd0/amd-iommu/cap", "190b640f\n");
		add_text(&s, IOMMU_FOLDER "/ivhd0/amd-iommu/features", features[i]);
		CU_ASSERT_FATAL(iommus_read(&s, &u) == 0 && u.n == 1);
		CU_ASSERT(u.unit[0].kind == IOMMU_KIND_AMD && u.unit[0].joined == IOMMU_NOT_JOINED);
		CU_ASSERT(u.unit[0].efr.value == 0x206d73ef22254ade);
		CU_ASSERT(u.unit[0].efr2.known == (i > 0) && u.unit[0].efr2.value == (i ? 10 : 0));
		iommus_free(&u);
		CU_ASSERT(answer(&s, "iommu.remapping") == ANSWER_YES);
		CU_ASSERT(answer(&s, "iommu.posting") == ANSWER_YES);
		CU_ASSERT(answer(&s, "iommu.virtual") == ANSWER_NO);
		CU_ASSERT(answer(&s, "iommu.sane") == ANSWER_UNKNOWN);
		CU_ASSERT(answer(&s, "iommu.protect") == ANSWER_UNKNOWN);
		snapshot_free(&s);
	}
}

static void test_status(void)
{
	struct snapshot s;
	struct iommus u;

	snapshot_init(&s);
	add_intel(&s, "f050da\n");
	add_text(&s, REGISTERS_FILE,
		 "IOMMU: dmar0 Register Base Address: fed90000\nGSTS            \t0x1c\t\t0x0000000086000000\n"
		 "IOMMU: dmar1 Register Base Address: fed91000\nGSTS            \t0x1c\t\t0x00000000c7000000\n");
	CU_ASSERT_FATAL(iommus_read(&s, &u) == 0 && u.n == 2);
	CU_ASSERT(u.unit[0].gsts.value == 0x86000000 && u.unit[1].gsts.value == 0xc7000000);
	CU_ASSERT(iommus_share(&u, IOMMU_FIELD_vtd_gsts_tes) == IOMMU_SHARE_ALL);
	CU_ASSERT(iommus_share(&u, IOMMU_FIELD_vtd_gsts_rtps) == IOMMU_SHARE_SOME);
	CU_ASSERT(answer(&s, "iommu.remapping") == ANSWER_YES);
	iommus_free(&u);
	snapshot_free(&s);
}

/* A firmware that says it is virtual, two processors of which one has VT off; serial numbers beside them. */
static void test_smbios(void)
{
	static const unsigned char dmi[] =
		"\0\x18\0\0\1\2\0\xf0\3\xff\x08\0\0\0\0\0\0\0\0\x1c\0\0\xff\xffVendor\0Version\0\0"
		"\1\x08\1\0\1\2\3\4Maker\0SERIAL-NUMBER\0\0"
		"\4\x28\2\0\1\3\xb3\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\1\1\1\xfc\0CPU\0SERIAL\0\0"
		"\4\x28\3\0\1\3\xb3\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\1\1\1\xbc\0CPU\0SERIAL\0\0"
		"\x7f\4\4\0\0";
	struct buf kept = BUF_INIT;
	struct snapshot s;
	struct smbios b;

	for (size_t len = 0; len <= sizeof(dmi); len++) {
		unsigned char *copy = malloc(len ? len : 1);

		memcpy(copy, dmi, len);
		buf_clear(&kept);
		smbios_keep(copy, len, &kept);
		free(copy);
	}
	CU_ASSERT(kept.len == 0x18 + 2 + 2 * (0x28 + 2));
	CU_ASSERT(!memmem(kept.data, kept.len, "SERIAL", 6) && !memmem(kept.data, kept.len, "Vendor", 6));
	snapshot_init(&s);
	CU_ASSERT(snapshot_add_data(&s, SNAP_BLOB, SMBIOS_FILE, 0, kept.data, kept.len) == 0);
	smbios_read(&s, &b);
	CU_ASSERT(b.virtual_machine == ANSWER_YES && b.enhanced_virtualization == ANSWER_NO);
	CU_ASSERT(answer(&s, "outer.tables") == ANSWER_YES);
	snapshot_free(&s);
	buf_free(&kept);
}

static void test_nothing(void)
{
	struct snapshot s;

	snapshot_init(&s);
	CU_ASSERT(answer(&s, "iommu.table") == ANSWER_UNKNOWN);
	CU_ASSERT(answer(&s, "iommu.sane") == ANSWER_UNKNOWN);
	CU_ASSERT(answer(&s, "iommu.remapping") == ANSWER_UNKNOWN);
	CU_ASSERT(answer(&s, "outer.tables") == ANSWER_UNKNOWN);
	CU_ASSERT(snapshot_add_data(&s, SNAP_DIR, ACPI_FOLDER, 0, "APIC\nCCEL\nFACP\nWAET\n", 20) ==
		  0);
	CU_ASSERT(answer(&s, "iommu.table") == ANSWER_NO);
	CU_ASSERT(answer(&s, "iommu.sane") == ANSWER_NA);
	CU_ASSERT(answer(&s, "iommu.posting") == ANSWER_NA);
	CU_ASSERT(answer(&s, "outer.tables") == ANSWER_YES);
	CU_ASSERT(answer(&s, "firmware.coco") == ANSWER_YES);
	snapshot_free(&s);
}

static const struct tap_test tests[] = {
	{ "every field has bits and a name of its own", test_fields },
	{ "VT-d units are joined with DRHDs by their address", test_intel },
	{ "units that cannot, and units that no table names", test_intel_wrong },
	{ "AMD-Vi features are read in either order", test_amd },
	{ "a unit's status stands under its heading", test_status },
	{ "of SMBIOS no text is kept", test_smbios },
	{ "what was not recorded stays unknown, what is not there is not asked", test_nothing },
	{ 0 }
};

int main(void)
{
	return tap_run("probe_iommu", tests);
}
