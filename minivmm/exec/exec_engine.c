/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec_engine.c - engine `exec`: what a guest costs under the VMM that --exec starts. The image's runner is in ring 0 of
 * that machine, with no monitor of its own: what it measures is the VMM's work.
 */
#include "minivmm/exec/exec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm/host.h"

#define CLOCKS_APART	0.05	/* of this machine's: more is no error of the measurement */

struct engine {
	struct image_engine *image;
	struct engine_info info;
};

static const char *fact_of(const struct engine_info *i, const char *name)
{
	for (size_t k = 0; k < i->n_facts; k++)
		if (!strcmp(i->fact[k].name, name))
			return i->fact[k].value;
	return "";
}

/*
 * The image sees evidence of an emulator, or of a hypervisor. Where it sees KVM's signature and this machine has a KVM
 * that works, it is as any guest of it: one that interprets kernel code (PVM) looks like an emulator from inside.
 */
static enum provenance provenance_of(const struct engine_config *c, const struct engine_info *i)
{
	bool kvm = c->verdict && c->verdict->backend != BACKEND_NONE && c->verdict->backend != BACKEND_UNKNOWN &&
		   !strcmp(fact_of(i, "hypervisor"), "KVMKVMKVM") && strcmp(i->clock, "instructions");

	if (!kvm && !strcmp(fact_of(i, "provenance"), "emulated"))
		return PROVENANCE_EMULATED;
	return host_kvm_provenance(c);
}

/* A result has one frequency for all its ticks. */
static int clock_check(const struct engine_info *i, uint64_t guest_hz, uint64_t host_hz, struct err *e)
{
	double apart = guest_hz && host_hz ? (double)guest_hz / (double)host_hz - 1 : 0;

	if (!strcmp(i->clock, "instructions") || (apart < CLOCKS_APART && apart > -CLOCKS_APART))
		return 0;
	return err_set(e, EIO, "%s: its guest's TSC runs at %.0f MHz and this machine's at %.0f MHz: their ticks cannot stand "
		       "in one result. Switch its TSC scaling off", i->backend, (double)guest_hz / 1e6,
		       (double)host_hz / 1e6);
}

static void info_fill(struct engine *en, const struct engine_config *c)
{
	struct engine_info *i = &en->info;
	const char *hypervisor;
	size_t n;

	*i = *image_engine_info(en->image);
	i->clock = strcmp(fact_of(i, "clock"), "instructions") ? "tsc" : "instructions";
	i->provenance = provenance_of(c, i);
	hypervisor = fact_of(i, "hypervisor");
	i->offers |= ENGINE_USER_IO;
	if (!strcmp(hypervisor, "KVMKVMKVM"))
		i->offers |= ENGINE_HYPERCALL;
	n = strlen(i->backend);
	if (hypervisor[0] && strcmp(hypervisor, "none"))
		snprintf(i->backend + n, sizeof(i->backend) - n, " %s", hypervisor);
	snprintf(i->cpu_model, sizeof(i->cpu_model), "%.63s", fact_of(i, "brand"));
}

static bool exec_wanted(const struct engine_config *c)
{
	return c->exec != NULL;
}

/*
 * The VMM is the user's: whatever else is wrong with it, it failed. What the disk is made with (-ENOENT) is not, and may
 * just be missing here.
 */
static int vmm_open(struct engine *en, const struct engine_config *c, struct err *e)
{
	int rc = image_engine_open_on(&en->image, c, &image_exec, RING0_NATIVE, e);

	if (rc == 0) {
		info_fill(en, c);
		rc = clock_check(&en->info, strtoull(fact_of(&en->info, "tsc_hz"), NULL, 10), c->tsc_hz, e);
	}
	return rc == 0 || rc == -EINVAL || rc == -ENOENT || rc == -EINTR || rc == -ENOMEM ? rc : -EIO;
}

static int exec_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	struct engine *en = calloc(1, sizeof(*en));
	int rc = en ? via_process_only("exec", c->via, e) : err_set(e, ENOMEM, "out of memory");

	if (rc == 0 && !c->exec)
		rc = err_set(e, EINVAL, "the engine exec needs --exec 'COMMAND {image} {serial}': what starts the machine");
	if (rc == 0)
		rc = vmm_open(en, c, e);
	if (rc < 0) {
		if (en)
			image_engine_close(en->image);
		free(en);
		return rc;
	}
	*out = en;
	return 0;
}

static const struct engine_info *exec_info(const struct engine *en)
{
	return &en->info;
}

static int exec_launch(struct engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop,
		       struct err *e)
{
	return image_engine_launch(en->image, l, s, stop, e);
}

static void exec_close(struct engine *en)
{
	image_engine_close(en->image);
	free(en);
}

const struct engine_ops engine_exec = {
	.name = "exec",
	.summary = "the boot image under a VMM of yours, which the command of --exec starts",
	.needs = engine_needs_nothing,
	.wanted = exec_wanted,
	.open = exec_open,
	.info = exec_info,
	.launch = exec_launch,
	.close = exec_close,
};
