/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kernel is set: its clock, its memory, its mitigations, KVM; and what is below it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/doctor_private.h"

static void eval_outer(const struct doctor_view *v, struct doctor_finding *out)
{
	if (v->outer.present == ANSWER_UNKNOWN)
		return;
	if (v->outer.present == ANSWER_NO) {
		doctor_pass(out, "nothing shows a hypervisor below");
		return;
	}
	doctor_warn(out, "this is a virtual machine under %s", v->outer.name[0] ? v->outer.name : "a hypervisor");
	doctor_fix(out, "measure on bare metal; here compare in one session (vtscope ab), and counts rather than times");
}

const struct doctor_check doctor_outer = {
	.id = "outer.hypervisor",
	.question = "Is this the machine itself?",
	.why = "Another hypervisor shares this machine's time, clocks and caches with others whom nobody here can see; "
	       "exits of a guest in here may be exits to it.",
	.weight = 15,
	.eval = eval_outer,
};

static void eval_clocksource(const struct doctor_view *v, struct doctor_finding *out)
{
	static const char *const on_tsc[] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "xen" };
	char line[64];

	if (!doctor_line(v, line, sizeof(line), "/sys/devices/system/clocksource/clocksource0/current_clocksource") || !line[0])
		return;
	for (size_t i = 0; i < sizeof(on_tsc) / sizeof(on_tsc[0]); i++)
		if (!strcmp(line, on_tsc[i])) {
			doctor_pass(out, "the kernel's clock is %s", line);
			return;
		}
	doctor_warn(out, "the kernel's clock is %s: it does not trust the TSC", line);
	doctor_fix(out, "dmesg | grep -i tsc tells why; tsc=reliable on the command line where that is wrong");
}

const struct doctor_check doctor_clocksource = {
	.id = "time.clocksource",
	.question = "Does the kernel trust the TSC?",
	.why = "Everything here is timed by the TSC. Where the kernel found it unstable, ticks are no measure of time.",
	.weight = 15,
	.eval = eval_clocksource,
};

static void eval_thp(const struct doctor_view *v, struct doctor_finding *out)
{
	char line[96];

	if (!doctor_line(v, line, sizeof(line), "/sys/kernel/mm/transparent_hugepage/enabled"))
		return;
	if (strstr(line, "[never]")) {
		doctor_warn(out, "transparent huge pages are off: guests get 4 KiB pages");
		doctor_fix(out, "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
	} else {
		doctor_pass(out, "transparent huge pages: %s", line);
	}
}

const struct doctor_check doctor_thp = {
	.id = "mem.thp",
	.question = "Can guests have huge pages?",
	.why = "Nested paging walks up to 24 entries for a 4 KiB page: memory operations cost other than where guests "
	       "have huge pages, as they mostly have.",
	.weight = 3,
	.eval = eval_thp,
};

static void eval_ksm(const struct doctor_view *v, struct doctor_finding *out)
{
	char line[16];

	if (!doctor_line(v, line, sizeof(line), "/sys/kernel/mm/ksm/run") || !line[0])
		return;
	if (line[0] == '1') {
		doctor_warn(out, "ksmd merges pages");
		doctor_fix(out, "echo 0 | sudo tee /sys/kernel/mm/ksm/run; systemctl stop ksmtuned");
	} else {
		doctor_pass(out, "ksmd does not run");
	}
}

const struct doctor_check doctor_ksm = {
	.id = "mem.ksm",
	.question = "Are pages left alone?",
	.why = "ksmd compares the memory of guests all the time; what it has merged faults at the next write.",
	.weight = 5,
	.eval = eval_ksm,
};

/* Nodes in "/sys/devices/system/node". */
static unsigned nodes(const struct doctor_view *v)
{
	const char *p = snapshot_text(v->look, SNAP_DIR, "/sys/devices/system/node");
	unsigned n = 0;

	for (; p && *p; p += strcspn(p, "\n"), p += *p == '\n')
		n += strncmp(p, "node", 4) == 0 && p[4] >= '0' && p[4] <= '9';
	return n;
}

static void eval_numa(const struct doctor_view *v, struct doctor_finding *out)
{
	char line[16];

	if (!doctor_line(v, line, sizeof(line), "/proc/sys/kernel/numa_balancing") || !line[0]) {
		if (nodes(v) == 1)
			doctor_pass(out, "one NUMA node");
	} else if (line[0] == '0' || nodes(v) == 1) {
		doctor_pass(out, line[0] == '0' ? "NUMA balancing is off" : "one NUMA node");
	} else {
		doctor_warn(out, "NUMA balancing is on, over %u nodes", nodes(v));
		doctor_fix(out, "sudo sysctl kernel.numa_balancing=0");
	}
}

const struct doctor_check doctor_numa = {
	.id = "mem.numa",
	.question = "Does memory stay where it is?",
	.why = "NUMA balancing unmaps pages to see who uses them: faults and moves in the middle of a measurement.",
	.weight = 3,
	.eval = eval_numa,
};

static void eval_watchdog(const struct doctor_view *v, struct doctor_finding *out)
{
	char line[16];

	if (!doctor_line(v, line, sizeof(line), "/proc/sys/kernel/nmi_watchdog") || !line[0])
		return;
	if (line[0] == '1') {
		doctor_warn(out, "the NMI watchdog is on");
		doctor_fix(out, "sudo sysctl kernel.nmi_watchdog=0");
	} else {
		doctor_pass(out, "the NMI watchdog is off");
	}
}

const struct doctor_check doctor_watchdog = {
	.id = "kernel.nmi_watchdog",
	.question = "Is the NMI watchdog off?",
	.why = "It interrupts every CPU, takes a performance counter, and in a guest each NMI is an exit.",
	.weight = 2,
	.eval = eval_watchdog,
};

#define SPACE		" \t\n"
#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities/"

/* "mitigations=auto,no_guest_host": off, or without a vector of attack. Its nosmt opens nothing. */
static bool part_off(const char *word, size_t n)
{
	static const char name[] = "mitigations=";
	size_t i = sizeof(name) - 1, len;

	if (n <= i || memcmp(word, name, i))
		return false;
	for (; i < n; i += len + 1) {
		len = strcspn(word + i, ",;" SPACE);
		if ((len == 3 && !memcmp(word + i, "off", 3)) || (len > 3 && !memcmp(word + i, "no_", 3)))
			return true;
	}
	return false;
}

/* Does this word of the command line leave a hole open that the kernel would close? */
static bool switches_off(const char *word, size_t n)
{
	static const char *const off[] = {
		"nopti", "pti=off", "nospectre_v1", "nospectre_v2", "spectre_v2=off", "spectre_v2_user=off", "spectre_bhi=off",
		"retbleed=off", "l1tf=off", "kvm-intel.vmentry_l1d_flush=never", "kvm_intel.vmentry_l1d_flush=never", "mds=off",
		"tsx_async_abort=off", "mmio_stale_data=off", "nospec_store_bypass_disable", "spec_store_bypass_disable=off",
		"srbds=off", "gather_data_sampling=off", "spec_rstack_overflow=off", "reg_file_data_sampling=off",
		"indirect_target_selection=off", "tsa=off", "vmscape=off",
	};

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (strlen(off[i]) == n && !memcmp(word, off[i], n))
			return true;
	return part_off(word, n);
}

/*
 * Names of what the kernel says it does nothing about. "Clear CPU buffers attempted" costs what the remedy does; the age of
 * the microcode is no hole.
 */
static void holes_open(const struct snapshot *s, char *out, size_t size)
{
	size_t used = 0;

	*out = 0;
	for (size_t i = 0; i < s->n && used < size; i++) {
		const char *name = s->rec[i].name, *text;

		if (s->rec[i].kind != SNAP_TEXT || strncmp(name, VULNERABILITIES, strlen(VULNERABILITIES)))
			continue;
		text = snapshot_text(s, SNAP_TEXT, name);
		name += strlen(VULNERABILITIES);
		if (text && strcmp(name, "old_microcode") && !strstr(text, "attempted") &&
		    (!strncmp(text, "Vulnerable", 10) || strstr(text, "VMX: vulnerable")))
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", name);
	}
}

static void eval_mitigations(const struct doctor_view *v, struct doctor_finding *out)
{
	const char *p = snapshot_text(v->machine, SNAP_TEXT, "/proc/cmdline");
	char open[120];
	size_t n;

	holes_open(v->machine, open, sizeof(open));
	for (const char *word = p; word && *word; word += n, word += strspn(word, SPACE)) {
		n = strcspn(word, SPACE);
		if (!switches_off(word, n))
			continue;
		doctor_warn(out, "this kernel was booted with %.*s", (int)n, word);
		doctor_fix(out, "boot without %.*s where numbers shall be those of machines in use", (int)n, word);
		return;
	}
	if (open[0] && !v->guest) {
		doctor_warn(out, "the kernel does nothing about %s", open);
		doctor_fix(out, "grep . " VULNERABILITIES "* tells why; newer microcode or another kernel closes them");
	} else if (p) {
		/* What a guest cannot close is its host's to offer. */
		doctor_pass(out, "the kernel's own choice%s%s; the result keeps it", open[0] ? ", without a remedy here: " : "", open);
	}
}

const struct doctor_check doctor_mitigations = {
	.id = "kernel.mitigations",
	.question = "Are the processor's holes closed as usual?",
	.why = "Flushes and barriers at each exit are a large part of its cost: without them numbers are better than they "
	       "are where it matters.",
	.weight = 5,
	.eval = eval_mitigations,
};

static void eval_halt_poll(const struct doctor_view *v, struct doctor_finding *out)
{
	static const char path[] = "/sys/module/kvm/parameters/halt_poll_ns";
	char line[32];

	if (!doctor_line(v, line, sizeof(line), "%s", path) || !line[0]) {
		doctor_unknown(out, "KVM is not loaded");
	} else if (atol(line) == 0) {
		doctor_pass(out, "KVM does not poll");
	} else {
		doctor_warn(out, "KVM polls for up to %s ns after a HLT", line);
		doctor_fix(out, "echo 0 | sudo tee %s", path);
	}
}

const struct doctor_check doctor_halt_poll = {
	.id = "kvm.halt_poll",
	.question = "Does KVM sleep at once when a guest halts?",
	.why = "Polling adapts itself: what a HLT and the wake-up after it cost depends on those before, and a guest that "
	       "polls keeps the core from its sibling.",
	.weight = 3,
	.eval = eval_halt_poll,
};
