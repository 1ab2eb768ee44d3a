/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture says of the machine that sent it: its H lines, and whether all of them tell of the same one. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/import_private.h"
#include "bench/op.h"
#include "bench/result_fields.h"
#include "common/digest.h"
#include "common/parse.h"
#include "config.h"
#include "probe/verdict.h"

static const struct {
	const char *key, *what;
	enum { MAY_DIFFER, SAME_TEXT, SAME_NUMBER } same;	/* within an import; numbers to 1 % */
} keys[HELLO_KEYS] = {
	[HELLO_ENGINE] = { "engine", "engine", MAY_DIFFER },
	[HELLO_PROVENANCE] = { "provenance", "provenance", SAME_TEXT },
	[HELLO_CLOCK] = { "clock", "clock", SAME_TEXT },
	[HELLO_ABI] = { "abi", "version of the image's interface", SAME_TEXT },
	[HELLO_CATALOG] = { "catalog", "image", SAME_TEXT },
	[HELLO_VENDOR] = { "vendor", "vendor", SAME_TEXT },
	[HELLO_BRAND] = { "brand", "processor", SAME_TEXT },
	[HELLO_SIGNATURE] = { "signature", "CPUID signature", SAME_TEXT },
	[HELLO_HYPERVISOR] = { "hypervisor", "hypervisor below it", SAME_TEXT },
	[HELLO_EVIDENCE] = { "evidence", "evidence", MAY_DIFFER },
	[HELLO_TSC_HZ] = { "tsc_hz", "TSC rate", SAME_NUMBER },
	[HELLO_SEED] = { "seed", "seed", MAY_DIFFER },
	[HELLO_FENCE] = { "fence", "fence", SAME_TEXT },
	[HELLO_LFENCE] = { "lfence", "LFENCE", SAME_TEXT },
	[HELLO_EMPTY] = { "empty", "empty bracket", MAY_DIFFER },
	[HELLO_FAMILY] = { "family", "family, model and stepping", SAME_TEXT },
	[HELLO_MEMORY] = { "memory", "memory", SAME_NUMBER },
	[HELLO_ROWS] = { "rows", "number of rows", MAY_DIFFER },
};

const char *const import_engine_names[IMPORT_ENGINES] = { "native", "vmx", "svm" };

void import_hello(struct import *im, const char *key, const char *value)
{
	struct hello *h = &im->hello;
	size_t i = 0, used;

	while (i < HELLO_KEYS && strcmp(keys[i].key, key))
		i++;
	if (i == HELLO_KEYS)
		return;			/* of a newer image */
	if (!strcmp(value, "-") || (i == HELLO_HYPERVISOR && !strcmp(value, "none")))
		value = "";
	used = h->said[i] ? strlen(h->text[i]) : 0;
	snprintf(h->text[i] + used, sizeof(h->text[i]) - used, "%s%s", used ? " " : "", value);
	h->said[i] = true;
}

/* Where one of them is 0 it is not known. */
static bool is_near(const char *a, const char *b)
{
	uint64_t x, y;

	if (parse_u64(a, 10, &x) < 0 || parse_u64(b, 10, &y) < 0)
		return false;
	return !x || !y || (x > y ? x - y : y - x) <= (x > y ? x : y) / 100;
}

/* Does what this section says of (key) go with what was said before? */
static bool agrees(struct import *im, size_t key)
{
	const char *now = im->hello.text[key], *before = im->machine.text[key];

	if (!im->hello.said[key])
		return true;
	if (!im->machine.said[key]) {
		memcpy(im->machine.text[key], now, sizeof(im->machine.text[key]));
		im->machine.said[key] = true;
		im->said_boot[key] = im->boot_id;
		snprintf(im->said_by[key], sizeof(im->said_by[key]), "boot %08x of %.50s", im->boot_id, im->file);
		return true;
	}
	if (keys[key].same == MAY_DIFFER || !strcmp(now, before) ||
	    (keys[key].same == SAME_NUMBER && is_near(now, before)))
		return true;
	if (!im->conflict[0])
		snprintf(im->conflict, sizeof(im->conflict),
			 "boot %08x of %.50s is not of the same machine and image as %s: its %s is '%.50s', not '%.50s'; "
			 "import them one by one: --boot %08x, then --boot %08x", im->boot_id, im->file, im->said_by[key],
			 keys[key].what, now, before, im->boot_id, im->said_boot[key]);
	return false;
}

/* A word that was said and that is (not known) is told: it did not get lost. */
static bool is_understood(struct import *im, size_t key, bool known)
{
	if (!known && im->boot.text[key][0] && !im->strange[0])
		snprintf(im->strange, sizeof(im->strange), "%s '%.60s'", keys[key].what, im->boot.text[key]);
	return known;
}

struct import_engine *import_section_place(struct import *im)
{
	const char *clock;
	enum provenance provenance;
	size_t i = 0;

	for (size_t key = 0; key < HELLO_KEYS; key++) {
		if (!agrees(im, key))
			return NULL;
		if (!im->hello.said[key])
			continue;
		memcpy(im->boot.text[key], im->hello.text[key], sizeof(im->boot.text[key]));
		im->boot.said[key] = true;
	}
	while (i < IMPORT_ENGINES && strcmp(import_engine_names[i], im->hello.text[HELLO_ENGINE]))
		i++;
	/* A line that was lost may have come in another section of the same boot; the engine must be this one's word. */
	clock = im->boot.text[HELLO_CLOCK];
	if (!is_understood(im, HELLO_ENGINE, i < IMPORT_ENGINES || !strcmp(im->hello.text[HELLO_ENGINE], "none")) ||
	    !is_understood(im, HELLO_CLOCK, !strcmp(clock, "tsc") || !strcmp(clock, "instructions")) ||
	    !is_understood(im, HELLO_PROVENANCE, import_provenance(im, &provenance)) || i == IMPORT_ENGINES ||
	    (!im->boot.said[HELLO_SIGNATURE] && !im->boot.said[HELLO_BRAND]))
		return NULL;
	im->engine[i].seen = true;
	im->engine[i].sections++;
	if (provenance > im->engine[i].provenance)
		im->engine[i].provenance = provenance;
	if (provenance > im->provenance)
		im->provenance = provenance;
	im->engine[i].lfence_assumed |= !strcmp(im->boot.text[HELLO_LFENCE], "assumed");
	return &im->engine[i];
}

void import_backend(const struct import *im, char out[64])
{
	const char *below = im->machine.text[HELLO_HYPERVISOR];

	if (im->provenance == PROVENANCE_HARDWARE)
		below = "bare machine";
	else if (!*below || !strcmp(below, "unnamed"))
		below = im->provenance != PROVENANCE_EMULATED ? "unnamed hypervisor" : "emulator";
	snprintf(out, 64, "%.63s", below);
}

bool import_same_catalog(const struct import *im)
{
	char digest[16];
	uint32_t crc = 0;

	for (size_t i = 0; i < n_ops; i++) {
		crc = crc32_of(crc, ops[i].name, strlen(ops[i].name));
		crc = crc32_of(crc, "\n", 1);
	}
	snprintf(digest, sizeof(digest), "%08x", crc);
	return strstr(im->machine.text[HELLO_CATALOG], digest) != NULL;
}

/* ---- the objects of a result ---- */

static json_t *known(const struct import *im, enum hello_key key)
{
	const char *text = im->machine.text[key];

	return *text ? result_text(text, strlen(text)) : json_null();
}

static json_t *text_or_empty(const struct import *im, enum hello_key key)
{
	return result_text(im->machine.text[key], strlen(im->machine.text[key]));
}

static json_t *hertz(const struct import *im)
{
	uint64_t hz;

	if (parse_u64(im->machine.text[HELLO_TSC_HZ], 10, &hz) < 0 || !hz || hz > INT64_MAX)
		return json_null();
	return json_integer((json_int_t)hz);
}

static json_t *hardware_json(const struct import *im)
{
	uint64_t print = FNV1A64_INIT, signature = 0;
	char hex[20], number[20];

	for (enum hello_key key = HELLO_VENDOR; key <= HELLO_HYPERVISOR; key++)
		print = fnv1a64(print, im->machine.text[key], strlen(im->machine.text[key]) + 1);
	snprintf(hex, sizeof(hex), "%016" PRIx64, print);
	if (parse_u64(im->machine.text[HELLO_SIGNATURE], 0, &signature) < 0)
		signature = 0;
	snprintf(number, sizeof(number), "0x%" PRIx64, signature);
	return json_pack("{s:s,s:o,s:o,s:o,s:n,s:n,s:o,s:o}", "fingerprint", hex, "vendor",
			 text_or_empty(im, HELLO_VENDOR), "brand", text_or_empty(im, HELLO_BRAND), "signature",
			 signature ? json_string(number) : json_null(), "microcode", "cpus", "virtualized_by",
			 known(im, HELLO_HYPERVISOR), "tsc_hz", hertz(im));
}

static json_t *subject_json(void)
{
	return json_pack("{s:n,s:n,s:{},s:{},s:n,s:n,s:n}", "kernel", "cmdline", "mitigations", "kvm_modules", "qemu",
			 "governor", "smt");
}

/* ---- the verdict: what the monitor proved there ---- */

static enum verdict_status status_find(const char *word)
{
	static const enum verdict_status all[] = { VERDICT_UNSUPPORTED, VERDICT_FIRMWARE_DISABLED, VERDICT_HIDDEN,
						   VERDICT_BUSY };

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (!strcmp(verdict_status_name(all[i]), word))
			return all[i];
	return VERDICT_UNKNOWN;
}

static void layer_set(struct verdict *v, enum layer layer, enum answer answer, const char *text)
{
	v->layer[layer].answer = answer;
	snprintf(v->layer[layer].text, sizeof(v->layer[layer].text), "%.199s", text);
}

/* As many of its reasons as there is room for: they are apart by "; ". */
static void evidence_put(char *text, size_t size, const char *backend, const struct import *im)
{
	const char *all = im->machine.text[HELLO_EVIDENCE];
	int head = snprintf(text, size, "%s (%.20s)", backend, im->machine.text[HELLO_PROVENANCE]);
	size_t room = size - (size_t)head - sizeof(": , ..."), n = strlen(all);
	bool cut = n > room;

	for (n = cut ? room : n; cut && n && strncmp(all + n, "; ", 2); n--)
		;
	if (n)
		snprintf(text + head, size - (size_t)head, ": %.*s%s", (int)n, all, cut ? "; ..." : "");
}

static void layers_fill(struct verdict *v, const struct import *im, const struct import_engine *ran,
			const struct import_engine *refused)
{
	const char *name = im->machine.text[HELLO_BRAND];
	char text[200], backend[64];

	import_backend(im, backend);
	snprintf(text, sizeof(text), "%.80s, CPUID signature %.20s", *name ? name : im->machine.text[HELLO_VENDOR],
		 *im->machine.text[HELLO_SIGNATURE] ? im->machine.text[HELLO_SIGNATURE] : "not known");
	layer_set(v, LAYER_PROCESSOR,
		  ran ? ANSWER_YES : v->status == VERDICT_UNSUPPORTED ? ANSWER_NO : ANSWER_UNKNOWN, text);
	layer_set(v, LAYER_FIRMWARE, ran ? ANSWER_YES : v->status == VERDICT_FIRMWARE_DISABLED ? ANSWER_NO : ANSWER_UNKNOWN,
		  ran ? "has left it on: the image's own monitor ran a guest" : refused ? refused->why : "not known");
	if (im->provenance == PROVENANCE_HARDWARE)
		snprintf(text, sizeof(text), "none: the image ran on the bare machine");
	else
		evidence_put(text, sizeof(text), backend, im);
	layer_set(v, LAYER_OUTER, *im->machine.text[HELLO_PROVENANCE] ? ANSWER_YES : ANSWER_UNKNOWN, text);
	layer_set(v, LAYER_DRIVER, ANSWER_NA, "none is needed: the image is its own monitor");
	layer_set(v, LAYER_DEVICE, ANSWER_NA, "none is needed");
	layer_set(v, LAYER_IOMMU, ANSWER_UNKNOWN, "the image does not look for one");
}

static json_t *import_verdict(const struct import *im)
{
	const struct import_engine *ran = NULL, *refused = NULL;
	struct verdict v = { .status = VERDICT_UNKNOWN, .backend = BACKEND_NONE };
	const char *vt = "";

	for (size_t i = IMPORT_VMX; i < IMPORT_ENGINES; i++) {
		const struct import_engine *en = &im->engine[i];

		if (en->measured) {
			ran = en;
			vt = i == IMPORT_VMX ? "VMX" : "SVM";
		} else if (en->refused[0]) {
			refused = en;
		}
	}
	if (ran) {
		v.status = VERDICT_USABLE;
		snprintf(v.summary, sizeof(v.summary), "%s works on this %s: vtscope's own monitor ran guests in it.", vt,
			 ran->provenance == PROVENANCE_EMULATED ? "simulated machine" : "machine");
	} else if (refused) {
		v.status = status_find(refused->refused);
		snprintf(v.summary, sizeof(v.summary), "%.190s", refused->why);
	} else {
		snprintf(v.summary, sizeof(v.summary), "The image did not say whether VT works on this machine.");
	}
	layers_fill(&v, im, ran, refused);
	return verdict_json(&v);
}

/* The same captures give the same number: an import can be told from another, and done again. */
static void run_id(uint64_t identity, char out[37])
{
	uint64_t a = fnv1a64(identity, "a", 1), b = fnv1a64(identity, "b", 1);

	snprintf(out, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
		 (unsigned)a & 0xfff, (unsigned)(b >> 48 & 0x3fff) | 0x8000, b & 0xffffffffffffull);
}

int import_describe(struct import *im, struct result_set *r)
{
	uint64_t seed;

	r->tool = json_pack("{s:s,s:n}", "version", PACKAGE_VERSION, "git");
	r->hardware = hardware_json(im);
	r->subject = subject_json();
	r->verdict = import_verdict(im);
	if (!parse_u64(im->machine.text[HELLO_SEED], 10, &seed) && seed <= RESULT_SEED_MAX)
		r->seed = seed;
	run_id(im->identity, r->run_id);
	return r->tool && r->hardware && r->subject && r->verdict ? 0 : -ENOMEM;
}
