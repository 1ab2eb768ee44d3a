/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What decides whether a device can be handed to a guest: its group and who else is in it, the memory that the group
 * keeps, its driver, its virtual functions, and whether the ports above keep devices apart (ACS). Hundreds of files on
 * a large machine: only where the answer is kept, or shown in full.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "probe/collect_private.h"
#include "probe/iommu.h"

#define TEXT_MAX     4096
#define CAPABILITIES 48	/* more than any function has: a list may lead back to itself */
#define EXT_FIRST    0x100
#define EXT_ID_ACS   0x000d

/* A file that most do not have, and whose absence says nothing: no record of that. */
static int collect_if_there(struct snapshot *s, const char *folder, const char *name)
{
	struct buf b = BUF_INIT;
	char path[512];
	int err, rc = 0;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
	    snapshot_named(s, SNAP_TEXT, path))
		return 0;
	err = -collect_read(s, path, TEXT_MAX, &b);
	if (err == ENOMEM)
		rc = -ENOMEM;
	else if (err != ENOENT && !collect_missing(s, err))
		rc = snapshot_add_data(s, SNAP_TEXT, path, err, b.data, b.len);
	buf_free(&b);
	return rc;
}

/* Where a link leads, by the last word of it: a device's driver, its group. */
static int collect_link(struct snapshot *s, const char *folder, const char *name)
{
	char where[PATH_MAX], link[PATH_MAX + 32], to[PATH_MAX], path[512];
	int err = -collect_path(s, folder, where);
	const char *last;
	ssize_t n = -1;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return 0;
	if (!err) {
		snprintf(link, sizeof(link), "%s/%s", where, name);
		n = readlink(link, to, sizeof(to) - 1);
		err = n < 0 ? errno : 0;
	}
	if (err)
		return collect_missing(s, err) ? 0 : snapshot_add_data(s, SNAP_TEXT, path, err, NULL, 0);
	to[n] = '\0';
	last = strrchr(to, '/') ? strrchr(to, '/') + 1 : to;
	return snapshot_add_data(s, SNAP_TEXT, path, 0, last, strlen(last));
}

/* ---- ACS ---- */

/* A device that sleeps would be woken by a look at its registers. */
static bool sleeps(const struct snapshot *s, const char *folder)
{
	struct buf b = BUF_INIT;
	char path[512];
	bool yes;

	snprintf(path, sizeof(path), "%s/power/runtime_status", folder);
	yes = collect_read(s, path, TEXT_MAX, &b) == 0 && strncmp(buf_str(&b), "suspended", 9) == 0;
	buf_free(&b);
	return yes;
}

static uint32_t u32_of(const unsigned char p[4])
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/*
 * Looks for the capability in the extended space behind (fd). 0 and the registers, ENODATA: it has none, EPERM: the
 * space is not shown.
 */
static int find_acs(int fd, uint32_t *registers)
{
	unsigned char bytes[4];
	unsigned at = EXT_FIRST;

	for (unsigned i = 0; i < CAPABILITIES && at >= EXT_FIRST; i++) {
		uint32_t head;

		/* Conventional PCI ends at 256 bytes for everybody, the space of others after 64 for all but root. */
		if (pread(fd, bytes, sizeof(bytes), at) != sizeof(bytes))
			return pread(fd, bytes, sizeof(bytes), EXT_FIRST - 4) == sizeof(bytes) ? ENODATA : EPERM;
		head = u32_of(bytes);
		if (head == 0 || head == UINT32_MAX)
			return ENODATA;
		if ((head & 0xffff) == EXT_ID_ACS) {
			if (pread(fd, bytes, sizeof(bytes), at + 4) != sizeof(bytes))
				return ENODATA;
			*registers = u32_of(bytes);
			return 0;
		}
		at = head >> 20 & 0xffc;
	}
	return ENODATA;
}

/* "acs.ADDRESS": capability and control register. EAGAIN: the device sleeps. */
static int collect_acs(struct snapshot *s, const char *folder, const char *device)
{
	char path[512], where[PATH_MAX], name[64], text[32] = "";
	uint32_t registers = 0;
	struct stat st;
	int err, fd = -1;

	snprintf(path, sizeof(path), "%s/config", folder);
	err = -collect_path(s, path, where);
	if (!err && sleeps(s, folder))
		err = EAGAIN;
	if (!err) {
		fd = open(where, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		err = fd < 0 ? errno : fstat(fd, &st) ? errno : S_ISREG(st.st_mode) ? find_acs(fd, &registers) : ENOENT;
	}
	if (fd >= 0)
		close(fd);
	if (collect_missing(s, err))
		return 0;
	if (!err)
		snprintf(text, sizeof(text), "0x%04x 0x%04x", registers & 0xffff, registers >> 16);
	snprintf(name, sizeof(name), "acs.%s", device);
	return snapshot_add_data(s, SNAP_SYS, name, err, text, strlen(text));
}

/* ---- devices and groups ---- */

static int collect_device(struct snapshot *s, const char *device)
{
	static const char *const files[] = { "class", "sriov_numvfs", "sriov_totalvfs" };
	char folder[128];
	int rc = 0;

	if (snprintf(folder, sizeof(folder), PCI_FOLDER "/%s", device) >= (int)sizeof(folder))
		return 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !rc; i++)
		rc = collect_if_there(s, folder, files[i]);
	if (!rc)
		rc = collect_link(s, folder, "driver");
	if (!rc)
		rc = collect_link(s, folder, "iommu_group");
	return rc ? rc : collect_acs(s, folder, device);
}

static int collect_group(struct snapshot *s, const char *group)
{
	char folder[128], path[160];
	int rc;

	if (snprintf(folder, sizeof(folder), GROUPS_FOLDER "/%s", group) >= (int)sizeof(folder))
		return 0;
	snprintf(path, sizeof(path), "%s/devices", folder);
	rc = collect_dir(s, path);
	if (!rc)
		rc = collect_if_there(s, folder, "reserved_regions");
	return rc ? rc : collect_if_there(s, folder, "name");
}

static int collect_each(struct snapshot *s, const char *folder, int (*one)(struct snapshot *s, const char *entry))
{
	const char *list = snapshot_text(s, SNAP_DIR, folder);
	char *entries = list ? strdup(list) : NULL, *save = NULL;
	int rc = list && !entries ? -ENOMEM : 0;

	for (char *e = entries ? strtok_r(entries, "\n", &save) : NULL; e && !rc; e = strtok_r(NULL, "\n", &save))
		rc = one(s, e);
	free(entries);
	return rc;
}

int collect_passthrough(struct snapshot *s)
{
	int rc = collect_each(s, GROUPS_FOLDER, collect_group);

	return rc ? rc : collect_each(s, PCI_FOLDER, collect_device);
}
