/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_ept.c - the extended page tables: guest-physical is physical, 4 GiB, in 2 MiB pages until a row splits one. And
 * what must be told of changes: INVEPT, INVVPID.
 */
#include "minivmm/monitor/vmx_private.h"

#define GIGABYTES	4u
#define SPLITS		8u
#define FREE		(~0ull)
#define PAGE_2M		0x200000ull
#define VGA_START	0xa0000ull	/* no RAM from here on ... */
#define VGA_END		0x100000ull	/* ... to here */

#define EPTP_WALK_4	(3ull << 3)
#define EPTP_WB		6ull

#define INVEPT_SINGLE	1
#define INVEPT_GLOBAL	2
#define INVVPID_SINGLE	1
#define INVVPID_ALL	2

typedef uint64_t table[512] __attribute__((aligned(4096)));

static struct hierarchy {
	table pml4, pdpt, pd[GIGABYTES], pt[SPLITS];
	uint64_t split_at[SPLITS]; /* which 2 MiB page, in bytes, or FREE */
} hierarchies[2] __attribute__((aligned(4096)));

/* The MTRRs do not reach through EPT: what is not RAM must be uncached here. */
static uint64_t memory_type(uint64_t at)
{
	return at < vmx.monitor->host->ram_bytes && (at < VGA_START || at >= VGA_END) ? EPT_WB : EPT_UC;
}

static uint64_t entry_2m(uint64_t at)
{
	return at | memory_type(at) | EPT_RWX | EPT_LARGE;
}

static void join(struct hierarchy *h, unsigned n)
{
	uint64_t at = h->split_at[n];

	h->pd[at >> 30][at >> 21 & 511] = entry_2m(at);
	h->split_at[n] = FREE;
}

static void build(struct hierarchy *h)
{
	h->pml4[0] = vmx_phys(h->pdpt) | EPT_RWX;
	for (unsigned g = 0; g < GIGABYTES; g++) {
		h->pdpt[g] = vmx_phys(h->pd[g]) | EPT_RWX;
		for (uint64_t i = 0; i < 512; i++)
			h->pd[g][i] = entry_2m((uint64_t)g << 30 | i << 21);
	}
	for (unsigned i = 0; i < SPLITS; i++)
		h->split_at[i] = FREE;
}

static bool has_ept(void)
{
	return vmx_can(VMX_CTL_secondary_enable_ept) && vmx_can(VMX_CTL_ept_vpid_page_walk_4) &&
	       vmx_can(VMX_CTL_ept_vpid_memory_type_wb) && vmx_can(VMX_CTL_ept_vpid_pages_2m);
}

void vmx_ept_init(void)
{
	for (unsigned i = 0; i < 2; i++)
		if (has_ept())
			build(&hierarchies[i]);
	vmx_ept_reset();
}

/* Entries are given out of split pages only: with these whole again everything is as it was built. */
void vmx_ept_reset(void)
{
	if (!has_ept())
		return;
	for (unsigned i = 0; i < 2; i++) {
		struct hierarchy *h = &hierarchies[i];

		for (unsigned n = 0; n < SPLITS; n++)
			if (h->split_at[n] != FREE)
				join(h, n);
		vmx_ept_entry(i, VGA_START);
	}
	vmx_ept_flush();
}

uint64_t vmx_eptp(unsigned which)
{
	if (!has_ept() || which > 1)
		return 0;
	return vmx_phys(hierarchies[which].pml4) | EPTP_WALK_4 | EPTP_WB;
}

static uint64_t *split(struct hierarchy *h, uint64_t first)
{
	uint64_t *pd = &h->pd[first >> 30][first >> 21 & 511];
	unsigned n = 0;

	while (n < SPLITS && h->split_at[n] != FREE)
		n++;
	if (n == SPLITS)
		return NULL;
	h->split_at[n] = first;
	for (uint64_t i = 0; i < 512; i++) {
		uint64_t at = first | i << 12;

		h->pt[n][i] = at | memory_type(at) | EPT_RWX;
	}
	*pd = vmx_phys(h->pt[n]) | EPT_RWX;
	return h->pt[n];
}

volatile uint64_t *vmx_ept_entry(unsigned which, uint64_t phys)
{
	uint64_t first = phys & ~(PAGE_2M - 1);
	struct hierarchy *h = &hierarchies[which & 1];
	uint64_t *pt = NULL;

	if (!has_ept() || phys >> 32)
		return NULL;
	for (unsigned i = 0; i < SPLITS && !pt; i++)
		if (h->split_at[i] == first)
			pt = h->pt[i];
	if (!pt)
		pt = split(h, first);
	return pt ? &pt[phys >> 12 & 511] : NULL;
}

void vmx_ept_flush(void)
{
	struct vmx_descriptor d = { 0, 0 };

	if (!vmx_can(VMX_CTL_ept_vpid_invept))
		return;
	if (vmx_can(VMX_CTL_ept_vpid_all_context_invept)) {
		vmx_invept(INVEPT_GLOBAL, &d);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		d.eptp_or_vpid = vmx_eptp(i);
		vmx_invept(INVEPT_SINGLE, &d);
	}
}

/* A VPID that cannot be flushed is worse than none. */
bool vmx_has_vpid(void)
{
	return vmx_can(VMX_CTL_secondary_enable_vpid) && vmx_can(VMX_CTL_ept_vpid_invvpid) &&
	       (vmx_can(VMX_CTL_ept_vpid_single_context_invvpid) ||
		vmx_can(VMX_CTL_ept_vpid_all_context_invvpid));
}

void vmx_vpid_flush(void)
{
	const struct vmx_descriptor d = { VMX_VPID, 0 };

	if (vmx_has_vpid())
		vmx_invvpid(vmx_can(VMX_CTL_ept_vpid_single_context_invvpid) ? INVVPID_SINGLE : INVVPID_ALL,
			    &d);
}
