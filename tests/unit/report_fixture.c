/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/op.h"
#include "minivmm/engine.h"

#define SAMPLES 2000

const char *const fixture_names[] = { "rich",	 "minimal", "native", "emulated",
				      "hostile", "empty",   "monitor", "monitor-emulated", "raw", NULL };

const char hostile_markup[] = "<script>alert(1)</script>";
const char hostile_shell[] = "`touch pwned`$(touch pwned)";

struct carrier { const char *engine, *backend, *via, *provenance, *clock; };

static const struct carrier carriers[] = {
	{ "native", "process", "process", "hardware", "tsc" },
	{ "kvm", "kvm_pvm", "process", "software", "tsc" },
	{ "qemu-kvm", "QEMU 7.2.22, kvm_pvm", "process", "software", "tsc" },
	{ "tcg", "QEMU 7.2.22 TCG", "process", "software", "tsc" },
	{ "vmx", "bochs 2.7", "bochs:skylake", "emulated", "instructions" },
};

/* Cycles an operation by carrier, 0: no row. (width) of the distribution on a logarithmic scale. */
static const struct { const char *op; double cycles[4], width; } rows[] = {
	{ "nano.syscall",         { 0, 0, 0, 1650 }, 0.05 },
	{ "nano.in",              { 0, 26800, 61200, 402 }, 0.08 },
	{ "nano.cr8wr",           { 0, 5120, 5230, 61 }, 0.10 },
	{ "nano.call-ret",        { 4.6, 9870, 9910, 41.5 }, 0.06 },
	{ "nano.pgfault",         { 0, 41200, 42600, 2410 }, 0.09 },
	{ "nano.divzero",         { 0, 29400, 30100, 1320 }, 0.07 },
	{ "nano.ptemod",          { 0, 11800, 12100, 22 }, 0.15 },
	{ "exit.cpuid",           { 9050, 7350, 7620, 192 }, 0.06 },
	{ "exit.pio-out.user",    { 0, 24100, 58800, 351 }, 0.12 },
	{ "exit.pio-in.user",     { 0, 25300, 59900, 366 }, 0.12 },
	{ "exit.pio.kernel",      { 0, 21900, 0, 0 }, 0.05 },
	{ "exit.mmio.user",       { 0, 31200, 66000, 289 }, 0.11 },
	{ "exit.hlt",             { 0, 18400, 0, 0 }, 0.20 },
	{ "exit.rdmsr",           { 0, 5510, 5650, 173 }, 0.05 },
	{ "exit.wrmsr",           { 0, 6840, 6900, 160 }, 0.05 },
	{ "exit.cr3",             { 0, 15600, 16100, 1870 }, 0.16 },
	{ "exit.cr0-wp",          { 0, 8900, 9120, 2240 }, 0.05 },
	{ "exit.rdtsc",           { 23.8, 4380, 4460, 69 }, 0.03 },
	{ "exit.invlpg",          { 0, 7720, 7810, 1460 }, 0.09 },
	{ "cpu.alu.k",            { 0, 3980, 4020, 4.9 }, 0.02 },
	{ "cpu.alu.u",            { 3.02, 3.05, 3.04, 4.8 }, 0.01 },
	{ "cpu.branchy.k",        { 0, 4410, 4440, 18.9 }, 0.02 },
	{ "cpu.branchy.u",        { 11.2, 11.3, 11.4, 19.2 }, 0.04 },
	{ "mem.copy.k",           { 0, 5210000, 5240000, 188000 }, 0.05 },
	{ "mem.copy.u",           { 2650, 2710, 2690, 187000 }, 0.04 },
	{ "mem.chase.32k.4k.k",   { 0, 3610, 3640, 11.8 }, 0.01 },
	{ "mem.chase.32k.4k.u",   { 4.01, 4.02, 4.02, 11.9 }, 0.01 },
	{ "mem.chase.32k.2m.k",   { 0, 3600, 3650, 11.7 }, 0.01 },
	{ "mem.chase.32k.2m.u",   { 4.01, 4.01, 4.02, 11.8 }, 0.01 },
	{ "mem.chase.4m.4k.k",    { 0, 3720, 3700, 58.2 }, 0.02 },
	{ "mem.chase.4m.4k.u",    { 41.3, 42.0, 41.8, 57.9 }, 0.05 },
	{ "mem.chase.64m.4k.k",   { 0, 4380, 4410, 402 }, 0.06 },
	{ "mem.chase.64m.4k.u",   { 321, 355, 349, 411 }, 0.08 },
	{ "mem.chase.64m.2m.u",   { 243, 251, 250, 371 }, 0.07 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void *must(void *p)
{
	if (!p) {
		fputs("report_fixture: out of memory\n", stderr);
		exit(99);
	}
	return p;
}

#define GROW(array, n) must(array = realloc(array, ((n) + 1) * sizeof(*(array))))

static void text(char *to, size_t size, const char *s)
{
	snprintf(to, size, "%s", s);
}
#define TEXT(field, s) text(field, sizeof(field), s)

/*
 * Quantile (p) of a distribution around (median): logistic on a logarithmic scale,
 * interrupts above 99.5 %.
 */
static double quantile(double median, double width, double p)
{
	double v = median * exp(width * 0.35 * log(p / (1 - p)));

	if (p > 0.995)
		v += 18000 * (p - 0.995) / 0.005;
	return v;
}

static void shoot(struct result *r, double median, double width)
{
	double sum = 0;

	r->hist = must(calloc(SAMPLES, sizeof(*r->hist)));
	for (unsigned i = 0; i < SAMPLES; i++) {
		double v = rint(quantile(median, width, (i + 0.5) / SAMPLES));

		sum += v;
		if (r->n_hist && r->hist[r->n_hist - 1].value == v)
			r->hist[r->n_hist - 1].count++;
		else
			r->hist[r->n_hist++] = (struct bucket){ v, 1 };
	}
	r->mean = sum / SAMPLES;
	r->min = r->hist[0].value;
	r->max = r->hist[r->n_hist - 1].value;
}

static void launch(struct result *r, unsigned launches)
{
	r->launch = must(calloc(launches, sizeof(*r->launch)));
	r->n_launches = launches;
	r->range_lo = r->range_hi = r->median;
	for (unsigned i = 0; i < launches; i++) {
		double m = r->median * (1 + 0.03 * (((i * 7) % launches) / (launches - 0.5) - 0.45));

		r->launch[i] = (struct result_launch){ .n = SAMPLES / launches, .median = m, .min = r->min };
		r->range_lo = fmin(r->range_lo, m);
		r->range_hi = fmax(r->range_hi, m);
	}
	r->has_ci = launches >= 6;
	r->ci_lo = r->has_ci ? r->range_lo * 1.004 : NAN;
	r->ci_hi = r->has_ci ? r->range_hi * 0.996 : NAN;
	r->flags |= r->has_ci ? 0 : RESULT_FEW_LAUNCHES;
}

static struct result *add(struct result_set *s, const char *op, const struct carrier *c,
			  double median, double width, unsigned launches)
{
	struct result *r;

	GROW(s->result, s->n_results);
	r = &s->result[s->n_results++];
	*r = (struct result){ .batch = 1, .n = SAMPLES, .empty_bracket = 26, .exits_expected = NAN,
			      .exits_observed = NAN, .diff_median = NAN };
	TEXT(r->op, op);
	TEXT(r->engine, c->engine);
	TEXT(r->backend, c->backend);
	TEXT(r->via, c->via);
	TEXT(r->provenance, c->provenance);
	TEXT(r->clock, c->clock);
	TEXT(r->memory, "4k");
	r->median = median;
	r->differenced = median < 10 * r->empty_bracket;
	shoot(r, r->differenced ? median + 27 : median, width);
	r->single_median = quantile(median, width, 0.5) + (r->differenced ? 27 : 0);
	r->cold = r->max * 1.4;
	if (r->differenced) {
		r->batch = 64;
		r->diff_median = median;
		r->p1 = r->p25 = r->p75 = r->p90 = r->p99 = r->p999 = NAN;
		r->min = r->max = r->mean = NAN;
		r->mad = 0.02;
	} else {
		r->p1 = quantile(median, width, 0.01);
		r->p25 = quantile(median, width, 0.25);
		r->p75 = quantile(median, width, 0.75);
		r->p90 = quantile(median, width, 0.90);
		r->p99 = quantile(median, width, 0.99);
		r->p999 = quantile(median, width, 0.999);
		r->mad = r->p75 - r->median;
	}
	launch(r, launches);
	return r;
}

static void skip(struct result_set *s, const char *op, const char *engine, const char *check,
		 const char *reason, const char *hint)
{
	struct skipped *k;

	GROW(s->skipped, s->n_skipped);
	k = &s->skipped[s->n_skipped++];
	*k = (struct skipped){ 0 };
	TEXT(k->op, op);
	TEXT(k->engine, engine);
	TEXT(k->check, check);
	TEXT(k->reason, reason);
	TEXT(k->hint, hint);
}

static void fail(struct result_set *s, const char *op, const char *engine, const char *kind,
		 const char *native, const char *reason)
{
	struct failed *f;

	GROW(s->failed, s->n_failed);
	f = &s->failed[s->n_failed++];
	*f = (struct failed){ .rip = 0x1000402c10 };
	TEXT(f->op, op);
	TEXT(f->engine, engine);
	TEXT(f->stop_kind, kind);
	TEXT(f->stop_native, native);
	TEXT(f->reason, reason);
	f->registers = json_pack("{s:s,s:s,s:s}", "rax", "0x0", "rcx", "0x1000402c12", "cr2", "0x0");
}

static void machine(struct result_set *s)
{
	s->tool = json_pack("{s:s,s:s}", "version", "0.1.0", "git", "4b205f7");
	s->hardware =
		json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:I}", "fingerprint", "9f3c1a77d0b2e415",
			  "vendor", "AuthenticAMD", "brand", "AMD EPYC 9004", "signature",
			  "0x00a10f11", "microcode", "0xa101148", "cpus", 2, "virtualized_by",
			  "KVM", "tsc_hz", (json_int_t)2595123000);
	s->subject =
		json_pack("{s:s,s:s,s:{s:s,s:s},s:{s:{s:s}},s:s,s:n,s:s}", "kernel",
			  "6.1.0-28-amd64", "cmdline", "console=ttyS0 root=/dev/vda1",
			  "mitigations", "spectre_v2", "Mitigation: Retpolines; IBPB: conditional",
			  "meltdown", "Not affected", "kvm_modules", "kvm_pvm", "version", "1",
			  "qemu", "7.2.22", "governor", "smt", "off");
	s->verdict = json_pack(
		"{s:s,s:i,s:s,s:s,s:s,s:[{s:s,s:s,s:s},{s:s,s:s,s:s},{s:s,s:s,s:s},{s:s,s:s,s:s},{s:s,s:s,s:s},{s:s,s:s,s:s}]}",
		"status", "usable", "exit", 0, "backend", "kvm_pvm", "summary",
		"KVM works on this machine, without hardware VT.", "next_step",
		"For hardware VT, the outer KVM must allow nesting (kvm_amd nested=1 and a CPU "
		"model with svm).",
		"layers", "layer", "processor", "text",
		"AMD EPYC, Zen 4, 2 CPUs: this model has SVM, the outer hypervisor hides it",
		"answer", "no", "layer", "firmware", "text",
		"cannot be seen from inside a virtual machine", "answer", "unknown", "layer",
		"outer", "text", "KVM", "answer", "n/a", "layer", "driver", "text",
		"kvm_pvm: guests are run by software, guest kernels slowly", "answer", "yes",
		"layer", "device", "text", "ok, a guest ran", "answer", "yes", "layer", "iommu",
		"text", "none visible", "answer", "n/a");
}

static void make_rich(struct result_set *s)
{
	machine(s);
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t k = 0; k < 4; k++) {
			struct result *r;

			if (!(rows[i].cycles[k] > 0))
				continue;
			r = add(s, rows[i].op, &carriers[k], rows[i].cycles[k], rows[i].width,
				k == 3 ? 10 : 3);
			if (k == 1 && !strncmp(rows[i].op, "exit.", 5)) {
				r->exits_expected = 1;
				r->exits_observed = 0.004;
				r->flags |= RESULT_EXIT_MISMATCH;
			}
			r->flags |= k == 0 ? RESULT_LFENCE_ASSUMED : 0;
			r->flags |= i % 9 == 4 ? RESULT_UNSETTLED : 0;
		}
	}
	for (size_t i = 0; i < ROWS; i++)
		if (!(rows[i].cycles[0] > 0))
			skip(s, rows[i].op, "native", "",
			     "needs ring 0, which a process does not have",
			     "measure it with the boot image or the kernel module");
	skip(s, "exit.pio.kernel", "tcg", "", "the engine has no in-kernel irqchip", "");
	skip(s, "exit.pio.kernel", "qemu-kvm", "", "the engine has no in-kernel irqchip", "");
	skip(s, "exit.hlt", "tcg", "", "HLT without an interrupt does not come back on this engine",
	     "");
	skip(s, "exit.hlt", "qemu-kvm", "",
	     "HLT without an interrupt does not come back on this engine", "");
	skip(s, "exit.hypercall", "tcg", "", "nothing answers VMCALL or VMMCALL on this "
					     "engine", "");
	skip(s, "nano.syscall", "qemu-kvm", "kvm.trial",
	     "not verified: the backend is not known to deliver SYSCALL",
	     "run it anyway with --force");
	s->skipped[s->n_skipped - 1].unverified = true;
	fail(s, "nano.syscall", "kvm", "shutdown", "KVM_EXIT_SHUTDOWN",
	     "the guest died of a triple fault");
	fail(s, "exit.hypercall", "kvm", "deadline", "",
	     "the row was not done within its deadline of 4 s");
}

static void make_native(struct result_set *s)
{
	machine(s);
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].cycles[0] > 0)
			add(s, rows[i].op, &carriers[0], rows[i].cycles[0], rows[i].width, 10);
	skip(s, "exit.cpuid", "kvm", "kvm.device", "/dev/kvm does not exist",
	     "modprobe kvm_intel or kvm_amd");
}

/* Five samples a launch, of which every fourth was kept; (below): one of them is not above zero. */
static void keep_samples(struct result *r, bool below)
{
	for (size_t i = 0; i < r->n_launches; i++) {
		struct result_raw *raw = &r->launch[i].raw;

		*raw = (struct result_raw){ must(calloc(5, sizeof(*raw->value))), 5, 4 };
		for (size_t k = 0; k < raw->n; k++)
			raw->value[k] = r->launch[i].median * (0.98 + 0.01 * (double)k);
	}
	if (below)
		r->launch[1].raw.value[2] = -0.5;
}

static void make_raw(struct result_set *s)
{
	machine(s);
	keep_samples(add(s, "exit.cpuid", &carriers[1], 7350, 0.05, 3), false);
	keep_samples(add(s, "cpu.alu.u", &carriers[0], 3.02, 0.05, 3), false);
	keep_samples(add(s, "mem.copy.u", &carriers[0], 0.25, 0.05, 3), true);
}

static void make_emulated(struct result_set *s)
{
	machine(s);
	add(s, "exit.cpuid", &carriers[1], 7350, 0.05, 10);
	add(s, "exit.cpuid", &carriers[4], 431, 0.001, 3)->exits_observed = 1;
	add(s, "vmx.vmread.GUEST_RIP", &carriers[4], 987654, 0.001, 3)->exits_observed = 0;
}

/* Of what the boot image measured: a made-up number for any operation, the same every time. */
static double made_up(const char *op, double least, double most)
{
	unsigned hash = 2166136261u;

	for (const char *p = op; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return rint(least * pow(most / least, (hash >> 8) / 16777216.0));
}

static void monitor_row(struct result_set *s, const char *op, const struct carrier *c, bool root, double exits)
{
	bool emulated = !strcmp(c->provenance, "emulated"), vmx = !strcmp(c->engine, "vmx");
	double least = emulated ? 6 : root ? 25 : 400, most = emulated ? 60 : root ? 400 : 4000;
	struct result *r = add(s, op, c, vmx ? made_up(op, least, most) : made_up(op, least / 8, most / 8), 0.02, 6);

	r->exits_expected = vmx && exits >= 0 ? exits : NAN;
	r->exits_observed = vmx ? r->exits_expected : NAN;
	if (vmx && !root && exits == 1) {
		r->split = (struct result_split){ .present = true, .exit = rint(r->median * 0.45),
						  .handler = emulated ? 9 : 28, .entry = rint(r->median * 0.5),
						  .stamp_cost = emulated ? 4 : 46 };
		r->flags |= r->split.stamp_cost > r->median / 10 ? RESULT_SPLIT_STAMPS : 0;
	}
}

static void monitor_said(struct result_set *s, const struct carrier *c)
{
	static const char *const steps[][3] = {
		{ "entry with a bad host field", "VM-instruction error 8", "VM-instruction error 8" },
		{ "entry with bad guest state", "exit reason 33", "exit reason 33" },
		{ "one VMCALL", "exit reason 18", "exit reason 18" },
	};
	static const char *const facts[][2] = {
		{ "VMCS revision", "0x4" }, { "secondary control enable_ept", "yes" },
		{ "secondary control enable_vm_functions", "no" },
	};

	for (size_t i = 0; i < 3; i++) {
		struct self_test t = { .passed = true };
		struct found_fact f = { .name = "" };

		TEXT(t.engine, c->engine);
		TEXT(t.via, c->via);
		TEXT(t.backend, c->backend);
		TEXT(t.step, steps[i][0]);
		TEXT(t.expected, steps[i][1]);
		TEXT(t.observed, steps[i][2]);
		TEXT(f.engine, c->engine);
		TEXT(f.via, c->via);
		TEXT(f.backend, c->backend);
		TEXT(f.name, facts[i][0]);
		TEXT(f.value, facts[i][1]);
		if (result_set_add_self_test(s, &t) || result_set_add_fact(s, &f))
			exit(99);
	}
}

/* All operations that the boot image can run on VMX, natively where there is such a thing; fields of a sweep, too. */
static void make_monitor(struct result_set *s, bool emulated)
{
	const struct carrier c[2] = {
		{ "native", emulated ? "Bochs 2.7" : "bare machine", emulated ? "bochs:corei7_skylake_x" : "image",
		  emulated ? "emulated" : "hardware", emulated ? "instructions" : "tsc" },
		{ "vmx", c[0].backend, c[0].via, c[0].provenance, c[0].clock },
	};
	const unsigned monitors = ENGINE_MONITOR | ENGINE_VMX | ENGINE_HLT_RETURNS | ENGINE_HYPERCALL;

	machine(s);
	for (size_t i = 0; i < n_ops; i++) {
		bool root = ops[i].level == OP_LEVEL_R;

		if (ops[i].wants & (ENGINE_SVM | ENGINE_KERNEL_PIO | OPF_CHAIN))
			continue;
		if (!(ops[i].wants & monitors) && !root)
			monitor_row(s, ops[i].name, &c[0], false, NAN);
		monitor_row(s, ops[i].name, &c[1], root, ops[i].exits);
	}
	monitor_row(s, "vmx.vmread.OF_TOMORROW", &c[1], true, 0);
	monitor_said(s, &c[1]);
	skip(s, "vmx.vmread.TSC_MULTIPLIER", "vmx", "", "needs use_tsc_scaling, which this processor does not have", "");
	fail(s, "exit.hlt", "vmx", "fault", "vector 13", "an exception where none belongs: vector 13, error 0x0");
	s->capture = (struct capture_loss){ .present = true, .boots = 2, .lines = 9000, .lost = 2, .damaged = 1, .rows = 400,
					    .rows_lost = 1 };
}

static void make_hostile(struct result_set *s)
{
	static const char *const attacks[] = {
		"'; system('touch pwned'); print '",
		"`touch pwned`$(touch pwned)\\",
		"@OUT %s %d {/:Bold x}_y^z \\n",
		"</script><script>alert(1)</script>",
		"\" onload=\"alert(1)",
		"a\nEOD\nset output 'pwned'\nplot x",
		"| --- | <img src=x onerror=alert(1)>",
		"\x1b[2J\x1b]0;owned\x07 \xe2\x80\xae gnp.exe \xff\xc3",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"",
	};
	struct carrier c = { "", "", "", "software", "tsc" };

	s->tool = json_pack("{s:s,s:[s]}", "git", hostile_shell, "version", hostile_markup);
	s->hardware = json_pack("{s:s,s:{s:{s:{s:{s:s}}}},s:f}", "brand", hostile_markup, "a", "b",
				"c", "d", "deep", "tsc_hz", -1e300);
	s->subject = json_pack("{s:s,s:s}", hostile_markup, hostile_shell, "kernel", hostile_shell);
	s->verdict = json_pack("{s:i,s:s,s:[s,{s:s,s:s,s:s}]}", "status", 7, "summary",
			       hostile_markup, "layers", hostile_markup, "layer", hostile_markup,
			       "text", hostile_shell, "answer", hostile_markup);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct result *r;

		c.engine = c.backend = attacks[i];
		c.via = i % 2 ? attacks[i] : "process";
		r = add(s, attacks[i], &c, pow(10, (double)i - 4), 0.3, 2);
		r->differenced = false;
		r = add(s, attacks[(i + 1) % 10], &c, 5000, 0.3, 1);
		r->median = i % 2 ? -3.5 : NAN;
		r->flags = ~0u;
		skip(s, attacks[i], attacks[i], attacks[i], attacks[(i + 1) % 10],
		     attacks[(i + 2) % 10]);
		fail(s, attacks[i], attacks[i], attacks[i], attacks[i], attacks[i]);
	}
	json_decref(s->failed[0].registers);
	s->failed[0].registers = NULL;
	json_decref(s->failed[1].registers);
	s->failed[1].registers = json_pack("{s:s}", hostile_markup, "0xdead");
	TEXT(s->started, hostile_markup);
	s->interrupted = true;
}

void fixture_make(struct result_set *s, const char *name)
{
	memset(s, 0, sizeof(*s));
	TEXT(s->run_id, "2f1c9a60-6f2b-4b57-9d5e-0d6a7f1c2b3e");
	TEXT(s->started, "2025-11-22T10:03:05Z");
	TEXT(s->finished, "2025-11-22T10:03:51Z");
	TEXT(s->snapshot, "a1b2c3d4e5f60718");
	s->seed = 42;
	if (!strcmp(name, "rich")) {
		make_rich(s);
	} else if (!strcmp(name, "minimal")) {
		add(s, "exit.cpuid", &carriers[1], 7350, 0.05, 1);
	} else if (!strcmp(name, "native")) {
		make_native(s);
	} else if (!strcmp(name, "raw")) {
		make_raw(s);
	} else if (!strcmp(name, "emulated")) {
		make_emulated(s);
	} else if (!strncmp(name, "monitor", 7)) {
		make_monitor(s, name[7]);
	} else if (!strcmp(name, "hostile")) {
		make_hostile(s);
	} else if (!strcmp(name, "empty")) {
		machine(s);
		skip(s, "exit.cpuid", "kvm", "kvm.device", "/dev/kvm may not be opened",
		     "join the group kvm");
	} else {
		fprintf(stderr, "report_fixture: no fixture '%s'\n", name);
		exit(99);
	}
	for (size_t i = 0; i < 4; i++) {	/* the loader never leaves these out */
		json_t **j = (json_t **[]){ &s->tool, &s->hardware, &s->subject, &s->verdict }[i];

		if (!*j)
			*j = must(json_object());
	}
}
