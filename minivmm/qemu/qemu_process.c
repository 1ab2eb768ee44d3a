/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/interrupt.h"
#include "minivmm/qemu/qemu.h"

#define ERRORS_MAX	4096u
#define ARGS_MAX	40u
#define ROUNDS_LAST	64u		/* chunks that an ended QEMU can have left in its pipes, and more */
#define HALT_ASK_NS	100000000ull	/* a guest on its own: how often it is asked whether it has halted */
#define INFO_REGISTERS	"{\"command-line\": \"info registers\"}"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* ---- the command line ---- */

/* QEMU opens what it inherits by name: no file of ours ever has one. */
#define FD_PATH	"/proc/self/fd/%d"

struct command {
	const char *argv[ARGS_MAX];
	char machine[160], memory[160], size[32], image[40], monitor[48];
};

static void command_fill(struct command *k, const struct qemu_config *c, int qmp_fd)
{
	size_t n = 0;

	snprintf(k->machine, sizeof(k->machine), "%s%s", c->machine->machine,
		 c->mem_fd >= 0 ? ",memory-backend=ram" : "");
	snprintf(k->size, sizeof(k->size), "%" PRIu64 "M", c->mem_bytes >> 20);
	snprintf(k->memory, sizeof(k->memory), "memory-backend-file,id=ram,share=on,size=%s,mem-path=" FD_PATH, k->size,
		 c->mem_fd);
	snprintf(k->image, sizeof(k->image), FD_PATH, c->image_fd);
	snprintf(k->monitor, sizeof(k->monitor), "socket,id=qmp,fd=%d", qmp_fd);

#define ARG(s) (k->argv[n++] = (s))
	ARG(c->program);
	ARG("-nodefaults"); ARG("-no-user-config"); ARG("-display"); ARG("none");
	/* A triple fault then stops the guest with its registers in place, instead of ending QEMU. */
	ARG("-no-reboot"); ARG("-no-shutdown"); ARG("-S");
	ARG("-chardev"); ARG(k->monitor); ARG("-mon"); ARG("chardev=qmp,mode=control");
	ARG("-accel"); ARG(c->accel); ARG("-machine"); ARG(k->machine); ARG("-cpu"); ARG(c->machine->cpu);
	ARG("-m"); ARG(k->size);
	if (c->mem_fd >= 0) {
		ARG("-object"); ARG(k->memory);
	}
	ARG("-device"); ARG("isa-debug-exit,iobase=0xf4,iosize=4");
	ARG("-debugcon"); ARG("stdio");
	if (c->image_fd >= 0) {
		ARG("-kernel"); ARG(k->image);
	}
	if (c->append) {
		ARG("-append"); ARG(c->append);
	}
	if (c->icount) {
		ARG("-icount"); ARG("shift=0,sleep=off");
	}
#undef ARG
	k->argv[n] = NULL;
}

_Static_assert(GUEST_PORT_EXIT == 0xf4 && GUEST_PORT_CONSOLE == 0xe9, "isa-debug-exit and debugcon are told these");

static void fd_inherit(int fd, bool on)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, on ? 0 : FD_CLOEXEC);
}

/* Starts the process with exactly the descriptors it needs. */
static int spawn(struct qemu_process *p, const struct qemu_config *c, int peer, struct err *e)
{
	static const struct rlimit no_core = { 0, 0 };
	struct command k;
	int rc;

	command_fill(&k, c, peer);
	fd_inherit(peer, true);
	fd_inherit(c->mem_fd, true);
	fd_inherit(c->image_fd, true);
	rc = child_start(&p->child, k.argv, NULL, true, e);
	fd_inherit(c->mem_fd, false);
	fd_inherit(c->image_fd, false);
	/* It aborts when KVM refuses the CPU model: that is an answer, and no core file of ours. */
	if (rc == 0)
		prlimit(p->child.pid, RLIMIT_CORE, &no_core, NULL);
	return rc;
}

/* ---- what it says ---- */

/* One chunk. False at its end, which closes it, and when there is nothing now. */
static bool output_take(int *fd, char *chunk, size_t bytes, size_t *n)
{
	ssize_t got;

	if (*fd < 0)
		return false;
	do
		got = read(*fd, chunk, bytes);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		*n = (size_t)got;
		return true;
	}
	if (got == 0 || errno != EAGAIN) {
		close(*fd);
		*fd = -1;
	}
	return false;
}

/* (rounds) bounds who floods either of them: the deadline is looked at in between. */
static void outputs_drain(struct qemu_process *p, unsigned rounds)
{
	char chunk[16384];
	size_t n;

	for (unsigned i = 0; i < rounds && output_take(&p->child.out, chunk, sizeof(chunk), &n); i++)
		if (p->running && p->sink && p->sink->console)
			p->sink->console(p->sink->ctx, chunk, n);
	for (unsigned i = 0; i < rounds && output_take(&p->child.err, chunk, sizeof(chunk), &n); i++) {
		size_t room = ERRORS_MAX - p->errors.len;

		buf_append(&p->errors, chunk, n < room ? n : room);
	}
}

int qemu_process_complaint(const struct qemu_process *p, const char **line)
{
	static const char prefix[] = "qemu-system-x86_64: ", warning[] = "warning:";
	const char *s = buf_str(&p->errors);
	size_t n;

	for (;; s += n) {
		s += strspn(s, "\r\n");
		n = strcspn(s, "\r\n");
		if (!n || !memmem(s, n, warning, sizeof(warning) - 1))
			break;
	}
	if (strncmp(s, prefix, sizeof(prefix) - 1) == 0) {
		s += sizeof(prefix) - 1;
		n -= sizeof(prefix) - 1;
	}
	*line = s;
	return (int)n;
}

/* Takes messages that are there: "info registers" answers go to (p->regs). 1: (msg) is another, 0 or -errno. */
static int messages_take(struct qemu_process *p, json_t **msg)
{
	for (;;) {
		const char *text;
		int rc = qmp_next(&p->qmp, msg);

		if (rc <= 0)
			return rc;
		text = json_string_value(json_object_get(*msg, "return"));
		if (!text)
			return 1;
		qmp_parse_registers(text, &p->regs, &p->halted);
		p->asked = false;
		json_decref(*msg);
		*msg = NULL;
	}
}

static void ended_note(struct qemu_process *p)
{
	if (!p->ended)
		p->ended = child_poll(&p->child, &p->status) == 1;
}

/* Waits for a message other than registers, or with (regs) for those. */
static int message_wait(struct qemu_process *p, bool regs, unsigned timeout_ms, json_t **msg)
{
	uint64_t end = now_ns() + timeout_ms * 1000000ull;

	*msg = NULL;
	for (;;) {
		struct pollfd fds[3] = { { p->qmp.fd, POLLIN, 0 }, { p->child.out, POLLIN, 0 },
					 { p->child.err, POLLIN, 0 } };
		int rc = messages_take(p, msg);

		if (rc)
			return rc;
		if (regs && !p->asked)
			return 1;
		if (now_ns() >= end)
			return -ETIMEDOUT;
		if (interrupt_pending() && !regs)
			return -EINTR;
		poll(fds, 3, 10);
		/* A QEMU that waits for its console to be read does not answer. */
		outputs_drain(p, 1);
	}
}

/* 0 when the answer to (command) has come and is no error; (answer), which may be NULL, is owned by the caller. */
static int ask(struct qemu_process *p, const char *command, unsigned timeout_ms, json_t **answer, struct err *e)
{
	json_t *msg = NULL;
	const char *desc;
	int rc = command ? qmp_send(&p->qmp, command, NULL) : 0;

	if (rc == 0)
		rc = message_wait(p, false, timeout_ms, &msg);
	if (rc < 0)
		return err_set(e, -rc, "%s", strerror(-rc));
	desc = json_string_value(json_object_get(json_object_get(msg, "error"), "desc"));
	if (desc)
		rc = err_set(e, EIO, "%s: %s", command, desc);
	else
		rc = 0;
	if (answer && rc == 0)
		*answer = json_incref(msg);
	json_decref(msg);
	return rc;
}

/* ---- its life ---- */

/* Why it did not come up, in QEMU's words where it had any. */
static int start_failure(struct qemu_process *p, const struct qemu_config *c, int rc, unsigned timeout_ms,
			 struct err *e)
{
	const char *line;
	int n;

	/* Its end closes the monitor before it can be waited for. */
	for (int i = 0; i < 100 && rc == -EPIPE && !p->ended; i++) {
		ended_note(p);
		if (!p->ended)
			poll(NULL, 0, 10);
	}
	outputs_drain(p, 1);
	n = qemu_process_complaint(p, &line);
	if (!n) {		/* then the first warning, rather than nothing */
		line = buf_str(&p->errors);
		n = (int)strcspn(line, "\r\n");
	}
	if (rc == -EINTR)
		return err_set(e, EINTR, "interrupted while QEMU started");
	if (rc == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, "%s did not come up within %u ms%s%.*s", c->program, timeout_ms,
			       n ? ": " : "", n, line);
	if (p->ended && WIFSIGNALED(p->status))
		return err_set(e, EIO, "%s died at its start of signal %d%s%.*s", c->program, WTERMSIG(p->status),
			       n ? ": " : "", n, line);
	if (p->ended)
		return err_set(e, EIO, "%s ended at its start with status %d%s%.*s", c->program,
			       WEXITSTATUS(p->status), n ? ": " : "", n, line);
	return err_set(e, EIO, "%s does not speak QMP as QEMU does%s%.*s", c->program, n ? ": " : "", n, line);
}

int qemu_process_start(struct qemu_process *p, const struct qemu_config *c, const struct sink *s, unsigned timeout_ms,
		       struct err *e)
{
	int peer = -1, rc;

	memset(p, 0, sizeof(*p));
	p->child = (struct child){ .out = -1, .err = -1 };
	p->sink = s;
	rc = qmp_open(&p->qmp, &peer, e);
	if (rc < 0)
		return rc;
	rc = spawn(p, c, peer, e);
	close(peer);
	if (rc < 0)
		return rc;
	rc = ask(p, NULL, timeout_ms, NULL, NULL);	/* its greeting */
	if (rc == 0)
		rc = ask(p, "qmp_capabilities", timeout_ms, NULL, NULL);
	return rc < 0 ? start_failure(p, c, rc, timeout_ms, e) : 0;
}

int qemu_process_run(struct qemu_process *p, unsigned timeout_ms, struct err *e)
{
	int rc;

	outputs_drain(p, ROUNDS_LAST);
	buf_clear(&p->errors);	/* what it said at its start is no reason why the run ended */
	p->running = true;
	rc = ask(p, "cont", timeout_ms, NULL, e);
	/* A guest may end before QEMU has answered. */
	if (rc == -EPIPE)
		return 0;
	if (rc < 0)
		err_prefix(e, "QEMU did not start its guest");
	return rc;
}

int qemu_process_poll(void *ctx, struct err *e)
{
	struct qemu_process *p = ctx;
	uint64_t now = p->watch_halt ? now_ns() : 0;
	json_t *msg = NULL;
	int rc;

	ended_note(p);
	outputs_drain(p, p->ended ? ROUNDS_LAST : 16);
	if (p->ended)
		return 1;
	rc = messages_take(p, &msg);
	json_decref(rc == 1 ? msg : NULL);
	if (rc < 0 && rc != -EPIPE)
		return err_set(e, -rc, "QEMU's monitor: %s", strerror(-rc));
	if (p->qmp.stopped || p->halted)
		return 1;
	if (p->watch_halt && !p->asked && now - p->asked_ns > HALT_ASK_NS) {
		p->asked = qmp_send(&p->qmp, "human-monitor-command", INFO_REGISTERS) == 0;
		p->asked_ns = now;
	}
	return 0;
}

bool qemu_process_registers(struct qemu_process *p, unsigned timeout_ms)
{
	json_t *msg = NULL;
	int rc;

	if (p->asked) {		/* that answer may be of some time ago */
		message_wait(p, true, timeout_ms, &msg);
		json_decref(msg);
	}
	p->regs.valid = false;
	if (p->ended)
		return false;
	p->asked = qmp_send(&p->qmp, "human-monitor-command", INFO_REGISTERS) == 0;
	if (!p->asked)
		return false;
	do {
		rc = message_wait(p, true, timeout_ms, &msg);
		json_decref(msg);
	} while (rc == 1 && p->asked);
	return p->regs.valid;
}

bool qemu_process_state(struct qemu_process *p, unsigned timeout_ms, char out[32])
{
	json_t *answer = NULL;
	const char *state;

	if (p->ended || ask(p, "query-status", timeout_ms, &answer, NULL) < 0)
		return false;
	state = json_string_value(json_object_get(json_object_get(answer, "return"), "status"));
	snprintf(out, 32, "%s", state ? state : "");
	json_decref(answer);
	return state != NULL;
}

bool qemu_process_left(const struct qemu_process *p)
{
	return strcmp(p->qmp.shutdown, "guest-shutdown") == 0;
}

void qemu_process_settle(struct qemu_process *p, unsigned timeout_ms)
{
	uint64_t end = now_ns() + timeout_ms * 1000000ull;
	char state[32];

	/* It halts behind the write that ends it: an answer comes after that event. */
	if (p->halted && !p->qmp.shutdown[0])
		qemu_process_state(p, timeout_ms, state);
	if (p->ended || !qemu_process_left(p) || qmp_send(&p->qmp, "quit", NULL) < 0)
		return;
	while (!p->ended && now_ns() < end) {
		struct pollfd fds[2] = { { p->child.out, POLLIN, 0 }, { p->child.err, POLLIN, 0 } };

		poll(fds, 2, 1);
		ended_note(p);
		outputs_drain(p, p->ended ? ROUNDS_LAST : 1);
	}
}

void qemu_process_end(struct qemu_process *p)
{
	child_end(&p->child);
	qmp_close(&p->qmp);
	buf_free(&p->errors);
}
