/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bare.h - the yardstick: the least code that runs a guest on /dev/kvm. Only tests/bench/ includes this.
 */
#ifndef VTSCOPE_TESTS_BENCH_BARE_H
#define VTSCOPE_TESTS_BENCH_BARE_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_CODE_PHYS	0x400000

/*
 * Creates a VM on (kvm_fd) with (mem_bytes), runs (code) at BARE_CODE_PHYS in long mode until it writes to
 * GUEST_PORT_EXIT, destroys the VM. (cpuid): what the guest sees; NULL: the vCPU gets no CPUID. Calls (mark) at each
 * write to GUEST_PORT_CONSOLE. 0, or -1 when any step failed.
 */
int bare_run(int kvm_fd, const struct kvm_cpuid2 *cpuid, size_t mem_bytes, const void *code, size_t bytes,
	     void (*mark)(void *ctx), void *ctx);

#endif
