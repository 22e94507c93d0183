/* Indexes that git wrote (tests/fuzz/corpus/git_index: a byte for the hash, then the file). */
#include "config.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/engine/git_index.h"
#include "tests/unit/tap.h"

#define NAMES                                                                                      \
	"100644 a\n120000 link\n100755 run.sh\n100644 src/deep/b.txt\n100644 src/deep/b.txt.old\n"
#define NAMES_AND_NEW                                                                              \
	"100644 a\n120000 link\n100644 new\n100755 run.sh\n100644 src/deep/b.txt\n"                \
	"100644 src/deep/b.txt.old\n"

static const struct {
	const char *file, *want;
} cases[] = {
	{"v2", NAMES},
	{"v3", NAMES_AND_NEW},
	{"v4", NAMES_AND_NEW},
	{"sha256", NAMES},
	{"cut", "error: git's index is broken: it ends in an entry"},
	{"split", "error: git's index has the extension \"link\", which is not supported (git "
		  "update-index --no-split-index)"},
};

static void add(void *ctx, const char *path, unsigned mode)
{
	slip_buf_addf(ctx, "%06o %s\n", mode, path);
}

static char *names(const unsigned char *data, size_t len)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf out;
	slip_buf_init(&out, SLIP_MIB);
	slip_autofree void *copy = slip_xmemdup(data + 1, len - 1);
	if (slip_git_index_parse(copy, len - 1, data[0] ? 32 : 20, add, &out, &err) < 0)
		return slip_xasprintf("error: %s", err.msg);
	return slip_buf_take(&out);
}

static void read_case(const char *name, struct slip_buf *out)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *path =
		slip_xasprintf("%s/tests/fuzz/corpus/git_index/%s", getenv("SLIPWAY_SRCDIR"), name);
	if (slip_read_file(AT_FDCWD, path, out, &err) < 0)
		slip_bug("%s", err.msg);
}

static void test_files(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		slip_autobuf data;
		slip_buf_init(&data, SLIP_MIB);
		read_case(cases[i].file, &data);
		slip_autofree char *got = names((unsigned char *)data.data, data.len);
		is_str(got, cases[i].want, "%s", cases[i].file);
	}
}

/* Where the first name of the version 2 file begins, after the byte for the hash. */
#define FIRST_NAME (1 + 12 + 62)

static void test_hostile(void)
{
	slip_autobuf data;
	slip_buf_init(&data, SLIP_MIB);
	read_case("v2", &data);
	unsigned char *p = (unsigned char *)data.data;
	is_int(p[FIRST_NAME], 'a', "the file is as expected");
	p[FIRST_NAME] = '/';
	slip_autofree char *absolute = names(p, data.len);
	is_str(absolute, "error: git's index is broken: a name is no relative path", "absolute");
	p[FIRST_NAME] = 'a';
	char *src = memmem(data.data, data.len, "src/deep", 8);
	memcpy(src, "../", 3);
	slip_autofree char *outside = names(p, data.len);
	is_str(outside, "error: git's index is broken: a name is no relative path", "outside");
	p[1 + 7] = 9;
	slip_autofree char *version = names(p, data.len);
	is_str(version, "error: git's index has version 9, known are 2 to 4", "version");
	p[1 + 7] = 2;
	p[1 + 8] = 0xff;
	slip_autofree char *many = names(p, data.len);
	ok(slip_starts_with(many, "error: git's index is broken"), "more entries than there are");
	for (size_t n = 1; n < data.len; n++) {
		slip_autofree char *cut = names(p, n);
		if (!slip_starts_with(cut, "error: "))
			fail("cut to %zu bytes", n);
	}
}

int main(void)
{
	test_files();
	test_hostile();
	return done_testing();
}
