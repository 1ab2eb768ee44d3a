/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hosted.c - the runner of bench/guest/ in a process: what `native` measures. It runs in a child that has nothing
 * else to do; between two rows it may use the C library, in a row it may not.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include <sys/mman.h>

#include "bench/guest/runner.h"
#include "minivmm/host.h"

#define PAGE_2M 0x200000ul

struct hosted {
	struct runner runner; /* first: row hooks get it from their row */
	void *view;	      /* the piece once more, in 2 MiB pages; NULL: none */
	size_t view_bytes;
};

static void view_free(struct hosted *h)
{
	if (h->view)
		munmap(h->view, h->view_bytes);
	h->view = NULL;
}

/* A copy of (bytes) at (piece) that is backed by 2 MiB pages, or NULL where the kernel does not give them. */
static unsigned char *view_make(struct hosted *h, const unsigned char *piece, uint64_t bytes)
{
	size_t pages = (bytes + PAGE_2M - 1) & ~(PAGE_2M - 1);
	unsigned char *at;
	char backing[16];
	void *map;

	map = mmap(NULL, pages + PAGE_2M, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	h->view = map;
	h->view_bytes = pages + PAGE_2M;
	at = (unsigned char *)(((uintptr_t)map + PAGE_2M - 1) & ~(PAGE_2M - 1));
	if (madvise(at, pages, MADV_HUGEPAGE) == 0) {
		memcpy(at, piece, bytes);
		host_backing(at, pages, backing, sizeof(backing));
		if (strcmp(backing, "thp") == 0)
			return at;
	}
	view_free(h);
	return NULL;
}

static bool hosted_row_open(struct row_run *run)
{
	struct hosted *h = (struct hosted *)run->runner;

	if (run->body.level != BODY_A && !(run->body.flags & OPF_PROCESS)) {
		runner_log(run->runner, run->index,
			   "a process cannot execute privileged instructions");
		return false;
	}
	if (!run->piece || !(run->body.flags & OPF_PAGES_2M))
		return true;
	run->piece = view_make(h, run->piece, run->row->arg[1]);
	if (!run->piece) {
		runner_log(
			run->runner, run->index,
			"the kernel gave no 2 MiB pages: see "
			"/sys/kernel/mm/transparent_hugepage/enabled (madvise or always), and free memory");
		return false;
	}
	run->regs.rax = run->regs.rsi = (uint64_t)(uintptr_t)run->piece;
	return true;
}

static void hosted_row_close(struct row_run *run)
{
	view_free((struct hosted *)run->runner);
}

static void hosted_row_call(struct row_run *run, void (*fn)(struct row_run *run))
{
	fn(run);
}

/* Nobody hears it: the parent reads the ring. */
static void hosted_doorbell(uint32_t what)
{
	(void)what;
}

void runner_main_hosted(unsigned char *mem, uint64_t mem_bytes)
{
	const struct runner_host host = {
		.row_open = hosted_row_open,
		.row_close = hosted_row_close,
		.row_call = hosted_row_call,
		.doorbell = hosted_doorbell,
		.arena = mem + GUEST_ARENA_PHYS,
	};
	struct hosted h = {
		.runner = {
			.ctrl = (struct guest_ctrl *)(mem + GUEST_CTRL_PHYS),
			.ring = mem + GUEST_RING_PHYS,
			.host = &host,
		},
	};

	if (mem_bytes >= GUEST_ARENA_PHYS + GUEST_ARENA_BYTES)
		runner_run(&h.runner);
}
