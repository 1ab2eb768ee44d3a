/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exits - the kvm engine against the bare program: a port write handled in user space, and the life of a VM.
 *
 *   exits			both ratios, as rows for run.sh; status 77 without a usable /dev/kvm
 *   exits --engine N		one launch of the engine with N port writes, for callgrind
 *
 * The two take turns, so that what disturbs the machine disturbs both.
 */
#include <elf.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench/stats.h"
#include "minivmm/engine.h"
#include "minivmm/kvm/kvm.h"
#include "tests/bench/bare.h"

#define REPEATS		101
#define WRITES		500u
#define LIVES_WARM	3

/* mark; (WRITES) times OUT to GUEST_PORT_IO; mark; exit with 0. */
static const unsigned char code_writes[] = {
	0xba, 0xe9, 0x00, 0x00, 0x00,	/* mov $0xe9, %edx */
	0xee,				/* out %al, %dx */
	0xb9, 0, 0, 0, 0,		/* mov $N, %ecx */
	0xba, 0xf4, 0x02, 0x00, 0x00,	/* mov $0x2f4, %edx */
	0xef,				/* 1: out %eax, %dx */
	0xff, 0xc9,			/* dec %ecx */
	0x75, 0xfb,			/* jnz 1b */
	0xba, 0xe9, 0x00, 0x00, 0x00,	/* mov $0xe9, %edx */
	0xee,				/* out %al, %dx */
	0x31, 0xc0,			/* xor %eax, %eax */
	0xba, 0xf4, 0x00, 0x00, 0x00,	/* mov $0xf4, %edx */
	0xef,				/* out %eax, %dx */
};
#define CODE_COUNT_AT	7
#define CODE_EXIT_AT	27		/* the last three instructions: a guest that only exits */

struct code {
	unsigned char bytes[sizeof(code_writes)];
	size_t n;
};

/* The same bytes as an image that the engine takes. */
struct image {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	unsigned char code[sizeof(code_writes)];
};

struct marks {
	uint64_t at[2];
	unsigned n;
};

static void mark(void *ctx)
{
	struct marks *m = ctx;

	if (m->n < 2)
		m->at[m->n++] = __rdtsc();
}

static void mark_console(void *ctx, const char *bytes, size_t n)
{
	(void)bytes;
	(void)n;
	mark(ctx);
}

static struct code code_make(uint32_t writes)
{
	struct code c = { .n = sizeof(code_writes) };

	memcpy(c.bytes, code_writes, sizeof(code_writes));
	memcpy(c.bytes + CODE_COUNT_AT, &writes, sizeof(writes));
	return c;
}

static struct code code_exit_only(void)
{
	struct code c = { .n = sizeof(code_writes) - CODE_EXIT_AT };

	memcpy(c.bytes, code_writes + CODE_EXIT_AT, c.n);
	return c;
}

static struct image image_make(const struct code *c)
{
	struct image i = {
		.ehdr = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC,
			  .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_entry = GUEST_VIRT_BASE + BARE_CODE_PHYS,
			  .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1 },
		.phdr = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = offsetof(struct image, code),
			  .p_vaddr = GUEST_VIRT_BASE + BARE_CODE_PHYS, .p_paddr = BARE_CODE_PHYS,
			  .p_filesz = c->n, .p_memsz = c->n, .p_align = 1 },
	};

	memcpy(i.code, c->bytes, c->n);
	return i;
}

/* Both sides of the comparison. */
struct contest {
	const struct engine_ops *ops;
	struct engine *engine;
	int kvm_fd;
	struct kvm_cpuid2 *cpuid;
};

static bool engine_run(const struct contest *t, const struct code *c, struct marks *m)
{
	const struct image image = image_make(c);
	const struct launch l = { .image = &image, .image_bytes = sizeof(image), .cpu = -1, .deadline_ms = 60000 };
	const struct sink sink = { .ctx = m, .console = mark_console };
	struct vm_stop stop;
	struct err e;

	m->n = 0;
	if (t->ops->launch(t->engine, &l, &sink, &stop, &e) < 0)
		fprintf(stderr, "exits: %s\n", e.text);
	else if (stop.kind != VM_STOP_EXIT)
		fprintf(stderr, "exits: %s\n", stop.text);
	else
		return true;
	return false;
}

static bool bare(const struct contest *t, bool cpuid, const struct code *c, struct marks *m)
{
	m->n = 0;
	return bare_run(t->kvm_fd, cpuid ? t->cpuid : NULL, GUEST_MEM_BYTES, c->bytes, c->n, mark, m) == 0;
}

/* One row of run.sh: what|value|from|to|limit|unit, the quartiles being those of the pairs' ratios; limit 0: none. */
static void ratio_row(const char *what, double *engine, double *yard, size_t n, double limit)
{
	double pair[REPEATS], me, my;

	for (size_t i = 0; i < n; i++)
		pair[i] = engine[i] / yard[i];
	stats_median(pair, n);	/* sorts */
	me = stats_median(engine, n);
	my = stats_median(yard, n);
	printf("%s (%.0f / %.0f cycles)|%.3f|%.3f|%.3f|%g|x\n", what, me, my, me / my, pair[n / 4],
	       pair[n - 1 - n / 4], limit);
	fflush(stdout);
}

static bool writes_compare(const struct contest *t)
{
	const struct code c = code_make(WRITES);
	double engine[REPEATS], yard[REPEATS];
	struct marks m;

	for (size_t i = 0; i < REPEATS; i++) {
		for (unsigned turn = 0; turn < 2; turn++) {
			bool ours = (turn + i) % 2;

			if (!(ours ? engine_run(t, &c, &m) : bare(t, true, &c, &m)) || m.n != 2)
				return false;
			(ours ? engine : yard)[i] = (double)(m.at[1] - m.at[0]) / WRITES;
		}
	}
	ratio_row("port write to user space: engine / bare loop", engine, yard, REPEATS, 1.05);
	return true;
}

static bool lives_compare(const struct contest *t, bool cpuid, const char *what, double limit)
{
	const struct code c = code_exit_only();
	double engine[REPEATS], yard[REPEATS];
	struct marks m;

	for (size_t i = 0; i < REPEATS + LIVES_WARM; i++) {
		for (unsigned turn = 0; turn < 2; turn++) {
			bool ours = (turn + i) % 2;
			uint64_t start = __rdtsc();

			if (!(ours ? engine_run(t, &c, &m) : bare(t, cpuid, &c, &m)))
				return false;
			if (i >= LIVES_WARM)
				(ours ? engine : yard)[i - LIVES_WARM] = (double)(__rdtsc() - start);
		}
	}
	ratio_row(what, engine, yard, REPEATS, limit);
	return true;
}

static bool compare(const struct contest *t)
{
	return writes_compare(t) &&
	       lives_compare(t, true, "VM create, first exit, destroy: engine / bare", 1.2) &&
	       lives_compare(t, false, "the same, where the bare guest has no CPUID", 0);
}

int main(int argc, char **argv)
{
	const struct engine_config config = { .via = "auto" };
	struct contest t = { .ops = engine_find("kvm") };
	struct marks m;
	struct err e = { .text = "this build has no engine kvm" };
	cpu_set_t one;
	bool ok;

	if (!t.ops || t.ops->open(&t.engine, &config, &e) < 0) {
		fprintf(stderr, "exits: %s\n", e.text);
		return 77;
	}
	t.kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	ok = t.kvm_fd >= 0 && kvm_cpuid_supported(t.kvm_fd, &t.cpuid, &e) == 0;
	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (ok && argc == 3 && strcmp(argv[1], "--engine") == 0) {
		const struct code c = code_make((uint32_t)strtoul(argv[2], NULL, 10));

		ok = engine_run(&t, &c, &m);
	} else {
		ok = ok && compare(&t);
	}
	free(t.cpuid);
	close(t.kvm_fd);
	t.ops->close(t.engine);
	return !ok;
}
