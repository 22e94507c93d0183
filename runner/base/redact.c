#include "config.h"

#include "runner/base/redact.h"

#include "runner/base/digest.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>

#define MIN_SECRET 4

struct needle {
	char *s;
	size_t len;
};

/* Sorted by length, longest first, so that a secret inside another does not leave its rest. */
static struct needle *needles;
static size_t n_needles, cap_needles;
static bool first_byte[256];
static atomic_bool any;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void add_needle(const char *s, size_t len)
{
	if (len < MIN_SECRET)
		return;
	for (size_t i = 0; i < n_needles; i++) {
		if (needles[i].len == len && memcmp(needles[i].s, s, len) == 0)
			return;
	}
	slip_grow(needles, n_needles, &cap_needles);
	size_t at = n_needles++;
	for (; at && needles[at - 1].len < len; at--)
		needles[at] = needles[at - 1];
	needles[at] = (struct needle){slip_xmemdup(s, len), len};
	first_byte[(uint8_t)*s] = true;
	atomic_store(&any, true);
}

/* RFC 4648 section 5. */
static void to_url_alphabet(char *s)
{
	for (; *s; s++)
		*s = *s == '+' ? '-' : *s == '/' ? '_' : *s;
}

/*
 * Base64 of text that holds the secret at any place: the three alignments differ, and the first and
 * last characters of each mix in neighbouring bytes, so only those in between are certain.
 */
static void add_base64(const char *secret, size_t len)
{
	static const size_t mixed_head[3] = {0, 2, 3};
	for (size_t shift = 0; shift < 3; shift++) {
		slip_autofree char *padded = slip_xcalloc(shift + len, 1);
		memcpy(padded + shift, secret, len);
		slip_autofree char *text = slip_base64_encode(padded, shift + len);
		size_t n = (shift + len) * 8 / 6 - mixed_head[shift];
		for (int url = 0; url < 2; url++) {
			if (shift == 0)
				add_needle(text, strlen(text)); /* encoded alone: padding and all */
			add_needle(text + mixed_head[shift], n);
			to_url_alphabet(text);
		}
		slip_wipe(padded, shift + len);
		slip_wipe(text, strlen(text));
	}
}

/* `kept` is what stays beside letters and digits: RFC 3986 for a value, with the slash in a path.
 */
static void add_url_encoded(const char *secret, size_t len, const char *format, const char *kept)
{
	struct slip_buf b;
	slip_buf_init(&b, 3 * len + 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)secret[i];
		if (isalnum(c) || memchr(kept, c, strlen(kept)))
			slip_buf_add_char(&b, secret[i]);
		else if (*format == 'X')
			slip_buf_addf(&b, "%%%02X", c);
		else
			slip_buf_addf(&b, "%%%02x", c);
	}
	add_needle(b.data, b.len);
	slip_buf_wipe(&b);
	slip_buf_release(&b);
}

static void add_hex(const char *secret, size_t len, const char *digits)
{
	slip_autofree char *text = slip_xcalloc(2 * len, 1);
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[(uint8_t)secret[i] >> 4];
		text[2 * i + 1] = digits[(uint8_t)secret[i] & 15];
	}
	add_needle(text, 2 * len);
	slip_wipe(text, 2 * len);
}

/* With `html`, as encoders do that make text safe for a <script>: Go does unless told otherwise. */
static void add_json_escaped(const char *secret, size_t len, bool html)
{
	struct slip_buf b;
	slip_buf_init(&b, 6 * len + 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)secret[i];
		if (c == '"' || c == '\\')
			slip_buf_addf(&b, "\\%c", c);
		else if (c == '\n')
			slip_buf_add_str(&b, "\\n");
		else if (c == '\t')
			slip_buf_add_str(&b, "\\t");
		else if (c == '\r')
			slip_buf_add_str(&b, "\\r");
		else if (c < 0x20 || (html && memchr("<>&", c, 3)))
			slip_buf_addf(&b, "\\u%04x", c);
		else
			slip_buf_add_char(&b, secret[i]);
	}
	add_needle(b.data, b.len);
	slip_buf_wipe(&b);
	slip_buf_release(&b);
}

static void add_lines(const char *secret, size_t len)
{
	while (len) {
		const char *lf = memchr(secret, '\n', len);
		size_t n = lf ? (size_t)(lf - secret) : len;
		add_needle(secret, n && secret[n - 1] == '\r' ? n - 1 : n);
		n += lf ? 1 : 0;
		secret += n;
		len -= n;
	}
}

void slip_redact_add(const char *secret, size_t len)
{
	/* A secret's file ends with a newline, its use does not. */
	while (len && (secret[len - 1] == '\n' || secret[len - 1] == '\r'))
		len--;
	if (len < MIN_SECRET)
		return;
	pthread_mutex_lock(&lock);
	add_needle(secret, len);
	add_lines(secret, len);
	add_base64(secret, len);
	add_hex(secret, len, "0123456789abcdef");
	add_hex(secret, len, "0123456789ABCDEF");
	add_url_encoded(secret, len, "X", "-._~");
	add_url_encoded(secret, len, "x", "-._~");
	add_url_encoded(secret, len, "X", "-._~/"); /* urllib.parse.quote */
	add_json_escaped(secret, len, false);
	add_json_escaped(secret, len, true);
	pthread_mutex_unlock(&lock);
}

void slip_redact_reset(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_needles; i++) {
		slip_wipe(needles[i].s, needles[i].len);
		free(needles[i].s);
	}
	free(needles);
	needles = NULL;
	n_needles = cap_needles = 0;
	memset(first_byte, 0, sizeof(first_byte));
	atomic_store(&any, false);
	pthread_mutex_unlock(&lock);
}

bool slip_redact_is_empty(void)
{
	return !atomic_load(&any);
}

static size_t match_at(const char *text, size_t len)
{
	if (!first_byte[(uint8_t)*text])
		return 0;
	for (size_t i = 0; i < n_needles; i++) {
		if (needles[i].len <= len && memcmp(needles[i].s, text, needles[i].len) == 0)
			return needles[i].len;
	}
	return 0;
}

void slip_redact(const char *text, size_t len, struct slip_buf *out)
{
	pthread_mutex_lock(&lock);
	size_t end = 0; /* of the last secret found: text before it is dealt with */
	for (size_t i = 0; i < len; i++) {
		size_t n = match_at(text + i, len - i);
		if (n && i >= end) {
			slip_buf_add(out, text + end, i - end);
			slip_buf_add_str(out, SLIP_REDACT_MASK);
		}
		if (i + n > end && n)
			end = i + n;
	}
	slip_buf_add(out, text + end, len - end);
	pthread_mutex_unlock(&lock);
}
