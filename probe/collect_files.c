/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells in files: procfs, sysfs, device nodes. Serial numbers and host
 * names are not asked for.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/fileio.h"
#include "probe/collect_private.h"

#define TEXT_MAX (256u << 10)
#define CPUINFO_MAX (16u << 20)	/* 1.5 KiB a CPU */
#define BLOB_MAX (1u << 20)

static const char *const texts[] = {
	"/proc/cmdline",
	"/proc/misc",
	"/proc/self/cgroup",
	"/proc/self/uid_map",
	"/proc/sys/kernel/modules_disabled",
	"/proc/xen/capabilities",
	"/run/systemd/container",
	"/sys/class/dmi/id/bios_date",
	"/sys/class/dmi/id/bios_vendor",
	"/sys/class/dmi/id/bios_version",
	"/sys/class/dmi/id/board_name",
	"/sys/class/dmi/id/board_vendor",
	"/sys/class/dmi/id/product_family",
	"/sys/class/dmi/id/product_name",
	"/sys/class/dmi/id/product_version",
	"/sys/class/dmi/id/sys_vendor",
	"/sys/devices/cpu_atom/cpus",
	"/sys/devices/cpu_core/cpus",
	"/sys/devices/jailhouse/enabled",
	"/sys/devices/system/clocksource/clocksource0/current_clocksource",
	"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
	"/sys/devices/system/cpu/cpu0/microcode/version",
	"/sys/devices/system/cpu/smt/active",
	"/sys/devices/virtual/misc/kvm/dev",
	"/sys/devices/virtual/misc/kvm/uevent",
	"/sys/hypervisor/guest_type",
	"/sys/hypervisor/properties/features",
	"/sys/hypervisor/type",
	"/sys/kernel/security/lockdown",
};

static const char *const dirs[] = {
	"/sys/kernel/debug/kvm",
	"/sys/module",
};

static const char *const blobs[] = {
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
};

static const char *const nodes[] = {
	"/.dockerenv",
	"/dev/cpu/0/cpuid",
	"/dev/cpu/0/msr",
	"/dev/cpu/0/msr_safe",
	"/dev/cpu/msr_batch",
	"/dev/iommu",
	"/dev/jailhouse",
	"/dev/kvm",
	"/dev/mshv",
	"/dev/sev",
	"/dev/sev-guest",
	"/dev/tdx_guest",
	"/dev/vboxdrv",
	"/dev/vfio/vfio",
	"/dev/vmmon",
	"/run/.containerenv",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int collect_path(const struct snapshot *s, const char *path, char out[PATH_MAX])
{
	char joined[PATH_MAX];
	size_t len;

	if (snprintf(joined, sizeof(joined), "%s%s", s->root ? s->root : "", path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!s->root) {
		memcpy(out, joined, strlen(joined) + 1);
		return 0;
	}
	if (!realpath(joined, out))
		return -errno;
	len = strlen(s->root);
	return strncmp(out, s->root, len) == 0 && (out[len] == '/' || out[len] == '\0') ? 0 : -EXDEV;
}

bool collect_missing(const struct snapshot *s, int err)
{
	return s->root && (err == ENOENT || err == ENOTDIR);
}

int collect_read(const struct snapshot *s, const char *path, size_t max, struct buf *out)
{
	char where[PATH_MAX];
	struct stat st;
	int rc = collect_path(s, path, where);

	if (rc)
		return rc;
	if (s->root && stat(where, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -ENOENT;
	return file_read(where, max, out, NULL);
}

static bool left_out(const struct snapshot *s, enum snap_kind kind, const char *path)
{
	return s->brief && collect_is_detail(s, &(struct snap_record){ .kind = kind, .cpu = -1, .name = (char *)path });
}

int collect_file(struct snapshot *s, enum snap_kind kind, const char *path, size_t max)
{
	struct buf b = BUF_INIT;
	int err, rc = 0;

	if (left_out(s, kind, path))
		return 0;
	err = -collect_read(s, path, max, &b);
	if (err == ENOMEM)
		rc = -ENOMEM;
	else if (!collect_missing(s, err))
		rc = snapshot_add_data(s, kind, path, err, b.data, b.len);
	buf_free(&b);
	return rc;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in (d), sorted, a line each. 0 or -errno. */
static int read_names(DIR *d, struct buf *out)
{
	char **name = NULL;
	size_t n = 0, cap = 0;
	struct dirent *entry;
	int rc = 0;

	while (!rc && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		if (n == cap) {
			char **grown = reallocarray(name, cap ? 2 * cap : 64, sizeof(*grown));

			if (!grown) {
				rc = -ENOMEM;
				break;
			}
			name = grown;
			cap = cap ? 2 * cap : 64;
		}
		name[n] = strdup(entry->d_name);
		rc = name[n++] ? 0 : -ENOMEM;
	}
	if (!rc && n)
		qsort(name, n, sizeof(*name), compare_names);
	for (size_t i = 0; i < n; i++) {
		if (!rc)
			buf_printf(out, "%s\n", name[i]);
		free(name[i]);
	}
	free(name);
	return rc ? rc : buf_error(out);
}

int collect_dir(struct snapshot *s, const char *path)
{
	struct buf b = BUF_INIT;
	char where[PATH_MAX];
	int rc, err;
	DIR *d;

	if (left_out(s, SNAP_DIR, path))
		return 0;
	rc = collect_path(s, path, where);
	d = rc ? NULL : opendir(where);
	if (!d) {
		err = rc ? -rc : errno;
		return collect_missing(s, err) ? 0 : snapshot_add_data(s, SNAP_DIR, path, err, NULL, 0);
	}
	rc = read_names(d, &b);
	closedir(d);
	if (!rc)
		rc = snapshot_add_data(s, SNAP_DIR, path, 0, b.data, b.len);
	buf_free(&b);
	return rc;
}

static int collect_node(struct snapshot *s, const char *path)
{
	char where[PATH_MAX];
	struct stat st;
	int err;

	if (left_out(s, SNAP_NODE, path))
		return 0;
	err = -collect_path(s, path, where);
	if (!err && stat(where, &st))
		err = errno;
	/* A plain file below /dev of a copy is what its maker put for a device, not the device. */
	if (collect_missing(s, err) ||
	    (s->root && !err && S_ISREG(st.st_mode) && strncmp(path, "/dev/", 5) == 0))
		return 0;
	if (err)
		return snapshot_add_node(s, path, err, 0, 0, 0);
	return snapshot_add_node(s, path, 0, st.st_mode, major(st.st_rdev), minor(st.st_rdev));
}

/*
 * Clouds put their name into the asset tag. On other machines it is the owner's inventory
 * number, which is not kept.
 */
static int collect_asset_tag(struct snapshot *s)
{
	static const char path[] = "/sys/class/dmi/id/chassis_asset_tag";
	static const char *const clouds[] = { "7783-7084-3265-9085-8269-3286-77", "OracleCloud.com",
					      "Amazon EC2" };
	struct buf tag = BUF_INIT;
	int err = -collect_read(s, path, TEXT_MAX, &tag), rc = 0;
	bool keep = false;

	for (size_t i = 0; i < COUNT(clouds); i++)
		keep |= strncmp(buf_str(&tag), clouds[i], strlen(clouds[i])) == 0;
	if (!collect_missing(s, err))
		rc = snapshot_add_data(s, SNAP_TEXT, path, err ? err : keep ? 0 : ENODATA, tag.data,
				       tag.len);
	buf_free(&tag);
	return rc;
}

/* The files (names) of each entry of the folder (path), which is a record already. */
static int collect_below(struct snapshot *s, const char *path, const char *const *names,
			 size_t n_names)
{
	const char *list = snapshot_text(s, SNAP_DIR, path);
	char *entries = list ? strdup(list) : NULL, *save = NULL;
	char file[512];
	int rc = list && !entries ? -ENOMEM : 0;

	for (char *e = entries ? strtok_r(entries, "\n", &save) : NULL; e && !rc;
	     e = strtok_r(NULL, "\n", &save))
		for (size_t i = 0; i < n_names && !rc; i++) {
			if (snprintf(file, sizeof(file), "%s/%s%s%s", path, e,
				     names[i][0] ? "/" : "", names[i]) >= (int)sizeof(file))
				continue;
			rc = collect_file(s, SNAP_TEXT, file, TEXT_MAX);
		}
	free(entries);
	return rc;
}

static int collect_vulnerabilities(struct snapshot *s)
{
	static const char *const itself[] = { "" };
	int rc = collect_dir(s, "/sys/devices/system/cpu/vulnerabilities");

	if (s->brief)
		return rc ? rc : collect_file(s, SNAP_TEXT, "/sys/devices/system/cpu/vulnerabilities/itlb_multihit", TEXT_MAX);
	return rc ? rc : collect_below(s, "/sys/devices/system/cpu/vulnerabilities", itself, 1);
}

int collect_files(struct snapshot *s)
{
	int rc = collect_file(s, SNAP_TEXT, "/proc/cpuinfo", CPUINFO_MAX);

	for (size_t i = 0; i < COUNT(texts) && !rc; i++)
		rc = collect_file(s, SNAP_TEXT, texts[i], TEXT_MAX);
	for (size_t i = 0; i < COUNT(dirs) && !rc; i++)
		rc = collect_dir(s, dirs[i]);
	for (size_t i = 0; i < COUNT(blobs) && !rc; i++)
		rc = collect_file(s, SNAP_BLOB, blobs[i], BLOB_MAX);
	for (size_t i = 0; i < COUNT(nodes) && !rc; i++)
		rc = collect_node(s, nodes[i]);
	if (!rc)
		rc = collect_asset_tag(s);
	if (!rc)
		rc = collect_rights(s);
	if (!rc)
		rc = collect_vulnerabilities(s);
	return rc ? rc : collect_iommu(s);
}
