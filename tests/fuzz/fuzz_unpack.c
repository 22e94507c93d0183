/*
 * Layers: into the tree alone, and into a directory beside a canary. Whatever the tree accepts is
 * stored and loaded again; the canary and its neighbours stay as they are.
 */
#include "config.h"

#include "runner/base/io.h"
#include "runner/layer/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	const uint8_t *p;
	size_t n;
};

static char *top;
static int topfd = -1;

static void remove_top(void)
{
	struct slip_err err = SLIP_ERR_INIT;

	if (slip_remove_tree(AT_FDCWD, top, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	close(topfd);
	free(top);
}

static void set_up(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	const char *tmp = getenv("TMPDIR");

	if (slip_make_temp_dir(tmp ? tmp : "/tmp", "slipway-fuzz-", &top, &err) < 0)
		slip_bug("%s", err.msg);
	topfd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (slip_write_file(topfd, "canary", "canary", 6, 0600, false, &err) < 0)
		slip_bug("%s", err.msg);
	atexit(remove_top);
}

static int read_memory(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct memory *m = ctx;

	(void)err;
	*got = m->n < n ? m->n : n;
	if (*got > 0)
		memcpy(buf, m->p, *got);
	m->p += *got;
	m->n -= *got;
	return 0;
}

static void check_tree(const struct slip_tree *t)
{
	slip_autobuf first, second;
	struct slip_err err = SLIP_ERR_INIT;
	slip_cleanup(slip_tree_cleanup) struct slip_tree *again = NULL;

	slip_buf_init(&first, SLIP_MAX_TREE_FILE);
	slip_buf_init(&second, SLIP_MAX_TREE_FILE);
	slip_tree_save(t, &first);
	if (slip_tree_load(first.data, first.len, &again, &err) < 0)
		slip_bug("what was stored does not load: %s", err.msg);
	slip_tree_save(again, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		slip_bug("stored again, a tree is another");
}

static int unpack(
	const uint8_t *data, size_t size, int rootfd, uint32_t origin, struct slip_tree *tree)
{
	struct memory m = {.p = data, .n = size};
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_unpacked done;
	struct slip_unpack opt = {
		.rootfd = rootfd,
		.max_bytes = SLIP_MIB,
		.max_entries = 1000,
		.tree = tree,
		.origin = origin,
	};

	return slip_unpack_layer(
		(struct slip_source){.read = read_memory, .ctx = &m}, &opt, &done, &err);
}

static void check_canary(void)
{
	slip_autobuf text;
	struct slip_err err = SLIP_ERR_INIT;
	struct stat st;

	slip_buf_init(&text, SLIP_KIB);
	if (fstat(topfd, &st) < 0 || st.st_nlink != 3 ||
		slip_read_file(topfd, "canary", &text, &err) < 0 ||
		!slip_streq(text.data, "canary"))
		slip_bug("something outside of the root has changed");
}

/* Mutations would seldom get past the checksum: whatever looks like a header gets a right one. */
static void seal_headers(uint8_t *p, size_t n)
{
	for (; n >= 512; p += 512, n -= 512) {
		unsigned sum = 8 * ' ';
		if (memcmp(p + 257, "ustar", 5) != 0)
			continue;
		for (size_t i = 0; i < 512; i++)
			sum += i >= 148 && i < 156 ? 0 : p[i];
		snprintf((char *)p + 148, 8, "%06o", sum);
	}
}

/* The first half is the lower layer: whiteouts and links need something to work on. */
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	slip_autofree uint8_t *data = slip_xmemdup(input, size);
	slip_cleanup(slip_tree_cleanup) struct slip_tree *headers = slip_tree_new();
	slip_cleanup(slip_tree_cleanup) struct slip_tree *files = slip_tree_new();
	struct slip_err err = SLIP_ERR_INIT;
	size_t half = size / 1024 * 512;

	if (size > 65536)
		return 0;
	seal_headers(data, size);
	if (!top)
		set_up();
	unpack(data, half, -1, 1, headers);
	unpack(data + half, size - half, -1, 2, headers);
	check_tree(headers);
	if (mkdirat(topfd, "root", 0700) < 0)
		slip_bug("the root cannot be made");
	slip_autoclose int root = openat(topfd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unpack(data, half, root, 1, files);
	unpack(data + half, size - half, root, 2, files);
	check_tree(files);
	check_canary();
	if (slip_remove_tree(topfd, "root", &err) < 0)
		slip_bug("%s", err.msg);
	return 0;
}
