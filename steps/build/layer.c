#include "config.h"

#include "steps/build/layer.h"

void slip_layer_release(struct slip_layer *l)
{
	slip_descriptor_release(&l->desc);
	slip_cleanup_free(&l->where);
	slip_cleanup_free(&l->host);
}

void slip_layer_copy(struct slip_layer *dst, const struct slip_layer *src)
{
	memset(dst, 0, sizeof(*dst));
	slip_descriptor_init(&dst->desc);
	slip_descriptor_copy(&dst->desc, &src->desc);
	dst->diff_id = src->diff_id;
	dst->from_cache = src->from_cache;
	dst->where = slip_xstrdup(src->where);
	dst->host = slip_xstrdup(src->host);
}

void slip_layers_add(struct slip_layers *ls, const struct slip_layer *l)
{
	slip_grow(ls->v, ls->n, &ls->cap);
	slip_layer_copy(&ls->v[ls->n++], l);
}

void slip_layers_release(struct slip_layers *ls)
{
	for (size_t i = 0; i < ls->n; i++)
		slip_layer_release(&ls->v[i]);
	free(ls->v);
	memset(ls, 0, sizeof(*ls));
}
