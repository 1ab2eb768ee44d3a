/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ring.c - writes records where the host reads them. Payloads are built in place: publishing one is a store. */
#include "bench/guest/runner.h"

#define RECORD_ALIGN	16u
#define ROOM_WAIT_TICKS (1ull << 28) /* about 0.1 s: a host that polls comes by far more often */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void *ring_reserve(struct runner *r, uint64_t limit, uint64_t want, uint64_t *got)
{
	const uint64_t header = sizeof(struct guest_record);

	*got = 0;
	if (limit < r->head + header)
		return NULL;
	*got = min_u64(want, (limit - r->head - header) & ~(uint64_t)(RECORD_ALIGN - 1));
	return r->ring + r->head % GUEST_RING_BYTES + header;
}

void ring_commit(struct runner *r, uint32_t row, enum guest_record_type type, uint32_t arg,
		 uint64_t bytes)
{
	struct guest_record *rec = (struct guest_record *)(r->ring + r->head % GUEST_RING_BYTES);

	*rec = (struct guest_record){
		.magic = GUEST_RECORD_MAGIC,
		.type = (uint8_t)type,
		.bytes = (uint32_t)bytes,
		.row = row,
		.arg = arg,
	};
	r->head += sizeof(*rec) + ((bytes + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1));
	__atomic_store_n(&r->ctrl->ring_head, r->head, __ATOMIC_RELEASE);
}

static uint64_t ring_free(const struct runner *r)
{
	return GUEST_RING_BYTES - (r->head - __atomic_load_n(&r->ctrl->ring_tail, __ATOMIC_ACQUIRE));
}

static void ring_wait(const struct runner *r, uint64_t want)
{
	uint64_t start = tsc_read();

	while (ring_free(r) < want && tsc_read() - start < ROOM_WAIT_TICKS)
		__builtin_ia32_pause();
}

uint64_t ring_make_room(struct runner *r, uint64_t want)
{
	uint64_t to_end = GUEST_RING_BYTES - r->head % GUEST_RING_BYTES;

	want = min_u64(want, GUEST_RING_BYTES / 2);
	if (to_end < want) {
		ring_wait(r, to_end + want);
		if (ring_free(r) >= to_end)
			ring_commit(r, 0, RECORD_PAD, 0, to_end - sizeof(struct guest_record));
	} else {
		ring_wait(r, want);
	}
	to_end = GUEST_RING_BYTES - r->head % GUEST_RING_BYTES;
	return r->head + min_u64(to_end, min_u64(want, ring_free(r)));
}

void ring_write(struct runner *r, uint32_t row, enum guest_record_type type, const void *payload,
		uint64_t bytes)
{
	uint64_t got, limit = ring_make_room(r, sizeof(struct guest_record) + bytes + RECORD_ALIGN);
	unsigned char *to = ring_reserve(r, limit, bytes, &got);

	if (!to || got < bytes)
		return;
	for (uint64_t i = 0; i < bytes; i++)
		to[i] = ((const unsigned char *)payload)[i];
	ring_commit(r, row, type, 0, bytes);
}

void runner_log(struct runner *r, uint32_t row, const char *text)
{
	uint64_t n = 0;

	while (text[n])
		n++;
	ring_write(r, row, RECORD_LOG, text, n);
}
