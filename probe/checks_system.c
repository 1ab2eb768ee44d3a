/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about the system around KVM: who has VT on, what the kernel was built with, what can be read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/analyse.h"
#include "probe/checks.h"

/* A bit of an MSR, or any of them, on the CPUs that could be read. */
static enum answer msr_any(const struct snapshot *s, uint32_t msr, uint64_t mask, struct finding *out)
{
	enum answer a = ANSWER_UNKNOWN;
	struct msr_groups g;

	view_msr(s, msr, &g);
	for (size_t i = 0; i < g.n; i++) {
		struct buf where = BUF_INIT;

		if (g.group[i].err)
			continue;
		buf_printf(&where, "%s, cpu ", msr_fact_of(msr) ? msr_fact_of(msr)->name : "MSR");
		cpulist_format(&g.group[i].cpus, &where);
		finding_evidence(out, "msr", buf_str(&where), "0x%llx",
				 (unsigned long long)g.group[i].value);
		buf_free(&where);
		if (g.group[i].value & mask)
			a = ANSWER_YES;
		else if (a == ANSWER_UNKNOWN)
			a = ANSWER_NO;
	}
	view_msr_free(&g);
	return a;
}

/* Virtual machines of KVM's, by the folders that it keeps for them in debugfs; -1: not known. */
static int count_vms(const struct snapshot *s)
{
	const char *list = snapshot_text(s, SNAP_DIR, "/sys/kernel/debug/kvm");
	int n = 0;

	if (!list)
		return -1;
	for (; *list; list += strcspn(list, "\n") + (list[strcspn(list, "\n")] != 0))
		n += *list >= '0' && *list <= '9';
	return n;
}

/* CR4.VMXE, which the kernel's word on a mitigation gives away. */
static enum answer vmx_is_on(const struct snapshot *s, struct finding *out)
{
	static const char path[] = "/sys/devices/system/cpu/vulnerabilities/itlb_multihit";
	char line[160];

	if (!view_line(s, path, line, sizeof(line)) || !strstr(line, "KVM:"))
		return ANSWER_UNKNOWN;
	finding_evidence(out, "file", path, "%s", line);
	return strstr(line, "VMX unsupported") || strstr(line, "VMX disabled") ? ANSWER_NO : ANSWER_YES;
}

static void eval_in_use(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *vm = snapshot_kvm(s, "create_vm", 0);
	enum answer vmx, svm;
	int vms = count_vms(s);

	if (finding_answer(f, "cpu.vmx") == ANSWER_NO && finding_answer(f, "cpu.svm") == ANSWER_NO) {
		finding_set(out, ANSWER_NA, BASIS_NONE);
		return;
	}
	vmx = vmx_is_on(s, out);
	svm = finding_answer(f, "cpu.svm") == ANSWER_YES ?
		      msr_any(s, MSR_EFER, 1ull << MSR_FIELD_EFER_svme, out) :
		      ANSWER_UNKNOWN;
	if (svm == ANSWER_YES)
		msr_any(s, MSR_VM_HSAVE_PA, ~0ull, out);
	if (vms >= 0)
		finding_evidence(out, "file", "/sys/kernel/debug/kvm", "%s of KVM's run",
				 vms ? "virtual machines" : "no virtual machines");
	if (vm && vm->err == EBUSY)
		finding_step(out, "KVM_CREATE_VM", "create_vm", vm);
	if (svm == ANSWER_YES || vms > 0 || (vm && vm->err == EBUSY))
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	else if (svm == ANSWER_NO)
		finding_set(out, ANSWER_NO, BASIS_PROVED);
	else if (vmx != ANSWER_UNKNOWN)
		finding_set(out, vmx, BASIS_INFERRED);
}

const struct check check_host_in_use = {
	.id = "host.in_use",
	.question = "Is VT switched on at this moment?",
	.explain = "SVM: EFER.SVME on every CPU (root), and the address of the host's save area. VMX: "
		   "CR4.VMXE, which the kernel's line on itlb_multihit gives away on processors that "
		   "have that flaw: \"VMX disabled\" means that it is off now, \"Split huge pages\" or "
		   "\"Vulnerable\" that it is on. EBUSY of KVM_CREATE_VM, and the virtual machines in "
		   "KVM's folder in debugfs (root), prove it too. KVM switches VT on when it is loaded, or "
		   "with its first virtual machine: see kvm.at_load.",
	.want = WANT_EITHER,
	.eval = eval_in_use,
};

static void eval_at_load(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	static const char path[] = "/sys/module/kvm/parameters/enable_virt_at_load";
	enum kvm_backend b = backend_identify(s);
	char line[32], others[128];

	(void)f;
	if (b != BACKEND_KVM_INTEL && b != BACKEND_KVM_AMD) {
		if (b != BACKEND_UNKNOWN)
			finding_set(out, ANSWER_NA, BASIS_NONE);
		return;
	}
	if (!view_line(s, path, line, sizeof(line))) {
		const struct snap_record *r = snapshot_named(s, SNAP_DIR, "/sys/module/kvm/parameters");

		/* Before 6.12 there was no choice: VT came on with the first virtual machine. */
		finding_unread(out, "file", path, snapshot_named(s, SNAP_TEXT, path));
		if (r && !r->err && view_kernel(s) && view_kernel(s) < 6012)
			finding_set(out, ANSWER_NO, BASIS_INFERRED);
		return;
	}
	finding_evidence(out, "file", path, "%s", line);
	finding_set(out, line[0] == 'Y' || line[0] == '1' ? ANSWER_YES : ANSWER_NO, BASIS_PROVED);
	holders_list(s, others, sizeof(others));
	if (out->answer == ANSWER_YES && others[0])
		finding_hint(out, "KVM holds VT from the moment it is loaded: guests of %s cannot start until "
				  "kvm_intel or kvm_amd is unloaded, or kvm.enable_virt_at_load=0 is set.",
			     others);
	else if (out->answer == ANSWER_NO && others[0])
		finding_hint(out, "KVM takes VT with its first virtual machine: whoever of KVM and %s starts first "
				  "keeps the other out (EBUSY).", others);
}

const struct check check_kvm_at_load = {
	.id = "kvm.at_load",
	.question = "Does KVM take VT as soon as it is loaded?",
	.explain = "The parameter enable_virt_at_load of kvm, since Linux 6.12. Y, the default: VT is on from "
		   "loading on, so that the first virtual machine starts at once, but no other hypervisor "
		   "(VirtualBox, VMware) can start while the module is loaded. N, and kernels before 6.12: VT "
		   "comes on with the first virtual machine and goes off with the last, so that others can "
		   "run in between; then KVM may find it taken, and each first machine waits until all CPUs "
		   "have switched. Some packages of VirtualBox set it to N in /etc/modprobe.d.",
	.want = WANT_EITHER,
	.optional = true,
	.eval = eval_at_load,
};

static void eval_built(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const char *module = finding_answer(f, "cpu.vmx") == ANSWER_YES ? "kvm_intel" :
			     finding_answer(f, "cpu.svm") == ANSWER_YES ? "kvm_amd" :
									  NULL;
	const struct snap_record *r;
	char name[64], option[64];
	enum answer config;
	const char *hit = NULL;

	if (!module) {
		if (finding_answer(f, "cpu.vmx") == ANSWER_NO)
			finding_set(out, ANSWER_NA, BASIS_NONE);
		return;
	}
	snprintf(name, sizeof(name), "module.%s", module);
	r = snapshot_named(s, SNAP_SYS, name);
	if (r && !r->err)
		finding_evidence(out, "file", "modules.dep", "%s: %.100s", module, (const char *)r->data);
	else if (r && r->err == ENOENT)
		finding_evidence(out, "file", "modules.dep", "no %s", module);
	snprintf(option, sizeof(option), "CONFIG_%s", strcmp(module, "kvm_amd") ? "KVM_INTEL" : "KVM_AMD");
	config = view_config(s, option, &hit);
	if (hit)
		finding_evidence(out, "file", "/boot/config", "%.*s", (int)strcspn(hit, "\n"), hit);
	else if (config == ANSWER_NO)
		finding_evidence(out, "file", "/boot/config", "does not name %s", option);
	if (r && (!r->err || r->err == ENOENT))
		finding_set(out, r->err ? ANSWER_NO : ANSWER_YES, BASIS_PROVED);
	else if (config != ANSWER_UNKNOWN || view_module(s, module))
		finding_set(out, config != ANSWER_UNKNOWN ? config : ANSWER_YES, BASIS_INFERRED);
	if (out->answer == ANSWER_NO)
		finding_hint(out, "Boot a kernel with %s=m: distributions' ordinary kernels have it, some of those "
				  "for clouds and containers have not.", option);
}

const struct check check_kvm_built = {
	.id = "kvm.built",
	.question = "Has this kernel the driver for this processor's VT?",
	.explain = "kvm_intel or kvm_amd in modules.dep or modules.builtin of the running kernel, and its line in "
		   "/boot/config where that is left. Unknown in a container, which has the host's kernel but "
		   "not its files. A kernel without kvm_intel also locks VMX off where firmware left the "
		   "switch open, which looks like firmware's doing.",
	.eval = eval_built,
};

static void eval_msr(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	size_t good = 0, bad = 0;
	const char *why = NULL, *euid = snapshot_text(s, SNAP_SYS, "euid");
	bool root = euid && strcmp(euid, "0") == 0;
	char example[64];

	(void)f;
	for (size_t i = 0; i < s->n; i++) {
		const struct snap_record *r = &s->rec[i];
		const struct msr_fact *m;

		if (r->kind != SNAP_MSR)
			continue;
		*(r->err ? &bad : &good) += 1;
		m = msr_fact_of(r->num);
		/* A fault is an answer: the device was there and was asked. */
		if (r->err && (!why || (r->err == EIO && strcmp(why, "faulted") != 0))) {
			why = msr_error_name(s, r->err);
			snprintf(example, sizeof(example), "%s, cpu %d", m ? m->name : "MSR", r->cpu);
			finding_evidence(out, "msr", example, "%s (%s)", why,
					 errno_name(r->err) ? errno_name(r->err) : "?");
		}
	}
	if (good + bad == 0)
		return;
	if (good)
		finding_evidence(out, "msr", "/dev/cpu/*/msr", "%zu read, %zu not", good, bad);
	finding_set(out, good ? ANSWER_YES : ANSWER_NO, BASIS_PROVED);
	if (good || !why)
		return;
	if (strcmp(why, "not-loaded") == 0)
		finding_hint(out, "As root: modprobe msr. It stays loaded until modprobe -r msr.");
	else if (strcmp(why, "not-built") == 0)
		finding_hint(out, "This kernel was built without CONFIG_X86_MSR.");
	else if (strcmp(why, "denied") == 0 && !root)
		finding_hint(out, "Root only (CAP_SYS_RAWIO): sudo vtscope probe.");
	else if (strcmp(why, "denied") == 0)
		finding_hint(out, "Root without CAP_SYS_RAWIO (a container), or a kernel whose lockdown refuses reads "
				  "as well.");
}

const struct check check_host_msr = {
	.id = "host.msr",
	.question = "Can MSRs be read?",
	.explain = "Through /dev/cpu/N/msr, reading only. Four answers are told apart where there is no value: "
		   "denied (EPERM, EACCES: not root, or lockdown), faulted (EIO: RDMSR was refused by the "
		   "processor or a hypervisor), not loaded and not built (ENOENT: the msr module). MSRs that "
		   "CPUID or a control says are not there are not asked for.",
	.optional = true,
	.eval = eval_msr,
};

static void eval_log(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *r = snapshot_named(s, SNAP_TEXT, "/dev/kmsg");
	char line[160];

	(void)f;
	if (!r)
		return;
	if (r->err) {
		finding_unread(out, "log", "/dev/kmsg", r);
		finding_set(out, ANSWER_NO, BASIS_PROVED);
		if (r->err == EPERM || r->err == EACCES)
			finding_hint(out, "Root may (kernel.dmesg_restrict): sudo vtscope probe.");
		return;
	}
	for (size_t i = 0; i < n_log_patterns && out->n_evidence < EVIDENCE_MAX; i++) {
		bool told = false;

		if (!view_log(s, log_patterns[i].pattern, line, sizeof(line)))
			continue;
		for (size_t j = 0; j < out->n_evidence && !told; j++)
			told = strncmp(out->evidence[j].value, line, sizeof(line) - 1) == 0;
		if (!told)
			finding_evidence(out, "log", log_patterns[i].meaning, "%s", line);
	}
	finding_set(out, ANSWER_YES, BASIS_PROVED);
}

const struct check check_host_log = {
	.id = "host.log",
	.question = "Can the kernel's log be read?",
	.explain = "syslog(2), which kernel.dmesg_restrict keeps for root. Lines on virtualization are kept and "
		   "explained. The log is a ring: a line that is not there proves nothing, it may have been "
		   "written over.",
	.optional = true,
	.eval = eval_log,
};

static void eval_secure_boot(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *r = snapshot_named(
		s, SNAP_BLOB, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
	char line[160];

	(void)f;
	if (r && !r->err && r->len >= 5) {
		finding_evidence(out, "file", "efivars/SecureBoot", "%u", r->data[4]);
		finding_set(out, r->data[4] == 1 ? ANSWER_YES : ANSWER_NO, BASIS_PROVED);
	} else if (view_log(s, "Secure boot enabled", line, sizeof(line))) {
		finding_evidence(out, "log", "kernel log", "%s", line);
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	} else if (r && r->err == ENOENT) {
		finding_evidence(out, "file", "efivars/SecureBoot", "not there: no EFI, or no Secure Boot");
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	}
}

const struct check check_host_secure_boot = {
	.id = "host.secure_boot",
	.question = "Is Secure Boot on?",
	.explain = "The EFI variable SecureBoot, its fifth byte; else the kernel's log. With Secure Boot most "
		   "distributions lock the kernel down: drivers of other hypervisors must be signed, and the "
		   "boot image of vtscope does not start.",
	.want = WANT_EITHER,
	.optional = true,
	.eval = eval_secure_boot,
};
