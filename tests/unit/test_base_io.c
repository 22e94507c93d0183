#include "config.h"

#include "runner/base/io.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

static void test_files(const char *dir)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf b;
	slip_buf_init(&b, 5);
	slip_autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	umask(027);
	ok(slip_write_file(fd, "f", "12345", 5, 0666, true, &err) == 0, "written");
	is_shell("640\n", "its mode less the umask", "stat -c %%a %s/f", dir);
	umask(022);
	ok(slip_read_file(fd, "f", &b, &err) == 0 && slip_streq(b.data, "12345"), "read");
	ok(slip_write_file(fd, "f", "", 0, 0444, false, &err) == 0, "replaced, also read-only");
	ok(slip_write_file(fd, "f", "123456", 6, 0444, false, &err) == 0, "and again");
	slip_buf_clear(&b);
	ok(slip_read_file(fd, "f", &b, &err) == -1 && slip_err_is(&err, SLIP_E_LIMIT), "too large");
	slip_err_clear(&err);
	ok(slip_read_file(fd, "none", &b, &err) == -1 && slip_err_is(&err, SLIP_E_NOTFOUND),
		"none");
	slip_err_clear(&err);
	is_shell("", "other things", "cd %s && mkfifo fifo && mkdir d", dir);
	ok(slip_read_file(fd, "fifo", &b, &err) == -1,
		"a pipe is no file, and nobody waits for it");
	is_str(err.msg, "fifo is not a regular file", "says so");
	slip_err_clear(&err);
	ok(slip_read_file(fd, "d", &b, &err) == -1, "nor is a directory");
	slip_err_clear(&err);
	ok(slip_write_file(fd, "d", "x", 1, 0644, false, &err) == -1,
		"a directory is not replaced");
	slip_err_clear(&err);
	ok(slip_write_file(fd, "no/f", "x", 1, 0644, false, &err) == -1, "no directory");
	ok(slip_write_file(fd, "d/f", "x", 1, 0644, true, NULL) == 0, "durable below a directory");
	is_shell("d f fifo\n", "no temporary file stays", "ls %s | xargs", dir);
}

static void test_dirs(const char *dir)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *deep = slip_xasprintf("%s/a//b/./c/", dir);
	ok(slip_mkdir_p(deep, 0755, &err) == 0 && slip_mkdir_p(deep, 0755, &err) == 0, "mkdir -p");
	slip_autofree char *file = slip_xasprintf("%s/f/x", dir);
	ok(slip_mkdir_p(file, 0755, &err) == -1 && err.sys == ENOTDIR, "not below a file");
	slip_err_clear(&err);
	file[strlen(file) - 2] = '\0';
	ok(slip_mkdir_p(file, 0755, &err) == -1 && err.sys == ENOTDIR, "nor over one");
	slip_err_clear(&err);
	ok(slip_mkdir_p("", 0755, &err) == -1, "nor nowhere");
	slip_err_clear(&err);
	ok(slip_mkdir_p("/", 0755, NULL) == 0, "the root is there");
	slip_autofree char *temp = NULL, *none = NULL;
	ok(slip_make_temp_dir(dir, "t-", &temp, NULL) == 0, "a temporary directory");
	is_shell("700\n", "of our own", "stat -c %%a %s", temp);
	ok(slip_make_temp_dir("/nonexistent", "t-", &none, NULL) == -1 && !none,
		"none where none is");
	slip_autostrv names = {0};
	is_shell("", "files in it", "cd %s && touch b a .c", temp);
	ok(slip_list_names(AT_FDCWD, temp, &names, NULL) == 0, "names");
	slip_autofree char *listed = slip_strv_join(&names, " ");
	is_str(listed, ".c a b", "in byte order");
	ok(slip_list_names(AT_FDCWD, "/nonexistent", &names, &err) < 0 &&
			slip_err_is(&err, SLIP_E_NOTFOUND),
		"none of a directory that is not there");
}

static void test_copy(const char *dir)
{
	struct slip_err err = SLIP_ERR_INIT;
	is_shell("", "a file", "head -c 700000 /dev/urandom >%s/big", dir);
	slip_autofree char *from = slip_xasprintf("%s/big", dir),
			   *to = slip_xasprintf("%s/to", dir);
	slip_autoclose int in = open(from, O_RDONLY | O_CLOEXEC);
	slip_autoclose int out = open(to, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	lseek(in, 5, SEEK_SET);
	ok(slip_copy_bytes(in, out, 600000, &err) == 0, "copied from the place it stands at");
	is_shell("same\n", "these bytes",
		"cd %s && tail -c +6 big | head -c 600000 | cmp - to && echo same", dir);
	ok(slip_copy_bytes(in, out, 600000, &err) == -1, "a file that is too short");
	is_str(err.msg, "the file ends 500005 bytes early", "says by how much");
	slip_err_clear(&err);
	slip_autoclose int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	slip_autoclose int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ok(slip_copy_bytes(zero, full, 10, &err) == -1 && err.sys == ENOSPC, "a full device");
	slip_err_clear(&err);
	ok(slip_write_all(full, "x", 1, &err) == -1 && err.sys == ENOSPC, "also when written to");
}

static void *feed(void *arg)
{
	usleep(20000);
	(void)!write(*(int *)arg, "late", 4);
	usleep(20000);
	close(*(int *)arg);
	return NULL;
}

static void test_pipe(void)
{
	int fds[2];
	char got[16] = "";
	size_t n = 0;
	pthread_t thread;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0 ||
		pthread_create(&thread, NULL, feed, &fds[1]) != 0)
		slip_bug("no pipe or thread");
	ok(slip_read_upto(fds[0], got, 15, &n, NULL) == 0 && n == 4 && slip_streq(got, "late"),
		"a pipe that somebody made non-blocking is waited for");
	pthread_join(thread, NULL);
	close(fds[0]);
	ok(slip_read_upto(-1, got, 1, &n, NULL) == -1, "no descriptor");
}

static bool is_gone(const char *dir, const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (slip_remove_tree(fd, name, &err) < 0)
		diag("%s", err.msg);
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

/* Deeper than paths, descriptors or a stack reach; in memory where there is some, as disks are
 * slow. */
static void test_deep(const char *dir)
{
	slip_autofree char *shm = NULL;
	bool in_memory = slip_make_temp_dir("/dev/shm", "slipway-test-", &shm, NULL) == 0;
	const int levels = in_memory ? 50000 : 5000;
	const char *top = in_memory ? shm : dir;
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < levels; i++) {
		if (mkdirat(fd, "level", 0755) < 0)
			slip_bug("level %d", i);
		int next = openat(fd, "level", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	close(fd);
	ok(is_gone(top, "level"), "%d levels", levels);
	if (in_memory)
		rmdir(shm);
}

/* What root may do anyway is tried as somebody else, too: these trees deny their owner. */
static void denied_trees(const char *dir)
{
	is_shell("", "trees that deny",
		"cd %s && mkdir -p r/a/b/c/d r/e/f && touch r/a/b/c/d/x r/e/f/y &&"
		"chmod 000 r/a/b/c/d r/e/f && chmod 555 r/a/b/c r/a/b && chmod 300 r/a && chmod "
		"444 r/e &&"
		"chmod 555 r",
		dir);
	ok(is_gone(dir, "r"), "unreadable and unwritable directories");
	is_shell("", "a directory that is not ours to change",
		"cd %s && mkdir -p keep/x && chmod 555 keep", dir);
	slip_autofree char *keep = slip_xasprintf("%s/keep", dir);
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoclose int fd = open(keep, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (geteuid() != 0)
		ok(slip_remove_tree(fd, "x", &err) == -1 && err.sys == EACCES, "is not changed");
	is_shell("555\n", "the mode of what holds the tree", "stat -c %%a %s", keep);
}

static void test_as_nobody(const char *dir)
{
	if (geteuid() != 0)
		return denied_trees(dir);
	denied_trees(dir);
	slip_autofree char *theirs = slip_xasprintf("%s/theirs", dir);
	if (mkdir(theirs, 0700) < 0 || chown(theirs, 65534, 65534) < 0 || chmod(dir, 0711) < 0)
		slip_bug("no directory for nobody");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(99);
		int before = tap_failed;
		denied_trees(theirs);
		_exit(tap_failed > before);
	}
	int status = 0;
	waitpid(pid, &status, 0);
	tap_run += 5; /* those of the child */
	is_int(status, 0, "the same as nobody");
}

static void test_remove(const char *dir)
{
	is_shell("", "a wide tree with names that removal itself uses",
		"cd %s && mkdir -p w/s/.0.gone/x w/.1.gone/x outside && touch w/.2.gone "
		"outside/keep &&"
		"mkdir -p $(seq -f w/s/%%g/in 500) && touch $(seq -f w/s/f%%g 3000) &&"
		"ln -s ../outside w/link && ln -s ../../outside w/s/link && mkfifo w/fifo",
		dir);
	ok(is_gone(dir, "w"), "is removed");
	is_shell("keep\n", "links are not followed", "ls %s/outside", dir);
	is_shell("", "a link to a directory", "ln -s outside %s/link", dir);
	ok(is_gone(dir, "link"), "is removed itself");
	is_shell("keep\n", "and nothing behind it", "ls %s/outside", dir);
	ok(is_gone(dir, "never"), "what is not there is gone");
	slip_autofree char *below = slip_xasprintf("%s/outside/keep/x", dir);
	struct slip_err err = SLIP_ERR_INIT;
	ok(slip_remove_tree(AT_FDCWD, below, &err) == -1 && err.sys == ENOTDIR, "below a file");
	slip_err_clear(&err);
	ok(slip_remove_tree(AT_FDCWD, "/proc/self/status", &err) == -1 && err.sys != ENOTDIR,
		"the reason is that of unlink: %s", err.msg);
}

int main(void)
{
	autoscratch dir = scratch_new();
	test_files(dir.path);
	test_dirs(dir.path);
	test_copy(dir.path);
	test_pipe();
	test_remove(dir.path);
	test_deep(dir.path);
	test_as_nobody(dir.path);
	return done_testing();
}
