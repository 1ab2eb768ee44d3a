/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interrupt.h - has the user asked to stop? Any hosted code may include this.
 *
 * cli/ installs the SIGINT/SIGTERM/SIGHUP handlers once; loops below it ask, and return -EINTR with what they have.
 */
#ifndef VTSCOPE_COMMON_INTERRUPT_H
#define VTSCOPE_COMMON_INTERRUPT_H

#include <stdbool.h>

/* Installs handlers without SA_RESTART, so that blocking calls return EINTR. What is ignored (nohup) stays ignored. */
void interrupt_install(void);
bool interrupt_pending(void);

#endif
