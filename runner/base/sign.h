/*
 * Signatures that services ask for: HMAC-SHA256 (RFC 2104) and RS256 (RFC 7518 section 3.3).
 */
#ifndef SLIP_BASE_SIGN_H
#define SLIP_BASE_SIGN_H

#include "runner/base/digest.h"

void slip_hmac_sha256(
	const void *key, size_t key_len, const void *p, size_t n, uint8_t out[SLIP_SHA256_SIZE]);
/*
 * RSASSA-PKCS1-v1_5 with SHA-256, by a private key in PEM without a passphrase. The signature is
 * the caller's. SLIP_E_USAGE when the key is none.
 */
int slip_sign_rs256(const char *pem, const void *p, size_t n, uint8_t **out, size_t *out_len,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Base64 for URLs, without padding (RFC 7515 section 2). */
char *slip_base64url_encode(const void *p, size_t n);

#endif
