/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/run.h"
#include "cli/bench_options.h"
#include "cli/bench_table.h"
#include "cli/cmd.h"
#include "cli/machine.h"
#include "cli/store.h"
#include "common/fileio.h"
#include "minivmm/via.h"

#define QUIET_SCORE 60	/* of the doctor: below it is told */
#define LONG_RUN 10.0	/* seconds: nobody wants to wait for them again */

static const char *const json_only[] = { "json", NULL };

/* Better said before a minute of measuring than after it. */
static int output_check(struct cli *cli, const struct args *a)
{
	const char *file = args_value(a, "output");
	struct err e;
	int rc = cli_extension_check(cli, a, json_only, OTHERS_BY_REPORT);

	if (rc || !file || file_write_check(file, &e) >= 0)
		return rc;
	cli_error(cli, &e);
	return EXIT_RUNTIME;
}

static void on_progress(void *ctx, const struct run_progress *p)
{
	char what[80];

	snprintf(what, sizeof(what), "%s, launch %u of %u", p->engine, p->launch, p->launches);
	cli_progress(ctx, p->fraction, p->eta, what);
}

/* A measurement is minutes of work: where (to) cannot be written it goes to the temporary folder, or to stdout. */
static void save_elsewhere(struct cli *cli, const struct result_set *r, const struct buf *doc, const char *to)
{
	const char *folder = getenv("TMPDIR");
	char other[PATH_MAX];
	struct err e;

	snprintf(other, sizeof(other), "%s/vtscope-%s.json", folder && *folder ? folder : "/tmp", r->run_id);
	if (file_write(other, doc->data, doc->len, &e) == 0) {
		err_set(&e, EIO, "%.150s: not written; the result is in %s", to, other);
		cli_error(cli, &e);
	} else {
		cli_error(cli, &e);
		cli_out(cli, doc->data, doc->len);
	}
}

static int save(struct cli *cli, const struct result_set *r, const char *file)
{
	struct buf doc = BUF_INIT;
	struct err e;
	int rc;

	if (result_set_write(r, &doc) < 0) {
		err_set(&e, ENOMEM, "out of memory");
		cli_error(cli, &e);
		buf_free(&doc);
		return EXIT_RUNTIME;
	}
	rc = cli_write(cli, file, doc.data, doc.len);
	if (rc && strcmp(file, "-"))
		save_elsewhere(cli, r, &doc, file);
	buf_free(&doc);
	return rc;
}

/* Into the store of --db; where that fails and no file has the result, it goes elsewhere. */
static int store(struct cli *cli, const struct args *a, const struct result_set *r, bool in_file)
{
	struct buf doc = BUF_INIT;
	int rc = args_value(a, "db") && r->n_results ? cli_store_save(cli, a, r, NULL) : EXIT_OK;

	if (rc && !in_file && result_set_write(r, &doc) == 0)
		save_elsewhere(cli, r, &doc, args_value(a, "db"));
	buf_free(&doc);
	return rc;
}

/* Better said before a minute of measuring than after it. */
static int store_check(struct cli *cli, const struct args *a)
{
	struct store *s;
	int rc = args_value(a, "db") && !args_flag(a, "dry-run") ? cli_store_open(cli, a, STORE_WRITE, &s) : -1;

	if (rc == 0)
		store_close(s);
	return rc > 0 ? rc : 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* (took): seconds that the run lasted. */
static int result_out(struct cli *cli, const struct args *a, const struct result_set *r, double took)
{
	const char *file = args_value(a, "output");
	struct buf table = BUF_INIT;
	int rc = file ? save(cli, r, file) : EXIT_OK, stored;

	if (!file || (strcmp(file, "-") && cli->out_tty && !cli->quiet)) {
		bench_result_table(r, cli, &table);
		cli_out(cli, buf_str(&table), table.len);
		buf_free(&table);
	} else {
		bench_left_tell(r, "", cli);
	}
	if (file && strcmp(file, "-") && rc == EXIT_OK) {
		if (cli->out_tty)
			cli_warn(cli, "%s is written; vtscope report %s -o report.html shows it", file, file);
		else if (r->interrupted)
			cli_warn(cli, "interrupted: %s has what was measured until then", file);
	}
	stored = store(cli, a, r, file && !rc);
	rc = rc ? rc : stored;
	if (!file && !args_value(a, "db") && took >= LONG_RUN && r->n_results && cli->err_tty && !cli->quiet)
		cli_warn(cli, "nothing of this is saved; -o FILE.json keeps it for vtscope report, --db FILE for vtscope baseline");
	if (rc)
		return rc;
	if (r->interrupted)
		return EXIT_INTERRUPTED;
	if (!r->n_results && r->n_failed) {
		cli_warn(cli, "nothing could be measured: every operation failed");
		return EXIT_RUNTIME;
	}
	if (!r->n_results) {
		cli_warn(cli, "nothing could be measured: every operation was skipped");
		return EXIT_SKIPPED;
	}
	return EXIT_OK;
}

static int measure(struct cli *cli, const struct args *a, const struct bench_options *o, const struct machine *m)
{
	const struct run_hooks hooks = { cli, on_progress };
	uint64_t tsc_hz = tsc_calibrate(&m->snapshot);
	struct buf text = BUF_INIT;
	struct result_set r;
	struct plan p;
	struct err e;
	double start = now();
	json_t *doctor = NULL;
	unsigned score = 100;
	int rc;

	rc = plan_make(&p, o, &m->snapshot, &m->verdict, tsc_hz, &e);
	if (rc == -EINVAL)
		return cli_usage(cli, "bench", "%s", e.text);
	if (rc == 0 && p.left_out[0] && !cli->quiet)
		cli_warn(cli, "the engines %s would run on an emulated processor here: --engine or --via asks for them", p.left_out);
	if (rc == 0 && args_flag(a, "dry-run")) {
		bench_plan_table(&p, &text);
		rc = cli_write(cli, NULL, buf_str(&text), text.len);
		buf_free(&text);
		plan_free(&p);
		return rc;
	}
	if (rc == 0) {
		doctor = machine_doctor(m, o->cpu, &score);
		if (score < QUIET_SCORE && cli->err_tty && !cli->quiet)
			cli_warn(cli, "this machine is not quiet (%u of 100): vtscope doctor says why, and what helps", score);
		rc = bench_run(&r, &p, o, &m->snapshot, &m->verdict, tsc_hz, &hooks, &e);
		plan_free(&p);
	}
	cli_progress(cli, -1, 0, NULL);
	if (rc < 0) {
		json_decref(doctor);
		cli_error(cli, &e);
		return EXIT_RUNTIME;
	}
	r.doctor = doctor;
	rc = result_out(cli, a, &r, now() - start);
	result_set_free(&r);
	return rc;
}

static int run(struct cli *cli, const struct args *a)
{
	struct bench_words words;
	struct bench_options o;
	struct machine m;
	struct err e;
	int rc = bench_options_read(cli, "bench", a, &words, &o);

	if (rc == 0)
		rc = output_check(cli, a);
	if (rc == 0)
		rc = store_check(cli, a);
	if (rc == 0 && o.raw && !args_value(a, "output") && !args_value(a, "db"))
		cli_warn(cli, "--raw without -o FILE.json: nothing keeps the samples");
	if (rc == 0) {
		cli_progress(cli, 0, 0, "looking at the machine");
		if (machine_look(&m, true, false, &e) < 0) {
			cli_error(cli, &e);
			rc = EXIT_RUNTIME;
		} else {
			rc = measure(cli, a, &o, &m);
		}
		machine_free(&m);
	}
	bench_words_free(&words);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "engine", .short_name = 'e', .arg = "LIST", .repeatable = true, .complete = COMPLETE_ENGINE,
	  .help = "on these engines, separated by commas; all",
	  .more = "'vtscope list engines' names them." },
	{ .name = "op", .arg = "GLOB", .repeatable = true, .complete = COMPLETE_OP,
	  .help = "these operations, like 'exit.*'; all",
	  .more = "'vtscope list ops' names them." },
	{ .name = "exclude", .arg = "GLOB", .repeatable = true, .complete = COMPLETE_OP,
	  .help = "but not these" },
	{ .name = "quick", .help = "3 launches, all within a minute" },
	{ .name = "launches", .arg = "N", .help = "fresh processes or VMs per engine; 10",
	  .more = "The launch is what statistics count. With fewer than 6 there is no 95 % interval." },
	{ .name = "time", .arg = "S", .help = "end within S seconds; what was left out is told" },
	{ .name = "cpu", .arg = "LIST", .help = "on the first CPU of LIST, like 2 or core:1",
	  .more = "The syntax is hwloc's: 2, 0-3, 0xc, core:1, package:0.core:2.pu:0. Without it: the last core of the "
		  "most capable kind." },
	{ .name = "seed", .arg = "N", .help = "orders and memory layouts of an earlier run; random" },
	{ .name = "via", .arg = "CARRIER", .words = via_words,
	  .help = "what carries the runner: auto, process, bochs[:MODEL], qemu[:CPU]",
	  .more = "bochs and qemu boot the project's own image in an emulated machine, for the engines vmx, svm and native: "
		  "that proves function and never speed. 'bochs --help cpu' and 'qemu-system-x86_64 -cpu help' name the "
		  "models; without one it is corei7_skylake_x for vmx, ryzen (Bochs) or EPYC (QEMU) for svm. Where KVM "
		  "gives its guests VT, qemu uses that. 'vtscope image' measures a real machine." },
	{ .name = "exec", .arg = "CMD",
	  .help = "what boots {image} under your own VMM, serial port to {serial}",
	  .more = "For the engine exec. The shell runs CMD once a launch; {image} is an ELF file (multiboot, PVH or Linux's "
		  "64-bit protocol, at least 128 MiB of memory, no command line needed), {iso} the same as a disk, {serial} "
		  "a file for the output of the first serial port (I/O port 0x3f8); without {serial} it is taken from the "
		  "standard output. CMD gets SIGTERM when the guest is done. doc/exec.md has the command for QEMU, "
		  "cloud-hypervisor, crosvm, Firecracker, VirtualBox and Bochs." },
	{ .name = "raw", .help = "keep samples in the result: -o FILE.json",
	  .more = "Up to 4,096 of a row in a launch, and fewer where there are many rows and launches: then every second, fourth "
		  "... sample, in their order. 'vtscope export' passes them on to formats that hold samples." },
	{ .name = "precision", .arg = "PCT", .help = "launch until each interval is within +-PCT of its median; at most --launches, 50",
	  .more = "An operation that got there is launched no more. One that did not within --launches or --time has the flag "
		  "imprecise." },
	{ .name = "image", .arg = "FILE", .complete = COMPLETE_FILE, .help = "another guest in place of the one that is built in",
	  .more = "An ELF file like bench/guest/guest.elf of a build; on the engine native a program that calls "
		  "native_runner_main()." },
	{ .name = "qemu", .arg = "FILE", .complete = COMPLETE_FILE, .help = "another QEMU than the one in PATH" },
	{ .name = "force", .help = "also try what cannot be told to work here" },
	STORE_OPT("keep the result in this store, too"),
	{ .name = "dry-run", .help = "print what would run, measure nothing; starts CMD once",
	  .more = "Emulators and the command of --exec are started once for it, to see what they offer: what only an attempt "
		  "can tell is told." },
	{ 0 }
};

static const struct exit_doc exits[] = {
	{ EXIT_RUNTIME, "run-time failure, said on stderr; nothing was measured, and something failed: a VMM that does not start" },
	{ EXIT_SKIPPED, "every operation was skipped: nothing can be measured here" },
	{ 0, NULL }
};

const struct cmd cmd_bench = {
	.name = "bench",
	.operands = "",
	.summary = "measure what virtualization costs here",
	.description =
		"Runs the operations of the catalogue on every engine that works here, in fresh processes or virtual "
		"machines, and prints the median of each in TSC ticks with its spread. What cannot run is told with its "
		"reason; an operation that faults or hangs costs that operation alone.\n\n"
		"-o FILE.json keeps everything that was measured, for 'vtscope report'. Interrupted, it saves what it "
		"has. vtscope-method(7) says how numbers come about.",
	.examples =
		"vtscope bench --quick -o result.json\n  a first look, in a minute\n"
		"vtscope bench --engine kvm,native --op 'exit.*' --op 'cpu.*'\n  some operations on two engines\n"
		"vtscope bench -e exec --exec 'qemu-system-x86_64 -accel kvm -nodefaults -display none -kernel {image} "
		"-serial file:{serial}'\n  a QEMU of your own\n"
		"vtscope bench --dry-run\n  what would run here, and what would not\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
