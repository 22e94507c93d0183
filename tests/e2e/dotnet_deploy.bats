#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# pipeline-examples/02-dotnet, for real: published, packed, run, and deployed to an API on loopback.

load lib/common
load lib/build
load lib/kube

setup() {
	e2e_setup
	cp -R "$SLIPWAY_SRCDIR/pipeline-examples/02-dotnet/." .
	rm -rf .slipway out MinimalApi/bin MinimalApi/obj
	SERVICE_PID=
}

teardown() {
	[ -z "$SERVICE_PID" ] || kill -KILL -- "-$SERVICE_PID" 2>/dev/null || :
	kube_stop
	e2e_teardown
}

# The base of the tests is Debian, whose tools for users are others, and whose runtime pack is at
# hand where that for Alpine may not be.
for_debian() {
	sed -i 's/^RUN addgroup.*/RUN groupadd -g 34000 az/
		s/^RUN adduser.*/RUN useradd -M -g az --uid 34000 az/' Dockerfile
	SET=(--set tag=1.0 --set "repo=$REGISTRY/sbraer/minimalapi" --set "base=$REGISTRY/base/debian:12"
		--set runtime=linux-x64)
	sed -i "s/net8.0/net$(dotnet --version | cut -d . -f 1).0/" MinimalApi/MinimalApi.csproj
}

# usage: serve IMAGE: the image's own command, in the background on a free port, $SERVICE.
serve() {
	local tries
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$1" oci:service:latest
	umoci unpack --image service:latest bundle
	jq '.process.terminal = false | del(.process.rlimits, .linux.resources, .linux.cgroupsPath)
		| .linux.namespaces |= map(select(.type != "cgroup" and .type != "network"))
		| .process.env |= map(select(startswith("ASPNETCORE_URLS=") | not))
		| .process.env += ["ASPNETCORE_URLS=http://127.0.0.1:0"]' \
		bundle/config.json >"$T/config.json" && cp "$T/config.json" bundle/config.json
	: >"$T/service.log"
	# As run_bundle of lib/common, but it goes on.
	# shellcheck disable=SC2016 # for that shell
	setsid unshare --mount sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec crun "$@"' - \
		--root "$T/crun" --cgroup-manager=disabled run --bundle bundle "$(basename "$T")" \
		>"$T/service.log" 2>&1 3>&- &
	SERVICE_PID=$!
	for ((tries = 0; tries < 100; tries++)); do
		SERVICE=$(sed -n 's/.*Now listening on: \(http:.*\)/\1/p' "$T/service.log")
		[ -z "$SERVICE" ] || return 0
		sleep 0.1
	done
	cat "$T/service.log"
	return 1
}

@test "dotnet_deploy: the example is valid, and its plan needs no SDK and no cluster" {
	slipway validate slipway.yaml
	assert_status 0
	slipway run --dry-run --set tag=1.0
	assert_status 0
	assert_stdout "dotnet publish MinimalApi/MinimalApi.csproj"
	assert_stdout "docker.io/sbraer/minimalapi:1.0"
	assert_stdout "apply k8s/minimalapi.yaml"
}

@test "dotnet_deploy: C# becomes a service that answers, and a deployment with its digest" {
	need dotnet
	need_root
	need kubectl umoci crun skopeo curl jq
	need_debian
	mkdir context
	need_isolation
	rm -rf context
	registry_start
	kube_start
	kube_mode slow
	for_debian

	# On a laptop the same pipeline builds, and pushes and deploys nothing.
	slipway run "${SET[@]}"
	assert_status 0
	assert_stderr "outside of CI nothing is deployed"
	grep -q "image: $REGISTRY/sbraer/minimalapi@sha256:[0-9a-f]* *# the pipeline" \
		.slipway/out/deploy/deploy.yaml
	assert_equal "$(cat "$KUBE/requests")" ""
	run skopeo inspect --tls-verify=false "docker://$REGISTRY/sbraer/minimalapi:1.0"
	[ "$status" -ne 0 ]

	# As a job of GitLab's: images are pushed and deployed, and the image tried in its container.
	GITLAB_CI=true CI_COMMIT_REF_NAME=main CI_DEFAULT_BRANCH=main slipway run "${SET[@]}"
	assert_status 0
	assert_stderr "successfully rolled out"
	grep -q "v1.0" .slipway/out/logs/smoke.log

	serve "$REGISTRY/sbraer/minimalapi:1.0"
	assert_equal "$(curl -sf --max-time 10 "$SERVICE")" "Hello, World! v1.0"

	local digest
	digest=$(skopeo inspect --tls-verify=false "docker://$REGISTRY/sbraer/minimalapi:1.0" | jq -r .Digest)
	assert_equal "$(kube_jq '[.[] | select(.method == "PATCH" and .query.dryRun == null and
		(.path | endswith("/deployments/minimalapi")))][0].body.spec.template
		| .spec.containers[0].image, .metadata.labels.version')" \
		"$REGISTRY/sbraer/minimalapi@$digest
1.0"
}
