#include "config.h"

#include "runner/report/values.h"

#include "runner/base/buf.h"

static bool has_image(const struct slip_model_stage *s)
{
	return s->n_images && slip_smap_get(&s->outputs, "digest");
}

const struct slip_model_stage *slip_values_only_image(const struct slip_model *m)
{
	const struct slip_model_stage *found = NULL;
	for (size_t i = 0; i < m->n; i++) {
		if (!has_image(m->stages[i]))
			continue;
		if (found)
			return NULL;
		found = m->stages[i];
	}
	return found;
}

/* What was pushed, else what would have been. */
static char *tags(const struct slip_model_stage *s)
{
	slip_autostrv refs = {0};
	for (size_t i = 0; i < s->n_images; i++) {
		if (s->images[i].ref)
			slip_strv_add(&refs, s->images[i].ref);
	}
	const char *image = slip_smap_get(&s->outputs, "image");
	return refs.n ? slip_strv_join(&refs, " ") : slip_xstrdup(image);
}

char *slip_values_of_stage(const struct slip_model_stage *s, const char *name)
{
	const char *value = slip_smap_get(&s->outputs, name);
	if (!value && slip_streq(name, "tags") && has_image(s))
		return tags(s);
	return slip_xstrdup(value);
}

static const struct slip_model_stage *find_stage(
	const struct slip_model *m, const char *name, size_t len)
{
	for (size_t i = 0; i < m->n; i++) {
		const char *id = m->stages[i]->id;
		if (strlen(id) == len && strncmp(id, name, len) == 0)
			return m->stages[i];
	}
	return len == strlen("image") && strncmp(name, "image", len) == 0
		       ? slip_values_only_image(m)
		       : NULL;
}

static int unknown(const struct slip_model *m, const char *name, struct slip_err *err)
{
	slip_autostrv names = {0};
	for (size_t i = 0; i < m->n; i++) {
		for (size_t k = 0; k < m->stages[i]->outputs.n; k++)
			slip_strv_addf(&names, "%s.%s", m->stages[i]->id,
				m->stages[i]->outputs.entries[k].key);
	}
	slip_autofree char *list = slip_strv_join(&names, ", ");
	return slip_err_set(err, SLIP_E_USAGE, 0, "there is no value \"%s\": %s%.1500s", name,
		names.n ? "there are " : "no stage left an output", list);
}

int slip_values_find(const struct slip_model *m, const char *name, char **out, struct slip_err *err)
{
	const char *dot = strrchr(name, '.');
	const struct slip_model_stage *s = dot ? find_stage(m, name, (size_t)(dot - name)) : NULL;
	slip_autofree char *value = s ? slip_values_of_stage(s, dot + 1) : NULL;
	if (!value)
		return unknown(m, name, err);
	if (strpbrk(value, "\r\n"))
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"the value \"%s\" has several lines: read it from outputs.json", name);
	*out = slip_steal_ptr(&value);
	return 0;
}
