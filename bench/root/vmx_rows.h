/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_rows.h - what the rows of VMX root operation share. Only bench/root/vmx_* includes this. */
#ifndef VTSCOPE_BENCH_ROOT_VMX_ROWS_H
#define VTSCOPE_BENCH_ROOT_VMX_ROWS_H

#include "bench/root/root.h"
#include "bench/root/vmx_trip.h"
#include "minivmm/monitor/text.h"
#include "minivmm/monitor/vmx.h"

#pragma GCC visibility push(hidden)

#define SCRATCH_VMCS	0	/* of the pool: never entered */
#define RING_VMCS	2	/* and up to 62 more */

/* vmx_ops.S */
#define VMX_BODY(name) extern const char vmx_body_##name[], vmx_body_##name##_end[]
VMX_BODY(vmread);
VMX_BODY(vmread_mem);
VMX_BODY(vmread_chain);
VMX_BODY(vmwrite);
VMX_BODY(vmwrite_mem);
VMX_BODY(vmwrite_changed);
VMX_BODY(vmxon);
VMX_BODY(vmxoff);
VMX_BODY(vmclear);
VMX_BODY(vmptrld);
VMX_BODY(vmptrld_ring);
VMX_BODY(vmptrst);
VMX_BODY(invept);
VMX_BODY(invvpid);
VMX_BODY(vmcall);
VMX_BODY(vmlaunch);
VMX_BODY(vmresume);
VMX_BODY(vmfunc_same);
VMX_BODY(vmfunc_other);
VMX_BODY(cr8_write);
VMX_BODY(cr8_read);
VMX_BODY(wrmsr);
VMX_BODY(rdmsr);
VMX_BODY(load);
VMX_BODY(pause);
VMX_BODY(rdtsc);
#undef VMX_BODY
#define VMX_CODE(name) .start = vmx_body_##name, .end = vmx_body_##name##_end

/* The handler of #VE, which sets the word at vmx_ve_busy to 0 and skips what body load does. */
extern const char vmx_ve_skip[];
extern uint32_t *vmx_ve_busy;

/* "VM-instruction error 12, VMREAD/VMWRITE from/to unsupported VMCS component", of the current VMCS. */
void say_result(struct text *t, enum vmx_result result);

/* Makes the scratch VMCS current, cleared and blank. */
bool scratch_open(struct row_run *run);
/* The monitor's own VMCS is current again. */
void scratch_close(struct row_run *run);

/* A region of the pool, and as it was before it was ever loaded. */
static inline uint32_t *region_words(unsigned n)
{
	return (uint32_t *)(GUEST_VIRT_BASE + vmx_pool(n));
}
void region_blank(unsigned n);

/* What rsi of a body points to: an address for VMPTRLD, an operand. */
extern uint64_t vmx_operand[64];

/*
 * For a guest whose interrupts exit: keeps all but the monitor's own out. The guest was opened; it is closed if this
 * is false, after the reason was logged.
 */
bool quiet_open(struct row_run *run);
void quiet_close(void);

/* 0 where reading it faults. */
uint64_t msr_or_0(uint32_t msr);

/* False, and logged, where the processor lacks (ctl). */
bool row_needs(struct row_run *run, enum vmx_ctl ctl);

#pragma GCC visibility pop
#endif
