#!/usr/bin/env bats
# The manual pages and --help: one table, told in two ways.

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# usage: page NAME: the page as text, which roff has nothing to say about.
page() {
	need groff
	"$SLIPWAY" man "$1" >"$T/page"
	groff -man -ww -z "$T/page" 2>"$T/complaints"
	assert_equal "$(cat "$T/complaints")" ""
	groff -man -Tascii -P-cbou -rLL=200n "$T/page"
}

@test "manual: slipway(1) has every option of every command's --help" {
	text=$(page slipway)
	commands=$("$SLIPWAY" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	[ "$(wc -l <<<"$commands")" -ge 8 ]
	for command in $commands; do
		[[ "$text" == *"slipway $command"* ]]
		for option in $("$SLIPWAY" "$command" --help | grep -o -- '^  ..., --[a-z-]*\|^ *--[a-z-]*' |
			grep -o -- '--.*'); do
			[[ "$text" == *"$option"* ]] || {
				echo "no $option of $command in the manual"
				return 1
			}
		done
	done
}

@test "manual: slipway.yaml(5) has every key of the schema" {
	text=$(page slipway.yaml)
	for key in $("$SLIPWAY" schema | jq -r '[.. | objects | select(.type == "object") | .properties? // empty | keys[]] | unique[]'); do
		grep -q -- "^ *$key: " <<<"$text" || {
			echo "no key $key in the manual"
			return 1
		}
	done
}

@test "manual: slipway.yaml(5) has every function and filter of expressions" {
	text=$(page slipway.yaml | sed -n '/^EXPRESSIONS/,/^SEE/p')
	names=$(sed -n 's/^\t{\.name = "\([A-Za-z0-9]*\)".*/\1/p' \
		"$SLIPWAY_SRCDIR/runner/spec/expr_func.c")
	[ "$(wc -l <<<"$names")" -ge 15 ]
	for name in $names; do
		grep -qw -- "$name" <<<"$text" || {
			echo "no $name in the manual"
			return 1
		}
	done
}

@test "manual: an unknown page is an error that names the pages" {
	slipway man slipwya
	assert_status 2
	assert_stderr slipwya slipway.yaml
}
