/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/interrupt.h"

#define OUTPUT_MAX (1u << 20)
#define DRAIN_READS 64
#define POLL_MS 50		/* how late an end is seen that closes no pipe */

static int is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int child_find(const char *program, struct buf *out)
{
	const char *path = getenv("PATH");

	if (strchr(program, '/')) {
		if (!is_program(program))
			return -ENOENT;
		buf_puts(out, program);
		return buf_error(out);
	}
	if (!*program)
		return -ENOENT;
	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		struct buf candidate = BUF_INIT;
		size_t n = strcspn(path, ":");
		int ret;

		/* An empty element means the current directory; nobody wants a program from there. */
		if (n > 0) {
			buf_append(&candidate, path, n);
			buf_printf(&candidate, "/%s", program);
			ret = buf_error(&candidate);
			if (ret == 0 && is_program(buf_str(&candidate))) {
				buf_puts(out, buf_str(&candidate));
				buf_free(&candidate);
				return buf_error(out);
			}
			buf_free(&candidate);
			if (ret < 0)
				return ret;
		}
		if (!path[n])
			return -ENOENT;
		path += n + 1;
	}
}

/* The environment with (extra) in front of it: the first of two equal names counts. Free the array only. */
static char **make_environment(const char *const *extra)
{
	size_t n = 0, n_extra = 0, k = 0;
	char **envp;

	while (environ && environ[n])
		n++;
	while (extra && extra[n_extra])
		n_extra++;
	envp = calloc(n + n_extra + 1, sizeof(*envp));
	if (!envp)
		return NULL;
	for (size_t i = 0; i < n_extra; i++)
		envp[k++] = (char *)extra[i];
	for (size_t i = 0; i < n; i++) {
		size_t name = strcspn(environ[i], "=") + 1;
		size_t j = 0;

		while (j < n_extra && strncmp(environ[i], extra[j], name))
			j++;
		if (j == n_extra)
			envp[k++] = environ[i];
	}
	return envp;
}

struct start_pipes {
	int null;
	int out[2], err[2];
	int failed[2];		/* the child writes its errno here when it cannot exec */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pipes(struct start_pipes *p)
{
	close_fd(&p->null);
	for (int i = 0; i < 2; i++) {
		close_fd(&p->out[i]);
		close_fd(&p->err[i]);
		close_fd(&p->failed[i]);
	}
}

static int open_pipes(struct start_pipes *p, bool want_out)
{
	*p = (struct start_pipes){ -1, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	p->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (p->null < 0 || (want_out && pipe2(p->out, O_CLOEXEC) < 0) ||
	    pipe2(p->err, O_CLOEXEC) < 0 || pipe2(p->failed, O_CLOEXEC) < 0) {
		int ret = -errno;

		close_pipes(p);
		return ret;
	}
	return 0;
}

/* Best effort: where neither is allowed the child has the network. */
static void network_leave(void)
{
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		errno = 0;
}

/* In the child, after fork: async-signal-safe calls only. */
static void __attribute__((noreturn))
become(const char *path, char *const *argv, char *const *envp, struct start_pipes *p, pid_t parent, bool offline)
{
	static const int reset[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2 };
	int out = p->out[1] >= 0 ? p->out[1] : p->null;
	sigset_t none;
	int code;

	setpgid(0, 0);
	if (offline)
		network_leave();	/* before the next: another user namespace could forget it */
	/* It must not outlive vtscope, however that ends; the parent may have died already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	for (size_t i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
		signal(reset[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(p->null, 0) >= 0 && dup2(out, 1) >= 0 && dup2(p->err[1], 2) >= 0)
		execve(path, argv, envp);
	code = errno;
	if (write(p->failed[1], &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* The errno that execve gave, or 0: the pipe closes on a successful exec. */
static int exec_error(int fd)
{
	int code = 0;
	ssize_t n;

	do {
		n = read(fd, &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(code) ? code : 0;
}

static int start_process(struct child *c, const char *path, const char *const *argv, char *const *envp,
			 bool want_out, bool offline, struct err *e)
{
	struct start_pipes p;
	pid_t parent = getpid();
	int ret = open_pipes(&p, want_out);
	pid_t pid;

	if (ret < 0)
		return err_set(e, -ret, "cannot start %s: %s", argv[0], strerror(-ret));
	pid = fork();
	if (pid == 0)
		become(path, (char *const *)argv, envp, &p, parent, offline);
	if (pid < 0) {
		ret = err_set(e, errno, "cannot start %s: %s", argv[0], strerror(errno));
		close_pipes(&p);
		return ret;
	}
	/* On both sides, so that neither races the other; too late after the exec, which is fine. */
	setpgid(pid, pid);
	close_fd(&p.failed[1]);
	ret = exec_error(p.failed[0]);
	c->pid = pid;
	c->out = p.out[0];
	c->err = p.err[0];
	p.out[0] = p.err[0] = -1;
	close_pipes(&p);
	if (ret) {
		child_end(c);
		return err_set(e, ret, "cannot start %s: %s", path, strerror(ret));
	}
	if (c->out >= 0)
		fcntl(c->out, F_SETFL, O_NONBLOCK);
	fcntl(c->err, F_SETFL, O_NONBLOCK);
	return 0;
}

static int start(struct child *c, const char *const *argv, const char *const *env_extra, bool want_out, bool offline,
		 struct err *e)
{
	struct buf path = BUF_INIT;
	char **envp;
	int ret;

	*c = (struct child){ .pid = 0, .out = -1, .err = -1 };
	ret = child_find(argv[0], &path);
	if (ret < 0) {
		buf_free(&path);
		return err_set(e, -ret, "%s: %s", argv[0],
			       ret == -ENOENT ? "no such program in PATH" : strerror(-ret));
	}
	envp = make_environment(env_extra);
	if (envp)
		ret = start_process(c, buf_str(&path), argv, envp, want_out, offline, e);
	else
		ret = err_set(e, ENOMEM, "cannot start %s: out of memory", argv[0]);
	free(envp);
	buf_free(&path);
	return ret;
}

int child_start(struct child *c, const char *const *argv, const char *const *env_extra, bool want_out,
		struct err *e)
{
	return start(c, argv, env_extra, want_out, false, e);
}

int child_start_offline(struct child *c, const char *const *argv, struct err *e)
{
	return start(c, argv, NULL, true, true, e);
}

int child_poll(struct child *c, int *status)
{
	siginfo_t si;

	if (c->pid <= 0)
		return -ECHILD;
	si.si_pid = 0;
	/* WNOWAIT: as long as it is not reaped its number belongs to it, so child_end() can signal the group. */
	if (waitid(P_PID, (id_t)c->pid, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
		return -errno;
	if (si.si_pid == 0)
		return 0;
	if (si.si_code == CLD_EXITED)
		*status = (si.si_status & 0xff) << 8;
	else
		*status = si.si_status | (si.si_code == CLD_DUMPED ? 0x80 : 0);
	return 1;
}

void child_end(struct child *c)
{
	if (c->pid > 0) {
		kill(-c->pid, SIGKILL);
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->pid = 0;
	}
	close_fd(&c->out);
	close_fd(&c->err);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * What is there now, but only so much of it: a child that never stops writing must not keep us from its deadline.
 * Closes (fd) at its end. True when (out) is full; the rest is read and dropped.
 */
static bool drain(int *fd, struct buf *out)
{
	bool full = false;
	char chunk[4096];

	for (int i = 0; i < DRAIN_READS && *fd >= 0; i++) {
		ssize_t n = read(*fd, chunk, sizeof(chunk));
		size_t room = OUTPUT_MAX - out->len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			close_fd(fd);
			break;
		}
		if ((size_t)n > room) {
			full = true;
			n = (ssize_t)room;
		}
		buf_append(out, chunk, (size_t)n);
	}
	return full;
}

static void wait_for_output(const struct child *c, int timeout)
{
	struct pollfd fds[2] = { { c->out, POLLIN, 0 }, { c->err, POLLIN, 0 } };

	/* With both pipes closed only the end is left to wait for, and it is near. */
	if (c->out < 0 && c->err < 0 && timeout > 1)
		timeout = 1;
	poll(fds, 2, timeout);
}

static int collect(struct child *c, const char *name, unsigned deadline_ms, struct buf *out,
		   struct buf *errout, int *status, struct err *e)
{
	int64_t end = now_ms() + deadline_ms;

	for (;;) {
		int timeout = POLL_MS;
		int ended = child_poll(c, status);

		if (drain(&c->out, out))
			return err_set(e, EFBIG, "%s wrote more than %u bytes", name, OUTPUT_MAX);
		drain(&c->err, errout);
		if (ended < 0)
			return err_set(e, -ended, "%s: lost: %s", name, strerror(-ended));
		if (ended)
			return 0;
		if (interrupt_pending())
			return err_set(e, EINTR, "%s: interrupted", name);
		if (deadline_ms) {
			int64_t left = end - now_ms();

			if (left <= 0)
				return err_set(e, ETIMEDOUT, "%s did not end within %u ms", name,
					       deadline_ms);
			if (left < timeout)
				timeout = (int)left;
		}
		wait_for_output(c, timeout);
	}
}

static int judge(const char *name, int status, const struct buf *errout, struct err *e)
{
	const char *text = buf_str(errout);
	int line = (int)strcspn(text, "\n");

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(e, EIO, "%s was ended by signal %d%s%.*s", name, WTERMSIG(status),
			       line ? ": " : "", line, text);
	return err_set(e, EIO, "%s ended with status %d%s%.*s", name, WEXITSTATUS(status),
		       line ? ": " : "", line, text);
}

int child_run(const char *const *argv, const char *const *env_extra, unsigned deadline_ms, struct buf *out,
	      struct buf *errout, struct err *e)
{
	struct buf own_out = BUF_INIT, own_err = BUF_INIT;
	struct child c;
	int status = 0;
	int ret = child_start(&c, argv, env_extra, out != NULL, e);

	if (ret < 0)
		return ret;
	if (!out)
		out = &own_out;
	if (!errout)
		errout = &own_err;
	ret = collect(&c, argv[0], deadline_ms, out, errout, &status, e);
	child_end(&c);
	if (ret == 0)
		ret = judge(argv[0], status, errout, e);
	if (ret == 0 && (buf_error(out) < 0 || buf_error(errout) < 0))
		ret = err_set(e, ENOMEM, "%s: out of memory for its output", argv[0]);
	buf_free(&own_out);
	buf_free(&own_err);
	return ret;
}
