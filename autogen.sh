#!/bin/sh
# From a fresh checkout to a built, demonstrated or tested program. Safe to run again and again.
set -eu

cd "$(dirname "$0")"

usage() {
	cat <<'END'
usage: ./autogen.sh              generate ./configure, then: ./configure && make
       ./autogen.sh demo         build, then run pipeline-examples/01-hello
       ./autogen.sh check        build with gcc, clang and the sanitizers, then run every test
       ./autogen.sh deps KIND    only install the packages for: build, test, dev

demo, check and deps install missing Debian or Ubuntu packages (as root, or by sudo).
END
}

build_packages="autoconf automake ca-certificates gcc libarchive-dev libc6-dev libcap-dev
	libcurl4-openssl-dev libisal-dev libjansson-dev libseccomp-dev libssl-dev libyaml-dev
	libzstd-dev make pkg-config zlib1g-dev"
test_packages="bats buildah busybox-static bzip2 chromium clang clang-format crun curl
	default-jre-headless docker-registry git groff-base groovy jq libxml2-utils mmdebstrap openssl perl
	parallel podman python3 rsync runc shellcheck skopeo uidmap umoci xz-utils zstd"
# Only where there is no node: another one than the distribution's does as well.
node_packages="nodejs npm"
dev_packages="clang-tidy cppcheck hyperfine libclang-rt-dev strace time"

say() {
	printf '%s\n' "$*" >&2
}

is_installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# Shows what a command says only when it fails.
quietly() {
	log=$(mktemp)
	if ! "$@" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		say "autogen.sh: failed: $*"
		exit 1
	fi
	rm -f "$log"
}

# Installs what is missing of the named packages; touches nothing when all are there.
install_packages() {
	missing=
	for package in "$@"; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0

	if ! command -v apt-get >/dev/null; then
		say "autogen.sh: missing packages:$missing"
		say "autogen.sh: they can be installed by themselves on Debian and Ubuntu only"
		exit 1
	fi
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		say "autogen.sh: missing packages:$missing"
		say "autogen.sh: run this as root, or install sudo, or ask an administrator for them"
		exit 1
	fi
	say "installing:$missing"
	quietly as_root apt-get -qq update
	known=
	for package in $missing; do
		if apt-cache show "$package" >/dev/null 2>&1; then
			known="$known $package"
		else
			say "autogen.sh: this distribution has no package $package"
		fi
	done
	# shellcheck disable=SC2086 # a list of package names
	quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends -o Dpkg::Use-Pty=0 $known
}

# kubectl comes from several places, whose packages exclude each other: any is fine.
add_kubectl() {
	command -v kubectl >/dev/null || test_packages="$test_packages kubernetes-client"
}

install_kind() {
	add_kubectl
	# shellcheck disable=SC2086 # lists of package names
	case $1 in
	build) install_packages $build_packages ;;
	test) install_packages $build_packages $test_packages && install_node ;;
	dev) install_packages $build_packages $test_packages $dev_packages && install_node ;;
	*)
		usage >&2
		exit 2
		;;
	esac
}

# The programs of other people that are npm packages, at the versions of tests/npm, into build/npm.
install_node() {
	# shellcheck disable=SC2086 # a list of package names
	command -v npm >/dev/null || install_packages $node_packages
	command -v npm >/dev/null || return 0
	cmp -s tests/npm/package-lock.json build/npm/package-lock.json &&
		[ -e build/npm/node_modules/.package-lock.json ] && return 0
	say "installing the npm packages of tests/npm"
	mkdir -p build/npm
	cp tests/npm/package.json tests/npm/package-lock.json build/npm/
	quietly npm ci --prefix build/npm --ignore-scripts --no-audit --no-fund
}

# Objects of a build in the source tree would be picked up by the builds below build/.
leave_source_tree_clean() {
	[ -e config.status ] || return 0
	say "cleaning the build in the source tree (make distclean): builds go to build/ from here on"
	make -s distclean >/dev/null
}

is_configure_current() {
	[ -e configure ] && [ -e Makefile.in ] && [ -e build-aux/tap-driver.sh ] &&
		[ -z "$(find configure.ac Makefile.am runner steps tests -maxdepth 2 \
			\( -name local.mk -o -name configure.ac -o -name Makefile.am \) \
			-newer configure)" ]
}

generate() {
	if is_configure_current; then
		return 0
	fi
	quietly autoreconf -fi
	touch configure
}

# The command that a reader repeats by hand is shown with a $ in front.
show() {
	say "\$ $*"
	"$@"
}

run_demo() {
	install_kind build
	leave_source_tree_clean
	generate
	jobs=$(nproc 2>/dev/null || echo 1)
	tests/configure-dir.sh build/gcc --enable-werror
	say "building build/gcc/slipway"
	make -s -C build/gcc -j"$jobs" slipway >&2
	ln -sf build/gcc/slipway slipway
	cd pipeline-examples/01-hello
	show ../../slipway run
	if ! [ -s hello.oci/index.json ]; then
		say "autogen.sh: the program ended well, but there is no image in hello.oci"
		exit 1
	fi
	say ""
	say "the image:   pipeline-examples/01-hello/hello.oci (an OCI layout)"
	say "the reports: pipeline-examples/01-hello/.slipway/out"
	say "run it:      podman run --rm oci:pipeline-examples/01-hello/hello.oci"
}

case ${1-} in
"")
	autoreconf -fi
	say "now: ./configure && make"
	;;
deps)
	install_kind "${2-}"
	;;
demo)
	run_demo
	;;
check)
	install_kind test
	leave_source_tree_clean
	generate
	exec tests/check.sh
	;;
-h | --help | help)
	usage
	;;
*)
	usage >&2
	exit 2
	;;
esac
