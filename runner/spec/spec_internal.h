/*
 * The tables that describe the spec; for runner/spec/spec_*.c only.
 *
 * One slip_field per key says what the key is called, takes and means and which member holds it.
 * Everything that has to know all keys walks these tables: decoding, hints, merging, resolving,
 * releasing and the JSON Schema.
 */
#ifndef SLIP_SPEC_SPEC_INTERNAL_H
#define SLIP_SPEC_SPEC_INTERNAL_H

#include "runner/spec/spec.h"

enum slip_field_type {
	/* One scalar, in a struct slip_value. */
	FIELD_TEXT,
	FIELD_BOOL,
	FIELD_INT,
	FIELD_DURATION,
	FIELD_CHOICE,
	FIELD_CONDITION,
	/* Several. */
	FIELD_LIST, /* struct slip_values; a single scalar is a list of one */
	FIELD_MAP, /* struct slip_value_map */
	FIELD_OBJECT, /* the object's struct itself */
	FIELD_OBJECTS, /* array of structs; a single one is a list of one */
	FIELD_NAMED, /* map of names to objects: array of structs that start with the name */
};

enum {
	FIELD_REQUIRED = 1,
	FIELD_LITERAL = 2, /* takes no expression */
	FIELD_LATE = 4, /* left alone by slip_pipeline_stage_resolve */
	FIELD_KEYS = 8, /* FIELD_MAP: a list of keys without values is fine, as is a null value */
	FIELD_KIND = 16, /* a stage has exactly one of these */
	FIELD_RESULT = 32, /* evaluated after the stage: may use the context `result` */
	FIELD_NONEMPTY = 64, /* FIELD_LIST, FIELD_OBJECTS, FIELD_TEXT */
};

/* What a word (a scalar, each item of a list, each key of a map) must look like. */
enum slip_field_check {
	CHECK_NONE,
	CHECK_STAGE_NAME,
	CHECK_NAME,
	CHECK_ENV_NAME,
	CHECK_RETRY_ON,
	CHECK_RELATIVE_PATH,
};

struct slip_object;

struct slip_field {
	const char *key;
	const char *help;
	size_t offset;
	enum slip_field_type type;
	unsigned flags;
	enum slip_field_type item; /* FIELD_LIST: of its items; FIELD_TEXT is 0 */
	enum slip_field_check check;
	int64_t min; /* FIELD_INT, FIELD_DURATION: bounds, where max is not 0 */
	int64_t max;
	const char *const *choices; /* FIELD_CHOICE: words in the order of their enum, NULL */
	const struct slip_object *object;
};

struct slip_decoder;

struct slip_object {
	const char *name; /* in messages and in the schema's definitions */
	size_t size;
	const struct slip_field *fields;
	size_t n;
	const char *shorthand; /* the key that a scalar or list stands for, or NULL */
	const struct slip_field *rest; /* where keys that are not in the table go, or NULL */
	/* Keys of which a map has exactly one, and what to say when it has not; or NULL. */
	const char *const *exactly_one;
	const char *exactly_one_message;
	const char *exactly_one_example;
	/* Called when all keys are read, for what the table cannot say. */
	void (*finish)(struct slip_decoder *d, const struct slip_yaml_node *node, void *base);
};

extern const struct slip_object slip_object_pipeline;
extern const struct slip_object slip_object_stage;

/* --- spec_decode.c ---------------------------------------------------------------------------- */

struct slip_decoder {
	struct slip_diags *diags;
};

void slip_object_decode(struct slip_decoder *d, const struct slip_object *obj,
	const struct slip_yaml_node *node, void *base);
const struct slip_field *slip_object_find(const struct slip_object *obj, const char *key);
/* The meaning of a text for a field of this type (see slip_value.num), or what is wrong with it. */
int slip_field_parse(const struct slip_field *field, enum slip_field_type type, const char *text,
	int64_t *num, struct slip_err *err) SLIP_MUST_CHECK;

/* --- spec_object.c: generic work on decoded structs ------------------------------------------- */

/* Any of the arrays of spec.h, whose layout is the same. */
struct slip_raw_array {
	void *v;
	size_t n;
};
struct slip_raw_array slip_raw_load(const void *member);
void slip_raw_store(void *member, struct slip_raw_array a);
/* Room for one more zeroed element, which is returned. */
void *slip_raw_add(struct slip_raw_array *a, size_t size);
size_t slip_field_element_size(const struct slip_field *field);

/* Another name of a member that a key before it in the table has (custom-platform). */
bool slip_field_is_alias(const struct slip_object *obj, size_t i);

void slip_value_release(struct slip_value *v);
void slip_object_release(const struct slip_object *obj, void *base);
/* Everything of `from` that `into` lacks moves over; array elements come before those of into. */
void slip_object_merge(const struct slip_object *obj, void *into, void *from);

/* Call fn for every scalar that is set, keys of maps excepted. */
typedef void slip_value_fn(void *arg, const struct slip_field *field, struct slip_value *v);
void slip_object_each(const struct slip_object *obj, void *base, slip_value_fn *fn, void *arg);

/* --- spec_resolve.c --------------------------------------------------------------------------- */

int slip_object_resolve(const struct slip_object *obj, const void *src, void *dst,
	const struct slip_expr_context *ctx, struct slip_err *err) SLIP_MUST_CHECK;

/* --- spec_check.c, spec_refs.c ---------------------------------------------------------------- */

struct slip_checker {
	struct slip_pipeline *pipeline;
	struct slip_diags *diags;
	const struct slip_yaml *docs; /* one per pipeline->files */
	bool is_incomplete; /* decoding found errors: what is absent may have been meant */
};

/* Names, needs and shapes; fills in the implied needs and the indexes of all. */
void slip_spec_check(struct slip_checker *c);
/* Syntax of every expression, and the names that they use. */
void slip_spec_check_refs(struct slip_checker *c);
/* Does the stage at `from` run after the one at `to`, by its needs? */
bool slip_stage_is_after(const struct slip_pipeline *p, size_t from, size_t to);

#endif
