#include "config.h"

#include "runner/base/io.h"
#include "runner/sandbox/overlay.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define COMMAND_NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)

/* Nothing mounted from here on may reach the mount table that we came from. */
static int make_private(struct slip_err *err)
{
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno,
			"make the mounts private (AppArmor or SELinux may forbid mounting: in "
			"Kubernetes set appArmorProfile: {type: Unconfined})");
	return 0;
}

/*
 * An overlay where uppers will be, with a deletion in it: deleting a file of a lower layer makes a
 * character device 0:0 in the upper one, which some places allow and others refuse.
 */
static int try_overlay(const struct slip_isolation *iso, const char *dir, struct slip_err *err)
{
	static const struct slip_strv no_lowers;
	struct slip_overlay o;
	if (slip_overlay_mount(iso, &no_lowers, dir, &o, err) < 0)
		return -1;
	int rc = 0;
	if (unlinkat(o.merged_fd, "etc/hosts", 0) < 0)
		rc = slip_err_set(err, SLIP_E_SANDBOX, errno, "delete a file in an overlay");
	if (rc == 0)
		rc = slip_overlay_unmount(&o, err);
	slip_overlay_release(&o);
	return rc;
}

/* Mounting proc says whether the kernel lets us see one without the masks of the outer one. */
static int try_proc(void *arg, struct slip_err *err)
{
	const char *dir = arg;
	if (mount("proc", dir, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "mount proc");
	(void)!umount2(dir, MNT_DETACH);
	return 0;
}

/* A user namespace may mount proc only for a pid namespace of its own. */
static int try_proc_in_pidns(void *arg, struct slip_err *err)
{
	if (unshare(CLONE_NEWPID) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "unshare(CLONE_NEWPID)");
	return slip_forked(try_proc, arg, PATH_MAX, err);
}

static bool can_mount_proc(const struct slip_isolation *iso, const char *dir)
{
	struct slip_err err = SLIP_ERR_INIT;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s", dir);
	if (!iso->user_namespace)
		return try_proc(path, &err) == 0;
	return slip_forked(try_proc_in_pidns, path, sizeof(path), &err) == 0;
}

/* Prove in a directory of its own that what was entered is enough. */
static int prove(const char *work_dir, struct slip_isolation *iso, struct slip_err *err)
{
	slip_autofree char *dir = NULL;
	if (slip_make_temp_dir(work_dir, "probe-", &dir, err) < 0)
		return -1;
	int rc = try_overlay(iso, dir, err);
	if (rc < 0)
		slip_err_wrap(err, "overlay in %s", work_dir);
	else
		iso->fresh_proc = can_mount_proc(iso, dir);
	struct slip_err ignored = SLIP_ERR_INIT;
	(void)!slip_remove_tree(AT_FDCWD, dir, &ignored);
	return rc;
}

/* --- with the rights we have --------------------------------------------------------------------
 */

static int enter_directly(const char *work_dir, struct slip_isolation *out, struct slip_err *err)
{
	if (make_private(err) < 0)
		return -1;
	out->user_namespace = !slip_userns_is_initial();
	out->overlay_xattr = out->user_namespace ? "user.overlay." : "trusted.overlay.";
	out->ids = slip_userns_ids();
	return prove(work_dir, out, err);
}

/* --- in a user namespace ------------------------------------------------------------------------
 */

static int enter_userns(struct slip_isolation *out, struct slip_userns *ns, struct slip_err *err)
{
	if (slip_userns_enter(ns, err) < 0 || make_private(err) < 0)
		return -1;
	out->user_namespace = true;
	out->ids = ns->ids;
	out->overlay_xattr = "user.overlay.";
	return 0;
}

struct trial {
	const char *work_dir;
	struct slip_isolation iso;
};

static int try_userns(void *arg, struct slip_err *err)
{
	struct trial *t = arg;
	struct slip_userns ns = {0};
	if (enter_userns(&t->iso, &ns, err) < 0)
		return -1;
	return prove(t->work_dir, &t->iso, err);
}

/* A user namespace cannot be left again: everything is tried in a child before. */
static int enter_by_userns(const char *work_dir, struct slip_isolation *out, struct slip_userns *ns,
	struct slip_err *err)
{
	struct trial t = {.work_dir = work_dir, .iso = *out};
	if (slip_forked(try_userns, &t, sizeof(t), err) < 0)
		return -1;
	*out = t.iso;
	return enter_userns(out, ns, err);
}

/*
 * The only process of a mount namespace (process 1 of a pod) ends the namespace by leaving it:
 * files opened before would have other paths, and volumes below them would be gone. A descriptor of
 * the namespace keeps it, until this process ends; without /proc there is none.
 */
static void keep_mounts(void)
{
	(void)!open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
}

static int namespaces_enter(const char *work_dir, struct slip_isolation *out, struct slip_err *err)
{
	struct slip_userns ns = {0};
	const char *refused = NULL;
	keep_mounts();
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0) {
		if (enter_directly(work_dir, out, err) < 0)
			return -1;
	} else {
		refused = geteuid() == 0 ? strerror(errno) : NULL;
		if (enter_by_userns(work_dir, out, &ns, err) < 0)
			return -1;
	}
	char ids[32] = "all user ids";
	if (out->ids < UINT32_MAX)
		snprintf(ids, sizeof(ids), "%u user id%s", out->ids, out->ids == 1 ? "" : "s");
	snprintf(out->why, sizeof(out->why), "namespaces%s, %s, %s /proc%s%s%s%s",
		out->user_namespace ? " in a user namespace" : "", ids,
		out->fresh_proc ? "fresh" : "bound",
		refused ? "; without user namespace: unshare(CLONE_NEWNS): " : "",
		refused ? refused : "", *ns.refused ? "; more ids: " : "", ns.refused);
	return 0;
}

const struct slip_backend slip_backend_namespaces = {
	.mode = SLIP_ISOLATION_NAMESPACES,
	.enter = namespaces_enter,
	.clone_flags = COMMAND_NAMESPACES,
	.enter_root = slip_namespaces_enter_root,
};
