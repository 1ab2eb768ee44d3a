/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system's part of the document: KVM, surroundings; and the records themselves. */
#include <stdio.h>
#include <string.h>

#include "probe/json_private.h"
#include "probe/snapshot_private.h"

/* Calls (each) with every entry of the recorded folder (path). */
static void for_entries(const struct snapshot *s, const char *path,
			void (*each)(const struct snapshot *s, const char *entry, json_t *out),
			json_t *out)
{
	const char *list = snapshot_text(s, SNAP_DIR, path);
	char name[256];

	while (list && *list) {
		size_t n = strcspn(list, "\n");

		if (n && n < sizeof(name)) {
			memcpy(name, list, n);
			name[n] = '\0';
			each(s, name, out);
		}
		list += n + (list[n] == '\n');
	}
}

/* A file's first line, or null. */
static json_t *line_json(const struct snapshot *s, const char *path)
{
	char line[4096];

	return view_line(s, path, line, sizeof(line)) ? json_text(line) : json_null();
}

static json_t *capabilities_json(const struct snapshot *s)
{
	json_t *o = json_object();

	for (size_t i = 0; i < n_kvm_capabilities; i++) {
		const struct snap_record *r = snapshot_kvm(s, "cap", kvm_capabilities[i].number);

		if (r)
			json_put(o, kvm_capabilities[i].name,
				 r->err ? json_null() : json_integer(r->value));
	}
	return o;
}

static json_t *parameters_json(const struct snapshot *s, const char *module)
{
	json_t *o = json_object();
	char folder[320], path[640], name[256];
	const char *list;

	snprintf(folder, sizeof(folder), "/sys/module/%s/parameters", module);
	for (list = snapshot_text(s, SNAP_DIR, folder); list && *list;) {
		size_t n = strcspn(list, "\n");

		if (n && n < sizeof(name)) {
			memcpy(name, list, n);
			name[n] = '\0';
			snprintf(path, sizeof(path), "%s/%s", folder, name);
			json_put(o, name, line_json(s, path));
		}
		list += n + (list[n] == '\n');
	}
	return o;
}

/* A file of a loaded module, or null: a built-in one has none. */
static json_t *module_line(const struct snapshot *s, const char *module, const char *file)
{
	char path[320];

	snprintf(path, sizeof(path), "/sys/module/%s/%s", module, file);
	return line_json(s, path);
}

static void add_module(const struct snapshot *s, const char *module, json_t *out)
{
	if (strncmp(module, "kvm", 3) == 0)
		json_array_append_new(out, json_pack("{s:o, s:o, s:o, s:o}", "name", json_text(module),
						     "state", module_line(s, module, "initstate"),
						     "users", module_line(s, module, "refcnt"),
						     "parameters", parameters_json(s, module)));
}

/* What /proc/modules tells where there is no /sys/module: "kvm 1138688 1 kvm_intel, Live 0x0000000000000000". */
static void add_listed_modules(const struct snapshot *s, json_t *out)
{
	const char *at = snapshot_text(s, SNAP_TEXT, "/proc/modules");
	char name[64], users[32], state[32];

	if (snapshot_text(s, SNAP_DIR, "/sys/module"))
		return;
	for (; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (strncmp(at, "kvm", 3) != 0 || sscanf(at, "%63s %*s %31s %*s %31s", name, users, state) != 3)
			continue;
		state[0] |= 0x20;
		json_array_append_new(out, json_pack("{s:o, s:o, s:o, s:{}}", "name", json_text(name), "state",
						     json_text(state), "users", json_text(users), "parameters"));
	}
}

static json_t *trial_json(const struct snapshot *s, const struct verdict *v)
{
	static const char *const steps[] = { "create_vm", "memory", "create_vcpu", "run" };
	enum answer trial = finding_answer(&v->findings, "kvm.trial");
	const char *result =
		trial == ANSWER_YES ? "guest-ran" :
		finding_answer(&v->findings, "kvm.vm") == ANSWER_YES && trial == ANSWER_UNKNOWN ?
				      "vm-created" :
				      "not-tried";
	json_t *error = NULL;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !error; i++) {
		const struct snap_record *r = snapshot_kvm(s, steps[i], 0);

		if (!r || !r->err)
			continue;
		result = "failed";
		error = errno_name(r->err) ? json_string(errno_name(r->err)) :
					     json_sprintf("%d", r->err);
	}
	return json_pack("{s:s, s:o}", "result", result, "errno", error ? error : json_null());
}

/* The feature MSRs that KVM answers for: what it can give to guests. */
static json_t *feature_msrs_json(const struct snapshot *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct snap_record *r = &s->rec[i];
		const struct msr_fact *m;

		if (r->kind != SNAP_KVM || strcmp(r->name, "feature_msr") != 0)
			continue;
		m = msr_fact_of(r->num);
		json_array_append_new(a, json_pack("{s:o, s:o, s:o}", "msr", json_hex(r->num), "name",
						   m ? json_string(m->name) :
						       json_sprintf("msr_0x%x", r->num),
						   "value", r->err ? json_null() : json_hex(r->value)));
	}
	return a;
}

/* What CPUID it can give to guests, of the leaves that tell of VT; null where it was not asked. */
static json_t *guest_cpuid_json(const struct snapshot *s)
{
	static const struct { const char *key, *step; uint32_t leaf; } rows[] = {
		{ "leaf_0x1_ecx", "guest_cpuid_ecx", 1 },
		{ "leaf_0x80000001_ecx", "guest_cpuid_ecx", 0x80000001 },
		{ "leaf_0x8000000a_edx", "guest_cpuid_edx", 0x8000000a },
	};
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct snap_record *r = snapshot_kvm(s, rows[i].step, rows[i].leaf);

		json_put(o, rows[i].key, r && !r->err ? json_hex(r->value) : json_null());
	}
	return o;
}

json_t *json_kvm(const struct snapshot *s, const struct verdict *v)
{
	const struct snap_record *api = snapshot_kvm(s, "api_version", 0);
	json_t *modules = json_array();

	for_entries(s, "/sys/module", add_module, modules);
	add_listed_modules(s, modules);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "device", device_state(s, &v->findings),
			 "feature_msrs", feature_msrs_json(s), "guest_cpuid", guest_cpuid_json(s),
			 "api_version", api && !api->err ? json_integer(api->value) : json_null(),
			 "capabilities", capabilities_json(s), "nested",
			 answer_name(finding_answer(&v->findings, "kvm.nested")), "modules",
			 modules, "trial", trial_json(s, v));
}

/* Is the line (text) among (rows) already? The patterns go from the particular to the general. */
static bool has_line(json_t *rows, const char *text)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *have = json_string_value(json_object_get(row, "text"));

		if (have && strcmp(have, text) == 0)
			return true;
	}
	return false;
}

static json_t *log_json(const struct snapshot *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n_log_patterns; i++) {
		const struct log_pattern *p = &log_patterns[i];
		char line[400];

		if (view_log(s, p->pattern, line, sizeof(line)) && !has_line(a, line))
			json_array_append_new(a, json_pack("{s:s, s:o, s:s}", "pattern", p->pattern,
							   "text", json_text(line), "meaning",
							   p->meaning));
	}
	return a;
}

static json_t *holders_json(const struct snapshot *s)
{
	json_t *a = json_array();
	char list[128], *save = NULL;

	holders_list(s, list, sizeof(list));
	for (char *h = strtok_r(list, ", ", &save); h; h = strtok_r(NULL, ", ", &save))
		json_array_append_new(a, json_string(h));
	return a;
}

/* With whose rights it was read, and what root's would add. */
static json_t *rights_json(const struct snapshot *s)
{
	const char *euid = snapshot_text(s, SNAP_SYS, "euid"), *adds[ROOT_ADDS_MAX];
	size_t n = root_adds(s, adds);
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_string(adds[i]));
	return json_pack("{s:s, s:o, s:b, s:o}", "root",
			 !euid ? "unknown" : strcmp(euid, "0") == 0 ? "yes" : "no", "groups",
			 json_text(snapshot_text(s, SNAP_SYS, "gids")), "user_namespace",
			 in_user_namespace(s), "denied", a);
}

json_t *json_context(const struct snapshot *s)
{
	static const char *const fields[] = { "bios_date",  "bios_vendor",  "bios_version",
					      "board_name", "board_vendor", "product_family",
					      "product_name", "product_version", "sys_vendor" };
	const char *release = snapshot_text(s, SNAP_SYS, "uname.release");
	const char *kind = container_kind(s);
	json_t *dmi = json_object(), *cmdline = line_json(s, "/proc/cmdline");
	char path[64], container[64];

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		snprintf(path, sizeof(path), "/sys/class/dmi/id/%s", fields[i]);
		json_put(dmi, fields[i], line_json(s, path));
	}
	if (json_is_null(cmdline))
		cmdline = json_string("");
	snprintf(container, sizeof(container), "%.*s", kind ? (int)strcspn(kind, "\n") : 0,
		 kind ? kind : "");
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "dmi", dmi, "cloud",
			 json_text(cloud_name(s)), "rights", rights_json(s), "kernel",
			 json_text(release ? release : ""), "cmdline", cmdline, "lockdown",
			 line_json(s, "/sys/kernel/security/lockdown"), "container",
			 json_text(kind ? container : NULL), "log", log_json(s), "holders",
			 holders_json(s));
}

/* Bytes that are no text as hex digits. */
static json_t *data_json(const struct snap_record *r, const char **key)
{
	json_t *text = r->kind == SNAP_BLOB ? NULL : json_stringn((const char *)r->data, r->len);
	struct buf hex = BUF_INIT;

	*key = "text";
	if (text)
		return text;
	*key = "hex";
	for (size_t i = 0; i < r->len; i++)
		buf_printf(&hex, "%02x", r->data[i]);
	text = buf_error(&hex) ? NULL : json_string(buf_str(&hex));
	buf_free(&hex);
	return text;
}

static int put_value(json_t *o, const struct snap_record *r)
{
	json_t *data;
	const char *key;

	switch (r->kind) {
	case SNAP_CPUID:
		return json_put(o, "regs",
				json_pack("[o, o, o, o]", json_hex(r->regs[0]), json_hex(r->regs[1]),
					  json_hex(r->regs[2]), json_hex(r->regs[3])));
	case SNAP_MSR:
	case SNAP_KVM:
		return json_put(o, "value", json_hex(r->value));
	case SNAP_NODE:
		return json_put(o, "mode", json_sprintf("%06llo", (unsigned long long)r->value)) |
		       json_put(o, "major", json_integer(r->num)) |
		       json_put(o, "minor", json_integer(r->sub));
	default:
		data = data_json(r, &key);
		return json_put(o, key, data);
	}
}

json_t *json_records(const struct snapshot *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct snap_record *r = &s->rec[i];
		json_t *o = json_pack("{s:s}", "kind", snap_kind_name(r->kind));
		int bad = 0;

		if (r->cpu >= 0)
			bad |= json_put(o, "cpu", json_integer(r->cpu));
		if (r->name)
			bad |= json_put(o, "name", json_text(r->name));
		if (r->kind == SNAP_CPUID || r->kind == SNAP_MSR || r->kind == SNAP_KVM)
			bad |= json_put(o, "number", json_hex(r->num));
		if (r->kind == SNAP_CPUID)
			bad |= json_put(o, "subleaf", json_hex(r->sub));
		if (r->err)
			bad |= json_put(o, "error",
					errno_name(r->err) ? json_string(errno_name(r->err)) :
							     json_sprintf("%d", r->err));
		else
			bad |= put_value(o, r);
		if (json_array_append_new(a, o) || bad) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}
