/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why does no driver serve KVM, and what helps? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"

const char *vt_module(const struct snapshot *s)
{
	return view_has(s, CPUID_vmx) ? "kvm_intel" : view_has(s, CPUID_svm) ? "kvm_amd" : NULL;
}

/* What the kernel's log said when the module was tried, and what helps then. */
static const struct { const char *pattern, *hint; } refusals[] = {
	{ "already loaded vendor module", "Another KVM backend is loaded: unload it, then: modprobe %s" },
	{ "KVM is unsupported when running as an SEV guest",
	  "A confidential guest cannot run guests: use an ordinary virtual machine." },
	{ "feature inconsistency", "The CPUs offer different VMX controls: update firmware and microcode, or load it all the "
				   "same: modprobe %s error_on_inconsistent_vmcs_config=0" },
	{ "Inconsistent VMCS config on CPU", "The CPUs offer different VMX controls: update firmware and microcode, or load it "
					     "all the same: modprobe %s error_on_inconsistent_vmcs_config=0" },
	{ "enabling virtualization on CPU*failed", "VT could not be switched on on one CPU: another hypervisor has it, or "
						   "firmware left it off there. Update the firmware, or take that CPU "
						   "offline, then: modprobe %s" },
};

static bool hint_refusal(const struct snapshot *s, const char *module, struct finding *out)
{
	char line[160];

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const char *hint = refusals[i].hint, *at = strstr(hint, "%s");

		if (!view_log(s, refusals[i].pattern, line, sizeof(line)))
			continue;
		finding_evidence(out, "log", "kernel log", "%s", line);
		if (at)
			finding_hint(out, "%.*s%s%s", (int)(at - hint), hint, module, at + 2);
		else
			finding_hint(out, "%s", hint);
		return true;
	}
	return false;
}

/* The kernel took the flag away at boot: the module would refuse. */
static bool hint_flag_gone(const struct snapshot *s, const struct findings *f, const char *module,
			   struct finding *out)
{
	bool intel = strcmp(module, "kvm_intel") == 0;
	const struct finding *firmware = finding_of(f, intel ? "firmware.vmx" : "firmware.svm");
	const char *flag = intel ? "vmx" : "svm", *cmdline = snapshot_text(s, SNAP_TEXT, "/proc/cmdline");

	if (view_flag(s, flag) != ANSWER_NO)
		return false;
	finding_evidence(out, "file", "/proc/cpuinfo flags", "no %s: %s would refuse", flag, module);
	if (cmdline && strstr(cmdline, "clearcpuid="))
		finding_hint(out, "Boot without clearcpuid=: it takes the %s flag away, and %s refuses without.", flag,
			     module);
	else
		finding_hint(out, "The kernel took the %s flag away at boot, and %s refuses without: firmware's doing or "
				  "its own. %s", flag, module, firmware ? firmware->hint : "");
	return true;
}

/* Configuration that keeps the module out. */
static bool hint_kept_out(const struct snapshot *s, const char *module, struct finding *out)
{
	char line[64];

	if (xen_keeps_vt(s)) {
		finding_evidence(out, "file", "/proc/xen, /sys/hypervisor", "Xen runs this system");
		finding_hint(out, "%s", xen_hint(s));
	} else if (module_kept_out(s, module)) {
		finding_evidence(out, "file", "/etc/modprobe.d, /proc/cmdline", "%s is blacklisted",
				 module);
		finding_hint(out, "Take %s off the blacklist (/etc/modprobe.d, "
				  "module_blacklist=, modprobe.blacklist=), then: modprobe %s", module, module);
	} else if (view_line(s, "/proc/sys/kernel/modules_disabled", line, sizeof(line)) && line[0] == '1') {
		finding_evidence(out, "file", "/proc/sys/kernel/modules_disabled", "1");
		finding_hint(out, "This kernel loads no more modules until it is booted again: have %s loaded at "
				  "boot (/etc/modules-load.d).", module);
	} else {
		return false;
	}
	return true;
}

void hint_no_driver(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct finding *built = finding_of(f, "kvm.built");
	const char *module = vt_module(s);
	const struct snap_record *file;
	char name[64];

	if (!module) {
		finding_hint(out, "No hardware VT shows, so that neither kvm_intel nor kvm_amd "
				  "can serve this machine.");
		return;
	}
	snprintf(name, sizeof(name), "module.%s", module);
	file = snapshot_named(s, SNAP_SYS, name);
	if (hint_kept_out(s, module, out))
		return;
	if (file && file->err == ENOENT) {
		finding_evidence(out, "file", "modules.dep", "this kernel has no %s", module);
		finding_hint(out, "Boot a kernel that has %s: this one was built without it.",
			     module);
	} else if (built && built->answer == ANSWER_NO) {
		finding_hint(out, "%s", built->hint);
	} else if (hint_refusal(s, module, out) || hint_flag_gone(s, f, module, out)) {
		return;
	} else if (container_kind(s)) {
		finding_hint(out, "On the host, not in this container: modprobe %s; if it refuses, the end of dmesg "
				  "says why.", module);
	} else {
		finding_hint(out, "modprobe %s; if it refuses, the end of dmesg says why.", module);
	}
}
