/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel modules: what is loaded with which parameters, what could be loaded, what is
 * forbidden; and the kernel's log.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "common/fileio.h"
#include "probe/analyse.h"
#include "probe/collect_private.h"

#define TEXT_MAX (64u << 10)
#define DEPS_MAX (8u << 20)
#define CONFIG_MAX (1u << 20)
#define LOG_MAX (1u << 20)
#define KLOG_READ_ALL 3
#define REPEATS_MAX 64
#define REPEATS_LENGTH 12
#define REPEATS_KEPT 16

/* Modules whose file is looked for; the kernel writes '_' in names and mostly '-' in files. */
static const char *const candidates[] = { "kvm", "kvm_amd", "kvm_intel", "msr" };

/* One loaded module: state, users, parameters. */
static int collect_loaded(struct snapshot *s, const char *module)
{
	char path[512], file[1024];
	const char *list;
	char *names, *save = NULL;
	int rc;

	snprintf(path, sizeof(path), "/sys/module/%.200s/initstate", module);
	rc = collect_file(s, SNAP_TEXT, path, TEXT_MAX);
	snprintf(path, sizeof(path), "/sys/module/%.200s/refcnt", module);
	if (!rc)
		rc = collect_file(s, SNAP_TEXT, path, TEXT_MAX);
	snprintf(path, sizeof(path), "/sys/module/%.200s/parameters", module);
	if (!rc)
		rc = collect_dir(s, path);
	list = rc ? NULL : snapshot_text(s, SNAP_DIR, path);
	names = list ? strdup(list) : NULL;
	for (char *n = names ? strtok_r(names, "\n", &save) : NULL; n && !rc;
	     n = strtok_r(NULL, "\n", &save)) {
		snprintf(file, sizeof(file), "%s/%.200s", path, n);
		rc = collect_file(s, SNAP_TEXT, file, TEXT_MAX);
	}
	free(names);
	return rc;
}

/* Every kvm module, also those that nobody has heard of yet. */
static int collect_kvm_modules(struct snapshot *s)
{
	const char *list = snapshot_text(s, SNAP_DIR, "/sys/module");
	char *names = list ? strdup(list) : NULL, *save = NULL;
	int rc = list && !names ? -ENOMEM : 0;

	for (char *n = names ? strtok_r(names, "\n", &save) : NULL; n && !rc;
	     n = strtok_r(NULL, "\n", &save))
		if (strncmp(n, "kvm", 3) == 0)
			rc = collect_loaded(s, n);
	free(names);
	return rc;
}

/* The line of (list) that names the file of (module): its path up to ".ko", or NULL. */
static const char *find_module(const struct buf *list, const char *module, size_t *len)
{
	for (const char *line = buf_str(list); *line;) {
		size_t n = strcspn(line, ":\n"), all = strcspn(line, "\n"), i = 0, base = n;
		const char *name;

		while (base > 0 && line[base - 1] != '/')
			base--;
		name = line + base;
		while (module[i] && (name[i] == module[i] || (module[i] == '_' && name[i] == '-')))
			i++;
		if (!module[i] && strncmp(name + i, ".ko", 3) == 0) {
			*len = n;
			return line;
		}
		line += all + (line[all] == '\n');
	}
	return NULL;
}

/*
 * "module.NAME": the path of its file, or "builtin". ENOENT: the kernel has no such
 * module. ENODATA: there is no list of this kernel's modules to look in (a container, a
 * kernel without modules).
 */
static int collect_candidates(struct snapshot *s)
{
	const char *release = snapshot_text(s, SNAP_SYS, "uname.release");
	struct buf deps = BUF_INIT, builtin = BUF_INIT;
	char path[512];
	int rc = 0, no_list;

	snprintf(path, sizeof(path), "/lib/modules/%.200s/modules.dep", release ? release : "?");
	no_list = collect_read(s, path, DEPS_MAX, &deps);
	snprintf(path, sizeof(path), "/lib/modules/%.200s/modules.builtin", release ? release : "?");
	no_list |= collect_read(s, path, DEPS_MAX, &builtin);
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]) && !rc && !(no_list && s->root);
	     i++) {
		char name[64];
		size_t len;
		const char *file = find_module(&deps, candidates[i], &len);

		if (!file && find_module(&builtin, candidates[i], &len)) {
			file = "builtin";
			len = strlen(file);
		}
		snprintf(name, sizeof(name), "module.%s", candidates[i]);
		rc = snapshot_add_data(s, SNAP_SYS, name,
				       file    ? 0 :
				       no_list ? ENODATA :
						 ENOENT,
				       file, file ? len : 0);
	}
	buf_free(&deps);
	buf_free(&builtin);
	return rc;
}

/* Does (line) say anything of KVM? */
static bool is_kvm_line(const char *line, size_t len)
{
	return memmem(line, len, "kvm", 3);
}

static void keep_lines(struct buf *out, const char *text,
		       bool (*wanted)(const char *line, size_t len))
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (wanted(text, len)) {
			buf_append(out, text, len);
			buf_puts(out, "\n");
		}
		text += len + (text[len] == '\n');
	}
}

/* What the administrator's modprobe configuration says of KVM. */
static int collect_modprobe(struct snapshot *s)
{
	static const char folder[] = "/etc/modprobe.d";
	char where[PATH_MAX];
	int rc = collect_path(s, folder, where);
	DIR *d = rc ? NULL : opendir(where);
	struct dirent *entry;
	struct buf kept = BUF_INIT;

	if (!d) {
		int err = rc ? -rc : errno;

		return collect_missing(s, err) ? 0 :
						 snapshot_add_data(s, SNAP_TEXT, folder, err, NULL, 0);
	}
	while ((entry = readdir(d))) {
		struct buf text = BUF_INIT;
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (strstr(entry->d_name, ".conf") && collect_read(s, path, TEXT_MAX, &text) == 0)
			keep_lines(&kept, buf_str(&text), is_kvm_line);
		buf_free(&text);
	}
	closedir(d);
	rc = buf_error(&kept);
	if (!rc)
		rc = snapshot_add_data(s, SNAP_TEXT, folder, 0, kept.data, kept.len);
	buf_free(&kept);
	return rc;
}

/* Does (line) of a kernel configuration decide anything here? */
static bool is_config_line(const char *line, size_t len)
{
	static const char *const words[] = { "CONFIG_KVM", "CONFIG_X86_MSR", "CONFIG_X86_CPUID",
					     "CONFIG_INTEL_IOMMU", "CONFIG_AMD_IOMMU", "CONFIG_IRQ_REMAP",
					     "CONFIG_VFIO", "CONFIG_INTEL_TDX", "CONFIG_AMD_MEM",
					     "CONFIG_INTEL_TXT", "CONFIG_SECURITY_LOCKDOWN",
					     "CONFIG_X86_VMX", "CONFIG_IKCONFIG", "CONFIG_IA32_FEAT_CTL" };

	if (len > 2 && memcmp(line, "# ", 2) == 0) {
		line += 2;
		len -= 2;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len >= strlen(words[i]) && memcmp(line, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* How this kernel was built, where its package left the file: the lines that matter. */
static int collect_config(struct snapshot *s)
{
	const char *release = snapshot_text(s, SNAP_SYS, "uname.release");
	struct buf text = BUF_INIT, kept = BUF_INIT;
	char path[256];
	int err, rc;

	snprintf(path, sizeof(path), "/boot/config-%.200s", release ? release : "?");
	err = -collect_read(s, path, CONFIG_MAX, &text);
	keep_lines(&kept, buf_str(&text), is_config_line);
	rc = buf_error(&kept);
	if (!rc && !collect_missing(s, err))
		rc = snapshot_add_data(s, SNAP_TEXT, "/boot/config", err, kept.data, kept.len);
	buf_free(&kept);
	buf_free(&text);
	return rc;
}

int collect_modules(struct snapshot *s)
{
	int rc = collect_kvm_modules(s);

	/* The same names, without parameters: for copies that have no sys, and where sysfs is not mounted. */
	if (!rc && !snapshot_text(s, SNAP_DIR, "/sys/module"))
		rc = collect_file(s, SNAP_TEXT, "/proc/modules", TEXT_MAX);
	if (!rc)
		rc = collect_config(s);
	if (!rc)
		rc = collect_candidates(s);
	return rc ? rc : collect_modprobe(s);
}

/* How often messages that begin alike were kept: drivers can say the same a thousand times. */
struct repeats {
	char begins[REPEATS_MAX][REPEATS_LENGTH];
	unsigned times[REPEATS_MAX];
	size_t n;
};

static bool is_news(struct repeats *r, const char *line, size_t len)
{
	const char *message = log_message(line, line + len);
	size_t n = message ? (size_t)(line + len - message) : 0, i = 0;

	if (n < REPEATS_LENGTH)
		return true;
	while (i < r->n && memcmp(r->begins[i], message, REPEATS_LENGTH) != 0)
		i++;
	if (i == REPEATS_MAX)
		return true;
	if (i == r->n)
		memcpy(r->begins[r->n++], message, REPEATS_LENGTH);
	return ++r->times[i] <= REPEATS_KEPT;
}

static void keep_log(struct buf *out, const char *text)
{
	struct repeats r = { .n = 0 };

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (log_is_kept(text, len) && is_news(&r, text, len)) {
			const char *from = log_line(text, text + len);

			buf_append(out, from, text + len - from);
			buf_puts(out, "\n");
		}
		text += len + (text[len] == '\n');
	}
}

static int add_log(struct snapshot *s, const char *log)
{
	struct buf kept = BUF_INIT;
	int rc;

	keep_log(&kept, log);
	rc = buf_error(&kept);
	if (!rc)
		rc = snapshot_add_data(s, SNAP_TEXT, "/dev/kmsg", 0, kept.data, kept.len);
	buf_free(&kept);
	return rc;
}

/* The log that a copy of a machine may hold as a plain file. */
static int collect_copied_log(struct snapshot *s)
{
	struct buf log = BUF_INIT;
	int err = -collect_read(s, "/dev/kmsg", LOG_MAX, &log), rc = 0;

	if (err == ENOMEM)
		rc = -ENOMEM;
	else if (!err)
		rc = add_log(s, buf_str(&log));
	else if (!collect_missing(s, err))
		rc = snapshot_add_data(s, SNAP_TEXT, "/dev/kmsg", err, NULL, 0);
	buf_free(&log);
	return rc;
}

int collect_log(struct snapshot *s)
{
	char *log;
	int n, rc;

	if (s->root)
		return collect_copied_log(s);
	log = malloc(LOG_MAX);
	if (!log)
		return -ENOMEM;
	n = klogctl(KLOG_READ_ALL, log, LOG_MAX - 1);
	if (n < 0) {
		rc = snapshot_add_data(s, SNAP_TEXT, "/dev/kmsg", errno, NULL, 0);
	} else {
		log[n] = '\0';
		rc = add_log(s, log);
	}
	free(log);
	return rc;
}
