/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest.h - CRC-32 for damage, FNV-1a 64 for identity, random UUIDs. Any hosted code may include this.
 */
#ifndef VTSCOPE_COMMON_DIGEST_H
#define VTSCOPE_COMMON_DIGEST_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(uint32_t crc, const void *data, size_t len);	/* IEEE 802.3; start with 0 */

#define FNV1A64_INIT 0xcbf29ce484222325ull
uint64_t fnv1a64(uint64_t hash, const void *data, size_t len);

/* An RFC 4122 version 4 UUID from getrandom(2). */
void uuid_random(char out[37]);

#endif
