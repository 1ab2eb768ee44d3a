/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tiny guests that end in every way there is, on every engine that can take an image: each stop has its kind, its
 * registers, and comes within its deadline. An engine that this machine lacks is skipped with its reason.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/fileio.h"
#include "minivmm/engine.h"
#include "probe/collect.h"
#include "probe/verdict.h"

#define DEADLINE_MS	1500u
#define ROW_DEADLINE_MS	500u
#define LATE_MS		3000u	/* for a loaded machine: past the deadline, but not by this much */
#define MARK		0x1234567890abcdefull	/* what the guests leave in RBX */

#define ON_KVM		0x1
#define ON_QEMU		0x2	/* tcg and qemu-kvm */
#define ON_ALL		(ON_KVM | ON_QEMU)

#define ALONE		0x0
#define ROWS		0x1	/* a launch with one row */
#define IRQCHIP		0x2	/* with an in-kernel irqchip */
#define UNRUNG		0x4	/* the row has an argument: rowhang does not ring */

struct expectation {
	const char *guest;
	unsigned engines;
	unsigned how;		/* ALONE, or any of the others */
	enum vm_stop_kind kind;
	int status;
	bool mark;		/* registers are there, RBX holds MARK */
	const char *console;	/* NULL: not looked at */
	const char *what;
};

static const struct expectation table[] = {
	{ "hello", ON_ALL, ALONE, VM_STOP_EXIT, 0, false, "hello from a guest\n", "its console arrives whole" },
	{ "status", ON_ALL, ALONE, VM_STOP_EXIT, 3, false, "", "its status arrives" },
	{ "mmio", ON_KVM, ALONE, VM_STOP_EXIT, 0, false, "floats\n", "memory that is not there floats" },
	{ "triple", ON_ALL, ALONE, VM_STOP_SHUTDOWN, 0, true, "faulting\n", "a triple fault is a shutdown" },
	{ "hang", ON_ALL, ALONE, VM_STOP_DEADLINE, 0, true, "hanging\n", "a guest that never exits is late" },
	{ "flood", ON_ALL, ALONE, VM_STOP_DEADLINE, 0, false, "", "a guest that never stops exiting is late" },
	{ "halt", ON_ALL, ALONE, VM_STOP_HALT, 0, true, "", "a halt for good is told at once" },
	{ "halt", ON_KVM, IRQCHIP, VM_STOP_DEADLINE, 0, true, "", "a halt with an in-kernel irqchip is late" },
	{ "hang", ON_ALL, ROWS, VM_STOP_DEADLINE, 0, true, NULL, "a runner that never rings is late" },
	{ "rowhang", ON_ALL, ROWS, VM_STOP_DEADLINE, 0, false, NULL, "a row that never ends is late" },
	{ "rowhang", ON_ALL, ROWS | UNRUNG, VM_STOP_DEADLINE, 0, false, NULL, "a row that is never set up is late" },
	{ "fault", ON_ALL, ROWS, VM_STOP_FAULT, 0, true, NULL, "a fault comes with the guest's registers" },
	{ "badring", ON_ALL, ROWS, VM_STOP_PROTOCOL, 0, false, NULL, "a ring that makes no sense is refused" },
	{ "badbell", ON_KVM, ROWS, VM_STOP_PROTOCOL, 0, false, NULL, "a doorbell that means nothing is refused" },
};
#define TESTS	(sizeof(table) / sizeof(table[0]))

struct tap {
	unsigned n;
	bool failed;
};

static void tap_ok(struct tap *t, bool ok, const char *engine, const char *guest, const char *what)
{
	printf("%sok %u - %s %s: %s\n", ok ? "" : "not ", ++t->n, engine, guest, what);
	t->failed |= !ok;
}

static void tap_skip(struct tap *t, const char *engine, const struct expectation *x, const char *reason)
{
	printf("ok %u - %s %s: %s # SKIP %s\n", ++t->n, engine, x->guest, x->what, reason);
}

static void console_keep(void *ctx, const char *bytes, size_t n)
{
	struct buf *b = ctx;

	if (b->len < 4096)
		buf_append(b, bytes, n);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What this process blocks, ignores and catches, as the kernel says it: a launch gives back what it took. */
static void signals_read(struct buf *out)
{
	struct buf status = BUF_INIT;
	const char *line;

	if (file_read("/proc/self/status", 1u << 16, &status, NULL) == 0)
		for (line = buf_str(&status); line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
			if (strncmp(line, "SigBlk:", 7) == 0 || strncmp(line, "SigIgn:", 7) == 0 ||
			    strncmp(line, "SigCgt:", 7) == 0)
				buf_append(out, line, strcspn(line, "\n"));
	buf_free(&status);
}

/* KVM with SVM loses the registers of a triple fault, and says so. */
static bool is_reset(const struct vm_stop *s)
{
	return s->kind == VM_STOP_SHUTDOWN && !s->regs.valid && strstr(s->text, "KVM reset the processor");
}

/* One line a difference; true when there was none. */
static bool stop_matches(const struct expectation *x, const struct vm_stop *s, const struct buf *console, uint64_t ms)
{
	bool in_row = strcmp(x->guest, "rowhang") == 0;
	unsigned deadline = in_row ? ROW_DEADLINE_MS : DEADLINE_MS;
	bool ok = s->kind == x->kind && s->status == x->status && s->native[0] && s->text[0];

	if (x->mark && !is_reset(s) && (!s->regs.valid || s->regs.gpr[3] != MARK || s->regs.rip == 0))
		ok = false;
	if (x->console && strcmp(x->console, buf_str(console)) != 0)
		ok = false;
	if (ms > deadline + LATE_MS || (x->kind == VM_STOP_DEADLINE && ms < deadline))
		ok = false;
	if (x->kind == VM_STOP_DEADLINE && strcmp(s->native, in_row ? "row deadline" : "launch deadline") != 0)
		ok = false;
	if (in_row ? s->row != 0 : x->how & ROWS && s->row > 1)
		ok = false;
	if (!ok)
		printf("# stop %s (%s: %s), status %d, row %u, rbx 0x%" PRIx64 ", rip 0x%" PRIx64 ", %" PRIu64
		       " ms, console \"%.40s\"\n", vm_stop_name(s->kind), s->native, s->text, s->status, s->row,
		       s->regs.gpr[3], s->regs.rip, ms, buf_str(console));
	return ok;
}

static void guest_test(struct tap *t, const struct engine_ops *ops, struct engine *engine, const struct expectation *x)
{
	const struct guest_row row = { .budget = 1000000, .max_samples = 1, .arg = { x->how & UNRUNG } };
	struct buf path = BUF_INIT, image = BUF_INIT, console = BUF_INIT, before = BUF_INIT, after = BUF_INIT;
	const struct sink sink = { .ctx = &console, .console = console_keep };
	struct launch launch = { .rows = x->how & ROWS ? &row : NULL, .row_count = x->how & ROWS ? 1 : 0, .cpu = -1,
				 .irqchip = x->how & IRQCHIP, .deadline_ms = DEADLINE_MS,
				 .row_deadline_ms = x->how & ROWS ? ROW_DEADLINE_MS : 0 };
	struct vm_stop stop = { 0 };
	struct err e = { 0 };
	uint64_t start;
	bool ok;
	int rc;

	buf_printf(&path, "%s/tests/engine/guests/%s.elf", getenv("top_builddir"), x->guest);
	rc = file_read(buf_str(&path), 16u << 20, &image, &e);
	launch.image = image.data;
	launch.image_bytes = image.len;
	signals_read(&before);
	start = now_ms();
	if (rc == 0)
		rc = ops->launch(engine, &launch, &sink, &stop, &e);
	if (rc < 0)
		printf("# %s\n", e.text);
	ok = rc == 0 && stop_matches(x, &stop, &console, now_ms() - start);
	signals_read(&after);
	if (!before.len || strcmp(buf_str(&before), buf_str(&after)) != 0) {
		printf("# signals were %s and are %s\n", buf_str(&before), buf_str(&after));
		ok = false;
	}
	tap_ok(t, ok, ops->name, x->guest, x->what);
	buf_free(&path);
	buf_free(&image);
	buf_free(&console);
	buf_free(&before);
	buf_free(&after);
}

/* Opens the engine, or says why it cannot be had here. */
static struct engine *engine_get(const struct engine_ops *ops, const struct engine_config *config, struct err *e)
{
	struct engine *engine = NULL;

	for (const char *const *need = ops->needs; *need; need++)
		if (finding_answer(&config->verdict->findings, *need) == ANSWER_NO) {
			err_set(e, ENOTSUP, "%s: no", *need);
			return NULL;
		}
	return ops->open(&engine, config, e) < 0 ? NULL : engine;
}

static void engine_test(struct tap *t, const char *name, unsigned mask, const struct engine_config *config)
{
	const struct engine_ops *ops = engine_find(name);
	struct engine *engine = NULL;
	struct err e = { .text = "not built" };

	if (ops)
		engine = engine_get(ops, config, &e);
	for (size_t i = 0; i < TESTS; i++) {
		if (!(table[i].engines & mask))
			continue;
		if (engine)
			guest_test(t, ops, engine, &table[i]);
		else
			tap_skip(t, name, &table[i], e.text);
	}
	if (engine)
		ops->close(engine);
}

int main(void)
{
	const struct collect_options collect = { .run_guest = false };
	struct engine_config config = { .via = "auto" };
	struct snapshot snapshot;
	struct verdict verdict;
	struct tap t = { 0 };
	struct err e;

	setvbuf(stdout, NULL, _IOLBF, 0);
	snapshot_init(&snapshot);
	if (collect_live(&snapshot, &collect, &e) < 0 || verdict_make(&verdict, &snapshot) < 0) {
		printf("Bail out! no snapshot of this machine\n");
		return 1;
	}
	config.snapshot = &snapshot;
	config.verdict = &verdict;
	engine_test(&t, "kvm", ON_KVM, &config);
	engine_test(&t, "tcg", ON_QEMU, &config);
	engine_test(&t, "qemu-kvm", ON_QEMU, &config);
	printf("1..%u\n", t.n);
	verdict_free(&verdict);
	snapshot_free(&snapshot);
	return t.failed;
}
