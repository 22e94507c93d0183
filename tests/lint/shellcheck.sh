#!/bin/sh
# Runs shellcheck over every shell script and every bats file.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

check_scripts() {
	project_files | grep -E '(\.sh|\.bash|\.bats|^\.ci/run)$' |
		xargs shellcheck -x --severity=info
}

if command -v shellcheck >/dev/null; then
	rule "shellcheck finds nothing" check_scripts
else
	skip_rule "shellcheck finds nothing" "shellcheck is not installed"
fi
finish
