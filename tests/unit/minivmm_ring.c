/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control page and the record ring, written by a guest that means harm; the order of records. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "minivmm/carrier.h"
#include "tests/unit/tap.h"

#define MEM_BYTES ((uint64_t)GUEST_MEM_BYTES)
#define RING_END  ((uint64_t)GUEST_RING_BYTES)

/* What a sink was given. */
struct seen {
	unsigned records;
	uint64_t bytes;
	struct guest_record last;
	unsigned char payload[64]; /* of the last, as far as it goes */
};

static void seen_record(void *ctx, const struct guest_record *r, const void *payload)
{
	struct seen *s = ctx;

	s->records++;
	s->bytes += r->bytes;
	s->last = *r;
	memcpy(s->payload, payload, r->bytes < sizeof(s->payload) ? r->bytes : sizeof(s->payload));
}

static unsigned char *mem;
static struct seen seen;

static struct guest_ctrl *ctrl(void)
{
	return (struct guest_ctrl *)(mem + GUEST_CTRL_PHYS);
}

/* The ring is the last thing there: an unmapped page follows it. */
static void mem_open(void)
{
	const uint64_t end = GUEST_RING_PHYS + RING_END;

	if (!mem) {
		mem = mmap(NULL, end + 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (mem == MAP_FAILED || mprotect(mem + end, 4096, PROT_NONE) != 0)
			abort();
	}
	memset(mem + GUEST_CTRL_PHYS, 0, sizeof(struct guest_ctrl));
	memset(&seen, 0, sizeof(seen));
}

static int drain(void)
{
	const struct sink s = { .ctx = &seen, .record = seen_record };
	struct err e = { 0 };
	int r = guest_ring_drain(mem, GUEST_RING_PHYS + RING_END, &s, &e);

	if (r < 0)
		CU_ASSERT(e.text[0] != '\0');
	return r;
}

/* Writes a record at the head as a guest would, and moves it by the padded length. */
static void put(unsigned type, uint32_t bytes, uint32_t row, uint32_t arg, unsigned char fill)
{
	unsigned char *at = mem + GUEST_RING_PHYS + ctrl()->ring_head % RING_END;
	const struct guest_record r = {
		.magic = GUEST_RECORD_MAGIC,
		.type = (uint8_t)type,
		.bytes = bytes,
		.row = row,
		.arg = arg,
	};

	memcpy(at, &r, sizeof(r));
	memset(at + sizeof(r), fill, bytes);
	ctrl()->ring_head += sizeof(r) + ((bytes + 15) & ~15u);
}

static void test_types(void)
{
	static const struct {
		unsigned type;
		uint32_t bytes;
	} rows[] = {
		{ RECORD_ROW_BEGIN, 0 },
		{ RECORD_COLD, 8 },
		{ RECORD_EMPTY, 24 },
		{ RECORD_SINGLE, 800 },
		{ RECORD_DIFF, 48 },
		{ RECORD_LOG, 13 },
		{ RECORD_ROW_END, sizeof(struct guest_row_end) },
		{ RECORD_SPLIT, 2 * sizeof(struct guest_split) },
		{ RECORD_FAULT, sizeof(struct guest_fault) },
	};

	mem_open();
	CU_ASSERT(drain() == 0 && seen.records == 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(rows[i].type, rows[i].bytes, 7, 3, (unsigned char)(0x10 + i));
		CU_ASSERT(drain() == 0);
		CU_ASSERT(seen.records == i + 1 && seen.last.type == rows[i].type);
		CU_ASSERT(seen.last.bytes == rows[i].bytes && seen.last.row == 7 &&
			  seen.last.arg == 3);
		CU_ASSERT(!rows[i].bytes ||
			  (seen.payload[0] == 0x10 + i && seen.payload[7] == 0x10 + i));
		CU_ASSERT(ctrl()->ring_tail == ctrl()->ring_head);
	}
}

static void test_wrap(void)
{
	mem_open();
	ctrl()->ring_head = ctrl()->ring_tail = 5 * RING_END - 64;
	put(RECORD_COLD, 8, 1, 0, 0xaa); /* 32 bytes */
	put(RECORD_PAD, 16, 0, 0, 0);	 /* to the end */
	CU_ASSERT(ctrl()->ring_head % RING_END == 0);
	put(RECORD_COLD, 8, 2, 0, 0xbb);
	CU_ASSERT(drain() == 0);
	CU_ASSERT(seen.records == 2 && seen.last.row == 2 && seen.payload[0] == 0xbb);

	/* All of it at once. */
	mem_open();
	put(RECORD_SINGLE, GUEST_RING_BYTES - sizeof(struct guest_record), 0, 0, 1);
	CU_ASSERT(drain() == 0 && seen.bytes == GUEST_RING_BYTES - sizeof(struct guest_record));

	/* And counters near their end. */
	mem_open();
	ctrl()->ring_head = ctrl()->ring_tail = UINT64_MAX - 15;
	put(RECORD_ROW_BEGIN, 0, 0, 0, 0);
	CU_ASSERT(drain() == 0 && seen.records == 1 && ctrl()->ring_tail == 0);
}

static void test_counters(void)
{
	static const struct {
		uint64_t head, tail;
	} rows[] = {
		{ 8, 0 },
		{ 16, 8 },
		{ 24, 1 },
		{ 0, 16 },
		{ GUEST_RING_BYTES + 16, 0 },
		{ UINT64_MAX, 0 },
		{ 1ull << 63, 0 },
		{ 32, 48 },
		{ 0, UINT64_MAX - 15 - GUEST_RING_BYTES },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mem_open();
		put(RECORD_ROW_BEGIN, 0, 0, 0, 0);
		ctrl()->ring_head = rows[i].head;
		ctrl()->ring_tail = rows[i].tail;
		CU_ASSERT(drain() == -EBADMSG);
		CU_ASSERT(seen.records == 0 && ctrl()->ring_tail == rows[i].tail);
	}
}

static void test_headers(void)
{
	static const struct {
		unsigned type;
		uint32_t bytes, row, arg;
	} rows[] = {
		{ 0, 0, 0, 0 },
		{ RECORD_FAULT + 1, 0, 0, 0 },
		{ 255, 0, 0, 0 },
		{ RECORD_ROW_BEGIN, 8, 0, 0 },
		{ RECORD_COLD, 0, 0, 0 },
		{ RECORD_COLD, 16, 0, 0 },
		{ RECORD_EMPTY, 12, 0, 0 },
		{ RECORD_SINGLE, 7, 0, 0 },
		{ RECORD_DIFF, 24, 0, 1 },
		{ RECORD_DIFF, 32, 0, 0 },
		{ RECORD_ROW_END, sizeof(struct guest_row_end) - 8, 0, 0 },
		{ RECORD_ROW_END, sizeof(struct guest_row_end) + 8, 0, 0 },
		{ RECORD_LOG, 4097, 0, 0 },
		{ RECORD_SPLIT, sizeof(struct guest_split) + 8, 0, 0 },
		{ RECORD_FAULT, 0, 0, 0 },
		{ RECORD_FAULT, sizeof(struct guest_fault) + 8, 0, 0 },
		{ RECORD_SINGLE, 8, GUEST_ROWS_MAX, 0 },
		{ RECORD_SINGLE, 8, UINT32_MAX, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mem_open();
		put(RECORD_COLD, 8, 0, 0, 1);
		put(rows[i].type, rows[i].bytes, rows[i].row, rows[i].arg, 0);
		put(RECORD_COLD, 8, 0, 0, 1);
		CU_ASSERT(drain() == -EBADMSG);
		CU_ASSERT(seen.records == 1 && ctrl()->ring_tail == 32); /* what was right before it */
	}
}

static void test_lengths(void)
{
	static const uint32_t lengths[] = {
		24, 32, GUEST_RING_BYTES - 16, GUEST_RING_BYTES, 0x7ffffff8, 0xfffffff0, 0xfffffff8,
	};

	/* Longer than what the head says, and over the end of the ring. */
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (unsigned where = 0; where < 2; where++) {
			struct guest_record *r;

			mem_open();
			ctrl()->ring_head = ctrl()->ring_tail = where ? RING_END - 32 : 0;
			r = (struct guest_record *)(mem + GUEST_RING_PHYS + ctrl()->ring_head);
			put(RECORD_COLD, 8, 0, 0, 0);
			r->type = RECORD_SINGLE;
			r->bytes = lengths[i];
			CU_ASSERT(drain() == -EBADMSG && seen.records == 0);
		}

	mem_open();
	put(RECORD_COLD, 8, 0, 0, 0);
	((struct guest_record *)(mem + GUEST_RING_PHYS))->magic ^= 1;
	CU_ASSERT(drain() == -EBADMSG && seen.records == 0);
}

/* Whatever the ring holds, a drain ends and reads nothing else. */
static void test_noise(void)
{
	uint64_t x = 88172645463325252ull;

	for (unsigned round = 0; round < 20000; round++) {
		mem_open();
		for (unsigned i = 0; i < 64; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			put(x % 10, (uint32_t)(x >> 8) % 200, (uint32_t)(x >> 20) % 3,
			    (uint32_t)(x >> 30), (unsigned char)x);
		}
		ctrl()->ring_head = x % 5 ? ctrl()->ring_head : x & 0xfff0;
		ctrl()->ring_tail = x % 7 ? 0 : x >> 4 & 0xff0;
		(void)drain();
		if (seen.records > 4096 || seen.bytes > GUEST_RING_BYTES) {
			CU_FAIL("more came out of the ring than fits in");
			break;
		}
	}
	CU_ASSERT(mem != NULL);
}

static void test_ctrl(void)
{
	static struct guest_row rows[GUEST_ROWS_MAX + 1];
	struct launch l = { .rows = rows, .row_count = GUEST_ROWS_MAX, .seed = 5 };
	unsigned char *whole = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct guest_ctrl *c = (struct guest_ctrl *)(whole + GUEST_CTRL_PHYS);
	struct err e;

	CU_ASSERT_FATAL(whole != MAP_FAILED);
	rows[GUEST_ROWS_MAX - 1].op = 42;
	CU_ASSERT(guest_ctrl_init(whole, MEM_BYTES, &l, 1000, GUEST_FENCE_LFENCE, &e) == 0);
	CU_ASSERT(c->magic == GUEST_CTRL_MAGIC && c->version == GUEST_ABI_VERSION &&
		  c->bytes == sizeof(*c));
	CU_ASSERT(c->mem_bytes == MEM_BYTES && c->tsc_hz == 1000 && c->seed == 5 &&
		  c->fence == GUEST_FENCE_LFENCE);
	CU_ASSERT(c->row_count == GUEST_ROWS_MAX && c->rows[GUEST_ROWS_MAX - 1].op == 42);
	CU_ASSERT(c->row_current == c->row_count && c->ring_head == 0 && c->state == GUEST_LOADED);
	CU_ASSERT(sizeof(*c) <= GUEST_BOOT_PT_PHYS - GUEST_CTRL_PHYS);

	l.row_count = GUEST_ROWS_MAX + 1;
	CU_ASSERT(guest_ctrl_init(whole, MEM_BYTES, &l, 1000, 0, &e) == -EINVAL);
	l.row_count = 1;
	CU_ASSERT(guest_ctrl_init(whole, GUEST_ARENA_PHYS, &l, 1000, 0, &e) == -EINVAL);
	munmap(whole, MEM_BYTES);
}

static void test_gate(void)
{
	static const struct guest_row rows[2];
	const struct launch l = { .rows = rows, .row_count = 2 };
	const struct sink to = { .ctx = &seen, .record = seen_record };
	static const struct {
		unsigned type;
		uint32_t row;
		unsigned passed;
		uint32_t at_work;
	} steps[][6] = {
		{ { RECORD_ROW_BEGIN, 0, 1, 0 },
		  { RECORD_COLD, 0, 2, 0 },
		  { RECORD_LOG, 0, 3, 0 },
		  { RECORD_ROW_END, 0, 4, 2 },
		  { RECORD_ROW_BEGIN, 1, 5, 1 },
		  { RECORD_ROW_END, 1, 6, 2 } },
		{ { RECORD_COLD, 0, 0, 2 }, { RECORD_ROW_BEGIN, 0, 0, 2 } }, /* before its row */
		{ { RECORD_ROW_BEGIN, 2, 0, 2 } },			     /* no such row */
		{ { RECORD_ROW_BEGIN, 1, 1, 1 }, { RECORD_COLD, 0, 1, 1 } }, /* another row's */
		{ { RECORD_ROW_BEGIN, 0, 1, 0 }, { RECORD_ROW_BEGIN, 1, 1, 0 } }, /* two at once */
		{ { RECORD_ROW_BEGIN, 0, 1, 0 },
		  { RECORD_ROW_END, 0, 2, 2 },
		  { RECORD_ROW_BEGIN, 0, 2, 2 },
		  { RECORD_ROW_BEGIN, 1, 2, 2 } }, /* once more */
		{ { RECORD_ROW_END, 0, 0, 2 } },   /* end without begin */
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct record_gate g;

		memset(&seen, 0, sizeof(seen));
		record_gate_init(&g, &l, &to);
		for (size_t k = 0; k < 6 && steps[i][k].type; k++) {
			const struct guest_record r = {
				.magic = GUEST_RECORD_MAGIC,
				.type = (uint8_t)steps[i][k].type,
				.row = steps[i][k].row,
			};

			g.sink.record(g.sink.ctx, &r, "");
			CU_ASSERT(seen.records == steps[i][k].passed && g.row == steps[i][k].at_work);
		}
		CU_ASSERT((g.wrong[0] != '\0') == (i > 0));
	}
}

static const struct tap_test tests[] = {
	{ "the control page holds the launch, and only what fits", test_ctrl },
	{ "records of every type come out as they went in", test_types },
	{ "the ring wraps, and so do its counters", test_wrap },
	{ "counters that make no sense are refused", test_counters },
	{ "headers that make no sense are refused, what came before is kept", test_headers },
	{ "no length leads out of the ring", test_lengths },
	{ "noise in the ring is bounded", test_noise },
	{ "records out of order do not reach the sink", test_gate },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("record ring", tests);
}
