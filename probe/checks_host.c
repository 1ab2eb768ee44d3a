/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about firmware, surroundings and tools. */
#include <errno.h>
#include <string.h>

#include "probe/analyse.h"
#include "probe/checks.h"

static void eval_firmware_vmx(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	(void)f;
	firmware_vmx(s, out);
}

static void eval_firmware_svm(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	/* Known to lack SVM by its model, where the bit was not recorded. */
	if (finding_answer(f, "cpu.svm") == ANSWER_NO)
		finding_set(out, ANSWER_NA, BASIS_NONE);
	else
		firmware_svm(s, out);
}

const struct check check_firmware_vmx = {
	.id = "firmware.vmx",
	.question = "Has firmware left VMX on?",
	.explain = "MSR IA32_FEATURE_CONTROL (0x3a) on every CPU: bit 0 locks it, bit 2 allows "
		   "VMX, bit 1 allows it only inside SMX. It needs root and the msr module. "
		   "Without it: a VM that kvm_intel made proves it; a vmx flag that is missing "
		   "from /proc/cpuinfo although CPUID has the bit means that the kernel (5.6 or "
		   "later) found it off, unless clearcpuid=, a hypervisor or a kernel without "
		   "kvm_intel explains it; then the kernel's log. Locked off with nothing else "
		   "set, and nothing known of this kernel's kvm_intel, it may be the kernel's "
		   "doing. Not applicable where no VMX bit shows.",
	.eval = eval_firmware_vmx,
};

const struct check check_firmware_svm = {
	.id = "firmware.svm",
	.question = "Has firmware left SVM on?",
	.explain = "MSR VM_CR (0xc0010114), bit 4 SVMDIS, on every CPU. It needs root and the "
		   "msr module. Without it: a VM that kvm_amd made proves it; an svm flag that "
		   "is missing from /proc/cpuinfo although CPUID has the bit means that the "
		   "kernel found it off (6.7 or later do that), unless clearcpuid= or a "
		   "hypervisor explains it; then the kernel's log. Not applicable where no SVM bit shows.",
	.eval = eval_firmware_svm,
};

static void eval_container(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const char *kind = container_kind(s);

	(void)f;
	if (kind) {
		finding_evidence(out, "file", "container marks", "%.40s", kind);
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
	} else if (snapshot_named(s, SNAP_NODE, "/.dockerenv")) {
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	}
}

const struct check check_host_container = {
	.id = "host.container",
	.question = "Does this run in a container?",
	.explain = "The marks that container managers leave: /run/systemd/container, "
		   "/run/.containerenv, /.dockerenv, names in /proc/self/cgroup. A container "
		   "sees the host's CPUID and modules, but only the devices that it was given.",
	.want = WANT_EITHER,
	.eval = eval_container,
};

static void eval_lockdown(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	static const char path[] = "/sys/kernel/security/lockdown";
	const struct snap_record *r = snapshot_named(s, SNAP_TEXT, path);
	char line[160];

	(void)f;
	if (r && r->err == ENOENT && view_log(s, "Kernel is locked down", line, sizeof(line))) {
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
		finding_evidence(out, "log", "kernel log", "%s", line);
	} else if (r && r->err == ENOENT) {
		finding_evidence(out, "file", path, "not there: no lockdown, or securityfs is not mounted");
	} else if (view_line(s, path, line, sizeof(line))) {
		finding_set(out, strstr(line, "[none]") ? ANSWER_NO : ANSWER_YES, BASIS_PROVED);
		finding_evidence(out, "file", path, "%s", line);
	}
}

const struct check check_host_lockdown = {
	.id = "host.lockdown",
	.question = "Is the kernel locked down?",
	.explain = "/sys/kernel/security/lockdown; where that is not there, the kernel's log. A "
		   "locked-down kernel (Secure Boot) refuses unsigned modules and MSR writes, and "
		   "some distributions' refuse MSR reads as well.",
	.want = WANT_NO,
	.optional = true,
	.eval = eval_lockdown,
};

static void eval_tool(const struct snapshot *s, const char *program, const char *package,
		      const char *without, struct finding *out)
{
	const struct snap_record *r = snapshot_named(s, SNAP_TOOL, program);

	if (!r)
		return;
	if (!r->err) {
		finding_evidence(out, "path", program, "%.120s", (const char *)r->data);
		finding_set(out, ANSWER_YES, BASIS_PROVED);
		return;
	}
	finding_unread(out, "path", program, r);
	if (r->err == ENOENT)
		finding_set(out, ANSWER_NO, BASIS_PROVED);
	finding_hint(out, "apt-get install %s: without it %s.", package, without);
}

static void eval_qemu(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	(void)f;
	eval_tool(s, "qemu-system-x86_64", "qemu-system-x86",
		  "the engines tcg and qemu-kvm cannot run", out);
}

static void eval_gnuplot(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	(void)f;
	eval_tool(s, "gnuplot", "gnuplot-nox", "reports have no figures", out);
}

const struct check check_tool_qemu = {
	.id = "tool.qemu",
	.question = "Is QEMU installed?",
	.explain = "qemu-system-x86_64 is looked for in PATH; it is not run.",
	.optional = true,
	.eval = eval_qemu,
};

const struct check check_tool_gnuplot = {
	.id = "tool.gnuplot",
	.question = "Is gnuplot installed?",
	.explain = "gnuplot is looked for in PATH; it is not run.",
	.optional = true,
	.eval = eval_gnuplot,
};
