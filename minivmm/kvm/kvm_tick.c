/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minivmm/kvm/kvm.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc before 2.38 has the field of SIGEV_THREAD_ID only under its inner name. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define TICK_SIGNAL	(SIGRTMIN + 5)

/* The timer carries the run page's address, so that nothing global has to. */
static void tick_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_code == SI_TIMER) {
		struct kvm_run *run = info->si_value.sival_ptr;

		__atomic_store_n(&run->immediate_exit, 1, __ATOMIC_RELAXED);
	}
}

int kvm_tick_start(struct kvm_tick *t, struct kvm_run *run, unsigned period_ms, struct err *e)
{
	struct sigaction action = { .sa_sigaction = tick_handler, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIGNAL };
	const struct timespec period = { period_ms / 1000, period_ms % 1000 * 1000000l };
	const struct itimerspec spec = { .it_interval = period, .it_value = period };
	sigset_t mask;

	memset(t, 0, sizeof(*t));
	sigemptyset(&action.sa_mask);
	event.sigev_value.sival_ptr = run;
	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &t->timer) < 0)
		return err_set(e, errno, "timer_create: %s", strerror(errno));
	t->armed = true;
	sigaction(TICK_SIGNAL, &action, &t->old_action);
	sigemptyset(&mask);
	sigaddset(&mask, TICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &mask, &t->old_mask);
	timer_settime(t->timer, 0, &spec, NULL);
	return 0;
}

/*
 * A tick that fired before timer_delete() is delivered on the way back from it, this thread being its only
 * receiver; only then may the handler go. The run page must still be there.
 */
void kvm_tick_stop(struct kvm_tick *t)
{
	if (!t->armed)
		return;
	timer_delete(t->timer);
	t->armed = false;
	pthread_sigmask(SIG_SETMASK, &t->old_mask, NULL);
	sigaction(TICK_SIGNAL, &t->old_action, NULL);
}
