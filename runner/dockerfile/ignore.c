#include "config.h"

#include "runner/dockerfile/ignore.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/dockerfile/dockerfile_internal.h"
#include "runner/dockerfile/glob.h"

enum segment_kind {
	SEGMENT_TEXT, /* no wildcard, escapes removed */
	SEGMENT_GLOB,
	SEGMENT_ANY_DIRS, /* ** */
};

struct segment {
	enum segment_kind kind;
	char *s;
	size_t n;
	size_t head; /* of a glob: bytes before its first wildcard and behind its last *; most names
		      */
	size_t tail; /* are told apart by these */
};

/*
 * One way to match a rule. A rule with ** inside a component has several: `a**b` stands for `ab`
 * and for `a*` / `**` / `b`.
 */
struct pattern {
	struct segment *seg;
	size_t n;
	size_t rule;
};

struct rule {
	char *text; /* as written */
	int line;
	bool negated;
};

struct slip_ignore {
	struct rule *rules;
	size_t n_rules;
	size_t rules_cap;
	struct pattern *patterns; /* in the order of their rules */
	size_t n;
	size_t cap;
};

/* --- parsing --------------------------------------------------------------------------------- */

static void drop_escapes(struct segment *seg)
{
	size_t n = 0;

	for (size_t i = 0; i < seg->n; i++) {
		if (seg->s[i] == '\\' && i + 1 < seg->n)
			i++;
		seg->s[n++] = seg->s[i];
	}
	seg->s[n] = '\0';
	seg->n = n;
}

static void measure_glob(struct segment *seg)
{
	const char *star = strrchr(seg->s, '*');

	seg->head = strcspn(seg->s, "*?[\\");
	if (star && !strpbrk(star, "?[]\\"))
		seg->tail = strlen(star + 1);
}

static struct segment make_segment(const char *s, size_t n)
{
	struct segment seg = {.s = slip_xstrndup(s, n), .n = n};

	if (slip_streq(seg.s, "**")) {
		seg.kind = SEGMENT_ANY_DIRS;
	} else if (strpbrk(seg.s, "*?[")) {
		seg.kind = SEGMENT_GLOB;
		measure_glob(&seg);
	} else {
		seg.kind = SEGMENT_TEXT;
		drop_escapes(&seg);
	}
	return seg;
}

/* Cut at slashes, store. Trailing ** asks for one component at least, as * does. */
static void add_pattern(struct slip_ignore *ig, const char *text)
{
	struct pattern p = {.rule = ig->n_rules - 1};
	size_t cap = 0;

	while (*text) {
		size_t n = strcspn(text, "/");
		struct segment seg = make_segment(text, n);
		bool repeated = seg.kind == SEGMENT_ANY_DIRS && p.n &&
				p.seg[p.n - 1].kind == SEGMENT_ANY_DIRS;
		if (n && !repeated) {
			slip_grow(p.seg, p.n, &cap);
			p.seg[p.n++] = seg;
		} else {
			free(seg.s);
		}
		text += n + (text[n] == '/');
	}
	if (p.n && p.seg[p.n - 1].kind == SEGMENT_ANY_DIRS) {
		p.seg[p.n - 1].kind = SEGMENT_GLOB;
		p.seg[p.n - 1].n = 1;
		p.seg[p.n - 1].s[1] = '\0';
	}
	slip_grow(ig->patterns, ig->n, &ig->cap);
	ig->patterns[ig->n++] = p;
}

/* Past [...] or an escaped byte or one byte. */
static const char *next_element(const char *p)
{
	if (*p == '\\' && p[1])
		return p + 2;
	if (*p != '[')
		return p + 1;
	p += p[1] == '^' ? 2 : 1;
	for (bool first = true; *p && (first || *p != ']'); first = false)
		p += *p == '\\' && p[1] ? 2 : 1;
	return *p ? p + 1 : p;
}

/* The first ** that does not fill its component to the left or to the right; NULL: none. */
static const char *embedded_stars(const char *text)
{
	const char *component = text;

	for (const char *p = text; *p;) {
		if (*p == '/') {
			component = ++p;
		} else if (p[0] == '*' && p[1] == '*') {
			if (p != component || (p[2] && p[2] != '/'))
				return p;
			p += 2;
		} else {
			p = next_element(p);
		}
	}
	return NULL;
}

/* Of the ways one rule may be read; more than anybody writes. */
#define MAX_READINGS 64

/* Work through the readings of a pattern until none has a ** inside a component. */
static int add_readings(struct slip_ignore *ig, const char *text, struct slip_err *err)
{
	slip_autostrv todo = {0};

	slip_strv_add(&todo, text);
	for (size_t i = 0; i < todo.n; i++) {
		const char *stars = embedded_stars(todo.v[i]);
		if (!stars) {
			add_pattern(ig, todo.v[i]);
			continue;
		}
		if (todo.n > MAX_READINGS)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"too many ** inside of names in pattern \"%.200s\"", text);
		int before = (int)(stars - todo.v[i]);
		bool opens = before == 0 || stars[-1] == '/';
		slip_autofree char *head = slip_xstrndup(todo.v[i], (size_t)before);
		slip_autofree char *tail = slip_xstrdup(stars + 2);
		if (opens) {
			slip_strv_addf(&todo, "%s**/%s", head, tail);
		} else if (!*tail) {
			/* All below is matched with a parent anyway. */
			slip_strv_addf(&todo, "%s*", head);
		} else {
			const char *rest = *tail == '/' ? tail + 1 : tail;
			slip_strv_addf(&todo, "%s%s", head, rest);
			slip_strv_addf(&todo, "%s*/**/%s", head, rest);
		}
	}
	return 0;
}

static int add_rule(struct slip_ignore *ig, const char *line, int number, struct slip_err *err)
{
	const char *p = line;
	bool negated = *p == '!';

	if (negated) {
		p++;
		while (slip_is_blank(*p))
			p++;
	}
	if (!*p)
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "illegal exclusion pattern: \"%.100s\"", line);
	if (slip_glob_check(p, err) < 0)
		return -1;
	slip_autofree char *clean = slip_path_clean(p);
	const char *path = clean;
	while (*path == '/')
		path++;
	if (!*path || slip_streq(path, "."))
		return 0;
	if (ig->n_rules == SLIP_MAX_DOCKERIGNORE_RULES)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "more than %d patterns",
			SLIP_MAX_DOCKERIGNORE_RULES);
	slip_grow(ig->rules, ig->n_rules, &ig->rules_cap);
	ig->rules[ig->n_rules++] = (struct rule){slip_xstrdup(line), number, negated};
	return add_readings(ig, path, err);
}

/* line is trimmed of its line ending only. */
static int parse_line(
	struct slip_ignore *ig, struct slip_slice line, int number, struct slip_err *err)
{
	if (line.n && line.s[0] == '#')
		return 0;
	while (line.n && slip_is_blank(line.s[0])) {
		line.s++;
		line.n--;
	}
	while (line.n && slip_is_blank(line.s[line.n - 1]))
		line.n--;
	if (!line.n)
		return 0;
	if (memchr(line.s, '\0', line.n))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "the line holds a NUL byte");
	if (line.n > SLIP_MAX_PATH)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"the pattern is longer than any path (%d bytes)", SLIP_MAX_PATH);
	slip_autofree char *text = slip_xstrndup(line.s, line.n);
	return add_rule(ig, text, number, err);
}

int slip_ignore_parse(const char *text, size_t len, const char *name, struct slip_ignore **out,
	struct slip_err *err)
{
	slip_autoignore *ig = slip_xcalloc(1, sizeof(*ig));
	struct slip_text_lines in = {.text = text, .len = len};
	struct slip_slice raw;

	if (len > SLIP_MAX_DOCKERIGNORE)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s is larger than %llu bytes", name,
			SLIP_MAX_DOCKERIGNORE);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		in.pos = 3;
	while (slip_text_lines_next(&in, &raw)) {
		if (parse_line(ig, slip_line_trim(raw), in.line, err) < 0)
			return slip_err_wrap(err, "%s:%d", name, in.line);
	}
	*out = slip_steal_ptr(&ig);
	return 0;
}

int slip_ignore_from_list(
	const struct slip_strv *patterns, struct slip_ignore **out, struct slip_err *err)
{
	slip_autoignore *ig = slip_xcalloc(1, sizeof(*ig));

	for (size_t i = 0; i < patterns->n; i++) {
		struct slip_slice line = {patterns->v[i], strlen(patterns->v[i])};
		if (line.n && line.s[0] == '#') {
			if (add_rule(ig, patterns->v[i], 0, err) < 0)
				return -1;
		} else if (parse_line(ig, line, 0, err) < 0) {
			return -1;
		}
	}
	*out = slip_steal_ptr(&ig);
	return 0;
}

void slip_ignore_free(struct slip_ignore *ig)
{
	if (!ig)
		return;
	for (size_t i = 0; i < ig->n_rules; i++)
		free(ig->rules[i].text);
	for (size_t i = 0; i < ig->n; i++) {
		for (size_t k = 0; k < ig->patterns[i].n; k++)
			free(ig->patterns[i].seg[k].s);
		free(ig->patterns[i].seg);
	}
	free(ig->rules);
	free(ig->patterns);
	free(ig);
}

void slip_ignore_cleanup(struct slip_ignore **ig)
{
	slip_ignore_free(*ig);
}

/* --- matching -------------------------------------------------------------------------------- */

/* A path cut at its slashes, once for all patterns. */
struct parts {
	struct slip_slice *v;
	size_t n;
	struct slip_slice few[32]; /* v, unless there are more */
};

static void parts_init(struct parts *parts, const char *path)
{
	size_t n = 1;

	for (const char *p = path; *p; p++)
		n += *p == '/';
	parts->v = n <= SLIP_ARRAY_LEN(parts->few) ? parts->few
						   : slip_xreallocarray(NULL, n, sizeof(*parts->v));
	parts->n = 0;
	while (*path) {
		size_t len = (size_t)(strchrnul(path, '/') - path);
		parts->v[parts->n++] = (struct slip_slice){path, len};
		path += len + (path[len] == '/');
	}
}

static void parts_release(struct parts *parts)
{
	if (parts->v != parts->few)
		free(parts->v);
}

static bool same(const char *a, const char *b, size_t n)
{
	return !n || (a[n - 1] == b[n - 1] && memcmp(a, b, n) == 0);
}

static bool match_segment(const struct segment *seg, struct slip_slice name)
{
	if (seg->kind == SEGMENT_TEXT)
		return seg->n == name.n && same(seg->s, name.s, name.n);
	return name.n >= seg->head + seg->tail && same(seg->s, name.s, seg->head) &&
	       same(seg->s + seg->n - seg->tail, name.s + name.n - seg->tail, seg->tail) &&
	       slip_glob_match_slice(seg->s, seg->n, name.s, name.n);
}

/* Does the pattern match the path or one of its parents? */
static bool match_pattern(const struct pattern *p, const struct parts *path)
{
	size_t seg = 0;
	size_t at = 0;
	bool again = false; /* a ** was met: behind it, and where that was tried last */
	size_t again_seg = 0;
	size_t again_at = 0;

	while (seg < p->n) {
		if (p->seg[seg].kind == SEGMENT_ANY_DIRS) {
			again = true;
			again_seg = ++seg;
			again_at = at;
		} else if (at < path->n && match_segment(&p->seg[seg], path->v[at])) {
			seg++;
			at++;
		} else if (again && again_at < path->n) {
			at = ++again_at;
			seg = again_seg;
		} else {
			return false;
		}
	}
	return true;
}

/* May something strictly below the directory match? Says yes too often, never no. */
static bool may_match_below(const struct pattern *p, const struct parts *dir)
{
	for (size_t i = 0; i < dir->n; i++) {
		if (i == p->n || p->seg[i].kind == SEGMENT_ANY_DIRS)
			return true;
		if (!match_segment(&p->seg[i], dir->v[i]))
			return false;
	}
	return true;
}

/* The last rule that matches; n_rules: none. */
static size_t deciding_rule(const struct slip_ignore *ig, const struct parts *path)
{
	for (size_t i = ig->n; i-- > 0;) {
		if (match_pattern(&ig->patterns[i], path))
			return ig->patterns[i].rule;
	}
	return ig->n_rules;
}

static size_t rule_of_path(const struct slip_ignore *ig, const char *path)
{
	slip_cleanup(parts_release) struct parts parts;

	parts_init(&parts, path);
	return deciding_rule(ig, &parts);
}

bool slip_ignore_is_empty(const struct slip_ignore *ig)
{
	return !ig || !ig->n_rules;
}

static bool excludes(const struct slip_ignore *ig, size_t rule)
{
	return rule < ig->n_rules && !ig->rules[rule].negated;
}

bool slip_ignore_is_excluded(const struct slip_ignore *ig, const char *path)
{
	return ig && excludes(ig, rule_of_path(ig, path));
}

enum slip_ignore_verdict slip_ignore_dir(const struct slip_ignore *ig, const char *path)
{
	if (!ig)
		return SLIP_IGNORE_INCLUDED;
	slip_cleanup(parts_release) struct parts parts;
	parts_init(&parts, path);
	size_t rule = deciding_rule(ig, &parts);
	if (!excludes(ig, rule))
		return SLIP_IGNORE_INCLUDED;
	/* The deciding rule holds for all below, so only a later ! can bring something back. */
	for (size_t i = ig->n; i-- > 0 && ig->patterns[i].rule > rule;) {
		if (ig->rules[ig->patterns[i].rule].negated &&
			may_match_below(&ig->patterns[i], &parts))
			return SLIP_IGNORE_DESCEND;
	}
	return SLIP_IGNORE_EXCLUDED;
}

const char *slip_ignore_rule(const struct slip_ignore *ig, const char *path, int *line)
{
	size_t rule = ig ? rule_of_path(ig, path) : 0;

	if (!ig || rule == ig->n_rules)
		return NULL;
	if (line)
		*line = ig->rules[rule].line;
	return ig->rules[rule].text;
}
