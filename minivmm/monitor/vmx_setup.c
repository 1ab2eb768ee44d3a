/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_setup.c - a whole guest in the current VMCS: the host's own state, another stack, and the controls of a row. */
#include "minivmm/monitor/vmx_private.h"

#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
#define MSR_PAT			0x277
#define MSR_PERF_GLOBAL_CTRL	0x38f
#define MSR_BNDCFGS		0xd90
#define MSR_EFER		0xc0000080
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101

#define AR_UNUSABLE		0x10000u
#define DR7_FIXED		0x400
#define VECTOR_DB		1
#define PML_INDEX_LAST		511
#define FIELDS_SEGMENT		2	/* from one segment register's field to the next */

/* Writes; the first that fails stays. */
struct filler {
	uint64_t field;
	enum vmx_result result;
	uint32_t error;
};

static void put(struct filler *f, uint64_t field, uint64_t value)
{
	enum vmx_result result;

	if (f->result != VMX_OK)
		return;
	result = vmx_vmwrite(field, value);
	if (result == VMX_OK)
		return;
	f->field = field;
	f->result = result;
	f->error = result == VMX_FAIL_VALID ? (uint32_t)vmx_field(VMCS_VM_INSTRUCTION_ERROR) : 0;
}

/* ---- segments ---- */

struct segments {
	uint16_t selector[8]; /* es cs ss ds fs gs ldtr tr: the order of the fields */
	struct table_pointer gdtr, idtr;
};

static void segments_read(struct segments *s)
{
	__asm__ volatile("mov %%es, %0" : "=r"(s->selector[0]));
	__asm__ volatile("mov %%cs, %0" : "=r"(s->selector[1]));
	__asm__ volatile("mov %%ss, %0" : "=r"(s->selector[2]));
	__asm__ volatile("mov %%ds, %0" : "=r"(s->selector[3]));
	__asm__ volatile("mov %%fs, %0" : "=r"(s->selector[4]));
	__asm__ volatile("mov %%gs, %0" : "=r"(s->selector[5]));
	__asm__ volatile("sldt %0" : "=r"(s->selector[6]));
	__asm__ volatile("str %0" : "=r"(s->selector[7]));
	__asm__ volatile("sgdt %0" : "=m"(s->gdtr));
	__asm__ volatile("sidt %0" : "=m"(s->idtr));
}

/* FS and GS may be what a loader left, in its GDT. */
static uint32_t access_rights(uint16_t selector, uint32_t *limit)
{
	uint32_t ar;
	bool ok;

	__asm__ volatile("lar %2, %1" : "=@ccz"(ok), "=r"(ar) : "r"((uint32_t)selector));
	if (!ok || !(selector & ~3u)) {
		*limit = 0;
		return AR_UNUSABLE;
	}
	__asm__ volatile("lsl %1, %0" : "=r"(*limit) : "r"((uint32_t)selector));
	return ar >> 8 & 0xf0ff;
}

static uint64_t system_base(const struct segments *s, uint16_t selector)
{
	const uint64_t *d = (const uint64_t *)(uintptr_t)(s->gdtr.base + (selector & ~7u));

	return (d[0] >> 16 & 0xffffff) | (d[0] >> 56) << 24 | d[1] << 32;
}

static void put_segments(struct filler *f)
{
	struct segments s;

	segments_read(&s);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t limit, ar = access_rights(s.selector[i], &limit);
		uint64_t off = (uint64_t)i * FIELDS_SEGMENT;

		put(f, VMCS_GUEST_ES_SELECTOR + off, ar == AR_UNUSABLE ? 0 : s.selector[i]);
		put(f, VMCS_GUEST_ES_LIMIT + off, limit);
		put(f, VMCS_GUEST_ES_AR_BYTES + off, ar);
		put(f, VMCS_GUEST_ES_BASE + off, 0);
		if (i < 6)
			put(f, VMCS_HOST_ES_SELECTOR + off, ar == AR_UNUSABLE ? 0 : s.selector[i] & 0xf8);
	}
	put(f, VMCS_HOST_TR_SELECTOR, s.selector[7] & 0xf8);
	put(f, VMCS_GUEST_TR_BASE, system_base(&s, s.selector[7]));
	put(f, VMCS_HOST_TR_BASE, system_base(&s, s.selector[7]));
	put(f, VMCS_GUEST_GDTR_BASE, s.gdtr.base);
	put(f, VMCS_GUEST_GDTR_LIMIT, s.gdtr.limit);
	put(f, VMCS_GUEST_IDTR_BASE, s.idtr.base);
	put(f, VMCS_GUEST_IDTR_LIMIT, s.idtr.limit);
	put(f, VMCS_HOST_GDTR_BASE, s.gdtr.base);
	put(f, VMCS_HOST_IDTR_BASE, s.idtr.base);
}

/* ---- the rest of the two states ---- */

static void put_both(struct filler *f, uint64_t guest, uint64_t host, uint64_t value)
{
	put(f, guest, value);
	put(f, host, value);
}

static void put_states(struct filler *f)
{
	put_segments(f);
	put_both(f, VMCS_GUEST_CR0, VMCS_HOST_CR0, CR_READ(0));
	put_both(f, VMCS_GUEST_CR3, VMCS_HOST_CR3, CR_READ(3));
	put_both(f, VMCS_GUEST_CR4, VMCS_HOST_CR4, CR_READ(4));
	put_both(f, VMCS_GUEST_FS_BASE, VMCS_HOST_FS_BASE, msr_read(MSR_FS_BASE));
	put_both(f, VMCS_GUEST_GS_BASE, VMCS_HOST_GS_BASE, msr_read(MSR_GS_BASE));
	put_both(f, VMCS_GUEST_SYSENTER_CS, VMCS_HOST_IA32_SYSENTER_CS, msr_read(MSR_SYSENTER_CS));
	put_both(f, VMCS_GUEST_SYSENTER_ESP, VMCS_HOST_IA32_SYSENTER_ESP, msr_read(MSR_SYSENTER_ESP));
	put_both(f, VMCS_GUEST_SYSENTER_EIP, VMCS_HOST_IA32_SYSENTER_EIP, msr_read(MSR_SYSENTER_EIP));

	put(f, VMCS_GUEST_DR7, DR7_FIXED);
	put(f, VMCS_GUEST_IA32_DEBUGCTL, 0);
	put(f, VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	put(f, VMCS_GUEST_RSP, (uintptr_t)vmx_guest_stack_top);
	put(f, VMCS_GUEST_RIP, (uintptr_t)vmx_guest_start);
	put(f, VMCS_GUEST_INTERRUPTIBILITY_INFO, 0);
	put(f, VMCS_GUEST_ACTIVITY_STATE, 0);
	put(f, VMCS_GUEST_PENDING_DBG_EXCEPTIONS, 0);
	put(f, VMCS_VMCS_LINK_POINTER, ~0ull);

	put(f, VMCS_HOST_RSP, (uintptr_t)vmx_exit_stack_top);
	put(f, VMCS_HOST_RIP, (uintptr_t)vmx_exit_full);
}

/* ---- controls ---- */

struct controls {
	uint64_t pin, primary, secondary, tertiary, exit, entry;
};

/* What is offered of these is on: without it the guest's instruction is #UD, or exits. */
static const struct {
	enum vmx_ctl ctl;
	uint32_t mask;
} offered[] = {
	{ VMX_CTL_secondary_enable_rdtscp, VMX_MASK(secondary_enable_rdtscp) },
	{ VMX_CTL_secondary_enable_invpcid, VMX_MASK(secondary_enable_invpcid) },
	{ VMX_CTL_secondary_enable_xsaves_xrstors, VMX_MASK(secondary_enable_xsaves_xrstors) },
	{ VMX_CTL_secondary_enable_user_wait_and_pause, VMX_MASK(secondary_enable_user_wait_and_pause) },
};

static struct controls controls_wanted(const struct vcpu_want *want)
{
	struct controls c = {
		.pin = want->vmx.pin | VMX_MASK(pin_based_nmi_exiting),
		.primary = want->vmx.primary,
		.secondary = want->vmx.secondary,
		.tertiary = want->vmx.tertiary,
		.exit = want->vmx.exit | VMX_MASK(exit_host_address_space_size),
		.entry = want->vmx.entry | VMX_MASK(entry_ia_32e_mode_guest),
	};

	c.pin |= vmx.timer ? VMX_MASK(pin_based_activate_vmx_preemption_timer) :
			     VMX_MASK(pin_based_external_interrupt_exiting);
	if (vmx.timer && want->fast.kind == VCPU_FAST_STAY && !vmx_owns_timer(want) &&
	    vmx_can(VMX_CTL_exit_save_vmx_preemption_timer_value))
		c.exit |= VMX_MASK(exit_save_vmx_preemption_timer_value);
	if (vmx_can(VMX_CTL_primary_use_msr_bitmaps))
		c.primary |= VMX_MASK(primary_use_msr_bitmaps);
	for (unsigned i = 0; i < sizeof(offered) / sizeof(offered[0]); i++)
		if (vmx_can(offered[i].ctl))
			c.secondary |= offered[i].mask;
	if (vmx_has_vpid())
		c.secondary |= VMX_MASK(secondary_enable_vpid);
	if (vmx_eptp(0) && !want->no_slat)
		c.secondary |= VMX_MASK(secondary_enable_ept);
	if (c.secondary)
		c.primary |= VMX_MASK(primary_activate_secondary_controls);
	if (c.tertiary)
		c.primary |= VMX_MASK(primary_activate_tertiary_controls);
	return c;
}

static bool controls_adjust(struct controls *c, struct monitor_why *why)
{
	const struct vmx_facts *f = &vmx.facts;
	uint64_t secondary = 0, tertiary = 0;
	bool ok = vmx_facts_adjust(f, VMX_SET_pin_based, c->pin, &c->pin, why) &&
		  vmx_facts_adjust(f, VMX_SET_primary, c->primary, &c->primary, why) &&
		  vmx_facts_adjust(f, VMX_SET_exit, c->exit, &c->exit, why) &&
		  vmx_facts_adjust(f, VMX_SET_entry, c->entry, &c->entry, why) &&
		  (!c->secondary || vmx_facts_adjust(f, VMX_SET_secondary, c->secondary, &secondary, why)) &&
		  (!c->tertiary || vmx_facts_adjust(f, VMX_SET_tertiary, c->tertiary, &tertiary, why));

	c->secondary = secondary;
	c->tertiary = tertiary;
	return ok;
}

static void put_controls(struct filler *f, const struct controls *c, const struct vcpu_want *want)
{
	put(f, VMCS_PIN_BASED_VM_EXEC_CONTROL, c->pin);
	put(f, VMCS_CPU_BASED_VM_EXEC_CONTROL, c->primary);
	put(f, VMCS_VM_EXIT_CONTROLS, c->exit);
	put(f, VMCS_VM_ENTRY_CONTROLS, c->entry);
	if (c->primary & VMX_MASK(primary_activate_secondary_controls))
		put(f, VMCS_SECONDARY_VM_EXEC_CONTROL, c->secondary);
	if (c->primary & VMX_MASK(primary_activate_tertiary_controls))
		put(f, VMCS_TERTIARY_VM_EXEC_CONTROL, c->tertiary);

	put(f, VMCS_EXCEPTION_BITMAP, (uint32_t)~want->to_guest);
	put(f, VMCS_PAGE_FAULT_ERROR_CODE_MASK, 0);
	put(f, VMCS_PAGE_FAULT_ERROR_CODE_MATCH, 0);
	put(f, VMCS_CR3_TARGET_COUNT, 0);
	put(f, VMCS_CR0_GUEST_HOST_MASK, 0);
	put(f, VMCS_CR4_GUEST_HOST_MASK, 0);
	put(f, VMCS_CR0_READ_SHADOW, 0);
	put(f, VMCS_CR4_READ_SHADOW, 0);
	put(f, VMCS_TSC_OFFSET, 0);
	put(f, VMCS_VM_EXIT_MSR_STORE_COUNT, 0);
	put(f, VMCS_VM_EXIT_MSR_LOAD_COUNT, 0);
	put(f, VMCS_VM_ENTRY_MSR_LOAD_COUNT, 0);
	put(f, VMCS_VM_EXIT_MSR_STORE_ADDR, vmx_page_phys(VMX_PAGE_EXIT_STORE_MSRS));
	put(f, VMCS_VM_EXIT_MSR_LOAD_ADDR, vmx_page_phys(VMX_PAGE_EXIT_LOAD_MSRS));
	put(f, VMCS_VM_ENTRY_MSR_LOAD_ADDR, vmx_page_phys(VMX_PAGE_ENTRY_MSRS));
	put(f, VMCS_VM_ENTRY_INTR_INFO_FIELD, 0);
	put(f, VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, 0);
	put(f, VMCS_VM_ENTRY_INSTRUCTION_LEN, 0);
}

/* A page whose field exists where (control) may be 1, and which is looked at when it is. */
static const struct {
	enum vmx_ctl ctl;
	enum vmcs_field field;
	enum vmx_page page;
} pages[] = {
	{ VMX_CTL_primary_use_msr_bitmaps, VMCS_MSR_BITMAP, VMX_PAGE_MSR_BITMAP },
	{ VMX_CTL_primary_use_i_o_bitmaps, VMCS_IO_BITMAP_A, VMX_PAGE_IO_BITMAP_A },
	{ VMX_CTL_primary_use_i_o_bitmaps, VMCS_IO_BITMAP_B, VMX_PAGE_IO_BITMAP_B },
	{ VMX_CTL_primary_use_tpr_shadow, VMCS_VIRTUAL_APIC_PAGE_ADDR, VMX_PAGE_VIRTUAL_APIC },
	{ VMX_CTL_secondary_virtualize_apic_accesses, VMCS_APIC_ACCESS_ADDR, VMX_PAGE_APIC_ACCESS },
	{ VMX_CTL_pin_based_process_posted_interrupts, VMCS_POSTED_INTR_DESC_ADDR, VMX_PAGE_POSTED },
	{ VMX_CTL_secondary_enable_pml, VMCS_PML_ADDRESS, VMX_PAGE_PML },
	{ VMX_CTL_vmfunc_eptp_switching, VMCS_EPTP_LIST_ADDRESS, VMX_PAGE_EPTP_LIST },
	{ VMX_CTL_secondary_ept_violation_ve, VMCS_VE_INFORMATION_ADDRESS, VMX_PAGE_VE_INFO },
	{ VMX_CTL_secondary_vmcs_shadowing, VMCS_VMREAD_BITMAP, VMX_PAGE_VMREAD_BITMAP },
	{ VMX_CTL_secondary_vmcs_shadowing, VMCS_VMWRITE_BITMAP, VMX_PAGE_VMWRITE_BITMAP },
};

/* Fields that decide something once their control is on, at the value that lets nothing exit. */
static const struct {
	enum vmx_ctl ctl;
	enum vmcs_field field;
	uint64_t value;
} neutral[] = {
	{ VMX_CTL_primary_use_tpr_shadow, VMCS_TPR_THRESHOLD, 0 },
	{ VMX_CTL_secondary_enable_vpid, VMCS_VIRTUAL_PROCESSOR_ID, VMX_VPID },
	{ VMX_CTL_secondary_enable_pml, VMCS_GUEST_PML_INDEX, PML_INDEX_LAST },
	{ VMX_CTL_secondary_enable_vm_functions, VMCS_VM_FUNCTION_CONTROL, 0 },
	{ VMX_CTL_secondary_enable_xsaves_xrstors, VMCS_XSS_EXIT_BITMAP, 0 },
	{ VMX_CTL_secondary_enable_encls_exiting, VMCS_ENCLS_EXITING_BITMAP, 0 },
	{ VMX_CTL_secondary_enable_enclv_exiting, VMCS_ENCLV_EXITING_BITMAP, 0 },
	{ VMX_CTL_secondary_enable_pconfig, VMCS_PCONFIG_EXITING_BITMAP, 0 },
	{ VMX_CTL_secondary_use_tsc_scaling, VMCS_TSC_MULTIPLIER, 1ull << 48 },
	{ VMX_CTL_secondary_virtual_interrupt_delivery, VMCS_GUEST_INTR_STATUS, 0 },
	{ VMX_CTL_secondary_virtual_interrupt_delivery, VMCS_EOI_EXIT_BITMAP0, 0 },
	{ VMX_CTL_secondary_virtual_interrupt_delivery, VMCS_EOI_EXIT_BITMAP1, 0 },
	{ VMX_CTL_secondary_virtual_interrupt_delivery, VMCS_EOI_EXIT_BITMAP2, 0 },
	{ VMX_CTL_secondary_virtual_interrupt_delivery, VMCS_EOI_EXIT_BITMAP3, 0 },
	{ VMX_CTL_secondary_pause_loop_exiting, VMCS_PLE_GAP, 0 },
	{ VMX_CTL_secondary_pause_loop_exiting, VMCS_PLE_WINDOW, 0 },
};

/* That a field is not there although its control may be 1 matters to the row that uses it only. */
static void put_offered(struct filler *f)
{
	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (vmx_can(pages[i].ctl))
			vmx_vmwrite(pages[i].field, vmx_page_phys(pages[i].page));
	for (unsigned i = 0; i < sizeof(neutral) / sizeof(neutral[0]); i++)
		if (vmx_can(neutral[i].ctl))
			vmx_vmwrite(neutral[i].field, neutral[i].value);
	if (vmx.timer)
		put(f, VMCS_VMX_PREEMPTION_TIMER_VALUE, vmx_timer_value(VCPU_WATCHDOG_TICKS));
	if (vmx_eptp(0))
		put(f, VMCS_EPT_POINTER, vmx_eptp(0));
}

/* MSRs that a row may want loaded on the way in or out: both ends get the value that the processor has. */
static const struct {
	uint32_t entry, exit, msr;
	enum vmcs_field guest, host; /* host 0: there is none */
} loaded[] = {
	{ VMX_MASK(entry_load_ia32_pat), VMX_MASK(exit_load_ia32_pat), MSR_PAT, VMCS_GUEST_IA32_PAT,
	  VMCS_HOST_IA32_PAT },
	{ VMX_MASK(entry_load_ia32_efer), VMX_MASK(exit_load_ia32_efer), MSR_EFER, VMCS_GUEST_IA32_EFER,
	  VMCS_HOST_IA32_EFER },
	{ VMX_MASK(entry_load_ia32_perf_global_ctrl), VMX_MASK(exit_load_ia32_perf_global_ctrl),
	  MSR_PERF_GLOBAL_CTRL, VMCS_GUEST_IA32_PERF_GLOBAL_CTRL, VMCS_HOST_IA32_PERF_GLOBAL_CTRL },
	{ VMX_MASK(entry_load_ia32_bndcfgs), 0, MSR_BNDCFGS, VMCS_GUEST_BNDCFGS, 0 },
};

struct msr_value {
	uint32_t msr;
	uint64_t value;
};

static void read_value(void *arg)
{
	struct msr_value *m = arg;

	m->value = msr_read(m->msr);
}

/* An MSR that faults although its control may be set stays 0 here: the entry will say what it thinks of that. */
static void put_loaded(struct filler *f, const struct controls *c)
{
	for (unsigned i = 0; i < sizeof(loaded) / sizeof(loaded[0]); i++) {
		struct msr_value m = { loaded[i].msr, 0 };
		uint32_t vector, error;

		if (!(c->entry & loaded[i].entry) && !(c->exit & loaded[i].exit))
			continue;
		vmx.monitor->host->protect(read_value, &m, &vector, &error);
		if (c->entry & loaded[i].entry)
			put(f, loaded[i].guest, m.value);
		if (c->exit & loaded[i].exit)
			put(f, loaded[i].host, m.value);
	}
}

static void say_refused(const struct filler *f, struct monitor_why *why)
{
	struct text t = TEXT_OF(why->text);

	why->status = "missing-control";
	text_put(&t, "VMWRITE of field ");
	text_hex(&t, f->field);
	text_put(&t, ": ");
	vmx_say_result(&t, f->result, f->error);
}

bool vmx_fill(const struct vcpu_want *want, struct monitor_why *why)
{
	struct controls c = controls_wanted(want);
	struct filler f = { .result = VMX_OK };

	if (!controls_adjust(&c, why))
		return false;
	if (c.secondary & VMX_MASK(secondary_enable_ept) && !vmx_eptp(0)) {
		*why = (struct monitor_why){ "missing-control", "needs EPT with four levels, write-back tables and 2 MiB pages, "
								"which this processor does not have" };
		return false;
	}
	put_states(&f);
	put_controls(&f, &c, want);
	put_offered(&f);
	put_loaded(&f, &c);
	if (f.result == VMX_OK)
		return true;
	say_refused(&f, why);
	return false;
}

/* ---- the fast path ---- */

/* What the event field shows for the one vector that a row wants to exit, 0: none or several. */
static uint32_t expected_event(uint32_t vectors, enum vcpu_fast_kind kind)
{
	const uint32_t software = 1u << 3 | 1u << 4;
	uint32_t vector = (uint32_t)__builtin_ctz(vectors | 1u << 31);
	uint32_t type = vectors & software ? VMX_EVENT_SOFTWARE : VMX_EVENT_HARDWARE;

	if (!vectors || vectors & (vectors - 1))
		return 0;
	/* Of INT1 the processor reports a length, of other causes of #DB it does not. */
	if (vector == VECTOR_DB && kind == VCPU_FAST_SKIP)
		type = VMX_EVENT_INT1;
	return VMX_EVENT_VALID | (vectors & CPU_ERROR_CODE_VECTORS ? VMX_EVENT_ERROR_CODE : 0) | type << 8 | vector;
}

void vmx_choose_stub(struct vcpu *v, bool stamped)
{
	const struct vcpu_fast *fast = &v->want.fast;
	bool event = fast->reason == VMX_REASON_EXCEPTION_NMI;
	uint32_t expected = event ? expected_event(v->want.intercepted, fast->kind) : (uint32_t)fast->reason;
	const void *stub = stamped ? vmx_exit_full_stamped : vmx_exit_full;

	vmx.stamped = stamped;
	if (fast->kind != VCPU_FAST_NONE && !fast->full && (expected || !event))
		stub = vmx_stubs[event][stamped][fast->kind - VCPU_FAST_SKIP];
	vmx_fast_expected = expected;
	vmx_fast_length = fast->length;
	vmx_vmwrite(VMCS_HOST_RIP, (uintptr_t)stub);
}

bool vmx_setup(struct vcpu *v, const struct vcpu_want *want, struct monitor_why *why)
{
	if (!vmx_home()) {
		*why = (struct monitor_why){ "busy", "the monitor's VMCS cannot be made current any more" };
		return false;
	}
	vmx_pages_zero();
	vmx_ept_reset();
	if (!vmx_fill(want, why))
		return false;
	vmx_choose_stub(v, want->fast.stamps);
	return true;
}
