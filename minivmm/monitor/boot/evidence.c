/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evidence.c - what executes this: a processor of its own, one behind a hypervisor, or an emulator. Told from what each
 * leaves for all to see, never assumed, and said with the result. Physical memory is at linear 0.
 *
 * BOCHS and BXPC are in the ACPI tables of Bochs and of QEMU with whatever accelerator: they tell an emulator only
 * where no hypervisor shows itself.
 */
#include "minivmm/monitor/boot/boot.h"

#define BIOS_START	0xe0000u
#define BIOS_END	0x100000u
#define RSDP_BYTES	20
#define OEM_BYTES	6
#define TABLE_ID_BYTES	8
#define SMBIOS_BYTES_MAX 0x4000u	/* of tables that are looked at */

/* More core cycles than CPUID takes anywhere, and fewer than an exit and the way back. */
#define CPUID_CYCLES	800u
/* TSC ticks that one cycle of a processor's core never is, however slow its clock. */
#define TICKS_A_CYCLE	50u

#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc
#define PCI_ENABLE	0x80000000u
#define PCI_SUBSYSTEM	0x2c
#define PCI_SUBSYSTEM_QEMU 0x11001af4u	/* Red Hat's vendor id, "QEMU virtual machine" */

static bool bytes_equal(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	while (n && *p == *q)
		p++, q++, n--;
	return !n;
}

static bool contains(const char *text, size_t n, const char *what)
{
	size_t bytes = text_length(what);

	for (size_t i = 0; i + bytes <= n; i++)
		if (bytes_equal(text + i, what, bytes))
			return true;
	return false;
}

static bool names_emulator(const char *text, size_t n)
{
	return contains(text, n, "BOCHS") || contains(text, n, "Bochs") || contains(text, n, "BXPC") ||
	       contains(text, n, "QEMU");
}

static void add(struct boot_evidence *e, const char *what, const char *text, size_t n)
{
	struct text t = { .at = e->text, .used = text_length(e->text), .size = sizeof(e->text) };

	if (t.used)
		text_put(&t, "; ");
	text_put(&t, what);
	text_put_n(&t, text, n);
}

/* ---- CPUID ---- */

static void look_at_cpuid(struct boot_evidence *e)
{
	struct cpuid_regs r;
	struct text t = text_in(e->hypervisor, sizeof(e->hypervisor));

	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR)) {
		text_put(&t, "none");
		return;
	}
	e->hypervisor_bit = true;
	r = cpuid(0x40000000, 0);
	text_put_n(&t, (const char *)&r.ebx, 4);
	text_put_n(&t, (const char *)&r.ecx, 4);
	text_put_n(&t, (const char *)&r.edx, 4);
	/* KVMKVMKVM ends with zeros. */
	while (t.used && e->hypervisor[t.used - 1] == '?')
		e->hypervisor[--t.used] = 0;
	if (!t.used || t.at[0] == '?') {
		t = text_in(e->hypervisor, sizeof(e->hypervisor));
		text_put(&t, "unnamed");
	}
	e->tcg = word_is(t.at, t.used, "TCGTCGTCGTCG");
	add(e, "CPUID 40000000h says ", t.at, t.used);
}

static void look_at_time(struct boot_evidence *e)
{
	uint64_t best = UINT64_MAX, limit = clock_core_ticks(CPUID_CYCLES);
	char number[64];
	struct text t = text_in(number, sizeof(number));

	for (unsigned i = 0; i < 64; i++) {
		uint64_t start = tsc_read(), ticks;

		cpuid(0, 0);
		ticks = tsc_read() - start;
		best = ticks < best ? ticks : best;
	}
	text_number(&t, best);
	e->slow_cpuid = best > limit;
	e->interpreted = limit > CPUID_CYCLES * TICKS_A_CYCLE;
	text_put(&t, " ticks, 800 cycles ");
	text_number(&t, limit);
	add(e, "CPUID takes ", number, t.used);
	if (e->interpreted)
		add(e, "kernel code is interpreted", "", 0);
}

/* ---- firmware ---- */

static bool sum_is_zero(const unsigned char *p, size_t n)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = (unsigned char)(sum + p[i]);
	return !sum;
}

static const unsigned char *find_rsdp(uint64_t told)
{
	const unsigned char *p = (const unsigned char *)(uintptr_t)told;

	if (told && told < (4ull << 30) - RSDP_BYTES && bytes_equal(p, "RSD PTR ", 8) && sum_is_zero(p, RSDP_BYTES))
		return p;
	for (uint32_t at = BIOS_START; at < BIOS_END; at += 16) {
		p = (const unsigned char *)(uintptr_t)at;
		if (bytes_equal(p, "RSD PTR ", 8) && sum_is_zero(p, RSDP_BYTES))
			return p;
	}
	return NULL;
}

static void look_at_name(struct boot_evidence *e, const char *what, const char *text, size_t n)
{
	while (n && (text[n - 1] == ' ' || !text[n - 1]))
		n--;
	if (n)
		add(e, what, text, n);
	e->emulator_name |= names_emulator(text, n);
}

static void look_at_acpi(struct boot_evidence *e, uint64_t told)
{
	const unsigned char *rsdp = find_rsdp(told);
	uint32_t at;
	const char *rsdt;

	if (!rsdp)
		return;
	look_at_name(e, "ACPI RSDP of ", (const char *)rsdp + 9, OEM_BYTES);
	at = *(const uint32_t *)(rsdp + 16);
	if (at < 4096 || at > UINT32_MAX - 4096)
		return;
	rsdt = (const char *)(uintptr_t)at;
	if (bytes_equal(rsdt, "RSDT", 4))
		look_at_name(e, "ACPI RSDT of ", rsdt + 10, OEM_BYTES + TABLE_ID_BYTES);
}

/* The strings of SMBIOS structures 0 (BIOS) and 1 (system). */
static void look_at_strings(struct boot_evidence *e, const unsigned char *p, const unsigned char *end)
{
	while (p + 4 < end && p[1] >= 4 && p + p[1] < end) {
		const unsigned char *s = p + p[1];
		unsigned char type = p[0];
		unsigned said = 0;

		while (s + 1 < end && (s[0] || s[1])) {
			const unsigned char *from = s;

			while (s + 1 < end && *s)
				s++;
			if (type <= 1 && s != from && said++ < 2)
				look_at_name(e, type ? "SMBIOS system " : "SMBIOS firmware ", (const char *)from,
					     (size_t)(s - from));
			if (s + 1 < end && s[1])
				s++;
		}
		if (type == 127)
			return;
		p = s + 2;
	}
}

static void look_at_smbios(struct boot_evidence *e)
{
	for (uint32_t at = 0xf0000; at < BIOS_END; at += 16) {
		const unsigned char *p = (const unsigned char *)(uintptr_t)at;
		uint32_t tables, bytes;

		if (!bytes_equal(p, "_SM_", 4) || !bytes_equal(p + 16, "_DMI_", 5))
			continue;
		bytes = *(const uint16_t *)(p + 22);
		tables = *(const uint32_t *)(p + 24);
		if (bytes > SMBIOS_BYTES_MAX)
			bytes = SMBIOS_BYTES_MAX;
		if (tables >= 4096 && tables < UINT32_MAX - SMBIOS_BYTES_MAX)
			look_at_strings(e, (const unsigned char *)(uintptr_t)tables,
					(const unsigned char *)(uintptr_t)tables + bytes);
		return;
	}
}

/* Of the host bridge, which has no registers that a read changes. */
static void look_at_pci(struct boot_evidence *e)
{
	uint32_t before = port_in32(PCI_ADDRESS), subsystem;

	port_out32(PCI_ADDRESS, PCI_ENABLE | PCI_SUBSYSTEM);
	subsystem = port_in32(PCI_DATA);
	port_out32(PCI_ADDRESS, before);
	if (subsystem != PCI_SUBSYSTEM_QEMU)
		return;
	e->emulator_name = true;
	add(e, "PCI host bridge of ", "QEMU", 4);
}

void evidence_collect(struct boot_evidence *e, uint64_t rsdp)
{
	*e = (struct boot_evidence){ .provenance = "hardware" };
	e->instruction_clock = clock_counts_instructions();
	look_at_cpuid(e);
	if (e->instruction_clock)
		add(e, "the TSC counts instructions", "", 0);
	else
		look_at_time(e);
	look_at_acpi(e, rsdp);
	look_at_smbios(e);
	look_at_pci(e);
	if (e->tcg || e->instruction_clock || e->interpreted)
		e->provenance = "emulated";
	else if (e->hypervisor_bit)
		e->provenance = "nested";
	else if (e->emulator_name)
		e->provenance = "emulated";
	else if (e->slow_cpuid)
		e->provenance = "nested";
	e->emulated = e->provenance[0] == 'e';
	if (!e->hypervisor_bit)
		add(e, "no hypervisor bit in CPUID", "", 0);
}
