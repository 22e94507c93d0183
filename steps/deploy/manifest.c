#include "config.h"

#include "steps/deploy/manifest.h"

#include "runner/base/limits.h"

struct edit {
	size_t start; /* in the source, as end */
	size_t end;
	const char *ref;
	enum slip_yaml_style style;
};

struct editor {
	const struct slip_kube_manifest_edits *wanted;
	struct slip_yaml doc;
	struct slip_diags diags;
	struct slip_kube_manifest *out;
	struct edit *edits;
	size_t n;
	size_t cap;
};

void slip_kube_manifest_init(struct slip_kube_manifest *m, size_t max)
{
	*m = (struct slip_kube_manifest){0};
	slip_buf_init(&m->text, max);
}

void slip_kube_manifest_release(struct slip_kube_manifest *m)
{
	for (size_t i = 0; i < m->objects.n; i++) {
		free(m->objects.v[i].group);
		free(m->objects.v[i].kind);
		free(m->objects.v[i].name);
		free(m->objects.v[i].space);
		free(m->objects.v[i].selector);
	}
	free(m->objects.v);
	slip_strv_release(&m->refs);
	slip_buf_release(&m->text);
	*m = (struct slip_kube_manifest){0};
}

/* --- replacing text ---------------------------------------------------------------------------
 */

void slip_kube_manifest_replace(const char *text, size_t len, struct slip_kube_replacement *r,
	size_t n, struct slip_buf *out)
{
	for (size_t i = 0; i < len;) {
		struct slip_kube_replacement *best = NULL;
		size_t best_len = 0;
		for (size_t k = 0; k < n; k++) {
			size_t l = strlen(r[k].text);
			if (l > best_len && l <= len - i && memcmp(text + i, r[k].text, l) == 0) {
				best = &r[k];
				best_len = l;
			}
		}
		if (best) {
			best->uses++;
			slip_buf_add_str(out, best->value);
			i += best_len;
		} else {
			slip_buf_add_char(out, text[i++]);
		}
	}
}

/* --- images -------------------------------------------------------------------------------------
 */

/* Length of the name: what comes before the tag or digest. */
static size_t name_length(const char *image)
{
	const char *at = strchr(image, '@');
	size_t n = at ? (size_t)(at - image) : strlen(image);
	for (size_t i = n; i > 0 && image[i - 1] != '/'; i--) {
		if (image[i - 1] == ':')
			return i - 1;
	}
	return n;
}

static struct slip_kube_image *find_image(const struct editor *e, const char *image)
{
	size_t n = name_length(image);
	for (size_t i = 0; i < e->wanted->n_images; i++) {
		struct slip_kube_image *one = &e->wanted->images[i];
		if (strlen(one->name) == n && memcmp(one->name, image, n) == 0)
			return one;
	}
	return NULL;
}

static void take_image(struct editor *e, const struct slip_yaml_node *node)
{
	if (!node || node->kind != SLIP_YAML_SCALAR || node->type != SLIP_YAML_STRING)
		return;
	struct slip_kube_image *image = find_image(e, node->text);
	const char *ref = image ? image->ref : node->text;
	if (!slip_strv_has(&e->out->refs, ref))
		slip_strv_add(&e->out->refs, ref);
	if (!image)
		return;
	image->uses++;
	slip_grow(e->edits, e->n, &e->cap);
	e->edits[e->n++] = (struct edit){node->start, node->end, ref, node->style};
}

static bool holds_containers(const char *key)
{
	return slip_streq(key, "containers") || slip_streq(key, "initContainers") ||
	       slip_streq(key, "ephemeralContainers");
}

/* Pods, pod templates of any kind, and whatever custom resources nest them in. */
static void walk(struct editor *e, const struct slip_yaml_node *node)
{
	for (size_t i = 0; i < node->n; i++) {
		const struct slip_yaml_node *item = node->items[i];
		if (node->kind == SLIP_YAML_MAP && item->kind == SLIP_YAML_LIST &&
			holds_containers(node->keys[i]->text)) {
			for (size_t k = 0; k < item->n; k++)
				take_image(e, slip_yaml_get(item->items[k], "image"));
		}
		walk(e, item);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

static void add_ref(struct slip_buf *out, const struct edit *edit)
{
	/* "[::1]:5000/app" would be a list; nothing else in a reference needs quotes. */
	bool is_quoted = edit->style == SLIP_YAML_DOUBLE || edit->ref[0] == '[';
	const char *quote = is_quoted ? "\"" : edit->style == SLIP_YAML_SINGLE ? "'" : "";
	slip_buf_addf(out, "%s%s%s", quote, edit->ref, quote);
}

static void apply_edits(struct editor *e)
{
	struct slip_buf *out = &e->out->text;
	size_t done = 0;
	if (e->n)
		qsort(e->edits, e->n, sizeof(*e->edits), by_start);
	for (size_t i = 0; i < e->n; i++) {
		if (e->edits[i].start < done)
			continue; /* the same scalar again, by an alias */
		slip_buf_add(out, e->doc.source + done, e->edits[i].start - done);
		add_ref(out, &e->edits[i]);
		done = e->edits[i].end;
	}
	slip_buf_add(out, e->doc.source + done, e->doc.source_len - done);
}

/* --- objects ------------------------------------------------------------------------------------
 */

static const char *text_of(const struct slip_yaml_node *map, const char *key)
{
	const struct slip_yaml_node *node = slip_yaml_get(map, key);
	bool is_text = node && node->kind == SLIP_YAML_SCALAR && node->type != SLIP_YAML_NULL;
	return is_text && *node->text ? node->text : NULL;
}

static char *selector_of(const struct slip_yaml_node *spec)
{
	const struct slip_yaml_node *labels =
		slip_yaml_get(slip_yaml_get(spec, "selector"), "matchLabels");
	slip_autostrv terms = {0};
	if (!labels || labels->kind != SLIP_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < labels->n; i++) {
		if (labels->items[i]->kind == SLIP_YAML_SCALAR)
			slip_strv_addf(
				&terms, "%s=%s", labels->keys[i]->text, labels->items[i]->text);
	}
	return terms.n ? slip_strv_join(&terms, ",") : NULL;
}

static void take_object(struct editor *e, const struct slip_yaml_node *node)
{
	const struct slip_yaml_node *metadata = slip_yaml_get(node, "metadata");
	const struct slip_yaml_node *spec = slip_yaml_get(node, "spec");
	const char *version = text_of(node, "apiVersion"), *kind = text_of(node, "kind");
	const char *name = text_of(metadata, "name"), *space = text_of(metadata, "namespace");
	if (!version || !kind || !name) {
		slip_diags_add(&e->diags, node->pos,
			"this is no Kubernetes object that can be applied: it has no %s",
			!version ? "apiVersion"
			: !kind	 ? "kind"
				 : "metadata.name");
		return;
	}
	if (space && e->wanted->space && !slip_streq(space, e->wanted->space)) {
		slip_diags_add(&e->diags, slip_yaml_get(metadata, "namespace")->pos,
			"%s %s is for the namespace %s, the stage for %s", kind, name, space,
			e->wanted->space);
		slip_diags_hint(&e->diags, "remove one of the two, or make two stages of it");
		return;
	}
	const char *slash = strchr(version, '/');
	const char *strategy = text_of(slip_yaml_get(spec, "updateStrategy"), "type");
	struct slip_kube_objects *objects = &e->out->objects;
	slip_grow(objects->v, objects->n, &objects->cap);
	objects->v[objects->n++] = (struct slip_kube_object){
		.group = slash ? slip_xstrndup(version, (size_t)(slash - version))
			       : slip_xstrdup(""),
		.kind = slip_xstrdup(kind),
		.name = slip_xstrdup(name),
		.space = slip_xstrdup(space),
		.selector = selector_of(spec),
		.is_manual = strategy && slip_streq(strategy, "OnDelete"),
	};
}

static void take_document(struct editor *e, const struct slip_yaml_node *root)
{
	if (root->kind == SLIP_YAML_SCALAR && root->type == SLIP_YAML_NULL)
		return; /* comments only */
	const char *kind = text_of(root, "kind");
	const struct slip_yaml_node *items = slip_yaml_get(root, "items");
	if (kind && slip_ends_with(kind, "List") && items && items->kind == SLIP_YAML_LIST) {
		for (size_t i = 0; i < items->n; i++)
			take_object(e, items->items[i]);
	} else {
		take_object(e, root);
	}
	if (!kind || !slip_streq(kind, "CustomResourceDefinition"))
		walk(e, root);
}

int slip_kube_manifest_add(struct slip_kube_manifest *m, const char *file, const char *text,
	size_t len, const struct slip_kube_manifest_edits *edits, struct slip_err *err)
{
	struct editor e = {.wanted = edits, .out = m};
	int rc = slip_yaml_parse_stream(text, len, file, &e.doc, &e.diags, err);
	if (rc == 0) {
		for (size_t i = 0; i < e.doc.n_roots; i++)
			take_document(&e, e.doc.roots[i]);
		rc = slip_diags_check(&e.diags, err);
	}
	if (rc == 0)
		apply_edits(&e);
	slip_yaml_release(&e.doc);
	slip_diags_release(&e.diags);
	free(e.edits);
	return rc;
}
