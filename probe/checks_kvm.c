/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about KVM, from its driver to a guest that ran. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"
#include "probe/checks.h"

#define KVM_API 12

static void eval_driver(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *misc = snapshot_named(s, SNAP_TEXT, "/proc/misc");
	enum kvm_backend b = backend_identify(s);

	if (misc && !misc->err)
		finding_evidence(out, "file", "/proc/misc",
				 view_word((const char *)misc->data, "kvm", " \n") ?
					 "kvm is registered" :
					 "no kvm");
	if (b == BACKEND_NONE) {
		finding_set(out, ANSWER_NO, BASIS_PROVED);
		/* A module that refuses because of firmware needs no advice of its own. */
		if (finding_answer(f, "firmware.vmx") != ANSWER_NO &&
		    finding_answer(f, "firmware.svm") != ANSWER_NO)
			hint_no_driver(s, f, out);
		return;
	}
	if (b != BACKEND_UNKNOWN) {
		finding_evidence(out, "file", "/sys/module", "%s", backend_name(b));
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	} else if (snapshot_kvm(s, "open", 0) && !snapshot_kvm(s, "open", 0)->err) {
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	}
}

const struct check check_kvm_driver = {
	.id = "kvm.driver",
	.question = "Does a kernel driver serve KVM?",
	.explain = "A kvm line in /proc/misc, or its device in sysfs: the kernel has a working "
		   "backend. No: the vendor's module is not loaded, blacklisted, not built, or "
		   "it refused; the hint says which, from modules.dep, modprobe.d and the "
		   "kernel's log.",
	.eval = eval_driver,
};

static void eval_hardware(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	enum kvm_backend b = backend_identify(s);

	(void)f;
	finding_evidence(out, "file", "/sys/module", "%s", backend_name(b));
	if (b == BACKEND_KVM_INTEL || b == BACKEND_KVM_AMD)
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	else if (b == BACKEND_KVM_PVM)
		finding_set(out, ANSWER_NO, BASIS_PROVED);
	else if (b == BACKEND_OTHER && !vt_module(s))
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	else if (b == BACKEND_NONE)
		finding_set(out, ANSWER_NA, BASIS_NONE);
}

const struct check check_kvm_hardware = {
	.id = "kvm.hardware",
	.question = "Is KVM served by hardware VT?",
	.explain = "Which backend serves /dev/kvm: kvm_intel and kvm_amd use hardware VT. "
		   "kvm_pvm runs guests by software: it needs no VT bit, its nested state "
		   "(capability 157) has 0 bytes, and guest kernels are slow under it.",
	.optional = true,
	.eval = eval_hardware,
};

static void eval_node(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *r = snapshot_named(s, SNAP_NODE, "/dev/kvm");
	const char *owner = snapshot_text(s, SNAP_SYS, "owner./dev/kvm");

	if (!r || (r->err && r->err != ENOENT)) {
		finding_unread(out, "node", "/dev/kvm", r);
		return;
	}
	if (!r->err) {
		finding_evidence(out, "node", "/dev/kvm", "mode %04o, device %u:%u, owner %s",
				 (unsigned)r->value & 07777, r->num, r->sub, owner ? owner : "?");
		finding_set(out, ANSWER_YES, BASIS_PROVED);
		return;
	}
	finding_evidence(out, "node", "/dev/kvm", "not there");
	finding_set(out, ANSWER_NO, BASIS_PROVED);
	if (finding_answer(f, "kvm.driver") != ANSWER_YES)
		return;
	if (container_kind(s))
		finding_hint(out, "%s", container_hint(s));
	else
		finding_hint(out, "The kernel has the device, /dev has not: udevadm trigger "
				  "/dev/kvm, or: mknod /dev/kvm c 10 232");
}

const struct check check_kvm_node = {
	.id = "kvm.node",
	.question = "Is there a /dev/kvm?",
	.explain = "The device node itself. A kernel that has the driver and no node: a "
		   "container that was not given the device, or a /dev without udev.",
	.eval = eval_node,
};

static void hint_denied(const struct snapshot *s, struct finding *out)
{
	const struct snap_record *node = snapshot_named(s, SNAP_NODE, "/dev/kvm"),
				 *acl = snapshot_named(s, SNAP_SYS, "acl./dev/kvm");
	const char *owner = snapshot_text(s, SNAP_SYS, "owner./dev/kvm"),
		   *euid = snapshot_text(s, SNAP_SYS, "euid"),
		   *entered = snapshot_text(s, SNAP_SYS, "entered./dev/kvm"),
		   *member = snapshot_text(s, SNAP_SYS, "member./dev/kvm");
	const char *group = owner ? strchr(owner, ':') : NULL;
	bool by_group = group && node && !node->err && (node->value & 060) == 060 &&
			strcmp(group, ":root") != 0;
	bool by_mode = node && !node->err &&
		       ((node->value & 06) == 06 || (by_group && member && strcmp(member, "yes") == 0));

	if (acl && !acl->err)
		finding_evidence(out, "node", "/dev/kvm", "has an access list (getfacl /dev/kvm)");
	if (in_user_namespace(s))
		finding_evidence(out, "file", "/proc/self/uid_map", "a user namespace: root here is not root outside");
	if (euid && strcmp(euid, "0") == 0 && container_kind(s))
		finding_hint(out, "Even root is refused: a container's device rules or a security module forbid "
				  "it. %s", container_hint(s));
	else if (euid && strcmp(euid, "0") == 0)
		finding_hint(out, "Even root is refused: a container's device rules or a "
				  "security module forbid it. Allow the device there (docker run "
				  "--device /dev/kvm).");
	else if (by_mode && container_kind(s))
		finding_hint(out, "The node's mode lets you, a container's device rules or a security module do not. %s",
			     container_hint(s));
	else if (by_mode)
		finding_hint(out, "The node's mode lets you, something else does not: a security module (SELinux: ausearch -m "
				  "avc; AppArmor: dmesg), or the device rules of a service (DeviceAllow=).");
	else if (by_group && entered && strcmp(entered, "yes") == 0)
		finding_hint(out, "Your account is in the group %s, but this session is older: log out and in again, "
				  "or start a shell with: newgrp %s", group + 1, group + 1);
	else if (by_group)
		finding_hint(out, "Join the group %s (usermod -aG %s USER), then log in again.",
			     group + 1, group + 1);
	else
		finding_hint(out, "Only root may open it here: run as root, or make a udev rule, KERNEL==\"kvm\", "
				  "GROUP=\"kvm\", MODE=\"0660\" in /etc/udev/rules.d/65-kvm.rules, then udevadm control "
				  "--reload; udevadm trigger /dev/kvm; and join that group (usermod -aG kvm USER).");
}

static void eval_device(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *open = snapshot_kvm(s, "open", 0),
				 *api = snapshot_kvm(s, "api_version", 0);

	(void)f;
	if (!open) {
		finding_unread(out, "ioctl", "open /dev/kvm", NULL);
		return;
	}
	if (open->err) {
		finding_step(out, "open /dev/kvm", "open", open);
		finding_set(out, ANSWER_NO, BASIS_PROVED);
		if (open->err == EACCES || open->err == EPERM)
			hint_denied(s, out);
		return;
	}
	if (!api || api->err)
		finding_step(out, "KVM_GET_API_VERSION", "api_version", api);
	else
		finding_evidence(out, "ioctl", "KVM_GET_API_VERSION", "%llu",
				 (unsigned long long)api->value);
	if (!api)
		return;
	if (!api->err && api->value == KVM_API) {
		finding_set(out, ANSWER_YES, BASIS_PROVED);
		return;
	}
	finding_set(out, ANSWER_NO, BASIS_PROVED);
	finding_hint(out, "What answers at /dev/kvm is not KVM (a sandbox?).");
}

const struct check check_kvm_device = {
	.id = "kvm.device",
	.question = "Can /dev/kvm be opened, and is it KVM?",
	.explain = "open for reading and writing, then KVM_GET_API_VERSION, which must be 12. "
		   "EACCES, EPERM: permission. ENOENT: no node. ENODEV, ENXIO: a node without a "
		   "driver.",
	.eval = eval_device,
};

/* How the first of (others) is told to let go. */
static const char *how_to_unload(const char *others)
{
	static const struct { const char *module, *how; } rows[] = {
		{ "vboxdrv", " (modprobe -r vboxnetadp vboxnetflt vboxdrv)" },
		{ "vmmon", " (systemctl stop vmware, or modprobe -r vmmon)" },
		{ "jailhouse", " (jailhouse disable; modprobe -r jailhouse)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(others, rows[i].module, strlen(rows[i].module)) == 0)
			return rows[i].how;
	return "";
}

static void eval_free(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *vm = snapshot_kvm(s, "create_vm", 0);
	char others[128];

	(void)f;
	holders_list(s, others, sizeof(others));
	if (others[0])
		finding_evidence(out, "file", "/sys/module", "%s", others);
	if (vm && vm->err == EBUSY) {
		finding_step(out, "KVM_CREATE_VM", "create_vm", vm);
		finding_set(out, ANSWER_NO, BASIS_PROVED);
		if (others[0])
			finding_hint(out, "Stop the virtual machines of the other hypervisor (%s), or unload its "
					  "modules%s. To keep VT for KVM: kvm.enable_virt_at_load=1 (Linux 6.12), "
					  "after which the other cannot start while KVM is loaded.", others,
				     how_to_unload(others));
		else
			finding_hint(out, "Another hypervisor holds VT on this machine: stop it.");
	} else if (vm && !vm->err) {
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	} else if (xen_keeps_vt(s)) {
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
		finding_hint(out, "%s", xen_hint(s));
	} else if (view_modules_known(s) && !others[0]) {
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
	}
}

const struct check check_host_free = {
	.id = "host.free",
	.question = "Is VT free of other hypervisors?",
	.explain = "Creating a VM fails with EBUSY while another hypervisor has VT switched on. "
		   "Modules of VirtualBox, VMware, Jailhouse and others are named; loaded, they "
		   "hold VT only while a guest of theirs runs. Xen, where it runs this system, "
		   "always does.",
	.eval = eval_free,
};

static void eval_vm(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *vm = snapshot_kvm(s, "create_vm", 0);

	if (!vm || vm->err)
		finding_step(out, "KVM_CREATE_VM", "create_vm", vm);
	else
		finding_evidence(out, "ioctl", "KVM_CREATE_VM", "a VM was created");
	if (vm)
		finding_set(out, vm->err ? ANSWER_NO : ANSWER_YES, BASIS_PROVED);
	else if (finding_answer(f, "kvm.device") == ANSWER_NO)
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	if (vm && vm->err && vm->err != EBUSY)
		finding_hint(out, "KVM could not switch VT on; the end of dmesg says why.");
	if (vm && vm->err == ENOTTY)
		finding_hint(out, "What answers at /dev/kvm is not KVM (a sandbox?).");
}

const struct check check_kvm_vm = {
	.id = "kvm.vm",
	.question = "Can a VM be created?",
	.explain = "KVM_CREATE_VM. EBUSY: another hypervisor holds VT. EIO, EINVAL, EOPNOTSUPP: "
		   "VT could not be switched on on some CPU. ENOTTY: what answers is not KVM.",
	.eval = eval_vm,
};

static void eval_trial(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	static const char *const steps[] = { "memory", "create_vcpu", "run" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct snap_record *r = snapshot_kvm(s, steps[i], 0);

		if (r && r->err) {
			finding_step(out, steps[i], steps[i], r);
			finding_set(out, ANSWER_NO, BASIS_PROVED);
			if (r->err == ETIME)
				finding_hint(out, "The trial guest did not end within its deadline: "
						  "this KVM does not run guests.");
			else
				finding_hint(out, "A VM can be created, but its guest does not run; "
						  "the end of dmesg says why.");
			return;
		}
	}
	if (snapshot_kvm(s, "run", 0)) {
		finding_evidence(out, "ioctl", "KVM_RUN", "the guest added up 0x%llx",
				 (unsigned long long)snapshot_kvm(s, "run", 0)->value);
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	} else if (finding_answer(f, "kvm.vm") == ANSWER_NO) {
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	} else {
		finding_unread(out, "ioctl", "KVM_RUN", NULL);
	}
}

const struct check check_kvm_trial = {
	.id = "kvm.trial",
	.question = "Does a guest run?",
	.explain = "A guest of ten instructions in long mode: it adds two numbers through memory "
		   "and writes the sum to a port. The final proof; everything else may look "
		   "right while this fails. It has a deadline of two seconds and takes about a "
		   "millisecond.",
	.eval = eval_trial,
};

/* Does the CPUID that KVM gives to guests hold a VT bit? */
static enum answer nested_offered(const struct snapshot *s, struct finding *out)
{
	const struct snap_record *vmx = snapshot_kvm(s, "guest_cpuid_ecx", 1),
				 *svm = snapshot_kvm(s, "guest_cpuid_ecx", 0x80000001);
	bool has_vmx, has_svm;

	if (!vmx || vmx->err)
		return ANSWER_UNKNOWN;
	has_vmx = vmx->value >> cpuid_bits[CPUID_vmx].bit & 1;
	has_svm = svm && !svm->err && svm->value >> cpuid_bits[CPUID_svm].bit & 1;
	finding_evidence(out, "ioctl", "KVM_GET_SUPPORTED_CPUID", has_vmx ? "offers vmx" :
								  has_svm ? "offers svm" : "offers no VT");
	return has_vmx || has_svm ? ANSWER_YES : ANSWER_NO;
}

static void eval_nested(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const char *module = backend_name(backend_identify(s));
	char path[96], line[32];
	enum answer offered;

	if (finding_answer(f, "kvm.hardware") != ANSWER_YES) {
		if (finding_answer(f, "kvm.hardware") != ANSWER_UNKNOWN)
			finding_set(out, ANSWER_NA, BASIS_NONE);
		return;
	}
	snprintf(path, sizeof(path), "/sys/module/%s/parameters/nested", module);
	offered = nested_offered(s, out);
	if (!view_line(s, path, line, sizeof(line))) {
		finding_unread(out, "file", path, snapshot_named(s, SNAP_TEXT, path));
		if (offered != ANSWER_UNKNOWN)
			finding_set(out, offered, BASIS_PROVED);
		return;
	}
	finding_evidence(out, "file", path, "%s", line);
	finding_set(out, line[0] == 'Y' || line[0] == '1' ? ANSWER_YES : ANSWER_NO, BASIS_PROVED);
	if (out->answer == ANSWER_NO)
		finding_hint(out, "To give guests VT: modprobe -r %s; modprobe %s nested=1", module,
			     module);
}

const struct check check_kvm_nested = {
	.id = "kvm.nested",
	.question = "Can guests be given VT?",
	.explain = "The nested parameter of kvm_intel or kvm_amd: Y or 1 lets guests of this "
		   "machine run guests themselves. KVM_GET_SUPPORTED_CPUID shows whether KVM "
		   "would give a guest the VT bit.",
	.optional = true,
	.eval = eval_nested,
};
