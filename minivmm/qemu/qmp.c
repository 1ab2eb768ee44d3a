/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "minivmm/qemu/qemu.h"

#define MESSAGE_MAX	(256u << 10)	/* QEMU's longest answer here, the registers, is 4 KiB */
#define RFLAGS_IF	0x200u

int qmp_open(struct qmp *q, int *peer, struct err *e)
{
	int fds[2];

	memset(q, 0, sizeof(*q));
	q->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_set(e, errno, "no socket for QEMU's monitor: %s", strerror(errno));
	q->fd = fds[0];
	*peer = fds[1];
	return 0;
}

void qmp_close(struct qmp *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
	buf_free(&q->in);
}

int qmp_send(struct qmp *q, const char *command, const char *args)
{
	struct buf out = BUF_INIT;
	ssize_t n;
	int rc;

	buf_printf(&out, "{\"execute\": \"%s\"%s%s}\n", command, args ? ", \"arguments\": " : "", args ? args : "");
	rc = buf_error(&out);
	/* A few commands of a hundred bytes: a socket buffer that is full means that QEMU no longer reads. */
	if (rc == 0) {
		n = send(q->fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		rc = n < 0 ? -errno : (size_t)n < out.len ? -EPIPE : 0;
	}
	buf_free(&out);
	return rc;
}

static int fill(struct qmp *q)
{
	char chunk[4096];
	ssize_t n;

	do
		n = recv(q->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -EPIPE;
	if (q->in.len + (size_t)n > MESSAGE_MAX)
		return -EBADMSG;
	buf_append(&q->in, chunk, (size_t)n);
	return buf_error(&q->in) < 0 ? buf_error(&q->in) : 1;
}

/* 1 when (msg) was an event. */
static bool take_event(struct qmp *q, const json_t *msg)
{
	const char *event = json_string_value(json_object_get(msg, "event"));
	const char *reason;

	if (!event)
		return false;
	if (strcmp(event, "STOP") == 0)
		q->stopped = true;
	if (strcmp(event, "SHUTDOWN") == 0) {
		reason = json_string_value(json_object_get(json_object_get(msg, "data"), "reason"));
		snprintf(q->shutdown, sizeof(q->shutdown), "%s", reason ? reason : "shutdown");
	}
	return true;
}

static json_t *take_line(struct qmp *q, size_t len)
{
	json_t *msg = json_loadb(q->in.data, len, 0, NULL);

	memmove(q->in.data, q->in.data + len + 1, q->in.len - len);	/* with the NUL */
	q->in.len -= len + 1;
	return msg;
}

int qmp_next(struct qmp *q, json_t **msg)
{
	for (;;) {
		const char *end = q->in.len ? memchr(q->in.data, '\n', q->in.len) : NULL;
		int rc;

		if (end) {
			*msg = take_line(q, (size_t)(end - q->in.data));
			if (json_is_object(*msg) && !take_event(q, *msg))
				return 1;
			rc = json_is_object(*msg) ? 0 : -EBADMSG;
			json_decref(*msg);
			*msg = NULL;
			if (rc < 0)
				return rc;
			continue;
		}
		rc = fill(q);
		if (rc <= 0)
			return rc;
	}
}

/* The value of "KEY=hex" where KEY stands on its own: "R8 " is not in "R18", "IP" not in "RIP". */
static bool field(const char *text, const char *key, uint64_t *out)
{
	size_t n = strlen(key);

	for (const char *p = strstr(text, key); p; p = strstr(p + n, key)) {
		char *end;

		if ((p != text && !strchr(" \r\n", p[-1])) || p[n] != '=')
			continue;
		*out = strtoull(p + n + 1, &end, 16);
		return end != p + n + 1;
	}
	return false;
}

/* In 64-bit mode QEMU says RAX, elsewhere EAX. */
static bool wide_field(const char *text, const char *key, uint64_t *out)
{
	char narrow[8];

	if (field(text, key, out))
		return true;
	snprintf(narrow, sizeof(narrow), "E%s", key + 1);
	return field(text, narrow, out);
}

bool qmp_parse_registers(const char *text, struct vm_regs *regs, bool *halted)
{
	static const char *const low[] = { "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI" };
	static const char *const high[] = { "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15" };
	uint64_t hlt = 0;
	bool ok = true;

	memset(regs, 0, sizeof(*regs));
	*halted = false;
	for (int i = 0; i < 8; i++) {
		ok &= wide_field(text, low[i], &regs->gpr[i]);
		field(text, high[i], &regs->gpr[8 + i]);	/* not there outside 64-bit mode */
	}
	ok &= wide_field(text, "RIP", &regs->rip) && wide_field(text, "RFL", &regs->rflags);
	ok &= field(text, "CR0", &regs->cr0) && field(text, "CR2", &regs->cr2);
	ok &= field(text, "CR3", &regs->cr3) && field(text, "CR4", &regs->cr4);
	field(text, "EFER", &regs->efer);
	field(text, "HLT", &hlt);
	regs->valid = ok;
	*halted = ok && hlt && !(regs->rflags & RFLAGS_IF);
	return ok;
}
