/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render_private.h - what the renderers of a verdict share. Only probe/render*.c include this.
 */
#ifndef VTSCOPE_PROBE_RENDER_PRIVATE_H
#define VTSCOPE_PROBE_RENDER_PRIVATE_H

#include "probe/analyse.h"

/*
 * Calls (each) for every derived feature of VMX and of SVM that is known to be there or not
 * to be there on all CPUs: (vt) is "vmx" or "svm". 0 or -ENOMEM.
 */
int render_features(const struct snapshot *s, const struct verdict *v,
		    void (*each)(const char *vt, const char *feature, bool there, void *ctx),
		    void *ctx);

#endif
