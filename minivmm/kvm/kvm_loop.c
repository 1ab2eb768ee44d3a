/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/kvm/kvm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/interrupt.h"

#define NS_PER_MS	1000000ull
#define BUS_FLOATS	0xff	/* what a read returns where nothing answers */

typedef bool (*exit_handler)(struct kvm_loop *lp);

uint64_t kvm_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* Fills the stop; false, so that a handler can return it. */
static bool __attribute__((format(printf, 4, 5)))
stop_set(struct kvm_loop *lp, enum vm_stop_kind kind, const char *native, const char *fmt, ...)
{
	va_list ap;

	lp->stop->kind = kind;
	snprintf(lp->stop->native, sizeof(lp->stop->native), "%s", native);
	va_start(ap, fmt);
	vsnprintf(lp->stop->text, sizeof(lp->stop->text), fmt, ap);
	va_end(ap);
	return false;
}

void kvm_loop_counters(const struct kvm_loop *lp, struct engine_counters *c)
{
	memset(c, 0, sizeof(*c));
	kvm_stats_read(lp->stats, c);
	c->user_exits = lp->user_exits;
}

/* The row that the guest says is at work: only an index below row_count is believed. */
static uint32_t row_current(const struct kvm_loop *lp)
{
	const struct guest_ctrl *ctrl = kvm_memory_at(lp->mem, GUEST_CTRL_PHYS, sizeof(*ctrl));
	uint32_t row = ctrl ? ctrl->row_current : UINT32_MAX;

	return row < lp->launch->row_count ? row : lp->launch->row_count;
}

static bool ring_drain(struct kvm_loop *lp)
{
	struct err e;

	if (guest_ring_drain(lp->mem->base, lp->mem->bytes, lp->sink, &e) == 0)
		return true;
	return stop_set(lp, VM_STOP_PROTOCOL, "record ring", "%.*s", (int)sizeof(lp->stop->text) - 1, e.text);
}

static void counters_tell(struct kvm_loop *lp, bool begin)
{
	struct engine_counters c;

	if (!lp->sink->counters)
		return;
	kvm_loop_counters(lp, &c);
	lp->sink->counters(lp->sink->ctx, row_current(lp), begin, &c);
}

/* Counters are read last before the row and first after it. */
static bool doorbell(struct kvm_loop *lp, uint32_t what)
{
	switch (what) {
	case DOORBELL_ROW_BEGIN:
		lp->row_start_ns = kvm_now_ns();
		counters_tell(lp, true);
		return true;
	case DOORBELL_ROW_END:
		counters_tell(lp, false);
		lp->row_start_ns = 0;
		return ring_drain(lp);
	case DOORBELL_DONE:
		return ring_drain(lp);
	case DOORBELL_FAULT:
		if (ring_drain(lp))
			guest_fault_stop(lp->mem->base, lp->stop);
		return false;
	default:
		return stop_set(lp, VM_STOP_PROTOCOL, "doorbell", "the guest rang the doorbell with 0x%" PRIx32, what);
	}
}

static uint32_t io_value(const unsigned char *data, unsigned size)
{
	uint32_t value = 0;

	memcpy(&value, data, size);	/* x86 on x86: little endian on both sides */
	return value;
}

static bool port_write(struct kvm_loop *lp, const unsigned char *data, unsigned size, uint32_t count)
{
	switch (lp->run->io.port) {
	case GUEST_PORT_CONSOLE:
		if (size == 1 && lp->sink->console)
			lp->sink->console(lp->sink->ctx, (const char *)data, count);
		return true;
	case GUEST_PORT_DOORBELL:
		return lp->launch->rows ? doorbell(lp, io_value(data, size)) : true;
	case GUEST_PORT_EXIT:
		if (lp->launch->rows && !ring_drain(lp))
			return false;
		lp->stop->status = (int)io_value(data, size);
		return stop_set(lp, VM_STOP_EXIT, "exit port", "the guest ended itself with status %d",
				lp->stop->status);
	default:
		return true;
	}
}

static bool exit_io(struct kvm_loop *lp)
{
	struct kvm_run *run = lp->run;
	uint64_t offset = run->io.data_offset, bytes = (uint64_t)run->io.size * run->io.count;

	if (run->io.size > 4 || offset > lp->run_bytes || bytes == 0 || bytes > lp->run_bytes - offset)
		return stop_set(lp, VM_STOP_CARRIER, "KVM_EXIT_IO",
				"port 0x%x: %u x %u bytes at offset %" PRIu64 " of the run page", run->io.port,
				run->io.count, run->io.size, offset);
	if (run->io.direction == KVM_EXIT_IO_OUT)
		return port_write(lp, (unsigned char *)run + offset, run->io.size, run->io.count);
	memset((unsigned char *)run + offset, BUS_FLOATS, bytes);
	return true;
}

static bool exit_mmio(struct kvm_loop *lp)
{
	if (!lp->run->mmio.is_write)
		memset(lp->run->mmio.data, BUS_FLOATS, sizeof(lp->run->mmio.data));
	return true;
}

/* Only the runner's rows want HLT to return (ENGINE_HLT_RETURNS); with an in-kernel LAPIC it does not come here. */
static bool exit_hlt(struct kvm_loop *lp)
{
	if (lp->launch->rows)
		return true;
	return stop_set(lp, VM_STOP_HALT, "KVM_EXIT_HLT", "the guest halted, and nothing can wake it");
}

static bool exit_shutdown(struct kvm_loop *lp)
{
	return stop_set(lp, VM_STOP_SHUTDOWN, "KVM_EXIT_SHUTDOWN", "triple fault");
}

static bool exit_internal_error(struct kvm_loop *lp)
{
	static const char *const what[] = {
		[KVM_INTERNAL_ERROR_EMULATION] = "an instruction that it cannot emulate",
		[KVM_INTERNAL_ERROR_SIMUL_EX] = "exceptions during the delivery of another",
		[KVM_INTERNAL_ERROR_DELIVERY_EV] = "an exit during the delivery of an event",
		[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "an exit reason that it does not know",
	};
	uint32_t sub = lp->run->internal.suberror;

	return stop_set(lp, VM_STOP_CARRIER, "KVM_EXIT_INTERNAL_ERROR", "KVM gave up: %s (suberror %" PRIu32 ")",
			sub < sizeof(what) / sizeof(what[0]) && what[sub] ? what[sub] : "internal error", sub);
}

static bool exit_fail_entry(struct kvm_loop *lp)
{
	return stop_set(lp, VM_STOP_CARRIER, "KVM_EXIT_FAIL_ENTRY",
			"the processor refused to enter the guest, reason 0x%llx",
			(unsigned long long)lp->run->fail_entry.hardware_entry_failure_reason);
}

static bool exit_again(struct kvm_loop *lp)
{
	(void)lp;
	return true;
}

static const exit_handler handlers[] = {
	[KVM_EXIT_IO] = exit_io,
	[KVM_EXIT_MMIO] = exit_mmio,
	[KVM_EXIT_HLT] = exit_hlt,
	[KVM_EXIT_IRQ_WINDOW_OPEN] = exit_again,
	[KVM_EXIT_INTR] = exit_again,
	[KVM_EXIT_SHUTDOWN] = exit_shutdown,
	[KVM_EXIT_INTERNAL_ERROR] = exit_internal_error,
	[KVM_EXIT_FAIL_ENTRY] = exit_fail_entry,
};

bool kvm_loop_handle(struct kvm_loop *lp)
{
	uint32_t reason = lp->run->exit_reason;
	char native[32];

	lp->user_exits++;
	if (reason < sizeof(handlers) / sizeof(handlers[0]) && handlers[reason])
		return handlers[reason](lp);
	snprintf(native, sizeof(native), "KVM exit %" PRIu32, reason);
	return stop_set(lp, VM_STOP_CARRIER, native, "KVM returned with an exit that this VMM does not ask for");
}

static bool is_late(uint64_t now, uint64_t since, unsigned limit_ms)
{
	return since && limit_ms && now - since > limit_ms * NS_PER_MS;
}

/* KVM_RUN came back without an exit: was it time? */
static bool loop_interrupted(struct kvm_loop *lp, int code)
{
	const struct launch *l = lp->launch;
	uint64_t now = kvm_now_ns();

	if (code == EAGAIN)
		return true;
	if (code != EINTR)
		return stop_set(lp, VM_STOP_CARRIER, "KVM_RUN", "KVM_RUN failed: %s", strerror(code));
	/* Before the questions: a tick that comes after this is seen by the next KVM_RUN. */
	__atomic_store_n(&lp->run->immediate_exit, 0, __ATOMIC_RELAXED);
	if (interrupt_pending())
		return stop_set(lp, VM_STOP_INTERRUPTED, "signal", "interrupted by the user");
	if (is_late(now, lp->start_ns, l->deadline_ms))
		return stop_set(lp, VM_STOP_DEADLINE, "launch deadline", "the guest still ran after %.3g s",
				l->deadline_ms / 1e3);
	if (is_late(now, lp->row_start_ns, l->row_deadline_ms))
		return stop_set(lp, VM_STOP_DEADLINE, "row deadline", "the row still ran after %.3g s",
				l->row_deadline_ms / 1e3);
	return true;
}

void kvm_loop_run(struct kvm_loop *lp)
{
	bool go = true;

	while (go) {
		if (ioctl(lp->vcpu_fd, KVM_RUN, 0) < 0)
			go = loop_interrupted(lp, errno);
		else
			go = kvm_loop_handle(lp);
	}
	lp->stop->row = lp->launch->rows ? row_current(lp) : lp->launch->row_count;
	lp->stop->exits = lp->user_exits;
}
