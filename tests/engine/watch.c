/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/engine/watch.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench/op.h"
#include "tests/unit/tap.h"

static void seen_values(struct seen *s, const struct guest_record *r, const uint64_t *v)
{
	uint32_t n = r->bytes / 8;

	if (r->type == RECORD_SINGLE) {
		s->samples[r->row] += n;
		for (uint32_t i = 0; i < n; i++) {
			s->zeros += v[i] == 0;
			if (!s->fastest[r->row] || v[i] < s->fastest[r->row])
				s->fastest[r->row] = v[i];
		}
	}
	if (r->type == RECORD_EMPTY)
		s->empties[r->row] += n;
	if (r->type == RECORD_DIFF)
		s->diffs[r->row] += n / 2;
}

/* The allowed CPU of a task, or -1 when it is not exactly one. */
static int task_cpu(const char *task)
{
	char path[300], line[256];
	int cpu = -1, end;
	FILE *f;

	snprintf(path, sizeof(path), "%s/status", task);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Cpus_allowed_list:", 18) == 0 && sscanf(line + 18, "%d%n", &cpu, &end) == 1 &&
		    line[18 + end] != '\n')
			cpu = -1;
	if (f)
		fclose(f);
	return cpu;
}

/* Of this process's one child, every thread; without a child, of this thread. */
static int carrier_cpu(void)
{
	char path[64], name[320];
	int pid = 0, cpu = -2;
	struct dirent *d;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	if (!pid)
		return task_cpu("/proc/thread-self");
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		int one;

		if (d->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
		one = task_cpu(name);
		cpu = cpu == -2 || cpu == one ? one : -1;
	}
	if (dir)
		closedir(dir);
	return cpu;
}

static void seen_record(void *ctx, const struct guest_record *r, const void *payload)
{
	struct seen *s = ctx;

	if (r->row >= s->rows) {
		s->disordered = true;
		return;
	}
	if (r->type == RECORD_ROW_BEGIN) {
		s->disordered |= s->open != s->rows || s->done[r->row];
		s->open = r->row;
		s->begun++;
		if (!s->doorbells)
			s->host_begin = __rdtsc();
		s->carrier_cpu = carrier_cpu();
		return;
	}
	s->disordered |= s->open != r->row;
	if (r->type == RECORD_ROW_END) {
		const struct guest_row_end *end = payload;

		s->host_ticks = __rdtsc() - s->host_begin;
		s->ticks[r->row] = end->ticks;
		s->flags[r->row] = end->flags;
		s->done[r->row] = 1;
		s->ended++;
		s->open = s->rows;
		return;
	}
	seen_values(s, r, payload);
}

static void seen_counters(void *ctx, uint32_t row, bool begin, const struct engine_counters *c)
{
	struct seen *s = ctx;

	(void)row;
	(void)c;
	s->doorbells = true;
	if (begin)
		s->host_begin = __rdtsc();
}

/* One cycle over all nodes, with long steps; (broken), if not 0, is a node that leads out of all memory. */
static void chain_make(unsigned char *mem, const char *name, uint32_t broken)
{
	const struct op *op = op_find(name);
	unsigned char *piece = mem + GUEST_ARENA_PHYS + op->offset;
	uint32_t n = op->length / GUEST_CHAIN_STRIDE;	/* a power of two: any odd step visits all */

	for (uint32_t i = 0; i < n; i++) {
		uint64_t next = (uint64_t)((i + (n / 8 * 5 | 1)) % n) * GUEST_CHAIN_STRIDE;

		if (broken && i == broken)
			next = 0x4000000000000000ull;	/* not canonical from anywhere */
		memcpy(piece + (uint64_t)i * GUEST_CHAIN_STRIDE, &next, sizeof(next));
	}
}

static void seen_prepare(void *ctx, unsigned char *mem, uint64_t mem_bytes)
{
	struct seen *s = ctx;

	s->prepared++;
	s->prepared_bytes = mem_bytes;
	s->image_there = memcmp(mem + GUEST_IMAGE_PHYS, "\0\0\0\0\0\0\0\0", 8) != 0;
	chain_make(mem, SHORT_CHAIN ".u", s->break_chain);
	if (s->long_chain)
		chain_make(mem, LONG_CHAIN ".u", 0);
}

struct guest_row row_of(const char *name)
{
	const struct op *op = op_find(name);

	return (struct guest_row){
		.op = (uint32_t)(op - ops), .budget = BUDGET, .max_samples = 200, .min_samples = 8,
		.arg = { op->offset, op->length },
	};
}

struct guest_row user_row(void)
{
	return row_of("cpu.alu.u");
}

struct launch launch_of(const struct guest_row *rows, uint32_t n, struct seen *s)
{
	*s = (struct seen){ .rows = n, .open = n, .carrier_cpu = -2 };
	return (struct launch){
		.rows = rows, .row_count = n, .cpu = -1, .seed = 1, .deadline_ms = LAUNCH_MS,
		.prepare = seen_prepare, .prepare_ctx = s,
	};
}

int launch_run(const struct engine_ops *o, struct engine *engine, const struct launch *l, struct seen *s,
	       struct vm_stop *stop)
{
	const struct sink sink = { .ctx = s, .record = seen_record, .counters = seen_counters };
	struct err e = { 0 };
	int rc;

	memset(stop, 0xa5, sizeof(*stop));
	rc = o->launch(engine, l, &sink, stop, &e);
	if (rc < 0)
		tap_note("%s", e.text);
	else if (stop->kind != VM_STOP_EXIT)
		tap_note("%s, %s: %s, row %u", vm_stop_name(stop->kind), stop->native, stop->text, stop->row);
	return rc;
}

struct guest_row busy_row(void)
{
	struct guest_row row = row_of("mem.copy.u");

	row.budget = 1000000000;
	row.max_samples = 20000000;
	return row;
}

struct guest_row endless_row(void)
{
	struct guest_row row = row_of(LONG_CHAIN ".u");

	row.budget = 1ull << 40;
	row.max_samples = 20000000;
	row.min_samples = 20000000;
	return row;
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
