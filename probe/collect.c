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

#define ONLINE_MAX (64u << 10)

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
	int rc = collect_file(s, SNAP_TEXT, "/sys/devices/system/cpu/online", ONLINE_MAX);

	if (rc)
		return rc;
	if (uname(&u))
		return snapshot_add_data(s, SNAP_SYS, "uname.release", errno, NULL, 0);
	rc = add_sys(s, "uname.release", u.release);
	if (!rc)
		rc = add_sys(s, "uname.machine", u.machine);
	snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
	return rc ? rc : add_sys(s, "euid", number);
}

/* What is read while CPUID is swept. */
static int collect_beside(struct snapshot *s, bool run_guest)
{
	static int (*const collectors[])(struct snapshot *s) = {
		collect_files, collect_modules, collect_log, collect_tools, collect_pci,
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(collectors) / sizeof(collectors[0]) && !rc; i++)
		rc = collectors[i](s);
	return rc ? rc : collect_kvm(s, run_guest);
}

static int collect_all(struct snapshot *s, bool run_guest)
{
	struct cpulist online = { 0 };
	struct cpuid_sweep sweep;
	int rc = collect_system(s), swept;

	if (!rc)
		rc = collect_online(s, &online);
	if (!rc) {
		cpuid_sweep_start(&sweep, &online, s->brief);
		rc = collect_beside(s, run_guest);
		swept = cpuid_sweep_finish(&sweep, s);
		rc = rc ? rc : swept;
	}
	/* CPUID tells which MSRs there are to read. */
	if (!rc)
		rc = snapshot_index(s);
	if (!rc)
		rc = collect_msrs(s, &online);
	cpulist_free(&online);
	return rc;
}

int collect_live(struct snapshot *s, const struct collect_options *o, struct err *e)
{
	int rc;

	s->source = SNAP_FROM_LIVE;
	s->brief = o->brief;
	free(s->source_name);
	s->source_name = strdup("this machine");
	rc = s->source_name ? collect_all(s, o->run_guest) : -ENOMEM;
	if (!rc && o->details)
		rc = collect_pci_names(s);
	if (!rc && o->details)
		rc = collect_passthrough(s);
	if (!rc)
		rc = snapshot_index(s);
	return rc ? err_set(e, -rc, "out of memory while reading the machine") : 0;
}
