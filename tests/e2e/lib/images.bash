# shellcheck shell=bash
# The base images of the tests, made once and kept as the storage of a registry (E2E_TEMPLATE):
#
#	base/busybox:1      Debian's static busybox
#	base/debian:12      Debian minbase, by mmdebstrap
#	dotnet/runtime-deps:6.0-alpine3.14-amd64    busybox under the name that a mirror would give it

# Made again when the way of making them changes.
images_key() {
	cat "$E2E_LIB/image.py" "$E2E_LIB/images.bash" "$(command -v busybox)" | sha256sum | head -c 16
}

# usage: images_prepare STATE-DIRECTORY: sets and fills E2E_TEMPLATE.
images_prepare() {
	local cache=${SLIPWAY_E2E_CACHE:-$SLIPWAY_SRCDIR/build/e2e-cache}
	# shellcheck disable=SC2034 # where registry_start puts its directory
	local T=$1
	export E2E_TEMPLATE
	E2E_TEMPLATE=$cache/registry-$(images_key)
	[ ! -e "$E2E_TEMPLATE/complete" ] || return 0
	rm -rf "$cache"/registry-*
	mkdir -p "$cache"

	local status=0
	images_fill "$1" "$cache" || status=1
	registry_stop_all
	return $status
}

images_fill() {
	images_make_busybox "$1" && registry_start plain &&
		images_push "$1/busybox" base/busybox:1 &&
		images_push "$1/busybox" dotnet/runtime-deps:6.0-alpine3.14-amd64 || return 1
	if images_make_debian "$1" "$2"; then
		images_push "$1/debian" base/debian:12 && touch "$REGISTRY_DIR/storage/complete"
	fi
	mkdir -p "$E2E_TEMPLATE"
	cp -a "$REGISTRY_DIR/storage/." "$E2E_TEMPLATE"
}

images_make_busybox() {
	python3 "$E2E_LIB/image.py" busybox "$1/busybox.tar" "$(command -v busybox)" &&
		python3 "$E2E_LIB/image.py" layout "$1/busybox" "$1/busybox.tar"
}

images_make_debian() {
	[ -f "$2/debian-12.tar" ] || {
		rm -rf "$2/debian-12.tar"
		# shellcheck disable=SC2086 # no argument when there is no mirror
		TMPDIR=$1 mmdebstrap --quiet --format=tar --variant=minbase bookworm "$2/debian-12.tar.part" \
			${SLIPWAY_DEBIAN_MIRROR:-} && mv "$2/debian-12.tar.part" "$2/debian-12.tar"
	} || return 1
	python3 "$E2E_LIB/image.py" layout "$1/debian" "$2/debian-12.tar" --cmd bash
}

images_push() {
	skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$1:latest" "docker://$REGISTRY/$2"
}

# Tests on the Debian image skip where it could not be made, for want of a network.
need_debian() {
	[ -e "$E2E_TEMPLATE/complete" ] || e2e_skip "base/debian:12 could not be made (no package mirror)"
}

# usage: make_service_context DIR: the 180 files, 82 MB below DIR/out, made once per run.
make_service_context() {
	[ -d "$E2E_STATE/context" ] || {
		python3 "$E2E_LIB/image.py" context "$E2E_STATE/context.part" &&
			mv "$E2E_STATE/context.part" "$E2E_STATE/context"
	} || return 1
	mkdir -p "$1"
	cp -a "$E2E_STATE/context/out" "$1"
}
