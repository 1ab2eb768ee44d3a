/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doctor's checks over recorded machines, and the counters that it and bench read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/doctor_private.h"
#include "tests/unit/tap.h"

#define CPU	"/sys/devices/system/cpu/"
#define AGAIN	LOOK_AGAIN

/* ---- counters ---- */

static void test_stat(void)
{
	static const char stat[] = "cpu  10 1 2 100 5 3 4 7 9 9\ncpu0 1 0 0 50 0 0 0 2 0 0\ncpu1 9 1 2 50 5 3 4 5 9 9\n"
				   "intr 1 2 3\nprocs_running 4\nprocs_blocked 0\n";
	struct cpu_times t;
	uint64_t running;

	CU_ASSERT(cpu_times_parse(stat, -1, &t) && t.busy == 20 && t.idle == 105 && t.steal == 7);
	CU_ASSERT(cpu_times_parse(stat, 1, &t) && t.busy == 19 && t.idle == 55 && t.steal == 5);
	CU_ASSERT(!cpu_times_parse(stat, 2, &t));
	CU_ASSERT(cpu_times_parse("cpu0 1 2 3 4\n", 0, &t) && t.steal == 0);
	CU_ASSERT(!cpu_times_parse("cpu0 1 2 3\n", 0, &t));
	CU_ASSERT(!cpu_times_parse("cpu0 1 2 x 4\n", 0, &t));
	CU_ASSERT(!cpu_times_parse("", 0, &t));
	CU_ASSERT(!cpu_times_parse(NULL, 0, &t));
	CU_ASSERT(procs_running_parse(stat, &running) && running == 4);
}

static void test_interrupts(void)
{
	static const char text[] = "           CPU0       CPU3\n"
				   "  1:         10         20  IO-APIC   1-edge      i8042\n"
				   "LOC:        100        200   Local timer interrupts\n"
				   "ERR:          7\nMIS:          8\n";
	uint64_t n;

	CU_ASSERT(interrupts_parse(text, 0, &n) && n == 110);
	CU_ASSERT(interrupts_parse(text, 3, &n) && n == 220);
	CU_ASSERT(!interrupts_parse(text, 1, &n));
	CU_ASSERT(!interrupts_parse("", 0, &n));
	CU_ASSERT(!interrupts_parse(NULL, 0, &n));
	/* Cut anywhere it is read, or refused, and never beyond its end. */
	for (size_t len = 0; len < sizeof(text); len++) {
		char *cut = strndup(text, len);

		if (interrupts_parse(cut, 3, &n))
			CU_ASSERT(n <= 220);
		free(cut);
	}
}

static void test_groups(void)
{
	static const char hybrid[] = "9:name=systemd:/\n3:cpuset:/\n2:cpu,cpuacct:/jobs/a\n0::/\n";
	static const char mounts[] =
		"22 1 0:20 / /proc rw - proc proc rw\n"
		"30 1 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
		"31 1 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
		"32 1 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";
	struct cgroup_place g;
	uint64_t us;
	double cpus;

	CU_ASSERT(cgroup_locate(hybrid, mounts, &g) && !g.v2);
	CU_ASSERT_STRING_EQUAL(g.mount, "/sys/fs/cgroup/cpu,cpuacct");
	CU_ASSERT_STRING_EQUAL(g.path, "/jobs/a");
	CU_ASSERT(cgroup_locate("0::/user.slice/x.scope\n", mounts, &g) && g.v2);
	CU_ASSERT_STRING_EQUAL(g.path, "/user.slice/x.scope");
	/* A container that sees its own group as the root of the mount. */
	CU_ASSERT(cgroup_locate("0::/docker/c1/x\n", "1 1 0:1 /docker/c1 /sys/fs/cgroup ro - cgroup2 c rw\n", &g));
	CU_ASSERT_STRING_EQUAL(g.path, "/x");
	CU_ASSERT(cgroup_locate("0::/../other\n", "1 1 0:1 / /sys/fs/cgroup ro - cgroup2 c rw\n", &g) && !g.path[0]);
	CU_ASSERT(!cgroup_locate("0::/x\n", "", &g) && !cgroup_locate("", mounts, &g) && !cgroup_locate(NULL, NULL, &g));
	CU_ASSERT(throttled_parse("nr_periods 5\nnr_throttled 2\nthrottled_usec 1500\n", &us) && us == 1500);
	CU_ASSERT(throttled_parse("nr_throttled 2\nthrottled_time 1500000\n", &us) && us == 1500);
	CU_ASSERT(!throttled_parse("usage_usec 3\n", &us) && !throttled_parse(NULL, &us));
	CU_ASSERT(cpu_max_parse("50000 100000\n", &cpus) && cpus == 0.5);
	CU_ASSERT(!cpu_max_parse("max 100000\n", &cpus) && !cpu_max_parse("1 0", &cpus) && !cpu_max_parse(NULL, &cpus));
}

static void test_tasks(void)
{
	uint64_t n;

	CU_ASSERT(task_waited_parse("123 456 7\n", &n) && n == 456);
	CU_ASSERT(!task_waited_parse("123\n", &n) && !task_waited_parse(NULL, &n));
	CU_ASSERT(task_field_parse("x:\t1\nnonvoluntary_ctxt_switches:\t42\n", "nonvoluntary_ctxt_switches", &n) && n == 42);
	CU_ASSERT(task_field_parse("se.nr_migrations          :       3\n", "se.nr_migrations", &n) && n == 3);
	CU_ASSERT(!task_field_parse("nr_migrations_cold : 3\n", "nr_migrations", &n));
}

/* ---- checks ---- */

struct scene { struct snapshot machine, look; struct doctor d; };

static void put(struct snapshot *s, enum snap_kind kind, const char *name, const char *text)
{
	CU_ASSERT_FATAL(snapshot_add_data(s, kind, name, 0, text, strlen(text)) == 0);
}

static void scene_make(struct scene *c, bool guest)
{
	const uint32_t intel[4] = { 1, 0x756e6547, 0x6c65746e, 0x49656e69 };
	const uint32_t leaf1[4] = { 0x506e3, 0, guest ? 1u << 31 : 0, 0 };

	*c = (struct scene){ .d = { .row = NULL } };
	snapshot_init(&c->machine);
	snapshot_init(&c->look);
	snapshot_add_cpuid(&c->machine, 0, 0, 0, intel);
	snapshot_add_cpuid(&c->machine, 0, 1, 0, leaf1);
	put(&c->look, SNAP_SYS, LOOK_CPU, "1");
	put(&c->look, SNAP_SYS, LOOK_SECONDS, "1");
}

static void scene_end(struct scene *c)
{
	doctor_free(&c->d);
	snapshot_free(&c->machine);
	snapshot_free(&c->look);
}

static const struct doctor_finding *of(const struct doctor *d, const char *id)
{
	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->row[i].check->id, id))
			return &d->row[i];
	return NULL;
}

/* Judges, and frees the scene after the one question. */
static void expect(struct scene *c, const char *id, enum doctor_state state, const char *seen)
{
	const struct doctor_finding *f;

	CU_ASSERT_FATAL(doctor_judge(&c->d, &c->machine, &c->look) == 0);
	f = of(&c->d, id);
	CU_ASSERT_FATAL(f != NULL);
	if (f->state != state || !strstr(f->seen, seen))
		tap_note("%s: %s: %s", id, doctor_state_name(f->state), f->seen);
	CU_ASSERT(f->state == state && strstr(f->seen, seen) != NULL);
	CU_ASSERT(f->state == DOCTOR_WARN || !f->fix[0]);
	scene_end(c);
}

/* One file of the look, on bare metal or in a guest. */
static void file_gives(bool guest, const char *path, const char *text, const char *id, enum doctor_state state,
		       const char *seen)
{
	struct scene c;

	scene_make(&c, guest);
	put(&c.look, SNAP_TEXT, path, text);
	expect(&c, id, state, seen);
}

static void test_settings(void)
{
	file_gives(false, CPU "cpu1/cpufreq/scaling_governor", "powersave\n", "cpu.governor", DOCTOR_WARN, "powersave");
	file_gives(false, CPU "cpu1/cpufreq/scaling_governor", "performance\n", "cpu.governor", DOCTOR_PASS, "performance");
	file_gives(true, CPU "cpu1/cpufreq/scaling_governor", "\n", "cpu.governor", DOCTOR_UNKNOWN, "host");
	file_gives(false, CPU "intel_pstate/no_turbo", "0\n", "cpu.turbo", DOCTOR_WARN, "turbo is on");
	file_gives(false, CPU "intel_pstate/no_turbo", "1\n", "cpu.turbo", DOCTOR_PASS, "off");
	file_gives(false, CPU "cpufreq/boost", "1\n", "cpu.turbo", DOCTOR_WARN, "boost");
	file_gives(false, CPU "cpufreq/boost", "0\n", "cpu.turbo", DOCTOR_PASS, "boost");
	file_gives(false, CPU "isolated", "0-1\n", "cpu.isolated", DOCTOR_PASS, "CPU 1");
	file_gives(false, CPU "isolated", "\n", "cpu.isolated", DOCTOR_WARN, "CPU 1");
	file_gives(false, CPU "cpu1/topology/thread_siblings_list", "1\n", "cpu.smt", DOCTOR_PASS, "itself");
	file_gives(true, CPU "cpu1/topology/thread_siblings_list", "1\n", "cpu.smt", DOCTOR_UNKNOWN, "host");
	file_gives(false, CPU "cpu1/cpuidle/state0/latency", "2\n", "cpu.idle", DOCTOR_PASS, "2 us");
	file_gives(false, CPU "cpu1/cpuidle/state0/latency", "890\n", "cpu.idle", DOCTOR_WARN, "890 us");
	file_gives(true, CPU "cpu1/cpuidle/state0/latency", "890\n", "cpu.idle", DOCTOR_UNKNOWN, "host");
	file_gives(false, "/sys/kernel/mm/ksm/run", "1\n", "mem.ksm", DOCTOR_WARN, "merges");
	file_gives(false, "/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n", "mem.thp", DOCTOR_WARN,
		   "off");
	file_gives(true, "/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n", "mem.thp", DOCTOR_PASS,
		   "always");
	file_gives(true, "/proc/sys/kernel/nmi_watchdog", "1\n", "kernel.nmi_watchdog", DOCTOR_WARN, "on");
	file_gives(true, "/proc/sys/kernel/numa_balancing", "0\n", "mem.numa", DOCTOR_PASS, "off");
	file_gives(true, "/sys/module/kvm/parameters/halt_poll_ns", "200000\n", "kvm.halt_poll", DOCTOR_WARN, "200000");
	file_gives(true, "/sys/module/kvm/parameters/halt_poll_ns", "0\n", "kvm.halt_poll", DOCTOR_PASS, "not poll");
	file_gives(true, "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n", "time.clocksource",
		   DOCTOR_WARN, "hpet");
	file_gives(true, "/sys/devices/system/clocksource/clocksource0/current_clocksource", "kvm-clock\n",
		   "time.clocksource", DOCTOR_PASS, "kvm-clock");
	/* What a file holds is shown on terminals. */
	file_gives(false, CPU "cpu1/cpufreq/scaling_governor", "\033[31mx\n", "cpu.governor", DOCTOR_WARN, "?[31mx");
}

static void booted(bool guest, const char *cmdline, const char *hole, const char *text, enum doctor_state state, const char *seen)
{
	char path[100];
	struct scene c;

	scene_make(&c, guest);
	put(&c.machine, SNAP_TEXT, "/proc/cmdline", cmdline);
	snprintf(path, sizeof(path), CPU "vulnerabilities/%s", hole);
	if (*hole)
		put(&c.machine, SNAP_TEXT, path, text);
	expect(&c, "kernel.mitigations", state, seen);
}

static void test_mitigations(void)
{
	static const char *const off[] = { "mitigations=off", "mitigations=auto,no_guest_host,no_guest_guest",
					   "mitigations=auto;nosmt,no_user_kernel", "nospec_store_bypass_disable",
					   "kvm-intel.vmentry_l1d_flush=never" };
	char line[100];

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		snprintf(line, sizeof(line), "ro %s quiet\n", off[i]);
		booted(i & 1, line, "", "", DOCTOR_WARN, off[i]);
	}
	booted(false, "ro mitigations=auto,nosmt no_guest_host pti=on\n", "", "", DOCTOR_PASS, "own choice");
	booted(false, "mitigations=", "", "", DOCTOR_PASS, "own choice");
	booted(false, "ro\n", "retbleed", "Vulnerable\n", DOCTOR_WARN, "nothing about retbleed");
	booted(true, "ro\n", "retbleed", "Vulnerable\n", DOCTOR_PASS, "without a remedy here: retbleed");
	booted(false, "ro\n", "l1tf", "Mitigation: PTE Inversion; VMX: vulnerable\n", DOCTOR_WARN, "l1tf");
	booted(false, "ro\n", "l1tf", "Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT vulnerable\n", DOCTOR_PASS,
	       "own choice;");
	booted(false, "ro\n", "mds", "Vulnerable: Clear CPU buffers attempted, no microcode\n", DOCTOR_PASS, "own choice;");
	booted(false, "ro\n", "old_microcode", "Vulnerable\n", DOCTOR_PASS, "own choice;");
}

#define POWER "/sys/class/power_supply"

/* (battery), (usb): what status and online say, NULL: there is none. */
static void powered(const char *mains, const char *usb, const char *battery, const char *mouse, enum doctor_state state,
		    const char *seen)
{
	const struct { const char *name, *type, *file, *text; } supply[] = {
		{ "AC", "Mains\n", "online", mains }, { "ucsi", "USB\n", "online", usb },
		{ "BAT0", "Battery\n", "status", battery }, { "hid", "Battery\n", "status", mouse },
	};
	char path[100], list[100] = "";
	struct scene c;

	scene_make(&c, false);
	for (size_t i = 0; i < 4; i++) {
		if (!supply[i].text)
			continue;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\n", supply[i].name);
		snprintf(path, sizeof(path), POWER "/%s/type", supply[i].name);
		put(&c.look, SNAP_TEXT, path, supply[i].type);
		snprintf(path, sizeof(path), POWER "/%s/%s", supply[i].name, supply[i].file);
		put(&c.look, SNAP_TEXT, path, supply[i].text);
	}
	put(&c.look, SNAP_TEXT, POWER "/hid/scope", "Device\n");
	put(&c.look, SNAP_DIR, POWER, list);
	expect(&c, "power.battery", state, seen);
}

static void test_power(void)
{
	powered("0\n", NULL, NULL, NULL, DOCTOR_WARN, "battery");
	powered("1\n", NULL, "Charging\n", NULL, DOCTOR_PASS, "mains");
	powered(NULL, "0\n", "Discharging\n", NULL, DOCTOR_WARN, "battery");
	powered(NULL, NULL, "Discharging\n", NULL, DOCTOR_WARN, "battery");
	powered(NULL, "1\n", "Discharging\n", NULL, DOCTOR_PASS, "mains");
	powered("0\n", "1\n", "Charging\n", NULL, DOCTOR_PASS, "mains");
	powered(NULL, "0\n", "Full\n", NULL, DOCTOR_PASS, "mains");
	powered(NULL, "0\n", NULL, "Discharging\n", DOCTOR_PASS, "no battery");
	powered(NULL, NULL, NULL, NULL, DOCTOR_PASS, "no battery");
}

static void test_groups_limit(void)
{
	struct scene c;

	file_gives(true, "/sys/fs/cgroup/x/cpu.max", "50000 100000\n", "load.throttle", DOCTOR_WARN, "0.5 of one CPU");
	file_gives(true, "/sys/fs/cgroup/x/cpu.max", "400000 100000\n", "load.throttle", DOCTOR_PASS, "4 CPUs");
	file_gives(true, "/sys/fs/cgroup/x/cpu.max", "max 100000\n", "load.throttle", DOCTOR_PASS, "no limit");
	file_gives(true, "/proc/x", "", "load.throttle", DOCTOR_UNKNOWN, "control group");
	scene_make(&c, true);
	put(&c.look, SNAP_TEXT, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
	put(&c.look, SNAP_TEXT, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	expect(&c, "load.throttle", DOCTOR_PASS, "no limit");
	scene_make(&c, true);
	put(&c.look, SNAP_TEXT, "/sys/fs/cgroup/x/cpu.max", "400000 100000\n");
	put(&c.look, SNAP_TEXT, "/sys/fs/cgroup/cpu.stat", "throttled_usec 1000000\n");
	put(&c.look, SNAP_SYS, AGAIN "/sys/fs/cgroup/cpu.stat", "throttled_usec 1250000\n");
	expect(&c, "load.throttle", DOCTOR_WARN, "0.25");
}

static void watched(struct scene *c, bool guest, const char *before, const char *after)
{
	scene_make(c, guest);
	put(&c->look, SNAP_TEXT, "/proc/stat", before);
	put(&c->look, SNAP_SYS, AGAIN "/proc/stat", after);
}

static void test_watch(void)
{
	static const char before[] = "cpu 100 0 0 1000 0 0 0 10\ncpu0 50 0 0 500 0 0 0 5\ncpu1 50 0 0 500 0 0 0 5\n";
	static const char busy0[] = "cpu 180 0 0 1120 0 0 0 10\ncpu0 130 0 0 520 0 0 0 5\ncpu1 50 0 0 600 0 0 0 5\n";
	static const char stolen[] = "cpu 100 0 0 1180 0 0 0 30\ncpu0 50 0 0 600 0 0 0 5\ncpu1 50 0 0 580 0 0 0 25\n";
	struct scene c;

	watched(&c, false, before, busy0);
	expect(&c, "load.cpu", DOCTOR_PASS, "CPU 1 was idle for 100 %");
	watched(&c, false, before, busy0);
	expect(&c, "load.machine", DOCTOR_PASS, "40 %");
	watched(&c, false, before, busy0);
	put(&c.look, SNAP_TEXT, CPU "cpu1/topology/thread_siblings_list", "0-1\n");
	expect(&c, "cpu.smt", DOCTOR_WARN, "CPU 0, which was busy for 80 %");
	watched(&c, true, before, stolen);
	expect(&c, "load.steal", DOCTOR_WARN, "10.0 %");
	watched(&c, true, before, busy0);
	expect(&c, "load.steal", DOCTOR_PASS, "0.0 %");
	watched(&c, true, "cpu 1 0 0 1 0 0 0 0\n", "cpu 1 0 0 2 0 0 0 0\n");
	expect(&c, "load.steal", DOCTOR_UNKNOWN, "none");
	watched(&c, false, before, before);
	expect(&c, "load.steal", DOCTOR_PASS, "no hypervisor");
	scene_make(&c, false);
	expect(&c, "load.cpu", DOCTOR_UNKNOWN, "could not be watched");
	scene_make(&c, false);
	put(&c.look, SNAP_TEXT, "/proc/interrupts", "  CPU1\n 1: 5 x\n");
	put(&c.look, SNAP_SYS, AGAIN "/proc/interrupts", "  CPU1\n 1: 10005 x\n");
	expect(&c, "load.interrupts", DOCTOR_WARN, "10000 interrupts");
}

static void test_smi(void)
{
	struct scene c;

	scene_make(&c, false);
	snapshot_add_msr(&c.look, 1, MSR_SMI_COUNT, 0, 7);
	put(&c.look, SNAP_SYS, AGAIN "smi", "9");
	expect(&c, "firmware.smi", DOCTOR_WARN, "2 SMIs");
	scene_make(&c, false);
	snapshot_add_msr(&c.look, 1, MSR_SMI_COUNT, 0, 7);
	put(&c.look, SNAP_SYS, AGAIN "smi", "7");
	expect(&c, "firmware.smi", DOCTOR_PASS, "no SMI");
	scene_make(&c, false);
	snapshot_add_msr(&c.look, 1, MSR_SMI_COUNT, EACCES, 0);
	expect(&c, "firmware.smi", DOCTOR_UNKNOWN, "root");
	/* KVM answers 0 to its guests. */
	scene_make(&c, true);
	snapshot_add_msr(&c.look, 1, MSR_SMI_COUNT, 0, 0);
	put(&c.look, SNAP_SYS, AGAIN "smi", "0");
	expect(&c, "firmware.smi", DOCTOR_UNKNOWN, "virtual machine");
}

/* Nothing recorded is nothing known: no warning without evidence, in a guest nor outside. */
static void test_nothing(void)
{
	struct scene c;

	for (int guest = 0; guest < 2; guest++) {
		scene_make(&c, guest);
		CU_ASSERT_FATAL(doctor_judge(&c.d, &c.machine, &c.look) == 0);
		for (size_t i = 0; i < c.d.n; i++)
			CU_ASSERT(c.d.row[i].state != DOCTOR_WARN || !strcmp(c.d.row[i].check->id, "outer.hypervisor"));
		CU_ASSERT(c.d.score == (guest ? 85 : 100));
		scene_end(&c);
	}
	snapshot_init(&c.machine);
	snapshot_init(&c.look);
	CU_ASSERT_FATAL(doctor_judge(&c.d, &c.machine, &c.look) == 0);
	CU_ASSERT(c.d.count[DOCTOR_UNKNOWN] == c.d.n && c.d.score == 100);
	scene_end(&c);
}

static void test_score(void)
{
	struct buf tap = BUF_INIT;
	struct scene c;
	json_t *o;

	scene_make(&c, true);
	put(&c.look, SNAP_TEXT, CPU "cpu1/cpufreq/scaling_governor", "power#save\n");
	put(&c.machine, SNAP_TEXT, "/proc/cmdline", "ro mitigations=off quiet\n");
	CU_ASSERT_FATAL(doctor_judge(&c.d, &c.machine, &c.look) == 0);
	CU_ASSERT(c.d.score == 100 - 15 - 15 - 5);
	CU_ASSERT(c.d.count[DOCTOR_WARN] == 3 && c.d.cpu == 1);
	o = doctor_json(&c.d);
	CU_ASSERT(json_integer_value(json_object_get(o, "score")) == 65);
	CU_ASSERT(json_array_size(json_object_get(o, "findings")) == n_doctor_checks);
	json_decref(o);
	doctor_tap(&c.d, &tap);
	CU_ASSERT(strstr(buf_str(&tap), "\nnot ok 7 - cpu.governor ") != NULL);
	CU_ASSERT(strstr(buf_str(&tap), "# SKIP ") != NULL);
	buf_free(&tap);
	scene_end(&c);
}

static void test_table(void)
{
	for (size_t i = 0; i < n_doctor_checks; i++) {
		const struct doctor_check *c = doctor_checks[i];

		CU_ASSERT(c->weight > 0 && c->weight <= 100 && strchr(c->id, '.') && strlen(c->id) <= 20);
		CU_ASSERT(c->question[strlen(c->question) - 1] == '?' && c->why[strlen(c->why) - 1] == '.');
		for (size_t k = 0; k < i; k++)
			CU_ASSERT(strcmp(c->id, doctor_checks[k]->id));
	}
}

static void test_live(void)
{
	struct snapshot machine, look;
	struct err e = { 0 };
	struct doctor d;

	snapshot_init(&machine);
	snapshot_init(&look);
	CU_ASSERT_FATAL(doctor_look(&look, -1, 0.1, &e) == 0);
	CU_ASSERT_FATAL(doctor_judge(&d, &machine, &look) == 0);
	CU_ASSERT(d.seconds >= 0.1 && d.cpu == 0);
	CU_ASSERT(of(&d, "load.machine")->state != DOCTOR_UNKNOWN || snapshot_text(&look, SNAP_TEXT, "/proc/stat") == NULL);
	doctor_free(&d);
	snapshot_free(&look);
	snapshot_free(&machine);
}

static const struct tap_test tests[] = {
	{ "times of a CPU are told apart, a cut line is none", test_stat },
	{ "interrupts are those of one column, whatever is cut off", test_interrupts },
	{ "the control group is found in both versions and in a container", test_groups },
	{ "what a task waited, and how often it was put aside", test_tasks },
	{ "each setting passes, warns or is unknown", test_settings },
	{ "mitigations that were switched off, however", test_mitigations },
	{ "a battery, with a plug, with USB-C, of a mouse", test_power },
	{ "limits of control groups", test_groups_limit },
	{ "what was watched: load, siblings, steal, interrupts", test_watch },
	{ "SMIs are Intel's, and no guest sees them", test_smi },
	{ "what was not recorded is never a warning", test_nothing },
	{ "the score, and what the documents say", test_score },
	{ "the table is in order", test_table },
	{ "this machine can be looked at", test_live },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("doctor", tests);
}
