/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

/* The one piece of process-wide state: a signal has no other way in. */
static volatile sig_atomic_t pending;

static void on_signal(int sig)
{
	(void)sig;
	pending = 1;
}

void interrupt_install(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa, old;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* What the caller ignores (nohup, a background job) stays ignored. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &sa, NULL);
	}
}

bool interrupt_pending(void)
{
	return pending != 0;
}
