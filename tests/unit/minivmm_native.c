/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engine native and the runner in it: real rows, and rows that crash, hang or are none. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/guest/runner.h"
#include "bench/op.h"
#include "common/interrupt.h"
#include "minivmm/engine.h"
#include "tests/unit/tap.h"

#define TSC_HZ	 2000000000ull /* only budgets depend on it */
#define BUDGET	 (TSC_HZ / 50)
#define FOR_EVER (1ull << 60)

/* What came out of a launch, by row. */
struct got {
	unsigned begin, cold, empty, single, pairs, end;
	uint32_t diff_n;
	uint64_t zero_ticks; /* brackets that took no time at all */
	struct guest_row_end row_end;
	char log[200];
};

static struct got got[GUEST_ROWS_MAX];
static struct guest_row rows[GUEST_ROWS_MAX];
static uint32_t n_rows;
static struct vm_stop stop;
static void (*on_begin)(void);

static unsigned count_values(struct got *g, const struct guest_record *r, const void *payload)
{
	const uint64_t *v = payload;

	for (uint32_t i = 0; i < r->bytes / sizeof(*v); i++)
		g->zero_ticks += v[i] == 0;
	return r->bytes / sizeof(*v);
}

static void got_record(void *ctx, const struct guest_record *r, const void *payload)
{
	struct got *g = &got[r->row];

	(void)ctx;
	switch (r->type) {
	case RECORD_ROW_BEGIN:
		g->begin++;
		if (on_begin)
			on_begin();
		break;
	case RECORD_COLD:
		g->cold += count_values(g, r, payload);
		break;
	case RECORD_EMPTY:
		g->empty += count_values(g, r, payload);
		break;
	case RECORD_SINGLE:
		g->single += count_values(g, r, payload);
		break;
	case RECORD_DIFF:
		g->pairs += count_values(g, r, payload) / 2;
		g->diff_n = r->arg;
		break;
	case RECORD_ROW_END:
		g->end++;
		memcpy(&g->row_end, payload, sizeof(g->row_end));
		break;
	case RECORD_LOG:
		snprintf(g->log, sizeof(g->log), "%.*s", (int)r->bytes, (const char *)payload);
		break;
	}
}

static void add_row(uint32_t op)
{
	rows[n_rows++] = (struct guest_row){
		.op = op,
		.budget = BUDGET,
		.max_samples = 1000,
		.min_samples = 16,
		.arg = { op < n_ops ? ops[op].offset : 0, op < n_ops ? ops[op].length : 0 },
	};
}

static int launch(struct launch *l)
{
	const struct sink s = { .record = got_record };
	const struct engine_config c = { .tsc_hz = TSC_HZ };
	struct engine *en;
	struct err e = { 0 };
	int r = engine_native.open(&en, &c, &e);

	CU_ASSERT_FATAL(r == 0);
	memset(got, 0, sizeof(got));
	if (!l->rows)
		l->rows = rows;
	if (!l->row_count)
		l->row_count = n_rows;
	if (!l->deadline_ms)
		l->deadline_ms = 30000;
	r = engine_native.launch(en, l, &s, &stop, &e);
	CU_ASSERT(r == 0 || e.text[0] != '\0');
	engine_native.close(en);
	return r;
}

/* Wants of rows that a process can run, as bench plans them. */
static bool is_unprivileged(const struct op *op)
{
	return op->level == OP_LEVEL_A || op->wants & OPF_PROCESS;
}

static void test_bodies(void)
{
	for (uint32_t i = 0; i < OP_COUNT; i++) {
		const struct body *b = &bodies[i];

		if (b->level == BODY_R || b->level == BODY_M) {
			CU_ASSERT(!b->start && !b->end);
			continue;
		}
		CU_ASSERT(b->end > b->start && (size_t)(b->end - b->start) % b->copies == 0);
		CU_ASSERT(b->level == (enum body_level)ops[i].level);
		CU_ASSERT((b->flags & OPF_PAGES_2M) == (ops[i].wants & OPF_PAGES_2M));
		CU_ASSERT((unsigned char)*b->end == 0xc3); /* RET: no copies at all */
	}
	/* What their handlers skip. */
	CU_ASSERT(bodies[OP_NANO_PGFAULT].end - bodies[OP_NANO_PGFAULT].start == 2 * BODY_COPIES);
	CU_ASSERT(bodies[OP_NANO_DIVZERO].end - bodies[OP_NANO_DIVZERO].start == 2 * BODY_COPIES);
}

static void arena_fill(void *ctx, unsigned char *mem, uint64_t bytes)
{
	(void)ctx;
	(void)bytes;
	memset(mem + GUEST_ARENA_PHYS, 0, GUEST_ARENA_BYTES);
}

static void test_rows(void)
{
	n_rows = 0;
	for (uint32_t i = 0; i < OP_COUNT; i++)
		if (is_unprivileged(&ops[i]))
			add_row(i);
	CU_ASSERT(launch(&(struct launch){ .cpu = -1, .seed = 1, .prepare = arena_fill }) == 0);
	CU_ASSERT(stop.kind == VM_STOP_EXIT && stop.row == n_rows);
	for (uint32_t i = 0; i < n_rows; i++) {
		const struct got *g = &got[i];
		bool late;

		CU_ASSERT(g->begin == 1 && g->end == 1);
		/* Memory can be late on a busy machine, and 2 MiB pages are the kernel's to give. */
		if (g->cold == 0) {
			CU_ASSERT(ops[rows[i].op].length != 0 && g->log[0] != '\0' && g->single == 0);
			CU_ASSERT(g->row_end.flags & (GUEST_END_UNSUPPORTED | GUEST_END_BUDGET));
			tap_note("%s: %s", ops[rows[i].op].name, g->log);
			continue;
		}
		late = g->row_end.ticks > rows[i].budget;
		CU_ASSERT(g->cold == 1 && g->zero_ticks == 0 && g->single <= 1000);
		CU_ASSERT(g->single >= 16 || (late && g->row_end.flags & GUEST_END_BUDGET));
		CU_ASSERT((g->empty >= 1 && g->pairs >= 1 && g->diff_n >= 1) || late);
		CU_ASSERT(g->row_end.executions >= g->cold + g->single + g->row_end.warmup);
		CU_ASSERT(g->row_end.ticks > 0);
	}
}

static void chain_make(void *ctx, unsigned char *mem, uint64_t bytes)
{
	const struct op *op = ctx;
	const uint64_t nodes = op->length / GUEST_CHAIN_STRIDE;

	(void)bytes;
	for (uint64_t i = 0; i < nodes; i++) {
		uint64_t next = (i + 77773) % nodes * GUEST_CHAIN_STRIDE;

		memcpy(mem + GUEST_ARENA_PHYS + op->offset + i * GUEST_CHAIN_STRIDE, &next,
		       sizeof(next));
	}
}

static void chain_break(void *ctx, unsigned char *mem, uint64_t bytes)
{
	const uint64_t nowhere = 1ull << 62;

	chain_make(ctx, mem, bytes);
	memcpy(mem + GUEST_ARENA_PHYS + ops[OP_MEM_CHASE_4M_4K_U].offset +
		       1000 * 77773ull % 65536 * GUEST_CHAIN_STRIDE,
	       &nowhere, sizeof(nowhere));
}

/* The 1,000th node of the chain leads out of the world: only a walk that goes on gets there. */
static void test_fault(void)
{
	const struct body *b = &bodies[OP_MEM_CHASE_4M_4K_U];

	n_rows = 0;
	add_row(OP_NANO_CALL_RET);
	add_row(OP_MEM_CHASE_4M_4K_U);
	add_row(OP_NANO_CALL_RET);
	CU_ASSERT(launch(&(struct launch){
			  .cpu = -1,
			  .prepare = chain_break,
			  .prepare_ctx = (void *)(uintptr_t)&ops[OP_MEM_CHASE_4M_4K_U] }) == 0);
	CU_ASSERT(stop.kind == VM_STOP_FAULT && stop.row == 1);
	CU_ASSERT(strstr(stop.native, "#GP") != NULL);
	CU_ASSERT(stop.regs.valid && stop.regs.rip >= (uintptr_t)b->start &&
		  stop.regs.rip < (uintptr_t)b->end);
	CU_ASSERT(stop.regs.gpr[7] == 1ull << 62); /* RDI, the node */
	CU_ASSERT(got[0].end == 1 && got[1].begin == 1 && got[1].end == 0 && got[2].begin == 0);
}

static void test_unsupported(void)
{
	n_rows = 0;
	add_row(OP_NANO_CR8WR);
	add_row(OP_COUNT);
	add_row(UINT32_MAX);
	add_row(OP_NANO_CALL_RET);
	rows[3].arg[0] = 16;
	rows[3].arg[1] = GUEST_ARENA_BYTES;
	add_row(OP_NANO_CALL_RET);
	CU_ASSERT(launch(&(struct launch){ .cpu = -1 }) == 0);
	CU_ASSERT(stop.kind == VM_STOP_EXIT);
	for (uint32_t i = 0; i < 4; i++) {
		CU_ASSERT(got[i].end == 1 && got[i].row_end.flags & GUEST_END_UNSUPPORTED);
		CU_ASSERT(got[i].log[0] != '\0' && got[i].cold == 0 && got[i].single == 0);
	}
	CU_ASSERT(got[4].single >= 16);
}

static double seconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

/* A chain that takes its time, with a budget for ever. */
static void row_without_end(void)
{
	n_rows = 0;
	add_row(OP_NANO_CALL_RET);
	add_row(OP_MEM_CHASE_64M_4K_U);
	rows[1].budget = FOR_EVER;
	rows[1].max_samples = rows[1].min_samples = 200000;
}

static void test_late_row(void)
{
	struct timespec start;

	row_without_end();
	clock_gettime(CLOCK_MONOTONIC, &start);
	CU_ASSERT(launch(&(struct launch){
			  .cpu = -1,
			  .row_deadline_ms = 200,
			  .prepare = chain_make,
			  .prepare_ctx = (void *)(uintptr_t)&ops[OP_MEM_CHASE_64M_4K_U] }) == 0);
	CU_ASSERT(stop.kind == VM_STOP_DEADLINE && stop.row == 1 &&
		  strcmp(stop.native, "row deadline") == 0);
	CU_ASSERT(got[0].end == 1 && got[1].begin == 1 && got[1].end == 0);
	CU_ASSERT(seconds_since(&start) < 10);
}

static void test_late_launch(void)
{
	row_without_end();
	CU_ASSERT(launch(&(struct launch){
			  .cpu = -1,
			  .deadline_ms = 300,
			  .prepare = chain_make,
			  .prepare_ctx = (void *)(uintptr_t)&ops[OP_MEM_CHASE_64M_4K_U] }) == 0);
	CU_ASSERT(stop.kind == VM_STOP_DEADLINE && strcmp(stop.native, "launch deadline") == 0);
}

/* The only child there is. */
static pid_t child_find_one(void)
{
	char path[64];
	pid_t pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

static bool killed;

static void kill_child(void)
{
	pid_t pid = child_find_one();

	killed = pid > 0 && kill(pid, SIGKILL) == 0;
}

static void test_killed(void)
{
	row_without_end();
	on_begin = kill_child;
	killed = false;
	CU_ASSERT(launch(&(struct launch){ .cpu = -1, .row_deadline_ms = 2000 }) == 0);
	on_begin = NULL;
	if (!killed) {
		tap_skip("this kernel does not list a task's children");
		return;
	}
	CU_ASSERT(stop.kind == VM_STOP_CARRIER && strcmp(stop.native, "signal 9") == 0);
	CU_ASSERT(stop.text[0] != '\0' && stop.row < 2);
}

static void test_refused(void)
{
	n_rows = 0;
	add_row(OP_NANO_CALL_RET);
	/* 64 bytes of an ELF file are no program. */
	CU_ASSERT(launch(&(struct launch){ .cpu = -1, .image = guest_image, .image_bytes = 64 }) == 0);
	CU_ASSERT(stop.kind == VM_STOP_CARRIER && strcmp(stop.native, "execve") == 0);
	CU_ASSERT(launch(&(struct launch){ .cpu = -1, .row_count = GUEST_ROWS_MAX + 1 }) == -EINVAL);
	CU_ASSERT(launch(&(struct launch){ .cpu = -1, .mem_bytes = 0x200000 }) == -EINVAL);
	CU_ASSERT(launch(&(struct launch){ .cpu = 1000000 }) < 0);
	CU_ASSERT(child_find_one() == 0);
}

static void interrupt_me(void)
{
	raise(SIGINT);
}

/* Last: the wish to stop stays. */
static void test_interrupted(void)
{
	row_without_end();
	interrupt_install();
	on_begin = interrupt_me;
	CU_ASSERT(launch(&(struct launch){
			  .cpu = -1,
			  .prepare = chain_make,
			  .prepare_ctx = (void *)(uintptr_t)&ops[OP_MEM_CHASE_64M_4K_U] }) == 0);
	on_begin = NULL;
	CU_ASSERT(stop.kind == VM_STOP_INTERRUPTED);
	CU_ASSERT(child_find_one() == 0);
}

static const struct tap_test tests[] = {
	{ "every body is made of equal copies and ends with RET", test_bodies },
	{ "every unprivileged operation yields its samples", test_rows },
	{ "a chain is walked on, and a fault in it costs its row, with registers", test_fault },
	{ "what a process cannot do is an end with a reason", test_unsupported },
	{ "a row that never ends is stopped at its deadline", test_late_row },
	{ "a launch that never ends is stopped at its deadline", test_late_launch },
	{ "a runner that is killed is told from one that is done", test_killed },
	{ "a launch that cannot be is refused, no child is left", test_refused },
	{ "an interrupt ends the launch", test_interrupted },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("native", tests);
}
