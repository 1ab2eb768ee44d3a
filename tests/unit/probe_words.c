/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of words: lines of kernels' logs, makers' menus, clouds, errors. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"
#include "tests/unit/tap.h"

static bool recognise(const char *line, const char **meaning)
{
	struct snapshot s;
	char out[400];
	bool found = false;

	snapshot_init(&s);
	CU_ASSERT_FATAL(snapshot_add_data(&s, SNAP_TEXT, "/dev/kmsg", 0, line, strlen(line)) == 0);
	for (size_t i = 0; i < n_log_patterns && !found; i++) {
		found = view_log(&s, log_patterns[i].pattern, out, sizeof(out));
		*meaning = log_patterns[i].meaning;
	}
	snapshot_free(&s);
	return found;
}

/* What kernels from 4.x to 6.x print: kept by the collector, and explained by the right row. */
static void test_log(void)
{
	static const struct {
		const char *line, *meaning;
	} rows[] = {
		{ "[    0.3] x86/cpu: VMX (outside TXT) disabled by BIOS", "firmware locked VMX off" },
		{ "[    0.3] x86/cpu: VMX (inside TXT) disabled by BIOS", "tboot" },
		{ "[    9.1] kvm: disabled by bios", "firmware locked VT off" },
		{ "[    9.1] kvm: support for 'kvm_intel' disabled by bios",
		  "firmware locked VT off" },
		{ "[    9.1] kvm: no hardware support", "no VT bit" },
		{ "[    9.1] kvm: no hardware support for 'kvm_amd'", "no VT bit" },
		{ "[    9.1] kvm_intel: VMX not supported by CPU 3", "no VMX bit" },
		{ "[    9.1] kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 3",
		  "firmware locked VMX off" },
		{ "[    9.1] kvm_intel: VMX not fully enabled on CPU 3.  Check kernel logs and/or BIOS",
		  "firmware left VMX off" },
		{ "[    9.1] kvm_amd: SVM not supported by CPU 0, not amd or hygon", "no SVM bit" },
		{ "[    9.1] kvm_amd: CPU 0 isn't AMD or Hygon", "another vendor" },
		{ "[    9.1] kvm_amd: SVM disabled (by BIOS) in MSR_VM_CR on CPU 2",
		  "firmware locked SVM off" },
		{ "[    0.2] SVM disabled (by BIOS) in MSR_VM_CR", "firmware locked SVM off" },
		{ "[    9.1] kvm_amd: KVM is unsupported when running as an SEV guest",
		  "confidential" },
		{ "[   99.0] kvm: enabling virtualization on CPU5 failed",
		  "could not be switched on" },
		{ "[    9.1] kvm_intel: CPU 1 feature inconsistency!", "different VMX controls" },
		{ "[    9.1] kvm: CPU 1 feature inconsistency!", "different VMX controls" },
		{ "[    9.1] kvm_amd: already loaded vendor module 'kvm_intel'",
		  "another KVM backend" },
		{ "[   12.0] Lockdown: rdmsr: Direct MSR access is restricted; see man",
		  "refuses MSRs" },
		{ "[   12.0] Lockdown: rdmsr: raw MSR access is restricted; see man", "refuses MSRs" },
		{ "[    0.0] DMAR: Host address width 39", "Intel VT-d" },
		{ "[    0.0] DMAR: DRHD base: 0x000000fed90000 flags: 0x0", "IOMMU unit" },
		{ "[    0.0] DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap 1c0000c40660462 ecap 19e2ff0505e",
		  "capabilities" },
		{ "[    0.0] DMAR: IOMMU enabled", "asked for at boot" },
		{ "[    0.9] DMAR: Intel(R) Virtualization Technology for Directed I/O",
		  "uses Intel VT-d" },
		{ "[    0.1] DMAR-IR: Enabled IRQ remapping in x2apic mode",
		  "interrupt remapping is on" },
		{ "[    0.1] DMAR: No DMAR devices found", "no unit" },
		{ "[    0.1] DMAR: Intel-IOMMU force enabled due to platform opt in",
		  "DMA protection" },
		{ "[    0.1] Your BIOS is broken; DMAR reported at address fed90000 returns all ones!",
		  "contradict" },
		{ "[    0.5] pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40", "IOMMU unit" },
		{ "[    0.5] AMD-Vi: Extended features (0x206d73ef22254ade, 0x0): PPR X2APIC NX GT",
		  "capabilities" },
		{ "[    0.5] AMD-Vi: Interrupt remapping enabled", "interrupt remapping is on" },
		{ "[    0.5] AMD-Vi: [Firmware Bug]: IOAPIC[4] not in IVRS table",
		  "left an interrupt" },
		{ "[    0.5] AMD-Vi: Disabling interrupt remapping", "no interrupt remapping" },
		{ "[    0.5] AMD-Vi: Using global IVHD EFR:0x206d73ef22254ade, EFR2:0x0",
		  "table is believed" },
		{ "[    0.0] Hypervisor detected: Microsoft Hyper-V", "runs under" },
		{ "[    0.0] Booting paravirtualized kernel on bare hardware", "takes the machine" },
		{ "[    0.0] virt/tdx: BIOS enabled: private KeyID range [64, 128)", "key ids" },
		{ "[   10.0] virt/tdx: module initialized", "TDX guests" },
		{ "[    0.0] SEV-SNP: RMP table physical range [0x0000000015000000 - 0x00000000256fffff]",
		  "table that SNP needs" },
		{ "[    8.0] ccp 0000:22:00.1: SEV API:1.55 build:8", "security processor" },
		{ "[    9.0] kvm_amd: SEV enabled (ASIDs 510 - 1006)", "can run SEV guests" },
		{ "[    9.0] kvm_amd: SEV-ES disabled (ASIDs 0 - 0)", "cannot run SEV-ES" },
		{ "<6>[    0.3] x86/cpu: VMX (outside TXT) disabled by BIOS",
		  "firmware locked VMX off" },
		{ "[    0.3][    T0] x86/cpu: VMX (outside TXT) disabled by BIOS",
		  "firmware locked VMX off" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *meaning = "";
		bool kept = log_is_kept(rows[i].line, strlen(rows[i].line)),
		     known = recognise(rows[i].line, &meaning) && strstr(meaning, rows[i].meaning);

		if (!kept || !known)
			tap_note("%s: kept %d, \"%s\"", rows[i].line, kept, meaning);
		CU_ASSERT(kept && known);
	}
	CU_ASSERT(!log_is_kept("[    1.0] usb 1-1: new device", 29));
	CU_ASSERT(!log_is_kept("", 0) && !log_is_kept("<6", 2) && !log_is_kept("[", 1));
}

static void menu_of(const char *vendor, const char *product, const char *family, bool intel,
		    char *out, size_t size)
{
	struct snapshot s;

	snapshot_init(&s);
	CU_ASSERT_FATAL(!snapshot_add_data(&s, SNAP_TEXT, "/sys/class/dmi/id/sys_vendor", 0, vendor,
					   strlen(vendor)) &&
			!snapshot_add_data(&s, SNAP_TEXT, "/sys/class/dmi/id/product_name", 0,
					   product, strlen(product)) &&
			!snapshot_add_data(&s, SNAP_TEXT, "/sys/class/dmi/id/product_family", 0,
					   family, strlen(family)));
	firmware_menu(&s, intel, out, size);
	snapshot_free(&s);
}

static void test_menus(void)
{
	static const struct {
		const char *vendor, *product, *family, *says;
	} rows[] = {
		{ "Dell Inc.", "PowerEdge R740", "", "Dell PowerEdge: F2" },
		{ "Dell Inc.", "Latitude 7420", "", "Dell: F2" },
		{ "HPE", "ProLiant DL380 Gen10", "", "HPE: F9" },
		{ "HP", "ProLiant DL360 Gen9", "", "HP ProLiant: F9" },
		{ "HP", "HP EliteBook 840 G8", "", "HP: F10" },
		{ "Hewlett-Packard", "HP Z420 Workstation", "", "HP: F10" },
		{ "LENOVO", "20XW0042GE", "ThinkPad X1 Carbon Gen 9", "ThinkPad: F1" },
		{ "LENOVO", "30BE0000GE", "ThinkStation P520", "ThinkStation: F1" },
		{ "LENOVO", "82B5", "Legion 5", "Lenovo: F2" },
		{ "Lenovo", "ThinkSystem SR650 -[7X06CTO1WW]-", "", "ThinkSystem: F1" },
		{ "ASUSTeK COMPUTER INC.", "ROG STRIX Z690", "", "ASUS: F2 or Del" },
		{ "Gigabyte Technology Co., Ltd.", "B550 AORUS", "", "Gigabyte: Del" },
		{ "Micro-Star International Co., Ltd.", "MS-7C56", "", "MSI: Del" },
		{ "ASRock", "X570 Taichi", "", "ASRock: F2 or Del" },
		{ "Supermicro", "SYS-1029U", "", "Supermicro: Del" },
		{ "Intel(R) Client Systems", "NUC11PAHi5", "", "Intel NUC: F2" },
		{ "Acer", "Aspire A515", "", "Acer: F2" },
		{ "Apple Inc.", "Macmini8,1", "", "Macs have no firmware menu" },
		{ "", "", "", "often Del, F2 or F10" },
	};
	char intel[400], amd[400];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		menu_of(rows[i].vendor, rows[i].product, rows[i].family, true, intel, sizeof(intel));
		menu_of(rows[i].vendor, rows[i].product, rows[i].family, false, amd, sizeof(amd));
		if (!strstr(intel, rows[i].says))
			tap_note("%s", intel);
		CU_ASSERT_PTR_NOT_NULL(strstr(intel, rows[i].says));
		CU_ASSERT_PTR_NOT_NULL(strstr(amd, rows[i].says));
		CU_ASSERT(strlen(intel) < sizeof(intel) - 1 && intel[strlen(intel) - 1] == '.');
		CU_ASSERT(strlen(amd) < sizeof(amd) - 1 && amd[strlen(amd) - 1] == '.');
	}
}

/* An MSR without a value: denied, faulted, not loaded, not built are four answers. */
static void test_msr_errors(void)
{
	static const struct {
		int err, module;
		const char *name;
	} rows[] = {
		{ EACCES, 0, "denied" },	 { EPERM, 0, "denied" },
		{ EIO, 0, "faulted" },		 { ENOENT, 0, "not-loaded" },
		{ ENOENT, ENOENT, "not-built" }, { ENOENT, ENODATA, "absent" },
		{ ENXIO, 0, "absent" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot s;

		snapshot_init(&s);
		CU_ASSERT(snapshot_add_data(&s, SNAP_SYS, "module.msr", rows[i].module, "msr.ko",
					    6) == 0);
		CU_ASSERT_STRING_EQUAL(msr_error_name(&s, rows[i].err), rows[i].name);
		snapshot_free(&s);
	}
}

static const struct tap_test tests[] = { { "lines of the kernel's log are kept and explained",
					   test_log },
					 { "makers' menus are named, whole sentences", test_menus },
					 { "an MSR without a value says why", test_msr_errors },
					 { NULL, NULL } };

int main(void)
{
	return tap_run("words", tests);
}
