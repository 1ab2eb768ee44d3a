/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs of one machine that answer alike: hybrids, and machines whose firmware forgot some, have more than one group. */
#include <errno.h>
#include <stdlib.h>

#include "probe/analyse.h"

struct cpu_answer {
	struct cpu_value v;
	int cpu;
};

static int compare_answers(const void *pa, const void *pb)
{
	const struct cpu_answer *a = pa, *b = pb;

	if (a->v.known != b->v.known)
		return a->v.known > b->v.known ? -1 : 1;
	if (a->v.value != b->v.value)
		return a->v.value < b->v.value ? -1 : 1;
	if (a->v.more != b->v.more)
		return a->v.more < b->v.more ? -1 : 1;
	return a->cpu - b->cpu;
}

static bool alike(const struct cpu_value *a, const struct cpu_value *b)
{
	return a->known == b->known && a->value == b->value && a->more == b->more;
}

static int add_answer(struct cpu_groups *out, const struct cpu_answer *a)
{
	struct cpu_group *last = out->n ? &out->group[out->n - 1] : NULL;

	if (!last || !alike(&last->v, &a->v)) {
		struct cpu_group *grown = reallocarray(out->group, out->n + 1, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		out->group = grown;
		last = &out->group[out->n++];
		*last = (struct cpu_group){ .v = a->v };
	}
	return cpulist_add(&last->cpus, a->cpu);
}

int view_groups(const struct snapshot *s, cpu_ask *ask, void *ctx, struct cpu_groups *out)
{
	struct cpulist cpus;
	struct cpu_answer *all;
	bool tried = false;
	int rc = view_cpus(s, &cpus);

	*out = (struct cpu_groups){ 0 };
	all = rc || !cpus.n ? NULL : calloc(cpus.n, sizeof(*all));
	if (cpus.n && !all)
		rc = -ENOMEM;
	for (size_t i = 0; all && i < cpus.n; i++) {
		all[i].cpu = cpus.cpu[i];
		all[i].v.known = ask(ctx, s, cpus.cpu[i], &all[i].v);
		tried |= all[i].v.known != CPU_NOT_RECORDED;
	}
	if (all)
		qsort(all, cpus.n, sizeof(*all), compare_answers);
	for (size_t i = 0; all && i < cpus.n && !rc; i++)
		if (!tried || all[i].v.known != CPU_NOT_RECORDED)
			rc = add_answer(out, &all[i]);
	free(all);
	cpulist_free(&cpus);
	return rc;
}

void view_groups_free(struct cpu_groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		cpulist_free(&g->group[i].cpus);
	free(g->group);
	*g = (struct cpu_groups){ 0 };
}

void split_add(struct answer_split *split, enum answer a, const struct cpulist *cpus)
{
	for (size_t i = 0; i < cpus->n; i++)
		cpulist_add(&split->of[a], cpus->cpu[i]);
}

enum answer split_all(const struct answer_split *split)
{
	if (split->of[ANSWER_NO].n)
		return ANSWER_NO;
	return split->of[ANSWER_YES].n && !split->of[ANSWER_UNKNOWN].n ? ANSWER_YES : ANSWER_UNKNOWN;
}

bool split_differs(const struct answer_split *split)
{
	return split->of[ANSWER_YES].n && split->of[ANSWER_NO].n;
}

void split_free(struct answer_split *split)
{
	for (int a = 0; a < ANSWERS; a++)
		cpulist_free(&split->of[a]);
}
