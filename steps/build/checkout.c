#include "config.h"

#include "steps/build/checkout.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/map.h"
#include "runner/base/path.h"
#include "runner/base/strv.h"
#include "runner/engine/git.h"
#include "runner/engine/git_index.h"

/* What the map holds: a file's kind where the disk does not tell it, or that the disk does. */
static const char directory[] = "directory", by_disk[] = "by disk", plain[] = "0644",
		  executable[] = "0755";

struct slip_checkout {
	struct slip_map tracked; /* path below the directory -> one of the above */
};

struct reading {
	struct slip_checkout *checkout;
	const char *dir; /* what is asked for */
	const char *root; /* of the repository being read */
	bool has_file_modes;
	struct slip_strv *submodules; /* absolute */
};

/* Directories come to be by what is in them. */
static void add(struct slip_map *tracked, const char *path, const char *what)
{
	slip_map_set(tracked, path, (void *)what);
	slip_autofree char *dir = slip_xstrdup(path);
	for (char *slash; (slash = strrchr(dir, '/'));) {
		*slash = '\0';
		if (slip_map_has(tracked, dir))
			return;
		slip_map_set(tracked, dir, (void *)directory);
	}
	slip_map_set(tracked, "", (void *)directory);
}

static void add_entry(void *ctx, const char *path, unsigned mode)
{
	const struct reading *r = ctx;
	slip_autofree char *full = slip_path_join(r->root, path);
	if (mode == SLIP_GIT_SUBMODULE && r->submodules->n < SLIP_MAX_SUBMODULES)
		slip_strv_add(r->submodules, full);
	if (!slip_path_is_below(full, r->dir) || slip_streq(full, r->dir))
		return;
	const char *below = full + strlen(r->dir);
	below += *below == '/';
	if (mode == SLIP_GIT_SUBMODULE)
		add(&r->checkout->tracked, below, directory);
	else if (mode == SLIP_GIT_FILE || mode == SLIP_GIT_EXECUTABLE)
		add(&r->checkout->tracked, below,
			r->has_file_modes	? by_disk
			: mode == SLIP_GIT_FILE ? plain
						: executable);
}

static int read_index(struct reading *r, const struct slip_git_place *place, struct slip_err *err)
{
	slip_autobuf data;
	struct slip_err why = SLIP_ERR_INIT;
	slip_autofree char *path = slip_path_join(place->dir, "index");
	slip_buf_init(&data, SLIP_MAX_GIT_INDEX);
	if (slip_read_file(AT_FDCWD, path, &data, &why) < 0)
		return slip_err_is(&why, SLIP_E_NOTFOUND) ? 0 : slip_err_copy(err, &why);
	r->root = place->root;
	r->has_file_modes = place->has_file_modes;
	if (slip_git_index_parse(data.data, data.len, place->hash_size, add_entry, r, err) < 0)
		return slip_err_wrap(err, "%s", path);
	return 0;
}

/* A submodule that is not checked out has no repository, and finds the one around it. */
static int read_submodule(struct reading *r, const char *dir, struct slip_err *err)
{
	slip_cleanup(slip_git_place_release) struct slip_git_place place = {0};
	slip_autofree char *real = realpath(dir, NULL);
	if (!real || !slip_streq(real, dir) || !slip_git_find(dir, &place) ||
		!slip_streq(place.root, dir))
		return 0;
	return read_index(r, &place, err);
}

static int read_all(struct slip_checkout *c, const char *dir, struct slip_err *err)
{
	slip_cleanup(slip_git_place_release) struct slip_git_place place = {0};
	slip_autostrv submodules = {0};
	struct reading r = {.checkout = c, .dir = dir, .submodules = &submodules};
	if (!slip_git_find(dir, &place))
		return 0;
	if (read_index(&r, &place, err) < 0)
		return -1;
	for (size_t i = 0; i < submodules.n; i++) {
		slip_autofree char *path = slip_xstrdup(submodules.v[i]);
		if (read_submodule(&r, path, err) < 0)
			return -1;
	}
	return 0;
}

int slip_checkout_open(const char *dir, struct slip_checkout **out, struct slip_err *err)
{
	struct slip_checkout *c = slip_xcalloc(1, sizeof(*c));
	slip_map_init(&c->tracked, NULL);
	int rc = read_all(c, dir, err);
	if (rc == 0 && c->tracked.n)
		*out = slip_steal_ptr(&c);
	slip_checkout_free(c);
	return rc;
}

void slip_checkout_free(struct slip_checkout *c)
{
	if (!c)
		return;
	slip_map_release(&c->tracked);
	free(c);
}

/* What stands there now may be of another type than what git has: its mode is its own. */
mode_t slip_checkout_mode(const struct slip_checkout *c, const char *path, mode_t mode)
{
	const char *what = c ? slip_map_get(&c->tracked, path) : NULL;
	if (what == directory && S_ISDIR(mode))
		return S_IFDIR | 0755;
	if (!what || what == directory || !S_ISREG(mode))
		return mode;
	if (what == executable || (what == by_disk && mode & S_IXUSR))
		return S_IFREG | 0755;
	return S_IFREG | 0644;
}
