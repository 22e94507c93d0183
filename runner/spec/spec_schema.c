/*
 * The JSON Schema of the spec, draft-07 (what YAML language servers read best), from the tables.
 * Each object becomes one definition.
 */
#include "config.h"

#include "runner/spec/spec_internal.h"

#define TEMPLATE_PATTERN "\\$\\{\\{"
#define DURATION_PATTERN "^\\+?([0-9]+(\\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$|^0$"

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

static struct slip_json *template_schema(void)
{
	struct slip_json *v = typed("string");
	slip_json_set_str(v, "pattern", TEMPLATE_PATTERN);
	return v;
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

/* The same as check_word in spec_decode.c, as far as a pattern can say it. */
static const char *pattern_of(enum slip_field_check check)
{
	switch (check) {
	case CHECK_STAGE_NAME:
		return "^[A-Za-z0-9_-]{1,63}$";
	case CHECK_NAME:
		return "^[A-Za-z_][A-Za-z0-9_-]{0,62}$";
	case CHECK_ENV_NAME:
		return "^(?!LD_|SLIPWAY_)[A-Za-z_][A-Za-z0-9_]*$";
	case CHECK_RETRY_ON:
		return "^(infra|timeout|exit:[0-9]+)$";
	case CHECK_RELATIVE_PATH:
		return "^(?!/)(?!(.*/)?\\.\\.(/|$))(?!.*://).+$";
	case CHECK_NONE:
		break;
	}
	return NULL;
}

/* Text of a field: with its pattern, which an expression need not match. */
static struct slip_json *word_schema(const struct slip_field *field)
{
	struct slip_json *v = text_schema();
	const char *pattern = field->type == FIELD_MAP ? NULL : pattern_of(field->check);
	if (field->flags & FIELD_NONEMPTY)
		slip_json_set_int(v, "minLength", 1);
	if (!pattern)
		return v;
	slip_json_set_str(v, "pattern", pattern);
	return field->flags & FIELD_LITERAL ? v : any_of(v, template_schema());
}

static struct slip_json *choice_schema(const struct slip_field *field)
{
	struct slip_json *v = slip_json_object();
	struct slip_json *words = slip_json_array();
	for (size_t i = 0; field->choices[i]; i++)
		slip_json_append(words, slip_json_str(field->choices[i]));
	slip_json_set(v, "enum", words);
	return v;
}

static struct slip_json *scalar_schema(const struct slip_field *field, enum slip_field_type type)
{
	struct slip_json *v = NULL;
	switch (type) {
	case FIELD_BOOL:
		v = typed("boolean");
		break;
	case FIELD_INT:
		v = typed("integer");
		if (field->max != 0) {
			slip_json_set_int(v, "minimum", field->min);
			slip_json_set_int(v, "maximum", field->max);
		}
		break;
	case FIELD_DURATION:
		v = typed("string");
		slip_json_set_str(v, "pattern", DURATION_PATTERN);
		break;
	case FIELD_CHOICE:
		v = choice_schema(field);
		break;
	case FIELD_TEXT:
	case FIELD_CONDITION:
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_OBJECT:
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		return word_schema(field);
	}
	return field->flags & FIELD_LITERAL ? v : any_of(v, template_schema());
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
	const char *pattern = pattern_of(field->check);
	slip_json_set(v, "additionalProperties", value);
	if (pattern) {
		struct slip_json *names = slip_json_object();
		slip_json_set_str(names, "pattern", pattern);
		slip_json_set(v, "propertyNames", names);
	}
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

static void set_kinds(const struct slip_object *obj, struct slip_json *v)
{
	struct slip_json *kinds = slip_json_array();
	for (size_t i = 0; i < obj->n; i++) {
		if (!(obj->fields[i].flags & FIELD_KIND))
			continue;
		struct slip_json *one = slip_json_object();
		struct slip_json *keys = slip_json_array();
		slip_json_append(keys, slip_json_str(obj->fields[i].key));
		slip_json_set(one, "required", keys);
		slip_json_append(kinds, one);
	}
	if (slip_json_len(kinds) > 0)
		slip_json_set(v, "oneOf", kinds);
	else
		slip_json_free(kinds);
}

static struct slip_json *object_schema(struct schema *s, const struct slip_object *obj)
{
	struct slip_json *v = typed("object");
	struct slip_json *properties = slip_json_object();
	struct slip_json *required = slip_json_array();
	for (size_t i = 0; i < obj->n; i++) {
		const struct slip_field *field = &obj->fields[i];
		struct slip_json *property = field_schema(s, field);
		/* draft-07 ignores what stands beside $ref: the help text needs allOf around it. */
		if (slip_json_get(property, "$ref")) {
			struct slip_json *all = slip_json_array();
			slip_json_append(all, property);
			property = slip_json_object();
			slip_json_set(property, "allOf", all);
		}
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
	set_kinds(obj, v);
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
	slip_autofree char *path = slip_xasprintf("#/definitions/%s", name);
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
	slip_json_set_str(v, "$schema", "http://json-schema.org/draft-07/schema#");
	slip_json_set_str(v, "title", "slipway stage spec, version 1");
	slip_json_set(v, "definitions", s.definitions);
	return v;
}
