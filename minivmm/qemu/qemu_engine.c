/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu_engine.c - tcg and qemu-kvm: two rows of parameters over the same QEMU process. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm/host.h"
#include "minivmm/qemu/qemu.h"
#include "minivmm/via.h"

#define VERSION_MS	10000u
#define TRIAL_MS	10000u
#define OLDEST_MAJOR	5	/* -machine memory-backend= */

/*
 * microvm boots a PVH image in a few thousand instructions; pc's BIOS needs a million, which is seconds where guest
 * kernels are emulated. It is left out of some builds of QEMU, pc never is. Timers and what else would interrupt
 * stay off; the interrupt controllers are KVM's as on pc, microvm would have them in QEMU.
 * A KVM without VT may refuse an MSR that "host" and ARCH_CAPABILITIES bring with them: QEMU aborts then.
 */
#define MICROVM	"microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=off"

struct qemu_accel {
	const char *accel;
	struct qemu_machine machines[6];	/* in order of preference, ends with .machine == NULL */
	unsigned offers;
	bool kvm;
};

static const struct qemu_accel accel_tcg = {
	.accel = "tcg",
	.machines = { { MICROVM, "max" }, { "pc", "max" } },
	.offers = ENGINE_RING0 | ENGINE_USER_IO,
};

static const struct qemu_accel accel_kvm = {
	.accel = "kvm,kernel-irqchip=on",
	.machines = {
		{ MICROVM, "host" }, { MICROVM, "host,-arch-capabilities" }, { MICROVM, "max,-arch-capabilities" },
		{ "pc", "host" }, { "pc", "host,-arch-capabilities" },
	},
	.offers = ENGINE_RING0 | ENGINE_USER_IO | ENGINE_KERNEL_PIO | ENGINE_HYPERCALL,
	.kvm = true,
};

struct engine {
	struct buf program;
	struct qemu_run run;
	struct engine_info info;
};

static void engine_close(struct engine *en)
{
	if (!en)
		return;
	buf_free(&en->program);
	free(en);
}

/* "QEMU emulator version 7.2.22 (Debian ...)" -> "QEMU 7.2.22". */
static int version_read(const char *program, char out[32], struct err *e)
{
	const char *const argv[] = { program, "--version", NULL };
	struct buf said = BUF_INIT;
	unsigned major, minor, micro = 0;
	int rc = child_run(argv, NULL, VERSION_MS, &said, NULL, e), line;

	if (rc == 0 && sscanf(buf_str(&said), "QEMU emulator version %u.%u.%u", &major, &minor, &micro) < 2) {
		line = (int)strcspn(buf_str(&said), "\r\n");
		rc = err_set(e, EIO, "%s --version says \"%.*s\", which is no version of QEMU", program,
			     line > 60 ? 60 : line, buf_str(&said));
	}
	if (rc == 0 && major < OLDEST_MAJOR)
		rc = err_set(e, ENOTSUP, "QEMU %u.%u.%u is too old, %u.0 or newer is needed", major, minor, micro,
			     OLDEST_MAJOR);
	if (rc == 0)
		snprintf(out, 32, "QEMU %u.%u.%u", major, minor, micro);
	buf_free(&said);
	return rc;
}

/* Its path, with what to do where there is none. */
static int program_find(const struct engine_config *c, struct buf *program, struct err *e)
{
	const char *name = c->qemu;
	int rc;

	if (!name && c->snapshot)
		name = snapshot_text(c->snapshot, SNAP_TOOL, "qemu-system-x86_64");
	rc = child_find(name ? name : "qemu-system-x86_64", program);
	if (rc == -ENOENT && c->qemu)
		return err_set(e, ENOENT, "--qemu %s: there is no such program", name);
	if (rc == -ENOENT)
		return err_set(e, ENOENT, "%s: no such program; install it with: apt-get install qemu-system-x86",
			       name ? name : "qemu-system-x86_64");
	return rc < 0 ? err_set(e, -rc, "qemu-system-x86_64: %s", strerror(-rc)) : 0;
}

int qemu_find(const struct engine_config *c, struct buf *program, char version[32], struct err *e)
{
	int rc = program_find(c, program, e);

	if (rc == 0)
		rc = version_read(buf_str(program), version, e);
	/* The machine has it, or so the user says. */
	if (!c->qemu || rc == 0 || rc == -EINTR || rc == -ENOMEM)
		return rc;
	e->code = EIO;
	return -EIO;
}

/* The first machine that comes up here; the guest is never started. The last complaint stays in (e). */
static int machine_choose(struct engine *en, const struct qemu_accel *a, struct err *e)
{
	int rc = -ENOTSUP;

	for (const struct qemu_machine *m = a->machines; m->machine && rc < 0; m++) {
		const struct qemu_config config = {
			.program = en->run.program, .accel = a->accel, .machine = m,
			.mem_fd = -1, .mem_bytes = 2u << 20, .image_fd = -1,
		};
		struct qemu_process p;

		rc = qemu_process_start(&p, &config, NULL, TRIAL_MS, e);
		qemu_process_end(&p);
		if (rc == 0)
			en->run.machine = m;
		if (rc == -EINTR || rc == -ETIMEDOUT)
			break;
	}
	return rc;
}

static bool has_rdtscp(const struct snapshot *s)
{
	const struct snap_record *r = s ? snapshot_cpuid(s, -1, 0x80000001, 0) : NULL;

	return r && !r->err && (r->regs[3] & (1u << 27));
}

static void info_fill(struct engine *en, const struct qemu_accel *a, const struct engine_config *c, const char *version)
{
	struct engine_info *i = &en->info;

	i->program = en->run.program;
	snprintf(i->backend, sizeof(i->backend), "%s %s", version,
		 a->kvm ? backend_name(c->verdict ? c->verdict->backend : BACKEND_UNKNOWN) : "TCG");
	snprintf(i->cpu_model, sizeof(i->cpu_model), "%s", en->run.machine->cpu);
	i->provenance = a->kvm ? host_kvm_provenance(c) : PROVENANCE_SOFTWARE;
	snprintf(i->via, sizeof(i->via), "process");
	i->clock = "tsc";
	i->offers = a->offers;
	/* TCG's "max" has RDTSCP, KVM passes the processor's on. */
	i->fence = a->kvm && !has_rdtscp(c->snapshot) ? GUEST_FENCE_LFENCE : GUEST_FENCE_RDTSCP;
	en->run.fence = i->fence;
}

static int engine_open(struct engine **out, const struct engine_config *c, const struct qemu_accel *a, struct err *e)
{
	struct engine *en;
	char version[32];
	int rc = via_process_only(a->kvm ? "qemu-kvm" : "tcg", c->via, e);

	if (rc < 0)
		return rc;
	en = calloc(1, sizeof(*en));
	if (!en)
		return err_set(e, ENOMEM, "out of memory");
	en->run.accel = a->accel;
	en->run.tsc_hz = c->tsc_hz;
	rc = qemu_find(c, &en->program, version, e);
	en->run.program = buf_str(&en->program);
	if (rc == 0)
		rc = machine_choose(en, a, e);
	if (rc < 0) {
		engine_close(en);
		return rc;
	}
	info_fill(en, a, c, version);
	*out = en;
	return 0;
}

static int tcg_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	return engine_open(out, c, &accel_tcg, e);
}

static int qemu_kvm_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	return engine_open(out, c, &accel_kvm, e);
}

static const struct engine_info *engine_info(const struct engine *en)
{
	return &en->info;
}

static int engine_launch(struct engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop,
			 struct err *e)
{
	int rc = qemu_launch(&en->run, l, s, stop, e);

	/* A guest on its own has no memory rows to label. */
	if (rc == 0 && l->rows)
		memcpy(en->info.memory, en->run.memory, sizeof(en->info.memory));
	return rc;
}

static const char *const tcg_needs[] = { "tool.qemu", NULL };
static const char *const qemu_kvm_needs[] = { "tool.qemu", "kvm.trial", NULL };

const struct engine_ops engine_tcg = {
	.name = "tcg",
	.summary = "QEMU's translator in a process of its own",
	.needs = tcg_needs,
	.open = tcg_open,
	.info = engine_info,
	.launch = engine_launch,
	.close = engine_close,
};

const struct engine_ops engine_qemu_kvm = {
	.name = "qemu-kvm",
	.summary = "QEMU on /dev/kvm, what most people's virtual machines run on",
	.needs = qemu_kvm_needs,
	.open = qemu_kvm_open,
	.info = engine_info,
	.launch = engine_launch,
	.close = engine_close,
};
