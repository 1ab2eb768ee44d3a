/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * versus - two commands taking turns, or the peak memory of one; prints rows for run.sh.
 *
 *   versus ratio LABEL LIMIT REPEATS A... -- B...	median time of A against that of B
 *   versus memory LABEL LIMIT COMMAND...		peak resident MiB, guest memory (mappings of 100 MiB and more) apart
 *
 * What the commands print is dropped. Status 1 when one could not be run.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/stats.h"

#define REPEATS_MAX	200
#define GUEST_KIB	(100u << 10)
#define POLL_NS		10000000l

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

/* Seconds, or -1. A status other than 0 is the command's own business (a validator's verdict), 127 is not. */
static double timed(char **argv)
{
	double begin = seconds();
	pid_t pid = start(argv);
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
		return -1;
	return seconds() - begin;
}

static int ratio(const char *label, double limit, size_t repeats, char **a, char **b)
{
	double ta[REPEATS_MAX], tb[REPEATS_MAX], pair[REPEATS_MAX];

	if (repeats == 0 || repeats > REPEATS_MAX || timed(a) < 0 || timed(b) < 0)	/* the first fills caches */
		return 1;
	for (size_t i = 0; i < repeats; i++) {
		if (i % 2)
			tb[i] = timed(b);
		ta[i] = timed(a);
		if (i % 2 == 0)
			tb[i] = timed(b);
		pair[i] = ta[i] / tb[i];
	}
	stats_median(pair, repeats);	/* sorts */
	ta[0] = stats_median(ta, repeats);
	tb[0] = stats_median(tb, repeats);
	printf("%s (%.1f / %.1f ms)|%.3f|%.3f|%.3f|%g|x\n", label, ta[0] * 1e3, tb[0] * 1e3, ta[0] / tb[0],
	       pair[repeats / 4], pair[repeats - 1 - repeats / 4], limit);
	return 0;
}

/* Resident KiB of (pid) now without its guests' memory; 0 when it is gone. */
static uint64_t resident_kib(pid_t pid)
{
	uint64_t sum = 0, size = 0, kib;
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Size: %" SCNu64, &kib) == 1)
			size = kib;
		else if (sscanf(line, "Rss: %" SCNu64, &kib) == 1 && size < GUEST_KIB)
			sum += kib;
	}
	if (f)
		fclose(f);
	return sum;
}

static int memory(const char *label, double limit, char **argv)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	pid_t pid = start(argv);
	uint64_t peak = 0, now;
	int status;

	if (pid < 0)
		return 1;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		now = resident_kib(pid);
		if (now > peak)
			peak = now;
		nanosleep(&pause, NULL);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || peak == 0)
		return 1;
	printf("%s|%.1f|||%g|MiB\n", label, (double)peak / 1024, limit);
	return 0;
}

int main(int argc, char **argv)
{
	char **b;

	if (argc > 4 && strcmp(argv[1], "memory") == 0)
		return memory(argv[2], strtod(argv[3], NULL), argv + 4);
	if (argc < 6 || strcmp(argv[1], "ratio") != 0)
		return 2;
	for (b = argv + 5; *b && strcmp(*b, "--") != 0; b++)
		;
	if (!*b || !b[1])
		return 2;
	*b = NULL;
	return ratio(argv[2], strtod(argv[3], NULL), (size_t)strtoul(argv[4], NULL, 10), argv + 5, b + 1);
}
