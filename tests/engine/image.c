/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engines of the boot image: what they owe their callers where Bochs and QEMU are, and a Bochs that is missing,
 * broken, silent, endless or too talkative. The programs in its place are shell scripts of a few lines.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/op.h"
#include "common/child.h"
#include "common/fileio.h"
#include "common/interrupt.h"
#include "minivmm/engine.h"
#include "tests/engine/watch.h"
#include "tests/unit/tap.h"

#define INSTRUCTIONS 300000u

static const char *const names[] = { "nano.call-ret", "exit.cpuid", "nano.divzero", "cpu.alu.u" };
#define ROWS (sizeof(names) / sizeof(names[0]))

static struct guest_row rows[ROWS];
static bool interrupt_at_begin;	/* the user stops it in its first row */

struct told {
	unsigned begun, ended, faults;
	uint64_t sum, samples, exits[ROWS], executions[ROWS];
	uint32_t at;
	unsigned pairs, pairs_exact;	/* of the first row: a CALL and a RET are two instructions */
	bool wrong;
};

static void on_record(void *ctx, const struct guest_record *r, const void *payload)
{
	struct told *t = ctx;

	if (r->type == RECORD_ROW_BEGIN) {
		t->wrong |= r->row != t->begun || strcmp(payload, ops[rows[r->row].op].name);
		t->begun++;
		if (interrupt_at_begin)
			raise(SIGINT);
	}
	t->wrong |= r->row + 1 != t->begun;
	if (r->type == RECORD_SINGLE)
		for (uint32_t i = 0; i < r->bytes / 8; i++, t->samples++)
			t->sum = t->sum * 31 + ((const uint64_t *)payload)[i];
	for (uint32_t i = 0; r->type == RECORD_DIFF && r->row == 0 && i < r->bytes / 16; i++, t->pairs++)
		t->pairs_exact += ((const uint64_t *)payload)[2 * i + 1] - ((const uint64_t *)payload)[2 * i] == 2 * r->arg;
	t->faults += r->type == RECORD_FAULT;
	if (r->type == RECORD_ROW_END) {
		t->executions[r->row] = ((const struct guest_row_end *)payload)->executions;
		t->ended++;
	}
}

static void on_counters(void *ctx, uint32_t row, bool begin, const struct engine_counters *c)
{
	struct told *t = ctx;

	t->exits[row] = begin ? 0 : c->exits;
}

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static bool no_children(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static int open_via(const char *engine, const char *via, struct engine **out, struct err *e)
{
	const struct engine_config config = { .via = via, .tsc_hz = TSC_HZ };
	int rc;

	memset(e, 0, sizeof(*e));
	rc = engine_find(engine)->open(out, &config, e);
	CU_ASSERT(no_children());
	CU_ASSERT(rc == 0 || (e->code == -rc && e->text[0] && !strchr(e->text, '\n')));
	return rc;
}

/* Skips the test where the carrier is not here. */
static struct engine *open_or_skip(const char *engine, const char *via)
{
	struct engine *en = NULL;
	struct err e;
	int rc = open_via(engine, via, &en, &e);

	if (rc == -ENOENT)
		tap_skip("%s", e.text);
	else if (rc < 0)
		tap_note("%s", e.text);
	CU_ASSERT(rc == 0 || rc == -ENOENT);
	return en;
}

static int launch(struct engine *en, const char *engine, uint64_t seed, unsigned deadline_ms, struct told *t,
		  struct vm_stop *stop)
{
	const struct sink s = { .ctx = t, .record = on_record, .counters = on_counters };
	const struct launch l = {
		.rows = rows, .row_count = ROWS, .seed = seed, .cpu = -1, .deadline_ms = deadline_ms,
		.row_deadline_ms = 20000,
	};
	struct err e = { 0 };
	int rc;

	*t = (struct told){ .at = 0 };
	rc = engine_find(engine)->launch(en, &l, &s, stop, &e);
	if (rc < 0 || (stop->kind != VM_STOP_EXIT && stop->kind != VM_STOP_DEADLINE))
		tap_note("%s: %s", rc < 0 ? "error" : vm_stop_name(stop->kind), rc < 0 ? e.text : stop->text);
	CU_ASSERT(no_children());
	return rc;
}

static void rows_make(void)
{
	for (size_t i = 0; i < ROWS; i++)
		rows[i] = (struct guest_row){ .op = (uint32_t)(op_find(names[i]) - ops), .budget = INSTRUCTIONS,
					      .max_samples = 64, .min_samples = 8 };
}

/* ---- where they are ---- */

static void info_check(const struct engine_info *i, bool monitor, const char *via)
{
	CU_ASSERT(i->provenance == PROVENANCE_EMULATED);
	CU_ASSERT_STRING_EQUAL(i->clock, "instructions");
	CU_ASSERT(!strncmp(i->via, via, strlen(via)));
	CU_ASSERT(i->counts_exits == monitor && i->exact_exits == monitor && !!(i->offers & ENGINE_MONITOR) == monitor);
	CU_ASSERT(!monitor == !i->n_steps && i->n_facts > 0);
	for (size_t k = 0; k < i->n_steps; k++) {
		if (!i->step[k].passed)
			tap_note("%s: %s, not %s", i->step[k].name, i->step[k].observed, i->step[k].expected);
		CU_ASSERT(i->step[k].passed);
	}
}

static void check_engine(const char *engine, const char *via)
{
	bool monitor = strcmp(engine, "native") != 0;
	unsigned files = open_files();
	struct engine *en = open_or_skip(engine, via);
	struct told first, second;
	struct vm_stop stop;

	if (!en)
		return;
	info_check(engine_find(engine)->info(en), monitor, via);
	rows_make();
	CU_ASSERT_FATAL(launch(en, engine, 5, 60000, &first, &stop) == 0);
	CU_ASSERT(stop.kind == VM_STOP_EXIT && stop.status == 0 && stop.row == ROWS);
	CU_ASSERT(first.begun == ROWS && first.ended == ROWS && !first.wrong && !first.faults && first.samples > 16);
	CU_ASSERT(first.pairs > 0 && first.pairs_exact == first.pairs);	/* its clock counts one tick an instruction */
	for (size_t i = 0; i < ROWS && monitor; i++)
		CU_ASSERT(first.exits[i] == (i == 1 ? first.executions[i] : 0));
	/* The same launch once more counts the same instructions. */
	CU_ASSERT(launch(en, engine, 5, 60000, &second, &stop) == 0);
	CU_ASSERT(second.sum == first.sum && second.samples == first.samples);
	engine_find(engine)->close(en);
	CU_ASSERT(open_files() == files);
}

static void test_vmx(void)
{
	check_engine("vmx", "bochs:corei7_skylake_x");
}

static void test_svm(void)
{
	check_engine("svm", "qemu:EPYC");
}

static void test_native(void)
{
	check_engine("native", "bochs");
}

/* (fn) in a child of its own, to which the user's Ctrl-C comes after (ms), 0: not so. A process never forgets one. */
static bool in_child(bool (*fn)(void), unsigned ms)
{
	int status = -1;
	pid_t pid, killer;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		interrupt_install();
		killer = ms ? fork() : -1;
		if (killer == 0) {
			nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000l }, NULL);
			kill(getppid(), SIGINT);
			_exit(0);
		}
		_exit(fn() ? 0 : 1);
	}
	CU_ASSERT(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool interrupted_launch(void)
{
	struct engine *en = NULL;
	struct vm_stop stop = { .kind = VM_STOP_EXIT };
	struct told t = { .at = 0 };
	const struct sink s = { .ctx = &t, .record = on_record };
	const struct launch l = { .rows = rows, .row_count = ROWS, .cpu = -1, .deadline_ms = 60000 };
	const struct engine_config config = { .via = "bochs", .tsc_hz = TSC_HZ };
	struct err e;

	interrupt_at_begin = true;
	for (size_t i = 0; i < ROWS; i++) {	/* seconds */
		rows[i].budget = 300ull * INSTRUCTIONS;
		rows[i].max_samples = 20000;
	}
	return engine_vmx.open(&en, &config, &e) == 0 && engine_vmx.launch(en, &l, &s, &stop, &e) == 0 &&
	       stop.kind == VM_STOP_INTERRUPTED &&
	       t.ended < ROWS;
}

static void test_ends(void)
{
	struct engine *en = open_or_skip("vmx", "bochs");
	struct launch l = { .rows = rows, .row_count = 0, .cpu = -1 };
	struct vm_stop stop;
	struct told t;
	struct err e;

	if (!en)
		return;
	rows_make();
	CU_ASSERT(launch(en, "vmx", 5, 1, &t, &stop) == 0 && stop.kind == VM_STOP_DEADLINE);
	CU_ASSERT(in_child(interrupted_launch, 0));
	/* Images and guests on their own are not for it. */
	CU_ASSERT(engine_vmx.launch(en, &l, &(struct sink){ 0 }, &stop, &e) == -EINVAL);
	l = (struct launch){ .rows = rows, .row_count = 1, .image = guest_image, .image_bytes = 10, .cpu = -1 };
	CU_ASSERT(engine_vmx.launch(en, &l, &(struct sink){ 0 }, &stop, &e) == -EINVAL);
	engine_vmx.close(en);
}

static void refused(const char *engine, const char *via, int code, const char *told)
{
	struct engine *en = NULL;
	struct err e;

	CU_ASSERT(open_via(engine, via, &en, &e) == -code);
	if (!strstr(e.text, told))
		tap_note("%s", e.text);
	CU_ASSERT(strstr(e.text, told) != NULL);
}

static void test_refused(void)
{
	struct engine *en = open_or_skip("vmx", "bochs");

	refused("vmx", "process", ENOTSUP, "ring 0");
	refused("kvm", "bochs", ENOTSUP, "process of this machine");
	refused("tcg", "qemu", ENOTSUP, "process of this machine");
	refused("vmx", "qemu", ENOTSUP, "has no VMX");
	refused("svm", "qemu:host", ENOTSUP, "gives its guests SVM");
	if (!en)
		return;
	engine_vmx.close(en);
	refused("vmx", "bochs:ryzen", ENOTSUP, "no VMX");
	refused("svm", "bochs:corei7_skylake_x", ENOTSUP, "no SVM");
	refused("vmx", "bochs:corei7_skylake", EINVAL, "did you mean");
}

/* ---- in Bochs's place ---- */

#define SAY_MODELS	"case $1 in --help) echo 'Supported CPU models:'; echo; echo corei7_skylake_x; " \
			"echo 'Bochs x86 Emulator 2.7' >&2; exit 1 ;; esac\n"

static char folder[] = "/tmp/vtscope-test.XXXXXX", old_path[4096];

static void fake(const char *body)
{
	struct buf text = BUF_INIT;
	char path[64], all[5000];
	struct err e;

	snprintf(path, sizeof(path), "%s/bochs", folder);
	buf_printf(&text, "#!/bin/sh\n%s", body);
	CU_ASSERT_EQUAL_FATAL(file_write(path, text.data, text.len, &e), 0);
	CU_ASSERT_EQUAL_FATAL(chmod(path, 0700), 0);
	buf_free(&text);
	snprintf(all, sizeof(all), "%s:%s", folder, old_path);
	setenv("PATH", all, 1);
}

static void test_fakes(void)
{
	struct buf bochs = BUF_INIT;
	bool here = child_find("bochs", &bochs) == 0;
	char path[64];

	buf_free(&bochs);
	if (!here) {
		tap_skip("bochs is missing: apt-get install bochs bochsbios vgabios");
		return;
	}
	snprintf(old_path, sizeof(old_path), "%s", getenv("PATH"));
	CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
	fake("exit 3\n");
	refused("vmx", "bochs", EIO, "says no version");
	fake("echo 'Bochs x86 Emulator 2.7'\n");
	refused("vmx", "bochs", EIO, "no processor models");
	fake(SAY_MODELS "echo VT1 and nothing else\n");
	refused("vmx", "bochs", EIO, "ended before the image did");
	fake(SAY_MODELS "echo no display >&2; exit 1\n");
	refused("vmx", "bochs", EIO, "no display");
	fake(SAY_MODELS "kill -9 $$\n");
	refused("vmx", "bochs", EIO, "did not come to its end");
	fake(SAY_MODELS "echo '1p[CPU0] >>PANIC<< exception(): 3rd (13) exception with no resolution' >/proc/self/fd/9 2>/dev/null; "
	     "for f in /proc/self/fd/*; do case $(readlink $f) in */memfd:vtscope-bochs-log*) "
	     "echo '1p[CPU0] >>PANIC<< exception(): 3rd (13) exception' >$f ;; esac; done\n");
	refused("vmx", "bochs", EIO, "3rd (13) exception");
	/* The engine of another plan than was asked for. */
	fake(SAY_MODELS "printf 'VT1 00000001.0 0 H engine svm dbc21242\\r\\n'\n");
	refused("vmx", "bochs", EIO, "");
	setenv("PATH", old_path, 1);
	snprintf(path, sizeof(path), "%s/bochs", folder);
	unlink(path);
	setenv("PATH", folder, 1);
	refused("vmx", "bochs", ENOENT, "apt-get install bochs");
	setenv("PATH", old_path, 1);
	rmdir(folder);
}

static bool interrupted_open(void)
{
	const struct engine_config config = { .via = "bochs", .tsc_hz = TSC_HZ };
	struct engine *en = NULL;
	struct err e;

	return engine_vmx.open(&en, &config, &e) == -EINTR;
}

/* One that floods its output, or says nothing, is ended by the deadline; here the user is quicker. */
static void test_endless(void)
{
	char path[64];

	if (!old_path[0]) {
		tap_skip("bochs is missing: apt-get install bochs bochsbios vgabios");
		return;
	}
	snprintf(folder, sizeof(folder), "/tmp/vtscope-test.XXXXXX");
	CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
	fake(SAY_MODELS "exec yes 'VT1 00000001.0 0 H engine vmx'\n");
	CU_ASSERT(in_child(interrupted_open, 300));
	fake(SAY_MODELS "exec sleep 1000\n");
	CU_ASSERT(in_child(interrupted_open, 300));
	setenv("PATH", old_path, 1);
	snprintf(path, sizeof(path), "%s/bochs", folder);
	unlink(path);
	rmdir(folder);
}

static const struct tap_test tests[] = {
	{ "vmx by Bochs: identity, self-test, rows, exact exits, the same again", test_vmx },
	{ "svm by QEMU: the same", test_svm },
	{ "native by Bochs: the same without a monitor", test_native },
	{ "deadline, interrupt, and what it does not take", test_ends },
	{ "carriers that cannot carry it say why", test_refused },
	{ "a Bochs that is broken", test_fakes },
	{ "a Bochs that does not end", test_endless },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("image engines", tests);
}
