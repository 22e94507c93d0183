#!/usr/bin/env bats
# slipway's own images (gitlab/image): what CI systems start in them is there, and slipway works.

load lib/common
load lib/podman

setup() {
	e2e_setup
	need_image job
}

teardown() {
	container_stop
	e2e_teardown
}

@test "image: a second build gives the same digests" {
	"$SLIPWAY_SRCDIR/gitlab/image/make.sh" "$SLIPWAY" 0 "$T/again"
	for image in job executor; do
		assert_equal "$(cat "$T/again/$image.digest")" "$(cat "$E2E_STATE/image/$image.digest")" \
			"$image is not reproducible"
	done
	[ ! -e "$T/again/context" ]
}

@test "image: it names no file of the machine that built it" {
	tree list "$E2E_STATE/image/job" >"$T/list"
	run ! grep -F "$SLIPWAY_BUILDDIR" "$T/list"
	tree cat "$E2E_STATE/image/job" /usr/bin/slipway >"$T/program"
	run ! grep -aF "$SLIPWAY_BUILDDIR" "$T/program"
	assert_equal "$(tree cat "$E2E_STATE/image/job" /etc/ssl/certs/ca-certificates.crt |
		grep -c BEGIN)" "$(cat /usr/share/ca-certificates/mozilla/*.crt | grep -c BEGIN)"
}

@test "image: job has no entrypoint, a root that stays and /busybox in its PATH" {
	config=$(tree raw-config "$E2E_STATE/image/job" | jq -c .config)
	assert_equal "$(jq -c '.Entrypoint, (.WorkingDir // "/"), .Cmd' <<<"$config")" \
		"$(printf 'null\n"/"\n["/bin/sh"]')"
	[[ "$(jq -r '.Env[]' <<<"$config")" == PATH=*:/busybox ]]
}

@test "image: job has every tool that a runner or agent calls" {
	tree list "$E2E_STATE/image/job" >"$T/list"
	for tool in sh nohup cp touch sleep mv cat grep cut tee awk sed mkdir chmod rm ls kill test [ \
		echo env id ps head tail tr; do
		grep -qF " /bin/$tool" "$T/list" || missing="${missing-} $tool"
	done
	assert_equal "${missing-}" "" "tools missing"
	for file in /busybox /kaniko/executor /kaniko/warmer /usr/bin/env; do
		grep -qE "^l .* $file " "$T/list"
	done
}

@test "image: a shell is found by name and by path, as root, as 1000 and as a stranger" {
	for user in 0:0 1000:1000 59417:0; do
		# shellcheck disable=SC2016 # for the container's shell
		in_job_image --user "$user" -- sh -c \
			'echo $'"'"'a\tb'"'"' && touch /tmp/x && echo ${HOME:-none} && /busybox/sh -c "slipway version"'
		assert_status 0
		[[ "$output" == a$'\t'b* ]]
		assert_stdout "slipway "
	done
}

@test "image: nohup outlives a hangup and gives the command's status" {
	# shellcheck disable=SC2016
	in_job_image -- sh -c 'nohup sh -c "kill -HUP \$\$; exit 7"'
	assert_status 7
}

@test "image: a script without a first line and one with env start" {
	mkdir scripts
	# shellcheck disable=SC2016
	printf 'echo plain $0\n' >scripts/plain
	printf '#!/usr/bin/env sh\necho env\n' >scripts/env
	chmod 755 . "$T" scripts scripts/*
	in_job_image --volume "$PWD/scripts:/scripts" -- sh -c '/scripts/plain && /scripts/env'
	assert_status 0
	assert_stdout plain
	assert_stdout env
}

# The Dockerfile needs libarchive (a foreign archive), libcurl (the push) and a RUN.
workspace_with_everything() {
	mkdir -p workspace
	echo content >inside
	tar -cJf workspace/files.tar.xz inside
	cat >workspace/Dockerfile <<-'END'
		ARG BASE
		FROM ${BASE}
		ADD files.tar.xz /opt/
		RUN test "$(cat /opt/inside)" = content && echo done >/opt/result
	END
	chmod -R a+rX "$T" workspace
}

@test "image: /kaniko/executor pulls, runs and pushes, with kaniko's places for credentials and CA" {
	workspace_with_everything
	registry_start basic
	registry_login "$T/login"
	# shellcheck disable=SC2016
	in_job_image --volume "$PWD/workspace:/workspace" --volume "$T/login:/login:ro" \
		--volume "$REGISTRY_CA:/ca.crt:ro" -- sh -ec '
			cp /login/config.json /kaniko/.docker/config.json
			cat /ca.crt >>/kaniko/ssl/certs/ca-certificates.crt
			/kaniko/executor --context dir:///workspace --dockerfile Dockerfile \
				--build-arg "BASE=$0/base/busybox:1" --destination "$0/team/app:1" --cache=true' \
		"$REGISTRY"
	assert_status 0
	registry_fetch team/app:1 "$T/pulled"
	assert_equal "$(tree cat "$T/pulled" /opt/result)" "done"
}

@test "image: an ordinary user, also one that nobody knows, builds and pushes" {
	workspace_with_everything
	registry_start plain
	printf 'FROM scratch\nADD files.tar.xz /\n' >workspace/Dockerfile
	for user in 1000:1000 59417:0; do
		in_job_image --user "$user" --volume "$PWD/workspace:/workspace:ro" -- \
			slipway build --context /workspace --insecure \
			--destination "$REGISTRY/team/user:${user%:*}"
		assert_status 0
	done
	assert_equal "$(registry_tags team/user | paste -sd ' ')" "1000 59417"
}

# Regression: process 1 was the only one in its mount namespace, left it for the RUN, and lost the
# volume with the context.
@test "image: executor as process 1 of a pod: kaniko's flags, a context on a volume, a RUN" {
	need_image executor
	workspace_with_everything
	registry_start plain
	run podman run --rm --volume "$PWD/workspace:/workspace" localhost/slipway:executor \
		--dockerfile=/workspace/Dockerfile --context=dir://workspace --insecure --insecure-pull \
		"--build-arg=BASE=$REGISTRY/base/busybox:1" "--destination=$REGISTRY/team/pod:1"
	assert_status 0
	registry_fetch team/pod:1 "$T/pulled"
	assert_equal "$(tree cat "$T/pulled" /opt/result)" "done"
}

@test "image: executor for an ordinary user, with a root that cannot be written" {
	need_image executor
	workspace_with_everything
	registry_start plain
	printf 'FROM scratch\nADD files.tar.xz /\n' >workspace/Dockerfile
	run podman run --rm --read-only --tmpfs /tmp --env SLIPWAY_STORE=/tmp/store --user 1000:1000 \
		--volume "$PWD/workspace:/workspace:ro" localhost/slipway:executor \
		--dockerfile=Dockerfile --context=dir:///workspace --insecure \
		"--destination=$REGISTRY/team/pod:1"
	assert_status 0
	assert_equal "$(registry_tags team/pod)" 1
}

@test "image: a container that pauses ends at once when its pod is deleted, and keeps no zombies" {
	CONTAINER=$(podman run --detach --init=false localhost/slipway:job slipway pause)
	# shellcheck disable=SC2016
	podman exec "$CONTAINER" sh -c 'for i in $(seq 20); do (sleep 0 &) ; done; sleep 1'
	podman exec "$CONTAINER" ps -o stat,comm >ps.txt
	run ! grep '^Z' ps.txt
	grep -q slipway ps.txt
	began=$(date +%s)
	podman stop --time 30 "$CONTAINER"
	[ $(($(date +%s) - began)) -lt 10 ]
}
