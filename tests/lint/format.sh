#!/bin/sh
# clang-format 14 has the last word on layout; another major version would have another opinion.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

wanted=14
name="C files are formatted by clang-format $wanted"

formatter=
for candidate in clang-format-$wanted clang-format; do
	if "$candidate" --version 2>/dev/null | grep -q "version $wanted\."; then
		formatter=$candidate
		break
	fi
done

find_unformatted() {
	c_files runner steps tests | xargs "$formatter" --dry-run -Werror 2>&1 | grep -E 'error:' || :
}

if [ -n "$formatter" ]; then
	rule "$name" find_unformatted
else
	skip_rule "$name" "this distribution has another version" allowed
fi
finish
