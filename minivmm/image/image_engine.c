/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image_engine.c - engines vmx and svm: the boot image on the carrier that --via names, or on the best there is. */
#include "minivmm/image/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/interrupt.h"

#define IDENTITY_MS	30000u		/* a boot takes 0.3 s */
#define IDENTITY_TICKS	10000u
#define INTERPRETED_SAMPLES 500u
#define SEED_MAX	(((uint64_t)1 << 53) - 1)	/* what the image takes */

struct image_engine {
	const struct image_carrier_ops *ops;
	struct image_carrier *carrier;
	enum ring0_engine engine;
	struct engine_info info;
	struct image_identity id;	/* of the first boot */
	struct image_identity now;	/* of the last */
	uint64_t tsc_hz;
	uint32_t samples_max;		/* of a row: the image sorts and writes them when the row is over */
	double boot_seconds;		/* that the first boot took, end included */
};

static const char *const engine_words[] = { [RING0_NATIVE] = "native", [RING0_VMX] = "vmx", [RING0_SVM] = "svm" };

/* ---- which carrier ---- */

bool image_nests(const struct engine_config *c, enum ring0_engine engine)
{
	enum kvm_backend backend = engine == RING0_VMX ? BACKEND_KVM_INTEL : BACKEND_KVM_AMD;

	return engine != RING0_NATIVE && c->verdict && c->verdict->backend == backend &&
	       finding_answer(&c->verdict->findings, engine == RING0_VMX ? "cpu.vmx" : "cpu.svm") == ANSWER_YES &&
	       finding_answer(&c->verdict->findings, "kvm.trial") == ANSWER_YES &&
	       finding_answer(&c->verdict->findings, "kvm.nested") == ANSWER_YES;
}

static int qemu_choose(const struct engine_config *c, const struct via *via, enum ring0_engine engine,
		       const struct image_carrier_ops **ops, struct err *e)
{
	bool nests = image_nests(c, engine), host = !strcmp(via->model, "host");

	*ops = nests && (host || !via->model[0]) ? &image_qemu_kvm : &image_qemu_tcg;
	if (*ops == &image_qemu_kvm)
		return 0;
	if (host)
		return err_set(e, ENOTSUP, "--via qemu:host needs a KVM that gives its guests %s, which is not here "
			       "(vtscope probe says why)", engine == RING0_SVM ? "SVM" : "VMX");
	if (engine == RING0_VMX)
		return err_set(e, ENOTSUP, "QEMU's translator has no VMX, and there is no KVM here that gives its guests "
			       "any: --via bochs has VMX");
	return 0;
}

/* (e) has what Bochs lacks, (qemu) what QEMU does: each says what to install, and one of the two is enough. */
static int both_missing(const struct err *qemu, const char *name, struct err *e)
{
	const struct err bochs = *e;

	return err_set(e, ENOENT, "engine %s needs QEMU or Bochs here. %.150s. Or %.150s", name, qemu->text, bochs.text);
}

static int carrier_choose(struct image_engine *en, const struct engine_config *c, const struct via *via, struct err *e)
{
	const char *name = engine_words[en->engine];
	struct err qemu;
	int rc;

	switch (via->kind) {
	case VIA_BOCHS:
		en->ops = &image_bochs;
		break;
	case VIA_QEMU:
		rc = qemu_choose(c, via, en->engine, &en->ops, e);
		if (rc < 0)
			return rc;
		break;
	case VIA_PROCESS:
		return err_set(e, ENOTSUP, "engine %s runs in ring 0, no process of this machine can carry it: --via bochs "
			       "or --via qemu emulate a machine, 'vtscope image' measures a real one", name);
	default:
		en->ops = image_nests(c, en->engine) ? &image_qemu_kvm :
			  en->engine == RING0_SVM ? &image_qemu_tcg : &image_bochs;
	}
	rc = en->ops->open(&en->carrier, c, via->model, en->engine, &en->info, e);
	if (rc != -ENOENT || via->kind != VIA_AUTO || en->ops != &image_qemu_tcg)
		return rc;
	en->ops = &image_bochs;
	qemu = *e;
	rc = en->ops->open(&en->carrier, c, "", en->engine, &en->info, e);
	return rc == -ENOENT ? both_missing(&qemu, name, e) : rc;
}

/* ---- the plan ---- */

/* "5,7-9": in the order of the launch, which is its own each time. */
static void rows_put(struct buf *plan, const struct launch *l)
{
	for (uint32_t i = 0, last; i < l->row_count; i = last + 1) {
		for (last = i; last + 1 < l->row_count && l->rows[last + 1].op == l->rows[last].op + 1; last++)
			;
		buf_printf(plan, "%s%u", i ? "," : " rows=", l->rows[i].op);
		if (last > i)
			buf_printf(plan, "-%u", l->rows[last].op);
	}
}

static int plan_text(const struct image_engine *en, const struct launch *l, struct buf *plan)
{
	uint32_t max = l->rows[0].max_samples < en->samples_max ? l->rows[0].max_samples : en->samples_max;

	buf_printf(plan, "engine=%s serial=%d screen=0 end=off seed=%" PRIu64, engine_words[en->engine], en->ops->serial,
		   (l->seed & SEED_MAX) | 1);
	if (en->tsc_hz)
		buf_printf(plan, " tsc_hz=%" PRIu64, en->tsc_hz);
	if (en->info.offers)	/* known since the first boot */
		buf_printf(plan, " fence=%s", en->info.fence == GUEST_FENCE_LFENCE ? "lfence" : "rdtscp");
	buf_printf(plan, " budget=%" PRIu64 " max=%u min=%u", l->rows[0].budget, max,
		   l->rows[0].min_samples < max ? l->rows[0].min_samples : max);
	rows_put(plan, l);
	return buf_error(plan);
}

static int engine_boot(struct image_engine *en, const struct launch *l, const struct sink *s, struct image_identity *id,
		       struct vm_stop *stop, struct err *e)
{
	struct buf plan = BUF_INIT;
	int rc = plan_text(en, l, &plan);
	const struct image_boot boot = { .plan = buf_str(&plan), .cpu = l->cpu };

	if (rc < 0)
		rc = err_set(e, ENOMEM, "out of memory");
	else
		rc = image_boot(en->carrier, en->ops, &boot, l, s, id, stop, e);
	buf_free(&plan);
	if (rc < 0 || !id->refusal[0])
		return rc;
	/* An exception in the runner: rows before it stand. */
	if (strcmp(id->status, "faulted") || stop->row >= l->row_count)
		return err_set(e, ENOTSUP, "%s: %s", en->info.backend, id->refusal);
	stop->kind = VM_STOP_FAULT;
	snprintf(stop->native, sizeof(stop->native), "%s", id->status);
	snprintf(stop->text, sizeof(stop->text), "%s", id->refusal);
	return 0;
}

/* ---- open ---- */

/* What the carrier knows stands: an emulated processor that says it is hardware is emulated all the same. */
static void info_fill(struct image_engine *en)
{
	struct engine_info *i = &en->info;

	i->offers = ENGINE_RING0;
	i->unprepared = true;
	if (en->engine != RING0_NATIVE)
		i->offers |= ENGINE_MONITOR | ENGINE_HLT_RETURNS | ENGINE_HYPERCALL |
			     (en->engine == RING0_VMX ? ENGINE_VMX : ENGINE_SVM);
	i->fence = strcmp(en->id.fence, "lfence") ? GUEST_FENCE_RDTSCP : GUEST_FENCE_LFENCE;
	i->counts_exits = i->exact_exits = en->engine != RING0_NATIVE;
	i->step = en->id.step;
	i->n_steps = en->id.n_steps;
	i->fact = en->id.fact;
	i->n_facts = en->id.n_facts;
	i->boot_seconds = en->boot_seconds;
}

/* A first boot, with one small row for nobody: is it ours, does it end, has it what the engine needs? */
static int identity_learn(struct image_engine *en, struct err *e)
{
	static const struct guest_row row = { .budget = IDENTITY_TICKS, .max_samples = 1, .min_samples = 1 };
	const struct launch l = { .rows = &row, .row_count = 1, .cpu = -1, .deadline_ms = IDENTITY_MS };
	bool silent;
	struct vm_stop stop;
	int rc = engine_boot(en, &l, NULL, &en->id, &stop, e);

	if (rc < 0)
		return rc;
	if (stop.kind == VM_STOP_INTERRUPTED)
		return err_set(e, EINTR, "interrupted");
	silent = !en->id.engine[0] && en->ops->silent;
	if (stop.kind == VM_STOP_DEADLINE && silent)
		return err_set(e, EIO, "%s: no line came from the boot image within %u s: %s", en->info.backend,
			       IDENTITY_MS / 1000, en->ops->silent);
	/* A machine that ran to its end and was not heard ends like this, and gives no reason. */
	if (silent && !strcmp(stop.native, "exit status 0"))
		return err_set(e, EIO, "%s: %s. No line came from it: %s", en->info.backend, stop.text, en->ops->silent);
	if (stop.kind != VM_STOP_EXIT || stop.status)
		return err_set(e, EIO, "%s: the boot image did not come to its end: %s", en->info.backend,
			       stop.text[0] ? stop.text : stop.native);
	if (strcmp(en->id.engine, engine_words[en->engine]))
		return err_set(e, EIO, "%s: the boot image took another plan than it was given (engine '%s')",
			       en->info.backend, en->id.engine);
	return 0;
}

static double now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Where kernel code is interpreted, at a million instructions a second, 50,000 samples are half a minute of sorting. */
static uint32_t samples_max(const struct image_identity *id)
{
	for (size_t i = 0; i < id->n_facts; i++)
		if (!strcmp(id->fact[i].name, "evidence") && strstr(id->fact[i].value, "interpreted"))
			return INTERPRETED_SAMPLES;
	return UINT32_MAX;
}

/* A carrier was chosen and opened, or (rc) says why not. */
static int engine_settle(struct image_engine **out, struct image_engine *en, const struct engine_config *c, int rc,
			 struct err *e)
{
	double start = now_seconds();

	if (rc == 0) {
		en->tsc_hz = en->ops->tsc_hz ? en->ops->tsc_hz : en->ops->own_clock ? 0 : c->tsc_hz;
		en->samples_max = UINT32_MAX;
		rc = identity_learn(en, e);
	}
	if (rc < 0) {
		image_engine_close(en);
		return rc;
	}
	if (en->ops->own_clock)	/* where nothing there tells, it is this machine's, as far as anybody knows */
		en->tsc_hz = en->id.tsc_hz || strcmp(en->id.clock, "tsc") ? en->id.tsc_hz : c->tsc_hz;
	en->boot_seconds = now_seconds() - start;
	en->samples_max = samples_max(&en->id);
	info_fill(en);
	*out = en;
	return 0;
}

int image_engine_open(struct image_engine **out, const struct engine_config *c, const struct via *via,
		      enum ring0_engine engine, struct err *e)
{
	struct image_engine *en = calloc(1, sizeof(*en));

	if (!en)
		return err_set(e, ENOMEM, "out of memory");
	en->engine = engine;
	return engine_settle(out, en, c, carrier_choose(en, c, via, e), e);
}

int image_engine_open_on(struct image_engine **out, const struct engine_config *c, const struct image_carrier_ops *ops,
			 enum ring0_engine engine, struct err *e)
{
	struct image_engine *en = calloc(1, sizeof(*en));

	if (!en)
		return err_set(e, ENOMEM, "out of memory");
	en->engine = engine;
	en->ops = ops;
	return engine_settle(out, en, c, ops->open(&en->carrier, c, "", engine, &en->info, e), e);
}

const struct engine_info *image_engine_info(const struct image_engine *en)
{
	return &en->info;
}

int image_engine_launch(struct image_engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop,
			struct err *e)
{
	memset(stop, 0, sizeof(*stop));
	if (l->image || !l->rows || !l->row_count)
		return err_set(e, EINVAL, "engine %s runs the rows of its own boot image, no guest image",
			       engine_words[en->engine]);
	if (l->row_count > GUEST_ROWS_MAX)
		return err_set(e, EINVAL, "%u rows in one launch, at most %u fit the control page", l->row_count,
			       GUEST_ROWS_MAX);
	return engine_boot(en, l, s, &en->now, stop, e);
}

void image_engine_close(struct image_engine *en)
{
	if (en && en->carrier)
		en->ops->close(en->carrier);
	free(en);
}

/* ---- vmx and svm ---- */

struct engine {
	struct image_engine *image;
};

static int engine_open(struct engine **out, const struct engine_config *c, enum ring0_engine engine, struct err *e)
{
	struct engine *en = calloc(1, sizeof(*en));
	struct via via;
	int rc = en ? via_parse(c->via, &via, e) : err_set(e, ENOMEM, "out of memory");

	if (rc == 0)
		rc = image_engine_open(&en->image, c, &via, engine, e);
	if (rc < 0) {
		free(en);
		return rc;
	}
	*out = en;
	return 0;
}

static int vmx_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	return engine_open(out, c, RING0_VMX, e);
}

static int svm_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	return engine_open(out, c, RING0_SVM, e);
}

static bool vmx_joins(const struct engine_config *c)
{
	return image_nests(c, RING0_VMX);
}

static bool svm_joins(const struct engine_config *c)
{
	return image_nests(c, RING0_SVM);
}

static const struct engine_info *engine_info(const struct engine *en)
{
	return image_engine_info(en->image);
}

static int engine_launch(struct engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop,
			 struct err *e)
{
	return image_engine_launch(en->image, l, s, stop, e);
}

static void engine_close(struct engine *en)
{
	image_engine_close(en->image);
	free(en);
}

/* The two differ in whose instructions they are. */
#define MONITOR_ENGINE(NAME, INSTRUCTIONS)									\
const struct engine_ops engine_##NAME = {									\
	.name = #NAME,												\
	.summary = "the project's own monitor on " #INSTRUCTIONS						\
		   ", in ring 0 of a machine that boots it (--via bochs, qemu)",				\
	.needs = engine_needs_nothing,										\
	.speaks = ENGINE_MONITOR | ENGINE_##INSTRUCTIONS,							\
	.carriers = ENGINE_VIA_IMAGE,										\
	.joins = NAME##_joins,											\
	.open = NAME##_open,											\
	.info = engine_info,											\
	.launch = engine_launch,										\
	.close = engine_close,											\
}

MONITOR_ENGINE(vmx, VMX);
MONITOR_ENGINE(svm, SVM);
