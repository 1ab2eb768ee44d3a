/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - what executes a guest, behind one interface. minivmm/, bench/, cli/ include this.
 *
 * Engines know nothing of operations: they load an image, hand it opaque rows, and pass on what it writes.
 */
#ifndef VTSCOPE_MINIVMM_ENGINE_H
#define VTSCOPE_MINIVMM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "minivmm/guest_abi.h"
#include "probe/verdict.h"

enum provenance { PROVENANCE_HARDWARE, PROVENANCE_NESTED, PROVENANCE_SOFTWARE, PROVENANCE_EMULATED };
const char *provenance_name(enum provenance p);	/* "hardware" ... */

enum vm_stop_kind {
	VM_STOP_EXIT,		/* the guest ended itself (GUEST_PORT_EXIT; native: the runner returned) */
	VM_STOP_FAULT,		/* the runner caught an exception where none belongs: regs from ctrl.fault */
	VM_STOP_SHUTDOWN,	/* triple fault */
	VM_STOP_DEADLINE,	/* the launch or a row was late */
	VM_STOP_HALT,		/* HLT with nothing that could wake it */
	VM_STOP_CARRIER,	/* the process that carried it died, or KVM gave up (internal error, failed entry) */
	VM_STOP_INTERRUPTED,	/* the user asked to stop */
	VM_STOP_PROTOCOL,	/* the guest wrote records that are none */
};
const char *vm_stop_name(enum vm_stop_kind k);	/* "exit" "fault" "shutdown" "deadline" ... */

struct vm_regs {
	bool valid;		/* could they be read at all? */
	uint64_t gpr[16];	/* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
	uint64_t rip, rflags, cr0, cr2, cr3, cr4, efer;
};
extern const char *const vm_gpr_names[16];

/* Exit counters at one moment. Which are valid is engine_info.counts_exits. */
struct engine_counters {
	uint64_t exits;			/* all exits from guest mode (KVM binary statistics); a row's end doorbell is one */
	uint64_t user_exits;		/* of these, the ones user space handled */
	uint64_t insn_emulation;	/* instructions KVM emulated: many of these mean a software backend */
	uint64_t interrupts;		/* host interrupts that caused an exit, 0 where unknown */
	uint64_t io_exits, mmio_exits;	/* of exits, the ones for ports and for MMIO */
};

struct vm_stop {
	enum vm_stop_kind kind;
	char native[64];	/* the carrier's own word: "KVM_EXIT_SHUTDOWN", "signal 6", "exit status 3" ... */
	char text[200];		/* a sentence for a person */
	int status;		/* VM_STOP_EXIT: the value the guest wrote */
	uint32_t row;		/* row at work, or the launch's row_count when none was */
	uint64_t exits;		/* VM exits to this carrier's loop, 0 where it cannot count */
	struct engine_counters total;	/* of the whole launch */
	struct vm_regs regs;
};

/* One step of the monitor's self-test. */
struct engine_step {
	unsigned number;	/* from 1 */
	bool passed;
	char name[64], expected[96], observed[96];
};

/* Something that the monitor found and that decides what can run there: "requires", "EPT: yes". */
struct engine_fact {
	char name[64], value[400];
};

/* Where a launch's output goes. Any function may be NULL. Payloads are copies: the guest cannot change them. */
struct sink {
	void *ctx;
	void (*record)(void *ctx, const struct guest_record *r, const void *payload);
	void (*console)(void *ctx, const char *bytes, size_t n);
	void (*counters)(void *ctx, uint32_t row, bool begin, const struct engine_counters *c);
	/* The process that carries the launch, once it is there. Not called where the calling thread does. */
	void (*carrier)(void *ctx, int pid);
	/* What the monitor tests of itself before the rows, step by step: in every launch anew. */
	void (*step)(void *ctx, const struct engine_step *s);
};

/* What an engine offers to operations (struct op.wants). */
#define ENGINE_RING0		0x01	/* guest code runs at CPL 0 */
#define ENGINE_USER_IO		0x02	/* unclaimed ports and MMIO reach a user-space VMM or its equivalent */
#define ENGINE_KERNEL_PIO	0x04	/* an in-kernel irqchip can be had (launch.irqchip) */
#define ENGINE_HLT_RETURNS	0x08	/* HLT without an interrupt comes back (it exits to the VMM) */
#define ENGINE_HYPERCALL	0x10	/* VMCALL/VMMCALL is answered */
#define ENGINE_MONITOR		0x20	/* the project's own monitor: any exit can be asked for, and is counted exactly */
#define ENGINE_VMX		0x40	/* VMX instructions in VMX root operation */
#define ENGINE_SVM		0x80	/* SVM instructions by the host */
const char *engine_offer_reason(unsigned missing);	/* why a row is skipped when the lowest bit of (missing) is not offered */

struct engine_config {
	const char *via;		/* "auto", "process", "bochs", "bochs:MODEL", "qemu", "qemu:CPU": minivmm/via.h knows them */
	const char *exec;		/* the command of the engine exec, NULL: not given */
	const char *qemu;		/* path of qemu-system-x86_64, NULL: from the snapshot's tool record */
	const struct verdict *verdict;	/* borrowed for the life of the engine */
	const struct snapshot *snapshot;
	uint64_t tsc_hz;
};

struct engine_info {
	char backend[64];		/* "kvm_pvm", "QEMU 7.2.22 TCG", "process" */
	const char *program;		/* path of the executable that carries it, NULL: this one; the engine owns it */
	enum provenance provenance;
	char via[64];			/* "process", "bochs:corei7_skylake_x", "qemu:EPYC" */
	const char *clock;		/* "tsc"; "instructions": the emulator's count, its clock shows nothing else */
	unsigned offers;		/* ENGINE_* */
	uint32_t fence;			/* GUEST_FENCE_* of its launches: is there RDTSCP in the guest? */
	double boot_seconds;		/* that a launch takes beside its rows, as open() saw it; 0: not known */
	bool unprepared;		/* nobody calls launch.prepare: the boot image has its memory to itself */
	bool counts_exits;
	bool exact_exits;		/* nothing but the rows is in its counters: not even a doorbell */
	char memory[32];		/* host backing of guest memory: "4k", "thp", "hugetlb", "" unknown */
	char cpu_model[64];		/* what the guest sees: "host", "qemu64 ..." */
	const struct engine_step *step; size_t n_steps;	/* the monitor's self-test, as of open(); the engine owns it */
	const struct engine_fact *fact; size_t n_facts;	/* and what it found */
};

struct launch {
	const void *image;		/* ELF bytes; NULL: the runner that is built in. For native a program: native_runner_main() */
	size_t image_bytes;
	uint64_t mem_bytes;		/* multiple of 2 MiB; 0: GUEST_MEM_BYTES */
	const struct guest_row *rows;	/* NULL: a guest on its own, no control page */
	uint32_t row_count;
	bool irqchip;			/* with an in-kernel irqchip (rows that want ENGINE_KERNEL_PIO) */
	uint64_t seed;
	int cpu;			/* pin the carrier to this logical CPU, -1: leave it */
	unsigned deadline_ms;		/* for all of it, from launch to stop */
	unsigned row_deadline_ms;	/* from a row's begin to its end; 0: none */
	/* Called once when guest memory exists and the image is in it, before the start; may be NULL. */
	void (*prepare)(void *ctx, unsigned char *mem, uint64_t mem_bytes);
	void *prepare_ctx;
};

struct engine;

#define ENGINE_VIA_PROCESS	0x1
#define ENGINE_VIA_IMAGE	0x2	/* bochs, qemu: the boot image */

struct engine_ops {
	const char *name;		/* "kvm" */
	const char *summary;		/* one line for `vtscope list engines` */
	const char *const *needs;	/* check ids, NULL-terminated: all must be YES */
	unsigned speaks;		/* ENGINE_VMX, ENGINE_SVM, ENGINE_MONITOR that it can ever offer: rows of other tongues are not planned on it */
	unsigned carriers;		/* ENGINE_VIA_*: what --via may name; 0: process only */
	/* NULL: yes. May it join a plan that does not name it? No for what would run on an emulated processor. */
	bool (*joins)(const struct engine_config *c);
	/* NULL: yes. Has the user given it what it needs? If not, it is in no plan that does not name it. */
	bool (*wanted)(const struct engine_config *c);
	/*
	 * 0 or -errno: -EINVAL for what the user wrote, -EIO and -ETIMEDOUT where a program was started and failed, or one
	 * that the user named is not there. All others: this machine does not have it.
	 */
	int (*open)(struct engine **out, const struct engine_config *c, struct err *e);
	const struct engine_info *(*info)(const struct engine *en);
	/*
	 * A fresh carrier: load, start, feed (s) until it stops, tear down. 0 when (stop) says how it ended, however
	 * bad that was for the guest; -errno only when no carrier could be made.
	 */
	int (*launch)(struct engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop,
		      struct err *e);
	void (*close)(struct engine *en);
};
extern const char *const engine_needs_nothing[];

extern const struct engine_ops engine_kvm, engine_tcg, engine_qemu_kvm, engine_native, engine_vmx, engine_svm,
	engine_exec;
/* Explicit table: kvm tcg qemu-kvm native vmx svm exec. */
extern const struct engine_ops *const engines[];
extern const size_t n_engines;
const struct engine_ops *engine_find(const char *name);

/*
 * All of main() of a runner program, what engine native executes in place of the runner that is built in: the rows of
 * the control page in guest memory, which it has as the file NATIVE_MEMORY_FD. Does not return.
 */
#define NATIVE_MEMORY_FD 3
_Noreturn void native_runner_main(void);

/* The runner image that is built in. */
extern const unsigned char guest_image[];
extern const unsigned char guest_image_end[];

/* The boot image that is built in: the runner in ring 0 with its monitor (minivmm/monitor/boot/). An ELF64 file. */
extern const unsigned char boot_image[];
extern const unsigned char boot_image_end[];

/* ---- shared by implementations and their tests ---- */

/* Copies the ELF64 image's segments to guest memory, all lengths checked. (entry64): e_entry. (entry32): PVH, 0 if none. */
int guest_load_elf(const void *image, size_t bytes, unsigned char *mem, uint64_t mem_bytes, uint64_t *entry64,
		   uint32_t *entry32, struct err *e);

/* Fills the control page in guest memory from a launch. */
int guest_ctrl_init(unsigned char *mem, uint64_t mem_bytes, const struct launch *l, uint64_t tsc_hz, uint32_t fence,
		    struct err *e);

/*
 * Passes every record that is complete in the ring to (s) and advances the tail. The ring and the control page are
 * the guest's: everything in them is checked, payloads are copied first. 0, or -EBADMSG with what is wrong.
 */
int guest_ring_drain(unsigned char *mem, uint64_t mem_bytes, const struct sink *s, struct err *e);

/* A fault as a stop. Nothing of it is trusted: it is text for people. */
void guest_fault_decode(const struct guest_fault *f, struct vm_stop *stop);
/* The one of the control page. */
void guest_fault_stop(const unsigned char *mem, struct vm_stop *stop);

#endif
