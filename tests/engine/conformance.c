/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every engine owes its callers. Built once an engine, with CONFORMANCE_ENGINE its name; an engine that this
 * machine lacks is skipped with the reason, one that is there and does not open is a failure.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/op.h"
#include "common/interrupt.h"
#include "probe/collect.h"
#include "tests/engine/watch.h"
#include "tests/unit/tap.h"

static const struct engine_ops *ops_of_engine;
static struct engine *engine;
static const struct engine_info *info;
static char missing[200];	/* why there is no engine here */

/* ---- is it here? ---- */

static struct snapshot machine;
static struct verdict verdict;

static bool is_here(void)
{
	const struct collect_options options = { .run_guest = true };
	const struct findings *f = &verdict.findings;
	struct err e = { 0 };

	snapshot_init(&machine);
	CU_ASSERT_EQUAL_FATAL(collect_live(&machine, &options, &e), 0);
	CU_ASSERT_EQUAL_FATAL(verdict_make(&verdict, &machine), 0);
	for (const char *const *need = ops_of_engine->needs; *need; need++) {
		const struct finding *found = finding_of(f, *need);

		CU_ASSERT_PTR_NOT_NULL_FATAL(found);	/* needs name rows of the table of checks */
		if (found->answer != ANSWER_YES) {
			snprintf(missing, sizeof(missing), "%s: %s", *need, answer_name(found->answer));
			return false;
		}
	}
	return true;
}

static bool skipped(void)
{
	if (engine)
		return false;
	tap_skip("%s", missing[0] ? missing : "the engine did not open");
	return true;
}

static bool is_guest(void)
{
	return info->offers & ENGINE_RING0;
}

static void test_open(void)
{
	const struct engine_config config = {
		.via = "auto", .verdict = &verdict, .snapshot = &machine, .tsc_hz = TSC_HZ,
	};
	struct err e = { 0 };
	int rc;

	ops_of_engine = engine_find(CONFORMANCE_ENGINE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ops_of_engine);
	if (!is_here()) {
		tap_skip("%s", missing);
		return;
	}
	rc = ops_of_engine->open(&engine, &config, &e);
	if (rc < 0)
		tap_note("%s", e.text);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	info = ops_of_engine->info(engine);
	tap_note("backend %s, %s, CPU %s", info->backend, provenance_name(info->provenance), info->cpu_model);
	CU_ASSERT(info->backend[0] && info->cpu_model[0]);
	CU_ASSERT_STRING_EQUAL(info->clock, "tsc");
	CU_ASSERT_STRING_EQUAL(info->via, "process");
}

static int run(const struct launch *l, struct seen *s, struct vm_stop *stop)
{
	return launch_run(ops_of_engine, engine, l, s, stop);
}

/* ---- rows ---- */

static bool is_representative(const struct op *op)
{
	/* The long chains are the short one with more memory. */
	if (strstr(op->name, ".4m.") || strstr(op->name, ".64m."))
		return false;
	if (!is_guest())
		return op->level == OP_LEVEL_A || op->wants & OPF_PROCESS;
	return !((op->wants & 0xff) & ~info->offers);
}

/*
 * An operation that is too slow for this budget says so; any other has what was asked for, but differences only
 * where the budget had time for them.
 */
static bool row_is_whole(const struct seen *s, uint32_t i)
{
	if (s->flags[i] & GUEST_END_UNSUPPORTED)
		return false;
	if (s->flags[i] & GUEST_END_BUDGET)
		return true;
	return s->samples[i] >= 8 && s->empties[i] >= 8 && (s->diffs[i] >= 3 || s->ticks[i] > BUDGET / 2);
}

static void rows_check(const struct seen *s, const struct guest_row *rows)
{
	bool whole = true;

	CU_ASSERT_FALSE(s->disordered);
	CU_ASSERT_EQUAL(s->zeros, 0);
	for (uint32_t i = 0; i < s->ended; i++) {
		if (row_is_whole(s, i))
			continue;
		tap_note("%s: %u samples, %u empty, %u differences, %llu ticks, flags 0x%x", ops[rows[i].op].name,
			 s->samples[i], s->empties[i], s->diffs[i], (unsigned long long)s->ticks[i], s->flags[i]);
		whole = false;
	}
	CU_ASSERT(whole);
}

/* Launches again with what remains, as bench does. How many rows were lost. */
static uint32_t rows_run(const struct guest_row *rows, uint32_t n, bool irqchip)
{
	struct vm_stop stop;
	struct launch l;
	struct seen s;
	uint32_t lost = 0;

	for (uint32_t first = 0; first < n; first += stop.row + 1) {
		l = launch_of(rows + first, n - first, &s);
		l.row_deadline_ms = 2000;
		l.irqchip = irqchip;
		CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
		rows_check(&s, rows + first);
		if (stop.kind == VM_STOP_EXIT) {
			CU_ASSERT_EQUAL(s.ended, n - first);
			break;
		}
		CU_ASSERT(stop.kind == VM_STOP_FAULT || stop.kind == VM_STOP_DEADLINE ||
			  stop.kind == VM_STOP_SHUTDOWN);
		CU_ASSERT_EQUAL_FATAL(stop.row, s.ended);
		tap_note("%s is lost", ops[rows[first + stop.row].op].name);
		lost++;
	}
	return lost;
}

static uint32_t rows_choose(struct guest_row *rows, unsigned wants, unsigned wanted)
{
	uint32_t n = 0;

	for (size_t i = 0; i < n_ops; i++)
		if (is_representative(&ops[i]) && (ops[i].wants & wants) == wanted)
			rows[n++] = row_of(ops[i].name);
	return n;
}

static void test_rows(void)
{
	struct guest_row rows[GUEST_ROWS_MAX];
	uint32_t n, lost;

	if (skipped())
		return;
	/* With an in-kernel interrupt controller HLT does not come back: that is a launch of its own. */
	n = rows_choose(rows, ENGINE_KERNEL_PIO, 0);
	CU_ASSERT(n > 4);
	lost = rows_run(rows, n, false);
	n = rows_choose(rows, ENGINE_KERNEL_PIO, ENGINE_KERNEL_PIO);
	lost += rows_run(rows, n, true);
	/* kvm_pvm loses SYSCALL and VMMCALL; nothing is known to lose more. */
	CU_ASSERT(lost <= 2);
}

/* What it offers as handled in the kernel is not handled in user space after all. */
static void test_kernel_pio(void)
{
	struct guest_row rows[2];
	struct vm_stop stop;
	struct launch l;
	struct seen s;

	if (skipped())
		return;
	if (!(info->offers & ENGINE_KERNEL_PIO)) {
		tap_skip("%s", engine_offer_reason(ENGINE_KERNEL_PIO));
		return;
	}
	rows[0] = row_of("exit.pio.kernel");
	rows[1] = row_of("exit.pio-in.user");
	l = launch_of(rows, 2, &s);
	l.irqchip = true;
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL(s.ended, 2);
	tap_note("%llu ticks in the kernel, %llu in user space", (unsigned long long)s.fastest[0],
		 (unsigned long long)s.fastest[1]);
	CU_ASSERT(s.fastest[0] < s.fastest[1]);
}

static void test_row_ticks(void)
{
	struct guest_row row = { 0 };
	struct vm_stop stop;
	struct launch l;
	struct seen s;

	if (skipped())
		return;
	row = busy_row();
	l = launch_of(&row, 1, &s);
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL_FATAL(s.ended, 1);
	tap_note("%llu ticks in the runner, %llu outside", (unsigned long long)s.ticks[0],
		 (unsigned long long)s.host_ticks);
	/* Outside is a poller, which on a loaded machine is late at either end; a clock of another rate is far off. */
	CU_ASSERT(s.ticks[0] > 200000000);
	CU_ASSERT(s.ticks[0] < s.host_ticks + s.host_ticks / 4 + 150000000);
	CU_ASSERT(s.host_ticks < s.ticks[0] + s.ticks[0] / 4 + 400000000);
}

static void test_unknown_row(void)
{
	struct guest_row rows[2];
	struct vm_stop stop;
	struct launch l;
	struct seen s;

	if (skipped())
		return;
	rows[0] = rows[1] = user_row();
	rows[0].op = 0xfffffff0;
	l = launch_of(rows, 2, &s);
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_EXIT);
	CU_ASSERT_EQUAL(s.ended, 2);
	CU_ASSERT(s.flags[0] & GUEST_END_UNSUPPORTED);
	CU_ASSERT(row_is_whole(&s, 1));
}

static void test_faulting_row(void)
{
	struct guest_row rows[3];
	struct vm_stop stop;
	struct launch l;
	struct seen s;

	if (skipped())
		return;
	rows[0] = rows[2] = user_row();
	rows[1] = row_of(is_guest() ? SHORT_CHAIN ".k" : SHORT_CHAIN ".u");
	l = launch_of(rows, 3, &s);
	s.break_chain = 100;
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_FAULT);
	CU_ASSERT_EQUAL(stop.row, 1);
	CU_ASSERT(stop.regs.valid && stop.regs.rip != 0);
	CU_ASSERT(stop.native[0] && stop.text[0]);
	CU_ASSERT(s.done[0] && !s.done[1] && !s.done[2]);
	/* With the rest it goes on. */
	l = launch_of(rows + 2, 1, &s);
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_EXIT);
	CU_ASSERT(row_is_whole(&s, 0));
}

static void test_late_row(void)
{
	struct guest_row rows[2];
	struct vm_stop stop;
	struct launch l;
	struct seen s;
	uint64_t start;

	if (skipped())
		return;
	rows[0] = user_row();
	rows[1] = endless_row();
	l = launch_of(rows, 2, &s);
	s.long_chain = true;
	l.row_deadline_ms = 60;
	start = now_ms();
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_DEADLINE);
	CU_ASSERT_EQUAL(stop.row, 1);
	CU_ASSERT(s.done[0] && !s.done[1]);
	CU_ASSERT(now_ms() - start < 20000);
	CU_ASSERT(!is_guest() || stop.regs.valid);
}

static void test_late_launch(void)
{
	struct guest_row row = { 0 };
	struct vm_stop stop;
	struct launch l;
	struct seen s;
	uint64_t start;

	if (skipped())
		return;
	row = endless_row();
	l = launch_of(&row, 1, &s);
	s.long_chain = true;
	l.deadline_ms = 60;
	start = now_ms();
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_DEADLINE);
	CU_ASSERT(now_ms() - start >= 60 && now_ms() - start < 20000);
}

/* ---- around them ---- */

static void test_prepare(void)
{
	struct guest_row row = { 0 };
	struct vm_stop stop;
	struct launch l;
	struct seen s;

	if (skipped())
		return;
	row = user_row();
	l = launch_of(&row, 1, &s);
	l.mem_bytes = GUEST_MEM_BYTES + (32u << 20);
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_EXIT);
	CU_ASSERT_EQUAL(s.prepared, 1);
	CU_ASSERT_EQUAL(s.prepared_bytes, l.mem_bytes);
	CU_ASSERT(s.image_there || !is_guest());
}

static void test_pinning(void)
{
	struct guest_row row = { 0 };
	cpu_set_t before, after;
	struct vm_stop stop;
	struct launch l;
	struct seen s;
	int cpu;

	if (skipped())
		return;
	row = busy_row();	/* the poller must meet it alive */
	CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof(before), &before), 0);
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &before); cpu--)
		;
	l = launch_of(&row, 1, &s);
	l.cpu = cpu;
	CU_ASSERT_EQUAL_FATAL(run(&l, &s, &stop), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_EXIT);
	CU_ASSERT_EQUAL(s.carrier_cpu, cpu);
	CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof(after), &after), 0);
	CU_ASSERT(CPU_EQUAL(&before, &after));

	l = launch_of(&row, 1, &s);
	l.cpu = 100000;
	CU_ASSERT(run(&l, &s, &stop) < 0);
	CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof(after), &after), 0);
	CU_ASSERT(CPU_EQUAL(&before, &after));
}

/* Runs in a child: whether the user has asked to stop is known to the whole process, for good. */
static int interrupted_launch(void)
{
	const struct itimerval soon = { .it_value.tv_usec = 300000 };
	struct guest_row row = endless_row();
	struct vm_stop stop;
	struct launch l;
	struct seen s;

	interrupt_install();
	signal(SIGALRM, SIG_DFL);
	if (fork() == 0) {
		/* An itimer would only kill: the signal a user sends is SIGINT. */
		nanosleep(&(struct timespec){ .tv_nsec = soon.it_value.tv_usec * 1000 }, NULL);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	l = launch_of(&row, 1, &s);
	s.long_chain = true;
	return run(&l, &s, &stop) == 0 && stop.kind == VM_STOP_INTERRUPTED ? 0 : 1;
}

static void test_interrupt(void)
{
	uint64_t start = now_ms();
	int status = -1;
	pid_t pid;

	if (skipped())
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(interrupted_launch());
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CU_ASSERT(now_ms() - start < 10000);
}

static unsigned entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static bool has_children(void)
{
	return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

static void test_leaks(void)
{
	static const char *const places[] = { "/proc/self/fd", "/proc/self/task", "/dev/shm" };
	unsigned before[3], after[3];
	struct guest_row rows[2];
	struct vm_stop stop;
	struct launch l;
	struct seen s;

	if (skipped())
		return;
	rows[0] = user_row();
	rows[1] = endless_row();
	for (int i = 0; i < 3; i++)
		before[i] = entries(places[i]);
	for (int i = 0; i < 10; i++) {
		l = launch_of(rows, 1 + i % 2, &s);
		s.long_chain = true;
		l.row_deadline_ms = i % 2 ? 20 : 0;	/* every other one is killed */
		if (i == 4)
			l.mem_bytes = 12345;
		if (i == 8)
			l.cpu = 100000;
		run(&l, &s, &stop);
		CU_ASSERT_FALSE(has_children());
	}
	for (int i = 0; i < 3; i++)
		after[i] = entries(places[i]);
	CU_ASSERT_EQUAL(before[0], after[0]);
	CU_ASSERT_EQUAL(before[1], after[1]);
	CU_ASSERT(after[2] < before[2] + 6);	/* which others use as well */
}

static int refuse(const void *image, size_t bytes, uint64_t mem_bytes)
{
	const struct sink none = { 0 };
	const struct launch l = { .image = image, .image_bytes = bytes, .mem_bytes = mem_bytes, .cpu = -1,
				  .deadline_ms = 5000 };
	struct err e = { 0 };
	struct vm_stop stop;
	int rc = ops_of_engine->launch(engine, &l, &none, &stop, &e);

	CU_ASSERT(rc == 0 || (e.code == -rc && e.text[0]));
	return rc;
}

static void test_bad_image(void)
{
	size_t whole = (size_t)(guest_image_end - guest_image);
	unsigned char *copy;

	if (skipped())
		return;
	copy = malloc(whole);
	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, guest_image, whole);
	CU_ASSERT(refuse(copy, 0, 0) < 0);
	CU_ASSERT(refuse(copy, 63, 0) < 0);
	CU_ASSERT(refuse(copy, whole / 2, 0) < 0);
	CU_ASSERT(refuse("#!/bin/sh\nexit 0\n", 17, 0) < 0);
	CU_ASSERT(refuse(copy, whole, 4097) < 0);
	CU_ASSERT(refuse(copy, whole, 1ull << 50) < 0);
	memset(copy + 24, 0xff, 8);	/* e_entry */
	CU_ASSERT(refuse(copy, whole, 0) < 0);
	free(copy);
}

static void test_no_sink(void)
{
	static const struct sink none;
	struct guest_row row = { 0 };
	struct err e = { 0 };
	struct vm_stop stop;
	struct launch l;
	struct seen s;

	if (skipped())
		return;
	row = user_row();
	l = launch_of(&row, 1, &s);
	l.prepare = NULL;
	CU_ASSERT_EQUAL(ops_of_engine->launch(engine, &l, &none, &stop, &e), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_EXIT);
}

static void test_close(void)
{
	verdict_free(&verdict);
	snapshot_free(&machine);
	if (skipped())
		return;
	ops_of_engine->close(engine);
	engine = NULL;
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "it opens, or says why not", test_open },
		{ "every operation it offers has its records, whole and in order", test_rows },
		{ "what the kernel is to answer, it answers", test_kernel_pio },
		{ "a tick of the runner is a tick of the host", test_row_ticks },
		{ "a row that the runner does not know costs nothing else", test_unknown_row },
		{ "a row that faults costs itself, and tells its registers", test_faulting_row },
		{ "a row that is late is told from the others", test_late_row },
		{ "a launch that is late is ended", test_late_launch },
		{ "memory is prepared once, with the image in it", test_prepare },
		{ "the carrier stays on its CPU, the caller does not", test_pinning },
		{ "an interrupt ends a launch", test_interrupt },
		{ "launch after launch leaves nothing behind", test_leaks },
		{ "an image or a size that makes no sense is refused", test_bad_image },
		{ "nobody needs to listen", test_no_sink },
		{ "it closes", test_close },
		{ 0 },
	};

	return tap_run(CONFORMANCE_ENGINE, tests);
}
