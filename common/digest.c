/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/digest.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Four bits at a time: small, and fast enough for files of a few megabytes. */
uint32_t crc32_of(uint32_t crc, const void *data, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const unsigned char *p = data;

	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

uint64_t fnv1a64(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ull;
	return hash;
}

static void random_bytes(unsigned char *out, size_t len)
{
	struct { struct timespec now; pid_t pid; uint64_t hash; } seed;

	if (getrandom(out, len, 0) == (ssize_t)len)
		return;
	/* No getrandom(2) (a seccomp filter): unique is what counts here, not secret. */
	memset(&seed, 0, sizeof(seed));
	clock_gettime(CLOCK_REALTIME, &seed.now);
	seed.pid = getpid();
	for (size_t i = 0; i < len; i++) {
		seed.hash = fnv1a64(FNV1A64_INIT + i, &seed, sizeof(seed));
		out[i] = (unsigned char)(seed.hash >> 32);
	}
}

void uuid_random(char out[37])
{
	unsigned char b[16];
	char *p = out;

	random_bytes(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;	/* version 4 */
	b[8] = (b[8] & 0x3f) | 0x80;	/* the RFC's variant */
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += sprintf(p, "%02x", b[i]);
	}
}
