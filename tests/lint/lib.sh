# shellcheck shell=sh
# TAP for the shell checks. Sourced; the caller's rules print findings, one line each:
#
#	. "$(dirname "$0")/lib.sh"
#	rule "no tabs in YAML" find_tabs
#	finish
#
# A rule holds when its command prints nothing and succeeds.
set -u
LC_ALL=C
export LC_ALL
lint_dir=$(cd "$(dirname "$0")" && pwd)
cd "${SLIPWAY_SRCDIR:-$lint_dir/../..}" || exit 1
lint_run=0
lint_failed=0

rule() {
	rule_name=$1
	shift
	lint_run=$((lint_run + 1))
	if findings=$("$@" 2>&1) && [ -z "$findings" ]; then
		echo "ok $lint_run - $rule_name"
	else
		lint_failed=1
		echo "not ok $lint_run - $rule_name"
		printf '%s\n' "${findings:-the check itself failed}" | head -n 50 | sed 's/^/# /'
	fi
}

# Skipping is failing when SLIPWAY_TEST_STRICT is 1, unless the third argument is "allowed".
skip_rule() {
	lint_run=$((lint_run + 1))
	if [ "${SLIPWAY_TEST_STRICT:-0}" = 1 ] && [ "${3-}" != allowed ]; then
		lint_failed=1
		echo "not ok $lint_run - $1 (skipped in strict mode: $2)"
	else
		echo "ok $lint_run - $1 # SKIP $2"
	fi
}

finish() {
	echo "1..$lint_run"
	exit $lint_failed
}

# The C sources and headers of the program, or of the folders named.
c_files() {
	[ $# -gt 0 ] || set -- runner steps
	find "$@" -name '*.[ch]' 2>/dev/null | sort
}

# Every text file of the project, also in an unpacked release without git.
project_files() {
	if [ -e .git ]; then
		git ls-files --cached --others --exclude-standard | while read -r file; do
			[ ! -f "$file" ] || echo "$file"
		done
	else
		find autogen.sh configure.ac Makefile.am README.md NEWS .ci docs gitlab jenkins \
			pipeline-examples runner steps tests -type f 2>/dev/null |
			grep -Ev '\.(o|a|log|trs|Po)$|/\.(deps|slipway)/' | while read -r file; do
			case $file in tests/unit/*.c | tests/fuzz/*.c | *.*) echo "$file" ;; esac
		done
	fi
}
