/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse.h - checked conversion of text, names that look alike. Any hosted code may include this.
 */
#ifndef VTSCOPE_COMMON_PARSE_H
#define VTSCOPE_COMMON_PARSE_H

#include <stddef.h>
#include <stdint.h>

/* The whole of (s) as a number in (base) (0: C prefixes). 0, -EINVAL (not a number, sign) or -ERANGE. */
int parse_u64(const char *s, int base, uint64_t *out);

/* A decimal number, the whole of (s), finite, between (lo) and (hi). 0, -EINVAL or -ERANGE. */
int parse_double(const char *s, double lo, double hi, double *out);

/* A size with an optional suffix K, M, G (powers of 1024). 0, -EINVAL or -ERANGE. */
int parse_size(const char *s, uint64_t *out);

/*
 * Of (n) (names) the one nearest to (word) by edit distance, or NULL when none is near enough to be meant.
 * For "unknown operation 'exit.cpuit'; did you mean 'exit.cpuid'?".
 */
const char *nearest_name(const char *word, const char *const *names, size_t n);

#endif
