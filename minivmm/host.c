/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int host_pin(struct host_pin *p, int cpu, struct err *e)
{
	cpu_set_t set;

	p->pinned = false;
	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	if (cpu < CPU_SETSIZE)
		CPU_SET((unsigned)cpu, &set);
	if (sched_getaffinity(0, sizeof(p->old), &p->old) < 0 || sched_setaffinity(0, sizeof(set), &set) < 0)
		return err_set(e, errno, "cannot run on CPU %d: %s", cpu, strerror(errno));
	p->pinned = true;
	return 0;
}

void host_unpin(struct host_pin *p)
{
	if (p->pinned)
		sched_setaffinity(0, sizeof(p->old), &p->old);
	p->pinned = false;
}

struct smaps_sum {
	uint64_t rss_kib, thp_kib, page_kib;
};

/* Adds up what /proc/self/smaps says of the mappings that touch [lo, hi). */
static bool smaps_read(uintptr_t lo, uintptr_t hi, struct smaps_sum *sum)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	bool inside = false;

	memset(sum, 0, sizeof(*sum));
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		uint64_t a, b, kib;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &a, &b) == 2)
			inside = a < hi && b > lo;
		else if (!inside)
			continue;
		else if (sscanf(line, "Rss: %" SCNu64, &kib) == 1)
			sum->rss_kib += kib;
		else if (sscanf(line, "AnonHugePages: %" SCNu64, &kib) == 1 ||
			 sscanf(line, "ShmemPmdMapped: %" SCNu64, &kib) == 1)
			sum->thp_kib += kib;
		else if (sscanf(line, "KernelPageSize: %" SCNu64, &kib) == 1)
			sum->page_kib = kib;
	}
	fclose(f);
	return true;
}

void host_backing(const void *base, uint64_t bytes, char *out, size_t out_bytes)
{
	struct smaps_sum sum;
	const char *word = "4k";

	if (!smaps_read((uintptr_t)base, (uintptr_t)base + bytes, &sum) || sum.page_kib == 0)
		word = "";
	else if (sum.page_kib > 4)
		word = "hugetlb";
	else if (sum.thp_kib && sum.thp_kib + sum.thp_kib / 16 >= sum.rss_kib)
		word = "thp";
	else if (sum.thp_kib)
		word = "4k+thp";
	snprintf(out, out_bytes, "%s", word);
}

bool host_is_emulated(const struct snapshot *s)
{
	const struct snap_record *r = s ? snapshot_cpuid(s, -1, 0x40000000, 0) : NULL;

	return r && !r->err && memcmp(&r->regs[1], "TCGTCGTCG", 9) == 0;
}

enum provenance host_kvm_provenance(const struct engine_config *c)
{
	struct machine_id id;

	if (host_is_emulated(c->snapshot))
		return PROVENANCE_EMULATED;
	if (!c->verdict || !c->snapshot)
		return PROVENANCE_SOFTWARE;
	if (finding_answer(&c->verdict->findings, "cpu.vmx") != ANSWER_YES &&
	    finding_answer(&c->verdict->findings, "cpu.svm") != ANSWER_YES)
		return PROVENANCE_SOFTWARE;
	if (c->verdict->backend == BACKEND_KVM_PVM)
		return PROVENANCE_SOFTWARE;
	machine_identify(c->snapshot, &c->verdict->findings, &id);
	return id.hypervisor[0] ? PROVENANCE_NESTED : PROVENANCE_HARDWARE;
}
