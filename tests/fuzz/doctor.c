/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What procfs, sysfs and cgroupfs may say, a file up to each NUL: counters, the doctor's checks and what they write. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/counters.h"
#include "probe/doctor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CPU "/sys/devices/system/cpu/"

static const struct { enum snap_kind kind; const char *name; } files[] = {
	{ SNAP_TEXT, "/proc/stat" }, { SNAP_SYS, "again /proc/stat" }, { SNAP_TEXT, "/proc/interrupts" },
	{ SNAP_SYS, "again /proc/interrupts" }, { SNAP_TEXT, "/sys/fs/cgroup/cpu.max" },
	{ SNAP_TEXT, "/sys/fs/cgroup/cpu.stat" }, { SNAP_SYS, "again /sys/fs/cgroup/cpu.stat" },
	{ SNAP_TEXT, CPU "cpu0/cpufreq/scaling_governor" }, { SNAP_TEXT, CPU "cpu0/topology/thread_siblings_list" },
	{ SNAP_TEXT, CPU "isolated" }, { SNAP_TEXT, CPU "cpu0/cpuidle/state0/latency" }, { SNAP_TEXT, "/proc/pressure/cpu" },
	{ SNAP_TEXT, "/proc/cmdline" }, { SNAP_DIR, "/sys/class/power_supply" }, { SNAP_DIR, "/sys/devices/system/node" },
	{ SNAP_TEXT, "/sys/module/kvm/parameters/halt_poll_ns" }, { SNAP_SYS, "look.seconds" }, { SNAP_SYS, "look.cpu" },
	{ SNAP_TEXT, CPU "vulnerabilities/l1tf" }, { SNAP_TEXT, CPU "vulnerabilities/mds" },
	{ SNAP_TEXT, "/sys/class/power_supply/A/type" }, { SNAP_TEXT, "/sys/class/power_supply/A/status" },
};

static void parse(const char *a, const char *b)
{
	struct cgroup_place place;
	struct cpu_times t;
	uint64_t n;
	double cpus;

	cpu_times_parse(a, 0, &t);
	procs_running_parse(a, &n);
	interrupts_parse(a, 1, &n);
	throttled_parse(a, &n);
	cpu_max_parse(a, &cpus);
	task_waited_parse(a, &n);
	task_field_parse(a, "nonvoluntary_ctxt_switches", &n);
	if (cgroup_locate(a, b, &place) && (strnlen(place.mount, sizeof(place.mount)) == sizeof(place.mount) ||
					    strnlen(place.path, sizeof(place.path)) == sizeof(place.path)))
		abort();
}

static void judge(const struct snapshot *s)
{
	const struct render_style style = { .columns = 50 };
	struct buf out = BUF_INIT;
	struct doctor d;

	if (doctor_judge(&d, s, s) == 0) {
		doctor_text(&d, &style, &out);
		doctor_tap(&d, &out);
		json_decref(doctor_document(&d));
		doctor_free(&d);
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *previous = "";
	struct snapshot s;
	size_t at = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	snapshot_init(&s);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && at <= size; i++) {
		size_t len = strlen(text + at);

		parse(text + at, previous);
		snapshot_add_data(&s, files[i].kind, files[i].name, 0, text + at, len);
		previous = text + at;
		at += len + 1;
	}
	judge(&s);
	snapshot_free(&s);
	free(text);
	return 0;
}
