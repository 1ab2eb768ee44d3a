/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMAR and IVRS, made by hand: every structure, block and entry; what cannot be; and every
 * truncation and change of a byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/acpi.h"
#include "tests/unit/tap.h"

#define TABLE_MAX 2048

struct table {
	unsigned char bytes[TABLE_MAX];
	size_t len;
};

static void put(struct table *t, const char *hex)
{
	for (; *hex; hex += 2) {
		unsigned byte;

		if (*hex == ' ') {
			hex--;
			continue;
		}
		CU_ASSERT_FATAL(sscanf(hex, "%2x", &byte) == 1 && t->len < TABLE_MAX);
		t->bytes[t->len++] = byte;
	}
}

/* Length and checksum as they must be. */
static void seal(struct table *t)
{
	unsigned char sum = 0;

	for (int i = 0; i < 4; i++)
		t->bytes[4 + i] = t->len >> 8 * i;
	t->bytes[9] = 0;
	for (size_t i = 0; i < t->len; i++)
		sum += t->bytes[i];
	t->bytes[9] = -sum;
}

static void begin(struct table *t, const char *signature, const char *rest)
{
	*t = (struct table){ .len = ACPI_HEADER_BYTES };
	memcpy(t->bytes, signature, 4);
	t->bytes[8] = 2;
	memcpy(t->bytes + 10, "HAND\x01 " "TABLE   ", 14);
	put(t, rest);
}

#define DMAR_REST "2605 00000000000000000000"	/* 39 bits; INTR_REMAP, DMA_CTRL_PLATFORM_OPT_IN */

static void all_of_dmar(struct table *t)
{
	begin(t, "DMAR", DMAR_REST);
	put(t, "0000 1800 00 00 0000 0000d9fe00000000 0108000000000200");	/* graphics */
	put(t, "0000 2a00 01 02 0000 0010d9fe00000000");	/* the rest, with I/O APIC, HPET, two behind bridges */
	put(t, "0308000002f01f00 040800000000 1e06 020a00000005 1c001d01");
	put(t, "0100 2000 0000 0000 0000207b00000000 ffff3f7b00000000 0108000000001400");
	put(t, "0200 1000 01 00 0000 0208000000000100");
	put(t, "0300 1400 00000000 0010d9fe00000000 03000000");
	put(t, "0400 1400 000000 07 5c5f53422e50434930 00 00 00");
	put(t, "0500 1000 01 00 0000 0108000000000500");
	put(t, "0600 1000 0000 0000 01081c0000000200");
	put(t, "0900 0600 abcd");	/* none that is known */
	seal(t);
}

static void find_note(const struct acpi_notes *notes, bool fault, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < notes->n; i++)
		found |= notes->note[i].fault == fault && strstr(notes->note[i].text, text);
	if (!found) {
		tap_note("no note '%s' among:", text);
		for (size_t i = 0; i < notes->n; i++)
			tap_note("%zu: %s", notes->note[i].offset, notes->note[i].text);
	}
	CU_ASSERT(found);
}

static void test_dmar(void)
{
	static const uint16_t types[] = { 0, 0, 1, 2, 3, 4, 5, 6, 9 };
	const struct dmar_structure *st;
	struct table t;
	struct dmar d;

	all_of_dmar(&t);
	CU_ASSERT_FATAL(dmar_decode(t.bytes, t.len, &d) == 0);
	CU_ASSERT(d.header.checksum == ACPI_SUM_OK && d.header.length == t.len && d.header.revision == 2);
	CU_ASSERT_STRING_EQUAL(d.header.oem_id, "HAND?");
	CU_ASSERT_STRING_EQUAL(d.header.oem_table_id, "TABLE");
	CU_ASSERT(d.host_address_width == 39 && d.flags == 5);
	CU_ASSERT_FATAL(d.n == sizeof(types) / sizeof(types[0]));
	for (size_t i = 0; i < d.n; i++)
		CU_ASSERT(d.structure[i].type == types[i] && d.structure[i].whole == (types[i] != 9));
	st = d.structure;
	CU_ASSERT(st[0].offset == 48 && st[0].length == 24 && st[0].base == 0xfed90000 && st[0].flags == 0);
	CU_ASSERT_FATAL(st[1].n_scopes == 3 && st[1].flags == 1 && st[1].size == 2);
	CU_ASSERT(d.scope[st[1].first_scope].type == DMAR_SCOPE_ioapic);
	CU_ASSERT(d.scope[st[1].first_scope].enumeration_id == 2);
	CU_ASSERT(d.scope[st[1].first_scope].start_bus == 0xf0);
	CU_ASSERT(d.scope[st[1].first_scope + 2].n_path == 2);
	CU_ASSERT(d.scope[st[1].first_scope + 2].path[2] == 0x1d && d.scope[st[1].first_scope + 2].path[3] == 1);
	CU_ASSERT(st[2].base == 0x7b200000 && st[2].limit == 0x7b3fffff && st[2].n_scopes == 1);
	CU_ASSERT(st[3].flags == 1 && st[3].n_scopes == 1);
	CU_ASSERT(st[4].base == 0xfed91000 && st[4].proximity == 3);
	CU_ASSERT(st[5].device_number == 7 && st[5].name_len == 9 && !memcmp(st[5].name, "\\_SB.PCI0", 9));
	CU_ASSERT(st[6].flags == 1 && st[6].n_scopes == 1);
	CU_ASSERT(d.scope[st[7].first_scope].flags == 0x1c);
	CU_ASSERT(d.notes.n == 1);
	find_note(&d.notes, false, "unknown type, 9");
	dmar_free(&d);
}

/* ---- IVRS ---- */

#define IVRS_REST "43302000 0000000000000000"

static void all_of_ivrs(struct table *t)
{
	begin(t, "IVRS", IVRS_REST);
	put(t, "10b0 2400 0200 4000 000030fd00000000 0000 0d03 6f8f0480");	/* flags .. features */
	put(t, "03080000 04feff00 00000000");
	put(t, "11b0 2c00 0200 4000 000030fd00000000 0000 0000 00020400 de4a2522ef736d20 0a00000000000000");
	put(t, "01000000");
	put(t, "4030 9100 0200 4000 000030fd00000000 0000 0000 00020400 de4a2522ef736d20 0000000000000000");
	put(t, "02080001 0310 0000 04180000 05000000");
	put(t, "4300ff00 00a50000 04ffff00");
	put(t, "4210000000a30000 4620000000000080 4728000000000000 0430 0000");
	put(t, "48000000 00a00002 480000d7 21a00001 4000000000000000");
	put(t, "f0a00000 414d444930303230 0000000000000000 02 03 494431");
	put(t, "2009 2000 0000 0000 0000000000000000 0000007c00000000 0000100000000000");
	put(t, "2106 2000 a100 0000 0000000000000000 0000107c00000000 0010000000000000");
	put(t, "2201 2000 0001 ff01 0000000000000000 0000207c00000000 0020000000000000");
	put(t, "5100 0800 00000000");
	seal(t);
}

static void test_ivrs(void)
{
	static const uint8_t types[] = { 0x10, 0x11, 0x40, 0x20, 0x21, 0x22, 0x51 };
	static const uint8_t entries[] = { 2, 3, 4, 5, 0x43, 4, 0x42, 0x46, 0x47, 4, 0x48, 0x48, 0x40, 0xf0 };
	const struct ivrs_entry *e;
	struct table t;
	struct ivrs v;

	all_of_ivrs(&t);
	CU_ASSERT_FATAL(ivrs_decode(t.bytes, t.len, &v) == 0);
	CU_ASSERT(v.header.checksum == ACPI_SUM_OK && v.ivinfo == 0x203043);
	CU_ASSERT_FATAL(v.n == sizeof(types));
	for (size_t i = 0; i < v.n; i++) {
		CU_ASSERT(v.block[i].type == types[i] && v.block[i].whole == (types[i] != 0x51));
		CU_ASSERT(v.block[i].counts == (types[i] == 0x40));
	}
	CU_ASSERT(v.block[0].base == 0xfd300000 && v.block[0].info == 0x30d && !v.block[0].has_efr);
	CU_ASSERT(v.block[0].features == 0x80048f6f && v.block[0].n_entries == 3);
	CU_ASSERT(v.block[1].efr == 0x206d73ef22254ade && v.block[1].efr2 == 10);
	CU_ASSERT_FATAL(v.block[2].n_entries == sizeof(entries));
	e = v.entry + v.block[2].first_entry;
	for (size_t i = 0; i < sizeof(entries); i++)
		CU_ASSERT(e[i].type == entries[i]);
	CU_ASSERT(e[0].device == 8 && e[0].settings == 1);
	CU_ASSERT(e[4].device == 0xff00 && e[4].source == 0xa5);
	CU_ASSERT(e[7].extended == 0x80000000);
	CU_ASSERT(e[11].handle == 0x21 && e[11].source == 0xa0 && e[11].variety == 1 && e[11].settings == 0xd7);
	CU_ASSERT_STRING_EQUAL(e[13].hid, "AMDI0020");
	CU_ASSERT(e[13].uid_format == 2 && e[13].uid_len == 3 && !memcmp(e[13].uid, "ID1", 3));
	CU_ASSERT(v.block[3].start == 0x7c000000 && v.block[3].bytes == 0x100000 && v.block[3].flags == 9);
	CU_ASSERT(v.block[5].device == 0x100 && v.block[5].aux == 0x1ff);
	CU_ASSERT(v.notes.n == 2);
	find_note(&v.notes, false, "unknown type, 0x05");
	find_note(&v.notes, false, "unknown type, 0x51");
	ivrs_free(&v);
}

/* An entry of a length that nobody knows ends its block, not the table. */
static void test_unknown_entry(void)
{
	struct table t;
	struct ivrs v;

	begin(&t, "IVRS", IVRS_REST);
	put(&t, "1000 2400 0200 4000 000030fd00000000 0000 0000 00000000 01000000 90000000 01000000");
	put(&t, "5100 0800 00000000");
	seal(&t);
	CU_ASSERT_FATAL(ivrs_decode(t.bytes, t.len, &v) == 0);
	CU_ASSERT(v.n == 2 && v.block[0].n_entries == 1);
	find_note(&v.notes, true, "0x90 is of unknown length");
	ivrs_free(&v);
}

/* ---- any bytes ---- */

/* Decodes a copy of its own: the sanitizer finds a read behind it. What is found lies in the table. */
static size_t decode_any(const unsigned char *bytes, size_t len)
{
	unsigned char *copy = malloc(len ? len : 1);
	const struct acpi_machine m = { 0 };
	struct acpi_notes wrong = { 0 };
	struct dmar d;
	struct ivrs v;
	size_t notes;

	memcpy(copy, bytes, len);
	CU_ASSERT(dmar_decode(copy, len, &d) == 0 && dmar_check(&d, &m, &wrong) == 0);
	CU_ASSERT(ivrs_decode(copy, len, &v) == 0 && ivrs_check(&v, &m, &wrong) == 0);
	for (size_t i = 0; i < d.n; i++) {
		CU_ASSERT(d.structure[i].offset + d.structure[i].length <= len);
		CU_ASSERT(d.structure[i].first_scope + d.structure[i].n_scopes <= d.n_scopes);
	}
	for (size_t i = 0; i < d.n_scopes; i++)
		CU_ASSERT(d.scope[i].offset + d.scope[i].length <= len);
	for (size_t i = 0; i < v.n; i++) {
		CU_ASSERT(v.block[i].offset + v.block[i].length <= len);
		CU_ASSERT(v.block[i].first_entry + v.block[i].n_entries <= v.n_entries);
	}
	for (size_t i = 0; i < v.n_entries; i++)
		CU_ASSERT(v.entry[i].offset + v.entry[i].length <= len);
	/* One of the two finds a signature that is not its own. */
	notes = d.notes.n + v.notes.n;
	dmar_free(&d);
	ivrs_free(&v);
	acpi_notes_free(&wrong);
	free(copy);
	return notes;
}

static void test_truncations(void)
{
	void (*const make[])(struct table *t) = { all_of_dmar, all_of_ivrs };
	struct table t;

	for (size_t i = 0; i < 2; i++) {
		make[i](&t);
		for (size_t len = 0; len < t.len; len++) {
			CU_ASSERT(decode_any(t.bytes, len) >= 2);
			/* And where the table itself says that it is so short. */
			if (len >= ACPI_HEADER_BYTES) {
				struct table cut = t;

				cut.len = len;
				seal(&cut);
				decode_any(cut.bytes, cut.len);
			}
		}
	}
}

static void test_changes(void)
{
	static const unsigned char values[] = { 0, 1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x20, 0x40, 0x48, 0x7f, 0x80,
						0xf0, 0xff };
	void (*const make[])(struct table *t) = { all_of_dmar, all_of_ivrs };
	struct table t, changed;

	for (size_t i = 0; i < 2; i++) {
		make[i](&t);
		for (size_t at = 0; at < t.len; at++)
			for (size_t n = 0; n < sizeof(values); n++) {
				changed = t;
				changed.bytes[at] = values[n];
				decode_any(changed.bytes, changed.len);
			}
	}
}

static void test_long_table(void)
{
	const size_t len = 3 * ACPI_DECODE_MAX;
	unsigned char *bytes = calloc(1, len);
	struct table t;
	struct dmar d;

	begin(&t, "DMAR", DMAR_REST);
	memcpy(bytes, t.bytes, t.len);
	bytes[6] = len >> 16;
	for (size_t at = 48; at + 4 <= len; at += 4) {
		bytes[at] = 9;
		bytes[at + 2] = 4;
	}
	CU_ASSERT(dmar_decode(bytes, len, &d) == 0);
	CU_ASSERT(d.n == (ACPI_DECODE_MAX - 48) / 4);
	find_note(&d.notes, false, "only the first");
	find_note(&d.notes, true, "wrong checksum");
	dmar_free(&d);
	free(bytes);
}

/* ---- what makes no sense ---- */

static void expect_dmar(const char *rest, const char *structures, const struct acpi_machine *m, const char *text)
{
	const struct acpi_machine none = { 0 };
	struct acpi_notes wrong = { 0 };
	struct table t;
	struct dmar d;

	begin(&t, "DMAR", rest);
	put(&t, structures);
	seal(&t);
	CU_ASSERT(dmar_decode(t.bytes, t.len, &d) == 0 && dmar_check(&d, m ? m : &none, &wrong) == 0);
	if (text)
		find_note(&wrong, true, text);
	else
		CU_ASSERT(wrong.n == 0);
	dmar_free(&d);
	acpi_notes_free(&wrong);
}

#define UNIT_ALL "0000 1800 01 00 0000 0010d9fe00000000 0308000002001f00"

static void test_dmar_sense(void)
{
	struct acpi_range memory = { 0x7b000000, 0x7bffffff };
	const struct acpi_machine one = { .has_ioapics = true, .ioapics = { 4 } },
				  two = { .has_ioapics = true, .ioapics = { 4, 1 } },
				  map = { .reserved = &memory, .n_reserved = 1 };

	expect_dmar(DMAR_REST, UNIT_ALL, NULL, NULL);
	expect_dmar(DMAR_REST, UNIT_ALL, &one, NULL);
	expect_dmar(DMAR_REST, UNIT_ALL, &two, "I/O APIC 64 is in no DRHD");
	/* Where nothing is remapped, nothing is missing. */
	expect_dmar("2604 00000000000000000000", UNIT_ALL, &two, NULL);
	expect_dmar(DMAR_REST, "", NULL, "no DRHD");
	expect_dmar(DMAR_REST, "0000 1000 01 00 0000 0000000000000000", NULL, "no unit can be there");
	expect_dmar(DMAR_REST, "0000 1000 01 00 0000 ffffffffffffffff", NULL, "no unit can be there");
	expect_dmar(DMAR_REST, "0000 1000 01 00 0000 0010d9fe00000000" UNIT_ALL, NULL, "a second DRHD");
	expect_dmar(DMAR_REST, "0000 1000 01 00 0000 0110d9fe00000000", NULL, "not the start of a page");
	expect_dmar(DMAR_REST, UNIT_ALL "0000 1000 00 00 0000 0020d9fe00000000", NULL, "not the last");
	expect_dmar(DMAR_REST, "0000 1800 00 00 0000 0000d9fe00000000 0108000000000200", NULL, "graphics");
	expect_dmar(DMAR_REST, "0000 1000 00 00 0000 0000d9fe00000000", NULL, "no unit takes");
	expect_dmar(DMAR_REST, UNIT_ALL "0100 1800 0000 0000 0000207b00000000 ffff3f7b00000000", &map, NULL);
	expect_dmar(DMAR_REST, UNIT_ALL "0100 1800 0000 0000 0000207c00000000 ffff3f7c00000000", &map,
		    "not in reserved memory");
	expect_dmar(DMAR_REST, UNIT_ALL "0100 1800 0000 0000 0000207b00000000 0000207b00000000", NULL,
		    "before it begins");
	expect_dmar(DMAR_REST, UNIT_ALL "0100 1800 0000 0000 0100207b00000000 ffff3f7b00000000", NULL,
		    "not made of pages");
}

static void expect_ivrs(const char *blocks, const struct acpi_machine *m, const char *text)
{
	struct acpi_notes wrong = { 0 };
	struct table t;
	struct ivrs v;

	begin(&t, "IVRS", IVRS_REST);
	put(&t, blocks);
	seal(&t);
	CU_ASSERT(ivrs_decode(t.bytes, t.len, &v) == 0 && ivrs_check(&v, m, &wrong) == 0);
	if (text)
		find_note(&wrong, true, text);
	else
		CU_ASSERT(wrong.n == 0);
	ivrs_free(&v);
	acpi_notes_free(&wrong);
}

#define IVHD_IOAPIC "1000 2000 0200 4000 000030fd00000000 0000 0000 00000000 48000000 21a00001"

static void test_ivrs_sense(void)
{
	struct acpi_range memory = { 0x7c000000, 0x7cffffff };
	struct acpi_machine m = { .has_ioapics = true, .ioapics = { 1ull << 0x21 } };

	expect_ivrs(IVHD_IOAPIC, &m, NULL);
	m.ioapics[0] |= 1ull << 0x22;
	expect_ivrs(IVHD_IOAPIC, &m, "I/O APIC 34 is in no IVHD");
	m = (struct acpi_machine){ .reserved = &memory, .n_reserved = 1 };
	expect_ivrs("", &m, "no IVHD");
	expect_ivrs("1000 1800 0200 4000 0000000000000000 0000 0000 00000000", &m, "no unit can be there");
	expect_ivrs(IVHD_IOAPIC "2001 2000 0000 0000 0000000000000000 0000007c00000000 0000100000000000", &m, NULL);
	expect_ivrs(IVHD_IOAPIC "2001 2000 0000 0000 0000000000000000 0000007d00000000 0000100000000000", &m,
		    "not in reserved memory");
	expect_ivrs(IVHD_IOAPIC "2001 2000 0000 0000 0000000000000000 0000007c00000000 0000000000000000", &m,
		    "before it begins");
}

/* ---- APIC, FACP, memory ---- */

static void test_machine(void)
{
	struct acpi_machine m = { 0 };
	struct table t;

	begin(&t, "APIC", "0000e0fe 01000000");
	put(&t, "0008 00 00 01000000 010c 02 00 0000c0fe 00000000 010c ff 00 0010c0fe 18000000 0004");
	seal(&t);
	acpi_machine_ioapics(&m, t.bytes, t.len);
	CU_ASSERT(m.has_ioapics && m.ioapics[0] == 4 && m.ioapics[3] == 1ull << 63 && !m.ioapics[1]);
	for (size_t len = 0; len < t.len; len++) {
		unsigned char *copy = malloc(len ? len : 1);

		memcpy(copy, t.bytes, len);
		acpi_machine_ioapics(&m, copy, len);
		free(copy);
	}
	CU_ASSERT(acpi_machine_reserved(&m, "00000000-00000fff : Reserved\n"
					    "7b000000-7b7fffff : Reserved\n"
					    "  7b800000-7bffffff : Reserved\n"
					    "00000000-00000000 : Reserved\n"
					    "80000000-8fffffff : System RAM\n"
					    "nonsense\n\nfffffffffffffff0-ffffffffffffffff : Reserved") == 0);
	CU_ASSERT_FATAL(m.n_reserved == 3);
	CU_ASSERT(m.reserved[1].first == 0x7b000000 && m.reserved[1].last == 0x7bffffff);
	acpi_machine_free(&m);
}

static void test_fadt(void)
{
	unsigned char fadt[276] = "FACP\x14\x01";
	char identity[9];

	CU_ASSERT(!fadt_hypervisor(fadt, sizeof(fadt), identity));
	memcpy(fadt + 268, "HyperHop", 8);
	CU_ASSERT(fadt_hypervisor(fadt, sizeof(fadt), identity));
	CU_ASSERT_STRING_EQUAL(identity, "HyperHop");
	CU_ASSERT(!fadt_hypervisor(fadt, sizeof(fadt) - 1, identity));
	fadt[4] = 0;	/* as old revisions are */
	CU_ASSERT(!fadt_hypervisor(fadt, sizeof(fadt), identity));
}

static const struct tap_test tests[] = {
	{ "DMAR: every structure, and one that nobody knows", test_dmar },
	{ "IVRS: every block and entry, and those that nobody knows", test_ivrs },
	{ "an entry of unknown length ends its block", test_unknown_entry },
	{ "every truncation is told, none reads too far", test_truncations },
	{ "no change of a byte leads out of the table", test_changes },
	{ "a table made to be long is read in part", test_long_table },
	{ "DMAR: what makes no sense is told", test_dmar_sense },
	{ "IVRS: what makes no sense is told", test_ivrs_sense },
	{ "I/O APICs and reserved memory", test_machine },
	{ "the hypervisor that the FADT names", test_fadt },
	{ 0 }
};

int main(void)
{
	return tap_run("probe_acpi", tests);
}
