/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_ring.c - takes sample records out of the ring.
 *
 * The guest may write the ring and both counters while this reads them: every field is read once into host memory
 * and checked there.
 */
#include "minivmm/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_ALIGN 16u

_Static_assert(sizeof(struct guest_record) % RECORD_ALIGN == 0, "headers keep the ring aligned");
_Static_assert(GUEST_RING_BYTES % RECORD_ALIGN == 0, "the ring is whole");

/* What a payload of each type is made of: a multiple of (unit) bytes, at least (min). */
static const struct {
	uint32_t unit, min, max;
} payloads[] = {
	[RECORD_ROW_BEGIN] = { 1, 0, 0 },
	[RECORD_COLD] = { 8, 8, 8 },
	[RECORD_EMPTY] = { 8, 0, GUEST_RING_BYTES },
	[RECORD_SINGLE] = { 8, 0, GUEST_RING_BYTES },
	[RECORD_DIFF] = { 16, 0, GUEST_RING_BYTES },
	[RECORD_ROW_END] = { 1, sizeof(struct guest_row_end), sizeof(struct guest_row_end) },
	[RECORD_LOG] = { 1, 0, 4096 },
	[RECORD_PAD] = { 1, 0, GUEST_RING_BYTES },
	[RECORD_SPLIT] = { sizeof(struct guest_split), 0, GUEST_RING_BYTES },
	[RECORD_FAULT] = { 1, sizeof(struct guest_fault), sizeof(struct guest_fault) },
};
#define RECORD_TYPES (sizeof(payloads) / sizeof(payloads[0]))

static int check_record(const struct guest_record *r, uint64_t tail, uint64_t room, struct err *e)
{
	if (r->magic != GUEST_RECORD_MAGIC)
		return err_set(e, EBADMSG, "ring offset %" PRIu64 ": 0x%04x is not a record", tail,
			       r->magic);
	if (r->type < RECORD_ROW_BEGIN || r->type >= RECORD_TYPES)
		return err_set(e, EBADMSG, "ring offset %" PRIu64 ": no record has type %u", tail,
			       r->type);
	if (r->bytes > room - sizeof(*r))
		return err_set(e, EBADMSG,
			       "ring offset %" PRIu64 ": a record of %u bytes where %" PRIu64
			       " are left",
			       tail, r->bytes, room - sizeof(*r));
	if (r->bytes % payloads[r->type].unit || r->bytes < payloads[r->type].min ||
	    r->bytes > payloads[r->type].max)
		return err_set(e, EBADMSG,
			       "ring offset %" PRIu64 ": a record of type %u cannot hold %u bytes",
			       tail, r->type, r->bytes);
	if (r->row >= GUEST_ROWS_MAX)
		return err_set(e, EBADMSG, "ring offset %" PRIu64 ": there is no row %u", tail,
			       r->row);
	if (r->type == RECORD_DIFF && r->arg == 0)
		return err_set(e, EBADMSG, "ring offset %" PRIu64 ": a difference of 0 executions",
			       tail);
	return 0;
}

/* Takes the record at (tail), (used) bytes before the head. Its length in the ring, or -EBADMSG. */
static int64_t take_record(const unsigned char *ring, uint64_t tail, uint64_t used,
			   unsigned char *copy, const struct sink *s, struct err *e)
{
	uint64_t at = tail % GUEST_RING_BYTES, room = GUEST_RING_BYTES - at, length;
	struct guest_record r;
	int ret;

	if (room > used)
		room = used;
	if (room < sizeof(r))
		return err_set(e, EBADMSG,
			       "ring offset %" PRIu64 ": a record is cut off after %" PRIu64 " bytes",
			       tail, room);
	memcpy(&r, ring + at, sizeof(r));
	ret = check_record(&r, tail, room, e);
	if (ret < 0)
		return ret;
	length = sizeof(r) + ((r.bytes + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1));
	if (length > room)
		return err_set(e, EBADMSG,
			       "ring offset %" PRIu64
			       ": the padding of a record of %u bytes is cut off",
			       tail, r.bytes);
	if (r.type != RECORD_PAD && s->record) {
		memcpy(copy, ring + at + sizeof(r), r.bytes);
		s->record(s->ctx, &r, copy);
	}
	return (int64_t)length;
}

int guest_ring_drain(unsigned char *mem, uint64_t mem_bytes, const struct sink *s, struct err *e)
{
	struct guest_ctrl *c = (struct guest_ctrl *)(mem + GUEST_CTRL_PHYS);
	uint64_t tail, head;
	unsigned char *copy;
	int64_t n = 0;

	if (mem_bytes < GUEST_RING_PHYS + GUEST_RING_BYTES)
		return err_set(e, EBADMSG, "the guest's memory ends before its ring");
	tail = __atomic_load_n(&c->ring_tail, __ATOMIC_RELAXED);
	head = __atomic_load_n(&c->ring_head, __ATOMIC_ACQUIRE);
	if (head == tail)
		return 0;
	if (head - tail > GUEST_RING_BYTES || head % RECORD_ALIGN || tail % RECORD_ALIGN)
		return err_set(e, EBADMSG,
			       "ring counters make no sense: head %" PRIu64 ", tail %" PRIu64, head,
			       tail);
	copy = malloc(head - tail);
	if (!copy)
		return err_set(e, ENOMEM, "no memory for %" PRIu64 " bytes of samples", head - tail);
	while (tail != head) {
		n = take_record(mem + GUEST_RING_PHYS, tail, head - tail, copy, s, e);
		if (n < 0)
			break;
		tail += (uint64_t)n;
		__atomic_store_n(&c->ring_tail, tail, __ATOMIC_RELEASE);
	}
	free(copy);
	return n < 0 ? (int)n : 0;
}
