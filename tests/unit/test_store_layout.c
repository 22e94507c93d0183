#include "config.h"

#include "runner/oci/media.h"
#include "runner/store/layout.h"
#include "runner/store/store.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <sys/mman.h>
#include <sys/wait.h>

static struct slip_err err = SLIP_ERR_INIT;

static int add_manifest(struct slip_layout *l, const char *text, const char *name)
{
	slip_autodescriptor d = {0};
	struct slip_digest digest;

	slip_digest_of(text, strlen(text), &digest);
	slip_descriptor_init(&d);
	slip_descriptor_set(&d, SLIP_MEDIA_OCI_MANIFEST, &digest, strlen(text));
	if (slip_layout_put_blob(l, &digest, text, strlen(text), &err) < 0)
		return -1;
	return slip_layout_add_manifest(l, &d, name, &err);
}

static void test_blobs(const char *dir)
{
	slip_autofree char *path = slip_xasprintf("%s/layout", dir);
	slip_autofree char *stored = slip_xasprintf("%s/store", dir);
	struct slip_store_options opt = {.path = stored};
	slip_cleanup(slip_store_cleanup) struct slip_store *s = NULL;
	slip_cleanup(slip_layout_cleanup) struct slip_layout *l = NULL;
	struct slip_digest d;
	struct slip_digest other;
	uint64_t size = 0;
	int fd = -1;

	ok(slip_layout_open(path, false, &l, &err) < 0 && slip_err_is(&err, SLIP_E_NOTFOUND),
		"a layout that is not there");
	slip_err_clear(&err);
	is_int(slip_layout_open(path, true, &l, &err), 0, "is made");
	is_shell(
		"{\"imageLayoutVersion\":\"1.0.0\"}", "with its marker", "cat %s/oci-layout", path);
	if (slip_store_open(&opt, &s, &err) < 0 ||
		slip_store_put_blob(s, "blob of a store", 15, &d, &err) < 0 ||
		slip_store_open_blob(s, &d, &fd, NULL, &err) < 0)
		slip_bug("%s", err.msg);
	ok(!slip_layout_has_blob(l, &d, 15), "no blob yet");
	is_int(slip_layout_put_blob_fd(l, &d, 15, fd, &err), 0, "a blob of the store goes in");
	ok(slip_layout_has_blob(l, &d, 15), "and is there");
	is_int(slip_layout_put_blob_fd(l, &d, 15, fd, &err), 0, "twice is fine");
	is_shell("blob of a store", "with its bytes", "cat %s/blobs/sha256/%s", path,
		slip_digest_hex(&d));
	is_shell("", "a power cut may leave less", "rm %s/blobs/sha256/%s; >%s/blobs/sha256/%s",
		path, slip_digest_hex(&d), path, slip_digest_hex(&d));
	ok(!slip_layout_has_blob(l, &d, 15), "which counts as absent");
	is_int(slip_layout_put_blob_fd(l, &d, 15, fd, &err), 0, "and is replaced");
	is_shell("blob of a store", "by the bytes", "cat %s/blobs/sha256/%s", path,
		slip_digest_hex(&d));
	close(fd);
	slip_autoclose int mem = memfd_create("blob", MFD_CLOEXEC);
	ok(slip_write_all(mem, "in memory", 9, &err) == 0, "a descriptor that cannot be linked");
	slip_digest_of("in memory", 9, &other);
	is_int(slip_layout_put_blob_fd(l, &other, 9, mem, &err), 0, "is copied");
	ok(slip_layout_open_blob(l, &other, &fd, &size, &err) == 0 && size == 9, "and opened");
	close(fd);
	slip_digest_of("else", 4, &other);
	ok(slip_layout_put_blob_fd(l, &other, 9, mem, &err) < 0 &&
			slip_err_is(&err, SLIP_E_DIGEST) && !slip_layout_has_blob(l, &other, 9),
		"bytes of another digest are refused");
	slip_err_clear(&err);
	ok(slip_layout_put_blob_fd(l, &other, 4, mem, &err) < 0 && slip_err_is(&err, SLIP_E_DIGEST),
		"and of another size");
	slip_err_clear(&err);
	ok(slip_layout_put_blob(l, &other, "not", 3, &err) < 0, "from memory too");
	slip_err_clear(&err);
	is_shell("sha256\n", "nothing is left over", "ls -A %s/blobs", path);
}

static void test_index(const char *dir)
{
	slip_autofree char *path = slip_xasprintf("%s/layout", dir);
	slip_cleanup(slip_layout_cleanup) struct slip_layout *l = NULL;
	slip_autodescriptor found = {0};

	is_int(slip_layout_open(path, false, &l, &err), 0, "an existing layout");
	ok(slip_layout_find(l, NULL, &found, &err) < 0 && slip_err_is(&err, SLIP_E_NOTFOUND),
		"without an image");
	slip_err_clear(&err);
	is_int(add_manifest(l, "{\"a\":1}", "v1"), 0, "gets one");
	ok(slip_layout_find(l, NULL, &found, &err) == 0 && found.size == 7, "that is the only one");
	slip_descriptor_release(&found);
	is_int(add_manifest(l, "{\"a\":22}", "v2"), 0, "and another");
	ok(slip_layout_find(l, "v2", &found, &err) == 0 && found.size == 8, "by its name");
	slip_descriptor_release(&found);
	is_int(add_manifest(l, "{\"a\":333}", "v1"), 0, "a name moves");
	ok(slip_layout_find(l, "v1", &found, &err) == 0 && found.size == 9, "to the new one");
	ok(slip_layout_find(l, "v3", &found, &err) < 0 && slip_err_is(&err, SLIP_E_NOTFOUND) &&
			strstr(err.msg, "v1") && strstr(err.msg, "v2"),
		"an unknown name: %s", err.msg);
	slip_err_clear(&err);
}

static void test_race(const char *dir)
{
	enum {
		PROCESSES = 4,
		EACH = 10
	};
	slip_autofree char *path = slip_xasprintf("%s/race", dir);

	for (int p = 0; p < PROCESSES; p++) {
		if (fork() > 0)
			continue;
		struct slip_layout *l = NULL;
		int rc = slip_layout_open(path, true, &l, &err);
		for (int i = 0; rc == 0 && i < EACH; i++) {
			slip_autofree char *name = slip_xasprintf("p%d-%d", p, i);
			rc = add_manifest(l, name, name);
		}
		_exit(rc == 0 ? 0 : 1);
	}
	int good = 0;
	for (int status; wait(&status) > 0;)
		good += status == 0;
	is_int(good, PROCESSES, "processes that write one layout");
	is_shell("40\n", "lose none of their images",
		"grep -o 'org.opencontainers.image.ref.name' %s/index.json | wc -l", path);
}

static void test_refused(const char *dir)
{
	slip_autofree char *path = slip_xasprintf("%s/strange", dir);
	struct slip_layout *l = NULL;

	is_shell("", "a layout of another version",
		"mkdir -p %s && echo '{\"imageLayoutVersion\":\"9.0.0\"}' > %s/oci-layout", path,
		path);
	ok(slip_layout_open(path, false, &l, &err) < 0, "is refused");
	slip_err_clear(&err);
	ok(slip_layout_open(path, true, &l, &err) < 0, "also for writing");
	diag("%s", err.msg);
}

int main(void)
{
	autoscratch dir = scratch_new();

	test_blobs(dir.path);
	test_index(dir.path);
	test_race(dir.path);
	test_refused(dir.path);
	return done_testing();
}
