/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "probe/snapshot_private.h"

void snapshot_init(struct snapshot *s)
{
	*s = (struct snapshot){ .source = SNAP_FROM_LIVE };
}

void snapshot_free(struct snapshot *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->rec[i].name);
		free(s->rec[i].data);
	}
	free(s->rec);
	free(s->order);
	free(s->source_name);
	snapshot_init(s);
}

/* Which of cpu, num and sub belong to the key of a kind; the name always does. */
static bool key_has_cpu(enum snap_kind k)
{
	return k == SNAP_CPUID || k == SNAP_MSR;
}

static bool key_has_num(enum snap_kind k)
{
	return k == SNAP_CPUID || k == SNAP_MSR || k == SNAP_KVM;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* The CPU comes last, so that the lowest one that has a record is found first. */
static int key_compare(const struct snap_record *a, const struct snap_record *b)
{
	int c = compare_u64(a->kind, b->kind);

	if (c == 0 && a->name && b->name)
		c = strcmp(a->name, b->name);
	if (c == 0 && key_has_num(a->kind))
		c = compare_u64(a->num, b->num);
	if (c == 0 && a->kind == SNAP_CPUID)
		c = compare_u64(a->sub, b->sub);
	return c;
}

static int compare_index(const void *pa, const void *pb, void *records)
{
	const struct snap_record *rec = records;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	int c = key_compare(&rec[a], &rec[b]);

	if (c == 0 && key_has_cpu(rec[a].kind))
		c = (rec[a].cpu > rec[b].cpu) - (rec[a].cpu < rec[b].cpu);
	return c ? c : compare_u64(a, b);
}

int snapshot_index(struct snapshot *s)
{
	uint32_t *order = realloc(s->order, (s->n ? s->n : 1) * sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		order[i] = i;
	qsort_r(order, s->n, sizeof(*order), compare_index, s->rec);
	s->order = order;
	s->n_sorted = s->n;
	return 0;
}

static bool key_matches(const struct snap_record *r, const struct snap_record *key)
{
	return key_compare(r, key) == 0 &&
	       (key->cpu < 0 || !key_has_cpu(key->kind) || r->cpu == key->cpu);
}

/* Is (r) before every record that (key) can match? */
static bool key_before(const struct snap_record *r, const struct snap_record *key)
{
	int c = key_compare(r, key);

	return c < 0 || (c == 0 && key_has_cpu(key->kind) && r->cpu < key->cpu);
}

static const struct snap_record *find(const struct snapshot *s, const struct snap_record *key)
{
	const struct snap_record *best = NULL;
	size_t lo = 0, hi = s->n_sorted;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (key_before(&s->rec[s->order[mid]], key))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < s->n_sorted && key_matches(&s->rec[s->order[lo]], key))
		best = &s->rec[s->order[lo]];
	for (size_t i = s->n_sorted; i < s->n; i++)
		if (key_matches(&s->rec[i], key) && (!best || s->rec[i].cpu < best->cpu))
			best = &s->rec[i];
	return best;
}

const struct snap_record *snapshot_cpuid(const struct snapshot *s, int cpu, uint32_t leaf,
					 uint32_t sub)
{
	return find(s,
		    &(struct snap_record){ .kind = SNAP_CPUID, .cpu = cpu, .num = leaf, .sub = sub });
}

const struct snap_record *snapshot_msr(const struct snapshot *s, int cpu, uint32_t msr)
{
	return find(s, &(struct snap_record){ .kind = SNAP_MSR, .cpu = cpu, .num = msr });
}

const struct snap_record *snapshot_named(const struct snapshot *s, enum snap_kind kind,
					 const char *name)
{
	return find(s, &(struct snap_record){ .kind = kind, .cpu = -1, .name = (char *)name });
}

const struct snap_record *snapshot_kvm(const struct snapshot *s, const char *step, uint32_t num)
{
	return find(s, &(struct snap_record){
			       .kind = SNAP_KVM, .cpu = -1, .num = num, .name = (char *)step });
}

const char *snapshot_text(const struct snapshot *s, enum snap_kind kind, const char *name)
{
	const struct snap_record *r = snapshot_named(s, kind, name);

	return r && !r->err ? (const char *)r->data : NULL;
}

bool snapshot_same_key(const struct snap_record *a, const struct snap_record *b)
{
	return key_compare(a, b) == 0 && a->cpu == b->cpu;
}

int snapshot_take(struct snapshot *s, const struct snap_record *r)
{
	if (s->n == UINT32_MAX)
		return -ENOMEM;
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		struct snap_record *grown = reallocarray(s->rec, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->rec = grown;
		s->cap = cap;
	}
	s->rec[s->n++] = *r;
	return 0;
}

/* Adds a copy of (r). */
static int add_copy(struct snapshot *s, const struct snap_record *r)
{
	struct snap_record copy = *r;

	copy.name = r->name ? strdup(r->name) : NULL;
	copy.data = r->data ? malloc(r->len + 1) : NULL;
	if ((r->name && !copy.name) || (r->data && !copy.data))
		goto fail;
	if (copy.data) {
		memcpy(copy.data, r->data, r->len);
		copy.data[r->len] = '\0';
	}
	if (snapshot_take(s, &copy) == 0)
		return 0;
fail:
	free(copy.name);
	free(copy.data);
	return -ENOMEM;
}

int snapshot_add_cpuid(struct snapshot *s, int cpu, uint32_t leaf, uint32_t sub,
		       const uint32_t regs[4])
{
	struct snap_record r = { .kind = SNAP_CPUID, .cpu = cpu, .num = leaf, .sub = sub };

	memcpy(r.regs, regs, sizeof(r.regs));
	return add_copy(s, &r);
}

int snapshot_add_msr(struct snapshot *s, int cpu, uint32_t msr, int err, uint64_t value)
{
	return add_copy(s, &(struct snap_record){
		.kind = SNAP_MSR, .cpu = cpu, .num = msr, .err = err, .value = err ? 0 : value });
}

int snapshot_add_data(struct snapshot *s, enum snap_kind kind, const char *name, int err,
		      const void *data, size_t len)
{
	return add_copy(s, &(struct snap_record){ .kind = kind,
						  .cpu = -1,
						  .err = err,
						  .name = (char *)name,
						  .data = err ? NULL :
								(unsigned char *)(data ? data : ""),
						  .len = err || !data ? 0 : len });
}

int snapshot_add_node(struct snapshot *s, const char *path, int err, uint32_t mode, uint32_t major,
		      uint32_t minor)
{
	struct snap_record r = { .kind = SNAP_NODE, .cpu = -1, .err = err, .name = (char *)path };

	if (!err) {
		r.value = mode;
		r.num = major;
		r.sub = minor;
	}
	return add_copy(s, &r);
}

int snapshot_add_kvm(struct snapshot *s, const char *step, uint32_t num, int err, uint64_t value)
{
	return add_copy(s, &(struct snap_record){
		.kind = SNAP_KVM, .cpu = -1, .num = num, .err = err, .name = (char *)step,
		.value = err ? 0 : value });
}

void snapshot_digest(const struct snapshot *s, char out[17])
{
	struct buf b = BUF_INIT;
	uint64_t hash = FNV1A64_INIT;

	if (snapshot_write(s, &b) == 0)
		hash = fnv1a64(hash, b.data, b.len);
	snprintf(out, 17, "%016" PRIx64, hash);
	buf_free(&b);
}
