/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/counters.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The line of (text) that begins with (word) and a separator, behind both; or NULL. */
static const char *line_of(const char *text, const char *word)
{
	size_t n = strlen(word);

	while (text && *text) {
		if (strncmp(text, word, n) == 0 && (text[n] == ' ' || text[n] == '\t' || text[n] == ':'))
			return text + n;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

/* Numbers of a line, at most (max). How many. */
static size_t numbers(const char *p, uint64_t *v, size_t max)
{
	size_t n = 0;

	while (n < max) {
		char *end;

		p += strspn(p, " \t");
		if (!isdigit((unsigned char)*p))
			break;
		v[n++] = strtoull(p, &end, 10);
		p = end;
	}
	return n;
}

bool cpu_times_parse(const char *stat, int cpu, struct cpu_times *out)
{
	uint64_t v[8] = { 0 };		/* user nice system idle iowait irq softirq steal */
	char name[16];
	const char *line;

	snprintf(name, sizeof(name), cpu < 0 ? "cpu" : "cpu%d", cpu);
	line = line_of(stat, name);
	if (!line || numbers(line, v, 8) < 4)
		return false;
	*out = (struct cpu_times){ v[0] + v[1] + v[2] + v[5] + v[6], v[3] + v[4], v[7] };
	return true;
}

bool procs_running_parse(const char *stat, uint64_t *out)
{
	const char *line = line_of(stat, "procs_running");

	return line && numbers(line, out, 1) == 1;
}

/* Which column of the first line, "  CPU0  CPU2 ...", is (cpu)'s; -1: none. */
static int column_of(const char *text, int cpu)
{
	const char *end = text + strcspn(text, "\n");
	int column = 0;

	while (text < end) {
		text += strspn(text, " \t");
		if (strncmp(text, "CPU", 3) == 0 && isdigit((unsigned char)text[3])) {
			if (strtol(text + 3, NULL, 10) == cpu)
				return column;
			column++;
		}
		text += strcspn(text, " \t\n");
		if (*text == '\n')
			break;
	}
	return -1;
}

/* "ERR:" and "MIS:" count for the machine, in one number. */
static bool counts_all_cpus(const char *line)
{
	line += strspn(line, " ");
	return strncmp(line, "ERR:", 4) == 0 || strncmp(line, "MIS:", 4) == 0;
}

bool interrupts_parse(const char *text, int cpu, uint64_t *out)
{
	int column = text ? column_of(text, cpu) : -1;
	const char *p = text;

	if (column < 0)
		return false;
	*out = 0;
	while (*(p += strcspn(p, "\n")) && *++p) {
		const char *at = p + strcspn(p, ":\n");
		uint64_t value = 0;
		int i = 0;

		if (*at != ':' || counts_all_cpus(p))
			continue;
		for (at++; i <= column && numbers(at, &value, 1) == 1; i++) {
			at += strspn(at, " \t");
			at += strspn(at, "0123456789");
		}
		*out += i > column ? value : 0;
	}
	return true;
}

bool throttled_parse(const char *cpu_stat, uint64_t *out)
{
	const char *line = line_of(cpu_stat, "throttled_usec");

	if (line)
		return numbers(line, out, 1) == 1;
	line = line_of(cpu_stat, "throttled_time");	/* version 1: nanoseconds */
	if (!line || numbers(line, out, 1) != 1)
		return false;
	*out /= 1000;
	return true;
}

bool cpu_max_parse(const char *cpu_max, double *cpus)
{
	uint64_t v[2];

	if (!cpu_max || numbers(cpu_max, v, 2) != 2 || !v[1])
		return false;
	*cpus = (double)v[0] / (double)v[1];
	return true;
}

/* ---- control groups ---- */

/* The path in the line "0::/path" (v2), or in that whose controllers name cpu. */
static bool group_path(const char *text, bool v2, char *out, size_t size)
{
	while (text && *text) {
		const char *first = text + strcspn(text, ":\n"), *second;
		size_t n = strcspn(text, "\n");

		second = *first == ':' ? first + 1 + strcspn(first + 1, ":\n") : first;
		if (*second == ':') {
			size_t list = (size_t)(second - first - 1);
			char names[128];
			bool ours;

			snprintf(names, sizeof(names), ",%.*s,", (int)(list < 100 ? list : 100), first + 1);
			ours = v2 ? list == 0 : strstr(names, ",cpu,") != NULL;
			if (ours) {
				snprintf(out, size, "%.*s", (int)(text + n - second - 1), second + 1);
				return true;
			}
		}
		text += n + (text[n] == '\n');
	}
	return false;
}

/* A line of mountinfo, cut into what is asked for. False: it is not such a mount. */
static bool mount_of(const char *line, bool v2, char root[320], char mount[160])
{
	char text[1024], *save = NULL, *word, *dash, *options = NULL, *type;
	size_t n = strcspn(line, "\n");
	unsigned i = 0;

	snprintf(text, sizeof(text), "%.*s", (int)(n < sizeof(text) ? n : sizeof(text) - 1), line);
	dash = strstr(text, " - ");
	if (!dash)
		return false;
	*dash = 0;
	root[0] = mount[0] = 0;
	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save), i++) {
		if (i == 3)
			snprintf(root, 320, "%.319s", word);
		if (i == 4)
			snprintf(mount, 160, "%.159s", word);
	}
	type = strtok_r(dash + 3, " ", &save);
	if (!type || strcmp(type, v2 ? "cgroup2" : "cgroup"))
		return false;
	for (word = strtok_r(NULL, " ", &save); word; word = strtok_r(NULL, " ", &save))
		options = word;
	if (v2)
		return mount[0] != 0;
	for (word = options ? strtok_r(options, ",", &save) : NULL; word; word = strtok_r(NULL, ",", &save))
		if (!strcmp(word, "cpu"))
			return mount[0] != 0;
	return false;
}

bool cgroup_locate(const char *self_cgroup, const char *mountinfo, struct cgroup_place *out)
{
	char root[320], path[320];

	/* Where version 1 has the controller, version 2 has not. */
	for (int v2 = 0; v2 < 2; v2++) {
		const char *line = mountinfo;

		if (!group_path(self_cgroup, v2, path, sizeof(path)))
			continue;
		for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
			size_t n;

			if (!mount_of(line, v2, root, out->mount))
				continue;
			/* A container may see the mount from below the root of the hierarchy. */
			n = strcmp(root, "/") ? strlen(root) : 0;
			if (strncmp(path, root, n) == 0 && (path[n] == '/' || !path[n]))
				memmove(path, path + n, strlen(path + n) + 1);
			else if (n)
				path[0] = 0;
			if (!strcmp(path, "/") || strncmp(path, "/..", 3) == 0)
				path[0] = 0;
			snprintf(out->path, sizeof(out->path), "%s", path);
			out->v2 = v2;
			return true;
		}
	}
	return false;
}

/* ---- tasks ---- */

bool task_waited_parse(const char *schedstat, uint64_t *ns)
{
	uint64_t v[2];

	if (!schedstat || numbers(schedstat, v, 2) != 2)
		return false;
	*ns = v[1];
	return true;
}

bool task_field_parse(const char *text, const char *name, uint64_t *out)
{
	const char *line = line_of(text, name);

	if (!line)
		return false;
	line += strspn(line, " \t:");
	return numbers(line, out, 1) == 1;
}
