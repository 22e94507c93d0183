#!/bin/sh
# clang-tidy and cppcheck: part of make lint, too slow for every make check.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

builddir=${SLIPWAY_BUILDDIR:-.}
tidy=$(command -v clang-tidy-14 || command -v clang-tidy)

run_tidy() {
	# Each finding once, although a header is seen from many sources.
	c_files | grep '\.c$' |
		xargs -P "$(nproc)" -n 4 sh -c '"$0" --quiet "$@" -- -std=gnu17 -I"$SLIPWAY_BUILDDIR" -I. 2>/dev/null' "$tidy" |
		grep -E ': (warning|error):' | sort -u
	:
}

run_cppcheck() {
	c_files | grep '\.c$' |
		xargs cppcheck --quiet --std=c11 --inline-suppr -j "$(nproc)" \
			--enable=warning,portability --suppress=missingIncludeSystem \
			--template='{file}:{line}: {severity}: {message} [{id}]' -I "$builddir" -I .
}

SLIPWAY_BUILDDIR=$builddir
export SLIPWAY_BUILDDIR
if [ -n "$tidy" ]; then
	rule "clang-tidy finds nothing" run_tidy
else
	skip_rule "clang-tidy finds nothing" "clang-tidy is not installed (./autogen.sh deps dev)"
fi
if command -v cppcheck >/dev/null; then
	rule "cppcheck finds nothing" run_cppcheck
else
	skip_rule "cppcheck finds nothing" "cppcheck is not installed (./autogen.sh deps dev)"
fi
finish
