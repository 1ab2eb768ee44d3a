/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse.h"

/* The topology of what this process may use, and its CPUs. */
static int topology_open(hwloc_topology_t *t, hwloc_bitmap_t *allowed)
{
	if (hwloc_topology_init(t) < 0)
		return -ENOMEM;
	*allowed = hwloc_bitmap_alloc();
	if (!*allowed || hwloc_topology_load(*t) < 0) {
		hwloc_bitmap_free(*allowed);
		hwloc_topology_destroy(*t);
		return -EIO;
	}
	if (hwloc_get_cpubind(*t, *allowed, HWLOC_CPUBIND_PROCESS) < 0 || hwloc_bitmap_iszero(*allowed))
		hwloc_bitmap_copy(*allowed, hwloc_topology_get_allowed_cpuset(*t));
	hwloc_bitmap_and(*allowed, *allowed, hwloc_topology_get_allowed_cpuset(*t));
	return 0;
}

/* One "type:index" step: narrows (set) to that object inside it. */
static int step(hwloc_topology_t t, const char *word, size_t n, hwloc_bitmap_t set)
{
	char type[32], *colon;
	hwloc_obj_type_t kind;
	hwloc_obj_t obj;
	uint64_t index;

	if (n >= sizeof(type))
		return -EINVAL;
	memcpy(type, word, n);
	type[n] = 0;
	colon = strchr(type, ':');
	if (!colon)
		return -EINVAL;
	*colon = 0;
	colon[1 + strcspn(colon + 1, "-")] = 0;		/* of a range the first is wanted */
	if (hwloc_type_sscanf(type, &kind, NULL, 0) < 0 || parse_u64(colon + 1, 10, &index) < 0 || index > 1u << 20)
		return -EINVAL;
	obj = hwloc_get_obj_inside_cpuset_by_type(t, set, kind, (unsigned)index);
	if (!obj || !obj->cpuset)
		return -ENOENT;
	return hwloc_bitmap_and(set, set, obj->cpuset) < 0 ? -ENOMEM : 0;
}

/* Fills (set) with what (list) names. Steps count objects from 0, whatever the system calls them. */
static int list_parse(hwloc_topology_t t, const char *list, hwloc_bitmap_t set)
{
	size_t n;
	int rc;

	if (!strncmp(list, "0x", 2))
		return hwloc_bitmap_sscanf(set, list) < 0 ? -EINVAL : 0;
	if (list[0] && !list[strspn(list, "0123456789,-")])
		return hwloc_bitmap_list_sscanf(set, list) < 0 ? -EINVAL : 0;
	hwloc_bitmap_copy(set, hwloc_topology_get_allowed_cpuset(t));
	if (!strcmp(list, "all") || !strcmp(list, "machine:0"))
		return 0;
	do {
		n = strcspn(list, ".");
		rc = step(t, list, n, set);
		list += n + (list[n] == '.');
	} while (rc == 0 && *list);
	return rc;
}

int topology_cpu(const char *list, int *cpu, struct err *e)
{
	hwloc_bitmap_t allowed, set = NULL;
	hwloc_topology_t t;
	int rc = topology_open(&t, &allowed);

	if (rc < 0)
		return err_set(e, -rc, "hwloc cannot read this machine's topology");
	set = hwloc_bitmap_alloc();
	rc = set ? list_parse(t, list, set) : -ENOMEM;
	if (rc == -EINVAL) {
		err_set(e, EINVAL, "'%s' names no CPUs: write 2, 0-3, core:1, package:0.core:2 or 0xc", list);
	} else if (rc == -ENOENT) {
		err_set(e, EINVAL, "this machine has no CPU '%s'", list);
	} else if (rc == 0) {
		hwloc_bitmap_and(set, set, allowed);
		*cpu = hwloc_bitmap_first(set);
		if (*cpu < 0)
			rc = err_set(e, EINVAL, "vtscope may not run on CPU '%s'", list);
	}
	hwloc_bitmap_free(set);
	hwloc_bitmap_free(allowed);
	hwloc_topology_destroy(t);
	return rc == 0 ? 0 : -EINVAL;
}

/* Narrows (set) to the kind with the highest efficiency rank that has CPUs in it: performance cores. */
static void keep_best_kind(hwloc_topology_t t, hwloc_bitmap_t set)
{
	int n = hwloc_cpukinds_get_nr(t, 0), i;
	hwloc_bitmap_t kind = hwloc_bitmap_alloc();

	for (i = n - 1; kind && i >= 0; i--) {	/* they are ordered by efficiency */
		if (hwloc_cpukinds_get_info(t, (unsigned)i, kind, NULL, NULL, NULL, 0) < 0)
			break;
		if (hwloc_bitmap_intersects(set, kind)) {
			hwloc_bitmap_and(set, set, kind);
			break;
		}
	}
	hwloc_bitmap_free(kind);
}

int topology_choose(void)
{
	hwloc_bitmap_t set;
	hwloc_topology_t t;
	hwloc_obj_t core;
	int cpu, cores;

	if (topology_open(&t, &set) < 0)
		return -1;
	keep_best_kind(t, set);
	cores = hwloc_get_nbobjs_inside_cpuset_by_type(t, set, HWLOC_OBJ_CORE);
	core = cores > 0 ? hwloc_get_obj_inside_cpuset_by_type(t, set, HWLOC_OBJ_CORE, (unsigned)cores - 1) : NULL;
	cpu = core ? hwloc_bitmap_first(core->cpuset) : hwloc_bitmap_last(set);
	hwloc_bitmap_free(set);
	hwloc_topology_destroy(t);
	return cpu;
}
