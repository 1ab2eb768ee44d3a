/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_region.c - VMXON and VMCS regions, and the pages that VMCS fields point to. */
#include "minivmm/monitor/vmx_private.h"

typedef uint32_t region[1024] __attribute__((aligned(4096)));

static region on_region, home_region, pool[VMX_POOL];
static unsigned char pages[VMX_PAGES][4096] __attribute__((aligned(4096)));

uint64_t vmx_phys(const volatile void *p)
{
	return vmx.monitor->host->phys(p);
}

/* Their content is the processor's own but for the first word. */
static void blank(region r)
{
	__builtin_memset(r, 0, sizeof(region));
	r[0] = vmx_facts_revision(&vmx.facts);
}

void vmx_regions_init(void)
{
	blank(on_region);
	blank(home_region);
	for (unsigned i = 0; i < VMX_POOL; i++)
		blank(pool[i]);
}

uint64_t vmx_on_region(void)
{
	return vmx_phys(on_region);
}

uint64_t vmx_home_region(void)
{
	return vmx_phys(home_region);
}

uint64_t vmx_pool(unsigned n)
{
	return vmx_phys(pool[n % VMX_POOL]);
}

uint32_t *vmx_pool_words(unsigned n)
{
	return pool[n % VMX_POOL];
}

/* VMXON where VMX operation goes on already fails with error 15, or invalid: both leave it as it is. */
static void on_again(void *arg)
{
	(void)arg;
	CR_WRITE(0, (CR_READ(0) | vmx.facts.cr0_fixed[0]) & vmx.facts.cr0_fixed[1]);
	CR_WRITE(4, (CR_READ(4) | vmx.facts.cr4_fixed[0]) & vmx.facts.cr4_fixed[1]);
	vmx_vmxon(vmx_on_region());
}

static void load_home(void *arg)
{
	bool *loaded = arg;

	vmx_vmclear(vmx_home_region());
	blank(home_region);
	*loaded = vmx_vmptrld(vmx_home_region()) == VMX_OK;
}

bool vmx_home(void)
{
	const struct monitor_host *host = vmx.monitor->host;
	uint32_t vector, error;
	bool loaded = false;

	vmx.launched = false;
	if (!host->protect(on_again, NULL, &vector, &error) ||
	    !host->protect(load_home, &loaded, &vector, &error))
		return false;
	return loaded;
}

void vmx_pages_zero(void)
{
	__builtin_memset(pages, 0, sizeof(pages));
}

void *vmx_page(enum vmx_page page)
{
	return pages[page];
}

uint64_t vmx_page_phys(enum vmx_page page)
{
	return vmx_phys(pages[page]);
}
