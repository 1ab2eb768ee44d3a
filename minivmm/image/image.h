/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image.h - the boot image in an emulator or a virtual machine: engines vmx and svm, native where it is not a process,
 * and exec. minivmm/{image,bochs,qemu,exec}/, native.c and tests include this.
 *
 * A launch is a boot. The plan goes in as a command line, results come out as lines (minivmm/lines.h) on the debug port
 * or a serial one.
 */
#ifndef VTSCOPE_MINIVMM_IMAGE_IMAGE_H
#define VTSCOPE_MINIVMM_IMAGE_IMAGE_H

#include "minivmm/carrier.h"
#include "minivmm/engine.h"
#include "minivmm/lines.h"
#include "minivmm/via.h"

/* ---- carriers ---- */

struct image_carrier;

/* One boot: where it is told what to do, and where what it prints goes. */
struct image_boot {
	const char *plan;		/* the image's command line */
	int cpu;			/* of the host to stay on, -1: any */
	const struct sink *console;	/* gets every byte of the port */
};

struct image_carrier_ops {
	/*
	 * Looks for the program and whether it has (model), "" for the choice of (engine): RING0_* of guest_abi.h. Fills
	 * what it knows of (info). 0 or -errno with a sentence; close() is due only after 0.
	 */
	int (*open)(struct image_carrier **out, const struct engine_config *c, const char *model, enum ring0_engine engine,
		    struct engine_info *info, struct err *e);
	/* 0 when it boots, -errno with (e) filled when it could not be started. end() is due in either case. */
	int (*start)(struct image_carrier *c, const struct image_boot *b, struct err *e);
	/* As struct carrier's: 1 ended, with all its bytes passed on. */
	int (*poll)(void *c, struct err *e);
	/* It ended, or stopped, without the image's last line: how, in (stop). */
	void (*explain)(struct image_carrier *c, struct vm_stop *stop);
	void (*end)(struct image_carrier *c);
	void (*close)(struct image_carrier *c);
	uint64_t tsc_hz;		/* ticks that the guest's clock shows a second of its own; 0: the host's */
	bool own_clock;			/* only the image can tell (tsc_hz) */
	bool serial;			/* lines come from COM1, else from the debug port */
	const char *silent;		/* what to ask when not one line comes, NULL: that does not happen */
};

extern const struct image_carrier_ops image_bochs;		/* minivmm/bochs/ */
extern const struct image_carrier_ops image_qemu_tcg, image_qemu_kvm;	/* minivmm/qemu/ */

/* ---- the engine over them ---- */

struct image_engine;

/* (via) is of a kind that boots the image, or VIA_AUTO. Boots once, to see what there is. 0 or -errno with a sentence. */
int image_engine_open(struct image_engine **out, const struct engine_config *c, const struct via *via,
		      enum ring0_engine engine, struct err *e);
/* The same on this carrier and no other. */
int image_engine_open_on(struct image_engine **out, const struct engine_config *c, const struct image_carrier_ops *ops,
			 enum ring0_engine engine, struct err *e);
const struct engine_info *image_engine_info(const struct image_engine *en);
int image_engine_launch(struct image_engine *en, const struct launch *l, const struct sink *s, struct vm_stop *stop,
			struct err *e);
void image_engine_close(struct image_engine *en);

/* Does this machine's KVM give a guest VT of its own for (engine)? By the verdict, not by trying. */
bool image_nests(const struct engine_config *c, enum ring0_engine engine);

/* ---- image_boot.c: one boot of it ---- */

#define IMAGE_FACTS_MAX	256u
#define IMAGE_STEPS_MAX	64u

/* What a boot says of itself before its rows. */
struct image_identity {
	char engine[16], clock[16], provenance[16], fence[16];
	uint64_t tsc_hz;		/* 0: not said */
	char status[32], refusal[200];	/* the engine cannot be had; "" : it can */
	struct engine_step step[IMAGE_STEPS_MAX]; size_t n_steps;
	struct engine_fact fact[IMAGE_FACTS_MAX]; size_t n_facts;
	bool ended;			/* its last line came */
	int end_status;
};

/*
 * Boots, watches and ends it. 0 with (stop) and (id) filled, -errno when it could not be started or watched. (l->rows)
 * NULL or without a row: only its identity is asked for.
 */
int image_boot(struct image_carrier *c, const struct image_carrier_ops *ops, const struct image_boot *b,
	       const struct launch *l, const struct sink *s, struct image_identity *id, struct vm_stop *stop,
	       struct err *e);

#endif
