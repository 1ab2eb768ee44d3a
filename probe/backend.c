/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which module serves /dev/kvm, who else may hold VT, and whether this is a container. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"

#define CAP_NESTED_STATE 157

const char *backend_name(enum kvm_backend b)
{
	static const char *const names[] = {
		[BACKEND_NONE] = "none",       [BACKEND_KVM_INTEL] = "kvm_intel",
		[BACKEND_KVM_AMD] = "kvm_amd", [BACKEND_KVM_PVM] = "kvm_pvm",
		[BACKEND_OTHER] = "other",     [BACKEND_UNKNOWN] = "unknown",
	};

	return names[b];
}

/* Is a KVM driver registered? The kernel's list of devices, or the device itself. */
static enum answer served(const struct snapshot *s)
{
	const struct snap_record *open = snapshot_kvm(s, "open", 0);
	const struct snap_record *misc = snapshot_named(s, SNAP_TEXT, "/proc/misc");
	const struct snap_record *sysfs =
		snapshot_named(s, SNAP_TEXT, "/sys/devices/virtual/misc/kvm/dev");

	if ((open && !open->err) || (sysfs && !sysfs->err))
		return ANSWER_YES;
	if (misc && !misc->err)
		return view_word((const char *)misc->data, "kvm", " \n") ? ANSWER_YES : ANSWER_NO;
	if (open && (open->err == ENODEV || open->err == ENXIO))
		return ANSWER_NO;
	if (sysfs && sysfs->err == ENOENT && view_modules_known(s))
		return ANSWER_NO;
	return ANSWER_UNKNOWN;
}

/*
 * A built-in module has its folder in /sys/module whether it works or not, so that
 * several may be listed. kvm_intel and kvm_amd need their CPUID bit, and their nested
 * state is never 0 bytes, which kvm_pvm's is.
 */
enum kvm_backend backend_identify(const struct snapshot *s)
{
	const struct snap_record *nested = snapshot_kvm(s, "cap", CAP_NESTED_STATE);
	bool no_nesting = nested && !nested->err && nested->value == 0;
	bool listed = view_modules_known(s);
	bool pvm = view_module(s, "kvm_pvm");
	enum answer is = served(s);

	if (is != ANSWER_YES)
		return is == ANSWER_NO ? BACKEND_NONE : BACKEND_UNKNOWN;
	if (view_has(s, CPUID_vmx) && view_module(s, "kvm_intel") &&
	    !(pvm && no_nesting))
		return BACKEND_KVM_INTEL;
	if (view_has(s, CPUID_svm) && view_module(s, "kvm_amd") && !(pvm && no_nesting))
		return BACKEND_KVM_AMD;
	if (pvm)
		return BACKEND_KVM_PVM;
	return listed ? BACKEND_OTHER : BACKEND_UNKNOWN;
}

/* Is (module) in a list of those that a boot parameter keeps out: the kernel's own, or modprobe's? */
static bool kept_out_at_boot(const char *cmdline, const char *parameter, const char *module)
{
	char list[256];

	while (cmdline && (cmdline = strstr(cmdline, parameter))) {
		cmdline += strlen(parameter);
		snprintf(list, sizeof(list), "%.*s", (int)strcspn(cmdline, " \n"), cmdline);
		for (char *c = list; *c; c++)
			*c = *c == '-' ? '_' : *c;
		if (view_word(list, module, ","))
			return true;
	}
	return false;
}

bool module_kept_out(const struct snapshot *s, const char *module)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/etc/modprobe.d");
	const char *cmdline = snapshot_text(s, SNAP_TEXT, "/proc/cmdline");
	char line[64];

	while (text && *text) {
		size_t n = strcspn(text, "\n");
		char name[64] = "";

		snprintf(line, sizeof(line), "%.*s", (int)(n < 63 ? n : 63), text);
		if (sscanf(line, " blacklist %63s", name) == 1 ||
		    sscanf(line, " install %63s", name) == 1)
			for (char *c = name; *c; c++)
				*c = *c == '-' ? '_' : *c;
		if (strcmp(name, module) == 0)
			return true;
		text += n + (text[n] == '\n');
	}
	return kept_out_at_boot(cmdline, "module_blacklist=", module) ||
	       kept_out_at_boot(cmdline, "modprobe.blacklist=", module);
}

void holders_list(const struct snapshot *s, char *out, size_t size)
{
	static const char *const others[] = { "vboxdrv",   "vmmon",	  "haxm",      "nvmm",
					      "mshv_root", "xen_privcmd", "jailhouse", "gunyah" };
	char line[16];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (view_module(s, others[i]) && n < size)
			n += snprintf(out + n, size - n, "%s%s", n ? ", " : "", others[i]);
	if (n < size && !strstr(out, "xen") && xen_keeps_vt(s))
		n += snprintf(out + n, size - n, "%sxen", n ? ", " : "");
	if (n < size && !strstr(out, "jailhouse") &&
	    view_line(s, "/sys/devices/jailhouse/enabled", line, sizeof(line)) && line[0] == '1')
		snprintf(out + n, size - n, "%sjailhouse", n ? ", " : "");
}

/* Container managers: what gives them away, and how they are told to hand a device on. */
static const struct { const char *kind, *hint; } containers[] = {
	{ "docker", "Give the container the device: docker run --device /dev/kvm (compose: devices:)." },
	{ "podman", "Give the container the device: podman run --device /dev/kvm (rootless: with --group-add "
		    "keep-groups)." },
	{ "libpod", "Give the container the device: podman run --device /dev/kvm (rootless: with --group-add "
		    "keep-groups)." },
	{ "kubepods", "Give the pod the device: a device plugin that offers /dev/kvm (KubeVirt's, or a generic one), or a "
		      "privileged container with /dev/kvm as hostPath." },
	{ "lxc", "Give the container the device: lxc.cgroup2.devices.allow = c 10:232 rwm and lxc.mount.entry = /dev/kvm "
		 "dev/kvm none bind,create=file; Incus and LXD: config device add NAME kvm unix-char path=/dev/kvm." },
	{ "systemd-nspawn", "Give the container the device: --bind=/dev/kvm --property=DeviceAllow=\"/dev/kvm rw\"." },
	{ "wsl", "On the Windows side: nestedVirtualization=true under [wsl2] in .wslconfig." },
};

const char *container_hint(const struct snapshot *s)
{
	const char *kind = container_kind(s);

	for (size_t i = 0; kind && i < sizeof(containers) / sizeof(containers[0]); i++)
		if (strncmp(kind, containers[i].kind, strlen(containers[i].kind)) == 0)
			return containers[i].hint;
	return "Give the container the device: docker run --device /dev/kvm (podman and others have the same "
	       "option).";
}

bool in_user_namespace(const struct snapshot *s)
{
	unsigned long inside, outside, count;
	const char *map = snapshot_text(s, SNAP_TEXT, "/proc/self/uid_map");

	return map && (sscanf(map, " %lu %lu %lu", &inside, &outside, &count) != 3 || inside || outside ||
		       count != 4294967295ul);
}

const char *container_kind(const struct snapshot *s)
{
	static const struct { const char *node, *name; } marks[] = {
		{ "/run/.containerenv", "podman" }, { "/.dockerenv", "docker" },
	};
	static const char *const groups[] = { "docker", "kubepods", "lxc", "libpod" };
	const char *manager = snapshot_text(s, SNAP_TEXT, "/run/systemd/container");
	const char *cgroup = snapshot_text(s, SNAP_TEXT, "/proc/self/cgroup");
	const char *ns = snapshot_text(s, SNAP_SYS, "ns.pid"),
		   *init = snapshot_text(s, SNAP_SYS, "init.container");

	if (manager && manager[0])
		return manager;
	if (init && init[0])
		return init;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct snap_record *r = snapshot_named(s, SNAP_NODE, marks[i].node);

		if (r && !r->err)
			return marks[i].name;
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (cgroup && strstr(cgroup, groups[i]))
			return groups[i];
	/* The machine's own namespace has this number on every kernel. */
	return ns && strcmp(ns, "pid:[4026531836]") != 0 ? "namespace" : NULL;
}

const char *device_state(const struct snapshot *s, const struct findings *f)
{
	const struct snap_record *open = snapshot_kvm(s, "open", 0);
	const struct snap_record *vm = snapshot_kvm(s, "create_vm", 0);

	if (!open)
		return "unknown";
	if (vm && vm->err == EBUSY)
		return "busy";
	if (finding_answer(f, "kvm.device") == ANSWER_YES)
		return "ok";
	switch (open->err) {
	case ENOENT:
		return finding_answer(f, "kvm.driver") == ANSWER_NO ? "no-driver" : "no-node";
	case EACCES:
	case EPERM:
		return "denied";
	case ENODEV:
	case ENXIO:
		return "no-driver";
	case EBUSY:
		return "busy";
	default:
		return "unknown";
	}
}
