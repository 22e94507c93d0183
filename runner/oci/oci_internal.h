/*
 * Reading JSON documents of others field by field, and text of others in error messages.
 *
 * Every reader takes the object, the key and `what`, the name of the object in errors. A field that
 * is absent or null leaves *out untouched and is no error; one of another type is SLIP_E_REGISTRY.
 */
#ifndef SLIP_OCI_INTERNAL_H
#define SLIP_OCI_INTERNAL_H

#include "runner/base/json.h"
#include "runner/base/map.h"
#include "runner/oci/manifest.h"

/* Text of others made printable for a message, cut when long: slip_oci_quote(name).s */
struct slip_oci_quoted {
	char s[256];
};
struct slip_oci_quoted slip_oci_quote(const char *s);

/* A whole document: an object of at most max bytes. */
int slip_oci_read_document(const char *text, size_t len, const char *what, size_t max,
	struct slip_json **out, struct slip_err *err) SLIP_MUST_CHECK;
/* A document that is a manifest or an index, and is one of them without doubt. */
struct slip_oci_manifest {
	struct slip_json *doc; /* the caller's */
	enum slip_manifest_kind kind;
	enum slip_media_family family;
};
int slip_oci_read_manifest(const char *text, size_t len, const char *content_type,
	struct slip_oci_manifest *out, struct slip_err *err) SLIP_MUST_CHECK;
/* The field itself, borrowed; *out is NULL when it is absent or null. */
int slip_oci_read(const struct slip_json *obj, const char *key, const char *what,
	enum slip_json_kind kind, struct slip_json **out, struct slip_err *err) SLIP_MUST_CHECK;
/* A string, replacing *out; "" counts as absent. */
int slip_oci_read_str(const struct slip_json *obj, const char *key, const char *what, char **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* An integer of 0 or more; 1e3 and 1.0 are none. */
int slip_oci_read_size(const struct slip_json *obj, const char *key, const char *what, int64_t *out,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_oci_read_bool(const struct slip_json *obj, const char *key, const char *what, bool *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* At most max strings, appended to out. */
int slip_oci_read_strings(const struct slip_json *obj, const char *key, const char *what,
	size_t max, struct slip_strv *out, struct slip_err *err) SLIP_MUST_CHECK;
/* An object whose keys are a set ({"80/tcp":{}}), appended to out. */
int slip_oci_read_set(const struct slip_json *obj, const char *key, const char *what, size_t max,
	struct slip_strv *out, struct slip_err *err) SLIP_MUST_CHECK;
/* An object of strings, put into out (an initialised string map). */
int slip_oci_read_map(const struct slip_json *obj, const char *key, const char *what, size_t max,
	struct slip_map *out, struct slip_err *err) SLIP_MUST_CHECK;
/* The platform fields of an index entry's "platform" or of an image configuration. */
int slip_oci_read_platform(const struct slip_json *obj, const char *what, struct slip_platform *out,
	struct slip_err *err) SLIP_MUST_CHECK;

/* An object with the map's entries sorted by key. */
struct slip_json *slip_oci_map_to_json(const struct slip_map *m);
/* The same of a set: {"80/tcp":{}}. */
struct slip_json *slip_oci_set_to_json(const struct slip_strv *set);
/* Compact text of a document, which is released; its digest unless digest is NULL. */
char *slip_oci_print(struct slip_json *doc, struct slip_digest *digest);

#endif
