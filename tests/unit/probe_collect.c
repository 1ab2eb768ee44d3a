/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collectors on this machine, whatever it is: what they leave behind, and what they
 * may not leave out.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/x86/facts.h"
#include "common/cpulist.h"
#include "probe/collect.h"
#include "probe/verdict.h"
#include "tests/unit/tap.h"

static void collect(struct snapshot *s, bool run_guest)
{
	const struct collect_options o = { .run_guest = run_guest };
	struct err e;

	snapshot_init(s);
	CU_ASSERT_FATAL(collect_live(s, &o, &e) == 0);
}

static void test_restores(void)
{
	cpu_set_t before, after;
	sigset_t mask_before = { 0 }, mask_after = { 0 };
	struct snapshot s;

	CU_ASSERT_FATAL(sched_getaffinity(0, sizeof(before), &before) == 0);
	sigprocmask(SIG_SETMASK, NULL, &mask_before);
	collect(&s, true);
	CU_ASSERT(sched_getaffinity(0, sizeof(after), &after) == 0);
	sigprocmask(SIG_SETMASK, NULL, &mask_after);
	CU_ASSERT(CPU_EQUAL(&before, &after));
	CU_ASSERT(memcmp(&mask_before, &mask_after, sizeof(mask_before)) == 0);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		struct sigaction now;

		CU_ASSERT(sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
	}
	snapshot_free(&s);
}

/* Every online CPU was swept, or there is a record of why not. */
static void test_every_cpu(void)
{
	struct cpulist online;
	struct snapshot s;
	const char *text;

	collect(&s, false);
	text = snapshot_text(&s, SNAP_TEXT, "/sys/devices/system/cpu/online");
	if (!text || cpulist_parse(&online, text)) {
		tap_skip("no list of online CPUs");
		snapshot_free(&s);
		return;
	}
	for (size_t i = 0; i < online.n; i++) {
		char pin[32];

		snprintf(pin, sizeof(pin), "pin.%u", online.cpu[i]);
		CU_ASSERT(snapshot_cpuid(&s, online.cpu[i], 1, 0) ||
			  snapshot_named(&s, SNAP_SYS, pin));
	}
	cpulist_free(&online);
	snapshot_free(&s);
}

/* Hypervisor leaves are read behind the hypervisor bit only. */
static void test_hypervisor_leaves(void)
{
	struct snapshot s;
	const struct snap_record *leaf1;

	collect(&s, false);
	leaf1 = snapshot_cpuid(&s, -1, 1, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(leaf1);
	CU_ASSERT(cpuid_bit_in(CPUID_hypervisor, leaf1->regs) ==
		  (snapshot_cpuid(&s, -1, 0x40000000, 0) != NULL));
	snapshot_free(&s);
}

/* Each step at /dev/kvm is there up to the one that failed; without the wish no guest runs. */
static void test_kvm_steps(void)
{
	struct snapshot s;
	const struct snap_record *open, *vm;

	collect(&s, false);
	open = snapshot_kvm(&s, "open", 0);
	vm = snapshot_kvm(&s, "create_vm", 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(open);
	CU_ASSERT(!open->err || !vm);
	CU_ASSERT_PTR_NULL(snapshot_kvm(&s, "run", 0));
	snapshot_free(&s);
	collect(&s, true);
	vm = snapshot_kvm(&s, "create_vm", 0);
	CU_ASSERT(!vm || vm->err || snapshot_kvm(&s, "run", 0) ||
		  snapshot_kvm(&s, "create_vcpu", 0) || snapshot_kvm(&s, "memory", 0));
	snapshot_free(&s);
}

/* The trial has a deadline of its own; a probe that takes longer hangs. */
static void test_time(void)
{
	struct timespec from, to;
	struct snapshot s;

	clock_gettime(CLOCK_MONOTONIC, &from);
	collect(&s, true);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CU_ASSERT(to.tv_sec - from.tv_sec < 20);
	snapshot_free(&s);
}

static const struct tap_test tests[] = {
	{ "affinity, signal mask and handlers are what they were", test_restores },
	{ "every online CPU is swept", test_every_cpu },
	{ "hypervisor leaves stand behind the hypervisor bit", test_hypervisor_leaves },
	{ "every step at /dev/kvm is recorded", test_kvm_steps },
	{ "collecting ends", test_time },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("collect", tests);
}
