/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder that holds a machine's proc/, sys/ and dev/. The collectors read it as they read
 * the live machine, but plain files only, and nothing that a link leads out of the folder to. What
 * is not there was not recorded; what is there and cannot be read is a record with its errno.
 *
 * dev/cpu/N/cpuid and dev/cpu/N/msr are text, in a format that is read elsewhere too (cpuid -r) or
 * as rdmsr's users write it ("0x3a 0x5"); or binary as dd makes it of the devices: leaf L at
 * 16 * L, MSR M at 8 * M. There a row of zeros is a hole of the file: not recorded.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/x86/facts.h"
#include "common/cpulist.h"
#include "common/fileio.h"
#include "probe/collect_private.h"
#include "probe/read_private.h"
#include "probe/snapshot_private.h"

#define TEXT_MAX   (1u << 20)
#define LEAVES_MAX 0x80u

/* What is wrong in which file of the copy: told once. */
struct fault {
	char file[64];
	size_t line;
	const char *wrong;
};

/* ---- dev/cpu/N ---- */

/* Binary rows have a NUL in their first bytes; no text has. */
static bool is_text(const struct buf *b)
{
	return !memchr(buf_str(b), '\0', b->len < 64 ? b->len : 64);
}

/* Moves the CPUID of the first CPU in (from), which is freed, to (s) as that of (cpu). */
static int move_cpuid(struct snapshot *s, struct snapshot *from, unsigned cpu)
{
	const struct snap_record *first = snapshot_cpuid(from, -1, 0, 0);
	int rc = 0;

	for (size_t i = 0; first && i < from->n && !rc; i++)
		if (from->rec[i].kind == SNAP_CPUID && from->rec[i].cpu == first->cpu)
			rc = snapshot_add_cpuid(s, cpu, from->rec[i].num, from->rec[i].sub,
						from->rec[i].regs);
	snapshot_free(from);
	return rc;
}

static void read_cpuid_text(struct snapshot *s, unsigned cpu, const struct buf *text, struct fault *f)
{
	static const struct reader *const dumps[] = { &reader_libcpuid, &reader_cpuid_r,
						      &reader_registers };
	struct snapshot one;

	for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
		if (!dumps[i]->is(text->data, text->len))
			continue;
		if (dumps[i]->load(&one, text->data, text->len, f->file, NULL))
			f->wrong = "a damaged dump of CPUID";
		else if (move_cpuid(s, &one, cpu))
			f->wrong = READ_NO_MEMORY;
		return;
	}
	f->wrong = "not a dump of CPUID in a format that vtscope reads";
}

/* One range of leaves, up to the highest that its first names. */
static const char *read_cpuid_range(struct snapshot *s, unsigned cpu, int fd, uint32_t base)
{
	static const uint32_t hole[4];
	const char *wrong = NULL;
	uint32_t last = base, regs[4];

	for (uint32_t leaf = base; leaf <= last && leaf < base + LEAVES_MAX && !wrong; leaf++) {
		if (pread(fd, regs, sizeof(regs), 16 * (off_t)leaf) != sizeof(regs))
			break;
		if (leaf == base)
			last = regs[0];
		if (memcmp(regs, hole, sizeof(hole)) != 0)
			wrong = read_add_cpuid(s, cpu, leaf, 0, regs);
	}
	return wrong;
}

static const char *read_msr_rows(struct snapshot *s, unsigned cpu, int fd)
{
	const char *wrong = NULL;
	uint64_t value;

	for (size_t i = 0; i < n_msr_facts && !wrong; i++)
		if (pread(fd, &value, sizeof(value), 8 * (off_t)msr_facts[i].number) ==
			    sizeof(value) && value)
			wrong = read_add_msr(s, cpu, msr_facts[i].number, 0, value);
	return wrong;
}

const char *read_msr_text(struct snapshot *s, unsigned cpu, const char *text, size_t len, size_t *line)
{
	const char *wrong = NULL;
	struct lines l;

	lines_init(&l, text, len);
	while (!wrong && lines_next(&l)) {
		uint64_t msr, value;

		*line = l.number;
		take_blanks(&l.at, l.eol);
		if (l.at == l.eol || *l.at == '#')
			continue;
		take_text(&l.at, l.eol, "0x");
		if (!take_hex(&l.at, l.eol, 1, 8, &msr))
			return "not an MSR's number";
		take_text(&l.at, l.eol, ":");
		take_blanks(&l.at, l.eol);
		take_text(&l.at, l.eol, "0x");
		if (!take_hex(&l.at, l.eol, 1, 16, &value))
			return "not an MSR's value";
		take_blanks(&l.at, l.eol);
		/* Half of a number is another number. */
		if (!l.ended)
			return "cut short: the line has no end";
		wrong = l.at == l.eol ? read_add_msr(s, cpu, msr, 0, value) :
					"more on the line than a number and a value";
	}
	return wrong;
}

static void read_cpu_binary(struct snapshot *s, unsigned cpu, const char *where, bool msr,
			    struct fault *f)
{
	int fd = open(where, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		f->wrong = msr ? read_msr_rows(s, cpu, fd) : read_cpuid_range(s, cpu, fd, 0);
		if (!msr && !f->wrong)
			f->wrong = read_cpuid_range(s, cpu, fd, 0x80000000);
	}
	close(fd);
}

/* The front of the file decides: sparse files of dd's are larger than they look. */
static int read_front(const char *where, struct buf *out)
{
	char bytes[64];
	int fd = open(where, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
	int err = n < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (n > 0)
		buf_append(out, bytes, n);
	return err ? -err : buf_error(out);
}

/* An MSR file that may not be read says so of every MSR: the first stands for all. */
static void read_refused(struct snapshot *s, unsigned cpu, bool msr, int err, struct fault *f)
{
	if (msr && !collect_missing(s, err) &&
	    snapshot_add_msr(s, cpu, MSR_IA32_FEATURE_CONTROL, err, 0))
		f->wrong = READ_NO_MEMORY;
}

static void read_cpu_file(struct snapshot *s, unsigned cpu, bool msr, struct fault *f)
{
	char where[PATH_MAX];
	struct buf text = BUF_INIT;
	struct stat st;
	int err;

	snprintf(f->file, sizeof(f->file), "/dev/cpu/%u/%s", cpu, msr ? "msr" : "cpuid");
	err = -collect_path(s, f->file, where);
	/* A device would answer with this machine's registers. */
	if (!err && stat(where, &st) == 0 && !S_ISREG(st.st_mode))
		return;
	if (!err)
		err = -read_front(where, &text);
	if (err) {
		read_refused(s, cpu, msr, err, f);
	} else if (!is_text(&text)) {
		read_cpu_binary(s, cpu, where, msr, f);
	} else if (text.len) {
		buf_clear(&text);
		if (file_read(where, TEXT_MAX, &text, NULL))
			f->wrong = "cannot be read, or is too large";
		else if (msr)
			f->wrong = read_msr_text(s, cpu, text.data, text.len, &f->line);
		else
			read_cpuid_text(s, cpu, &text, f);
	}
	buf_free(&text);
}

static int read_cpus(struct snapshot *s, struct fault *f)
{
	char where[PATH_MAX];
	DIR *d = collect_path(s, "/dev/cpu", where) ? NULL : opendir(where);
	struct dirent *entry;

	while (d && !f->wrong && (entry = readdir(d))) {
		const char *at = entry->d_name, *end = at + strlen(at);
		uint32_t cpu;

		if (!take_number(&at, end, CPULIST_MAX - 1, &cpu) || at != end)
			continue;
		read_cpu_file(s, cpu, false, f);
		if (!f->wrong)
			read_cpu_file(s, cpu, true, f);
	}
	if (d)
		closedir(d);
	return f->wrong ? -EINVAL : 0;
}

/* ---- the rest ---- */

static int add_release(struct snapshot *s)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	if (collect_read(s, "/proc/sys/kernel/osrelease", 4096, &text) == 0)
		rc = snapshot_add_data(s, SNAP_SYS, "uname.release", 0, text.data,
				       strcspn(buf_str(&text), "\n"));
	buf_free(&text);
	return rc;
}

static int read_root(struct snapshot *s, struct fault *f)
{
	static int (*const steps[])(struct snapshot *s) = { add_release, collect_files, collect_modules,
							   collect_log, collect_pci, collect_passthrough };
	int rc = collect_file(s, SNAP_TEXT, "/sys/devices/system/cpu/online", 64u << 10);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++)
		rc = steps[i](s);
	if (rc)
		f->wrong = READ_NO_MEMORY;
	return rc ? rc : read_cpus(s, f);
}

static bool has_folder(const char *root, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/%s", root, name) < PATH_MAX && stat(path, &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int load_folder(struct snapshot *s, const char *path, struct err *e)
{
	char root[PATH_MAX];
	struct fault f = { .wrong = NULL };

	snapshot_init(s);
	if (!realpath(path, root))
		return err_set(e, errno, "%s: %s", path, strerror(errno));
	if (!has_folder(root, "proc") && !has_folder(root, "sys") && !has_folder(root, "dev/cpu"))
		return err_set(e, EINVAL, "%s: a folder without a machine's proc, sys or dev/cpu in it",
			       path);
	/* "/" itself is the front of every path already. */
	s->root = root[1] ? root : "";
	if (read_root(s, &f) == 0) {
		s->root = NULL;
		return read_finish(s, SNAP_FROM_SYSROOT, path, 0, NULL, e);
	}
	snapshot_free(s);
	return err_set(e, strcmp(f.wrong, READ_NO_MEMORY) ? EINVAL : ENOMEM, "%s%s:%zu: %s", path,
		       f.file, f.line ? f.line : 1, f.wrong);
}

const struct reader reader_sysroot = {
	.name = "sysroot",
	.doc = "a folder with a machine's proc, sys and dev",
	.load_folder = load_folder,
};
