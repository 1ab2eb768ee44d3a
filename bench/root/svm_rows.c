/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svm_rows.c - what the rows of an SVM host share, and the rows of single instructions. */
#include "bench/root/svm_rows.h"

#define MSR_AVIC_DOORBELL 0xc001011b
#define PAGE_BYTES	  4096

/* RAX of INVLPGB (APM volume 3): what of the translations it names is given. */
#define INVLPGB_ADDRESS	  1
#define INVLPGB_ASID	  4

union vmcb row_vmcb[2];

bool svm_row_needs(struct row_run *run, unsigned bit, const char *text)
{
	char line[200] = "";
	struct text t = TEXT_OF(line);

	if (svm_has(bit))
		return true;
	text_put(&t, "needs ");
	text_put(&t, text);
	text_put(&t, ", which this processor does not have");
	return root_missing(run, line);
}

static uint64_t code_of(const union vmcb *c)
{
	/* Early processors and emulators write 32 bits of VMEXIT_INVALID. */
	return (uint32_t)c->EXITCODE == (uint32_t)SVM_EXIT_INVALID ? SVM_EXIT_INVALID : c->EXITCODE;
}

static void put_code(struct text *t, uint64_t code)
{
	char name[40];

	svm_exit_name(code, name, sizeof(name));
	text_put(t, "exit ");
	text_hex(t, code);
	text_put(t, " ");
	text_put(t, name);
}

bool svm_row_try(struct row_run *run, union vmcb *c, uint64_t code)
{
	char line[200] = "";
	struct text t = TEXT_OF(line);
	struct svm_trip trip;

	svm_trip(&trip, svm_phys(c));
	if (code_of(c) == code)
		return true;
	text_put(&t, "the entry ends with ");
	put_code(&t, code_of(c));
	text_put(&t, ", not with ");
	put_code(&t, code);
	return root_missing(run, line);
}

void svm_row_count(struct row_run *run, const union vmcb *c, uint64_t code, unsigned n)
{
	if (code_of(c) != code)
		__builtin_trap(); /* ends the row */
	root_of(run)->monitor.counters.exits += n;
}

uint64_t svm_row_bracket(struct row_run *run, unsigned copies)
{
	size_t size = (size_t)(run->body.end - run->body.start) / BODY_COPIES;
	uint64_t ticks;

	__asm__ volatile("clgi" : : : "memory");
	ticks = run->bracket(run->body.end - copies * size, &run->regs);
	__asm__ volatile("stgi" : : : "memory");
	return ticks;
}

void svm_row_close(struct row_run *run)
{
	(void)run;
	__asm__ volatile("stgi" : : : "memory");
}

/* ---- VMLOAD, VMSAVE ---- */

/* VMLOAD of this loads what is there. */
static bool open_state(struct row_run *run)
{
	run->regs.rax = svm_phys(&row_vmcb[0]);
	__asm__ volatile("vmsave %0" : : "a"(run->regs.rax) : "memory");
	return true;
}

const struct root_op root_svm_vmload = { SVM_CODE(vmload), .open = open_state };
const struct root_op root_svm_vmsave = { SVM_CODE(vmsave), .open = open_state };

/* ---- the global interrupt flag ---- */

static bool open_gif_1(struct row_run *run)
{
	(void)run;
	return true;
}

static bool open_gif_0(struct row_run *run)
{
	run->shot = svm_row_bracket;
	return true;
}

const struct root_op root_svm_stgi = { SVM_CODE(stgi), .open = open_gif_1 };
const struct root_op root_svm_clgi = { SVM_CODE(clgi), .open = open_gif_0, .close = svm_row_close };
const struct root_op root_svm_clgi_stgi = { SVM_CODE(clgi_stgi), .open = open_gif_1, .close = svm_row_close };

/* ---- TLB ---- */

/* A page that nobody uses; its translation is loaded before each bracket. */
static bool open_page(struct row_run *run)
{
	run->regs.rax = GUEST_VIRT_BASE + GUEST_ARENA_PHYS;
	run->regs.rcx = root_arg(run);
	run->regs.touch = (const void *)run->regs.rax;
	return true;
}

static bool has_invlpgb(struct row_run *run)
{
	return svm_has_invlpgb() || root_missing(run, "needs INVLPGB and TLBSYNC (CPUID 8000_0008h EBX bit 3), which "
						      "this processor does not have");
}

static bool open_invlpgb(struct row_run *run)
{
	if (!has_invlpgb(run))
		return false;
	open_page(run);
	run->regs.rax |= INVLPGB_ADDRESS | INVLPGB_ASID; /* of ASID 0, in edx */
	return true;
}

static bool open_tlbsync(struct row_run *run)
{
	return has_invlpgb(run);
}

const struct root_op root_svm_invlpga = { SVM_CODE(invlpga), .open = open_page };
const struct root_op root_svm_invlpgb = { SVM_CODE(invlpgb), .open = open_invlpgb };
const struct root_op root_svm_tlbsync = { SVM_CODE(tlbsync), .open = open_tlbsync };
const struct root_op root_svm_invlpgb_tlbsync = { SVM_CODE(invlpgb_tlbsync), .open = open_invlpgb };

/* ---- MSRs ---- */

static void operand_msr(struct row_run *run, uint32_t msr, uint64_t value)
{
	run->regs.rcx = msr;
	run->regs.rax = (uint32_t)value;
	run->regs.rdx = value >> 32;
}

static void be_on(struct row_run *run)
{
	(void)run;
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
}

static void be_off(struct row_run *run)
{
	(void)run;
	msr_write(MSR_EFER, msr_read(MSR_EFER) & ~EFER_SVME);
}

static bool open_svme_set(struct row_run *run)
{
	operand_msr(run, MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
	run->before = be_off;
	run->one_copy = true;
	return true;
}

static bool open_svme_clear(struct row_run *run)
{
	operand_msr(run, MSR_EFER, msr_read(MSR_EFER) & ~EFER_SVME);
	run->before = be_on;
	run->one_copy = true;
	return true;
}

const struct root_op root_svm_svme_set = { SVM_CODE(wrmsr), .open = open_svme_set, .close = be_on };
const struct root_op root_svm_svme_clear = { SVM_CODE(wrmsr), .open = open_svme_clear, .close = be_on };

static uint64_t hsave; /* as the monitor has it */

static bool open_hsave(struct row_run *run)
{
	static unsigned char other[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

	hsave = msr_read(MSR_VM_HSAVE_PA);
	operand_msr(run, MSR_VM_HSAVE_PA, hsave);
	run->regs.rsi = svm_phys(other); /* below 4 GiB, as all of the image */
	return true;
}

static void close_hsave(struct row_run *run)
{
	(void)run;
	msr_write(MSR_VM_HSAVE_PA, hsave);
}

const struct root_op root_svm_hsave_same = { SVM_CODE(wrmsr), .open = open_hsave, .close = close_hsave };
const struct root_op root_svm_hsave_changed = {
	SVM_CODE(wrmsr_alternate),
	.open = open_hsave,
	.close = close_hsave,
};

/* The doorbell of a processor that runs no guest is ignored (APM volume 2, 15.29). */
static bool open_avic_doorbell(struct row_run *run)
{
	uint32_t a = 1, b, c = 0, d;

	if (!svm_row_needs(run, SVM_CPUID_avic, "AVIC"))
		return false;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	operand_msr(run, MSR_AVIC_DOORBELL, b >> 24);
	return true;
}

const struct root_op root_svm_avic_doorbell = { SVM_CODE(wrmsr), .open = open_avic_doorbell };

/* ---- #UD ---- */

static void close_ud(struct row_run *run)
{
	vector_reset(VECTOR_UD);
	be_on(run);
}

static void execute(void *arg)
{
	struct row_run *run = arg;
	size_t size = (size_t)(run->body.end - run->body.start) / BODY_COPIES;

	run->bracket(run->body.end - size, &run->regs);
}

/* The instruction must be refused before its handler is changed. */
static bool open_ud(struct row_run *run)
{
	struct exception_frame f = { .vector = 0 };

	if (kernel_protect(execute, run, &f) || f.vector != VECTOR_UD) {
		close_ud(run);
		return root_missing(run, "the instruction does not end with #UD");
	}
	vector_set(VECTOR_UD, svm_ud_skip);
	return true;
}

static bool open_ud_vmrun(struct row_run *run)
{
	svm_vmcb_init(&row_vmcb[0], svm_trip_guest_call, svm_trip_stack_top);
	run->regs.rax = svm_phys(&row_vmcb[0]);
	be_off(run);
	return open_ud(run);
}

const struct root_op root_svm_ud_vmrun = { SVM_CODE(vmrun), .open = open_ud_vmrun, .close = close_ud };
const struct root_op root_svm_ud_vmmcall = { SVM_CODE(vmmcall), .open = open_ud, .close = close_ud };

static bool open_skinit(struct row_run *run)
{
	return root_missing(run, "SKINIT resets the processor and starts another program: there is no way back");
}

const struct root_op root_svm_skinit = { .open = open_skinit };
