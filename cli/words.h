/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words.h - the columns of the operation catalogue in words. Only cli/ and doc/ include this.
 */
#ifndef VTSCOPE_CLI_WORDS_H
#define VTSCOPE_CLI_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "bench/op.h"

#define WORDS_MAX 12

/* What an operation wants (op.wants), as words; returns how many. */
size_t want_words(uint32_t wants, const char *out[WORDS_MAX]);
const char *level_word(enum op_level level);	/* "kernel" "user" "any" "root" "monitor" */
const char *level_meaning(enum op_level level);	/* "measured in ring 0" ... */

#endif
