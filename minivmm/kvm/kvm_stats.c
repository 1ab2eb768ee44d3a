/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/kvm/kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define STATS_FILE_MAX	(64u << 10)	/* today's kernels need under 8 KiB */

/* The kernel's names (arch/x86/kvm/x86.c, kvm_vcpu_stats_desc). */
static const char *const stat_names[KVM_STAT_COUNT] = {
	[KVM_STAT_EXITS] = "exits",
	[KVM_STAT_IO_EXITS] = "io_exits",
	[KVM_STAT_MMIO_EXITS] = "mmio_exits",
	[KVM_STAT_INSN_EMULATION] = "insn_emulation",
	[KVM_STAT_IRQ_EXITS] = "irq_exits",
};

/* A single plain count: not a histogram, no unit, no scale. */
static bool desc_is_counter(const struct kvm_stats_desc *d)
{
	return (d->flags & KVM_STATS_TYPE_MASK) == KVM_STATS_TYPE_CUMULATIVE &&
	       (d->flags & KVM_STATS_UNIT_MASK) == KVM_STATS_UNIT_NONE && d->exponent == 0 && d->size == 1;
}

int kvm_stats_parse(const void *blob, size_t bytes, struct kvm_stats_map *out, struct err *e)
{
	const unsigned char *p = blob;
	struct kvm_stats_header h;
	uint64_t desc_bytes;

	memset(out, 0, sizeof(*out));
	if (bytes < sizeof(h))
		return err_set(e, EBADMSG, "KVM statistics of %zu bytes have no header", bytes);
	memcpy(&h, p, sizeof(h));
	desc_bytes = sizeof(struct kvm_stats_desc) + (uint64_t)h.name_size;
	if (h.name_size == 0 || h.desc_offset > bytes || h.num_desc > (bytes - h.desc_offset) / desc_bytes)
		return err_set(e, EBADMSG, "KVM statistics: %u descriptors of %llu bytes at %u do not fit into %zu bytes",
			       h.num_desc, (unsigned long long)desc_bytes, h.desc_offset, bytes);
	for (uint32_t i = 0; i < h.num_desc; i++) {
		const unsigned char *at = p + h.desc_offset + i * desc_bytes;
		const char *name = (const char *)at + sizeof(struct kvm_stats_desc);
		struct kvm_stats_desc d;

		memcpy(&d, at, sizeof(d));
		if (!memchr(name, 0, h.name_size))
			return err_set(e, EBADMSG, "KVM statistics: the name of descriptor %u has no end", i);
		for (unsigned k = 0; k < KVM_STAT_COUNT; k++)
			if (desc_is_counter(&d) && strcmp(name, stat_names[k]) == 0)
				out->at[k] = (uint64_t)h.data_offset + d.offset;
	}
	return 0;
}

/* Reads the file as far as it goes: the header says where things are, and may lie past what was read. */
static size_t stats_file_read(int fd, unsigned char *data, size_t max)
{
	size_t n = 0;

	while (n < max) {
		ssize_t got = pread(fd, data + n, max - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return n;
}

void kvm_stats_open(struct kvm_stats *s, int vcpu_fd)
{
	unsigned char *data = malloc(STATS_FILE_MAX);

	memset(s, 0, sizeof(*s));
	s->fd = ioctl(vcpu_fd, KVM_GET_STATS_FD, NULL);
	if (s->fd >= 0 &&
	    (!data || kvm_stats_parse(data, stats_file_read(s->fd, data, STATS_FILE_MAX), &s->map, NULL) < 0))
		kvm_stats_close(s);
	free(data);
}

void kvm_stats_close(struct kvm_stats *s)
{
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct kvm_stats){ .fd = -1 };
}

bool kvm_stats_has(const struct kvm_stats *s, enum kvm_stat which)
{
	return s->fd >= 0 && s->map.at[which] != 0;
}

static uint64_t stat_read(const struct kvm_stats *s, enum kvm_stat which)
{
	uint64_t value;

	if (!kvm_stats_has(s, which) ||
	    pread(s->fd, &value, sizeof(value), (off_t)s->map.at[which]) != (ssize_t)sizeof(value))
		return 0;
	return value;
}

void kvm_stats_read(const struct kvm_stats *s, struct engine_counters *c)
{
	c->exits = stat_read(s, KVM_STAT_EXITS);
	c->io_exits = stat_read(s, KVM_STAT_IO_EXITS);
	c->mmio_exits = stat_read(s, KVM_STAT_MMIO_EXITS);
	c->insn_emulation = stat_read(s, KVM_STAT_INSN_EMULATION);
	c->interrupts = stat_read(s, KVM_STAT_IRQ_EXITS);
}
