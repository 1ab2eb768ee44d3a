/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grub-mkrescue as a process, in a folder of its own: what goes in, where it may leave its temporary files, and what
 * comes out all lie there, so that one removal leaves nothing, however it ended.
 */
#include "minivmm/image/iso.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/child.h"
#include "common/digest.h"
#include "common/fileio.h"
#include "common/parse.h"

#define DEADLINE_MS	120000
#define ISO_MAX		(64u << 20)
#define EPOCH		1767225600	/* 2026-01-01: when files were made is of no interest, that it stays is */

#define ISO_SECTOR	2048
#define DISK_SECTOR	512
#define ISO_DESCRIPTOR	(16 * ISO_SECTOR)	/* ECMA-119: the volume descriptors begin here */

/* FAT's boot sector. */
#define FAT_OEM		3
#define FAT_SERIAL	39
#define FAT_KIND	54
#define DISK_SIGNATURE	510

struct workshop {
	char dir[1024];
	const char *grub;	/* grub-mkrescue's path, borrowed */
	uint64_t epoch;
	char date[24];		/* the ISO's own name, YYYYMMDDhhmmsscc: GRUB finds its disk by it */
};

static int is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Where GRUB's parts lie, seen from its program: PREFIX/bin/grub-mkrescue, PREFIX/lib/grub. */
static int has_part(const char *mkrescue, const char *platform)
{
	struct buf path = BUF_INIT;
	const char *slash = strrchr(mkrescue, '/');
	int there;

	buf_printf(&path, "%.*s/../lib/grub/%s", (int)(slash - mkrescue), mkrescue, platform);
	there = is_dir(buf_str(&path));
	buf_free(&path);
	return there;
}

static int program_need(const char *name, const char *package, struct buf *path, struct err *e)
{
	if (!child_find(name, path))
		return 0;
	return err_set(e, ENOENT, "the ISO needs %s, which is not there: install the package %s (apt install %s)", name,
		       package, package);
}

/* All that grub-mkrescue needs; (grub) gets its path. Names first what is missing. */
static int programs_find(struct buf *grub, struct buf *warning, struct err *e)
{
	struct buf unused = BUF_INIT;
	int rc, bios, efi;

	/* Fedora and openSUSE call it grub2. */
	rc = child_find("grub-mkrescue", grub) ? child_find("grub2-mkrescue", grub) : 0;
	if (rc)
		rc = program_need("grub-mkrescue", "grub-common", grub, e);
	if (!rc)
		rc = program_need("xorriso", "xorriso", &unused, e);
	if (!rc)
		rc = program_need("mformat", "mtools", &unused, e);
	buf_free(&unused);
	if (rc)
		return rc;
	bios = has_part(buf_str(grub), "i386-pc");
	efi = has_part(buf_str(grub), "x86_64-efi");
	if (!bios && !efi)
		return err_set(e, ENOENT,
			       "the ISO needs a GRUB to boot: install the packages grub-pc-bin (BIOS) and "
			       "grub-efi-amd64-bin (EFI)");
	if (!bios)
		buf_puts(warning, "boots from EFI only: for BIOS, too, install the package grub-pc-bin");
	if (!efi)
		buf_puts(warning, "boots from BIOS only: for EFI, too, install the package grub-efi-amd64-bin");
	return 0;
}

static void workshop_close(struct workshop *w)
{
	file_remove_folder(w->dir);
}

static int workshop_open(struct workshop *w, struct err *e)
{
	const char *tmp = getenv("TMPDIR"), *epoch = getenv("SOURCE_DATE_EPOCH");

	if (!tmp || tmp[0] != '/' || strlen(tmp) > sizeof(w->dir) - 32)
		tmp = "/tmp";
	snprintf(w->dir, sizeof(w->dir), "%s/vtscope-image-XXXXXX", tmp);
	if (!mkdtemp(w->dir))
		return err_set(e, errno, "no folder for the ISO's parts under %s: %s", tmp, strerror(errno));
	w->epoch = EPOCH;
	if (epoch)
		parse_u64(epoch, 10, &w->epoch);
	return 0;
}

static int file_put(const struct workshop *w, const char *name, const void *data, size_t n, struct err *e)
{
	struct buf path = BUF_INIT;
	int rc;

	buf_printf(&path, "%s/%s", w->dir, name);
	rc = buf_error(&path) ? buf_error(&path) : file_write(path.data, data, n, e);
	buf_free(&path);
	return rc;
}

static int dir_put(const struct workshop *w, const char *name, struct err *e)
{
	char path[sizeof(w->dir) + 32];

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	return mkdir(path, 0755) ? err_set(e, errno, "%s: %s", path, strerror(errno)) : 0;
}

static int tree_put(struct workshop *w, const void *image, size_t bytes, const char *words, unsigned wait,
		    struct err *e)
{
	struct buf cfg = BUF_INIT;
	uint64_t digest = fnv1a64(FNV1A64_INIT, image, bytes);
	int rc;

	iso_grub_cfg(words, wait, &cfg);
	rc = buf_error(&cfg) ? err_set(e, ENOMEM, "out of memory") : dir_put(w, "tree", e);
	if (!rc)
		rc = dir_put(w, "tree/boot", e);
	if (!rc)
		rc = dir_put(w, "tree/boot/grub", e);
	if (!rc)
		rc = file_put(w, "tree/boot/vtscope.elf", image, bytes, e);
	if (!rc)
		rc = file_put(w, "tree/boot/grub/grub.cfg", cfg.data, cfg.len, e);
	/* Two sticks with different content in one machine must not be taken for each other. */
	digest = fnv1a64(digest, buf_str(&cfg), cfg.len);
	snprintf(w->date, sizeof(w->date), "20260101%02u%02u%02u%02u", (unsigned)(digest % 24),
		 (unsigned)(digest >> 8) % 60, (unsigned)(digest >> 16) % 60, (unsigned)(digest >> 24) % 100);
	buf_free(&cfg);
	return rc;
}

/* Of what grub-mkrescue and xorriso say, the line that tells why. */
static void tell(struct err *e, int rc, const struct buf *said)
{
	const char *why = NULL;
	int n = 0;

	for (const char *line = buf_str(said); *line;) {
		size_t len = strcspn(line, "\n");

		if (memmem(line, len, "FAILURE", 7) || (!why && memmem(line, len, "error:", 6))) {
			why = line;
			n = (int)len;
			break;
		}
		line += len + (line[len] == '\n');
	}
	if (rc == -EIO && why)
		err_set(e, EIO, "the ISO could not be made: %.*s", n, why);
	else
		err_prefix(e, "the ISO could not be made");
}

static int grub_run(const struct workshop *w, struct err *e)
{
	struct buf tmp = BUF_INIT, date = BUF_INIT, epoch = BUF_INIT, tree = BUF_INIT, iso = BUF_INIT, name = BUF_INIT,
		   said = BUF_INIT;
	int rc = -ENOMEM;

	buf_printf(&tmp, "TMPDIR=%s", w->dir);
	buf_printf(&epoch, "SOURCE_DATE_EPOCH=%" PRIu64, w->epoch);
	buf_printf(&tree, "%s/tree", w->dir);
	buf_printf(&iso, "%s/vtscope.iso", w->dir);
	buf_printf(&name, "--modification-date=%s", w->date);
	buf_printf(&date, "=%" PRIu64, w->epoch);
	if (!buf_error(&tmp) && !buf_error(&epoch) && !buf_error(&tree) && !buf_error(&iso) && !buf_error(&name) &&
	    !buf_error(&date)) {
		const char *const env[] = { tmp.data, epoch.data, "LC_ALL=C", NULL };
		const char *const argv[] = {
			w->grub, "-o", iso.data, "--install-modules=normal multiboot all_video test reboot halt",
			"--locales=", "--fonts=", "--themes=", tree.data, name.data,
			/* What follows is for xorriso: no number or time that is new in each run. */
			"--", "-volid", "VTSCOPE", "-boot_image", "any", "gpt_disk_guid=volume_date_uuid",
			"-volume_date", "all_file_dates", date.data, NULL
		};

		rc = child_run(argv, env, DEADLINE_MS, NULL, &said, e);
	}
	if (rc)
		tell(e, rc, &said);
	buf_free(&tmp);
	buf_free(&date);
	buf_free(&epoch);
	buf_free(&tree);
	buf_free(&iso);
	buf_free(&name);
	buf_free(&said);
	return rc;
}

/* mformat numbers the file system of EFI's part after the clock. Nothing is looked up by that number. */
static void fat_number_clear(struct buf *iso)
{
	for (size_t at = 0; at + DISK_SECTOR <= iso->len; at += DISK_SECTOR) {
		char *sector = iso->data + at;

		if (!memcmp(sector + FAT_OEM, "MTOO", 4) && !memcmp(sector + FAT_KIND, "FAT1", 4) &&
		    !memcmp(sector + DISK_SIGNATURE, "\x55\xaa", 2))
			memset(sector + FAT_SERIAL, 0, 4);
	}
}

/* A whole ISO 9660 that a stick can boot from as well. */
static int iso_take(const struct workshop *w, struct buf *out, struct err *e)
{
	char path[sizeof(w->dir) + 32];
	struct buf iso = BUF_INIT;
	int rc;

	snprintf(path, sizeof(path), "%s/vtscope.iso", w->dir);
	rc = file_read(path, ISO_MAX, &iso, e);
	if (!rc && (iso.len < ISO_DESCRIPTOR + ISO_SECTOR || memcmp(iso.data + ISO_DESCRIPTOR + 1, "CD001", 5)))
		rc = err_set(e, EIO, "%s left no ISO 9660 file", w->grub);
	if (!rc && memcmp(iso.data + DISK_SIGNATURE, "\x55\xaa", 2))
		rc = err_set(e, EIO, "%s left an ISO that a USB stick cannot boot from", w->grub);
	if (!rc) {
		fat_number_clear(&iso);
		buf_append(out, iso.data, iso.len);
		rc = buf_error(out) ? err_set(e, ENOMEM, "out of memory") : 0;
	}
	buf_free(&iso);
	return rc;
}

int iso_make(const void *image, size_t bytes, const char *words, unsigned wait, struct buf *out, struct buf *warning,
	     struct err *e)
{
	struct workshop w = { 0 };
	struct buf grub = BUF_INIT;
	int rc = words ? iso_words_check(words, e) : 0;

	if (!rc)
		rc = programs_find(&grub, warning, e);
	if (!rc)
		rc = workshop_open(&w, e);
	if (rc) {
		buf_free(&grub);
		return rc;
	}
	w.grub = buf_str(&grub);
	rc = tree_put(&w, image, bytes, words, wait, e);
	if (!rc)
		rc = grub_run(&w, e);
	if (!rc)
		rc = iso_take(&w, out, e);
	workshop_close(&w);
	buf_free(&grub);
	return rc;
}
