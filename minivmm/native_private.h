/* SPDX-License-Identifier: GPL-2.0-or-later */
/* native_private.h - engine native and the child that it measures in. Only minivmm/native*.c include this. */
#ifndef VTSCOPE_MINIVMM_NATIVE_PRIVATE_H
#define VTSCOPE_MINIVMM_NATIVE_PRIVATE_H

#include <stdint.h>

/* Exit status of the child. */
#define CHILD_DONE	 0
#define CHILD_FAULTED	 1
#define CHILD_NO_MEMORY	 2
#define CHILD_NO_PROGRAM 3

/* Executes the rows of the control page in (mem). */
_Noreturn void native_child_run(unsigned char *mem, uint64_t mem_bytes);

#endif
