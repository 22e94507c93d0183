#include "config.h"

#include "runner/spec/yaml.h"

#include "runner/base/limits.h"
#include "runner/base/map.h"

#include <errno.h>
#include <yaml.h>

struct frame {
	struct slip_yaml_node *node;
	struct slip_yaml_node *key; /* map: waits for its value */
	struct slip_map seen; /* map: keys so far, to their nodes */
	char *anchor; /* usable by aliases once the node is complete */
};

/* What a text may be. */
struct bounds {
	size_t bytes;
	size_t nodes;
	bool is_stream;
};

struct reader {
	const struct bounds *bounds;
	struct slip_yaml *doc;
	struct slip_diags *diags;
	const char *file;
	struct slip_map anchors; /* name to node */
	struct frame stack[SLIP_MAX_SPEC_DEPTH];
	size_t depth;
	/* libyaml counts characters: the byte that one of them starts at. */
	size_t char_index;
	size_t byte_index;
	bool has_document;
	bool is_broken; /* go no further: positions or structure would be guesses */
};

static struct slip_pos mark_pos(const struct reader *r, yaml_mark_t mark)
{
	return (struct slip_pos){
		.file = r->file,
		.line = (unsigned)mark.line + 1,
		.col = (unsigned)mark.column + 1,
	};
}

static struct slip_yaml_node *new_node(struct reader *r, enum slip_yaml_kind kind, yaml_mark_t mark)
{
	struct slip_yaml_node *node = slip_xcalloc(1, sizeof(*node));
	node->kind = kind;
	node->pos = mark_pos(r, mark);
	node->weight = 1;
	slip_grow(r->doc->nodes, r->doc->n, &r->doc->cap);
	r->doc->nodes[r->doc->n++] = node;
	return node;
}

static void break_off(struct reader *r, yaml_mark_t mark, const char *message, const char *hint)
{
	slip_diags_add(r->diags, mark_pos(r, mark), "%s", message);
	if (hint)
		slip_diags_hint(r->diags, "%s", hint);
	r->is_broken = true;
}

static void check_key(struct reader *r, struct frame *f, struct slip_yaml_node *key)
{
	if (key->style == SLIP_YAML_PLAIN && slip_streq(key->text, "<<")) {
		slip_diags_add(r->diags, key->pos, "merge keys (<<) are not part of YAML 1.2");
		slip_diags_hint(r->diags, "write the keys out, or give the whole map as an alias");
		return;
	}
	if (key->text[0] == '\0') {
		slip_diags_add(r->diags, key->pos, "a key is empty");
		return;
	}
	const struct slip_yaml_node *first = slip_map_get(&f->seen, key->text);
	if (first) {
		slip_diags_add(r->diags, key->pos, "duplicate key \"%s\"", key->text);
		slip_diags_hint(r->diags, "it was first given in line %u", first->pos.line);
		return;
	}
	slip_map_set(&f->seen, key->text, key);
}

/* Put a complete node (or an alias' target) where it belongs. */
static void attach(struct reader *r, struct slip_yaml_node *node, yaml_mark_t mark)
{
	if (r->depth == 0) {
		slip_grow(r->doc->roots, r->doc->n_roots, &r->doc->cap_roots);
		r->doc->roots[r->doc->n_roots++] = node;
		r->doc->root = r->doc->roots[0];
		return;
	}
	struct frame *f = &r->stack[r->depth - 1];
	struct slip_yaml_node *parent = f->node;
	parent->weight += node->weight;
	if (parent->weight > r->bounds->nodes) {
		break_off(r, mark, "the document is too large with its aliases written out", NULL);
		return;
	}
	if (parent->kind == SLIP_YAML_LIST) {
		slip_grow(parent->items, parent->n, &parent->cap);
		parent->items[parent->n++] = node;
		return;
	}
	if (!f->key) {
		if (node->kind != SLIP_YAML_SCALAR) {
			break_off(r, mark, "a key must be plain text, not a list or a map",
				"quote a value that starts with { or [");
			return;
		}
		check_key(r, f, node);
		f->key = node;
		return;
	}
	size_t cap = parent->cap;
	slip_grow(parent->keys, parent->n, &cap);
	slip_grow(parent->items, parent->n, &parent->cap);
	parent->keys[parent->n] = f->key;
	parent->items[parent->n++] = node;
	f->key = NULL;
}

static void define_anchor(struct reader *r, const char *anchor, struct slip_yaml_node *node)
{
	if (anchor)
		slip_map_set(&r->anchors, anchor, node);
}

static void refuse_tag(struct reader *r, const yaml_char_t *tag, yaml_mark_t mark)
{
	if (!tag || slip_streq((const char *)tag, "!"))
		return;
	/* libyaml has written "!!" out. */
	static const char core[] = "tag:yaml.org,2002:";
	const char *name = (const char *)tag;
	bool is_core = slip_starts_with(name, core);
	slip_diags_add(r->diags, mark_pos(r, mark), "the tag %s%s is not supported",
		is_core ? "!!" : "", is_core ? name + sizeof(core) - 1 : name);
	slip_diags_hint(r->diags, "quote the value if it is to be a string");
}

static enum slip_yaml_style scalar_style(yaml_scalar_style_t style)
{
	if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE)
		return SLIP_YAML_SINGLE;
	if (style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		return SLIP_YAML_DOUBLE;
	if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
		return SLIP_YAML_BLOCK;
	return SLIP_YAML_PLAIN;
}

/* Forwards and backwards from the place asked for last: events come in the order of the text. */
static size_t byte_offset(struct reader *r, size_t index)
{
	const unsigned char *p = (const unsigned char *)r->doc->source;
	for (; r->char_index < index && r->byte_index < r->doc->source_len; r->char_index++) {
		do {
			r->byte_index++;
		} while (r->byte_index < r->doc->source_len && (p[r->byte_index] & 0xc0) == 0x80);
	}
	for (; r->char_index > index && r->byte_index > 0; r->char_index--) {
		do {
			r->byte_index--;
		} while (r->byte_index > 0 && (p[r->byte_index] & 0xc0) == 0x80);
	}
	return r->byte_index;
}

/* An anchor or a tag comes first, perhaps on a line of its own with a comment. */
static size_t skip_properties(const char *p, size_t at, size_t end)
{
	while (at < end && strchr(" \t\r\n&!#", p[at])) {
		if (p[at] == '#')
			while (at < end && p[at] != '\n')
				at++;
		else if (p[at] == '&' || p[at] == '!')
			while (at < end && !strchr(" \t\r\n", p[at]))
				at++;
		else
			at++;
	}
	return at;
}

static void set_span(struct reader *r, struct slip_yaml_node *node, const yaml_event_t *ev)
{
	const char *p = r->doc->source;
	size_t start = byte_offset(r, ev->start_mark.index);
	size_t end = byte_offset(r, ev->end_mark.index);
	if (ev->data.scalar.anchor || ev->data.scalar.tag)
		start = skip_properties(p, start, end);
	while (node->style == SLIP_YAML_BLOCK && end > start && strchr(" \t\r\n", p[end - 1]))
		end--;
	node->start = start;
	node->end = end;
}

static void on_scalar(struct reader *r, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	struct slip_yaml_node *node = new_node(r, SLIP_YAML_SCALAR, ev->start_mark);
	refuse_tag(r, ev->data.scalar.tag, ev->start_mark);
	if (memchr(text, '\0', len)) {
		slip_diags_add(r->diags, node->pos, "a value holds a NUL character");
		len = strlen(text);
	}
	node->text = slip_xstrndup(text, len);
	node->style = scalar_style(ev->data.scalar.style);
	node->type =
		node->style == SLIP_YAML_PLAIN ? slip_yaml_resolve(node->text) : SLIP_YAML_STRING;
	set_span(r, node, ev);
	define_anchor(r, (const char *)ev->data.scalar.anchor, node);
	attach(r, node, ev->start_mark);
}

static void on_alias(struct reader *r, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct slip_yaml_node *node = slip_map_get(&r->anchors, name);
	if (!node) {
		slip_autofree char *message = slip_xasprintf("undefined alias *%s", name);
		break_off(r, ev->start_mark, message,
			"an alias stands after the complete value that its anchor (&) names");
		return;
	}
	attach(r, node, ev->start_mark);
}

static void on_start(struct reader *r, enum slip_yaml_kind kind, const yaml_event_t *ev)
{
	bool is_list = kind == SLIP_YAML_LIST;
	const yaml_char_t *tag = is_list ? ev->data.sequence_start.tag : ev->data.mapping_start.tag;
	const yaml_char_t *anchor =
		is_list ? ev->data.sequence_start.anchor : ev->data.mapping_start.anchor;
	if (r->depth == SLIP_MAX_SPEC_DEPTH) {
		break_off(r, ev->start_mark, "lists and maps are nested too deeply", NULL);
		return;
	}
	refuse_tag(r, tag, ev->start_mark);
	struct frame *f = &r->stack[r->depth++];
	*f = (struct frame){.node = new_node(r, kind, ev->start_mark)};
	f->anchor = slip_xstrdup((const char *)anchor);
	slip_map_init(&f->seen, NULL);
}

static void pop(struct reader *r)
{
	struct frame *f = &r->stack[--r->depth];
	slip_map_release(&f->seen);
	free(f->anchor);
	*f = (struct frame){0};
}

static void on_end(struct reader *r, const yaml_event_t *ev)
{
	struct frame *f = &r->stack[r->depth - 1];
	struct slip_yaml_node *node = f->node;
	define_anchor(r, f->anchor, node);
	pop(r);
	attach(r, node, ev->start_mark);
}

static void on_document(struct reader *r, const yaml_event_t *ev)
{
	slip_map_clear(&r->anchors);
	if (r->has_document && !r->bounds->is_stream)
		break_off(r, ev->start_mark, "a second YAML document starts here",
			"a spec is one document; remove the line ---");
	r->has_document = true;
}

static void on_event(struct reader *r, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		on_document(r, ev);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(r, ev);
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(r, ev);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_start(r, SLIP_YAML_LIST, ev);
		break;
	case YAML_MAPPING_START_EVENT:
		on_start(r, SLIP_YAML_MAP, ev);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_end(r, ev);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	if (!r->is_broken && r->doc->n > r->bounds->nodes)
		break_off(r, ev->start_mark, "the document has too many values", NULL);
}

/* First byte of a line (counted from 0), or the end of the text. */
static const char *line_start(const char *text, size_t len, size_t line)
{
	const char *p = text, *end = text + len;
	for (; line > 0 && p < end; line--) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		p = nl ? nl + 1 : end;
	}
	return p;
}

static struct slip_pos offset_pos(const struct reader *r, size_t offset)
{
	struct slip_pos pos = {.file = r->file, .line = 1, .col = 1};
	for (size_t i = 0; i < offset && i < r->doc->source_len; i++) {
		char c = r->doc->source[i];
		pos.line += c == '\n';
		if (c == '\n')
			pos.col = 1;
		else if (((unsigned char)c & 0xc0) != 0x80)
			pos.col++;
	}
	return pos;
}

static void on_parser_error(struct reader *r, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		slip_bug("libyaml is out of memory");
	if (parser->error == YAML_READER_ERROR) {
		slip_diags_add(r->diags, offset_pos(r, parser->problem_offset), "%s",
			parser->problem ? parser->problem : "the text cannot be read");
		slip_diags_hint(r->diags, "YAML is UTF-8 text without control characters");
		return;
	}
	yaml_mark_t at = parser->problem_mark;
	struct slip_pos pos = mark_pos(r, at);
	const char *p = line_start(r->doc->source, r->doc->source_len, at.line);
	const char *end = r->doc->source + r->doc->source_len;
	while (p < end && *p == ' ')
		p++;
	if (p < end && *p == '\t') {
		pos.col =
			(unsigned)(p - line_start(r->doc->source, r->doc->source_len, at.line)) + 1;
		slip_diags_add(r->diags, pos, "a tab cannot indent YAML");
		slip_diags_hint(r->diags, "use blanks");
		return;
	}
	const char *problem = parser->problem ? parser->problem : "invalid YAML";
	if (parser->context)
		slip_diags_add(r->diags, pos, "%s (%s that starts in line %zu)", problem,
			parser->context, parser->context_mark.line + 1);
	else
		slip_diags_add(r->diags, pos, "%s", problem);
}

static void read_events(struct reader *r)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		slip_bug("libyaml is out of memory");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&parser, (const unsigned char *)r->doc->source, r->doc->source_len);
	bool is_done = false;
	while (!is_done && !r->is_broken) {
		yaml_event_t ev;
		if (!yaml_parser_parse(&parser, &ev)) {
			on_parser_error(r, &parser);
			break;
		}
		on_event(r, &ev);
		is_done = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&parser);
}

static int parse(const struct bounds *bounds, const char *text, size_t len, const char *file,
	struct slip_yaml *out, struct slip_diags *diags, struct slip_err *err)
{
	struct slip_pos start = {.file = file, .line = 1, .col = 1};
	*out = (struct slip_yaml){0};
	size_t before = diags->n + diags->dropped;
	if (len > bounds->bytes) {
		slip_diags_add(diags, start, "the file is larger than %zu bytes", bounds->bytes);
		return slip_diags_check(diags, err);
	}
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
		slip_diags_add(diags, start, "the file is UTF-16");
		slip_diags_hint(diags, "save it as UTF-8");
		return slip_diags_check(diags, err);
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	out->source = slip_xmemdup(text, len);
	out->source_len = len;
	struct reader *r = slip_xcalloc(1, sizeof(*r));
	*r = (struct reader){.bounds = bounds, .doc = out, .diags = diags, .file = file};
	slip_map_init(&r->anchors, NULL);
	read_events(r);
	while (r->depth > 0)
		pop(r);
	slip_map_release(&r->anchors);
	free(r);
	if (diags->n + diags->dropped > before) {
		slip_yaml_release(out);
		return slip_diags_check(diags, err);
	}
	return 0;
}

int slip_yaml_parse(const char *text, size_t len, const char *file, struct slip_yaml *out,
	struct slip_diags *diags, struct slip_err *err)
{
	static const struct bounds spec = {.bytes = SLIP_MAX_SPEC, .nodes = SLIP_MAX_SPEC_NODES};
	return parse(&spec, text, len, file, out, diags, err);
}

int slip_yaml_parse_stream(const char *text, size_t len, const char *file, struct slip_yaml *out,
	struct slip_diags *diags, struct slip_err *err)
{
	static const struct bounds stream = {
		.bytes = SLIP_MAX_MANIFESTS,
		.nodes = SLIP_MAX_MANIFEST_NODES,
		.is_stream = true,
	};
	return parse(&stream, text, len, file, out, diags, err);
}

void slip_yaml_release(struct slip_yaml *y)
{
	for (size_t i = 0; i < y->n; i++) {
		free(y->nodes[i]->text);
		free(y->nodes[i]->keys);
		free(y->nodes[i]->items);
		free(y->nodes[i]);
	}
	free(y->nodes);
	free(y->roots);
	free(y->source);
	*y = (struct slip_yaml){0};
}

struct slip_yaml_node *slip_yaml_get(const struct slip_yaml_node *map, const char *key)
{
	if (!map || map->kind != SLIP_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++) {
		if (slip_streq(map->keys[i]->text, key))
			return map->items[i];
	}
	return NULL;
}

const char *slip_yaml_describe(const struct slip_yaml_node *node)
{
	if (node->kind == SLIP_YAML_LIST)
		return "a list";
	if (node->kind == SLIP_YAML_MAP)
		return "a map";
	switch (node->type) {
	case SLIP_YAML_NULL:
		return "nothing";
	case SLIP_YAML_BOOL:
		return "a boolean";
	case SLIP_YAML_INT:
	case SLIP_YAML_FLOAT:
		return "a number";
	case SLIP_YAML_STRING:
		break;
	}
	return "a string";
}
