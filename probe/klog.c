/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's log says of virtualization, and what that means. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"

/*
 * In the order in which they are shown. '*' stands for anything within the line. Kernels
 * since 5.6 speak of the flag, kvm modules before 6.3 of "bios", later ones of each CPU.
 */
const struct log_pattern log_patterns[] = {
	{ "VMX (outside TXT) disabled by BIOS", "firmware locked VMX off" },
	{ "VMX (inside TXT) disabled by BIOS",
	  "started through tboot, for which firmware left VMX off" },
	{ "support for 'kvm_* disabled by bios", "firmware locked VT off" },
	{ "kvm: disabled by bios", "firmware locked VT off" },
	{ "SVM disabled (by BIOS)", "firmware locked SVM off" },
	{ "VMX not enabled (by BIOS)", "firmware locked VMX off" },
	{ "VMX not fully enabled on CPU", "firmware left VMX off, or on in part" },
	{ "no hardware support", "no VT bit, or the kernel took its flag away" },
	{ "VMX not supported by CPU", "no VMX bit shows on that CPU" },
	{ "SVM not supported by CPU",
	  "no SVM bit shows; since 6.7 also where firmware switched it off" },
	{ "CPU * isn't AMD or Hygon", "kvm_amd was tried on another vendor's processor" },
	{ "KVM is unsupported when running as an SEV guest",
	  "a confidential guest cannot run guests" },
	{ "enabling virtualization on CPU*failed", "VT could not be switched on: another hypervisor has "
						   "it, or that CPU's firmware" },
	{ "feature inconsistency", "the CPUs offer different VMX controls" },
	{ "Inconsistent VMCS config on CPU", "the CPUs offer different VMX controls" },
	{ "already loaded vendor module", "another KVM backend was there first" },
	{ "MSR access is restricted", "lockdown refuses MSRs" },
	{ "Kernel is locked down", "lockdown is on" },
	{ "Lockdown: ", "lockdown refused something" },
	{ "Secure boot enabled", "Secure Boot is on" },
	{ "secureboot: Secure boot", "state of Secure Boot" },
	{ "tboot: found shared page", "started through tboot: VMX inside SMX is what counts" },
	{ "Hypervisor detected: ", "the kernel runs under this hypervisor" },
	{ "Booting paravirtualized kernel on ", "how the kernel takes the machine" },
	{ "virt/tdx: BIOS enabled", "firmware set key ids aside for TDX guests" },
	{ "virt/tdx: module initialized", "the TDX module runs: TDX guests are possible" },
	{ "virt/tdx: ", "on TDX" },
	{ "SEV-SNP: RMP table physical range", "firmware reserved the table that SNP needs" },
	{ "SEV-SNP enabled", "kvm_amd can run SEV-SNP guests" },
	{ "SEV-SNP disabled", "kvm_amd cannot run SEV-SNP guests" },
	{ "SEV-SNP", "on SEV-SNP" },
	{ "SEV API", "the security processor serves SEV" },
	{ "SEV supported: ", "how many SEV guests there can be" },
	{ "SEV enabled", "kvm_amd can run SEV guests" },
	{ "SEV disabled", "kvm_amd cannot run SEV guests" },
	{ "SEV-ES enabled", "kvm_amd can run SEV-ES guests" },
	{ "SEV-ES disabled", "kvm_amd cannot run SEV-ES guests" },
	{ "Memory Encryption Features active", "which memory encryption this system runs with" },
	{ "kvm_intel: ", "a message of kvm_intel" },
	{ "kvm_amd: ", "a message of kvm_amd" },
	{ "kvm: ", "a message of kvm" },
	{ "vboxdrv: ", "VirtualBox's driver is or was loaded" },
	{ "vmmon: ", "VMware's driver is or was loaded" },
	{ "jailhouse: ", "Jailhouse's driver is or was loaded" },
	{ "DMAR: Host address width", "firmware describes Intel VT-d" },
	{ "DMAR: DRHD base", "an IOMMU unit" },
	{ "DMAR: dmar*reg_base_addr", "an IOMMU unit with its capabilities, used or not" },
	{ "DMAR: IOMMU enabled", "Intel VT-d was asked for at boot" },
	{ "DMAR: IOMMU disabled", "Intel VT-d was switched off at boot" },
	{ "Virtualization Technology for Directed I/O", "the kernel uses Intel VT-d" },
	{ "DMAR-IR: Enabled IRQ remapping", "interrupt remapping is on" },
	{ "No DMAR devices found", "firmware describes no unit" },
	{ "force enabled due to platform opt in", "firmware asked for DMA protection" },
	{ "Your BIOS is broken", "firmware's tables contradict the hardware" },
	{ "AMD-Vi: Found IOMMU", "an IOMMU unit" },
	{ "AMD-Vi: Extended features", "an IOMMU unit's capabilities" },
	{ "AMD-Vi: Interrupt remapping enabled", "interrupt remapping is on" },
	{ "IOAPIC* not in IVRS table", "firmware left an interrupt controller out" },
	{ "No southbridge IOAPIC found", "firmware left an interrupt controller out" },
	{ "AMD-Vi: Disabling interrupt remapping", "no interrupt remapping" },
	{ "Using global IVHD EFR", "the table is believed, not the register" },
};
const size_t n_log_patterns = sizeof(log_patterns) / sizeof(log_patterns[0]);

const char *log_line(const char *line, const char *end)
{
	static const char by[] = " kernel: ";
	const char *at = line;

	while (at < end && (isdigit((unsigned char)*at) || strchr(",-c", *at)))
		at++;
	if (at < end && at > line && *at == ';')
		return at + 1;
	at = line < end && *line != '<' && *line != '[' ? memmem(line, end - line, by, strlen(by)) : NULL;
	return at ? at + strlen(by) : line;
}

const char *log_message(const char *line, const char *end)
{
	line = log_line(line, end);
	if (line < end && *line == '<')
		line = memchr(line, '>', end - line);
	/* "<4>[    0.5] [Firmware Bug]: AMD-Vi: ..." */
	while (line && line < end && (*line == '>' || *line == '[' || *line == ' ' || *line == ':')) {
		if (*line == '[')
			line = memchr(line, ']', end - line);
		line = line ? line + 1 : NULL;
	}
	return line;
}

/* Does a message of the kernel's begin with a word of those that speak of virtualization? */
bool log_is_kept(const char *line, size_t len)
{
	static const char *const words[] = {
		"AMD Memory",
		"AMD-Vi",
		"Booting paravirtualized",
		"CPU ",
		"DMAR",
		"Hypervisor",
		"Intel-IOMMU",
		"Kernel is locked down",
		"Lockdown",
		"Memory Encryption",
		"SEV",
		"SVM",
		"Secure boot",
		"VMX",
		"Xen",
		"Your BIOS",
		"ccp",
		"iommu",
		"jailhouse",
		"kvm",
		"secureboot",
		"tboot",
		"vboxdrv",
		"virt/tdx",
		"vmmon",
		"x86/cpu",
	};
	const char *end = line + len;

	line = log_message(line, end);
	/* "pci 0000:00:00.2: AMD-Vi: ..." */
	if (line && end - line > 4 && memcmp(line, "pci ", 4) == 0)
		return memmem(line, end - line, "AMD-Vi", 6);
	for (size_t i = 0; line && line < end && i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i][0] == *line && (size_t)(end - line) >= strlen(words[i]) &&
		    memcmp(line, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* Does (pattern) occur in the line of (len) bytes? */
static bool occurs(const char *line, size_t len, const char *pattern)
{
	while (*pattern) {
		size_t n = strcspn(pattern, "*");
		const char *hit = memmem(line, len, pattern, n);

		if (!hit)
			return false;
		len -= hit + n - line;
		line = hit + n;
		pattern += n + (pattern[n] == '*');
	}
	return true;
}

/* The line around (hit) in (text). */
static const char *line_around(const char *text, const char *hit, size_t *len)
{
	while (hit > text && hit[-1] != '\n')
		hit--;
	*len = strcspn(hit, "\n");
	return hit;
}

bool view_log(const struct snapshot *s, const char *pattern, char *out, size_t size)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/dev/kmsg"), *hit = text;
	char literal[64];
	size_t n, skip;

	/* The whole log for what stands before the first '*', then that line for the rest. */
	snprintf(literal, sizeof(literal), "%.*s", (int)strcspn(pattern, "*"), pattern);
	while (hit && (hit = strstr(hit, literal))) {
		const char *line = line_around(text, hit, &n);

		if (occurs(line, n, pattern)) {
			skip = *line == '<' ? strcspn(line, ">\n") + 1 : 0; /* the priority */
			snprintf(out, size, "%.*s", (int)(n > skip ? n - skip : 0), line + skip);
			return true;
		}
		hit = line[n] ? line + n + 1 : NULL;
	}
	return false;
}
