/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svm_vmrun.c - rows of VMRUN and #VMEXIT, and of what a guest does without an exit. */
#include "bench/root/svm_rows.h"

#define CR0_NW	    (1ull << 29)
#define CR0_CD	    (1ull << 30)
#define CR4_PAE	    (1ull << 5)
#define CACHE_LINE  64
#define NEEDS_NOTHING 32

/* ---- round trips ---- */

struct variant {
	uint16_t op;
	bool clean, two, no_np;
	uint8_t tlb;
	uint8_t needs; /* SVM_CPUID_* */
	const char *text;
};

static const struct variant variants[] = {
	{ .op = OP_SVM_VMRUN, .needs = NEEDS_NOTHING },
	{ .op = OP_SVM_VMRUN_CLEAN, .clean = true, .needs = SVM_CPUID_vmcbclean, .text = "VMCB clean bits" },
	{ .op = OP_SVM_VMRUN_ALTERNATE, .two = true, .needs = NEEDS_NOTHING },
	{ .op = OP_SVM_VMRUN_ALTERNATE_CLEAN, .clean = true, .two = true, .needs = SVM_CPUID_vmcbclean,
	  .text = "VMCB clean bits" },
	{ .op = OP_SVM_VMRUN_FLUSH_ALL, .tlb = VMCB_TLB_FLUSH_ALL, .needs = NEEDS_NOTHING },
	{ .op = OP_SVM_VMRUN_FLUSH_GUEST, .tlb = VMCB_TLB_FLUSH_GUEST, .needs = SVM_CPUID_flushbyasid,
	  .text = "flush by ASID" },
	{ .op = OP_SVM_VMRUN_FLUSH_NON_GLOBAL, .tlb = VMCB_TLB_FLUSH_GUEST_NON_GLOBAL,
	  .needs = SVM_CPUID_flushbyasid, .text = "flush by ASID" },
	{ .op = OP_SVM_VMRUN_NO_NP, .no_np = true, .needs = SVM_CPUID_np,
	  .text = "nested paging (without it svm.vmrun is this row)" },
};

static const struct variant *variant_of(uint32_t op)
{
	for (unsigned i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (variants[i].op == op)
			return &variants[i];
	return NULL;
}

static uint64_t vmrun_shot(struct row_run *run, unsigned copies)
{
	uint64_t ticks = svm_row_bracket(run, copies);

	if (copies)
		svm_row_count(run, &row_vmcb[0], SVM_EXIT_VMMCALL, copies);
	return ticks;
}

/* A guest at (guest) that was entered once. */
static bool guest_ready(struct row_run *run, union vmcb *c, const char *guest, bool no_np)
{
	svm_vmcb_init(c, guest, svm_trip_stack_top);
	if (no_np)
		c->NP_CONTROL = 0;
	if (!svm_row_try(run, c, SVM_EXIT_VMMCALL))
		return false;
	c->TLB_CONTROL = VMCB_TLB_KEEP;
	return true;
}

static bool open_vmrun(struct row_run *run)
{
	const struct variant *v = variant_of(run->row->op);

	if (v->needs != NEEDS_NOTHING && !svm_row_needs(run, v->needs, v->text))
		return false;
	for (unsigned i = 0; i <= v->two; i++) {
		if (!guest_ready(run, &row_vmcb[i], svm_trip_guest_call, v->no_np))
			return false;
		row_vmcb[i].CLEAN_BITS = v->clean ? VMCB_CLEAN_ALL : 0;
		row_vmcb[i].TLB_CONTROL = v->tlb;
	}
	run->regs.rax = svm_phys(&row_vmcb[0]);
	run->regs.rdx = svm_phys(&row_vmcb[1]);
	run->shot = vmrun_shot;
	if (v->two) {
		run->body.start = svm_body_vmrun_alternate;
		run->body.end = svm_body_vmrun_alternate_end;
	}
	return true;
}

const struct root_op root_svm_vmrun = { SVM_CODE(vmrun), .open = open_vmrun, .close = svm_row_close };

/* ---- one VMRUN at a time ---- */

static bool open_one(struct row_run *run, const char *guest, void (*before)(struct row_run *), shot_fn *shot)
{
	if (!guest_ready(run, &row_vmcb[0], guest, false))
		return false;
	run->regs.rax = svm_phys(&row_vmcb[0]);
	run->before = before;
	run->shot = shot;
	run->one_copy = true;
	return true;
}

static void flush_vmcb(struct row_run *run)
{
	(void)run;
	for (unsigned i = 0; i < sizeof(row_vmcb[0]); i += CACHE_LINE)
		__asm__ volatile("clflush %0" : : "m"(row_vmcb[0].page[i]) : "memory");
	__asm__ volatile("mfence" : : : "memory");
}

static bool open_vmrun_cold(struct row_run *run)
{
	return open_one(run, svm_trip_guest_call, flush_vmcb, vmrun_shot);
}

/* The next ASID; when all were used a flush makes all of them new. These entries are not counted. */
static void take_asid(struct row_run *run)
{
	union vmcb *c = &row_vmcb[0];
	struct svm_trip t;

	(void)run;
	if (++c->GUEST_ASID < svm_asids())
		return;
	c->GUEST_ASID = 1;
	c->TLB_CONTROL = VMCB_TLB_FLUSH_ALL;
	svm_trip(&t, svm_phys(c));
	c->GUEST_ASID = svm_asids() > 2 ? 2 : 1;
	c->TLB_CONTROL = VMCB_TLB_KEEP;
}

static bool open_vmrun_new_asid(struct row_run *run)
{
	struct svm_trip t;

	if (svm_asids() < 3)
		return root_missing(run, "needs two ASIDs for guests, and this processor has one");
	if (!open_one(run, svm_trip_guest_call, take_asid, vmrun_shot))
		return false;
	row_vmcb[0].TLB_CONTROL = VMCB_TLB_FLUSH_ALL;
	svm_trip(&t, svm_phys(&row_vmcb[0]));
	row_vmcb[0].TLB_CONTROL = VMCB_TLB_KEEP;
	return true;
}

const struct root_op root_svm_vmrun_cold = { SVM_CODE(vmrun), .open = open_vmrun_cold, .close = svm_row_close };
const struct root_op root_svm_vmrun_new_asid = { SVM_CODE(vmrun), .open = open_vmrun_new_asid, .close = svm_row_close };

/* ---- halves ---- */

static void trip(struct row_run *run, struct svm_trip *t)
{
	row_vmcb[0].RIP = (uintptr_t)svm_trip_guest;
	svm_trip(t, svm_phys(&row_vmcb[0]));
	svm_row_count(run, &row_vmcb[0], SVM_EXIT_VMMCALL, 1);
}

static uint64_t to_guest_shot(struct row_run *run, unsigned copies)
{
	struct svm_trip t;

	if (!copies)
		return svm_trip_empty();
	trip(run, &t);
	return t.guest - t.before;
}

static uint64_t vmexit_shot(struct row_run *run, unsigned copies)
{
	struct svm_trip t;

	if (!copies)
		return svm_trip_round_empty();
	trip(run, &t);
	return t.after - t.guest;
}

/* The exit behind the guest's last stamp is the way out, and not counted. */
static uint64_t vmmcall_shot(struct row_run *run, unsigned copies)
{
	uint64_t ticks;

	if (!copies)
		return svm_trip_round_empty();
	row_vmcb[0].RIP = (uintptr_t)svm_trip_guest_round;
	ticks = svm_trip_round(svm_phys(&row_vmcb[0]), &row_vmcb[0]);
	svm_row_count(run, &row_vmcb[0], SVM_EXIT_VMMCALL, 1);
	return ticks;
}

static bool open_to_guest(struct row_run *run)
{
	return open_one(run, svm_trip_guest, NULL, to_guest_shot);
}

static bool open_vmexit(struct row_run *run)
{
	return open_one(run, svm_trip_guest, NULL, vmexit_shot);
}

static bool open_vmmcall(struct row_run *run)
{
	return open_one(run, svm_trip_guest_round, NULL, vmmcall_shot);
}

const struct root_op root_svm_to_guest = { .open = open_to_guest, .close = svm_row_close };
const struct root_op root_svm_vmexit = { .open = open_vmexit, .close = svm_row_close };
const struct root_op root_svm_vmmcall = { .open = open_vmmcall, .close = svm_row_close };

/* ---- refused ---- */

static uint64_t fail_shot(struct row_run *run, unsigned copies)
{
	uint64_t ticks = svm_row_bracket(run, copies);

	if (copies)
		svm_row_count(run, &row_vmcb[0], SVM_EXIT_INVALID, copies);
	return ticks;
}

/* Before each entry: behind a refused one emulators have the host's state there. */
static void make_bad(struct row_run *run)
{
	union vmcb *c = &row_vmcb[0];

	switch (run->row->op) {
	case OP_SVM_VMRUN_FAIL_CR0:
		c->CR0 = (c->CR0 | CR0_NW) & ~CR0_CD;
		break;
	case OP_SVM_VMRUN_FAIL_CR4:
		c->CR4 &= ~CR4_PAE;
		break;
	case OP_SVM_VMRUN_FAIL_EFER:
		c->EFER &= ~EFER_SVME;
		break;
	case OP_SVM_VMRUN_FAIL_ASID:
		c->GUEST_ASID = 0;
		break;
	case OP_SVM_VMRUN_FAIL_INTERCEPT:
		c->INTERCEPT_VECTOR_4 &= ~(1u << SVM_BIT_vmrun);
		break;
	}
}

static bool open_vmrun_fail(struct row_run *run)
{
	svm_vmcb_init(&row_vmcb[0], svm_trip_guest_call, svm_trip_stack_top);
	make_bad(run);
	if (!svm_row_try(run, &row_vmcb[0], SVM_EXIT_INVALID))
		return false;
	run->regs.rax = svm_phys(&row_vmcb[0]);
	run->before = make_bad;
	run->shot = fail_shot;
	run->one_copy = true;
	return true;
}

const struct root_op root_svm_vmrun_fail = { SVM_CODE(vmrun), .open = open_vmrun_fail, .close = svm_row_close };

/* ---- in a guest, without an exit ---- */

struct guest_shot {
	struct row_run *run;
	unsigned copies;
	uint64_t ticks;
};

static void in_guest(void *arg)
{
	struct guest_shot *s = arg;
	size_t size = (size_t)(s->run->body.end - s->run->body.start) / BODY_COPIES;

	s->ticks = s->run->bracket(s->run->body.end - s->copies * size, &s->run->regs);
}

static uint64_t guest_shot(struct row_run *run, unsigned copies)
{
	struct guest_shot s = { run, copies, 0 };

	if (vcpu_call(&root_of(run)->vcpu, in_guest, &s) != VCPU_DONE)
		__builtin_trap(); /* ends the row */
	return s.ticks;
}

/* The monitor's guest, with one bit more in its VMCB. */
static union vmcb *guest_setup(struct row_run *run)
{
	const struct vcpu_want want = { .to_guest = 0 };
	struct vcpu *v = &root_of(run)->vcpu;
	struct monitor_why why = { "", "" };

	if (!vcpu_setup(v, &want, &why)) {
		root_missing(run, why.text);
		return NULL;
	}
	v->on_exit = NULL;
	v->watchdog_ticks = 0;
	run->shot = guest_shot;
	return svm_vmcb(v);
}

static bool guest_try(struct row_run *run)
{
	struct guest_shot s = { run, 1, 0 };
	struct vcpu *v = &root_of(run)->vcpu;

	return vcpu_call(v, in_guest, &s) == VCPU_DONE || root_missing(run, v->fault.what);
}

static bool open_guest_gif(struct row_run *run)
{
	union vmcb *c;

	if (!svm_row_needs(run, SVM_CPUID_vgif, "a virtual GIF"))
		return false;
	c = guest_setup(run);
	if (!c)
		return false;
	c->V_INTR |= VMCB_VGIF_ENABLE | VMCB_VGIF;
	return guest_try(run);
}

static bool open_guest_state(struct row_run *run)
{
	union vmcb *c;

	if (!svm_row_needs(run, SVM_CPUID_vmsavevirt, "virtual VMLOAD and VMSAVE"))
		return false;
	c = guest_setup(run);
	if (!c)
		return false;
	c->VIRT_EXT |= VMCB_VIRTUAL_VMLOAD_VMSAVE_ENABLE;
	run->regs.rax = svm_phys(&row_vmcb[0]); /* guest-physical, which is the same */
	__asm__ volatile("vmsave %0" : : "a"(run->regs.rax) : "memory");
	return guest_try(run);
}

const struct root_op root_svm_guest_stgi = { SVM_CODE(stgi), .open = open_guest_gif };
const struct root_op root_svm_guest_clgi = { SVM_CODE(clgi), .open = open_guest_gif };
const struct root_op root_svm_guest_clgi_stgi = { SVM_CODE(clgi_stgi), .open = open_guest_gif };
const struct root_op root_svm_guest_vmload = { SVM_CODE(vmload), .open = open_guest_state };
const struct root_op root_svm_guest_vmsave = { SVM_CODE(vmsave), .open = open_guest_state };
