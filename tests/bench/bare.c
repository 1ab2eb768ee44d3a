/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/bare.h"

#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "minivmm/guest_abi.h"

/* Identity map of the first GiB in 2 MiB pages, at 0x1000. */
static void paging(unsigned char *mem)
{
	uint64_t *pt = (uint64_t *)(mem + 0x1000);

	pt[0] = 0x2003;
	pt[512] = 0x3003;
	for (uint64_t i = 0; i < 512; i++)
		pt[1024 + i] = i << 21 | 0x83;
}

static int long_mode(int vcpu)
{
	struct kvm_segment code = { .limit = ~0u, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1 };
	struct kvm_segment data = { .limit = ~0u, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1 };
	struct kvm_regs regs = { .rip = BARE_CODE_PHYS, .rflags = 2 };
	struct kvm_sregs s;

	if (ioctl(vcpu, KVM_GET_SREGS, &s) < 0)
		return -1;
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cr0 = 0x80010033;
	s.cr3 = 0x1000;
	s.cr4 = 0x20;
	s.efer = 0x500;
	return ioctl(vcpu, KVM_SET_SREGS, &s) < 0 || ioctl(vcpu, KVM_SET_REGS, &regs) < 0 ? -1 : 0;
}

static int loop(int vcpu, struct kvm_run *run, void (*mark)(void *ctx), void *ctx)
{
	for (;;) {
		if (ioctl(vcpu, KVM_RUN, 0) < 0)
			return -1;
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			if (run->io.port == GUEST_PORT_EXIT)
				return 0;
			if (run->io.port == GUEST_PORT_CONSOLE)
				mark(ctx);
			break;
		default:
			return -1;
		}
	}
}

int bare_run(int kvm_fd, const struct kvm_cpuid2 *cpuid, size_t mem_bytes, const void *code, size_t bytes,
	     void (*mark)(void *ctx), void *ctx)
{
	unsigned char *mem = mmap(NULL, mem_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				  -1, 0);
	struct kvm_userspace_memory_region slot = { .memory_size = mem_bytes, .userspace_addr = (uintptr_t)mem };
	int run_bytes = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0), vm = ioctl(kvm_fd, KVM_CREATE_VM, 0), vcpu = -1;
	struct kvm_run *run = MAP_FAILED;
	int rc = -1;

	if (mem == MAP_FAILED || run_bytes < 0 || vm < 0)
		goto out;
	paging(mem);
	memcpy(mem + BARE_CODE_PHYS, code, bytes);
	if (ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000ul) < 0 || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		goto out;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		goto out;
	run = mmap(NULL, (size_t)run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run != MAP_FAILED && (!cpuid || ioctl(vcpu, KVM_SET_CPUID2, cpuid) == 0) && long_mode(vcpu) == 0)
		rc = loop(vcpu, run, mark, ctx);
out:
	if (run != MAP_FAILED)
		munmap(run, (size_t)run_bytes);
	if (vcpu >= 0)
		close(vcpu);
	if (vm >= 0)
		close(vm);
	if (mem != MAP_FAILED)
		munmap(mem, mem_bytes);
	return rc;
}
