/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svm.c - SVM's side of the seam: on and off, into the guest and what its exits mean. */
#include "minivmm/monitor/apic.h"
#include "minivmm/monitor/svm_private.h"

struct svm svm;

static unsigned char host_save[4096] __attribute__((aligned(4096)));

uint64_t svm_phys(const volatile void *p)
{
	return svm.host->phys(p);
}

/* ---- what is there ---- */

static void cpuid(uint32_t leaf, uint32_t regs[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
			 : "a"(leaf), "c"(0));
}

static void read_vm_cr(void *to)
{
	*(uint64_t *)to = msr_read(MSR_VM_CR);
}

static void facts_read(struct svm_facts *f, const struct monitor_host *host)
{
	uint32_t r[4], vector, error;

	*f = (struct svm_facts){ .max_leaf = 0 };
	cpuid(0, r);
	if (r[0] >= 7) {
		cpuid(7, r);
		f->ebx_7 = r[1];
	}
	cpuid(0x80000000, r);
	f->max_leaf = r[0] >> 16 == 0x8000 ? r[0] : 0;
	if (f->max_leaf < 0x80000001)
		return;
	cpuid(0x80000001, r);
	f->ecx_80000001 = r[2];
	if (f->max_leaf >= 0x80000008) {
		cpuid(0x80000008, r);
		f->ebx_80000008 = r[1];
	}
	if (f->max_leaf >= 0x8000000a) {
		cpuid(0x8000000a, r);
		f->eax_8000000a = r[0];
		f->ebx_8000000a = r[1];
		f->edx_8000000a = r[3];
	}
	if (f->max_leaf >= 0x8000001f) {
		cpuid(0x8000001f, r);
		f->eax_8000001f = r[0];
	}
	f->efer = msr_read(MSR_EFER);
	if (f->ecx_80000001 & 1u << 2)
		f->vm_cr_readable = host->protect(read_vm_cr, &f->vm_cr, &vector, &error);
}

bool svm_has(unsigned bit)
{
	return bit < 32 && svm.facts.edx_8000000a >> bit & 1;
}

uint32_t svm_asids(void)
{
	return svm.facts.ebx_8000000a;
}

bool svm_has_invlpgb(void)
{
	return svm.facts.ebx_80000008 >> 3 & 1;
}

static int check(struct monitor *m, struct monitor_why *why)
{
	char line[100];

	svm = (struct svm){ .host = m->host };
	facts_read(&svm.facts, m->host);
	for (unsigned n = 0; svm_fact_line(&svm.facts, n, line, sizeof(line)); n++)
		m->host->fact(m->host->ctx, n < SVM_REQUIRED_LINES ? "requires" : "offers", line);
	return svm_decide(&svm.facts, why);
}

/* ---- on and off ---- */

static void turn_on(void *arg)
{
	(void)arg;
	msr_write(MSR_EFER, svm.efer | EFER_SVME);
	svm.hsave = msr_read(MSR_VM_HSAVE_PA);
	__asm__ volatile("mov %%dr7, %0" : "=r"(svm.dr7));	/* each #VMEXIT turns breakpoints off */
	msr_write(MSR_VM_HSAVE_PA, svm_phys(host_save));
}

static void restore_efer(void *arg)
{
	(void)arg;
	msr_write(MSR_EFER, svm.efer);
}

static int on(struct monitor *m, struct monitor_why *why)
{
	uint32_t vector, error;

	if (apic_open(m->host, why) < 0)
		return -1;
	svm.efer = svm.facts.efer;
	if (!m->host->protect(turn_on, NULL, &vector, &error)) {
		m->host->protect(restore_efer, NULL, &vector, &error);
		apic_close();
		*why = (struct monitor_why){ "busy", "EFER.SVME or VM_HSAVE_PA faults: what is below this machine keeps "
						     "SVM to itself" };
		return -1;
	}
	svm_guest_phys = svm_phys(&svm_guest_vmcb);
	svm_npt_build();
	return 0;
}

/* Whatever a row left: an exception between CLGI and STGI comes through here with GIF 0. */
static void gif_set(void)
{
	__asm__ volatile("cli\n\tstgi" : : : "memory");
}

static void off(struct monitor *m)
{
	(void)m;
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
	gif_set();
	apic_close();
	msr_write(MSR_VM_HSAVE_PA, svm.hsave);
	msr_write(MSR_EFER, svm.efer);
	__asm__ volatile("mov %0, %%dr7" : : "r"(svm.dr7));
}

/* ---- the guest's life ---- */

static void start(struct vcpu *v, void (*fn)(void *), void *arg, uint64_t gpr[16])
{
	static unsigned char stack[16384] __attribute__((aligned(16)));

	gif_set();
	svm_guest_vmcb.RIP = (uint64_t)(uintptr_t)svm_guest_start;
	svm_guest_vmcb.RFLAGS = SVM_GUEST_RFLAGS;
	svm_guest_vmcb.RAX = 0;
	svm_guest_vmcb.RSP = (uint64_t)(uintptr_t)(stack + sizeof(stack));
	gpr[3] = (uint64_t)(uintptr_t)fn;
	gpr[7] = (uint64_t)(uintptr_t)arg;
	svm.starting = true;
	svm.changed = svm.flush = true;
	svm.late = false;
	svm_fast_exits = 0;
	apic_arm(vcpu_watchdog_ticks(v));
}

/* Into the guest and back to C once. */
static void enter(struct vcpu *v, uint64_t gpr[16], const void *loop)
{
	union vmcb *c = &svm_guest_vmcb;

	c->CLEAN_BITS = svm.changed ? 0 : VMCB_CLEAN_ALL;
	c->TLB_CONTROL = !svm.flush			   ? VMCB_TLB_KEEP :
			 svm_has(SVM_CPUID_flushbyasid) ? VMCB_TLB_FLUSH_GUEST :
							    VMCB_TLB_FLUSH_ALL;
	svm_enter(gpr, loop);
	gpr[0] = c->RAX;
	gpr[4] = c->RSP;
	svm.changed = svm.flush = false;

	v->monitor->counters.exits += svm_fast_exits;
	svm_fast_exits = 0;
	/* Early processors and emulators write 32 bits of VMEXIT_INVALID. */
	v->reason = (uint32_t)c->EXITCODE == (uint32_t)SVM_EXIT_INVALID ? SVM_EXIT_INVALID : c->EXITCODE;
	v->qualification[0] = c->EXITINFO1;
	v->qualification[1] = c->EXITINFO2;
}

static enum vcpu_exit_kind run(struct vcpu *v, uint64_t gpr[16])
{
	enter(v, gpr, svm.starting ? svm_loop_full : svm.loop);
	if (svm.starting && v->reason == SVM_EXIT_VMMCALL && gpr[0] == SVM_CALL_STARTED) {
		svm.starting = false;
		svm_guest_vmcb.RIP += SVM_VMMCALL_LENGTH;
		enter(v, gpr, svm.loop);
	}
	if (v->reason == SVM_EXIT_INVALID)
		return VCPU_EXIT_FAILED;
	if (v->reason == SVM_EXIT_VMMCALL)
		return VCPU_EXIT_CALL;
	if (v->reason != SVM_EXIT_INTR || !apic_take())
		return VCPU_EXIT_REASON;
	svm.late = true;
	v->monitor->counters.interrupts++;
	return VCPU_EXIT_WATCHDOG;
}

static void end(struct vcpu *v)
{
	(void)v;
	apic_disarm();
}

static void call(uint32_t number)
{
	__asm__ volatile("vmmcall" : "+a"(number) : : "memory");
}

static void skip(struct vcpu *v)
{
	union vmcb *c = &svm_guest_vmcb;

	if (v->reason == SVM_EXIT_VMMCALL)
		c->RIP += SVM_VMMCALL_LENGTH;
	else if (v->want.fast.kind == VCPU_FAST_SKIP && svm_has(SVM_CPUID_nrips))
		c->RIP = c->NRIP;
	else
		c->RIP += v->want.fast.length;
}

/* ---- which loop ---- */

enum { LOOP_FULL, LOOP_SKIP, LOOP_LENGTH, LOOP_STAY, LOOP_CALL_SKIP, LOOP_CALL_LENGTH, LOOPS };

static const void *const loops[LOOPS][2] = {
	[LOOP_FULL] = { svm_loop_full, svm_loop_full_stamped },
	[LOOP_SKIP] = { svm_loop_skip, svm_loop_skip_stamped },
	[LOOP_LENGTH] = { svm_loop_length, svm_loop_length_stamped },
	[LOOP_STAY] = { svm_loop_stay, svm_loop_stay_stamped },
	[LOOP_CALL_SKIP] = { svm_loop_call_skip, svm_loop_call_skip_stamped },
	[LOOP_CALL_LENGTH] = { svm_loop_call_length, svm_loop_call_length_stamped },
};

static unsigned loop_of(const struct vcpu_fast *fast)
{
	bool own = fast->reason == SVM_EXIT_VMMCALL; /* the guest's calls to the monitor exit so, too */

	/* An interrupt is taken in C: it would exit again and again. */
	if (fast->full || fast->reason == SVM_EXIT_INTR || fast->reason == SVM_EXIT_NMI)
		return LOOP_FULL;
	switch (fast->kind) {
	case VCPU_FAST_SKIP:
		if (svm_has(SVM_CPUID_nrips))
			return own ? LOOP_CALL_SKIP : LOOP_SKIP;
		return own ? LOOP_CALL_LENGTH : LOOP_LENGTH;
	case VCPU_FAST_LENGTH:
		return own ? LOOP_CALL_LENGTH : LOOP_LENGTH;
	case VCPU_FAST_STAY:
		return own ? LOOP_FULL : LOOP_STAY;
	case VCPU_FAST_NONE:
		break;
	}
	return LOOP_FULL;
}

static void stamps(struct vcpu *v, bool stamped)
{
	svm.loop = loops[loop_of(&v->want.fast)][stamped];
}

static bool setup(struct vcpu *v, const struct vcpu_want *want, struct monitor_why *why)
{
	if (!svm_can(&svm.facts, want, why))
		return false;
	svm_setup(want);
	svm_fast_reason = want->fast.reason;
	svm_fast_length = want->fast.length;
	stamps(v, want->fast.stamps);
	return true;
}

/* ---- for rows and people ---- */

union vmcb *svm_vmcb(struct vcpu *v)
{
	(void)v;
	return &svm_guest_vmcb;
}

void svm_vmcb_changed(struct vcpu *v)
{
	(void)v;
	svm.changed = true;
}

void svm_changed(struct vcpu *v)
{
	(void)v;
	svm.changed = svm.flush = true;
}

void svm_advance(struct vcpu *v, uint32_t bytes)
{
	(void)v;
	svm_guest_vmcb.RIP += bytes;
}

static void describe_exit(struct vcpu *v, struct text *t)
{
	char name[40];

	svm_exit_name(v->reason, name, sizeof(name));
	text_put(t, "exit ");
	text_hex(t, v->reason);
	text_put(t, *name ? " " : "");
	text_put(t, name);
	text_put(t, ", EXITINFO1 ");
	text_hex(t, v->qualification[0]);
	text_put(t, " EXITINFO2 ");
	text_hex(t, v->qualification[1]);
}

static void describe(struct vcpu *v, const uint64_t gpr[16])
{
	const union vmcb *c = &svm_guest_vmcb;
	struct text t;
	bool exception = v->reason >= SVM_EXIT_EXCP_BASE && v->reason < SVM_EXIT_EXCP_BASE + 32;

	v->fault = (struct guest_fault){
		.vector = exception ? (uint32_t)(v->reason - SVM_EXIT_EXCP_BASE) : 0,
		.error = exception ? (uint32_t)v->qualification[0] : 0,
		.rip = c->RIP,
		.rflags = c->RFLAGS,
		.cr0 = c->CR0,
		.cr2 = v->reason == SVM_EXIT_EXCP_BASE + 14 ? v->qualification[1] : c->CR2,
		.cr3 = c->CR3,
		.cr4 = c->CR4,
		.cpl = c->CPL,
	};
	for (unsigned i = 0; i < 16; i++)
		v->fault.gpr[i] = gpr[i];
	t = TEXT_OF(v->fault.what);
	if (svm.late)
		text_put(&t, "ended by the watchdog: ");
	describe_exit(v, &t);
}

const struct vcpu_vendor vcpu_vendor_svm = {
	.name = "svm",
	.check = check,
	.on = on,
	.off = off,
	.self_test = svm_self_test,
	.setup = setup,
	.start = start,
	.run = run,
	.end = end,
	.call = call,
	.skip = skip,
	.stamps = stamps,
	.describe = describe,
	.watchdog_max = apic_ticks_max,
};
