#include "config.h"

#include "runner/base/mem.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* How a child ends that calls fn: 0, or the signal, or the status (that of a sanitizer's report).
 */
static int end_of(void (*fn)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(null, STDERR_FILENO);
		fn();
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void overflowing_product(void)
{
	free(slip_xreallocarray(NULL, SIZE_MAX / 2, 3));
}

static void impossible_state(void)
{
	slip_bug("state %d", 1);
}

static int open_null(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void test_cleanup(void)
{
	int number;
	{
		slip_autoclose int fd = open_null();
		number = fd;
		errno = 77;
	}
	ok(errno == 77, "closing at the end of a scope keeps errno");
	ok(fcntl(number, F_GETFD) < 0, "and closes");
	slip_autoclose int fd = open_null();
	int stolen = slip_steal_fd(&fd);
	ok(fd == -1 && fcntl(stolen, F_GETFD) >= 0, "a stolen descriptor stays open");
	close(stolen);
	slip_autofree char *text = slip_xstrdup("x");
	slip_autofree char *taken = slip_steal_ptr(&text);
	ok(!text && slip_streq(taken, "x"), "a stolen pointer leaves NULL");
}

int main(void)
{
	test_cleanup();
	ok(slip_xstrdup(NULL) == NULL, "a copy of NULL is NULL");
	slip_autofree char *a = slip_xstrndup("abc", 2), *b = slip_xstrndup("abc", 9);
	is_str(a, "ab", "a part of a string");
	is_str(b, "abc", "never more than there is");
	slip_autofree char *c = slip_xmemdup("a\0b", 3);
	ok(memcmp(c, "a\0b", 4) == 0, "bytes, and a NUL behind them");
	slip_autofree char *none = slip_xmemdup(NULL, 0);
	is_str(none, "", "no bytes");
	int *v = NULL;
	size_t cap = 0;
	for (size_t n = 0; n < 100; n++) {
		slip_grow(v, n, &cap);
		v[n] = (int)n;
	}
	ok(cap >= 100 && v[99] == 99, "an array grows");
	free(v);
	ok(slip_starts_with("abc", "ab") && slip_starts_with("a", "") &&
			!slip_starts_with("a", "ab"),
		"starts with");
	ok(slip_ends_with("abc", "bc") && slip_ends_with("a", "") && !slip_ends_with("b", "ab"),
		"ends with");
	ok(end_of(overflowing_product) != 0, "a size that overflows ends the program");
	is_int(end_of(impossible_state), SIGABRT, "so does a bug");
	return done_testing();
}
