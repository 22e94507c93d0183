#!/bin/sh
# Every header compiles by itself, as the only include after config.h.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

builddir=${SLIPWAY_BUILDDIR:-.}

compile_alone() {
	find runner steps -name '*.h' | sort | while read -r header; do
		# A second include shows a missing guard.
		printf '#include "config.h"\n#include "%s"\n#include "%s"\n' "$header" "$header" |
			${CC:-cc} -std=gnu17 -Wall -Wextra -Wundef -Werror -Wno-unused-function \
				-fsyntax-only -I"$builddir" -I. -x c - || :
	done
}

find_missing_guards() {
	find runner steps tests -name '*.h' | while read -r header; do
		guard=$(grep -m 1 '^#ifndef ' "$header")
		case $guard in
		"#ifndef SLIP_"*_H) ;;
		*) echo "$header: no include guard SLIP_..._H" ;;
		esac
	done
}

find_missing_contracts() {
	find runner steps -name '*.h' | while read -r header; do
		case $(head -n 1 "$header") in
		'/*'*) ;;
		*) echo "$header:1: a header opens with its contract in a comment" ;;
		esac
	done
}

# No file includes both yet; a reader, a debugger and a search meet both.
find_shared_tags() {
	find runner steps -name '*.h' -exec \
		grep -nHoE '^(struct|enum|union) slip_[a-z0-9_]+ \{' {} + | sort | awk -F'[:{]' '
	$3 in first { print $1 ":" $2 ": " $3 "is defined in " first[$3] " too" }
	{ first[$3] = $1 }'
}

rule "every header compiles alone, and twice" compile_alone
rule "every header has a guard named SLIP_..._H" find_missing_guards
rule "every header opens with its contract" find_missing_contracts
rule "a tag names one type" find_shared_tags
finish
