/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two results of strangers in one input, cut in the middle: compared in all directions, and told in every format. */
#include <stdint.h>
#include <string.h>

#include "bench/compare.h"
#include "report/comparison.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_all(const struct result_set *const *a, size_t na, const struct result_set *b)
{
	static const struct comparison_style style = { .all = true, .strict = true };
	static const struct compare_options o = { 0 };
	struct comparison c;
	struct err e;

	if (compare_runs(&c, a, na, &b, 1, &o, &e))
		return;
	for (unsigned f = 0; f < COMPARISON_FORMATS; f++) {
		struct buf out = BUF_INIT;

		comparison_render(&c, (enum comparison_format)f, &style, &out);
		buf_free(&out);
	}
	comparison_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size ? memchr(data, 0, size) : NULL;
	size_t half = cut ? (size_t)(cut - data) : size;
	const struct result_set *both[2];
	struct result_set a, b;
	struct err e;

	if (result_set_load(&a, (const char *)data, half, "fuzz", &e))
		return 0;
	if (!cut || result_set_load(&b, (const char *)cut + 1, size - half - 1, "fuzz", &e))
		result_set_init(&b);
	both[0] = &a;
	both[1] = &b;
	compare_all(both, 1, &a);
	compare_all(both, 1, &b);
	compare_all(both, 2, &a);
	result_set_free(&a);
	result_set_free(&b);
	return 0;
}
