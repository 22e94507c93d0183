#!/bin/sh
# Whole test programs on kernels that lack what they would like to use: every call newer than
# Linux 4.18 has a fallback with the same guarantees.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/../lint/lib.sh"

builddir=${SLIPWAY_BUILDDIR:-.}
enosys=$builddir/tests/fault/enosys

# usage: without CALLS TEST...: the tests pass when the calls are refused; prints what fails.
without() {
	refused=$1
	shift
	for name; do
		output=$("$enosys" "$refused" -- "$builddir/tests/unit/$name" 2>&1) ||
			printf '%s\n%s\n' "$name:" "$output" | grep -v '^ok '
	done
	:
}

answers() {
	"$enosys" "$1" -- sh -c 'exec 2>&1; cat /dev/null' | sed 's/^/# /'
	if "$enosys" openat -- cat /dev/null >/dev/null 2>&1; then
		echo "enosys refuses nothing"
	fi
}

if [ -x "$enosys" ]; then
	rule "calls are really refused" answers openat2
	rule "no openat2" without openat2 test_base_path test_base_io
	rule "openat2 refused by a container's filter" without openat2=1 test_base_path
	rule "no pidfd_open, no close_range" without pidfd_open,close_range test_base_proc
	rule "no copy_file_range" without copy_file_range test_base_io
	rule "a kernel without any of them" \
		without openat2,pidfd_open,close_range,copy_file_range,clone3 \
		test_base_path test_base_io test_base_proc test_base_pool
else
	skip_rule "without newer system calls" "built without libseccomp" allowed
fi
finish
