/*
 * YAML text to a tree with positions. Only user of libyaml (its event interface).
 *
 * YAML 1.2, core schema (yaml.org/spec/1.2.2, 10.3): `no`, `1_000`, `0777` and `1:30` are what that
 * schema says, never what YAML 1.1 said. Every scalar keeps its text. Refused with a finding:
 * duplicate, empty and complex keys, merge keys, tags, undefined aliases, a second document,
 * UTF-16, NUL characters; and everything beyond SLIP_MAX_SPEC (bytes), SLIP_MAX_SPEC_DEPTH and
 * SLIP_MAX_SPEC_NODES (counted as if every alias were written out).
 *
 * A stream is the same with any number of documents and larger maxima: Kubernetes manifests, which
 * are read, edited at the places that scalars have in the text, and passed on.
 *
 * The document owns its nodes. An alias shares the node of its anchor, so the tree is really an
 * acyclic graph; nodes are read-only.
 */
#ifndef SLIP_SPEC_YAML_H
#define SLIP_SPEC_YAML_H

#include "runner/spec/diag.h"

enum slip_yaml_kind {
	SLIP_YAML_SCALAR,
	SLIP_YAML_LIST,
	SLIP_YAML_MAP,
};

/* The core schema's type of a scalar; anything quoted or in block style is a string. */
enum slip_yaml_type {
	SLIP_YAML_STRING,
	SLIP_YAML_NULL,
	SLIP_YAML_BOOL,
	SLIP_YAML_INT,
	SLIP_YAML_FLOAT,
};

enum slip_yaml_style {
	SLIP_YAML_PLAIN,
	SLIP_YAML_SINGLE,
	SLIP_YAML_DOUBLE,
	SLIP_YAML_BLOCK, /* | or > */
};

struct slip_yaml_node {
	enum slip_yaml_kind kind;
	enum slip_yaml_type type;
	enum slip_yaml_style style;
	struct slip_pos pos;
	char *text; /* scalar: without NUL inside */
	/* Scalar: its bytes in the document's source, quotes included, anchor and tag not. */
	size_t start;
	size_t end;
	struct slip_yaml_node **keys; /* map: scalars, unique */
	struct slip_yaml_node **items; /* list: elements; map: the values of keys */
	size_t n;
	size_t cap;
	size_t weight; /* nodes below and including this one, aliases written out */
};

struct slip_yaml {
	struct slip_yaml_node
		*root; /* NULL for a text without content; a stream's first document */
	struct slip_yaml_node **roots; /* of a stream: one for each document */
	size_t n_roots;
	size_t cap_roots;
	struct slip_yaml_node **nodes;
	size_t n;
	size_t cap;
	char *source; /* without a byte order mark */
	size_t source_len;
};

/* `file` names the text in findings and must outlive the document and whatever takes positions. */
int slip_yaml_parse(const char *text, size_t len, const char *file, struct slip_yaml *out,
	struct slip_diags *diags, struct slip_err *err) SLIP_MUST_CHECK;
/* The documents of a stream, at most SLIP_MAX_MANIFESTS bytes and SLIP_MAX_MANIFEST_NODES. */
int slip_yaml_parse_stream(const char *text, size_t len, const char *file, struct slip_yaml *out,
	struct slip_diags *diags, struct slip_err *err) SLIP_MUST_CHECK;
void slip_yaml_release(struct slip_yaml *y);
#define slip_autoyaml slip_cleanup(slip_yaml_release) struct slip_yaml

/* Value of a key, or NULL. */
struct slip_yaml_node *slip_yaml_get(const struct slip_yaml_node *map, const char *key);
/* Where in the file byte `offset` of the scalar's text was written, escapes and folding undone. */
struct slip_pos slip_yaml_locate(
	const struct slip_yaml *y, const struct slip_yaml_node *scalar, size_t offset);
/* The core schema's type of plain text. */
enum slip_yaml_type slip_yaml_resolve(const char *text);
/* The value of a core schema integer (decimal, 0o, 0x). */
int slip_yaml_int(const char *text, int64_t *out, struct slip_err *err) SLIP_MUST_CHECK;
/* "a string", "a list", "null", ...: for messages. */
const char *slip_yaml_describe(const struct slip_yaml_node *node);

#endif
