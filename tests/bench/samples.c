/* SPDX-License-Identifier: GPL-2.0-or-later */
/* samples - 10 million samples into a histogram and out as a summary: time and memory, as rows for run.sh. */
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/histogram.h"

#define SAMPLES	10000000u

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double rss_mib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024;
}

int main(void)
{
	static const double q[] = { 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999 };
	double start = seconds(), before = rss_mib(), sum = 0;
	struct histogram h;
	uint64_t x = 88172645463325252ull;

	if (histogram_init(&h) < 0)
		return 1;
	for (unsigned i = 0; i < SAMPLES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		histogram_add(&h, x >> (24 + x % 32));	/* from hundreds to 2^40: every bucket width */
	}
	for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++)
		sum += histogram_quantile(&h, q[i]);
	sum += histogram_mean(&h) + histogram_mad(&h, histogram_quantile(&h, 0.5));
	if (!isfinite(sum) || h.n + h.overflow != SAMPLES)
		return 1;
	printf("summary of 10 million samples|%.3f|||1|s\n", seconds() - start);
	printf("memory it took|%.2f|||8|MiB\n", rss_mib() - before);
	histogram_free(&h);
	return 0;
}
