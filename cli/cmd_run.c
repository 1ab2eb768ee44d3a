/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope run: a guest image under an engine, on its own. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/machine.h"
#include "common/fileio.h"
#include "common/interrupt.h"
#include "common/parse.h"
#include "minivmm/engine.h"

#define IMAGE_MAX		(256u << 20)
#define CONSOLE_MAX		(64u << 20)	/* of a guest that writes and writes, what -o keeps */
#define CONSOLE_POLL_MS		100	/* how long an interrupt can wait for a reader that does not read */
#define DEADLINE_DEFAULT	10.0
#define DEADLINE_MAX		86400.0

struct request {
	const char *file;
	const char *output;	/* NULL: stdout */
	const char *engine;	/* NULL: choose */
	uint64_t mem_bytes;
	double deadline;
	bool stats;
};

static int request_read(struct request *r, struct cli *cli, const struct args *a)
{
	const char *mem = args_value(a, "mem"), *output = args_value(a, "output");
	size_t n;

	*r = (struct request){
		.file = args_operands(a, &n)[0],
		.output = output && strcmp(output, "-") ? output : NULL,
		.engine = args_value(a, "engine"),
		.mem_bytes = GUEST_MEM_BYTES,
		.deadline = DEADLINE_DEFAULT,
		.stats = args_flag(a, "stats"),
	};
	if (mem && (parse_size(mem, &r->mem_bytes) < 0 || r->mem_bytes == 0))
		return cli_usage(cli, "run", "--mem: '%s' is no size; try 128M", mem);
	return cli_double(cli, a, "deadline", 0.01, DEADLINE_MAX, &r->deadline);
}

/* The first need of (ops) that is not met, or NULL. */
static const char *unmet_need(const struct engine_ops *ops, const struct verdict *v)
{
	for (const char *const *need = ops->needs; need && *need; need++)
		if (finding_answer(&v->findings, *need) == ANSWER_NO)
			return *need;
	return NULL;
}

/* Can (ops) take an image at all? native only has its built-in runner. */
static bool takes_images(const struct engine_ops *ops)
{
	return ops->needs && ops->needs[0];
}

static int engine_choose(const struct engine_ops **out, const char *name, const struct verdict *v, struct err *e)
{
	const struct finding *f;
	const char *need;

	if (name) {
		*out = engine_find(name);	/* the option's choices are the table's names */
		need = unmet_need(*out, v);
		if (!need)
			return 0;
		f = finding_of(&v->findings, need);
		return err_set(e, ENOTSUP, "engine %s cannot run here: %s no.%s%s", name, f->check->question,
			       f->hint[0] ? " " : "", f->hint);
	}
	for (size_t i = 0; i < n_engines; i++) {
		*out = engines[i];
		if (takes_images(engines[i]) && !unmet_need(engines[i], v))
			return 0;
	}
	return err_set(e, ENOTSUP, "no engine can run a guest here (vtscope probe says why)");
}

/* Where the guest's console goes: to stdout as it comes, or whole into the file of -o. */
struct console {
	struct cli *cli;
	const char *file;	/* NULL: stdout */
	struct buf text;
	double until;		/* the deadline: who reads stdout has no longer than the guest */
	uint64_t lost;		/* bytes that stdout did not take by then, or that were too many for the file */
};

static double now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Waits until stdout takes some. So it does when it is broken: the write then says how. */
static bool stdout_ready(double until)
{
	struct pollfd out = { STDOUT_FILENO, POLLOUT, 0 };
	bool late;
	int n;

	do {
		late = now_seconds() >= until;
		n = poll(&out, 1, late ? 0 : CONSOLE_POLL_MS);
	} while (!late && !interrupt_pending() && (n == 0 || (n < 0 && errno == EINTR)));
	return n > 0;
}

/* The engine that calls this looks at its deadline only when it returns. After a byte that was lost none comes out. */
static void console_out(void *ctx, const char *bytes, size_t n)
{
	struct console *c = ctx;
	size_t some;

	if (c->file) {
		some = n < CONSOLE_MAX - c->text.len ? n : CONSOLE_MAX - c->text.len;
		buf_append(&c->text, bytes, some);
		n -= some;
	}
	while (!c->file && n && !c->lost && stdout_ready(c->until)) {
		some = n < PIPE_BUF ? n : PIPE_BUF;	/* that much a pipe that is ready takes at once */
		cli_out(c->cli, bytes, some);
		bytes += some;
		n -= some;
	}
	c->lost += n;
}

/* Writes the file, tells of what was lost. The exit status. */
static int console_end(struct console *c, const struct request *r)
{
	struct err e;
	int rc = c->file ? cli_write_buf(c->cli, c->file, &c->text) : EXIT_OK;

	if (!c->lost)
		return rc;
	err_set(&e, EIO, "%s: %" PRIu64 " bytes of its console are lost: %s", r->file, c->lost,
		c->file ? "the file would grow too large" : "nobody read standard output by the deadline");
	cli_error(c->cli, &e);
	return EXIT_RUNTIME;
}

static void registers_format(const struct vm_regs *r, struct buf *out)
{
	if (!r->valid) {
		buf_puts(out, "  registers could not be read\n");
		return;
	}
	for (unsigned i = 0; i < 16; i++)
		buf_printf(out, "%s%-4s%016" PRIx64 "%s", i % 4 ? "  " : "  ", vm_gpr_names[i], r->gpr[i],
			   i % 4 == 3 ? "\n" : "");
	buf_printf(out, "  rip %016" PRIx64 "  rflags %08" PRIx64 "  efer %04" PRIx64 "\n", r->rip, r->rflags, r->efer);
	buf_printf(out, "  cr0 %08" PRIx64 "  cr2 %016" PRIx64 "  cr3 %016" PRIx64 "  cr4 %08" PRIx64 "\n", r->cr0,
		   r->cr2, r->cr3, r->cr4);
}

static void stats_tell(const struct engine_info *i, const struct vm_stop *stop, double seconds)
{
	const struct engine_counters *c = &stop->total;

	fprintf(stderr, "backend %s, %s; %.3f s\n", i->backend, provenance_name(i->provenance), seconds);
	if (!i->counts_exits) {
		fputs("exits are not counted by this engine\n", stderr);
		return;
	}
	fprintf(stderr, "%12" PRIu64 "  exits, counted by KVM\n%12" PRIu64 "  of them for ports\n"
		"%12" PRIu64 "  of them for MMIO\n%12" PRIu64 "  for host interrupts\n"
		"%12" PRIu64 "  handled in user space\n%12" PRIu64 "  instructions emulated by KVM\n",
		c->exits, c->io_exits, c->mmio_exits, c->interrupts, c->user_exits, c->insn_emulation);
}

/* Says how it ended; the exit status. */
static int stop_tell(struct cli *cli, const struct request *r, const struct vm_stop *stop)
{
	struct buf regs = BUF_INIT;
	struct err e;

	if (stop->kind == VM_STOP_EXIT) {
		if (stop->status)
			cli_warn(cli, "%s: the guest ended itself with status %d", r->file, stop->status);
		return EXIT_OK;
	}
	err_set(&e, EIO, "%s: %s (%s: %s)", r->file, stop->text, vm_stop_name(stop->kind), stop->native);
	cli_error(cli, &e);
	if (stop->kind == VM_STOP_INTERRUPTED)
		return EXIT_INTERRUPTED;
	registers_format(&stop->regs, &regs);
	fputs(buf_str(&regs), stderr);
	buf_free(&regs);
	return EXIT_RUNTIME;
}

static int image_run(struct cli *cli, const struct request *r, const struct engine_ops *ops,
		     const struct engine_config *config, const struct buf *image, struct err *e)
{
	const struct launch launch = {
		.image = buf_str(image), .image_bytes = image->len, .mem_bytes = r->mem_bytes, .cpu = -1,
		.deadline_ms = (unsigned)(r->deadline * 1000),
	};
	struct console console = { .cli = cli, .file = r->output };
	const struct sink sink = { .ctx = &console, .console = console_out };
	struct engine *engine;
	struct vm_stop stop;
	double start;
	int status, rc = ops->open(&engine, config, e);

	if (rc < 0)
		return rc;
	start = now_seconds();
	console.until = start + r->deadline;
	rc = ops->launch(engine, &launch, &sink, &stop, e);
	if (rc < 0) {
		err_prefix(e, "%s", r->file);
	} else {
		rc = stop_tell(cli, r, &stop);
		if (r->stats)
			stats_tell(ops->info(engine), &stop, now_seconds() - start);
		status = console_end(&console, r);
		if (rc == EXIT_OK)
			rc = status;
	}
	buf_free(&console.text);
	ops->close(engine);
	return rc;
}

static int run(struct cli *cli, const struct args *a)
{
	struct engine_config config = { .via = "auto" };
	const struct engine_ops *ops = NULL;
	struct buf image = BUF_INIT;
	struct request request;
	struct machine machine;
	struct err e = { 0 };
	int rc = request_read(&request, cli, a);

	if (rc)
		return rc;
	rc = file_read(request.file, IMAGE_MAX, &image, &e);
	if (rc == 0) {
		rc = machine_look(&machine, false, false, &e);
		config.verdict = &machine.verdict;
		config.snapshot = &machine.snapshot;
		if (rc == 0)
			rc = engine_choose(&ops, request.engine, &machine.verdict, &e);
		if (rc == 0)
			rc = image_run(cli, &request, ops, &config, &image, &e);
		machine_free(&machine);
	}
	buf_free(&image);
	if (rc < 0) {
		cli_error(cli, &e);
		rc = EXIT_RUNTIME;
	}
	return rc;
}

static const char *const engine_choices[] = { "kvm", "tcg", "qemu-kvm", NULL };

static const struct opt run_opts[] = {
	{ .name = "engine", .arg = "NAME", .choices = engine_choices, .complete = COMPLETE_ENGINE,
	  .help = "what runs it",
	  .more = "Without this option the first that works here." },
	{ .name = "mem", .arg = "SIZE", .help = "guest memory, 128M if not given",
	  .more = "A multiple of 2 MiB, with an optional suffix K, M or G." },
	{ .name = "deadline", .arg = "S", .help = "seconds after which the guest is late, 10 if not given",
	  .more = "What standard output has not taken of its console by then is lost, which is told." },
	{ .name = "stats", .help = "exit counters on stderr afterwards" },
	{ 0 }
};

static const struct exit_doc run_exits[] = {
	{ EXIT_OK, "the guest ended itself, whatever its own status" },
	{ EXIT_RUNTIME, "it died or was late (registers are on stderr), or it could not be started" },
	{ 0, NULL }
};

const struct cmd cmd_run = {
	.name = "run",
	.operands = "IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.complete = COMPLETE_FILE,
	.summary = "run a guest image and print what it writes to its console",
	.description =
		"Runs IMAGE, a static x86-64 ELF file made for the guest interface of vtscope (minivmm/guest_abi.h), "
		"and prints what it writes to port 0xe9. It starts in 64-bit mode at privilege level 0 with physical "
		"memory at linear 0 and again at 0x1000000000, and ends itself by writing its status to port 0xf4.\n\n"
		"A guest that triple-faults, halts for good or is still running at the deadline ends with its "
		"registers on standard error.",
	.examples =
		"vtscope run hello.elf\n  print what the guest says\n"
		"vtscope run hello.elf --engine tcg --deadline 2\n  the same, by software, for at most two seconds\n"
		"vtscope run hello.elf --stats\n  how often it left guest mode\n",
	.opts = run_opts,
	.exits = run_exits,
	.run = run,
};
