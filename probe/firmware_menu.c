/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in the firmware set-up VT is switched on, by the maker that DMI names. Menus differ
 * between models and years of one maker: what is not the same everywhere is said as something
 * to look for.
 */
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"

struct menu {
	const char *vendor;	/* in the system's or the board's vendor */
	const char *product;	/* in the product's name, version or family; NULL: any */
	const char *maker;	/* for the sentence */
	const char *key;	/* at power-on */
	const char *path;	/* menus, parted by " > " */
	const char *intel, *amd;	/* the item */
	bool sure;		/* the path is the same on most models */
};

#define VT_INTEL "Intel Virtualization Technology"

/* First match counts. */
static const struct menu menus[] = {
	{ "Alienware", NULL, "Alienware", "F2", "Advanced", VT_INTEL, "SVM or Virtualization Technology", false },
	{ "Dell", "PowerEdge", "Dell PowerEdge", "F2", "System BIOS > Processor Settings", "Virtualization Technology",
	  "Virtualization Technology", true },
	{ "Dell", NULL, "Dell", "F2", "Virtualization Support", "Virtualization", "Virtualization", true },
	{ "HPE", NULL, "HPE", "F9", "System Configuration > BIOS/Platform Configuration (RBSU) > Virtualization Options",
	  VT_INTEL " (Intel VT)", "AMD Virtualization Technology", true },
	{ "HP", "ProLiant", "HP ProLiant", "F9",
	  "System Configuration > BIOS/Platform Configuration (RBSU) > System Options > Virtualization Options",
	  "Virtualization Technology", "AMD-V", false },
	{ "Hewlett-Packard", NULL, "HP", "F10", "Security > System Security, Advanced > System Options, or System Configuration",
	  "Virtualization Technology (VTx)", "SVM CPU Virtualization or Virtualization Technology", false },
	{ "HP", NULL, "HP", "F10", "Security > System Security, Advanced > System Options, or System Configuration",
	  "Virtualization Technology (VTx)", "SVM CPU Virtualization or Virtualization Technology", false },
	{ "LENOVO", "ThinkPad", "Lenovo ThinkPad", "F1", "Security > Virtualization", VT_INTEL, "AMD-V Technology", true },
	{ "LENOVO", "ThinkSystem", "Lenovo ThinkSystem", "F1", "UEFI Setup > System Settings > Processors", VT_INTEL,
	  "SVM Mode", true },
	{ "LENOVO", "ThinkCentre", "Lenovo ThinkCentre", "F1", "Advanced > CPU Setup", VT_INTEL, "SVM Mode or AMD-V", true },
	{ "LENOVO", "ThinkStation", "Lenovo ThinkStation", "F1", "Advanced > CPU Setup", VT_INTEL, "SVM Mode or AMD-V", false },
	{ "Lenovo", "ThinkSystem", "Lenovo ThinkSystem", "F1", "UEFI Setup > System Settings > Processors", VT_INTEL,
	  "SVM Mode", true },
	{ "IBM", "System x", "IBM System x", "F1", "System Settings > Processors", VT_INTEL, "AMD-V", false },
	{ "LENOVO", NULL, "Lenovo", "F2 (or the Novo button)", "Configuration (older: Security)", "Intel Virtual Technology",
	  "SVM Support", false },
	{ "Intel", "NUC", "Intel NUC", "F2", "Security > Security Features (Advanced menu)", VT_INTEL, "SVM", true },
	{ "ASUS", "NUC", "ASUS NUC", "F2", "Security > Security Features, or Advanced", VT_INTEL, "SVM Mode", false },
	{ "ASUS", NULL, "ASUS", "F2 or Del", "Advanced Mode (F7) > Advanced > CPU Configuration",
	  "Intel (VMX) Virtualization Technology", "SVM Mode", true },
	{ "Gigabyte", NULL, "Gigabyte", "Del", "Tweaker (older: M.I.T., or BIOS Features) > Advanced CPU Settings",
	  VT_INTEL " or VT-x", "SVM Mode", false },
	{ "GIGABYTE", NULL, "Gigabyte", "Del", "Tweaker (older: M.I.T., or BIOS Features) > Advanced CPU Settings",
	  VT_INTEL " or VT-x", "SVM Mode", false },
	{ "Micro-Star", NULL, "MSI", "Del", "OC (Overclocking) > CPU Features", "Intel Virtualization Tech", "SVM Mode", true },
	{ "ASRock", NULL, "ASRock", "F2 or Del", "Advanced > CPU Configuration", VT_INTEL, "SVM Mode", true },
	{ "Supermicro", NULL, "Supermicro", "Del", "Advanced > CPU Configuration", VT_INTEL " or VMX", "SVM Mode", true },
	{ "Acer", NULL, "Acer", "F2", "Main, Advanced or System Configuration", "Intel VTX or Virtualization Technology",
	  "SVM or Virtualization Technology", false },
	{ "Gateway", NULL, "Gateway", "F2", "Main, Advanced or System Configuration", "Virtualization Technology",
	  "SVM or Virtualization Technology", false },
	{ "FUJITSU", NULL, "Fujitsu", "F2", "Advanced > CPU Configuration", VT_INTEL " or Virtualization Technology",
	  "SVM Support", false },
	{ "TOSHIBA", NULL, "Toshiba", "F2", "System Configuration or Advanced", "Virtualization Technology",
	  "Virtualization Technology", false },
	{ "Dynabook", NULL, "Dynabook", "F2", "System Configuration or Advanced", "Virtualization Technology",
	  "Virtualization Technology", false },
	{ "SAMSUNG", NULL, "Samsung", "F2", "Advanced", VT_INTEL, "SVM", false },
	{ "Sony", NULL, "Sony", "F2 (or the Assist button)", "Advanced", VT_INTEL, "SVM", false },
	{ "Panasonic", NULL, "Panasonic", "F2", "Main > CPU Configuration", VT_INTEL, "SVM", false },
	{ "Razer", NULL, "Razer", "F1 or Del", "Advanced", VT_INTEL " or VMX", "SVM Mode", false },
	{ "Framework", NULL, "Framework", "F2", "Advanced or Security", VT_INTEL, "SVM Mode", false },
	{ "HUAWEI", NULL, "Huawei", "F2", "Advanced", VT_INTEL, "SVM", false },
	{ "BIOSTAR", NULL, "Biostar", "Del", "Advanced > CPU Configuration", VT_INTEL, "SVM Mode", false },
	{ "Microsoft", "Surface", "Surface", "Volume up while switching on", "what there is; many models leave VT on and have "
	  "no item", "virtualization", "virtualization", false },
};

/* Machines without such a menu. */
static const struct { const char *vendor, *product, *hint; } without[] = {
	{ "Apple", NULL, "Macs have no firmware menu, and leave VT on when they start by EFI. Start through EFI, not through "
			 "the BIOS emulation; else start macOS once and restart from there, or reset the NVRAM." },
	{ "Google", NULL, "Chromebooks' own firmware has no menu; another firmware, or Chrome OS's own VM support, has to "
			  "leave VT on." },
};

static bool dmi_has(const struct snapshot *s, const char *const *fields, size_t n, const char *word)
{
	char path[64], line[96];

	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/sys/class/dmi/id/%s", fields[i]);
		if (view_line(s, path, line, sizeof(line)) && strstr(line, word))
			return true;
	}
	return false;
}

static bool is_made_by(const struct snapshot *s, const char *vendor, const char *product)
{
	static const char *const vendors[] = { "sys_vendor", "board_vendor" };
	static const char *const products[] = { "product_name", "product_version", "product_family" };

	return dmi_has(s, vendors, 2, vendor) && (!product || dmi_has(s, products, 3, product));
}

void firmware_menu(const struct snapshot *s, bool intel, char *out, size_t size)
{
	const char *vt = intel ? "Intel Virtualization Technology (VT-x)" : "SVM Mode (AMD-V)";
	const struct snap_record *efi = snapshot_named(
		s, SNAP_BLOB, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
	const char *reboot = efi && !efi->err ? " (or: systemctl reboot --firmware-setup)" : "";

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (is_made_by(s, without[i].vendor, without[i].product)) {
			snprintf(out, size, "%s", without[i].hint);
			return;
		}
	for (size_t i = 0; i < sizeof(menus) / sizeof(menus[0]); i++) {
		const struct menu *m = &menus[i];

		if (!is_made_by(s, m->vendor, m->product))
			continue;
		snprintf(out, size, "Switch on %s in the firmware set-up, then power the machine off and on. %s: %s at "
				    "power-on%s, %s%s > %s.", vt, m->maker, m->key, reboot,
			 m->sure ? "" : "look for something like ", m->path, intel ? m->intel : m->amd);
		return;
	}
	snprintf(out, size, "Switch on %s in the firmware set-up (often Del, F2 or F10 at power-on%s; look under Advanced, CPU "
			    "or Security), then power the machine off and on.", vt, reboot);
}
