/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/doctor_private.h"

const struct doctor_check *const doctor_checks[] = {
	&doctor_outer,
	&doctor_steal,
	&doctor_throttle,
	&doctor_load_cpu,
	&doctor_load_machine,
	&doctor_interrupts,
	&doctor_governor,
	&doctor_turbo,
	&doctor_battery,
	&doctor_smt,
	&doctor_idle,
	&doctor_isolated,
	&doctor_smi,
	&doctor_clocksource,
	&doctor_thp,
	&doctor_ksm,
	&doctor_numa,
	&doctor_watchdog,
	&doctor_mitigations,
	&doctor_halt_poll,
};
const size_t n_doctor_checks = sizeof(doctor_checks) / sizeof(doctor_checks[0]);

const char *doctor_state_name(enum doctor_state s)
{
	static const char *const names[] = {
		[DOCTOR_UNKNOWN] = "unknown", [DOCTOR_PASS] = "pass", [DOCTOR_WARN] = "warn",
	};

	return names[s];
}

/* Files hold anything, and this is shown on terminals. */
static void say(char *out, size_t size, const char *fmt, va_list ap)
{
	vsnprintf(out, size, fmt, ap);
	for (; *out; out++)
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			*out = '?';
}

#define SAYS(name, member, answer)						\
	void name(struct doctor_finding *out, const char *fmt, ...)		\
	{									\
		va_list ap;							\
										\
		va_start(ap, fmt);						\
		say(out->member, sizeof(out->member), fmt, ap);			\
		va_end(ap);							\
		answer;								\
	}

SAYS(doctor_pass, seen, out->state = DOCTOR_PASS)
SAYS(doctor_warn, seen, out->state = DOCTOR_WARN)
SAYS(doctor_unknown, seen, out->state = DOCTOR_UNKNOWN)
SAYS(doctor_fix, fix, (void)0)

bool doctor_line(const struct doctor_view *v, char *out, size_t size, const char *fmt, ...)
{
	char path[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return view_line(v->look, path, out, size) || view_line(v->machine, path, out, size);
}

const char *doctor_counter(const struct doctor_view *v, const char *path, bool again)
{
	char name[512];

	if (!again)
		return snapshot_text(v->look, SNAP_TEXT, path);
	snprintf(name, sizeof(name), LOOK_AGAIN "%s", path);
	return snapshot_text(v->look, SNAP_SYS, name);
}

bool doctor_times(const struct doctor_view *v, int cpu, struct cpu_times *out)
{
	struct cpu_times a, b;

	if (!cpu_times_parse(doctor_counter(v, "/proc/stat", false), cpu, &a) ||
	    !cpu_times_parse(doctor_counter(v, "/proc/stat", true), cpu, &b))
		return false;
	/* Idle time may step back by a tick. */
	*out = (struct cpu_times){ b.busy > a.busy ? b.busy - a.busy : 0, b.idle > a.idle ? b.idle - a.idle : 0,
				   b.steal > a.steal ? b.steal - a.steal : 0 };
	return cpu_times_total(out) > 0;
}

int doctor_judge(struct doctor *d, const struct snapshot *machine, const struct snapshot *look)
{
	const char *cpu = snapshot_text(look, SNAP_SYS, LOOK_CPU), *seconds = snapshot_text(look, SNAP_SYS, LOOK_SECONDS);
	struct doctor_view v = { .machine = machine, .look = look };
	unsigned cost = 0;

	*d = (struct doctor){ .row = calloc(n_doctor_checks, sizeof(*d->row)), .n = n_doctor_checks };
	if (!d->row)
		return -ENOMEM;
	v.cpu = d->cpu = cpu ? atoi(cpu) : 0;
	v.seconds = d->seconds = seconds ? atof(seconds) : 0;
	outer_identify(machine, &v.outer);
	v.guest = v.outer.present != ANSWER_NO;
	for (size_t i = 0; i < d->n; i++) {
		struct doctor_finding *f = &d->row[i];

		f->check = doctor_checks[i];
		doctor_unknown(f, "not recorded");
		f->check->eval(&v, f);
		d->count[f->state]++;
		cost += f->state == DOCTOR_WARN ? f->check->weight : 0;
	}
	d->score = cost < 100 ? 100 - cost : 0;
	return 0;
}

void doctor_free(struct doctor *d)
{
	free(d->row);
	*d = (struct doctor){ 0 };
}
