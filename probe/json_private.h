/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_private.h - the parts of the "vtscope.probe/1" document. Only probe/json*.c include this.
 *
 * Every function returns a new reference, or NULL when out of memory.
 */
#ifndef VTSCOPE_PROBE_JSON_PRIVATE_H
#define VTSCOPE_PROBE_JSON_PRIVATE_H

#include <jansson.h>
#include <stdarg.h>

#include "probe/analyse.h"

/* A string, with what is no UTF-8 replaced; NULL gives null. */
json_t *json_text(const char *s);
/* "0x3a" */
json_t *json_hex(uint64_t value);
json_t *json_answer(enum answer a);
/*
 * Sets (key) of (o) and takes (value); a NULL (value) makes (o) incomplete, which is
 * returned as -1.
 */
int json_put(json_t *o, const char *key, json_t *value);

/* "0-3,8" */
json_t *json_cpus(const struct cpulist *cpus);
/* A field of a register: a boolean, a number, or from 33 bits on a hex string. */
json_t *json_field(uint64_t value, unsigned high, unsigned low);
/* Adds "reserved_N" for every bit of (left), in ascending order. */
void json_reserved(json_t *o, uint64_t left);

json_t *json_leaves(const struct snapshot *s);
json_t *json_hypervisor_blocks(const struct snapshot *s);
json_t *json_sev(const struct snapshot *s);
json_t *json_chipset(const struct snapshot *s);
json_t *json_history(const struct snapshot *s);
json_t *json_cpu(const struct snapshot *s, const struct verdict *v);
json_t *json_msrs(const struct snapshot *s);
json_t *json_vmx(const struct snapshot *s, const struct verdict *v);
json_t *json_svm(const struct snapshot *s, const struct verdict *v);
json_t *json_confidential(const struct snapshot *s);
json_t *json_iommu(const struct snapshot *s);
json_t *json_passthrough(const struct snapshot *s);
json_t *json_firmware_tables(const struct snapshot *s);
json_t *json_kvm(const struct snapshot *s, const struct verdict *v);
json_t *json_context(const struct snapshot *s);
json_t *json_records(const struct snapshot *s);

#endif
