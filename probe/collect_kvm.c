/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/kvm, step by step: open, version, capabilities, a VM, and a guest of a few
 * instructions as the final proof.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arch/x86/facts.h"
#include "probe/collect_private.h"

#define FEATURE_MSRS_MAX 128
#define GUEST_CPUID_MAX 256

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

/*
 * The MSRs that KVM answers for as features: those of VMX are what it can give to guests, not
 * the processor's own. "feature_msr", by number.
 */
static int collect_feature_msrs(struct snapshot *s, int kvm)
{
	union {
		struct kvm_msr_list list;
		char room[sizeof(struct kvm_msr_list) + FEATURE_MSRS_MAX * sizeof(__u32)];
	} index = { .list.nmsrs = FEATURE_MSRS_MAX };
	union {
		struct kvm_msrs one;
		char room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} msr;
	int rc = 0, n;

	if (ioctl(kvm, KVM_GET_MSR_FEATURE_INDEX_LIST, &index.list))
		return snapshot_add_kvm(s, "feature_msrs", 0, errno, 0);
	rc = snapshot_add_kvm(s, "feature_msrs", 0, 0, index.list.nmsrs);
	for (__u32 i = 0; i < index.list.nmsrs && !rc; i++) {
		memset(&msr, 0, sizeof(msr));
		msr.one.nmsrs = 1;
		msr.one.entries[0].index = index.list.indices[i];
		n = ioctl(kvm, KVM_GET_MSRS, &msr.one);
		rc = snapshot_add_kvm(s, "feature_msr", index.list.indices[i],
				      n == 1 ? 0 : n < 0 ? errno : EIO, msr.one.entries[0].data);
	}
	return rc;
}

static int add_supported(struct snapshot *s, const struct kvm_cpuid_entry2 *e)
{
	int rc = 0;

	if (e->function == 1 || e->function == 0x80000001)
		rc = snapshot_add_kvm(s, "guest_cpuid_ecx", e->function, 0, e->ecx);
	else if (e->function == 0x8000000a)
		rc = snapshot_add_kvm(s, "guest_cpuid_edx", e->function, 0, e->edx);
	return rc;
}

/*
 * What CPUID KVM can give to guests: whether they may have VT themselves. Each leaf costs the
 * kernel a CPUID of its own, an exit in a virtual machine: only where KVM nests at all.
 */
static int collect_guest_cpuid(struct snapshot *s, int kvm)
{
	const struct snap_record *nested = snapshot_kvm(s, "cap", KVM_CAP_NESTED_STATE);
	struct kvm_cpuid2 *c;
	int rc = 0;

	if (!nested || nested->err || !nested->value)
		return 0;
	c = calloc(1, sizeof(*c) + GUEST_CPUID_MAX * sizeof(c->entries[0]));
	if (!c)
		return -ENOMEM;
	c->nent = GUEST_CPUID_MAX;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c)) {
		rc = snapshot_add_kvm(s, "guest_cpuid_ecx", 1, errno, 0);
		c->nent = 0;
	}
	for (__u32 i = 0; i < c->nent && !rc; i++)
		rc = add_supported(s, &c->entries[i]);
	free(c);
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
	if (!rc && version == KVM_API_VERSION) {
		int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul);

		rc = snapshot_add_kvm(s, "vcpu_mmap_size", 0, size < 0 ? errno : 0, size < 0 ? 0 : size);
	}
	if (!rc && version == KVM_API_VERSION)
		rc = collect_capabilities(s, kvm);
	if (!rc && version == KVM_API_VERSION)
		rc = collect_feature_msrs(s, kvm);
	if (!rc && version == KVM_API_VERSION)
		rc = collect_guest_cpuid(s, kvm);
	if (!rc && version == KVM_API_VERSION)
		rc = collect_vm(s, kvm, run_guest);
	close(kvm);
	return rc;
}
