/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a snapshot: CPUs, bits, files. What was not recorded stays unknown. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/analyse.h"

void finding_set(struct finding *out, enum answer a, enum basis b)
{
	out->answer = a;
	out->basis = b;
}

/* What is said is shown on terminals, and a record may hold anything. */
static void disarm(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

void finding_hint(struct finding *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->hint, sizeof(out->hint), fmt, ap);
	va_end(ap);
	disarm(out->hint);
}

void finding_evidence(struct finding *out, const char *source, const char *where, const char *fmt, ...)
{
	struct evidence *e;
	va_list ap;

	if (out->n_evidence == EVIDENCE_MAX)
		return;
	e = &out->evidence[out->n_evidence++];
	snprintf(e->source, sizeof(e->source), "%s", source);
	snprintf(e->where, sizeof(e->where), "%s", where);
	va_start(ap, fmt);
	vsnprintf(e->value, sizeof(e->value), fmt, ap);
	va_end(ap);
	disarm(e->where);
	disarm(e->value);
}

void finding_unread(struct finding *out, const char *source, const char *where,
		    const struct snap_record *r)
{
	const char *name = r ? errno_name(r->err) : NULL;

	if (!r)
		finding_evidence(out, source, where, "not recorded");
	else if (name)
		finding_evidence(out, source, where, "could not be read: %s", name);
	else
		finding_evidence(out, source, where, "could not be read: error %d", r->err);
}

int view_cpus(const struct snapshot *s, struct cpulist *out)
{
	int rc = 0;

	*out = (struct cpulist){ 0 };
	/* Leaf 0 stands before all else in the index, by CPU: lists grow fastest from below. */
	for (size_t i = 0; i < s->n && !rc; i++) {
		const struct snap_record *r = &s->rec[i < s->n_sorted ? s->order[i] : i];

		if (r->kind == SNAP_CPUID && r->num == 0 && r->sub == 0)
			rc = cpulist_add(out, r->cpu);
		else if (i < s->n_sorted)
			i = s->n_sorted - 1;
	}
	return rc;
}

/*
 * VIA's first processors write EAX and EDX only: the same leftovers stand in EBX and ECX of leaf 1
 * and of 0x80000000, where no feature flags are.
 */
static bool is_leftover(const struct snapshot *s, const struct snap_record *r)
{
	const struct snap_record *basic, *extended;

	if ((r->num != 1 && r->num != 0x80000001) || !r->regs[2])
		return false;
	basic = snapshot_cpuid(s, r->cpu, 1, 0);
	extended = snapshot_cpuid(s, r->cpu, 0x80000000, 0);
	return basic && extended && basic->regs[1] == extended->regs[1] &&
	       basic->regs[2] == extended->regs[2];
}

int view_cpuid(const struct snapshot *s, int cpu, uint32_t leaf, uint32_t sub, uint32_t regs[4])
{
	const struct snap_record *r = snapshot_cpuid(s, cpu, leaf, sub);
	const struct snap_record *base = snapshot_cpuid(s, cpu, leaf & 0xffff0000, 0);

	memset(regs, 0, 4 * sizeof(*regs));
	/*
	 * A processor answers a leaf that it does not have with another's content, and dumps list
	 * that; one without extended leaves answers 0x80000000 with something that is no such number.
	 * Hypervisors' blocks of leaves have each a maximum of their own. The leaf with the maximum
	 * is as it is.
	 */
	if (base && base != r && (!r || leaf >> 16 != 0x4000) &&
	    (base->regs[0] < leaf || base->regs[0] >> 16 != leaf >> 16))
		return 0;
	if (r) {
		memcpy(regs, r->regs, sizeof(r->regs));
		if (is_leftover(s, r))
			regs[1] = regs[2] = 0;
		return 1;
	}
	return base && sub && snapshot_cpuid(s, cpu, leaf, 0) ? 0 : -1;
}

/* Adds CPU lists to a split, and drops them. */
static void split_finish(struct cpu_split *out, struct cpulist *yes, struct cpulist *no)
{
	struct buf b = BUF_INIT;

	out->n_yes = yes->n;
	out->n_no = no->n;
	cpulist_format(yes, &b);
	snprintf(out->yes, sizeof(out->yes), "%s", buf_str(&b));
	buf_clear(&b);
	cpulist_format(no, &b);
	snprintf(out->no, sizeof(out->no), "%s", buf_str(&b));
	buf_free(&b);
	cpulist_free(yes);
	cpulist_free(no);
}

void view_bit(const struct snapshot *s, enum cpuid_id id, struct cpu_split *out)
{
	struct cpulist cpus, yes = { 0 }, no = { 0 };

	view_cpus(s, &cpus);
	for (size_t i = 0; i < cpus.n; i++) {
		uint32_t regs[4];
		int known = view_cpuid(s, cpus.cpu[i], cpuid_bits[id].leaf, cpuid_bits[id].subleaf,
				       regs);

		if (known >= 0)
			cpulist_add(cpuid_bit_in(id, regs) ? &yes : &no, cpus.cpu[i]);
	}
	cpulist_free(&cpus);
	split_finish(out, &yes, &no);
}

bool view_has(const struct snapshot *s, enum cpuid_id id)
{
	struct cpu_split split;

	view_bit(s, id, &split);
	return split.n_yes > 0 || (split.n_no == 0 && view_flag(s, cpuid_bits[id].flag) == ANSWER_YES);
}

static int compare_msr(const void *pa, const void *pb)
{
	const struct snap_record *a = *(const struct snap_record *const *)pa;
	const struct snap_record *b = *(const struct snap_record *const *)pb;

	if (a->err != b->err)
		return a->err < b->err ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return (a->cpu > b->cpu) - (a->cpu < b->cpu);
}

static int add_group(struct msr_groups *out, const struct snap_record *r)
{
	struct msr_group *last = out->n ? &out->group[out->n - 1] : NULL;

	if (!last || last->err != r->err || last->value != r->value) {
		struct msr_group *grown = reallocarray(out->group, out->n + 1, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		out->group = grown;
		last = &out->group[out->n++];
		*last = (struct msr_group){ .err = r->err, .value = r->value };
	}
	return cpulist_add(&last->cpus, r->cpu);
}

int view_msr(const struct snapshot *s, uint32_t msr, struct msr_groups *out)
{
	const struct snap_record **found;
	size_t n = 0;
	int rc = 0;

	*out = (struct msr_groups){ 0 };
	for (size_t i = 0; i < s->n; i++)
		n += s->rec[i].kind == SNAP_MSR && s->rec[i].num == msr;
	if (n == 0)
		return 0;
	found = calloc(n, sizeof(*found));
	if (!found)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->rec[i].kind == SNAP_MSR && s->rec[i].num == msr)
			found[n++] = &s->rec[i];
	qsort(found, n, sizeof(*found), compare_msr);
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_group(out, found[i]);
	free(found);
	return rc;
}

void view_msr_free(struct msr_groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		cpulist_free(&g->group[i].cpus);
	free(g->group);
	*g = (struct msr_groups){ 0 };
}

bool view_word(const char *list, const char *word, const char *parts)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t n = strcspn(list, parts);

		if (n == len && memcmp(list, word, len) == 0)
			return true;
		list += n;
		list += strspn(list, parts);
	}
	return false;
}

bool view_listed(const struct snapshot *s, const char *path, const char *name)
{
	return view_word(snapshot_text(s, SNAP_DIR, path), name, "\n");
}

bool view_module(const struct snapshot *s, const char *name)
{
	const char *at = snapshot_text(s, SNAP_TEXT, "/proc/modules");
	size_t len = strlen(name);

	if (view_listed(s, "/sys/module", name))
		return true;
	for (; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (strncmp(at, name, len) == 0 && at[len] == ' ')
			return true;
	return false;
}

bool view_modules_known(const struct snapshot *s)
{
	return snapshot_text(s, SNAP_DIR, "/sys/module") || snapshot_text(s, SNAP_TEXT, "/proc/modules");
}

enum answer view_config(const struct snapshot *s, const char *option, const char **line)
{
	const char *all = snapshot_text(s, SNAP_TEXT, "/boot/config"), *at = all;
	size_t len = strlen(option);

	for (; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		bool comment = strncmp(at, "# ", 2) == 0;
		const char *name = at + (comment ? 2 : 0);

		if (strncmp(name, option, len) != 0 || name[len] != (comment ? ' ' : '='))
			continue;
		if (line)
			*line = name;
		return comment ? ANSWER_NO : ANSWER_YES;
	}
	/* An option whose own conditions are not met is not even named. */
	return all && *all ? ANSWER_NO : ANSWER_UNKNOWN;
}

enum answer view_flag(const struct snapshot *s, const char *flag)
{
	const char *text = snapshot_text(s, SNAP_TEXT, "/proc/cpuinfo");
	size_t with = 0, without = 0, len = strlen(flag);

	while (text && *text) {
		size_t n = strcspn(text, "\n"), i = 0;
		bool found = false;

		if (n > 5 && memcmp(text, "flags", 5) == 0 &&
		    (text[5] == '\t' || text[5] == ' ' || text[5] == ':')) {
			while (i < n && !found) {
				size_t word = strcspn(text + i, " \t\n");

				found = word == len && memcmp(text + i, flag, len) == 0;
				i += word + 1;
			}
			*(found ? &with : &without) += 1;
		}
		text += n + (text[n] == '\n');
	}
	return with && !without ? ANSWER_YES : without && !with ? ANSWER_NO : ANSWER_UNKNOWN;
}

unsigned view_kernel(const struct snapshot *s)
{
	const char *release = snapshot_text(s, SNAP_SYS, "uname.release");
	unsigned major, minor;

	if (!release || sscanf(release, "%3u.%3u", &major, &minor) != 2)
		return 0;
	return major * 1000 + minor;
}

bool view_line(const struct snapshot *s, const char *path, char *out, size_t size)
{
	const char *text = snapshot_text(s, SNAP_TEXT, path);

	out[0] = '\0';
	if (text)
		snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
	return text;
}
