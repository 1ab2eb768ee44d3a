/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/kvm/kvm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/interrupt.h"

#define BUS_FLOATS	0xff	/* what a read returns where nothing answers */

typedef bool (*exit_handler)(struct kvm_loop *lp);

uint64_t kvm_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* Fills the stop; false, so that a handler can return it. */
static bool __attribute__((cold, format(printf, 4, 5)))
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
	int rc = guest_ring_drain(lp->mem->base, lp->mem->bytes, &lp->gate.sink, &e);

	if (rc < 0)
		return stop_set(lp, rc == -EBADMSG ? VM_STOP_PROTOCOL : VM_STOP_CARRIER, "record ring", "%.*s",
				(int)sizeof(lp->stop->text) - 1, e.text);
	if (lp->gate.wrong[0])
		return stop_set(lp, VM_STOP_PROTOCOL, "record ring", "%s", lp->gate.wrong);
	return true;
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
static bool __attribute__((noinline)) doorbell(struct kvm_loop *lp, uint32_t what)
{
	switch (what) {
	case DOORBELL_ROW_BEGIN:
		counters_tell(lp, true);
		return true;
	case DOORBELL_ROW_END:
		counters_tell(lp, false);
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

static bool __attribute__((noinline)) console_write(struct kvm_loop *lp, const unsigned char *data)
{
	if (lp->run->io.size == 1 && lp->sink->console)
		lp->sink->console(lp->sink->ctx, (const char *)data, lp->run->io.count);
	return true;
}

static bool __attribute__((noinline)) exit_write(struct kvm_loop *lp, const unsigned char *data)
{
	if (lp->launch->rows && !ring_drain(lp))
		return false;
	lp->stop->status = (int)io_value(data, lp->run->io.size);
	return stop_set(lp, VM_STOP_EXIT, "exit port", "the guest ended itself with status %d", lp->stop->status);
}

static bool __attribute__((noinline)) io_refuse(struct kvm_loop *lp)
{
	const struct kvm_run *run = lp->run;

	return stop_set(lp, VM_STOP_CARRIER, "KVM_EXIT_IO", "port 0x%x: %u x %u bytes at offset %llu of the run page",
			run->io.port, run->io.count, run->io.size, (unsigned long long)run->io.data_offset);
}

/* The path that is measured: a write to a port that means nothing here has to get through in a few instructions. */
static bool exit_io(struct kvm_loop *lp)
{
	struct kvm_run *run = lp->run;
	unsigned char *data = (unsigned char *)run + run->io.data_offset;
	uint64_t bytes = (uint64_t)run->io.size * run->io.count;

	if (run->io.size > 4 || bytes - 1 >= lp->run_bytes || run->io.data_offset > lp->run_bytes - bytes)
		return io_refuse(lp);
	if (run->io.direction != KVM_EXIT_IO_OUT) {
		memset(data, BUS_FLOATS, bytes);
		return true;
	}
	switch (run->io.port) {
	case GUEST_PORT_CONSOLE:
		return console_write(lp, data);
	case GUEST_PORT_DOORBELL:
		return lp->launch->rows ? doorbell(lp, io_value(data, run->io.size)) : true;
	case GUEST_PORT_EXIT:
		return exit_write(lp, data);
	default:
		return true;
	}
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
	[KVM_EXIT_SET_TPR] = exit_again,	/* CR8 was lowered, and there is no LAPIC here whom it concerns */
	[KVM_EXIT_SHUTDOWN] = exit_shutdown,
	[KVM_EXIT_INTERNAL_ERROR] = exit_internal_error,
	[KVM_EXIT_FAIL_ENTRY] = exit_fail_entry,
};

static bool __attribute__((noinline)) exit_unknown(struct kvm_loop *lp)
{
	char native[32];

	snprintf(native, sizeof(native), "KVM exit %" PRIu32, lp->run->exit_reason);
	return stop_set(lp, VM_STOP_CARRIER, native, "KVM returned with an exit that this VMM does not ask for");
}

static inline bool exit_handle(struct kvm_loop *lp)
{
	uint32_t reason = lp->run->exit_reason;

	lp->user_exits++;
	if (reason < sizeof(handlers) / sizeof(handlers[0]) && handlers[reason])
		return handlers[reason](lp);
	return exit_unknown(lp);
}

bool kvm_loop_handle(struct kvm_loop *lp)
{
	return exit_handle(lp);
}

bool kvm_loop_interrupted(struct kvm_loop *lp, int code)
{
	if (code == EAGAIN)
		return true;
	if (code != EINTR)
		return stop_set(lp, VM_STOP_CARRIER, "KVM_RUN", "KVM_RUN failed: %s", strerror(code));
	/* Before the questions: a tick that comes after this is seen by the next KVM_RUN. */
	__atomic_store_n(&lp->run->immediate_exit, 0, __ATOMIC_RELAXED);
	if (interrupt_pending())
		return stop_set(lp, VM_STOP_INTERRUPTED, "signal", "interrupted by the user");
	/* A row begins with its record: the doorbell comes only when it is set up, and setting up can hang as well. */
	if (lp->launch->rows && !ring_drain(lp))
		return false;
	return !record_gate_late(&lp->gate, lp->start_ns, lp->stop);
}

/* ioctl(vcpu_fd, KVM_RUN, 0) without libc's wrapper, which would be a third of the path. 0 or -errno. */
static inline long vcpu_enter(int vcpu_fd)
{
	long rc = SYS_ioctl;

	__asm__ volatile("syscall" : "+a"(rc) : "D"(vcpu_fd), "S"(KVM_RUN), "d"(0) : "rcx", "r11", "memory");
	return rc;
}

void kvm_loop_run(struct kvm_loop *lp)
{
	bool go = true;

	while (go) {
		long rc = vcpu_enter(lp->vcpu_fd);

		go = rc < 0 ? kvm_loop_interrupted(lp, (int)-rc) : exit_handle(lp);
	}
	lp->stop->row = lp->launch->rows ? row_current(lp) : lp->launch->row_count;
	lp->stop->exits = lp->user_exits;
}
