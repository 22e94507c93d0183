#include "config.h"

#include "runner/base/digest.h"
#include "tests/unit/tap.h"

#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_hash(void)
{
	struct slip_digest d;
	slip_digest_of("abc", 3, &d);
	is_str(d.s, ABC, "SHA-256 of abc");
	is_str(slip_digest_hex(&d), ABC + 7, "its digits");
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();
	slip_sha256_add(h, "a", 1);
	slip_sha256_add(h, "", 0);
	slip_sha256_add(h, "bc", 2);
	slip_sha256_finish_digest(h, &d);
	is_str(d.s, ABC, "in pieces");
	slip_sha256_finish_digest(h, &d);
	is_str(d.s, EMPTY, "finish starts again");
	struct slip_digest none = {""};
	ok(!slip_digest_is_set(&none) && slip_digest_is_set(&d), "set or not");
	ok(slip_digest_equal(&d, &d) && !slip_digest_equal(&d, &none), "equal or not");
	slip_sha256_free(NULL);
}

static void test_parse(void)
{
	static const char *const bad[] = {"", "sha256:",
		"sha512:"
		"00",
		ABC "0", "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"sha256:../../../../../../../../../../../../../../../../../../../../../a",
		"SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", " " ABC,
		ABC "\n", "sha"};
	struct slip_digest d = {"untouched"};
	struct slip_err err = SLIP_ERR_INIT;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		slip_err_clear(&err);
		ok(slip_digest_parse(bad[i], &d, &err) == -1 && slip_err_is(&err, SLIP_E_DIGEST),
			"refused: %.30s", i + 2 < SLIP_ARRAY_LEN(bad) ? bad[i] : "blanks");
	}
	is_str(d.s, "untouched", "and nothing is written");
	ok(slip_digest_parse(ABC, &d, &err) == 0 && slip_streq(d.s, ABC), "a good one");
}

static void test_base64(void)
{
	static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(pairs); i++) {
		slip_autofree char *text = slip_base64_encode(pairs[i][0], strlen(pairs[i][0]));
		is_str(text, pairs[i][1], "encoded: %s", pairs[i][1]);
		slip_autofree uint8_t *back = NULL;
		size_t n = 99;
		ok(slip_base64_decode(text, strlen(text), &back, &n, NULL) == 0 &&
				n == strlen(pairs[i][0]) && memcmp(back, pairs[i][0], n) == 0,
			"and back");
	}
	static const char *const bad[] = {"Z", "Zg=", "Zg===", "=",
		"====", "Zm9v=", "Zm9v====", "Zm 9", "Zm9v\n", "-_-_", "Z=g="};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		uint8_t *out = NULL;
		size_t n;
		struct slip_err err = SLIP_ERR_INIT;
		ok(slip_base64_decode(bad[i], strlen(bad[i]), &out, &n, &err) == -1 && !out,
			"refused: case %zu", i);
	}
	slip_autofree uint8_t *out = NULL;
	size_t n;
	ok(slip_base64_decode("Zg", 2, &out, &n, NULL) == 0 && n == 1, "padding may be missing");
	uint8_t *nul = NULL;
	ok(slip_base64_decode("Zm\0v", 4, &nul, &n, NULL) == -1, "a NUL byte is no digit");
}

int main(void)
{
	test_hash();
	test_parse();
	test_base64();
	char hex[9];
	slip_hex("\x00\x0f\xf0\xff", 4, hex);
	is_str(hex, "000ff0ff", "hexadecimal");
	uint8_t a[16] = {0}, b[16] = {0};
	slip_random(a, sizeof(a));
	slip_random(b, sizeof(b));
	ok(memcmp(a, b, sizeof(a)) != 0, "random bytes differ");
	slip_wipe(a, sizeof(a));
	ok(memcmp(a, (uint8_t[16]){0}, sizeof(a)) == 0, "wiped");
	return done_testing();
}
