#include "config.h"

#include "runner/base/io.h"
#include "runner/base/proc.h"
#include "runner/base/sign.h"
#include "tests/unit/tap.h"

static void is_hmac(const void *key, size_t n, const char *text, const char *want)
{
	uint8_t mac[SLIP_SHA256_SIZE];
	char hex[SLIP_HEX_SIZE];
	slip_hmac_sha256(key, n, text, strlen(text), mac);
	slip_hex(mac, sizeof(mac), hex);
	is_str(hex, want, "HMAC of \"%.20s\"", text);
}

/* RFC 4231 sections 4.2, 4.3 and 4.7 */
static void test_hmac(void)
{
	uint8_t key[131];
	memset(key, 0x0b, 20);
	is_hmac(key, 20, "Hi There",
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	is_hmac("Jefe", 4, "what do ya want for nothing?",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	is_hmac(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First",
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* What the openssl program makes of the same key. */
static char *make_key(const char *const *argv)
{
	struct slip_proc_spec spec = {.argv = argv, .stdin_fd = -1, .stderr_fd = -1};
	struct slip_proc_output out = {0};
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_proc_run(&spec, NULL, 0, 65536, -1, &out, &err) < 0 || out.status != 0)
		slip_bug("openssl: %s", err.msg);
	return out.out;
}

static void test_rs256(void)
{
	static const char *const rsa[] = {
		"openssl", "genpkey", "-quiet", "-algorithm", "RSA", NULL};
	static const char *const locked[] = {"openssl", "genpkey", "-quiet", "-algorithm", "RSA",
		"-aes-128-cbc", "-pass", "pass:x", NULL};
	static const char *const ec[] = {"openssl", "genpkey", "-quiet", "-algorithm", "EC",
		"-pkeyopt", "ec_paramgen_curve:P-256", NULL};
	slip_autofree char *key = make_key(rsa), *with_password = make_key(locked);
	slip_autofree char *other = make_key(ec);
	slip_autofree uint8_t *a = NULL, *b = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	size_t a_len = 0, b_len = 0;
	ok(slip_sign_rs256(key, "text", 4, &a, &a_len, &err) == 0 && a_len == 256, "sign");
	ok(slip_sign_rs256(key, "text", 4, &b, &b_len, &err) == 0 && memcmp(a, b, 256) == 0,
		"RS256 has one signature for one text");
	const char *const bad[] = {with_password, other, "", "-----BEGIN PRIVATE KEY-----\n"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		uint8_t *none = NULL;
		size_t n;
		ok(slip_sign_rs256(bad[i], "text", 4, &none, &n, &err) < 0 && !none &&
				err.code == SLIP_E_USAGE,
			"refuse key %zu", i);
		slip_err_clear(&err);
	}
}

static void test_base64url(void)
{
	slip_autofree char *a = slip_base64url_encode("\xfb\xff\xfe", 3);
	slip_autofree char *b = slip_base64url_encode("a", 1);
	slip_autofree char *c = slip_base64url_encode("", 0);
	is_str(a, "-__-", "the alphabet of URLs");
	is_str(b, "YQ", "no padding");
	is_str(c, "", "nothing");
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	ok(slip_proc_init(&err) == 0, "processes");
	test_hmac();
	test_rs256();
	test_base64url();
	return done_testing();
}
