/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor.h - a VMX and SVM monitor for ring 0, one logical processor, one guest that shares the host's address space.
 * minivmm/monitor/ and bench/root/ include this. Freestanding.
 *
 * The guest is a piece of the host's own code: same page tables, segments and interrupt table, another stack. What it
 * does that nobody asked for ends vcpu_call(); what a row of the benchmark asked for takes the fast path, an assembly
 * stub that counts the exit, skips the instruction and enters again without saving a register.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_MONITOR_H
#define VTSCOPE_MINIVMM_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "minivmm/guest_abi.h"

#pragma GCC visibility push(hidden)

struct vcpu_vendor;

/* What the monitor asks of the code that it is linked into. */
struct monitor_host {
	void *ctx;
	/* Of any object of the image. */
	uint64_t (*phys)(const volatile void *p);
	/* Device registers, uncached; NULL: cannot be mapped. */
	void *(*map_mmio)(uint64_t phys, uint64_t bytes);
	/* Calls fn(arg); false: an exception ended it, (vector, error) say which. Calls nest. */
	bool (*protect)(void (*fn)(void *), void *arg, uint32_t *vector, uint32_t *error);
	/* Sets the handler of a vector of the host, NULL: as it was. For the watchdog's interrupt. */
	void (*vector)(unsigned vector, void (*stub)(void));
	void (*step)(void *ctx, const struct ring0_step *step);
	void (*fact)(void *ctx, const char *name, const char *value);
	uint64_t cr4;			/* as it was before anybody here set it */
	volatile bool *in_guest;	/* true while a guest of vcpu_call() runs: exceptions are its own */
	uint64_t ram_bytes;		/* physical memory that the guest may reach, from 0 on; 1 GiB at most is mapped */
};

/* Why the monitor cannot be had, or a setup not be made. Both texts are sentences for a person. */
struct monitor_why {
	const char *status;		/* "unsupported" "firmware-disabled" "busy" "missing-control" "bad-revision" ... */
	char text[160];
};

struct monitor {
	const struct vcpu_vendor *vendor;	/* vcpu_vendor_vmx or vcpu_vendor_svm */
	const struct monitor_host *host;
	bool on;				/* in VMX operation, or EFER.SVME set */
	struct ring0_counters counters;		/* since the last monitor_count() */
};

/* ---- a guest ---- */

/* How the fast path goes on. In assembly too: entry code dispatches on nothing, a stub each. */
enum vcpu_fast_kind {
	VCPU_FAST_NONE,		/* every exit takes the full path */
	VCPU_FAST_SKIP,		/* RIP + the length that the processor reports */
	VCPU_FAST_LENGTH,	/* RIP + (length): where it reports none */
	VCPU_FAST_STAY,		/* RIP as it is: the exit came before nothing, or behind it */
};

struct vcpu_fast {
	uint64_t reason;	/* basic exit reason (VMX), exit code (SVM). VMX reason 0: the one vector of (intercepted) */
	enum vcpu_fast_kind kind;
	uint32_t length;	/* bytes, for VCPU_FAST_LENGTH */
	bool stamps;		/* with RDTSC first and last (vcpu_stamps), otherwise the same path */
	bool full;		/* the same work after a full save of the registers, in C: what it is compared with */
};

/* VM-execution controls beyond the default, by vendor. A row of the benchmark has one. */
struct vcpu_want {
	struct { uint32_t pin, primary, secondary, exit, entry; uint64_t tertiary; } vmx;	/* bits that must be 1 */
	struct { uint32_t intercept[6]; } svm;		/* words of the VMCB at 000h ... 014h, bits that must be 1 */
	uint32_t to_guest;	/* vectors that the guest's own handlers take; all others exit */
	uint32_t intercepted;	/* vectors that exit as an operation of the row does, not as its end */
	bool no_slat;		/* without EPT or nested paging, although the processor has it */
	struct vcpu_fast fast;
};

enum vcpu_end {
	VCPU_DONE,		/* fn returned */
	VCPU_DEADLINE,		/* the watchdog ended it */
	VCPU_EXIT,		/* an exit that nobody asked for: fault.what names it */
	VCPU_ENTRY_FAILED,	/* the processor refused: fault.what has the VM-instruction error or exit reason by name */
};

struct vcpu {
	struct monitor *monitor;
	struct vcpu_want want;
	/*
	 * TSC ticks that one stay in the guest may last; 0: the vendor's default. More than monitor_watchdog_max()
	 * counts for that.
	 */
	uint64_t watchdog_ticks;
	struct guest_fault fault;	/* of the last call that did not end with VCPU_DONE */
	/* Native, of the last full exit: exit reason and qualification, EXITCODE and EXITINFO1/2. */
	uint64_t reason, qualification[2];
	bool late;		/* the last call ended with VCPU_DEADLINE */
	uint32_t instruction_error;	/* VMX: of the last VMfailValid, 0: none, ~0: VMfailInvalid */
	/*
	 * An exit that the fast path did not take and that is not the monitor's own. True: handled (and counted, where it
	 * counts), enter again. False: the call ends. NULL: the row's (want.fast.reason) is counted and skipped, any other
	 * ends the call. For rows that need more than to be skipped (injection, windows, task switches): with fast.full.
	 */
	bool (*on_exit)(struct vcpu *v, void *ctx);
	void *on_exit_ctx;
};

/* Stamps of the stamped fast path, TSC: at the monitor's first and last instruction that it can stamp at. */
extern uint64_t vcpu_stamps[2];

/*
 * Looks whether the processor has what (vendor) needs, reports each as a fact, turns the extension on (CR0 and CR4 as
 * the FIXED MSRs want, VMXON; EFER.SVME, VM_HSAVE_PA) and runs the self-test ladder, each step reported. 0, or -1 with
 * (why) filled and the machine as it was but for one thing: IA32_FEATURE_CONTROL that the firmware left unlocked is
 * locked with VMX on, and stays so until the next reset. Never changes one that is locked, nor VM_CR.
 */
int monitor_open(struct monitor *m, const struct vcpu_vendor *vendor, const struct monitor_host *host,
		 struct monitor_why *why);
/* VMCLEAR, VMXOFF, CR0, CR4, EFER, VM_HSAVE_PA as they were. Also after a row that left a mess. */
void monitor_close(struct monitor *m);
/* The longest stay in a guest that the watchdog can tell from a longer one, in TSC ticks. */
uint64_t monitor_watchdog_max(const struct monitor *m);
/* Counters since the last call. */
struct ring0_counters monitor_count(struct monitor *m);

/* A guest with the default controls, ready for vcpu_call(). */
void vcpu_init(struct vcpu *v, struct monitor *m);
/* The default, with (want) on top. False: (why) names the control that this processor cannot set. */
bool vcpu_setup(struct vcpu *v, const struct vcpu_want *want, struct monitor_why *why);
/*
 * Calls fn(arg) at CPL 0 in the guest, on a stack of its own, and comes back when it returned, or when the guest is
 * to be given up. Interrupts are off in host and guest. What is counted in monitor.counters is exact: the way in and
 * out is not.
 */
enum vcpu_end vcpu_call(struct vcpu *v, void (*fn)(void *), void *arg);

/* Called by guest code: switches the fast path between its plain and its stamped form. An exit that is not counted. */
void vcpu_guest_stamps(bool on);
/* Called by guest code that cannot go on: vcpu_call() ends with VCPU_EXIT. */
_Noreturn void vcpu_guest_give_up(void);

extern const struct vcpu_vendor vcpu_vendor_vmx, vcpu_vendor_svm;

#pragma GCC visibility pop
#endif
