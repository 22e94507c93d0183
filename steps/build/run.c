#include "config.h"

#include "steps/build/run.h"

#include "runner/base/cgroup.h"
#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/path.h"
#include "runner/layer/diff.h"
#include "runner/sandbox/run.h"
#include "steps/build/builder.h"
#include "steps/build/user.h"
#include "steps/image/push.h"

#include <errno.h>

/* A WORKDIR of the base image need not exist; the command's user gets it. */
static int make_cwd(const struct slip_overlay *o, const char *cwd, const struct slip_user *u,
	struct slip_err *err)
{
	slip_autofree char *clean = slip_path_clean_rooted(cwd);
	for (const char *at = clean; *at;) {
		const char *end = strchrnul(at, '/');
		slip_autofree char *part = slip_xstrndup(clean, (size_t)(end - clean));
		slip_autoclose int dirfd = -1;
		char name[256];
		struct slip_err why = SLIP_ERR_INIT;
		slip_autoclose int fd = -1;
		if (slip_open_in_root(o->merged_fd, part, O_PATH | O_DIRECTORY, 0, &fd, &why) < 0) {
			if (!slip_err_is(&why, SLIP_E_NOTFOUND))
				return slip_err_copy(err, &why);
			if (slip_open_parent_in_root(o->merged_fd, part, &dirfd, name, err) < 0)
				return -1;
			/* In the layer whatever this process' umask is. */
			if (mkdirat(dirfd, name, 0755) < 0 || fchmodat(dirfd, name, 0755, 0) < 0 ||
				fchownat(dirfd, name, u->uid, u->gid, AT_SYMLINK_NOFOLLOW) < 0)
				return slip_err_set(err, SLIP_E_IO, errno, "mkdir /%s", part);
		}
		at = *end ? end + 1 : end;
	}
	return 0;
}

static int run_command(struct slip_build_stage *s, const struct slip_run_step *run,
	const struct slip_overlay *o, struct slip_err *err)
{
	struct slip_user user;
	struct slip_sandbox_file script = {run->script_path, run->script, 0755};
	struct slip_sandbox_spec spec = {
		.root = o->merged,
		.cwd = run->cwd,
		.network = run->no_network ? SLIP_NETWORK_NONE : SLIP_NETWORK_DEFAULT,
		.timeout_ms = -1,
		.files = &script,
		.n_files = run->script ? 1 : 0,
	};
	int rc = slip_user_for_run(s->rootfs, run->user, &user, err);
	if (rc == 0)
		rc = make_cwd(o, run->cwd, &user, err);
	if (rc == 0) {
		slip_strv_copy(&spec.argv, &run->argv);
		slip_strv_copy(&spec.env, &run->env);
		slip_user_apply(&user, &spec);
		rc = slip_sandbox_run(&s->builder->isolation, &spec, err);
	}
	slip_strv_release(&spec.argv);
	slip_strv_release(&spec.env);
	slip_user_release(&user);
	return rc;
}

/* The message other builders give, which people and scripts look for. */
static int explain_failure(
	const struct slip_run_step *run, const struct slip_cgroup *before, struct slip_err *err)
{
	if (!slip_err_is(err, SLIP_E_COMMAND))
		return -1;
	int status = err->status;
	slip_autofree char *argv = slip_strv_join(&run->argv, " ");
	slip_autofree char *why = slip_sandbox_has_refused(err) ? slip_xstrdup(err->msg) : NULL;
	slip_autobuf starved;
	slip_buf_init(&starved, SLIP_ERR_MSG_MAX);
	slip_cgroup_explain_oom(before, &starved);
	slip_err_clear(err);
	slip_err_set(err, SLIP_E_COMMAND, 0,
		"process \"%.800s\" did not complete successfully: exit code: %d%s%s%s", argv,
		status, why ? ": " : "", why ? why : "", starved.data);
	err->status = status;
	return -1;
}

static int open_base(void *ctx, uint32_t origin, const char *path)
{
	return slip_rootfs_open_origin(ctx, origin, path);
}

int slip_run_write(struct slip_build_stage *s, struct slip_step *step, struct slip_layer_writer *w,
	char **dir, struct slip_err *err)
{
	struct slip_builder *b = s->builder;
	if (b->isolation.mode == SLIP_ISOLATION_NONE)
		return slip_err_set(err, SLIP_E_SANDBOX, 0, "this RUN cannot be executed here: %s",
			b->isolation.why);
	struct slip_overlay overlay = {.merged_fd = -1, .upper_fd = -1};
	struct slip_diff_stats stats;
	struct slip_cgroup before;
	slip_cgroup_read(&before);
	int rc = slip_push_check_wait(b->rights, err);
	if (rc == 0)
		rc = slip_rootfs_mount(s->rootfs, &overlay, err);
	double start = slip_clock_monotonic();
	if (rc == 0 && run_command(s, &step->run, &overlay, err) < 0)
		rc = explain_failure(&step->run, &before, err);
	step->command_seconds = slip_clock_monotonic() - start;
	if (rc == 0) {
		struct slip_diff diff = {
			.upperfd = overlay.upper_fd,
			.mergedfd = overlay.merged_fd,
			.overlay_xattr = b->isolation.overlay_xattr,
			.one_id = b->isolation.user_namespace && b->isolation.ids == 1,
			.tree = s->rootfs->tree,
			.origin = slip_rootfs_next_origin(s->rootfs),
			.open_base = open_base,
			.ctx = s->rootfs,
		};
		rc = slip_diff_upper(&diff, w, &stats, err);
	}
	if (rc == 0)
		rc = slip_overlay_unmount(&overlay, err);
	if (rc == 0)
		*dir = slip_steal_ptr(&overlay.upper);
	slip_overlay_release(&overlay);
	return rc;
}
