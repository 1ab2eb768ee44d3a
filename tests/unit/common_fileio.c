/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/digest.h"
#include "common/fileio.h"
#include "tests/unit/tap.h"

static char dir[200];

static const char *in_dir(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CU_ASSERT_FATAL(f != NULL);
	fputs(text, f);
	fclose(f);
}

static bool holds(const char *path, const char *text)
{
	struct buf b = BUF_INIT;
	bool same = file_read(path, 1 << 20, &b, NULL) == 0 && !strcmp(buf_str(&b), text);

	buf_free(&b);
	return same;
}

static size_t entries(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static void clean(void)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}

/* The exit status of (run) in a process of its own. */
static int in_process(int (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(run());
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void test_read(void)
{
	struct buf b = BUF_INIT;
	struct err e = { 0 };

	put(in_dir("ten"), "0123456789");
	CU_ASSERT(file_read(in_dir("ten"), 10, &b, &e) == 0);
	CU_ASSERT_STRING_EQUAL(buf_str(&b), "0123456789");
	CU_ASSERT(file_read(in_dir("ten"), 10, &b, &e) == 0);
	CU_ASSERT(b.len == 20);
	CU_ASSERT(file_read(in_dir("ten"), 9, &b, &e) == -EFBIG);
	CU_ASSERT(strstr(e.text, "ten") != NULL);
	buf_clear(&b);
	CU_ASSERT(file_read("/proc/self/status", 1 << 16, &b, &e) == 0);
	CU_ASSERT(strstr(buf_str(&b), "Pid:") != NULL);
	CU_ASSERT(file_read(in_dir("absent"), 10, &b, &e) == -ENOENT);
	CU_ASSERT(e.code == ENOENT && strstr(e.text, in_dir("absent")) != NULL);
	CU_ASSERT(file_read(dir, 10, &b, &e) == -EISDIR);
	/* Endless input ends at the limit. */
	CU_ASSERT(file_read("/dev/zero", 1 << 16, &b, &e) == -EFBIG);
	buf_free(&b);
	clean();
}

static void test_write(void)
{
	struct stat st;
	mode_t old = umask(027);

	CU_ASSERT(file_write(in_dir("new"), "one", 3, NULL) == 0);
	CU_ASSERT(holds(in_dir("new"), "one"));
	CU_ASSERT(stat(in_dir("new"), &st) == 0 && (st.st_mode & 0777) == 0640);
	CU_ASSERT(chmod(in_dir("new"), 0604) == 0);
	CU_ASSERT(file_write(in_dir("new"), "second", 6, NULL) == 0);
	CU_ASSERT(holds(in_dir("new"), "second"));
	CU_ASSERT(stat(in_dir("new"), &st) == 0 && (st.st_mode & 0777) == 0604);
	CU_ASSERT(file_write(in_dir("new"), "", 0, NULL) == 0);
	CU_ASSERT(holds(in_dir("new"), ""));
	CU_ASSERT(entries() == 1);
	umask(old);
	clean();
}

static void test_write_link(void)
{
	char target[300];
	struct stat st;

	snprintf(target, sizeof(target), "%s", in_dir("target"));
	put(target, "old");
	CU_ASSERT(symlink("target", in_dir("link")) == 0);
	CU_ASSERT(file_write(in_dir("link"), "new", 3, NULL) == 0);
	CU_ASSERT(lstat(in_dir("link"), &st) == 0 && S_ISLNK(st.st_mode));
	CU_ASSERT(holds(target, "new"));
	CU_ASSERT(entries() == 2);
	clean();
}

static void test_write_refused(void)
{
	struct err e = { 0 };

	CU_ASSERT(file_write(in_dir("no/such/file"), "x", 1, &e) == -ENOENT);
	CU_ASSERT(strstr(e.text, "no/such/file") != NULL);
	CU_ASSERT(file_write(dir, "x", 1, &e) == -EISDIR);
	CU_ASSERT(entries() == 0);
	if (geteuid() == 0) {
		tap_skip("root may write to any file");
		return;
	}
	put(in_dir("kept"), "old");
	CU_ASSERT(chmod(in_dir("kept"), 0444) == 0);
	CU_ASSERT(file_write(in_dir("kept"), "new", 3, &e) == -EACCES);
	CU_ASSERT(holds(in_dir("kept"), "old"));
	clean();
}

static void test_device(void)
{
	struct err e = { 0 };
	struct stat st;

	CU_ASSERT(file_write("/dev/full", "x", 1, &e) == -ENOSPC);
	CU_ASSERT(strstr(e.text, "/dev/full") != NULL);
	CU_ASSERT(file_write("/dev/null", "x", 1, &e) == 0);
	CU_ASSERT(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
}

/* A disk that fills up halfway: the limit on a file's size gives the same short write. */
static int write_beyond_limit(void)
{
	const struct rlimit limit = { 100000, 100000 };
	char *data = calloc(1, 300000);
	struct err e = { 0 };
	int ret;

	if (!data)
		return 99;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	ret = file_write(in_dir("kept"), data, 300000, &e);
	free(data);
	return ret == -EFBIG && e.code == EFBIG ? 0 : 1;
}

static void test_full_disk(void)
{
	put(in_dir("kept"), "old");
	CU_ASSERT(in_process(write_beyond_limit) == 0);
	CU_ASSERT(holds(in_dir("kept"), "old"));
	CU_ASSERT(entries() == 1);
	clean();
}

static int write_to_closed_pipe(void)
{
	struct err e = { 0 };
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe(fds) < 0 || dup2(fds[1], STDOUT_FILENO) < 0)
		return 99;
	close(fds[0]);
	close(fds[1]);
	return file_write("-", "x", 1, &e) == -EPIPE && strstr(e.text, "standard output") ? 0 : 1;
}

static void test_closed_pipe(void)
{
	CU_ASSERT(in_process(write_to_closed_pipe) == 0);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* The reader is slow and a timer interrupts the writer, so that writes come back short and with EINTR. */
static void test_short_writes(void)
{
	enum { BYTES = 1 << 20 };
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = on_alarm }, old;
	unsigned char *data = malloc(BYTES);
	char name[40];
	int fds[2], status = -1;
	pid_t pid;

	CU_ASSERT_FATAL(data != NULL && pipe(fds) == 0);
	for (size_t i = 0; i < BYTES; i++)
		data[i] = (unsigned char)(i * 2654435761u >> 13);
	pid = fork();
	if (pid == 0) {
		struct buf b = BUF_INIT;
		char chunk[5000];
		ssize_t n;

		close(fds[1]);
		while ((n = read(fds[0], chunk, sizeof(chunk))) > 0) {
			buf_append(&b, chunk, (size_t)n);
			usleep(100);
		}
		_exit(b.len == BYTES && crc32_of(0, b.data, b.len) == crc32_of(0, data, BYTES) ? 0 : 1);
	}
	close(fds[0]);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
	sigaction(SIGALRM, &sa, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	CU_ASSERT(file_write(name, data, BYTES, NULL) == 0);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	close(fds[1]);
	CU_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
	free(data);
}

static const struct tap_test tests[] = {
	{ "files are read up to a limit, and errors name them", test_read },
	{ "writing replaces a file and keeps its mode", test_write },
	{ "writing through a link replaces what it points to", test_write_link },
	{ "what must not be written is left alone", test_write_refused },
	{ "devices are written to, not replaced", test_device },
	{ "a full disk leaves the old file and nothing else", test_full_disk },
	{ "a closed pipe is an error", test_closed_pipe },
	{ "short and interrupted writes go on", test_short_writes },
	{ NULL, NULL }
};

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	int ret;

	snprintf(dir, sizeof(dir), "%s/vtscope-fileio.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	ret = tap_run("fileio", tests);
	rmdir(dir);
	return ret;
}
