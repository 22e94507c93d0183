#include "config.h"

#include "runner/oci/manifest.h"

#include "runner/base/limits.h"
#include "runner/oci/oci_internal.h"

#include <strings.h>

void slip_manifest_init(struct slip_manifest *m, enum slip_media_family family)
{
	*m = (struct slip_manifest){.family = family};
	slip_descriptor_init(&m->config);
	slip_smap_init(&m->annotations);
	slip_descriptor_init(&m->subject);
}

void slip_manifest_release(struct slip_manifest *m)
{
	slip_descriptor_release(&m->config);
	for (size_t i = 0; i < m->n_layers; i++)
		slip_descriptor_release(&m->layers[i]);
	free(m->layers);
	slip_map_release(&m->annotations);
	free(m->artifact_type);
	slip_descriptor_release(&m->subject);
	*m = (struct slip_manifest){0};
}

void slip_manifest_copy(struct slip_manifest *dst, const struct slip_manifest *src)
{
	struct slip_manifest m;

	slip_manifest_init(&m, src->family);
	slip_descriptor_copy(&m.config, &src->config);
	for (size_t i = 0; i < src->n_layers; i++)
		slip_manifest_add_layer(&m, &src->layers[i]);
	slip_smap_copy(&m.annotations, &src->annotations);
	m.artifact_type = slip_xstrdup(src->artifact_type);
	m.has_subject = src->has_subject;
	slip_descriptor_copy(&m.subject, &src->subject);
	slip_manifest_release(dst);
	*dst = m;
}

void slip_manifest_add_layer(struct slip_manifest *m, const struct slip_descriptor *layer)
{
	slip_grow(m->layers, m->n_layers, &m->cap_layers);
	struct slip_descriptor *d = &m->layers[m->n_layers++];
	slip_descriptor_init(d);
	slip_descriptor_copy(d, layer);
}

const char *slip_manifest_media_type(const struct slip_manifest *m)
{
	return slip_media_type(SLIP_MEDIA_MANIFEST, m->family, SLIP_MEDIA_PLAIN);
}

/*
 * What a document's label says: the known media type, role UNKNOWN for a label that is missing or
 * too general to mean anything. Any other label is an error.
 */
static int read_label(
	const char *label, const char *where, const struct slip_media **out, struct slip_err *err)
{
	static const char *const general[] = {
		"",
		"application/json",
		"application/octet-stream",
		"binary/octet-stream",
		"text/plain",
	};
	const struct slip_media *media = slip_media_of(label);
	size_t len = strcspn(label, "; \t");

	*out = media;
	if (media->role == SLIP_MEDIA_SCHEMA1)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"the image is in Docker's schema 1 format, which is no longer supported; "
			"pull and push it again with a current Docker to convert it");
	if (media->role == SLIP_MEDIA_INDEX || media->role == SLIP_MEDIA_MANIFEST)
		return 0;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(general); i++)
		if (strlen(general[i]) == len && strncasecmp(label, general[i], len) == 0)
			return 0;
	return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s \"%s\" is not that of an image manifest",
		where, slip_oci_quote(label).s);
}

static bool has(const struct slip_json *doc, const char *key)
{
	enum slip_json_kind kind = slip_json_kind(slip_json_get(doc, key));

	return kind != SLIP_JSON_NONE && kind != SLIP_JSON_NULL;
}

static int check_schema_version(const struct slip_json *doc, struct slip_err *err)
{
	int64_t version = 0;

	if (slip_oci_read_size(doc, "schemaVersion", "manifest", &version, err) < 0)
		return -1;
	if (version == 1 || has(doc, "fsLayers"))
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"the image is in Docker's schema 1 format, which is no longer supported; "
			"pull and push it again with a current Docker to convert it");
	if (version != 2)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "manifest: schemaVersion is not 2");
	return 0;
}

/* Header and body must say the same, as far as they say anything. */
static int read_type(const struct slip_json *doc, const char *content_type,
	const struct slip_media **out, struct slip_err *err)
{
	slip_autofree char *label = NULL;
	const struct slip_media *header, *body;

	if (read_label(content_type ? content_type : "", "Content-Type", &header, err) < 0 ||
		slip_oci_read_str(doc, "mediaType", "manifest", &label, err) < 0 ||
		read_label(label ? label : "", "manifest: mediaType", &body, err) < 0)
		return -1;
	if (header->role != SLIP_MEDIA_UNKNOWN && body->role != SLIP_MEDIA_UNKNOWN &&
		header != body)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"manifest is ambiguous: Content-Type is %s, mediaType is %s", header->type,
			body->type);
	*out = body->role != SLIP_MEDIA_UNKNOWN ? body : header;
	return 0;
}

/* The kind by the fields that are there, which must not contradict the type. */
static int classify(const struct slip_json *doc, const char *content_type,
	const struct slip_media **type, enum slip_manifest_kind *kind, struct slip_err *err)
{
	bool as_index = has(doc, "manifests"), as_image = has(doc, "config") || has(doc, "layers");

	if (check_schema_version(doc, err) < 0 || read_type(doc, content_type, type, err) < 0)
		return -1;
	if (as_index && as_image)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"manifest is ambiguous: it has both manifests and config or layers");
	if (as_index && (*type)->role == SLIP_MEDIA_MANIFEST)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"manifest is ambiguous: it is an index, its type is %s", (*type)->type);
	if (as_image && (*type)->role == SLIP_MEDIA_INDEX)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"manifest is ambiguous: it is no index, its type is %s", (*type)->type);
	if (!as_index && !as_image && (*type)->role == SLIP_MEDIA_UNKNOWN)
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, "manifest has neither config nor manifests");
	*kind = as_index || (*type)->role == SLIP_MEDIA_INDEX ? SLIP_MANIFEST_INDEX
							      : SLIP_MANIFEST_IMAGE;
	return 0;
}

int slip_oci_read_manifest(const char *text, size_t len, const char *content_type,
	struct slip_oci_manifest *out, struct slip_err *err)
{
	slip_autojson *doc = NULL;
	const struct slip_media *type;

	if (slip_oci_read_document(text, len, "manifest", SLIP_MAX_MANIFEST, &doc, err) < 0 ||
		classify(doc, content_type, &type, &out->kind, err) < 0)
		return -1;
	out->family = type->family == SLIP_MEDIA_DOCKER ? SLIP_MEDIA_DOCKER : SLIP_MEDIA_OCI;
	out->doc = slip_steal_ptr(&doc);
	return 0;
}

int slip_manifest_detect(const char *text, size_t len, const char *content_type,
	enum slip_manifest_kind *kind, struct slip_err *err)
{
	struct slip_oci_manifest read;

	if (slip_oci_read_manifest(text, len, content_type, &read, err) < 0)
		return -1;
	*kind = read.kind;
	slip_json_free(read.doc);
	return 0;
}

static int read_layers(const struct slip_json *doc, struct slip_manifest *m, struct slip_err *err)
{
	struct slip_json *list;

	if (slip_oci_read(doc, "layers", "manifest", SLIP_JSON_ARRAY, &list, err) < 0)
		return -1;
	size_t n = slip_json_len(list);
	if (n > SLIP_MAX_LAYERS)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "manifest has %zu layers, more than %d",
			n, SLIP_MAX_LAYERS);
	for (size_t i = 0; i < n; i++) {
		char what[64];
		snprintf(what, sizeof(what), "manifest: layer %zu", i + 1);
		slip_grow(m->layers, m->n_layers, &m->cap_layers);
		if (slip_descriptor_from_json(
			    slip_json_at(list, i), what, &m->layers[m->n_layers], err) < 0)
			return -1;
		m->n_layers++;
	}
	return 0;
}

static int read_oci_fields(
	const struct slip_json *doc, struct slip_manifest *m, struct slip_err *err)
{
	struct slip_json *subject;

	if (slip_oci_read_map(doc, "annotations", "manifest", SLIP_MAX_ANNOTATIONS, &m->annotations,
		    err) < 0 ||
		slip_oci_read_str(doc, "artifactType", "manifest", &m->artifact_type, err) < 0 ||
		slip_oci_read(doc, "subject", "manifest", SLIP_JSON_OBJECT, &subject, err) < 0)
		return -1;
	if (!subject)
		return 0;
	m->has_subject = true;
	return slip_descriptor_from_json(subject, "manifest: subject", &m->subject, err);
}

static int read_image(const struct slip_json *doc, struct slip_manifest *m, struct slip_err *err)
{
	struct slip_json *config;

	if (slip_oci_read(doc, "config", "manifest", SLIP_JSON_OBJECT, &config, err) < 0)
		return -1;
	if (!config)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "manifest: config is missing");
	if (slip_descriptor_from_json(config, "manifest: config", &m->config, err) < 0 ||
		read_layers(doc, m, err) < 0)
		return -1;
	return m->family == SLIP_MEDIA_OCI ? read_oci_fields(doc, m, err) : 0;
}

int slip_manifest_parse(const char *text, size_t len, const char *content_type,
	struct slip_manifest *out, struct slip_err *err)
{
	struct slip_oci_manifest read;
	slip_automanifest m = {0};

	if (slip_oci_read_manifest(text, len, content_type, &read, err) < 0)
		return -1;
	slip_autojson *doc = read.doc;
	if (read.kind != SLIP_MANIFEST_IMAGE)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"an index of several images stands where one image's manifest is expected");
	slip_manifest_init(&m, read.family);
	if (read_image(doc, &m, err) < 0)
		return -1;
	*out = m;
	m = (struct slip_manifest){0};
	return 0;
}

int slip_manifest_check_image(const struct slip_manifest *m, struct slip_err *err)
{
	if (slip_media_of(m->config.media_type)->role != SLIP_MEDIA_CONFIG)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"not a container image but an artifact: its config is of type \"%s\"",
			slip_oci_quote(m->config.media_type).s);
	for (size_t i = 0; i < m->n_layers; i++) {
		const char *type = m->layers[i].media_type;
		enum slip_media_role role = slip_media_of(type)->role;
		if (role == SLIP_MEDIA_ENCRYPTED)
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				"layer %zu is encrypted; decrypt the image first (for example "
				"skopeo copy --decryption-key)",
				i + 1);
		if (role != SLIP_MEDIA_LAYER && role != SLIP_MEDIA_FOREIGN)
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				"layer %zu is no file system layer: its type is \"%s\"", i + 1,
				slip_oci_quote(type).s);
	}
	return 0;
}

static int check_convertible(
	const struct slip_manifest *m, enum slip_media_family family, struct slip_err *err)
{
	if (slip_manifest_check_image(m, err) < 0)
		return -1;
	for (size_t i = 0; i < m->n_layers; i++)
		if (!slip_media_convert(m->layers[i].media_type, family))
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				"layer %zu: the %s format has no type for \"%s\"", i + 1,
				family == SLIP_MEDIA_DOCKER ? "Docker" : "OCI",
				slip_oci_quote(m->layers[i].media_type).s);
	return 0;
}

static void relabel(struct slip_descriptor *d, enum slip_media_family family)
{
	char *type = slip_xstrdup(slip_media_convert(d->media_type, family));

	free(d->media_type);
	d->media_type = type;
}

int slip_manifest_convert(
	struct slip_manifest *m, enum slip_media_family family, struct slip_err *err)
{
	if (check_convertible(m, family, err) < 0)
		return -1;
	m->family = family;
	relabel(&m->config, family);
	for (size_t i = 0; i < m->n_layers; i++)
		relabel(&m->layers[i], family);
	return 0;
}

/* Docker's schema knows type, digest, size and urls of a blob. */
static struct slip_json *blob_to_json(
	const struct slip_manifest *m, const struct slip_descriptor *d)
{
	struct slip_json *obj = slip_descriptor_to_json(d);

	if (m->family == SLIP_MEDIA_DOCKER) {
		slip_json_remove(obj, "annotations");
		slip_json_remove(obj, "artifactType");
	}
	return obj;
}

char *slip_manifest_print(const struct slip_manifest *m, struct slip_digest *digest)
{
	struct slip_json *doc = slip_json_object(), *layers = slip_json_array();
	bool oci = m->family == SLIP_MEDIA_OCI;

	for (size_t i = 0; i < m->n_layers; i++)
		slip_json_append(layers, blob_to_json(m, &m->layers[i]));
	slip_json_set_int(doc, "schemaVersion", 2);
	slip_json_set_str(doc, "mediaType", slip_manifest_media_type(m));
	if (oci)
		slip_json_set_str(doc, "artifactType", m->artifact_type);
	slip_json_set(doc, "config", blob_to_json(m, &m->config));
	slip_json_set(doc, "layers", layers);
	if (oci && m->has_subject)
		slip_json_set(doc, "subject", slip_descriptor_to_json(&m->subject));
	if (oci && m->annotations.n)
		slip_json_set(doc, "annotations", slip_oci_map_to_json(&m->annotations));
	return slip_oci_print(doc, digest);
}
