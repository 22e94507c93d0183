#include "config.h"

#include "steps/container.h"

#include "runner/base/io.h"
#include "runner/base/log.h"
#include "runner/engine/output_file.h"
#include "steps/build/builder.h"
#include "steps/build/foresee.h"
#include "steps/build/user.h"
#include "steps/workspace.h"

#include <errno.h>

/* Below /dev, where no image has a say and no command can replace it. */
#define OUTPUT_PATH "/dev/slipway-output"

/* --- the request ------------------------------------------------------------------------------ */

bool slip_container_is_wanted(const struct slip_kind_input *in)
{
	return slip_value_is_set(&in->stage->container) && !in->is_in_place;
}

/* The spec's variables, secrets, ours, the kind's. */
static void command_env(const struct slip_kind_input *in, const struct slip_kind_launch *launch,
	struct slip_strv *out)
{
	const struct slip_map *maps[] = {in->env, in->secrets};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(maps); i++) {
		for (size_t k = 0; k < maps[i]->n; k++)
			slip_strv_addf(out, "%s=%s", maps[i]->entries[k].key,
				(const char *)maps[i]->entries[k].value);
	}
	slip_strv_addf(out, "SLIPWAY_STAGE=%s", in->name);
	for (size_t i = 0; i < launch->env.n; i++)
		slip_strv_add(out, launch->env.v[i]);
}

static int registry_request(
	const struct slip_kind_input *in, struct slip_json **out, struct slip_err *err)
{
	struct slip_build_request r;
	slip_autojson *logins = slip_json_array();
	const struct slip_value *store = &in->pipeline->cache.dir;
	slip_build_request_init(&r);
	int rc = slip_registries_from_spec(in->pipeline, &r.registries, logins, err);
	if (rc == 0 && slip_value_is_set(store))
		rc = slip_opt_set(slip_build_options, &r, "cache-dir", store->text, err);
	if (rc == 0)
		*out = slip_registries_to_json(slip_build_options, &r, logins);
	slip_build_request_release(&r);
	return rc;
}

int slip_container_launch(
	const struct slip_kind_input *in, struct slip_kind_launch *out, struct slip_err *err)
{
	const struct slip_value *image = &in->stage->container;
	if (registry_request(in, &out->request, err) < 0)
		return -1;
	slip_autostrv env = {0};
	command_env(in, out, &env);
	slip_autofree char *where =
		slip_xasprintf("%s:%u:%u", image->pos.file, image->pos.line, image->pos.col);
	struct slip_json *r = out->request;
	slip_json_set_str(r, "image", image->text);
	slip_json_set_str(r, "where", where);
	slip_json_set_str(r, "workspace", in->workspace);
	slip_json_set_str(r, "cwd", in->cwd);
	slip_json_set(r, "argv", slip_json_strings(&out->argv));
	slip_json_set(r, "env", slip_json_strings(&env));
	slip_strv_clear(&out->argv);
	slip_strv_clear(&out->env);
	return 0;
}

/* --- the container ---------------------------------------------------------------------------- */

struct container {
	const struct slip_json *request;
	struct slip_build_request flags;
	struct slip_builder builder;
	struct slip_base *base; /* the builder's */
	struct slip_rootfs *root;
	struct slip_overlay overlay;
	struct slip_user user;
	char *output; /* the file that the command sees as $SLIPWAY_OUTPUT */
	struct timespec began; /* by the clock that dates files */
};

static void container_release(struct container *c)
{
	slip_cleanup_free(&c->output);
	slip_user_release(&c->user);
	slip_overlay_release(&c->overlay);
	slip_rootfs_free(c->root);
	slip_builder_release(&c->builder);
	free(c->flags.registries.logins);
	slip_build_request_release(&c->flags);
}

static int open_image(struct container *c, struct slip_err *err)
{
	struct slip_builder *b = &c->builder;
	slip_platform_host(&b->platform);
	if (slip_builder_open(b, SLIP_ISOLATION_AUTO, err) < 0)
		return -1;
	slip_debug("isolation: %s", b->isolation.why);
	if (b->isolation.mode == SLIP_ISOLATION_NONE)
		return slip_err_set(err, SLIP_E_SANDBOX, 0,
			"no command can be run in an image here: %s; --in-place runs it without",
			b->isolation.why);
	const char *image = slip_json_get_str(c->request, "image", "");
	if (slip_base_resolve(b, image, &b->platform, &c->base, err) < 0)
		return -1;
	c->base->wants_files = true;
	if (slip_rootfs_new(b, c->base, &c->root, err) < 0 ||
		slip_rootfs_mount(c->root, &c->overlay, err) < 0)
		return slip_err_wrap(err, "%s", image);
	return slip_user_for_run(c->root, c->base->image.user, &c->user, err);
}

/* Whatever the command's user, it can write there; what it wrote is read here. */
static int make_output(struct container *c, struct slip_err *err)
{
	slip_autofree char *dir = NULL, *path = NULL;
	if (slip_make_temp_dir(slip_store_work_path(c->builder.store), "output-", &dir, err) < 0)
		return -1;
	path = slip_xasprintf("%s/output", dir);
	slip_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;
	if (fd < 0 || (c->user.uid && fchown(fd, c->user.uid, c->user.gid) < 0) ||
		fstat(fd, &st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "make %s", path);
	c->began = st.st_ctim;
	c->output = realpath(path, NULL);
	return c->output ? 0 : slip_err_set(err, SLIP_E_IO, errno, "resolve %s", path);
}

static void set_pair(struct slip_map *env, const char *pair)
{
	const char *equals = strchrnul(pair, '=');
	slip_autofree char *name = slip_xstrndup(pair, (size_t)(equals - pair));
	slip_smap_set(env, name, *equals ? equals + 1 : "");
}

/* The image's variables, and above them those of the stage. */
static int make_env(const struct container *c, struct slip_strv *out, struct slip_err *err)
{
	slip_automap all;
	slip_autostrv own = {0};
	slip_smap_init(&all);
	if (slip_json_get_strings(c->request, "env", &own, err) < 0)
		return -1;
	slip_smap_set(&all, "PATH", SLIP_SANDBOX_PATH);
	for (size_t i = 0; i < c->base->image.env.n; i++)
		set_pair(&all, c->base->image.env.v[i]);
	for (size_t i = 0; i < own.n; i++)
		set_pair(&all, own.v[i]);
	slip_smap_set(&all, "SLIPWAY_OUTPUT", OUTPUT_PATH);
	for (size_t i = 0; i < all.n; i++)
		slip_strv_addf(out, "%s=%s", all.entries[i].key, (char *)all.entries[i].value);
	return 0;
}

static int run_command(struct container *c, struct slip_err *err)
{
	const char *workspace = slip_json_get_str(c->request, "workspace", "");
	slip_autofree char *source = realpath(workspace, NULL);
	if (!source)
		return slip_err_set(err, SLIP_E_IO, errno, "the workspace %s", workspace);
	const struct slip_sandbox_mount mounts[] = {
		{.source = source, .target = workspace},
		{.source = c->output, .target = OUTPUT_PATH},
	};
	struct slip_sandbox_spec spec = {
		.root = c->overlay.merged,
		.cwd = slip_json_get_str(c->request, "cwd", "/"),
		.timeout_ms = -1,
		.mounts = mounts,
		.n_mounts = SLIP_ARRAY_LEN(mounts),
	};
	int rc = slip_json_get_strings(c->request, "argv", &spec.argv, err);
	if (rc == 0)
		rc = make_env(c, &spec.env, err);
	if (rc == 0) {
		slip_user_apply(&c->user, &spec);
		rc = slip_sandbox_run(&c->builder.isolation, &spec, err);
		slip_workspace_adopt(workspace, &c->began);
	}
	slip_strv_release(&spec.argv);
	slip_strv_release(&spec.env);
	return rc;
}

static int tell_outputs(const struct container *c, struct slip_err *err)
{
	slip_autobuf text;
	slip_automap values;
	slip_buf_init(&text, SLIP_MAX_OUTPUT_FILE);
	slip_smap_init(&values);
	if (slip_read_file(AT_FDCWD, c->output, &text, err) < 0 ||
		slip_output_file_parse(text.data, text.len, &values, err) < 0)
		return slip_err_wrap(err, "$SLIPWAY_OUTPUT");
	for (size_t i = 0; i < values.n; i++)
		slip_event("stage.result", values.entries[i].key, (char *)values.entries[i].value,
			NULL);
	return 0;
}

static int perform(struct container *c, struct slip_err *err)
{
	const char *where = slip_json_get_str(c->request, "where", "");
	if (slip_registries_from_json(
		    slip_build_options, c->request, &c->flags, &c->flags.registries, err) < 0)
		return -1;
	if (open_image(c, err) < 0 || make_output(c, err) < 0)
		return slip_err_wrap(err, "%s: container", where);
	if (run_command(c, err) < 0)
		return slip_err_is(err, SLIP_E_COMMAND)
			       ? -1
			       : slip_err_wrap(err, "%s: container", where);
	return tell_outputs(c, err);
}

int slip_container_perform(const struct slip_json *request, struct slip_err *err)
{
	struct container c = {
		.request = request,
		.overlay = {.merged_fd = -1, .upper_fd = -1},
	};
	slip_build_request_init(&c.flags);
	slip_builder_init(&c.builder, &c.flags);
	int rc = perform(&c, err);
	container_release(&c);
	return rc;
}

static int foresee(struct container *c, struct slip_json *out, struct slip_err *err)
{
	const char *image = slip_json_get_str(c->request, "image", "");
	if (slip_registries_from_json(
		    slip_build_options, c->request, &c->flags, &c->flags.registries, err) < 0 ||
		slip_builder_open(&c->builder, SLIP_ISOLATION_AUTO, err) < 0)
		return -1;
	slip_json_set_str(out, "container", image);
	slip_foresee_isolation(&c->builder.isolation, out);
	return slip_registries_explain(c->builder.registry, image, out, err);
}

int slip_container_foresee(const struct slip_json *request, bool is_probe SLIP_UNUSED,
	struct slip_json *out, struct slip_err *err)
{
	struct container c = {
		.request = request,
		.overlay = {.merged_fd = -1, .upper_fd = -1},
	};
	slip_build_request_init(&c.flags);
	slip_builder_init(&c.builder, &c.flags);
	c.builder.looks_only = true;
	int rc = foresee(&c, out, err);
	container_release(&c);
	return rc;
}
