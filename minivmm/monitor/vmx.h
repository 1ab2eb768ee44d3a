/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx.h - VMX for code that measures it: the instructions, the monitor's regions and tables, guests that stamp.
 * minivmm/monitor/ and bench/root/ include this. Freestanding, VMX root operation only.
 *
 * After monitor_open() and after vcpu_setup() the monitor's own VMCS is current. A row may make any other current, or
 * clear this one, if it calls vmx_home() and vcpu_setup() behind it.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_VMX_H
#define VTSCOPE_MINIVMM_MONITOR_VMX_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm/monitor/monitor.h"
#include "minivmm/monitor/vmx_facts.h"

#pragma GCC visibility push(hidden)

/* VMCS_GUEST_RIP ...: encodings. */
enum vmcs_field {
#define VMCS_FIELD(encoding, name, width, type, gate) VMCS_##name = (encoding),
#include "arch/x86/vmcs.def"
#undef VMCS_FIELD
};

/* ---- instructions (SDM volume 3, chapter 31) ---- */

enum vmx_result {
	VMX_OK,
	VMX_FAIL_INVALID,	/* CF: there is no current VMCS */
	VMX_FAIL_VALID,		/* ZF: the VM-instruction error field says why */
};

#define VMX_RESULT(cf, zf) ((cf) ? VMX_FAIL_INVALID : (zf) ? VMX_FAIL_VALID : VMX_OK)

/* Physical addresses. */
static inline enum vmx_result vmx_vmxon(uint64_t region)
{
	bool cf, zf;

	__asm__ volatile("vmxon %2" : "=@ccc"(cf), "=@ccz"(zf) : "m"(region) : "memory");
	return VMX_RESULT(cf, zf);
}

static inline enum vmx_result vmx_vmxoff(void)
{
	bool cf, zf;

	__asm__ volatile("vmxoff" : "=@ccc"(cf), "=@ccz"(zf) : : "memory");
	return VMX_RESULT(cf, zf);
}

static inline enum vmx_result vmx_vmclear(uint64_t region)
{
	bool cf, zf;

	__asm__ volatile("vmclear %2" : "=@ccc"(cf), "=@ccz"(zf) : "m"(region) : "memory");
	return VMX_RESULT(cf, zf);
}

static inline enum vmx_result vmx_vmptrld(uint64_t region)
{
	bool cf, zf;

	__asm__ volatile("vmptrld %2" : "=@ccc"(cf), "=@ccz"(zf) : "m"(region) : "memory");
	return VMX_RESULT(cf, zf);
}

static inline enum vmx_result vmx_vmptrst(uint64_t *region)
{
	bool cf, zf;

	__asm__ volatile("vmptrst %2" : "=@ccc"(cf), "=@ccz"(zf), "=m"(*region) : : "memory");
	return VMX_RESULT(cf, zf);
}

static inline enum vmx_result vmx_vmread(uint64_t field, uint64_t *value)
{
	bool cf, zf;
	uint64_t v = 0;

	__asm__ volatile("vmread %3, %2" : "=@ccc"(cf), "=@ccz"(zf), "+r"(v) : "r"(field));
	*value = v;
	return VMX_RESULT(cf, zf);
}

static inline enum vmx_result vmx_vmwrite(uint64_t field, uint64_t value)
{
	bool cf, zf;

	__asm__ volatile("vmwrite %2, %3" : "=@ccc"(cf), "=@ccz"(zf) : "r"(value), "r"(field) : "memory");
	return VMX_RESULT(cf, zf);
}

/* Of a field that every processor has. */
static inline uint64_t vmx_field(uint64_t field)
{
	uint64_t v;

	vmx_vmread(field, &v);
	return v;
}

struct vmx_descriptor {
	uint64_t eptp_or_vpid, address;
};

static inline enum vmx_result vmx_invept(uint64_t type, const struct vmx_descriptor *d)
{
	bool cf, zf;

	__asm__ volatile("invept %2, %3" : "=@ccc"(cf), "=@ccz"(zf) : "m"(*d), "r"(type) : "memory");
	return VMX_RESULT(cf, zf);
}

static inline enum vmx_result vmx_invvpid(uint64_t type, const struct vmx_descriptor *d)
{
	bool cf, zf;

	__asm__ volatile("invvpid %2, %3" : "=@ccc"(cf), "=@ccz"(zf) : "m"(*d), "r"(type) : "memory");
	return VMX_RESULT(cf, zf);
}

/* The manual's words for a VM-instruction error number, never NULL. */
const char *vmx_error_name(uint32_t error);

/* ---- what the processor has ---- */

/* As monitor_open() found it. */
const struct vmx_facts *vmx_facts(void);
/* May (ctl) be 1, is the capability there? */
bool vmx_can(enum vmx_ctl ctl);
/* False, and (why) says "needs secondary control enable_ept, which this processor does not have". */
bool vmx_need(enum vmx_ctl ctl, struct monitor_why *why);

/* ---- regions ---- */

/* The VMXON region and the monitor's own VMCS, physical. */
uint64_t vmx_on_region(void);
uint64_t vmx_home_region(void);
/*
 * VMCSs for rows to play with: VMX_POOL pages, physical address of (n). All carry the revision, but nothing else:
 * never loaded, until a row did.
 */
#define VMX_POOL 65
uint64_t vmx_pool(unsigned n);
/*
 * Back from anything, VMXOFF included, to VMX operation with the monitor's own VMCS current, cleared and blank: call
 * vcpu_setup() for a guest. False: the processor refuses.
 */
bool vmx_home(void);

/*
 * Everything that vcpu_setup() writes, into the VMCS that is current: any of the pool can get a complete guest. The
 * monitor runs its own only; enter others with vmx_trip().
 */
bool vmx_fill(const struct vcpu_want *want, struct monitor_why *why);

/* ---- tables ---- */

/* One page each, zeroed by vcpu_setup(). Use: write here, put vmx_page_phys() into the field. */
enum vmx_page {
	VMX_PAGE_MSR_BITMAP,	/* in use by default: nothing exits */
	VMX_PAGE_IO_BITMAP_A, VMX_PAGE_IO_BITMAP_B,
	VMX_PAGE_VIRTUAL_APIC, VMX_PAGE_APIC_ACCESS, VMX_PAGE_POSTED,
	VMX_PAGE_PML, VMX_PAGE_EPTP_LIST, VMX_PAGE_VE_INFO,
	VMX_PAGE_VMREAD_BITMAP, VMX_PAGE_VMWRITE_BITMAP,
	VMX_PAGE_ENTRY_MSRS, VMX_PAGE_EXIT_STORE_MSRS, VMX_PAGE_EXIT_LOAD_MSRS,
	VMX_PAGE_DATA,		/* for a row's accesses: in RAM, nobody else's */
	VMX_PAGE_SPARE,
	VMX_PAGES
};
void *vmx_page(enum vmx_page page);
uint64_t vmx_page_phys(enum vmx_page page);

struct vmx_msr_entry {
	uint32_t msr, reserved;
	uint64_t value;
};

/* ---- EPT ---- */

#define EPT_READ	0x001ull
#define EPT_WRITE	0x002ull
#define EPT_EXECUTE	0x004ull
#define EPT_RWX		0x007ull
#define EPT_UC		0x000ull
#define EPT_WB		0x030ull
#define EPT_LARGE	0x080ull
#define EPT_ACCESSED	0x100ull
#define EPT_DIRTY	0x200ull
#define EPTP_ACCESSED_DIRTY 0x40ull	/* of the EPTP: the processor sets the two above; PML wants it */

/* Value of the EPTP field: 0 is the monitor's, 1 another hierarchy with the same identity map. 0: no EPT here. */
uint64_t vmx_eptp(unsigned which);
/*
 * The entry of the 4 KiB page at (phys), in hierarchy (which); 2 MiB pages are split on the way. NULL: no EPT, not in
 * the first 4 GiB, or too many were split. Change it, call vmx_ept_flush(). vcpu_setup() puts everything back.
 */
volatile uint64_t *vmx_ept_entry(unsigned which, uint64_t phys);
/* INVEPT of both, by the widest type there is. */
void vmx_ept_flush(void);
/* Is there a VPID, and a way to flush what it names? All guests that have one have the same. */
bool vmx_has_vpid(void);
/* INVVPID of the guest's VPID. vcpu_call() does it: the host's INVLPG does not reach the guest's translations. */
void vmx_vpid_flush(void);

#pragma GCC visibility pop
#endif
