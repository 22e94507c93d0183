#!/usr/bin/env bats
# Small Dockerfiles: what each instruction leaves in the image, judged by buildah where it agrees
# with BuildKit, and where an image can go.

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# usage: build [FLAG...]: ./Dockerfile into the layout $T/ours.
build() {
	rm -rf "$T/ours"
	slipway build --context . --no-push --oci-layout-path "$T/ours" "$@"
	assert_status 0
	assert_file "$T/ours/index.json"
}

# usage: same_as_buildah [FLAG...]: both builders make the same of ./Dockerfile.
same_as_buildah() {
	need_root
	need buildah
	build "$@"
	buildah_build "$T/theirs" "$@" .
	same_image "$T/ours" "$T/theirs"
}

# Starts a registry and writes a FROM for its busybox.
from_busybox() {
	registry_start
	echo "FROM $REGISTRY/base/busybox:1" >Dockerfile
}

make_context() {
	umask 022
	mkdir -p src/sub/deep src/empty
	echo a >src/a.txt
	echo b >src/sub/b.txt
	echo c >src/sub/deep/c.txt
	ln -s a.txt src/link
	ln -s /etc/passwd src/absolute
	printf '#!/bin/sh\necho hi\n' >src/run.sh
	chmod 755 src/run.sh
	printf 'with space\n' >'src/a file'
}

@test "build: FROM scratch with COPY needs no root and no registry" {
	make_context
	chmod 755 "$T"
	printf 'FROM scratch\nCOPY src /data\n' >Dockerfile
	chown -R 65534:65534 "$T/work" "$T/home" "$T/tmp" 2>/dev/null || :
	mkdir "$T/out" && chmod 777 "$T/out"
	SLIPWAY_STORE=$T/home/store run --separate-stderr as_user "$SLIPWAY" build --context . \
		--no-push --oci-layout-path "$T/out/image"
	assert_status 0
	tree list "$T/out/image" >"$T/list"
	grep -q '^f 0755 0:0 18 /data/run.sh ' "$T/list"
	grep -q '^l 0777 0:0 0 /data/absolute -> /etc/passwd$' "$T/list"
	grep -q '^d 0755 0:0 0 /data/empty$' "$T/list"
}

@test "build: COPY of files, folders, links and wildcards" {
	make_context
	from_busybox
	cat >>Dockerfile <<-'END'
		COPY src/a.txt /one
		COPY src/a.txt /dir/
		COPY src/*.txt src/run.sh /many/
		COPY src /all
		COPY src/sub/ /sub
		COPY ["src/a file", "/spaced name"]
	END
	same_as_buildah
}

@test "build: COPY --chown by number and by name, --chmod" {
	make_context
	from_busybox
	cat >>Dockerfile <<-'END'
		COPY --chown=1000:2000 src/a.txt /numbers
		COPY --chown=nobody:nogroup src /names
		COPY --chmod=640 src/a.txt /mode
	END
	same_as_buildah
}

@test "build: an unknown --chown name is an error at its line" {
	make_context
	from_busybox
	echo 'COPY --chown=stranger src/a.txt /a' >>Dockerfile
	slipway build --context . --no-push --oci-layout-path "$T/ours"
	assert_status 2
	assert_stderr Dockerfile:2 stranger
	[ ! -e "$T/ours/index.json" ]
}

@test "build: WORKDIR, ENV, ARG, LABEL, EXPOSE, USER, CMD and the other settings" {
	from_busybox
	cat >>Dockerfile <<-'END'
		ARG VERSION=1
		ENV A=1 B="two words" C=${VERSION}
		ENV D=$A-${MISSING:-default}
		LABEL version=$VERSION "with space"="x y"
		WORKDIR /srv
		WORKDIR app/$C
		EXPOSE 80 53/udp
		VOLUME /data
		STOPSIGNAL SIGINT
		USER 1000:1000
		CMD ["sh", "-c", "echo $A"]
	END
	same_as_buildah --build-arg VERSION=7
}

@test "build: RUN sees the environment, and its files, links and removals are the layer" {
	from_busybox
	cat >>Dockerfile <<-'END'
		ENV NAME=world
		ARG GREETING=hello
		WORKDIR /work
		RUN echo "$GREETING $NAME" >greeting && ln greeting hard && ln -s greeting soft
		RUN mkdir -p deep/er && echo x >deep/er/x && chmod 4755 deep/er/x && chown 5:6 deep
		RUN rm soft && mv deep moved && mkdir deep && mkfifo pipe
		RUN rm /bin/vi && id >id && pwd >pwd
	END
	same_as_buildah
}

@test "build: USER applies to RUN, not to COPY" {
	make_context
	from_busybox
	cat >>Dockerfile <<-'END'
		RUN mkdir -m 777 /shared
		USER nobody
		RUN id -u >/shared/uid
		COPY src/a.txt /shared/a
	END
	same_as_buildah
}

@test "build: SHELL and the exec form" {
	from_busybox
	cat >>Dockerfile <<-'END'
		RUN ["/bin/busybox", "touch", "/exec form"]
		SHELL ["/bin/sh", "-e", "-c"]
		RUN touch /shell
	END
	same_as_buildah
}

@test "build: ADD unpacks a local archive, COPY does not" {
	make_context
	# Without an entry for the top: builders differ in whether it changes the destination.
	tar -C src -czf src.tar.gz --owner=7 --group=8 a.txt link run.sh sub
	from_busybox
	printf 'ADD src.tar.gz /added/\nCOPY src.tar.gz /copied/\n' >>Dockerfile
	same_as_buildah
}

@test "build: stages, COPY --from by name, number and image, --target" {
	make_context
	from_busybox
	cat >Dockerfile <<-END
		ARG BASE=$REGISTRY/base/busybox:1
		FROM \$BASE AS first
		RUN mkdir /made && echo made >/made/file
		FROM first AS second
		RUN echo more >>/made/file
		FROM scratch AS result
		COPY --from=second /made /by-name
		COPY --from=0 /made/file /by-number
		COPY --from=$REGISTRY/base/busybox:1 /etc/passwd /by-image
		FROM first AS unused
		RUN exit 9
	END
	same_as_buildah --target result
}

@test "build: .dockerignore keeps files out of the context" {
	make_context
	printf '%s\n' '**/*.txt' '!src/sub/b.txt' 'src/run.sh' >.dockerignore
	printf 'FROM scratch\nCOPY src /data\n' >Dockerfile
	build
	tree list "$T/ours" >"$T/list"
	assert_equal "$(awk '{print $5}' "$T/list" | grep -v ' ' | sort)" \
		"$(printf '%s\n' /data /data/a /data/absolute /data/empty /data/link /data/sub \
			/data/sub/b.txt /data/sub/deep | sort)"
}

@test "build: two builds give one image, whatever the clock, umask and store" {
	make_context
	from_busybox
	printf 'COPY src /data\nWORKDIR /w\n' >>Dockerfile
	build --reproducible
	first=$(jq -r '.manifests[0].digest' "$T/ours/index.json")
	rm -rf --one-file-system "$SLIPWAY_STORE"
	find src -exec touch -h -d 2001-01-01 {} +
	umask 077
	TZ=Asia/Tokyo build --reproducible
	assert_equal "$(jq -r '.manifests[0].digest' "$T/ours/index.json")" "$first"
}

@test "build: --digest-file and --tar-path say what was built; skopeo reads the archive" {
	need skopeo
	make_context
	printf 'FROM scratch\nCOPY src /data\n' >Dockerfile
	build --digest-file "$T/digest" --tar-path "$T/image.tar" --destination example.test/a:1
	assert_equal "$(cat "$T/digest")" "$(jq -r '.manifests[0].digest' "$T/ours/index.json")"
	skopeo --insecure-policy copy -q "docker-archive:$T/image.tar" "oci:$T/again:latest"
	assert_equal "$(tree list "$T/again")" "$(tree list "$T/ours")"
}

@test "build: pushes every destination; skopeo reads them" {
	need skopeo
	make_context
	registry_start
	printf 'FROM scratch\nCOPY src /data\n' >Dockerfile
	slipway build --context . --destination "$REGISTRY/team/app:1" \
		--destination "$REGISTRY/team/app:latest" --destination "$REGISTRY/other/app:1" \
		--image-name-with-digest-file "$T/names"
	assert_status 0
	assert_equal "$(registry_tags team/app)" "$(printf '1\nlatest')"
	assert_equal "$(registry_manifest other/app:1)" "$(registry_manifest team/app:1)"
	digest=sha256:$(registry_manifest team/app:1 | sha256sum | cut -d ' ' -f 1)
	grep -qx "$REGISTRY/team/app@$digest" "$T/names"
	registry_fetch team/app:latest "$T/image"
	tree list "$T/image" | grep -q ' /data/a.txt '
}

@test "build: pushes through TLS with a password from config.json" {
	make_context
	registry_start basic
	registry_login "$HOME/.docker"
	printf 'FROM %s/base/busybox:1\nCOPY src /data\n' "$REGISTRY" >Dockerfile
	slipway build --context . --registry-certificate "$REGISTRY=$REGISTRY_CA" \
		--destination "$REGISTRY/team/app:1"
	assert_status 0
	refute_stderr "$REGISTRY_PASSWORD"
	registry_fetch team/app:1 "$T/image"
	tree list "$T/image" | grep -q ' /data/a.txt '
}

@test "build: pushes with tokens, one scope list per repository" {
	make_context
	registry_start token
	registry_login "$HOME/.docker"
	printf 'FROM %s/base/busybox:1\nCOPY src /data\n' "$REGISTRY" >Dockerfile
	slipway build --context . --destination "$REGISTRY/team/app:1"
	assert_status 0
	grep -q "$REGISTRY_USER .*repository:team/app:.*push.* 200" "$REGISTRY_DIR/token.log"
	skopeo --insecure-policy inspect --tls-verify=false --authfile "$HOME/.docker/config.json" \
		"docker://$REGISTRY/team/app:1" >/dev/null
}

@test "build: called as executor it is kaniko's program" {
	make_context
	registry_start
	ln -s "$SLIPWAY" "$T/executor"
	printf 'FROM scratch\nCOPY src /data\n' >Dockerfile
	run --separate-stderr "$T/executor" --context "dir://$PWD" --dockerfile Dockerfile --force \
		--destination="$REGISTRY/team/app:1" --digest-file="$T/digest"
	assert_status 0
	assert_equal "$(cat "$T/digest")" \
		"sha256:$(registry_manifest team/app:1 | sha256sum | cut -d ' ' -f 1)"
}

@test "build: layers in zstd, read by others" {
	need zstd skopeo
	make_context
	registry_start
	printf 'FROM scratch\nCOPY src /data\n' >Dockerfile
	build --compression zstd --image-format oci
	jq -e . "$T/ours/index.json" >/dev/null
	tree list "$T/ours" | grep -q ' /data/a.txt '
}

@test "build: annotations are the manifest's, which is then OCI's" {
	make_context
	printf 'FROM scratch\nCOPY src /data\n' >Dockerfile
	slipway build --context . --no-push --oci-layout-path "$T/noted" \
		--annotation org.opencontainers.image.title=app --annotation "b=two words"
	assert_status 0
	manifest=$T/noted/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$T/noted/index.json")
	assert_equal "$(jq -c .annotations "$manifest")" \
		'{"b":"two words","org.opencontainers.image.title":"app"}'
	slipway build --context . --no-push --annotation a=b --image-format docker
	assert_status 2
	assert_stderr "--image-format oci"
	slipway build --context . --no-push --annotation nothing
	assert_status 2
	assert_stderr "--annotation takes NAME=VALUE"
}

@test "build: the upload that the check of rights opened takes the new layer" {
	make_context
	registry_start
	printf 'FROM scratch\nCOPY src /data\n' >Dockerfile
	registry_forget_requests
	slipway build --context . --destination "$REGISTRY/team/app:1"
	assert_status 0
	assert_equal "$(registry_requests | grep -c '^POST .*/blobs/uploads/')" 2
	assert_equal "$(registry_requests | grep -c '^PUT .*/blobs/uploads/.* 201')" 2
	assert_equal "$(registry_requests | grep -c '^HEAD ')" 2
	assert_equal "$(registry_requests | grep '^DELETE ')" ""
}

@test "build: without a new layer that upload takes the configuration, unasked" {
	registry_start
	printf 'FROM %s/base/busybox:1\nLABEL a=b\n' "$REGISTRY" >Dockerfile
	registry_forget_requests
	slipway build --context . --destination "$REGISTRY/base/busybox:2"
	assert_status 0
	assert_equal "$(registry_requests | grep -c '^POST .*/blobs/uploads/')" 1
	assert_equal "$(registry_requests | grep -c '^PUT .*/blobs/uploads/.* 201')" 1
	assert_equal "$(registry_requests | grep -c '^HEAD ')" 1
	assert_equal "$(registry_requests | grep '^DELETE ')" ""
}

@test "build: the upload that the check of rights opened is cancelled when nothing is pushed" {
	make_context
	registry_start
	printf 'FROM scratch\nCOPY missing /data\n' >Dockerfile
	registry_forget_requests
	slipway build --context . --destination "$REGISTRY/team/app:1"
	assert_status 2
	assert_equal "$(registry_requests | grep -c '^POST .*/blobs/uploads/')" 1
	assert_equal "$(registry_requests | grep -c '^DELETE .*/blobs/uploads/')" 1
}
