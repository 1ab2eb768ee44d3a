/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit loop against run pages that are made up, the hostile ones included. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm/kvm/kvm.h"
#include "tests/unit/tap.h"

#define RUN_BYTES	8192u
#define MEM_BYTES	(16ull << 20)

/* One loop on memory of its own; the run page lies on the heap, where a sanitizer sees its ends. */
struct bench {
	struct kvm_loop lp;
	struct kvm_memory mem;
	struct kvm_stats stats;
	struct launch launch;
	struct sink sink;
	struct vm_stop stop;
	struct guest_row row;
	char console[64];
	size_t console_len;
	unsigned records, begins, ends;
	uint32_t told_row;
};

static void on_console(void *ctx, const char *bytes, size_t n)
{
	struct bench *b = ctx;

	CU_ASSERT_FATAL(b->console_len + n < sizeof(b->console));
	memcpy(b->console + b->console_len, bytes, n);
	b->console_len += n;
}

static void on_record(void *ctx, const struct guest_record *r, const void *payload)
{
	(void)r;
	(void)payload;
	((struct bench *)ctx)->records++;
}

static void on_counters(void *ctx, uint32_t row, bool begin, const struct engine_counters *c)
{
	struct bench *b = ctx;

	CU_ASSERT_EQUAL(c->user_exits, b->lp.user_exits);
	b->told_row = row;
	*(begin ? &b->begins : &b->ends) += 1;
}

static struct bench *bench_make(bool rows)
{
	struct bench *b = calloc(1, sizeof(*b));

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_EQUAL_FATAL(kvm_memory_map(&b->mem, MEM_BYTES, false, NULL), 0);
	b->launch.rows = rows ? &b->row : NULL;
	b->launch.row_count = rows;
	b->sink = (struct sink){ .ctx = b, .console = on_console, .record = on_record, .counters = on_counters };
	b->stats.fd = -1;
	b->lp = (struct kvm_loop){
		.run = calloc(1, RUN_BYTES), .run_bytes = RUN_BYTES, .mem = &b->mem, .launch = &b->launch,
		.sink = &b->sink, .stats = &b->stats, .stop = &b->stop,
	};
	CU_ASSERT_PTR_NOT_NULL_FATAL(b->lp.run);
	record_gate_init(&b->lp.gate, &b->launch, &b->sink);
	return b;
}

static void bench_free(struct bench *b)
{
	kvm_memory_unmap(&b->mem);
	free(b->lp.run);
	free(b);
}

static struct guest_ctrl *ctrl_of(struct bench *b)
{
	return kvm_memory_at(&b->mem, GUEST_CTRL_PHYS, sizeof(struct guest_ctrl));
}

static bool port(struct bench *b, uint8_t direction, uint16_t number, uint8_t size, uint32_t count, uint64_t offset)
{
	b->lp.run->exit_reason = KVM_EXIT_IO;
	b->lp.run->io.direction = direction;
	b->lp.run->io.port = number;
	b->lp.run->io.size = size;
	b->lp.run->io.count = count;
	b->lp.run->io.data_offset = offset;
	return kvm_loop_handle(&b->lp);
}

static bool out32(struct bench *b, uint16_t number, uint32_t value)
{
	memcpy((char *)b->lp.run + 4096, &value, sizeof(value));
	return port(b, KVM_EXIT_IO_OUT, number, 4, 1, 4096);
}

static void console_bytes(void)
{
	struct bench *b = bench_make(false);

	memcpy((char *)b->lp.run + 4096, "abcdef", 6);
	CU_ASSERT(port(b, KVM_EXIT_IO_OUT, GUEST_PORT_CONSOLE, 1, 3, 4096));
	CU_ASSERT(port(b, KVM_EXIT_IO_OUT, GUEST_PORT_CONSOLE, 1, 1, 4099));
	CU_ASSERT(port(b, KVM_EXIT_IO_OUT, GUEST_PORT_CONSOLE, 2, 1, 4100));	/* only bytes are a console's */
	CU_ASSERT_STRING_EQUAL(b->console, "abcd");
	bench_free(b);
}

static void exit_status(void)
{
	struct bench *b = bench_make(false);

	CU_ASSERT_FALSE(out32(b, GUEST_PORT_EXIT, 42));
	CU_ASSERT_EQUAL(b->stop.kind, VM_STOP_EXIT);
	CU_ASSERT_EQUAL(b->stop.status, 42);
	bench_free(b);
}

static void reads_float(void)
{
	struct bench *b = bench_make(false);
	unsigned char *data = (unsigned char *)b->lp.run + 4096;

	CU_ASSERT(port(b, KVM_EXIT_IO_IN, GUEST_PORT_IO, 4, 2, 4096));
	CU_ASSERT(data[0] == 0xff && data[7] == 0xff && data[8] == 0);
	b->lp.run->exit_reason = KVM_EXIT_MMIO;
	b->lp.run->mmio.is_write = 0;
	b->lp.run->mmio.len = UINT32_MAX;
	CU_ASSERT(kvm_loop_handle(&b->lp));
	CU_ASSERT(b->lp.run->mmio.data[0] == 0xff && b->lp.run->mmio.data[7] == 0xff);
	CU_ASSERT_EQUAL(b->lp.run->mmio.len, UINT32_MAX);
	CU_ASSERT_EQUAL(b->lp.run->mmio.is_write, 0);
	bench_free(b);
}

static void hostile_io(void)
{
	static const struct { uint8_t size; uint32_t count; uint64_t offset; } hostile[] = {
		{ 4, 1, RUN_BYTES - 3 }, { 4, 1, RUN_BYTES }, { 4, 1, UINT64_MAX }, { 4, 1, UINT64_MAX - 3 },
		{ 4, UINT32_MAX, 4096 }, { 1, RUN_BYTES, 1 }, { 0, 1, 4096 }, { 4, 0, 4096 }, { 255, 1, 4096 },
		{ 8, 1, 4096 },
	};

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		for (uint8_t direction = 0; direction < 2; direction++) {
			struct bench *b = bench_make(true);

			CU_ASSERT_FALSE(port(b, direction, GUEST_PORT_CONSOLE, hostile[i].size, hostile[i].count,
					     hostile[i].offset));
			CU_ASSERT_EQUAL(b->stop.kind, VM_STOP_CARRIER);
			CU_ASSERT(strlen(b->stop.text) > 0);
			bench_free(b);
		}
}

static void ends_at_the_end(void)
{
	struct bench *b = bench_make(false);

	CU_ASSERT(port(b, KVM_EXIT_IO_OUT, GUEST_PORT_CONSOLE, 1, 1, RUN_BYTES - 1));
	CU_ASSERT_EQUAL(b->console_len, 1);
	CU_ASSERT(port(b, KVM_EXIT_IO_IN, GUEST_PORT_IO, 4, 1, RUN_BYTES - 4));
	bench_free(b);
}

static void rows_are_told(void)
{
	struct bench *b = bench_make(true);

	ctrl_of(b)->row_current = 0;
	CU_ASSERT(out32(b, GUEST_PORT_DOORBELL, DOORBELL_ROW_BEGIN));
	CU_ASSERT_EQUAL(b->told_row, 0);
	CU_ASSERT(out32(b, GUEST_PORT_DOORBELL, DOORBELL_ROW_END));
	CU_ASSERT(b->begins == 1 && b->ends == 1);
	ctrl_of(b)->row_current = 0xfffffff0;	/* never an index */
	CU_ASSERT(out32(b, GUEST_PORT_DOORBELL, DOORBELL_ROW_BEGIN));
	CU_ASSERT_EQUAL(b->told_row, b->launch.row_count);
	bench_free(b);
}

static void record_put(struct bench *b, enum guest_record_type type)
{
	const struct guest_record r = { .magic = GUEST_RECORD_MAGIC, .type = type };
	struct guest_ctrl *c = ctrl_of(b);

	memcpy(b->mem.base + GUEST_RING_PHYS + c->ring_head, &r, sizeof(r));
	c->ring_head += sizeof(r);
}

/* A guest that has begun a row and hangs before its doorbell: only the ring says so. */
static void late_before_its_doorbell(void)
{
	struct bench *b = bench_make(true);

	b->lp.start_ns = kvm_now_ns();
	b->launch.deadline_ms = 60000;
	b->launch.row_deadline_ms = 1;
	CU_ASSERT(kvm_loop_interrupted(&b->lp, EINTR));		/* no row, no deadline of one */
	record_put(b, RECORD_ROW_BEGIN);
	b->lp.run->immediate_exit = 1;
	CU_ASSERT(kvm_loop_interrupted(&b->lp, EINTR));
	CU_ASSERT_EQUAL(b->lp.run->immediate_exit, 0);
	CU_ASSERT_EQUAL(b->records, 1);				/* who collects them knows it too */
	nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
	CU_ASSERT_FALSE(kvm_loop_interrupted(&b->lp, EINTR));
	CU_ASSERT_EQUAL(b->stop.kind, VM_STOP_DEADLINE);
	CU_ASSERT_STRING_EQUAL(b->stop.native, "row deadline");
	bench_free(b);
}

static void late_without_a_row(void)
{
	struct bench *b = bench_make(false);

	b->lp.start_ns = kvm_now_ns() - 2000000;
	ctrl_of(b)->ring_head = 4;				/* a guest on its own has no ring */
	CU_ASSERT(kvm_loop_interrupted(&b->lp, EINTR));
	b->launch.deadline_ms = 1;
	CU_ASSERT(kvm_loop_interrupted(&b->lp, EAGAIN));
	CU_ASSERT_FALSE(kvm_loop_interrupted(&b->lp, EINTR));
	CU_ASSERT_STRING_EQUAL(b->stop.native, "launch deadline");
	CU_ASSERT_FALSE(kvm_loop_interrupted(&b->lp, EFAULT));
	CU_ASSERT_EQUAL(b->stop.kind, VM_STOP_CARRIER);
	bench_free(b);
}

static void nothing_to_do(void)
{
	static const uint32_t reasons[] = { KVM_EXIT_IRQ_WINDOW_OPEN, KVM_EXIT_INTR, KVM_EXIT_SET_TPR };
	struct bench *b = bench_make(false);

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		b->lp.run->exit_reason = reasons[i];
		CU_ASSERT(kvm_loop_handle(&b->lp));
	}
	bench_free(b);
}

static void hostile_ring(void)
{
	static const uint64_t heads[] = { 4, GUEST_RING_BYTES + 8, UINT64_MAX, UINT64_MAX - 7, 1ull << 63, 16 };
	static const uint32_t bells[] = { DOORBELL_ROW_END, DOORBELL_DONE, DOORBELL_FAULT };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		for (size_t k = 0; k < sizeof(bells) / sizeof(bells[0]); k++) {
			struct bench *b = bench_make(true);

			ctrl_of(b)->ring_head = heads[i];
			CU_ASSERT_FALSE(out32(b, GUEST_PORT_DOORBELL, bells[k]));
			CU_ASSERT_EQUAL(b->stop.kind, VM_STOP_PROTOCOL);
			CU_ASSERT_EQUAL(b->records, 0);
			bench_free(b);
		}
}

static void unknown_doorbell(void)
{
	struct bench *b = bench_make(true);

	CU_ASSERT_FALSE(out32(b, GUEST_PORT_DOORBELL, 0));
	CU_ASSERT_EQUAL(b->stop.kind, VM_STOP_PROTOCOL);
	bench_free(b);
	b = bench_make(false);	/* without rows the port is nobody's */
	CU_ASSERT(out32(b, GUEST_PORT_DOORBELL, DOORBELL_ROW_END));
	CU_ASSERT_EQUAL(b->ends, 0);
	bench_free(b);
}

static void halts(void)
{
	struct bench *b = bench_make(true);

	b->lp.run->exit_reason = KVM_EXIT_HLT;
	CU_ASSERT(kvm_loop_handle(&b->lp));
	bench_free(b);
	b = bench_make(false);
	b->lp.run->exit_reason = KVM_EXIT_HLT;
	CU_ASSERT_FALSE(kvm_loop_handle(&b->lp));
	CU_ASSERT_EQUAL(b->stop.kind, VM_STOP_HALT);
	bench_free(b);
}

static void bad_ends(void)
{
	static const struct { uint32_t reason; enum vm_stop_kind kind; const char *native; } ends[] = {
		{ KVM_EXIT_SHUTDOWN, VM_STOP_SHUTDOWN, "KVM_EXIT_SHUTDOWN" },
		{ KVM_EXIT_INTERNAL_ERROR, VM_STOP_CARRIER, "KVM_EXIT_INTERNAL_ERROR" },
		{ KVM_EXIT_FAIL_ENTRY, VM_STOP_CARRIER, "KVM_EXIT_FAIL_ENTRY" },
		{ KVM_EXIT_UNKNOWN, VM_STOP_CARRIER, "KVM exit 0" },
		{ KVM_EXIT_S390_TSCH, VM_STOP_CARRIER, "KVM exit 22" },
		{ UINT32_MAX, VM_STOP_CARRIER, "KVM exit 4294967295" },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct bench *b = bench_make(true);

		b->lp.run->exit_reason = ends[i].reason;
		memset(&b->lp.run->internal, 0xff, sizeof(b->lp.run->internal));
		CU_ASSERT_FALSE(kvm_loop_handle(&b->lp));
		CU_ASSERT_EQUAL(b->stop.kind, ends[i].kind);
		CU_ASSERT_STRING_EQUAL(b->stop.native, ends[i].native);
		CU_ASSERT(strlen(b->stop.text) > 0);
		bench_free(b);
	}
}

/* Under SVM KVM resets the processor before it tells of a triple fault: those registers are not the guest's. */
static void registers_of_a_reset(void)
{
	static const struct vm_regs reset = { .valid = true, .rip = 0xfff0, .rflags = 2, .cr0 = 0x60000010 };
	struct vm_stop stop = { .kind = VM_STOP_SHUTDOWN, .text = "triple fault" };
	struct vm_regs regs = reset;

	vm_stop_regs(&stop, &regs);
	CU_ASSERT_FALSE(stop.regs.valid);
	CU_ASSERT_EQUAL(stop.regs.cr0, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(stop.text, "triple fault; KVM reset"));

	strcpy(stop.text, "triple fault");
	regs.cr0 |= 1u << 31;			/* a guest may be there with paging on, */
	vm_stop_regs(&stop, &regs);
	CU_ASSERT(stop.regs.valid && stop.regs.rip == 0xfff0);
	regs = reset;
	regs.rip = 0x400010;			/* or elsewhere without, */
	vm_stop_regs(&stop, &regs);
	CU_ASSERT(stop.regs.valid && stop.regs.rip == 0x400010);
	stop.kind = VM_STOP_DEADLINE;		/* or just hang there */
	vm_stop_regs(&stop, &reset);
	CU_ASSERT(stop.regs.valid);
	CU_ASSERT_STRING_EQUAL(stop.text, "triple fault");
}

static void guest_pointers(void)
{
	struct kvm_memory m = { .base = (unsigned char *)0x1000, .bytes = 0x200000 };

	CU_ASSERT_PTR_EQUAL(kvm_memory_at(&m, 0, 0x200000), m.base);
	CU_ASSERT_PTR_EQUAL(kvm_memory_at(&m, 0x1fffff, 1), m.base + 0x1fffff);
	CU_ASSERT_PTR_NULL(kvm_memory_at(&m, 0x200000, 1));
	CU_ASSERT_PTR_NULL(kvm_memory_at(&m, 1, 0x200000));
	CU_ASSERT_PTR_NULL(kvm_memory_at(&m, UINT64_MAX, 1));
	CU_ASSERT_PTR_NULL(kvm_memory_at(&m, UINT64_MAX, UINT64_MAX));
	CU_ASSERT_PTR_NULL(kvm_memory_at(&m, 0, UINT64_MAX));
}

static void memory_sizes(void)
{
	static const uint64_t bad[] = { 0, 1, 4096, (2ull << 20) + 4096, 4ull << 30, UINT64_MAX,
					UINT64_MAX & ~0x1fffffull };
	struct kvm_memory m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(kvm_memory_map(&m, bad[i], false, NULL), -EINVAL);
	CU_ASSERT_EQUAL_FATAL(kvm_memory_map(&m, 4ull << 20, true, NULL), 0);
	CU_ASSERT_EQUAL((uintptr_t)m.base % (2u << 20), 0);
	memset(m.base, 1, m.bytes);
	CU_ASSERT_EQUAL(m.base[m.bytes - 1], 1);
	kvm_memory_unmap(&m);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "console bytes arrive, one or many in an exit", console_bytes },
		{ "the exit port carries a status", exit_status },
		{ "reads of nothing float high", reads_float },
		{ "sizes, counts and offsets past the run page stop the run", hostile_io },
		{ "the last byte of the run page may be used", ends_at_the_end },
		{ "row doorbells tell counters and a row in range", rows_are_told },
		{ "a row that hangs before its doorbell is late", late_before_its_doorbell },
		{ "a guest on its own has the deadline of its launch", late_without_a_row },
		{ "exits that ask for nothing go on", nothing_to_do },
		{ "a ring that makes no sense stops the run", hostile_ring },
		{ "unknown doorbells stop the run, none is heard without rows", unknown_doorbell },
		{ "a halt comes back in a row and ends a guest on its own", halts },
		{ "every bad end has its kind, word and sentence", bad_ends },
		{ "registers of a processor that was reset are not told", registers_of_a_reset },
		{ "guest pointers are checked against overflow", guest_pointers },
		{ "guest memory has a checked size and is aligned", memory_sizes },
		{ 0 }
	};

	return tap_run("kvm_loop", tests);
}
