/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layers.h - the words of a verdict: summary, next step, one line a layer. Only probe/
 * includes this.
 */
#ifndef VTSCOPE_PROBE_LAYERS_H
#define VTSCOPE_PROBE_LAYERS_H

#include "probe/verdict.h"

/* What the CPUs show of VMX and SVM, taken together. */
enum visible_vt { VT_UNKNOWN, VT_NO, VT_YES, VT_MIXED };
enum visible_vt visible_vt(const struct findings *f);

/* Fills summary, next_step and layer from findings, status and backend. */
void layers_describe(struct verdict *v, const struct snapshot *s);

#endif
