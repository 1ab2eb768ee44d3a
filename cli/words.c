/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/words.h"

#include "minivmm/engine.h"

static const struct {
	uint32_t flag;
	const char *word;
} want_table[] = {
	{ ENGINE_RING0, "ring0" },
	{ ENGINE_USER_IO, "user-io" },
	{ ENGINE_KERNEL_PIO, "kernel-pio" },
	{ ENGINE_HLT_RETURNS, "hlt-returns" },
	{ ENGINE_HYPERCALL, "hypercall" },
	{ ENGINE_MONITOR, "monitor" },
	{ ENGINE_VMX, "vmx" },
	{ ENGINE_SVM, "svm" },
	{ OPF_PROCESS, "process" },
	{ OPF_PAGES_2M, "pages-2m" },
	{ OPF_CHAIN, "chain" },
};
_Static_assert(sizeof(want_table) / sizeof(want_table[0]) <= WORDS_MAX, "WORDS_MAX is too small");

size_t want_words(uint32_t wants, const char *out[WORDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(want_table) / sizeof(want_table[0]); i++)
		if (wants & want_table[i].flag)
			out[n++] = want_table[i].word;
	return n;
}

static const struct {
	const char *word, *meaning;
} levels[] = {
	[OP_LEVEL_K] = { "kernel", "measured in ring 0" },
	[OP_LEVEL_U] = { "user", "measured in user mode" },
	[OP_LEVEL_A] = { "any", "measured in ring 0 of a guest and in user mode of a process" },
	[OP_LEVEL_R] = { "root", "measured in ring 0 by the host of a guest (VMX root operation, an SVM host)" },
	[OP_LEVEL_M] = { "monitor", "measured in ring 0 of a guest of vtscope's own monitor" },
};

const char *level_word(enum op_level level)
{
	return levels[level].word;
}

const char *level_meaning(enum op_level level)
{
	return levels[level].meaning;
}
