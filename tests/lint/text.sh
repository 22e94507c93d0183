#!/bin/sh
# Unfinished work, paths of a developer's machine and stray bytes do not get in.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# Test data is hostile on purpose.
texts() {
	project_files | grep -vE '^(tests/data/|tests/fuzz/corpus/|LICENSE)'
}

# The brackets keep this file from finding itself.
find_unfinished() {
	texts | xargs grep -nwE '[T]ODO|[F]IXME|[X]XX|[H]ACK' || :
}

find_machine_paths() {
	texts | xargs grep -nE '(^|[^A-Za-z0-9_.-])/(work[/](main|wt-)|farm[/]|home/[a-z]+/src[/])' || :
}

find_stray_bytes() {
	texts | grep -vE '\.(png|ico|tar|gz|zst)$' | while read -r file; do
		[ "$(tr -d -c '\000\r' <"$file" | wc -c)" -eq 0 ] ||
			echo "$file: a NUL byte or a carriage return"
		[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at the end"
	done
}

find_trailing_blanks() {
	texts | grep -vE '\.md$' | xargs grep -nE '[[:blank:]]+$' || :
}

# "4 MiB" of SLIP_MAX_MANIFEST (4 * SLIP_MIB) stands in its row of docs/limits.md.
find_unlisted_limits() {
	[ -f runner/base/limits.h ] || return 0
	sed -nE 's/^#define (SLIP_MAX_[A-Z_]+) \(?([0-9]+)(ULL)?( \* SLIP_([KMG])IB)?\)?( .*)?$/\1 \2 \5/p' \
		runner/base/limits.h | while read -r name number unit; do
		value="$number${unit:+ ${unit}iB}"
		grep -qF "| $value | \`$name\` |" docs/limits.md 2>/dev/null ||
			echo "docs/limits.md: no row \"| $value | \`$name\` |\""
	done
}

rule "nothing is left unfinished" find_unfinished
rule "no paths of a developer's machine" find_machine_paths
rule "no NUL bytes or carriage returns, and a newline at the end" find_stray_bytes
rule "no blanks at the end of a line" find_trailing_blanks
rule "docs/limits.md agrees with limits.h" find_unlisted_limits
finish
