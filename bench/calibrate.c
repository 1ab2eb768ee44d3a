/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rate of the TSC. */
#include <math.h>
#include <time.h>
#include <x86intrin.h>

#include "bench/run.h"

#define SPAN_NS		20000000ull
#define TRIES		15

struct instant { uint64_t ns, tsc; };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Both clocks at once: of several tries the one whose two TSC reads lie closest, so that no interruption is in it. */
static struct instant instant_now(void)
{
	struct instant best = { 0, 0 };
	uint64_t narrowest = UINT64_MAX;
	int i;

	for (i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc(), ns = now_ns(), after = __rdtsc();

		if (after - before < narrowest) {
			narrowest = after - before;
			best = (struct instant){ ns, before + (after - before) / 2 };
		}
	}
	return best;
}

static double measured_hz(void)
{
	const struct timespec span = { 0, SPAN_NS };
	struct instant a = instant_now(), b;

	do {	/* a signal may cut the sleep short */
		nanosleep(&span, NULL);
		b = instant_now();
	} while (b.ns - a.ns < SPAN_NS / 2);
	return (double)(b.tsc - a.tsc) * 1e9 / (double)(b.ns - a.ns);
}

/* What the machine says of itself: CPUID 15H (SDM), or the timing leaf of hypervisors; 0: nothing. */
static double stated_hz(const struct snapshot *s)
{
	const struct snap_record *r = snapshot_cpuid(s, -1, 0x15, 0), *max = snapshot_cpuid(s, -1, 0x40000000, 0);

	if (r && !r->err && r->regs[0] && r->regs[1] && r->regs[2])
		return (double)r->regs[2] * r->regs[1] / r->regs[0];
	r = snapshot_cpuid(s, -1, 0x40000010, 0);
	if (r && !r->err && max && max->regs[0] >= 0x40000010)
		return (double)r->regs[0] * 1000;
	return 0;
}

uint64_t tsc_calibrate(const struct snapshot *s)
{
	double measured = measured_hz(), stated = stated_hz(s);

	/* A stated rate is exact where it is right at all: a hypervisor may scale the TSC and keep the leaf. */
	if (fabs(stated - measured) < measured / 1000)
		return (uint64_t)llround(stated);
	return (uint64_t)llround(measured);
}
