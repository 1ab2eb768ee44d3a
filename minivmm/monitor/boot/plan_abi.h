/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_abi.h - what the boot image thinks of a command line, before it is on a disk. minivmm/image/ includes this; the
 * image's own parser answers, compiled for this machine. It links runner_op_name() and the like of guest_abi.h.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_BOOT_PLAN_ABI_H
#define VTSCOPE_MINIVMM_MONITOR_BOOT_PLAN_ABI_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Would the image take (line), and would any of its engines have something to measure? False: (why), of (size) bytes,
 * 1 at least, has the sentence that it would end with.
 */
bool boot_plan_check(const char *line, char *why, size_t size);

#endif
