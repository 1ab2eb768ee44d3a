/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bochs.h - the parts of the carrier bochs. Only minivmm/bochs/ and its tests include this.
 *
 * A Bochs lives for one boot. What it reads are memory files that it opens as /proc/self/fd/N, and what it writes is a
 * pipe and another one: nothing has a name in a file system, so nothing can be left behind, however this ends.
 */
#ifndef VTSCOPE_MINIVMM_BOCHS_BOCHS_H
#define VTSCOPE_MINIVMM_BOCHS_BOCHS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

#define BOCHS_CHUNKS_MAX	3u	/* pieces of the image: what optramimage has left beside the boot information */
#define BOCHS_CHUNK_BYTES	0x20000u	/* one optramimage at most */

/* The boot image as Bochs wants it, made once. */
struct bochs_image {
	unsigned char *bytes;		/* owned; as it lies in memory from GUEST_IMAGE_PHYS on */
	size_t n;
};

/* From the ELF file: 0, or -errno with a sentence when it does not fit what Bochs can load. */
int bochs_image_load(struct bochs_image *i, const void *elf, size_t bytes, struct err *e);
void bochs_image_free(struct bochs_image *i);

/* ---- bochs_files.c: what one boot is made of ---- */

enum bochs_file { BOCHS_RC, BOCHS_COMMANDS, BOCHS_LOG, BOCHS_ROM, BOCHS_INFO, BOCHS_CHUNK, BOCHS_FILES = BOCHS_CHUNK + BOCHS_CHUNKS_MAX };

struct bochs_files {
	int fd[BOCHS_FILES];		/* -1: none. Close-on-exec but for bochs_files_inherit() */
};

struct bochs_recipe {
	const char *model, *bios, *vga, *display;
	const char *plan;		/* command line of the image */
	const struct bochs_image *image;
	unsigned mem_mib;
	/* MSRs that it does not know read as 0: its AMD models do not have VM_CR. Else they fault, as in a processor. */
	bool lacks_msrs;
};

/* 0 or -errno; bochs_files_close() is due in either case. */
int bochs_files_make(struct bochs_files *f, const struct bochs_recipe *r, struct err *e);
void bochs_files_inherit(const struct bochs_files *f, bool on);
/* "/proc/self/fd/7", in (out). */
void bochs_file_path(const struct bochs_files *f, enum bochs_file which, char out[32]);
/* The last message of Bochs's log that says why it gave up, in (out); "" : there is none. */
void bochs_log_panic(const struct bochs_files *f, char *out, size_t bytes);
void bochs_files_close(struct bochs_files *f);

/* ---- what it says of itself ---- */

/* "bochs --help cpu": is (model) among the names in (text)? -EINVAL with the nearest name, or with all of them. */
int bochs_model_check(const char *text, const char *model, struct err *e);
/* "Bochs x86 Emulator 2.7" in (text): "2.7". False: it does not say. */
bool bochs_version(const char *text, char out[16]);

/* The option ROM that starts an image which already lies in memory (minivmm/monitor/boot/rom.S), unpadded. */
extern const unsigned char boot_rom[];
extern const unsigned char boot_rom_end[];

#endif
