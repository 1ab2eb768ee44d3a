/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/bench_sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SET(to, text) snprintf(to, sizeof(to), "%s", text)

static void add_result(struct result_set *set, const char *op, const char *engine, bool differenced)
{
	struct result r = { .differenced = differenced, .batch = differenced ? 32 : 1, .n = 700 };
	size_t i;

	SET(r.op, op);
	SET(r.engine, engine);
	SET(r.via, "process");
	SET(r.backend, differenced ? "process" : "kvm_pvm");
	SET(r.provenance, differenced ? "hardware" : "software");
	SET(r.clock, "tsc");
	SET(r.memory, differenced ? "" : "4k");
	r.cold = 9000.5;
	r.median = differenced ? 2.25 : 1300;
	r.single_median = 1300;
	r.diff_median = 2.25;
	r.min = r.p1 = r.p25 = r.p75 = r.p90 = r.p99 = r.p999 = r.max = r.mean = r.mad = NAN;
	if (!differenced) {
		r.min = 1100; r.p1 = 1110; r.p25 = 1200; r.p75 = 1400; r.p90 = 1500; r.p99 = 2000.25;
		r.p999 = 3000; r.max = 1e7; r.mean = 1333.125; r.mad = 100;
	}
	r.has_ci = !differenced;
	r.ci_lo = r.has_ci ? 1290 : NAN;
	r.ci_hi = r.has_ci ? 1310 : NAN;
	r.range_lo = r.median - 1;
	r.range_hi = r.median + 1;
	r.empty_bracket = 60;
	if (!differenced)
		r.split = (struct result_split){ true, 400, 500.5, 410, 40 };
	r.exits_expected = 1;
	r.exits_observed = differenced ? NAN : 0.005;
	r.flags = differenced ? RESULT_LFENCE_ASSUMED : RESULT_EXIT_MISMATCH | RESULT_TSC_TRAPPED;
	r.n_launches = 7;
	r.launch = calloc(r.n_launches, sizeof(*r.launch));
	for (i = 0; i < r.n_launches; i++)
		r.launch[i] = (struct result_launch){ .n = 100, .median = r.median + (double)i / 4, .min = r.median - 10 };
	if (differenced) {	/* and the others have no samples */
		r.launch[1].raw = (struct result_raw){ calloc(3, sizeof(double)), 3, 2 };
		for (i = 0; i < 3; i++)
			r.launch[1].raw.value[i] = 2.5 * (double)i - 1;
	}
	if (!differenced) {
		r.core_cycles = 1950.5;
		r.launch[6].disturb = (struct disturb_launch){
			true, { .seconds = 0.152, .context_switches = 17, .waited = 0.0312, .migrations = NAN, .interrupts = 61,
				.steal = 0.02, .throttled = NAN, .smis = 0 },
			3, 2, 1,
		};
	}
	r.n_hist = 3;
	r.hist = calloc(r.n_hist, sizeof(*r.hist));
	for (i = 0; i < r.n_hist; i++)
		r.hist[i] = (struct bucket){ 1100 + 100.5 * (double)i, 1 + (double)i };
	result_set_add(set, &r);
}

static void add_others(struct result_set *set)
{
	struct skipped skip = { .unverified = false }, unverified = { .unverified = true };
	struct failed failed = { .rip = 0x1000400123ull };

	SET(skip.op, "exit.hlt");
	SET(skip.engine, "tcg");
	SET(skip.reason, "HLT does not come back without an interrupt here");
	result_set_add_skipped(set, &skip);
	SET(unverified.op, "exit.cpuid");
	SET(unverified.engine, "qemu-kvm");
	SET(unverified.check, "kvm.trial");
	SET(unverified.reason, "could not be told: \"Did a guest run?\"");
	SET(unverified.hint, "run as root\nor use --force");
	result_set_add_skipped(set, &unverified);
	SET(failed.op, "nano.syscall");
	SET(failed.engine, "kvm");
	SET(failed.reason, "the guest faulted: #GP");
	SET(failed.stop_kind, "fault");
	SET(failed.stop_native, "vector 13");
	failed.registers = json_pack("{s:s,s:s}", "rax", "0x1", "cr2", "0xffffffffffffffff");
	result_set_add_failed(set, &failed);
}

static void add_monitor(struct result_set *set)
{
	struct self_test t = { .passed = true };
	struct found_fact f = { .name = "" };

	SET(t.engine, "vmx");
	SET(t.via, "bochs:corei7_skylake_x");
	SET(t.backend, "Bochs 2.7 corei7_skylake_x");
	SET(t.step, "entry with a bad host field");
	SET(t.expected, "VM-instruction error 8");
	SET(t.observed, "VM-instruction error 8");
	result_set_add_self_test(set, &t);
	SET(f.engine, "vmx");
	SET(f.via, "bochs:corei7_skylake_x");
	SET(f.backend, "Bochs 2.7 corei7_skylake_x");
	SET(f.name, "requires");
	SET(f.value, "primary control secondary_controls: yes");
	result_set_add_fact(set, &f);
	set->capture = (struct capture_loss){ .present = true, .boots = 2, .sections = 3, .sections_cut = 1, .lines = 700,
					      .lost = 3, .damaged = 2, .repeated = 1, .foreign = 40, .rows = 60,
					      .rows_lost = 1, .rows_planned = 64, .rows_missing = 3 };
}

void bench_sample(struct result_set *r)
{
	result_set_init(r);
	SET(r->run_id, "01234567-89ab-4cde-8f01-23456789abcd");
	SET(r->started, "2026-01-02T03:04:05Z");
	SET(r->finished, "2026-01-02T03:05:06Z");
	SET(r->snapshot, "0123456789abcdef");
	r->interrupted = true;
	r->seed = RESULT_SEED_MAX;
	r->tool = json_pack("{s:s,s:n}", "version", "0.1.0", "git");
	r->hardware = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:I}", "fingerprint", "00112233445566ff", "vendor",
				"GenuineIntel", "brand", "A Processor", "signature", "0x906ea", "microcode", "0xf4",
				"cpus", 2, "virtualized_by", "KVM", "tsc_hz", (json_int_t)2600000000);
	r->subject = json_pack("{s:s,s:s,s:{s:s},s:{s:{s:s}},s:s,s:n,s:n}", "kernel", "6.1.0", "cmdline", "quiet",
			       "mitigations", "meltdown", "Not affected", "kvm_modules", "kvm_intel", "nested", "Y",
			       "qemu", "QEMU 7.2.22", "governor", "smt");
	r->verdict = json_pack("{s:s,s:i,s:s,s:s,s:n,s:[{s:s,s:s,s:s}]}", "status", "usable", "exit", 0, "backend",
			       "kvm_pvm", "summary", "KVM works on this machine, without hardware VT.", "next_step",
			       "layers", "layer", "processor", "text", "this model has VMX", "answer", "no");
	r->doctor = json_pack("{s:i,s:[{s:s,s:s,s:i,s:s,s:s,s:s},{s:s,s:s,s:i,s:s,s:s,s:n}]}", "score", 85, "findings", "id",
			      "outer.hypervisor", "state", "warn", "weight", 15, "seen", "this is a virtual machine under KVM",
			      "why", "It shares.", "fix", "measure on bare metal", "id", "cpu.turbo", "state", "unknown",
			      "weight", 10, "seen", "the host's turbo cannot be seen", "why", "It varies.", "fix");
	add_result(r, "exit.cpuid", "kvm", false);
	add_result(r, "nano.call-ret", "native", true);
	add_others(r);
	add_monitor(r);
}
