#!/usr/bin/env bats
# Build contexts that are no directory: whatever brings them here, the image is the directory's, and
# nothing of a context reaches beyond it.

load lib/common
load lib/build
load lib/contexts

setup() {
	e2e_setup
	contexts_start
}

teardown() {
	e2e_teardown
}

# usage: requests REGEX: how many lines of the server's log match.
requests() {
	grep -cE "$1" "$CONTEXT_LOG" || :
}

# --- archives and standard input ---------------------------------------------------------------------

@test "context: archives of every compression make the directory's image" {
	tar -C context -cf a.tar .
	tar -C context -cJf a.tar.xz .
	tar -C context -cjf a.tar.bz2 .
	zstd -q a.tar -o a.tar.zst
	local file
	for file in a.tar a.tar.xz a.tar.bz2 a.tar.zst "$T/files/context.tar.gz"; do
		same_as_directory "tar://$file"
	done
	same_as_directory dir://context
}

@test "context: an archive on standard input, by both of its names" {
	digest_of context
	local want=$DIGEST name
	for name in - tar://stdin; do
		rm -f "$T/digest"
		run --separate-stderr timeout -k 5 60 "$SLIPWAY" build --context "$name" --no-push \
			--reproducible --digest-file "$T/digest" <"$T/files/context.tar.gz"
		assert_status 0
		assert_equal "$(cat "$T/digest")" "$want"
	done
	run --separate-stderr "$SLIPWAY" build --context - --no-push </dev/null
	assert_status 2
	assert_stderr "the context on standard input is empty"
	run --separate-stderr "$SLIPWAY" build --context - --no-push <context/Dockerfile
	[ "$status" -ne 0 ]
	want_no_leftovers
}

@test "context: a read-only directory keeps its mode, also without privilege" {
	mkdir context/locked && echo x >context/locked/file && chmod 555 context/locked
	tar -C context -czf "$T/files/locked.tar.gz" .
	same_as_directory "tar://$T/files/locked.tar.gz"
	chmod 755 "$T" "$T/work" "$T/files" context
	mkdir "$T/theirs" && chmod 777 "$T/theirs"
	SLIPWAY_STORE=$T/theirs/store run --separate-stderr as_user "$SLIPWAY" build --no-push --reproducible \
		--context "tar://$T/files/locked.tar.gz" --digest-file "$T/theirs/digest"
	assert_status 0
	assert_equal "$(cat "$T/theirs/digest")" "$DIGEST"
}

@test "context: the layer cache knows a context's files wherever they come from" {
	slipway build --context context --no-push --reproducible --cache --cache-copy-layers \
		--cache-repo "oci:$T/cache"
	assert_status 0
	slipway build --context "tar://$T/files/context.tar.gz" --no-push --reproducible --cache \
		--cache-copy-layers --cache-repo "oci:$T/cache" --log-format json
	assert_status 0
	assert_stderr '"hits":"1"'
}

@test "context: sub-paths, of directories too, and the Dockerfile in them" {
	digest_of context/app
	local want=$DIGEST
	digest_of context --context-sub-path app
	assert_equal "$DIGEST" "$want"
	digest_of "tar://$T/files/context.tar.gz" --context-sub-path app
	assert_equal "$DIGEST" "$want"
	context_fails 2 "tar://$T/files/context.tar.gz" --context-sub-path ../..
	assert_stderr "leads out of the context"
	context_fails 2 context --context-sub-path missing
	assert_stderr '"missing"'
}

@test "context: a .wh. name in an archive is a file, and no removal" {
	mkdir odd && echo x >odd/.wh.keep && echo y >odd/keep
	printf 'FROM scratch\nCOPY keep /\n' >odd/Dockerfile
	tar -C odd -cf odd.tar Dockerfile keep .wh.keep
	digest_of tar://odd.tar
}

# --- hostile archives ----------------------------------------------------------------------------

# usage: hostile NAME PYTHON: an archive with a good Dockerfile, then what the code adds to `tar`.
hostile() {
	python3 - "$1" "$T" <<END
import io, os, sys, tarfile
tar = tarfile.open(sys.argv[1], "w:gz")
T = sys.argv[2]
def add(name, data=b"", **more):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))
add("Dockerfile", b"FROM scratch\nCOPY . /data\n")
$2
tar.close()
END
}

@test "context: an archive cannot write outside of its directory" {
	hostile up.tgz 'add("../up", b"x")'
	context_fails 4 tar://up.tgz
	assert_stderr "up"
	mkdir "$T/canary"
	hostile links.tgz 'add("out", type=tarfile.SYMTYPE, linkname=T + "/canary")
add("out/written", b"x")
add("up", type=tarfile.SYMTYPE, linkname="../../../../../../../.." + T + "/canary")
add("up/written", b"x")'
	slipway build --context tar://links.tgz --no-push
	assert_equal "$(ls "$T/canary")" ""
	hostile absolute.tgz 'add(T + "/canary/written", b"x")'
	slipway build --context tar://absolute.tgz --no-push
	assert_equal "$(ls "$T/canary")" ""
	echo secret >"$T/canary/secret"
	hostile hard.tgz 'add("hard", type=tarfile.LNKTYPE, linkname=T + "/canary/secret")'
	context_fails 4 tar://hard.tgz
	assert_stderr "does not exist"
	want_no_leftovers
}

@test "context: a Dockerfile or .dockerignore that is a link does not lead out of a foreign context" {
	echo "FROM canary-was-read" >"$T/canary"
	mkdir odd && ln -s "$T/canary" odd/Dockerfile
	tar -C odd -czf odd.tgz .
	context_fails 2 tar://odd.tgz
	refute_stderr canary-was-read
	assert_stderr "there is no Dockerfile"
	rm odd/Dockerfile && printf 'FROM scratch\nCOPY . /\n' >odd/Dockerfile
	printf '[canary-was-read\n' >"$T/canary"
	ln -s "$T/canary" odd/.dockerignore
	tar -C odd -czf odd.tgz .
	slipway build --context tar://odd.tgz --no-push
	refute_stderr canary-was-read
	mkfifo odd/fifo && rm odd/.dockerignore && ln -s fifo odd/.dockerignore
	tar -C odd -czf odd.tgz .
	context_fails 2 tar://odd.tgz
	assert_stderr "no regular file"
}

@test "context: devices are left out, bombs are refused" {
	hostile devices.tgz 'add("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
add("disk", type=tarfile.BLKTYPE, devmajor=8, devminor=0)'
	slipway build --context tar://devices.tgz --no-push --oci-layout-path "$T/image"
	assert_status 0
	assert_equal "$(tree list "$T/image" | grep -c -E '^[cb] ' || :)" 0
	# 3 GiB of zeros, from 3 MiB
	mkdir bomb && cp context/Dockerfile bomb && truncate -s 3G bomb/zeros
	tar -C bomb -cf - . | gzip -1 >bomb.tgz
	rm bomb/zeros
	context_fails 4 tar://bomb.tgz
	assert_stderr "more than"
	head -c 300 "$T/files/context.tar.gz" >cut.tgz
	context_fails 4 tar://cut.tgz
}

# --- the web -----------------------------------------------------------------------------------------

@test "context: an archive by https, with a digest when wanted" {
	same_as_directory "https://$TLS/files/context.tar.gz"
	local sum
	sum=$(sha256sum "$T/files/context.tar.gz" | cut -d ' ' -f 1)
	same_as_directory "https://$TLS/files/context.tar.gz?token=hidden-query#sha256=$sum"
	same_as_directory "http://$WEB/files/context.tar.gz#sha256=$sum"
	context_fails 4 "https://$TLS/files/context.tar.gz?token=hidden-query#sha256=${sum//[0-9]/0}"
	assert_stderr "has the digest sha256:$sum"
	refute_stderr hidden-query
	context_fails 2 "http://$WEB/files/context.tar.gz"
	assert_stderr "#sha256="
}

@test "context: fetching one leaves a process that can still isolate a RUN" {
	need_isolation
	printf 'FROM scratch\nCOPY rootfs /\nRUN echo made >/made\n' >context/Dockerfile
	tar -C context -czf "$T/files/run.tar.gz" .
	build --context "https://localhost:${TLS#*:}/files/run.tar.gz"
	want_file made made
	chmod 755 "$T" "$T/work" "$T/contexts.crt"
	mkdir "$T/theirs" && chmod 777 "$T/theirs"
	[ "$(id -u)" -eq 0 ] || return 0
	SLIPWAY_STORE=$T/theirs/store run --separate-stderr as_user "$SLIPWAY" build --no-push \
		--context "https://localhost:${TLS#*:}/files/run.tar.gz" --oci-layout-path "$T/theirs/image"
	assert_status 0
	assert_equal "$(tree cat "$T/theirs/image" made)" made
}

@test "context: what a web server may answer" {
	context_fails 4 "https://$TLS/files/missing.tar.gz?token=hidden-query"
	assert_stderr "https://$TLS/files/missing.tar.gz" 404
	refute_stderr hidden-query
	context_fails 3 "https://$TLS/status/403"
	context_fails 3 "https://$TLS/status/401"
	context_fails 4 "https://$TLS/loop"
	assert_stderr "more than 10 redirects"
	same_as_directory "https://$TLS/flaky"
	same_as_directory "https://$TLS/redirect?to=/files/context.tar.gz"
	context_fails 4 "https://$TLS/redirect?to=http://$WEB/files/context.tar.gz"
	assert_stderr "redirect from https to http://$WEB/files/context.tar.gz refused"
	assert_equal "$(requests '^http .*context.tar.gz')" 0
	SSL_CERT_FILE=/dev/null context_fails 4 "https://$TLS/files/context.tar.gz"
}

@test "context: no redirect from the internet leads into the network" {
	local to
	for to in 127.0.0.1:1 10.0.0.1 169.254.169.254 '%5B::1%5D' 2130706433 0x7f.1 localhost; do
		HTTPS_PROXY=http://$WEB context_fails 4 "https://storage.googleapis.com/redirect?to=https://$to/x"
		assert_stderr "inside of the network"
	done
	context_fails 4 "https://$TLS/redirect?to=https://169.254.169.254/latest"
	assert_stderr "inside of the network"
	context_fails 4 "https://$TLS/redirect?to=https://10.0.0.1/x"
	assert_stderr "inside of the network"
	context_fails 4 "https://$TLS/redirect?to=file:///etc/passwd"
}

@test "context: a kind that is not known is named with those that are" {
	context_fails 2 ftp://user:hidden-password@example/x
	assert_stderr "of which kind" "s3://"
	refute_stderr hidden-password
	printf 'version: 1\nname: x\nstages:\n  - name: image\n    build: {context: "-", no-push: true}\n' \
		>slipway.yaml
	slipway run
	assert_status 2
	assert_stderr "slipway.yaml:5" "no standard input"
}

@test "context: keys of the spec do what the flags do" {
	digest_of context/app
	cat >slipway.yaml <<-END
		version: 1
		name: x
		stages:
		  - name: image
		    build:
		      context: https://$TLS/files/context.tar.gz
		      context-sub-path: app
		      no-push: true
		      reproducible: true
		      digest-file: spec.digest
	END
	slipway run
	assert_status 0
	assert_equal "$(cat spec.digest)" "$DIGEST"
}
