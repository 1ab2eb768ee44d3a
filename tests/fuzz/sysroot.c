/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder with a machine's files, made in $FUZZ_ROOT: the first byte says which of them gets the
 * other bytes.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/readers.h"
#include "probe/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = {
	"/dev/cpu/0/msr",
	"/dev/cpu/0/cpuid",
	"/proc/cpuinfo",
	"/proc/cmdline",
	"/proc/misc",
	"/sys/devices/system/cpu/online",
	"/sys/class/iommu/dmar0/intel-iommu/cap",
	"/sys/firmware/acpi/tables/DMAR",
	"/dev/kmsg",
	"/proc/sys/kernel/osrelease",
};

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void write_file(const char *root, const char *file, const uint8_t *data, size_t size)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s%s", root, file);
	make_folders(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		exit(1);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct render_style style = { .columns = 80 };
	struct buf out = BUF_INIT;
	const char *file, *root = getenv("FUZZ_ROOT");
	struct snapshot s;
	struct verdict v;
	struct err e;

	if (!size || !root)
		return 0;
	file = files[data[0] % (sizeof(files) / sizeof(files[0]))];
	write_file(root, file, data + 1, size - 1);
	if (readers_read(&s, root, &e) == 0 && verdict_make(&v, &s) == 0) {
		render_full(&v, &s, &style, &out);
		json_decref(probe_json(&s, &v, 1));
		verdict_free(&v);
	}
	buf_free(&out);
	snapshot_free(&s);
	write_file(root, file, (const uint8_t *)"", 0);
	return 0;
}
