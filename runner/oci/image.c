#include "config.h"

#include "runner/oci/image.h"

static void release_healthcheck(struct slip_image_healthcheck *check)
{
	slip_strv_release(&check->test);
	*check = (struct slip_image_healthcheck){0};
}

static void copy_healthcheck(
	struct slip_image_healthcheck *dst, const struct slip_image_healthcheck *src)
{
	struct slip_image_healthcheck copy = *src;

	copy.test = (struct slip_strv){0};
	slip_strv_copy(&copy.test, &src->test);
	release_healthcheck(dst);
	*dst = copy;
}

static void release_history(struct slip_history *entry)
{
	free(entry->created);
	free(entry->author);
	free(entry->created_by);
	free(entry->comment);
}

void slip_image_init(struct slip_image *img)
{
	*img = (struct slip_image){0};
	slip_smap_init(&img->labels);
}

void slip_image_release(struct slip_image *img)
{
	free(img->created);
	free(img->author);
	free(img->user);
	slip_strv_release(&img->exposed_ports);
	slip_strv_release(&img->env);
	slip_strv_release(&img->entrypoint);
	slip_strv_release(&img->cmd);
	slip_strv_release(&img->volumes);
	free(img->working_dir);
	slip_map_release(&img->labels);
	free(img->stop_signal);
	release_healthcheck(&img->healthcheck);
	slip_strv_release(&img->onbuild);
	slip_strv_release(&img->shell);
	free(img->diff_ids);
	for (size_t i = 0; i < img->n_history; i++)
		release_history(&img->history[i]);
	free(img->history);
	slip_json_free(img->raw);
	*img = (struct slip_image){0};
}

void slip_image_copy(struct slip_image *dst, const struct slip_image *src)
{
	struct slip_image img;

	slip_image_init(&img);
	img.created = slip_xstrdup(src->created);
	img.author = slip_xstrdup(src->author);
	img.platform = src->platform;
	img.user = slip_xstrdup(src->user);
	slip_strv_copy(&img.exposed_ports, &src->exposed_ports);
	slip_strv_copy(&img.env, &src->env);
	img.has_entrypoint = src->has_entrypoint;
	slip_strv_copy(&img.entrypoint, &src->entrypoint);
	img.has_cmd = src->has_cmd;
	slip_strv_copy(&img.cmd, &src->cmd);
	img.args_escaped = src->args_escaped;
	slip_strv_copy(&img.volumes, &src->volumes);
	img.working_dir = slip_xstrdup(src->working_dir);
	slip_smap_copy(&img.labels, &src->labels);
	img.stop_signal = slip_xstrdup(src->stop_signal);
	img.has_healthcheck = src->has_healthcheck;
	copy_healthcheck(&img.healthcheck, &src->healthcheck);
	slip_strv_copy(&img.onbuild, &src->onbuild);
	slip_strv_copy(&img.shell, &src->shell);
	for (size_t i = 0; i < src->n_diff_ids; i++)
		slip_image_add_diff_id(&img, &src->diff_ids[i]);
	for (size_t i = 0; i < src->n_history; i++)
		slip_image_add_history(&img, &src->history[i]);
	/* Copies may go to other threads, so they share nothing, not even a reference count. */
	img.raw = src->raw ? slip_json_copy(src->raw) : NULL;
	slip_image_release(dst);
	*dst = img;
}

/* The layers that history speaks of. */
static size_t count_filled(const struct slip_image *img)
{
	size_t n = 0;

	for (size_t i = 0; i < img->n_history; i++)
		n += !img->history[i].empty_layer;
	return n;
}

int slip_image_check_layers(const struct slip_image *img, size_t n_layers, struct slip_err *err)
{
	if (img->n_diff_ids != n_layers)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"image configuration has %zu diff_ids for the manifest's %zu layers",
			img->n_diff_ids, n_layers);
	size_t filled = count_filled(img);
	if (img->n_history > 0 && filled != n_layers)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"image configuration has %zu history entries with a layer for the "
			"manifest's %zu layers",
			filled, n_layers);
	return 0;
}

static bool env_is(const char *item, const char *name, size_t len)
{
	return strncmp(item, name, len) == 0 && item[len] == '=';
}

const char *slip_image_env_get(const struct slip_image *img, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = img->env.n; i > 0; i--)
		if (env_is(img->env.v[i - 1], name, len))
			return img->env.v[i - 1] + len + 1;
	return NULL;
}

void slip_image_env_set(struct slip_image *img, const char *name, const char *value)
{
	size_t len = strlen(name);
	bool placed = false;

	for (size_t i = 0; i < img->env.n;) {
		if (!env_is(img->env.v[i], name, len)) {
			i++;
		} else if (placed) {
			slip_strv_remove(&img->env, i);
		} else {
			free(img->env.v[i]);
			img->env.v[i++] = slip_xasprintf("%s=%s", name, value);
			placed = true;
		}
	}
	if (!placed)
		slip_strv_addf(&img->env, "%s=%s", name, value);
}

void slip_image_add_port(struct slip_image *img, const char *port)
{
	if (!slip_strv_has(&img->exposed_ports, port))
		slip_strv_add(&img->exposed_ports, port);
}

void slip_image_add_volume(struct slip_image *img, const char *path)
{
	if (!slip_strv_has(&img->volumes, path))
		slip_strv_add(&img->volumes, path);
}

static void set_words(struct slip_strv *dst, bool *has, const struct slip_strv *words)
{
	struct slip_strv copy = {0};

	if (words)
		slip_strv_copy(&copy, words);
	slip_strv_release(dst);
	*dst = copy;
	*has = words != NULL;
}

void slip_image_set_entrypoint(struct slip_image *img, const struct slip_strv *words)
{
	set_words(&img->entrypoint, &img->has_entrypoint, words);
}

void slip_image_set_cmd(struct slip_image *img, const struct slip_strv *words)
{
	set_words(&img->cmd, &img->has_cmd, words);
}

void slip_image_set_healthcheck(struct slip_image *img, const struct slip_image_healthcheck *check)
{
	struct slip_image_healthcheck none = {0};

	copy_healthcheck(&img->healthcheck, check ? check : &none);
	img->has_healthcheck = check != NULL;
}

void slip_image_add_diff_id(struct slip_image *img, const struct slip_digest *diff_id)
{
	slip_grow(img->diff_ids, img->n_diff_ids, &img->cap_diff_ids);
	img->diff_ids[img->n_diff_ids++] = *diff_id;
}

void slip_image_add_history(struct slip_image *img, const struct slip_history *entry)
{
	slip_grow(img->history, img->n_history, &img->cap_history);
	img->history[img->n_history++] = (struct slip_history){
		.created = slip_xstrdup(entry->created),
		.author = slip_xstrdup(entry->author),
		.created_by = slip_xstrdup(entry->created_by),
		.comment = slip_xstrdup(entry->comment),
		.empty_layer = entry->empty_layer,
	};
}

void slip_chain_next(const struct slip_digest *parent, const struct slip_digest *diff_id,
	struct slip_digest *out)
{
	char text[2 * SLIP_DIGEST_SIZE];

	if (!parent || !slip_digest_is_set(parent)) {
		*out = *diff_id;
		return;
	}
	int n = snprintf(text, sizeof(text), "%s %s", parent->s, diff_id->s);
	slip_digest_of(text, (size_t)n, out);
}

void slip_chain_id(const struct slip_digest *diff_ids, size_t n, struct slip_digest *out)
{
	struct slip_digest chain = {0};

	for (size_t i = 0; i < n; i++)
		slip_chain_next(&chain, &diff_ids[i], &chain);
	*out = chain;
}
