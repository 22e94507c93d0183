/*
 * The JSON Schema of the spec (draft 2020-12), from the tables. Each object becomes one definition.
 *
 * `description` is what an editor shows of a key; what it says of a wrong value is in
 * `errorMessage` and, for text, `patternErrorMessage`, words of the language servers for JSON and
 * YAML.
 */
#include "config.h"

#include "runner/spec/spec_internal.h"

#define TEMPLATE_PATTERN "\\$\\{\\{"
#define DURATION_PATTERN "^\\+?([0-9]+(\\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$"
#define BOOL_PATTERN "^(true|True|TRUE|false|False|FALSE)$"
#define INT_PATTERN "^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"

struct schema {
	struct slip_json *definitions;
};

static struct slip_json *field_schema(struct schema *s, const struct slip_field *field);

static struct slip_json *typed(const char *type)
{
	struct slip_json *v = slip_json_object();
	slip_json_set_str(v, "type", type);
	return v;
}

static struct slip_json *any_of(struct slip_json *a, struct slip_json *b)
{
	struct slip_json *v = slip_json_object();
	struct slip_json *list = slip_json_array();
	slip_json_append(list, a);
	slip_json_append(list, b);
	slip_json_set(v, "anyOf", list);
	return v;
}

/* A string that matches; `message` (may be NULL) is for the editor. */
static struct slip_json *string_like(const char *pattern, const char *message)
{
	struct slip_json *v = typed("string");
	slip_json_set_str(v, "pattern", pattern);
	slip_json_set_str(v, "patternErrorMessage", message);
	slip_json_set_str(v, "errorMessage", message);
	return v;
}

/* The same, or an expression where the field takes one. */
static struct slip_json *word_like(
	const struct slip_field *field, const char *pattern, const char *message)
{
	if (field->flags & FIELD_LITERAL)
		return string_like(pattern, message);
	slip_autofree char *both = slip_xasprintf("%s|%s", pattern, TEMPLATE_PATTERN);
	return string_like(both, message);
}

/* YAML scalars that the decoder reads as text. */
static struct slip_json *text_schema(void)
{
	struct slip_strv types = {0};
	slip_strv_add(&types, "string");
	slip_strv_add(&types, "number");
	slip_strv_add(&types, "boolean");
	struct slip_json *v = slip_json_object();
	slip_json_set(v, "type", slip_json_strings(&types));
	slip_strv_release(&types);
	return v;
}

struct word {
	const char *pattern;
	const char *message;
};

/* The same as check_word in spec_decode.c, as far as a pattern can say it. */
static struct word word_of(enum slip_field_check check)
{
	switch (check) {
	case CHECK_STAGE_NAME:
		return (struct word){"^[A-Za-z0-9_-]{1,63}$", "1 to 63 letters, digits, _ and -"};
	case CHECK_NAME:
		return (struct word){"^[A-Za-z_][A-Za-z0-9_-]{0,62}$",
			"1 to 63 letters, digits, _ and -, not starting with a digit or -"};
	case CHECK_ENV_NAME:
		return (struct word){"^(?!LD_|SLIPWAY_)[A-Za-z_][A-Za-z0-9_]*$",
			"a name of letters, digits and _; LD_* and SLIPWAY_* are reserved"};
	case CHECK_RETRY_ON:
		return (struct word){
			"^(infra|timeout|exit:([1-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5]))$",
			"use infra, timeout or exit:<1-255>"};
	case CHECK_RELATIVE_PATH:
		return (struct word){"^(?!/)(?!(.*/)?\\.\\.(/|$))(?!.*://).+$",
			"a path below the directory of the spec, without \"..\""};
	case CHECK_NONE:
		break;
	}
	return (struct word){NULL, NULL};
}

/* Text of a field: with its pattern, which an expression need not match. */
static struct slip_json *text_field(const struct slip_field *field)
{
	struct slip_json *v = text_schema();
	struct word word = word_of(field->type == FIELD_MAP ? CHECK_NONE : field->check);
	if (field->flags & FIELD_NONEMPTY)
		slip_json_set_int(v, "minLength", 1);
	if (field->flags & FIELD_LITERAL && !word.pattern) {
		struct slip_json *not_template = string_like(TEMPLATE_PATTERN, NULL);
		slip_json_set(v, "not", not_template);
	}
	if (!word.pattern)
		return v;
	slip_autofree char *both = slip_xasprintf("%s|%s", word.pattern, TEMPLATE_PATTERN);
	slip_json_set_str(v, "pattern", field->flags & FIELD_LITERAL ? word.pattern : both);
	slip_json_set_str(v, "patternErrorMessage", word.message);
	return v;
}

static struct slip_json *int_field(const struct slip_field *field)
{
	struct slip_json *v = typed("integer");
	if (field->max != 0) {
		slip_json_set_int(v, "minimum", field->min);
		slip_json_set_int(v, "maximum", field->max);
	}
	return any_of(v, word_like(field, INT_PATTERN, "a whole number"));
}

static struct slip_json *duration_field(const struct slip_field *field)
{
	static const char message[] = "a duration such as 90s, 30m or 2h";
	bool may_be_zero = field->max == 0 || field->min == 0;
	if (!may_be_zero)
		return word_like(field, DURATION_PATTERN, message);
	struct slip_json *zero = typed("integer");
	slip_json_set_int(zero, "const", 0);
	return any_of(word_like(field, DURATION_PATTERN "|^0$", message), zero);
}

static struct slip_json *choice_field(const struct slip_field *field)
{
	struct slip_json *v = typed("string");
	struct slip_json *words = slip_json_array();
	bool has_bool = false;
	for (size_t i = 0; field->choices[i]; i++) {
		bool is_true = slip_streq(field->choices[i], "true");
		slip_json_append(words, slip_json_str(field->choices[i]));
		if (!is_true && !slip_streq(field->choices[i], "false"))
			continue;
		slip_json_append(words, slip_json_bool(is_true));
		has_bool = true;
	}
	if (has_bool) { /* the word without quotes is no text to YAML */
		struct slip_json *types = slip_json_array();
		slip_json_append(types, slip_json_str("string"));
		slip_json_append(types, slip_json_str("boolean"));
		slip_json_set(v, "type", types);
	}
	slip_json_set(v, "enum", words);
	if (field->flags & FIELD_LITERAL)
		return v;
	return any_of(v, string_like(TEMPLATE_PATTERN, NULL));
}

static struct slip_json *scalar_schema(const struct slip_field *field, enum slip_field_type type)
{
	switch (type) {
	case FIELD_BOOL:
		return any_of(typed("boolean"), word_like(field, BOOL_PATTERN, "true or false"));
	case FIELD_INT:
		return int_field(field);
	case FIELD_DURATION:
		return duration_field(field);
	case FIELD_CHOICE:
		return choice_field(field);
	case FIELD_TEXT:
	case FIELD_CONDITION:
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_OBJECT:
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		break;
	}
	return text_field(field);
}

static struct slip_json *list_of(const struct slip_field *field, struct slip_json *item)
{
	struct slip_json *v = typed("array");
	slip_json_set(v, "items", item);
	if (field->flags & FIELD_NONEMPTY)
		slip_json_set_int(v, "minItems", 1);
	return v;
}

static struct slip_json *map_of(const struct slip_field *field, struct slip_json *value)
{
	struct slip_json *v = typed("object");
	struct word word = word_of(field->check);
	struct slip_json *names = NULL;
	slip_json_set(v, "additionalProperties", value);
	if (word.pattern) {
		names = string_like(word.pattern, word.message);
	} else {
		names = typed("string");
		slip_json_set(names, "not", string_like(TEMPLATE_PATTERN, NULL));
	}
	slip_json_set(v, "propertyNames", names);
	return v;
}

/* "a matrix axis" -> "matrix-axis" */
static char *definition_name(const struct slip_object *obj)
{
	const char *name = obj->name;
	if (slip_starts_with(name, "a ") || slip_starts_with(name, "an "))
		name = strchr(name, ' ') + 1;
	char *s = slip_xstrdup(name);
	for (char *p = s; *p; p++) {
		if (*p == ' ')
			*p = '-';
	}
	return s;
}

static bool is_one_of(const struct slip_object *obj, const struct slip_field *field)
{
	for (size_t i = 0; obj->exactly_one && obj->exactly_one[i]; i++) {
		if (slip_streq(obj->exactly_one[i], field->key))
			return true;
	}
	return (field->flags & FIELD_KIND) != 0;
}

/* Exactly one of the kinds, or of what a table says. */
static void set_one_of(const struct slip_object *obj, struct slip_json *v)
{
	struct slip_json *all = slip_json_array();
	for (size_t i = 0; i < obj->n; i++) {
		if (!is_one_of(obj, &obj->fields[i]))
			continue;
		struct slip_json *one = slip_json_object();
		struct slip_json *keys = slip_json_array();
		slip_json_append(keys, slip_json_str(obj->fields[i].key));
		slip_json_set(one, "required", keys);
		/* Strict validators want to see the key where it is required. */
		struct slip_json *known = slip_json_object();
		slip_json_set(known, obj->fields[i].key, slip_json_bool(true));
		slip_json_set(one, "properties", known);
		slip_json_append(all, one);
	}
	if (slip_json_len(all) > 0)
		slip_json_set(v, "oneOf", all);
	else
		slip_json_free(all);
}

static struct slip_json *object_schema(struct schema *s, const struct slip_object *obj)
{
	struct slip_json *v = typed("object");
	struct slip_json *properties = slip_json_object();
	struct slip_json *required = slip_json_array();
	for (size_t i = 0; i < obj->n; i++) {
		const struct slip_field *field = &obj->fields[i];
		struct slip_json *property = field_schema(s, field);
		slip_json_set_str(property, "description", field->help);
		slip_json_set(properties, field->key, property);
		if (field->flags & FIELD_REQUIRED)
			slip_json_append(required, slip_json_str(field->key));
	}
	slip_json_set(v, "properties", properties);
	if (slip_json_len(required) > 0)
		slip_json_set(v, "required", required);
	else
		slip_json_free(required);
	set_one_of(obj, v);
	if (obj->rest) {
		/* What a rest field says about its map is what holds for the keys left over. */
		slip_autojson *rest = field_schema(s, obj->rest);
		slip_json_set(v, "additionalProperties",
			slip_json_ref(slip_json_get(rest, "additionalProperties")));
	} else {
		slip_json_set(v, "additionalProperties", slip_json_bool(false));
	}
	return v;
}

/* Also what may be written instead of the map. Nothing (`build:`) is an empty map. */
static struct slip_json *definition(struct schema *s, const struct slip_object *obj)
{
	struct slip_json *v = object_schema(s, obj);
	if (!slip_json_get(v, "required") && !slip_json_get(v, "oneOf"))
		v = any_of(v, typed("null"));
	if (!obj->shorthand)
		return v;
	return any_of(v, field_schema(s, slip_object_find(obj, obj->shorthand)));
}

static struct slip_json *reference(struct schema *s, const struct slip_object *obj)
{
	slip_autofree char *name = definition_name(obj);
	if (!slip_json_get(s->definitions, name)) {
		slip_json_set(s->definitions, name, slip_json_object());
		slip_json_set(s->definitions, name, definition(s, obj));
	}
	slip_autofree char *path = slip_xasprintf("#/$defs/%s", name);
	struct slip_json *v = slip_json_object();
	slip_json_set_str(v, "$ref", path);
	return v;
}

static struct slip_json *map_schema(const struct slip_field *field)
{
	if (!(field->flags & FIELD_KEYS))
		return map_of(field, text_schema());
	struct slip_json *keys = typed("array");
	slip_json_set(keys, "items", text_schema());
	return any_of(map_of(field, any_of(text_schema(), typed("null"))), keys);
}

static struct slip_json *field_schema(struct schema *s, const struct slip_field *field)
{
	switch (field->type) {
	case FIELD_LIST:
		return any_of(list_of(field, scalar_schema(field, field->item)),
			scalar_schema(field, field->item));
	case FIELD_MAP:
		return map_schema(field);
	case FIELD_OBJECT:
		return reference(s, field->object);
	case FIELD_OBJECTS:
		if (!field->object->shorthand)
			return list_of(field, reference(s, field->object));
		return any_of(
			list_of(field, reference(s, field->object)), reference(s, field->object));
	case FIELD_NAMED:
		return map_of(field, reference(s, field->object));
	case FIELD_TEXT:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_CHOICE:
	case FIELD_CONDITION:
		break;
	}
	return scalar_schema(field, field->type);
}

struct slip_json *slip_spec_schema(void)
{
	struct schema s = {.definitions = slip_json_object()};
	struct slip_json *v = object_schema(&s, &slip_object_pipeline);
	struct slip_json *version = slip_json_get(slip_json_get(v, "properties"), "version");
	slip_json_set_int(version, "const", SLIP_SPEC_VERSION);
	slip_json_set_str(v, "$schema", "https://json-schema.org/draft/2020-12/schema");
	slip_json_set_str(v, "title", "slipway stage spec, version 1");
	slip_json_set(v, "$defs", s.definitions);
	return v;
}
