/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_private.h - what the doctor's checks see, and its rows by the file they stand in. Only probe/doctor*.c and
 * probe/collect_look.c include this.
 */
#ifndef VTSCOPE_PROBE_DOCTOR_PRIVATE_H
#define VTSCOPE_PROBE_DOCTOR_PRIVATE_H

#include "probe/analyse.h"
#include "probe/counters.h"
#include "probe/doctor.h"

/* Records of a look: files under their names; the second reading of a counter under this and its name. */
#define LOOK_AGAIN	"again "	/* SNAP_SYS */
#define LOOK_SECONDS	"look.seconds"	/* SNAP_SYS, decimal */
#define LOOK_CPU	"look.cpu"	/* SNAP_SYS, decimal */
#define MSR_SMI_COUNT	0x34		/* SDM vol. 4, table 2-2: System Management Interrupts since reset */

struct doctor_view {
	const struct snapshot *machine, *look;
	int cpu;
	double seconds;			/* between the two readings, 0: there are none */
	struct outer outer;
	bool guest;			/* not known to be bare metal: the host below cannot be seen */
};

void doctor_pass(struct doctor_finding *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doctor_warn(struct doctor_finding *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doctor_unknown(struct doctor_finding *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doctor_fix(struct doctor_finding *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* First line of a file of the look, else of the machine. False: it was not read. */
bool doctor_line(const struct doctor_view *v, char *out, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The text of a counter file at the first or the second reading, or NULL. */
const char *doctor_counter(const struct doctor_view *v, const char *path, bool again);
/* What (cpu), -1: all, did between the readings. */
bool doctor_times(const struct doctor_view *v, int cpu, struct cpu_times *out);

/* doctor_cpu.c */
extern const struct doctor_check doctor_governor, doctor_turbo, doctor_smt, doctor_isolated, doctor_idle, doctor_battery;
/* doctor_load.c */
extern const struct doctor_check doctor_load_cpu, doctor_load_machine, doctor_interrupts, doctor_steal, doctor_throttle,
	doctor_smi;
/* doctor_kernel.c */
extern const struct doctor_check doctor_outer, doctor_clocksource, doctor_thp, doctor_ksm, doctor_numa, doctor_mitigations,
	doctor_halt_poll, doctor_watchdog;

#endif
