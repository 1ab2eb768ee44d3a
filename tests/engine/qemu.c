/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU that is missing, too old, broken, silent, or that dies: each has its error, and nothing is left of it.
 * The programs in its place are shell scripts of a few lines; only two tests need the real one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fileio.h"
#include "minivmm/qemu/qemu.h"
#include "tests/engine/watch.h"
#include "tests/unit/tap.h"

#define SAY_VERSION	"if [ \"$1\" = --version ]; then echo 'QEMU emulator version 7.2.0 (fake)'; exit 0; fi\n"

static char script[64];		/* the fake, in a directory of its own */

static void fake(const char *body)
{
	struct buf text = BUF_INIT;
	struct err e;

	buf_printf(&text, "#!/bin/sh\n%s", body);
	CU_ASSERT_EQUAL_FATAL(file_write(script, text.data, text.len, &e), 0);
	CU_ASSERT_EQUAL_FATAL(chmod(script, 0700), 0);
	buf_free(&text);
}

/* Opens the engine with the fake; what it says. 0 when it opened. */
static int open_with(const char *program, struct engine **out, struct err *e)
{
	const struct engine_config config = { .via = "auto", .qemu = program };
	int rc;

	memset(e, 0, sizeof(*e));
	rc = engine_tcg.open(out, &config, e);
	if (rc < 0)
		tap_note("%s", e->text);
	CU_ASSERT(rc == 0 || (e->code == -rc && !strchr(e->text, '\n')));
	CU_ASSERT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	return rc;
}

static void expect_refusal(const char *body, int code, const char *a, const char *b)
{
	struct engine *engine = NULL;
	struct err e;

	fake(body);
	CU_ASSERT_EQUAL(open_with(script, &engine, &e), -code);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, a));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, b));
}

static void test_missing(void)
{
	char *path = strdup(getenv("PATH"));
	struct engine *engine = NULL;
	struct err e;

	/* One that the user named must be there; that the machine has none is another matter. */
	unlink(script);
	CU_ASSERT_EQUAL(open_with(script, &engine, &e), -EIO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "there is no such program"));
	fake("");
	chmod(script, 0600);
	CU_ASSERT_EQUAL(open_with(script, &engine, &e), -EIO);
	setenv("PATH", "/nonexistent", 1);
	CU_ASSERT_EQUAL(open_with(NULL, &engine, &e), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "apt-get install qemu-system-x86"));
	setenv("PATH", path, 1);
	free(path);
}

static void test_version(void)
{
	expect_refusal("echo 'QEMU emulator version 2.11.1(Debian 1:2.11)'", EIO, "2.11.1", "too old");
	expect_refusal("echo 'cat (GNU coreutils) 9.1'", EIO, "coreutils", "no version of QEMU");
	expect_refusal("exit 0", EIO, "--version", "no version of QEMU");
	expect_refusal("echo 'libfdt.so.1: cannot open shared object file' >&2; exit 127", EIO, "127", "libfdt.so.1");
}

static void test_death_at_start(void)
{
	expect_refusal(SAY_VERSION "echo 'qemu-system-x86_64: -accel tcg: invalid accelerator' >&2; exit 1", EIO,
		       "invalid accelerator", "status 1");
	expect_refusal(SAY_VERSION "echo 'error: failed to set MSR 0x10a' >&2; kill -ABRT $$", EIO, "MSR 0x10a", "signal 6");
	expect_refusal(SAY_VERSION "exit 0", EIO, "status 0", "ended at its start");
}

/* The descriptor of the monitor, from "-chardev socket,id=qmp,fd=N". */
#define MONITOR	SAY_VERSION "for a; do case $a in socket,id=qmp,fd=*) fd=${a##*=};; esac; done\n"

static void test_monitor_nonsense(void)
{
	expect_refusal(MONITOR "eval \"echo 'SSH-2.0-OpenSSH_9.2' >&$fd\"; sleep 5", EIO, "does not speak QMP", "");
	expect_refusal(MONITOR "eval \"echo '[1, 2]' >&$fd\"; sleep 5", EIO, "does not speak QMP", "");
	expect_refusal(MONITOR "eval \"echo '{\\\"QMP\\\": {}}' >&$fd\"; exit 4", EIO, "status 4", "");
	expect_refusal(MONITOR "eval \"yes >&$fd\"", EIO, "does not speak QMP", "");
}

static void test_silence(void)
{
	const struct qemu_machine machine = { "none", "max" };
	const struct qemu_config config = { .program = script, .accel = "tcg", .machine = &machine, .mem_fd = -1,
					    .mem_bytes = 2u << 20, .image_fd = -1 };
	struct qemu_process p;
	struct err e = { 0 };

	fake("echo 'qemu-system-x86_64: thinking' >&2; sleep 60");
	CU_ASSERT_EQUAL(qemu_process_start(&p, &config, NULL, 300, &e), -ETIMEDOUT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "300 ms: thinking"));
	qemu_process_end(&p);
	qemu_process_end(&p);	/* twice is once */
	CU_ASSERT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

/* ---- ends, of a QEMU that is a script ---- */

/* (start) when it starts, (cont) when its guest does, (quit) when it is told to end; (regs) are its registers. */
static void fake_monitor(const char *start, const char *cont, const char *quit, const char *regs)
{
	struct buf body = BUF_INIT;

	buf_printf(&body, MONITOR "say() { eval \"printf '%%s\\\\n' '$1' >&$fd\"; }\n%s\nsay '{\"QMP\": {}}'\n"
		   "eval \"exec <&$fd\"\nwhile read -r line; do case $line in\n"
		   "*'\"cont\"'*) say '{\"return\": {}}'; %s;;\n*'\"quit\"'*) %s;;\n"
		   "*human*) say '{\"return\": \"%s\"}';;\n"
		   "*) say '{\"return\": {}}';;\nesac; done\n", start, cont, quit, regs);
	fake(buf_str(&body));
	buf_free(&body);
}

/* A guest on its own under the fake. */
static void fake_launch(struct vm_stop *stop, unsigned deadline_ms)
{
	static const struct qemu_machine machine = { "none", "max" };
	const struct launch l = { .cpu = -1, .deadline_ms = deadline_ms };
	struct qemu_run r = { .program = script, .accel = "tcg", .machine = &machine, .tsc_hz = TSC_HZ };
	const struct sink none = { 0 };
	struct err e = { 0 };

	memset(stop, 0xa5, sizeof(*stop));
	CU_ASSERT_EQUAL_FATAL(qemu_launch(&r, &l, &none, stop, &e), 0);
	tap_note("%s, %s: %s", vm_stop_name(stop->kind), stop->native, stop->text);
	CU_ASSERT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

#define WARN	"echo 'qemu-system-x86_64: warning: TCG does not know it' >&2"
#define EVENT(reason) "say '{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"" reason "\"}}'; " \
		      "say '{\"event\": \"STOP\"}'"

static void test_status_1(void)
{
	static const struct { const char *start, *cont, *quit; enum vm_stop_kind kind; int status; } ends[] = {
		{ ":", "exit 1", ":", VM_STOP_EXIT, 0 },
		{ WARN, "exit 1", ":", VM_STOP_EXIT, 0 },
		{ ":", WARN "; " WARN "; exit 1", ":", VM_STOP_EXIT, 0 },
		{ "echo 'pulse: no such sound' >&2", "exit 1", ":", VM_STOP_EXIT, 0 },
		{ WARN, WARN "; echo 'qemu-system-x86_64: no room left' >&2; exit 1", ":", VM_STOP_CARRIER, 0 },
		{ ":", "exit 4", ":", VM_STOP_CARRIER, 0 },
		/* As 9.1 and newer end. */
		{ ":", EVENT("guest-shutdown"), "exit 7", VM_STOP_EXIT, 3 },
		{ ":", EVENT("guest-shutdown"), "echo 'bye' >&2; exit 1", VM_STOP_EXIT, 0 },
		{ ":", EVENT("guest-shutdown"), "sleep 9", VM_STOP_CARRIER, 0 },
	};
	struct vm_stop stop;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		fake_monitor(ends[i].start, ends[i].cont, ends[i].quit, "");
		fake_launch(&stop, 5000);
		CU_ASSERT_EQUAL(stop.kind, ends[i].kind);
		CU_ASSERT_EQUAL(stop.status, ends[i].status);
		CU_ASSERT(i != 4 || strstr(stop.text, ": no room left"));
	}
}

static void test_reset_registers(void)
{
	static const char rest[] = "RBX=0 RCX=0 RDX=600 RSI=0 RDI=0 RBP=0 RSP=0 RFL=2 CR0=60000010 CR2=0 CR3=0 CR4=0";
	struct buf regs = BUF_INIT;
	struct vm_stop stop;

	for (int reset = 0; reset < 2; reset++) {
		buf_clear(&regs);
		buf_printf(&regs, "RAX=5 RIP=%s %s", reset ? "fff0" : "1234", rest);
		fake_monitor(":", EVENT("guest-reset"), ":", buf_str(&regs));
		fake_launch(&stop, 5000);
		CU_ASSERT_EQUAL(stop.kind, VM_STOP_SHUTDOWN);
		CU_ASSERT_EQUAL(stop.regs.valid, !reset);
		CU_ASSERT_EQUAL(strstr(stop.text, "KVM reset the processor") != NULL, reset);
	}
	buf_free(&regs);
}

/* Of output that never pauses, as /dev/zero's, a part is read at a time: without that this test has no end. */
static void test_flood(void)
{
	static const struct qemu_machine machine = { "none", "max" };
	const struct qemu_config config = { .program = script, .accel = "tcg", .machine = &machine, .mem_fd = -1,
					    .mem_bytes = 2u << 20, .image_fd = -1 };
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct qemu_process p;
	struct err e = { 0 };

	CU_ASSERT_FATAL(zero >= 0);
	fake_monitor(":", ":", "exit 1", "");
	CU_ASSERT_EQUAL_FATAL(qemu_process_start(&p, &config, NULL, 5000, &e), 0);
	alarm(20);
	CU_ASSERT_FATAL(dup2(zero, p.child.out) >= 0 && dup2(zero, p.child.err) >= 0);
	CU_ASSERT_EQUAL(qemu_process_run(&p, 5000, &e), 0);
	CU_ASSERT_EQUAL(qemu_process_poll(&p, &e), 0);
	alarm(0);
	qemu_process_end(&p);
	close(zero);
}

/* ---- with the real one behind the fake ---- */

static bool real_qemu(struct buf *path)
{
	if (child_find("qemu-system-x86_64", path) == 0)
		return true;
	tap_skip("qemu-system-x86_64 is not installed");
	return false;
}

static void test_death_at_launch(void)
{
	struct guest_row row = user_row();
	struct buf real = BUF_INIT, body = BUF_INIT;
	struct engine *engine = NULL;
	struct vm_stop stop;
	struct launch l;
	struct seen s;
	struct err e;

	if (!real_qemu(&real))
		return;
	buf_printf(&body, "for a; do if [ \"$a\" = -kernel ]; then echo 'no kernel today' >&2; exit 5; fi; done\n"
		   "exec %s \"$@\"\n", buf_str(&real));
	fake(buf_str(&body));
	CU_ASSERT_EQUAL_FATAL(open_with(script, &engine, &e), 0);
	l = launch_of(&row, 1, &s);
	CU_ASSERT_EQUAL(engine_tcg.launch(engine, &l, &(struct sink){ 0 }, &stop, &e), -EIO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "no kernel today"));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "status 5"));
	engine_tcg.close(engine);
	buf_free(&real);
	buf_free(&body);
}

/* Some builds have no microvm; pc boots the same image by another firmware. */
static void test_without_microvm(void)
{
	struct guest_row row = user_row();
	struct buf real = BUF_INIT, body = BUF_INIT;
	struct engine *engine = NULL;
	struct vm_stop stop;
	struct launch l;
	struct seen s;
	struct err e;

	if (!real_qemu(&real))
		return;
	buf_printf(&body, "case \"$*\" in *microvm*) echo 'unsupported machine type' >&2; exit 1;; esac\n"
		   "exec %s \"$@\"\n", buf_str(&real));
	fake(buf_str(&body));
	CU_ASSERT_EQUAL_FATAL(open_with(script, &engine, &e), 0);
	l = launch_of(&row, 1, &s);
	CU_ASSERT_EQUAL(launch_run(&engine_tcg, engine, &l, &s, &stop), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_EXIT);
	CU_ASSERT_EQUAL(s.ended, 1);
	engine_tcg.close(engine);
	buf_free(&real);
	buf_free(&body);
}

/* As the kernel's OOM killer does. */
static void kill_child(void *ctx, const struct guest_record *r, const void *payload)
{
	char path[64];
	int pid = 0;
	FILE *f;

	(void)ctx;
	(void)r;
	(void)payload;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (f && fscanf(f, "%d", &pid) == 1 && pid > 1)
		kill(pid, SIGKILL);
	if (f)
		fclose(f);
}

static void test_death_at_work(void)
{
	const struct sink sink = { .record = kill_child };
	struct guest_row row = endless_row();
	struct buf real = BUF_INIT;
	struct engine *engine = NULL;
	struct vm_stop stop;
	struct launch l;
	struct seen s;
	struct err e;

	if (!real_qemu(&real))
		return;
	CU_ASSERT_EQUAL_FATAL(open_with(buf_str(&real), &engine, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(engine_tcg.info(engine)->backend, "TCG"));
	l = launch_of(&row, 1, &s);
	s.long_chain = true;
	CU_ASSERT_EQUAL_FATAL(engine_tcg.launch(engine, &l, &sink, &stop, &e), 0);
	CU_ASSERT_EQUAL(stop.kind, VM_STOP_CARRIER);
	CU_ASSERT_STRING_EQUAL(stop.native, "signal 9");
	CU_ASSERT_EQUAL(stop.row, 0);
	engine_tcg.close(engine);
	buf_free(&real);
}

/* ---- the monitor protocol ---- */

static void test_registers(void)
{
	static const char wide[] =
		"\r\nCPU#0\r\nRAX=0000000000000001 RBX=1234567890abcdef RCX=0000000000000003 RDX=0000000000000004\r\n"
		"RSI=0000000000000005 RDI=0000000000000006 RBP=0000000000000007 RSP=0000000000000008\r\n"
		"R8 =0000000000000009 R9 =000000000000000a R10=000000000000000b R11=000000000000000c\r\n"
		"R12=000000000000000d R13=000000000000000e R14=000000000000000f R15=0000000000000010\r\n"
		"RIP=00000010004000b7 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
		"ES =0010 0000000000000000 ffffffff 00cf9300 DPL=0 DS   [-WA]\r\n"
		"CR0=80010033 CR2=0000000000000011 CR3=0000000000404000 CR4=00000020\r\n"
		"EFER=0000000000000500\r\n";
	static const char narrow[] =
		"EAX=2badb002 EBX=000f31e0 ECX=12345678 EDX=00000511\r\nESI=1 EDI=2 EBP=6 ESP=7b60\r\n"
		"EIP=0040000c EFL=00000206 [-----P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\nCR0=11 CR2=0 CR3=0 CR4=0\r\n";
	struct vm_regs r;
	bool halted;

	CU_ASSERT(qmp_parse_registers(wide, &r, &halted) && r.valid && halted);
	CU_ASSERT(r.gpr[0] == 1 && r.gpr[1] == 3 && r.gpr[3] == 0x1234567890abcdef && r.gpr[4] == 8);
	CU_ASSERT(r.gpr[8] == 9 && r.gpr[9] == 10 && r.gpr[15] == 16);
	CU_ASSERT(r.rip == 0x10004000b7 && r.rflags == 0x46 && r.cr0 == 0x80010033 && r.cr2 == 0x11);
	CU_ASSERT(r.cr3 == 0x404000 && r.cr4 == 0x20 && r.efer == 0x500);
	CU_ASSERT(qmp_parse_registers(narrow, &r, &halted) && r.valid);
	CU_ASSERT(r.gpr[0] == 0x2badb002 && r.rip == 0x40000c && r.gpr[8] == 0);
	CU_ASSERT_FALSE(halted);	/* interrupts are on: something may wake it */
	CU_ASSERT_FALSE(qmp_parse_registers("", &r, &halted) || r.valid || halted);
	CU_ASSERT_FALSE(qmp_parse_registers("RAX= RIP", &r, &halted) || r.valid);
	for (size_t n = 0; n < sizeof(wide) - 40; n++) {	/* up to CR4's value, none is whole */
		char *part = strndup(wide, n);

		CU_ASSERT_FALSE(qmp_parse_registers(part, &r, &halted) && r.gpr[15] == 0);
		free(part);
	}
}

static void test_messages(void)
{
	static const char text[] = "{\"event\": \"STOP\"}\r\n{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, "
				   "\"reason\": \"guest-reset\"}}\r\n{\"return\": {}}\r\n";
	json_t *msg = NULL;
	struct qmp q;
	struct err e;
	int peer, n = 0;

	CU_ASSERT_EQUAL_FATAL(qmp_open(&q, &peer, &e), 0);
	CU_ASSERT_EQUAL(qmp_next(&q, &msg), 0);
	/* A byte at a time: a message is one only when its line is whole. */
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		CU_ASSERT_EQUAL(write(peer, text + i, 1), 1);
		n += qmp_next(&q, &msg);
	}
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT(json_is_object(json_object_get(msg, "return")));
	CU_ASSERT(q.stopped);
	CU_ASSERT_STRING_EQUAL(q.shutdown, "guest-reset");
	json_decref(msg);
	close(peer);
	CU_ASSERT_EQUAL(qmp_next(&q, &msg), -EPIPE);
	CU_ASSERT(qmp_send(&q, "cont", NULL) < 0);	/* and no SIGPIPE */
	qmp_close(&q);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "missing: the package is named", test_missing },
		{ "too old, or no QEMU at all", test_version },
		{ "its death at the start is told in its words", test_death_at_start },
		{ "nonsense from the monitor is refused", test_monitor_nonsense },
		{ "silence ends by a deadline", test_silence },
		{ "a status of 1 is the guest's unless QEMU complained, warnings are none", test_status_1 },
		{ "registers of a processor that was reset are not told", test_reset_registers },
		{ "a flood of output is read in parts", test_flood },
		{ "its death at a launch is told in its words", test_death_at_launch },
		{ "without microvm pc takes its place", test_without_microvm },
		{ "its death at work ends the launch", test_death_at_work },
		{ "registers are read in both modes, damaged ones not", test_registers },
		{ "messages are taken whole, events kept", test_messages },
		{ 0 },
	};
	char dir[] = "/tmp/vtscope-qemu-XXXXXX";
	int status;

	if (!mkdtemp(dir)) {
		printf("Bail out! no directory in /tmp\n");
		return 1;
	}
	snprintf(script, sizeof(script), "%s/qemu", dir);
	status = tap_run("qemu", tests);
	unlink(script);
	rmdir(dir);
	return status;
}
