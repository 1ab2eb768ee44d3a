/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench/core_clock.h"

#include <linux/perf_event.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fileio.h"
#include "common/parse.h"

#define MSR_MPERF	0xe7
#define MSR_APERF	0xe8
#define PMU		"/sys/bus/event_source/devices/msr/"
#define LINE_MAX_BYTES	4096

/* CPUID 6 ECX[0]: there are APERF and MPERF. Behind a hypervisor they may be the host's, or constant. */
static bool has_aperf(const struct snapshot *s)
{
	const struct snap_record *r = snapshot_cpuid(s, -1, 6, 0);

	return r && !r->err && r->regs[2] & 1;
}

static bool read_msrs(int fd, uint64_t v[2])
{
	return pread(fd, &v[0], sizeof(v[0]), MSR_APERF) == sizeof(v[0]) &&
	       pread(fd, &v[1], sizeof(v[1]), MSR_MPERF) == sizeof(v[1]);
}

/* The number behind (prefix) in a line of sysfs: "6", "event=0x03". */
static bool sysfs_number(const char *path, const char *prefix, uint64_t *out)
{
	struct buf b = BUF_INIT;
	char word[32];
	const char *text;
	bool ok = file_read(path, LINE_MAX_BYTES, &b, NULL) == 0;

	text = buf_str(&b);
	ok = ok && strncmp(text, prefix, strlen(prefix)) == 0;
	if (ok) {
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(text + strlen(prefix), "\n"), text + strlen(prefix));
		ok = parse_u64(word, 0, out) == 0;
	}
	buf_free(&b);
	return ok;
}

/* An event of (cpu), whatever runs there. -1: not to be had. */
static int event_open(uint64_t type, uint64_t config, int cpu, int group)
{
	struct perf_event_attr attr = { .type = (uint32_t)type, .size = sizeof(attr), .config = config };

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, group, PERF_FLAG_FD_CLOEXEC);
}

static bool events_open(struct core_clock *c, uint64_t type, uint64_t core, uint64_t reference, int cpu)
{
	c->event[0] = event_open(type, core, cpu, -1);
	/* In one group: they count at the same times, however many others want the counters. */
	c->event[1] = c->event[0] < 0 ? -1 : event_open(type, reference, cpu, c->event[0]);
	if (c->event[1] >= 0)
		return true;
	core_clock_close(c);
	return false;
}

void core_clock_open(struct core_clock *c, int cpu, int msr, const struct snapshot *s)
{
	uint64_t v[2], type, aperf, mperf;

	*c = (struct core_clock){ -1, { -1, -1 } };
	if (cpu < 0)
		return;
	if (msr >= 0 && has_aperf(s) && read_msrs(msr, v) && v[0] && v[1]) {
		c->msr = msr;
		return;
	}
	if (sysfs_number(PMU "type", "", &type) && sysfs_number(PMU "events/aperf", "event=", &aperf) &&
	    sysfs_number(PMU "events/mperf", "event=", &mperf) && events_open(c, type, aperf, mperf, cpu))
		return;
	events_open(c, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_REF_CPU_CYCLES, cpu);
}

void core_clock_read(const struct core_clock *c, double *core, double *reference)
{
	uint64_t v[2];
	bool ok;

	if (c->msr >= 0)
		ok = read_msrs(c->msr, v);
	else
		ok = c->event[0] >= 0 && read(c->event[0], &v[0], sizeof(v[0])) == sizeof(v[0]) &&
		     read(c->event[1], &v[1], sizeof(v[1])) == sizeof(v[1]);
	*core = ok ? (double)v[0] : NAN;
	*reference = ok ? (double)v[1] : NAN;
}

void core_clock_close(struct core_clock *c)
{
	for (int i = 0; i < 2; i++) {
		if (c->event[i] >= 0)
			close(c->event[i]);
		c->event[i] = -1;
	}
}
