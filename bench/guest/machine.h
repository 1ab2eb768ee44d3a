/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine.h - what bodies at CPL 0 need of the machine. bench/guest/kernel.c and machine.c include this. */
#ifndef VTSCOPE_BENCH_GUEST_MACHINE_H
#define VTSCOPE_BENCH_GUEST_MACHINE_H

#include "bench/guest/runner.h"

/*
 * Pages behind GUEST_VIRT_MMIO. Their numbers differ from those of the runner's code and stacks in the low six bits
 * and more: QEMU's translator indexes its TLB with these, and a load that shares its entry with the code around it
 * took twice as long.
 */
enum window_page { WINDOW_MMIO = 0x55, WINDOW_PAGE = 0x5d, WINDOW_HOLE = 0x65, WINDOW_MAPPED = 0x80 };
#define WINDOW_AT(page) (GUEST_VIRT_MMIO + (page)*4096ull)

#pragma GCC visibility push(hidden)
/* machine.c */
bool machine_row_open(struct row_run *run);
void machine_row_close(struct row_run *run);

/* kernel.c */
volatile uint64_t *window_entry(enum window_page page); /* its page-table entry, which is in use */
void vector_set(unsigned vector, const void *handler);
void vector_reset(unsigned vector);
#pragma GCC visibility pop

#endif
