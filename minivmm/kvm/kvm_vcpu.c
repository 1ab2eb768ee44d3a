/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/kvm/kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CPUID_ENTRIES_FIRST	128
#define CPUID_ENTRIES_MAX	4096

#define CPUID_1_ECX_HYPERVISOR	(1u << 31)
#define CPUID_80000001_EDX_RDTSCP (1u << 27)

#define CR0_PE		(1ull << 0)
#define CR0_MP		(1ull << 1)
#define CR0_ET		(1ull << 4)
#define CR0_NE		(1ull << 5)
#define CR0_WP		(1ull << 16)
#define CR0_PG		(1ull << 31)
#define CR0_BOOT	(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG)
#define CR4_PAE		(1ull << 5)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define RFLAGS_FIXED	(1ull << 1)

#define PTE_P		(1ull << 0)
#define PTE_W		(1ull << 1)
#define PDE_PS		(1ull << 7)
#define PAGE_BYTES	4096u
#define PT_ENTRIES	512u

#define SEG_CODE_RX_A	11	/* type: execute/read, accessed (SDM vol. 3, table 3-1) */
#define SEG_DATA_RW_A	3
#define SEG_TSS_BUSY	11	/* 64-bit TSS, busy (SDM vol. 3, table 3-2) */
#define SEG_LDT		2

int kvm_cpuid_supported(int kvm_fd, struct kvm_cpuid2 **out, struct err *e)
{
	struct kvm_cpuid2 *c;
	uint32_t n;

	for (n = CPUID_ENTRIES_FIRST; n <= CPUID_ENTRIES_MAX; n *= 2) {
		c = calloc(1, sizeof(*c) + n * sizeof(c->entries[0]));
		if (!c)
			return err_set(e, ENOMEM, "no memory for %u CPUID entries", n);
		c->nent = n;
		if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, c) == 0)
			break;
		free(c);
		if (errno != E2BIG)
			return err_set(e, errno, "KVM_GET_SUPPORTED_CPUID: %s", strerror(errno));
	}
	if (n > CPUID_ENTRIES_MAX)
		return err_set(e, E2BIG, "KVM_GET_SUPPORTED_CPUID wants more than %u entries", CPUID_ENTRIES_MAX);
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == 1)
			c->entries[i].ecx |= CPUID_1_ECX_HYPERVISOR;
	*out = c;
	return 0;
}

bool kvm_cpuid_has_rdtscp(const struct kvm_cpuid2 *c)
{
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000001)
			return c->entries[i].edx & CPUID_80000001_EDX_RDTSCP;
	return false;
}

int kvm_vcpu_create(struct kvm_vcpu *v, int vm_fd, size_t run_bytes, struct err *e)
{
	void *run;

	*v = (struct kvm_vcpu){ .fd = ioctl(vm_fd, KVM_CREATE_VCPU, 0) };
	if (v->fd < 0)
		return err_set(e, errno, "KVM_CREATE_VCPU: %s", strerror(errno));
	run = mmap(NULL, run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (run == MAP_FAILED)
		return err_set(e, errno, "mmap of the vCPU's run page: %s", strerror(errno));
	v->run = run;
	v->run_bytes = run_bytes;
	return 0;
}

void kvm_vcpu_destroy(struct kvm_vcpu *v)
{
	if (v->run)
		munmap(v->run, v->run_bytes);
	if (v->fd >= 0)
		close(v->fd);
	*v = (struct kvm_vcpu){ .fd = -1 };
}

/* The boot mapping of guest_abi.h: one page directory of 2 MiB pages, reached at linear 0 and at GUEST_VIRT_BASE. */
static int boot_tables_write(const struct kvm_memory *m, struct err *e)
{
	uint64_t *pml4 = kvm_memory_at(m, GUEST_BOOT_PT_PHYS, 3 * PAGE_BYTES);
	uint64_t *pdpt, *pd;

	if (!pml4)
		return err_set(e, EINVAL, "guest memory of %llu KiB has no room for the boot page tables",
			       (unsigned long long)m->bytes >> 10);
	pdpt = pml4 + PT_ENTRIES;
	pd = pdpt + PT_ENTRIES;
	memset(pml4, 0, 3 * PAGE_BYTES);
	pml4[0] = (GUEST_BOOT_PT_PHYS + PAGE_BYTES) | PTE_P | PTE_W;
	pml4[GUEST_VIRT_BASE >> 39 & (PT_ENTRIES - 1)] = pml4[0];
	pdpt[0] = (GUEST_BOOT_PT_PHYS + 2 * PAGE_BYTES) | PTE_P | PTE_W;
	pdpt[GUEST_VIRT_BASE >> 30 & (PT_ENTRIES - 1)] = pdpt[0];
	for (uint64_t i = 0; i < PT_ENTRIES; i++)
		pd[i] = i << 21 | PTE_P | PTE_W | PDE_PS;
	return 0;
}

static void long_mode_sregs(struct kvm_sregs *s)
{
	const struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 0x08, .type = SEG_CODE_RX_A, .present = 1, .s = 1, .l = 1, .g = 1,
	};
	const struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 0x10, .type = SEG_DATA_RW_A, .present = 1, .s = 1, .db = 1, .g = 1,
	};

	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = (struct kvm_segment){ .limit = 0xffff, .type = SEG_TSS_BUSY, .present = 1 };
	s->ldt = (struct kvm_segment){ .limit = 0xffff, .type = SEG_LDT, .unusable = 1 };
	s->gdt = s->idt = (struct kvm_dtable){ 0 };
	s->cr0 = CR0_BOOT;
	s->cr3 = GUEST_BOOT_PT_PHYS;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
}

/*
 * The guest reads the host's TSC, where this backend lets us say so: its stamps and ours are then on one clock.
 * Not having it costs only that.
 */
static void tsc_share(int vcpu_fd)
{
	uint64_t offset = 0;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};

	(void)ioctl(vcpu_fd, KVM_SET_DEVICE_ATTR, &attr);
}

int kvm_vcpu_setup(const struct kvm_vcpu *v, const struct kvm_memory *m, const struct kvm_cpuid2 *cpuid,
		   uint64_t entry, struct err *e)
{
	const struct kvm_regs regs = { .rip = entry, .rflags = RFLAGS_FIXED };
	struct kvm_sregs sregs;
	int rc = boot_tables_write(m, e);

	if (rc < 0)
		return rc;
	if (ioctl(v->fd, KVM_SET_CPUID2, cpuid) < 0)
		return err_set(e, errno, "KVM_SET_CPUID2: %s", strerror(errno));
	if (ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
		return err_set(e, errno, "KVM_GET_SREGS: %s", strerror(errno));
	long_mode_sregs(&sregs);
	if (ioctl(v->fd, KVM_SET_SREGS, &sregs) < 0)
		return err_set(e, errno, "KVM_SET_SREGS: %s", strerror(errno));
	if (ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
		return err_set(e, errno, "KVM_SET_REGS: %s", strerror(errno));
	tsc_share(v->fd);
	return 0;
}

void kvm_vcpu_regs(const struct kvm_vcpu *v, struct vm_regs *out)
{
	struct kvm_regs r;
	struct kvm_sregs s;

	memset(out, 0, sizeof(*out));
	if (ioctl(v->fd, KVM_GET_REGS, &r) < 0 || ioctl(v->fd, KVM_GET_SREGS, &s) < 0)
		return;
	*out = (struct vm_regs){
		.valid = true,
		.gpr = { r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi,
			 r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15 },
		.rip = r.rip, .rflags = r.rflags,
		.cr0 = s.cr0, .cr2 = s.cr2, .cr3 = s.cr3, .cr4 = s.cr4, .efer = s.efer,
	};
}
