/* A layer that is unpacked beside being written: what is told when the unpacking fails. */
#include "config.h"

#include "runner/base/proc.h"
#include "steps/build/builder.h"
#include "steps/build/layer_make.h"
#include "tests/unit/tap.h"

#define PIECE ((size_t)1 << 20)

static char *dir;
static struct slip_build_request req = {.compression_level = -1};
static struct slip_builder b;
static struct slip_err err = SLIP_ERR_INIT;

static void begin(void)
{
	struct slip_store_options store = {.path = dir};
	slip_builder_init(&b, &req);
	b.isolation.overlay_xattr = "user.overlay.";
	b.cpu = slip_pool_new(2);
	b.io = slip_pool_new(2);
	if (slip_store_open(&store, &b.store, &err) < 0)
		fail("%s", err.msg);
}

static int add(struct slip_layer_make *m, enum slip_entry_type type, const char *path,
	const char *link, uint64_t size)
{
	struct slip_entry e;
	slip_entry_init(&e, type, path);
	e.mode = 0644;
	e.size = size;
	e.link = slip_xstrdup(link);
	int rc = slip_layer_writer_entry(m->writer, &e, &err);
	slip_entry_release(&e);
	return rc;
}

/* More than a pipe holds. */
static int add_much(struct slip_layer_make *m)
{
	slip_autofree char *piece = slip_xcalloc(PIECE, 1);
	if (add(m, SLIP_ENTRY_FILE, "much", NULL, 8 * PIECE) < 0)
		return -1;
	for (int i = 0; i < 8; i++) {
		if (slip_layer_writer_data(m->writer, piece, PIECE, &err) < 0)
			return -1;
	}
	return 0;
}

/* With a link that leads nowhere, or with one to a file that is there. */
static int make(const char *target, char **files)
{
	struct slip_layer_make m;
	struct slip_layer layer = {0};
	slip_err_clear(&err);
	int rc = slip_layer_make_begin(&b, SLIP_MEDIA_OCI, true, &m, &err);
	if (rc == 0)
		rc = add(&m, SLIP_ENTRY_FILE, "a", NULL, 0);
	if (rc == 0)
		rc = add(&m, SLIP_ENTRY_HARDLINK, "link", target, 0);
	if (rc == 0)
		rc = add_much(&m);
	if (rc == 0)
		rc = slip_layer_make_end(&m, &layer, files, &err);
	slip_layer_make_abort(&m, rc < 0 ? &err : NULL);
	slip_layer_release(&layer);
	return rc;
}

int main(void)
{
	char path[] = "/tmp/slipway-make.XXXXXX";
	slip_autofree char *files = NULL;
	dir = mkdtemp(path);
	if (!dir || slip_proc_init(&err) < 0)
		return 1;
	begin();
	if (ok(make("a", &files) == 0, "a layer and its files")) {
		slip_autofree char *much = slip_xasprintf("%s/much", files);
		ok(access(much, F_OK) == 0, "which are there");
	}
	slip_cleanup_free(&files);
	ok(make("absent", &files) < 0, "a layer that cannot be unpacked");
	is_str(err.msg, "unpack \"link\": a hard link to /absent, which does not exist", "and why");
	ok(!files, "without files");
	slip_builder_release(&b);
	slip_err_clear(&err);
	ok(slip_remove_tree(AT_FDCWD, dir, &err) == 0, "clean up");
	return done_testing();
}
