/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vendor_private.h - the seam of the monitor: what vmx.c and svm.c must each supply. Only minivmm/monitor/ includes this.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_VENDOR_PRIVATE_H
#define VTSCOPE_MINIVMM_MONITOR_VENDOR_PRIVATE_H

#include "minivmm/monitor/monitor.h"

#pragma GCC visibility push(hidden)

/* What a guest asks for in rax when it executes VMCALL or VMMCALL itself. */
#define MONITOR_CALL_DONE	0x56540001u
#define MONITOR_CALL_STAMPS_ON	0x56540002u
#define MONITOR_CALL_STAMPS_OFF	0x56540003u
#define MONITOR_CALL_FAULT	0x56540004u

/*
 * Of a rung of the ladder that the watchdog ended: where an outer hypervisor had no CPU for this one, the time passed
 * with nothing executed, and the rung says nothing about the processor.
 */
#define MONITOR_TRIES	4u

/*
 * Of a guest that nobody gave another: about 0.1 s of a processor of 3 GHz, 3 s of one that is emulated at 100 million
 * instructions a second.
 */
#define VCPU_WATCHDOG_TICKS	(1ull << 28)

static inline uint64_t vcpu_watchdog_ticks(const struct vcpu *v)
{
	return v->watchdog_ticks ? v->watchdog_ticks : VCPU_WATCHDOG_TICKS;
}

/* A full exit, normalised. */
enum vcpu_exit_kind {
	VCPU_EXIT_CALL,		/* VMCALL or VMMCALL; its number in gpr[0] */
	VCPU_EXIT_WATCHDOG,
	VCPU_EXIT_REASON,	/* any other: v->reason */
	VCPU_EXIT_UNASKED,	/* v->reason may be the row's, but the event is not: never counted */
	VCPU_EXIT_FAILED,	/* the entry was refused: v->instruction_error, or v->reason is 33, 34, 41 or VMEXIT_INVALID */
};

struct vcpu_vendor {
	const char *name;		/* "vmx" */
	/* Everything that is looked at before anything is changed; facts reported. -1: (why). */
	int (*check)(struct monitor *m, struct monitor_why *why);
	/* Turns the extension on. -1: (why), nothing changed. */
	int (*on)(struct monitor *m, struct monitor_why *why);
	void (*off)(struct monitor *m);
	/* The ladder: each step reported through host->step. -1: one that must hold did not. */
	int (*self_test)(struct monitor *m, struct monitor_why *why);
	bool (*setup)(struct vcpu *v, const struct vcpu_want *want, struct monitor_why *why);
	/* The guest's next instruction: on its own stack, to call fn(arg) and then ask for MONITOR_CALL_DONE. */
	void (*start)(struct vcpu *v, void (*fn)(void *), void *arg, uint64_t gpr[16]);
	/* Enters until an exit that the fast path does not take. (gpr): the guest's, order of struct guest_fault. */
	enum vcpu_exit_kind (*run)(struct vcpu *v, uint64_t gpr[16]);
	/* Behind the last run() of a vcpu_call(): what exits left otherwise than it was, the watchdog off. NULL: nothing. */
	void (*end)(struct vcpu *v);
	/* Executed by a guest: the vendor's hypercall with (number) in rax. */
	void (*call)(uint32_t number);
	/* RIP behind the instruction that exited: want.fast.length where the row gives it for its own exits. */
	void (*skip)(struct vcpu *v);
	void (*stamps)(struct vcpu *v, bool on);
	/* The name of v->reason, never NULL, and what else there is to say, into fault.what; registers into fault. */
	void (*describe)(struct vcpu *v, const uint64_t gpr[16]);
	/* TSC ticks that the watchdog can count. */
	uint64_t (*watchdog_max)(void);
};

#pragma GCC visibility pop
#endif
