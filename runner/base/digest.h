/*
 * SHA-256 and content digests (OCI image-spec, descriptor.md "Digests"). Only user of OpenSSL.
 */
#ifndef SLIP_BASE_DIGEST_H
#define SLIP_BASE_DIGEST_H

#include "runner/base/err.h"

#define SLIP_SHA256_SIZE 32
#define SLIP_HEX_SIZE 65 /* 64 hexadecimal digits and a NUL */
#define SLIP_DIGEST_PREFIX "sha256:"
#define SLIP_DIGEST_SIZE 72 /* "sha256:", 64 digits, NUL */

/* A digest as text, "sha256:<64 lower-case hex>"; "" when not set. */
struct slip_digest {
	char s[SLIP_DIGEST_SIZE];
};

struct slip_sha256;
struct slip_sha256 *slip_sha256_new(void);
void slip_sha256_add(struct slip_sha256 *h, const void *p, size_t n);
/* Finish; h may be used again from the start afterwards. */
void slip_sha256_finish(struct slip_sha256 *h, uint8_t out[SLIP_SHA256_SIZE]);
void slip_sha256_finish_digest(struct slip_sha256 *h, struct slip_digest *out);
void slip_sha256_free(struct slip_sha256 *h); /* NULL is fine */
void slip_sha256_cleanup(struct slip_sha256 **h);

void slip_digest_of(const void *p, size_t n, struct slip_digest *out);
void slip_digest_from_raw(const uint8_t raw[SLIP_SHA256_SIZE], struct slip_digest *out);
/*
 * Check and copy a digest from outside: exactly sha256 and 64 lower-case hex digits. Nothing else
 * may become part of a path or an URL.
 */
int slip_digest_parse(const char *s, struct slip_digest *out, struct slip_err *err) SLIP_MUST_CHECK;
static inline const char *slip_digest_hex(const struct slip_digest *d)
{
	return d->s + sizeof(SLIP_DIGEST_PREFIX) - 1;
}
static inline bool slip_digest_is_set(const struct slip_digest *d)
{
	return d->s[0] != '\0';
}
static inline bool slip_digest_equal(const struct slip_digest *a, const struct slip_digest *b)
{
	return strcmp(a->s, b->s) == 0;
}
void slip_hex(const void *p, size_t n, char *out); /* 2n digits and a NUL */
/* Base64 (RFC 4648 section 4). decode refuses anything else than the alphabet and padding. */
char *slip_base64_encode(const void *p, size_t n);
int slip_base64_decode(const char *s, size_t n, uint8_t **out, size_t *out_len,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_wipe(void *p, size_t n); /* overwrite, not optimised away */
void slip_random(void *p, size_t n);

#endif
