/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters of this machine: procfs, control groups, MSRs. Files stay open, and nothing is read while a clock runs
 * in the thread that reads: at a row's begin and end only.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/core_clock.h"
#include "bench/disturb.h"
#include "common/buf.h"
#include "common/fileio.h"
#include "probe/counters.h"
#include "probe/verdict.h"

#define COUNTERS_MAX	(4u << 20)
#define MSR_SMI_COUNT	0x34	/* SDM vol. 4, table 2-2 */
#define ANCESTORS	16

struct disturb_watch {
	int cpu;
	int stat, interrupts, msr;	/* -1: cannot be read */
	int group[ANCESTORS]; size_t n_groups;	/* cpu.stat of this control group and those around it */
	bool smi;
	double tick;			/* seconds of a USER_HZ tick */
	struct core_clock core;
	struct buf text;
};

/* All of an open file of procfs, from its beginning. NULL: it cannot be read. */
static const char *reread(struct disturb_watch *w, int fd)
{
	char chunk[16384];
	ssize_t n;

	buf_clear(&w->text);
	while (fd >= 0 && (n = pread(fd, chunk, sizeof(chunk), (off_t)w->text.len)) > 0 && w->text.len < COUNTERS_MAX)
		buf_append(&w->text, chunk, (size_t)n);
	return w->text.len && !buf_error(&w->text) ? buf_str(&w->text) : NULL;
}

static const char *read_once(struct disturb_watch *w, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *text = reread(w, fd);

	if (fd >= 0)
		close(fd);
	return text;
}

/* ---- tasks ---- */

static void add(double *sum, bool there, double v)
{
	if (there)
		*sum = isnan(*sum) ? v : *sum + v;
}

static void task_read(struct disturb_watch *w, const char *dir, struct disturb *now)
{
	char path[128];
	const char *text;
	uint64_t v;
	bool there;

	snprintf(path, sizeof(path), "%s/schedstat", dir);
	there = task_waited_parse(read_once(w, path), &v);
	add(&now->waited, there, there ? (double)v / 1e9 : 0);
	snprintf(path, sizeof(path), "%s/status", dir);
	there = task_field_parse(read_once(w, path), "nonvoluntary_ctxt_switches", &v);
	add(&now->context_switches, there, there ? (double)v : 0);
	snprintf(path, sizeof(path), "%s/sched", dir);
	text = read_once(w, path);
	there = task_field_parse(text, "se.nr_migrations", &v) || task_field_parse(text, "nr_migrations", &v);
	add(&now->migrations, there, there ? (double)v : 0);
}

/* All threads of (pid), or this one. */
static void tasks_read(struct disturb_watch *w, int pid, struct disturb *now)
{
	char path[64], dir[128];
	struct dirent *entry;
	DIR *d;

	now->waited = now->context_switches = now->migrations = NAN;
	if (!pid) {
		task_read(w, "/proc/thread-self", now);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(dir, sizeof(dir), "%s/%.20s", path, entry->d_name);
		task_read(w, dir, now);
	}
	if (d)
		closedir(d);
}

/* ---- the CPU ---- */

static void cpu_read(struct disturb_watch *w, struct disturb *now)
{
	struct cpu_times t;
	uint64_t v;

	now->steal = cpu_times_parse(reread(w, w->stat), w->cpu, &t) ? (double)t.steal * w->tick : NAN;
	now->interrupts = w->cpu >= 0 && interrupts_parse(reread(w, w->interrupts), w->cpu, &v) ? (double)v : NAN;
	now->smis = w->smi && pread(w->msr, &v, sizeof(v), MSR_SMI_COUNT) == sizeof(v) ? (double)v : NAN;
	core_clock_read(&w->core, &now->core, &now->reference);
}

static void groups_read(struct disturb_watch *w, struct disturb *now)
{
	uint64_t us;

	now->throttled = NAN;
	for (size_t i = 0; i < w->n_groups; i++)
		if (throttled_parse(reread(w, w->group[i]), &us))
			now->throttled = (isnan(now->throttled) ? 0 : now->throttled) + (double)us / 1e6;
}

static void watch_read(void *ctx, int pid, struct disturb *now)
{
	struct disturb_watch *w = ctx;
	struct timespec t;

	tasks_read(w, pid, now);
	cpu_read(w, now);
	groups_read(w, now);
	clock_gettime(CLOCK_MONOTONIC, &t);
	now->seconds = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- open ---- */

static void groups_open(struct disturb_watch *w)
{
	struct buf mounts = BUF_INIT;
	struct cgroup_place g;
	char path[600], *slash;
	bool found = file_read("/proc/self/mountinfo", COUNTERS_MAX, &mounts, NULL) == 0 &&
		     cgroup_locate(read_once(w, "/proc/self/cgroup"), buf_str(&mounts), &g);

	while (found && w->n_groups < ANCESTORS) {
		int fd;

		snprintf(path, sizeof(path), "%s%s/cpu.stat", g.mount, g.path);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			w->group[w->n_groups++] = fd;
		slash = strrchr(g.path, '/');
		if (!slash)
			break;
		*slash = 0;
	}
	buf_free(&mounts);
}

/* MSR 0x34 counts on Intel; a hypervisor answers with 0, which says nothing. */
static bool counts_smis(const struct snapshot *s)
{
	const struct snap_record *vendor = snapshot_cpuid(s, -1, 0, 0), *leaf1 = snapshot_cpuid(s, -1, 1, 0);

	return vendor && leaf1 && !memcmp(&vendor->regs[1], "Genu", 4) && !(leaf1->regs[2] & 1u << 31);
}

int disturb_open(struct disturb_watch **out, int cpu, const struct snapshot *s, struct err *e)
{
	struct disturb_watch *w = calloc(1, sizeof(*w));
	long hz = sysconf(_SC_CLK_TCK);
	char path[64];
	uint64_t v;

	*out = w;
	if (!w)
		return err_set(e, ENOMEM, "out of memory");
	w->cpu = cpu;
	w->tick = hz > 0 ? 1.0 / (double)hz : 0.01;
	w->stat = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	w->interrupts = open("/proc/interrupts", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", cpu);
	w->msr = cpu < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	w->smi = w->msr >= 0 && counts_smis(s) && pread(w->msr, &v, sizeof(v), MSR_SMI_COUNT) == sizeof(v);
	core_clock_open(&w->core, cpu, w->msr, s);
	groups_open(w);
	return 0;
}

struct disturb_reader disturb_watch_reader(struct disturb_watch *w)
{
	return (struct disturb_reader){ w, watch_read };
}

static void fd_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void disturb_close(struct disturb_watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_groups; i++)
		fd_close(w->group[i]);
	core_clock_close(&w->core);
	fd_close(w->stat);
	fd_close(w->interrupts);
	fd_close(w->msr);
	buf_free(&w->text);
	free(w);
}
