#include "config.h"

#include "steps/push/source.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/oci/layout_text.h"

/* --- names --------------------------------------------------------------------------------------
 */

static bool take_prefix(const char **text, const char *prefix)
{
	if (!slip_starts_with(*text, prefix))
		return false;
	*text += strlen(prefix);
	return true;
}

static void set_path(struct slip_push_name *n, enum slip_push_source_kind kind, const char *text)
{
	size_t path = strcspn(text, ":");
	n->kind = kind;
	n->path = slip_xstrndup(text, path);
	n->image = text[path] ? slip_xstrdup(text + path + 1) : NULL;
}

static bool is_layout(const char *text)
{
	slip_autofree char *marker = slip_path_join(text, SLIP_LAYOUT_FILE);
	struct stat st;
	return stat(marker, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_archive(const char *text)
{
	static const char *const endings[] = {".tar", ".tar.gz", ".tgz"};
	struct stat st;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(endings); i++) {
		if (slip_ends_with(text, endings[i]))
			return true;
	}
	return stat(text, &st) == 0 && S_ISREG(st.st_mode);
}

int slip_push_name_parse(const char *text, struct slip_push_name *out, struct slip_err *err)
{
	const char *rest = text;
	struct slip_push_name n = {.kind = SLIP_PUSH_REGISTRY};
	if (take_prefix(&rest, "oci:")) {
		set_path(&n, SLIP_PUSH_LAYOUT, rest);
	} else if (take_prefix(&rest, "docker-archive:")) {
		set_path(&n, SLIP_PUSH_ARCHIVE, rest);
	} else {
		if (!take_prefix(&rest, "docker://"))
			n.kind = is_layout(text)    ? SLIP_PUSH_LAYOUT
				 : is_archive(text) ? SLIP_PUSH_ARCHIVE
						    : SLIP_PUSH_REGISTRY;
		n.path = slip_xstrdup(rest);
	}
	if (!*n.path || (n.image && !*n.image)) {
		slip_push_name_release(&n);
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"\"%s\" names no image: give oci:DIR[:NAME], docker-archive:FILE[:REF] or "
			"a reference",
			text);
	}
	if (n.kind == SLIP_PUSH_REGISTRY && strchr("./~", *n.path)) {
		slip_push_name_release(&n);
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"%s: neither a directory with a file oci-layout nor an archive", text);
	}
	*out = n;
	return 0;
}

void slip_push_name_release(struct slip_push_name *n)
{
	free(n->path);
	free(n->image);
	*n = (struct slip_push_name){0};
}

/* --- opening ------------------------------------------------------------------------------------
 */

static int open_image(struct slip_push_source *s, const char *name, struct slip_err *err)
{
	struct slip_manifest_bytes m = {0};
	struct slip_digest stored;
	if (slip_ref_parse(name, SLIP_REF_TAG_DEFAULT, &s->ref, err) < 0 ||
		slip_registry_get_manifest(s->registry, &s->ref, &m, err) < 0)
		return -1;
	slip_descriptor_set(&s->root, m.media_type, &m.digest, m.len);
	s->where = slip_ref_print_repo(&s->ref);
	s->host = slip_steal_ptr(&m.host);
	int rc = slip_store_put_blob(s->store, m.bytes, m.len, &stored, err);
	slip_manifest_bytes_release(&m);
	return rc;
}

static int open_any(
	struct slip_push_source *s, const struct slip_push_name *name, struct slip_err *err)
{
	switch (name->kind) {
	case SLIP_PUSH_LAYOUT:
		if (slip_layout_open(name->path, false, &s->layout, err) < 0)
			return -1;
		slip_descriptor_release(&s->root);
		return slip_layout_find(s->layout, name->image, &s->root, err);
	case SLIP_PUSH_ARCHIVE:
		return slip_push_archive_load(name->path, name->image, s->store, &s->root, err);
	case SLIP_PUSH_REGISTRY:
	default:
		return open_image(s, name->path, err);
	}
}

int slip_push_source_open(struct slip_push_source *s, const struct slip_push_name *name,
	struct slip_store *store, struct slip_registry *registry, struct slip_err *err)
{
	*s = (struct slip_push_source){.store = store, .registry = registry};
	slip_descriptor_init(&s->root);
	if (open_any(s, name, err) < 0) {
		slip_push_source_release(s);
		return slip_err_wrap(err, "%s", name->path);
	}
	return 0;
}

void slip_push_source_release(struct slip_push_source *s)
{
	slip_descriptor_release(&s->root);
	slip_layout_close(s->layout);
	slip_ref_release(&s->ref);
	free(s->where);
	free(s->host);
	*s = (struct slip_push_source){0};
}

/* --- documents ----------------------------------------------------------------------------------
 */

static int read_layout(struct slip_push_source *s, const struct slip_descriptor *desc,
	struct slip_buf *out, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	struct slip_digest actual;
	if (slip_layout_open_blob(s->layout, &desc->digest, &fd, NULL, err) < 0 ||
		slip_read_rest(fd, "the manifest", out, err) < 0)
		return -1;
	slip_digest_of(out->data, out->len, &actual);
	if (!slip_digest_equal(&actual, &desc->digest))
		return slip_err_set(err, SLIP_E_DIGEST, 0, "blob %s has the bytes of %s",
			desc->digest.s, actual.s);
	return 0;
}

static int read_registry(struct slip_push_source *s, const struct slip_descriptor *desc,
	struct slip_buf *out, struct slip_err *err)
{
	struct slip_manifest_bytes m = {0};
	struct slip_digest stored;
	slip_autoref ref = {0};
	slip_ref_copy(&ref, &s->ref);
	slip_ref_set_digest(&ref, &desc->digest);
	if (slip_registry_get_manifest(s->registry, &ref, &m, err) < 0)
		return -1;
	int rc = slip_store_put_blob(s->store, m.bytes, m.len, &stored, err);
	slip_buf_add(out, m.bytes, m.len);
	slip_manifest_bytes_release(&m);
	return rc < 0 ? -1 : slip_buf_check(out, "the manifest", err);
}

int slip_push_source_read(struct slip_push_source *s, const struct slip_descriptor *desc,
	struct slip_buf *out, struct slip_err *err)
{
	if (s->layout)
		return read_layout(s, desc, out, err);
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_store_read_blob(s->store, &desc->digest, out, &why) == 0)
		return 0;
	if (!s->where || !slip_err_is(&why, SLIP_E_NOTFOUND))
		return slip_err_copy(err, &why);
	return read_registry(s, desc, out, err);
}

/* --- blobs --------------------------------------------------------------------------------------
 */

static int to_spool(void *ctx, const void *p, size_t n, struct slip_err *err)
{
	const struct slip_spool *spool = ctx;
	return slip_write_all(spool->fd, p, n, err);
}

static int fetch(
	struct slip_push_source *s, const struct slip_descriptor *desc, struct slip_err *err)
{
	struct slip_spool spool;
	if (slip_spool_open(s->store, &spool, err) < 0)
		return -1;
	int rc = slip_registry_get_blob(s->registry, &s->ref, desc, to_spool, &spool, err);
	if (rc == 0)
		rc = slip_spool_commit(&spool, &desc->digest, desc->size, err);
	slip_spool_abort(&spool);
	return rc;
}

int slip_push_source_blob(
	void *source, const struct slip_descriptor *desc, int *fd, struct slip_err *err)
{
	struct slip_push_source *s = source;
	slip_autoclose int opened = -1;
	uint64_t size;
	if (s->layout) {
		if (slip_layout_open_blob(s->layout, &desc->digest, &opened, &size, err) < 0)
			return -1;
	} else {
		if (s->where && !slip_store_has_blob(s->store, &desc->digest) &&
			fetch(s, desc, err) < 0)
			return slip_err_wrap(err, "%s", s->where);
		if (slip_store_open_blob(s->store, &desc->digest, &opened, &size, err) < 0)
			return -1;
	}
	if (size != desc->size)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"blob %s has %llu bytes, its manifest says %llu", desc->digest.s,
			(unsigned long long)size, (unsigned long long)desc->size);
	*fd = slip_steal_fd(&opened);
	return 0;
}
