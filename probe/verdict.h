/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.h - all findings and the one status derived from them. probe/, minivmm/, bench/,
 * report/, cli/ include this.
 */
#ifndef VTSCOPE_PROBE_VERDICT_H
#define VTSCOPE_PROBE_VERDICT_H

#include <jansson.h>

#include "common/buf.h"
#include "probe/check.h"
#include "probe/snapshot.h"

/* Values are the exit statuses of `vtscope probe`. */
enum verdict_status {
	VERDICT_USABLE = 0,
	VERDICT_CAPABLE = 100,		/* exits 0 as well */
	VERDICT_UNSUPPORTED = 10,
	VERDICT_FIRMWARE_DISABLED = 11,
	VERDICT_HIDDEN = 12,
	VERDICT_NO_DRIVER = 13,
	VERDICT_NO_PERMISSION = 14,
	VERDICT_BUSY = 15,
	VERDICT_UNKNOWN = 16,
	VERDICT_NO_DEVICE = 17,
};

enum kvm_backend { BACKEND_NONE, BACKEND_KVM_INTEL, BACKEND_KVM_AMD, BACKEND_KVM_PVM, BACKEND_OTHER, BACKEND_UNKNOWN };

enum layer { LAYER_PROCESSOR, LAYER_FIRMWARE, LAYER_OUTER, LAYER_DRIVER, LAYER_DEVICE, LAYER_IOMMU, LAYERS };

struct verdict_layer {
	enum answer answer;	/* is this layer fine? */
	char text[200];		/* one line, a complete statement */
};

struct verdict {
	struct findings findings;
	enum verdict_status status;
	enum kvm_backend backend;
	char summary[200];	/* "KVM works on this machine, without hardware VT." */
	char next_step[400];	/* empty: nothing to do */
	struct verdict_layer layer[LAYERS];
};

/* Pure: the same snapshot gives the same verdict on any machine. 0 or -ENOMEM. */
int verdict_make(struct verdict *v, const struct snapshot *s);
void verdict_free(struct verdict *v);

int verdict_exit_status(enum verdict_status s);		/* 0, 10 .. 17 */
const char *verdict_status_name(enum verdict_status s);	/* "usable", "firmware-disabled" ... */
const char *backend_name(enum kvm_backend b);		/* "kvm_intel" ... */
const char *layer_name(enum layer l);			/* "processor" "firmware" "outer" "driver" "device" "iommu" */

/* Who this machine is, for headings and fingerprints; empty strings where not known. */
struct machine_id {
	char vendor[16], brand[64], codename[64];
	char product[128];	/* "A or B" where the brand string does not name it and a table does, else "" */
	unsigned family, model, stepping;
	unsigned signature;	/* CPUID.1:EAX */
	unsigned logical;	/* CPUs swept */
	char hypervisor[48];	/* name of the outer hypervisor, "" : none advertised */
	char kernel[96];
};
void machine_identify(const struct snapshot *s, const struct findings *f, struct machine_id *out);

/* Renderers, pure. `verdict` object of the JSON documents ("status", "exit", "backend", "summary", "next_step", "layers"). */
json_t *verdict_json(const struct verdict *v);
/* The whole "vtscope.probe/1" document; (all): with "records". NULL on out of memory. */
json_t *probe_json(const struct snapshot *s, const struct verdict *v, int all);

struct render_style { int colour; int utf8; unsigned columns; };
void render_summary(const struct verdict *v, const struct snapshot *s, const struct render_style *st, struct buf *out);	/* the first screen */
void render_full(const struct verdict *v, const struct snapshot *s, const struct render_style *st, struct buf *out);	/* every check */
/* What could be told with root's rights and cannot without, as sentences; nothing where nothing is missing. */
void render_root(const struct snapshot *s, struct buf *out);
/* --explain: the check's paragraph and, with (v), what was found here. */
void render_explain(const struct check *c, const struct verdict *v, const struct render_style *st, struct buf *out);


/* For test harnesses: TAP 13, the verdict and a test a check. */
void render_tap(const struct verdict *v, struct buf *out);
/* For node_exporter's textfile collector. 0 or -ENOMEM. */
int render_prom(const struct verdict *v, const struct snapshot *s, struct buf *out);
/* A feature file of Node Feature Discovery. 0 or -ENOMEM. */
int render_nfd(const struct verdict *v, const struct snapshot *s, struct buf *out);
/* One line, the same on machines that are the same. */
void render_oneline(const struct verdict *v, const struct snapshot *s, struct buf *out);

#endif
