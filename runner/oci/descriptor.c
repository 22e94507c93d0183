#include "config.h"

#include "runner/oci/descriptor.h"

#include "runner/base/limits.h"
#include "runner/oci/oci_internal.h"

void slip_descriptor_init(struct slip_descriptor *d)
{
	*d = (struct slip_descriptor){0};
	slip_smap_init(&d->annotations);
}

void slip_descriptor_release(struct slip_descriptor *d)
{
	free(d->media_type);
	slip_strv_release(&d->urls);
	slip_map_release(&d->annotations);
	free(d->artifact_type);
	*d = (struct slip_descriptor){0};
}

void slip_descriptor_copy(struct slip_descriptor *dst, const struct slip_descriptor *src)
{
	struct slip_descriptor d;

	slip_descriptor_init(&d);
	d.media_type = slip_xstrdup(src->media_type);
	d.digest = src->digest;
	d.size = src->size;
	slip_strv_copy(&d.urls, &src->urls);
	slip_smap_copy(&d.annotations, &src->annotations);
	d.has_platform = src->has_platform;
	d.platform = src->platform;
	d.artifact_type = slip_xstrdup(src->artifact_type);
	slip_descriptor_release(dst);
	*dst = d;
}

void slip_descriptor_set(struct slip_descriptor *d, const char *media_type,
	const struct slip_digest *digest, uint64_t size)
{
	char *type = slip_xstrdup(media_type);

	free(d->media_type);
	d->media_type = type;
	d->digest = *digest;
	d->size = size;
}

static int read_digest(
	const struct slip_json *v, const char *what, struct slip_digest *out, struct slip_err *err)
{
	slip_autofree char *text = NULL;

	if (slip_oci_read_str(v, "digest", what, &text, err) < 0)
		return -1;
	if (!text)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s: digest is missing", what);
	if (slip_digest_parse(text, out, NULL) < 0)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"%s: digest \"%s\" is not sha256 and 64 lower-case hexadecimal digits",
			what, slip_oci_quote(text).s);
	return 0;
}

static int read_size(
	const struct slip_json *v, const char *what, uint64_t *out, struct slip_err *err)
{
	int64_t size = -1;

	if (slip_oci_read_size(v, "size", what, &size, err) < 0)
		return -1;
	if (size < 0)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s: size is missing", what);
	*out = (uint64_t)size;
	return 0;
}

static int read_platform(const struct slip_json *v, const char *what, struct slip_descriptor *d,
	struct slip_err *err)
{
	struct slip_json *platform;

	if (slip_oci_read(v, "platform", what, SLIP_JSON_OBJECT, &platform, err) < 0)
		return -1;
	if (!platform)
		return 0;
	if (slip_oci_read_platform(platform, what, &d->platform, err) < 0)
		return -1;
	d->has_platform = d->platform.os[0] || d->platform.arch[0];
	return 0;
}

int slip_descriptor_from_json(const struct slip_json *v, const char *what,
	struct slip_descriptor *out, struct slip_err *err)
{
	slip_autodescriptor d;

	slip_descriptor_init(&d);
	if (slip_json_kind(v) != SLIP_JSON_OBJECT)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s is not an object", what);
	if (slip_oci_read_str(v, "mediaType", what, &d.media_type, err) < 0)
		return -1;
	if (!d.media_type)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s: mediaType is missing", what);
	if (read_digest(v, what, &d.digest, err) < 0 || read_size(v, what, &d.size, err) < 0 ||
		slip_oci_read_strings(v, "urls", what, SLIP_MAX_URLS, &d.urls, err) < 0 ||
		slip_oci_read_map(
			v, "annotations", what, SLIP_MAX_ANNOTATIONS, &d.annotations, err) < 0 ||
		read_platform(v, what, &d, err) < 0 ||
		slip_oci_read_str(v, "artifactType", what, &d.artifact_type, err) < 0)
		return -1;
	*out = d;
	d = (struct slip_descriptor){0};
	return 0;
}

static struct slip_json *platform_to_json(const struct slip_platform *p)
{
	struct slip_json *obj = slip_json_object();

	slip_json_set_str(obj, "architecture", p->arch);
	slip_json_set_str(obj, "os", p->os);
	slip_json_set_str(obj, "os.version", p->os_version[0] ? p->os_version : NULL);
	slip_json_set_str(obj, "variant", p->variant[0] ? p->variant : NULL);
	return obj;
}

struct slip_json *slip_descriptor_to_json(const struct slip_descriptor *d)
{
	struct slip_json *obj = slip_json_object();

	slip_json_set_str(obj, "mediaType", d->media_type);
	slip_json_set_str(obj, "digest", d->digest.s);
	slip_json_set_int(obj, "size", (int64_t)d->size);
	if (d->urls.n)
		slip_json_set(obj, "urls", slip_json_strings(&d->urls));
	if (d->annotations.n)
		slip_json_set(obj, "annotations", slip_oci_map_to_json(&d->annotations));
	if (d->has_platform)
		slip_json_set(obj, "platform", platform_to_json(&d->platform));
	slip_json_set_str(obj, "artifactType", d->artifact_type);
	return obj;
}
