/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image from a stranger: its segments must land in guest memory or nowhere. */
#include <stdint.h>
#include <stdlib.h>

#include "minivmm/engine.h"

#define MEM_BYTES (32ull << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char *mem;
	uint64_t entry64;
	uint32_t entry32;
	struct err e;

	if (!mem)
		mem = malloc(MEM_BYTES);
	if (mem)
		guest_load_elf(data, size, mem, MEM_BYTES, &entry64, &entry32, &e);
	return 0;
}
