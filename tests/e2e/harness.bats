#!/usr/bin/env bats
# The tests' own tools, before they judge anything: registries of each flavour, the tree lister,
# and buildah in the way that the tests call it.

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

@test "harness: a plain registry holds the base images" {
	registry_start
	registry_fetch base/busybox:1 "$T/image"
	tree list "$T/image" >"$T/list"
	grep -qx 'l 0777 0:0 0 /bin/sh -> busybox' "$T/list"
	registry_requests | grep -q '^GET /v2/base/busybox/manifests/1 200$'
	[ "$(registry_layer_downloads | wc -l)" -eq 1 ]
	assert_equal "$(registry_tags base/busybox)" 1
}

@test "harness: the password registry speaks TLS and refuses strangers" {
	registry_start basic
	run curl -s -o /dev/null -w '%{http_code}' --cacert "$REGISTRY_CA" "https://$REGISTRY/v2/"
	assert_equal "$output" 401
	run curl -s -o /dev/null -w '%{http_code}' --cacert "$REGISTRY_CA" \
		-u "$REGISTRY_USER:$REGISTRY_PASSWORD" "https://$REGISTRY/v2/"
	assert_equal "$output" 200
	registry_fetch base/busybox:1 "$T/image"
}

@test "harness: the token registry gives tokens for a password only" {
	registry_start token
	run curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/"
	assert_equal "$output" 401
	registry_login "$HOME/.docker"
	skopeo --insecure-policy copy -q --src-tls-verify=false --authfile "$HOME/.docker/config.json" \
		"docker://$REGISTRY/base/busybox:1" "oci:$T/image:latest"
	grep -q "$REGISTRY_USER repository:base/busybox:pull 200" "$REGISTRY_DIR/token.log"
	registry_login "$HOME/.docker" wrong
	run skopeo --insecure-policy inspect --tls-verify=false --authfile "$HOME/.docker/config.json" \
		"docker://$REGISTRY/base/busybox:1"
	[ "$status" -ne 0 ]
}

@test "harness: two images of one tree compare equal, of two trees do not" {
	need umoci
	registry_start
	registry_fetch base/busybox:1 "$T/one"
	cp -a "$T/one" "$T/two"
	same_image "$T/one" "$T/two"
	umoci config --image "$T/two:latest" --config.user nobody
	run same_image "$T/one" "$T/two"
	[ "$status" -ne 0 ]
	[[ "$output" == *'"User": "nobody"'* ]]
}

@test "harness: whiteouts, opaque directories and links are flattened by the rules" {
	need umoci
	mkdir -p a/keep a/gone a/opaque b/keep b/opaque
	echo one >a/keep/one
	ln a/keep/one a/keep/two
	ln -s keep a/link
	echo x >a/gone/x
	echo x >a/opaque/x
	touch b/.wh.gone b/opaque/.wh..wh..opq b/opaque/y
	mkdir b/link.d
	tar -C a -cf a.tar .
	tar -C b -cf b.tar .
	umoci init --layout "$T/image"
	umoci new --image "$T/image:latest"
	umoci raw add-layer --image "$T/image:latest" a.tar
	umoci raw add-layer --image "$T/image:latest" b.tar
	tree list "$T/image" | awk '{print $5, $6, $7}' >"$T/list"
	assert_equal "$(grep -v sha256 "$T/list" | sed -E 's/ [0-9a-f]{64}//; s/ *$//')" "/keep
/keep/one
/keep/two = /keep/one
/link -> keep
/link.d
/opaque
/opaque/y"
}

@test "harness: buildah builds here" {
	need buildah
	need_root
	registry_start
	printf 'FROM %s/base/busybox:1\nRUN echo built >/marker\n' "$REGISTRY" >Dockerfile
	buildah_build "$T/image" .
	tree list "$T/image" | grep ' /marker '
}
