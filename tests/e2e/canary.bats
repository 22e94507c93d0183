#!/usr/bin/env bats
# Secrets that a pipeline uses are nowhere afterwards: not in logs, reports, layers, configurations,
# the cache, the store or the registry, in no usual spelling (threats OUT-03).

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# usage: find_canary SECRET PATH...: files below the paths that hold the secret, layers unpacked.
find_canary() {
	python3 - "$@" <<-'END'
		import base64, os, sys, urllib.parse, zlib

		secret = sys.argv[1].encode()
		spellings = {secret, urllib.parse.quote(sys.argv[1], safe="").encode()}
		for shift in range(3):
		    text = base64.b64encode(b"x" * shift + secret)
		    # Without what the bytes before and after have a part in.
		    first, last = (0, 2, 3)[shift], -4 if (shift + len(secret)) % 3 else None
		    spellings.add(text[first:last])
		    spellings.add(text[first:last].replace(b"+", b"-").replace(b"/", b"_"))

		def contents(path):
		    data = open(path, "rb").read()
		    yield data
		    if data[:2] == b"\x1f\x8b":
		        yield zlib.decompressobj(31).decompress(data)

		searched = 0
		for top in sys.argv[2:]:
		    files = [top] if os.path.isfile(top) else [
		        os.path.join(d, f) for d, _, names in os.walk(top) for f in names]
		    for path in files:
		        if os.path.islink(path) or not os.path.isfile(path):
		            continue
		        searched += 1
		        for data in contents(path):
		            for spelling in spellings:
		                if spelling in data:
		                    print(path, "holds", spelling.decode())
		print("searched", searched, file=sys.stderr)
	END
}

@test "canary: the search finds what it looks for, in every spelling, also in a layer" {
	mkdir look
	for how in "cat" "base64 -w 0" "gzip -c" "sed s/^/ab/ - | base64 -w 0" \
		"python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.stdin.read(), safe=str()))'"; do
		rm -f look/*
		printf '%s' 'c4n&ry/of+the=mine' | sh -c "$how" >look/file
		run --separate-stderr find_canary 'c4n&ry/of+the=mine' look
		[[ "$output" == *"look/file holds"* ]] || {
			echo "not found as of: $how"
			return 1
		}
	done
}

@test "canary: secrets of stages and registries are nowhere after a run" {
	need_root
	registry_start basic
	mkdir work
	cd work
	cat >slipway.yaml <<-END
		version: 1
		secrets: {token: {env: CANARY}}
		registries:
		  $REGISTRY: {user: $REGISTRY_USER, password: {env: PASSWORD}, ca: $REGISTRY_CA}
		cache: {repo: $REGISTRY/app/cache}
		stages:
		  - name: use
		    secrets: [token]
		    run: |
		      echo "raw \$token"
		      printf %s "\$token" | base64
		      printf 'x%s' "\$token" | base64
		      printf %s "\$token" | python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.stdin.read(), safe=""))'
		      echo "on standard error: \$token" >&2
		      sh -c 'exit 3' # the reports have the output of what fails
		    allow-failure: true
		  - name: image
		    needs: [use]
		    build:
		      destinations: ["$REGISTRY/app/image:1"]
		      build-args: {PLAIN: visible}
		      cache: {copy-layers: true}
	END
	printf 'FROM %s/base/busybox:1\nARG PLAIN\nCOPY slipway.yaml /\nRUN env; echo "$PLAIN" >/plain\n' \
		"$REGISTRY" >Dockerfile
	CANARY='c4n&ry/of+the=mine' PASSWORD=$REGISTRY_PASSWORD slipway run --push --verbosity trace
	assert_status 0
	printf '%s\n%s\n' "$output" "${stderr:-}" >"$T/log"
	grep -q 'raw \[' "$T/log" || grep -q 'raw \*' "$T/log"
	for secret in 'c4n&ry/of+the=mine' "$REGISTRY_PASSWORD"; do
		run --separate-stderr find_canary "$secret" "$T/log" .slipway "$SLIPWAY_STORE" \
			"$REGISTRY_DIR/storage"
		assert_equal "$output" ""
		[ "${stderr##*searched }" -gt 30 ]
	done
	run --separate-stderr find_canary visible "$SLIPWAY_STORE"
	[ -n "$output" ]
}
