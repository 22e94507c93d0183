/*
 * libcurl, loaded when the first request is made. For runner/net/ only.
 *
 * Distributions link it with some thirty libraries (LDAP, Kerberos, SSH, GnuTLS): loading them
 * costs more than the rest of the program's start, and role processes, of which every RUN is one,
 * never make a request. A build meets its first request on a worker, so that loading goes on beside
 * work.
 */
#ifndef SLIP_NET_CURL_LIBRARY_H
#define SLIP_NET_CURL_LIBRARY_H

#include "runner/base/err.h"

#include <curl/curl.h>

#define SLIP_CURL_FUNCTIONS(X)                                                                     \
	X(global_init)                                                                             \
	X(easy_init)                                                                               \
	X(easy_cleanup)                                                                            \
	X(easy_getinfo)                                                                            \
	X(easy_setopt)                                                                             \
	X(easy_strerror)                                                                           \
	X(multi_init)                                                                              \
	X(multi_cleanup)                                                                           \
	X(multi_setopt)                                                                            \
	X(multi_add_handle)                                                                        \
	X(multi_remove_handle)                                                                     \
	X(multi_perform)                                                                           \
	X(multi_info_read)                                                                         \
	X(multi_poll)                                                                              \
	X(multi_wakeup)                                                                            \
	X(slist_append)                                                                            \
	X(slist_free_all)

/* curl's functions without "curl_". */
struct slip_curl_library {
#define SLIP_CURL_MEMBER(name) __typeof__(&curl_##name) name;
	SLIP_CURL_FUNCTIONS(SLIP_CURL_MEMBER)
#undef SLIP_CURL_MEMBER
};

/* Filled by the first successful load, before which nothing of it may be called. */
extern struct slip_curl_library slip_curl;

/* Load and start the library, once; any thread may call it, and it is cheap when that is done. */
int slip_curl_load(struct slip_err *err) SLIP_MUST_CHECK;

#endif
