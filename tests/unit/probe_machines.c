/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every machine of tests/machines, recorded in whichever form (.snap, .dump, .dat, .root): the
 * text, and where it stands beside it the JSON, that it must give.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "arch/x86/facts.h"
#include "common/fileio.h"
#include "probe/collect.h"
#include "probe/readers.h"
#include "probe/verdict.h"
#include "tests/unit/tap.h"

#define FILE_MAX (4u << 20)

static const char *folder(void)
{
	static char path[4096];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof(path), "%s/tests/machines", top ? top : ".");
	return path;
}

static bool updating(void)
{
	return getenv("VTSCOPE_UPDATE_EXPECTED") != NULL;
}

static bool load(const char *name, const char *form, struct snapshot *s)
{
	char path[8192];
	struct err e = { 0 };
	int rc;

	snprintf(path, sizeof(path), "%s/%s.%s", folder(), name, form);
	rc = readers_read(s, path, &e);
	if (rc)
		tap_note("%s", e.text);
	if (!rc) {
		/* The same wherever the tree is. */
		free(s->source_name);
		s->source_name = NULL;
		if (asprintf(&s->source_name, "%s.%s", name, form) < 0)
			s->source_name = NULL;
	}
	return rc == 0;
}

/*
 * Compares (got) with the file NAME.EXTENSION, or makes it so. (must): a missing file is
 * a failure.
 */
static void expect(const char *name, const char *extension, const char *got, bool must)
{
	struct buf want = BUF_INIT;
	char path[8192];
	bool there;

	snprintf(path, sizeof(path), "%s/%s.%s", folder(), name, extension);
	there = file_read(path, FILE_MAX, &want, NULL) == 0;
	if (updating() && (there || must) && strcmp(got, buf_str(&want)) != 0) {
		CU_ASSERT(file_write(path, got, strlen(got), NULL) == 0);
		tap_note("%s.%s is new", name, extension);
	} else if (there || must) {
		if (strcmp(got, buf_str(&want)) != 0)
			tap_note("%s.%s differs; make update-expected, then git diff", name,
				 extension);
		CU_ASSERT_STRING_EQUAL(got, buf_str(&want));
	}
	buf_free(&want);
}

static void judge(const char *name, const char *form, bool *seen)
{
	const struct render_style style = { .columns = 100 };
	struct buf text = BUF_INIT;
	struct snapshot s;
	struct verdict v;
	json_t *document;
	char *json;

	CU_ASSERT(load(name, form, &s));
	if (s.n == 0)
		return;
	CU_ASSERT(verdict_make(&v, &s) == 0);
	seen[verdict_exit_status(v.status)] = true;
	buf_printf(&text, "status %d, %s\n\n", verdict_exit_status(v.status),
		   verdict_status_name(v.status));
	render_full(&v, &s, &style, &text);
	expect(name, "txt", buf_str(&text), true);
	document = probe_json(&s, &v, 0);
	json = json_dumps(document, JSON_INDENT(1));
	CU_ASSERT_PTR_NOT_NULL(json);
	buf_clear(&text);
	buf_printf(&text, "%s\n", json ? json : "");
	expect(name, "json", buf_str(&text), false);
	free(json);
	json_decref(document);
	buf_free(&text);
	verdict_free(&v);
	snapshot_free(&s);
}

static bool is_form(const char *extension)
{
	static const char *const forms[] = { "snap", "dump", "dat", "root" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(extension, forms[i]) == 0)
			return true;
	return false;
}

/* How many machines there are. */
static int each_machine(void (*each)(const char *name, const char *form, bool *seen), bool *seen)
{
	struct dirent **entries;
	int n = scandir(folder(), &entries, NULL, alphasort), machines = 0;

	for (int i = 0; i < n; i++) {
		char *dot = strrchr(entries[i]->d_name, '.');

		if (dot && is_form(dot + 1)) {
			*dot = '\0';
			each(entries[i]->d_name, dot + 1, seen);
			machines++;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return machines;
}

static void test_machines(void)
{
	static const int statuses[] = { 0, 10, 11, 12, 13, 14, 15, 16, 17 };
	bool seen[32] = { false };

	tap_note("%d machines", each_machine(judge, seen));
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		CU_ASSERT(seen[statuses[i]]);
}

/* Everything but the document. */
static void say_all(const struct snapshot *s, struct buf *out)
{
	const struct render_style style = { .columns = 100 };
	struct verdict v;

	CU_ASSERT(verdict_make(&v, s) == 0);
	render_full(&v, s, &style, out);
	for (size_t i = 0; i < n_checks; i++)
		render_explain(checks[i], &v, &style, out);
	render_tap(&v, out);
	CU_ASSERT(render_prom(&v, s, out) == 0);
	CU_ASSERT(render_nfd(&v, s, out) == 0);
	render_oneline(&v, s, out);
	verdict_free(&v);
}

static void leave_details_out(const char *name, const char *form, bool *any)
{
	struct buf all = BUF_INIT, brief = BUF_INIT;
	struct snapshot s, kept;

	CU_ASSERT_FATAL(load(name, form, &s));
	kept = s;
	kept.rec = calloc(s.n + 1, sizeof(*kept.rec));
	CU_ASSERT_PTR_NOT_NULL_FATAL(kept.rec);
	kept.n = 0;
	kept.order = NULL;
	for (size_t i = 0; i < s.n; i++)
		if (!collect_is_detail(&s, &s.rec[i]))
			kept.rec[kept.n++] = s.rec[i];
	*any |= kept.n < s.n;
	CU_ASSERT(snapshot_index(&kept) == 0);
	say_all(&s, &all);
	say_all(&kept, &brief);
	if (strcmp(buf_str(&all), buf_str(&brief)) != 0)
		tap_note("%s.%s: something reads what a brief collection leaves out", name, form);
	CU_ASSERT_STRING_EQUAL(buf_str(&all), buf_str(&brief));
	free(kept.rec);
	free(kept.order);
	snapshot_free(&s);
	buf_free(&all);
	buf_free(&brief);
}

/* What is shown without records is the same without what is then not read at all. */
static void test_brief(void)
{
	bool any = false;
	struct snapshot none;

	/* Whether there is an MSR is asked of CPUID, on each CPU. */
	snapshot_init(&none);
	for (size_t i = 0; i < n_msr_facts; i++)
		for (unsigned k = 0; msr_facts[i].gate.kind == MSR_GATE_CPUID && k < msr_facts[i].gate.n; k++) {
			const struct cpuid_bit *bit = &cpuid_bits[msr_facts[i].gate.of[k]];

			CU_ASSERT(!collect_is_detail(&none, &(struct snap_record){
				.kind = SNAP_CPUID, .cpu = 1, .num = bit->leaf, .sub = bit->subleaf }));
		}

	each_machine(leave_details_out, &any);
	CU_ASSERT(any);
}

/* What is not recorded is unknown: nothing may be concluded from an empty snapshot. */
static void test_empty(void)
{
	struct snapshot s;
	struct verdict v;
	json_t *document;

	snapshot_init(&s);
	CU_ASSERT(verdict_make(&v, &s) == 0);
	CU_ASSERT(v.status == VERDICT_UNKNOWN);
	for (size_t i = 0; i < v.findings.n; i++)
		CU_ASSERT(v.findings.row[i].answer == ANSWER_UNKNOWN ||
			  v.findings.row[i].answer == ANSWER_NA);
	document = probe_json(&s, &v, 1);
	CU_ASSERT_PTR_NOT_NULL(document);
	json_decref(document);
	verdict_free(&v);
}

/*
 * The same machine with one record taken away at a time: never a crash, never "usable"
 * without its proof.
 */
static void test_any_record_missing(void)
{
	struct snapshot s;

	CU_ASSERT_FATAL(load("intel-usable", "snap", &s));
	for (size_t i = 0; i < s.n; i++) {
		struct snap_record gone = s.rec[i];
		struct verdict v;
		json_t *document;

		s.rec[i] = s.rec[s.n - 1];
		s.n--;
		CU_ASSERT(snapshot_index(&s) == 0);
		CU_ASSERT(verdict_make(&v, &s) == 0);
		if (gone.kind == SNAP_KVM && strcmp(gone.name, "run") == 0)
			CU_ASSERT(finding_answer(&v.findings, "kvm.trial") == ANSWER_UNKNOWN);
		document = probe_json(&s, &v, 1);
		CU_ASSERT_PTR_NOT_NULL(document);
		json_decref(document);
		verdict_free(&v);
		s.n++;
		s.rec[s.n - 1] = s.rec[i];
		s.rec[i] = gone;
	}
	CU_ASSERT(snapshot_index(&s) == 0);
	snapshot_free(&s);
}

/*
 * Bytes that are no text, terminal escapes and CPUs from above: a document all the same,
 * and in time.
 */
static void test_awkward(void)
{
	static const char *const names[] = { "/run/systemd/container",
					     "/proc/cmdline",
					     "/sys/class/dmi/id/sys_vendor",
					     "/proc/cpuinfo",
					     "/sys/kernel/security/lockdown",
					     "/dev/kmsg",
					     "/proc/misc" };
	const uint32_t regs[4] = { 1, 0xffffffff, 0xffffffff, 0xffffffff };
	const struct render_style style = { .columns = 80 };
	struct buf text = BUF_INIT;
	struct snapshot s;
	struct verdict v;
	json_t *document;

	snapshot_init(&s);
	CU_ASSERT(snapshot_add_data(&s, SNAP_SYS, "owner./dev/kvm", 0, "x:\x1b[2J\n\"}", 10) == 0);
	CU_ASSERT(snapshot_add_node(&s, "/dev/kvm", 0, 020660, 10, 232) == 0);
	CU_ASSERT(snapshot_add_kvm(&s, "open", 0, EACCES, 0) == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CU_ASSERT(snapshot_add_data(&s, SNAP_TEXT, names[i], 0, "\xff\x1b[2J kvm", 9) == 0);
	CU_ASSERT(snapshot_add_data(&s, SNAP_DIR, "/sys/module", 0, "kvm_\xff\nkvm_pvm\n\n\n", 16) ==
		  0);
	CU_ASSERT(snapshot_add_data(&s, SNAP_DIR, "/sys/module/kvm_\xff/parameters", 0, "\xff\n",
				    2) == 0);
	CU_ASSERT(snapshot_add_data(&s, SNAP_DIR, "/sys/class/iommu", 0, "\xff\n", 2) == 0);
	for (int cpu = 65535; cpu >= 0; cpu -= 4)
		for (uint32_t leaf = 0; leaf < 2; leaf++)
			CU_ASSERT(snapshot_add_cpuid(&s, cpu, leaf, 0, regs) == 0);
	CU_ASSERT(snapshot_index(&s) == 0);
	CU_ASSERT(verdict_make(&v, &s) == 0);
	render_full(&v, &s, &style, &text);
	render_tap(&v, &text);
	CU_ASSERT(render_prom(&v, &s, &text) == 0);
	CU_ASSERT(render_nfd(&v, &s, &text) == 0);
	render_oneline(&v, &s, &text);
	CU_ASSERT_PTR_NULL(strchr(buf_str(&text), '\x1b'));
	document = probe_json(&s, &v, 1);
	CU_ASSERT_PTR_NOT_NULL(document);
	json_decref(document);
	buf_free(&text);
	verdict_free(&v);
	snapshot_free(&s);
}

/* Ids are what plans and scripts hold on to. */
static void test_table(void)
{
	static const char *const promised[] = { "cpu.vmx",   "cpu.svm",	  "kvm.device",	 "kvm.vm",
						"kvm.trial", "tool.qemu", "tool.gnuplot" };

	for (size_t i = 0; i < sizeof(promised) / sizeof(promised[0]); i++)
		CU_ASSERT_PTR_NOT_NULL(check_find(promised[i]));
	for (size_t i = 0; i < n_checks; i++) {
		CU_ASSERT_PTR_EQUAL(check_find(checks[i]->id), checks[i]);
		CU_ASSERT(checks[i]->question[strlen(checks[i]->question) - 1] == '?');
		CU_ASSERT(strlen(checks[i]->explain) > 40);
	}
	CU_ASSERT_PTR_NULL(check_find("cpu.nonsense"));
}

static const struct tap_test tests[] = {
	{ "every recorded machine gives the expected verdict, every status occurs", test_machines },
	{ "a brief collection leaves out what the document alone shows", test_brief },
	{ "nothing is concluded from nothing", test_empty },
	{ "a machine with any record missing is judged without harm", test_any_record_missing },
	{ "awkward records are judged without harm", test_awkward },
	{ "the table's ids are unique, found and explained", test_table },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("machines", tests);
}
