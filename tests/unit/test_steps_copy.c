#include "config.h"

#include "runner/layer/tar_read.h"
#include "steps/build/builder.h"
#include "steps/build/copy.h"
#include "steps/build/place.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <sys/mman.h>

/* From a context to the layer: plan, place, write, and read back what was written. */

static char *dir;
static struct slip_err err = SLIP_ERR_INIT;
static struct slip_pool *pool;

static void in_context(const char *script)
{
	slip_autofree char *out = shell(
		"rm -rf %s/c && mkdir %s/c && cd %s/c && umask 022 && %s", dir, dir, dir, script);
	is_str(out, "", "make the context");
}

/* One line an entry: type, mode, owner, path, link. */
static char *read_layer(int fd)
{
	struct slip_buf text;
	slip_buf_init(&text, 65536);
	lseek(fd, 0, SEEK_SET);
	slip_cleanup(slip_tar_reader_cleanup) struct slip_tar_reader *r =
		slip_tar_reader_new(slip_source_fd(&fd), true);
	for (;;) {
		const struct slip_entry *e;
		bool more;
		if (slip_tar_reader_next(r, &e, &more, &err) < 0)
			slip_buf_add_str(&text, err.msg);
		if (err.code || !more)
			return slip_buf_take(&text);
		slip_buf_addf(&text, "%c %o %u:%u %s%s%s\n", "fdlhcbpwo"[e->type], e -> mode,
			e -> uid, e -> gid, e -> path, e -> link ? " -> " : "",
			e->link ? e->link : "");
	}
}

struct step {
	const char *sources[4];
	const char *dest;
	bool dest_is_dir;
	bool is_add;
	const char *exclude;
	bool chown; /* to 5:6 */
	uint32_t chmod;
};

static int place_all(struct slip_place *p, const struct slip_copy_plan *plan, const struct step *s)
{
	slip_autofree char *dest = NULL;
	if (slip_tree_resolve(p->root->tree, s->dest, true, &dest, &err) < 0)
		return -1;
	for (size_t i = 0; i < plan->n_groups; i++) {
		if (slip_place_group(p, plan, &plan->groups[i], dest, s->dest_is_dir, &err) < 0)
			return -1;
	}
	return slip_place_flush(p, &err);
}

/* What the step adds to the root, or the error; the caller's. */
static char *copy(struct slip_rootfs *root, const struct step *s)
{
	slip_autofree char *path = slip_xasprintf("%s/c", dir);
	struct slip_context *context = NULL;
	struct slip_copy_step c = {.is_add = s->is_add, .unpack = s->is_add};
	struct slip_copy_plan plan = {0};
	struct slip_mode mode = {.octal = true, .bits = s->chmod};
	const struct slip_layer_options plain = {.compression = SLIP_COMPRESSION_NONE, .level = -1};
	slip_autoclose int fd = memfd_create("layer", MFD_CLOEXEC);
	struct slip_layer_writer *w = slip_layer_writer_new(&plain, pool, fd);
	struct slip_layer_result result;
	struct slip_place p;
	slip_err_clear(&err);
	slip_place_init(&p, root, w);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(s->sources) && s->sources[i]; i++)
		slip_strv_add(&c.sources, s->sources[i]);
	if (s->exclude)
		slip_strv_add(&c.excludes, s->exclude);
	p.set_owner = s->chown;
	p.uid = s->chown ? 5 : 0;
	p.gid = s->chown ? 6 : 0;
	p.chmod = s->chmod ? &mode : NULL;
	p.dir_mode = s->chmod ? s->chmod : 0755;
	const struct slip_context_options opt = {.dir = path};
	slip_autofree char *dockerfile = slip_xasprintf("%s/Dockerfile", dir);
	slip_autofree char *found = NULL;
	slip_autobuf text;
	slip_buf_init(&text, 1);
	int rc = slip_write_file(AT_FDCWD, dockerfile, "", 0, 0600, false, &err);
	if (rc == 0)
		rc = slip_context_open(&opt, &context, &err);
	if (rc == 0)
		rc = slip_context_read_dockerfile(context, dockerfile, &found, &text, &err);
	p.source = rc == 0 ? slip_context_source(context) : NULL;
	if (rc == 0 && (rc = slip_copy_plan_make(&c, p.source, &plan, &err)) == 0)
		rc = place_all(&p, &plan, s);
	if (rc == 0)
		rc = slip_layer_writer_finish(w, &result, &err);
	slip_layer_writer_free(w);
	slip_place_release(&p);
	slip_copy_plan_release(&plan);
	slip_context_free(context);
	slip_strv_release(&c.sources);
	slip_strv_release(&c.excludes);
	const struct slip_layer none = {0};
	slip_rootfs_add_made(root, &none, NULL);
	return rc < 0 ? slip_xstrdup(err.msg) : read_layer(fd);
}

static struct slip_rootfs *scratch(void)
{
	struct slip_rootfs *r = NULL;
	return slip_rootfs_new(NULL, NULL, &r, &err) < 0 ? NULL : r;
}

#define is_copy(root, want, name, ...)                                                             \
	do {                                                                                       \
		struct step copy_step = {__VA_ARGS__};                                             \
		char *copy_got = copy(root, &copy_step);                                           \
		is_str(copy_got, want, "%s", name);                                                \
		free(copy_got);                                                                    \
	} while (0)

static void test_files(void)
{
	struct slip_rootfs *r = scratch();
	in_context("mkdir -p d/s && echo a >a && echo b >b && echo c >d/s/c && ln -s c d/s/l && "
		   "chmod 700 d d/s");
	is_copy(r, "f 644 0:0 x\n", "a file to a name", .sources = {"a"}, .dest = "x");
	is_copy(r, "d 755 0:0 y\nf 644 0:0 y/a\nf 644 0:0 y/b\n", "files into a directory",
		.sources = {"b", "a"}, .dest = "y", .dest_is_dir = true);
	is_copy(r, "d 755 0:0 y\nf 644 0:0 y/b\n", "into one that is there", .sources = {"b"},
		.dest = "y");
	is_copy(r, "f 644 0:0 x\n", "the last of several counts", .sources = {"a", "b"},
		.dest = "x");
	is_copy(r, "d 755 0:0 z\nd 700 0:0 z/s\nf 644 0:0 z/s/c\nl 777 0:0 z/s/l -> c\n",
		"a directory's contents", .sources = {"d"}, .dest = "z");
	is_copy(r, "d 711 5:6 o\nd 711 5:6 o/s\nf 711 5:6 o/s/c\nl 777 5:6 o/s/l -> c\n",
		"owner and mode", .sources = {"d"}, .dest = "o", .chown = true, .chmod = 0711);
	is_copy(r, "d 755 0:0 e\nd 700 0:0 e/s\nl 777 0:0 e/s/l -> c\n", "--exclude",
		.sources = {"d"}, .dest = "e", .exclude = "**/c");
	is_copy(r, "", "a wildcard without a match", .sources = {"q*"}, .dest = "q",
		.dest_is_dir = true);
	slip_rootfs_free(r);
}

static void test_links(void)
{
	struct slip_rootfs *r = scratch();
	in_context("mkdir -p base/real d && ln -s real base/link && ln -s /new/f base/dangling && "
		   "ln -s /etc out && ln -s ../../etc/passwd up && echo a >a && mkdir d/link");
	is_copy(r, "l 777 0:0 dangling -> /new/f\nl 777 0:0 link -> real\nd 755 0:0 real\n",
		"links", .sources = {"base"}, .dest = "");
	is_copy(r, "d 755 0:0 real\nf 644 0:0 real/a\n", "through a link", .sources = {"a"},
		.dest = "link");
	is_copy(r, "d 755 0:0 new\nf 644 0:0 new/f\n", "through one that leads nowhere",
		.sources = {"a"}, .dest = "dangling");
	is_copy(r, "cannot copy to non-directory: /link", "a directory over a link",
		.sources = {"d"}, .dest = "");
	is_copy(r, "\"/out\": not found in the context; check the path and the .dockerignore file",
		"a link out of the context", .sources = {"out"}, .dest = "x");
	is_copy(r, "\"/up\": not found in the context; check the path and the .dockerignore file",
		"and another", .sources = {"up"}, .dest = "x");
	slip_rootfs_free(r);
}

static void test_add(void)
{
	struct slip_rootfs *r = scratch();
	in_context("mkdir -p s/d && echo 1 >s/one && echo 2 >s/d/two && ln s/one s/three && "
		   "tar --owner=7 --group=8 -C s -czf a.tgz d one three && echo new >one");
	is_copy(r,
		"d 755 0:0 x\nd 755 7:8 x/d\nf 644 7:8 x/d/two\nf 644 7:8 x/one\n"
		"h 644 7:8 x/three -> x/one\nf 644 0:0 x/one\n",
		"an archive, and a file over what it brought", .sources = {"a.tgz", "one"},
		.dest = "x", .dest_is_dir = true, .is_add = true);
	is_copy(r, "d 755 0:0 y\nf 644 0:0 y/a.tgz\n", "COPY does not look into it",
		.sources = {"a.tgz"}, .dest = "y", .dest_is_dir = true);
	slip_rootfs_free(r);
}

static void test_ignored(void)
{
	struct slip_rootfs *r = scratch();
	in_context("mkdir -p a/b && touch a/x a/b/y a/b/z && "
		   "printf 'a\\n!a/b/y\\n.dockerignore\\n' >.dockerignore");
	is_copy(r, "d 755 0:0 a\nd 755 0:0 a/b\nf 644 0:0 a/b/y\n", "what is included again",
		.sources = {"."}, .dest = "");
	is_copy(r, "\"/a/x\": not found in the context; check the path and the .dockerignore file",
		"what is hidden", .sources = {"a/x"}, .dest = "x");
	slip_rootfs_free(r);
}

int main(void)
{
	char path[] = "/tmp/slipway-copy.XXXXXX";
	dir = mkdtemp(path);
	pool = slip_pool_new(2);
	if (slip_proc_init(&err) < 0)
		return 1;
	test_files();
	test_links();
	test_add();
	test_ignored();
	slip_pool_free(pool);
	slip_err_clear(&err);
	ok(slip_remove_tree(AT_FDCWD, dir, &err) == 0, "clean up");
	return done_testing();
}
