/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the doctor looks at: settings once, counters twice. Nothing is written anywhere. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "probe/collect_private.h"
#include "probe/doctor_private.h"

#define TEXT_MAX	(64u << 10)
#define COUNTERS_MAX	(4u << 20)	/* /proc/interrupts of a thousand CPUs */
#define IDLE_STATES	16
#define GROUPS_MAX	32		/* control groups around each other */

static const char *const settings[] = {
	"/proc/loadavg",
	"/proc/pressure/cpu",
	"/proc/self/cgroup",
	"/proc/self/mountinfo",
	"/proc/sys/kernel/nmi_watchdog",
	"/proc/sys/kernel/numa_balancing",
	"/sys/devices/system/clocksource/clocksource0/current_clocksource",
	"/sys/devices/system/cpu/cpufreq/boost",
	"/sys/devices/system/cpu/intel_pstate/no_turbo",
	"/sys/devices/system/cpu/isolated",
	"/sys/devices/system/cpu/online",
	"/sys/kernel/mm/ksm/run",
	"/sys/kernel/mm/transparent_hugepage/enabled",
	"/sys/module/kvm/parameters/halt_poll_ns",
};

static const char *const of_cpu[] = {
	"cpufreq/scaling_governor", "cpufreq/scaling_driver", "cpufreq/energy_performance_preference",
	"topology/thread_siblings_list",
};

static const char *const counters[] = { "/proc/stat", "/proc/interrupts" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int add_number(struct snapshot *s, const char *name, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.9g", value);
	return snapshot_add_data(s, SNAP_SYS, name, 0, text, strlen(text));
}

static int look_cpu(struct snapshot *s, int cpu)
{
	static const char *const state[] = { "name", "latency", "disable" };
	char path[160];
	int rc = 0;

	for (size_t i = 0; i < COUNT(of_cpu) && !rc; i++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/%s", cpu, of_cpu[i]);
		rc = collect_file(s, SNAP_TEXT, path, TEXT_MAX);
	}
	for (unsigned n = 0; n < IDLE_STATES && !rc; n++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpuidle/state%u", cpu, n);
		if (access(path, F_OK))
			break;
		for (size_t i = 0; i < COUNT(state) && !rc; i++) {
			snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpuidle/state%u/%s", cpu, n, state[i]);
			rc = collect_file(s, SNAP_TEXT, path, TEXT_MAX);
		}
	}
	return rc;
}

static int look_power(struct snapshot *s)
{
	static const char dir[] = "/sys/class/power_supply";
	static const char *const file[] = { "type", "online", "status", "scope" };
	int rc = collect_dir(s, dir);
	const char *list = rc ? NULL : snapshot_text(s, SNAP_DIR, dir);
	char *names = list ? strdup(list) : NULL, *save = NULL, path[320];

	for (char *n = names ? strtok_r(names, "\n", &save) : NULL; n && !rc; n = strtok_r(NULL, "\n", &save)) {
		for (size_t i = 0; i < COUNT(file) && !rc; i++) {
			snprintf(path, sizeof(path), "%s/%.200s/%s", dir, n, file[i]);
			rc = collect_file(s, SNAP_TEXT, path, TEXT_MAX);
		}
	}
	free(names);
	return rc;
}

/* The limits of the group and of all around it: any of them may throttle. */
static int look_groups(struct snapshot *s)
{
	static const char *const v1[] = { "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.stat" };
	static const char *const v2[] = { "cpu.max", "cpu.stat" };
	struct cgroup_place g;
	char path[600];
	int rc = 0;

	if (!cgroup_locate(snapshot_text(s, SNAP_TEXT, "/proc/self/cgroup"),
			   snapshot_text(s, SNAP_TEXT, "/proc/self/mountinfo"), &g))
		return 0;
	for (unsigned depth = 0; depth < GROUPS_MAX && !rc; depth++) {
		const char *const *file = g.v2 ? v2 : v1;
		size_t n = g.v2 ? COUNT(v2) : COUNT(v1);
		char *slash = strrchr(g.path, '/');

		for (size_t i = 0; i < n && !rc; i++) {
			snprintf(path, sizeof(path), "%s%s/%s", g.mount, g.path, file[i]);
			rc = collect_file(s, SNAP_TEXT, path, TEXT_MAX);
		}
		if (!slash)
			break;
		*slash = 0;
	}
	return rc;
}

/* MSR 0x34 of (cpu); -1: it cannot be read. It counts SMIs on Intel; elsewhere the read faults, or is nothing of the kind. */
static int read_smi(int cpu, uint64_t *value)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (pread(fd, value, sizeof(*value), MSR_SMI_COUNT) != sizeof(*value))
		err = errno ? errno : EIO;
	close(fd);
	return err;
}

static int look_counters(struct snapshot *s, int cpu)
{
	uint64_t smis = 0;
	int rc = 0, err;

	for (size_t i = 0; i < COUNT(counters) && !rc; i++)
		rc = collect_file(s, SNAP_TEXT, counters[i], COUNTERS_MAX);
	err = read_smi(cpu, &smis);
	return rc ? rc : snapshot_add_msr(s, cpu, MSR_SMI_COUNT, err, smis);
}

static int again(struct snapshot *s, const char *path)
{
	struct buf b = BUF_INIT;
	char name[640];
	int err = -collect_read(s, path, COUNTERS_MAX, &b), rc;

	snprintf(name, sizeof(name), LOOK_AGAIN "%s", path);
	rc = err == ENOMEM ? -ENOMEM : snapshot_add_data(s, SNAP_SYS, name, err, b.data, b.len);
	buf_free(&b);
	return rc;
}

/* What was a counter the first time, read again. */
static int look_again(struct snapshot *s, int cpu)
{
	size_t n = s->n;
	uint64_t smis = 0;
	char text[32];
	int rc = 0;

	for (size_t i = 0; i < COUNT(counters) && !rc; i++)
		rc = again(s, counters[i]);
	for (size_t i = 0; i < n && !rc; i++) {
		const char *name = s->rec[i].kind == SNAP_TEXT ? strrchr(s->rec[i].name, '/') : NULL;

		if (name && !strcmp(name, "/cpu.stat") && !s->rec[i].err)
			rc = again(s, s->rec[i].name);
	}
	if (rc || read_smi(cpu, &smis))
		return rc;
	snprintf(text, sizeof(text), "%" PRIu64, smis);
	return snapshot_add_data(s, SNAP_SYS, LOOK_AGAIN "smi", 0, text, strlen(text));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Sleeps until (end). -EINTR when the user asked to stop. */
static int wait_until(double end)
{
	double left;

	while ((left = end - now()) > 0) {
		double one = left < 0.05 ? left : 0.05;
		const struct timespec pause = { .tv_nsec = (long)(one * 1e9) };

		nanosleep(&pause, NULL);
		if (interrupt_pending())
			return -EINTR;
	}
	return 0;
}

int doctor_look(struct snapshot *look, int cpu, double seconds, struct err *e)
{
	double start;
	int rc;

	cpu = cpu < 0 ? 0 : cpu;
	rc = add_number(look, LOOK_CPU, cpu);
	for (size_t i = 0; i < COUNT(settings) && !rc; i++)
		rc = collect_file(look, SNAP_TEXT, settings[i], TEXT_MAX);
	if (!rc)
		rc = collect_dir(look, "/sys/devices/system/node");
	if (!rc)
		rc = look_cpu(look, cpu);
	if (!rc)
		rc = look_power(look);
	if (!rc)
		rc = look_groups(look);
	start = now();
	if (!rc)
		rc = look_counters(look, cpu);
	if (!rc && wait_until(start + seconds))
		return err_set(e, EINTR, "interrupted");
	if (!rc)
		rc = look_again(look, cpu);
	if (!rc)
		rc = add_number(look, LOOK_SECONDS, now() - start);
	if (!rc)
		rc = snapshot_index(look);
	return rc ? err_set(e, -rc, "out of memory while looking at the machine") : 0;
}
