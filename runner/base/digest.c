#include "config.h"

#include "runner/base/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

struct slip_sha256 {
	EVP_MD_CTX *ctx;
};

static void restart(struct slip_sha256 *h)
{
	if (EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		slip_bug("SHA-256 is not available");
}

struct slip_sha256 *slip_sha256_new(void)
{
	struct slip_sha256 *h = slip_xmalloc(sizeof(*h));
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx)
		slip_bug("no memory for SHA-256");
	restart(h);
	return h;
}

void slip_sha256_add(struct slip_sha256 *h, const void *p, size_t n)
{
	if (EVP_DigestUpdate(h->ctx, p, n) != 1)
		slip_bug("SHA-256 update failed");
}

void slip_sha256_finish(struct slip_sha256 *h, uint8_t out[SLIP_SHA256_SIZE])
{
	unsigned int n = 0;
	if (EVP_DigestFinal_ex(h->ctx, out, &n) != 1 || n != SLIP_SHA256_SIZE)
		slip_bug("SHA-256 final failed");
	restart(h);
}

void slip_sha256_finish_digest(struct slip_sha256 *h, struct slip_digest *out)
{
	uint8_t raw[SLIP_SHA256_SIZE];
	slip_sha256_finish(h, raw);
	slip_digest_from_raw(raw, out);
}

void slip_sha256_free(struct slip_sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void slip_sha256_cleanup(struct slip_sha256 **h)
{
	slip_sha256_free(*h);
	*h = NULL;
}

void slip_digest_of(const void *p, size_t n, struct slip_digest *out)
{
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();
	slip_sha256_add(h, p, n);
	slip_sha256_finish_digest(h, out);
}

void slip_digest_from_raw(const uint8_t raw[SLIP_SHA256_SIZE], struct slip_digest *out)
{
	memcpy(out->s, SLIP_DIGEST_PREFIX, sizeof(SLIP_DIGEST_PREFIX) - 1);
	slip_hex(raw, SLIP_SHA256_SIZE, out->s + sizeof(SLIP_DIGEST_PREFIX) - 1);
}

int slip_digest_parse(const char *s, struct slip_digest *out, struct slip_err *err)
{
	const size_t prefix = sizeof(SLIP_DIGEST_PREFIX) - 1;
	if (!slip_starts_with(s, SLIP_DIGEST_PREFIX) || strlen(s) != SLIP_DIGEST_SIZE - 1 ||
		strspn(s + prefix, "0123456789abcdef") != SLIP_HEX_SIZE - 1)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"\"%.80s\" is no digest: sha256: and 64 lower-case hexadecimal digits are "
			"expected",
			s);
	memcpy(out->s, s, SLIP_DIGEST_SIZE);
	return 0;
}

void slip_hex(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++) {
		*out++ = digits[b[i] >> 4];
		*out++ = digits[b[i] & 15];
	}
	*out = '\0';
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *slip_base64_encode(const void *p, size_t n)
{
	const uint8_t *b = p;
	char *out = slip_xmalloc((n + 2) / 3 * 4 + 1), *o = out;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)b[i] << 16;
		if (i + 1 < n)
			v |= (uint32_t)b[i + 1] << 8;
		if (i + 2 < n)
			v |= b[i + 2];
		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = i + 1 < n ? alphabet[v >> 6 & 63] : '=';
		*o++ = i + 2 < n ? alphabet[v & 63] : '=';
	}
	*o = '\0';
	return out;
}

int slip_base64_decode(
	const char *s, size_t n, uint8_t **out, size_t *out_len, struct slip_err *err)
{
	size_t padding = 0;
	while (n && padding < 2 && s[n - 1] == '=') {
		n--;
		padding++;
	}
	slip_autofree uint8_t *bytes = slip_xmalloc(n / 4 * 3 + 4);
	size_t len = 0;
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++) {
		const char *at = s[i] ? strchr(alphabet, s[i]) : NULL;
		if (!at)
			return slip_err_set(err, SLIP_E_USAGE, 0, "not base64");
		v = v << 6 | (uint32_t)(at - alphabet);
		if (i % 4 == 3) {
			bytes[len++] = (uint8_t)(v >> 16);
			bytes[len++] = (uint8_t)(v >> 8);
			bytes[len++] = (uint8_t)v;
		}
	}
	if (n % 4 == 1 || (padding && (n + padding) % 4))
		return slip_err_set(err, SLIP_E_USAGE, 0, "not base64: it is cut off");
	if (n % 4 == 2)
		bytes[len++] = (uint8_t)(v >> 4);
	if (n % 4 == 3) {
		bytes[len++] = (uint8_t)(v >> 10);
		bytes[len++] = (uint8_t)(v >> 2);
	}
	bytes[len] = 0;
	*out = slip_steal_ptr(&bytes);
	*out_len = len;
	return 0;
}

void slip_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

void slip_random(void *p, size_t n)
{
	uint8_t *b = p;
	while (n) {
		ssize_t got = getrandom(b, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			slip_bug("getrandom is refused: %s", strerror(errno));
		b += got;
		n -= (size_t)got;
	}
}
