/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtscope doctor: is this machine quiet enough to measure on? */
#include <errno.h>
#include <string.h>

#include "bench/topology.h"
#include "cli/cmd.h"
#include "cli/machine.h"
#include "common/json.h"
#include "probe/collect.h"
#include "probe/doctor.h"

#define LOOK_FOR 1.0	/* seconds */

static const char *const formats[] = { "text", "json", "tap", NULL };

/* Appends (d) as it was asked for. 0 or -ENOMEM. */
static int answer(const struct cli *cli, const struct doctor *d, const char *format, struct buf *out)
{
	const struct render_style style = { .colour = cli->colour, .utf8 = cli->utf8, .columns = cli->columns };

	if (!strcmp(format, "text")) {
		doctor_text(d, &style, out);
		return buf_error(out);
	}
	if (!strcmp(format, "tap")) {
		doctor_tap(d, out);
		return buf_error(out);
	}
	buf_put_document(out, doctor_document(d), JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	return buf_error(out);
}

static int examine(struct cli *cli, struct machine *m, int cpu, struct doctor *d, struct err *e)
{
	struct snapshot look;
	int rc;

	snapshot_init(&look);
	/* The trial guest would be a load of our own. */
	cli_progress(cli, 0, LOOK_FOR, "looking at the machine");
	rc = machine_look(m, false, false, e);
	if (rc == 0)
		rc = doctor_look(&look, cpu, LOOK_FOR, e);
	if (rc == 0 && doctor_judge(d, &m->snapshot, &look) < 0)
		rc = err_set(e, ENOMEM, "out of memory");
	snapshot_free(&look);
	cli_progress(cli, -1, 0, NULL);
	return rc;
}

static int run(struct cli *cli, const struct args *a)
{
	const char *list = args_value(a, "cpu");
	struct machine m = { 0 };
	struct doctor d = { 0 };
	struct buf out = BUF_INIT;
	struct err e = { 0 };
	int cpu = -1, rc = cli_extension_check(cli, a, formats, OTHERS_BY_FORMAT);

	if (rc)
		return rc;
	if (list && topology_cpu(list, &cpu, &e) < 0)
		return cli_usage(cli, "doctor", "--cpu: %s", e.text);
	if (!list)
		cpu = topology_choose();
	rc = examine(cli, &m, cpu, &d, &e);
	if (rc == 0 && answer(cli, &d, args_format(a), &out) < 0)
		rc = err_set(&e, ENOMEM, "out of memory");
	if (rc < 0) {
		cli_error(cli, &e);
		rc = cli_status(rc);
	} else {
		rc = cli_write_buf(cli, args_value(a, "output"), &out);
	}
	buf_free(&out);
	doctor_free(&d);
	machine_free(&m);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "format", .arg = "FORMAT", .choices = formats, .help = "what to write",
	  .more = "In tap a warning is a test that fails, and what cannot be seen one that is skipped." },
	{ .name = "cpu", .arg = "LIST", .help = "to measure on the first CPU of LIST, like 2 or core:1",
	  .more = "As of 'vtscope bench', which chooses the same CPU where none is named." },
	{ 0 }
};

static const struct exit_doc exits[] = {
	{ EXIT_OK, "the machine was examined, whatever was found" },
	{ 0, NULL }
};

const struct cmd cmd_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "is this machine quiet enough to measure on?",
	.description =
		"Looks at how the machine is set (governor, turbo, idle states, isolation, clock source, memory, mitigations, "
		"KVM's polling) and watches its counters for a second (load, interrupts, steal time, throttling by control "
		"groups, SMIs). Each check says PASS, WARN with the reason and the command that helps, or UNKNOWN: what a "
		"virtual machine cannot see of its host is never a warning.\n\n"
		"The score is 100 less the weights of all warnings. Nothing is changed; what you change is yours to undo. "
		"'vtscope bench' keeps the same findings in its result.",
	.examples =
		"vtscope doctor\n  what to change before a measurement that counts\n"
		"vtscope doctor --format json | jq .score\n  for scripts\n"
		"vtscope doctor --format tap -o doctor.tap\n  for test harnesses\n",
	.opts = opts,
	.exits = exits,
	.run = run,
};
