#!/usr/bin/env bats
# slipway warm: what it stores is what a build later need not fetch.

load lib/common

setup() {
	e2e_setup
	registry_start
}

teardown() {
	e2e_teardown
}

# usage: base_blobs: how many blobs of the base image were asked for.
base_blobs() {
	registry_requests | grep -c "^GET /v2/base/busybox/blobs/" || :
}

@test "warm: a build finds the base image in the store" {
	need_root
	slipway warm "$REGISTRY/base/busybox:1"
	assert_status 0
	assert_stderr "$REGISTRY/base/busybox:1"
	[ "$(base_blobs)" -ge 2 ]
	registry_forget_requests
	printf 'FROM %s/base/busybox:1\nRUN echo hello >/hello\n' "$REGISTRY" >Dockerfile
	slipway build --context . --no-push
	assert_status 0
	assert_equal "$(base_blobs)" 0
}

@test "warm: as kaniko's warmer, from a Dockerfile, into a directory" {
	ln -s "$SLIPWAY" warmer
	printf 'ARG TAG=none\nFROM %s/base/busybox:$TAG AS a\nFROM a\nFROM scratch\n' \
		"$REGISTRY" >Dockerfile
	run --separate-stderr ./warmer --dockerfile=Dockerfile --build-arg TAG=1 --cache-dir="$T/base" \
		--force --cache-ttl=6h
	assert_status 0
	[ "$(find "$T/base/blobs/sha256" -type f | wc -l)" -ge 3 ]
	registry_forget_requests
	slipway warm --cache-dir "$T/base" -i "$REGISTRY/base/busybox:1"
	assert_status 0
	assert_equal "$(base_blobs)" 0
}

@test "warm: every image is tried, and one that is not there is an error" {
	slipway warm "$REGISTRY/base/missing:1" "$REGISTRY/base/busybox:1"
	assert_status 4
	assert_stderr "$REGISTRY/base/missing" "$REGISTRY/base/busybox:1 is in"
	slipway warm
	assert_status 2
	assert_stderr "which images"
}
