#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/spec/spec_internal.h"

#include <ctype.h>

static void decode_field(struct slip_decoder *d, const struct slip_field *field,
	const struct slip_yaml_node *key, const struct slip_yaml_node *node, void *base);

/* --- words ------------------------------------------------------------------------------------ */

#define NAME_MAX_LEN 63

static bool is_word(const char *s, const char *extra)
{
	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) && !strchr(extra, *s))
			return false;
	}
	return true;
}

static bool is_env_name(const char *s)
{
	return (isalpha((unsigned char)s[0]) || s[0] == '_') && is_word(s, "_");
}

static int check_env_name(const char *s, struct slip_err *err)
{
	if (!is_env_name(s))
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"\"%.64s\" is no name of an environment variable (letters, digits and _)",
			s);
	if (slip_starts_with(s, "LD_") || slip_starts_with(s, "SLIPWAY_"))
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"the environment variable %.64s cannot be set here: LD_* and SLIPWAY_* are "
			"reserved",
			s);
	return 0;
}

static int check_name(const char *s, bool may_start_with_digit, struct slip_err *err)
{
	bool starts_well = isalpha((unsigned char)s[0]) || s[0] == '_' || may_start_with_digit;
	if (s[0] && starts_well && is_word(s, "_-") && strlen(s) <= NAME_MAX_LEN)
		return 0;
	return slip_err_set(err, SLIP_E_SPEC, 0,
		"\"%.64s\" is no valid name: 1 to 63 letters, digits, _ and -%s", s,
		may_start_with_digit ? "" : ", not starting with a digit or -");
}

static int check_retry_on(const char *s, struct slip_err *err)
{
	if (slip_streq(s, "infra") || slip_streq(s, "timeout"))
		return 0;
	int64_t status = 0;
	if (slip_starts_with(s, "exit:") && isdigit((unsigned char)s[5]) &&
		slip_yaml_int(s + 5, &status, NULL) == 0 && status >= 1 && status <= 255)
		return 0;
	return slip_err_set(err, SLIP_E_SPEC, 0,
		"\"%.64s\" is no reason to retry; use infra, timeout or exit:<1-255>", s);
}

/* Lexical only: what links lead to is for those who open the file. */
static int check_relative_path(const char *s, struct slip_err *err)
{
	bool is_bad = s[0] == '\0' || s[0] == '/' || strstr(s, "://") || strlen(s) > SLIP_MAX_PATH;
	for (const char *p = s; p && *p && !is_bad;) {
		size_t len = strcspn(p, "/");
		is_bad = len == 2 && p[0] == '.' && p[1] == '.';
		p += len;
		p += *p == '/';
	}
	if (!is_bad)
		return 0;
	return slip_err_set(err, SLIP_E_SPEC, 0,
		"\"%.64s\" must be a path below the directory of the spec, without \"..\"", s);
}

static int check_word(enum slip_field_check check, const char *s, struct slip_err *err)
{
	switch (check) {
	case CHECK_NONE:
		return 0;
	case CHECK_STAGE_NAME:
		return check_name(s, true, err);
	case CHECK_NAME:
		return check_name(s, false, err);
	case CHECK_ENV_NAME:
		return check_env_name(s, err);
	case CHECK_RETRY_ON:
		return check_retry_on(s, err);
	case CHECK_RELATIVE_PATH:
		return check_relative_path(s, err);
	}
	return 0;
}

static int parse_bool(const char *text, int64_t *num, struct slip_err *err)
{
	if (slip_yaml_resolve(text) == SLIP_YAML_BOOL) {
		*num = tolower((unsigned char)text[0]) == 't';
		return 0;
	}
	return slip_err_set(err, SLIP_E_SPEC, 0, "\"%.64s\" is neither true nor false", text);
}

static int check_bounds(
	const struct slip_field *field, const char *text, int64_t num, struct slip_err *err)
{
	if (field->max == 0 || (num >= field->min && num <= field->max))
		return 0;
	if (field->type == FIELD_DURATION)
		return slip_err_set(err, SLIP_E_SPEC, 0, "%.64s is not between %llds and %llds",
			text, (long long)(field->min / 1000000000),
			(long long)(field->max / 1000000000));
	return slip_err_set(err, SLIP_E_SPEC, 0, "%.64s is not between %lld and %lld", text,
		(long long)field->min, (long long)field->max);
}

static int parse_choice(
	const struct slip_field *field, const char *text, int64_t *num, struct slip_err *err)
{
	size_t n = 0;
	for (; field->choices[n]; n++) {
		if (slip_streq(field->choices[n], text)) {
			*num = (int64_t)n;
			return 0;
		}
	}
	slip_autobuf words;
	slip_buf_init(&words, SLIP_KIB);
	for (size_t i = 0; i < n; i++) {
		const char *sep = i == 0 ? "" : i + 1 == n ? " or " : ", ";
		slip_buf_addf(&words, "%s%s", sep, field->choices[i]);
	}
	return slip_err_set(err, SLIP_E_SPEC, 0, "\"%.64s\" is not one of %s", text, words.data);
}

int slip_field_parse(const struct slip_field *field, enum slip_field_type type, const char *text,
	int64_t *num, struct slip_err *err)
{
	*num = 0;
	switch (type) {
	case FIELD_BOOL:
		return parse_bool(text, num, err);
	case FIELD_INT:
		if (slip_yaml_int(text, num, err) < 0)
			return -1;
		return check_bounds(field, text, *num, err);
	case FIELD_DURATION:
		if (slip_clock_parse_duration(text, num, NULL) < 0)
			return slip_err_set(err, SLIP_E_SPEC, 0,
				"\"%.64s\" is no duration; write for example 90s, 30m or 2h", text);
		return check_bounds(field, text, *num, err);
	case FIELD_CHOICE:
		return parse_choice(field, text, num, err);
	case FIELD_TEXT:
	case FIELD_CONDITION:
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_OBJECT:
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		break;
	}
	if (text[0] == '\0' && (field->flags & FIELD_NONEMPTY))
		return slip_err_set(err, SLIP_E_SPEC, 0, "\"%s\" is empty", field->key);
	return check_word(field->check, text, err);
}

/* --- scalars ---------------------------------------------------------------------------------- */

static const char *wanted(enum slip_field_type type)
{
	switch (type) {
	case FIELD_BOOL:
		return "true or false";
	case FIELD_INT:
		return "a number";
	case FIELD_DURATION:
		return "a duration";
	case FIELD_CONDITION:
		return "an expression";
	case FIELD_LIST:
	case FIELD_OBJECTS:
		return "a list";
	case FIELD_MAP:
	case FIELD_OBJECT:
	case FIELD_NAMED:
		return "a map";
	case FIELD_TEXT:
	case FIELD_CHOICE:
		break;
	}
	return "a string";
}

static void mismatch(struct slip_decoder *d, const struct slip_field *field,
	enum slip_field_type type, const struct slip_yaml_node *node)
{
	const char *key = field->key ? field->key : "this key";
	if (node->kind == SLIP_YAML_SCALAR && node->type == SLIP_YAML_NULL) {
		slip_diags_add(
			d->diags, node->pos, "\"%s\" has no value; it takes %s", key, wanted(type));
		return;
	}
	slip_diags_add(d->diags, node->pos, "\"%s\" takes %s, not %s", key, wanted(type),
		slip_yaml_describe(node));
	/* The classic: `run: echo "a: b"` and `key: {{ x }}` are maps for YAML. */
	if (node->kind == SLIP_YAML_LIST && type == FIELD_TEXT)
		slip_diags_hint(d->diags, "several lines are one text when they follow a |");
	if (node->kind == SLIP_YAML_MAP && type == FIELD_TEXT)
		slip_diags_hint(d->diags, "quote a text that holds \": \" or starts with {");
}

static void set_value(struct slip_value *v, const struct slip_yaml_node *node)
{
	v->text = slip_xstrdup(node->text);
	v->pos = node->pos;
	v->type = node->type;
	v->style = node->style;
}

static void decode_value(struct slip_decoder *d, const struct slip_field *field,
	enum slip_field_type type, const struct slip_yaml_node *node, struct slip_value *v)
{
	if (node->kind != SLIP_YAML_SCALAR || node->type == SLIP_YAML_NULL) {
		mismatch(d, field, type, node);
		return;
	}
	set_value(v, node);
	if (type == FIELD_CONDITION)
		return;
	v->is_expr = slip_expr_is_template(v->text);
	if (v->is_expr && (field->flags & FIELD_LITERAL)) {
		slip_diags_add(
			d->diags, node->pos, "\"%s\" takes no ${{ }} expression", field->key);
		return;
	}
	struct slip_err err = SLIP_ERR_INIT;
	if (v->is_expr || slip_field_parse(field, type, v->text, &v->num, &err) == 0)
		return;
	slip_diags_add(d->diags, node->pos, "%s", err.msg);
	if (type == FIELD_CHOICE) {
		size_t n = 0;
		while (field->choices[n])
			n++;
		slip_diags_suggest(d->diags, v->text, field->choices, n);
	}
	if (type == FIELD_BOOL && is_env_name(v->text))
		slip_diags_hint(d->diags,
			"YAML 1.2 has only true and false: yes, no, on and off are strings");
	if (type == FIELD_DURATION && slip_yaml_resolve(v->text) == SLIP_YAML_INT &&
		!slip_streq(v->text, "0"))
		slip_diags_hint(d->diags, "add a unit: %ss", v->text);
}

/* --- lists and maps --------------------------------------------------------------------------- */

static bool is_null(const struct slip_yaml_node *node)
{
	return node->kind == SLIP_YAML_SCALAR && node->type == SLIP_YAML_NULL;
}

/* A key that becomes a name in a struct. */
static void decode_name(struct slip_decoder *d, const struct slip_field *field,
	const struct slip_yaml_node *key, struct slip_value *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	set_value(name, key);
	if (slip_expr_is_template(key->text))
		slip_diags_add(d->diags, key->pos, "a key takes no ${{ }} expression");
	else if (check_word(field->check, key->text, &err) < 0)
		slip_diags_add(d->diags, key->pos, "%s", err.msg);
}

static void decode_list(struct slip_decoder *d, const struct slip_field *field,
	const struct slip_yaml_node *node, void *member)
{
	struct slip_raw_array a = slip_raw_load(member);
	bool is_list = node->kind == SLIP_YAML_LIST;
	if (node->kind == SLIP_YAML_MAP || is_null(node)) {
		mismatch(d, field, FIELD_LIST, node);
		return;
	}
	if (is_list && node->n == 0 && (field->flags & FIELD_NONEMPTY))
		slip_diags_add(d->diags, node->pos, "the list \"%s\" is empty", field->key);
	for (size_t i = 0; i < (is_list ? node->n : 1); i++) {
		struct slip_value v = {0};
		decode_value(d, field, field->item, is_list ? node->items[i] : node, &v);
		if (slip_value_is_set(&v))
			*(struct slip_value *)slip_raw_add(&a, sizeof(v)) = v;
	}
	slip_raw_store(member, a);
}

/* `build-args: [VERSION]`: keys whose values come from elsewhere. */
static void decode_keys(struct slip_decoder *d, const struct slip_field *field,
	const struct slip_yaml_node *node, void *member)
{
	struct slip_raw_array a = slip_raw_load(member);
	for (size_t i = 0; i < node->n; i++) {
		const struct slip_yaml_node *item = node->items[i];
		if (item->kind != SLIP_YAML_SCALAR || is_null(item)) {
			mismatch(d, field, FIELD_TEXT, item);
			continue;
		}
		struct slip_value_entry *e = slip_raw_add(&a, sizeof(*e));
		decode_name(d, field, item, &e->name);
	}
	slip_raw_store(member, a);
}

static void decode_map(struct slip_decoder *d, const struct slip_field *field,
	const struct slip_yaml_node *node, void *member)
{
	bool takes_keys = (field->flags & FIELD_KEYS) != 0;
	if (node->kind == SLIP_YAML_LIST && takes_keys) {
		decode_keys(d, field, node, member);
		return;
	}
	if (node->kind != SLIP_YAML_MAP) {
		mismatch(d, field, FIELD_MAP, node);
		return;
	}
	struct slip_raw_array a = slip_raw_load(member);
	for (size_t i = 0; i < node->n; i++) {
		struct slip_value_entry *e = slip_raw_add(&a, sizeof(*e));
		struct slip_field item = *field;
		item.key = node->keys[i]->text;
		item.check = CHECK_NONE;
		decode_name(d, field, node->keys[i], &e->name);
		if (!takes_keys || !is_null(node->items[i]))
			decode_value(d, &item, FIELD_TEXT, node->items[i], &e->value);
	}
	slip_raw_store(member, a);
}

static void decode_objects(struct slip_decoder *d, const struct slip_field *field,
	const struct slip_yaml_node *node, void *member)
{
	const struct slip_object *obj = field->object;
	struct slip_raw_array a = slip_raw_load(member);
	bool is_list = node->kind == SLIP_YAML_LIST;
	if (!is_list && !obj->shorthand) {
		mismatch(d, field, FIELD_LIST, node);
		return;
	}
	if (is_list && node->n == 0 && (field->flags & FIELD_NONEMPTY))
		slip_diags_add(d->diags, node->pos, "the list \"%s\" is empty", field->key);
	for (size_t i = 0; i < (is_list ? node->n : 1); i++)
		slip_object_decode(
			d, obj, is_list ? node->items[i] : node, slip_raw_add(&a, obj->size));
	slip_raw_store(member, a);
}

static void decode_named(struct slip_decoder *d, const struct slip_field *field,
	const struct slip_yaml_node *node, void *member)
{
	if (node->kind != SLIP_YAML_MAP) {
		mismatch(d, field, FIELD_NAMED, node);
		return;
	}
	struct slip_raw_array a = slip_raw_load(member);
	for (size_t i = 0; i < node->n; i++) {
		void *element = slip_raw_add(&a, field->object->size);
		decode_name(d, field, node->keys[i], element);
		slip_object_decode(d, field->object, node->items[i], element);
	}
	slip_raw_store(member, a);
}

static bool is_given_before(const struct slip_field *field, const void *member)
{
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_CHOICE:
	case FIELD_CONDITION:
		return slip_value_is_set(member);
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_OBJECT:
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		break;
	}
	return false;
}

static void decode_field(struct slip_decoder *d, const struct slip_field *field,
	const struct slip_yaml_node *key, const struct slip_yaml_node *node, void *base)
{
	void *member = (char *)base + field->offset;
	if (key && is_given_before(field, member)) {
		slip_diags_add(d->diags, key->pos,
			"\"%s\" is another name of a key that was given already", key->text);
		return;
	}
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_CHOICE:
	case FIELD_CONDITION:
		decode_value(d, field, field->type, node, member);
		break;
	case FIELD_LIST:
		decode_list(d, field, node, member);
		break;
	case FIELD_MAP:
		decode_map(d, field, node, member);
		break;
	case FIELD_OBJECT:
		slip_object_decode(d, field->object, node, member);
		break;
	case FIELD_OBJECTS:
		decode_objects(d, field, node, member);
		break;
	case FIELD_NAMED:
		decode_named(d, field, node, member);
		break;
	}
}

/* --- objects ---------------------------------------------------------------------------------- */

const struct slip_field *slip_object_find(const struct slip_object *obj, const char *key)
{
	for (size_t i = 0; i < obj->n; i++) {
		if (slip_streq(obj->fields[i].key, key))
			return &obj->fields[i];
	}
	return NULL;
}

#define MAX_KEYS 96

static void unknown_key(
	struct slip_decoder *d, const struct slip_object *obj, const struct slip_yaml_node *key)
{
	const char *names[MAX_KEYS];
	size_t n = obj->n < MAX_KEYS ? obj->n : MAX_KEYS;
	for (size_t i = 0; i < n; i++)
		names[i] = obj->fields[i].key;
	slip_diags_add(d->diags, key->pos, "unknown key \"%s\" in %s", key->text, obj->name);
	slip_diags_suggest(d->diags, key->text, names, n);
}

static void decode_rest(struct slip_decoder *d, const struct slip_object *obj,
	const struct slip_yaml_node *key, const struct slip_yaml_node *node, void *base)
{
	/* A map of one entry, so that the rest is decoded as any other map. */
	struct slip_yaml_node *keys[] = {(struct slip_yaml_node *)key};
	struct slip_yaml_node *items[] = {(struct slip_yaml_node *)node};
	struct slip_yaml_node single = {
		.kind = SLIP_YAML_MAP, .pos = key->pos, .keys = keys, .items = items, .n = 1};
	decode_field(d, obj->rest, NULL, &single, base);
}

static void check_keys(
	struct slip_decoder *d, const struct slip_object *obj, const struct slip_yaml_node *node)
{
	for (size_t i = 0; i < obj->n; i++) {
		const struct slip_field *field = &obj->fields[i];
		if ((field->flags & FIELD_REQUIRED) && !slip_yaml_get(node, field->key))
			slip_diags_add(d->diags, node->pos, "%s needs the key \"%s\"", obj->name,
				field->key);
	}
	size_t given = 0;
	for (size_t i = 0; obj->exactly_one && obj->exactly_one[i]; i++)
		given += slip_yaml_get(node, obj->exactly_one[i]) != NULL;
	if (obj->exactly_one && given != 1) {
		slip_diags_add(d->diags, node->pos, "%s", obj->exactly_one_message);
		slip_diags_hint(d->diags, "for example %s", obj->exactly_one_example);
	}
}

void slip_object_decode(struct slip_decoder *d, const struct slip_object *obj,
	const struct slip_yaml_node *node, void *base)
{
	static const struct slip_yaml_node empty = {.kind = SLIP_YAML_MAP};
	struct slip_yaml_node nothing = empty;
	if (is_null(node)) {
		nothing.pos = node->pos;
		node = &nothing;
	}
	if (node->kind != SLIP_YAML_MAP && obj->shorthand) {
		const struct slip_field *short_for = slip_object_find(obj, obj->shorthand);
		if (!short_for)
			slip_bug("%s has no key %s", obj->name, obj->shorthand);
		struct slip_field field = *short_for;
		field.key = obj->name;
		decode_field(d, &field, NULL, node, base);
		return;
	}
	if (node->kind != SLIP_YAML_MAP) {
		slip_diags_add(d->diags, node->pos, "%s must be a map, not %s", obj->name,
			slip_yaml_describe(node));
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const struct slip_yaml_node *key = node->keys[i];
		const struct slip_field *field = slip_object_find(obj, key->text);
		if (field)
			decode_field(d, field, key, node->items[i], base);
		else if (obj->rest)
			decode_rest(d, obj, key, node->items[i], base);
		else
			unknown_key(d, obj, key);
	}
	check_keys(d, obj, node);
	if (obj->finish)
		obj->finish(d, node, base);
}
