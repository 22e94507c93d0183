#include "config.h"

#include "steps/image/tags.h"

#include "runner/base/clock.h"
#include "runner/oci/ref.h"

#include <ctype.h>

static int at(const struct slip_value *v, struct slip_err *err)
{
	return slip_err_wrap(
		err, "%s:%u:%u", v->pos.file ? v->pos.file : "spec", v->pos.line, v->pos.col);
}

static const char *fact(const struct slip_tags_input *in, const char *object, const char *name)
{
	return slip_json_get_str(slip_json_get(in->ci, object), name, "");
}

static bool is_type(const struct slip_tags_input *in, const char *type)
{
	return slip_streq(fact(in, "ref", "type"), type);
}

/* --- versions ----------------------------------------------------------------------------------
 */

/* semver.org 2.0, with an optional "v" before it. Slices of the text. */
struct semver {
	const char *numbers[3];
	size_t lengths[3];
	const char *version; /* without "v" */
	size_t version_len; /* without build metadata */
	bool is_prerelease;
};

static size_t number_len(const char *s)
{
	size_t n = strspn(s, "0123456789");
	return n > 1 && *s == '0' ? 0 : n;
}

/* Identifiers between dots: none is empty, and numbers have no leading zero where that counts. */
static size_t identifiers_len(const char *s, bool is_strict)
{
	const char *p = s;
	for (;;) {
		size_t n = 0;
		while (isalnum((unsigned char)p[n]) || p[n] == '-')
			n++;
		bool is_number = strspn(p, "0123456789") >= n;
		if (!n || (is_strict && is_number && n > 1 && *p == '0'))
			return 0;
		p += n;
		if (*p != '.')
			return (size_t)(p - s);
		p++;
	}
}

static bool parse_semver(const char *text, struct semver *out)
{
	const char *p = *text == 'v' ? text + 1 : text;
	*out = (struct semver){.version = p};
	for (size_t i = 0; i < 3; i++) {
		if (i && *p++ != '.')
			return false;
		out->numbers[i] = p;
		out->lengths[i] = number_len(p);
		if (!out->lengths[i])
			return false;
		p += out->lengths[i];
	}
	if (*p == '-') {
		size_t n = identifiers_len(++p, true);
		if (!n)
			return false;
		out->is_prerelease = true;
		p += n;
	}
	out->version_len = (size_t)(p - out->version);
	if (*p == '+') {
		size_t n = identifiers_len(++p, false);
		if (!n)
			return false;
		p += n;
	}
	return !*p;
}

/* --- patterns ----------------------------------------------------------------------------------
 */

struct scope {
	const struct slip_tags_input *in;
	const struct semver *semver; /* NULL: not in this rule */
	const char *raw; /* the version as it was given */
};

static void print_date(int64_t t, const char *format, size_t len, struct slip_buf *out)
{
	char text[SLIP_RFC3339_SIZE];
	slip_clock_rfc3339(t, text);
	const struct {
		const char *word;
		size_t from, len;
	} words[] = {{"YYYY", 0, 4}, {"MM", 5, 2}, {"DD", 8, 2}, {"HH", 11, 2}, {"mm", 14, 2},
		{"ss", 17, 2}};
	for (size_t i = 0; i < len;) {
		size_t k = 0, n = 0;
		for (; k < SLIP_ARRAY_LEN(words); k++) {
			n = strlen(words[k].word);
			if (n <= len - i && strncmp(format + i, words[k].word, n) == 0)
				break;
		}
		bool is_word = k < SLIP_ARRAY_LEN(words);
		slip_buf_add(out, is_word ? text + words[k].from : format + i,
			is_word ? words[k].len : 1);
		i += is_word ? n : 1;
	}
}

/* "date 'YYYYMMDD'": false when the word is none of these, or its time is not known. */
static bool add_date(const struct scope *s, const char *word, struct slip_buf *out)
{
	int64_t t = s->in->now;
	const char *commit = fact(s->in, "commit", "time");
	bool is_commit = slip_starts_with(word, "commit_date");
	if (!is_commit && !slip_starts_with(word, "date"))
		return false;
	if (is_commit && slip_clock_parse_rfc3339(commit, &t, NULL) < 0)
		return false;
	const char *rest = word + strlen(is_commit ? "commit_date" : "date");
	rest += strspn(rest, " ");
	size_t n = strlen(rest);
	if (n < 3 || rest[0] != '\'' || rest[n - 1] != '\'')
		return false;
	print_date(t, rest + 1, n - 2, out);
	return true;
}

static bool add_semver(const struct scope *s, const char *word, struct slip_buf *out)
{
	static const char *const parts[] = {"major", "minor", "patch"};
	if (!s->semver)
		return false;
	if (slip_streq(word, "version"))
		slip_buf_add(out, s->semver->version, s->semver->version_len);
	else if (slip_streq(word, "raw"))
		slip_buf_add_str(out, s->raw);
	for (size_t i = 0; i < 3; i++) {
		if (slip_streq(word, parts[i]))
			slip_buf_add(out, s->semver->numbers[i], s->semver->lengths[i]);
	}
	return out->len > 0;
}

static bool add_fact(const struct scope *s, const char *word, struct slip_buf *out)
{
	const struct slip_tags_input *in = s->in;
	const struct slip_json *ref = slip_json_get(in->ci, "ref");
	const struct {
		const char *name, *value;
	} facts[] = {
		{"branch", is_type(in, "branch") ? fact(in, "ref", "name") : ""},
		{"tag", is_type(in, "tag") ? fact(in, "ref", "name") : ""},
		{"sha", fact(in, "commit", "sha")},
		{"base_ref", fact(in, "change", "target")},
		{"is_default_branch",
			slip_json_get_bool(ref, "isDefault", false) ? "true" : "false"},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(facts); i++) {
		if (!slip_streq(word, facts[i].name))
			continue;
		slip_buf_add(out, facts[i].value,
			slip_streq(word, "sha") ? strnlen(facts[i].value, 7)
						: strlen(facts[i].value));
		return true;
	}
	return false;
}

static int add_word(
	const struct scope *s, const char *word, struct slip_buf *out, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_ERR_MSG_MAX);
	if (!add_semver(s, word, &text) && !add_fact(s, word, &text) && !add_date(s, word, &text))
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"{{%s}} is not known here; there are %sbranch, tag, sha, base_ref, "
			"is_default_branch, date 'YYYYMMDD' and commit_date 'YYYYMMDD' (where the "
			"CI tells it)",
			word, s->semver ? "version, major, minor, patch, raw, " : "");
	slip_buf_add(out, text.data, text.len);
	return 0;
}

static int expand(const struct scope *s, const char *pattern, char **out, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_ERR_MSG_MAX);
	for (const char *p = pattern; *p;) {
		const char *open = strstr(p, "{{"), *end = open ? strstr(open, "}}") : NULL;
		if (!end) {
			slip_buf_add_str(&text, p);
			break;
		}
		slip_buf_add(&text, p, (size_t)(open - p));
		for (open += 2; *open == ' ';)
			open++;
		size_t n = (size_t)(end - open);
		while (n && open[n - 1] == ' ')
			n--;
		slip_autofree char *word = slip_xstrndup(open, n);
		if (add_word(s, word, &text, err) < 0)
			return -1;
		p = end + 2;
	}
	if (slip_buf_check(&text, "a tag", err) < 0)
		return -1;
	*out = slip_buf_take(&text);
	return 0;
}

/* --- rules -------------------------------------------------------------------------------------
 */

struct made {
	char *tag; /* NULL: the rule does not apply */
	bool is_latest; /* where the flavor leaves it to the rule */
	const char *prefix; /* the rule's default; NULL: the flavor's */
};

static int make_semver(const struct slip_tags_input *in, const struct slip_tag_rule *r,
	struct made *out, struct slip_err *err)
{
	const char *raw =
		slip_value_text(&r->value, is_type(in, "tag") ? fact(in, "ref", "name") : "");
	struct semver v;
	if (!*raw || !parse_semver(raw, &v))
		return 0;
	struct scope s = {in, &v, raw};
	const char *pattern = slip_value_text(&r->pattern, "{{version}}");
	bool is_whole = slip_streq(pattern, "{{raw}}") || slip_streq(pattern, "{{version}}");
	/* "1.2" would move from a release to a candidate of the next one. */
	if (v.is_prerelease && !is_whole)
		pattern = "{{version}}";
	out->is_latest = !v.is_prerelease;
	return expand(&s, pattern, &out->tag, err);
}

static void make_ref(
	const struct slip_tags_input *in, const struct slip_tag_rule *r, struct made *out)
{
	static const char *const types[] = {
		[SLIP_TAG_EVENT_BRANCH] = "branch",
		[SLIP_TAG_EVENT_TAG] = "tag",
		[SLIP_TAG_EVENT_PR] = "change",
	};
	int64_t event = slip_value_int(&r->event, SLIP_TAG_EVENT_BRANCH);
	if (!is_type(in, types[event]))
		return;
	bool is_change = event == SLIP_TAG_EVENT_PR;
	out->tag = slip_xstrdup(fact(in, is_change ? "change" : "ref", is_change ? "id" : "name"));
	out->prefix = is_change ? "pr-" : NULL;
	out->is_latest = event == SLIP_TAG_EVENT_TAG;
}

static bool is_edge(const struct slip_tags_input *in, const struct slip_tag_rule *r)
{
	const struct slip_json *ref = slip_json_get(in->ci, "ref");
	if (!is_type(in, "branch"))
		return false;
	if (slip_value_is_set(&r->branch))
		return slip_streq(r->branch.text, fact(in, "ref", "name"));
	return slip_json_get_bool(ref, "isDefault", false);
}

static int make_sha(const struct slip_tags_input *in, const struct slip_tag_rule *r,
	struct made *out, struct slip_err *err)
{
	const char *sha = fact(in, "commit", "sha");
	if (!*sha)
		return slip_err_set(
			err, SLIP_E_SPEC, 0, "there is no commit to name the image after");
	bool is_long = slip_value_int(&r->format, 0) == SLIP_TAG_SHA_LONG;
	out->tag = slip_xstrndup(sha, is_long ? strlen(sha) : 7);
	out->prefix = "sha-";
	return 0;
}

static int make_rule(const struct slip_tags_input *in, const struct slip_tag_rule *r,
	struct made *out, struct slip_err *err)
{
	struct scope s = {in, NULL, NULL};
	switch ((enum slip_tag_type)r->type.num) {
	case SLIP_TAG_SCHEDULE:
		if (!slip_streq(fact(in, "build", "source"), "schedule"))
			return 0;
		return expand(&s, slip_value_text(&r->pattern, "nightly"), &out->tag, err);
	case SLIP_TAG_SEMVER:
		return make_semver(in, r, out, err);
	case SLIP_TAG_EDGE:
		out->tag = is_edge(in, r) ? slip_xstrdup("edge") : NULL;
		return 0;
	case SLIP_TAG_REF:
		make_ref(in, r, out);
		return 0;
	case SLIP_TAG_RAW:
		return expand(&s, slip_value_text(&r->value, ""), &out->tag, err);
	case SLIP_TAG_SHA:
		return make_sha(in, r, out, err);
	}
	return 0;
}

static int64_t priority(const struct slip_tag_rule *r)
{
	static const int64_t dflt[] = {
		[SLIP_TAG_SCHEDULE] = 1000,
		[SLIP_TAG_SEMVER] = 900,
		[SLIP_TAG_EDGE] = 700,
		[SLIP_TAG_REF] = 600,
		[SLIP_TAG_RAW] = 200,
		[SLIP_TAG_SHA] = 100,
	};
	return slip_value_int(&r->priority, dflt[r->type.num]);
}

/* What the rule says, else what its type does, else the flavor. */
static char *decorate(
	const struct slip_tag_flavor *f, const struct slip_tag_rule *r, const struct made *m)
{
	const char *prefix = m->prefix ? m->prefix : slip_value_text(&f->prefix, "");
	const char *suffix = slip_value_text(&r->suffix, slip_value_text(&f->suffix, ""));
	slip_autofree char *text =
		slip_xasprintf("%s%s%s", slip_value_text(&r->prefix, prefix), m->tag, suffix);
	return slip_ref_sanitise_tag(text);
}

static void add_once(struct slip_strv *tags, const char *tag)
{
	if (!slip_strv_has(tags, tag))
		slip_strv_add(tags, tag);
}

static int add_rule(const struct slip_tags_input *in, const struct slip_tag_rule *r,
	struct slip_strv *tags, bool *is_latest, struct slip_err *err)
{
	struct made m = {0};
	if (!slip_value_bool(&r->enable, true))
		return 0;
	if (make_rule(in, r, &m, err) < 0)
		return at(&r->type, err);
	if (!m.tag)
		return 0;
	slip_autofree char *tag = decorate(&in->build->flavor, r, &m);
	free(m.tag);
	if (!tag) {
		slip_err_set(
			err, SLIP_E_SPEC, 0, "the rule gives a tag without a letter, digit or _");
		return at(&r->type, err);
	}
	if (!tags->n)
		*is_latest = m.is_latest;
	add_once(tags, tag);
	return 0;
}

static void add_latest(const struct slip_tag_flavor *f, bool is_latest, struct slip_strv *tags)
{
	int64_t wanted = slip_value_int(&f->latest, SLIP_TAG_LATEST_AUTO);
	if (!tags->n || wanted == SLIP_TAG_LATEST_FALSE ||
		(wanted == SLIP_TAG_LATEST_AUTO && !is_latest))
		return;
	bool has_prefix = slip_value_bool(&f->prefix_latest, false);
	bool has_suffix = slip_value_bool(&f->suffix_latest, false);
	slip_autofree char *text =
		slip_xasprintf("%slatest%s", has_prefix ? slip_value_text(&f->prefix, "") : "",
			has_suffix ? slip_value_text(&f->suffix, "") : "");
	slip_autofree char *tag = slip_ref_sanitise_tag(text);
	add_once(tags, tag);
}

int slip_tags_make(const struct slip_tags_input *in, struct slip_strv *tags, struct slip_err *err)
{
	size_t n = in->build->tags.n;
	slip_autofree const struct slip_tag_rule **order =
		slip_xcalloc(n + 1, sizeof(struct slip_tag_rule *));
	bool is_latest = false;
	slip_strv_clear(tags);
	/* Equal priorities stay as written. */
	for (size_t i = 0; i < n; i++) {
		const struct slip_tag_rule *r = &in->build->tags.v[i];
		size_t k = i;
		for (; k > 0 && priority(order[k - 1]) < priority(r); k--)
			order[k] = order[k - 1];
		order[k] = r;
	}
	for (size_t i = 0; i < n; i++) {
		if (add_rule(in, order[i], tags, &is_latest, err) < 0)
			return -1;
	}
	add_latest(&in->build->flavor, is_latest, tags);
	return 0;
}

/* --- what follows ------------------------------------------------------------------------------
 */

static int refuse(const struct slip_tags_input *in, const struct slip_value *destination,
	struct slip_err *err)
{
	const char *name = fact(in, "ref", "name");
	slip_err_set(err, SLIP_E_SPEC, 0,
		"no rule of `tags` applies to this pipeline (%s%s%s), so %s would get no tag: add "
		"a rule such as {type: sha}, or an `if` to the stage",
		fact(in, "ref", "type"), *name ? " " : "", name, destination->text);
	return at(destination, err);
}

int slip_tags_destinations(const struct slip_tags_input *in, const struct slip_strv *tags,
	struct slip_strv *out, struct slip_err *err)
{
	const struct slip_values *list = &in->build->destinations;
	for (size_t i = 0; i < list->n; i++) {
		const struct slip_value *v = &list->v[i];
		slip_autoref ref = {0};
		if (slip_ref_parse(v->text, SLIP_REF_TAG_AS_GIVEN, &ref, err) < 0)
			return at(v, err);
		if (!in->build->tags.n || ref.tag || slip_digest_is_set(&ref.digest)) {
			slip_strv_add(out, v->text);
			continue;
		}
		if (!tags->n)
			return refuse(in, v, err);
		for (size_t k = 0; k < tags->n; k++)
			slip_strv_addf(out, "%s:%s", v->text, tags->v[k]);
	}
	return 0;
}

void slip_tags_labels(const struct slip_tags_input *in, const struct slip_strv *tags,
	int64_t created, struct slip_strv *out)
{
	char time[SLIP_RFC3339_SIZE];
	slip_clock_rfc3339(created, time);
	const char *title = fact(in, "project", "title");
	const struct {
		const char *name, *value;
	} labels[] = {
		{"created", time},
		{"description", fact(in, "project", "description")},
		{"revision", fact(in, "commit", "sha")},
		{"source", fact(in, "project", "url")},
		{"title", *title ? title : fact(in, "project", "name")},
		{"url", fact(in, "project", "url")},
		{"version", tags->n ? tags->v[0] : slip_json_get_str(in->ci, "version", "")},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(labels); i++) {
		if (*labels[i].value)
			slip_strv_addf(out, "org.opencontainers.image.%s=%s", labels[i].name,
				labels[i].value);
	}
}
