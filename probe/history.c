/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first processors with VT: what the signature, the brand string and the VT bit leave possible. */
#include <stdio.h>
#include <string.h>

#include "probe/history.h"

/* Does the bit tell? Set it always does; clear only where no hypervisor can have hidden it. */
static enum answer bit_tells(const struct snapshot *s, enum model_vendor vendor)
{
	struct cpu_split bit;
	struct outer outer;

	view_bit(s, vendor == MODEL_INTEL ? CPUID_vmx : CPUID_svm, &bit);
	if (bit.n_yes)
		return ANSWER_YES;
	outer_identify(s, &outer);
	return bit.n_no && outer.present == ANSWER_NO ? ANSWER_NO : ANSWER_UNKNOWN;
}

static bool agrees(const struct early_vt *e, enum answer bit)
{
	return e->vt == EARLY_VT_SKU || bit == ANSWER_UNKNOWN || (e->vt == EARLY_VT_YES) == (bit == ANSWER_YES);
}

void history_find(const struct snapshot *s, const char *vendor, uint32_t signature, const char *brand,
		  struct history *out)
{
	*out = (struct history){ 0 };
	for (size_t i = 0; i < n_early_vts; i++) {
		const struct early_vt *e = &early_vts[i];

		if (!early_vt_matches(e, vendor, signature, brand))
			continue;
		if (out->n == HISTORY_MAX)
			return;
		if (agrees(e, bit_tells(s, e->vendor)))
			out->row[out->n++] = e;
		else
			out->by_bit = true;
		out->revision = out->revision ? out->revision : e->revision;
	}
}

void history_products(const struct history *h, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < h->n && n < size; i++)
		if (h->row[i]->product[0])
			n += snprintf(out + n, size - n, "%s%s", n ? " or " : "", h->row[i]->product);
}
