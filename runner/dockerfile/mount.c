#include "config.h"

#include "runner/dockerfile/mount.h"

#include "runner/base/path.h"
#include "runner/dockerfile/dockerfile_internal.h"
#include "runner/dockerfile/scope.h"
#include "runner/dockerfile/values.h"

#include <ctype.h>
#include <strings.h>

static const char *const type_names[] = {
	[SLIP_MOUNT_BIND] = "bind",
	[SLIP_MOUNT_CACHE] = "cache",
	[SLIP_MOUNT_TMPFS] = "tmpfs",
	[SLIP_MOUNT_SECRET] = "secret",
	[SLIP_MOUNT_SSH] = "ssh",
	NULL,
};

static const char *const sharing_names[] = {
	[SLIP_SHARING_SHARED] = "shared",
	[SLIP_SHARING_PRIVATE] = "private",
	[SLIP_SHARING_LOCKED] = "locked",
	NULL,
};

enum key {
	KEY_TYPE,
	KEY_FROM,
	KEY_SOURCE,
	KEY_TARGET,
	KEY_READONLY,
	KEY_READWRITE,
	KEY_REQUIRED,
	KEY_SIZE,
	KEY_ID,
	KEY_SHARING,
	KEY_MODE,
	KEY_UID,
	KEY_GID,
	KEY_ENV,
};

static const struct {
	const char *name;
	enum key key;
} keys[] = {
	{"type", KEY_TYPE},
	{"from", KEY_FROM},
	{"source", KEY_SOURCE},
	{"src", KEY_SOURCE},
	{"target", KEY_TARGET},
	{"dst", KEY_TARGET},
	{"destination", KEY_TARGET},
	{"readonly", KEY_READONLY},
	{"ro", KEY_READONLY},
	{"readwrite", KEY_READWRITE},
	{"rw", KEY_READWRITE},
	{"required", KEY_REQUIRED},
	{"size", KEY_SIZE},
	{"id", KEY_ID},
	{"sharing", KEY_SHARING},
	{"mode", KEY_MODE},
	{"uid", KEY_UID},
	{"gid", KEY_GID},
	{"env", KEY_ENV},
};

/* A mount while its fields are read, and which of them were. */
struct parser {
	struct slip_mount m;
	bool has_readonly;
	bool has_sharing;
	const char *field; /* the field at hand, for messages */
	const char *name; /* its key as written */
};

/* --- CSV ------------------------------------------------------------------------------------- */

/* A field in double quotes, in which two stand for one. *p is at the opening one. */
static int quoted_field(const char **p, struct slip_buf *out, struct slip_err *err)
{
	const char *s = *p + 1;

	while (*s && (*s != '"' || s[1] == '"')) {
		s += *s == '"';
		slip_buf_add_char(out, *s++);
	}
	if (!*s || (s[1] && s[1] != ','))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"failed to parse csv mounts: a quoted field must end with \" in front of a "
			"comma or the end");
	*p = s + 1;
	return 0;
}

static int split_fields(const char *text, struct slip_strv *out, struct slip_err *err)
{
	size_t max = strlen(text) + 1;

	for (const char *p = text;; p++) {
		slip_autobuf field = {0};
		slip_buf_init(&field, max);
		if (*p == '"') {
			if (quoted_field(&p, &field, err) < 0)
				return -1;
		} else {
			size_t n = strcspn(p, ",");
			if (memchr(p, '"', n))
				return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
					"failed to parse csv mounts: bare \" in a field without "
					"quotes");
			slip_buf_add(&field, p, n);
			p += n;
		}
		slip_strv_add(out, field.data);
		if (!*p)
			return 0;
	}
}

/* --- fields ---------------------------------------------------------------------------------- */

static int invalid_value(const struct parser *ps, const char *value, struct slip_err *err)
{
	return slip_err_set(
		err, SLIP_E_DOCKERFILE, 0, "invalid value for %s: %.100s", ps->name, value);
}

static int wrong_type(const struct parser *ps, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "unexpected key '%s' for mount type '%s'",
		ps->name, type_names[ps->m.type]);
}

/* The index of text in names, any case; -1 with "unsupported <what> ...". */
static int choose(const char *what, const char *text, const char *const *names, unsigned *out,
	struct slip_err *err)
{
	unsigned n = 0;

	for (; names[n]; n++) {
		if (strcasecmp(text, names[n]) == 0) {
			*out = n;
			return 0;
		}
	}
	const char *near = slip_suggest(text, names, n, SLIP_TYPO_REACH);
	if (near)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"unsupported %s \"%.100s\" (did you mean %s?)", what, text, near);
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "unsupported %s \"%.100s\"", what, text);
}

static int parse_number(
	const struct parser *ps, const char *value, int base, uint32_t *out, struct slip_err *err)
{
	const char *digits = base == 8 ? "01234567" : "0123456789";

	if (!*value || strspn(value, digits) != strlen(value) || strlen(value) > 15 ||
		strtoull(value, NULL, base) > UINT32_MAX)
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "invalid value %.100s for %s", value, ps->name);
	*out = (uint32_t)strtoull(value, NULL, base);
	return 0;
}

/* "100m", "1.5 GiB", "64": units are powers of 1024. */
static bool parse_size(const char *value, uint64_t *out)
{
	static const char units[] = "kmgtp";
	uint64_t whole = 0;
	uint64_t fraction = 0; /* thousandths */
	unsigned shift = 0;

	if (!isdigit((unsigned char)*value) || strspn(value, "0123456789") > 12)
		return false;
	for (; isdigit((unsigned char)*value); value++)
		whole = whole * 10 + (uint64_t)(*value - '0');
	if (*value == '.') {
		value++;
		for (unsigned weight = 100; isdigit((unsigned char)*value); value++, weight /= 10)
			fraction += (uint64_t)(*value - '0') * weight;
	}
	value += *value == ' ';
	const char *unit = *value ? strchr(units, tolower((unsigned char)*value)) : NULL;
	if (unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		value++;
		value += *value == 'i' || *value == 'I';
	}
	value += *value == 'b' || *value == 'B';
	if (*value || whole >= UINT64_MAX >> (shift + 1))
		return false;
	*out = (whole << shift) + (fraction << shift) / 1000;
	return true;
}

static bool is_secret(const struct parser *ps)
{
	return ps->m.type == SLIP_MOUNT_SECRET || ps->m.type == SLIP_MOUNT_SSH;
}

static int set_text(char **slot, const char *value)
{
	free(*slot);
	*slot = *value ? slip_xstrdup(value) : NULL;
	return 0;
}

static int set_bool(struct parser *ps, enum key key, const char *value, struct slip_err *err)
{
	bool on = true;

	if (key == KEY_REQUIRED && !is_secret(ps))
		return wrong_type(ps, err);
	if (value && !slip_bool_parse(value, &on))
		return invalid_value(ps, value, err);
	if (key == KEY_REQUIRED) {
		ps->m.required = on;
		return 0;
	}
	ps->m.readonly = key == KEY_READONLY ? on : !on;
	ps->has_readonly = true;
	return 0;
}

static int set_choice(struct parser *ps, enum key key, const char *value, struct slip_err *err)
{
	unsigned i;

	if (key == KEY_TYPE) {
		if (choose("mount type", value, type_names, &i, err) < 0)
			return -1;
		ps->m.type = (enum slip_mount_type)i;
		return 0;
	}
	if (choose("sharing value", value, sharing_names, &i, err) < 0)
		return -1;
	ps->m.sharing = (enum slip_mount_sharing)i;
	ps->has_sharing = true;
	return 0;
}

static int set_size(struct parser *ps, const char *value, struct slip_err *err)
{
	if (ps->m.type != SLIP_MOUNT_TMPFS)
		return wrong_type(ps, err);
	return parse_size(value, &ps->m.size) ? 0 : invalid_value(ps, value, err);
}

static int set_field(struct parser *ps, enum key key, const char *value, struct slip_err *err)
{
	struct slip_mount *m = &ps->m;

	switch (key) {
	case KEY_TYPE:
	case KEY_SHARING:
		return set_choice(ps, key, value, err);
	case KEY_FROM:
		return set_text(&m->from, value);
	case KEY_SOURCE:
		return set_text(&m->source, value);
	case KEY_TARGET:
		return set_text(&m->target, value);
	case KEY_ID:
		return set_text(&m->id, value);
	case KEY_ENV:
		return set_text(&m->env, value);
	case KEY_READONLY:
	case KEY_READWRITE:
	case KEY_REQUIRED:
		return set_bool(ps, key, value, err);
	case KEY_SIZE:
		return set_size(ps, value, err);
	case KEY_MODE:
		m->has_mode = true;
		return parse_number(ps, value, 8, &m->mode, err);
	case KEY_UID:
		m->has_uid = true;
		return parse_number(ps, value, 10, &m->uid, err);
	case KEY_GID:
		m->has_gid = true;
		return parse_number(ps, value, 10, &m->gid, err);
	}
	slip_bug("mount key %d", (int)key);
}

static int find_key(const struct parser *ps, enum key *out, struct slip_err *err)
{
	const char *names[SLIP_ARRAY_LEN(keys)];

	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++) {
		names[i] = keys[i].name;
		if (strcasecmp(keys[i].name, ps->name) == 0) {
			*out = keys[i].key;
			return 0;
		}
	}
	const char *near = slip_suggest(ps->name, names, SLIP_ARRAY_LEN(names), SLIP_TYPO_REACH);
	if (near)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"unexpected key '%.100s' in '%.200s' (did you mean %s?)", ps->name,
			ps->field, near);
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "unexpected key '%.100s' in '%.200s'",
		ps->name, ps->field);
}

/* What can be said about a field before its variables are known; expand and set it otherwise. */
static int parse_field(
	struct parser *ps, const struct slip_expand *x, const char *field, struct slip_err *err)
{
	const char *equals = strchr(field, '=');
	slip_autofree char *name =
		slip_xstrndup(field, equals ? (size_t)(equals - field) : strlen(field));
	slip_autofree char *value = NULL;
	enum key key = KEY_TYPE;

	ps->field = field;
	ps->name = name;
	bool known = find_key(ps, &key, equals ? err : NULL) == 0;
	if (equals && !known)
		return -1;
	if (!equals) {
		if (known && (key == KEY_READONLY || key == KEY_READWRITE || key == KEY_REQUIRED))
			return x ? set_bool(ps, key, NULL, err) : 0;
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid field '%.200s' must be a key=value pair", field);
	}
	if (key == KEY_FROM) {
		const char *dollar = strchr(equals, '$');
		if (dollar && dollar[1])
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"'%s' doesn't support variable expansion, define alias stage "
				"instead",
				name);
		return set_field(ps, key, equals + 1, err);
	}
	if (!x)
		return 0;
	if (slip_expand_word(x, equals + 1, &value, err) < 0)
		return -1;
	return set_field(ps, key, value, err);
}

/* --- the whole ------------------------------------------------------------------------------- */

static int not_allowed(const struct parser *ps, const char *what, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s not allowed for \"%s\" type mounts",
		what, type_names[ps->m.type]);
}

static int check_secret(const struct parser *ps, struct slip_err *err)
{
	const struct slip_mount *m = &ps->m;
	const char *what = NULL;

	if (m->type == SLIP_MOUNT_SSH)
		what = m->source ? "ssh does not support source" : NULL;
	else if (m->from)
		what = "secret mount should not have a from";
	else if (ps->has_sharing)
		what = "secret mount should not define sharing";
	else if (!m->source && !m->target && !m->id)
		what = "invalid secret mount. one of source, target required";
	else if (m->source && m->id)
		what = "both source and id can't be set";
	return what ? slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s", what) : 0;
}

static int check(const struct parser *ps, struct slip_err *err)
{
	const struct slip_mount *m = &ps->m;

	if (m->type == SLIP_MOUNT_BIND || m->type == SLIP_MOUNT_TMPFS) {
		if (m->has_mode)
			return not_allowed(ps, "mode", err);
		if (m->has_uid)
			return not_allowed(ps, "uid", err);
		if (m->has_gid)
			return not_allowed(ps, "gid", err);
	}
	if (is_secret(ps) && check_secret(ps, err) < 0)
		return -1;
	if (ps->has_sharing && m->type != SLIP_MOUNT_CACHE)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid cache sharing set for %s mount", type_names[m->type]);
	if (m->env && m->type != SLIP_MOUNT_SECRET)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"unexpected key 'env' for mount type '%s'", type_names[m->type]);
	slip_autofree char *clean = slip_path_clean(m->target ? m->target : ".");
	if (slip_streq(clean, "/"))
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "invalid mount target \"%.200s\"", m->target);
	return 0;
}

static void secret_defaults(struct slip_mount *m)
{
	if (m->source)
		m->id = slip_steal_ptr(&m->source);
	if (!m->id) {
		slip_autofree char *clean = slip_path_clean(m->target);
		m->id = slip_xstrdup(slip_path_base(clean));
	}
	if (!m->target && !m->env) {
		slip_autofree char *clean = slip_path_clean(m->id);
		m->target = slip_xasprintf("/run/secrets/%s", slip_path_base(clean));
	}
	if (!m->has_mode)
		m->mode = 0400;
}

static void fill_defaults(struct parser *ps)
{
	struct slip_mount *m = &ps->m;

	if (!ps->has_readonly)
		m->readonly = m->type != SLIP_MOUNT_CACHE && m->type != SLIP_MOUNT_TMPFS;
	if (m->type == SLIP_MOUNT_SECRET) {
		secret_defaults(m);
		return;
	}
	if (m->type == SLIP_MOUNT_SSH) {
		if (!m->id)
			m->id = slip_xstrdup("default");
		if (!m->has_mode)
			m->mode = 0600;
		return;
	}
	if (!m->target)
		m->target = slip_xstrdup(".");
	if (m->type == SLIP_MOUNT_TMPFS)
		return;
	if (!m->source)
		m->source = slip_xstrdup("/");
	if (m->type != SLIP_MOUNT_CACHE)
		return;
	if (!m->id)
		m->id = slip_path_clean(m->target);
	if (!m->has_mode)
		m->mode = 0755;
}

void slip_mount_release(struct slip_mount *m)
{
	free(m->from);
	free(m->source);
	free(m->target);
	free(m->id);
	free(m->env);
	*m = (struct slip_mount){0};
}

static void parser_release(struct parser *ps)
{
	slip_mount_release(&ps->m);
}

int slip_mount_parse(
	const char *text, const struct slip_expand *x, struct slip_mount *out, struct slip_err *err)
{
	const struct slip_expand nothing = {.escape = '\\'};
	slip_cleanup(parser_release) struct parser ps = {.m.type = SLIP_MOUNT_BIND};
	slip_autostrv fields = {0};
	/* Without a variable in it, all can be checked at once. */
	bool checks_only = !x;
	const struct slip_expand *with = checks_only && !strchr(text, '$') ? &nothing : x;

	if (split_fields(text, &fields, err) < 0)
		return -1;
	for (size_t i = 0; i < fields.n; i++) {
		if (parse_field(&ps, with, fields.v[i], err) < 0)
			return -1;
	}
	if (!with)
		return 0;
	if (check(&ps, err) < 0)
		return -1;
	if (checks_only)
		return 0;
	fill_defaults(&ps);
	*out = ps.m;
	ps.m = (struct slip_mount){0};
	return 0;
}
