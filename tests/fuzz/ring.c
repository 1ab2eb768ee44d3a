/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records and counters that a hostile guest wrote: the first 24 bytes are the counters, the rest is the ring's front. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm/carrier.h"

#define MEM_BYTES (32ull << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void record(void *ctx, const struct guest_record *r, const void *payload)
{
	volatile unsigned char *sum = ctx;

	for (uint32_t i = 0; i < r->bytes; i++)
		*sum ^= ((const unsigned char *)payload)[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char *mem, sum;
	const struct guest_row rows[4] = { { .op = 1 }, { .op = 2 }, { .op = 3 }, { .op = 4 } };
	const struct launch l = { .rows = rows, .row_count = 4, .mem_bytes = MEM_BYTES };
	const struct sink to = { .ctx = &sum, .record = record };
	struct record_gate gate;
	struct guest_ctrl *ctrl;
	uint64_t counters[3];
	struct err e;

	if (!mem)
		mem = calloc(1, MEM_BYTES);
	if (!mem || size < sizeof(counters))
		return 0;
	memcpy(counters, data, sizeof(counters));
	size -= sizeof(counters);
	memcpy(mem + GUEST_RING_PHYS, data + sizeof(counters), size < GUEST_RING_BYTES ? size : GUEST_RING_BYTES);
	ctrl = (struct guest_ctrl *)(mem + GUEST_CTRL_PHYS);
	ctrl->ring_tail = counters[0];
	/* Mostly near what the bytes justify, sometimes anywhere. */
	ctrl->ring_head = counters[2] & 1 ? counters[1] : counters[0] + (counters[1] & (GUEST_RING_BYTES - 1));
	ctrl->row_current = (uint32_t)(counters[2] >> 1);
	record_gate_init(&gate, &l, &to);
	guest_ring_drain(mem, MEM_BYTES, &gate.sink, &e);
	return 0;
}
