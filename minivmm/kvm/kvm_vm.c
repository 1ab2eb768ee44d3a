/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/kvm/kvm.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_BYTES	0x200000ull
#define MEM_MAX		0xc0000000ull	/* below the PCI hole, where GUEST_MMIO_PHYS lies */

/* Three pages that Intel processors without unrestricted guest need (KVM_SET_TSS_ADDR), out of everybody's way. */
#define TSS_PHYS	0xfffbd000ull

int kvm_memory_map(struct kvm_memory *m, uint64_t bytes, bool huge, struct err *e)
{
	uintptr_t start;

	memset(m, 0, sizeof(*m));
	if (bytes == 0 || bytes % HUGE_BYTES || bytes > MEM_MAX)
		return err_set(e, EINVAL, "guest memory of %" PRIu64 " bytes: a multiple of 2 MiB up to 3 GiB is possible",
			       bytes);
	m->map_bytes = bytes + HUGE_BYTES;
	m->map = mmap(NULL, m->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->map == MAP_FAILED) {
		int code = errno;

		memset(m, 0, sizeof(*m));
		return err_set(e, code, "no memory for a guest of %" PRIu64 " MiB: %s", bytes >> 20, strerror(code));
	}
	/* Aligned as the guest's 2 MiB pages are, so that the host may back them with huge pages. */
	start = ((uintptr_t)m->map + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1);
	m->base = (unsigned char *)start;
	m->bytes = bytes;
	if (huge)
		(void)madvise(m->base, m->bytes, MADV_HUGEPAGE);	/* a wish: what came of it is read back */
	return 0;
}

void kvm_memory_unmap(struct kvm_memory *m)
{
	if (m->map)
		munmap(m->map, m->map_bytes);
	memset(m, 0, sizeof(*m));
}

void *kvm_memory_at(const struct kvm_memory *m, uint64_t gpa, uint64_t len)
{
	if (len > m->bytes || gpa > m->bytes - len)
		return NULL;
	return m->base + gpa;
}

int kvm_vm_create(int kvm_fd, const struct kvm_memory *m, bool irqchip, struct err *e)
{
	struct kvm_userspace_memory_region slot = {
		.memory_size = m->bytes,
		.userspace_addr = (uintptr_t)m->base,
	};
	const char *step = "KVM_CREATE_VM";
	int fd, code;

	do
		fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	while (fd < 0 && errno == EINTR);	/* creation waits for RCU and may be interrupted */
	if (fd < 0)
		return err_set(e, errno, "%s: %s", step, strerror(errno));
	step = "KVM_SET_TSS_ADDR";
	if (ioctl(fd, KVM_SET_TSS_ADDR, TSS_PHYS) < 0 && errno != ENXIO && errno != EINVAL && errno != ENOTTY)
		goto fail;
	step = "KVM_CREATE_IRQCHIP";
	if (irqchip && ioctl(fd, KVM_CREATE_IRQCHIP, 0) < 0)
		goto fail;
	step = "KVM_SET_USER_MEMORY_REGION";
	if (ioctl(fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		goto fail;
	return fd;
fail:
	code = errno;
	close(fd);
	return err_set(e, code, "%s: %s", step, strerror(code));
}
