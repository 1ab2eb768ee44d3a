/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a brief collection leaves out: records that only the document and --save show. What stands here no check may
 * read, which tests/unit/probe_machines.c holds against every recorded machine.
 */
#include <string.h>

#include "arch/x86/facts.h"
#include "probe/collect_private.h"

/* An '*' at the end stands for anything. */
static const char *const details[] = {
	"/dev/cpu/0/cpuid",
	"/dev/cpu/msr_batch",
	"/dev/iommu",
	"/dev/jailhouse",
	"/dev/mshv",
	"/dev/sev",
	"/dev/sev-guest",
	"/dev/tdx_guest",
	"/dev/vboxdrv",
	"/dev/vfio/vfio",
	"/dev/vmmon",
	"/sys/bus/pci/devices*",
	"/sys/class/dmi/id/bios_date",
	"/sys/devices/cpu_atom/cpus",
	"/sys/devices/cpu_core/cpus",
	"/sys/devices/system/clocksource/*",
	"/sys/devices/system/cpu/cpu0/*",
	"/sys/devices/system/cpu/smt/active",
	"/sys/devices/virtual/misc/kvm/uevent",
	"/sys/hypervisor/properties/features",
};

/* Below folders whose other entries are details. */
static const struct { const char *folder, *inner, *const kept[3]; } folders[] = {
	{ "/sys/devices/system/cpu/vulnerabilities", "", { "itlb_multihit" } },
	{ "/sys/module/", "/initstate", { NULL } },
	{ "/sys/module/", "/refcnt", { NULL } },
	{ "/sys/module/", "/parameters/", { "enable_virt_at_load", "nested" } },
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool matches(const char *path, const char *pattern)
{
	size_t n = strlen(pattern);

	return n && pattern[n - 1] == '*' ? strncmp(path, pattern, n - 1) == 0 : strcmp(path, pattern) == 0;
}

static bool file_is_detail(const char *path)
{
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (matches(path, details[i]))
			return true;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *at = begins(path, folders[i].folder) ? strstr(path, folders[i].inner) : NULL;
		const char *name = strrchr(path, '/') + 1;
		bool kept = false;

		for (size_t k = 0; at && k < 3 && folders[i].kept[k]; k++)
			kept |= strcmp(name, folders[i].kept[k]) == 0;
		if (at && !kept)
			return true;
	}
	return false;
}

bool cpuid_brief_has(uint32_t leaf, bool lowest)
{
	/* VT and what the gates of msr.def ask for. */
	static const uint32_t every[] = { 0, 1, 7, 0x80000000, 0x80000001, 0x8000000a, 0x8000001f };

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++)
		if (leaf == every[i])
			return true;
	/* The name, who the hypervisor is, and whether this is Hyper-V's root partition. */
	return lowest && ((leaf >= 0x80000002 && leaf <= 0x80000004) || leaf == 0x40000003 ||
			  (leaf >> 16 == 0x4000 && (leaf & 0xff) == 0));
}

/* Else libcpuid is asked for the processor's name, which it tells by caches too. */
bool cpuid_brief_will_do(const uint32_t leaf0[4], const uint32_t leaf1[4])
{
	const uint32_t words[3] = { leaf0[CPUID_EBX], leaf0[CPUID_EDX], leaf0[CPUID_ECX] };
	unsigned family = leaf1[CPUID_EAX] >> 8 & 0xf, model = leaf1[CPUID_EAX] >> 4 & 0xf;
	char vendor[13] = "";

	memcpy(vendor, words, sizeof(words));
	if (family == 6 || family == 0xf)
		model |= leaf1[CPUID_EAX] >> 12 & 0xf0;
	if (family == 0xf)
		family += leaf1[CPUID_EAX] >> 20 & 0xff;
	return cpu_model_of(vendor, family, model) || (family == 6 && strcmp(vendor, "GenuineIntel") == 0);
}

bool collect_is_detail(const struct snapshot *s, const struct snap_record *r)
{
	const struct snap_record *leaf0, *leaf1;

	if (r->kind != SNAP_CPUID)
		return r->name && r->name[0] == '/' && file_is_detail(r->name);
	leaf0 = snapshot_cpuid(s, -1, 0, 0);
	leaf1 = snapshot_cpuid(s, -1, 1, 0);
	if (leaf0 && leaf1 && r->cpu == leaf0->cpu && !cpuid_brief_will_do(leaf0->regs, leaf1->regs))
		return false;
	return r->sub || !cpuid_brief_has(r->num, leaf0 && r->cpu == leaf0->cpu);
}
