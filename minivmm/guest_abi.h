/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_abi.h - the versioned contract between a guest (or a ring-0 runner) and whatever carries it.
 * Included by both sides, from C and from assembly: self-contained, freestanding, no other project header.
 *
 * Image: ELF64, x86-64, static. Segments are loaded at p_paddr (>= GUEST_IMAGE_PHYS), run at p_vaddr.
 *   - e_entry is the long-mode entry: CPL 0, interrupts off, paging on, the boot mapping below, RSP undefined,
 *     other registers 0. Engines that set a vCPU up themselves (kvm) start here.
 *   - a PVH note (owner "Xen", type 18) gives a 32-bit physical entry for QEMU -kernel; the stub there builds
 *     the boot mapping itself and jumps to e_entry.
 * Boot mapping: physical [0, 1 GiB) at linear 0 and again at GUEST_VIRT_BASE, writable, 2 MiB pages.
 *
 * The guest is linked in one window of the lower half above 4 GiB, touches nothing below 64 KiB, uses no
 * FS/GS operand, no SSE, and no self-modifying code.
 */
#ifndef VTSCOPE_MINIVMM_GUEST_ABI_H
#define VTSCOPE_MINIVMM_GUEST_ABI_H

#define GUEST_ABI_VERSION	2

/* Physical map. */
#define GUEST_CTRL_PHYS		0x00100000	/* struct guest_ctrl */
#define GUEST_BOOT_PT_PHYS	0x00110000	/* boot page tables that an engine builds: up to 64 KiB */
#define GUEST_ARENA_PT_PHYS	0x00180000	/* host-prepared 4 KiB page-table pages of the arena, 1 a 2 MiB */
#define GUEST_RING_PHYS		0x00200000	/* record ring */
#define GUEST_RING_BYTES	0x00200000
#define GUEST_IMAGE_PHYS	0x00400000	/* image, bss, stacks, the guest's own page tables */
#define GUEST_IMAGE_END		0x01000000
#define GUEST_BOOT_INFO_PHYS	0x00f00000	/* multiboot information and command line, from a carrier without a loader */
#define GUEST_BOOT_ROM_PHYS	0x000d0000	/* the option ROM of such a carrier */
#define GUEST_ARENA_PHYS	0x01000000	/* data of cpu.* and mem.*, prepared by the host */
#define GUEST_ARENA_BYTES	0x05000000	/* 80 MiB */
#define GUEST_MEM_BYTES		0x08000000	/* 128 MiB: what a launch of the runner gets */
#define GUEST_MMIO_PHYS		0xd0000000	/* nothing answers here: an access goes to the VMM's user space */

/* Linear map of the runner. */
#define GUEST_VIRT_BASE		0x1000000000	/* physical 0 .. 1 GiB, 2 MiB pages, except the arena: 4 KiB pages */
#define GUEST_VIRT_2M		0x1040000000	/* physical 0 .. 1 GiB once more, 2 MiB pages throughout */
#define GUEST_VIRT_MMIO		0x1080000000	/* GUEST_MMIO_PHYS, one uncached 4 KiB page */

/* Ports. Writes; sizes as noted. What is not implemented by a carrier is ignored by it. */
/*
 * The command line that a boot image's file has room for. What stands there counts, whatever a loader says: so it can be
 * told what to do by who writes the file, under a VMM that gives it no command line, or one of its own.
 */
#define GUEST_GIVEN_MAGIC	"vtscope's plan\x01"	/* with its NUL 16 bytes, once in the file */
#define GUEST_GIVEN_BYTES	6144			/* a line of a thousand rows, with its NUL */

#define GUEST_PORT_CONSOLE	0x00e9		/* byte: console output (QEMU: debugcon) */
#define GUEST_PORT_DOORBELL	0x02f0		/* dword: enum guest_doorbell */
#define GUEST_PORT_IO		0x02f4		/* unclaimed: the port of exit.pio-*.user */
#define GUEST_PORT_EXIT		0x00f4		/* dword: ends the run, value = status (QEMU: isa-debug-exit) */
#define GUEST_PORT_ELCR		0x04d0		/* byte: the port of exit.pio.kernel (8259 edge/level control) */
#define GUEST_PORT_NANO_IN	0x0080		/* byte: the port of nano.in, as in the 2006 paper */

#define GUEST_CTRL_MAGIC	0x4c525443545600ull	/* "\0VTCTRL" */
#define GUEST_RECORD_MAGIC	0x5456
#define GUEST_ROWS_MAX		1024

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

enum guest_doorbell {
	DOORBELL_ROW_BEGIN = 1,	/* records of the row follow; the carrier notes its exit counters */
	DOORBELL_ROW_END = 2,	/* its ROW_END record is in the ring; the carrier notes the counters, drains */
	DOORBELL_DONE = 3,	/* all rows done; GUEST_PORT_EXIT follows */
	DOORBELL_FAULT = 4,	/* ctrl.fault is filled; GUEST_PORT_EXIT follows */
};

enum guest_state { GUEST_LOADED = 0, GUEST_RUNNING = 1, GUEST_DONE = 2, GUEST_FAULTED = 3 };

/* One row of work. Written by the host, read-only for the runner. */
struct guest_row {
	uint32_t op;		/* number in ops.def: opaque to engines */
	uint32_t flags;		/* GUEST_ROW_* */
	uint64_t budget;	/* TSC ticks for the row, all phases; the runner keeps to it where it can stop.
				 * Before it, up to GUEST_TOUCH_BUDGETS more to make the row's memory present */
	uint32_t max_samples;	/* single-shot samples at most; the runner's ring space bounds it too */
	uint32_t min_samples;	/* wanted even when the budget is over, but never past GUEST_OVERTIME_BUDGETS */
	uint64_t arg[2];	/* the piece of the arena it uses: offset and length in bytes; length 0: none, and the
				 * offset is what else the operation's row in ops.def gives it (a VMCS field ...) */
};
#define GUEST_ROW_NO_DIFF	0x1	/* skip the differenced pass */

#define GUEST_TOUCH_BUDGETS	4u
#define GUEST_OVERTIME_BUDGETS	4u

/* The general registers in the order of struct vm_regs (engine.h). */
struct guest_fault {
	uint32_t vector, error;
	uint64_t rip, rflags, cr0, cr2, cr3, cr4;
	uint64_t gpr[16];	/* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
	uint32_t row, cpl;
	char what[96];		/* a sentence, where there is more to say than the vector: an exit that nobody expected */
};

struct guest_given {
	char magic[16];
	char line[GUEST_GIVEN_BYTES];	/* "": nothing is given */
};

/* At GUEST_CTRL_PHYS. Fields above the line belong to the host before the start, below to the guest. */
struct guest_ctrl {
	uint64_t magic;
	uint32_t version, bytes;	/* GUEST_ABI_VERSION, sizeof(struct guest_ctrl) */
	uint64_t mem_bytes;
	uint64_t tsc_hz;
	uint32_t row_count;
	uint32_t fence;			/* GUEST_FENCE_*: how brackets end */
	uint64_t seed;
	volatile uint64_t ring_tail;	/* bytes the host has consumed, ever growing */
	/* ---- */
	volatile uint32_t state;	/* enum guest_state */
	volatile uint32_t row_current;	/* index of the row at work, row_count when none */
	volatile uint64_t ring_head;	/* bytes the guest has published, ever growing */
	struct guest_fault fault;
	struct guest_row rows[GUEST_ROWS_MAX];
};
#define GUEST_FENCE_RDTSCP	0	/* lfence; rdtsc; lfence; OP; rdtscp; lfence */
#define GUEST_FENCE_LFENCE	1	/* lfence; rdtsc; lfence on both sides: no RDTSCP here */

enum guest_record_type {
	RECORD_ROW_BEGIN = 1,	/* no payload */
	RECORD_COLD = 2,	/* uint64_t[1]: the very first execution */
	RECORD_EMPTY = 3,	/* uint64_t[]: empty brackets */
	RECORD_SINGLE = 4,	/* uint64_t[]: single-shot brackets, ticks per body */
	RECORD_DIFF = 5,	/* uint64_t[2][]: pairs T(n), T(2n); arg = n */
	RECORD_ROW_END = 6,	/* struct guest_row_end */
	RECORD_LOG = 7,		/* text, for --verbose */
	RECORD_PAD = 8,		/* filler to the end of the ring: the next record starts at its front */
	RECORD_SPLIT = 9,	/* struct guest_split[]: round trips with stamps at the monitor's two ends */
	RECORD_FAULT = 10,	/* struct guest_fault: the row ended here; its end and the rows behind it still come */
};

/*
 * One record: header and payload, padded to 16 bytes, never split at the end of the ring. The host treats every
 * field as hostile: magic, type, length and the ring counters are checked before use.
 */
struct guest_record {
	uint16_t magic;
	uint8_t type;
	uint8_t flags;
	uint32_t bytes;		/* of payload, not padded */
	uint32_t row;		/* index in ctrl.rows */
	uint32_t arg;
};

/*
 * One exit and the way back, in ticks: from the guest's stamp before to the monitor's first, in the monitor, from its
 * last to the guest's stamp behind. The three add up to the stamped round trip.
 */
struct guest_split {
	uint64_t exit, handler, entry;
};

struct guest_row_end {
	uint64_t executions;	/* bodies executed between the two doorbells, all passes */
	uint64_t ticks;		/* from begin to end */
	uint32_t warmup;	/* single shots before measuring */
	uint32_t flags;		/* GUEST_END_* */
};
#define GUEST_END_UNSETTLED	0x1	/* warm-up ended by its time box, the median still moved */
#define GUEST_END_RING_FULL	0x2	/* samples bounded by ring space */
#define GUEST_END_UNSUPPORTED	0x4	/* this runner cannot execute the operation here; nothing was measured */
#define GUEST_END_BUDGET	0x8	/* fewer than min_samples: the operation is too slow for the budget */
#define GUEST_END_LFENCE	0x10	/* brackets as GUEST_FENCE_LFENCE: asked for, or the runner has no RDTSCP */
#define GUEST_END_FAULTED	0x20	/* a RECORD_FAULT says how; what came before it counts for nothing */
#define GUEST_END_PAIRS		0x40	/* the operation is a difference by nature: pairs T(without), T(with), n = 1 */

/*
 * What the host prepares (all of it optional but the chains):
 *   page tables	at GUEST_ARENA_PT_PHYS, uint64_t[GUEST_ARENA_BYTES / 4096]: entry i maps the arena's page i,
 *			(GUEST_ARENA_PHYS + i * 4096) | GUEST_ARENA_PTE. The first is not that: the runner builds them.
 *   chains		a piece that an operation walks holds one node every GUEST_CHAIN_STRIDE bytes: a uint64_t, the
 *			offset of the next node from the piece's start. One cycle over all nodes; the walk starts at 0.
 *   copy buffers	any content.
 */
#define GUEST_ARENA_PTE		0x67ull	/* present, writable, user, accessed, dirty */
#define GUEST_CHAIN_STRIDE	64

/*
 * The runner of a carrier that is a process: executes the rows of the control page at (mem) + GUEST_CTRL_PHYS that
 * an unprivileged process can, and returns. (mem) is laid out as guest memory. Defined by bench, called by `native`.
 */
void runner_main_hosted(unsigned char *mem, uint64_t mem_bytes);

/* ---- the runner in ring 0: the boot image here, a kernel module later ---- */

enum ring0_engine {
	RING0_NATIVE,	/* rows run in ring 0 with nothing below */
	RING0_VMX,	/* rows run in a guest of the monitor, vmx.* in VMX root operation */
	RING0_SVM,
};

/* One step of the monitor's self-test. The texts are for people, printable ASCII. */
struct ring0_step {
	const char *step;	/* "entry with a bad host field" */
	const char *expected;	/* "VM-instruction error 8" */
	char observed[80];
	uint32_t passed;
};

/* Exit counters of the monitor. Exact: what it causes itself (the way in and out of a row) is not in them. */
struct ring0_counters {
	uint64_t exits;		/* caused by the rows' operations */
	uint64_t interrupts;	/* by a watchdog's timer */
};

/* Everything that runner_main() asks of whoever hosts it. All functions return. */
struct ring0_platform {
	struct guest_ctrl *ctrl;	/* filled: rows, fence, seed, tsc_hz */
	unsigned char *ring;		/* GUEST_RING_BYTES */
	enum ring0_engine engine;
	uint64_t ram_bytes;		/* usable physical memory from 1 MiB on, without a hole: at least GUEST_MEM_BYTES */
	uint64_t cr4;			/* as it was before the host set its own: whose VMX is on is busy */
	void *ctx;
	/* What is in the ring is to be taken out; (counters) NULL where nothing exits. */
	void (*doorbell)(void *ctx, uint32_t what, uint32_t row, const struct ring0_counters *counters);
	void (*step)(void *ctx, const struct ring0_step *step);
	/* A fact of the processor that decides what can run: "requires": "secondary control enable_ept: no". */
	void (*fact)(void *ctx, const char *name, const char *value);
	/* The engine cannot be had here: (status) is a word ("firmware-disabled"), (why) says why and what to do. */
	void (*refuse)(void *ctx, const char *status, const char *why);
};

/*
 * Executes the rows of the control page and returns with the machine as it found it. 0: all rows were tried; -1: the
 * engine cannot be had, refuse() was called. Defined by bench/root/, called by minivmm/monitor/boot/. It builds its own page
 * tables (the linear map above) and leaves them loaded.
 */
int runner_main(const struct ring0_platform *p);
/* The catalogue that the runner was built with. Name of operation (op), NULL: there are no more. */
const char *runner_op_name(uint32_t op);
/* Does operation (op) mean anything to (engine)? HLT in ring 0 with nothing below never comes back. */
bool runner_op_fits(uint32_t op, enum ring0_engine engine);
/* What belongs into guest_row.arg. */
void runner_op_piece(uint32_t op, uint64_t arg[2]);

#endif /* !__ASSEMBLER__ */
#endif
