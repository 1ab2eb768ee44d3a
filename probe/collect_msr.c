/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSRs through /dev/cpu/N/msr, own reads: a missing device (ENOENT), a refusal (EPERM,
 * EACCES) and an RDMSR that faulted (EIO) are three different answers. Nothing is ever
 * written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arch/x86/facts.h"
#include "probe/collect_private.h"

struct reader {
	struct snapshot *s;
	int cpu, fd;
};

static int read_msr(struct reader *r, uint32_t msr)
{
	uint64_t value = 0;
	ssize_t n = pread(r->fd, &value, sizeof(value), msr);
	int err = n == sizeof(value) ? 0 : n < 0 ? errno : EIO;

	return snapshot_add_msr(r->s, r->cpu, msr, err, value);
}

/* What the gates of msr.def ask for: CPUID and the MSRs read before. */
static int known_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	struct reader *r = ctx;
	const struct snap_record *rec = snapshot_cpuid(r->s, r->cpu, leaf, subleaf);

	memset(regs, 0, 4 * sizeof(*regs));
	if (rec)
		memcpy(regs, rec->regs, sizeof(rec->regs));
	return rec != NULL;
}

static int known_msr(void *ctx, uint32_t number, uint64_t *value)
{
	struct reader *r = ctx;
	const struct snap_record *rec = snapshot_msr(r->s, r->cpu, number);

	if (!rec || rec->err)
		return rec ? -1 : 0;
	*value = rec->value;
	return 1;
}

/* Only MSRs that exist on this CPU: others fault, which would say nothing. */
static int read_cpu(struct reader *r, int open_error)
{
	const struct fact_source known = { .ctx = r, .cpuid = known_cpuid, .msr = known_msr };
	int rc = 0;

	for (size_t i = 0; i < n_msr_facts && !rc; i++) {
		if (msr_gate_state(&msr_facts[i], &known) != 1)
			continue;
		rc = open_error ? snapshot_add_msr(r->s, r->cpu, msr_facts[i].number, open_error, 0) :
				  read_msr(r, msr_facts[i].number);
	}
	return rc;
}

int collect_msrs(struct snapshot *s, const struct cpulist *online)
{
	/* The same registers for a group instead of root, as far as an administrator's list allows: msr-safe. */
	const struct snap_record *node = snapshot_named(s, SNAP_NODE, "/dev/cpu/0/msr_safe");
	bool safe = node && !node->err;
	int rc = 0, err;

	for (size_t i = 0; i < online->n && !rc; i++) {
		struct reader r = { .s = s, .cpu = online->cpu[i] };
		char path[64];

		snprintf(path, sizeof(path), "/dev/cpu/%u/msr", online->cpu[i]);
		r.fd = open(path, O_RDONLY | O_CLOEXEC);
		err = r.fd < 0 ? errno : 0;
		if (err && safe) {
			snprintf(path, sizeof(path), "/dev/cpu/%u/msr_safe", online->cpu[i]);
			r.fd = open(path, O_RDONLY | O_CLOEXEC);
		}
		rc = read_cpu(&r, r.fd < 0 ? err : 0);
		if (r.fd >= 0)
			close(r.fd);
	}
	return rc;
}
