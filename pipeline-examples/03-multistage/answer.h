#ifndef ANSWER_H
#define ANSWER_H

#include <stdio.h>

#ifndef VERSION
#define VERSION "dev"
#endif

/* An HTTP reply; returns its length. */
static inline int answer(char *out, size_t size)
{
	const char *body = "Hello from version " VERSION ".\n";
	return snprintf(out, size,
		"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
		__builtin_strlen(body), body);
}

#endif
