/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line on a terminal's stderr: bar, percent, time left, what is at work. */
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cmd.h"

#define BAR_WIDTH 24
#define REDRAW_SECONDS 0.1

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned stderr_columns(void)
{
	struct winsize ws;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 20 ? ws.ws_col : 80;
}

static void draw_bar(const struct cli *c, double fraction)
{
	int full = (int)(fraction * BAR_WIDTH + 0.5);

	fputc('[', stderr);
	for (int i = 0; i < BAR_WIDTH; i++)
		fputs(i < full ? (c->utf8 ? "\xe2\x96\x88" : "#") : (c->utf8 ? "\xc2\xb7" : "."),
		      stderr);
	fputc(']', stderr);
}

void cli_progress(struct cli *c, double fraction, double eta_seconds, const char *what)
{
	/* Room for bar, percent and time. */
	int room = (int)stderr_columns() - BAR_WIDTH - 2 - 6 - 12;
	unsigned eta;
	double t;

	if (!c->progress)
		return;
	if (fraction < 0) {
		if (c->bar_shown)
			fputs("\r\033[K", stderr);
		c->bar_shown = false;
		return;
	}
	t = now();
	if (c->bar_shown && t - c->bar_drawn < REDRAW_SECONDS)
		return;
	if (fraction > 1)
		fraction = 1;
	eta = eta_seconds > 0 && eta_seconds < 360000 ? (unsigned)(eta_seconds + 0.5) : 0;
	fputc('\r', stderr);
	draw_bar(c, fraction);
	fprintf(stderr, " %3d%%  ETA %u:%02u ", (int)(fraction * 100), eta / 60, eta % 60);
	if (what && room > 0)
		fprintf(stderr, " %.*s", room - 1, what);
	fputs("\033[K", stderr);
	fflush(stderr);
	c->bar_shown = true;
	c->bar_drawn = t;
}
