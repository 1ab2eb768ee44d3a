/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cpulist.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (CPULIST_MAX / 64)

/* A decimal number below CPULIST_MAX; (s) is moved behind it. */
static int take_number(const char **s, unsigned *out)
{
	const char *p = *s;
	unsigned v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (unsigned)(*p - '0');
		if (v >= CPULIST_MAX)
			return -ERANGE;
	}
	*s = p;
	*out = v;
	return 0;
}

/* Word by word, so that a long list of wide ranges costs little. */
static void set_range(uint64_t *bits, unsigned first, unsigned last)
{
	for (unsigned w = first / 64; w <= last / 64; w++) {
		uint64_t mask = ~0ull;

		if (w == first / 64)
			mask &= ~0ull << first % 64;
		if (w == last / 64)
			mask &= ~0ull >> (63 - last % 64);
		bits[w] |= mask;
	}
}

static int parse_bits(uint64_t *bits, const char *s)
{
	if (*s == '\n' || !*s)
		return strlen(s) > 1 ? -EINVAL : 0;
	for (;;) {
		unsigned first, last;
		int ret = take_number(&s, &first);

		if (ret < 0)
			return ret;
		last = first;
		if (*s == '-') {
			s++;
			ret = take_number(&s, &last);
			if (ret < 0)
				return ret;
			if (last < first)
				return -EINVAL;
		}
		set_range(bits, first, last);
		if (*s != ',')
			break;
		s++;
	}
	if (*s == '\n')
		s++;
	return *s ? -EINVAL : 0;
}

int cpulist_parse(struct cpulist *l, const char *text)
{
	uint64_t bits[WORDS] = { 0 };
	size_t n = 0;
	int ret;

	memset(l, 0, sizeof(*l));
	ret = parse_bits(bits, text);
	if (ret < 0)
		return ret;
	for (unsigned w = 0; w < WORDS; w++)
		n += (size_t)__builtin_popcountll(bits[w]);
	if (n == 0)
		return 0;
	l->cpu = malloc(n * sizeof(*l->cpu));
	if (!l->cpu)
		return -ENOMEM;
	for (unsigned w = 0; w < WORDS; w++)
		for (uint64_t left = bits[w]; left; left &= left - 1)
			l->cpu[l->n++] = 64 * w + (unsigned)__builtin_ctzll(left);
	return 0;
}

int cpulist_add(struct cpulist *l, unsigned cpu)
{
	unsigned *grown;
	size_t at = l->n;

	if (cpu >= CPULIST_MAX)
		return -ERANGE;
	while (at > 0 && l->cpu[at - 1] > cpu)
		at--;
	if (at > 0 && l->cpu[at - 1] == cpu)
		return 0;
	grown = realloc(l->cpu, (l->n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memmove(grown + at + 1, grown + at, (l->n - at) * sizeof(*grown));
	grown[at] = cpu;
	l->cpu = grown;
	l->n++;
	return 0;
}

void cpulist_format(const struct cpulist *l, struct buf *out)
{
	size_t i = 0;

	while (i < l->n) {
		size_t last = i;

		while (last + 1 < l->n && l->cpu[last + 1] == l->cpu[last] + 1)
			last++;
		buf_printf(out, i ? ",%u" : "%u", l->cpu[i]);
		if (last > i)
			buf_printf(out, "-%u", l->cpu[last]);
		i = last + 1;
	}
}

void cpulist_free(struct cpulist *l)
{
	free(l->cpu);
	memset(l, 0, sizeof(*l));
}
