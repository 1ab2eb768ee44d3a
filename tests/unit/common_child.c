/* SPDX-License-Identifier: GPL-2.0-or-later */
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

#include "common/child.h"
#include "common/interrupt.h"
#include "tests/unit/tap.h"

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void nap_ms(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* A process that is dead but not yet reaped (by an init that never does) counts as gone. */
static bool is_gone(pid_t pid)
{
	char path[40], line[200] = "";
	const char *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "r");
	if (!f)
		return true;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	state = strrchr(line, ')');
	return !state || state[2] == 'Z' || state[2] == 'X';
}

static bool goes_away(pid_t pid)
{
	for (int i = 0; i < 200 && !is_gone(pid); i++)
		nap_ms(10);
	return is_gone(pid);
}

static int run_sh(const char *script, unsigned deadline_ms, struct buf *out, struct buf *errout, struct err *e)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return child_run(argv, NULL, deadline_ms, out, errout, e);
}

static void test_find(void)
{
	struct buf path = BUF_INIT;
	char *old = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");

	CU_ASSERT(child_find("sh", &path) == 0);
	CU_ASSERT(path.len > 3 && !strcmp(buf_str(&path) + path.len - 3, "/sh"));
	buf_clear(&path);
	CU_ASSERT(child_find("no-such-program", &path) == -ENOENT);
	CU_ASSERT(child_find("", &path) == -ENOENT);
	CU_ASSERT(child_find("/bin/sh", &path) == 0);
	buf_clear(&path);
	CU_ASSERT(child_find("/etc/passwd", &path) == -ENOENT);
	CU_ASSERT(child_find("/bin", &path) == -ENOENT);
	/* An empty element would be the current directory. */
	CU_ASSERT(chdir("/bin") == 0);
	setenv("PATH", "::/nonexistent:", 1);
	CU_ASSERT(child_find("sh", &path) == -ENOENT);
	setenv("PATH", "", 1);
	CU_ASSERT(child_find("sh", &path) == -ENOENT);
	CU_ASSERT(path.len == 0);
	setenv("PATH", old, 1);
	free(old);
	buf_free(&path);
}

static void test_run(void)
{
	struct buf out = BUF_INIT, errout = BUF_INIT;
	struct err e = { 0 };

	CU_ASSERT(run_sh("echo hello; echo trouble >&2", 10000, &out, &errout, &e) == 0);
	CU_ASSERT_STRING_EQUAL(buf_str(&out), "hello\n");
	CU_ASSERT_STRING_EQUAL(buf_str(&errout), "trouble\n");
	/* Its input is empty, not ours. */
	CU_ASSERT(run_sh("cat", 10000, NULL, NULL, &e) == 0);
	CU_ASSERT(run_sh("echo first >&2; echo second >&2; exit 3", 10000, NULL, NULL, &e) == -EIO);
	CU_ASSERT(strstr(e.text, "status 3: first") && !strstr(e.text, "second"));
	CU_ASSERT(run_sh("kill -SEGV $$", 10000, NULL, NULL, &e) == -EIO);
	CU_ASSERT(strstr(e.text, "signal 11") != NULL);
	buf_free(&out);
	buf_free(&errout);
}

static void test_not_started(void)
{
	const char *const missing[] = { "no-such-program", NULL };
	const char *const directory[] = { "/tmp", NULL };
	struct err e = { 0 };
	struct child c;
	int status;

	CU_ASSERT(child_start(&c, missing, NULL, true, &e) == -ENOENT);
	CU_ASSERT(strstr(e.text, "no-such-program") != NULL);
	CU_ASSERT(c.pid == 0 && c.out == -1 && c.err == -1);
	CU_ASSERT(child_poll(&c, &status) == -ECHILD);
	child_end(&c);
	CU_ASSERT(child_start(&c, directory, NULL, true, &e) == -ENOENT);
}

/* An executable file that the kernel will not run: the errno of exec comes back through the fork. */
static void test_exec_error(void)
{
	char name[] = "/tmp/vtscope-child.XXXXXX";
	const char *const argv[] = { name, NULL };
	int fd = mkstemp(name);
	struct err e = { 0 };
	struct child c;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(write(fd, "\x7f" "ELF nonsense", 13) == 13);
	fchmod(fd, 0700);
	close(fd);
	CU_ASSERT(child_start(&c, argv, NULL, true, &e) == -ENOEXEC);
	CU_ASSERT(strstr(e.text, name) != NULL);
	CU_ASSERT(c.pid == 0);
	unlink(name);
}

static void test_environment(void)
{
	const char *const argv[] = { "sh", "-c", "echo $ONE $TWO; env | grep -c ^ONE=", NULL };
	const char *const extra[] = { "ONE=1", "TWO=2", NULL };
	struct buf out = BUF_INIT;

	setenv("ONE", "before", 1);
	CU_ASSERT(child_run(argv, extra, 10000, &out, NULL, NULL) == 0);
	CU_ASSERT_STRING_EQUAL(buf_str(&out), "1 2\n1\n");
	unsetenv("ONE");
	buf_free(&out);
}

/* A child must not inherit that we ignore or block signals. */
static void test_signals_reset(void)
{
	struct buf out = BUF_INIT;
	sigset_t set, old;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	CU_ASSERT(run_sh("grep -E '^Sig(Blk|Ign)' /proc/self/status", 10000, &out, NULL, NULL) == 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	CU_ASSERT(strstr(buf_str(&out), "SigBlk:\t0000000000000000") != NULL);
	CU_ASSERT(strstr(buf_str(&out), "SigIgn:\t0000000000001000") == NULL);
	buf_free(&out);
}

static void test_deadline(void)
{
	struct err e = { 0 };
	double start = seconds();

	CU_ASSERT(run_sh("sleep 60", 200, NULL, NULL, &e) == -ETIMEDOUT);
	CU_ASSERT(run_sh("trap '' TERM INT HUP; while :; do sleep 1; done", 200, NULL, NULL, &e) == -ETIMEDOUT);
	/* One that writes without an end. */
	CU_ASSERT(run_sh("while :; do echo x >&2; done", 200, NULL, NULL, &e) == -ETIMEDOUT);
	CU_ASSERT(strstr(e.text, "200 ms") != NULL);
	CU_ASSERT(seconds() - start < 20);
}

/* The child ends, what it left behind holds the pipes: we neither wait for it nor let it live. */
static void test_left_behind(void)
{
	struct buf out = BUF_INIT;
	double start = seconds();
	long pid;

	CU_ASSERT(run_sh("sleep 60 & echo $!", 30000, &out, NULL, NULL) == 0);
	CU_ASSERT(seconds() - start < 20);
	pid = atol(buf_str(&out));
	CU_ASSERT_FATAL(pid > 1);
	CU_ASSERT(goes_away((pid_t)pid));
	buf_free(&out);
}

static void test_output_limit(void)
{
	struct buf out = BUF_INIT, errout = BUF_INIT;
	struct err e = { 0 };

	CU_ASSERT(run_sh("head -c 1048576 /dev/zero", 30000, &out, NULL, &e) == 0);
	CU_ASSERT(out.len == 1 << 20);
	buf_clear(&out);
	CU_ASSERT(run_sh("head -c 1048577 /dev/zero", 30000, &out, NULL, &e) == -EFBIG);
	CU_ASSERT(run_sh("head -c 3000000 /dev/zero >&2", 30000, NULL, &errout, &e) == 0);
	CU_ASSERT(errout.len == 1 << 20);
	buf_free(&out);
	buf_free(&errout);
}

static void test_poll_and_end(void)
{
	const char *const sleeper[] = { "sleep", "60", NULL };
	const char *const status7[] = { "sh", "-c", "exit 7", NULL };
	struct child c;
	int status = 0, ended = 0;
	pid_t pid;

	CU_ASSERT(child_start(&c, sleeper, NULL, false, NULL) == 0);
	pid = c.pid;
	CU_ASSERT(c.out == -1 && c.err >= 0);
	CU_ASSERT(fcntl(c.err, F_GETFD) & FD_CLOEXEC);
	CU_ASSERT(fcntl(c.err, F_GETFL) & O_NONBLOCK);
	CU_ASSERT(getpgid(pid) == pid);
	CU_ASSERT(child_poll(&c, &status) == 0);
	child_end(&c);
	CU_ASSERT(kill(pid, 0) < 0 && errno == ESRCH);
	child_end(&c);
	CU_ASSERT(c.pid == 0 && c.err == -1);

	CU_ASSERT(child_start(&c, status7, NULL, true, NULL) == 0);
	for (int i = 0; i < 1000 && !ended; i++) {
		ended = child_poll(&c, &status);
		nap_ms(5);
	}
	CU_ASSERT(ended == 1 && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	/* Still there to be asked again. */
	CU_ASSERT(child_poll(&c, &status) == 1);
	child_end(&c);
}

static void test_dies_with_us(void)
{
	const char *const argv[] = { "sleep", "60", NULL };
	pid_t middle, sleeper = 0;
	int fds[2];

	CU_ASSERT_FATAL(pipe(fds) == 0);
	middle = fork();
	if (middle == 0) {
		struct child c;

		if (child_start(&c, argv, NULL, false, NULL) < 0)
			_exit(1);
		if (write(fds[1], &c.pid, sizeof(c.pid)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	CU_ASSERT(read(fds[0], &sleeper, sizeof(sleeper)) == (ssize_t)sizeof(sleeper));
	close(fds[0]);
	kill(middle, SIGKILL);
	waitpid(middle, NULL, 0);
	CU_ASSERT_FATAL(sleeper > 1);
	CU_ASSERT(goes_away(sleeper));
}

/* In a process of its own: an interrupt is for good. */
static void test_interrupt(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = { 0 };
		double start = seconds();
		pid_t me = getpid();
		bool early;

		interrupt_install();
		early = interrupt_pending();
		if (fork() == 0) {
			nap_ms(200);
			kill(me, SIGINT);
			_exit(0);
		}
		if (run_sh("sleep 60", 30000, NULL, NULL, &e) != -EINTR)
			_exit(1);
		_exit(!early && interrupt_pending() && seconds() - start < 20 ? 0 : 2);
	}
	CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
}

static const struct tap_test tests[] = {
	{ "programs are found in PATH, not elsewhere", test_find },
	{ "output, status and signal come back", test_run },
	{ "a missing program is named", test_not_started },
	{ "a failing exec is told with its errno", test_exec_error },
	{ "the environment is extended, not doubled", test_environment },
	{ "ignored and blocked signals are not inherited", test_signals_reset },
	{ "the deadline ends whatever ignores signals or never stops writing", test_deadline },
	{ "what a child leaves behind is neither awaited nor spared", test_left_behind },
	{ "output has a limit", test_output_limit },
	{ "a child is polled without blocking and ended twice", test_poll_and_end },
	{ "a child dies with its parent", test_dies_with_us },
	{ "an interrupt ends the wait", test_interrupt },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("child", tests);
}
