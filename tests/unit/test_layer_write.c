#include "config.h"

#include "runner/base/io.h"
#include "runner/layer/compress.h"
#include "runner/layer/write.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <sys/mman.h>

#define BIG_SIZE (3 * 1024 * 1024 + 17)

static struct slip_err err = SLIP_ERR_INIT;
static struct slip_pool *pool;

static struct slip_layer_options options(enum slip_compression c)
{
	return (struct slip_layer_options){.compression = c, .level = -1};
}

static int add(struct slip_layer_writer *w, struct slip_entry *e, const void *data)
{
	int rc = slip_layer_writer_entry(w, e, &err);

	if (rc == 0 && data)
		rc = slip_layer_writer_data(w, data, e->size, &err);
	slip_entry_release(e);
	return rc;
}

static struct slip_entry entry(enum slip_entry_type type, const char *path, uint32_t mode)
{
	struct slip_entry e;

	slip_entry_init(&e, type, path);
	e.mode = mode;
	e.mtime = 1000000000;
	return e;
}

static struct slip_entry link_entry(enum slip_entry_type type, const char *path, const char *target)
{
	struct slip_entry e = entry(type, path, 0777);

	e.link = slip_xstrdup(target);
	return e;
}

/* Bytes of which a part compresses, the same in every run. */
static int big_file(void)
{
	int fd = memfd_create("big", MFD_CLOEXEC);
	slip_autofree uint8_t *p = slip_xmalloc(BIG_SIZE);
	uint32_t state = 1;

	for (size_t i = 0; i < BIG_SIZE; i++) {
		state = state * 1664525 + 1013904223;
		p[i] = i & 4096 ? (uint8_t)(state >> 24) : (uint8_t) "slipway "[i % 8];
	}
	if (slip_write_all(fd, p, BIG_SIZE, &err) < 0)
		slip_bug("%s", err.msg);
	return fd;
}

/* Every kind of entry, and everything that ustar cannot say. */
static int add_all(struct slip_layer_writer *w, int big)
{
	char long_name[161];
	char deep[300];
	struct slip_entry e;
	int rc = 0;

	memset(long_name, 'n', 160);
	long_name[160] = '\0';
	snprintf(deep, sizeof(deep), "%.120s/%.99s", long_name, long_name);
	e = entry(SLIP_ENTRY_DIR, "d", 01777);
	rc |= add(w, &e, NULL);
	e = entry(SLIP_ENTRY_FILE, "d/empty", 0640);
	e.uid = 1000;
	e.gid = 2097151;
	rc |= add(w, &e, NULL);
	e = entry(SLIP_ENTRY_FILE, "d/hello", 04755);
	e.uid = 2097152;
	e.gid = 4294967294;
	e.mtime = -5;
	e.size = 6;
	slip_entry_set_xattr(&e, "user.z", "last\n", 5);
	slip_entry_set_xattr(&e, "security.capability", "\1\0\0\2", 4);
	rc |= add(w, &e, "hello\n");
	e = link_entry(SLIP_ENTRY_HARDLINK, "d/hello2", "d/hello");
	rc |= add(w, &e, NULL);
	e = link_entry(SLIP_ENTRY_SYMLINK, "d/link", "/etc/../x");
	rc |= add(w, &e, NULL);
	e = link_entry(SLIP_ENTRY_SYMLINK, "d/longlink", long_name);
	rc |= add(w, &e, NULL);
	e = entry(SLIP_ENTRY_CHAR, "d/null", 0666);
	e.dev_major = 1;
	e.dev_minor = 3;
	rc |= add(w, &e, NULL);
	e = entry(SLIP_ENTRY_BLOCK, "d/sda", 0660);
	e.dev_major = 8;
	rc |= add(w, &e, NULL);
	e = entry(SLIP_ENTRY_FIFO, "d/fifo", 0600);
	rc |= add(w, &e, NULL);
	e = entry(SLIP_ENTRY_FILE, "d/\xc3\xbcml\xc3\xa4ut", 0644);
	e.size = 1;
	rc |= add(w, &e, "u");
	e = entry(SLIP_ENTRY_FILE, deep, 0644);
	e.size = 3;
	rc |= add(w, &e, "abc");
	e = entry(SLIP_ENTRY_FILE, long_name, 0644);
	e.size = 512;
	slip_autofree char *block = slip_xcalloc(1, 512);
	rc |= add(w, &e, block);
	e = entry(SLIP_ENTRY_WHITEOUT, "d/gone", 0644);
	rc |= add(w, &e, NULL);
	e = entry(SLIP_ENTRY_OPAQUE, "d", 0);
	rc |= add(w, &e, NULL);
	e = entry(SLIP_ENTRY_FILE, "z.bin", 0600);
	e.size = BIG_SIZE;
	rc |= slip_layer_writer_file(w, &e, big, &err);
	slip_entry_release(&e);
	return rc;
}

static int write_all(const struct slip_layer_options *opt, size_t threads, const char *path,
	struct slip_layer_result *r)
{
	struct slip_pool *p = slip_pool_new(threads);
	slip_autoclose int big = big_file();
	slip_autoclose int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct slip_layer_writer *w = slip_layer_writer_new(opt, p, fd);
	int rc = add_all(w, big);

	if (rc == 0)
		rc = slip_layer_writer_finish(w, r, &err);
	slip_layer_writer_free(w);
	slip_pool_free(p);
	if (rc < 0)
		diag("%s", err.msg);
	return rc;
}

/* What Python's tarfile must read: written by hand, not by the code under test. */
static const char *const listing =
	"import sys, tarfile\n"
	"for m in tarfile.open(sys.argv[1]):\n"
	"    n = m.name if len(m.name) < 50 else '%d%s' % (len(m.name), m.name[-1])\n"
	"    l = m.linkname if len(m.linkname) < 50 else '%d' % len(m.linkname)\n"
	"    x = sorted((k, v) for k, v in m.pax_headers.items() if 'xattr' in k)\n"
	"    print(m.type.decode(), n.encode().decode('ascii', 'replace'), oct(m.mode), m.uid, "
	"m.gid,\n"
	"        m.size, int(m.mtime), l, m.devmajor, m.devminor, x, m.uname + m.gname)\n";

static const char *const expected =
	"5 d 0o1777 0 0 0 1000000000  0 0 [] \n"
	"0 d/empty 0o640 1000 2097151 0 1000000000  0 0 [] \n"
	"0 d/hello 0o4755 2097152 4294967294 6 -5  0 0 [('SCHILY.xattr.security.capability', "
	"'\\x01\\x00\\x00\\x02'), ('SCHILY.xattr.user.z', 'last\\n')] \n"
	"1 d/hello2 0o777 0 0 0 1000000000 d/hello 0 0 [] \n"
	"2 d/link 0o777 0 0 0 1000000000 /etc/../x 0 0 [] \n"
	"2 d/longlink 0o777 0 0 0 1000000000 160 0 0 [] \n"
	"3 d/null 0o666 0 0 0 1000000000  1 3 [] \n"
	"4 d/sda 0o660 0 0 0 1000000000  8 0 [] \n"
	"6 d/fifo 0o600 0 0 0 1000000000  0 0 [] \n"
	"0 d/????ml????ut 0o644 0 0 1 1000000000  0 0 [] \n"
	"0 220n 0o644 0 0 3 1000000000  0 0 [] \n"
	"0 160n 0o644 0 0 512 1000000000  0 0 [] \n"
	"0 d/.wh.gone 0o0 0 0 0 0  0 0 [] \n"
	"0 d/.wh..wh..opq 0o0 0 0 0 0  0 0 [] \n"
	"0 z.bin 0o600 0 0 3145745 1000000000  0 0 [] \n";

static void test_readers(const char *dir)
{
	slip_autofree char *tar = slip_xasprintf("%s/layer.tar", dir);
	slip_autofree char *script = slip_xasprintf("%s/list.py", dir);
	struct slip_layer_options opt = options(SLIP_COMPRESSION_NONE);
	struct slip_layer_result r = {0};

	is_int(write_all(&opt, 2, tar, &r), 0, "every kind of entry is written");
	is_int(r.entries, 15, "and counted");
	ok(slip_digest_equal(&r.digest, &r.diff_id) && r.size == r.diff_size,
		"an uncompressed layer is its tar");
	slip_autofree char *sum = slip_xasprintf("%s  -\n", slip_digest_hex(&r.diff_id));
	is_shell(sum, "its digest is that of the file", "sha256sum < %s", tar);
	is_shell("0 0\n", "it ends with two blocks of zeros, and only whole blocks",
		"echo $(($(stat -c %%s %s) %% 512)) $(tail -c 1024 %s | tr -d '\\0' | wc -c)", tar,
		tar);
	if (slip_write_file(AT_FDCWD, script, listing, strlen(listing), 0644, false, &err) < 0)
		slip_bug("%s", err.msg);
	if (has_program("python3"))
		is_shell(expected, "Python reads the same",
			"python3 %s %s | python3 -c 'import sys; "
			"print(sys.stdin.buffer.read().decode().replace(chr(0xfffd), \"??\"), "
			"end=\"\")'",
			script, tar);
	else
		skip("no python3", "Python reads the same");
	is_shell("15\n", "GNU tar reads it without a word", "tar tf %s 2>&1 | wc -l", tar);
	is_shell("drwxrwxrwt 0/0 0 2001-09-09 01:46 d/\n"
		 "-rw-r----- 1000/2097151 0 2001-09-09 01:46 d/empty\n"
		 "-rwsr-xr-x 2097152/4294967294 6 1969-12-31 23:59 d/hello\n"
		 "hrwxrwxrwx 0/0 0 2001-09-09 01:46 d/hello2\n",
		"with modes, owners and times",
		"TZ=UTC tar --numeric-owner -tvf %s | head -4 | awk '{print $1, $2, $3, $4, $5, "
		"$6}'",
		tar);
	is_shell("hello\n3145745\n", "and contents", "tar xOf %s d/hello; tar xOf %s z.bin | wc -c",
		tar, tar);
}

static void test_compression(
	const char *dir, const char *name, struct slip_layer_options opt, const char *unpack)
{
	slip_autofree char *path = slip_xasprintf("%s/%s", dir, name);
	struct slip_layer_result one = {0};
	struct slip_layer_result many = {0};

	is_int(write_all(&opt, 1, path, &one), 0, "%s: written by one thread", name);
	is_int(write_all(&opt, 2, path, &many), 0, "%s: by two", name);
	is_str(many.digest.s, one.digest.s, "%s: to the same bytes", name);
	is_int(write_all(&opt, 8, path, &many), 0, "%s: by eight", name);
	is_str(many.digest.s, one.digest.s, "%s: to the same bytes again", name);
	is_str(many.diff_id.s, one.diff_id.s, "%s: with the same diff id", name);
	ok(one.size < one.diff_size * 6 / 10, "%s: smaller", name);
	slip_autofree char *sum = slip_xasprintf("%s  -\n", slip_digest_hex(&many.digest));
	slip_autofree char *diff = slip_xasprintf("%s  -\n", slip_digest_hex(&one.diff_id));
	slip_autofree char *size = slip_xasprintf("%llu\n", (unsigned long long)many.size);
	is_shell(sum, "its digest is that of the file", "sha256sum < %s", path);
	is_shell(size, "and so is its size", "stat -c %%s %s", path);
	is_shell(diff, "it unpacks to the diff id", "%s < %s | sha256sum", unpack, path);
}

static void test_gzip_header(const char *dir)
{
	is_shell("1f 8b 08 00 00 00 00 00 00 ff\n", "no name and no time in the gzip header",
		"od -An -tx1 -N10 %s/isal.gz | sed 's/^ //'", dir);
	is_shell("", "one member that gzip finds right", "gzip -t < %s/isal.gz 2>&1", dir);
}

static void test_small_and_even(void)
{
	struct slip_layer_options opt = options(SLIP_COMPRESSION_GZIP);
	struct slip_layer_result r = {0};
	slip_autofree uint8_t *zeros = slip_xcalloc(1, SLIP_COMPRESS_BLOCK);
	slip_autoclose int fd = memfd_create("blob", MFD_CLOEXEC);

	struct slip_layer_writer *w = slip_layer_writer_new(&opt, pool, fd);
	ok(slip_layer_writer_finish(w, &r, &err) == 0 && r.entries == 0 && r.diff_size == 1024,
		"a layer without entries");
	is_str(r.diff_id.s,
		"sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
		"is the empty tar everybody knows");
	slip_layer_writer_free(w);
	/* The end of the archive falls onto the end of a block. */
	w = slip_layer_writer_new(&opt, pool, fd);
	struct slip_entry e = entry(SLIP_ENTRY_FILE, "f", 0644);
	e.size = 2 * SLIP_COMPRESS_BLOCK - 3 * 512;
	int rc = slip_layer_writer_entry(w, &e, &err);
	for (uint64_t left = e.size; rc == 0 && left > 0;) {
		size_t n = left < 1000 ? (size_t)left : 1000;
		rc = slip_layer_writer_data(w, zeros, n, &err);
		left -= n;
	}
	slip_entry_release(&e);
	ok(rc == 0 && slip_layer_writer_finish(w, &r, &err) == 0 &&
			r.diff_size == 2 * SLIP_COMPRESS_BLOCK,
		"data in pieces, up to the last byte of a block");
	slip_layer_writer_free(w);
}

static void test_clamp(const char *dir)
{
	slip_autofree char *path = slip_xasprintf("%s/clamped.tar", dir);
	struct slip_layer_options opt = options(SLIP_COMPRESSION_NONE);
	struct slip_layer_result r;

	opt.clamp_mtime = true;
	opt.max_mtime = 86400;
	is_int(write_all(&opt, 1, path, &r), 0, "with a latest time");
	is_shell("1969-12-31\n1970-01-01\n1970-01-02\n", "later times become it, others stay",
		"TZ=UTC tar -tvf %s | grep -o '[0-9]\\+-[0-9]\\+-[0-9]\\+ ' | tr -d ' ' | sort -u",
		path);
}

static int write_file(uint64_t claimed, const char *data)
{
	struct slip_layer_options opt = options(SLIP_COMPRESSION_GZIP);
	slip_autoclose int out = memfd_create("blob", MFD_CLOEXEC);
	slip_autoclose int in = memfd_create("file", MFD_CLOEXEC);
	struct slip_layer_writer *w = slip_layer_writer_new(&opt, pool, out);
	struct slip_entry e = entry(SLIP_ENTRY_FILE, "srv/log", 0644);

	e.size = claimed;
	slip_err_clear(&err);
	int rc = slip_write_all(in, data, strlen(data), &err);
	if (rc == 0)
		rc = slip_layer_writer_file(w, &e, in, &err);
	slip_entry_release(&e);
	slip_layer_writer_free(w);
	return rc;
}

static void test_errors(void)
{
	struct slip_layer_options opt = options(SLIP_COMPRESSION_GZIP);
	struct slip_layer_result r;
	struct slip_layer_writer *w;
	struct slip_entry e;

	is_int(write_file(5, "12345"), 0, "a file that stays as it is");
	is_int(write_file(5, "123456"), -1, "a file that grew");
	is_str(err.msg, "srv/log grew while it was read; build when nothing writes to it",
		"says so");
	is_int(write_file(5, "1234"), -1, "a file that shrank");
	is_str(err.msg, "srv/log shrank while it was read; build when nothing writes to it",
		"says so");

	slip_err_clear(&err);
	w = slip_layer_writer_new(&opt, pool, -1);
	e = entry(SLIP_ENTRY_FILE, "f", 0644);
	e.size = 3;
	ok(slip_layer_writer_entry(w, &e, &err) == 0 &&
			slip_layer_writer_data(w, "1234", 4, &err) < 0,
		"more data than the entry says");
	slip_err_clear(&err);
	ok(slip_layer_writer_data(w, "12", 2, &err) == 0 &&
			slip_layer_writer_finish(w, &r, &err) < 0,
		"or less");
	slip_err_clear(&err);
	ok(slip_layer_writer_data(w, "3", 1, &err) == 0 &&
			slip_layer_writer_finish(w, &r, &err) < 0 && err.sys != 0,
		"a descriptor that cannot be written");
	slip_entry_release(&e);
	slip_layer_writer_free(w);
}

static void test_refused(void)
{
	struct slip_layer_options opt = options(SLIP_COMPRESSION_GZIP);
	struct slip_layer_writer *w = slip_layer_writer_new(&opt, pool, -1);
	slip_autofree char *huge = slip_xcalloc(1, 1 << 20);
	struct slip_entry e = entry(SLIP_ENTRY_FILE, "f", 0644);

	slip_err_clear(&err);
	slip_entry_set_xattr(&e, "user.a=b", "1", 1);
	ok(add(w, &e, NULL) < 0 && strstr(err.msg, "user.a=b"), "an attribute tar cannot name");
	slip_err_clear(&err);
	e = entry(SLIP_ENTRY_FILE, "f", 0644);
	slip_entry_set_xattr(&e, "user.huge", huge, 1 << 20);
	ok(add(w, &e, NULL) < 0 && err.code == SLIP_E_LIMIT, "attributes too large for readers");
	slip_err_clear(&err);
	e = entry(SLIP_ENTRY_FILE, "a/.wh.b/c", 0644);
	ok(add(w, &e, NULL) < 0, "a name that readers would take for a removal");
	slip_err_clear(&err);
	e = entry(SLIP_ENTRY_CHAR, "dev", 0644);
	e.dev_major = 1U << 21;
	ok(add(w, &e, NULL) < 0, "a device number too large for tar");
	slip_layer_writer_free(w);
}

/* Leaving in the middle with blocks in flight must neither hang nor leak. */
static void test_abandon(void)
{
	struct slip_layer_options opt = options(SLIP_COMPRESSION_GZIP);
	slip_autoclose int out = memfd_create("blob", MFD_CLOEXEC);
	slip_autoclose int big = big_file();
	struct slip_layer_writer *w = slip_layer_writer_new(&opt, pool, out);
	struct slip_entry e = entry(SLIP_ENTRY_FILE, "z.bin", 0644);

	slip_err_clear(&err);
	e.size = BIG_SIZE;
	is_int(slip_layer_writer_file(w, &e, big, &err), 0, "a writer left in the middle");
	slip_entry_release(&e);
	slip_layer_writer_free(w);
}

int main(void)
{
	autoscratch dir = scratch_new();

	pool = slip_pool_new(2);
	test_readers(dir.path);
	test_compression(dir.path, "isal.gz", options(SLIP_COMPRESSION_GZIP), "gzip -dc");
	struct slip_layer_options opt = options(SLIP_COMPRESSION_GZIP);
	opt.reproducible = true;
	test_compression(dir.path, "zlib.gz", opt, "gzip -dc");
	opt.level = 9;
	test_compression(dir.path, "zlib9.gz", opt, "gzip -dc");
#ifdef HAVE_ZSTD
	if (has_program("zstd"))
		test_compression(
			dir.path, "layer.zst", options(SLIP_COMPRESSION_ZSTD), "zstd -dcq");
	else
		skip("no zstd", "zstd layers");
#endif
	test_gzip_header(dir.path);
	test_small_and_even();
	test_clamp(dir.path);
	test_errors();
	test_refused();
	test_abandon();
	slip_pool_free(pool);
	return done_testing();
}
