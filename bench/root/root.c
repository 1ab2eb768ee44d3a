/* SPDX-License-Identifier: GPL-2.0-or-later */
/* root.c - runner_main(): the runner of bench/guest/ with nothing between it and the processor, or on the monitor. */
#include "bench/root/root.h"
#include "minivmm/monitor/text.h"
#include "minivmm/monitor/vmx.h"

#define UNSUPPORTED_IN_IMAGE "the boot image prepares no pointer chains"

#define UNFIT "this engine does not have what the operation wants"

/* How long a row may stay in its guest, in budgets and TSC ticks: what keeps to its own limits is done long before. */
#define STAY_BUDGETS (GUEST_OVERTIME_BUDGETS + GUEST_TOUCH_BUDGETS)
#define STAY_SLACK   (1u << 24)

static struct root *active; /* for what is called without a context: doorbells and faults */

/* ---- what the monitor asks for ---- */

static bool protect(void (*fn)(void *), void *arg, uint32_t *vector, uint32_t *error)
{
	struct exception_frame f = { .vector = 0 };
	bool done = kernel_protect(fn, arg, &f);

	*vector = (uint32_t)f.vector;
	*error = (uint32_t)f.error;
	return done;
}

static void vector(unsigned n, void (*stub)(void))
{
	if (stub)
		vector_set(n, (const void *)(uintptr_t)stub);
	else
		vector_reset(n);
}

/* ---- rows ---- */

bool root_missing(struct row_run *run, const char *text)
{
	char line[200];
	unsigned n = 0;

	for (const char *s = text; *s && n < sizeof(line) - 1;)
		line[n++] = *s++;
	line[n] = 0;
	runner_log(run->runner, run->index, line);
	return false;
}

/* RDTSCP is #UD in a guest of VMX without its control, whatever CPUID says. */
void root_guest_bracket(struct row_run *run)
{
	if (root_of(run)->monitor.vendor != &vcpu_vendor_vmx || vmx_can(VMX_CTL_secondary_enable_rdtscp) ||
	    run->bracket != bracket_rdtscp)
		return;
	run->bracket = bracket_lfence;
	run->result.flags |= GUEST_END_LFENCE;
}

static bool guest_row_open(struct row_run *run)
{
	struct root *r = root_of(run);
	struct monitor_why why = { "", "" };

	if (run->body.flags & OPF_CHAIN)
		return root_missing(run, UNSUPPORTED_IN_IMAGE);
	if (run->body.level == BODY_M && !r->monitor.on)
		return root_missing(run, "only a guest of the monitor has this exit");
	if (run->body.level == BODY_M)
		exits_row_body(run);
	if (r->monitor.on)
		root_guest_bracket(run);
	if (!machine_row_open(run))
		return false;
	if (!r->monitor.on || exits_row_setup(run, &r->vcpu, &why))
		return true;
	machine_row_close(run);
	return root_missing(run, why.text);
}

/* A hook of the row at work, and what it said. */
struct hook {
	struct row_run *run;
	bool opened;
};

static void open_hook(void *arg)
{
	struct hook *h = arg;
	struct row_run *run = h->run;
	const struct root_op *op = root_op_of(run->row->op);

	if (!op) {
		h->opened = guest_row_open(run);
		return;
	}
	run->body.start = op->start;
	run->body.end = op->end;
	h->opened = op->open(run);
}

static void close_hook(void *arg)
{
	struct hook *h = arg;
	struct row_run *run = h->run;
	const struct root_op *op = root_op_of(run->row->op);
	struct root *r = root_of(run);

	if (op) {
		if (op->close)
			op->close(run);
		return;
	}
	if (r->monitor.on)
		exits_row_close(run, &r->vcpu);
	machine_row_close(run);
}

static void say_hook_fault(struct row_run *run, const char *what, const struct exception_frame *f)
{
	char line[160];
	struct text t = TEXT_OF(line);

	text_put(&t, what);
	text_put(&t, " does not work here: exception ");
	text_decimal(&t, f->vector);
	text_put(&t, ", error ");
	text_hex(&t, f->error);
	text_put(&t, ", at ");
	text_hex(&t, f->rip);
	root_missing(run, line);
}

static void row_close(struct row_run *run)
{
	struct exception_frame f;
	struct hook h = { run, false };

	if (!kernel_protect(close_hook, &h, &f))
		say_hook_fault(run, "putting the processor back", &f);
}

/* Hooks touch registers that a processor, or what is below it, may not have. */
static bool row_open_once(struct row_run *run)
{
	struct exception_frame f;
	struct hook h = { run, false };

	if (kernel_protect(open_hook, &h, &f))
		return h.opened;
	say_hook_fault(run, "making the processor ready", &f);
	row_close(run);
	return false;
}

struct call {
	struct row_run *run;
	void (*fn)(struct row_run *run);
};

/* In the guest, or where rows run without one. */
static void call_at_level(void *arg)
{
	struct call *c = arg;

	if (c->run->body.level == BODY_U)
		user_call((void (*)(void *))c->fn, c->run, user_stack_top);
	else
		c->fn(c->run);
}

/*
 * In the guest. An exception that an emulator does not let exit comes to the handlers that guest and host share: without
 * this they would go on where the host waits for its own, in the guest.
 */
static void call_in_guest(void *arg)
{
	struct call *c = arg;
	struct exception_frame f;

	if (kernel_protect(call_at_level, c, &f))
		return;
	c->run->faulted = true;
	fault_fill(&c->run->fault, &f, c->run->index);
}

/* In the host. */
static void call_row(void *arg)
{
	struct call *c = arg;
	struct root *r = root_of(c->run);

	if (!r->monitor.on || c->run->body.level == BODY_R) {
		call_at_level(c);
		return;
	}
	r->vcpu.watchdog_ticks = c->run->row->budget * STAY_BUDGETS + STAY_SLACK;
	r->guest_faulted = false;
	if (vcpu_call(&r->vcpu, call_in_guest, c) == VCPU_DONE)
		return;
	kernel_guest_gone();
	c->run->faulted = true;
	c->run->fault = r->guest_faulted ? r->guest_fault : r->vcpu.fault;
	if (c->run->fault.vector == VECTOR_MC)
		machine_check_end();
}

static void row_call(struct row_run *run, void (*fn)(struct row_run *run))
{
	struct call c = { run, fn };
	struct exception_frame f;

	if (kernel_protect(call_row, &c, &f))
		return;
	run->faulted = true;
	fault_fill(&run->fault, &f, run->index);
}

/* ---- a trial before the row ---- */

static void try_once(struct row_run *run)
{
	row_shoot(run, 1);
}

/*
 * A row that is to exit is tried once: a processor, or what plays one, that does not make the exit has no row of it,
 * and what happened instead is the reason.
 */
static bool row_tried(struct row_run *run)
{
	struct root *r = root_of(run);
	char line[160];
	struct text t = TEXT_OF(line);
	uint64_t exits;

	monitor_count(&r->monitor);
	row_call(run, try_once);
	exits = monitor_count(&r->monitor).exits;
	if (!run->faulted && exits)
		return true;
	text_put(&t, "tried once, it does not exit as the manual says: ");
	text_put(&t, !run->faulted ? "no exit came" : run->fault.what[0] ? run->fault.what : "exception ");
	if (run->faulted && !run->fault.what[0])
		text_decimal(&t, run->fault.vector);
	return root_missing(run, line);
}

static bool row_open(struct row_run *run)
{
	const struct row_run fresh = *run;
	bool tried;

	if (!runner_op_fits(run->row->op, root_of(run)->platform->engine))
		return root_missing(run, UNFIT);
	if (!row_open_once(run))
		return false;
	if (!root_of(run)->monitor.on || !exits_row_exits(run))
		return true;
	tried = row_tried(run);
	row_close(run);
	*run = fresh;
	return tried && row_open_once(run);
}

/* ---- split ---- */

static bool row_stamps(struct row_run *run, bool on)
{
	struct root *r = root_of(run);

	if (!r->monitor.on || run->body.level == BODY_R || !exits_row_splits(run))
		return false;
	vcpu_guest_stamps(on);
	return true;
}

/* Stamps that are not this shot's, or out of order, split nothing. */
static bool row_split(struct row_run *run, struct guest_split *split)
{
	const uint64_t t[] = { run->regs.start, vcpu_stamps[0], vcpu_stamps[1], run->regs.stop };

	*split = (struct guest_split){ .exit = t[1] - t[0], .handler = t[2] - t[1], .entry = t[3] - t[2] };
	return t[0] <= t[1] && t[1] <= t[2] && t[2] <= t[3];
}

/* ---- the platform ---- */

static void doorbell(uint32_t what)
{
	const struct ring0_platform *p = active->platform;

	if (active->monitor.on)
		active->counted = monitor_count(&active->monitor);
	p->doorbell(p->ctx, what, p->ctrl->row_current, active->monitor.on ? &active->counted : NULL);
}

void kernel_fault(const struct exception_frame *f)
{
	const struct ring0_platform *p = active->platform;

	if (kernel_in_guest) {
		fault_fill(&active->guest_fault, f, p->ctrl->row_current);
		active->guest_faulted = true;
		vcpu_guest_give_up();
	}
	fault_fill(&p->ctrl->fault, f, p->ctrl->row_current);
	p->ctrl->state = GUEST_FAULTED;
	p->doorbell(p->ctx, DOORBELL_FAULT, p->ctrl->row_current, NULL);
	for (;;)
		__asm__ volatile("hlt");
}

/* ---- what rows of SYSCALL, CR8 and the nested tables change ---- */

#define MSR_EFER	0xc0000080u
#define MSR_STAR	0xc0000081u	/* LSTAR is behind it */
#define MSR_FMASK	0xc0000084u
#define EFER_NXE	(1ull << 11)
#define CPUID_NX	(1u << 20)	/* 80000001h EDX */

struct kept {
	uint64_t efer, star, lstar, fmask, cr8;
};

static void keep(struct kept *k)
{
	uint32_t a = 0x80000001, b, c, d;

	*k = (struct kept){ msr_read(MSR_EFER), msr_read(MSR_STAR), msr_read(MSR_STAR + 1), msr_read(MSR_FMASK), 0 };
	__asm__ volatile("mov %%cr8, %0" : "=r"(k->cr8));
	/* Every processor in long mode has this leaf. */
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	if (d & CPUID_NX)
		msr_write(MSR_EFER, k->efer | EFER_NXE);
}

static void put_back(const struct kept *k)
{
	msr_write(MSR_EFER, k->efer);
	msr_write(MSR_STAR, k->star);
	msr_write(MSR_STAR + 1, k->lstar);
	msr_write(MSR_FMASK, k->fmask);
	__asm__ volatile("mov %0, %%cr8" : : "r"(k->cr8) : "memory");
}

/* A row that keeps to its budget must not look to the watchdog like one that does not. */
static void limit_budgets(struct guest_ctrl *c, const struct monitor *m, const struct ring0_platform *p)
{
	const uint64_t max = (monitor_watchdog_max(m) - STAY_SLACK) / STAY_BUDGETS;
	char line[80];
	struct text t = TEXT_OF(line);
	bool limited = false;

	for (uint32_t i = 0; i < c->row_count && i < GUEST_ROWS_MAX; i++) {
		limited |= c->rows[i].budget > max;
		if (c->rows[i].budget > max)
			c->rows[i].budget = max;
	}
	if (!limited)
		return;
	text_put(&t, "budget of a row, for the watchdog counts no further: ");
	text_decimal(&t, max);
	p->fact(p->ctx, "uses", line);
}

int runner_main(const struct ring0_platform *p)
{
	static const struct runner_host host = {
		.row_open = row_open,
		.row_close = row_close,
		.row_call = row_call,
		.doorbell = doorbell,
		.stamps = row_stamps,
		.split = row_split,
		.arena = (const unsigned char *)(GUEST_VIRT_BASE + GUEST_ARENA_PHYS),
	};
	static struct root root;
	static struct monitor_host below;
	struct monitor_why why = { "", "" };
	struct kept kept;

	root = (struct root){
		.runner = { .ctrl = p->ctrl, .ring = p->ring, .host = &host },
		.platform = p,
	};
	below = (struct monitor_host){
		.ctx = p->ctx,
		.phys = kernel_phys,
		.map_mmio = kernel_map_mmio,
		.protect = protect,
		.vector = vector,
		.step = p->step,
		.fact = p->fact,
		.in_guest = &kernel_in_guest,
		.cr4 = p->cr4,
		.ram_bytes = p->ram_bytes,
	};
	active = &root;
	kernel_init(p->ram_bytes, false);
	keep(&kept);
	if (p->engine != RING0_NATIVE &&
	    monitor_open(&root.monitor, p->engine == RING0_VMX ? &vcpu_vendor_vmx : &vcpu_vendor_svm, &below,
			 &why) < 0) {
		put_back(&kept);
		p->refuse(p->ctx, why.status, why.text);
		return -1;
	}
	if (root.monitor.on)
		limit_budgets(p->ctrl, &root.monitor, p);
	vcpu_init(&root.vcpu, &root.monitor);
	runner_run(&root.runner);
	monitor_close(&root.monitor);
	put_back(&kept);
	return 0;
}
