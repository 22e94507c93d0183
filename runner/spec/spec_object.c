#include "config.h"

#include "runner/spec/spec_internal.h"

struct slip_raw_array slip_raw_load(const void *member)
{
	struct slip_raw_array a;
	memcpy(&a, member, sizeof(a));
	return a;
}

void slip_raw_store(void *member, struct slip_raw_array a)
{
	memcpy(member, &a, sizeof(a));
}

void *slip_raw_add(struct slip_raw_array *a, size_t size)
{
	/* The room doubles whenever n is a power of two, so that no capacity need be kept. */
	if ((a->n & (a->n - 1)) == 0)
		a->v = slip_xreallocarray(a->v, a->n ? 2 * a->n : 1, size);
	void *element = (char *)a->v + a->n * size;
	memset(element, 0, size);
	a->n++;
	return element;
}

size_t slip_field_element_size(const struct slip_field *field)
{
	switch (field->type) {
	case FIELD_LIST:
		return sizeof(struct slip_value);
	case FIELD_MAP:
		return sizeof(struct slip_value_entry);
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		return field->object->size;
	case FIELD_TEXT:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_CHOICE:
	case FIELD_CONDITION:
	case FIELD_OBJECT:
		break;
	}
	slip_bug("%s is no array", field->key);
}

bool slip_field_is_alias(const struct slip_object *obj, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (obj->fields[k].offset == obj->fields[i].offset)
			return true;
	}
	return false;
}

void slip_value_release(struct slip_value *v)
{
	free(v->text);
	*v = (struct slip_value){0};
}

static void release_element(const struct slip_field *field, void *element)
{
	/* An element's first member is a slip_value, except where objects have no name. */
	if (field->type == FIELD_MAP)
		slip_value_release(&((struct slip_value_entry *)element)->value);
	if (field->type != FIELD_OBJECTS)
		slip_value_release(element);
	if (field->object)
		slip_object_release(field->object, element);
}

static void release_field(const struct slip_field *field, void *member)
{
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_CHOICE:
	case FIELD_CONDITION:
		slip_value_release(member);
		return;
	case FIELD_OBJECT:
		slip_object_release(field->object, member);
		return;
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		break;
	}
	struct slip_raw_array a = slip_raw_load(member);
	size_t size = slip_field_element_size(field);
	for (size_t i = 0; i < a.n; i++)
		release_element(field, (char *)a.v + i * size);
	free(a.v);
	slip_raw_store(member, (struct slip_raw_array){0});
}

void slip_object_release(const struct slip_object *obj, void *base)
{
	for (size_t i = 0; i < obj->n; i++)
		release_field(&obj->fields[i], (char *)base + obj->fields[i].offset);
	if (obj->rest)
		release_field(obj->rest, (char *)base + obj->rest->offset);
}

/* --- merging ---------------------------------------------------------------------------------- */

static bool has_name(const struct slip_raw_array *a, size_t size, const char *name)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct slip_value *v = (const void *)((const char *)a->v + i * size);
		if (slip_streq(v->text, name))
			return true;
	}
	return false;
}

static void merge_array(const struct slip_field *field, void *into, void *from)
{
	struct slip_raw_array ours = slip_raw_load(into), theirs = slip_raw_load(from);
	struct slip_raw_array all = {0};
	size_t size = slip_field_element_size(field);
	bool is_keyed = field->type == FIELD_MAP || field->type == FIELD_NAMED;
	for (size_t i = 0; i < theirs.n; i++) {
		char *element = (char *)theirs.v + i * size;
		if (is_keyed && has_name(&ours, size, ((struct slip_value *)element)->text))
			release_element(field, element);
		else
			memcpy(slip_raw_add(&all, size), element, size);
	}
	for (size_t i = 0; i < ours.n; i++)
		memcpy(slip_raw_add(&all, size), (char *)ours.v + i * size, size);
	free(theirs.v);
	free(ours.v);
	slip_raw_store(from, (struct slip_raw_array){0});
	slip_raw_store(into, all);
}

void slip_object_merge(const struct slip_object *obj, void *into, void *from)
{
	for (size_t i = 0; i < obj->n; i++) {
		const struct slip_field *field = &obj->fields[i];
		void *a = (char *)into + field->offset, *b = (char *)from + field->offset;
		switch (field->type) {
		case FIELD_OBJECT:
			slip_object_merge(field->object, a, b);
			break;
		case FIELD_LIST:
		case FIELD_MAP:
		case FIELD_OBJECTS:
		case FIELD_NAMED:
			merge_array(field, a, b);
			break;
		case FIELD_TEXT:
		case FIELD_BOOL:
		case FIELD_INT:
		case FIELD_DURATION:
		case FIELD_CHOICE:
		case FIELD_CONDITION:
			if (!slip_value_is_set(a)) {
				memcpy(a, b, sizeof(struct slip_value));
				memset(b, 0, sizeof(struct slip_value));
			}
			break;
		}
	}
}

/* --- visiting --------------------------------------------------------------------------------- */

static void each_value(
	const struct slip_field *field, struct slip_value *v, slip_value_fn *fn, void *arg)
{
	if (slip_value_is_set(v))
		fn(arg, field, v);
}

static void each_of_field(
	const struct slip_field *field, void *member, slip_value_fn *fn, void *arg)
{
	struct slip_raw_array a = {0};
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_CHOICE:
	case FIELD_CONDITION:
		each_value(field, member, fn, arg);
		return;
	case FIELD_OBJECT:
		slip_object_each(field->object, member, fn, arg);
		return;
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		a = slip_raw_load(member);
		break;
	}
	size_t size = slip_field_element_size(field);
	for (size_t i = 0; i < a.n; i++) {
		void *element = (char *)a.v + i * size;
		if (field->type == FIELD_LIST)
			each_value(field, element, fn, arg);
		else if (field->type == FIELD_MAP)
			each_value(field, &((struct slip_value_entry *)element)->value, fn, arg);
		else
			slip_object_each(field->object, element, fn, arg);
	}
}

void slip_object_each(const struct slip_object *obj, void *base, slip_value_fn *fn, void *arg)
{
	for (size_t i = 0; i < obj->n; i++) {
		if (!slip_field_is_alias(obj, i))
			each_of_field(
				&obj->fields[i], (char *)base + obj->fields[i].offset, fn, arg);
	}
	if (obj->rest)
		each_of_field(obj->rest, (char *)base + obj->rest->offset, fn, arg);
}
