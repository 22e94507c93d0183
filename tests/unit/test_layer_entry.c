#include "config.h"

#include "runner/base/io.h"
#include "runner/layer/entry.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

static void test_copy(void)
{
	struct slip_entry a;
	struct slip_entry b;

	slip_entry_init(&a, SLIP_ENTRY_SYMLINK, "usr/bin/sh");
	a.link = slip_xstrdup("dash");
	slip_entry_set_xattr(&a, "user.a", "1\0002", 3);
	slip_entry_set_xattr(&a, "user.empty", NULL, 0);
	slip_entry_copy(&b, &a);
	slip_entry_set_xattr(&a, "user.a", "x", 1);
	slip_entry_release(&a);
	is_str(b.path, "usr/bin/sh", "a copy has its own path");
	is_str(b.link, "dash", "and link");
	const struct slip_xattr *x = slip_map_get(&b.xattrs, "user.a");
	ok(x && x->len == 3 && memcmp(x->value, "1\0002", 3) == 0, "and attributes, NUL included");
	x = slip_map_get(&b.xattrs, "user.empty");
	ok(x && x->len == 0, "an empty attribute is one");
	slip_entry_release(&b);
	slip_entry_release(&b);
	struct slip_entry zeroed = {.path = slip_xstrdup("x")};
	slip_entry_set_xattr(&zeroed, "user.a", "1", 1);
	is_int(zeroed.xattrs.n, 1, "a zeroed entry takes attributes");
	slip_entry_release(&zeroed);
}

static void test_stat(const char *dir)
{
	slip_autofree char *path = slip_xasprintf("%s/s", dir);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	slip_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct slip_entry e;
	struct stat st;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.100s", path);
	slip_entry_init(&e, SLIP_ENTRY_FILE, "s");
	ok(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 && stat(path, &st) == 0 &&
			slip_entry_from_stat(&e, &st) < 0,
		"a socket has no entry");
	ok(stat("/dev/null", &st) == 0 && slip_entry_from_stat(&e, &st) == 0 &&
			e.type == SLIP_ENTRY_CHAR && e.dev_major == 1 && e.dev_minor == 3,
		"a device has its numbers");
	ok(stat(dir, &st) == 0 && slip_entry_from_stat(&e, &st) == 0 && e.type == SLIP_ENTRY_DIR &&
			e.mode == 0700 && e.size == 0 && e.dev_major == 0,
		"a directory has mode and no size");
	slip_entry_release(&e);
}

static void test_xattrs(const char *dir)
{
	slip_autofree char *path = slip_xasprintf("%s/f", dir);
	slip_autofree char *big = slip_xcalloc(1, 2000);
	slip_autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	slip_autoclose int opath = open(path, O_PATH | O_CLOEXEC);
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_entry e;

	ok(slip_entry_keeps_xattr("user.overlay") &&
			!slip_entry_keeps_xattr("user.overlay.opaque") &&
			!slip_entry_keeps_xattr("trusted.overlay.opaque") &&
			!slip_entry_keeps_xattr("security.selinux") &&
			slip_entry_keeps_xattr("security.capability"),
		"which attributes travel");
	if (fsetxattr(fd, "user.one", "1", 1, 0) < 0) {
		skip("no user attributes here", "attributes of files");
		return;
	}
	ok(fsetxattr(fd, "user.big", big, 2000, 0) == 0, "a larger one");
	(void)!fsetxattr(fd, "trusted.not", "1", 1, 0);
	slip_entry_init(&e, SLIP_ENTRY_FILE, "f");
	ok(slip_entry_read_xattrs(&e, fd, &err) == 0 && e.xattrs.n == 2, "two are read");
	const struct slip_xattr *x = slip_map_get(&e.xattrs, "user.big");
	ok(x && x->len == 2000, "of any length");
	slip_entry_release(&e);
	slip_entry_init(&e, SLIP_ENTRY_FILE, "f");
	ok(slip_entry_read_xattrs(&e, opath, &err) == 0 && e.xattrs.n == 2,
		"through an O_PATH descriptor too");
	slip_entry_release(&e);
}

int main(void)
{
	autoscratch dir = scratch_new();

	test_copy();
	test_stat(dir.path);
	test_xattrs(dir.path);
	return done_testing();
}
