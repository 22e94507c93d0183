#include "config.h"

#include "runner/base/path.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static void is_text(char *got, const char *want, const char *name)
{
	is_str(got, want, "%s", name);
	free(got);
}

static void test_words(void)
{
	static const char *const rows[][3] = {
		/* path, clean, clean below a root */
		{"", ".", ""},
		{"/", "/", ""},
		{".", ".", ""},
		{"..", "..", ""},
		{"a//b/./c/../d", "a/b/d", "a/b/d"},
		{"/x/..", "/", ""},
		{"/../../x", "/x", "x"},
		{"../../x", "../../x", "x"},
		{"a/../../x", "../x", "x"},
		{"a/b/../..", ".", ""},
		{"///a///", "/a", "a"},
		{"./...", "...", "..."},
		{"..a/..", ".", ""},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		is_text(slip_path_clean(rows[i][0]), rows[i][1], rows[i][0]);
		is_text(slip_path_clean_rooted(rows[i][0]), rows[i][2], rows[i][0]);
	}
	is_text(slip_path_join("a/b", "../c"), "a/c", "join");
	is_text(slip_path_join("a", "/c/"), "/c", "join with an absolute path");
	is_text(slip_path_join("", "c"), "/c", "join with nothing");
	is_text(slip_path_dir("a/b"), "a", "dir");
	is_text(slip_path_dir("/a"), "/", "dir below the root");
	is_text(slip_path_dir("a"), ".", "dir of a name");
	is_text(slip_path_dir("/"), "/", "dir of the root");
	is_str(slip_path_base("a/b"), "b", "base");
	is_str(slip_path_base("a"), "a", "base of a name");
	is_str(slip_path_base("/"), "/", "base of the root");
	ok(slip_path_is_below("/a/b", "/a") && slip_path_is_below("/a", "/a/") &&
			slip_path_is_below("/a", "/") && !slip_path_is_below("/ab", "/a") &&
			!slip_path_is_below("/a", "/a/b"),
		"below");
}

/* What is at path: the first bytes of a file, "dir", "link" (opened itself) or the errno's name. */
static const char *look(int root, const char *path, int flags)
{
	static char text[64];
	slip_autoclose int fd = -1;
	struct slip_err err = SLIP_ERR_INIT;
	struct stat st;
	if (slip_open_in_root(root, path, flags, 0, &fd, &err) < 0)
		return strerrorname_np(err.sys);
	if (fstat(fd, &st) < 0)
		return "no stat";
	if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC))
		return "not close-on-exec";
	if (S_ISDIR(st.st_mode))
		return "dir";
	if (S_ISLNK(st.st_mode))
		return "link";
	ssize_t n = flags & O_PATH ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void test_links(int root)
{
	static const struct {
		const char *path;
		int flags;
		const char *want;
	} rows[] = {
		{"", O_RDONLY, "dir"},
		{"/", O_RDONLY, "dir"},
		{"..", O_RDONLY, "dir"},
		{"../../etc/passwd", O_RDONLY, "inner"},
		{"/etc/passwd", O_RDONLY, "inner"},
		{"etc//./passwd", O_RDONLY, "inner"},
		{"etc/passwd/", O_RDONLY, "ENOTDIR"},
		{"etc/passwd/x", O_RDONLY, "ENOTDIR"},
		{"none", O_RDONLY, "ENOENT"},
		{"none/x", O_RDONLY, "ENOENT"},
		{"up", O_RDONLY, "inner"},
		{"abs", O_RDONLY, "inner"},
		{"abs", O_RDONLY | O_NOFOLLOW, "ELOOP"},
		{"abs", O_PATH | O_NOFOLLOW, "link"},
		{"absdir/passwd", O_RDONLY, "inner"},
		{"absdir", O_RDONLY | O_DIRECTORY, "dir"},
		{"absdir/", O_RDONLY | O_NOFOLLOW, "dir"},
		{"absdir/..", O_RDONLY, "dir"},
		{"deep/up/passwd", O_RDONLY, "inner"},
		{"chain", O_RDONLY, "inner"},
		{"loop", O_RDONLY, "ELOOP"},
		{"loop/x", O_RDONLY, "ELOOP"},
		{"dangling", O_RDONLY, "ENOENT"},
		{"etc/passwd", O_RDONLY | O_DIRECTORY, "ENOTDIR"},
		{"link39", O_RDONLY, "inner"},
		{"link40", O_RDONLY, "ELOOP"},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++)
		is_str(look(root, rows[i].path, rows[i].flags), rows[i].want, "%s (%o)",
			rows[i].path, (unsigned)rows[i].flags);
	char name[SLIP_ERR_MSG_MAX / 4];
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	is_str(look(root, name, O_RDONLY), "ENAMETOOLONG", "a name of 256 bytes");
	name[255] = '\0';
	is_str(look(root, name, O_RDONLY), "long", "is not the file whose name is its start");
	name[255] = 'n';
	name[256] = '/';
	name[257] = '\0';
	is_str(look(root, name, O_RDONLY), "ENAMETOOLONG", "also as a directory");
}

static int create(int root, const char *path, int flags)
{
	slip_autoclose int fd = -1;
	struct slip_err err = SLIP_ERR_INIT;
	return slip_open_in_root(root, path, O_WRONLY | O_CREAT | flags, 0640, &fd, &err) < 0
		       ? err.sys
		       : 0;
}

static void test_create(int root, const char *dir)
{
	umask(022);
	is_int(create(root, "etc/new", 0), 0, "a file is made");
	is_shell("640\n", "with its mode", "stat -c %%a %s/root/etc/new", dir);
	is_int(create(root, "etc/new", O_EXCL), EEXIST, "once");
	is_int(create(root, "dangling", O_EXCL), EEXIST, "exclusively: not through a link");
	is_shell("no\n", "nothing was made", "test -e %s/root/etc/nothere && echo yes || echo no",
		dir);
	is_int(create(root, "dangling", O_NOFOLLOW), ELOOP, "nor when links are not followed");
	is_int(create(root, "dangling", 0), 0, "a dangling link's target is made");
	is_shell("yes\n", "inside", "test -f %s/root/etc/nothere && echo yes", dir);
	is_int(create(root, "outlink", 0), ENOENT, "a target outside stays unmade");
	is_shell("ok\n", "outside is untouched", "test $(ls %s/outside | wc -l) = 1 && echo ok",
		dir);
	slip_autoclose int fd = -1;
	is_int(slip_open_in_root(root, "etc", O_RDONLY | O_DIRECTORY, 0644, &fd, NULL), 0,
		"a mode without use is no error");
}

static void test_parent(int root)
{
	char name[256];
	int fd = -1;
	ok(slip_open_parent_in_root(root, "absdir/new", &fd, name, NULL) == 0, "parent by a link");
	is_str(name, "new", "the last name");
	ok(faccessat(fd, "passwd", F_OK, 0) == 0, "in the link's target");
	close(fd);
	ok(slip_open_parent_in_root(root, "/../..", &fd, name, NULL) == 0, "of the root");
	is_str(name, ".", "it is .");
	close(fd);
	struct slip_err err = SLIP_ERR_INIT;
	ok(slip_open_parent_in_root(root, "none/x", &fd, name, &err) == -1 &&
			slip_err_is(&err, SLIP_E_NOTFOUND),
		"of nothing");
	char longer[300];
	memset(longer, 'n', 256);
	longer[256] = '\0';
	slip_err_clear(&err);
	ok(slip_open_parent_in_root(root, longer, &fd, name, &err) == -1 && err.sys == ENAMETOOLONG,
		"a name that is too long");
}

/* Swaps a directory for a link that leads out, and moves it about, while others walk through it. */
struct swapper {
	int root;
	atomic_bool stop;
};

static void *swap(void *arg)
{
	struct swapper *s = arg;
	while (!atomic_load(&s->stop)) {
		renameat2(s->root, "race/a", s->root, "race/link", RENAME_EXCHANGE);
		renameat(s->root, "race/b/sub", s->root, "sub");
		renameat(s->root, "sub", s->root, "race/b/sub");
	}
	return NULL;
}

static void test_race(int root)
{
	static const char *const paths[] = {"race/a/../../../secret", "race/a/../link/secret",
		"race/b/sub/../../../../../outside/secret", "race/link/secret"};
	struct swapper s = {.root = root};
	pthread_t thread;
	if (pthread_create(&thread, NULL, swap, &s) != 0)
		slip_bug("no thread");
	int escapes = 0, found = 0;
	for (int i = 0; i < 8000; i++) {
		slip_autoclose int fd = -1;
		char text[8] = "";
		if (slip_open_in_root(root, paths[i % 4], O_RDONLY, 0, &fd, NULL) < 0)
			continue;
		found++;
		escapes += read(fd, text, 7) > 0 && strncmp(text, "outer", 5) == 0;
	}
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	is_int(escapes, 0, "no race leads outside");
	ok(found > 0, "and %d of 8000 lead to something inside", found);
}

int main(void)
{
	test_words();
	autoscratch dir = scratch_new();
	is_shell("", "a tree of traps",
		"cd %s && mkdir -p outside root/etc root/deep root/race/a root/race/b/sub &&"
		"echo outer | tr -d '\\n' >outside/secret && cd root &&"
		"mkdir outside && printf inner >etc/passwd && cp etc/passwd secret && cp secret "
		"outside &&"
		"true && ln -s ../../../../etc/passwd up &&"
		"ln -s /etc/passwd abs && ln -s /etc absdir && ln -s ../../../etc deep/up &&"
		"ln -s up chain && ln -s loop loop && ln -s /etc/nothere dangling &&"
		"ln -s %s/outside/made outlink && ln -s etc/passwd link1 &&"
		"for i in $(seq 2 40); do ln -s link$((i - 1)) link$i; done && mv link40 l41 &&"
		"ln -s l41 link40 && ln -s ../../outside race/link &&"
		"printf long >$(printf 'n%%.0s' $(seq 255))",
		dir.path, dir.path);
	slip_autofree char *path = slip_path_join(dir.path, "root");
	slip_autoclose int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	diag("openat2: %s",
		syscall(SYS_openat2, -1, "", NULL, 0) < 0 && errno == ENOSYS ? "no" : "yes");
	test_links(root);
	test_create(root, dir.path);
	test_parent(root);
	test_race(root);
	return done_testing();
}
