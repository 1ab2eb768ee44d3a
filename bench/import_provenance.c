/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a capture's numbers come from. The image says so itself, and says why; a word that its own evidence contradicts
 * (an edited capture, a hypervisor that hides badly) is not believed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/import_private.h"
#include "bench/result_fields.h"

static bool word_find(const char *name, enum provenance *out)
{
	static const enum provenance all[] = { PROVENANCE_HARDWARE, PROVENANCE_NESTED, PROVENANCE_EMULATED };

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (!strcmp(provenance_name(all[i]), name)) {
			*out = all[i];
			return true;
		}
	return false;
}

static bool names_emulator(const char *evidence)
{
	return strstr(evidence, "BOCHS") || strstr(evidence, "Bochs") || strstr(evidence, "BXPC") || strstr(evidence, "QEMU");
}

/* "CPUID takes N ticks, 800 cycles M": longer than a processor of its own needs? */
static bool is_slow(const char *evidence)
{
	const char *at = strstr(evidence, "CPUID takes ");
	uint64_t ticks, limit;

	return at && sscanf(at, "CPUID takes %" SCNu64 " ticks, 800 cycles %" SCNu64, &ticks, &limit) == 2 && ticks > limit;
}

/* The best that the evidence allows, and what stands against more. */
static enum provenance allowed(const struct hello *h, enum provenance claimed, const char **why)
{
	const char *evidence = h->text[HELLO_EVIDENCE], *hypervisor = h->text[HELLO_HYPERVISOR];

	*why = "its clock counts instructions";
	if (!strcmp(h->text[HELLO_CLOCK], "instructions") || strstr(evidence, "counts instructions"))
		return PROVENANCE_EMULATED;
	*why = "kernel code is interpreted there";
	if (strstr(evidence, "interpreted"))
		return PROVENANCE_EMULATED;
	*why = "QEMU's translator runs it";
	if (!strcmp(hypervisor, "TCGTCGTCGTCG") || strstr(evidence, "TCG"))
		return PROVENANCE_EMULATED;
	*why = "a hypervisor is below it";
	if (*hypervisor || strstr(evidence, "CPUID 40000000h says"))
		return PROVENANCE_NESTED;
	*why = "its firmware or a device is an emulator's";
	if (names_emulator(evidence))
		return PROVENANCE_EMULATED;
	*why = "CPUID takes longer than on a processor of its own";
	if (is_slow(evidence))
		return PROVENANCE_NESTED;
	*why = "no hypervisor is below it";
	return claimed == PROVENANCE_NESTED && h->said[HELLO_HYPERVISOR] ? PROVENANCE_EMULATED : PROVENANCE_HARDWARE;
}

bool import_provenance(struct import *im, enum provenance *out)
{
	enum provenance claimed;
	const char *why;

	if (!word_find(im->boot.text[HELLO_PROVENANCE], &claimed))
		return false;
	*out = allowed(&im->boot, claimed, &why);
	if (*out <= claimed) {
		*out = claimed;
		return true;
	}
	if (!im->demoted[0])
		snprintf(im->demoted, sizeof(im->demoted), "boot %08x calls itself '%s', but %s: taken as '%s'", im->boot_id,
			 provenance_name(claimed), why, provenance_name(*out));
	return true;
}
