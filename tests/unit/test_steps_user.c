#include "config.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "steps/build/user.h"
#include "tests/unit/tap.h"

#include <stdlib.h>

/* A root whose only layer holds what a test writes into /etc. */

static char *dir;
static struct slip_err err = SLIP_ERR_INIT;

static void put(struct slip_rootfs *r, const char *path, const char *text, size_t n)
{
	slip_autofree char *at = slip_xasprintf("%s/%s", dir, path);
	struct slip_entry e;
	slip_entry_init(&e, SLIP_ENTRY_FILE, path);
	e.size = n;
	ok(slip_write_file(AT_FDCWD, at, text, n, 0644, false, &err) == 0 &&
			slip_tree_apply(r->tree, &e, slip_rootfs_next_origin(r), &err) == 0,
		"put %s", path);
	slip_entry_release(&e);
}

static struct slip_rootfs *root_with(const char *passwd, size_t n, const char *group)
{
	struct slip_rootfs *r;
	if (slip_rootfs_new(NULL, NULL, &r, &err) < 0)
		return NULL;
	if (passwd)
		put(r, "etc/passwd", passwd, n);
	if (group)
		put(r, "etc/group", group, strlen(group));
	struct slip_layer none = {0};
	slip_rootfs_add_made(r, &none, slip_xstrdup(dir));
	return r;
}

/* "uid:gid groups... home", or the error. */
static const char *run_as(struct slip_rootfs *r, const char *text)
{
	static char out[512];
	struct slip_user u;
	slip_err_clear(&err);
	if (slip_user_for_run(r, text, &u, &err) < 0) {
		snprintf(out, sizeof(out), "%.400s", err.msg);
		slip_user_release(&u);
		return out;
	}
	int n = snprintf(out, sizeof(out), "%u:%u", u.uid, u.gid);
	for (size_t i = 0; i < u.n_groups; i++)
		n += snprintf(out + n, sizeof(out) - (size_t)n, " %u", u.groups[i]);
	snprintf(out + n, sizeof(out) - (size_t)n, " %s", u.home ? u.home : "-");
	slip_user_release(&u);
	return out;
}

static const char *owner(struct slip_rootfs *r, const char *text)
{
	static char out[512];
	uint32_t uid, gid;
	slip_err_clear(&err);
	if (slip_user_for_chown(r, text, &uid, &gid, &err) < 0)
		snprintf(out, sizeof(out), "%.400s", err.msg);
	else
		snprintf(out, sizeof(out), "%u:%u", uid, gid);
	return out;
}

static void test_names(void)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "app:x:1000:1001::/home/app:/bin/sh\n"
				     "bare:x:7:8\n";
	struct slip_rootfs *r = root_with(passwd, strlen(passwd),
		"root:x:0:\nwheel:x:10:root,app\napp:x:1001:app\nextra:x:2000:xapp,app,appx\n");
	is_str(run_as(r, ""), "0:0 0 10 /root", "nobody named is root with its groups");
	is_str(run_as(r, "app"), "1000:1001 1001 10 2000 /home/app", "by name");
	is_str(run_as(r, "1000"), "1000:1001 1001 10 2000 /home/app", "by number");
	is_str(run_as(r, "1000:5"), "1000:5 5 /home/app", "a group leaves no others but itself");
	is_str(run_as(r, "app:extra"), "1000:2000 2000 /home/app", "a group by name");
	is_str(run_as(r, "42"), "42:0 0 -", "a number that passwd does not have");
	is_str(run_as(r, "bare"), "7:8 8 -", "an entry without a home");
	is_str(run_as(r, "nobody"),
		"unable to find user nobody: no matching entries in the image's /etc/passwd",
		"an unknown user");
	is_str(run_as(r, "0:nogroup"),
		"unable to find group nogroup: no matching entries in the image's /etc/group",
		"an unknown group");
	is_str(owner(r, "5"), "5:5", "--chown with a number alone");
	is_str(owner(r, "5:"), "5:0", "--chown with a colon at the end");
	is_str(owner(r, "app"), "1000:1001", "--chown by name");
	is_str(owner(r, "app:wheel"), "1000:10", "--chown by names");
	is_str(owner(r, "4294967295"),
		"unable to find user 4294967295: no matching entries in the image's /etc/passwd",
		"the number that means no owner to the kernel");
	slip_rootfs_free(r);
}

static void test_hostile(void)
{
	static const char passwd[] = "\n::::::\nx\nlong:x:99999999999:1::/:\nneg:x:-1:-1::/:\n"
				     "max:x:4294967295:0::/:\nplus:x:+5:0::/:\n"
				     "two:x:1:1::/first:\ntwo:x:2:2::/second:\n"
				     "zero:x:3:3::/\0:\nafter:x:4:4::/:\nlast:x:6:6::/end";
	struct slip_rootfs *r =
		root_with(passwd, sizeof(passwd) - 1, "g:x:\ng:x:y:two\n:x:5:two\n");
	is_str(run_as(r, "two"), "1:1 1 5 /first", "the first of two entries");
	ok(strstr(run_as(r, "long"), "unable to find user"), "a uid that does not fit");
	ok(strstr(run_as(r, "neg"), "unable to find user"), "a negative uid");
	ok(strstr(run_as(r, "max"), "unable to find user"), "a uid that means none");
	ok(strstr(run_as(r, "plus"), "unable to find user"), "a uid with a sign");
	ok(strstr(run_as(r, "x"), "unable to find user"), "a line without fields");
	ok(strstr(owner(r, "0:g"), "unable to find group"), "a group without a number");
	slip_rootfs_free(r);

	r = root_with(NULL, 0, NULL);
	is_str(run_as(r, ""), "0:0 0 -", "an image without passwd");
	ok(strstr(owner(r, "root"), "unable to find user root"), "no name without passwd");
	uint32_t uid = 9, gid = 9;
	slip_autofree char *doubt = NULL;
	ok(slip_user_for_workdir(r, "stranger", &uid, &gid, &doubt, &err) == 0 && uid == 0 &&
			gid == 0,
		"WORKDIR of an unknown user is root's");
	ok(doubt && strstr(doubt, "stranger"), "and it says so");
	slip_rootfs_free(r);

	slip_autofree char *big = slip_xmalloc(SLIP_MAX_PASSWD + 1);
	memset(big, 'a', SLIP_MAX_PASSWD + 1);
	r = root_with(big, SLIP_MAX_PASSWD + 1, NULL);
	ok(slip_user_for_chown(r, "x", &uid, &gid, &err) < 0 && slip_err_is(&err, SLIP_E_LIMIT),
		"a passwd that is too large");
	slip_rootfs_free(r);
}

int main(void)
{
	char path[] = "/tmp/slipway-user.XXXXXX";
	dir = mkdtemp(path);
	slip_autofree char *etc = slip_xasprintf("%s/etc", dir);
	if (slip_mkdir_p(etc, 0755, &err) < 0)
		return 1;
	test_names();
	test_hostile();
	slip_err_clear(&err);
	ok(slip_remove_tree(AT_FDCWD, dir, &err) == 0, "clean up");
	return done_testing();
}
