/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/kvm, step by step: open, version, capabilities, a VM, and a guest of a few
 * instructions as the final proof.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arch/x86/facts.h"
#include "probe/collect_private.h"

static int collect_capabilities(struct snapshot *s, int kvm)
{
	int rc = 0;

	for (size_t i = 0; i < n_kvm_capabilities && !rc; i++) {
		unsigned number = kvm_capabilities[i].number;
		int value = ioctl(kvm, KVM_CHECK_EXTENSION, (unsigned long)number);

		rc = snapshot_add_kvm(s, "cap", number, value < 0 ? errno : 0, value);
	}
	return rc;
}

/* Signals and a busy machine interrupt the creation of a VM; that says nothing about KVM. */
static int create_vm(int kvm)
{
	int vm, tries = 20;

	do
		vm = ioctl(kvm, KVM_CREATE_VM, 0ul);
	while (vm < 0 && (errno == EINTR || errno == EAGAIN) && --tries > 0);
	return vm;
}

static int collect_vm(struct snapshot *s, int kvm, bool run_guest)
{
	int vm = create_vm(kvm), rc;

	rc = snapshot_add_kvm(s, "create_vm", 0, vm < 0 ? errno : 0, 1);
	if (vm < 0)
		return rc;
	if (!rc && run_guest)
		rc = collect_trial(s, kvm, vm);
	close(vm);
	return rc;
}

int collect_kvm(struct snapshot *s, bool run_guest)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version, rc;

	rc = snapshot_add_kvm(s, "open", 0, kvm < 0 ? errno : 0, 1);
	if (kvm < 0)
		return rc;
	version = ioctl(kvm, KVM_GET_API_VERSION, 0ul);
	if (!rc)
		rc = snapshot_add_kvm(s, "api_version", 0, version < 0 ? errno : 0,
				      version < 0 ? 0 : version);
	if (!rc && version == KVM_API_VERSION)
		rc = collect_capabilities(s, kvm);
	if (!rc && version == KVM_API_VERSION)
		rc = collect_vm(s, kvm, run_guest);
	close(kvm);
	return rc;
}
