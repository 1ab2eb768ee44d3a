/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/collect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/child.h"
#include "probe/collect_private.h"

static const char *const tools[] = { "qemu-system-x86_64", "gnuplot" };

int collect_tools(struct snapshot *s)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]) && !rc; i++) {
		struct buf path = BUF_INIT;
		int err = -child_find(tools[i], &path);

		rc = snapshot_add_data(s, SNAP_TOOL, tools[i], err, path.data, path.len);
		buf_free(&path);
	}
	return rc;
}

static int add_sys(struct snapshot *s, const char *name, const char *value)
{
	return snapshot_add_data(s, SNAP_SYS, name, 0, value, strlen(value));
}

static int collect_system(struct snapshot *s)
{
	struct utsname u;
	char number[32];
	int rc;

	if (uname(&u))
		return snapshot_add_data(s, SNAP_SYS, "uname.release", errno, NULL, 0);
	rc = add_sys(s, "uname.release", u.release);
	if (!rc)
		rc = add_sys(s, "uname.machine", u.machine);
	snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
	return rc ? rc : add_sys(s, "euid", number);
}

/* The files name the CPUs to sweep, the sweep tells which MSRs exist. */
static int collect_cpus(struct snapshot *s)
{
	struct cpulist online;
	int rc = collect_online(s, &online);

	if (!rc)
		rc = collect_cpuid(s, &online);
	if (!rc)
		rc = snapshot_index(s);
	if (!rc)
		rc = collect_msrs(s, &online);
	cpulist_free(&online);
	return rc;
}

int collect_live(struct snapshot *s, const struct collect_options *o, struct err *e)
{
	static int (*const collectors[])(struct snapshot *s) = {
		collect_system, collect_files, collect_modules, collect_cpus, collect_log, collect_tools,
	};
	int rc;

	s->source = SNAP_FROM_LIVE;
	free(s->source_name);
	s->source_name = strdup("this machine");
	rc = s->source_name ? 0 : -ENOMEM;
	for (size_t i = 0; i < sizeof(collectors) / sizeof(collectors[0]) && !rc; i++)
		rc = collectors[i](s);
	if (!rc)
		rc = collect_kvm(s, o->run_guest);
	if (!rc)
		rc = snapshot_index(s);
	return rc ? err_set(e, -rc, "out of memory while reading the machine") : 0;
}
