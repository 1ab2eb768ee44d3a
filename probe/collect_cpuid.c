/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID, executed on every online CPU: CPUs of one machine do differ. A thread does it,
 * since it waits for its turn on each of them while the rest of the machine is read.
 */
#include <cpuid.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "arch/x86/facts.h"
#include "probe/collect_private.h"
#include "probe/snapshot_private.h"

/* More than any processor has; what it says beyond that is not believed. */
#define MAX_BASIC 0x80u
#define MAX_EXTENDED 0x80000080u
#define MAX_CENTAUR 0xc0000010u
#define MAX_SUBLEAVES 64u

/* How a leaf says which subleaves it has. */
enum sub_rule {
	SUB_UPTO_EAX,	/* EAX of subleaf 0 is the highest */
	SUB_CACHES,	/* until EAX[4:0] is 0 */
	SUB_LEVELS,	/* until the level type ECX[15:8] is 0 */
	SUB_XSAVE,	/* a bit set in the masks of subleaves 0 and 1 each */
	SUB_SGX,	/* 0, 1, then sections until EAX[3:0] is 0 */
	SUB_FOUR,	/* 0 to 3 */
	SUB_MASK,	/* a bit set in EAX of subleaf 0 each */
};

static const struct {
	uint32_t leaf;
	enum sub_rule rule;
} sub_rules[] = {
	{ 0x4, SUB_CACHES },	    { 0x7, SUB_UPTO_EAX },    { 0xb, SUB_LEVELS },
	{ 0xd, SUB_XSAVE },	    { 0xf, SUB_FOUR },	      { 0x10, SUB_FOUR },
	{ 0x12, SUB_SGX },	    { 0x14, SUB_UPTO_EAX },   { 0x17, SUB_UPTO_EAX },
	{ 0x18, SUB_UPTO_EAX },	    { 0x1d, SUB_UPTO_EAX },   { 0x1f, SUB_LEVELS },
	{ 0x20, SUB_UPTO_EAX },	    { 0x23, SUB_MASK },	      { 0x24, SUB_UPTO_EAX },
	{ 0x8000001d, SUB_CACHES }, { 0x80000020, SUB_FOUR }, { 0x80000026, SUB_LEVELS },
};

struct sweep {
	struct snapshot *s;
	int cpu;
	int rc;
	bool brief, lowest;	/* see cpuid_brief_has() */
	uint32_t leaf0[4], leaf1[4];
};

static void sweep_sub(struct sweep *w, uint32_t leaf, uint32_t sub, uint32_t regs[4])
{
	__cpuid_count(leaf, sub, regs[0], regs[1], regs[2], regs[3]);
	if (!w->rc)
		w->rc = snapshot_add_cpuid(w->s, w->cpu, leaf, sub, regs);
}

/* A processor numbers at most 63 subleaves in a mask; bit 0 and 1 are read before it is known. */
static void sweep_mask(struct sweep *w, uint32_t leaf, uint32_t first, uint64_t mask)
{
	uint32_t regs[4];

	for (uint32_t sub = first; sub < 63; sub++)
		if (mask >> sub & 1)
			sweep_sub(w, leaf, sub, regs);
}

static void sweep_xsave(struct sweep *w, uint32_t leaf, const uint32_t first[4])
{
	uint32_t regs[4];
	uint64_t mask = (uint64_t)first[3] << 32 | first[0];

	sweep_sub(w, leaf, 1, regs);
	sweep_mask(w, leaf, 2, mask | (uint64_t)regs[3] << 32 | regs[2]);
}

/* Is subleaf (sub), just read, the last one? */
static bool sub_ends(enum sub_rule rule, uint32_t sub, const uint32_t first[4],
		     const uint32_t regs[4])
{
	switch (rule) {
	case SUB_UPTO_EAX:
		return sub >= first[0];
	case SUB_CACHES:
		return (regs[0] & 0x1f) == 0;
	case SUB_LEVELS:
		return (regs[2] >> 8 & 0xff) == 0;
	case SUB_SGX:
		return sub >= 2 && (regs[0] & 0xf) == 0;
	default:
		return sub >= 3;
	}
}

static void sweep_leaf(struct sweep *w, uint32_t leaf, uint32_t first[4])
{
	uint32_t regs[4];
	size_t i = 0;

	sweep_sub(w, leaf, 0, first);
	if (w->brief)
		return;
	while (i < sizeof(sub_rules) / sizeof(sub_rules[0]) && sub_rules[i].leaf != leaf)
		i++;
	if (i == sizeof(sub_rules) / sizeof(sub_rules[0]))
		return;
	if (sub_rules[i].rule == SUB_XSAVE) {
		sweep_xsave(w, leaf, first);
	} else if (sub_rules[i].rule == SUB_MASK) {
		sweep_mask(w, leaf, 1, first[0]);
	} else {
		memcpy(regs, first, sizeof(regs));
		for (uint32_t sub = 1;
		     sub < MAX_SUBLEAVES && !sub_ends(sub_rules[i].rule, sub - 1, first, regs); sub++)
			sweep_sub(w, leaf, sub, regs);
	}
}

/* The leaves behind (base) up to (maximum), which it named itself. */
static void sweep_behind(struct sweep *w, uint32_t base, uint32_t maximum, uint32_t limit)
{
	uint32_t regs[4];

	for (uint32_t leaf = base + 1; leaf <= maximum && leaf < limit; leaf++)
		if (!w->brief || cpuid_brief_has(leaf, w->lowest))
			sweep_leaf(w, leaf, regs);
}

/* Leaf 1 tells whether more is needed on a CPU that stands for all. */
static void sweep_basic(struct sweep *w)
{
	sweep_leaf(w, 0, w->leaf0);
	if (w->leaf0[CPUID_EAX] == 0)
		return;
	sweep_leaf(w, 1, w->leaf1);
	if (w->lowest && w->brief)
		w->brief = cpuid_brief_will_do(w->leaf0, w->leaf1);
	sweep_behind(w, 1, w->leaf0[CPUID_EAX], MAX_BASIC);
}

static void sweep_range(struct sweep *w, uint32_t base, uint32_t limit)
{
	uint32_t first[4];

	sweep_leaf(w, base, first);
	sweep_behind(w, base, first[CPUID_EAX], limit);
}

/*
 * The blocks of hypervisor leaves. Only behind the hypervisor bit: elsewhere these
 * numbers answer with garbage. Blocks stand side by side, so that the first gap behind
 * one ends the search.
 */
static void sweep_hypervisor(struct sweep *w)
{
	bool any = false;

	for (uint32_t base = 0x40000000; base < 0x40010000 && !w->rc; base += 0x100) {
		uint32_t r[4];
		bool block;

		__cpuid_count(base, 0, r[0], r[1], r[2], r[3]);
		/* Very old KVM ("KVMK") gives 0 for the maximum of its block. */
		block = (r[0] >= base && r[0] < base + 0x100) || (r[0] == 0 && r[1] == 0x4b4d564b);
		if (block || base == 0x40000000)
			w->rc = snapshot_add_cpuid(w->s, w->cpu, base, 0, r);
		if (block)
			sweep_behind(w, base, r[0], base + 0x100);
		else if (any)
			break;
		any |= block;
	}
}

static void sweep_cpu(struct sweep *w)
{
	uint32_t regs[4];

	sweep_basic(w);
	if (!w->rc)
		sweep_range(w, 0x80000000, MAX_EXTENDED);
	if (!w->rc && w->leaf1[CPUID_ECX] >> 31 && (!w->brief || w->lowest))
		sweep_hypervisor(w);
	/* Centaur and Zhaoxin; others answer this number with another leaf's content. */
	if (!w->brief && (memcmp(&w->leaf0[CPUID_EBX], "Cent", 4) == 0 || memcmp(&w->leaf0[CPUID_EBX], "  Sh", 4) == 0)) {
		__cpuid_count(0xc0000000, 0, regs[0], regs[1], regs[2], regs[3]);
		if (regs[0] >= 0xc0000000 && regs[0] < MAX_CENTAUR)
			sweep_range(w, 0xc0000000, MAX_CENTAUR);
	}
}

int collect_online(const struct snapshot *s, struct cpulist *out)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/sys/devices/system/cpu/online");
	cpu_set_t set;
	int rc = 0;

	*out = (struct cpulist){ 0 };
	if (text && cpulist_parse(out, text) == 0 && out->n)
		return 0;
	cpulist_free(out);
	if (sched_getaffinity(0, sizeof(set), &set))
		return cpulist_add(out, 0);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && !rc; cpu++)
		if (CPU_ISSET(cpu, &set))
			rc = cpulist_add(out, cpu);
	return rc;
}

/*
 * Runs the sweep on (cpu), unless that is below (lowest), a brief one. A CPU that may not be used (a cpuset) leaves a
 * record of that. 0, or -ENOMEM.
 */
static int sweep_pinned(struct snapshot *s, unsigned cpu, bool brief, unsigned *lowest, cpu_set_t *set, size_t size)
{
	struct sweep w = { .s = s, .cpu = cpu, .brief = brief, .lowest = cpu < *lowest };
	char name[32];

	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	if (sched_setaffinity(0, size, set)) {
		snprintf(name, sizeof(name), "pin.%u", cpu);
		return snapshot_add_data(s, SNAP_SYS, name, errno, NULL, 0);
	}
	sweep_cpu(&w);
	*lowest = w.lowest ? cpu : *lowest;
	return w.rc;
}

/* Every CPU of (online), the one that the other collectors run on last: they would wait for it. */
static int sweep_all(struct cpuid_sweep *sweep, cpu_set_t *set, size_t size)
{
	const struct cpulist *online = sweep->online;
	unsigned lowest = UINT_MAX;
	size_t first = 0;
	int rc = 0;

	for (size_t i = 0; i < online->n; i++)
		if ((int)online->cpu[i] == sweep->busy)
			first = i + 1;
	for (size_t i = 0; i < online->n && !rc; i++)
		rc = sweep_pinned(&sweep->records, online->cpu[(first + i) % online->n], sweep->brief, &lowest, set,
				  size);
	return rc;
}

/*
 * The thread. Its affinity is put back all the same: where no thread can be had, the
 * caller runs this itself.
 */
static void *sweep_thread(void *arg)
{
	struct cpuid_sweep *sweep = arg;
	size_t size = CPU_ALLOC_SIZE(CPULIST_MAX);
	cpu_set_t *set = CPU_ALLOC(CPULIST_MAX), *before = CPU_ALLOC(CPULIST_MAX);

	sweep->rc = -ENOMEM;
	if (set && before) {
		int known;

		CPU_ZERO_S(size, before);
		known = sched_getaffinity(0, size, before) == 0;
		sweep->rc = sweep_all(sweep, set, size);
		if (known)
			sched_setaffinity(0, size, before);
	}
	CPU_FREE(set);
	CPU_FREE(before);
	return NULL;
}

void cpuid_sweep_start(struct cpuid_sweep *sweep, const struct cpulist *online, bool brief)
{
	sigset_t all, before;

	*sweep = (struct cpuid_sweep){ .online = online, .busy = sched_getcpu(), .brief = brief };
	snapshot_init(&sweep->records);
	/* Signals are for the thread that asks whether they came. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	sweep->running = pthread_create(&sweep->thread, NULL, sweep_thread, sweep) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!sweep->running)
		sweep_thread(sweep);
}

int cpuid_sweep_finish(struct cpuid_sweep *sweep, struct snapshot *s)
{
	struct snapshot *r = &sweep->records;
	int rc;

	if (sweep->running)
		pthread_join(sweep->thread, NULL);
	rc = sweep->rc;
	for (size_t i = 0; i < r->n && !rc; i++) {
		rc = snapshot_take(s, &r->rec[i]);
		/* Taken over: no longer this one's to free. */
		if (!rc)
			r->rec[i] = (struct snap_record){ 0 };
	}
	snapshot_free(r);
	return rc;
}
