/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvm.h - the parts of the mini VMM on the KVM API. Only minivmm/kvm/, its unit tests and tests/bench/ include this;
 * everybody else sees the engine through engine.h.
 *
 * KVM API: Documentation/virt/kvm/api.rst. One VM, one vCPU, one thread.
 */
#ifndef VTSCOPE_MINIVMM_KVM_KVM_H
#define VTSCOPE_MINIVMM_KVM_KVM_H

#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/err.h"
#include "minivmm/carrier.h"
#include "minivmm/engine.h"

/* ---- kvm_vm.c: the VM and its memory ---- */

struct kvm_memory {
	unsigned char *base;	/* host address of guest-physical 0, 2 MiB aligned */
	uint64_t bytes;
	void *map;		/* what munmap gets */
	size_t map_bytes;
};

/*
 * Zeroed memory of (bytes), a multiple of 2 MiB below GUEST_MMIO_PHYS. (huge): ask for transparent huge pages, as
 * VMMs do for a guest that lives longer than it takes to clear them. -EINVAL or -ENOMEM.
 */
int kvm_memory_map(struct kvm_memory *m, uint64_t bytes, bool huge, struct err *e);
void kvm_memory_unmap(struct kvm_memory *m);

/* Host address of guest-physical [gpa, gpa + len), or NULL when any byte of it is outside the memory. */
void *kvm_memory_at(const struct kvm_memory *m, uint64_t gpa, uint64_t len);

/* A VM with (m) at guest-physical 0; (irqchip): with the in-kernel PICs, IOAPIC and LAPIC. Its fd or -errno. */
int kvm_vm_create(int kvm_fd, const struct kvm_memory *m, bool irqchip, struct err *e);

/* ---- kvm_vcpu.c: the vCPU, in long mode ---- */

struct kvm_vcpu {
	int fd;
	struct kvm_run *run;	/* shared with the kernel */
	size_t run_bytes;
};

/* The CPUID table that the guest will see: KVM_GET_SUPPORTED_CPUID and the hypervisor bit. Caller frees. */
int kvm_cpuid_supported(int kvm_fd, struct kvm_cpuid2 **out, struct err *e);
bool kvm_cpuid_has_rdtscp(const struct kvm_cpuid2 *c);

/* Creates vCPU 0 of (vm_fd); (run_bytes) from KVM_GET_VCPU_MMAP_SIZE. Afterwards kvm_vcpu_destroy() is safe. */
int kvm_vcpu_create(struct kvm_vcpu *v, int vm_fd, size_t run_bytes, struct err *e);
void kvm_vcpu_destroy(struct kvm_vcpu *v);

/*
 * The state that guest_abi.h promises at (entry): long mode, CPL 0, the boot mapping, written to guest memory at
 * GUEST_BOOT_PT_PHYS. -EINVAL when the memory does not reach that far.
 */
int kvm_vcpu_setup(const struct kvm_vcpu *v, const struct kvm_memory *m, const struct kvm_cpuid2 *cpuid,
		   uint64_t entry, struct err *e);

/* regs->valid says whether they could be read. */
void kvm_vcpu_regs(const struct kvm_vcpu *v, struct vm_regs *regs);

/* ---- kvm_stats.c: KVM's binary statistics ---- */

enum kvm_stat { KVM_STAT_EXITS, KVM_STAT_IO_EXITS, KVM_STAT_MMIO_EXITS, KVM_STAT_INSN_EMULATION, KVM_STAT_IRQ_EXITS,
		KVM_STAT_COUNT };

/* Where each counter lies in the statistics file; 0: this kernel does not have it. */
struct kvm_stats_map {
	uint64_t at[KVM_STAT_COUNT];
};

/*
 * Finds the counters by name in the leading (bytes) of a statistics file: header, id and descriptors. -EBADMSG with
 * what is wrong when any length, offset or name in it does not hold.
 */
int kvm_stats_parse(const void *blob, size_t bytes, struct kvm_stats_map *out, struct err *e);

struct kvm_stats {
	int fd;			/* -1: no statistics here */
	struct kvm_stats_map map;
};

/* The statistics of one vCPU. Never fails: without them fd is -1. */
void kvm_stats_open(struct kvm_stats *s, int vcpu_fd);
void kvm_stats_close(struct kvm_stats *s);
bool kvm_stats_has(const struct kvm_stats *s, enum kvm_stat which);
/* Fills all but user_exits; 0 where unknown. */
void kvm_stats_read(const struct kvm_stats *s, struct engine_counters *c);

/* ---- kvm_tick.c: coming back from a guest that does not exit ---- */

/*
 * A periodic timer signal to the calling thread whose handler sets immediate_exit in the run page: KVM_RUN returns
 * EINTR at the next tick, whether the signal came before, in or after it (api.rst, "immediate_exit"). Deadlines and
 * the user's interrupt are looked at then. One launch at a time in a process.
 */
struct kvm_tick {
	timer_t timer;
	bool armed;
	struct sigaction old_action;
	sigset_t old_mask;
};

int kvm_tick_start(struct kvm_tick *t, struct kvm_run *run, unsigned period_ms, struct err *e);
void kvm_tick_stop(struct kvm_tick *t);

/* ---- kvm_loop.c: the exit loop ---- */

struct kvm_loop {
	struct kvm_run *run;
	size_t run_bytes;
	int vcpu_fd;
	uint64_t user_exits;		/* exits that came to this loop */
	const struct kvm_memory *mem;
	const struct launch *launch;
	const struct sink *sink;
	struct record_gate gate;	/* between the ring and (sink) */
	const struct kvm_stats *stats;
	struct vm_stop *stop;
	uint64_t start_ns;		/* CLOCK_MONOTONIC at launch */
};

/* Runs the guest until (lp->stop) is filled. */
void kvm_loop_run(struct kvm_loop *lp);

/* Handles the one exit in lp->run. True: enter the guest again; false: lp->stop is filled. */
bool kvm_loop_handle(struct kvm_loop *lp);

/* KVM_RUN came back without an exit, with errno (code). True: enter the guest again; false: lp->stop is filled. */
bool kvm_loop_interrupted(struct kvm_loop *lp, int code);

/* Counters of this moment, as a sink gets them. */
void kvm_loop_counters(const struct kvm_loop *lp, struct engine_counters *c);

uint64_t kvm_now_ns(void);


#endif
