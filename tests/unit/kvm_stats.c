/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser of KVM's binary statistics, against files that no kernel would write. */
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm/kvm/kvm.h"
#include "tests/unit/tap.h"

#define NAME_BYTES	48
#define DESC_BYTES	(sizeof(struct kvm_stats_desc) + NAME_BYTES)
#define DESCS		4
#define FILE_BYTES	(sizeof(struct kvm_stats_header) + NAME_BYTES + DESCS * DESC_BYTES)

struct file {
	struct kvm_stats_header h;
	unsigned char bytes[FILE_BYTES];
};

static struct kvm_stats_desc *desc_at(unsigned char *bytes, unsigned i)
{
	return (struct kvm_stats_desc *)(bytes + sizeof(struct kvm_stats_header) + NAME_BYTES + i * DESC_BYTES);
}

/* Header, id, descriptors, in the order that today's kernels write; counters in an order that none does. */
static void file_make(struct file *f)
{
	static const char *const names[DESCS] = { "insn_emulation", "hypercalls", "exits", "io_exits" };

	memset(f, 0, sizeof(*f));
	f->h = (struct kvm_stats_header){
		.name_size = NAME_BYTES, .num_desc = DESCS, .id_offset = sizeof(f->h),
		.desc_offset = sizeof(f->h) + NAME_BYTES, .data_offset = FILE_BYTES,
	};
	memcpy(f->bytes, &f->h, sizeof(f->h));
	for (unsigned i = 0; i < DESCS; i++) {
		struct kvm_stats_desc *d = desc_at(f->bytes, i);

		*d = (struct kvm_stats_desc){ .size = 1, .offset = i * 8 };
		strcpy((char *)d + sizeof(*d), names[i]);
	}
}

/* From a copy of exactly (bytes) on the heap, where a sanitizer sees any byte read past it. */
static int parse(const struct file *f, size_t bytes, struct kvm_stats_map *map)
{
	unsigned char *copy = malloc(bytes ? bytes : 1);
	struct err e;
	int rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, f->bytes, bytes);
	memcpy(copy, &f->h, bytes < sizeof(f->h) ? bytes : sizeof(f->h));
	rc = kvm_stats_parse(copy, bytes, map, &e);
	if (rc < 0)
		CU_ASSERT(strlen(e.text) > 0);
	free(copy);
	return rc;
}

static void finds_by_name(void)
{
	struct kvm_stats_map map;
	struct file f;

	file_make(&f);
	CU_ASSERT_EQUAL(parse(&f, FILE_BYTES, &map), 0);
	CU_ASSERT_EQUAL(map.at[KVM_STAT_INSN_EMULATION], FILE_BYTES);
	CU_ASSERT_EQUAL(map.at[KVM_STAT_EXITS], FILE_BYTES + 16);
	CU_ASSERT_EQUAL(map.at[KVM_STAT_IO_EXITS], FILE_BYTES + 24);
	CU_ASSERT_EQUAL(map.at[KVM_STAT_MMIO_EXITS], 0);
	CU_ASSERT_EQUAL(map.at[KVM_STAT_IRQ_EXITS], 0);
}

static void refuses_prefixes(void)
{
	struct kvm_stats_map map;
	struct file f;

	file_make(&f);
	for (size_t n = 0; n < FILE_BYTES; n++)
		CU_ASSERT(parse(&f, n, &map) < 0);
}

static void refuses_lengths(void)
{
	static const struct kvm_stats_header hostile[] = {
		{ .name_size = 0, .num_desc = DESCS, .desc_offset = 72 },
		{ .name_size = UINT32_MAX, .num_desc = 1, .desc_offset = 72 },
		{ .name_size = NAME_BYTES, .num_desc = UINT32_MAX, .desc_offset = 72 },
		{ .name_size = NAME_BYTES, .num_desc = DESCS + 1, .desc_offset = 72 },
		{ .name_size = NAME_BYTES, .num_desc = DESCS, .desc_offset = 73 },
		{ .name_size = NAME_BYTES, .num_desc = 1, .desc_offset = UINT32_MAX },
		{ .name_size = NAME_BYTES, .num_desc = 1, .desc_offset = FILE_BYTES },
		{ .name_size = UINT32_MAX - 15, .num_desc = UINT32_MAX, .desc_offset = 0 },
	};
	struct kvm_stats_map map;
	struct file f;

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		file_make(&f);
		f.h = hostile[i];
		CU_ASSERT(parse(&f, FILE_BYTES, &map) < 0);
	}
}

static void refuses_endless_name(void)
{
	struct kvm_stats_map map;
	struct file f;

	file_make(&f);
	memset((char *)desc_at(f.bytes, DESCS - 1) + sizeof(struct kvm_stats_desc), 'x', NAME_BYTES);
	CU_ASSERT(parse(&f, FILE_BYTES, &map) < 0);
}

static void ignores_other_kinds(void)
{
	struct kvm_stats_map map;
	struct file f;

	file_make(&f);
	desc_at(f.bytes, 0)->flags = KVM_STATS_TYPE_LOG_HIST;
	desc_at(f.bytes, 2)->size = 32;
	desc_at(f.bytes, 3)->exponent = -9;
	CU_ASSERT_EQUAL(parse(&f, FILE_BYTES, &map), 0);
	for (unsigned i = 0; i < KVM_STAT_COUNT; i++)
		CU_ASSERT_EQUAL(map.at[i], 0);
}

static void keeps_far_offsets(void)
{
	struct kvm_stats_map map;
	struct file f;

	file_make(&f);
	f.h.data_offset = UINT32_MAX;
	desc_at(f.bytes, 2)->offset = UINT32_MAX;
	CU_ASSERT_EQUAL(parse(&f, FILE_BYTES, &map), 0);
	CU_ASSERT_EQUAL(map.at[KVM_STAT_EXITS], 2ull * UINT32_MAX);
}

/* A counter that lies past the end of its file reads as 0, as one that does not exist. */
static void reads_past_the_end_as_none(void)
{
	struct kvm_stats s = { .map.at = { [KVM_STAT_EXITS] = 1ull << 40 } };
	struct engine_counters c = { 0 };
	FILE *f = tmpfile();

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	s.fd = fileno(f);
	kvm_stats_read(&s, &c);
	CU_ASSERT_EQUAL(c.exits, 0);
	fclose(f);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "counters are found by name, wherever they are", finds_by_name },
		{ "every prefix of a file is refused", refuses_prefixes },
		{ "lengths and offsets that do not hold are refused", refuses_lengths },
		{ "a name without an end is refused", refuses_endless_name },
		{ "histograms, scaled values and arrays are no counters", ignores_other_kinds },
		{ "large offsets do not wrap", keeps_far_offsets },
		{ "a counter past the end of the file reads as none", reads_past_the_end_as_none },
		{ 0 }
	};

	return tap_run("kvm_stats", tests);
}
