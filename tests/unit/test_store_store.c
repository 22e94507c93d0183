#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/proc.h"
#include "runner/store/store.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>

static struct slip_err err = SLIP_ERR_INIT;

static struct slip_store *open_at(const char *path)
{
	struct slip_store_options opt = {.path = path};
	struct slip_store *s = NULL;

	slip_err_clear(&err);
	if (slip_store_open(&opt, &s, &err) < 0)
		diag("%s", err.msg);
	return s;
}

static void test_blobs(const char *path)
{
	slip_cleanup(slip_store_cleanup) struct slip_store *s = open_at(path);
	slip_autobuf text = {0};
	struct slip_digest d;
	struct slip_digest absent;
	struct slip_spool sp;
	uint64_t size = 0;
	int fd = -1;

	slip_buf_init(&text, 100);
	slip_digest_of("absent", 6, &absent);
	ok(!slip_store_has_blob(s, &absent), "an empty store has no blob");
	ok(slip_store_open_blob(s, &absent, &fd, &size, &err) < 0 &&
			slip_err_is(&err, SLIP_E_NOTFOUND),
		"opening it says that it was not found");
	slip_err_clear(&err);
	is_int(slip_store_put_blob(s, "hello", 5, &d, &err), 0, "a blob is put");
	is_str(d.s, "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
		"and has its digest");
	ok(slip_store_has_blob(s, &d), "and is there");
	is_int(slip_store_put_blob(s, "hello", 5, &d, &err), 0, "a second time is fine");
	ok(slip_store_read_blob(s, &d, &text, &err) == 0 && slip_streq(text.data, "hello"),
		"it is read whole");
	ok(slip_store_open_blob(s, &d, &fd, &size, &err) == 0 && size == 5, "or opened");
	close(fd);
	is_shell("444 hello", "it may not be written",
		"cd %s/blobs/sha256 && stat -c %%a * | tr '\\n' ' ' && cat *", path);

	is_int(slip_spool_open(s, &sp, &err), 0, "a spool");
	slip_digest_of("spooled", 7, &d);
	ok(slip_write_all(sp.fd, "spooled", 7, &err) == 0 && !slip_store_has_blob(s, &d),
		"is no blob while it is written");
	is_int(slip_spool_commit(&sp, &d, 7, &err), 0, "and becomes one");
	ok(slip_store_has_blob(s, &d), "by its name");
	slip_spool_abort(&sp);
	ok(slip_spool_open(s, &sp, &err) == 0 && slip_write_all(sp.fd, "half", 4, &err) == 0 &&
			slip_spool_commit(&sp, &absent, 6, &err) < 0 &&
			!slip_store_has_blob(s, &absent),
		"a spool of another size is refused");
	slip_err_clear(&err);
	ok(slip_spool_open(s, &sp, &err) == 0, "a spool given up");
	slip_spool_abort(&sp);
	slip_spool_abort(&sp);
	is_shell("", "leaves nothing", "ls %s", slip_store_work_path(s));
}

static void test_damage(const char *path)
{
	slip_cleanup(slip_store_cleanup) struct slip_store *s = open_at(path);
	slip_autobuf text = {0};
	struct slip_digest d;

	slip_buf_init(&text, 100);
	if (slip_store_put_blob(s, "precious", 8, &d, &err) < 0)
		diag("%s", err.msg);
	is_shell("", "a byte flips",
		"cd %s/blobs/sha256 && chmod 644 %s && printf P | dd of=%s conv=notrunc "
		"status=none",
		path, slip_digest_hex(&d), slip_digest_hex(&d));
	ok(slip_store_read_blob(s, &d, &text, &err) < 0 && slip_err_is(&err, SLIP_E_NOTFOUND) &&
			text.len == 0,
		"the blob counts as absent");
	slip_err_clear(&err);
	ok(!slip_store_has_blob(s, &d), "and is gone, so that it is fetched again");
}

static void test_records(const char *path)
{
	slip_cleanup(slip_store_cleanup) struct slip_store *s = open_at(path);
	slip_autobuf text = {0};
	int64_t mtime = 0;

	slip_buf_init(&text, 100);
	ok(slip_store_get_record(s, "key", "abc", &text, NULL, &err) < 0 &&
			slip_err_is(&err, SLIP_E_NOTFOUND),
		"a record that is not there");
	slip_err_clear(&err);
	is_int(slip_store_put_record(s, "key", "abc", "{\"a\":1}", 7, &err), 0, "is put");
	ok(slip_store_get_record(s, "key", "abc", &text, &mtime, &err) == 0 &&
			slip_streq(text.data, "{\"a\":1}"),
		"and read");
	ok(slip_clock_now() - mtime < 5, "with its time");
	slip_buf_clear(&text);
	ok(slip_store_put_record(s, "key", "abc", "new", 3, &err) == 0 &&
			slip_store_get_record(s, "key", "abc", &text, NULL, &err) == 0 &&
			slip_streq(text.data, "new"),
		"and replaced");
	slip_buf_clear(&text);
	is_shell("", "a byte flips", "cd %s/records/key && chmod 644 abc && sed -i s/new/nfw/ abc",
		path);
	ok(slip_store_get_record(s, "key", "abc", &text, NULL, &err) < 0 &&
			slip_err_is(&err, SLIP_E_NOTFOUND) && text.len == 0,
		"a damaged record counts as absent");
	static const char *const bad[] = {"../x", "", ".x", "A", "a/b", "a b"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		slip_err_clear(&err);
		ok(slip_store_put_record(s, "key", bad[i], "x", 1, &err) < 0 &&
				slip_err_is(&err, SLIP_E_BUG),
			"\"%s\" is no key", bad[i]);
	}
	slip_err_clear(&err);
	is_int(slip_store_put_record(s, "key", "abc", "new", 3, &err), 0, "written over");
}

static char *make_tree(struct slip_store *s, const char *key, const char *content)
{
	char *path = NULL;
	int fd = -1;

	if (slip_store_begin_tree(s, &fd, &path, &err) < 0 ||
		slip_write_file(fd, "file", content, strlen(content), 0644, false, &err) < 0 ||
		slip_store_commit_tree(s, key, &path, &err) < 0)
		diag("%s", err.msg);
	close(fd);
	return path;
}

static void test_trees(const char *path)
{
	slip_cleanup(slip_store_cleanup) struct slip_store *s = open_at(path);
	slip_autofree char *found = NULL;
	slip_autofree char *expected = slip_xasprintf("%s/trees/base/root", path);
	int fd = -1;

	ok(slip_store_open_tree(s, "base", &fd, &found, &err) < 0 &&
			slip_err_is(&err, SLIP_E_NOTFOUND),
		"a tree that is not there");
	slip_err_clear(&err);
	slip_autofree char *first = make_tree(s, "base", "first");
	slip_autofree char *second = make_tree(s, "base", "second");
	is_str(first, expected, "a tree gets its name");
	is_str(second, expected, "who is late uses the other's");
	is_int(slip_store_open_tree(s, "base", &fd, &found, &err), 0, "it is found");
	is_str(found, expected, "by its path");
	close(fd);
	is_shell("first", "with the first one's files", "cat %s/file", found);
	is_shell("", "and nothing is left over", "ls %s", slip_store_work_path(s));
}

/* It becomes the root of images whose layers do not name theirs. */
static void test_tree_umask(const char *path)
{
	slip_cleanup(slip_store_cleanup) struct slip_store *s = open_at(path);
	slip_autofree char *begun = NULL;
	slip_autoclose int fd = -1;
	mode_t before = umask(077);
	int rc = slip_store_begin_tree(s, &fd, &begun, &err);
	umask(before);
	if (ok(rc == 0, "a tree under a strict umask"))
		is_shell("755\n", "lets everybody in", "stat -c %%a %s", begun);
}

static size_t findings;

static void count_finding(SLIP_UNUSED void *ctx, const char *what, const char *finding)
{
	diag("%s: %s", what, finding);
	findings++;
}

static void test_verify(const char *path)
{
	slip_cleanup(slip_store_cleanup) struct slip_store *s = open_at(path);
	struct slip_digest d;

	is_int(slip_store_verify(s, count_finding, NULL, &err), 0, "a good store");
	is_int(findings, 0, "has no findings");
	ok(slip_store_put_blob(s, "big blob", 8, &d, &err) == 0, "one more blob");
	is_shell("", "a byte in a blob and one in a record flip, a stray file appears",
		"cd %s && chmod -R u+w . && printf B | dd of=blobs/sha256/%s conv=notrunc "
		"status=none && "
		"sed -i 's/new/mew/' records/key/abc && echo > blobs/sha256/stray",
		path, slip_digest_hex(&d));
	ok(slip_store_verify(s, count_finding, NULL, &err) < 0 && slip_err_is(&err, SLIP_E_DIGEST),
		"is no good store");
	is_int(findings, 3, "each is found");
	diag("%s", err.msg);
}

static void test_prune(const char *path)
{
	struct slip_store *s = open_at(path);
	struct slip_store *other = open_at(path);
	struct slip_store_usage u;
	struct slip_digest old;
	struct slip_digest new;
	uint64_t freed = 0;

	ok(slip_store_put_blob(s, "old..", 5, &old, &err) == 0 &&
			slip_store_put_blob(s, "new", 3, &new, &err) == 0,
		"two blobs");
	free(make_tree(s, "t", "tree"));
	is_shell("", "one of them and a tree not used for long",
		"cd %s && touch -d 2001-01-01 blobs/sha256/%s && touch -d 2000-01-01 trees/t", path,
		slip_digest_hex(&old));
	ok(slip_store_usage(s, &u, &err) == 0 && u.blobs == 2 && u.blob_bytes == 8 && u.trees == 1,
		"what is there");
	ok(slip_store_prune(s, 3, &freed, &err) < 0 && err.sys == EWOULDBLOCK && freed == 0,
		"nothing goes while another process has the store");
	slip_err_clear(&err);
	slip_store_close(other);
	is_int(slip_store_prune(s, 3, &freed, &err), 0, "alone");
	ok(!slip_store_has_blob(s, &old) && slip_store_has_blob(s, &new), "the old blob goes");
	is_shell("0\n", "and the tree", "ls %s/trees | wc -l", path);
	ok(freed > 5, "and that is said: %llu bytes", (unsigned long long)freed);
	other = open_at(path);
	ok(other != NULL, "the next one does not wait");
	slip_store_close(other);
	is_shell("0\n", "nothing is left over", "ls %s | wc -l", slip_store_work_path(s));
	slip_store_close(s);
}

/* Processes that put the same and their own blobs, records and trees at the same time. */
static void race(const char *path, int number)
{
	struct slip_store *s = open_at(path);
	char text[32];
	struct slip_digest d;
	bool good = s != NULL;

	for (int i = 0; good && i < 50; i++) {
		snprintf(text, sizeof(text), "blob %d", i);
		good = slip_store_put_blob(s, text, strlen(text), &d, &err) == 0 &&
		       slip_store_has_blob(s, &d) &&
		       slip_store_put_record(s, "race", "key", text, strlen(text), &err) == 0;
		snprintf(text, sizeof(text), "tree-%d", i % 10);
		slip_autofree char *tree = make_tree(s, text, "x");
		slip_autobuf content = {0};
		slip_buf_init(&content, 100);
		good = good && slip_store_get_record(s, "race", "key", &content, NULL, &err) == 0 &&
		       tree && slip_starts_with(tree, path);
		if (i == 25 && number == 0)
			raise(SIGKILL);
	}
	slip_store_close(s);
	_exit(good ? 0 : 1);
}

static void test_race(const char *path)
{
	enum {
		PROCESSES = 6
	};
	pid_t pids[PROCESSES];
	int ended = 0;
	int killed = 0;

	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			race(path, i);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		waitpid(pids[i], &status, 0);
		killed += WIFSIGNALED(status);
		ended += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	ok(killed == 1 && ended == PROCESSES - 1, "one is killed, the others do not notice");
	struct slip_store *s = open_at(path);
	findings = 0;
	is_int(slip_store_verify(s, count_finding, NULL, &err), 0, "nothing is torn");
	is_shell("50 10 1\n", "all is there, and what the killed one left is gone",
		"cd %s && echo $(ls blobs/sha256 | wc -l) $(ls trees | wc -l) $(ls tmp | wc -l)",
		path);
	slip_store_close(s);
	is_shell("0\n", "the last one leaves nothing", "ls %s/tmp | wc -l", path);
}

static void test_leftovers(const char *path)
{
	slip_autofree char *command = slip_xasprintf(
		"mkdir -p %s/tmp/1-dead/work/work %s/tmp/1-dead/upper/a && touch "
		"%s/tmp/1-dead/upper/a/f && chmod 000 %s/tmp/1-dead/work/work %s/tmp/1-dead/upper",
		path, path, path, path, path);
	is_shell("", "a killed build leaves directories of mode 000", "%s", command);
	struct slip_store *s = open_at(path);
	is_shell("1\n", "they are gone at the next start", "ls %s/tmp | wc -l", path);
	slip_store_close(s);
}

/* A mount that a killed build left: what is mounted must survive. */
static void test_mounted(const char *path)
{
	slip_autofree char *dead = slip_xasprintf("%s/tmp/1-dead/merged/with blank", path);
	slip_autofree char *precious = slip_xasprintf("%s/precious", path);

	is_shell("", "a build with the workspace mounted",
		"mkdir -p '%s' %s && echo data > %s/file", dead, precious, precious);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(precious, dead, NULL, MS_BIND, NULL) < 0) {
		skip("mounting is not permitted here", "what is mounted survives");
		return;
	}
	struct slip_store *s = open_at(path);
	is_shell("data\n", "what is mounted survives", "cat %s/file", precious);
	is_shell("1\n", "and the directory goes", "ls %s/tmp | wc -l", path);
	slip_store_close(s);
}

static void test_places(const char *dir)
{
	struct slip_store_options none = {0};
	struct slip_store *s = NULL;
	slip_autofree char *home = slip_xasprintf("%s/home/.cache/slipway", dir);
	slip_autofree char *text = slip_xasprintf("%s/home", dir);
	slip_autofree char *file = slip_xasprintf("%s/file", dir);

	unsetenv("SLIPWAY_STORE");
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", text, 1);
	ok(slip_store_open(&none, &s, &err) == 0, "without a path");
	is_str(slip_store_path(s), home, "the store is below HOME");
	slip_store_close(s);
	setenv("SLIPWAY_STORE", dir, 1);
	ok(slip_store_open(&none, &s, &err) == 0 && slip_streq(slip_store_path(s), dir),
		"SLIPWAY_STORE comes first");
	slip_store_close(s);
	unsetenv("SLIPWAY_STORE");
	unsetenv("HOME");
	setenv("TMPDIR", dir, 1);
	ok(slip_store_open(&none, &s, &err) == 0 && slip_starts_with(slip_store_path(s), dir),
		"without HOME there is one below TMPDIR");
	slip_autofree char *gone = slip_xstrdup(slip_store_path(s));
	slip_store_close(s);
	ok(access(gone, F_OK) < 0, "that ends with us");
	setenv("HOME", "/dev/null/x", 1);
	ok(slip_store_open(&none, &s, &err) == 0, "nor does an impossible HOME matter");
	slip_store_close(s);
	ok(slip_write_file(AT_FDCWD, file, "", 0, 0644, false, &err) == 0, "a file");
	none.path = file;
	ok(slip_store_open(&none, &s, &err) < 0, "in the place of the store is an error");
	diag("%s", err.msg);
	unsetenv("TMPDIR");
}

/* As a user who may read the store but not write it. */
static void read_only_child(const char *path, const struct slip_digest *d)
{
	struct slip_store *s = open_at(path);
	struct slip_digest own;
	struct slip_err e = SLIP_ERR_INIT;
	slip_autobuf text = {0};

	slip_buf_init(&text, 100);
	bool good = s && slip_streq(slip_store_path(s), path) && slip_store_has_blob(s, d) &&
		    slip_store_read_blob(s, d, &text, &e) == 0 &&
		    slip_store_put_blob(s, "own", 3, &own, &e) == 0 &&
		    slip_store_has_blob(s, &own) &&
		    slip_store_put_record(s, "k", "own", "1", 1, &e) == 0 &&
		    slip_store_get_record(s, "k", "own", &text, NULL, &e) == 0 &&
		    slip_store_prune(s, 0, NULL, &e) < 0;
	slip_store_close(s);
	_exit(good ? 0 : 1);
}

static void test_read_only(const char *path)
{
	struct slip_store *s = open_at(path);
	struct slip_digest d;
	int status = -1;

	ok(slip_store_put_blob(s, "shared", 6, &d, &err) == 0, "a store with a blob");
	slip_store_close(s);
	is_shell("", "is made readable for all", "chmod 755 $(dirname %s) && chmod -R a+rX %s",
		path, path);
	if (geteuid() != 0) {
		skip("only root can become another user", "a read-only store");
		return;
	}
	pid_t pid = fork();
	if (pid == 0) {
		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		read_only_child(path, &d);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip("this user namespace has no other user", "a read-only store");
	else
		is_int(status, 0, "others read it, and have what they add while they run");
}

static void test_speed(const char *path)
{
	double start = slip_clock_monotonic();

	for (int i = 0; i < 100; i++)
		slip_store_close(open_at(path));
	double each = (slip_clock_monotonic() - start) / 100;
	ok(each < 0.01, "opening and closing takes %.3f ms", each * 1e3);
}

int main(void)
{
	autoscratch dir = scratch_new();
	const char *names[] = {"a", "b", "c", "d", "e", "f"};
	char *paths[SLIP_ARRAY_LEN(names)];

	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
		paths[i] = slip_xasprintf("%s/%s", dir.path, names[i]);
	test_blobs(paths[0]);
	test_damage(paths[0]);
	test_records(paths[0]);
	test_trees(paths[0]);
	test_tree_umask(paths[0]);
	test_verify(paths[0]);
	test_prune(paths[1]);
	test_race(paths[2]);
	test_leftovers(paths[2]);
	test_places(dir.path);
	test_read_only(paths[3]);
	test_speed(paths[4]);
	test_mounted(paths[5]);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
		free(paths[i]);
	return done_testing();
}
