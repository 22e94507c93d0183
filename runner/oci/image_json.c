/* Image configurations as JSON: the only file that knows the names of their fields. */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/oci/image.h"
#include "runner/oci/oci_internal.h"

#define WHAT "image configuration"
#define MAX_ITEMS SLIP_MAX_CONFIG_ITEMS

static int read_words(const struct slip_json *obj, const char *key, bool *has,
	struct slip_strv *words, struct slip_err *err)
{
	*has = slip_json_kind(slip_json_get(obj, key)) == SLIP_JSON_ARRAY;
	return slip_oci_read_strings(obj, key, WHAT, MAX_ITEMS, words, err);
}

static int read_env(const struct slip_json *obj, struct slip_image *img, struct slip_err *err)
{
	if (slip_oci_read_strings(obj, "Env", WHAT, MAX_ITEMS, &img->env, err) < 0)
		return -1;
	for (size_t i = 0; i < img->env.n; i++) {
		const char *eq = strchr(img->env.v[i], '=');
		if (!eq || eq == img->env.v[i])
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				WHAT ": Env[%zu] \"%s\" is not of the form NAME=value", i,
				slip_oci_quote(img->env.v[i]).s);
	}
	return 0;
}

static int read_healthcheck(
	const struct slip_json *config, struct slip_image *img, struct slip_err *err)
{
	static const char what[] = WHAT ": Healthcheck";
	struct slip_image_healthcheck *check = &img->healthcheck;
	struct slip_json *obj;

	if (slip_oci_read(config, "Healthcheck", WHAT, SLIP_JSON_OBJECT, &obj, err) < 0)
		return -1;
	img->has_healthcheck = obj != NULL;
	if (slip_oci_read_strings(obj, "Test", what, MAX_ITEMS, &check->test, err) < 0 ||
		slip_oci_read_size(obj, "Interval", what, &check->interval, err) < 0 ||
		slip_oci_read_size(obj, "Timeout", what, &check->timeout, err) < 0 ||
		slip_oci_read_size(obj, "StartPeriod", what, &check->start_period, err) < 0 ||
		slip_oci_read_size(obj, "StartInterval", what, &check->start_interval, err) < 0)
		return -1;
	return slip_oci_read_size(obj, "Retries", what, &check->retries, err);
}

static int read_config(const struct slip_json *doc, struct slip_image *img, struct slip_err *err)
{
	struct slip_json *obj;

	if (slip_oci_read(doc, "config", WHAT, SLIP_JSON_OBJECT, &obj, err) < 0)
		return -1;
	if (slip_oci_read_str(obj, "User", WHAT, &img->user, err) < 0 ||
		slip_oci_read_set(obj, "ExposedPorts", WHAT, MAX_ITEMS, &img->exposed_ports, err) <
			0 ||
		read_env(obj, img, err) < 0 ||
		read_words(obj, "Entrypoint", &img->has_entrypoint, &img->entrypoint, err) < 0 ||
		read_words(obj, "Cmd", &img->has_cmd, &img->cmd, err) < 0 ||
		slip_oci_read_bool(obj, "ArgsEscaped", WHAT, &img->args_escaped, err) < 0 ||
		slip_oci_read_set(obj, "Volumes", WHAT, MAX_ITEMS, &img->volumes, err) < 0 ||
		slip_oci_read_str(obj, "WorkingDir", WHAT, &img->working_dir, err) < 0 ||
		slip_oci_read_map(obj, "Labels", WHAT, MAX_ITEMS, &img->labels, err) < 0 ||
		slip_oci_read_str(obj, "StopSignal", WHAT, &img->stop_signal, err) < 0 ||
		slip_oci_read_strings(obj, "OnBuild", WHAT, MAX_ITEMS, &img->onbuild, err) < 0 ||
		slip_oci_read_strings(obj, "Shell", WHAT, MAX_ITEMS, &img->shell, err) < 0)
		return -1;
	return read_healthcheck(obj, img, err);
}

static int read_rootfs(const struct slip_json *doc, struct slip_image *img, struct slip_err *err)
{
	static const char what[] = WHAT ": rootfs";
	slip_autofree char *type = NULL;
	slip_autostrv ids = {0};
	struct slip_json *obj;

	if (slip_oci_read(doc, "rootfs", WHAT, SLIP_JSON_OBJECT, &obj, err) < 0)
		return -1;
	if (!obj)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, WHAT ": rootfs is missing");
	if (slip_oci_read_str(obj, "type", what, &type, err) < 0 ||
		slip_oci_read_strings(obj, "diff_ids", what, SLIP_MAX_LAYERS, &ids, err) < 0)
		return -1;
	if (!type || !slip_streq(type, "layers"))
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s: type \"%s\" is not \"layers\"",
			what, slip_oci_quote(type ? type : "").s);
	for (size_t i = 0; i < ids.n; i++) {
		struct slip_digest digest;
		if (slip_digest_parse(ids.v[i], &digest, NULL) < 0)
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				"%s: diff_ids[%zu] \"%s\" is not sha256 and 64 lower-case "
				"hexadecimal digits",
				what, i, slip_oci_quote(ids.v[i]).s);
		slip_image_add_diff_id(img, &digest);
	}
	return 0;
}

static int read_history_entry(const struct slip_json *obj, const char *what,
	struct slip_history *entry, struct slip_err *err)
{
	if (slip_json_kind(obj) != SLIP_JSON_OBJECT)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s is not an object", what);
	if (slip_oci_read_str(obj, "created", what, &entry->created, err) < 0 ||
		slip_oci_read_str(obj, "author", what, &entry->author, err) < 0 ||
		slip_oci_read_str(obj, "created_by", what, &entry->created_by, err) < 0 ||
		slip_oci_read_str(obj, "comment", what, &entry->comment, err) < 0)
		return -1;
	return slip_oci_read_bool(obj, "empty_layer", what, &entry->empty_layer, err);
}

static int read_history(const struct slip_json *doc, struct slip_image *img, struct slip_err *err)
{
	static const struct slip_history blank;
	struct slip_json *list;

	if (slip_oci_read(doc, "history", WHAT, SLIP_JSON_ARRAY, &list, err) < 0)
		return -1;
	size_t n = slip_json_len(list);
	if (n > SLIP_MAX_HISTORY)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			WHAT ": history has %zu items, more than %d", n, SLIP_MAX_HISTORY);
	for (size_t i = 0; i < n; i++) {
		char what[64];
		snprintf(what, sizeof(what), WHAT ": history[%zu]", i);
		slip_image_add_history(img, &blank);
		if (read_history_entry(slip_json_at(list, i), what, &img->history[i], err) < 0)
			return -1;
	}
	return 0;
}

int slip_image_parse(const char *text, size_t len, struct slip_image *out, struct slip_err *err)
{
	slip_autoimage img;

	slip_image_init(&img);
	if (slip_oci_read_document(text, len, WHAT, SLIP_MAX_CONFIG, &img.raw, err) < 0 ||
		slip_oci_read_str(img.raw, "created", WHAT, &img.created, err) < 0 ||
		slip_oci_read_str(img.raw, "author", WHAT, &img.author, err) < 0 ||
		slip_oci_read_platform(img.raw, WHAT, &img.platform, err) < 0 ||
		read_config(img.raw, &img, err) < 0 || read_rootfs(img.raw, &img, err) < 0 ||
		read_history(img.raw, &img, err) < 0)
		return -1;
	*out = img;
	img = (struct slip_image){0};
	return 0;
}

/*
 * Printing: known fields are laid over a copy of the base's document, each in its old place. One
 * that is absent in the struct goes, unless the document has it as null or empty: that says the
 * same, and leaving it keeps an unchanged configuration byte for byte.
 */
static bool says_nothing(const struct slip_json *obj, const char *key)
{
	const struct slip_json *v = slip_json_get(obj, key);

	switch (slip_json_kind(v)) {
	case SLIP_JSON_BOOL:
		return !slip_json_get_bool(obj, key, true);
	case SLIP_JSON_INT:
		return slip_json_int_value(v, 0) == 0;
	case SLIP_JSON_STRING:
		return slip_json_str_value(v, "")[0] == '\0';
	case SLIP_JSON_ARRAY:
	case SLIP_JSON_OBJECT:
		return slip_json_len(v) == 0;
	case SLIP_JSON_NONE:
	case SLIP_JSON_NULL:
		return true;
	case SLIP_JSON_REAL:
		break;
	}
	return false;
}

/* Takes value over; NULL: absent. */
static void overlay(struct slip_json *obj, const char *key, struct slip_json *value)
{
	if (value)
		slip_json_set(obj, key, value);
	else if (!says_nothing(obj, key))
		slip_json_remove(obj, key);
}

static void overlay_str(struct slip_json *obj, const char *key, const char *s)
{
	overlay(obj, key, s && s[0] ? slip_json_str(s) : NULL);
}

static void overlay_int(struct slip_json *obj, const char *key, int64_t i)
{
	overlay(obj, key, i ? slip_json_int(i) : NULL);
}

static void overlay_strings(struct slip_json *obj, const char *key, const struct slip_strv *sv)
{
	overlay(obj, key, sv->n ? slip_json_strings(sv) : NULL);
}

static void overlay_set(struct slip_json *obj, const char *key, const struct slip_strv *set)
{
	overlay(obj, key, set->n ? slip_oci_set_to_json(set) : NULL);
}

/* An object member to lay fields over: the one that is there, or a new one. */
static struct slip_json *member(struct slip_json *obj, const char *key)
{
	if (slip_json_kind(slip_json_get(obj, key)) != SLIP_JSON_OBJECT)
		slip_json_set(obj, key, slip_json_object());
	return slip_json_get(obj, key);
}

/* An absent list goes; [] is told apart from it. */
static void overlay_words(
	struct slip_json *obj, const char *key, bool has, const struct slip_strv *words)
{
	if (has)
		slip_json_set(obj, key, slip_json_strings(words));
	else if (slip_json_kind(slip_json_get(obj, key)) != SLIP_JSON_NULL)
		slip_json_remove(obj, key);
}

static void overlay_healthcheck(struct slip_json *config, const struct slip_image *img)
{
	const struct slip_image_healthcheck *check = &img->healthcheck;

	if (!img->has_healthcheck) {
		overlay(config, "Healthcheck", NULL);
		return;
	}
	struct slip_json *obj = member(config, "Healthcheck");
	overlay_strings(obj, "Test", &check->test);
	overlay_int(obj, "Interval", check->interval);
	overlay_int(obj, "Timeout", check->timeout);
	overlay_int(obj, "StartPeriod", check->start_period);
	overlay_int(obj, "StartInterval", check->start_interval);
	overlay_int(obj, "Retries", check->retries);
}

static void overlay_config(struct slip_json *doc, const struct slip_image *img)
{
	struct slip_json *config = member(doc, "config");

	overlay_str(config, "User", img->user);
	overlay_set(config, "ExposedPorts", &img->exposed_ports);
	overlay_strings(config, "Env", &img->env);
	overlay_words(config, "Entrypoint", img->has_entrypoint, &img->entrypoint);
	overlay_words(config, "Cmd", img->has_cmd, &img->cmd);
	overlay_set(config, "Volumes", &img->volumes);
	overlay_str(config, "WorkingDir", img->working_dir);
	overlay(config, "Labels", img->labels.n ? slip_oci_map_to_json(&img->labels) : NULL);
	overlay_str(config, "StopSignal", img->stop_signal);
	overlay(config, "ArgsEscaped", img->args_escaped ? slip_json_bool(true) : NULL);
	overlay_healthcheck(config, img);
	overlay_strings(config, "OnBuild", &img->onbuild);
	overlay_strings(config, "Shell", &img->shell);
}

static void overlay_rootfs(struct slip_json *doc, const struct slip_image *img)
{
	struct slip_json *rootfs = member(doc, "rootfs"), *ids = slip_json_array();

	for (size_t i = 0; i < img->n_diff_ids; i++)
		slip_json_append(ids, slip_json_str(img->diff_ids[i].s));
	slip_json_set_str(rootfs, "type", "layers");
	slip_json_set(rootfs, "diff_ids", ids);
}

static struct slip_json *history_to_json(const struct slip_image *img)
{
	struct slip_json *list = slip_json_array();

	for (size_t i = 0; i < img->n_history; i++) {
		const struct slip_history *entry = &img->history[i];
		struct slip_json *obj = slip_json_object();
		slip_json_set_str(obj, "created", entry->created);
		slip_json_set_str(obj, "created_by", entry->created_by);
		slip_json_set_str(obj, "author", entry->author);
		slip_json_set_str(obj, "comment", entry->comment);
		if (entry->empty_layer)
			slip_json_set(obj, "empty_layer", slip_json_bool(true));
		slip_json_append(list, obj);
	}
	return list;
}

char *slip_image_print(const struct slip_image *img, struct slip_digest *digest)
{
	struct slip_json *doc = img->raw ? slip_json_copy(img->raw) : slip_json_object();

	overlay_str(doc, "architecture", img->platform.arch);
	overlay_str(doc, "author", img->author);
	overlay_config(doc, img);
	overlay_str(doc, "created", img->created);
	overlay(doc, "history", img->n_history ? history_to_json(img) : NULL);
	overlay_str(doc, "os", img->platform.os);
	overlay_str(doc, "os.version", img->platform.os_version);
	overlay_rootfs(doc, img);
	overlay_str(doc, "variant", img->platform.variant);
	return slip_oci_print(doc, digest);
}
