/* SPDX-License-Identifier: GPL-2.0-or-later */
/* native_child.c - the process that engine `native` measures in, or the program that stands in for it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#include "minivmm/engine.h"
#include "minivmm/native_private.h"

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

_Noreturn void native_child_run(unsigned char *mem, uint64_t mem_bytes)
{
	child_ctrl = (struct guest_ctrl *)(mem + GUEST_CTRL_PHYS);
	child_handlers();
	runner_main_hosted(mem, mem_bytes);
	_exit(CHILD_DONE);
}

/* In the program that stands in for the runner: what it inherits beside the memory is nothing of its own. */
_Noreturn void native_runner_main(void)
{
	struct stat st;
	void *mem;

	if (fstat(NATIVE_MEMORY_FD, &st) < 0 || st.st_size < (off_t)(GUEST_CTRL_PHYS + sizeof(struct guest_ctrl)))
		_exit(CHILD_NO_MEMORY);
	mem = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, NATIVE_MEMORY_FD, 0);
	if (mem == MAP_FAILED)
		_exit(CHILD_NO_MEMORY);
	(void)madvise(mem, (size_t)st.st_size, MADV_NOHUGEPAGE);
	native_child_run(mem, (uint64_t)st.st_size);
}
