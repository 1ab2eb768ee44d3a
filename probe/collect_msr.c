/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSRs through /dev/cpu/N/msr, own reads: a missing device (ENOENT), a refusal (EPERM, EACCES) and an RDMSR
 * that faulted (EIO) are three different answers. Nothing is ever written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe/collect_private.h"

#define IA32_FEATURE_CONTROL 0x3a
#define VM_CR 0xc0010114

struct reader {
	struct snapshot *s;
	int cpu, fd;
	int open_error;	/* positive errno */
	int rc;
};

/* The value, 0 when it could not be read: for gates only, the record keeps why. */
static uint64_t read_msr(struct reader *r, uint32_t msr)
{
	uint64_t value = 0;
	int err = r->open_error;

	if (!err) {
		ssize_t n = pread(r->fd, &value, sizeof(value), msr);

		if (n != sizeof(value)) {
			err = n < 0 ? errno : EIO;
			value = 0;
		}
	}
	if (!r->rc)
		r->rc = snapshot_add_msr(r->s, r->cpu, msr, err, value);
	return value;
}

static bool bit(uint64_t value, unsigned n)
{
	return value >> n & 1;
}

/* The capability MSRs, each behind the bit that says it exists: others fault. */
static void read_vmx(struct reader *r)
{
	uint64_t basic = read_msr(r, 0x480);
	uint64_t primary, exits, secondary = 0;

	read_msr(r, 0x481);
	primary = read_msr(r, 0x482);
	exits = read_msr(r, 0x483);
	for (uint32_t msr = 0x484; msr <= 0x48a; msr++)
		read_msr(r, msr);
	if (bit(primary, 32 + 31))
		secondary = read_msr(r, 0x48b);
	if (bit(secondary, 32 + 1) || bit(secondary, 32 + 5))
		read_msr(r, 0x48c);
	if (bit(basic, 55))
		for (uint32_t msr = 0x48d; msr <= 0x490; msr++)
			read_msr(r, msr);
	if (bit(secondary, 32 + 13))
		read_msr(r, 0x491);
	if (bit(primary, 32 + 17))
		read_msr(r, 0x492);
	if (bit(exits, 32 + 31))
		read_msr(r, 0x493);
}

static uint32_t cpuid_reg(const struct snapshot *s, int cpu, uint32_t leaf, int reg)
{
	const struct snap_record *r = snapshot_cpuid(s, cpu, leaf, 0);

	return r ? r->regs[reg] : 0;
}

static void read_cpu(struct reader *r)
{
	uint32_t ecx1 = cpuid_reg(r->s, r->cpu, 1, 2);
	bool vmx = bit(ecx1, 5), smx = bit(ecx1, 6), sgx = bit(cpuid_reg(r->s, r->cpu, 7, 1), 2);
	bool svm = bit(cpuid_reg(r->s, r->cpu, 0x80000001, 2), 2);

	if (!vmx && !smx && !sgx && !svm)
		return;
	if (vmx || smx || sgx)
		read_msr(r, IA32_FEATURE_CONTROL);
	if (svm)
		read_msr(r, VM_CR);
	/* One record says why the device could not be opened; the rest would only repeat it. */
	if (r->open_error)
		return;
	if (vmx)
		read_vmx(r);
	if (svm) {
		read_msr(r, 0xc0000080);	/* EFER */
		read_msr(r, 0xc0010117);	/* VM_HSAVE_PA */
	}
	if (bit(cpuid_reg(r->s, r->cpu, 7, 3), 29))
		read_msr(r, 0x10a);		/* IA32_ARCH_CAPABILITIES */
}

int collect_msrs(struct snapshot *s)
{
	struct cpulist online;
	int rc = collect_online(s, &online);

	for (size_t i = 0; i < online.n && !rc; i++) {
		struct reader r = { .s = s, .cpu = online.cpu[i] };
		char path[64];

		snprintf(path, sizeof(path), "/dev/cpu/%u/msr", online.cpu[i]);
		r.fd = open(path, O_RDONLY | O_CLOEXEC);
		r.open_error = r.fd < 0 ? errno : 0;
		read_cpu(&r);
		if (r.fd >= 0)
			close(r.fd);
		rc = r.rc;
	}
	cpulist_free(&online);
	return rc;
}
