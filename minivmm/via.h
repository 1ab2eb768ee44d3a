/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * via.h - what --via names: the carrier that a runner is given to. minivmm/ and cli/ include this.
 */
#ifndef VTSCOPE_MINIVMM_VIA_H
#define VTSCOPE_MINIVMM_VIA_H

#include "common/err.h"

enum via_kind { VIA_AUTO, VIA_PROCESS, VIA_BOCHS, VIA_QEMU };

struct via {
	enum via_kind kind;
	char model[48];		/* "bochs:MODEL", "qemu:CPU"; "" : the engine's own choice */
};

/* What completion offers: the words without a model. NULL-terminated. */
extern const char *const via_words[];

/* (text) NULL is "auto". 0, or -EINVAL with a sentence: an unknown word, or one that only other verbs serve. */
int via_parse(const char *text, struct via *out, struct err *e);

/* For an engine that has one carrier: 0 for "auto" and "process", else -ENOTSUP with who carries (engine). */
int via_process_only(const char *engine, const char *text, struct err *e);

#endif
