/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_facts.h - what a processor says of its VMX, and what follows from it: may VMX be turned on, which controls can
 * be set. Pure: nothing here reads a machine. minivmm/monitor/, bench/root/ and a unit test include this.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_VMX_FACTS_H
#define VTSCOPE_MINIVMM_MONITOR_VMX_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm/monitor/monitor.h"

#pragma GCC visibility push(hidden)

/* VMX_SET_secondary ...: the groups of vmx_controls.def. */
enum vmx_set {
#define VMX_GROUP(group, msr, true_msr, form, default1) VMX_SET_##group,
#define VMX_CONTROL(group, bit, name)
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
	VMX_SETS
};

/* VMX_CTL_secondary_enable_ept ...: every control and capability of vmx_controls.def. */
enum vmx_ctl {
#define VMX_GROUP(group, msr, true_msr, form, default1)
#define VMX_CONTROL(group, bit, name) VMX_CTL_##group##_##name,
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
	VMX_CTLS
};

/* VMX_BIT_secondary_enable_ept ...: their places. */
enum vmx_ctl_bit {
#define VMX_GROUP(group, msr, true_msr, form, default1)
#define VMX_CONTROL(group, bit, name) VMX_BIT_##group##_##name = (bit),
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
};

/* The 32-bit mask of a control: VMX_MASK(secondary_enable_ept). */
#define VMX_MASK(name) (1u << VMX_BIT_##name)

#define VMX_CR4_VMXE		(1ull << 13)
#define MSR_FEATURE_CONTROL	0x3a
#define VMX_FEATURE_LOCK	(1ull << 0)
#define VMX_FEATURE_ON		(1ull << 2)	/* outside SMX */

/* As read, in this order; what is gated by something that is not there is 0. */
struct vmx_facts {
	uint32_t cpuid_max;
	uint32_t cpuid1[4];		/* eax ebx ecx edx of leaf 1 */
	uint64_t cr0, cr4;
	uint64_t feature_control;	/* IA32_FEATURE_CONTROL */
	bool feature_control_set;	/* it was unlocked, and we may lock it with VMX outside SMX on */
	uint64_t set[VMX_SETS];		/* by enum vmx_set: the MSR, for a PAIR with TRUE_* where there is one */
	uint64_t cr0_fixed[2], cr4_fixed[2];
	uint64_t vmcs_enum;
};

/* Reads (number) of the machine that is looked at. */
typedef uint64_t vmx_read_fn(void *ctx, uint32_t number);
typedef void vmx_cpuid_fn(void *ctx, uint32_t leaf, uint32_t regs[4]);

/* Fills (f) but for cr0 and cr4; reads no MSR that is not there. */
void vmx_facts_read(struct vmx_facts *f, vmx_cpuid_fn *cpuid, vmx_read_fn *msr, void *ctx);

/* Can the monitor run? -1: (why) says why not and what to do. */
int vmx_facts_judge(const struct vmx_facts *f, struct monitor_why *why);

/* Each requirement, and each thing that is used where it is offered, as a fact. */
void vmx_facts_report(const struct vmx_facts *f, const struct monitor_host *host);

/* May (ctl) be 1? For a capability: is it there? */
bool vmx_facts_can(const struct vmx_facts *f, enum vmx_ctl ctl);
/* The preemption timer, where it can be relied on: there are processors whose timer does not keep its rate. */
bool vmx_facts_timer(const struct vmx_facts *f);
/* "secondary control enable_ept", into (text). */
void vmx_ctl_name(enum vmx_ctl ctl, char *text, uint32_t size);

/*
 * The value of a group's controls that has (want) and is otherwise as small as the processor lets it be. False: a bit
 * of (want) cannot be 1; (why) names the first.
 */
bool vmx_facts_adjust(const struct vmx_facts *f, enum vmx_set set, uint64_t want, uint64_t *value,
		      struct monitor_why *why);

/* IA32_VMX_BASIC. */
static inline uint32_t vmx_facts_revision(const struct vmx_facts *f)
{
	return (uint32_t)f->set[VMX_SET_basic] & 0x7fffffff;
}

/* The preemption timer counts down once in 2^rate TSC ticks. */
static inline unsigned vmx_facts_timer_rate(const struct vmx_facts *f)
{
	return f->set[VMX_SET_misc] & 31;
}

#pragma GCC visibility pop
#endif
