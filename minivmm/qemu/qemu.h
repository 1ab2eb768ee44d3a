/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu.h - the parts of the engines tcg and qemu-kvm, and of the carrier of the boot image. Only minivmm/qemu/ and its
 * tests include this.
 *
 * A QEMU that lives for one launch: guest memory is a memfd that both map, the console is its standard output,
 * and QMP over a socket pair starts it, says why it stopped and reads its registers. Nothing has a name in a file
 * system, so nothing can be left behind.
 */
#ifndef VTSCOPE_MINIVMM_QEMU_H
#define VTSCOPE_MINIVMM_QEMU_H

#include <jansson.h>

#include "common/buf.h"
#include "common/child.h"
#include "minivmm/engine.h"

/* ---- qmp.c: the monitor protocol, never blocking ---- */

struct qmp {
	int fd;			/* -1: none */
	struct buf in;		/* what has come, up to the first whole line that was not taken */
	bool stopped;		/* the virtual machine was stopped by itself */
	char shutdown[32];	/* reason of the SHUTDOWN event: "guest-reset"; "" : none came */
};

/* A socket pair; (peer) is for QEMU. 0 or -errno. */
int qmp_open(struct qmp *q, int *peer, struct err *e);
void qmp_close(struct qmp *q);
/* Sends one command; (args) is a JSON object as text, or NULL. 0 or -errno. */
int qmp_send(struct qmp *q, const char *command, const char *args);
/*
 * 1 and the next message that is no event (greeting, "return", "error") in (msg), owned by the caller; 0: none yet;
 * -EPIPE: the other side is gone; -EBADMSG: that is not QMP. Events are kept in (q).
 */
int qmp_next(struct qmp *q, json_t **msg);
/* What "info registers" says. (halted): HLT, and no interrupt can end it. False when it is not such a text. */
bool qmp_parse_registers(const char *text, struct vm_regs *regs, bool *halted);

/* ---- qemu_process.c: one QEMU ---- */

/* How a QEMU is made; the first of an accelerator's rows that starts on this machine is used. */
struct qemu_machine {
	const char *machine;	/* -machine */
	const char *cpu;	/* -cpu */
};

struct qemu_process {
	struct child child;
	struct qmp qmp;
	const struct sink *sink;	/* borrowed, gets the console */
	struct buf errors;		/* what it wrote to stderr, since the guest was started if it was; the beginning */
	bool running;			/* the guest was started */
	bool ended;			/* the process has: (status) is as of waitpid */
	bool halted;			/* for good */
	int status;
	bool asked;			/* a question about the registers is under way */
	bool watch_halt;		/* ask now and then whether it has halted */
	uint64_t asked_ns;
	struct vm_regs regs;		/* the newest answer */
};

struct qemu_config {
	const char *program, *accel;
	const struct qemu_machine *machine;
	int mem_fd;		/* guest memory; -1: (mem_bytes) of QEMU's own */
	uint64_t mem_bytes;
	int image_fd;		/* -1: none */
	const char *append;	/* the image's command line; NULL: none */
	bool icount;		/* the guest's clock counts instructions, one tick each */
};

/*
 * Starts QEMU and waits until it answers, with the guest not started. -errno with QEMU's own first complaint in (e).
 * qemu_process_end() is due in either case.
 */
int qemu_process_start(struct qemu_process *p, const struct qemu_config *c, const struct sink *s, unsigned timeout_ms,
		       struct err *e);
/* Lets the guest run. */
int qemu_process_run(struct qemu_process *p, unsigned timeout_ms, struct err *e);
/* For carrier_watch(): passes the console on; 1 when the process ended or its guest stopped for good. */
int qemu_process_poll(void *p, struct err *e);
/* Reads the registers of a guest that may still run, into (p->regs). False when QEMU did not answer in time. */
bool qemu_process_registers(struct qemu_process *p, unsigned timeout_ms);
/* The run state ("internal-error"), in (out). False when QEMU did not answer in time. */
bool qemu_process_state(struct qemu_process *p, unsigned timeout_ms, char out[32]);
/*
 * For a guest that poll() said has stopped for good. Since 9.1 QEMU survives isa-debug-exit when told -no-shutdown,
 * as it is here for triple faults: lets it end with the status that its guest wrote.
 */
void qemu_process_settle(struct qemu_process *p, unsigned timeout_ms);
/* Did QEMU say that its guest asked for the end? Older ones do not; that it did not is no evidence. */
bool qemu_process_left(const struct qemu_process *p);
/*
 * Length of the first line of stderr since the guest was started (before: ever) that is no warning, 0 where there is
 * none, and where it starts behind "qemu-system-x86_64: ".
 */
int qemu_process_complaint(const struct qemu_process *p, const char **line);
void qemu_process_end(struct qemu_process *p);

/* How a guest ended that did not end itself: killed, reset, halted, stopped by QEMU. */
void qemu_process_explain(struct qemu_process *p, unsigned timeout_ms, struct vm_stop *stop);

/* ---- qemu_engine.c ---- */

/*
 * Its path in (program): of (c->qemu), of the snapshot, of PATH; "QEMU 7.2.22" in (version). 0 or -errno with what to do:
 * what is wrong with the one that the user named is a failure, -EIO.
 */
int qemu_find(const struct engine_config *c, struct buf *program, char version[32], struct err *e);
/* A memory file with the image, for -kernel: 0 and the descriptor in (fd), or -errno; (*fd) may need closing even then. */
int qemu_image_fd(const void *image, size_t bytes, int *fd, struct err *e);

/* ---- qemu_launch.c ---- */

struct qemu_run {
	const char *program, *accel;
	const struct qemu_machine *machine;
	uint64_t tsc_hz;
	uint32_t fence;
	char memory[32];	/* out: what backed guest memory */
};

int qemu_launch(struct qemu_run *r, const struct launch *l, const struct sink *s, struct vm_stop *stop, struct err *e);

#endif
