/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exits.h - what each row wants of the guest it runs in, as recipes. bench/root/exit*.c and exit_ops.S include this.
 */
#ifndef VTSCOPE_BENCH_ROOT_EXITS_H
#define VTSCOPE_BENCH_ROOT_EXITS_H

/* Copies of a body of level M. */
#define EXIT_COPIES	16

/* In rax of a guest's call that is a row's own: the vendors' calls have other numbers. */
#define EXIT_CALL	0x56540100

/* How often a guest looks for the exit of what it sent itself: some milliseconds. */
#define EXIT_WAIT	0x100000

#ifdef __ASSEMBLER__
#include "minivmm/guest_abi.h"
#include "bench/guest/runner.h"
#else

#include "bench/root/root.h"

#pragma GCC visibility push(hidden)

/* Basic exit reasons: EXIT_VMX_VMCALL. */
enum exit_vmx_reason {
#define VMX_EXIT(reason, linux_name, name) EXIT_VMX_##linux_name = (reason),
#define SVM_EXIT(first, last, linux_name, name)
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
};

#define CR0_EM		0x4u
#define CR0_TS		0x8u
#define CR0_NE		0x20u
#define CR0_AM		0x40000u
#define CR4_PAE		0x20u
#define CR4_SMXE	0x4000u
#define CR4_OSXSAVE	0x40000u
#define CR4_KL		0x80000u
#define RFLAGS_TF	0x100u
#define RFLAGS_IF	0x200u

/* Bytes from where a CALL into a page that may not be executed lands to the next page, where it may return. */
#define EXIT_CALL_LENGTH 16

/* How the guest goes on behind the exit. */
enum exit_how {
	EXIT_NOTHING,		/* the row causes none */
	EXIT_INSTRUCTION,	/* the processor reports the length of what it did not execute, where it can */
	EXIT_FAULT,		/* it never does: (length) */
	EXIT_TRAP,		/* RIP is behind it */
	EXIT_HANDLED,		/* by (handle), which counts */
};

/* Of CPUID, what both vendors have under the same name. */
enum exit_feature {
	FEATURE_NONE, FEATURE_MONITOR, FEATURE_SMX, FEATURE_XSAVE, FEATURE_RDRAND, FEATURE_SGX, FEATURE_INVPCID,
	FEATURE_RDSEED, FEATURE_WAITPKG, FEATURE_KL, FEATURE_PCONFIG, FEATURE_MSRLIST, FEATURE_XSAVES,
	FEATURE_SKINIT, FEATURE_RDTSCP, FEATURE_INVLPGB, FEATURE_RDPRU, FEATURE_MCOMMIT, FEATURES
};

struct exit_work;

struct exit_recipe {
	enum exit_how how;
	uint32_t length;	/* bytes of the instruction that exits */
	enum exit_feature feature;
	uint32_t cr4;		/* bits that the guest must have */
	uint32_t pin, primary, secondary, tertiary;	/* VMX controls beside the default */
	uint32_t vectors;	/* that exit as the row's operation: with VMX one, or NMI and others by (handle) */
	uint32_t to_guest;	/* that the guest's own handlers take */
	bool twice;		/* an operation is two exits: no split */
	bool user;		/* in user mode, although the level is M */
	bool full;		/* all through the full path */
	bool armed;		/* it is the clock that exits: in a bracket only, and another one is read */
	/* The row's registers, tables and fields, after vcpu_setup(). False: (why). NULL: nothing more. */
	bool (*open)(struct exit_work *w);
	void (*close)(struct exit_work *w);
	/* An exit that the fast path did not take. False: not this row's. */
	bool (*handle)(struct exit_work *w);
};

/* The row at work. */
struct exit_work {
	struct row_run *run;
	struct vcpu *v;
	const struct exit_recipe *recipe;
	struct monitor_why *why;
	bool vmx;		/* else SVM */
	uint32_t code;		/* basic exit reason or exit code that is wanted */
};

/* exits_table.c. Never NULL: EXIT_NOTHING where the row wants nothing of its guest. */
const struct exit_recipe *exit_recipe_of(uint32_t op);

/* ---- exits_guest.c: the guest's state, by neither vendor's names ---- */

enum guest_register { GUEST_RIP, GUEST_RSP, GUEST_RFLAGS, GUEST_CR0, GUEST_CR4, GUEST_IDTR_BASE, GUEST_REGISTERS };
uint64_t guest_get(const struct exit_work *w, enum guest_register r);
void guest_set(const struct exit_work *w, enum guest_register r, uint64_t value);

union vmcb;
/* All of the guest's state that a VMCB has. */
void copy_save_area(union vmcb *to, const union vmcb *from);

/* One more exit of the row's. */
void exit_count(struct exit_work *w);
/* Is the guest at an instruction of the body, or at the end of its last? */
bool exit_is_in_body(const struct exit_work *w);
/* Behind the guest's call. */
void exit_skip_call(struct exit_work *w);
/* Is this exit a call of the guest's? */
bool exit_is_call(const struct exit_work *w);
/* False, with "needs TEXT, which this processor does not have" in (why). */
bool exit_missing(struct exit_work *w, const char *text);
bool exit_has_feature(enum exit_feature f);
const char *exit_feature_name(enum exit_feature f);
/* 0 where there is no such leaf. (reg): 0 EAX to 3 EDX. */
uint32_t exit_leaf(uint32_t leaf, uint32_t subleaf, unsigned reg);

/* The bracket of recipe.armed: turns the exit on around the body only. exit_armed_call() serves the guest's calls. */
void exit_armed_open(struct exit_work *w);
bool exit_armed_call(struct exit_work *w);
bool exit_armed_splits(void);

/* A page of RAM that nobody else has, and one behind it; as the guest reaches it through 4 KiB pages. */
#define EXIT_PAGES	2
unsigned char *exit_page(unsigned n);
/* Maps the page at (phys) where nothing else is, for host and guest, until exit_window_close(). */
uint64_t exit_window(uint64_t phys);
void exit_window_close(void);

/* ---- hooks of recipes ---- */

typedef bool exit_open_fn(struct exit_work *w);
typedef bool exit_handle_fn(struct exit_work *w);
typedef void exit_close_fn(struct exit_work *w);

/* exits_machine.c */
exit_open_fn exit_open_proved, exit_open_io, exit_open_msr, exit_open_cr0_wp, exit_open_lmsw, exit_open_clts,
	exit_open_cr0_write, exit_open_cr4_write, exit_open_tables, exit_open_tr, exit_open_data, exit_open_data_middle,
	exit_open_page_physical, exit_open_invalidate, exit_open_monitor, exit_open_pause_loop, exit_open_xsetbv,
	exit_open_xss, exit_open_bitmap, exit_open_msrlist, exit_open_invlpgb;
exit_close_fn exit_close_xss;
/* exits_faults.c */
exit_open_fn exit_open_nm, exit_open_noncanonical, exit_open_hole, exit_open_mf, exit_open_ac,
	exit_open_triple;
exit_handle_fn exit_handle_db, exit_handle_triple;
exit_close_fn exit_close_mf;
/* exits_events.c */
exit_open_fn exit_open_nmi, exit_open_interrupt, exit_open_window, exit_open_vintr, exit_open_nmi_window,
	exit_open_request;
exit_close_fn exit_close_nmi, exit_close_interrupt, exit_close_apic;
bool exit_apic_open(struct exit_work *w);
exit_handle_fn exit_handle_nmi, exit_handle_interrupt, exit_handle_window, exit_handle_nmi_window, exit_handle_mtf,
	exit_handle_timer;
/* exits_pages.c */
exit_open_fn exit_open_mmio, exit_open_not_present, exit_open_write_protected, exit_open_execute_only,
	exit_open_no_execute, exit_open_misconfigured, exit_open_reserved, exit_open_pml, exit_open_spp,
	exit_open_apic_access, exit_open_apic_write, exit_open_eoi, exit_open_tpr;
exit_handle_fn exit_handle_pml, exit_handle_tpr;
exit_close_fn exit_close_window;
/* exits_task.c */
exit_open_fn exit_open_task;
exit_handle_fn exit_handle_task;
exit_close_fn exit_close_task;

/* ---- exit_ops.S ---- */

extern volatile uint32_t exit_events;	/* that the guest sent itself, and that exited */
extern uint64_t exit_resume[2];	/* RIP and RSP of a guest that must begin anew */
bracket_fn exit_bracket_msr;	/* its clock is RDMSR of IA32_TIME_STAMP_COUNTER */
extern const char exit_request_amd[], exit_request_amd_end[];
extern const char exit_icr_x2apic[], exit_icr_x2apic_end[];
void exit_guest_call_vmx(void);	/* by the guest */
void exit_guest_call_svm(void);
void exit_nmi_handler(void);

#pragma GCC visibility pop
#endif
#endif
