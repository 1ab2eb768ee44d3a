/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processor this is: libcpuid, fed from the recorded CPUID and never from the CPU
 * that runs this program.
 */
#include <libcpuid/libcpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/facts.h"
#include "probe/history.h"

static void fill(const struct snapshot *s, int cpu, uint32_t base, uint32_t n, uint32_t out[][4])
{
	for (uint32_t i = 0; i < n; i++)
		view_cpuid(s, cpu, base + i, 0, out[i]);
}

static void fill_subleaves(const struct snapshot *s, int cpu, uint32_t leaf, uint32_t n,
			   uint32_t out[][4])
{
	for (uint32_t i = 0; i < n; i++)
		view_cpuid(s, cpu, leaf, i, out[i]);
}

/*
 * Of caches no more than processors have (L1 of instructions and data, L2, L3): libcpuid 0.6 takes eight from leaf 4 and
 * leaf 8000001Dh, and has room for five. A dump may hold anything.
 */
#define CACHES	4

static void fill_raw(const struct snapshot *s, int cpu, struct cpu_raw_data_t *raw)
{
	memset(raw, 0, sizeof(*raw));
	fill(s, cpu, 0, MAX_CPUID_LEVEL, raw->basic_cpuid);
	fill(s, cpu, 0x80000000, MAX_EXT_CPUID_LEVEL, raw->ext_cpuid);
	fill_subleaves(s, cpu, 0x4, CACHES, raw->intel_fn4);
	fill_subleaves(s, cpu, 0xb, MAX_INTELFN11_LEVEL, raw->intel_fn11);
	fill_subleaves(s, cpu, 0x12, MAX_INTELFN12H_LEVEL, raw->intel_fn12h);
	fill_subleaves(s, cpu, 0x14, MAX_INTELFN14H_LEVEL, raw->intel_fn14h);
	fill_subleaves(s, cpu, 0x8000001d, CACHES, raw->amd_fn8000001dh);
}

/* Copies printable text, without blanks around it or in rows. */
static void copy_clean(char *out, size_t size, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && text[i] && n + 1 < size; i++) {
		char c = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';

		if (c != ' ' || (n && out[n - 1] != ' '))
			out[n++] = c;
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static void read_signature(const struct snapshot *s, int cpu, struct machine_id *out)
{
	uint32_t leaf0[4], leaf1[4], brand[12];
	const uint32_t vendor[3] = { 1, 3, 2 };
	char text[12];
	unsigned family, model;

	view_cpuid(s, cpu, 0, 0, leaf0);
	view_cpuid(s, cpu, 1, 0, leaf1);
	for (int i = 0; i < 3; i++) {
		memcpy(text + 4 * i, &leaf0[vendor[i]], 4);
		view_cpuid(s, cpu, 0x80000002 + i, 0, brand + 4 * i);
	}
	copy_clean(out->vendor, sizeof(out->vendor), text, sizeof(text));
	copy_clean(out->brand, sizeof(out->brand), (const char *)brand, sizeof(brand));
	family = leaf1[0] >> 8 & 0xf;
	model = leaf1[0] >> 4 & 0xf;
	if (family == 6 || family == 0xf)
		model |= leaf1[0] >> 12 & 0xf0;
	if (family == 0xf)
		family += leaf1[0] >> 20 & 0xff;
	out->signature = leaf1[0];
	out->family = family;
	out->model = model;
	out->stepping = leaf1[0] & 0xf;
}

/*
 * By our table where it knows the model. libcpuid matches by brand words too and then
 * names a Xeon that it does not know after the oldest one: it is asked only for families
 * that the table leaves out (NetBurst, K8, VIA, Zhaoxin).
 */
static void name_model(const struct snapshot *s, int cpu, struct machine_id *out)
{
	const struct cpu_model *row = cpu_model_of(out->vendor, out->family, out->model);
	struct cpu_raw_data_t raw;
	struct cpu_id_t id;
	struct history history;

	history_find(s, out->vendor, out->signature, out->brand, &history);
	history_products(&history, out->product, sizeof(out->product));
	if (!row && history.revision) {
		snprintf(out->codename, sizeof(out->codename), "%s", history.revision);
		return;
	}
	if (row) {
		snprintf(out->codename, sizeof(out->codename), "%s", row->codename);
		return;
	}
	if (out->family == 6 && strcmp(out->vendor, "GenuineIntel") == 0)
		return;
	fill_raw(s, cpu, &raw);
	if (cpu_identify(&raw, &id) == 0 && strncmp(id.cpu_codename, "Unknown", 7) != 0)
		copy_clean(out->codename, sizeof(out->codename), id.cpu_codename,
			   sizeof(id.cpu_codename));
}

/* The value of (key) in the first paragraph of /proc/cpuinfo that has it, or "". */
static void cpuinfo_field(const char *text, const char *key, char *out, size_t size)
{
	size_t len = strlen(key);

	out[0] = '\0';
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + len;

		if (strncmp(line, key, len) != 0)
			continue;
		at += strspn(at, " \t");
		if (*at != ':')
			continue;
		at += 1 + strspn(at + 1, " \t");
		copy_clean(out, size, at, strcspn(at, "\n"));
		return;
	}
}

/* None of these numbers has more than four digits. */
static unsigned cpuinfo_number(const char *text, const char *key)
{
	char value[5];

	cpuinfo_field(text, key, value, sizeof(value));
	return strtoul(value, NULL, 10);
}

/* A record without CPUID, as a copied folder is: what the kernel says of the processor. */
static void read_cpuinfo(const struct snapshot *s, struct machine_id *out)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/proc/cpuinfo");
	const struct cpu_model *row;

	if (!text)
		return;
	cpuinfo_field(text, "vendor_id", out->vendor, sizeof(out->vendor));
	cpuinfo_field(text, "model name", out->brand, sizeof(out->brand));
	out->family = cpuinfo_number(text, "cpu family");
	out->model = cpuinfo_number(text, "model");
	out->stepping = cpuinfo_number(text, "stepping");
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		out->logical += strncmp(line, "processor\t", 10) == 0;
	}
	row = cpu_model_of(out->vendor, out->family, out->model);
	if (row)
		snprintf(out->codename, sizeof(out->codename), "%s", row->codename);
}

void machine_identify(const struct snapshot *s, const struct findings *f, struct machine_id *out)
{
	const struct snap_record *first = snapshot_cpuid(s, -1, 0, 0);
	const char *release = snapshot_text(s, SNAP_SYS, "uname.release");
	struct cpulist cpus;
	struct outer outer;

	(void)f;
	*out = (struct machine_id){ 0 };
	if (release)
		snprintf(out->kernel, sizeof(out->kernel), "%s", release);
	outer_identify(s, &outer);
	if (outer.present == ANSWER_YES)
		snprintf(out->hypervisor, sizeof(out->hypervisor), "%s",
			 outer.name[0] ? outer.name : "unknown");
	view_cpus(s, &cpus);
	out->logical = cpus.n;
	cpulist_free(&cpus);
	if (!first) {
		read_cpuinfo(s, out);
		return;
	}
	read_signature(s, first->cpu, out);
	name_model(s, first->cpu, out);
}

const char *model_known_vt(const struct machine_id *m)
{
	/* A made-up processor has a hypervisor's name, not a maker's. */
	static const char *const makers[] = { "Intel", "AMD", "Hygon" };
	const struct cpu_model *row = cpu_model_of(m->vendor, m->family, m->model);
	bool real = false;

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		real |= strstr(m->brand, makers[i]) != NULL;
	if (!real || !row || row->vt == VT_SOME || (row->vt == VT_XEON && !strstr(m->brand, "Xeon")))
		return NULL;
	return row->vendor == MODEL_INTEL ? "VMX" : "SVM";
}

/* Copies (text) without (R), (TM) and the words that say nothing. */
static void copy_brand(char *out, size_t size, const char *text)
{
	static const char *const noise[] = { "(R)", "(r)", "(TM)", "(tm)", " CPU", " Processor" };
	size_t n = 0;

	while (*text && n + 1 < size) {
		size_t skip = 0;

		for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]) && !skip; i++)
			if (strncmp(text, noise[i], strlen(noise[i])) == 0)
				skip = strlen(noise[i]);
		if (skip)
			text += skip;
		else
			out[n++] = *text++;
	}
	out[n] = '\0';
}

void model_describe(const struct machine_id *m, char *out, size_t size)
{
	char brand[sizeof(m->brand)];

	copy_brand(brand, sizeof(brand), m->brand);
	if (!m->vendor[0])
		snprintf(out, size, "processor not recorded");
	else if (!brand[0])
		snprintf(out, size, "%s family %u model %u", m->vendor, m->family, m->model);
	else if (m->product[0])
		snprintf(out, size, "%s (%s), %s", brand, m->product, m->codename);
	else if (m->codename[0])
		snprintf(out, size, "%s, %s", brand, m->codename);
	else
		snprintf(out, size, "%s", brand);
}
