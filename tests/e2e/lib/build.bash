# shellcheck shell=bash
# shellcheck disable=SC2154 # status, output and stderr are set by bats' run
# Builds from a context directory, and what came out of them in a form to write down in a test.
# Loaded after lib/common. The context is ./context, the Dockerfile in it.

# usage: dockerfile <<'END': the Dockerfile.
dockerfile() {
	mkdir -p context
	cat >context/Dockerfile
}

# usage: build [FLAG...]: into the layout $T/image; it must work.
build() {
	rm -rf "$T/image"
	slipway build --context context --no-push --oci-layout-path "$T/image" "$@"
	assert_status 0
}

# usage: build_fails STATUS TEXT...: it must not work, for these reasons, and leave no image.
build_fails() {
	local expected=$1
	shift
	rm -rf "$T/image"
	slipway build --context context --no-push --oci-layout-path "$T/image"
	assert_status "$expected"
	assert_stderr "$@"
	[ ! -e "$T/image/index.json" ]
}

# The tree without the sizes and digests of files: type, mode, owner, path, link.
image_tree() {
	tree list "${1:-$T/image}" | sed -E 's/^(. [0-9]+ [0-9:]+) [0-9]+ /\1 /; s/ [0-9a-f]{64}$//'
}

# usage: want_tree <<'END': the image holds this and nothing else.
want_tree() {
	assert_equal "$(image_tree)" "$(cat)" "the image's files differ (< is what was built)"
}

# usage: want_file PATH TEXT
want_file() {
	assert_equal "$(tree cat "$T/image" "$1")" "$2" "the content of $1 differs"
}

# usage: want_config JQ VALUE: an expression upon the image's configuration, as compact JSON
# with sorted keys.
want_config() {
	assert_equal "$(tree raw-config "$T/image" | jq -cS "$1")" "$2" "$1 of the configuration differs"
}

# usage: want_layers COUNT
want_layers() {
	assert_equal "$(tree raw-config "$T/image" | jq '.rootfs.diff_ids | length')" "$1" \
		"number of layers"
}

# usage: same_as_buildah [FLAG...]: buildah makes the same of it. An ordinary user cannot ask it.
same_as_buildah() {
	if [ "$(id -u)" -ne 0 ] || ! command -v buildah >/dev/null; then
		[ "${SLIPWAY_TEST_STRICT:-0}" != 1 ] || need_root
		echo "# $BATS_TEST_DESCRIPTION: buildah was not asked" >&3
		return 0
	fi
	buildah_build "$T/theirs" "$@" context
	same_image "$T/image" "$T/theirs"
}

# A small system to run commands in: context/rootfs, for FROM scratch and COPY rootfs /.
make_rootfs() {
	local name
	need busybox
	(cd context && mkdir -p rootfs/bin rootfs/dev rootfs/etc rootfs/proc rootfs/root rootfs/run \
		rootfs/sys rootfs/tmp && touch rootfs/etc/hosts rootfs/etc/hostname rootfs/etc/resolv.conf)
	cp "$(command -v busybox)" context/rootfs/bin/busybox
	chmod 755 context/rootfs/bin/busybox
	for name in cat chmod chown cp env grep head id ln ls mkdir mkfifo mv pwd readlink rm sed sh \
		sort stat tee test touch tr wc; do
		ln -s busybox "context/rootfs/bin/$name"
	done
	chmod 1777 context/rootfs/tmp
	printf 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n' \
		>context/rootfs/etc/passwd
	printf 'root:x:0:\napp:x:1001:\nextra:x:2000:other,app\n' >context/rootfs/etc/group
}

# usage: want_changes <<'END': what the last layer holds, whiteouts included, as "mode owner path".
want_changes() {
	assert_equal "$(tree layers "$T/image" | awk -v last="$(tree raw-config "$T/image" |
		jq '(.rootfs.diff_ids | length) - 1')" '$1 == last { sub(/^[0-9]+ /, ""); print }')" \
		"$(cat)" "the last layer differs (< is what was built)"
}

# A RUN needs an isolation that can be had here.
need_isolation() {
	make_rootfs
	[ -n "${E2E_CAN_RUN:-}" ] || e2e_can_run || e2e_skip "no isolation for RUN here"
}

e2e_can_run() {
	printf 'FROM scratch\nCOPY rootfs /\nRUN true\n' | dockerfile
	slipway build --context context --no-push --oci-layout-path "$T/probe"
	[ "$status" -eq 0 ] && return 0
	[[ "$stderr" != *"cannot be executed here"* ]]
}
