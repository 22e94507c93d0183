#include "config.h"

#include "runner/spec/spec_internal.h"

static struct slip_json *print_object(const struct slip_object *obj, const void *base);

static struct slip_json *print_value(enum slip_field_type type, const struct slip_value *v)
{
	if (!v->text)
		return slip_json_null();
	if (type == FIELD_BOOL && !v->is_expr)
		return slip_json_bool(v->num != 0);
	if (type == FIELD_INT && !v->is_expr)
		return slip_json_int(v->num);
	return slip_json_str(v->text);
}

static struct slip_json *print_element(const struct slip_field *field, const void *element)
{
	const struct slip_value_entry *entry = element;
	if (field->type == FIELD_LIST)
		return print_value(field->item, element);
	if (field->type == FIELD_MAP)
		return print_value(FIELD_TEXT, &entry->value);
	return print_object(field->object, element);
}

/* NULL for what is absent. */
static struct slip_json *print_array(const struct slip_field *field, const void *member)
{
	struct slip_raw_array a = slip_raw_load(member);
	size_t size = slip_field_element_size(field);
	bool is_keyed = field->type == FIELD_MAP || field->type == FIELD_NAMED;
	if (a.n == 0)
		return NULL;
	struct slip_json *v = is_keyed ? slip_json_object() : slip_json_array();
	for (size_t i = 0; i < a.n; i++) {
		const void *element = (const char *)a.v + i * size;
		struct slip_json *item = print_element(field, element);
		if (is_keyed)
			slip_json_set(v, ((const struct slip_value *)element)->text, item);
		else
			slip_json_append(v, item);
	}
	return v;
}

static struct slip_json *print_field(const struct slip_field *field, const void *member)
{
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_CHOICE:
	case FIELD_CONDITION:
		return slip_value_is_set(member) ? print_value(field->type, member) : NULL;
	case FIELD_OBJECT: {
		struct slip_json *v = print_object(field->object, member);
		if (slip_json_len(v) > 0)
			return v;
		slip_json_free(v);
		return NULL;
	}
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		break;
	}
	return print_array(field, member);
}

static struct slip_json *print_object(const struct slip_object *obj, const void *base)
{
	/* The rest has the place of its keys: beside those of the table. */
	struct slip_json *v = NULL;
	if (obj->rest)
		v = print_field(obj->rest, (const char *)base + obj->rest->offset);
	if (!v)
		v = slip_json_object();
	for (size_t i = 0; i < obj->n; i++) {
		const struct slip_field *field = &obj->fields[i];
		if (slip_field_is_alias(obj, i))
			continue;
		struct slip_json *item = print_field(field, (const char *)base + field->offset);
		if (item)
			slip_json_set(v, field->key, item);
	}
	return v;
}

/* A kind without keys (`dotnet-publish:`) is what makes the stage one of that kind: keep it. */
static void keep_kinds(struct slip_json *list, const struct slip_pipeline_stages *stages)
{
	for (size_t i = 0; i < stages->n; i++) {
		struct slip_json *stage = slip_json_at(list, i);
		const char *kind = slip_stage_kind_name(stages->v[i].kind);
		if (!slip_json_get(stage, kind))
			slip_json_set(stage, kind, slip_json_object());
	}
}

struct slip_json *slip_pipeline_print(const struct slip_pipeline *p)
{
	struct slip_json *v = print_object(&slip_object_pipeline, p);
	keep_kinds(slip_json_get(v, "stages"), &p->stages);
	keep_kinds(slip_json_get(v, "finally"), &p->finally);
	return v;
}
