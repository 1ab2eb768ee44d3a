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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "minivmm/carrier.h"
#include "minivmm/host.h"
#include "minivmm/image/image.h"

#define CHILD_DONE		  0
#define CHILD_FAULTED		  1
#define CPUID_1_ECX_HYPERVISOR	  (1u << 31)
#define CPUID_80000001_EDX_RDTSCP (1u << 27)

struct engine {
	struct engine_info info;
	uint64_t tsc_hz;
	struct image_engine *image; /* NULL: a process */
};

struct process {
	pid_t pid;
	int status; /* of waitpid */
	bool reaped;
};

/* ---- in the child ---- */

/* Where the handler finds the control page. Set in the child only, which does nothing but this one launch. */
static struct guest_ctrl *child_ctrl;

static const int fault_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };

/* The exception that made the kernel send the signal, as a guest would report it. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	static const int gpr[16] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8,	 REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};
	const greg_t *g = ((const ucontext_t *)context)->uc_mcontext.gregs;
	struct guest_fault *f = &child_ctrl->fault;

	(void)sig;
	(void)info;
	*f = (struct guest_fault){
		.vector = (uint32_t)g[REG_TRAPNO],
		.error = (uint32_t)g[REG_ERR],
		.rip = (uint64_t)g[REG_RIP],
		.rflags = (uint64_t)g[REG_EFL],
		.cr2 = (uint64_t)g[REG_CR2],
		.row = child_ctrl->row_current,
		.cpl = 3,
	};
	for (unsigned i = 0; i < 16; i++)
		f->gpr[i] = (uint64_t)g[gpr[i]];
	child_ctrl->state = GUEST_FAULTED;
	_exit(CHILD_FAULTED);
}

static void child_handlers(void)
{
	static unsigned char stack[65536];
	const stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&alt, NULL);
	for (size_t i = 0; i < sizeof(fault_signals) / sizeof(fault_signals[0]); i++)
		sigaction(fault_signals[i], &sa, NULL);
	/* The user's Ctrl-C reaches the whole group: the parent decides what it means. */
	signal(SIGINT, SIG_IGN);
}

static _Noreturn void child_main(pid_t parent, unsigned char *mem, uint64_t mem_bytes)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CHILD_DONE);
	child_ctrl = (struct guest_ctrl *)(mem + GUEST_CTRL_PHYS);
	child_handlers();
	runner_main_hosted(mem, mem_bytes);
	_exit(CHILD_DONE);
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
	} else {
		stop->kind = VM_STOP_CARRIER;
		snprintf(stop->native, sizeof(stop->native), "exit status %d",
			 WEXITSTATUS(p->status));
		snprintf(stop->text, sizeof(stop->text),
			 "the process ended before its rows were done");
	}
}

static int run_child(const struct launch *l, const struct sink *s, unsigned char *mem,
		     uint64_t mem_bytes, struct vm_stop *stop, struct err *e)
{
	struct process child = { 0 };
	const struct carrier carrier = {
		.launch = l,
		.sink = s,
		.mem = mem,
		.mem_bytes = mem_bytes,
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
		child_main(parent, mem, mem_bytes);
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
		decode_end(&child, mem, stop);
	return r;
}

static int native_launch(struct engine *en, const struct launch *l, const struct sink *s,
			 struct vm_stop *stop, struct err *e)
{
	uint64_t bytes = l->mem_bytes ? l->mem_bytes : GUEST_MEM_BYTES;
	unsigned char *mem;
	int r;

	if (en->image)
		return image_engine_launch(en->image, l, s, stop, e);
	memset(stop, 0, sizeof(*stop));
	if (l->image || !l->rows)
		return err_set(e, EINVAL,
			       "engine native runs the rows of the built-in runner, no image");
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (mem == MAP_FAILED)
		return err_set(e, errno, "no %llu MiB of memory: %s",
			       (unsigned long long)bytes >> 20, strerror(errno));
	/* What it fails on is a kernel without such pages, which cannot give any either. */
	(void)madvise(mem, bytes, MADV_NOHUGEPAGE);
	r = guest_ctrl_init(mem, bytes, l, en->tsc_hz, en->info.fence, e);
	if (r == 0) {
		if (l->prepare)
			l->prepare(l->prepare_ctx, mem, bytes);
		r = run_child(l, s, mem, bytes, stop, e);
	}
	munmap(mem, bytes);
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
