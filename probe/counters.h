/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * counters.h - what the kernel's counters say of one CPU and of this process's control group: pure readers of procfs
 * and cgroupfs texts. probe/ and bench/ include this.
 */
#ifndef VTSCOPE_PROBE_COUNTERS_H
#define VTSCOPE_PROBE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line of /proc/stat, in ticks of USER_HZ (proc(5)); guest time is in user already. */
struct cpu_times { uint64_t busy, idle, steal; };
static inline uint64_t cpu_times_total(const struct cpu_times *t) { return t->busy + t->idle + t->steal; }

/* Of (cpu), -1: of all. False: no such line. */
bool cpu_times_parse(const char *stat, int cpu, struct cpu_times *out);
/* Runnable tasks of the whole machine, which the reader is one of. */
bool procs_running_parse(const char *stat, uint64_t *out);

/* All interrupts that (cpu) took since boot, as /proc/interrupts counts them. False: it has no such column. */
bool interrupts_parse(const char *text, int cpu, uint64_t *out);

/* Microseconds that a control group was kept from running: cpu.stat of version 2, or of version 1. */
bool throttled_parse(const char *cpu_stat, uint64_t *out);
/* The processors' worth of time that a group may use: cpu.max of version 2; false: no limit. */
bool cpu_max_parse(const char *cpu_max, double *cpus);

/* Where the control group of this process that limits CPU time is. */
struct cgroup_place {
	char mount[160];	/* "/sys/fs/cgroup" */
	char path[320];		/* below it: "/user.slice/x.scope"; "" : the root */
	bool v2;
};
/* From /proc/self/cgroup and /proc/self/mountinfo. False: it cannot be told. */
bool cgroup_locate(const char *self_cgroup, const char *mountinfo, struct cgroup_place *out);

/* A member of schedstat, status or sched of a task; false where it is not there. */
bool task_waited_parse(const char *schedstat, uint64_t *ns);
bool task_field_parse(const char *text, const char *name, uint64_t *out);

#endif
