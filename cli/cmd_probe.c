/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope probe: what virtualization does this machine, or a recorded one, have? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "common/interrupt.h"
#include "common/json.h"
#include "common/parse.h"
#include "probe/collect.h"
#include "probe/readers.h"
#include "probe/verdict.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_TAP, FORMAT_PROM, FORMAT_NFD, FORMAT_ONELINE };
static const char *const formats[] = { "text", "json", "tap", "prom", "nfd", "oneline", NULL };

struct request {
	const struct check *explain;	/* NULL: everything */
	const char *save;
	const char *output;		/* NULL: stdout */
	enum format format;
	bool all, redact, run_guest;
	const char *const *from;	/* NULL: this machine */
	size_t n_from;
	struct render_style style;
};

static struct render_style style_of(const struct cli *cli)
{
	return (struct render_style){ .colour = cli->colour,
				      .utf8 = cli->utf8,
				      .columns = cli->columns };
}

static int save(struct cli *cli, const struct snapshot *s, const char *path)
{
	struct buf out = BUF_INIT;
	int rc;

	snapshot_write(s, &out);
	rc = cli_write_buf(cli, path, &out);
	buf_free(&out);
	return rc;
}

static int put_json(const struct snapshot *s, const struct verdict *v, const struct request *r,
		    struct buf *out)
{
	buf_put_document(out, probe_json(s, v, r->all), r->n_from > 1 ? JSON_COMPACT : JSON_INDENT(2));
	return buf_error(out);
}

/* Appends the answer for one machine. 0 or -errno. */
static int answer(const struct snapshot *s, const struct verdict *v, const struct request *r,
		  struct buf *out)
{
	if (r->n_from > 1 && r->format != FORMAT_JSON)
		buf_printf(out, r->format == FORMAT_ONELINE ? "%s: " : "%s:\n", s->source_name);
	switch (r->format) {
	case FORMAT_JSON:
		return put_json(s, v, r, out);
	case FORMAT_TAP:
		render_tap(v, out);
		return buf_error(out);
	case FORMAT_PROM:
		return render_prom(v, s, out);
	case FORMAT_NFD:
		return render_nfd(v, s, out);
	case FORMAT_ONELINE:
		render_oneline(v, s, out);
		return buf_error(out);
	case FORMAT_TEXT:
		break;
	}
	if (r->explain)
		render_explain(r->explain, v, &r->style, out);
	else
		render_full(v, s, &r->style, out);
	if (r->n_from > 1)
		buf_puts(out, "\n");
	return buf_error(out);
}

/* Judges (s), which is freed. The exit status, its answer in (out). */
static int judge(struct cli *cli, struct snapshot *s, const struct request *r, struct buf *out)
{
	struct verdict v = { 0 };
	struct err e;
	int rc = r->redact ? snapshot_redact(s) : 0, status;

	if (!rc)
		rc = verdict_make(&v, s);
	if (!rc)
		rc = answer(s, &v, r, out);
	status = r->explain ? EXIT_OK : verdict_exit_status(v.status);
	if (rc) {
		err_set(&e, -rc, "out of memory");
		cli_error(cli, &e);
		status = EXIT_RUNTIME;
	} else if (r->save) {
		rc = save(cli, s, r->save);
		status = rc ? rc : status;
	}
	verdict_free(&v);
	snapshot_free(s);
	return status;
}

static int probe_live(struct cli *cli, const struct request *r, struct buf *out)
{
	/* Names of the chipset and all PCI devices cost more than all the rest: only where they are kept or shown. */
	const bool shown = r->save || r->format == FORMAT_JSON;
	const struct collect_options o = { .run_guest = r->run_guest, .details = shown, .brief = !shown };
	struct snapshot s;
	struct err e;

	snapshot_init(&s);
	if (collect_live(&s, &o, &e)) {
		cli_error(cli, &e);
		snapshot_free(&s);
		return EXIT_RUNTIME;
	}
	return judge(cli, &s, r, out);
}

/* One input exits by its verdict; several by whether all could be read. */
static int probe_recorded(struct cli *cli, const struct request *r, struct buf *out)
{
	int status = EXIT_OK;

	for (size_t i = 0; i < r->n_from; i++) {
		struct snapshot s;
		struct err e;
		int one = cli_status(readers_read(&s, r->from[i], &e));

		if (one)
			cli_error(cli, &e);
		else
			one = judge(cli, &s, r, out);
		if (one == EXIT_INTERRUPTED || interrupt_pending())
			return EXIT_INTERRUPTED;
		if (r->n_from == 1 || one == EXIT_RUNTIME)
			status = one;
		/*
		 * Answers go out as they are made: those for a thousand machines need not
		 * fit into memory.
		 */
		if (!r->output) {
			cli_out(cli, buf_str(out), out->len);
			buf_clear(out);
		}
	}
	return status;
}

static int find_check(struct cli *cli, const char *id, const struct check **out)
{
	const char *names[n_checks];
	const char *near;

	*out = id ? check_find(id) : NULL;
	if (!id || *out)
		return 0;
	for (size_t i = 0; i < n_checks; i++)
		names[i] = checks[i]->id;
	near = nearest_name(id, names, n_checks);
	if (near)
		return cli_usage(cli, "probe", "unknown check '%s'; did you mean '%s'?", id, near);
	return cli_usage(cli, "probe", "unknown check '%s'; vtscope list checks names them", id);
}

/* The files of --from and, behind it, the operands. The caller frees (out). */
static int gather(struct cli *cli, const struct args *a, const char ***out, size_t *n)
{
	size_t n_from, n_operands;
	const char *const *from = args_values(a, "from", &n_from);
	const char *const *operands = args_operands(a, &n_operands);

	*n = n_from + n_operands;
	*out = NULL;
	if (n_operands && !n_from)
		return cli_usage(cli, "probe", "'%s': a recorded machine comes behind --from",
				 operands[0]);
	if (*n == 0)
		return 0;
	*out = calloc(*n, sizeof(**out));
	if (!*out)
		return EXIT_RUNTIME;
	memcpy(*out, from, n_from * sizeof(*from));
	if (n_operands)
		memcpy(*out + n_from, operands, n_operands * sizeof(*operands));
	return 0;
}

static enum format format_of(const char *name)
{
	enum format f = FORMAT_TEXT;

	while (strcmp(formats[f], name) != 0)
		f++;
	return f;
}

/* Formats of which a file holds one machine, and nothing else would be understood. */
static int check_formats(struct cli *cli, const struct request *r)
{
	bool single = r->format == FORMAT_TAP || r->format == FORMAT_PROM ||
		      r->format == FORMAT_NFD;

	if (r->n_from > 1 && single)
		return cli_usage(cli, "probe", "--format %s takes one machine", formats[r->format]);
	if (r->explain && r->format != FORMAT_TEXT)
		return cli_usage(cli, "probe", "--explain is text; --format json has every check");
	return 0;
}

/* NULL for standard output, however it was named. */
static const char *file_or_stdout(const char *name)
{
	return name && strcmp(name, "-") ? name : NULL;
}

static int run(struct cli *cli, const struct args *a)
{
	const char **from = NULL;
	struct buf out = BUF_INIT;
	struct request r = {
		.save = args_value(a, "save"),
		.output = file_or_stdout(args_value(a, "output")),
		.format = format_of(args_format(a)),
		.all = args_flag(a, "all"),
		.redact = args_flag(a, "redact"),
		.run_guest = !args_flag(a, "no-run"),
		.style = style_of(cli),
	};
	int status = find_check(cli, args_value(a, "explain"), &r.explain), rc;

	if (!status)
		status = cli_extension_check(cli, a, formats, OTHERS_BY_FORMAT);

	if (!status)
		status = gather(cli, a, &from, &r.n_from);
	if (!status)
		status = check_formats(cli, &r);
	if (!status && r.save && r.n_from > 1)
		status = cli_usage(cli, "probe", "--save takes one machine");
	if (!status) {
		r.from = from;
		status = r.n_from ? probe_recorded(cli, &r, &out) : probe_live(cli, &r, &out);
		/* Half of the answers are no answer. */
		rc = out.len && status != EXIT_INTERRUPTED ? cli_write_buf(cli, r.output, &out) :
							     EXIT_OK;
		status = rc ? rc : status;
	}
	buf_free(&out);
	free(from);
	return status;
}

static const struct opt opts[] = {
	{ .name = "format",
	  .arg = "FORMAT",
	  .choices = formats,
	  .help = "what to write",
	  .more = "tap is for test harnesses: what keeps guests from running fails. prom is for the "
		  "folder of node_exporter's textfile collector, nfd for the folder features.d of "
		  "Node Feature Discovery; write both with -o, which renames a finished file. "
		  "oneline is the same on machines that are the same, so that clush -b and the like "
		  "can group by it; of several machines each line begins with its file." },
	{ .name = "from",
	  .arg = "FILE",
	  .repeatable = true,
	  .complete = COMPLETE_FILE,
	  .help = "judge a recorded machine; - is stdin",
	  .more = "FILE is told by its content: what --save wrote; dumps of CPUID and MSRs by "
		  "libcpuid, cpuid -r, AIDA64 and InstLatx64; ACPI tables as they are or as acpidump "
		  "prints them; or a folder with a machine's proc, sys and dev. vtscope list formats "
		  "names them all. Nothing of this machine is looked at, and what a dump does not "
		  "hold is unknown. Several files may follow; with --format json each gives one "
		  "document on a line of its own, and a file that cannot be read does not stop the "
		  "rest.\n\n"
		  "In a folder only plain files are read. dev/cpu/N/cpuid may hold what cpuid -r "
		  "prints, dev/cpu/N/msr a number and a value in hexadecimal a line; or binary "
		  "values, leaf L at byte 16 * L and MSR M at byte 8 * M." },
	{ .name = "save",
	  .arg = "FILE",
	  .complete = COMPLETE_FILE,
	  .help = "keep everything that was read in FILE",
	  .more = "FILE is text and can be judged elsewhere with --from." },
	{ .name = "redact",
	  .help = "drop boot parameters and identifiers that may name the owner",
	  .more = "Serial numbers and host names are never collected; this also drops boot "
		  "parameters that say nothing of virtualization, and control group names." },
	{ .name = "no-run", .help = "create a VM but run no guest in it" },
	{ .name = "explain",
	  .arg = "CHECK",
	  .complete = COMPLETE_CHECK,
	  .help = "what CHECK reads, means and says here" },
	{ .name = "all", .help = "add every record to the JSON" },
	{ 0 }
};

const struct exit_doc verdict_exits[] = {
	{ 0, "usable: a guest ran, with --no-run a VM was created; or capable: a recorded "
	     "processor has VT and nothing says that it is off" },
	{ 1, "run-time failure, said on stderr; of several recorded machines one could not be "
	     "read" },
	{ 2, "usage" },
	{ 10, "unsupported: the processor has no VT" },
	{ 11, "firmware-disabled: VT is there, firmware or the kernel has locked it off" },
	{ 12, "hidden: an outer hypervisor hides VT" },
	{ 13, "no-driver: no kernel driver serves KVM" },
	{ 14, "no-permission: /dev/kvm may not be opened" },
	{ 15, "busy: another hypervisor holds VT" },
	{ 16, "unknown: cannot be told with these privileges" },
	{ 17, "no-device: the driver is there, /dev/kvm is not" },
	{ 0, NULL }
};

const struct cmd cmd_probe = {
	.name = "probe",
	.operands = "[FILE...]",
	.min_operands = 0,
	.max_operands = 100000,
	.complete = COMPLETE_FILE,
	.summary = "find out what virtualization this machine has, and what is in its way",
	.description =
		"Reads CPUID on every CPU, the MSRs that /dev/cpu/N/msr lets be read, what the "
		"kernel tells in /proc and /sys, and asks /dev/kvm; then it runs a guest of ten "
		"instructions, which is the only final proof. From that it says apart what the "
		"processor has, what firmware has left on, what an outer hypervisor hides, which "
		"driver serves KVM, whether you may use it and whether another hypervisor holds "
		"it.\n\n"
		"Nothing is changed: no MSR is written, no module is loaded, no program is run. "
		"What could not be read is said to be unknown, never to be absent. Root sees "
		"more (MSRs, the kernel's log) but is not needed.\n\n"
		"A guest that ran gives status 0, whatever else is true. A KVM without hardware "
		"VT (kvm_pvm) says so in the first line.",
	.examples =
		"vtscope probe\n  the verdict and every check\n"
		"vtscope probe --format json | jq .verdict.status\n  for scripts, which may as "
		"well use the exit status\n"
		"vtscope probe --explain firmware.vmx\n  how that is found out, and what was "
		"found here\n"
		"vtscope probe --save machine.snap --redact\n  everything that was read, to "
		"send\n"
		"clush -ab vtscope probe --format oneline\n  which machines of a cluster "
		"differ?\n"
		"vtscope probe -o /var/lib/prometheus/node-exporter/vtscope.prom\n  for "
		"monitoring, from a timer\n"
		"vtscope probe --from machine.snap\n  the verdict on a machine that is "
		"elsewhere\n"
		"vtscope probe --format json --from dumps/*.txt | jq -r .verdict.status | sort | uniq -c\n"
		"  which processors of a collection have VT\n",
	.opts = opts,
	.exits = verdict_exits,
	.run = run,
};
