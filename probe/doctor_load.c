/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who else was at work while the counters were watched? Tasks, interrupts, the outer hypervisor, limits, firmware. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/doctor_private.h"

#define CPU_BUSY	0.05	/* shares of the look */
#define MACHINE_BUSY	0.5
#define STEAL_SHARE	0.01
#define INTERRUPTS_HZ	3000	/* a timer ticks at most 1,000 times a second */

static double share(uint64_t part, const struct cpu_times *t)
{
	return (double)part / (double)cpu_times_total(t);
}

/* The share of the last ten seconds in which some task waited for a CPU, in percent. Kernels may be built without. */
static bool pressure(const struct doctor_view *v, double *avg10)
{
	char line[128];
	const char *p;

	if (!doctor_line(v, line, sizeof(line), "/proc/pressure/cpu") || !(p = strstr(line, "avg10=")))
		return false;
	*avg10 = strtod(p + 6, NULL);
	return true;
}

static void eval_load_cpu(const struct doctor_view *v, struct doctor_finding *out)
{
	struct cpu_times t;

	if (!doctor_times(v, v->cpu, &t)) {
		doctor_unknown(out, "CPU %d could not be watched", v->cpu);
	} else if (share(t.busy, &t) > CPU_BUSY) {
		doctor_warn(out, "CPU %d was busy for %.0f %% of %.2g s", v->cpu, 100 * share(t.busy, &t), v->seconds);
		doctor_fix(out, "ps -eo psr,pid,args --sort=psr | awk '$1 == %d' shows what; end it, or choose another with vtscope bench --cpu N",
			   v->cpu);
	} else {
		doctor_pass(out, "CPU %d was idle for %.0f %% of %.2g s", v->cpu, 100 * share(t.idle, &t), v->seconds);
	}
}

const struct doctor_check doctor_load_cpu = {
	.id = "load.cpu",
	.question = "Does nothing else run on the measuring CPU?",
	.why = "Another task takes turns with what is measured and leaves it cold caches and predictors.",
	.weight = 20,
	.eval = eval_load_cpu,
};

static void eval_load_machine(const struct doctor_view *v, struct doctor_finding *out)
{
	char waited[64] = "";
	struct cpu_times t;
	double avg10;

	if (!doctor_times(v, -1, &t)) {
		doctor_unknown(out, "the machine could not be watched");
		return;
	}
	if (pressure(v, &avg10))
		snprintf(waited, sizeof(waited), "; in the last 10 s tasks waited for %.0f %% of it", avg10);
	if (share(t.busy, &t) > MACHINE_BUSY) {
		doctor_warn(out, "all CPUs together were busy for %.0f %%%s", 100 * share(t.busy, &t), waited);
		doctor_fix(out, "end what else runs, or compare two configurations in one session: vtscope ab");
	} else {
		doctor_pass(out, "all CPUs together were busy for %.0f %%%s", 100 * share(t.busy, &t), waited);
	}
}

const struct doctor_check doctor_load_machine = {
	.id = "load.machine",
	.question = "Is the machine idle?",
	.why = "Cores share the last-level cache, memory bandwidth and the budget of power and turbo.",
	.weight = 10,
	.eval = eval_load_machine,
};

static void eval_interrupts(const struct doctor_view *v, struct doctor_finding *out)
{
	uint64_t a, b;
	double rate;

	if (!(v->seconds > 0) || !interrupts_parse(doctor_counter(v, "/proc/interrupts", false), v->cpu, &a) ||
	    !interrupts_parse(doctor_counter(v, "/proc/interrupts", true), v->cpu, &b) || b < a) {
		doctor_unknown(out, "the interrupts of CPU %d could not be counted", v->cpu);
		return;
	}
	rate = (double)(b - a) / v->seconds;
	if (rate > INTERRUPTS_HZ) {
		doctor_warn(out, "CPU %d took %.0f interrupts a second", v->cpu, rate);
		doctor_fix(out, "move them: echo CPUS | sudo tee /proc/irq/N/smp_affinity_list for those that grow in "
				"/proc/interrupts");
	} else {
		doctor_pass(out, "CPU %d took %.0f interrupts a second", v->cpu, rate);
	}
}

const struct doctor_check doctor_interrupts = {
	.id = "load.interrupts",
	.question = "Is the measuring CPU spared by devices?",
	.why = "Each interrupt costs microseconds, in a guest an exit as well, and they show in the tail of every "
	       "distribution.",
	.weight = 10,
	.eval = eval_interrupts,
};

static void eval_steal(const struct doctor_view *v, struct doctor_finding *out)
{
	struct cpu_times t, boot;

	if (v->outer.present == ANSWER_NO) {
		doctor_pass(out, "no hypervisor below that could take time");
		return;
	}
	if (!doctor_times(v, -1, &t) || !cpu_times_parse(doctor_counter(v, "/proc/stat", true), -1, &boot)) {
		doctor_unknown(out, "steal time could not be read");
	} else if (!boot.steal) {
		doctor_unknown(out, "the hypervisor has told of no steal time since boot; perhaps it tells of none");
	} else if (share(t.steal, &t) > STEAL_SHARE) {
		doctor_warn(out, "the hypervisor took %.1f %% of the time of all CPUs", 100 * share(t.steal, &t));
		doctor_fix(out, "choose an instance with dedicated CPUs, or compare in one session: vtscope ab");
	} else {
		doctor_pass(out, "the hypervisor took %.1f %% of the time now, %.1f %% since boot", 100 * share(t.steal, &t),
			    100 * share(boot.steal, &boot));
	}
}

const struct doctor_check doctor_steal = {
	.id = "load.steal",
	.question = "Does the hypervisor leave the CPU here?",
	.why = "While the outer hypervisor runs somebody else the TSC goes on: whatever is measured then is long.",
	.weight = 20,
	.eval = eval_steal,
};

/* Limits of this group and of those around it. */
struct limits {
	unsigned seen;			/* groups of which something was read */
	double cpus;			/* the lowest, 0: none */
	double throttled;		/* seconds in the look */
};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static void limit_add(struct limits *l, double cpus)
{
	if (cpus > 0 && (!l->cpus || cpus < l->cpus))
		l->cpus = cpus;
}

static void limits_read(const struct doctor_view *v, struct limits *l)
{
	*l = (struct limits){ 0 };
	for (size_t i = 0; i < v->look->n; i++) {
		const struct snap_record *r = &v->look->rec[i];
		char period[64];
		uint64_t a, b;
		double cpus;

		if (r->kind != SNAP_TEXT || r->err)
			continue;
		if (ends_with(r->name, "/cpu.max")) {
			l->seen++;
			if (cpu_max_parse((const char *)r->data, &cpus))
				limit_add(l, cpus);
		} else if (ends_with(r->name, "/cpu.cfs_quota_us")) {
			l->seen++;
			if (doctor_line(v, period, sizeof(period), "%.*s/cpu.cfs_period_us",
					(int)(strlen(r->name) - strlen("/cpu.cfs_quota_us")), r->name) && atof(period) > 0)
				limit_add(l, atof((const char *)r->data) / atof(period));
		} else if (ends_with(r->name, "/cpu.stat") && throttled_parse((const char *)r->data, &a)) {
			l->seen++;
			if (throttled_parse(doctor_counter(v, r->name, true), &b) && b > a)
				l->throttled += (double)(b - a) / 1e6;
		}
	}
}

static void eval_throttle(const struct doctor_view *v, struct doctor_finding *out)
{
	struct limits l;

	limits_read(v, &l);
	if (l.throttled > 0)
		doctor_warn(out, "the control group was kept from running for %.3g of %.2g s", l.throttled, v->seconds);
	else if (l.cpus > 0 && l.cpus < 1)
		doctor_warn(out, "the control group may use %.2g of one CPU", l.cpus);
	else if (l.cpus > 0)
		doctor_pass(out, "the control group may use %.3g CPUs, and was not throttled", l.cpus);
	else if (!l.seen)
		doctor_unknown(out, "no limits of the control group can be read here");
	else
		doctor_pass(out, "no limit on CPU time in sight");
	if (out->state == DOCTOR_WARN)
		doctor_fix(out, "raise the limit: docker run --cpus, systemd CPUQuota=, resources.limits.cpu of Kubernetes");
}

const struct doctor_check doctor_throttle = {
	.id = "load.throttle",
	.question = "May this process run all the time?",
	.why = "A group that has used up its share stands still until the next period, up to 100 ms: in the middle of an "
	       "operation.",
	.weight = 20,
	.eval = eval_throttle,
};

static void eval_smi(const struct doctor_view *v, struct doctor_finding *out)
{
	const struct snap_record *r = snapshot_msr(v->look, v->cpu, MSR_SMI_COUNT);
	const char *again = snapshot_text(v->look, SNAP_SYS, LOOK_AGAIN "smi");
	struct machine_id id;
	uint64_t now;

	machine_identify(v->machine, &(struct findings){ 0 }, &id);
	if (v->guest) {
		doctor_unknown(out, "a virtual machine sees no SMIs of its host");
	} else if (strcmp(id.vendor, "GenuineIntel")) {
		doctor_unknown(out, "this processor has no count of SMIs (MSR 0x34 is Intel's)");
	} else if (!r || r->err || !again) {
		doctor_unknown(out, "MSR 0x34 cannot be read: it takes root and the msr module (sudo modprobe msr)");
	} else {
		now = strtoull(again, NULL, 10);
		if (now > r->value) {
			doctor_warn(out, "%" PRIu64 " SMIs in %.2g s", now - r->value, v->seconds);
			doctor_fix(out, "look for USB legacy support, thermal or memory scrubbing options in firmware set-up");
		} else {
			doctor_pass(out, "no SMI in %.2g s, %" PRIu64 " since boot", v->seconds, now);
		}
	}
}

const struct doctor_check doctor_smi = {
	.id = "firmware.smi",
	.question = "Does firmware keep quiet?",
	.why = "A System Management Interrupt stops all CPUs for tens of microseconds up to milliseconds, and nothing else "
	       "shows it.",
	.weight = 10,
	.eval = eval_smi,
};
