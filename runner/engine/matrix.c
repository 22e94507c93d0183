/*
 * Cells of a matrix: the cross product of the axes, less what `exclude` matches; an `include` entry
 * extends the cells whose axes it agrees with, or is a cell of its own.
 */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/engine/plan.h"

static int eval(const struct slip_value *v, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err)
{
	if (slip_value_eval(v, ctx, out, err) < 0)
		return slip_err_wrap(err, "%s:%u:%u", v->pos.file, v->pos.line, v->pos.col);
	return 0;
}

/* The values of an axis; one that is a list (a single ${{ }}) gives its items. */
static int axis_values(const struct slip_values *values, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err)
{
	slip_autojson *all = slip_json_array();
	for (size_t i = 0; i < values->n; i++) {
		slip_autojson *v = NULL;
		if (eval(&values->v[i], ctx, &v, err) < 0)
			return -1;
		if (slip_json_kind(v) != SLIP_JSON_ARRAY)
			slip_json_append(all, slip_json_ref(v));
		for (size_t k = 0; slip_json_kind(v) == SLIP_JSON_ARRAY && k < slip_json_len(v);
			k++)
			slip_json_append(all, slip_json_ref(slip_json_at(v, k)));
	}
	*out = slip_steal_ptr(&all);
	return 0;
}

/* Every cell times every value. */
static int multiply(struct slip_json **cells, const char *axis, const struct slip_json *values,
	struct slip_err *err)
{
	struct slip_json *product = slip_json_array();
	for (size_t i = 0; i < slip_json_len(*cells); i++) {
		for (size_t k = 0; k < slip_json_len(values); k++) {
			struct slip_json *cell = slip_json_copy(slip_json_at(*cells, i));
			slip_json_set(cell, axis, slip_json_ref(slip_json_at(values, k)));
			slip_json_append(product, cell);
		}
	}
	slip_json_free(*cells);
	*cells = product;
	if (slip_json_len(product) > SLIP_MAX_MATRIX_CELLS)
		return slip_err_set(err, SLIP_E_SPEC, 0, "the matrix has more than %d cells",
			SLIP_MAX_MATRIX_CELLS);
	return 0;
}

static bool same(const struct slip_json *a, const struct slip_json *b)
{
	slip_autofree char *x = slip_expr_text(a), *y = slip_expr_text(b);
	return slip_streq(x, y);
}

/* Does every value of the entry that the cell has too agree? */
static bool agrees(const struct slip_json *cell, const struct slip_json *entry, bool must_have)
{
	for (const char *key = NULL; (key = slip_json_next_key(entry, key));) {
		const struct slip_json *have = slip_json_get(cell, key);
		if (have ? !same(have, slip_json_get(entry, key)) : must_have)
			return false;
	}
	return true;
}

static int entry_values(const struct slip_matrix_cell *c, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err)
{
	slip_autojson *entry = slip_json_object();
	for (size_t i = 0; i < c->values.n; i++) {
		struct slip_json *v = NULL;
		if (eval(&c->values.v[i].value, ctx, &v, err) < 0)
			return -1;
		slip_json_set(entry, c->values.v[i].name.text, v);
	}
	*out = slip_steal_ptr(&entry);
	return 0;
}

static struct slip_json *without(struct slip_json *cells, const struct slip_json *entry)
{
	struct slip_json *kept = slip_json_array();
	for (size_t i = 0; i < slip_json_len(cells); i++) {
		if (!agrees(slip_json_at(cells, i), entry, true))
			slip_json_append(kept, slip_json_ref(slip_json_at(cells, i)));
	}
	slip_json_free(cells);
	return kept;
}

static void include(struct slip_json *cells, size_t originals, struct slip_json *entry)
{
	bool is_extended = false;
	for (size_t i = 0; i < originals; i++) {
		struct slip_json *cell = slip_json_at(cells, i);
		if (!agrees(cell, entry, false))
			continue;
		for (const char *key = NULL; (key = slip_json_next_key(entry, key));)
			slip_json_set(cell, key, slip_json_ref(slip_json_get(entry, key)));
		is_extended = true;
	}
	if (!is_extended)
		slip_json_append(cells, slip_json_ref(entry));
}

static int apply_lists(const struct slip_matrix *m, const struct slip_expr_context *ctx,
	struct slip_json **cells, struct slip_err *err)
{
	for (size_t i = 0; i < m->exclude.n; i++) {
		slip_autojson *entry = NULL;
		if (entry_values(&m->exclude.v[i], ctx, &entry, err) < 0)
			return -1;
		*cells = without(*cells, entry);
	}
	size_t originals = slip_json_len(*cells);
	for (size_t i = 0; i < m->include.n; i++) {
		slip_autojson *entry = NULL;
		if (entry_values(&m->include.v[i], ctx, &entry, err) < 0)
			return -1;
		include(*cells, originals, entry);
	}
	return 0;
}

int slip_matrix_cells(const struct slip_matrix *m, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err)
{
	slip_autojson *cells = slip_json_array();
	if (m->axes.n)
		slip_json_append(cells, slip_json_object());
	for (size_t i = 0; i < m->axes.n; i++) {
		slip_autojson *values = NULL;
		if (axis_values(&m->axes.v[i].values, ctx, &values, err) < 0 ||
			multiply(&cells, m->axes.v[i].name.text, values, err) < 0)
			return -1;
	}
	if (apply_lists(m, ctx, &cells, err) < 0)
		return -1;
	*out = slip_steal_ptr(&cells);
	return 0;
}
