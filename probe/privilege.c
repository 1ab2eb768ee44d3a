/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What could not be read for want of rights, and what reads it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/facts.h"
#include "probe/analyse.h"

static bool denied(const struct snap_record *r)
{
	return r && (r->err == EACCES || r->err == EPERM);
}

/* What a record is to a reader, for those that root can read; NULL for others. */
static const char *what_is(const struct snap_record *r)
{
	static const struct { const char *begins, *what; } names[] = {
		{ "/dev/kmsg", "the kernel's log" },
		{ "/sys/firmware/acpi/tables", "the contents of the ACPI tables" },
		{ "/sys/kernel/debug/kvm", "the number of running virtual machines" },
		{ "/sys/kernel/security/lockdown", "the state of lockdown" },
		{ "/boot/config", "the kernel's configuration" },
	};

	if (r->kind == SNAP_MSR)
		return r->num == MSR_IA32_FEATURE_CONTROL || r->num == MSR_VM_CR ?
			       "the MSR that proves what firmware did, and the others" :
			       NULL;
	for (size_t i = 0; r->name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(r->name, names[i].begins, strlen(names[i].begins)) == 0)
			return names[i].what;
	return NULL;
}

size_t root_adds(const struct snapshot *s, const char *out[ROOT_ADDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const char *what = denied(&s->rec[i]) ? what_is(&s->rec[i]) : NULL;
		bool known = !what;

		for (size_t j = 0; j < n && !known; j++)
			known = out[j] == what;
		if (!known && n < ROOT_ADDS_MAX)
			out[n++] = what;
	}
	return n;
}

const char *msr_error_name(const struct snapshot *s, int err)
{
	const struct snap_record *module = snapshot_named(s, SNAP_SYS, "module.msr");

	switch (err) {
	case 0:
		return NULL;
	case EPERM:
	case EACCES:
		return "denied";
	case EIO:
		return "faulted";
	case ENOENT:
		return !module		     ? "absent" :
		       !module->err	     ? "not-loaded" :
		       module->err == ENOENT ? "not-built" :
					       "absent";
	default:
		return "absent";
	}
}

bool msr_module_missing(const struct snapshot *s)
{
	const struct snap_record *node = snapshot_named(s, SNAP_NODE, "/dev/cpu/0/msr");
	const struct snap_record *module = snapshot_named(s, SNAP_SYS, "module.msr");

	return node && node->err == ENOENT && module && !module->err;
}

void render_root(const struct snapshot *s, struct buf *out)
{
	const char *euid = snapshot_text(s, SNAP_SYS, "euid"), *adds[ROOT_ADDS_MAX];
	size_t n = root_adds(s, adds);
	bool root = euid && strcmp(euid, "0") == 0;

	/* Where a copy may not be read, that is for who made it. */
	if (s->source == SNAP_FROM_SYSROOT || (n == 0 && (!msr_module_missing(s) || root)))
		return;
	buf_puts(out, root ? "Refused although this ran as root (lockdown, a container?):" :
			     "Not run as root. Root could also read");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s %s", i ? "," : "", adds[i]);
	if (n == 0)
		buf_puts(out, " MSRs");
	buf_puts(out, root ? "." : msr_module_missing(s) ?
			     ": modprobe msr; sudo vtscope probe. What is marked inferred would be "
			     "proved then." :
			     ": sudo vtscope probe. What is marked inferred would be proved then.");
}
