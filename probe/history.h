/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history.h - which of the first processors with VT this is. Pure. Only probe/ includes this.
 */
#ifndef VTSCOPE_PROBE_HISTORY_H
#define VTSCOPE_PROBE_HISTORY_H

#include "arch/x86/platform.h"
#include "probe/analyse.h"

#define HISTORY_MAX 4

struct history {
	const struct early_vt *row[HISTORY_MAX];	/* what it can be; several: CPUID cannot tell */
	size_t n;
	bool by_bit;			/* the VMX or SVM bit ruled some out */
	const char *revision;		/* NULL: none of the first */
};
void history_find(const struct snapshot *s, const char *vendor, uint32_t signature, const char *brand,
		  struct history *out);
/* "Pentium 4 662", "A or B", "" where the brand string itself names the product. */
void history_products(const struct history *h, char *out, size_t size);

#endif
