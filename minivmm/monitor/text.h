/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - sentences put together without a C library. minivmm/monitor/ and bench/root/ include this. */
#ifndef VTSCOPE_MINIVMM_MONITOR_TEXT_H
#define VTSCOPE_MINIVMM_MONITOR_TEXT_H

#include <stdint.h>

/* (size) bytes at (at), always ended by 0; what does not fit is cut. */
struct text {
	char *at;
	uint32_t size, used;
};

#define TEXT_OF(array) ((struct text){ (array), sizeof(array), 0 })

static inline void text_put(struct text *t, const char *s)
{
	while (*s && t->used + 1 < t->size)
		t->at[t->used++] = *s++;
	t->at[t->used] = 0;
}

static inline void text_number(struct text *t, uint64_t v, unsigned base)
{
	char digits[24];
	unsigned n = sizeof(digits);

	digits[--n] = 0;
	do {
		digits[--n] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	text_put(t, digits + n);
}

static inline void text_decimal(struct text *t, uint64_t v)
{
	text_number(t, v, 10);
}

static inline void text_hex(struct text *t, uint64_t v)
{
	text_put(t, "0x");
	text_number(t, v, 16);
}

#endif
