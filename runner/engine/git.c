#include "config.h"

#include "runner/engine/git.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/engine/git_object.h"

#include <ctype.h>
#include <dirent.h>
#include <strings.h>

#define MAX_REF_FILE 4096
#define MAX_PACKED_REFS (64 * SLIP_MIB)
#define MAX_GIT_CONFIG SLIP_MIB
#define MAX_TAG_FILES 10000
#define MAX_OBJECT (256 * SLIP_KIB) /* of a commit or tag */

/* A small file without its trailing white space; NULL when it cannot be read. */
static char *read_small(const char *dir, const char *name, size_t max)
{
	slip_autofree char *path = slip_path_join(dir, name);
	slip_autobuf text;
	slip_buf_init(&text, max);
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
		slip_read_file(AT_FDCWD, path, &text, NULL) < 0)
		return NULL;
	while (text.len && isspace((unsigned char)text.data[text.len - 1]))
		slip_buf_truncate(&text, text.len - 1);
	return slip_buf_take(&text);
}

static bool is_sha(const char *s, size_t n)
{
	if (n != 40 && n != 64)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]) || isupper((unsigned char)s[i]))
			return false;
	}
	return true;
}

/* A ref's name comes from the repository and becomes a path. */
static bool is_safe_ref(const char *ref)
{
	return slip_starts_with(ref, "refs/") && !strstr(ref, "..") && strlen(ref) < 1024;
}

/* --- where the repository is ------------------------------------------------------------------ */

/* .git is a directory, or in worktrees and submodules a file "gitdir: <path>". */
static char *git_dir(const char *top)
{
	slip_autofree char *dot = slip_path_join(top, ".git");
	struct stat st;
	if (stat(dot, &st) < 0)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return slip_steal_ptr(&dot);
	slip_autofree char *text = read_small(top, ".git", MAX_REF_FILE);
	if (!text || !slip_starts_with(text, "gitdir: "))
		return NULL;
	return slip_path_join(top, text + strlen("gitdir: "));
}

static bool find_dir(const char *start, struct slip_git_place *out)
{
	slip_autofree char *top = slip_path_clean(start);
	for (;;) {
		out->dir = git_dir(top);
		if (out->dir)
			break;
		if (slip_streq(top, "/") || slip_streq(top, "."))
			return false;
		char *up = slip_path_dir(top);
		free(top);
		top = up;
	}
	slip_autofree char *common = read_small(out->dir, "commondir", MAX_REF_FILE);
	out->common = common ? slip_path_join(out->dir, common) : slip_xstrdup(out->dir);
	out->root = slip_steal_ptr(&top);
	return true;
}

/* --- refs ------------------------------------------------------------------------------------- */

/*
 * Lines of packed-refs: "<sha> <ref>", after an annotated tag "^<sha of its commit>".
 * Finds either the sha of `ref`, or the first tag of commit `sha`.
 */
static char *search_packed(const struct slip_git_place *r, const char *ref, const char *sha)
{
	slip_autofree char *text = read_small(r->common, "packed-refs", MAX_PACKED_REFS);
	const char *name = NULL;
	size_t name_len = 0;
	for (char *line = text; line && *line;) {
		size_t len = strcspn(line, "\n"), hex = strspn(line, "0123456789abcdef");
		bool peeled = *line == '^';
		const char *value = peeled ? line + 1 : line;
		if (!peeled && is_sha(line, hex) && hex < len && line[hex] == ' ') {
			name = line + hex + 1;
			name_len = len - hex - 1;
		}
		if (ref && !peeled && name && strlen(ref) == name_len &&
			strncmp(name, ref, name_len) == 0)
			return slip_xstrndup(line, hex);
		if (sha && name && name_len > 10 && slip_starts_with(name, "refs/tags/") &&
			strncmp(value, sha, strlen(sha)) == 0)
			return slip_xstrndup(name + 10, name_len - 10);
		line += len + (line[len] == '\n');
	}
	return NULL;
}

static char *resolve_ref(const struct slip_git_place *r, const char *ref)
{
	if (!is_safe_ref(ref))
		return NULL;
	slip_autofree char *loose = read_small(r->common, ref, MAX_REF_FILE);
	if (loose && is_sha(loose, strlen(loose)))
		return slip_steal_ptr(&loose);
	return search_packed(r, ref, NULL);
}

static void read_head(const struct slip_git_place *r, struct slip_git *g)
{
	slip_autofree char *head = read_small(r->dir, "HEAD", MAX_REF_FILE);
	if (!head)
		return;
	if (is_sha(head, strlen(head))) {
		g->sha = slip_steal_ptr(&head);
	} else if (slip_starts_with(head, "ref: refs/heads/")) {
		g->branch = slip_xstrdup(head + strlen("ref: refs/heads/"));
		g->sha = resolve_ref(r, head + strlen("ref: "));
	}
}

/* Is it this commit, or an annotated tag of it? One that was just made is a loose object. */
static bool is_tag_of(const struct slip_git_place *r, const char *value, const char *sha)
{
	slip_autobuf object;
	slip_autofree char *target = NULL;
	slip_buf_init(&object, MAX_OBJECT);
	if (slip_streq(value, sha))
		return true;
	return slip_git_object_read_loose(r, value, &object) == SLIP_GIT_TAG &&
	       slip_git_object_header(&object, "object", &target) && slip_streq(target, sha);
}

/* The first tag in byte order, so that the answer does not depend on the directory's order. */
static char *find_loose_tag(const struct slip_git_place *r, const char *sha)
{
	slip_autofree char *path = slip_path_join(r->common, "refs/tags");
	char *best = NULL;
	DIR *d = opendir(path);
	size_t seen = 0;
	for (struct dirent *e; d && seen < MAX_TAG_FILES && (e = readdir(d)); seen++) {
		if (e->d_name[0] == '.' || (best && strcmp(e->d_name, best) >= 0))
			continue;
		slip_autofree char *value = read_small(path, e->d_name, MAX_REF_FILE);
		if (!value || !is_tag_of(r, value, sha))
			continue;
		free(best);
		best = slip_xstrdup(e->d_name);
	}
	if (d)
		closedir(d);
	return best;
}

/* "Ann <ann@example.com> 1772616030 +0100" */
static int64_t time_of(const char *person)
{
	const char *mail = strrchr(person, '>');
	char *end = NULL;
	long long t = mail ? strtoll(mail + 1, &end, 10) : -1;
	return end && *end == ' ' && t >= 0 ? t : -1;
}

static void read_commit(const struct slip_git_place *r, struct slip_git *g)
{
	slip_autobuf object;
	slip_autofree char *committer = NULL;
	slip_buf_init(&object, MAX_OBJECT);
	if (slip_git_object_read(r, g->sha, &object) != SLIP_GIT_COMMIT)
		return;
	if (slip_git_object_header(&object, "committer", &committer))
		g->time = time_of(committer);
	if (slip_git_object_header(&object, "author", &g->author) && strchr(g->author, '>'))
		strrchr(g->author, '>')[1] = '\0';
	const char *message = strstr(object.data, "\n\n");
	if (message)
		g->title = slip_xstrndup(message + 2, strcspn(message + 2, "\n"));
}

/* --- configuration ---------------------------------------------------------------------------- */

/* "https://user:token@host/path" without what is before '@'. */
static char *without_credentials(const char *url)
{
	const char *rest = strstr(url, "://");
	const char *at = rest ? strchr(rest + 3, '@') : NULL;
	if (!at || memchr(rest + 3, '/', (size_t)(at - rest) - 3))
		return slip_xstrdup(url);
	return slip_xasprintf("%.*s%s", (int)(rest + 3 - url), url, at + 1);
}

/*
 * A value of .git/config: of the last line "key = value" in a section whose line begins so. Quotes,
 * continued lines and includes are not for the values that are asked for here.
 */
static char *config_value(const struct slip_git_place *r, const char *section, const char *key)
{
	slip_autofree char *text = read_small(r->common, "config", MAX_GIT_CONFIG);
	slip_autofree char *value = NULL;
	bool inside = false;
	for (char *line = text; line && *line;) {
		size_t len = strcspn(line, "\n");
		slip_autofree char *copy = slip_xstrndup(line, len);
		char *p = copy + strspn(copy, " \t");
		size_t n = strcspn(p, " \t=");
		const char *equals = strchr(p, '=');
		if (*p == '[')
			inside = strncasecmp(p, section, strlen(section)) == 0;
		if (inside && equals && n == strlen(key) && strncasecmp(p, key, n) == 0) {
			free(value);
			value = slip_xstrdup(equals + 1 + strspn(equals + 1, " \t"));
			value[strcspn(value, "\r")] = '\0';
		}
		line += len + (line[len] == '\n');
	}
	return slip_steal_ptr(&value);
}

bool slip_git_find(const char *dir, struct slip_git_place *out)
{
	*out = (struct slip_git_place){0};
	if (!find_dir(dir, out))
		return false;
	slip_autofree char *modes = config_value(out, "[core]", "filemode");
	slip_autofree char *format = config_value(out, "[extensions]", "objectformat");
	out->has_file_modes = !modes || !slip_streq(modes, "false");
	out->hash_size = format && slip_streq(format, "sha256") ? 32 : 20;
	return true;
}

void slip_git_place_release(struct slip_git_place *p)
{
	free(p->root);
	free(p->dir);
	free(p->common);
	*p = (struct slip_git_place){0};
}

/* The host of "[user[:password]@]host[:port]", with the port where it is one of HTTP. */
static char *authority(const char *text, size_t len, bool keeps_port)
{
	slip_autofree char *all = slip_xstrndup(text, len);
	const char *at = strrchr(all, '@');
	const char *host = at ? at + 1 : all;
	const char *colon = strrchr(host, ':');
	bool is_port = colon && colon[1 + strspn(colon + 1, "0123456789")] == '\0';
	return slip_xstrndup(host, is_port && !keeps_port ? (size_t)(colon - host) : strlen(host));
}

bool slip_git_web_url(const char *url, char **page, char **path)
{
	const char *rest = strstr(url, "://"), *end = NULL;
	bool is_http = slip_starts_with(url, "https://") || slip_starts_with(url, "http://");
	if (is_http || slip_starts_with(url, "ssh://") || slip_starts_with(url, "git://")) {
		rest += 3;
		end = strchr(rest, '/');
	} else if (!rest && (end = strchr(url, ':')) && !memchr(url, '/', (size_t)(end - url))) {
		rest = url; /* scp's form, "git@host:team/app.git" */
	}
	if (!rest || !end || end == rest)
		return false;
	slip_autofree char *host = authority(rest, (size_t)(end - rest), is_http);
	slip_autofree char *name = slip_path_clean_rooted(end + 1);
	if (slip_ends_with(name, ".git"))
		name[strlen(name) - strlen(".git")] = '\0';
	if (!*host || !*name)
		return false;
	const char *scheme = slip_starts_with(url, "http://") ? "http" : "https";
	*page = slip_xasprintf("%s://%s/%s", scheme, host, name);
	*path = slip_steal_ptr(&name);
	return true;
}

void slip_git_read(const char *dir, struct slip_git *out)
{
	*out = (struct slip_git){.time = -1};
	slip_cleanup(slip_git_place_release) struct slip_git_place r;
	if (!slip_git_find(dir, &r))
		return;
	out->root = slip_xstrdup(r.root);
	read_head(&r, out);
	slip_autofree char *url = config_value(&r, "[remote \"origin\"]", "url");
	out->url = url ? without_credentials(url) : NULL;
	slip_autofree char *origin = read_small(r.common, "refs/remotes/origin/HEAD", MAX_REF_FILE);
	static const char prefix[] = "ref: refs/remotes/origin/";
	if (origin && slip_starts_with(origin, prefix))
		out->default_branch = slip_xstrdup(origin + sizeof(prefix) - 1);
	if (out->sha) {
		read_commit(&r, out);
		out->tag = find_loose_tag(&r, out->sha);
		if (!out->tag)
			out->tag = search_packed(&r, NULL, out->sha);
	}
}

void slip_git_release(struct slip_git *g)
{
	free(g->root);
	free(g->sha);
	free(g->branch);
	free(g->tag);
	free(g->author);
	free(g->title);
	free(g->default_branch);
	free(g->url);
	*g = (struct slip_git){0};
}
