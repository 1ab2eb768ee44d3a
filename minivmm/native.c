/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * native.c - engine `native`: the runner in a process of its own, nothing in between. A launch is a fresh child that
 * shares what would be guest memory; it dies with its parent. Where --via names a machine to boot the runner is in ring
 * 0 of it, and image_engine.c does the work.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "minivmm/engine.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "minivmm/carrier.h"
#include "minivmm/host.h"
#include "minivmm/image/image.h"
#include "minivmm/native_private.h"

#define CPUID_1_ECX_HYPERVISOR	  (1u << 31)
#define CPUID_80000001_EDX_RDTSCP (1u << 27)

struct engine {
	struct engine_info info;
	uint64_t tsc_hz;
	struct image_engine *image; /* NULL: a process */
};

/* What would be guest memory, and the program to execute. */
struct memory {
	int fd, program; /* -1: not needed */
	unsigned char *base;
	uint64_t bytes;
};

struct process {
	pid_t pid;
	int status; /* of waitpid */
	bool reaped;
};

/* ---- in the child ---- */

static _Noreturn void child_main(pid_t parent, const struct memory *m)
{
	static char name[] = "vtscope-runner";
	char *const argv[] = { name, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CHILD_DONE);
	if (m->program < 0)
		native_child_run(m->base, m->bytes);
	/* The program first: the memory's number may be its own. */
	if (dup2(m->fd, NATIVE_MEMORY_FD) == NATIVE_MEMORY_FD)
		fexecve(m->program, argv, environ);
	_exit(CHILD_NO_PROGRAM);
}

/* ---- in the parent ---- */

/* It is not reaped yet: until then /proc tells what disturbed its last row. */
static int process_poll(void *ctx, struct err *e)
{
	const struct process *c = ctx;
	siginfo_t ended = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)c->pid, &ended, WEXITED | WNOHANG | WNOWAIT) < 0 && errno != EINTR)
		return err_set(e, errno, "waitid: %s", strerror(errno));
	return ended.si_pid == c->pid;
}

static void process_end(struct process *c)
{
	if (c->reaped)
		return;
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
		;
	c->reaped = true;
}

/* How it ended, once it has. */
static void decode_end(const struct process *p, const unsigned char *mem, struct vm_stop *stop)
{
	const struct guest_ctrl *ctrl = (const struct guest_ctrl *)(mem + GUEST_CTRL_PHYS);
	uint32_t row = stop->row;

	if (WIFSIGNALED(p->status)) {
		stop->kind = VM_STOP_CARRIER;
		snprintf(stop->native, sizeof(stop->native), "signal %d", WTERMSIG(p->status));
		snprintf(stop->text, sizeof(stop->text), "the process was ended by a signal: %s",
			 strsignal(WTERMSIG(p->status)));
	} else if (WEXITSTATUS(p->status) == CHILD_FAULTED && ctrl->state == GUEST_FAULTED) {
		guest_fault_stop(mem, stop);
		stop->row = row;
	} else if (WEXITSTATUS(p->status) == CHILD_DONE && ctrl->state == GUEST_DONE) {
		stop->kind = VM_STOP_EXIT;
		snprintf(stop->native, sizeof(stop->native), "exit status 0");
		snprintf(stop->text, sizeof(stop->text), "the runner is done");
	} else if (WEXITSTATUS(p->status) == CHILD_NO_PROGRAM) {
		stop->kind = VM_STOP_CARRIER;
		snprintf(stop->native, sizeof(stop->native), "execve");
		snprintf(stop->text, sizeof(stop->text),
			 "the image is no program of this machine; engine native executes it as a process");
	} else {
		stop->kind = VM_STOP_CARRIER;
		snprintf(stop->native, sizeof(stop->native), "exit status %d",
			 WEXITSTATUS(p->status));
		snprintf(stop->text, sizeof(stop->text),
			 "the process ended before its rows were done");
	}
}

static int run_child(const struct launch *l, const struct sink *s, const struct memory *m,
		     struct vm_stop *stop, struct err *e)
{
	struct process child = { 0 };
	const struct carrier carrier = {
		.launch = l,
		.sink = s,
		.mem = m->base,
		.mem_bytes = m->bytes,
		.ctx = &child,
		.poll = process_poll,
	};
	pid_t parent = getpid();
	struct host_pin pin;
	int r = host_pin(&pin, l->cpu, e);

	if (r < 0)
		return r;
	child.pid = fork();
	if (child.pid == 0)
		child_main(parent, m);
	r = child.pid < 0 ? err_set(e, errno, "fork: %s", strerror(errno)) : 0;
	/* Only the child stays there: this thread would disturb it. */
	host_unpin(&pin);
	if (r < 0)
		return r;
	if (s->carrier)
		s->carrier(s->ctx, child.pid);
	r = carrier_watch(&carrier, stop, e);
	process_end(&child);
	if (r == 0 && stop->kind == VM_STOP_EXIT)
		decode_end(&child, m->base, stop);
	return r;
}

/* A file of memory, with (bytes) of (content) where that is not NULL. */
static int memory_file(const char *name, const void *content, size_t bytes, int *fd, struct err *e)
{
	const unsigned char *p = content;
	ssize_t n;

	/* Numbers below are handed to the program, or are somebody's. */
	int low = memfd_create(name, MFD_CLOEXEC);

	*fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 10);
	if (low >= 0)
		close(low);
	if (*fd < 0)
		return err_set(e, errno, "no memory file: %s", strerror(errno));
	if (!content)
		return ftruncate(*fd, (off_t)bytes) < 0 ? err_set(e, errno, "no memory file: %s", strerror(errno)) : 0;
	while (bytes) {
		n = write(*fd, p, bytes);
		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "the runner program: %s", strerror(errno));
		if (n > 0) {
			p += n;
			bytes -= (size_t)n;
		}
	}
	return 0;
}

static int memory_make(struct memory *m, const struct launch *l, struct err *e)
{
	int r = 0, flags = MAP_SHARED | MAP_NORESERVE;

	if (l->image) {
		r = memory_file("vtscope-memory", NULL, m->bytes, &m->fd, e);
		if (r == 0)
			r = memory_file("vtscope-runner", l->image, l->image_bytes, &m->program, e);
		if (r < 0)
			return r;
	} else {
		flags |= MAP_ANONYMOUS;
	}
	m->base = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, flags, m->fd, 0);
	if (m->base == MAP_FAILED) {
		m->base = NULL;
		return err_set(e, errno, "no %llu MiB of memory: %s", (unsigned long long)m->bytes >> 20, strerror(errno));
	}
	/* What it fails on is a kernel without such pages, which cannot give any either. */
	(void)madvise(m->base, m->bytes, MADV_NOHUGEPAGE);
	return 0;
}

static void memory_free(struct memory *m)
{
	if (m->base)
		munmap(m->base, m->bytes);
	if (m->fd >= 0)
		close(m->fd);
	if (m->program >= 0)
		close(m->program);
}

static int native_launch(struct engine *en, const struct launch *l, const struct sink *s,
			 struct vm_stop *stop, struct err *e)
{
	struct memory m = { .fd = -1, .program = -1, .bytes = l->mem_bytes ? l->mem_bytes : GUEST_MEM_BYTES };
	int r;

	if (en->image)
		return image_engine_launch(en->image, l, s, stop, e);
	memset(stop, 0, sizeof(*stop));
	if (!l->rows)
		return err_set(e, EINVAL, "engine native runs rows in a process, no guest on its own");
	r = memory_make(&m, l, e);
	if (r == 0)
		r = guest_ctrl_init(m.base, m.bytes, l, en->tsc_hz, en->info.fence, e);
	if (r == 0) {
		if (l->prepare)
			l->prepare(l->prepare_ctx, m.base, m.bytes);
		r = run_child(l, s, &m, stop, e);
	}
	memory_free(&m);
	return r;
}

static enum provenance native_provenance(const struct snapshot *s)
{
	const struct snap_record *r = s ? snapshot_cpuid(s, -1, 1, 0) : NULL;

	if (host_is_emulated(s))
		return PROVENANCE_EMULATED;
	return r && !r->err && r->regs[2] & CPUID_1_ECX_HYPERVISOR ? PROVENANCE_NESTED :
								     PROVENANCE_HARDWARE;
}

static bool has_rdtscp(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && d & CPUID_80000001_EDX_RDTSCP;
}

static int native_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	struct engine *en = calloc(1, sizeof(*en));
	struct via via;
	int rc = en ? via_parse(c->via, &via, e) : err_set(e, ENOMEM, "out of memory");

	if (rc == 0 && (via.kind == VIA_BOCHS || via.kind == VIA_QEMU))
		rc = image_engine_open(&en->image, c, &via, RING0_NATIVE, e);
	if (rc < 0) {
		free(en);
		return rc;
	}
	en->tsc_hz = c->tsc_hz;
	en->info = (struct engine_info){
		.backend = "process",
		.provenance = native_provenance(c->snapshot),
		.via = "process",
		.clock = "tsc",
		.memory = "4k",
		.cpu_model = "host",
		.fence = has_rdtscp() ? GUEST_FENCE_RDTSCP : GUEST_FENCE_LFENCE,
	};
	*out = en;
	return 0;
}

static const struct engine_info *native_info(const struct engine *en)
{
	return en->image ? image_engine_info(en->image) : &en->info;
}

static void native_close(struct engine *en)
{
	image_engine_close(en->image);
	free(en);
}

const struct engine_ops engine_native = {
	.name = "native",
	.summary = "the unprivileged operations in a process, nothing in between",
	.needs = engine_needs_nothing,
	.carriers = ENGINE_VIA_PROCESS | ENGINE_VIA_IMAGE,
	.open = native_open,
	.info = native_info,
	.launch = native_launch,
	.close = native_close,
};
