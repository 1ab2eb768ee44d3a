/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu_image.c - the boot image in QEMU: SVM by its translator, or what a KVM that nests gives its guests. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "minivmm/host.h"
#include "minivmm/image/image.h"
#include "minivmm/qemu/qemu.h"

#define START_MS	10000u
#define ANSWER_MS	2000u
#define MEM_BYTES	(256ull << 20)
#define TCG_SVM_CPU	"EPYC"

struct image_carrier {
	struct buf program;
	struct qemu_machine machine;
	char cpu[48];
	bool kvm;
	int image_fd;
	struct qemu_process process;	/* of the boot at work */
};

static void carrier_close(struct image_carrier *c)
{
	buf_free(&c->program);
	if (c->image_fd >= 0)
		close(c->image_fd);
	free(c);
}

static void config_fill(const struct image_carrier *c, const char *plan, struct qemu_config *config)
{
	*config = (struct qemu_config){
		.program = buf_str(&c->program), .accel = c->kvm ? "kvm" : "tcg", .machine = &c->machine,
		.mem_fd = -1, .mem_bytes = MEM_BYTES, .image_fd = plan ? c->image_fd : -1, .append = plan,
		.icount = !c->kvm,
	};
}

/* Is there such a processor? QEMU says so at its start; the guest is never started. */
static int model_check(struct image_carrier *c, struct err *e)
{
	struct qemu_config config;
	struct qemu_process p;
	int rc;

	config_fill(c, NULL, &config);
	rc = qemu_process_start(&p, &config, NULL, START_MS, e);
	qemu_process_end(&p);
	if (rc < 0 && e && strstr(e->text, "unable to find CPU model"))
		rc = err_set(e, EINVAL, "QEMU has no processor model '%s'; 'qemu-system-x86_64 -cpu help' names those it has",
			     c->cpu);
	return rc;
}

static int carrier_open(struct image_carrier **out, const struct engine_config *config, const char *model, bool kvm,
			struct engine_info *info, struct err *e)
{
	struct image_carrier *c = calloc(1, sizeof(*c));
	char version[32];
	int rc;

	if (!c)
		return err_set(e, ENOMEM, "out of memory");
	c->image_fd = -1;
	c->kvm = kvm;
	snprintf(c->cpu, sizeof(c->cpu), "%s", model[0] ? model : kvm ? "host" : TCG_SVM_CPU);
	c->machine = (struct qemu_machine){ "pc", c->cpu };
	rc = qemu_find(config, &c->program, version, e);
	if (rc == 0)
		rc = model_check(c, e);
	if (rc == 0)
		rc = qemu_image_fd(boot_image, (size_t)(boot_image_end - boot_image), &c->image_fd, e);
	if (rc < 0) {
		carrier_close(c);
		return rc;
	}
	info->program = buf_str(&c->program);
	snprintf(info->backend, sizeof(info->backend), "%s %s %.24s", version,
		 kvm ? backend_name(config->verdict->backend) : "TCG", c->cpu);
	snprintf(info->via, sizeof(info->via), "qemu:%s", c->cpu);
	snprintf(info->cpu_model, sizeof(info->cpu_model), "%s", c->cpu);
	info->provenance = kvm ? PROVENANCE_NESTED : PROVENANCE_EMULATED;
	info->clock = kvm ? "tsc" : "instructions";
	*out = c;
	return 0;
}

static int tcg_open(struct image_carrier **out, const struct engine_config *config, const char *model,
		    enum ring0_engine engine, struct engine_info *info, struct err *e)
{
	(void)engine;
	return carrier_open(out, config, model, false, info, e);
}

/* A machine that is itself simulated has nothing but emulated processors to pass on. */
static int kvm_open(struct image_carrier **out, const struct engine_config *config, const char *model,
		    enum ring0_engine engine, struct engine_info *info, struct err *e)
{
	int rc = carrier_open(out, config, model, true, info, e);

	(void)engine;
	if (rc == 0 && host_is_emulated(config->snapshot))
		info->provenance = PROVENANCE_EMULATED;
	return rc;
}

static int carrier_start(struct image_carrier *c, const struct image_boot *b, struct err *e)
{
	struct qemu_config config;
	struct host_pin pin;
	int rc;

	memset(&c->process, 0, sizeof(c->process));
	c->process.child = (struct child){ .out = -1, .err = -1 };
	c->process.qmp.fd = -1;
	config_fill(c, b->plan, &config);
	rc = host_pin(&pin, b->cpu, e);
	if (rc < 0)
		return rc;
	rc = qemu_process_start(&c->process, &config, b->console, START_MS, e);
	host_unpin(&pin);	/* QEMU's threads stay where they were born */
	return rc < 0 ? rc : qemu_process_run(&c->process, ANSWER_MS, e);
}

static int carrier_poll(void *c, struct err *e)
{
	return qemu_process_poll(&((struct image_carrier *)c)->process, e);
}

static void carrier_explain(struct image_carrier *c, struct vm_stop *stop)
{
	qemu_process_settle(&c->process, ANSWER_MS);
	qemu_process_explain(&c->process, ANSWER_MS, stop);
}

static void carrier_end(struct image_carrier *c)
{
	qemu_process_end(&c->process);
}

/* -icount shift=0: the virtual clock, and with it the TSC, is one nanosecond an instruction. */
const struct image_carrier_ops image_qemu_tcg = {
	.open = tcg_open,
	.start = carrier_start,
	.poll = carrier_poll,
	.explain = carrier_explain,
	.end = carrier_end,
	.close = carrier_close,
	.tsc_hz = 1000000000,
};

const struct image_carrier_ops image_qemu_kvm = {
	.open = kvm_open,
	.start = carrier_start,
	.poll = carrier_poll,
	.explain = carrier_explain,
	.end = carrier_end,
	.close = carrier_close,
};
