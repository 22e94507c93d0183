#include "config.h"

#include "runner/base/sign.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

void slip_hmac_sha256(
	const void *key, size_t key_len, const void *p, size_t n, uint8_t out[SLIP_SHA256_SIZE])
{
	unsigned int len = 0;
	if (key_len > INT_MAX || !HMAC(EVP_sha256(), key, (int)key_len, p, n, out, &len) ||
		len != SLIP_SHA256_SIZE)
		slip_bug("HMAC-SHA256 failed");
}

/* A key with a passphrase is no key here; OpenSSL would ask at the terminal. */
static int no_passphrase(char *buf, int size, int is_writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)is_writing;
	(void)ctx;
	return 0;
}

static EVP_PKEY *read_key(const char *pem)
{
	size_t n = strlen(pem);
	BIO *bio = n <= INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	return key;
}

static bool sign(EVP_PKEY *key, const void *p, size_t n, uint8_t **out, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool is_signed = ctx && EVP_PKEY_base_id(key) == EVP_PKEY_RSA &&
			 EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
			 EVP_DigestSign(ctx, NULL, len, p, n) == 1;
	if (is_signed) {
		*out = slip_xmalloc(*len);
		is_signed = EVP_DigestSign(ctx, *out, len, p, n) == 1;
	}
	EVP_MD_CTX_free(ctx);
	return is_signed;
}

int slip_sign_rs256(const char *pem, const void *p, size_t n, uint8_t **out, size_t *out_len,
	struct slip_err *err)
{
	EVP_PKEY *key = read_key(pem);
	slip_autofree uint8_t *signature = NULL;
	bool is_signed = key && sign(key, p, n, &signature, out_len);
	EVP_PKEY_free(key);
	if (!is_signed)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"the private key is no RSA key in PEM without a passphrase");
	*out = slip_steal_ptr(&signature);
	return 0;
}

char *slip_base64url_encode(const void *p, size_t n)
{
	char *s = slip_base64_encode(p, n);
	for (char *c = s; *c; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
		else if (*c == '=')
			*c = '\0';
	}
	return s;
}
