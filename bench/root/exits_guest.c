/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exits_guest.c - the guest of a row by neither vendor's names, and the bracket of rows whose clock exits. */
#include "bench/root/exits.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/vmx.h"

#define CALL_LENGTH	3	/* VMCALL and VMMCALL */
#define MSR_TSC		0x10
#define PRESENT_DATA	0x67ull

/* ---- state ---- */

static const struct {
	uint32_t field, offset;
} registers[GUEST_REGISTERS] = {
	[GUEST_RIP] = { VMCS_GUEST_RIP, offsetof(union vmcb, RIP) },
	[GUEST_RSP] = { VMCS_GUEST_RSP, offsetof(union vmcb, RSP) },
	[GUEST_RFLAGS] = { VMCS_GUEST_RFLAGS, offsetof(union vmcb, RFLAGS) },
	[GUEST_CR0] = { VMCS_GUEST_CR0, offsetof(union vmcb, CR0) },
	[GUEST_CR4] = { VMCS_GUEST_CR4, offsetof(union vmcb, CR4) },
	[GUEST_IDTR_BASE] = { VMCS_GUEST_IDTR_BASE, offsetof(union vmcb, IDTR_BASE) },
};

static uint64_t *in_vmcb(const struct exit_work *w, enum guest_register r)
{
	return (uint64_t *)(void *)(svm_vmcb(w->v)->page + registers[r].offset);
}

uint64_t guest_get(const struct exit_work *w, enum guest_register r)
{
	return w->vmx ? vmx_field(registers[r].field) : *in_vmcb(w, r);
}

void guest_set(const struct exit_work *w, enum guest_register r, uint64_t value)
{
	if (w->vmx) {
		vmx_vmwrite(registers[r].field, value);
		return;
	}
	*in_vmcb(w, r) = value;
	if (r >= GUEST_CR0)
		svm_changed(w->v);
}

void copy_save_area(union vmcb *to, const union vmcb *from)
{
	for (unsigned i = VMCB_AREA_SAVE; i < sizeof(to->page); i++)
		to->page[i] = from->page[i];
}

void exit_count(struct exit_work *w)
{
	w->v->monitor->counters.exits++;
}

bool exit_is_in_body(const struct exit_work *w)
{
	uint64_t rip = guest_get(w, GUEST_RIP);

	return rip >= (uintptr_t)w->run->body.start && rip <= (uintptr_t)w->run->body.end;
}

void exit_skip_call(struct exit_work *w)
{
	guest_set(w, GUEST_RIP, guest_get(w, GUEST_RIP) + CALL_LENGTH);
}

bool exit_is_call(const struct exit_work *w)
{
	return w->v->reason == (w->vmx ? (uint64_t)EXIT_VMX_VMCALL : SVM_EXIT_VMMCALL);
}

/* ---- what a processor lacks ---- */

static void append(struct monitor_why *why, unsigned *n, const char *s)
{
	while (*s && *n < sizeof(why->text) - 1)
		why->text[(*n)++] = *s++;
	why->text[*n] = 0;
}

bool exit_missing(struct exit_work *w, const char *text)
{
	unsigned n = 0;

	w->why->status = "missing-control";
	append(w->why, &n, "needs ");
	append(w->why, &n, text);
	append(w->why, &n, ", which this processor does not have");
	return false;
}

enum { EAX, EBX, ECX, EDX };

static const struct {
	const char *name;
	uint32_t leaf, subleaf;
	uint8_t reg, bit;
} features[FEATURES] = {
	[FEATURE_MONITOR] = { "MONITOR and MWAIT", 1, 0, ECX, 3 },
	[FEATURE_SMX] = { "SMX", 1, 0, ECX, 6 },
	[FEATURE_XSAVE] = { "XSAVE", 1, 0, ECX, 26 },
	[FEATURE_RDRAND] = { "RDRAND", 1, 0, ECX, 30 },
	[FEATURE_SGX] = { "SGX", 7, 0, EBX, 2 },
	[FEATURE_INVPCID] = { "INVPCID", 7, 0, EBX, 10 },
	[FEATURE_RDSEED] = { "RDSEED", 7, 0, EBX, 18 },
	[FEATURE_WAITPKG] = { "UMWAIT and TPAUSE", 7, 0, ECX, 5 },
	[FEATURE_KL] = { "Key Locker", 7, 0, ECX, 23 },
	[FEATURE_PCONFIG] = { "PCONFIG", 7, 0, EDX, 18 },
	[FEATURE_MSRLIST] = { "RDMSRLIST and WRMSRLIST", 7, 1, EAX, 27 },
	[FEATURE_XSAVES] = { "XSAVES", 0xd, 1, EAX, 3 },
	[FEATURE_SKINIT] = { "SKINIT", 0x80000001, 0, ECX, 12 },
	[FEATURE_RDTSCP] = { "RDTSCP", 0x80000001, 0, EDX, 27 },
	[FEATURE_INVLPGB] = { "INVLPGB", 0x80000008, 0, EBX, 3 },
	[FEATURE_RDPRU] = { "RDPRU", 0x80000008, 0, EBX, 4 },
	[FEATURE_MCOMMIT] = { "MCOMMIT", 0x80000008, 0, EBX, 8 },
};

static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(regs[EAX]), "=b"(regs[EBX]), "=c"(regs[ECX]), "=d"(regs[EDX])
			 : "a"(leaf), "c"(subleaf));
}

uint32_t exit_leaf(uint32_t leaf, uint32_t subleaf, unsigned reg)
{
	uint32_t regs[4];

	cpuid(leaf & 0x80000000, 0, regs);
	if (regs[EAX] < leaf)
		return 0;
	cpuid(leaf, subleaf, regs);
	return regs[reg];
}

bool exit_has_feature(enum exit_feature f)
{
	return exit_leaf(features[f].leaf, features[f].subleaf, features[f].reg) >> features[f].bit & 1;
}

const char *exit_feature_name(enum exit_feature f)
{
	return features[f].name;
}

/* ---- pages ---- */

static unsigned char pages[EXIT_PAGES][4096] __attribute__((aligned(8192)));

unsigned char *exit_page(unsigned n)
{
	return pages[n];
}

uint64_t exit_window(uint64_t phys)
{
	*window_entry(WINDOW_HOLE) = phys | PRESENT_DATA;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW_AT(WINDOW_HOLE)) : "memory");
	return WINDOW_AT(WINDOW_HOLE);
}

void exit_window_close(void)
{
	*window_entry(WINDOW_HOLE) = 0;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW_AT(WINDOW_HOLE)) : "memory");
}

/* ---- rows whose clock exits ---- */

/* Written by the guest, read by the host: they share their memory. */
static volatile bool armed_wanted;

static bool on_vmx;
static bool msr_clock; /* a bracket holds the body's exits only */

static void guest_arm(bool on)
{
	armed_wanted = on;
	if (on_vmx)
		exit_guest_call_vmx();
	else
		exit_guest_call_svm();
}

/*
 * In the guest. Armed twice: a change of SVM's controls comes with a flush, the second entry is without. The stamps are
 * to be those of the body's exit.
 */
static uint64_t shot_armed(struct row_run *run, unsigned copies)
{
	size_t size = (size_t)(run->body.end - run->body.start) / run->body.copies;
	uint64_t ticks, stamps[2];

	guest_arm(true);
	guest_arm(true);
	ticks = exit_bracket_msr(run->body.end - copies * size, &run->regs);
	stamps[0] = vcpu_stamps[0];
	stamps[1] = vcpu_stamps[1];
	guest_arm(false);
	vcpu_stamps[0] = stamps[0];
	vcpu_stamps[1] = stamps[1];
	return ticks;
}

static uint64_t tsc_fenced(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/*
 * The same without another clock: the calls are in it, and in the empty bracket. Differences are right all the same.
 * The bodies need none of their registers.
 */
static uint64_t shot_around(struct row_run *run, unsigned copies)
{
	size_t size = (size_t)(run->body.end - run->body.start) / run->body.copies;
	const char *entry = run->body.end - copies * size;
	uint64_t start = tsc_fenced();

	guest_arm(true);
	__asm__ volatile("call *%0" : : "r"(entry) : "rax", "rcx", "rdx", "memory", "cc");
	guest_arm(false);
	return tsc_fenced() - start;
}

static void set_armed(struct exit_work *w, bool on)
{
	uint32_t *word, bit = 1u << w->code % 32;

	if (w->vmx) {
		uint64_t primary = vmx_field(VMCS_CPU_BASED_VM_EXEC_CONTROL) & ~(uint64_t)VMX_MASK(primary_rdtsc_exiting);

		vmx_vmwrite(VMCS_CPU_BASED_VM_EXEC_CONTROL, primary | (on ? VMX_MASK(primary_rdtsc_exiting) : 0));
		return;
	}
	word = (uint32_t *)(void *)(svm_vmcb(w->v)->page + w->code / 32 * 4);
	if (!(*word & bit) == !on)
		return;
	*word ^= bit;
	svm_changed(w->v);
}

/* QEMU has the MSR, but it is always 0. */
static bool msr_runs(void)
{
	uint32_t first, second, high;

	__asm__ volatile("rdmsr" : "=a"(first), "=d"(high) : "c"(MSR_TSC));
	__asm__ volatile("rdmsr" : "=a"(second), "=d"(high) : "c"(MSR_TSC));
	return first != second;
}

/* With VMX one control makes RDTSC and RDTSCP exit, with SVM each has its own. */
void exit_armed_open(struct exit_work *w)
{
	if (!w->vmx && w->run->row->op == OP_EXIT_RDTSCP) {
		msr_clock = true;
		w->run->bracket = bracket_lfence;
		w->run->result.flags |= GUEST_END_LFENCE;
		return;
	}
	on_vmx = w->vmx;
	msr_clock = msr_runs();
	armed_wanted = false;
	set_armed(w, false);
	w->run->shot = msr_clock ? shot_armed : shot_around;
}

bool exit_armed_splits(void)
{
	return msr_clock;
}

/* The guest's call; or the row's exit, which the fast path leaves to C now and then. */
bool exit_armed_call(struct exit_work *w)
{
	if (exit_is_call(w)) {
		set_armed(w, armed_wanted);
		exit_skip_call(w);
		return true;
	}
	if (w->v->reason != w->code)
		return false;
	guest_set(w, GUEST_RIP, guest_get(w, GUEST_RIP) + w->recipe->length);
	exit_count(w);
	return true;
}
