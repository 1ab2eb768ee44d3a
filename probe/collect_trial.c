/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trial guest: long mode, a sum through memory, one port write, halt. It proves what
 * no other answer does: that an instruction of a guest is executed here.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "probe/collect_private.h"

#define DEADLINE_S 2
#define EXITS_MAX 64 /* interrupted entries and the like; the guest itself causes two exits */

/* Guest-physical layout, 64 KiB in all. */
enum {
	MEM_SIZE = 0x10000,
	PML4 = 0x1000,
	PDPT = 0x2000,
	PD = 0x3000,
	CODE = 0x4000,
	STACK = 0x8000,
	RESULT = 0x9000
};

#define TERM_A 0x1234u
#define TERM_B 0x4321u
#define PORT 0x5654u

static const unsigned char code[] = {
	0xb8, 0x34, 0x12, 0x00, 0x00,			/* mov $TERM_A, %eax */
	0x50,						/* push %rax */
	0x5b,						/* pop %rbx */
	0x81, 0xc3, 0x21, 0x43, 0x00, 0x00,		/* add $TERM_B, %ebx */
	0x89, 0x1c, 0x25, 0x00, 0x90, 0x00, 0x00,	/* mov %ebx, RESULT */
	0x8b, 0x04, 0x25, 0x00, 0x90, 0x00, 0x00,	/* mov RESULT, %eax */
	0x66, 0xba, 0x54, 0x56,				/* mov $PORT, %dx */
	0xef,						/* out %eax, %dx */
	0xf4,						/* hlt */
};

struct trial {
	unsigned char *mem;	/* MEM_SIZE */
	struct kvm_run *run;
	size_t run_size;
	int vcpu;
	timer_t timer;
	struct sigaction before;
	sigset_t mask_before;
};

/* Long mode needs page tables: 2 MiB mapped one to one. */
static void write_memory(unsigned char *mem)
{
	const uint64_t table = 3, large = 0x83;	/* present, writable; and one page of 2 MiB */
	uint64_t entry;

	entry = PDPT | table;
	memcpy(mem + PML4, &entry, sizeof(entry));
	entry = PD | table;
	memcpy(mem + PDPT, &entry, sizeof(entry));
	memcpy(mem + PD, &large, sizeof(large));
	memcpy(mem + CODE, code, sizeof(code));
}

static int set_registers(int vcpu)
{
	struct kvm_sregs s;
	struct kvm_regs r = { .rip = CODE, .rsp = STACK, .rflags = 2 };
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 0x10, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1
	};

	if (ioctl(vcpu, KVM_GET_SREGS, &s))
		return -errno;
	s.cs = (struct kvm_segment){
		.limit = 0xffffffff, .selector = 0x8, .type = 11, .present = 1, .l = 1, .s = 1, .g = 1
	};
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cr0 = 0x80050033;	/* PG AM WP NE ET MP PE */
	s.cr3 = PML4;
	s.cr4 = 0x20;		/* PAE */
	s.efer = 0x500;		/* LME LMA */
	if (ioctl(vcpu, KVM_SET_SREGS, &s) || ioctl(vcpu, KVM_SET_REGS, &r))
		return -errno;
	return 0;
}

/*
 * KVM_RUN returns at once, or does not begin, while immediate_exit is set: no race with
 * the timer.
 */
static void stop_guest(int sig, siginfo_t *info, void *context)
{
	struct kvm_run *run = info->si_value.sival_ptr;

	(void)sig;
	(void)context;
	if (info->si_code == SI_TIMER && run)
		run->immediate_exit = 1;
}

static int arm_deadline(struct trial *t)
{
	int sig = SIGRTMIN + 3;
	struct sigaction action = { .sa_sigaction = stop_guest, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = sig,
				  .sigev_value.sival_ptr = t->run };
	struct itimerspec when = { .it_value.tv_sec = DEADLINE_S };
	sigset_t set;

	event._sigev_un._tid = syscall(SYS_gettid);
	sigemptyset(&set);
	sigaddset(&set, sig);
	if (sigaction(sig, &action, &t->before))
		return -errno;
	if (timer_create(CLOCK_MONOTONIC, &event, &t->timer)) {
		int err = errno;

		sigaction(sig, &t->before, NULL);
		return -err;
	}
	pthread_sigmask(SIG_UNBLOCK, &set, &t->mask_before);
	timer_settime(t->timer, 0, &when, NULL);
	return 0;
}

static void disarm_deadline(struct trial *t)
{
	timer_delete(t->timer);
	pthread_sigmask(SIG_SETMASK, &t->mask_before, NULL);
	sigaction(SIGRTMIN + 3, &t->before, NULL);
}

/*
 * Runs until the port write. 0 and the guest's sum in (value), or -errno: ETIME when it
 * was late, EPROTO when it did something else than it was told to, EIO when the processor
 * refused to enter it.
 */
static int run_guest(struct trial *t, uint64_t *value, uint32_t *reason)
{
	uint32_t stored, sum;

	for (int i = 0; i < EXITS_MAX; i++) {
		int rc = ioctl(t->vcpu, KVM_RUN, 0ul);

		if (t->run->immediate_exit)
			return -ETIME;
		if (rc && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (rc)
			continue;
		*reason = t->run->exit_reason;
		if (*reason == KVM_EXIT_INTR)
			continue;
		if (*reason == KVM_EXIT_FAIL_ENTRY || *reason == KVM_EXIT_INTERNAL_ERROR)
			return -EIO;
		if (*reason != KVM_EXIT_IO || t->run->io.port != PORT || t->run->io.size != 4 ||
		    t->run->io.data_offset > t->run_size - sizeof(sum))
			return -EPROTO;
		memcpy(&sum, (char *)t->run + t->run->io.data_offset, sizeof(sum));
		memcpy(&stored, t->mem + RESULT, sizeof(stored));
		*value = sum;
		return sum == TERM_A + TERM_B && stored == sum ? 0 : -EPROTO;
	}
	return -ETIME;
}

static int run_vcpu(struct snapshot *s, struct trial *t)
{
	uint64_t value = 0;
	uint32_t reason = 0;
	int rc = set_registers(t->vcpu);

	if (rc)
		return snapshot_add_kvm(s, "run", 0, -rc, 0);
	rc = arm_deadline(t);
	if (!rc) {
		rc = run_guest(t, &value, &reason);
		disarm_deadline(t);
	}
	if (snapshot_add_kvm(s, "run", 0, -rc, value))
		return -ENOMEM;
	return snapshot_add_kvm(s, "exit_reason", 0, 0, reason);
}

static int create_vcpu(struct snapshot *s, struct trial *t, int kvm, int vm)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = MEM_SIZE, .userspace_addr = (uintptr_t)t->mem };
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul), rc;

	if (size < (int)sizeof(struct kvm_run))
		return snapshot_add_kvm(s, "create_vcpu", 0, size < 0 ? errno : EPROTO, 0);
	t->run_size = size;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return snapshot_add_kvm(s, "memory", 0, errno, 0);
	t->vcpu = ioctl(vm, KVM_CREATE_VCPU, 0ul);
	rc = snapshot_add_kvm(s, "create_vcpu", 0, t->vcpu < 0 ? errno : 0, 1);
	if (t->vcpu < 0 || rc)
		return rc;
	t->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, t->vcpu, 0);
	if (t->run == MAP_FAILED) {
		rc = snapshot_add_kvm(s, "run", 0, errno, 0);
	} else {
		rc = run_vcpu(s, t);
		munmap(t->run, t->run_size);
	}
	close(t->vcpu);
	return rc;
}

int collect_trial(struct snapshot *s, int kvm, int vm)
{
	struct trial t = { .vcpu = -1 };
	int rc;

	t.mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t.mem == MAP_FAILED)
		return snapshot_add_kvm(s, "memory", 0, errno, 0);
	write_memory(t.mem);
	rc = create_vcpu(s, &t, kvm, vm);
	munmap(t.mem, MEM_SIZE);
	return rc;
}
