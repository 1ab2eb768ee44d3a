/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core.c - the monitor without its vendor: opening in order, a guest's life, what is made of its exits. */
#include "minivmm/monitor/vendor_private.h"

uint64_t vcpu_stamps[2];

static const struct vcpu_vendor *running; /* for guest code, which has no context */

int monitor_open(struct monitor *m, const struct vcpu_vendor *vendor, const struct monitor_host *host,
		 struct monitor_why *why)
{
	*m = (struct monitor){ .vendor = vendor, .host = host };
	if (vendor->check(m, why) < 0 || vendor->on(m, why) < 0)
		return -1;
	m->on = true;
	running = vendor;
	if (vendor->self_test(m, why) == 0) {
		monitor_count(m);
		return 0;
	}
	monitor_close(m);
	return -1;
}

void monitor_close(struct monitor *m)
{
	if (m->on)
		m->vendor->off(m);
	m->on = false;
}

struct ring0_counters monitor_count(struct monitor *m)
{
	struct ring0_counters now = m->counters;

	m->counters = (struct ring0_counters){ 0 };
	return now;
}

void vcpu_init(struct vcpu *v, struct monitor *m)
{
	*v = (struct vcpu){ .monitor = m };
}

bool vcpu_setup(struct vcpu *v, const struct vcpu_want *want, struct monitor_why *why)
{
	v->want = *want;
	return v->monitor->vendor->setup(v, want, why);
}

/* A reason that the row asked for and the fast path did not take: it is off, or the row wants the full path. */
static bool is_counted(const struct vcpu *v)
{
	return v->want.fast.kind != VCPU_FAST_NONE && v->reason == v->want.fast.reason;
}

static void count_and_skip(struct vcpu *v)
{
	v->monitor->counters.exits++;
	if (v->want.fast.kind != VCPU_FAST_STAY)
		v->monitor->vendor->skip(v);
}

/* What the guest asks for itself. False: it is done. */
static bool serve_call(struct vcpu *v, uint32_t number)
{
	const struct vcpu_vendor *vendor = v->monitor->vendor;

	if (number == MONITOR_CALL_DONE)
		return false;
	vendor->stamps(v, number == MONITOR_CALL_STAMPS_ON);
	vendor->skip(v);
	return true;
}

static bool is_own_call(uint64_t number)
{
	return number >= MONITOR_CALL_DONE && number <= MONITOR_CALL_STAMPS_OFF;
}

enum vcpu_end vcpu_call(struct vcpu *v, void (*fn)(void *), void *arg)
{
	const struct vcpu_vendor *vendor = v->monitor->vendor;
	uint64_t gpr[16] = { 0 };

	vendor->start(v, fn, arg, gpr);
	for (;;) {
		enum vcpu_exit_kind kind = vendor->run(v, gpr);

		if (kind == VCPU_EXIT_CALL && is_own_call(gpr[0])) {
			if (!serve_call(v, (uint32_t)gpr[0]))
				return VCPU_DONE;
		} else if (kind != VCPU_EXIT_WATCHDOG && kind != VCPU_EXIT_FAILED && is_counted(v)) {
			count_and_skip(v);
		} else if (kind == VCPU_EXIT_WATCHDOG || kind == VCPU_EXIT_FAILED || !v->on_exit ||
			   !v->on_exit(v, v->on_exit_ctx)) {
			vendor->describe(v, gpr);
			return kind == VCPU_EXIT_WATCHDOG ? VCPU_DEADLINE :
			       kind == VCPU_EXIT_FAILED	  ? VCPU_ENTRY_FAILED :
							    VCPU_EXIT;
		}
	}
}

void vcpu_guest_stamps(bool on)
{
	running->call(on ? MONITOR_CALL_STAMPS_ON : MONITOR_CALL_STAMPS_OFF);
}
