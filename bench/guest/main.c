/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the runner as a guest: its control page, its doorbells, its end. */
#include "bench/guest/kernel.h"
#include "bench/guest/machine.h"
#include "bench/guest/runner.h"

#define EXIT_FAULTED 1

static struct guest_ctrl *ctrl(void)
{
	return (struct guest_ctrl *)(GUEST_VIRT_BASE + GUEST_CTRL_PHYS);
}

static void port_write(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static void console_write(const char *s)
{
	for (; *s; s++)
		__asm__ volatile("outb %0, %1" : : "a"(*s), "Nd"((uint16_t)GUEST_PORT_CONSOLE));
}

void kernel_fault(const struct exception_frame *f)
{
	struct guest_ctrl *c = ctrl();

	fault_fill(&c->fault, f, c->row_current);
	c->state = GUEST_FAULTED;
	port_write(GUEST_PORT_DOORBELL, DOORBELL_FAULT);
	port_write(GUEST_PORT_EXIT, EXIT_FAULTED);
	for (;;)
		__asm__ volatile("hlt");
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
	port_write(GUEST_PORT_DOORBELL, what);
}

int guest_main(void);

int guest_main(void)
{
	static const struct runner_host host = {
		.row_open = machine_row_open,
		.row_close = machine_row_close,
		.row_call = row_call,
		.doorbell = doorbell,
		.arena = (const unsigned char *)(GUEST_VIRT_BASE + GUEST_ARENA_PHYS),
	};
	struct runner r = {
		.ctrl = ctrl(),
		.ring = (unsigned char *)(GUEST_VIRT_BASE + GUEST_RING_PHYS),
		.host = &host,
	};

	if (r.ctrl->magic != GUEST_CTRL_MAGIC || r.ctrl->version != GUEST_ABI_VERSION ||
	    r.ctrl->bytes != sizeof(*r.ctrl)) {
		console_write("vtscope runner: no rows to run\n");
		return 0;
	}
	kernel_init(r.ctrl->mem_bytes, true);
	runner_run(&r);
	return 0;
}
