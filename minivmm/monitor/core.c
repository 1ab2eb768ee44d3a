/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core.c - the monitor without its vendor: opening in order, a guest's life, what is made of its exits. */
#include "minivmm/cpu.h"
#include "minivmm/monitor/apic.h"
#include "minivmm/monitor/text.h"
#include "minivmm/monitor/vendor_private.h"

uint64_t vcpu_stamps[2];

#define VCPU_RUNNING ((enum vcpu_end)-1)

static const struct vcpu_vendor *running; /* for guest code, which has no context */

int monitor_open(struct monitor *m, const struct vcpu_vendor *vendor, const struct monitor_host *host,
		 struct monitor_why *why)
{
	*m = (struct monitor){ .vendor = vendor, .host = host };
	apic_abandon();
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

/* One full exit. VCPU_RUNNING: enter again. */
static enum vcpu_end serve_exit(struct vcpu *v, enum vcpu_exit_kind kind, const uint64_t gpr[16])
{
	if (kind == VCPU_EXIT_WATCHDOG)
		return VCPU_DEADLINE;
	if (kind == VCPU_EXIT_FAILED)
		return VCPU_ENTRY_FAILED;
	if (kind == VCPU_EXIT_CALL && gpr[0] == MONITOR_CALL_FAULT)
		return VCPU_EXIT;
	if (kind == VCPU_EXIT_CALL && is_own_call(gpr[0]))
		return serve_call(v, (uint32_t)gpr[0]) ? VCPU_RUNNING : VCPU_DONE;
	if (v->on_exit)
		return v->on_exit(v, v->on_exit_ctx) ? VCPU_RUNNING : VCPU_EXIT;
	if (kind == VCPU_EXIT_UNASKED || !is_counted(v))
		return VCPU_EXIT;
	count_and_skip(v);
	return VCPU_RUNNING;
}

/* The vendor's watchdog ends a guest that does not exit; one that does nothing else is ended here. */
static void say_deadline(struct vcpu *v)
{
	struct guest_fault *f = &v->fault;
	char last[sizeof(f->what)];
	struct text t = TEXT_OF(f->what);

	__builtin_memcpy(last, f->what, sizeof(last));
	text_put(&t, "still exiting at its deadline, last: ");
	text_put(&t, last);
}

enum vcpu_end vcpu_call(struct vcpu *v, void (*fn)(void *), void *arg)
{
	const struct vcpu_vendor *vendor = v->monitor->vendor;
	volatile bool *in_guest = v->monitor->host->in_guest;
	const uint64_t start = tsc_read(), ticks = vcpu_watchdog_ticks(v);
	uint64_t gpr[16] = { 0 };
	bool late = false;
	enum vcpu_exit_kind kind;
	enum vcpu_end end;

	vendor->start(v, fn, arg, gpr);
	do {
		*in_guest = true;
		kind = vendor->run(v, gpr);
		*in_guest = false;
		end = serve_exit(v, kind, gpr);
		late = end == VCPU_RUNNING && tsc_read() - start > ticks;
	} while (end == VCPU_RUNNING && !late);
	if (end != VCPU_DONE)
		vendor->describe(v, gpr);
	if (late) {
		say_deadline(v);
		end = VCPU_DEADLINE;
	}
	if (vendor->end)
		vendor->end(v);
	v->late = end == VCPU_DEADLINE;
	return end;
}

uint64_t monitor_watchdog_max(const struct monitor *m)
{
	return m->vendor->watchdog_max();
}

void vcpu_guest_give_up(void)
{
	for (;;)
		running->call(MONITOR_CALL_FAULT);
}

void vcpu_guest_stamps(bool on)
{
	running->call(on ? MONITOR_CALL_STAMPS_ON : MONITOR_CALL_STAMPS_OFF);
}
