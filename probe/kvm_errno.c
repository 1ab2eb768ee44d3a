/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the errors of /dev/kvm mean, step by step. */
#include <errno.h>
#include <string.h>

#include "probe/analyse.h"

static const struct {
	const char *step;
	int err;
	const char *meaning;
} rows[] = {
	{ "open", ENOENT, "no node: the driver is missing, or a container was not given it" },
	{ "open", EACCES, "permission: the node's mode, group or access list" },
	{ "open", EPERM, "forbidden by device rules, a user namespace or a security module" },
	{ "open", ENODEV, "a node, but no driver behind it" },
	{ "open", ENXIO, "a node, but no driver behind it" },
	{ "open", EBUSY, "busy" },
	{ "api_version", ENOTTY, "not KVM: a sandbox answers" },
	{ "create_vm", EBUSY, "another hypervisor has VT switched on" },
	{ "create_vm", EIO, "VT could not be switched on on some CPU" },
	{ "create_vm", EINVAL, "VT could not be switched on, or this kind of VM is not offered" },
	{ "create_vm", EOPNOTSUPP, "VT could not be switched on, or this kind of VM is not offered" },
	{ "create_vm", ENOMEM, "no memory for a VM" },
	{ "create_vm", EINTR, "interrupted, again and again" },
	{ "create_vm", ENOTTY, "not KVM: a sandbox answers" },
	{ "create_vm", EACCES, "a security module forbids it" },
	{ "create_vm", EPERM, "a security module forbids it" },
	{ "memory", ENOMEM, "no memory for a guest" },
	{ "create_vcpu", EEXIST, "there is such a vCPU already" },
	{ "create_vcpu", EINVAL, "this kernel gives no vCPU to such a VM" },
	{ "create_vcpu", ENOMEM, "no memory for a vCPU" },
	{ "create_vcpu", EBUSY, "another hypervisor has VT switched on" },
	{ "run", EIO, "the processor refused to enter the guest, or KVM could not go on with it" },
	{ "run", EFAULT, "the guest's memory could not be reached" },
	{ "run", ETIME, "the guest did not come back in time" },
	{ "run", EPROTO, "the guest did something else than it was told" },
	{ "run", EINVAL, "the guest's state was refused" },
};

void finding_step(struct finding *out, const char *where, const char *step, const struct snap_record *r)
{
	if (!r) {
		finding_unread(out, "ioctl", where, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].err == r->err && strcmp(rows[i].step, step) == 0) {
			finding_evidence(out, "ioctl", where, "%s: %s", errno_name(r->err), rows[i].meaning);
			return;
		}
	finding_unread(out, "ioctl", where, r);
}
