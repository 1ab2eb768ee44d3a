/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the processor the same all the time? Frequency, siblings, idle states, power. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/doctor_private.h"

#define CPU_PATH	"/sys/devices/system/cpu/"
#define BUSY_SHARE	0.05	/* of the look: a sibling that does more slows the core */
#define IDLE_LATENCY	50	/* microseconds: waking up from a deeper state is seen in what waits */

static void eval_governor(const struct doctor_view *v, struct doctor_finding *out)
{
	char governor[64], preference[64], driver[64] = "";

	if (!doctor_line(v, governor, sizeof(governor), CPU_PATH "cpu%d/cpufreq/scaling_governor", v->cpu) ||
	    !governor[0]) {
		doctor_unknown(out, v->guest ? "no cpufreq in here: the host's clock frequency cannot be seen" :
					       "no cpufreq driver: firmware sets the frequency");
		return;
	}
	doctor_line(v, driver, sizeof(driver), CPU_PATH "cpu%d/cpufreq/scaling_driver", v->cpu);
	if (!strcmp(governor, "performance")) {
		doctor_pass(out, "the governor of CPU %d is performance", v->cpu);
	} else if (doctor_line(v, preference, sizeof(preference),
			       CPU_PATH "cpu%d/cpufreq/energy_performance_preference", v->cpu) &&
		   !strcmp(preference, "performance") && strstr(driver, "pstate")) {
		doctor_pass(out, "CPU %d: %s prefers performance", v->cpu, driver);
	} else {
		doctor_warn(out, "the governor of CPU %d is %s", v->cpu, governor);
		doctor_fix(out, "sudo cpupower frequency-set -g performance");
	}
}

const struct doctor_check doctor_governor = {
	.id = "cpu.governor",
	.question = "Does the clock frequency stay up?",
	.why = "Times are TSC ticks: a core that clocks down needs more of them for the same work, and the governor "
	       "decides when.",
	.weight = 15,
	.eval = eval_governor,
};

static void eval_turbo(const struct doctor_view *v, struct doctor_finding *out)
{
	char line[16];

	if (doctor_line(v, line, sizeof(line), CPU_PATH "intel_pstate/no_turbo") && line[0]) {
		if (line[0] == '1') {
			doctor_pass(out, "turbo is off");
			return;
		}
		doctor_warn(out, "turbo is on");
		doctor_fix(out, "echo 1 | sudo tee " CPU_PATH "intel_pstate/no_turbo");
	} else if (doctor_line(v, line, sizeof(line), CPU_PATH "cpufreq/boost") && line[0]) {
		if (line[0] == '0') {
			doctor_pass(out, "boost is off");
			return;
		}
		doctor_warn(out, "boost is on");
		doctor_fix(out, "echo 0 | sudo tee " CPU_PATH "cpufreq/boost");
	} else {
		doctor_unknown(out, v->guest ? "the host's turbo cannot be seen" : "no driver here tells of turbo");
	}
}

const struct doctor_check doctor_turbo = {
	.id = "cpu.turbo",
	.question = "Is turbo off?",
	.why = "Turbo depends on temperature and on what the other cores do: the same work takes another number of TSC "
	       "ticks an hour later.",
	.weight = 10,
	.eval = eval_turbo,
};

/* The busiest other CPU of (list). -1: none; -2: it could not be watched. */
static int busiest_sibling(const struct doctor_view *v, const struct cpulist *list, double *share)
{
	int busiest = -1;

	*share = -1;
	for (size_t i = 0; i < list->n; i++) {
		struct cpu_times t;
		double busy;

		if ((int)list->cpu[i] == v->cpu)
			continue;
		if (!doctor_times(v, (int)list->cpu[i], &t))
			return -2;
		busy = (double)t.busy / (double)cpu_times_total(&t);
		if (busy > *share) {
			*share = busy;
			busiest = (int)list->cpu[i];
		}
	}
	return busiest;
}

static void eval_smt(const struct doctor_view *v, struct doctor_finding *out)
{
	struct cpulist list = { 0 };
	char line[256];
	double share;
	int sibling;

	if (v->guest) {
		doctor_unknown(out, "which virtual CPUs share a core, the host decides");
		return;
	}
	if (!doctor_line(v, line, sizeof(line), CPU_PATH "cpu%d/topology/thread_siblings_list", v->cpu) ||
	    cpulist_parse(&list, line))
		return;
	sibling = busiest_sibling(v, &list, &share);
	if (list.n == 1) {
		doctor_pass(out, "CPU %d has its core to itself", v->cpu);
	} else if (sibling < 0) {
		doctor_unknown(out, "CPU %d has a sibling that could not be watched", v->cpu);
	} else if (share > BUSY_SHARE) {
		doctor_warn(out, "CPU %d shares a core with CPU %d, which was busy for %.0f %% of %.2g s", v->cpu, sibling,
			    100 * share, v->seconds);
		doctor_fix(out, "echo off | sudo tee " CPU_PATH "smt/control");
	} else {
		doctor_pass(out, "CPU %d shares a core with CPU %d, which was idle", v->cpu, sibling);
	}
	cpulist_free(&list);
}

const struct doctor_check doctor_smt = {
	.id = "cpu.smt",
	.question = "Is the sibling of the measuring CPU idle?",
	.why = "Two threads share the core's execution units and caches: a busy sibling makes nearly everything slower.",
	.weight = 10,
	.eval = eval_smt,
};

static void eval_idle(const struct doctor_view *v, struct doctor_finding *out)
{
	unsigned deepest = 0;
	char name[64] = "", line[64], latency[32];
	bool any = false;

	if (v->guest) {
		doctor_unknown(out, "the host's idle states cannot be seen");
		return;
	}
	for (unsigned i = 0; i < 16; i++) {
		if (!doctor_line(v, latency, sizeof(latency), CPU_PATH "cpu%d/cpuidle/state%u/latency", v->cpu, i))
			break;
		any = true;
		if (doctor_line(v, line, sizeof(line), CPU_PATH "cpu%d/cpuidle/state%u/disable", v->cpu, i) && line[0] == '1')
			continue;
		if ((unsigned)atoi(latency) >= deepest) {
			deepest = (unsigned)atoi(latency);
			doctor_line(v, name, sizeof(name), CPU_PATH "cpu%d/cpuidle/state%u/name", v->cpu, i);
		}
	}
	if (!any) {
		doctor_unknown(out, "no cpuidle driver tells of idle states");
	} else if (deepest > IDLE_LATENCY) {
		doctor_warn(out, "CPU %d may sleep in %s, from which it needs %u us to wake up", v->cpu, name, deepest);
		doctor_fix(out, "sudo cpupower -c %d idle-set -D %d", v->cpu, IDLE_LATENCY);
	} else {
		doctor_pass(out, "CPU %d wakes up within %u us", v->cpu, deepest);
	}
}

const struct doctor_check doctor_idle = {
	.id = "cpu.idle",
	.question = "Does the CPU wake up quickly?",
	.why = "Operations that wait (HLT, wake-ups of a VMM) contain the way out of an idle state, and a core that slept "
	       "has cold caches.",
	.weight = 5,
	.eval = eval_idle,
};

static void eval_isolated(const struct doctor_view *v, struct doctor_finding *out)
{
	struct cpulist list = { 0 }, online = { 0 };
	char line[256];
	bool isolated = false, alone;

	if (!doctor_line(v, line, sizeof(line), CPU_PATH "isolated"))
		return;
	if (line[0] && cpulist_parse(&list, line) == 0)
		for (size_t i = 0; i < list.n; i++)
			isolated |= (int)list.cpu[i] == v->cpu;
	cpulist_free(&list);
	alone = doctor_line(v, line, sizeof(line), CPU_PATH "online") && cpulist_parse(&online, line) == 0 && online.n == 1;
	cpulist_free(&online);
	if (isolated) {
		doctor_pass(out, "CPU %d is isolated from the scheduler", v->cpu);
	} else if (alone) {
		doctor_unknown(out, "the only CPU cannot be isolated");
	} else {
		doctor_warn(out, "CPU %d is not isolated: the scheduler puts other tasks there", v->cpu);
		doctor_fix(out, "boot with isolcpus=managed_irq,domain,%d nohz_full=%d rcu_nocbs=%d, then vtscope bench --cpu %d",
			   v->cpu, v->cpu, v->cpu, v->cpu);
	}
}

const struct doctor_check doctor_isolated = {
	.id = "cpu.isolated",
	.question = "Is the measuring CPU kept free?",
	.why = "Other tasks and the timer tick interrupt what is measured.",
	.weight = 5,
	.eval = eval_isolated,
};

/* The first line of file (name) of the power supply that (list) begins with is (word). */
static bool supply_says(const struct doctor_view *v, const char *list, const char *name, const char *word)
{
	char line[32];

	return doctor_line(v, line, sizeof(line), "/sys/class/power_supply/%.*s/%s", (int)strcspn(list, "\n"), list, name) &&
	       !strcmp(line, word);
}

static void eval_battery(const struct doctor_view *v, struct doctor_finding *out)
{
	const struct snap_record *dir = snapshot_named(v->look, SNAP_DIR, "/sys/class/power_supply");
	const char *p = dir && !dir->err ? (const char *)dir->data : NULL;
	unsigned mains = 0, online = 0, batteries = 0, discharging = 0;

	if (v->guest || !dir || (dir->err && dir->err != ENOENT)) {
		doctor_unknown(out, v->guest ? "the host's power supply cannot be seen" : "not recorded");
		return;
	}
	for (; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		mains += supply_says(v, p, "type", "Mains");
		/* Of any kind: a laptop may have no plug but USB-C, whose port without a charger is no sign of a battery. */
		online += supply_says(v, p, "online", "1");
		/* A mouse has a battery, too. */
		if (supply_says(v, p, "type", "Battery") && !supply_says(v, p, "scope", "Device")) {
			batteries++;
			discharging += supply_says(v, p, "status", "Discharging");
		}
	}
	if (!online && (mains || discharging)) {
		doctor_warn(out, "this machine runs on its battery");
		doctor_fix(out, "plug it in");
	} else {
		doctor_pass(out, online || batteries ? "on mains" : "no battery");
	}
}

const struct doctor_check doctor_battery = {
	.id = "power.battery",
	.question = "Is there mains power?",
	.why = "On battery firmware and drivers lower clocks whatever the governor says.",
	.weight = 10,
	.eval = eval_battery,
};
