/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processor this is: libcpuid, fed from the recorded CPUID and never from the CPU that runs this program. */
#include <libcpuid/libcpuid.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"

static void fill(const struct snapshot *s, int cpu, uint32_t base, uint32_t n, uint32_t out[][4])
{
	for (uint32_t i = 0; i < n; i++)
		view_cpuid(s, cpu, base + i, 0, out[i]);
}

static void fill_subleaves(const struct snapshot *s, int cpu, uint32_t leaf, uint32_t n, uint32_t out[][4])
{
	for (uint32_t i = 0; i < n; i++)
		view_cpuid(s, cpu, leaf, i, out[i]);
}

static void fill_raw(const struct snapshot *s, int cpu, struct cpu_raw_data_t *raw)
{
	memset(raw, 0, sizeof(*raw));
	fill(s, cpu, 0, MAX_CPUID_LEVEL, raw->basic_cpuid);
	fill(s, cpu, 0x80000000, MAX_EXT_CPUID_LEVEL, raw->ext_cpuid);
	fill_subleaves(s, cpu, 0x4, MAX_INTELFN4_LEVEL, raw->intel_fn4);
	fill_subleaves(s, cpu, 0xb, MAX_INTELFN11_LEVEL, raw->intel_fn11);
	fill_subleaves(s, cpu, 0x12, MAX_INTELFN12H_LEVEL, raw->intel_fn12h);
	fill_subleaves(s, cpu, 0x14, MAX_INTELFN14H_LEVEL, raw->intel_fn14h);
	fill_subleaves(s, cpu, 0x8000001d, MAX_AMDFN8000001DH_LEVEL, raw->amd_fn8000001dh);
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

void machine_identify(const struct snapshot *s, const struct findings *f, struct machine_id *out)
{
	const struct snap_record *first = snapshot_cpuid(s, -1, 0, 0);
	const char *release = snapshot_text(s, SNAP_SYS, "uname.release");
	struct cpu_raw_data_t raw;
	struct cpu_id_t id;
	struct cpulist cpus;
	struct outer outer;

	(void)f;
	*out = (struct machine_id){ 0 };
	if (release)
		snprintf(out->kernel, sizeof(out->kernel), "%s", release);
	outer_identify(s, &outer);
	if (outer.present == ANSWER_YES)
		snprintf(out->hypervisor, sizeof(out->hypervisor), "%s", outer.name[0] ? outer.name : "unknown");
	view_cpus(s, &cpus);
	out->logical = cpus.n;
	cpulist_free(&cpus);
	if (!first)
		return;
	read_signature(s, first->cpu, out);
	fill_raw(s, first->cpu, &raw);
	if (cpu_identify(&raw, &id) == 0)
		copy_clean(out->codename, sizeof(out->codename), id.cpu_codename, sizeof(id.cpu_codename));
	if (strcmp(out->codename, "Unknown") == 0 || strncmp(out->codename, "Unknown ", 8) == 0)
		out->codename[0] = '\0';
}

/*
 * Models of Intel's of which every specimen has VT-x: everything from Skylake on. Before it VT-x was a feature that some
 * specimens of a model lacked, except in the Xeons from Nehalem on.
 */
static bool intel_has_vmx(const struct machine_id *m)
{
	static const unsigned char models[] = {
		0x4e, 0x5e, 0x55, 0x8e, 0x9e, 0xa5, 0xa6, 0x66, 0x6a, 0x6c, 0x7d, 0x7e, 0x8c, 0x8d, 0xa7, 0x8f, 0xcf,
		0xad, 0xae, 0x97, 0x9a, 0xb7, 0xba, 0xbf, 0xaa, 0xac, 0xaf, 0xb6, 0xbd, 0xbe, 0xc5, 0xc6, 0xcc, 0xdd,
	};

	if (m->family != 6)
		return false;
	for (size_t i = 0; i < sizeof(models); i++)
		if (models[i] == m->model)
			return true;
	return m->model >= 0x1a && strstr(m->brand, "Xeon");
}

const char *model_known_vt(const struct machine_id *m)
{
	/* A made-up processor has a hypervisor's name, not a maker's. */
	static const char *const makers[] = { "Intel", "AMD", "Hygon" };
	bool real = false;

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		real |= strncmp(m->brand, makers[i], strlen(makers[i])) == 0;
	if (!real)
		return NULL;
	if (strcmp(m->vendor, "GenuineIntel") == 0 && intel_has_vmx(m))
		return "VMX";
	/* Every AMD processor from family 10h on has SVM. */
	if ((strcmp(m->vendor, "AuthenticAMD") == 0 || strcmp(m->vendor, "HygonGenuine") == 0) && m->family >= 0x10)
		return "SVM";
	return NULL;
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
	else if (m->codename[0])
		snprintf(out, size, "%s, %s", brand, m->codename);
	else
		snprintf(out, size, "%s", brand);
}
