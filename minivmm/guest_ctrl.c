/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest_ctrl.c - the control page, as the host sees it. */
#include "minivmm/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int guest_ctrl_init(unsigned char *mem, uint64_t mem_bytes, const struct launch *l, uint64_t tsc_hz,
		    uint32_t fence, struct err *e)
{
	struct guest_ctrl *c = (struct guest_ctrl *)(mem + GUEST_CTRL_PHYS);

	if (mem_bytes < GUEST_ARENA_PHYS + GUEST_ARENA_BYTES)
		return err_set(e, EINVAL,
			       "a guest that runs rows needs at least %u MiB of memory, not %" PRIu64,
			       (GUEST_ARENA_PHYS + GUEST_ARENA_BYTES) >> 20, mem_bytes >> 20);
	if (l->row_count > GUEST_ROWS_MAX)
		return err_set(e, EINVAL, "%u rows in one launch, at most %u fit the control page",
			       l->row_count, GUEST_ROWS_MAX);

	memset(c, 0, sizeof(*c));
	c->magic = GUEST_CTRL_MAGIC;
	c->version = GUEST_ABI_VERSION;
	c->bytes = sizeof(*c);
	c->mem_bytes = mem_bytes;
	c->tsc_hz = tsc_hz;
	c->row_count = l->row_count;
	c->row_current = l->row_count;
	c->fence = fence;
	c->seed = l->seed;
	memcpy(c->rows, l->rows, l->row_count * sizeof(*l->rows));
	return 0;
}

void guest_fault_decode(const struct guest_fault *f, struct vm_stop *stop)
{
	static const char *const vectors[32] = {
		"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", NULL,  "#TS",
		"#NP", "#SS", "#GP", "#PF", NULL,  "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
	};
	const char *name = f->vector < 32 && vectors[f->vector] ? vectors[f->vector] : "exception";
	char what[sizeof(f->what)];
	size_t n = 0;

	for (; n < sizeof(what) - 1 && f->what[n]; n++)
		what[n] = f->what[n] >= ' ' && f->what[n] <= '~' ? f->what[n] : '?';
	what[n] = 0;
	stop->kind = VM_STOP_FAULT;
	if (n && strcmp(what, "exception")) {	/* more than an exception: the monitor's word for it */
		snprintf(stop->native, sizeof(stop->native), "%.63s", what);
		snprintf(stop->text, sizeof(stop->text), "%s, RIP 0x%" PRIx64, what, f->rip);
	} else {
		snprintf(stop->native, sizeof(stop->native), "%s (vector %u, error 0x%x)", name, f->vector,
			 f->error);
		snprintf(stop->text, sizeof(stop->text),
			 "the guest faulted where it should not: %s at 0x%" PRIx64 ", CPL %u, CR2 0x%" PRIx64,
			 name, f->rip, f->cpl, f->cr2);
	}
	stop->row = f->row;
	stop->regs = (struct vm_regs){
		.valid = true,
		.rip = f->rip,
		.rflags = f->rflags,
		.cr0 = f->cr0,
		.cr2 = f->cr2,
		.cr3 = f->cr3,
		.cr4 = f->cr4,
	};
	memcpy(stop->regs.gpr, f->gpr, sizeof(f->gpr));
}

void guest_fault_stop(const unsigned char *mem, struct vm_stop *stop)
{
	struct guest_fault f;

	memcpy(&f, mem + GUEST_CTRL_PHYS + offsetof(struct guest_ctrl, fault), sizeof(f));
	guest_fault_decode(&f, stop);
}
