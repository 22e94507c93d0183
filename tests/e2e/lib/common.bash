# shellcheck shell=bash
# shellcheck disable=SC2154 # status, output and stderr are set by bats' run
# What every end-to-end test starts from: a directory of its own, a clean environment, the program
# as a command, and assertions that say what they saw. Loaded by each .bats file:
#
#	load lib/common
#	setup() { e2e_setup; }
#	teardown() { e2e_teardown; }
#
# After e2e_setup: $T is the test's directory (in memory where possible), the working directory is
# $T/work, $SLIPWAY the program, $E2E_LIB the helper programs.

bats_require_minimum_version 1.5.0
E2E_LIB=$SLIPWAY_SRCDIR/tests/e2e/lib
# shellcheck source=tests/e2e/lib/images.bash
source "$E2E_LIB/images.bash"
# shellcheck source=tests/e2e/lib/registry.bash
source "$E2E_LIB/registry.bash"
# shellcheck source=tests/e2e/lib/buildah.bash
source "$E2E_LIB/buildah.bash"

# Tools that ./autogen.sh cannot install everywhere: tests that need them skip even in strict mode.
# There is no package with a .NET SDK in Debian, and none with kubectl in Ubuntu.
E2E_MAY_BE_MISSING="dotnet kubectl memory-cgroup"

e2e_setup() {
	T=$(mktemp -d "$E2E_STATE/test.XXXXXX")
	mkdir -p "$T/home" "$T/work" "$T/tmp"
	export HOME=$T/home SLIPWAY_STORE=$T/store TMPDIR=$T/tmp TZ=UTC LC_ALL=C.UTF-8
	local name
	# Nothing of the machine's CI, credentials or proxies reaches a test.
	for name in $(compgen -e); do
		case $name in
		CI | CI_* | GITLAB_* | GITHUB_* | JENKINS_* | BUILD_* | GIT_* | DOCKER_* | REGISTRY_AUTH_FILE | \
			XDG_* | KANIKO_* | *_proxy | *_PROXY | SOURCE_DATE_EPOCH | container | SLIPWAY_PARAM_* | \
			KUBE*) unset "$name" ;;
		esac
	done
	cd "$T/work" || return 1
}

e2e_teardown() {
	registry_stop_all
	cd / || return 1
	if [ -n "${SLIPWAY_TEST_KEEP:-}" ] && [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		echo "kept: $T"
		return
	fi
	rm -rf --one-file-system "$T"
}

# usage: need TOOL...: the test skips without them; in strict mode it fails.
need() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || e2e_skip "$tool is not installed" "$tool"
	done
}

# usage: need_npm PACKAGE...: packages of tests/npm, which ./autogen.sh installs into build/npm.
need_npm() {
	local package
	need node
	NPM_MODULES=$SLIPWAY_SRCDIR/build/npm/node_modules
	export NODE_PATH=$NPM_MODULES
	for package in "$@"; do
		[ -d "$NODE_PATH/$package" ] ||
			e2e_skip "the npm package $package is not installed: ./autogen.sh deps test"
	done
}

need_root() {
	[ "$(id -u)" -eq 0 ] || e2e_skip "needs root"
}

e2e_skip() {
	if [ "${SLIPWAY_TEST_STRICT:-0}" = 1 ] &&
		! [[ " $E2E_MAY_BE_MISSING " == *" ${2:-none} "* ]]; then
		echo "skipped in strict mode: $1"
		return 1
	fi
	skip "$1"
}

# usage: slipway ARGUMENT...: sets $status, $output (standard output) and $stderr.
slipway() {
	run --separate-stderr timeout -k 5 300 "$SLIPWAY" "$@"
}

show_run() {
	echo "command: $BATS_RUN_COMMAND"
	echo "status:  $status"
	echo "stdout:"
	printf '%s\n' "$output" | tail -n 30 | sed 's/^/  /'
	echo "stderr:"
	printf '%s\n' "${stderr:-}" | tail -n 60 | sed 's/^/  /'
}

assert_status() {
	[ "$status" -eq "$1" ] && return 0
	echo "expected exit status $1"
	show_run
	return 1
}

# usage: assert_stderr TEXT...: each text is somewhere in what the program told people.
assert_stderr() {
	local text
	for text in "$@"; do
		[[ "$stderr" == *"$text"* ]] && continue
		echo "not on standard error: $text"
		show_run
		return 1
	done
}

refute_stderr() {
	[[ "$stderr" != *"$1"* ]] && return 0
	echo "on standard error, but must not be: $1"
	show_run
	return 1
}

assert_stdout() {
	[[ "$output" == *"$1"* ]] && return 0
	echo "not on standard output: $1"
	show_run
	return 1
}

assert_equal() {
	[ "$1" = "$2" ] && return 0
	echo "${3:-values differ}"
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") | head -n 40
	return 1
}

assert_file() {
	[ -s "$1" ] && return 0
	echo "missing or empty: $1"
	ls -la "$(dirname "$1")" 2>&1
	return 1
}

# usage: same_image LAYOUT LAYOUT: equal file trees and configurations.
same_image() {
	local what status=0
	for what in list config; do
		tree "$what" "$1" >"$T/left" && tree "$what" "$2" >"$T/right" || return 1
		diff -u --label "$1" --label "$2" "$T/left" "$T/right" >"$T/difference" && continue
		echo "the images' $what differs:"
		head -n 60 "$T/difference"
		status=1
	done
	return $status
}

tree() {
	python3 "$E2E_LIB/tree.py" "$@"
}

# usage: as_user COMMAND...: run by an ordinary user (the one who runs the tests, when not root).
as_user() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	fi
}

# The reference name of the only image in an OCI layout; umoci addresses images by it.
layout_tag() {
	if ! jq -e '.manifests[0].annotations["org.opencontainers.image.ref.name"]' \
		"$1/index.json" >/dev/null; then
		jq '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "latest"' \
			"$1/index.json" >"$T/index.json" && cp "$T/index.json" "$1/index.json"
	fi
	jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$1/index.json"
}

# usage: run_bundle BUNDLE: the image's own command under crun, without terminal and limits. crun
# refuses machines that mount both versions of cgroups; it is shown a machine with none.
run_bundle() {
	local name
	name=$(basename "$T")
	jq '.process.terminal = false | del(.process.rlimits, .linux.resources, .linux.cgroupsPath)
		| .linux.namespaces |= map(select(.type != "cgroup"))' \
		"$1/config.json" >"$T/config.json" && cp "$T/config.json" "$1/config.json"
	run unshare --mount sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec crun "$@"' - \
		--root "$T/crun" --cgroup-manager=disabled run --bundle "$1" "$name"
	[ "$status" -eq 0 ] || show_run
	return "$status"
}
