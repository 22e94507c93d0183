#include "config.h"

#include "runner/base/suggest.h"
#include "tests/unit/tap.h"

int main(void)
{
	static const char *const names[] = {
		"destination", "COPY", NULL, "ADD", "ENTRYPOINT", "tag"};
	size_t n = SLIP_ARRAY_LEN(names);
	is_str(slip_suggest("coppy", names, n, 2), "COPY", "case does not count");
	is_str(slip_suggest("ENTRYPIONT", names, n, 1), "ENTRYPOINT", "a swap is one edit");
	is_str(slip_suggest("desintaton", names, n, 0), "destination", "a third of the name");
	is_str(slip_suggest("deintaio", names, n, 0), NULL, "not more");
	is_str(slip_suggest("ta", names, n, 0), "tag", "one edit is always within reach");
	is_str(slip_suggest("COPY", names, n, 2), NULL, "nothing for a known name");
	is_str(slip_suggest("xyzzy", names, n, 2), NULL, "nothing for a far one");
	is_str(slip_suggest("t", names, n, 2), NULL, "nothing for one letter");
	is_str(slip_suggest("", names, n, 2), NULL, "or none");
	is_str(slip_suggest("tag", NULL, 0, 2), NULL, "nothing among nothing");
	char text[66];
	memset(text, 'a', 65);
	text[65] = '\0';
	const char *const one[] = {text};
	is_str(slip_suggest(text + 2, one, 1, 2), NULL, "a candidate may be too long");
	is_str(slip_suggest(text, names, n, 9), NULL, "so may a name");
	const char *const two[] = {text + 1, "aa"};
	is_str(slip_suggest(text + 2, two, 2, 2), text + 1, "64 bytes are not");
	static const char *const near[] = {"ab", "ac"};
	is_str(slip_suggest("ad", near, 2, 1), "ab", "the first of equals");
	return done_testing();
}
