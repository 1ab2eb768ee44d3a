/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *result_flag_name(unsigned bit_index)
{
	static const char *const name[RESULT_FLAGS] = {
		"few-launches", "exit-mismatch", "tsc-trapped", "unsettled",
		"no-rdtscp", "few-samples", "lfence-assumed", "bracket-bound",
		"split-stamps", "disturbed", "imprecise",
	};

	return bit_index < RESULT_FLAGS ? name[bit_index] : NULL;
}

void result_set_init(struct result_set *r)
{
	memset(r, 0, sizeof(*r));
}

void result_free(struct result *r)
{
	size_t i;

	for (i = 0; r->launch && i < r->n_launches; i++)
		free(r->launch[i].raw.value);
	free(r->launch);
	free(r->hist);
	r->launch = NULL;
	r->hist = NULL;
	r->n_launches = r->n_hist = 0;
}

void result_set_free(struct result_set *r)
{
	size_t i;

	for (i = 0; i < r->n_results; i++)
		result_free(&r->result[i]);
	for (i = 0; i < r->n_failed; i++)
		json_decref(r->failed[i].registers);
	free(r->result);
	free(r->skipped);
	free(r->failed);
	free(r->self_test);
	free(r->fact);
	json_decref(r->tool);
	json_decref(r->hardware);
	json_decref(r->subject);
	json_decref(r->verdict);
	json_decref(r->doctor);
	result_set_init(r);
}

/* Appends (size) bytes of (row); room grows at powers of two. */
static int append(void **rows, size_t *n, const void *row, size_t size)
{
	if (!(*n & (*n - 1))) {
		void *more = reallocarray(*rows, *n ? *n * 2 : 1, size);

		if (!more)
			return -ENOMEM;
		*rows = more;
	}
	memcpy((char *)*rows + *n * size, row, size);
	(*n)++;
	return 0;
}

int result_set_add(struct result_set *r, const struct result *row)
{
	return append((void **)&r->result, &r->n_results, row, sizeof(*row));
}

int result_set_add_skipped(struct result_set *r, const struct skipped *row)
{
	return append((void **)&r->skipped, &r->n_skipped, row, sizeof(*row));
}

int result_set_add_failed(struct result_set *r, const struct failed *row)
{
	return append((void **)&r->failed, &r->n_failed, row, sizeof(*row));
}

int result_set_add_self_test(struct result_set *r, const struct self_test *row)
{
	return append((void **)&r->self_test, &r->n_self_tests, row, sizeof(*row));
}

int result_set_add_fact(struct result_set *r, const struct found_fact *row)
{
	return append((void **)&r->fact, &r->n_facts, row, sizeof(*row));
}

const char *result_unit(const char *clock)
{
	return strcmp(clock, "instructions") ? "cycles" : "instructions";
}
