/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/result_fields.h"
#include "common/digest.h"
#include "common/parse.h"
#include "config.h"

#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities/"
#define MODULES		"/sys/module/"

/* A file's text without its newline, or null. */
static json_t *file_json(const struct snapshot *s, enum snap_kind kind, const char *path)
{
	const char *text = snapshot_text(s, kind, path);

	return text ? result_text(text, strcspn(text, "\n")) : json_null();
}

static json_t *known_text(const char *text)
{
	return *text ? result_text(text, strlen(text)) : json_null();
}

/* From sysfs, or the first processor of /proc/cpuinfo where a hypervisor leaves sysfs without it. */
static json_t *microcode_json(const struct snapshot *s)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/sys/devices/system/cpu/cpu0/microcode/version");
	char word[24], hex[24];
	uint64_t revision;
	size_t n;

	if (!text) {
		text = snapshot_text(s, SNAP_TEXT, "/proc/cpuinfo");
		text = text ? strstr(text, "\nmicrocode\t: ") : NULL;
		text = text ? text + strlen("\nmicrocode\t: ") : NULL;
	}
	n = text ? strcspn(text, "\n") : 0;
	if (!n || n >= sizeof(word))
		return json_null();
	memcpy(word, text, n);
	word[n] = 0;
	if (parse_u64(word, 16, &revision) < 0)
		return json_null();
	snprintf(hex, sizeof(hex), "0x%" PRIx64, revision);
	return json_string(hex);
}

/* What must be the same for two results to be comparable, in one number. */
static uint64_t fingerprint(const struct machine_id *id)
{
	char text[256];

	snprintf(text, sizeof(text), "%s|%08x|%s|%u|%s", id->vendor, id->signature, id->brand, id->logical,
		 id->hypervisor);
	return fnv1a64(FNV1A64_INIT, text, strlen(text));
}

void machine_fingerprint(const struct snapshot *s, const struct verdict *v, char out[17])
{
	struct machine_id id;

	machine_identify(s, &v->findings, &id);
	snprintf(out, 17, "%016" PRIx64, fingerprint(&id));
}

static json_t *hardware_json(const struct snapshot *s, const struct machine_id *id, uint64_t tsc_hz)
{
	char print[20], signature[20];

	snprintf(print, sizeof(print), "%016" PRIx64, fingerprint(id));
	snprintf(signature, sizeof(signature), "0x%x", id->signature);
	return json_pack("{s:s,s:o,s:o,s:s,s:o,s:i,s:o,s:I}", "fingerprint", print, "vendor",
			 result_text(id->vendor, strlen(id->vendor)), "brand",
			 result_text(id->brand, strlen(id->brand)), "signature", signature, "microcode", microcode_json(s), "cpus", (int)id->logical,
			 "virtualized_by", known_text(id->hypervisor), "tsc_hz", (json_int_t)tsc_hz);
}

/* Of every vulnerability that the kernel names, what it does about it. */
static json_t *mitigations_json(const struct snapshot *s)
{
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct snap_record *r = &s->rec[i];

		if (r->kind == SNAP_TEXT && !r->err && !strncmp(r->name, VULNERABILITIES, strlen(VULNERABILITIES)))
			json_object_set_new(o, r->name + strlen(VULNERABILITIES), file_json(s, SNAP_TEXT, r->name));
	}
	return o;
}

/* The object of (module) in (o), made when it is not there. */
static json_t *module_json(json_t *o, const char *module, size_t n)
{
	char name[64];
	json_t *m;

	if (n >= sizeof(name))
		return NULL;
	memcpy(name, module, n);
	name[n] = 0;
	m = json_object_get(o, name);
	if (!m) {
		json_object_set_new(o, name, json_object());
		m = json_object_get(o, name);
	}
	return m;
}

/* kvm, kvm_intel, kvm_amd, kvm_pvm ... that are loaded, each with its parameters; one that could not be read is null. */
static json_t *kvm_modules_json(const struct snapshot *s)
{
	const char *list = snapshot_text(s, SNAP_DIR, "/sys/module"), *p, *slash;
	json_t *o = json_object();
	size_t i, n;

	for (p = list; p && *p; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		if ((n == 3 && !strncmp(p, "kvm", 3)) || (n > 4 && !strncmp(p, "kvm_", 4)))
			module_json(o, p, n);
	}
	for (i = 0; i < s->n; i++) {
		const struct snap_record *r = &s->rec[i];

		if (r->kind != SNAP_TEXT || strncmp(r->name, MODULES "kvm", strlen(MODULES "kvm")))
			continue;
		p = r->name + strlen(MODULES);
		slash = strchr(p, '/');
		if (slash && !strncmp(slash, "/parameters/", 12))
			json_object_set_new(module_json(o, p, (size_t)(slash - p)), slash + 12,
					    file_json(s, SNAP_TEXT, r->name));
	}
	return o;
}

/* "QEMU 7.2.22" of an engine that runs on it, or null. */
static json_t *qemu_json(const struct plan *p)
{
	size_t i, n;

	for (i = 0; i < p->n_engines; i++) {
		const char *at = p->engine[i].info ? strstr(p->engine[i].info->backend, "QEMU ") : NULL;

		if (!at)
			continue;
		n = 5 + strcspn(at + 5, " ,()");
		return result_text(at, n);
	}
	return json_null();
}

static json_t *smt_json(const struct snapshot *s)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/sys/devices/system/cpu/smt/active");

	if (!text)
		return json_null();
	return json_string(*text == '1' ? "on" : "off");
}

/* A program by what it is: where it lies, and the digest of its bytes; null where it cannot be read. */
static json_t *program_json(const char *path)
{
	uint64_t hash = FNV1A64_INIT;
	char hex[17], bytes[65536];
	FILE *in = fopen(path, "rbe");
	size_t n;

	while (in && (n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		hash = fnv1a64(hash, bytes, n);
	snprintf(hex, sizeof(hex), "%016" PRIx64, hash);
	n = in && !ferror(in);
	if (in)
		fclose(in);
	return json_pack("{s:o,s:o}", "path", result_text(path, strlen(path)), "digest", n ? json_string(hex) : json_null());
}

/* What a second measurement of the same needs: the CPU, and the program behind each engine that has one of its own. */
static json_t *carrier_json(const struct plan *p)
{
	json_t *programs = json_object();

	for (size_t i = 0; i < p->n_engines; i++)
		if (p->engine[i].info && p->engine[i].info->program)
			json_object_set_new(programs, p->engine[i].ops->name, program_json(p->engine[i].info->program));
	return json_pack("{s:o,s:o}", "cpu", p->cpu < 0 ? json_null() : json_integer(p->cpu), "programs", programs);
}

static json_t *subject_json(const struct plan *p, const struct snapshot *s, const struct machine_id *id)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "kernel", known_text(id->kernel), "cmdline",
			 file_json(s, SNAP_TEXT, "/proc/cmdline"), "mitigations", mitigations_json(s), "kvm_modules",
			 kvm_modules_json(s), "qemu", qemu_json(p), "governor",
			 file_json(s, SNAP_TEXT, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"), "smt",
			 smt_json(s), "carrier", carrier_json(p));
}

int machine_describe(struct result_set *r, const struct plan *p, const struct snapshot *s, const struct verdict *v,
		     uint64_t tsc_hz)
{
	struct machine_id id;

	machine_identify(s, &v->findings, &id);
	r->tool = json_pack("{s:s,s:n}", "version", PACKAGE_VERSION, "git");
	r->hardware = hardware_json(s, &id, tsc_hz);
	r->subject = subject_json(p, s, &id);
	r->verdict = verdict_json(v);
	snapshot_digest(s, r->snapshot);
	return r->tool && r->hardware && r->subject && r->verdict ? 0 : -ENOMEM;
}

bool machine_lfence_assumed(const struct snapshot *s)
{
	const struct snap_record *vendor = snapshot_cpuid(s, -1, 0, 0), *r;

	if (!vendor || vendor->err)
		return true;
	if (memcmp(&vendor->regs[1], "Auth", 4) && memcmp(&vendor->regs[1], "Hygo", 4))
		return false;
	r = snapshot_cpuid(s, -1, 0x80000021, 0);
	if (r && !r->err && r->regs[0] & 1u << 2)
		return false;
	r = snapshot_msr(s, -1, 0xc0011029);
	return !(r && !r->err && r->value & 1u << 1);
}
