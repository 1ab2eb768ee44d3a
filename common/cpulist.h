/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpulist.h - sets of logical CPUs as the kernel writes them ("0-3,8"). Any hosted code may include this.
 */
#ifndef VTSCOPE_COMMON_CPULIST_H
#define VTSCOPE_COMMON_CPULIST_H

#include <stddef.h>

#include "common/buf.h"

#define CPULIST_MAX 65536u	/* highest CPU number accepted, exclusive */

struct cpulist {
	unsigned *cpu;	/* owned; ascending, no duplicates */
	size_t n;
};

/* Parses the kernel's list format; trailing newline allowed. 0, -EINVAL, -ERANGE or -ENOMEM. */
int cpulist_parse(struct cpulist *l, const char *text);
int cpulist_add(struct cpulist *l, unsigned cpu);
void cpulist_format(const struct cpulist *l, struct buf *out);
void cpulist_free(struct cpulist *l);

#endif
