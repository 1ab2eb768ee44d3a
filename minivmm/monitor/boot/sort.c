/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sort.c - heapsort: in place, no recursion, and no input makes it slow. */
#include "minivmm/monitor/boot/boot.h"

static bool is_less(const uint64_t *a, const uint64_t *b, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		if (a[i] != b[i])
			return a[i] < b[i];
	return false;
}

static void swap(uint64_t *a, uint64_t *b, unsigned words)
{
	for (unsigned i = 0; i < words; i++) {
		uint64_t x = a[i];

		a[i] = b[i];
		b[i] = x;
	}
}

static void sift_down(uint64_t *v, size_t at, size_t n, unsigned words)
{
	for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
		if (child + 1 < n && is_less(v + child * words, v + (child + 1) * words, words))
			child++;
		if (!is_less(v + at * words, v + child * words, words))
			return;
		swap(v + at * words, v + child * words, words);
		at = child;
	}
}

void sort_values(uint64_t *v, size_t n, unsigned words)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(v, i, n, words);
	for (size_t i = n; i-- > 1;) {
		swap(v, v + i * words, words);
		sift_down(v, 0, i, words);
	}
}
