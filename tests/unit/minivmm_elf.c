/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image loader: the real image, each of its prefixes, and images made to hurt. */
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "minivmm/engine.h"
#include "tests/unit/tap.h"

#define MEM_BYTES	0x800000ull	/* enough for the image, small enough to be cleared a thousand times */

static size_t image_bytes(void)
{
	return (size_t)(guest_image_end - guest_image);
}

/* Guest memory with an unmapped page on either side: a store outside it ends the test. */
static unsigned char *mem_make(void)
{
	unsigned char *all = mmap(NULL, MEM_BYTES + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED || mprotect(all + 4096, MEM_BYTES, PROT_READ | PROT_WRITE) != 0)
		abort();
	return all + 4096;
}

static void mem_free(unsigned char *mem)
{
	munmap(mem - 4096, MEM_BYTES + 8192);
}

static bool mem_is_clear(const unsigned char *mem)
{
	return mem[0] == 0 && memcmp(mem, mem + 1, MEM_BYTES - 1) == 0;
}

static int load(const void *image, size_t bytes, unsigned char *mem)
{
	struct err e = { 0 };
	uint64_t entry64;
	uint32_t entry32;
	int r = guest_load_elf(image, bytes, mem, MEM_BYTES, &entry64, &entry32, &e);

	if (r < 0)
		CU_ASSERT(e.text[0] != '\0' && e.code == -r);
	return r;
}

static void test_built_in(void)
{
	unsigned char *mem = mem_make();
	uint64_t entry64 = 0;
	uint32_t entry32 = 0;

	CU_ASSERT(guest_load_elf(guest_image, image_bytes(), mem, MEM_BYTES, &entry64, &entry32, NULL) == 0);
	CU_ASSERT(entry64 >= GUEST_VIRT_BASE + GUEST_IMAGE_PHYS && entry64 < GUEST_VIRT_BASE + GUEST_IMAGE_END);
	CU_ASSERT(entry32 >= GUEST_IMAGE_PHYS && entry32 < GUEST_IMAGE_END);
	CU_ASSERT(mem[entry64 - GUEST_VIRT_BASE] == 0xfa);	/* CLI */
	CU_ASSERT(mem[entry32] == 0xfa);
	mem_free(mem);
}

/* The end of what a load needs of the file: behind it there are only section headers. */
static size_t needed_bytes(void)
{
	Elf64_Ehdr h;
	size_t end = 0;

	memcpy(&h, guest_image, sizeof(h));
	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr p;

		memcpy(&p, guest_image + h.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_filesz && p.p_offset + p.p_filesz > end)
			end = p.p_offset + p.p_filesz;
	}
	return end;
}

static void test_prefixes(void)
{
	unsigned char *mem = mem_make();
	size_t needed = needed_bytes(), accepted = 0;

	/* Copies of just that size, so that a read behind the end is seen by the sanitizer. */
	for (size_t n = 0; n < 512; n++) {
		unsigned char *copy = malloc(n ? n : 1);

		memcpy(copy, guest_image, n);
		accepted += load(copy, n, mem) == 0;
		free(copy);
	}
	for (size_t n = 512; n < needed; n++)
		accepted += load(guest_image, n, mem) == 0;
	CU_ASSERT(accepted == 0);
	CU_ASSERT(mem_is_clear(mem));
	CU_ASSERT(load(guest_image, needed, mem) == 0);
	mem_free(mem);
}

/* ---- images made by hand ---- */

struct tiny {
	Elf64_Ehdr h;
	Elf64_Phdr p[3];	/* code, data, note */
	struct {
		Elf64_Nhdr n;
		char name[4];
		uint64_t entry;
	} note;
	unsigned char code[64];
};

static struct tiny tiny_make(void)
{
	struct tiny t = {
		.h = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_entry = GUEST_VIRT_BASE + 0x400000, .e_phoff = offsetof(struct tiny, p),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
		},
		.p = {
			{ PT_LOAD, PF_R | PF_X, offsetof(struct tiny, code), GUEST_VIRT_BASE + 0x400000, 0x400000,
			  64, 64, 16 },
			{ PT_LOAD, PF_R | PF_W, offsetof(struct tiny, code), GUEST_VIRT_BASE + 0x401000, 0x401000,
			  0, 4096, 16 },
			{ PT_NOTE, PF_R, offsetof(struct tiny, note), 0, 0, sizeof(t.note), sizeof(t.note), 4 },
		},
		.note = { { 4, 8, 18 }, "Xen", 0x400010 },
	};

	memset(t.code, 0x90, sizeof(t.code));
	return t;
}

static void test_hostile(void)
{
	static const struct {
		const char *what;
		size_t at, size;
		uint64_t value;
	} rows[] = {
#define AT(field) offsetof(struct tiny, field), sizeof(((struct tiny *)0)->field)
		{ "not ELF", AT(h.e_ident[1]), 'e' },
		{ "32-bit", AT(h.e_ident[EI_CLASS]), ELFCLASS32 },
		{ "big-endian", AT(h.e_ident[EI_DATA]), ELFDATA2MSB },
		{ "another machine", AT(h.e_machine), EM_AARCH64 },
		{ "position-independent", AT(h.e_type), ET_DYN },
		{ "an object", AT(h.e_type), ET_REL },
		{ "no program headers", AT(h.e_phnum), 0 },
		{ "many program headers", AT(h.e_phnum), 0xffff },
		{ "more program headers than file", AT(h.e_phnum), 64 },
		{ "small program headers", AT(h.e_phentsize), 32 },
		{ "program headers behind the file", AT(h.e_phoff), sizeof(struct tiny) },
		{ "program headers at the end of the world", AT(h.e_phoff), UINT64_MAX - 8 },
		{ "entry nowhere", AT(h.e_entry), 0 },
		{ "entry behind the code", AT(h.e_entry), GUEST_VIRT_BASE + 0x400040 },
		{ "entry in data", AT(h.e_entry), GUEST_VIRT_BASE + 0x401000 },
		{ "segment behind the file", AT(p[0].p_offset), sizeof(struct tiny) - 63 },
		{ "segment offset that wraps", AT(p[0].p_offset), UINT64_MAX - 15 },
		{ "segment larger than the file", AT(p[0].p_filesz), 4096 },
		{ "segment size that wraps", AT(p[0].p_filesz), UINT64_MAX - 63 },
		{ "more in the file than in memory", AT(p[0].p_memsz), 63 },
		{ "over the control page", AT(p[0].p_paddr), GUEST_CTRL_PHYS },
		{ "just below the image", AT(p[0].p_paddr), GUEST_IMAGE_PHYS - 1 },
		{ "behind guest memory", AT(p[0].p_paddr), MEM_BYTES },
		{ "over the end of guest memory", AT(p[1].p_memsz), MEM_BYTES - 0x401000 + 1 },
		{ "physical address that wraps", AT(p[0].p_paddr), UINT64_MAX - 31 },
		{ "memory size that wraps", AT(p[1].p_memsz), UINT64_MAX - 0x401000 + 1 },
		{ "not in the boot mapping", AT(p[0].p_vaddr), GUEST_VIRT_BASE + 0x500000 },
		{ "in the kernel's half", AT(p[1].p_vaddr), 0xffffffff80000000 },
		{ "note behind the file", AT(p[2].p_offset), sizeof(struct tiny) },
		{ "note larger than the file", AT(p[2].p_filesz), UINT64_MAX },
		{ "note with a long name", AT(note.n.n_namesz), 0xffffffff },
		{ "note with a long value", AT(note.n.n_descsz), 0xffffffff },
		{ "note with a value that is cut off", AT(p[2].p_filesz), sizeof(((struct tiny *)0)->note) - 1 },
		{ "note with an odd value", AT(note.n.n_descsz), 7 },
		{ "PVH entry nowhere", AT(note.entry), 0x10 },
		{ "PVH entry above 4 GiB", AT(note.entry), 0x100400010 },
		{ "PVH entry in data", AT(note.entry), 0x401000 },
#undef AT
	};
	unsigned char *mem = mem_make();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tiny t = tiny_make();

		memcpy((unsigned char *)&t + rows[i].at, &rows[i].value, rows[i].size);
		if (load(&t, sizeof(t), mem) != -EINVAL) {
			tap_note("accepted: %s", rows[i].what);
			CU_FAIL("a hostile image was accepted");
		}
	}
	CU_ASSERT(mem_is_clear(mem));
	mem_free(mem);
}

static void test_tiny(void)
{
	unsigned char *mem = mem_make();
	struct tiny t = tiny_make();
	uint64_t entry64 = 0;
	uint32_t entry32 = 0;

	memset(mem + 0x401000, 0xff, 8192);
	CU_ASSERT(guest_load_elf(&t, sizeof(t), mem, MEM_BYTES, &entry64, &entry32, NULL) == 0);
	CU_ASSERT(entry64 == t.h.e_entry && entry32 == t.note.entry);
	CU_ASSERT(memcmp(mem + 0x400000, t.code, sizeof(t.code)) == 0);
	CU_ASSERT(mem[0x401000] == 0 && mem[0x401fff] == 0 && mem[0x402000] == 0xff);

	t.note.n.n_type = 1;
	CU_ASSERT(guest_load_elf(&t, sizeof(t), mem, MEM_BYTES, &entry64, &entry32, NULL) == 0);
	CU_ASSERT(entry32 == 0);
	mem_free(mem);
}

/* No byte of the headers makes the loader read or write elsewhere. */
static void test_each_byte(void)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	unsigned char *mem = mem_make();

	for (size_t at = 0; at < offsetof(struct tiny, code); at++)
		for (size_t v = 0; v < sizeof(values); v++) {
			struct tiny t = tiny_make();
			int r;

			((unsigned char *)&t)[at] = values[v];
			r = load(&t, sizeof(t), mem);
			CU_ASSERT(r == 0 || r == -EINVAL);
		}
	mem_free(mem);
}

static const struct tap_test tests[] = {
	{ "the built-in image loads where its ABI says", test_built_in },
	{ "every prefix of the built-in image is refused", test_prefixes },
	{ "a small image loads, its bss is cleared", test_tiny },
	{ "images made to hurt are refused and touch nothing", test_hostile },
	{ "no byte of the headers leads outside", test_each_byte },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("guest image", tests);
}
