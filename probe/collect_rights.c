/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asks, from where, and what /dev/kvm would let whom do: names of users stay out of it. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/fileio.h"
#include "probe/collect_private.h"

#define STATUS_MAX (64u << 10)

static int add(struct snapshot *s, const char *name, const char *value)
{
	return snapshot_add_data(s, SNAP_SYS, name, 0, value, strlen(value));
}

/* The group's name, and whether the account of this user is entered there. */
static const char *look_up_group(gid_t gid, bool *entered)
{
	struct passwd *me = getpwuid(getuid());
	char name[64] = "";
	struct group *group;

	if (me)
		snprintf(name, sizeof(name), "%s", me->pw_name);
	group = getgrgid(gid);
	*entered = false;
	for (char **m = group ? group->gr_mem : NULL; m && *m && !*entered; m++)
		*entered = strcmp(*m, name) == 0;
	return group ? group->gr_name : NULL;
}

/*
 * "owner./dev/kvm": "user:group", names where they are known. Where it may not be opened:
 * "entered./dev/kvm", is this user's account entered in that group (a log-in from before does
 * not know)? To look names up loads the name services, a tenth of the whole probe: 0 has one
 * name everywhere.
 */
static int collect_owner(struct snapshot *s)
{
	bool denied = access("/dev/kvm", R_OK | W_OK) != 0, entered = false;
	const char *group = "root";
	struct passwd *user;
	struct group *found;
	struct stat st;
	char group_name[64], text[128];
	int rc;

	if (stat("/dev/kvm", &st))
		return 0;
	if (st.st_gid && denied) {
		group = look_up_group(st.st_gid, &entered);
	} else if (st.st_gid) {
		found = getgrgid(st.st_gid);
		group = found ? found->gr_name : NULL;
	}
	snprintf(group_name, sizeof(group_name), "%s", group ? group : "?");
	user = st.st_uid ? getpwuid(st.st_uid) : NULL;
	snprintf(text, sizeof(text), "%s:%s",
		 user	   ? user->pw_name :
		 st.st_uid ? "?" :
			     "root",
		 group_name);
	rc = add(s, "owner./dev/kvm", text);
	if (!rc && denied)
		rc = add(s, "entered./dev/kvm", entered ? "yes" : "no");
	return rc;
}

/* "gids": the groups of this session, by number; "member./dev/kvm": is the node's one of them? */
static int collect_groups(struct snapshot *s)
{
	int n = getgroups(0, NULL);
	gid_t *gids = n >= 0 ? calloc((size_t)n + 1, sizeof(*gids)) : NULL;
	struct buf text = BUF_INIT;
	struct stat st;
	bool there = stat("/dev/kvm", &st) == 0, member = false;
	int rc;

	if (n >= 0 && !gids)
		return -ENOMEM;
	n = n > 0 ? getgroups(n, gids) : n;
	if (n < 0) {
		rc = snapshot_add_data(s, SNAP_SYS, "gids", errno, NULL, 0);
		free(gids);
		return rc;
	}
	gids[n] = getegid();
	for (int i = n; i >= 0; i--) {
		buf_printf(&text, "%s%u", i < n ? " " : "", (unsigned)gids[i]);
		member |= there && gids[i] == st.st_gid;
	}
	rc = buf_error(&text) ? -ENOMEM : add(s, "gids", buf_str(&text));
	if (!rc && there)
		rc = add(s, "member./dev/kvm", member ? "yes" : "no");
	buf_free(&text);
	free(gids);
	return rc;
}

/* "acl./dev/kvm": does the node have an access list beside its mode (logind's uaccess)? */
static int collect_acl(struct snapshot *s)
{
	ssize_t n = getxattr("/dev/kvm", "system.posix_acl_access", NULL, 0);

	return snapshot_add_data(s, SNAP_SYS, "acl./dev/kvm", n < 0 ? errno : 0, "yes",
				 n < 0 ? 0 : 3);
}

/* "cap_eff": the capabilities that this process has, as the kernel prints them. */
static int collect_capabilities(struct snapshot *s)
{
	struct buf status = BUF_INIT;
	int err = -file_read("/proc/self/status", STATUS_MAX, &status, NULL), rc;
	const char *line = strstr(buf_str(&status), "\nCapEff:");
	char value[32] = "";

	if (line)
		sscanf(line, "\nCapEff: %31[0-9a-f]", value);
	rc = snapshot_add_data(s, SNAP_SYS, "cap_eff",
			       err	? err :
			       value[0] ? 0 :
					  ENODATA,
			       value, strlen(value));
	buf_free(&status);
	return rc;
}

/* "ns.pid": "pid:[4026531836]" is the machine's own, any other a container's. */
static int collect_namespace(struct snapshot *s)
{
	char text[64];
	ssize_t n = readlink("/proc/self/ns/pid", text, sizeof(text));

	return snapshot_add_data(s, SNAP_SYS, "ns.pid", n < 0 ? errno : 0, text,
				 n < 0 ? 0 : (size_t)n);
}

/*
 * "init.container": what the first process was told that it runs in; its other variables are
 * nobody's business.
 */
static int collect_init(struct snapshot *s)
{
	static const char key[] = "container=";
	struct buf variables = BUF_INIT;
	int err = -file_read("/proc/1/environ", STATUS_MAX, &variables, NULL), rc;
	const char *found = NULL;

	for (const char *p = buf_str(&variables);
	     !err && !found && p < buf_str(&variables) + variables.len; p += strlen(p) + 1)
		if (strncmp(p, key, strlen(key)) == 0)
			found = p + strlen(key);
	rc = snapshot_add_data(s, SNAP_SYS, "init.container",
			       err   ? err :
			       found ? 0 :
				       ENODATA,
			       found, found ? strlen(found) : 0);
	buf_free(&variables);
	return rc;
}

int collect_rights(struct snapshot *s)
{
	int rc;

	/* A copy's files belong to who made it, and nobody asks from there. */
	if (s->root)
		return 0;
	rc = collect_owner(s);
	if (!rc)
		rc = collect_groups(s);
	if (!rc)
		rc = collect_acl(s);
	if (!rc)
		rc = collect_capabilities(s);
	if (!rc)
		rc = collect_namespace(s);
	return rc ? rc : collect_init(s);
}
