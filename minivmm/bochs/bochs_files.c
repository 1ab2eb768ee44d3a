/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bochs_files.c - a boot's files, in memory: configuration, ROM, boot information, the image's pieces, the log. */
#include "minivmm/bochs/bochs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "minivmm/guest_abi.h"

#define ROM_BYTES	512u	/* rom.S says so of itself */
#define INFO_BYTES	120u	/* multiboot information, without what it points to */
#define INFO_MEMORY	0x1u
#define INFO_CMDLINE	0x4u
#define LOG_TAIL	65536u

static int file_put(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0) {
			p += put;
			n -= (size_t)put;
		}
	}
	return 0;
}

static int file_make(struct bochs_files *f, enum bochs_file which, const char *name, const void *bytes, size_t n,
		     struct err *e)
{
	int rc;

	f->fd[which] = memfd_create(name, MFD_CLOEXEC);
	rc = f->fd[which] < 0 ? -errno : file_put(f->fd[which], bytes, n);
	return rc < 0 ? err_set(e, -rc, "no memory file for Bochs: %s", strerror(-rc)) : 0;
}

void bochs_file_path(const struct bochs_files *f, enum bochs_file which, char out[32])
{
	snprintf(out, 32, "/proc/self/fd/%d", f->fd[which]);
}

/* ---- what is in them ---- */

/* An option ROM's bytes add up to 0. */
static int rom_make(struct bochs_files *f, struct err *e)
{
	unsigned char rom[ROM_BYTES] = { 0 }, sum = 0;
	size_t n = (size_t)(boot_rom_end - boot_rom);

	if (n >= ROM_BYTES)
		return err_set(e, EFBIG, "the option ROM has %zu bytes, %u at most fit", n, ROM_BYTES - 1);
	memcpy(rom, boot_rom, n);
	for (unsigned i = 0; i < ROM_BYTES; i++)
		sum = (unsigned char)(sum + rom[i]);
	rom[ROM_BYTES - 1] = (unsigned char)-sum;
	return file_make(f, BOCHS_ROM, "vtscope-rom", rom, sizeof(rom), e);
}

/* Multiboot information (its first fields) and the command line behind it. */
static int info_make(struct bochs_files *f, const struct bochs_recipe *r, struct err *e)
{
	const uint32_t head[] = { INFO_MEMORY | INFO_CMDLINE, 640, (r->mem_mib - 1) * 1024, 0,
				  GUEST_BOOT_INFO_PHYS + INFO_BYTES };
	unsigned char info[INFO_BYTES] = { 0 };
	struct buf all = BUF_INIT;
	int rc;

	memcpy(info, head, sizeof(head));
	buf_append(&all, info, sizeof(info));
	buf_append(&all, r->plan, strlen(r->plan) + 1);
	rc = buf_error(&all) < 0 ? err_set(e, ENOMEM, "out of memory") :
				   file_make(f, BOCHS_INFO, "vtscope-boot-info", all.data, all.len, e);
	buf_free(&all);
	return rc;
}

static int chunks_make(struct bochs_files *f, const struct bochs_image *i, struct err *e)
{
	int rc = 0;

	for (unsigned k = 0; rc == 0 && k * BOCHS_CHUNK_BYTES < i->n; k++) {
		size_t at = k * BOCHS_CHUNK_BYTES, left = i->n - at;

		rc = file_make(f, BOCHS_CHUNK + k, "vtscope-image", i->bytes + at,
			       left < BOCHS_CHUNK_BYTES ? left : BOCHS_CHUNK_BYTES, e);
	}
	return rc;
}

/*
 * Without sound: driver=dummy it dies of a buffer overflow where there is no sound card. A log of more than panics
 * could grow without bounds. The clock is not the host's: nothing in the guest waits for it.
 */
static void rc_text(const struct bochs_files *f, const struct bochs_recipe *r, struct buf *rc)
{
	char path[32];

	buf_puts(rc, "plugin_ctrl: unmapped=1, biosdev=1\n");
	buf_printf(rc, "cpu: model=%s, count=1, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=%d\n", r->model,
		   r->lacks_msrs);
	buf_printf(rc, "memory: guest=%u, host=%u\n", r->mem_mib, r->mem_mib);
	buf_printf(rc, "romimage: file=%s\nvgaromimage: file=%s\n", r->bios, r->vga);
	bochs_file_path(f, BOCHS_ROM, path);
	buf_printf(rc, "optromimage1: file=%s, address=0x%x\n", path, GUEST_BOOT_ROM_PHYS);
	bochs_file_path(f, BOCHS_INFO, path);
	buf_printf(rc, "optramimage1: file=%s, address=0x%x\n", path, GUEST_BOOT_INFO_PHYS);
	for (unsigned k = 0; k < BOCHS_CHUNKS_MAX && f->fd[BOCHS_CHUNK + k] >= 0; k++) {
		bochs_file_path(f, BOCHS_CHUNK + k, path);
		buf_printf(rc, "optramimage%u: file=%s, address=0x%x\n", k + 2, path,
			   GUEST_IMAGE_PHYS + k * BOCHS_CHUNK_BYTES);
	}
	buf_printf(rc, "display_library: %s\n", r->display);
	bochs_file_path(f, BOCHS_LOG, path);
	buf_printf(rc, "port_e9_hack: enabled=1\nsound: driver=dummy\nspeaker: enabled=0\nclock: sync=none\nlog: %s\n"
		   "panic: action=fatal, cpu0=report\nerror: action=ignore\ninfo: action=ignore\ndebug: action=ignore\n", path);
}

/*
 * "Go on", for its debugger. It stops before the first instruction, and at each triple fault: in an SVM guest that is
 * an exit like others, which a row causes some ten thousand times. Without words it would end there.
 */
#define GO_ONS		0x40000u

static int commands_make(struct bochs_files *f, struct err *e)
{
	struct buf words = BUF_INIT;
	int rc;

	for (unsigned i = 0; i < GO_ONS; i++)
		buf_puts(&words, "c\n");
	rc = buf_error(&words) < 0 ? err_set(e, ENOMEM, "out of memory") :
				     file_make(f, BOCHS_COMMANDS, "vtscope-bochs-commands", words.data, words.len, e);
	buf_free(&words);
	return rc;
}

int bochs_files_make(struct bochs_files *f, const struct bochs_recipe *r, struct err *e)
{
	struct buf text = BUF_INIT;
	int rc;

	memset(f->fd, -1, sizeof(f->fd));
	rc = rom_make(f, e);
	if (rc == 0)
		rc = info_make(f, r, e);
	if (rc == 0)
		rc = chunks_make(f, r->image, e);
	if (rc == 0)
		rc = file_make(f, BOCHS_LOG, "vtscope-bochs-log", "", 0, e);
	if (rc == 0)
		rc = commands_make(f, e);
	if (rc < 0)
		return rc;
	rc_text(f, r, &text);
	rc = buf_error(&text) < 0 ? err_set(e, ENOMEM, "out of memory") :
				    file_make(f, BOCHS_RC, "vtscope-bochsrc", text.data, text.len, e);
	buf_free(&text);
	return rc;
}

void bochs_files_inherit(const struct bochs_files *f, bool on)
{
	for (unsigned i = 0; i < BOCHS_FILES; i++)
		if (f->fd[i] >= 0)
			fcntl(f->fd[i], F_SETFD, on ? 0 : FD_CLOEXEC);
}

/* Lines are "00001234567p[CPU0  ] >>PANIC<< exception(): 3rd (13) exception ...". */
void bochs_log_panic(const struct bochs_files *f, char *out, size_t bytes)
{
	static const char mark[] = ">>PANIC<<";
	char text[LOG_TAIL + 1], *p, *found = NULL;
	off_t size = f->fd[BOCHS_LOG] < 0 ? 0 : lseek(f->fd[BOCHS_LOG], 0, SEEK_END);
	ssize_t n = size > 0 ? pread(f->fd[BOCHS_LOG], text, LOG_TAIL, size > (off_t)LOG_TAIL ? size - LOG_TAIL : 0) : 0;

	*out = 0;
	if (n <= 0)
		return;
	text[n] = 0;
	for (p = text; (p = memmem(p, (size_t)(text + n - p), mark, sizeof(mark) - 1)); p++)
		found = p + sizeof(mark) - 1;
	if (!found)
		return;
	found += strspn(found, " ");
	snprintf(out, bytes, "%.*s", (int)strcspn(found, "\r\n"), found);
	for (p = out; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

void bochs_files_close(struct bochs_files *f)
{
	for (unsigned i = 0; i < BOCHS_FILES; i++) {
		if (f->fd[i] >= 0)
			close(f->fd[i]);
		f->fd[i] = -1;
	}
}
