#include "config.h"

#include "steps/build/user.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"

#define MAX_FIELDS 7

/* One line of passwd or group, cut at its colons. */
struct record {
	const char *field[MAX_FIELDS];
	size_t len[MAX_FIELDS];
	size_t n;
};

static bool next_record(const char **at, struct record *rec)
{
	if (!**at)
		return false;
	const char *end = strchrnul(*at, '\n');
	const char *p = *at;
	rec->n = 0;
	while (rec->n < MAX_FIELDS) {
		size_t n = 0;
		while (p + n < end && p[n] != ':')
			n++;
		rec->field[rec->n] = p;
		rec->len[rec->n++] = n;
		if (p + n >= end)
			break;
		p += n + 1;
	}
	*at = *end ? end + 1 : end;
	return true;
}

static bool number(const char *s, size_t n, uint32_t *out)
{
	uint64_t v = 0;
	if (!n || n > 10)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	if (v > UINT32_MAX - 1)
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool is_number(const char *s, uint32_t *out)
{
	return number(s, strlen(s), out);
}

static bool field_is(const struct record *rec, size_t i, const char *text)
{
	return rec->n > i && rec->len[i] == strlen(text) &&
	       memcmp(rec->field[i], text, rec->len[i]) == 0;
}

/* The text of a file in the root; a file that does not exist is empty. */
static int load(struct slip_rootfs *r, const char *path, struct slip_buf *out, struct slip_err *err)
{
	slip_buf_init(out, SLIP_MAX_PASSWD);
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_rootfs_read(r, path, out, &why) == 0 || slip_err_is(&why, SLIP_E_NOTFOUND))
		return 0;
	return slip_err_copy(err, &why);
}

/* The passwd entry of a name, or of a number. */
static bool find_user(const char *passwd, const char *name, struct slip_user *u)
{
	uint32_t wanted, uid, gid;
	bool by_number = is_number(name, &wanted);
	struct record rec;
	while (next_record(&passwd, &rec)) {
		if (rec.n < 4 || !number(rec.field[2], rec.len[2], &uid) ||
			!number(rec.field[3], rec.len[3], &gid))
			continue;
		if (by_number ? uid != wanted : !field_is(&rec, 0, name))
			continue;
		u->uid = uid;
		u->gid = gid;
		if (rec.n > 5) {
			free(u->home);
			u->home = slip_xmemdup(rec.field[5], rec.len[5]);
		}
		return true;
	}
	return false;
}

static bool find_group(const char *group, const char *name, uint32_t *gid)
{
	struct record rec;
	while (next_record(&group, &rec)) {
		if (field_is(&rec, 0, name) && rec.n > 2 && number(rec.field[2], rec.len[2], gid))
			return true;
	}
	return false;
}

static bool lists_member(const struct record *rec, const char *name)
{
	size_t n = strlen(name);
	const char *p = rec->n > 3 ? rec->field[3] : "";
	const char *end = rec->n > 3 ? p + rec->len[3] : p;
	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t len = (size_t)((comma ? comma : end) - p);
		if (len == n && memcmp(p, name, n) == 0)
			return true;
		p += len + 1;
	}
	return false;
}

static void add_groups(const char *group, const char *name, struct slip_user *u)
{
	struct record rec;
	uint32_t gid;
	while (u->n_groups < SLIP_MAX_GROUPS && next_record(&group, &rec)) {
		if (lists_member(&rec, name) && number(rec.field[2], rec.len[2], &gid) &&
			gid != u->gid)
			u->groups[u->n_groups++] = gid;
	}
}

/*
 * The primary group is among the supplementary ones too, so that a file that is closed to it stays
 * closed (CVE-2022-36109 in other engines).
 */
static void add_primary_group(struct slip_user *u)
{
	u->groups[u->n_groups++] = u->gid;
}

/* The name that passwd has for a uid, for the groups that list it; the caller's, or NULL. */
static char *name_of(const char *passwd, uint32_t wanted)
{
	struct record rec;
	uint32_t uid;
	while (next_record(&passwd, &rec)) {
		if (rec.n > 2 && number(rec.field[2], rec.len[2], &uid) && uid == wanted)
			return slip_xmemdup(rec.field[0], rec.len[0]);
	}
	return NULL;
}

static int unknown(const char *what, const char *name, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"unable to find %s %s: no matching entries in the image's /etc/%s", what, name,
		slip_streq(what, "user") ? "passwd" : "group");
}

static int resolve_group(
	struct slip_rootfs *r, const char *name, uint32_t *gid, struct slip_err *err)
{
	if (is_number(name, gid))
		return 0;
	slip_autobuf group;
	slip_buf_init(&group, 0);
	if (load(r, "etc/group", &group, err) < 0)
		return -1;
	return find_group(group.data, name, gid) ? 0 : unknown("group", name, err);
}

static void split(const char *text, char **user, char **group)
{
	const char *colon = strchr(text, ':');
	*user = colon ? slip_xstrndup(text, (size_t)(colon - text)) : slip_xstrdup(text);
	*group = colon ? slip_xstrdup(colon + 1) : NULL;
}

void slip_user_release(struct slip_user *u)
{
	slip_cleanup_free(&u->home);
}

int slip_user_for_run(
	struct slip_rootfs *r, const char *text, struct slip_user *u, struct slip_err *err)
{
	slip_autofree char *user = NULL, *group = NULL;
	slip_autobuf passwd, groups;
	slip_buf_init(&passwd, 0);
	slip_buf_init(&groups, 0);
	memset(u, 0, sizeof(*u));
	split(text ? text : "", &user, &group);
	if (load(r, "etc/passwd", &passwd, err) < 0 || load(r, "etc/group", &groups, err) < 0)
		return -1;
	const char *name = *user ? user : "0";
	uint32_t uid;
	bool by_number = is_number(name, &uid);
	if (!find_user(passwd.data, name, u)) {
		if (!by_number)
			return unknown("user", name, err);
		u->uid = uid;
	}
	if (group && resolve_group(r, group, &u->gid, err) < 0)
		return -1;
	slip_autofree char *listed = group	 ? NULL
				     : by_number ? name_of(passwd.data, uid)
						 : slip_xstrdup(name);
	add_primary_group(u);
	if (listed)
		add_groups(groups.data, listed, u);
	return 0;
}

static bool env_has(const struct slip_strv *env, const char *prefix)
{
	for (size_t i = 0; i < env->n; i++) {
		if (slip_starts_with(env->v[i], prefix))
			return true;
	}
	return false;
}

void slip_user_apply(const struct slip_user *u, struct slip_sandbox_spec *spec)
{
	if (!env_has(&spec->env, "HOME="))
		slip_strv_addf(&spec->env, "HOME=%s", u->home && *u->home ? u->home : "/");
	spec->uid = u->uid;
	spec->gid = u->gid;
	spec->groups = u->groups;
	spec->n_groups = u->n_groups;
}

int slip_user_for_chown(
	struct slip_rootfs *r, const char *text, uint32_t *uid, uint32_t *gid, struct slip_err *err)
{
	slip_autofree char *user = NULL, *group = NULL;
	split(text, &user, &group);
	struct slip_user u = {0};
	slip_autobuf passwd;
	slip_buf_init(&passwd, 0);
	if (is_number(user, &u.uid)) {
		u.gid = u.uid;
	} else if (*user) {
		if (load(r, "etc/passwd", &passwd, err) < 0)
			return -1;
		if (!find_user(passwd.data, user, &u)) {
			slip_user_release(&u);
			return unknown("user", user, err);
		}
	}
	slip_user_release(&u);
	*uid = u.uid;
	*gid = group ? 0 : u.gid;
	return group && *group ? resolve_group(r, group, gid, err) : 0;
}

int slip_user_for_workdir(struct slip_rootfs *r, const char *text, uint32_t *uid, uint32_t *gid,
	char **doubt, struct slip_err *err)
{
	*doubt = NULL;
	*uid = *gid = 0;
	if (!text || !*text)
		return 0;
	slip_autofree char *user = NULL, *group = NULL;
	split(text, &user, &group);
	/* As in BuildKit: a missing group is the user's own, a bare number is its own group. */
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_user_for_chown(r, group && !*group ? user : text, uid, gid, &why) == 0)
		return 0;
	if (!slip_err_is(&why, SLIP_E_DOCKERFILE))
		return slip_err_copy(err, &why);
	/* USER is not checked before something runs, and an image from scratch may never run here.
	 */
	*doubt = slip_xasprintf("WORKDIR belongs to root: %s", why.msg);
	*uid = *gid = 0;
	return 0;
}
