/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bochs_image.c - the image as Bochs takes it, and what Bochs says of itself. */
#include "minivmm/bochs/bochs.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse.h"
#include "minivmm/engine.h"

#define MODELS_MAX	64u
#define MODEL_BYTES	48u

/* The segment that starts with the file itself: the ROM reads the entry's address out of its header. */
static size_t segment_bytes(const unsigned char *elf, size_t bytes)
{
	Elf64_Ehdr h;
	Elf64_Phdr p;

	if (bytes < sizeof(h))
		return 0;
	memcpy(&h, elf, sizeof(h));
	if (memcmp(h.e_ident, ELFMAG, SELFMAG) || h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_phentsize != sizeof(p))
		return 0;
	for (unsigned i = 0; i < h.e_phnum; i++) {
		if (h.e_phoff > bytes || (i + 1) * sizeof(p) > bytes - h.e_phoff)
			return 0;
		memcpy(&p, elf + h.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type == PT_LOAD && p.p_offset == 0)
			return p.p_paddr == GUEST_IMAGE_PHYS && p.p_filesz <= bytes ? p.p_filesz : 0;
	}
	return 0;
}

int bochs_image_load(struct bochs_image *i, const void *elf, size_t bytes, struct err *e)
{
	const size_t most = BOCHS_CHUNKS_MAX * BOCHS_CHUNK_BYTES;

	*i = (struct bochs_image){ NULL, segment_bytes(elf, bytes) };
	if (!i->n)
		return err_set(e, EINVAL, "the boot image is no ELF64 file that begins at 0x%x", GUEST_IMAGE_PHYS);
	if (i->n > most)
		return err_set(e, EFBIG, "the boot image has %zu KiB, Bochs loads %zu at most", i->n >> 10, most >> 10);
	i->bytes = malloc(i->n);
	if (!i->bytes)
		return err_set(e, ENOMEM, "out of memory");
	memcpy(i->bytes, elf, i->n);
	return 0;
}

void bochs_image_free(struct bochs_image *i)
{
	free(i->bytes);
	*i = (struct bochs_image){ NULL, 0 };
}

/* Names of the list, one a line behind "Supported CPU models:" and an empty one. */
static size_t models_read(const char *text, char name[][MODEL_BYTES])
{
	const char *p = strstr(text, "Supported CPU models:");
	size_t n = 0;

	p = p ? p + strcspn(p, "\n") : "";
	for (p += strspn(p, "\r\n"); *p && n < MODELS_MAX; p += (p[0] == '\r') + (p[p[0] == '\r'] == '\n')) {
		size_t len = strcspn(p, "\r\n");

		if (!len)
			break;
		if (len < MODEL_BYTES)
			snprintf(name[n++], MODEL_BYTES, "%.*s", (int)len, p);
		p += len;
	}
	return n;
}

int bochs_model_check(const char *text, const char *model, struct err *e)
{
	char name[MODELS_MAX][MODEL_BYTES];
	const char *names[MODELS_MAX], *near;
	size_t n = models_read(text, name), i;

	for (i = 0; i < n; i++) {
		names[i] = name[i];
		if (!strcmp(name[i], model))
			return 0;
	}
	if (!n)
		return err_set(e, EIO, "bochs --help cpu names no processor models");
	near = nearest_name(model, names, n);
	if (near)
		return err_set(e, EINVAL, "Bochs has no processor model '%s'; did you mean '%s'?", model, near);
	return err_set(e, EINVAL, "Bochs has no processor model '%s'; 'bochs --help cpu' names those it has", model);
}

bool bochs_version(const char *text, char out[16])
{
	static const char before[] = "Bochs x86 Emulator ";
	const char *p = strstr(text, before);
	size_t n = p ? strspn(p + sizeof(before) - 1, "0123456789.") : 0;

	if (!n || n >= 16)
		return false;
	memcpy(out, p + sizeof(before) - 1, n);
	out[n] = 0;
	return true;
}
