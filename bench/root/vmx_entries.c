/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_entries.c - rows of VMLAUNCH, VMRESUME, the exit, and of entries that do one thing more. */
#include "bench/root/exits.h"
#include "bench/root/vmx_rows.h"
#include "minivmm/monitor/apic.h"

#define MSR_UINTR_MISC	   0x988
#define MSR_KERNEL_GS_BASE 0xc0000102
#define EPTP_DIRTY_FLAGS   0x40
#define NOTIFICATION	   0xf2
#define TIMER_NEVER	   0xffffffffull

#define EVENT_VALID	   (1u << 31)
#define EVENT_ERROR_CODE   (1u << 11)
#define EVENT(type, vector) (EVENT_VALID | (type) << 8 | (vector))
#define EVENT_VECTOR(info) ((info) & 0xff)
#define EVENT_TYPE(info)   ((info) >> 8 & 7)
#define TYPE_INTERRUPT	   0u
#define TYPE_NMI	   2u
#define TYPE_HARDWARE	   3u
#define TYPE_SOFTWARE	   6u /* INT3: has a length */

/* ---- the plain ones ---- */

static const struct vcpu_want nothing_more;

static uint64_t launch_shot(struct row_run *run, unsigned copies)
{
	struct vmx_trip t;

	if (!copies)
		return vmx_trip_empty();
	vmx_vmclear(vmx_pool(TRIP_VMCS));
	vmx_vmptrld(vmx_pool(TRIP_VMCS));
	trip_launch(run, &t);
	return t.guest - t.before;
}

static uint64_t resume_shot(struct row_run *run, unsigned copies)
{
	struct vmx_trip t;

	if (!copies)
		return vmx_trip_empty();
	trip_run(run, &t, true);
	return t.guest - t.before;
}

static uint64_t exit_shot(struct row_run *run, unsigned copies)
{
	struct vmx_trip t;

	if (!copies)
		return vmx_trip_empty();
	trip_run(run, &t, true);
	return t.after - t.guest;
}

static uint64_t round_trip_shot(struct row_run *run, unsigned copies)
{
	struct vmx_trip t;

	if (!copies)
		return vmx_trip_empty();
	trip_run(run, &t, false);
	return t.after - t.before;
}

static bool open_shot(struct row_run *run, shot_fn *shot, const char *guest)
{
	run->shot = shot;
	run->one_copy = true;
	return trip_open(run, &nothing_more, guest) && trip_try(run);
}

static bool open_vmlaunch(struct row_run *run)
{
	return open_shot(run, launch_shot, vmx_trip_guest);
}

static bool open_vmresume(struct row_run *run)
{
	return open_shot(run, resume_shot, vmx_trip_guest);
}

static bool open_vmexit(struct row_run *run)
{
	return open_shot(run, exit_shot, vmx_trip_guest);
}

static bool open_round_trip(struct row_run *run)
{
	return open_shot(run, round_trip_shot, vmx_trip_guest_call);
}

const struct root_op root_vmx_vmlaunch = { .open = open_vmlaunch, .close = trip_close };
const struct root_op root_vmx_vmresume = { .open = open_vmresume, .close = trip_close };
const struct root_op root_vmx_vmexit = { .open = open_vmexit, .close = trip_close };
const struct root_op root_vmx_round_trip = { .open = open_round_trip, .close = trip_close };

/* ---- variants ---- */

struct variant {
	uint16_t op;
	bool no_slat, no_vpid;
	uint32_t pin, primary, secondary, exit, entry;
	uint16_t needs;		/* enum vmx_ctl beside the controls; 0: nothing */
	struct loaded {
		uint16_t field, msr; /* field 0: the end; MSR 0: a value of 0 */
	} loads[8];		/* what the processor has, so that the host has it behind the exit */
	uint8_t msrs;		/* to load from the list */
	uint32_t event;		/* to inject */
	void (*prepare)(void);
};

/* Bits 39:32 of IA32_UINTR_MISC. */
static void set_uinv(void)
{
	vmx_vmwrite(VMCS_GUEST_UINV, msr_or_0(MSR_UINTR_MISC) >> 32 & 0xff);
}

static void set_timer(void)
{
	vmx_vmwrite(VMCS_VMX_PREEMPTION_TIMER_VALUE, TIMER_NEVER);
}

/* What is logged is what the walk of the guest's own tables and its stack makes dirty, once. */
static void set_dirty_flags(void)
{
	vmx_vmwrite(VMCS_EPT_POINTER, vmx_field(VMCS_EPT_POINTER) | EPTP_DIRTY_FLAGS);
}

static void set_notification(void)
{
	vmx_vmwrite(VMCS_POSTED_INTR_NV, NOTIFICATION);
}

#define M(name) VMX_MASK(name)
#define APICV_PIN      M(pin_based_external_interrupt_exiting)
#define APICV_PRIMARY  M(primary_use_tpr_shadow)
#define APICV	       M(secondary_virtual_interrupt_delivery)
#define POSTED_PIN     (APICV_PIN | M(pin_based_process_posted_interrupts))
#define FRED(name, msr) { VMCS_GUEST_IA32_FRED_##name, msr }
#define FRED_STATE \
	{ FRED(CONFIG, 0x1d4), FRED(RSP1, 0x1cd), FRED(RSP2, 0x1ce), FRED(RSP3, 0x1cf), \
	  FRED(STKLVLS, 0x1d0), FRED(SSP1, 0x1d1), FRED(SSP2, 0x1d2), FRED(SSP3, 0x1d3) }
#define CET_STATE \
	{ { VMCS_GUEST_S_CET, 0x6a2 }, { VMCS_GUEST_SSP, 0 }, { VMCS_GUEST_INTR_SSP_TABLE, 0x6a8 } }

#define V(name, ...) { .op = OP_VMX_ENTRY_##name, __VA_ARGS__ }
static const struct variant variants[] = {
	V(PLAIN, .no_slat = true, .no_vpid = true),
	V(VPID, .no_slat = true, .secondary = M(secondary_enable_vpid)),
	V(EPT, .no_vpid = true, .secondary = M(secondary_enable_ept)),
	V(EPT_VPID, .secondary = M(secondary_enable_ept) | M(secondary_enable_vpid)),
	V(LOAD_DEBUG, .entry = M(entry_load_debug_controls)),
	V(LOAD_EFER, .entry = M(entry_load_ia32_efer)),
	V(LOAD_PAT, .entry = M(entry_load_ia32_pat)),
	V(LOAD_PERF_GLOBAL, .entry = M(entry_load_ia32_perf_global_ctrl)),
	V(LOAD_BNDCFGS, .entry = M(entry_load_ia32_bndcfgs)),
	V(LOAD_RTIT, .entry = M(entry_load_ia32_rtit_ctl), .loads = { { VMCS_GUEST_IA32_RTIT_CTL, 0x570 } }),
	V(LOAD_UINV, .entry = M(entry_load_uinv), .prepare = set_uinv),
	V(LOAD_CET, .entry = M(entry_load_cet_state), .loads = CET_STATE),
	V(LOAD_LBR, .entry = M(entry_load_guest_ia32_lbr_ctl), .loads = { { VMCS_GUEST_IA32_LBR_CTL, 0x14ce } }),
	V(LOAD_PKRS, .entry = M(entry_load_pkrs), .loads = { { VMCS_GUEST_IA32_PKRS, 0x6e1 } }),
	V(LOAD_FRED, .entry = M(entry_load_ia32_fred), .loads = FRED_STATE),
	V(MSR_LOAD_0, .msrs = 0),
	V(MSR_LOAD_1, .msrs = 1),
	V(MSR_LOAD_8, .msrs = 8),
	V(MSR_LOAD_64, .msrs = 64),
	V(INJECT_INTERRUPT, .event = EVENT(TYPE_INTERRUPT, 0x40)),
	V(INJECT_PAGE_FAULT, .event = EVENT(TYPE_HARDWARE, 14) | EVENT_ERROR_CODE),
	V(INJECT_NMI, .event = EVENT(TYPE_NMI, 2)),
	V(INJECT_BREAKPOINT, .event = EVENT(TYPE_SOFTWARE, 3)),
	V(PREEMPTION_TIMER, .pin = M(pin_based_activate_vmx_preemption_timer), .prepare = set_timer),
	V(UNRESTRICTED, .secondary = M(secondary_enable_ept) | M(secondary_unrestricted_guest)),
	V(TSC_OFFSET, .primary = M(primary_use_tsc_offsetting)),
	V(TSC_SCALING, .primary = M(primary_use_tsc_offsetting), .secondary = M(secondary_use_tsc_scaling)),
	V(PML, .secondary = M(secondary_enable_ept) | M(secondary_enable_pml),
	  .needs = VMX_CTL_ept_vpid_accessed_and_dirty_flags, .prepare = set_dirty_flags),
	V(TPR_SHADOW, .primary = M(primary_use_tpr_shadow)),
	V(VIRTUAL_NMI, .pin = M(pin_based_virtual_nmis)),
	V(VIRTUAL_INTERRUPT, .pin = APICV_PIN, .primary = APICV_PRIMARY, .secondary = APICV),
	V(POSTED_INTERRUPT, .pin = POSTED_PIN, .primary = APICV_PRIMARY, .secondary = APICV,
	  .exit = M(exit_acknowledge_interrupt_on_exit), .prepare = set_notification),
	V(SHADOW_VMCS, .secondary = M(secondary_vmcs_shadowing)),
	V(MBEC, .secondary = M(secondary_enable_ept) | M(secondary_mode_based_execute_control_for_ept)),
};
#undef V
#undef M

static const struct variant *variant_of(const struct row_run *run)
{
	const struct variant *v = variants;

	while (v->op != run->row->op)
		v++;
	return v;
}

static void fill_msrs(unsigned n)
{
	struct vmx_msr_entry *list = vmx_page(VMX_PAGE_ENTRY_MSRS);
	uint64_t value = msr_or_0(MSR_KERNEL_GS_BASE);

	for (unsigned i = 0; i < n; i++)
		list[i] = (struct vmx_msr_entry){ MSR_KERNEL_GS_BASE, 0, value };
	vmx_vmwrite(VMCS_VM_ENTRY_MSR_LOAD_COUNT, n);
}

/* Delivery has pushed a frame, shut interrupts off and blocked NMIs: as it was before, and the event once more. */
static void inject(struct row_run *run)
{
	uint32_t event = variant_of(run)->event;

	vmx_vmwrite(VMCS_GUEST_RSP, (uintptr_t)vmx_trip_guest_stack_top);
	vmx_vmwrite(VMCS_GUEST_RFLAGS,
		    EVENT_TYPE(event) == TYPE_INTERRUPT ? RFLAGS_FIXED | RFLAGS_IF : RFLAGS_FIXED);
	vmx_vmwrite(VMCS_GUEST_INTERRUPTIBILITY_INFO, 0);
	vmx_vmwrite(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, 0);
	vmx_vmwrite(VMCS_VM_ENTRY_INSTRUCTION_LEN, 1);
	vmx_vmwrite(VMCS_VM_ENTRY_INTR_INFO_FIELD, event);
}

/* Beside the controls. */
static void prepare(struct row_run *run, const struct variant *v)
{
	if (v->no_vpid && vmx_has_vpid())
		vmx_vmwrite(VMCS_SECONDARY_VM_EXEC_CONTROL,
			    vmx_field(VMCS_SECONDARY_VM_EXEC_CONTROL) & ~VMX_MASK(secondary_enable_vpid));
	for (unsigned i = 0; i < 8 && v->loads[i].field; i++)
		vmx_vmwrite(v->loads[i].field, v->loads[i].msr ? msr_or_0(v->loads[i].msr) : 0);
	if (v->msrs)
		fill_msrs(v->msrs);
	if (v->prepare)
		v->prepare();
	if (v->event) {
		vector_set(EVENT_VECTOR(v->event), vmx_trip_guest);
		run->before = inject;
		inject(run);
	}
}

static bool exits_by_interrupts(const struct variant *v)
{
	return v->pin & VMX_MASK(pin_based_external_interrupt_exiting);
}

static void undo(const struct variant *v)
{
	if (v->event && EVENT_TYPE(v->event) == TYPE_INTERRUPT && apic_is_open())
		vector_set(EVENT_VECTOR(v->event), apic_counted_entry);	/* as apic_open() left it */
	else if (v->event)
		vector_reset(EVENT_VECTOR(v->event));
	/* The exit of the NMI's handler leaves NMIs blocked. */
	if (v->event && EVENT_TYPE(v->event) == TYPE_NMI)
		cpu_unblock_nmi();
	if (exits_by_interrupts(v))
		quiet_close();
}

static void close_entry(struct row_run *run)
{
	undo(variant_of(run));
	trip_close(run);
}

static bool open_entry(struct row_run *run)
{
	const struct variant *v = variant_of(run);
	const struct vcpu_want want = {
		.vmx = { v->pin, v->primary, v->secondary, v->exit, v->entry, 0 },
		.no_slat = v->no_slat,
	};

	if ((v->needs && !row_needs(run, v->needs)) || !trip_open(run, &want, vmx_trip_guest))
		return false;
	if (exits_by_interrupts(v) && !quiet_open(run))
		return false;
	prepare(run, v);
	run->shot = resume_shot;
	run->one_copy = true;
	if (trip_try(run))
		return true;
	undo(v);
	return false;
}

const struct root_op root_vmx_entry = { .open = open_entry, .close = close_entry };
