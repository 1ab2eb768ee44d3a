/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who runs this machine: the hypervisor leaves, and what DMI gives away where they are silent. */
#include <stdio.h>
#include <string.h>

#include "arch/x86/platform.h"
#include "probe/analyse.h"

/* DMI strings of virtual machines. Bochs has no hypervisor leaves at all. */
static const struct { const char *text, *name; bool emulated; } firmware_ids[] = {
	{ "VirtualBox", "VirtualBox", false },
	{ "VMware", "VMware", false },
	{ "innotek", "VirtualBox", false },
	{ "Bochs", "Bochs or QEMU", true },
	{ "QEMU", "QEMU", false },
	{ "Xen", "Xen", false },
	{ "Parallels", "Parallels", false },
	{ "BHYVE", "bhyve", false },
	/* Clouds are no proof: their bare metal has the same names. Their hypervisors show leaves. */
};

static bool block_signature(const struct snapshot *s, uint32_t base, char out[13])
{
	const struct snap_record *r = snapshot_cpuid(s, -1, base, 0);

	memset(out, 0, 13);
	if (!r)
		return false;
	memcpy(out, &r->regs[1], 12);
	for (int i = 0; i < 12 && out[i]; i++)
		if (out[i] < 0x20 || out[i] > 0x7e)
			out[i] = '?';
	return out[0];
}

/*
 * With Hyper-V enlightenments on, the first block is Microsoft's and the real one stands
 * behind it.
 */
static void read_signature(const struct snapshot *s, char out[13])
{
	char next[13];

	out[0] = '\0';
	for (uint32_t base = 0x40000000; base < 0x40010000; base += 0x100) {
		if (!block_signature(s, base, next)) {
			if (base > 0x40000000)
				break;
			continue;
		}
		if (!out[0] || strcmp(out, "Microsoft Hv") == 0)
			memcpy(out, next, sizeof(next));
	}
}

static void name_signature(struct outer *out)
{
	const struct hypervisor *hv = hypervisor_of(out->signature);

	if (!hv)
		return;
	snprintf(out->name, sizeof(out->name), "%s", hv->name);
	out->emulated = hv->emulated;
}

static bool xen_dom0(const struct snapshot *s)
{
	char line[64];

	return view_line(s, "/proc/xen/capabilities", line, sizeof(line)) && strstr(line, "control_d");
}

/* The kernel's own word: both files are Xen's interface, and only there on it. */
static bool under_xen(const struct snapshot *s)
{
	char line[64];

	return xen_dom0(s) ||
	       (view_line(s, "/sys/hypervisor/type", line, sizeof(line)) && strcmp(line, "xen") == 0);
}

bool xen_keeps_vt(const struct snapshot *s)
{
	struct cpu_split bit;
	char line[64];

	if (!under_xen(s) || xen_dom0(s))
		return xen_dom0(s);
	if (view_line(s, "/sys/hypervisor/guest_type", line, sizeof(line)))
		return strcmp(line, "PV") == 0;
	/* Linux before 4.13 has no such file. A guest that is not paravirtual always shows the bit. */
	view_bit(s, CPUID_hypervisor, &bit);
	return bit.n_no;
}

const char *xen_hint(const struct snapshot *s)
{
	return xen_dom0(s) ? "Xen runs this system and keeps VT: make guests with xl, or boot without Xen to use KVM." :
			     "Xen gives no VT to a paravirtual guest: this needs a domain with type=\"hvm\" and "
			     "nestedhvm=1.";
}

enum answer outer_root(const struct snapshot *s)
{
	const uint32_t rights = 1u << 0 | 1u << 12;	/* CreatePartitions, CpuManagement */
	const struct snap_record *base = snapshot_cpuid(s, -1, 0x40000000, 0);
	const struct snap_record *r = snapshot_cpuid(s, -1, 0x40000003, 0);

	if (under_xen(s))
		return xen_dom0(s) ? ANSWER_YES : ANSWER_NO;
	if (!base || memcmp(&base->regs[1], "Microsoft Hv", 12) != 0)
		return ANSWER_NA;
	return !r ? ANSWER_UNKNOWN : (r->regs[CPUID_EBX] & rights) == rights ? ANSWER_YES : ANSWER_NO;
}

/* No leaves do not prove bare metal: VirtualBox without paravirtualization and Bochs have none. */
static void look_at_dmi(const struct snapshot *s, struct outer *out)
{
	static const char *const paths[] = { "/sys/class/dmi/id/sys_vendor",
					     "/sys/class/dmi/id/product_name",
					     "/sys/class/dmi/id/bios_vendor" };
	char line[96];

	for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++)
		for (size_t i = 0; view_line(s, paths[p], line, sizeof(line)) &&
		     i < sizeof(firmware_ids) / sizeof(firmware_ids[0]); i++)
			if (strstr(line, firmware_ids[i].text)) {
				snprintf(out->name, sizeof(out->name), "%s", firmware_ids[i].name);
				out->emulated |= firmware_ids[i].emulated;
				out->present = ANSWER_YES;
				out->basis = BASIS_INFERRED;
				return;
			}
}

void outer_identify(const struct snapshot *s, struct outer *out)
{
	struct cpu_split bit;

	*out = (struct outer){ .present = ANSWER_UNKNOWN };
	view_bit(s, CPUID_hypervisor, &bit);
	if (bit.n_yes) {
		out->present = ANSWER_YES;
		out->basis = BASIS_PROVED;
		read_signature(s, out->signature);
		name_signature(out);
		if (!out->name[0] && out->signature[0])
			snprintf(out->name, sizeof(out->name), "%s", out->signature);
		return;
	}
	/* Paravirtual guests ask the processor itself, which knows nothing of Xen. */
	if (under_xen(s)) {
		out->present = ANSWER_YES;
		out->basis = BASIS_PROVED;
		snprintf(out->name, sizeof(out->name), "Xen");
		return;
	}
	/* The kernel shows the same bit as a flag, which is there where CPUID was not recorded. */
	out->present = bit.n_no ? ANSWER_NO : view_flag(s, "hypervisor");
	if (out->present != ANSWER_UNKNOWN)
		out->basis = BASIS_INFERRED;
	look_at_dmi(s, out);
}
