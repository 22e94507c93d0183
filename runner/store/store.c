#include "config.h"

#include "runner/store/store.h"

#include "runner/base/clock.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/store/store_internal.h"

#include <errno.h>
#include <limits.h>
#include <sys/file.h>

#define TOUCH_INTERVAL 3600 /* seconds */
#define WORK_TRIES 100

const struct slip_store_root *slip_store_next_root(
	const struct slip_store *s, const struct slip_store_root *prev)
{
	if (!prev)
		return &s->home;
	return prev == &s->home && s->base.fd >= 0 ? &s->base : NULL;
}

char *slip_store_fresh_name(struct slip_store *s, const char *what)
{
	return slip_xasprintf("%s-%llu", what, atomic_fetch_add(&s->next, 1));
}

int slip_store_check_name(const char *what, const char *name, struct slip_err *err)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	if (n == 0 || name[n] || name[0] == '.' || n > SLIP_STORE_NAME_MAX)
		return slip_err_set(
			err, SLIP_E_BUG, 0, "\"%s\" cannot be the %s in the store", name, what);
	return 0;
}

int slip_store_list(int dirfd, const char *path, struct slip_strv *names, struct slip_err *err)
{
	struct slip_err why = SLIP_ERR_INIT;

	if (slip_list_names(dirfd, path, names, &why) == 0 || slip_err_is(&why, SLIP_E_NOTFOUND))
		return 0;
	return slip_err_copy(err, &why);
}

static int sync_directory_of(int dirfd, const char *path)
{
	slip_autofree char *parent = slip_path_dir(path);
	slip_autoclose int fd = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

int slip_store_publish(
	struct slip_store *s, int fd, const char *work_name, const char *path, struct slip_err *err)
{
	/* A failed fsync is final: the kernel may call the pages clean afterwards (fsync(2)). */
	if (fchmod(fd, 0444) < 0 || (s->durable && fdatasync(fd) < 0) ||
		renameat(s->workfd, work_name, s->home.fd, path) < 0 ||
		(s->durable && sync_directory_of(s->home.fd, path) < 0))
		return slip_err_set(err, SLIP_E_IO, errno, "store %s/%s", s->home.path, path);
	return 0;
}

void slip_store_touch(int dirfd, const char *path, const struct stat *st)
{
	if (slip_clock_now() - st->st_mtim.tv_sec > TOUCH_INTERVAL)
		(void)utimensat(dirfd, path, NULL, AT_SYMLINK_NOFOLLOW);
}

int slip_store_lock(int fd, int operation, bool *has)
{
	int r;

	do
		r = flock(fd, operation);
	while (r < 0 && errno == EINTR);
	*has = !(r < 0 && errno != EWOULDBLOCK);
	return *has ? r : 0;
}

/* A relative path in the environment counts for nothing (XDG base directory specification). */
static const char *absolute_env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

static char *default_path(void)
{
	const char *cache = absolute_env("XDG_CACHE_HOME");
	const char *home = absolute_env("HOME");

	if (cache)
		return slip_path_join(cache, "slipway");
	return home ? slip_path_join(home, ".cache/slipway") : NULL;
}

static void release_root(struct slip_store_root *root)
{
	slip_cleanup_close(&root->fd);
	root->fd = -1;
	free(root->path);
	root->path = NULL;
}

static int open_root(
	const char *path, struct slip_store_root *root, bool *locks, struct slip_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		if (slip_mkdir_p(path, 0700, err) < 0)
			return slip_err_wrap(err, "local store");
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open the local store %s", path);
	root->fd = fd;
	root->path = realpath(path, NULL);
	/* Waits for a pruning process, which needs milliseconds. */
	if (!root->path || slip_store_lock(fd, LOCK_SH, locks) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "lock the local store %s", path);
	return 0;
}

/* The directories of a store; -1 with errno. */
static int make_layout(int fd)
{
	static const char *const dirs[] = {
		"blobs", SLIP_STORE_BLOBS, SLIP_STORE_RECORDS, SLIP_STORE_TREES, SLIP_STORE_TMP};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(dirs); i++) {
		if (mkdirat(fd, dirs[i], 0700) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

/*
 * A new work directory, locked. Between mkdir and flock a cleaner of another process may take it
 * for a dead one: then it is locked, or gone, and another name is tried.
 */
static int try_work_dir(struct slip_store *s, int tmpfd, bool *again)
{
	uint64_t random;
	struct stat st;

	slip_random(&random, sizeof(random));
	slip_autofree char *name =
		slip_xasprintf("%ld-%016llx", (long)getpid(), (unsigned long long)random);
	*again = true;
	if (mkdirat(tmpfd, name, 0700) < 0) {
		*again = errno == EEXIST;
		return -1;
	}
	slip_autoclose int fd =
		openat(tmpfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		*again = errno == ENOENT;
		return -1;
	}
	if (slip_store_lock(fd, LOCK_EX | LOCK_NB, &s->locks) < 0)
		return -1;
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return -1;
	s->workfd = slip_steal_fd(&fd);
	s->work_path = slip_xasprintf("%s/" SLIP_STORE_TMP "/%s", s->home.path, name);
	s->work_name = slip_steal_ptr(&name);
	return 0;
}

/* Remove the work directories whose owners are dead. Trouble here is no reason to fail. */
static void remove_dead(struct slip_store *s, int tmpfd)
{
	slip_autostrv names = {0};

	if (!s->locks || slip_store_list(tmpfd, ".", &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		struct slip_err err = SLIP_ERR_INIT;
		bool has;
		if (slip_streq(names.v[i], s->work_name))
			continue;
		slip_autoclose int fd =
			openat(tmpfd, names.v[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || slip_store_lock(fd, LOCK_EX | LOCK_NB, &has) < 0 || !has)
			continue;
		if (slip_store_remove_dir(tmpfd, names.v[i], &err) < 0)
			slip_debug("left by a killed process: %s", err.msg);
	}
}

/* Make home writable for us: layout and work directory. *sys is errno on failure. */
static int settle(struct slip_store *s, int *sys)
{
	slip_autoclose int tmpfd = -1;
	bool again = true;

	if (make_layout(s->home.fd) == 0)
		tmpfd = openat(s->home.fd, SLIP_STORE_TMP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tmpfd < 0) {
		*sys = errno;
		return -1;
	}
	for (int i = 0; i < WORK_TRIES && again; i++) {
		if (try_work_dir(s, tmpfd, &again) == 0) {
			remove_dead(s, tmpfd);
			return 0;
		}
		*sys = errno;
	}
	return -1;
}

static int settle_temporary(struct slip_store *s, struct slip_err *err)
{
	const char *tmp = absolute_env("TMPDIR");
	int sys = 0;

	if (slip_make_temp_dir(tmp ? tmp : "/tmp", "slipway-", &s->temporary, err) < 0)
		return slip_err_wrap(err,
			"no place for the local store; set SLIPWAY_STORE to a writable directory");
	if (open_root(s->temporary, &s->home, &s->locks, err) < 0)
		return -1;
	if (settle(s, &sys) < 0)
		return slip_err_set(err, SLIP_E_IO, sys, "local store in %s", s->temporary);
	return 0;
}

/* What is there is read; all else is a store of our own. */
static int open_to_look(struct slip_store *s, const char *path, struct slip_err *err)
{
	if (path && access(path, F_OK) == 0 && open_root(path, &s->base, &s->locks, err) < 0)
		return -1;
	return settle_temporary(s, err);
}

static int open_store(struct slip_store *s, const char *path, bool must, struct slip_err *err)
{
	struct slip_err failure = SLIP_ERR_INIT;
	int sys = 0;

	if (path && open_root(path, &s->home, &s->locks, &failure) < 0) {
		release_root(&s->home);
		if (must)
			return slip_err_copy(err, &failure);
		slip_debug("%s", failure.msg);
	}
	if (s->home.fd < 0)
		return settle_temporary(s, err);
	if (settle(s, &sys) == 0)
		return 0;
	slip_warn("local store %s cannot be written (%s); what this run adds is not kept",
		s->home.path, strerror(sys));
	s->base = s->home;
	s->home = (struct slip_store_root){.fd = -1};
	return settle_temporary(s, err);
}

int slip_store_open(
	const struct slip_store_options *opt, struct slip_store **out, struct slip_err *err)
{
	slip_cleanup(slip_store_cleanup) struct slip_store *s = slip_xcalloc(1, sizeof(*s));
	const char *named = opt->path ? opt->path : getenv("SLIPWAY_STORE");
	bool is_named = named && named[0];
	slip_autofree char *fallback = is_named ? NULL : default_path();

	s->home.fd = -1;
	s->base.fd = -1;
	s->workfd = -1;
	s->durable = opt->durable;
	const char *path = is_named ? named : fallback;
	if (opt->look_only ? open_to_look(s, path, err) < 0
			   : open_store(s, path, is_named, err) < 0)
		return -1;
	*out = slip_steal_ptr(&s);
	return 0;
}

static void remove_work_dir(struct slip_store *s)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoclose int tmpfd =
		openat(s->home.fd, SLIP_STORE_TMP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (tmpfd >= 0 && slip_store_remove_dir(tmpfd, s->work_name, &err) < 0)
		slip_warn("%s", err.msg);
}

void slip_store_close(struct slip_store *s)
{
	struct slip_err err = SLIP_ERR_INIT;

	if (!s)
		return;
	if (s->work_name)
		remove_work_dir(s);
	slip_cleanup_close(&s->workfd);
	if (s->temporary && slip_store_remove_dir(AT_FDCWD, s->temporary, &err) < 0)
		slip_warn("%s", err.msg);
	release_root(&s->home);
	release_root(&s->base);
	free(s->temporary);
	free(s->work_name);
	free(s->work_path);
	free(s);
}

void slip_store_cleanup(struct slip_store **s)
{
	slip_store_close(*s);
}

const char *slip_store_path(const struct slip_store *s)
{
	return s->base.path ? s->base.path : s->home.path;
}

const char *slip_store_work_path(const struct slip_store *s)
{
	return s->work_path;
}
