/* The keys of the spec one after the other, for manuals. */
#include "config.h"

#include "runner/spec/spec_internal.h"

#define MAX_OBJECTS 64

struct listing {
	const struct slip_object *objects[MAX_OBJECTS]; /* in the order of their first mention */
	size_t n;
};

static void add_object(struct listing *l, const struct slip_object *obj)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->objects[i] == obj)
			return;
	}
	if (l->n == MAX_OBJECTS)
		slip_bug("more than %d objects in the spec", MAX_OBJECTS);
	l->objects[l->n++] = obj;
}

static char *choice_text(const struct slip_field *field)
{
	struct slip_buf text;
	slip_buf_init(&text, 4096);
	for (size_t i = 0; field->choices[i]; i++)
		slip_buf_addf(&text, "%s%s", i ? " | " : "", field->choices[i]);
	return slip_buf_take(&text);
}

static char *type_text(const struct slip_field *field, enum slip_field_type type)
{
	switch (type) {
	case FIELD_TEXT:
		return slip_xstrdup("text");
	case FIELD_BOOL:
		return slip_xstrdup("true | false");
	case FIELD_INT:
		return slip_xstrdup("number");
	case FIELD_DURATION:
		return slip_xstrdup("duration");
	case FIELD_CONDITION:
		return slip_xstrdup("expression");
	case FIELD_CHOICE:
		return choice_text(field);
	case FIELD_LIST: {
		slip_autofree char *item = type_text(field, field->item);
		return slip_xasprintf("list of %s", item);
	}
	case FIELD_MAP:
		return slip_xstrdup("map of names to text");
	case FIELD_OBJECT:
		return slip_xasprintf("%s", field->object->name);
	case FIELD_OBJECTS:
		return slip_xasprintf("list: each %s", field->object->name);
	case FIELD_NAMED:
		return slip_xasprintf("map of names: each %s", field->object->name);
	}
	slip_bug("field type %d", (int)type);
}

static void tell(const struct slip_object *obj, const struct slip_field *field, const char *key,
	slip_spec_key_fn *fn, void *ctx)
{
	slip_autofree char *type = type_text(field, field->type);
	struct slip_spec_key k = {
		.object = obj->name,
		.key = key,
		.type = type,
		.help = field->help,
		.required = (field->flags & FIELD_REQUIRED) != 0,
	};
	fn(ctx, &k);
}

void slip_spec_each_key(slip_spec_key_fn *fn, void *ctx)
{
	struct listing l = {.n = 0};
	add_object(&l, &slip_object_pipeline);
	for (size_t at = 0; at < l.n; at++) {
		const struct slip_object *obj = l.objects[at];
		for (size_t i = 0; i < obj->n; i++) {
			tell(obj, &obj->fields[i], obj->fields[i].key, fn, ctx);
			if (obj->fields[i].object)
				add_object(&l, obj->fields[i].object);
		}
		if (!obj->rest)
			continue;
		tell(obj, obj->rest, "*", fn, ctx);
		if (obj->rest->object)
			add_object(&l, obj->rest->object);
	}
}
