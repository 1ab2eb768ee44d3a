/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "minivmm/carrier.h"
#include "minivmm/host.h"
#include "minivmm/qemu/qemu.h"

#define HUGE_BYTES	0x200000ull
#define MEM_MAX		0xc0000000ull	/* below the hole where GUEST_MMIO_PHYS lies */
#define START_MS	10000u		/* a QEMU that has not answered by then does not */
#define ANSWER_MS	2000u

/* Everything that one launch has to undo. */
struct qemu_carrier {
	struct qemu_process process;
	struct host_pin pin;
	int mem_fd, image_fd;
	unsigned char *mem;
	uint64_t mem_bytes;
};

static int memfd_make(const char *name, uint64_t bytes, int *fd, struct err *e)
{
	*fd = memfd_create(name, MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, (off_t)bytes) < 0)
		return err_set(e, errno, "no memory file of %" PRIu64 " MiB for QEMU: %s", bytes >> 20, strerror(errno));
	return 0;
}

static int memory_make(struct qemu_carrier *c, uint64_t bytes, struct err *e)
{
	int rc;

	if (bytes == 0 || bytes % HUGE_BYTES || bytes > MEM_MAX)
		return err_set(e, EINVAL, "guest memory of %" PRIu64 " bytes: a multiple of 2 MiB up to 3 GiB is possible",
			       bytes);
	rc = memfd_make("vtscope-guest", bytes, &c->mem_fd, e);
	if (rc < 0)
		return rc;
	c->mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, c->mem_fd, 0);
	if (c->mem == MAP_FAILED) {
		c->mem = NULL;
		return err_set(e, errno, "no memory for a guest of %" PRIu64 " MiB: %s", bytes >> 20, strerror(errno));
	}
	c->mem_bytes = bytes;
	madvise(c->mem, bytes, MADV_HUGEPAGE);	/* as QEMU advises for its own mapping; refused is fine */
	return 0;
}

int qemu_image_fd(const void *image, size_t bytes, int *fd, struct err *e)
{
	const unsigned char *p = image;
	int rc = memfd_make("vtscope-image", 0, fd, e);

	while (rc == 0 && bytes) {
		ssize_t n = write(*fd, p, bytes);

		if (n < 0 && errno != EINTR)
			rc = err_set(e, errno, "cannot hand the guest image to QEMU: %s", strerror(errno));
		if (n > 0) {
			p += n;
			bytes -= (size_t)n;
		}
	}
	return rc;
}

/*
 * Loads the image as every engine does, so that a bad one is refused in the same words and prepare() finds it in
 * place; QEMU loads the same bytes again.
 */
static int carrier_load(struct qemu_carrier *c, const struct qemu_run *r, const struct launch *l, struct err *e)
{
	const void *image = l->image ? l->image : guest_image;
	size_t bytes = l->image ? l->image_bytes : (size_t)(guest_image_end - guest_image);
	uint64_t entry64;
	uint32_t entry32 = 0;
	int rc = memory_make(c, l->mem_bytes ? l->mem_bytes : GUEST_MEM_BYTES, e);

	if (rc == 0)
		rc = guest_load_elf(image, bytes, c->mem, c->mem_bytes, &entry64, &entry32, e);
	if (rc == 0 && !entry32)
		rc = err_set(e, EINVAL, "guest image: no PVH entry (ELF note \"Xen\", type 18), which QEMU starts at");
	if (rc == 0)
		rc = qemu_image_fd(image, bytes, &c->image_fd, e);
	if (rc == 0 && l->rows)
		rc = guest_ctrl_init(c->mem, c->mem_bytes, l, r->tsc_hz, r->fence, e);
	if (rc == 0 && l->prepare)
		l->prepare(l->prepare_ctx, c->mem, c->mem_bytes);
	return rc;
}

static int carrier_start(struct qemu_carrier *c, const struct qemu_run *r, const struct launch *l, const struct sink *s,
			 struct err *e)
{
	const struct qemu_config config = {
		.program = r->program, .accel = r->accel, .machine = r->machine,
		.mem_fd = c->mem_fd, .mem_bytes = c->mem_bytes, .image_fd = c->image_fd,
	};
	int rc = host_pin(&c->pin, l->cpu, e);

	if (rc == 0)
		rc = qemu_process_start(&c->process, &config, s, START_MS, e);
	host_unpin(&c->pin);	/* QEMU's threads stay where they were born */
	if (rc == 0 && s->carrier)
		s->carrier(s->ctx, c->process.child.pid);
	if (rc == 0)
		rc = qemu_process_run(&c->process, ANSWER_MS, e);
	return rc;
}

static void carrier_end(struct qemu_carrier *c)
{
	host_unpin(&c->pin);
	qemu_process_end(&c->process);
	if (c->mem)
		munmap(c->mem, c->mem_bytes);
	if (c->mem_fd >= 0)
		close(c->mem_fd);
	if (c->image_fd >= 0)
		close(c->image_fd);
}

/* ---- how it ended ---- */

static void stop_say(struct vm_stop *stop, enum vm_stop_kind kind, const char *native, const char *text)
{
	stop->kind = kind;
	snprintf(stop->native, sizeof(stop->native), "%s", native);
	snprintf(stop->text, sizeof(stop->text), "%s", text);
}

static void stop_carrier(const struct qemu_process *p, struct vm_stop *stop, const char *native, const char *what)
{
	const char *line;
	int n = qemu_process_complaint(p, &line);

	stop_say(stop, VM_STOP_CARRIER, native, "");
	snprintf(stop->text, sizeof(stop->text), "QEMU %s%s%.*s", what, n ? ": " : "", n, line);
}

/* QEMU's own exit(1) looks like a guest's 0. Did it fail? Without better evidence: it does not without complaint. */
static bool is_failure(const struct qemu_process *p, bool runner_ended)
{
	const char *line;

	return WEXITSTATUS(p->status) == 1 && !runner_ended && !qemu_process_left(p) &&
	       qemu_process_complaint(p, &line) > 0;
}

/* isa-debug-exit ends QEMU with (value << 1) | 1, eight bits of it. */
static void decode_exit(const struct qemu_process *p, const struct launch *l, const unsigned char *mem,
			struct vm_stop *stop)
{
	const struct guest_ctrl *ctrl = (const struct guest_ctrl *)(mem + GUEST_CTRL_PHYS);
	char native[sizeof(stop->native)];
	int code = WEXITSTATUS(p->status);
	bool runner_ended = l->rows && (ctrl->state == GUEST_DONE || ctrl->state == GUEST_FAULTED);
	uint32_t row = stop->row;

	if (WIFSIGNALED(p->status)) {
		snprintf(native, sizeof(native), "signal %d", WTERMSIG(p->status));
		stop_carrier(p, stop, native, "was killed");
	} else if (!(code & 1) || is_failure(p, runner_ended)) {
		snprintf(native, sizeof(native), "exit status %d", code);
		stop_carrier(p, stop, native, "ended, and not because its guest wanted to");
	} else if (l->rows && ctrl->state == GUEST_FAULTED) {
		guest_fault_stop(mem, stop);
		stop->row = row;	/* as its records say, not the guest */
	} else {
		stop->status = code >> 1;
		stop_say(stop, VM_STOP_EXIT, "isa-debug-exit", "");
		snprintf(stop->text, sizeof(stop->text), "the guest ended itself with status %d", stop->status);
	}
}

static void decode_stop(struct qemu_process *p, unsigned timeout_ms, struct vm_stop *stop)
{
	char state[32] = "";

	if (qemu_process_left(p)) {
		stop_carrier(p, stop, p->qmp.shutdown, "did not end with its guest");
	} else if (p->qmp.shutdown[0]) {
		stop_say(stop, VM_STOP_SHUTDOWN, p->qmp.shutdown, "triple fault");
	} else if (p->halted) {
		stop_say(stop, VM_STOP_HALT, "HLT", "the guest halted, and nothing can wake it");
	} else {
		qemu_process_state(p, timeout_ms, state);
		stop_carrier(p, stop, state[0] ? state : "STOP", "stopped its guest");
	}
}

void qemu_process_explain(struct qemu_process *p, unsigned timeout_ms, struct vm_stop *stop)
{
	char native[sizeof(stop->native)];

	if (!p->ended) {
		decode_stop(p, timeout_ms, stop);
		if (qemu_process_registers(p, timeout_ms))
			vm_stop_regs(stop, &p->regs);
		return;
	}
	snprintf(native, sizeof(native), WIFSIGNALED(p->status) ? "signal %d" : "exit status %d",
		 WIFSIGNALED(p->status) ? WTERMSIG(p->status) : WEXITSTATUS(p->status));
	stop_carrier(p, stop, native, WIFSIGNALED(p->status) ? "was killed" : "ended before its guest was done");
}

static void decode(struct qemu_carrier *c, const struct launch *l, struct vm_stop *stop)
{
	struct qemu_process *p = &c->process;

	if (stop->kind == VM_STOP_INTERRUPTED)
		return;
	if (stop->kind == VM_STOP_EXIT && !p->ended)
		qemu_process_settle(p, ANSWER_MS);
	if (stop->kind == VM_STOP_EXIT && p->ended) {
		decode_exit(p, l, c->mem, stop);
		return;
	}
	if (stop->kind == VM_STOP_EXIT)
		decode_stop(p, ANSWER_MS, stop);
	if (qemu_process_registers(p, ANSWER_MS))
		vm_stop_regs(stop, &p->regs);
}

/* ---- */

int qemu_launch(struct qemu_run *r, const struct launch *l, const struct sink *s, struct vm_stop *stop, struct err *e)
{
	struct qemu_carrier c = { .mem_fd = -1, .image_fd = -1, .process = { .qmp.fd = -1 } };
	struct carrier watch = { .launch = l, .sink = s, .ctx = &c.process, .poll = qemu_process_poll };
	int rc;

	memset(stop, 0, sizeof(*stop));
	c.process.child = (struct child){ .out = -1, .err = -1 };
	rc = carrier_load(&c, r, l, e);
	if (rc == 0)
		rc = carrier_start(&c, r, l, s, e);
	if (rc == 0) {
		c.process.watch_halt = !l->rows;	/* a question disturbs a measurement */
		watch.mem = c.mem;
		watch.mem_bytes = c.mem_bytes;
		rc = carrier_watch(&watch, stop, e);
	}
	if (rc == -EINTR && interrupt_pending()) {
		stop_say(stop, VM_STOP_INTERRUPTED, "signal", "interrupted by the user");
		stop->row = l->row_count;
		rc = 0;
	}
	if (rc == 0) {
		decode(&c, l, stop);
		host_backing(c.mem, c.mem_bytes, r->memory, sizeof(r->memory));
	}
	carrier_end(&c);
	return rc;
}
