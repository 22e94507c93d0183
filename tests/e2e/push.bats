#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# `slipway push` and the stage kind `push`: sources, destinations, what travels and what stays.

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# An image of two layers as the layout $T/image and the archive $T/image.tar.
make_image() {
	mkdir -p src
	echo a >src/a.txt
	printf 'FROM scratch\nCOPY src /data\nCOPY src/a.txt /b\n' >Dockerfile
	slipway build --context . --no-push --oci-layout-path "$T/image" --tar-path "$T/image.tar"
	assert_status 0
}

manifest_digest() {
	echo "sha256:$(registry_manifest "$1" | sha256sum | cut -d ' ' -f 1)"
}

# usage: make_index NAME: an index of busybox and a second image, in the registry as NAME.
make_index() {
	make_image
	slipway push "oci:$T/image" "$REGISTRY/parts/app:1"
	assert_status 0
	local first second
	first=$(registry_manifest base/busybox:1)
	second=$(registry_manifest parts/app:1)
	# An index may name only what its repository holds.
	slipway push "$REGISTRY/base/busybox:1" "$REGISTRY/parts/app:2"
	assert_status 0
	{
		echo '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":['
		index_entry "$first" amd64
		echo ,
		index_entry "$second" arm64
		echo ']}'
	} >"$T/index"
	curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' \
		--data-binary "@$T/index" "http://$REGISTRY/v2/parts/app/manifests/all"
}

index_entry() {
	printf '%s' "$1" >"$T/part"
	jq -n --arg digest "sha256:$(sha256sum <"$T/part" | cut -d ' ' -f 1)" \
		--argjson size "$(stat -c %s "$T/part")" --arg arch "$2" \
		--arg type "$(jq -r '.mediaType' "$T/part")" \
		'{mediaType: $type, digest: $digest, size: $size,
			platform: {os: "linux", architecture: $arch}}'
}

@test "push: a layout to several destinations, its manifest unchanged" {
	registry_start
	make_image
	expected=$(jq -r '.manifests[0].digest' "$T/image/index.json")
	slipway push "oci:$T/image" "$REGISTRY/team/app:1" "$REGISTRY/team/app:latest" \
		"$REGISTRY/other/app:1" --digest-file "$T/digest" \
		--image-name-with-digest-file "$T/names"
	assert_status 0
	assert_equal "$(cat "$T/digest")" "$expected"
	assert_equal "$(manifest_digest other/app:1)" "$expected"
	assert_equal "$(registry_tags team/app)" "$(printf '1\nlatest')"
	grep -qx "$REGISTRY/other/app@$expected" "$T/names"
	registry_fetch team/app:latest "$T/copy"
	same_image "$T/image" "$T/copy"
}

@test "push: a directory is a layout when it is one; others are told apart" {
	registry_start
	make_image
	slipway push "$T/image" "$REGISTRY/team/app:1"
	assert_status 0
	mkdir empty
	slipway push ./empty "$REGISTRY/team/app:2"
	assert_status 2
	assert_stderr oci-layout
	slipway push "oci:$T/image:nope" "$REGISTRY/team/app:2"
	assert_status 4
	assert_stderr nope latest
	slipway push "$REGISTRY/team/app:1"
	assert_status 2
	assert_stderr destination
}

@test "push: a docker-archive keeps its image ID and its files" {
	registry_start
	make_image
	slipway push "$T/image.tar" "$REGISTRY/team/app:1"
	assert_status 0
	config=$(registry_manifest team/app:1 | jq -r .config.digest)
	assert_equal "$config" \
		"sha256:$(tar -xOf "$T/image.tar" manifest.json | jq -r '.[0].Config' | sed 's/\.json$//')"
	registry_fetch team/app:1 "$T/copy"
	assert_equal "$(tree list "$T/copy")" "$(tree list "$T/image")"
}

@test "push: a docker-archive of skopeo's with plain layers is compressed, and one of two chosen" {
	registry_start
	make_image
	skopeo --insecure-policy copy -q "oci:$T/image" "docker-archive:$T/theirs.tar:team/app:7"
	gzip -k "$T/theirs.tar"
	slipway push "docker-archive:$T/theirs.tar.gz:team/app:7" "$REGISTRY/team/app:7"
	assert_status 0
	registry_manifest team/app:7 | jq -e '.layers | all(.mediaType | endswith("tar.gzip"))'
	registry_fetch team/app:7 "$T/copy"
	assert_equal "$(tree list "$T/copy")" "$(tree list "$T/image")"
	slipway push "docker-archive:$T/theirs.tar:team/app:8" "$REGISTRY/team/app:8"
	assert_status 4
	assert_stderr team/app:7
}

@test "push: an archive whose layer is not what its configuration says is refused" {
	registry_start
	make_image
	mkdir "$T/bad"
	tar -xf "$T/image.tar" -C "$T/bad"
	layer=$(jq -r '.[0].Layers[0]' "$T/bad/manifest.json")
	other=$(jq -r '.[0].Layers[1]' "$T/bad/manifest.json")
	cp "$T/bad/$other" "$T/bad/$layer"
	tar -cf "$T/bad.tar" -C "$T/bad" .
	slipway push "$T/bad.tar" "$REGISTRY/team/app:1"
	assert_status 4
	assert_stderr "the configuration says"
	assert_equal "$(registry_tags team/app)" ""
}

@test "push: inside a registry blobs are mounted, no layer travels" {
	registry_start
	registry_forget_requests
	slipway push "$REGISTRY/base/busybox:1" "$REGISTRY/mine/busybox:2"
	assert_status 0
	assert_equal "$(manifest_digest mine/busybox:2)" "$(manifest_digest base/busybox:1)"
	assert_equal "$(registry_layer_downloads)" ""
	assert_equal "$(registry_layer_uploads)" ""
}

@test "push: a digest is promoted to a tag" {
	registry_start
	digest=$(manifest_digest base/busybox:1)
	slipway push "$REGISTRY/base/busybox@$digest" "$REGISTRY/base/busybox:stable"
	assert_status 0
	assert_equal "$(manifest_digest base/busybox:stable)" "$digest"
}

@test "push: from one registry to another, with a password" {
	registry_start
	from=$REGISTRY
	registry_start basic
	registry_login "$HOME/.docker"
	slipway push "$from/base/busybox:1" "$REGISTRY/new/busybox:1" \
		--registry-certificate "$REGISTRY=$REGISTRY_CA"
	assert_status 0
	registry_fetch new/busybox:1 "$T/copy"
	registry_login "$HOME/.docker" wrong
	slipway push "$from/base/busybox:1" "$REGISTRY/other/busybox:1" \
		--registry-certificate "$REGISTRY=$REGISTRY_CA"
	assert_status 3
}

@test "push: an image of many layers between registries" {
	registry_start
	mkdir files
	echo "FROM scratch" >Dockerfile
	for i in $(seq 20); do
		echo "$i" >"files/$i"
		echo "COPY files/$i /$i" >>Dockerfile
	done
	slipway build --context . --destination "$REGISTRY/many/layers:1"
	assert_status 0
	from=$REGISTRY
	registry_start
	rm -rf --one-file-system "$SLIPWAY_STORE"
	slipway push "$from/many/layers:1" "$REGISTRY/many/layers:1"
	assert_status 0
	assert_equal "$(registry_layer_uploads | wc -l)" 20
	# The same through a build: its base's layers are fetched while others are uploaded.
	rm -rf --one-file-system "$SLIPWAY_STORE"
	registry_start
	printf 'FROM %s/many/layers:1\nLABEL a=b\n' "$from" >Dockerfile
	slipway build --context . --destination "$REGISTRY/many/based:1"
	assert_status 0
}

@test "push: an index is copied whole, or for one platform" {
	registry_start
	make_index
	slipway push "$REGISTRY/parts/app:all" "$REGISTRY/copy/app:all" --digest-file "$T/digest"
	assert_status 0
	assert_equal "$(registry_manifest copy/app:all)" "$(cat "$T/index")"
	assert_equal "$(cat "$T/digest")" "sha256:$(sha256sum <"$T/index" | cut -d ' ' -f 1)"
	for digest in $(jq -r '.manifests[].digest' "$T/index"); do
		curl -sfI -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
			-H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
			"http://$REGISTRY/v2/copy/app/manifests/$digest"
	done
	slipway push "$REGISTRY/parts/app:all" "$REGISTRY/copy/one:1" --custom-platform linux/arm64
	assert_status 0
	assert_equal "$(registry_manifest copy/one:1)" "$(registry_manifest parts/app:1)"
	slipway push "$REGISTRY/parts/app:all" "$REGISTRY/copy/two:1" --custom-platform linux/s390x
	assert_status 4
	assert_stderr linux/arm64
}

@test "push: a layout with damaged bytes does not arrive" {
	registry_start
	make_image
	layer=$(jq -r '.layers[0].digest' "$T/image/blobs/sha256/$(jq -r '.manifests[0].digest' \
		"$T/image/index.json" | cut -d : -f 2)" | cut -d : -f 2)
	size=$(stat -c %s "$T/image/blobs/sha256/$layer")
	rm "$T/image/blobs/sha256/$layer"
	head -c "$size" /dev/zero >"$T/image/blobs/sha256/$layer"
	slipway push "oci:$T/image" "$REGISTRY/team/app:1"
	[ "$status" -ne 0 ]
	assert_equal "$(registry_tags team/app)" ""
}

@test "push: a stage pushes what another built, and its outputs pin it" {
	registry_start
	make_image
	cat >slipway.yaml <<-END
		version: 1
		stages:
		  - name: copy
		    push: {source: "oci:$T/image", destinations: ["$REGISTRY/team/app:1"], digest-file: digest}
		  - name: show
		    run: echo "\${{ stages.copy.outputs.ref }} \${{ stages.copy.outputs.image }}" >shown
	END
	slipway run --push
	assert_status 0
	assert_equal "$(cat shown)" "$REGISTRY/team/app@$(cat digest) $REGISTRY/team/app:1"
	assert_equal "$(manifest_digest team/app:1)" "$(cat digest)"
}

@test "push: outside of CI a stage pushes nothing without --push, and says so" {
	registry_start
	make_image
	cat >slipway.yaml <<-END
		version: 1
		stages:
		  - name: copy
		    push: {source: "oci:$T/image", destinations: ["$REGISTRY/team/app:1"]}
		  - name: unknown
		    push: {source: "$REGISTRY/no/such:1", destinations: ["$REGISTRY/team/app:2"]}
	END
	slipway run
	assert_status 0
	assert_stderr --push
	assert_equal "$(registry_tags team/app)" ""
	CI=true GITLAB_CI=true slipway run copy
	assert_status 0
	assert_equal "$(registry_tags team/app)" 1
}
