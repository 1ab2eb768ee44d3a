/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine exec: its command and files, and a stranger that dies, hangs, floods or will not end. Strangers are shell
 * commands; where one has to boot first it is QEMU's translator.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "common/interrupt.h"
#include "minivmm/engine.h"
#include "minivmm/exec/exec.h"
#include "tests/engine/watch.h"
#include "tests/unit/tap.h"

#define QEMU	"qemu-system-x86_64 -nodefaults -no-user-config -display none -m 160 -accel tcg -kernel {image} "
#define BUDGET_TICKS 3000000u

/* ---- the command ---- */

static void test_command(void)
{
	static const struct { const char *text, *filled, *program; } good[] = {
		{ "vmm {image}", "vmm /d/image.elf", "vmm" },
		{ "/opt/x/vmm -k={image} --serial file={serial},x=1", "/opt/x/vmm -k=/d/image.elf --serial file=/d/serial,x=1", "vmm" },
		{ "A=1 B=x/y exec ./run.sh {iso}{iso}", "A=1 B=x/y exec ./run.sh /d/image.iso/d/image.iso", "run.sh" },
		{ "f() { x; }; f ${image} {image} {a,b} {A} {} {image", "f() { x; }; f ${image} /d/image.elf {a,b} {A} {} {image", "f__" },
	};
	static const char *const bad[] = { "", "vmm", "vmm {serial}", "vmm {image} {kernel}", "vmm {imag} {iso}", "vmm ${image}" };
	const struct exec_paths paths = { "/d", "/d/image.elf", "/d/image.iso", "/d/serial" };
	struct exec_command c;
	struct err e;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct buf out = BUF_INIT;

		CU_ASSERT_FATAL(exec_command_parse(good[i].text, &c, &e) == 0);
		exec_command_fill(&c, &paths, &out);
		CU_ASSERT_STRING_EQUAL(buf_str(&out), good[i].filled);
		CU_ASSERT_STRING_EQUAL(c.program, good[i].program);
		buf_free(&out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT(exec_command_parse(bad[i], &c, &e) == -EINVAL);
		CU_ASSERT(!strncmp(e.text, "--exec: ", 8) && !strchr(e.text, '\n'));
	}
}

static void test_long_command(void)
{
	char *text = malloc(EXEC_COMMAND_MAX + 32);
	struct exec_command c;
	struct err e;

	memset(text, 'x', EXEC_COMMAND_MAX + 16);
	strcpy(text + EXEC_COMMAND_MAX + 16, " {image}");
	CU_ASSERT(exec_command_parse(text, &c, &e) == -EINVAL);
	text[EXEC_COMMAND_MAX - 8] = 0;
	strcat(text, " {image}");
	CU_ASSERT(exec_command_parse(text, &c, &e) == 0);
	free(text);
}

/* ---- files ---- */

static void test_plan(void)
{
	size_t n = (size_t)(boot_image_end - boot_image);
	unsigned char *image = malloc(2 * n);
	char line[GUEST_GIVEN_BYTES + 1];
	struct guest_given *given;
	struct err e;

	memcpy(image, boot_image, n);
	CU_ASSERT_FATAL(exec_plan_put(image, n, "rows=1,2,3", &e) == 0);
	CU_ASSERT(exec_plan_put(image, n, "rows=7", &e) == 0);	/* nothing stays of a longer one before */
	given = memmem(image, n, GUEST_GIVEN_MAGIC, sizeof(given->magic));
	CU_ASSERT_PTR_NOT_NULL_FATAL(given);
	CU_ASSERT_STRING_EQUAL(given->line, "rows=7");
	CU_ASSERT(given->line[9] == 0);
	memset(line, 'x', sizeof(line));
	line[GUEST_GIVEN_BYTES] = 0;
	CU_ASSERT(exec_plan_put(image, n, line, &e) == -E2BIG);
	line[GUEST_GIVEN_BYTES - 1] = 0;
	CU_ASSERT(exec_plan_put(image, n, line, &e) == 0);
	CU_ASSERT(exec_plan_put(image, (size_t)((unsigned char *)given - image) + 100, "x", &e) == -EINVAL);
	CU_ASSERT(exec_plan_put(image, 1000, "x", &e) == -EINVAL);
	memcpy(image + n, boot_image, n);
	CU_ASSERT(exec_plan_put(image, 2 * n, "x", &e) == -EINVAL);
	free(image);
}

struct told { char text[200]; size_t n; };

static void on_bytes(void *ctx, const char *bytes, size_t n)
{
	struct told *t = ctx;

	for (size_t i = 0; i < n && t->n < sizeof(t->text) - 1; i++)
		t->text[t->n++] = bytes[i];
	t->text[t->n] = 0;
}

static void write_to(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	CU_ASSERT_FATAL(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void test_tail(void)
{
	struct told t = { .n = 0 };
	const struct sink s = { .ctx = &t, .console = on_bytes };
	struct exec_tail tail;
	struct exec_paths p;
	struct err e;

	CU_ASSERT_FATAL(exec_folder_make(&p, &e) == 0);
	exec_tail_open(&tail);
	CU_ASSERT(exec_tail_take(&tail, p.serial, 8, &s, &e) == 0 && t.n == 0);	/* not there yet */
	write_to(p.serial, 0, "abc");
	CU_ASSERT(exec_tail_take(&tail, p.serial, 8, &s, &e) == 0);
	write_to(p.serial, O_APPEND, "def");
	CU_ASSERT(exec_tail_take(&tail, p.serial, 8, &s, &e) == 0);
	write_to(p.serial, O_TRUNC, "g");			/* begun anew */
	CU_ASSERT(exec_tail_take(&tail, p.serial, 8, &s, &e) == 0);
	unlink(p.serial);
	CU_ASSERT(exec_tail_take(&tail, p.serial, 8, &s, &e) == 0);
	write_to(p.serial, 0, "hi");				/* another file of that name */
	CU_ASSERT(exec_tail_take(&tail, p.serial, 8, &s, &e) == 0);
	CU_ASSERT_STRING_EQUAL(t.text, "abcdefghi");
	exec_tail_close(&tail);
	CU_ASSERT(exec_file_put(p.serial, "x", 1, &e) == -EEXIST);
	exec_folder_remove(&p);
	exec_folder_remove(&p);
	CU_ASSERT(!p.dir[0]);
}

/* What is in $TMPDIR comes into a command for a shell. */
static void test_folder(void)
{
	char *before = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
	struct exec_paths p;
	struct err e;

	setenv("TMPDIR", "/tmp/$(touch x) y", 1);
	CU_ASSERT_FATAL(exec_folder_make(&p, &e) == 0);
	CU_ASSERT(!strncmp(p.dir, "/tmp/vtscope-exec-", 18));
	exec_folder_remove(&p);
	setenv("TMPDIR", "/nowhere/at/all", 1);
	CU_ASSERT(exec_folder_make(&p, &e) == -EIO && strstr(e.text, "/nowhere/at/all"));
	if (before)
		setenv("TMPDIR", before, 1);
	else
		unsetenv("TMPDIR");
	free(before);
}

/* ---- strangers ---- */

static struct guest_row rows[2];

static void rows_make(void)
{
	static const char *const names[] = { "exit.cpuid", "nano.call-ret" };

	for (size_t i = 0; i < 2; i++)
		rows[i] = (struct guest_row){ .op = (uint32_t)(op_find(names[i]) - ops), .budget = BUDGET_TICKS,
					      .max_samples = 64, .min_samples = 8 };
}

static unsigned ended;

static void on_record(void *ctx, const struct guest_record *r, const void *payload)
{
	(void)ctx;
	(void)payload;
	ended += r->type == RECORD_ROW_END;
}

static bool nothing_left(void)
{
	const char *tmp = getenv("TMPDIR");
	DIR *d = opendir(tmp ? tmp : "/tmp");
	struct dirent *f;
	bool left = waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;

	while (d && (f = readdir(d)))
		left |= !strncmp(f->d_name, "vtscope-exec-", 13);
	if (d)
		closedir(d);
	return !left;
}

static int open_exec(const char *command, struct engine **en, struct err *e)
{
	const struct engine_config c = { .via = "auto", .exec = command };
	int rc;

	*e = (struct err){ 0 };
	rc = engine_exec.open(en, &c, e);
	CU_ASSERT(nothing_left());
	CU_ASSERT(rc == 0 || (e->text[0] && !strchr(e->text, '\n')));
	return rc;
}

static void expect_no_engine(const char *command, int code, const char *text)
{
	struct engine *en = NULL;
	struct err e;

	CU_ASSERT(open_exec(command, &en, &e) == -code);
	if (!strstr(e.text, text))
		tap_note("%s: %s", command, e.text);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, text));
}

static void test_no_engine(void)
{
	expect_no_engine(NULL, EINVAL, "needs --exec");
	expect_no_engine("vmm", EINVAL, "{image}");
	expect_no_engine("no-such-vmm {image}", EIO, "exit status 127");
	expect_no_engine("echo 'bad kernel' >&2; : {image}; exit 4", EIO, "(exit status 4) before the image did: bad kernel");
	expect_no_engine("echo VT1 is not all >{serial}; : {image}; kill -9 $$", EIO, "signal 9");
	expect_no_engine(": {image}; yes | head -c 300000; exit 3", EIO, "exit status 3");
}

static struct engine *open_qemu(const char *command)
{
	struct engine *en = NULL;
	struct buf path = BUF_INIT;
	struct err e;

	if (child_find("qemu-system-x86_64", &path) < 0) {
		tap_skip("no qemu-system-x86_64");
		return NULL;
	}
	buf_free(&path);
	if (open_exec(command, &en, &e) < 0)
		tap_note("%s", e.text);
	CU_ASSERT_PTR_NOT_NULL(en);
	return en;
}

static int launch(struct engine *en, unsigned deadline_ms, struct vm_stop *stop)
{
	const struct sink s = { .record = on_record };
	const struct launch l = { .rows = rows, .row_count = 2, .seed = 3, .cpu = -1, .deadline_ms = deadline_ms };
	struct err e = { 0 };
	int rc;

	ended = 0;
	rows_make();
	rc = engine_exec.launch(en, &l, &s, stop, &e);
	if (rc < 0)
		tap_note("%s", e.text);
	CU_ASSERT(nothing_left());
	return rc;
}

static void test_whole(void)
{
	static const char *const commands[] = { QEMU "-serial file:{serial}", QEMU "-serial stdio",
						"trap 'exit 0' TERM; " QEMU "-serial stdio & wait $!" };
	struct vm_stop stop;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct engine *en = open_qemu(commands[i]);

		if (!en)
			return;
		CU_ASSERT(launch(en, 60000, &stop) == 0 && stop.kind == VM_STOP_EXIT && stop.status == 0 && ended == 2);
		CU_ASSERT(engine_exec.info(en)->provenance == PROVENANCE_EMULATED);
		CU_ASSERT(engine_exec.info(en)->boot_seconds > 0 && !engine_exec.info(en)->counts_exits);
		CU_ASSERT_STRING_EQUAL(engine_exec.info(en)->via, "exec");
		engine_exec.close(en);
	}
}

/* Boots once, and then does (then). */
static void after_one_boot(const char *then, unsigned deadline_ms, enum vm_stop_kind kind, const char *text)
{
	char mark[] = "/tmp/vtscope-mark-XXXXXX", command[600];
	int fd = mkstemp(mark);
	struct vm_stop stop;
	struct engine *en;

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command), "if [ -e %s ]; then rm %s; exec " QEMU "-serial file:{serial}; fi; %s", mark, mark,
		 then);
	en = open_qemu(command);
	if (en) {
		CU_ASSERT(launch(en, deadline_ms, &stop) == 0);
		if (stop.kind != kind || !strstr(stop.text, text))
			tap_note("%s: %s: %s", then, vm_stop_name(stop.kind), stop.text);
		CU_ASSERT(stop.kind == kind && strstr(stop.text, text) && ended == 0 && stop.row == 2);
		engine_exec.close(en);
	}
	unlink(mark);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void test_broken(void)
{
	double start;

	after_one_boot("echo 'out of memory' >&2; exit 9", 10000, VM_STOP_CARRIER, "(exit status 9) before the image did: out of");
	after_one_boot("kill -SEGV $$", 10000, VM_STOP_CARRIER, "signal 11");
	after_one_boot("sleep 60", 300, VM_STOP_DEADLINE, "still ran");
	after_one_boot("yes >{serial}", 300, VM_STOP_DEADLINE, "still ran");
	after_one_boot("yes >&2", 300, VM_STOP_DEADLINE, "still ran");
	start = now();
	after_one_boot("trap '' TERM; while :; do sleep 0.05; done", 300, VM_STOP_DEADLINE, "still ran");
	CU_ASSERT(now() - start < 20);
}

/* A folder that cannot be written to is an error, not a launch. */
static void test_no_room(void)
{
	struct engine *en = open_qemu(QEMU "-serial file:{serial}");
	char *before = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
	const struct launch l = { .rows = rows, .row_count = 2, .cpu = -1, .deadline_ms = 1000 };
	const struct sink s = { .record = on_record };
	struct vm_stop stop;
	struct err e = { 0 };

	if (!en)
		return;
	setenv("TMPDIR", "/nowhere", 1);
	CU_ASSERT(engine_exec.launch(en, &l, &s, &stop, &e) == -EIO && strstr(e.text, "/nowhere"));
	if (before)
		setenv("TMPDIR", before, 1);
	else
		unsetenv("TMPDIR");
	free(before);
	engine_exec.close(en);
}

static const struct tap_test tests[] = {
	{ "the command and its placeholders", test_command },
	{ "a command that is too long", test_long_command },
	{ "the plan in the image's file", test_plan },
	{ "a serial port's file that grows, begins anew, is another", test_tail },
	{ "the folder of a launch", test_folder },
	{ "commands that boot nothing say why", test_no_engine },
	{ "QEMU as the stranger", test_whole },
	{ "a stranger that dies, hangs, floods, will not end", test_broken },
	{ "no room for the image", test_no_room },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("engine exec", tests);
}
