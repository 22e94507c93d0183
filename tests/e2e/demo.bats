#!/usr/bin/env bats
# The first thing that a newcomer does: pipeline-examples/01-hello, as root and as an ordinary user.
# Programs of other people judge the image.

load lib/common

setup() {
	e2e_setup
	need cc
	cp -R "$SLIPWAY_SRCDIR/pipeline-examples/01-hello/." .
	rm -rf .slipway hello hello.oci
}

teardown() {
	e2e_teardown
}

LINE="Hello from an image that was built without a daemon."

run_demo() {
	slipway run
	assert_status 0
	assert_file hello.oci/index.json
}

@test "demo: builds the image and leaves a report" {
	run_demo
	assert_equal "$output" "" "standard output is for results"
	assert_file .slipway/out/report.json
	jq -e . .slipway/out/report.json >/dev/null
	assert_file .slipway/out/logs/compile.log
}

@test "demo: skopeo inspects the image, its tree is the one program" {
	need skopeo
	run_demo
	run skopeo --insecure-policy inspect oci:hello.oci
	assert_status 0
	assert_equal "$(jq -r '.Os' <<<"$output")" linux
	tree list hello.oci >"$T/list"
	assert_equal "$(sed -E 's/^(. [0-7]+ [0-9:]+) [0-9]+ /\1 SIZE /; s/ [0-9a-f]{64}$//' "$T/list")" \
		"f 0755 0:0 SIZE /hello"
	assert_equal "$(tree config hello.oci | jq -c '.config.Entrypoint')" '["/hello"]'
}

@test "demo: umoci unpacks the image and the program runs" {
	need umoci
	run_demo
	umoci unpack --rootless --image "hello.oci:$(layout_tag hello.oci)" bundle
	assert_equal "$(bundle/rootfs/hello)" "$LINE"
}

@test "demo: podman or crun runs the image" {
	need_root
	need umoci crun
	run_demo
	umoci unpack --image "hello.oci:$(layout_tag hello.oci)" bundle
	run_bundle bundle
	assert_equal "$output" "$LINE"
}

@test "demo: an ordinary user builds it too" {
	chmod 755 "$T"
	chown -R 65534:65534 "$T/work" "$T/home" "$T/tmp" 2>/dev/null || :
	SLIPWAY_STORE=$T/home/store run --separate-stderr as_user "$SLIPWAY" run
	assert_status 0
	tree list hello.oci >"$T/list"
	grep -E '^f 0755 0:0 [0-9]+ /hello ' "$T/list"
}

@test "demo: runs again and again, and two runs give one image" {
	run_demo
	first=$(jq -r '.manifests[0].digest' hello.oci/index.json)
	run_demo
	tree list hello.oci >"$T/list"
	grep -q ' /hello ' "$T/list"
	[ "$(jq '.manifests | length' hello.oci/index.json)" -eq 1 ]
	rm -rf hello.oci "$SLIPWAY_STORE"
	SOURCE_DATE_EPOCH=1700000000 slipway build --context . --no-push --oci-layout-path "$T/one" \
		--reproducible
	assert_status 0
	touch -d '2001-01-01' hello
	rm -rf "$SLIPWAY_STORE"
	SOURCE_DATE_EPOCH=1700000000 slipway build --context . --no-push --oci-layout-path "$T/two" \
		--reproducible
	assert_status 0
	assert_equal "$(jq -r '.manifests[0].digest' "$T/one/index.json")" \
		"$(jq -r '.manifests[0].digest' "$T/two/index.json")"
	[ -n "$first" ]
}
