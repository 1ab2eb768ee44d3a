/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exits_pages.c - tables of rows that exit by where they reach: nested paging and the virtual APIC. */
#include "bench/root/exits.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/vmx.h"

#define RET		0xc3
#define PAGE_BYTES	4096
#define ADDRESS_TOP	51u		/* the highest bit of an address in an entry */
#define EPT_SPP		(1ull << 61)
#define EPTP_AD		(1ull << 6)
#define PML_FULL	0xffff
#define PML_EMPTY	511

/* Registers of the APIC, and its page. */
#define APIC_TPR	0x080
#define APIC_EOI	0x0b0
#define APIC_SVR	0x0f0
#define SVR_VALUE	0x1ff
#define TPR_HIGH	0xf0

/* ---- nested paging ---- */

/* The entry that maps (phys) in 4 KiB. NULL: (why). */
static volatile uint64_t *entry_of(struct exit_work *w, uint64_t phys)
{
	volatile uint64_t *entry = w->vmx ? vmx_ept_entry(0, phys) : svm_npt_entry(phys);

	if (!entry)
		exit_missing(w, w->vmx ? "secondary control enable_ept" : "nested paging");
	return entry;
}

static void entries_changed(struct exit_work *w)
{
	if (w->vmx)
		vmx_ept_flush();
	else
		svm_changed(w->v);
}

/* The row's page, with (set) and without (clear) in its entry. */
static bool change_entry(struct exit_work *w, uint64_t clear, uint64_t set)
{
	volatile uint64_t *entry = entry_of(w, kernel_phys(exit_page(0)));

	if (!entry)
		return false;
	*entry = (*entry & ~clear) | set;
	entries_changed(w);
	w->run->regs.rsi = (uint64_t)(uintptr_t)exit_page(0);
	return true;
}

bool exit_open_mmio(struct exit_work *w)
{
	volatile uint64_t *entry = entry_of(w, GUEST_MMIO_PHYS);

	if (!entry)
		return false;
	*entry &= ~(w->vmx ? EPT_RWX : SVM_NPT_PRESENT);
	entries_changed(w);
	return true;
}

bool exit_open_not_present(struct exit_work *w)
{
	return change_entry(w, w->vmx ? EPT_RWX : SVM_NPT_PRESENT, 0);
}

bool exit_open_write_protected(struct exit_work *w)
{
	return change_entry(w, w->vmx ? EPT_WRITE : SVM_NPT_WRITABLE, 0);
}

bool exit_open_execute_only(struct exit_work *w)
{
	return vmx_need(VMX_CTL_ept_vpid_execute_only, w->why) && change_entry(w, EPT_READ | EPT_WRITE, 0);
}

bool exit_open_misconfigured(struct exit_work *w)
{
	return change_entry(w, EPT_READ | EPT_EXECUTE, 0);
}

/* More than the processor has of an address; one of these may be what marks a page as encrypted. */
bool exit_open_reserved(struct exit_work *w)
{
	const unsigned first = exit_leaf(0x80000008, 0, 0) & 0xff;
	const unsigned encrypted = exit_leaf(0x8000001f, 0, 0) & 1 ? exit_leaf(0x8000001f, 0, 1) & 0x3f : 0;
	unsigned bit = ADDRESS_TOP;

	if (encrypted && bit == encrypted)
		bit--;
	if (bit < first)
		return exit_missing(w, "a bit of a nested page-table entry that is reserved");
	return change_entry(w, 0, 1ull << bit);
}

/* It lands at the end of the page, and goes on in the next, which returns. */
bool exit_open_no_execute(struct exit_work *w)
{
	exit_page(1)[0] = RET;
	if (!change_entry(w, w->vmx ? EPT_EXECUTE : 0, w->vmx ? 0 : SVM_NPT_NX))
		return false;
	w->run->regs.rsi += PAGE_BYTES - EXIT_CALL_LENGTH;
	return true;
}

/* ---- page-modification logging ---- */

static bool log_is_full;

static void set_log(bool full)
{
	log_is_full = full;
	vmx_vmwrite(VMCS_GUEST_PML_INDEX, full ? PML_FULL : PML_EMPTY);
}

/* The row's page never gets dirty: its store is skipped. All others are, after their first one. */
bool exit_open_pml(struct exit_work *w)
{
	if (!vmx_need(VMX_CTL_ept_vpid_accessed_and_dirty_flags, w->why))
		return false;
	vmx_vmwrite(VMCS_EPT_POINTER, vmx_eptp(0) | EPTP_AD);
	set_log(false);
	return change_entry(w, EPT_DIRTY, 0);
}

/* Full for the one store: Bochs leaves for any store then, dirty or not. */
bool exit_handle_pml(struct exit_work *w)
{
	if (log_is_full ? w->v->reason != w->code || !exit_is_in_body(w) : !exit_is_call(w))
		return false;
	if (log_is_full)
		guest_set(w, GUEST_RIP, guest_get(w, GUEST_RIP) + w->recipe->length);
	else
		exit_skip_call(w);
	set_log(!log_is_full);
	exit_count(w);
	return true;
}

/* Its table is a page of zeros. */
bool exit_open_spp(struct exit_work *w)
{
	vmx_vmwrite(VMCS_SUB_PAGE_PERMISSION_TABLE_POINTER, vmx_page_phys(VMX_PAGE_SPARE));
	return change_entry(w, EPT_WRITE, EPT_SPP);
}

/* ---- the virtual APIC ---- */

/* Through 4 KiB pages on both levels: what lies in a larger one may or may not exit. */
static bool open_apic(struct exit_work *w, uint32_t reg)
{
	uint64_t phys = vmx_page_phys(VMX_PAGE_APIC_ACCESS);

	vmx_ept_entry(0, phys);
	vmx_ept_flush();
	w->run->regs.rsi = exit_window(phys) + reg;
	return true;
}

bool exit_open_apic_access(struct exit_work *w)
{
	return open_apic(w, APIC_SVR);
}

bool exit_open_apic_write(struct exit_work *w)
{
	w->run->regs.rax = SVR_VALUE;
	return open_apic(w, APIC_SVR);
}

/* No interrupt is in service: the vector that ends is 0. */
bool exit_open_eoi(struct exit_work *w)
{
	vmx_vmwrite(VMCS_EOI_EXIT_BITMAP0, 1);
	return exit_apic_open(w) && open_apic(w, APIC_EOI);
}

static void raise_tpr(void)
{
	volatile uint8_t *page = vmx_page(VMX_PAGE_VIRTUAL_APIC);

	page[APIC_TPR] = TPR_HIGH;
}

bool exit_open_tpr(struct exit_work *w)
{
	(void)w;
	raise_tpr();
	vmx_vmwrite(VMCS_TPR_THRESHOLD, 1);
	return true;
}

bool exit_handle_tpr(struct exit_work *w)
{
	if (w->v->reason != w->code)
		return false;
	raise_tpr();
	exit_count(w);
	return true;
}

void exit_close_window(struct exit_work *w)
{
	(void)w;
	exit_window_close();
}
