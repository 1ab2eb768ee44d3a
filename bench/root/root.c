/* SPDX-License-Identifier: GPL-2.0-or-later */
/* root.c - runner_main(): the runner of bench/guest/ with nothing between it and the processor, or on the monitor. */
#include "bench/root/root.h"

static struct root *active; /* for what is called without a context: doorbells and faults */

static bool row_open(struct row_run *run)
{
	if (run->body.flags & OPF_CHAIN) {
		runner_log(run->runner, run->index, "the boot image prepares no pointer chains");
		return false;
	}
	return machine_row_open(run);
}

static void row_call(struct row_run *run, void (*fn)(struct row_run *run))
{
	if (run->body.level == BODY_U)
		user_call((void (*)(void *))fn, run, user_stack_top);
	else
		fn(run);
}

static void doorbell(uint32_t what)
{
	const struct ring0_platform *p = active->platform;

	p->doorbell(p->ctx, what, p->ctrl->row_current, NULL);
}

void kernel_fault(const struct exception_frame *f)
{
	const struct ring0_platform *p = active->platform;

	fault_fill(&p->ctrl->fault, f, p->ctrl->row_current);
	p->ctrl->state = GUEST_FAULTED;
	p->doorbell(p->ctx, DOORBELL_FAULT, p->ctrl->row_current, NULL);
	for (;;)
		__asm__ volatile("hlt");
}

int runner_main(const struct ring0_platform *p)
{
	static const struct runner_host host = {
		.row_open = row_open,
		.row_close = machine_row_close,
		.row_call = row_call,
		.doorbell = doorbell,
		.arena = (const unsigned char *)(GUEST_VIRT_BASE + GUEST_ARENA_PHYS),
	};
	static struct root root;

	root = (struct root){
		.runner = { .ctrl = p->ctrl, .ring = p->ring, .host = &host },
		.platform = p,
	};
	active = &root;
	kernel_init(p->ram_bytes);
	runner_run(&root.runner);
	return 0;
}
