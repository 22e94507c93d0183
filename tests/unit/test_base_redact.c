#include "config.h"

#include "runner/base/digest.h"
#include "runner/base/redact.h"
#include "tests/unit/tap.h"

static void add(const char *secret)
{
	slip_redact_add(secret, strlen(secret));
}

static void is_masked(const char *text, const char *want, const char *name)
{
	slip_autobuf b;
	slip_buf_init(&b, 2 * strlen(text));
	slip_redact(text, strlen(text), &b);
	ok(!b.overflow, "%s: at most twice the length", name);
	is_str(b.data, want, "%s", name);
}

static void test_plain(void)
{
	ok(slip_redact_is_empty(), "empty at first");
	is_masked("nothing", "nothing", "no secrets");
	add("abc");
	ok(slip_redact_is_empty(), "three bytes are no secret");
	add("hunter2");
	ok(!slip_redact_is_empty(), "seven are");
	is_masked("pw=hunter2;hunter2hunter2", "pw=[MASKED];[MASKED][MASKED]", "everywhere");
	is_masked("hunter", "hunter", "a part is not masked");
	is_masked("", "", "nothing to mask");
	add("hunter2-long");
	is_masked("hunter2-long", "[MASKED]", "the longest first");
	add("overlap-a");
	add("lap-another");
	is_masked("<overlap-another>", "<[MASKED]>", "overlapping secrets leave no rest");
	slip_redact_reset();
	is_masked("hunter2", "hunter2", "forgotten");
}

/* The secret somewhere inside of a text that is encoded as a whole, as in Basic credentials. */
static void test_base64(void)
{
	static const char secret[] = "\xffpass?>word\xfe~~";
	add(secret);
	for (size_t before = 0; before < 7; before++) {
		for (size_t after = 0; after < 4; after++) {
			slip_autofree char *whole = slip_xasprintf(
				"%.*s%s%.*s", (int)before, "user123", secret, (int)after, "xyz");
			slip_autofree char *text = slip_base64_encode(whole, strlen(whole));
			slip_autobuf b;
			slip_buf_init(&b, 1000);
			slip_redact(text, strlen(text), &b);
			bool good = strstr(b.data, SLIP_REDACT_MASK) != NULL;
			for (char *s = text; *s; s++)
				*s = *s == '+' ? '-' : *s == '/' ? '_' : *s;
			slip_buf_clear(&b);
			slip_redact(text, strlen(text), &b);
			good = good && strstr(b.data, SLIP_REDACT_MASK) != NULL;
			/* What is left is what neighbours and padding mix in: at most 3 digits. */
			const char *rest = strstr(b.data, SLIP_REDACT_MASK);
			if (good)
				good = strlen(b.data) - strlen(SLIP_REDACT_MASK) <=
					       (before + after) * 4 / 3 + 8 &&
				       rest != NULL;
			if (!good)
				fail("base64 after %zu and before %zu bytes: %s", before, after,
					b.data);
		}
	}
	pass("base64 and base64url at every alignment");
	slip_redact_reset();
}

static void test_encodings(void)
{
	add("p@ss/w rd&\"<\\");
	is_masked("u:p%40ss%2Fw%20rd%26%22%3C%5C@h", "u:[MASKED]@h", "URL-encoded");
	is_masked("p%40ss/w%20rd%26%22%3C%5C", "[MASKED]", "as in a path");
	is_masked("p%40ss%2fw%20rd%26%22%3c%5c", "[MASKED]", "in small letters");
	is_masked("{\"a\":\"p@ss/w rd&\\\"<\\\\\"}", "{\"a\":\"[MASKED]\"}", "JSON");
	is_masked("p@ss/w rd\\u0026\\\"\\u003c\\\\", "[MASKED]", "JSON that is safe in HTML");
	is_masked("7040737", "7040737", "not a part of its digits");
	is_masked("<7040737>7040732f7720726426223c5c<", "<7040737>7040732f7720726426223c5c<",
		"nor others");
	is_masked("x704073732f7720726426223c5cx", "x[MASKED]x", "in hexadecimal digits");
	is_masked("x704073732F7720726426223C5Cx", "x[MASKED]x", "in capital ones");
	slip_redact_reset();
	slip_redact_add("with\0nul", 8);
	is_masked("with%00nul", "[MASKED]", "a NUL byte");
	slip_redact_reset();
	add("first line\r\nsecond\nabc\n");
	is_masked("[first line] [second] abc", "[[MASKED]] [[MASKED]] abc", "line by line");
	is_masked("first line\\r\\nsecond\\nabc", "[MASKED]", "as JSON");
	slip_redact_reset();
	add("token-from-file\n");
	is_masked("dG9rZW4tZnJvbS1maWxl", "[MASKED]", "a file's last newline is not the secret's");
	is_masked("token-from-file!", "[MASKED]!", "nor in plain text");
	slip_redact_reset();
	add("\n\n\n\n\n");
	ok(slip_redact_is_empty(), "newlines alone are no secret");
}

int main(void)
{
	test_plain();
	test_base64();
	test_encodings();
	slip_redact_reset();
	return done_testing();
}
