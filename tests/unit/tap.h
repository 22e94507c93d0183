/*
 * TAP for C tests, without a framework: a failing check prints where and what, and goes on.
 *
 *	int main(void)
 *	{
 *		ok(slip_streq("a", "a"), "equal strings");
 *		is_str(name, "app", "name of the stage");
 *		return done_testing();
 *	}
 */
#ifndef SLIP_TESTS_TAP_H
#define SLIP_TESTS_TAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_run, tap_failed;

__attribute__((format(printf, 4, 5), unused)) static bool tap_check(
	bool good, const char *file, int line, const char *fmt, ...)
{
	__builtin_va_list ap;
	__builtin_va_start(ap, fmt);
	printf("%s %d - ", good ? "ok" : "not ok", ++tap_run);
	vprintf(fmt, ap);
	putchar('\n');
	__builtin_va_end(ap);
	if (!good) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

#define ok(cond, ...) tap_check((cond), __FILE__, __LINE__, __VA_ARGS__)
#define pass(...) tap_check(true, __FILE__, __LINE__, __VA_ARGS__)
#define fail(...) tap_check(false, __FILE__, __LINE__, __VA_ARGS__)
#define diag(...) (printf("# " __VA_ARGS__), putchar('\n'))
/* With SLIPWAY_TEST_STRICT=1 a skip is a failure: a machine that tests must be able to. */
#define skip(why, ...)                                                                             \
	do {                                                                                       \
		const char *tap_strict = getenv("SLIPWAY_TEST_STRICT");                            \
		if (tap_strict && strcmp(tap_strict, "1") == 0) {                                  \
			fail(__VA_ARGS__);                                                         \
			diag("skipped in strict mode: %s", why);                                   \
		} else {                                                                           \
			printf("ok %d - ", ++tap_run);                                             \
			printf(__VA_ARGS__);                                                       \
			printf(" # SKIP %s\n", why);                                               \
		}                                                                                  \
	} while (0)

#define is_int(got, want, ...)                                                                     \
	do {                                                                                       \
		long long tap_got = (long long)(got), tap_want = (long long)(want);                \
		if (!ok(tap_got == tap_want, __VA_ARGS__))                                         \
			diag("got %lld, want %lld", tap_got, tap_want);                            \
	} while (0)

#define is_str(got, want, ...)                                                                     \
	do {                                                                                       \
		const char *tap_got = (got), *tap_want = (want);                                   \
		if (!ok(tap_got == tap_want ||                                                     \
				    (tap_got && tap_want && strcmp(tap_got, tap_want) == 0),       \
			    __VA_ARGS__))                                                          \
			diag("got  \"%s\"\n# want \"%s\"", tap_got ? tap_got : "(null)",           \
				tap_want ? tap_want : "(null)");                                   \
	} while (0)

__attribute__((unused)) static int done_testing(void)
{
	if (tap_run == 0)
		fail("nothing was checked");
	printf("1..%d\n", tap_run);
	return tap_failed ? 1 : 0;
}

#endif
