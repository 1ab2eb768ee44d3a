/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svm_private.h - SVM's side of the monitor, and its seam to svm_entry.S. Only svm*.c and its test include this. */
#ifndef VTSCOPE_MINIVMM_MONITOR_SVM_PRIVATE_H
#define VTSCOPE_MINIVMM_MONITOR_SVM_PRIVATE_H

#include "minivmm/cpu.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/text.h"
#include "minivmm/monitor/vendor_private.h"

#pragma GCC visibility push(hidden)

/* The guest's first words to the monitor: from here on translations and VMCB are warm. Not the core's business. */
#define SVM_CALL_STARTED	0x56540000u
#define SVM_VMMCALL_LENGTH	3

/*
 * A guest's RFLAGS: IF, too. With V_INTR_MASKING the host's IF decides, and an interrupt exits: none reaches the guest.
 * But Bochs 2.7 looks at the guest's until it changes.
 */
#define SVM_GUEST_RFLAGS	0x202

/* All that decides whether there is SVM, and what of it. Read by svm.c, judged by svm_check.c. */
struct svm_facts {
	uint32_t max_leaf;		/* CPUID 8000_0000h EAX */
	uint32_t ecx_80000001;
	uint32_t ebx_80000008;
	uint32_t ebx_7;			/* leaf 7 */
	uint32_t eax_8000001f;
	uint32_t eax_8000000a, ebx_8000000a, edx_8000000a;	/* 0 where the leaf is not there */
	bool vm_cr_readable;
	uint64_t vm_cr, efer;
};

/* Pure. 0: SVM can be turned on; -1: (why). */
int svm_decide(const struct svm_facts *f, struct monitor_why *why);
/* Pure. Can (want) be had? False: (why) names the control. */
bool svm_can(const struct svm_facts *f, const struct vcpu_want *want, struct monitor_why *why);
/* Pure. Line (n) of what SVM requires and offers, "nested paging (NP): yes", NULL behind the last. */
#define SVM_REQUIRED_LINES 4	/* the first; the others are offers */
const char *svm_fact_line(const struct svm_facts *f, unsigned n, char *text, uint32_t size);

/* ---- state ---- */

struct svm {
	struct svm_facts facts;
	const struct monitor_host *host;
	uint64_t efer, hsave, dr7;	/* as they were */
	const void *loop;		/* of svm_entry.S, with the row's fast path */
	bool changed;			/* the next entry takes nothing of the VMCB from a cache */
	bool flush;			/* and no translation */
	bool late;			/* the watchdog ended it */
	bool starting;			/* SVM_CALL_STARTED is still to come */
};
extern struct svm svm;

/* svm_guest.c */
void svm_npt_build(void);
void svm_setup(const struct vcpu_want *want);
/* svm_self_test.c */
int svm_self_test(struct monitor *m, struct monitor_why *why);

/* ---- svm_entry.S ---- */

extern union vmcb svm_guest_vmcb;
extern uint64_t svm_guest_phys;		/* where it is */
extern uint64_t svm_fast_reason, svm_fast_length, svm_fast_exits;
/*
 * CLGI, the guest's registers from (gpr) except rax and rsp, VMRUN again and again until an exit that (loop) leaves to
 * C, registers to (gpr), CLI, STGI.
 */
void svm_enter(uint64_t gpr[16], const void *loop);
extern const char svm_loop_full[], svm_loop_skip[], svm_loop_length[], svm_loop_stay[];
extern const char svm_loop_full_stamped[], svm_loop_skip_stamped[], svm_loop_length_stamped[],
	svm_loop_stay_stamped[];
extern const char svm_loop_call_skip[], svm_loop_call_length[], svm_loop_call_skip_stamped[],
	svm_loop_call_length_stamped[];
/* Guest code: calls rbx with rdi, between SVM_CALL_STARTED and MONITOR_CALL_DONE. */
extern const char svm_guest_start[];
/* Guest code of the self-test: 0 if all registers but rsp survive a CPUID that the monitor skips. */
uint64_t svm_guest_registers(void);

#pragma GCC visibility pop

#endif
