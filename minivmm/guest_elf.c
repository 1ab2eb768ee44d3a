/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest_elf.c - loads a guest image. The image may come from anywhere: every offset and length is checked. */
#include "minivmm/engine.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PVH_NOTE_NAME	"Xen"
#define PVH_NOTE_TYPE	18	     /* XEN_ELFNOTE_PHYS32_ENTRY */
#define GUEST_VIRT_SIZE (1ull << 30) /* of the boot mapping */
#define PHDRS_MAX	64

/* Do (len) bytes from (off) lie within (size)? */
static bool range_ok(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

static int check_header(const Elf64_Ehdr *h, size_t bytes, struct err *e)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return err_set(e, EINVAL, "guest image: not an ELF file");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_machine != EM_X86_64)
		return err_set(e, EINVAL, "guest image: not a 64-bit x86 ELF file");
	if (h->e_type != ET_EXEC)
		return err_set(e, EINVAL,
			       "guest image: ELF type %u, only a static executable can be loaded",
			       h->e_type);
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > PHDRS_MAX)
		return err_set(e, EINVAL, "guest image: offset 54: %u program headers of %u bytes",
			       h->e_phnum, h->e_phentsize);
	if (!range_ok(h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr), bytes))
		return err_set(
			e, EINVAL,
			"guest image: offset 32: program headers outside the %zu bytes of the file",
			bytes);
	return 0;
}

static Elf64_Phdr phdr_at(const unsigned char *image, const Elf64_Ehdr *h, unsigned i)
{
	Elf64_Phdr p;

	memcpy(&p, image + h->e_phoff + i * sizeof(p), sizeof(p));
	return p;
}

static int check_segment(const Elf64_Phdr *p, unsigned i, size_t bytes, uint64_t mem_bytes,
			 struct err *e)
{
	if (!range_ok(p->p_offset, p->p_filesz, bytes))
		return err_set(e, EINVAL,
			       "guest image: segment %u lies outside the %zu bytes of the file", i,
			       bytes);
	if (p->p_filesz > p->p_memsz)
		return err_set(e, EINVAL,
			       "guest image: segment %u is larger in the file than in memory", i);
	if (p->p_paddr < GUEST_IMAGE_PHYS || !range_ok(p->p_paddr, p->p_memsz, mem_bytes))
		return err_set(e, EINVAL,
			       "guest image: segment %u: physical 0x%" PRIx64 " + 0x%" PRIx64
			       " is outside the guest's memory (0x%x to 0x%" PRIx64 ")",
			       i, p->p_paddr, p->p_memsz, GUEST_IMAGE_PHYS, mem_bytes);
	if (!range_ok(p->p_paddr, p->p_memsz, GUEST_VIRT_SIZE) ||
	    (p->p_vaddr != p->p_paddr && p->p_vaddr != GUEST_VIRT_BASE + p->p_paddr))
		return err_set(e, EINVAL,
			       "guest image: segment %u: address 0x%" PRIx64
			       " is not in the boot mapping",
			       i, p->p_vaddr);
	return 0;
}

/*
 * Looks for the PVH note in the (len) bytes at (note). 1 and its entry, 0 when it is not there, -EINVAL when the
 * notes are damaged. Sizes are 32-bit: nothing here can wrap a uint64_t.
 */
static int find_pvh_entry(const unsigned char *note, uint64_t len, uint64_t *entry)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;
		uint64_t name = sizeof(n), desc, end;

		memcpy(&n, note, sizeof(n));
		desc = name + (((uint64_t)n.n_namesz + 3) & ~3ull);
		end = desc + (((uint64_t)n.n_descsz + 3) & ~3ull);
		if (desc > len || n.n_descsz > len - desc)
			return -EINVAL;
		if (n.n_type == PVH_NOTE_TYPE && n.n_namesz == sizeof(PVH_NOTE_NAME) &&
		    memcmp(note + name, PVH_NOTE_NAME, sizeof(PVH_NOTE_NAME)) == 0) {
			if (n.n_descsz != 4 && n.n_descsz != 8)
				return -EINVAL;
			*entry = 0;
			memcpy(entry, note + desc, n.n_descsz);
			return 1;
		}
		if (end > len)
			break;
		note += end;
		len -= end;
	}
	return 0;
}

struct elf_scan {
	uint64_t entry64, entry32;
	bool entry64_ok, entry32_ok, has_entry32;
	unsigned loads;
};

static int scan_notes(struct elf_scan *s, const unsigned char *image, size_t bytes,
		      const Elf64_Phdr *p, unsigned i, struct err *e)
{
	int r;

	if (!range_ok(p->p_offset, p->p_filesz, bytes))
		return err_set(e, EINVAL,
			       "guest image: note %u lies outside the %zu bytes of the file", i,
			       bytes);
	r = find_pvh_entry(image + p->p_offset, p->p_filesz, &s->entry32);
	if (r < 0)
		return err_set(e, EINVAL, "guest image: offset %" PRIu64 ": damaged note",
			       p->p_offset);
	s->has_entry32 |= r == 1;
	return 0;
}

static void scan_entries(struct elf_scan *s, const Elf64_Phdr *p)
{
	if (!(p->p_flags & PF_X))
		return;
	s->entry64_ok |= s->entry64 >= p->p_vaddr && s->entry64 - p->p_vaddr < p->p_memsz;
	s->entry32_ok |= s->entry32 >= p->p_paddr && s->entry32 - p->p_paddr < p->p_memsz;
}

/* Everything is checked before a byte of guest memory is written. */
static int scan_image(struct elf_scan *s, const unsigned char *image, size_t bytes,
		      const Elf64_Ehdr *h, uint64_t mem_bytes, struct err *e)
{
	int r;

	for (unsigned i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr p = phdr_at(image, h, i);

		r = p.p_type == PT_NOTE ? scan_notes(s, image, bytes, &p, i, e) :
		    p.p_type == PT_LOAD ? check_segment(&p, i, bytes, mem_bytes, e) :
					  0;
		if (r < 0)
			return r;
		s->loads += p.p_type == PT_LOAD;
	}
	for (unsigned i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr p = phdr_at(image, h, i);

		if (p.p_type == PT_LOAD)
			scan_entries(s, &p);
	}
	if (!s->loads)
		return err_set(e, EINVAL, "guest image: nothing to load");
	if (!s->entry64_ok)
		return err_set(e, EINVAL,
			       "guest image: entry 0x%" PRIx64
			       " is not in a segment that can be executed",
			       s->entry64);
	if (s->has_entry32 && !s->entry32_ok)
		return err_set(e, EINVAL,
			       "guest image: PVH entry 0x%" PRIx64
			       " is not in a segment that can be executed",
			       s->entry32);
	return 0;
}

int guest_load_elf(const void *image, size_t bytes, unsigned char *mem, uint64_t mem_bytes,
		   uint64_t *entry64, uint32_t *entry32, struct err *e)
{
	struct elf_scan s = { 0 };
	Elf64_Ehdr h;
	int r;

	if (bytes < sizeof(h))
		return err_set(e, EINVAL, "guest image: %zu bytes are too few for an ELF file",
			       bytes);
	memcpy(&h, image, sizeof(h));
	r = check_header(&h, bytes, e);
	if (r < 0)
		return r;
	s.entry64 = h.e_entry;
	r = scan_image(&s, image, bytes, &h, mem_bytes, e);
	if (r < 0)
		return r;

	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr p = phdr_at(image, &h, i);

		if (p.p_type != PT_LOAD)
			continue;
		memcpy(mem + p.p_paddr, (const unsigned char *)image + p.p_offset, p.p_filesz);
		memset(mem + p.p_paddr + p.p_filesz, 0, p.p_memsz - p.p_filesz);
	}
	*entry64 = s.entry64;
	*entry32 = s.has_entry32 ? (uint32_t)s.entry32 : 0;
	return 0;
}
