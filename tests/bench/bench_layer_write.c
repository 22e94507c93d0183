/*
 * How fast is a layer written, and where does the time go? `make tests/bench/bench_layer_write`
 *
 *	bench_layer_write [THREADS [LEVEL [gzip|zlib|zstd|none]]]
 *
 * Writes 180 files of 82 MB in all, half of it incompressible, five times; then does each step
 * alone over the same bytes.
 */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/layer/compress.h"
#include "runner/layer/write.h"

#include <sys/mman.h>

#define FILES 180
#define TOTAL (82 * 1000 * 1000)
#define FILE_SIZE (TOTAL / FILES)
#define ROUNDS 5

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Pieces of 1 to 16 KiB, random bytes and words of a small vocabulary in turn. */
static void make_bytes(uint8_t *p, size_t n, uint64_t seed)
{
	static const char *const words[] = {"System.", "Collections", "Generic", "\x28\x06", "get_",
		"Dictionary", "\0\0\0\0", "Microsoft.", "Extensions", "void ", "\x02\x7b\x0b"};
	uint64_t state = seed;
	bool is_random = false;

	for (size_t i = 0; i < n; is_random = !is_random) {
		size_t end = i + 1024 + next_random(&state) % (15 * 1024);
		while (i < n && i < end) {
			uint64_t r = next_random(&state);
			const char *word = words[r % SLIP_ARRAY_LEN(words)];
			size_t len = is_random ? 8 : strlen(word) + 1;
			len = len < n - i ? len : n - i;
			memcpy(p + i, is_random ? (const char *)&r : word, len);
			i += len;
		}
	}
}

static double report(const char *what, double start, size_t bytes)
{
	double now = slip_clock_monotonic();
	printf("%-28s %7.1f ms %7.0f MB/s\n", what, (now - start) * 1e3,
		(double)bytes / (now - start) / 1e6);
	return slip_clock_monotonic();
}

static int write_layer(const int *fds, const struct slip_layer_options *opt, struct slip_pool *pool,
	struct slip_layer_result *result, struct slip_err *err)
{
	slip_autoclose int out = memfd_create("layer", MFD_CLOEXEC);
	slip_cleanup(slip_layer_writer_cleanup) struct slip_layer_writer *w =
		slip_layer_writer_new(opt, pool, out);

	for (size_t i = 0; i < FILES; i++) {
		char name[32];
		struct slip_entry e;
		snprintf(name, sizeof(name), "app/file%03zu.dll", i);
		slip_entry_init(&e, SLIP_ENTRY_FILE, name);
		e.mode = 0644;
		e.size = FILE_SIZE;
		int rc = slip_layer_writer_file(w, &e, fds[i], err);
		slip_entry_release(&e);
		if (rc < 0)
			return -1;
	}
	return slip_layer_writer_finish(w, result, err);
}

static void bench_steps(const int *fds, const struct slip_layer_options *opt, uint8_t *all)
{
	struct slip_compress_method method =
		slip_compress_choose(opt->compression, opt->level, opt->reproducible);
	struct slip_compressor *c = slip_compressor_new(&method);
	uint8_t *out = slip_xmalloc(SLIP_COMPRESS_OUT);
	struct slip_digest digest;
	size_t total = 0;
	size_t len;
	uint32_t crc;
	double t = slip_clock_monotonic();

	for (size_t i = 0; i < FILES; i++) {
		for (size_t o = 0; o < FILE_SIZE; o += SLIP_COMPRESS_BLOCK)
			(void)!pread(fds[i], out, SLIP_COMPRESS_BLOCK, (off_t)o);
	}
	t = report("read alone", t, TOTAL);
	slip_digest_of(all, TOTAL, &digest);
	t = report("SHA-256 alone", t, TOTAL);
	for (size_t o = 0; o < TOTAL; o += SLIP_COMPRESS_BLOCK) {
		size_t n = TOTAL - o < SLIP_COMPRESS_BLOCK ? TOTAL - o : SLIP_COMPRESS_BLOCK;
		if (slip_compressor_block(c, all + o, n, out, &len, &crc, NULL) < 0)
			slip_bug("compress");
		total += len;
	}
	t = report("compress alone, one thread", t, TOTAL);
	slip_autoclose int fd = memfd_create("blob", MFD_CLOEXEC);
	(void)!slip_write_all(fd, all, total, NULL);
	report("write of the blob alone", t, total);
	slip_compressor_free(c);
	free(out);
}

int main(int argc, char **argv)
{
	size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : slip_pool_processors();
	const char *kind = argc > 3 ? argv[3] : "gzip";
	struct slip_layer_options opt = {
		.compression = slip_streq(kind, "zstd")	  ? SLIP_COMPRESSION_ZSTD
			       : slip_streq(kind, "none") ? SLIP_COMPRESSION_NONE
							  : SLIP_COMPRESSION_GZIP,
		.level = argc > 2 ? (int)strtol(argv[2], NULL, 10) : -1,
		.reproducible = slip_streq(kind, "zlib"),
	};
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_layer_result result;
	uint8_t *all = slip_xmalloc(TOTAL);
	int fds[FILES];

	for (size_t i = 0; i < FILES; i++) {
		make_bytes(all + i * FILE_SIZE, FILE_SIZE, i + 1);
		fds[i] = memfd_create("file", MFD_CLOEXEC);
		(void)!slip_write_all(fds[i], all + i * FILE_SIZE, FILE_SIZE, NULL);
	}
	for (int round = 0; round < ROUNDS; round++) {
		double start = slip_clock_monotonic();
		struct slip_pool *pool = slip_pool_new(threads);
		if (write_layer(fds, &opt, pool, &result, &err) < 0) {
			fprintf(stderr, "%s\n", err.msg);
			return 1;
		}
		slip_pool_free(pool);
		report("whole layer", start, TOTAL);
	}
	printf("%zu threads, %llu -> %llu bytes (%.3f), %s\n", threads,
		(unsigned long long)result.diff_size, (unsigned long long)result.size,
		(double)result.size / (double)result.diff_size, result.digest.s);
	bench_steps(fds, &opt, all);
	free(all);
	return 0;
}
