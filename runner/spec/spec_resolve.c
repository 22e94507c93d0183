/* Evaluate the templates of decoded structs into copies. */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/spec/spec_internal.h"

struct resolver {
	const struct slip_expr_context *ctx;
	bool is_late; /* below a FIELD_LATE: copy as written */
	size_t bytes; /* of what was evaluated so far */
	struct slip_err *err;
};

static int resolve_field(
	struct resolver *r, const struct slip_field *field, const void *src, void *dst);
static int resolve_object(
	struct resolver *r, const struct slip_object *obj, const void *src, void *dst);

static void copy_value(const struct slip_value *src, struct slip_value *dst)
{
	*dst = *src;
	dst->text = slip_xstrdup(src->text);
}

static enum slip_yaml_type type_of(const struct slip_json *v)
{
	switch (slip_json_kind(v)) {
	case SLIP_JSON_NONE:
	case SLIP_JSON_NULL:
		return SLIP_YAML_NULL;
	case SLIP_JSON_BOOL:
		return SLIP_YAML_BOOL;
	case SLIP_JSON_INT:
		return SLIP_YAML_INT;
	case SLIP_JSON_REAL:
		return SLIP_YAML_FLOAT;
	case SLIP_JSON_STRING:
	case SLIP_JSON_ARRAY:
	case SLIP_JSON_OBJECT:
		break;
	}
	return SLIP_YAML_STRING;
}

static int wrap_at(struct resolver *r, const struct slip_value *at)
{
	return slip_err_wrap(r->err, "%s:%u:%u", at->pos.file, at->pos.line, at->pos.col);
}

int slip_value_eval(const struct slip_value *v, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err)
{
	struct resolver r = {.ctx = ctx, .err = err};
	slip_autoexpr *e = NULL;
	if (!v->is_expr) {
		int64_t n = 0;
		if (v->type == SLIP_YAML_BOOL)
			*out = slip_json_bool(v->text[0] == 't' || v->text[0] == 'T');
		else if (v->type == SLIP_YAML_INT && slip_yaml_int(v->text, &n, NULL) == 0)
			*out = slip_json_int(n);
		else
			*out = v->text ? slip_json_str(v->text) : slip_json_null();
		return 0;
	}
	if (slip_expr_parse(v->text, &e, NULL, err) < 0 || slip_expr_eval(e, ctx, out, err) < 0)
		return wrap_at(&r, v);
	return 0;
}

/* Give a scalar of this type the value v; null leaves it absent. */
static int assign(struct resolver *r, const struct slip_field *field, enum slip_field_type type,
	const struct slip_value *src, const struct slip_json *v, struct slip_value *dst)
{
	enum slip_json_kind kind = slip_json_kind(v);
	if (kind == SLIP_JSON_NULL)
		return 0;
	if (kind == SLIP_JSON_ARRAY || kind == SLIP_JSON_OBJECT) {
		(void)slip_err_set(r->err, SLIP_E_SPEC, 0,
			"the value of \"%s\" is a list or a map, where one value is wanted",
			field->key);
		return wrap_at(r, src);
	}
	slip_autofree char *text = slip_expr_text(v);
	int64_t num = 0;
	r->bytes += strlen(text);
	if (r->bytes > SLIP_MAX_EXPANDED_ALL) {
		(void)slip_err_set(r->err, SLIP_E_SPEC, 0,
			"the values of all expressions here are larger than %llu bytes",
			SLIP_MAX_EXPANDED_ALL);
		return wrap_at(r, src);
	}
	if (slip_field_parse(field, type, text, &num, r->err) < 0)
		return wrap_at(r, src);
	*dst = (struct slip_value){
		.text = slip_steal_ptr(&text),
		.pos = src->pos,
		.type = type_of(v),
		.style = src->style,
		.num = num,
	};
	return 0;
}

static int resolve_value(struct resolver *r, const struct slip_field *field,
	enum slip_field_type type, const struct slip_value *src, struct slip_value *dst)
{
	if (!src->is_expr || r->is_late || field->type == FIELD_CONDITION) {
		copy_value(src, dst);
		return 0;
	}
	slip_autojson *v = NULL;
	if (slip_value_eval(src, r->ctx, &v, r->err) < 0)
		return -1;
	return assign(r, field, type, src, v, dst);
}

static int add_item(struct resolver *r, const struct slip_field *field,
	const struct slip_value *src, const struct slip_json *v, struct slip_raw_array *to)
{
	struct slip_value item = {0};
	if (assign(r, field, field->item, src, v, &item) < 0)
		return -1;
	if (slip_value_is_set(&item))
		*(struct slip_value *)slip_raw_add(to, sizeof(item)) = item;
	return 0;
}

static int resolve_item(struct resolver *r, const struct slip_field *field,
	const struct slip_value *src, struct slip_raw_array *to)
{
	if (!src->is_expr || r->is_late) {
		copy_value(src, slip_raw_add(to, sizeof(*src)));
		return 0;
	}
	slip_autojson *v = NULL;
	if (slip_value_eval(src, r->ctx, &v, r->err) < 0)
		return -1;
	if (slip_json_kind(v) != SLIP_JSON_ARRAY)
		return add_item(r, field, src, v, to);
	for (size_t i = 0; i < slip_json_len(v); i++) {
		if (add_item(r, field, src, slip_json_at(v, i), to) < 0)
			return -1;
	}
	return 0;
}

/* A map's entry goes when its value is null, but stays when it never had one. */
static int resolve_entry(struct resolver *r, const struct slip_field *field,
	const struct slip_value_entry *src, struct slip_raw_array *to)
{
	struct slip_value value = {0};
	struct slip_field item = *field;
	item.key = src->name.text;
	item.check = CHECK_NONE;
	if (src->value.text && resolve_value(r, &item, FIELD_TEXT, &src->value, &value) < 0)
		return -1;
	if (src->value.text && !value.text)
		return 0;
	struct slip_value_entry *e = slip_raw_add(to, sizeof(*e));
	copy_value(&src->name, &e->name);
	e->value = value;
	return 0;
}

static int resolve_element(struct resolver *r, const struct slip_field *field, const void *src,
	struct slip_raw_array *to)
{
	if (field->type == FIELD_LIST)
		return resolve_item(r, field, src, to);
	if (field->type == FIELD_MAP)
		return resolve_entry(r, field, src, to);
	void *dst = slip_raw_add(to, field->object->size);
	if (field->type == FIELD_NAMED)
		copy_value(src, dst);
	return resolve_object(r, field->object, src, dst);
}

static int resolve_array(
	struct resolver *r, const struct slip_field *field, const void *src, void *dst)
{
	struct slip_raw_array from = slip_raw_load(src), to = {0};
	size_t size = slip_field_element_size(field);
	int rc = 0;
	for (size_t i = 0; i < from.n && rc == 0; i++)
		rc = resolve_element(r, field, (const char *)from.v + i * size, &to);
	slip_raw_store(dst, to);
	return rc;
}

static int resolve_field(
	struct resolver *r, const struct slip_field *field, const void *src, void *dst)
{
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_CHOICE:
	case FIELD_CONDITION:
		return resolve_value(r, field, field->type, src, dst);
	case FIELD_OBJECT:
		return resolve_object(r, field->object, src, dst);
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_OBJECTS:
	case FIELD_NAMED:
		break;
	}
	return resolve_array(r, field, src, dst);
}

static int resolve_one(
	struct resolver *r, const struct slip_field *field, const void *src, void *dst)
{
	bool outer = r->is_late;
	r->is_late = outer || (field->flags & FIELD_LATE);
	int rc = resolve_field(
		r, field, (const char *)src + field->offset, (char *)dst + field->offset);
	r->is_late = outer;
	return rc;
}

static int resolve_object(
	struct resolver *r, const struct slip_object *obj, const void *src, void *dst)
{
	for (size_t i = 0; i < obj->n; i++) {
		if (!slip_field_is_alias(obj, i) && resolve_one(r, &obj->fields[i], src, dst) < 0)
			return -1;
	}
	return obj->rest ? resolve_one(r, obj->rest, src, dst) : 0;
}

/* The table walk knows no members that are not keys. */
static void copy_derived(const struct slip_pipeline_stage *src, struct slip_pipeline_stage *dst)
{
	dst->pos = src->pos;
	dst->has_needs = src->has_needs;
	dst->kind = src->kind;
	for (size_t i = 0; i < src->needs.n; i++)
		dst->needs.v[i].index = src->needs.v[i].index;
}

int slip_pipeline_stage_resolve(const struct slip_pipeline_stage *src,
	const struct slip_expr_context *ctx, struct slip_pipeline_stage *dst, struct slip_err *err)
{
	struct slip_pipeline_stage copy = {0};
	struct resolver r = {.ctx = ctx, .err = err};
	if (resolve_object(&r, &slip_object_stage, src, &copy) < 0) {
		slip_pipeline_stage_release(&copy);
		return -1;
	}
	copy_derived(src, &copy);
	*dst = copy;
	return 0;
}

int slip_pipeline_resolve(const struct slip_pipeline *src, const struct slip_expr_context *ctx,
	struct slip_pipeline **out, struct slip_err *err)
{
	slip_autopipeline *copy = slip_xcalloc(1, sizeof(*copy));
	struct resolver r = {.ctx = ctx, .err = err};
	if (resolve_object(&r, &slip_object_pipeline, src, copy) < 0)
		return -1;
	for (size_t i = 0; i < src->stages.n; i++)
		copy_derived(&src->stages.v[i], &copy->stages.v[i]);
	for (size_t i = 0; i < src->finally.n; i++)
		copy_derived(&src->finally.v[i], &copy->finally.v[i]);
	*out = slip_steal_ptr(&copy);
	return 0;
}
