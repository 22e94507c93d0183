/*
 * Where the system keeps the certificates it trusts.
 *
 * SSL_CERT_FILE and SSL_CERT_DIR (a ':' list of directories, all files of which are read) are used
 * as Go and OpenSSL programs do; else the first of the usual places that exists. libcurl by itself
 * knows only the one place of the machine it was compiled on.
 */
#ifndef SLIP_NET_CA_H
#define SLIP_NET_CA_H

#include "runner/base/buf.h"
#include "runner/base/strv.h"

/* One file that holds all of them; NULL when they have to be put together by slip_ca_bundle. */
const char *slip_ca_file(void);
/* The system's certificates and those of `extra` as one PEM text. A missing extra is an error. */
int slip_ca_bundle(
	const struct slip_strv *extra, struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
