#!/usr/bin/env bats
# What goes wrong, and what the user reads then: the exit status says who must act, the text says
# what and where, no tag is pushed and the store stays whole.

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# usage: build_fails STATUS [FLAG...]: the build of ./Dockerfile fails so, and leaves nothing broken.
build_fails() {
	local expected=$1
	shift
	slipway build --context . --destination "$REGISTRY/broken:1" "$@"
	assert_status "$expected"
	assert_equal "$output" "" "standard output is for results"
	assert_equal "$(registry_tags broken)" "" "a tag was pushed by a build that failed"
	store_is_whole
}

store_is_whole() {
	[ ! -d "$SLIPWAY_STORE" ] || {
		local first_status=$status first_stderr=$stderr
		slipway cache verify
		assert_status 0
		status=$first_status stderr=$first_stderr
	}
}

# The only layer of an image in the registry.
layer_of() {
	registry_manifest "$1" | jq -r '.layers[0].digest'
}

dockerfile() {
	printf '%s\n' "$@" >Dockerfile
}

@test "errors: an unknown instruction names its line and the nearest word" {
	registry_start
	dockerfile 'FROM scratch' '# a comment' 'COPPY a /a'
	build_fails 2
	assert_stderr Dockerfile:3 COPPY COPY
}

@test "errors: every mistake of a Dockerfile stands at its line" {
	registry_start
	dockerfile "FROM $REGISTRY/base/busybox:1" 'ENV' 'EXPOSE port'
	build_fails 2
	assert_stderr Dockerfile:2 ENV
}

@test "errors: no Dockerfile, no FROM, an empty file" {
	registry_start
	build_fails 2
	assert_stderr Dockerfile
	dockerfile 'RUN true'
	build_fails 2
	assert_stderr Dockerfile:1 FROM
	: >Dockerfile
	build_fails 2
}

@test "errors: an absent COPY source is named with its line" {
	registry_start
	dockerfile 'FROM scratch' 'COPY absent.txt /a'
	build_fails 2
	assert_stderr Dockerfile:2 absent.txt
}

@test "errors: a source that .dockerignore left out says so" {
	registry_start
	echo secret >hidden.txt
	echo hidden.txt >.dockerignore
	dockerfile 'FROM scratch' 'COPY hidden.txt /a'
	build_fails 2
	assert_stderr Dockerfile:2 hidden.txt .dockerignore
}

@test "errors: a COPY source outside the context is refused" {
	registry_start
	echo secret >"$T/outside"
	ln -s "$T/outside" link
	dockerfile 'FROM scratch' 'COPY ../outside /a'
	run --separate-stderr "$SLIPWAY" build --context . --no-push --oci-layout-path "$T/image"
	# Parents of the context's root are the root itself: the file is absent, not read.
	assert_status 2
	assert_stderr Dockerfile:2 outside
}

@test "errors: a failing RUN gives its own exit code" {
	need_root
	registry_start
	dockerfile "FROM $REGISTRY/base/busybox:1" 'RUN echo before; exit 42'
	build_fails 42
	assert_stderr Dockerfile:2 42 before
}

@test "errors: a RUN that is killed by a signal" {
	need_root
	registry_start
	dockerfile "FROM $REGISTRY/base/busybox:1" 'RUN kill -TERM $$'
	build_fails 143
	assert_stderr Dockerfile:2
}

@test "errors: a RUN whose program is missing" {
	need_root
	registry_start
	dockerfile "FROM $REGISTRY/base/busybox:1" 'RUN ["/no/such/program"]'
	build_fails 127
	assert_stderr Dockerfile:2 'exit code: 127: /no/such/program: not found'
}

@test "errors: a base image that does not exist" {
	registry_start
	dockerfile "FROM $REGISTRY/base/absent:7" 'LABEL a=b'
	build_fails 4
	assert_stderr "$REGISTRY/base/absent:7" Dockerfile:1
}

@test "errors: a registry that nobody serves" {
	registry_start
	dockerfile 'FROM 127.0.0.1:1/base/busybox:1' 'LABEL a=b'
	build_fails 4
	assert_stderr 127.0.0.1:1 'that the registry is running'
}

@test "errors: COPY --from a stage that does not exist says that there is none" {
	registry_start
	dockerfile "FROM $REGISTRY/base/busybox:1" 'COPY --from=buidler /x /x'
	build_fails 4 --registry-map "index.docker.io=$REGISTRY" --skip-default-registry-fallback
	assert_stderr Dockerfile:2 'no stage before this one is called "buidler"'
}

@test "errors: a full file system of the local store is named, with what helps" {
	need_root
	registry_start
	dockerfile 'FROM scratch' 'COPY data /'
	head -c 3000000 /dev/urandom >data
	mkdir small
	mount -t tmpfs -o size=1m none small
	SLIPWAY_STORE=$PWD/small/store slipway build --context . --no-push
	umount small
	assert_status 4
	assert_stderr Dockerfile:2 "local store in $PWD/small/store has no room" 'slipway cache prune' \
		'No space left on device'
}

@test "errors: wrong credentials for the base image" {
	registry_start basic
	registry_login "$HOME/.docker" wrong-password
	dockerfile "FROM $REGISTRY/base/busybox:1" 'LABEL a=b'
	slipway build --context . --registry-certificate "$REGISTRY=$REGISTRY_CA" \
		--no-push --oci-layout-path "$T/image"
	assert_status 3
	assert_stderr "$REGISTRY" base/busybox
	assert_stderr 'check user and password'
	refute_stderr wrong-password
	refute_stderr "$(printf '%s' "$REGISTRY_USER:wrong-password" | base64)"
	[ ! -e "$T/image/index.json" ]
}

@test "errors: no credentials, and where they were looked for" {
	registry_start token
	dockerfile "FROM $REGISTRY/base/busybox:1" 'LABEL a=b'
	slipway build --context . --no-push --oci-layout-path "$T/image"
	assert_status 3
	assert_stderr "$REGISTRY" config.json 'log in with docker login'
}

@test "errors: the right to push is checked before anything is built" {
	registry_start token
	dockerfile 'FROM scratch' 'COPY absent /'
	slipway build --context . --destination "$REGISTRY/broken:1"
	[ "$status" -eq 3 ] || [ "$status" -eq 2 ]
	echo data >absent
	slipway build --context . --destination "$REGISTRY/broken:1"
	assert_status 3
	assert_stderr "$REGISTRY" broken
}

@test "errors: a push that is not permitted is no failure of the instruction that waited" {
	need_root
	registry_start
	local base=$REGISTRY
	registry_start token
	dockerfile "FROM $base/base/busybox:1" 'RUN true'
	slipway build --context . --insecure-registry "$base" --destination "$REGISTRY/broken:1"
	assert_status 3
	assert_stderr 'failed: asking for the right to push' "push to $REGISTRY/broken"
	refute_stderr 'failed at'
}

@test "errors: an untrusted certificate is not accepted" {
	registry_start basic
	registry_login "$HOME/.docker"
	dockerfile "FROM $REGISTRY/base/busybox:1" 'LABEL a=b'
	slipway build --context . --no-push --oci-layout-path "$T/image"
	[ "$status" -ne 0 ]
	assert_stderr "$REGISTRY" certificate
}

@test "errors: a truncated layer of the base image" {
	need_root
	registry_start
	blob=$(registry_blob "$(layer_of base/busybox:1)")
	truncate -s -1000 "$blob"
	dockerfile "FROM $REGISTRY/base/busybox:1" 'RUN true'
	build_fails 4
	assert_stderr "$REGISTRY/base/busybox" "$(layer_of base/busybox:1 | head -c 19)"
}

@test "errors: a corrupted layer of the base image" {
	need_root
	registry_start
	blob=$(registry_blob "$(layer_of base/busybox:1)")
	printf 'garbage' | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
	dockerfile "FROM $REGISTRY/base/busybox:1" 'RUN true'
	build_fails 4
	assert_stderr "$REGISTRY/base/busybox" "$(layer_of base/busybox:1 | head -c 19)"
}

@test "errors: a corrupted manifest of the base image" {
	registry_start
	digest=sha256:$(registry_manifest base/busybox:1 | sha256sum | cut -d ' ' -f 1)
	printf ' ' >>"$(registry_blob "$digest")"
	dockerfile "FROM $REGISTRY/base/busybox@$digest" 'LABEL a=b'
	build_fails 4
	assert_stderr "$REGISTRY/base/busybox"
}

# usage: damaged_layer COMMAND: a build whose cache repository lost a layer, or holds other bytes.
damaged_layer() {
	registry_start
	dockerfile "FROM $REGISTRY/base/busybox:1" 'RUN head -c 100000 /dev/urandom >/data' \
		'RUN sha256sum /data >/sum'
	slipway build --context . --cache=true --cache-repo="$REGISTRY/cache" \
		--destination "$REGISTRY/app:1"
	assert_status 0
	digest=$(registry_manifest app:1 | jq -r '.layers[1].digest')
	$1 "$(registry_blob "$digest")"
	rm -rf --one-file-system "$SLIPWAY_STORE"
	echo 'RUN cp /data /copy' >>Dockerfile
	slipway build --context . --cache=true --cache-repo="$REGISTRY/cache" \
		--destination "$REGISTRY/app:2"
	assert_status 0
	assert_stderr "the cache $REGISTRY/cache is damaged" "$(printf %.19s "$digest")"
	registry_fetch app:2 "$T/image"
	[ "$(tree list "$T/image" | awk '$5 == "/data" || $5 == "/copy" {print $6}' | uniq | wc -l)" -eq 1 ]
	store_is_whole
}

@test "errors: a corrupted layer in the cache repository is a miss, not an image" {
	need_root
	garble() { printf garbage | dd of="$1" bs=1 seek=5000 conv=notrunc status=none; }
	damaged_layer garble
}

@test "errors: a layer that is gone from the cache repository is a miss" {
	need_root
	damaged_layer rm
}

@test "errors: bad usage is exit status 2 with the nearest option" {
	slipway build --destinatoin x
	assert_status 2
	assert_stderr --destinatoin --destination
	slipway bulid
	assert_status 2
	assert_stderr bulid build
}

@test "errors: a destination that is no reference stops the build before its first RUN" {
	registry_start
	printf 'FROM %s/base/busybox:1\nRUN echo has-run\n' "$REGISTRY" >Dockerfile
	slipway build --context . --destination "$REGISTRY/Broken:1"
	assert_status 2
	assert_stderr Broken lowercase
	[[ "$stderr" != *has-run* ]]
}

@test "errors: a file that cannot be written stops the build before its first instruction" {
	dockerfile 'FROM scratch' 'COPY a /a'
	echo a >a
	local option
	for option in oci-layout-path tar-path digest-file; do
		slipway build --context . --no-push "--$option" a/file/out
		assert_status 2
		assert_stderr "--$option a/file/out"
		refute_stderr "COPY a /a"
	done
	slipway build --context . --no-push --oci-layout-path new/folder/out --digest-file new/digest
	assert_status 0
	assert_file new/digest
}

@test "errors: an interrupted build ends by its signal and leaves the store whole" {
	need_root
	registry_start
	dockerfile "FROM $REGISTRY/base/busybox:1" 'RUN echo started; sleep 60'
	"$SLIPWAY" build --context . --destination "$REGISTRY/broken:1" 2>"$T/log" 3>&- &
	pid=$!
	for _ in $(seq 200); do
		! grep -q started "$T/log" || break
		sleep 0.05
	done
	kill -TERM "$pid"
	interrupted=0
	wait "$pid" || interrupted=$?
	assert_equal "$interrupted" 143
	assert_equal "$(registry_tags broken)" ""
	run ! pgrep -f "sleep 60"
	store_is_whole
}

@test "errors: entries of a cache whose layers are gone or cut off are misses, and are mended" {
	dockerfile 'FROM scratch' 'COPY a /a' 'COPY b /b'
	echo a >a
	echo b >b
	local flags=(--context . --no-push --cache --cache-copy-layers --cache-repo "oci:$T/cache")
	slipway build "${flags[@]}"
	assert_status 0
	local damage file
	for damage in "rm -f" "truncate -s 20"; do
		for file in "$T/cache/blobs/sha256"/*; do
			[ "$(head -c 2 "$file" | od -An -tx1 | tr -d ' ')" != 1f8b ] || $damage "$file"
		done
		rm -rf "$SLIPWAY_STORE"
		slipway build "${flags[@]}" --oci-layout-path "$T/image"
		assert_status 0
		assert_stderr "0 cached and 2 built"
		rm -rf "$SLIPWAY_STORE"
		slipway build "${flags[@]}" --oci-layout-path "$T/image"
		assert_status 0
		assert_stderr "2 cached and 0 built"
	done
	for file in "$SLIPWAY_STORE/blobs/sha256"/*; do
		chmod u+w "$file"
		: >"$file"
	done
	slipway build "${flags[@]}"
	assert_status 0
	assert_stderr "2 cached and 0 built"
}
