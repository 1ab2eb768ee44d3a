/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec_family.c - what a command started and left behind. A process in a session of its own is out of reach for signals to
 * the command's group; as long as vtscope is the reaper of its descendants (prctl(2), PR_SET_CHILD_SUBREAPER) it becomes
 * vtscope's child when its parent ends, and is found by that.
 */
#include "minivmm/exec/exec.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct process { pid_t pid, parent, group; bool zombie, ours; };
struct processes { struct process *at; size_t n; };

/* proc_pid_stat(5): the name is in parentheses and may have any in it. */
static bool process_read(int proc, const char *name, struct process *p)
{
	char path[32], text[512], *end;
	ssize_t n;
	int fd, parent, group;
	char state;

	snprintf(path, sizeof(path), "%.20s/stat", name);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %c %d %d", &state, &parent, &group) != 3)
		return false;
	*p = (struct process){ (pid_t)strtol(name, NULL, 10), parent, group, state == 'Z' || state == 'X', false };
	return true;
}

/* All there are; fewer where memory is short. */
static void processes_read(struct processes *all)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;

	*all = (struct processes){ NULL, 0 };
	while (d && (entry = readdir(d))) {
		struct process p, *more;

		if (!isdigit((unsigned char)entry->d_name[0]) || !process_read(dirfd(d), entry->d_name, &p))
			continue;
		more = all->n & (all->n - 1) ? all->at : realloc(all->at, (all->n ? 2 * all->n : 1) * sizeof(p));
		if (!more)
			break;
		all->at = more;
		all->at[all->n++] = p;
	}
	if (d)
		closedir(d);
}

static bool was_there(const struct exec_family *f, pid_t pid)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->before[i] == pid)
			return true;
	return false;
}

/* Marks children of vtscope that came after (f), and all below them. */
static void ours_mark(const struct exec_family *f, struct processes *all)
{
	pid_t me = getpid();
	bool more = true;

	for (size_t i = 0; i < all->n; i++)
		all->at[i].ours = all->at[i].parent == me && !was_there(f, all->at[i].pid);
	while (more) {
		more = false;
		for (size_t i = 0; i < all->n; i++)
			for (size_t k = 0; k < all->n && !all->at[i].ours; k++)
				if (all->at[k].ours && all->at[k].pid == all->at[i].parent)
					all->at[i].ours = more = true;
	}
}

void exec_family_open(struct exec_family *f)
{
	struct processes all;

	*f = (struct exec_family){ .open = true };
	processes_read(&all);
	for (size_t i = 0; i < all.n && f->open; i++) {
		if (all.at[i].parent != getpid())
			continue;
		f->open = f->n < EXEC_FAMILY_OTHERS;
		if (f->open)
			f->before[f->n++] = all.at[i].pid;
	}
	free(all.at);
	/* With so many children of its own it could not tell whose one is. */
	f->open = f->open && prctl(PR_GET_CHILD_SUBREAPER, &f->reaper) == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

size_t exec_family_signal(const struct exec_family *f, pid_t command, int signal)
{
	struct processes all;
	size_t left = 0;

	if (!f->open)
		return 0;
	processes_read(&all);
	ours_mark(f, &all);
	for (size_t i = 0; i < all.n; i++) {
		const struct process *p = &all.at[i];

		if (!p->ours || p->pid == command)
			continue;
		if (p->zombie) {
			if (p->parent == getpid())
				waitpid(p->pid, NULL, WNOHANG);
			continue;
		}
		/* One of another user's (sudo) is out of reach: nobody waits for it. */
		left += kill(p->pid, p->group == command ? 0 : signal) == 0;
	}
	free(all.at);
	return left;
}

void exec_family_close(struct exec_family *f)
{
	if (f->open)
		prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)f->reaper);
	f->open = false;
}
