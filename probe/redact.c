/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot to be given away. Collectors ask for no serial numbers and host names; this
 * takes what may hold them.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "probe/snapshot.h"

/*
 * Boot parameters that say something of virtualization; values like "root=UUID=..." or
 * "ip=..." do not.
 */
static const char *const boot_words[] = {
	"amd_iommu",
	"clearcpuid",
	"intel_iommu",
	"intremap",
	"iommu",
	"isolcpus",
	"ivrs_",
	"kvm",
	"kvm_",
	"lockdown",
	"maxcpus",
	"mem_encrypt",
	"mitigations",
	"modprobe.blacklist",
	"module_blacklist",
	"nested",
	"nohz_full",
	"nokaslr",
	"nomodule",
	"nosmt",
	"nr_cpus",
	"spec_",
	"tsc",
	"vfio",
};

/* What names a container manager in /proc/self/cgroup; the rest of it are identifiers. */
static const char *const cgroup_words[] = { "docker", "kubepods", "lxc", "libpod" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Of the modules those that have to do with virtualization: the rest tells what the
 * machine is used for.
 */
static const char *const module_words[] = { "ccp",  "gunyah",    "haxm", "iommufd", "irqbypass", "jailhouse", "kvm",  "mshv",
					    "msr",  "nvmm",	 "pci_stub", "tdx",  "vbox",	  "vfio",      "vhost", "vmmon",
					    "xen" };

static bool begins_with_one(const char *text, size_t len, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (len >= strlen(words[i]) && memcmp(text, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static void keep_boot(const char *text, struct buf *out)
{
	while (*text) {
		size_t n = strcspn(text, " \n");

		if (begins_with_one(text, n, boot_words, COUNT(boot_words)))
			buf_printf(out, "%s%.*s", out->len ? " " : "", (int)n, text);
		text += n;
		text += strspn(text, " \n");
	}
	buf_puts(out, "\n");
}

static void keep_modules(const char *text, struct buf *out)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (begins_with_one(text, n, module_words, COUNT(module_words)))
			buf_printf(out, "%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void keep_cgroup(const char *text, struct buf *out)
{
	for (size_t i = 0; i < COUNT(cgroup_words); i++)
		if (strstr(text, cgroup_words[i]))
			buf_printf(out, "%s\n", cgroup_words[i]);
}

/* How many virtual machines run, without the numbers of their processes. */
static void keep_vms(const char *text, struct buf *out)
{
	unsigned n = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != 0))
		if (*line >= '0' && *line <= '9')
			buf_printf(out, "%u-0\n", ++n);
}

/* The machine's own namespace has one number everywhere; of others the number says nothing. */
static void keep_namespace(const char *text, struct buf *out)
{
	buf_puts(out, strcmp(text, "pid:[4026531836]") ? "pid:[0]" : text);
}

static const struct {
	enum snap_kind kind;
	const char *name;
	void (*keep)(const char *text, struct buf *out);
} rules[] = {
	{ SNAP_TEXT, "/proc/cmdline", keep_boot },
	{ SNAP_TEXT, "/proc/self/cgroup", keep_cgroup },
	{ SNAP_DIR, "/sys/module", keep_modules },
	{ SNAP_TEXT, "/proc/modules", keep_modules },
	{ SNAP_DIR, "/sys/kernel/debug/kvm", keep_vms },
	{ SNAP_SYS, "ns.pid", keep_namespace },
};

static int redact_record(struct snap_record *r)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		struct buf out = BUF_INIT;

		if (r->kind != rules[i].kind || strcmp(r->name, rules[i].name) != 0)
			continue;
		rules[i].keep((const char *)r->data, &out);
		buf_puts(&out, "");
		if (buf_error(&out) || !out.data) {
			buf_free(&out);
			return -ENOMEM;
		}
		free(r->data);
		r->data = (unsigned char *)out.data;
		r->len = out.len;
	}
	return 0;
}

int snapshot_redact(struct snapshot *s)
{
	int rc = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct snap_record *r = &s->rec[i];

		if (r->name && !r->err)
			rc = rc ? rc : redact_record(r);
		if (r->kind == SNAP_CPUID && r->num == 3) /* the Pentium III's serial number */
			memset(r->regs, 0, sizeof(r->regs));
	}
	return rc;
}
