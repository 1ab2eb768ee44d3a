/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "minivmm/host.h"
#include "minivmm/kvm/kvm.h"
#include "minivmm/via.h"

#define KVM_API		12	/* the only one there is (api.rst, KVM_GET_API_VERSION) */
#define TICK_MS_MIN	10u
#define TICK_MS_MAX	200u

struct engine {
	int fd;				/* /dev/kvm */
	size_t run_bytes;
	struct kvm_cpuid2 *cpuid;	/* owned */
	uint64_t tsc_hz;
	struct engine_info info;
};

/* Everything that one launch has to undo. */
struct machine {
	struct kvm_memory mem;
	int vm_fd;
	struct kvm_vcpu vcpu;
	struct kvm_stats stats;
	struct kvm_tick tick;
	struct host_pin pin;
};

struct capability {
	int number;
	const char *name;
};

/* Without these the engine cannot keep its promises. */
static const struct capability required[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
};

static int device_open(struct engine *en, struct err *e)
{
	int n;

	en->fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (en->fd < 0)
		return err_set(e, errno, "/dev/kvm: %s%s", strerror(errno),
			       errno == EACCES ? " (join its group: sudo usermod -aG kvm $USER, then log in again)" : "");
	n = ioctl(en->fd, KVM_GET_API_VERSION, 0);
	if (n != KVM_API)
		return err_set(e, ENOTSUP, "/dev/kvm speaks API version %d, not %d", n, KVM_API);
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (ioctl(en->fd, KVM_CHECK_EXTENSION, required[i].number) <= 0)
			return err_set(e, ENOTSUP, "this KVM has no %s: too old", required[i].name);
	n = ioctl(en->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (n < (int)sizeof(struct kvm_run))
		return err_set(e, ENOTSUP, "KVM_GET_VCPU_MMAP_SIZE: %d", n);
	en->run_bytes = (size_t)n;
	return 0;
}

static void info_fill(struct engine *en, const struct engine_config *c)
{
	struct engine_info *i = &en->info;

	snprintf(i->backend, sizeof(i->backend), "%s", backend_name(c->verdict ? c->verdict->backend : BACKEND_UNKNOWN));
	snprintf(i->cpu_model, sizeof(i->cpu_model), "host");
	i->provenance = host_kvm_provenance(c);
	snprintf(i->via, sizeof(i->via), "process");
	i->clock = "tsc";
	i->offers = ENGINE_RING0 | ENGINE_USER_IO | ENGINE_HLT_RETURNS | ENGINE_HYPERCALL;
	if (ioctl(en->fd, KVM_CHECK_EXTENSION, KVM_CAP_IRQCHIP) > 0)
		i->offers |= ENGINE_KERNEL_PIO;
	i->fence = kvm_cpuid_has_rdtscp(en->cpuid) ? GUEST_FENCE_RDTSCP : GUEST_FENCE_LFENCE;
	i->counts_exits = ioctl(en->fd, KVM_CHECK_EXTENSION, KVM_CAP_BINARY_STATS_FD) > 0;
}

static void kvm_engine_close(struct engine *en)
{
	if (!en)
		return;
	if (en->fd >= 0)
		close(en->fd);
	free(en->cpuid);
	free(en);
}

static int kvm_engine_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	struct engine *en;
	int rc = via_process_only("kvm", c->via, e);

	if (rc < 0)
		return rc;
	en = calloc(1, sizeof(*en));
	if (!en)
		return err_set(e, ENOMEM, "out of memory");
	en->fd = -1;
	rc = device_open(en, e);
	if (rc == 0)
		rc = kvm_cpuid_supported(en->fd, &en->cpuid, e);
	if (rc < 0) {
		kvm_engine_close(en);
		return rc;
	}
	en->tsc_hz = c->tsc_hz;
	info_fill(en, c);
	*out = en;
	return 0;
}

static const struct engine_info *kvm_engine_info(const struct engine *en)
{
	return &en->info;
}

/* Memory with the image, the control page and what the caller prepares in it. */
static int machine_load(struct machine *m, const struct engine *en, const struct launch *l, uint64_t *entry,
			struct err *e)
{
	const void *image = l->image ? l->image : guest_image;
	size_t bytes = l->image ? l->image_bytes : (size_t)(guest_image_end - guest_image);
	uint32_t entry32;
	int rc = kvm_memory_map(&m->mem, l->mem_bytes ? l->mem_bytes : GUEST_MEM_BYTES, l->rows, e);

	if (rc == 0)
		rc = guest_load_elf(image, bytes, m->mem.base, m->mem.bytes, entry, &entry32, e);
	if (rc == 0 && l->rows)
		rc = guest_ctrl_init(m->mem.base, m->mem.bytes, l, en->tsc_hz, en->info.fence, e);
	if (rc == 0 && l->prepare)
		l->prepare(l->prepare_ctx, m->mem.base, m->mem.bytes);
	return rc;
}

static int machine_make(struct machine *m, struct engine *en, const struct launch *l, struct err *e)
{
	uint64_t entry;
	int rc = host_pin(&m->pin, l->cpu, e);

	if (rc == 0)
		rc = machine_load(m, en, l, &entry, e);
	if (rc < 0)
		return rc;
	m->vm_fd = kvm_vm_create(en->fd, &m->mem, l->irqchip, e);
	if (m->vm_fd < 0)
		return m->vm_fd;
	rc = kvm_vcpu_create(&m->vcpu, m->vm_fd, en->run_bytes, e);
	if (rc == 0)
		rc = kvm_vcpu_setup(&m->vcpu, &m->mem, en->cpuid, entry, e);
	if (rc < 0)
		return rc;
	if (en->info.counts_exits) {
		kvm_stats_open(&m->stats, m->vcpu.fd);
		en->info.counts_exits = kvm_stats_has(&m->stats, KVM_STAT_EXITS);
	}
	return 0;
}

static void machine_destroy(struct machine *m)
{
	kvm_tick_stop(&m->tick);
	kvm_stats_close(&m->stats);
	kvm_vcpu_destroy(&m->vcpu);
	if (m->vm_fd >= 0)
		close(m->vm_fd);
	kvm_memory_unmap(&m->mem);
	host_unpin(&m->pin);
}

/* Fine enough for the shorter deadline, coarse enough not to be seen in a tail. */
static unsigned tick_period_ms(const struct launch *l)
{
	unsigned shortest = l->deadline_ms;

	if (l->row_deadline_ms && (!shortest || l->row_deadline_ms < shortest))
		shortest = l->row_deadline_ms;
	if (!shortest || shortest / 10 > TICK_MS_MAX)
		return TICK_MS_MAX;
	return shortest / 10 < TICK_MS_MIN ? TICK_MS_MIN : shortest / 10;
}

static int machine_run(struct machine *m, struct engine *en, const struct launch *l, const struct sink *s,
		       uint64_t start_ns, struct vm_stop *stop, struct err *e)
{
	struct kvm_loop lp = {
		.run = m->vcpu.run, .run_bytes = m->vcpu.run_bytes, .vcpu_fd = m->vcpu.fd,
		.mem = &m->mem, .launch = l, .sink = s, .stats = &m->stats, .stop = stop, .start_ns = start_ns,
	};
	struct vm_regs regs;
	int rc = kvm_tick_start(&m->tick, m->vcpu.run, tick_period_ms(l), e);

	if (rc < 0)
		return rc;
	record_gate_init(&lp.gate, l, s);
	kvm_loop_run(&lp);
	kvm_tick_stop(&m->tick);
	kvm_loop_counters(&lp, &stop->total);
	if (stop->kind != VM_STOP_EXIT && stop->kind != VM_STOP_FAULT) {
		kvm_vcpu_regs(&m->vcpu, &regs);
		vm_stop_regs(stop, &regs);
	}
	/* A guest on its own has no memory rows to label, and walking the page tables costs more than it runs. */
	if (l->rows)
		host_backing(m->mem.base, m->mem.bytes, en->info.memory, sizeof(en->info.memory));
	return 0;
}

static int kvm_engine_launch(struct engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop,
			     struct err *e)
{
	struct machine m = { .vm_fd = -1, .vcpu.fd = -1, .stats.fd = -1 };
	uint64_t start_ns = kvm_now_ns();
	int rc;

	memset(stop, 0, sizeof(*stop));
	rc = machine_make(&m, en, l, e);
	if (rc == 0)
		rc = machine_run(&m, en, l, s, start_ns, stop, e);
	machine_destroy(&m);
	return rc;
}

static const char *const kvm_needs[] = { "kvm.device", "kvm.vm", NULL };

const struct engine_ops engine_kvm = {
	.name = "kvm",
	.summary = "the mini VMM on /dev/kvm, whichever backend serves it",
	.needs = kvm_needs,
	.open = kvm_engine_open,
	.info = kvm_engine_info,
	.launch = kvm_engine_launch,
	.close = kvm_engine_close,
};
