#!/usr/bin/env bats
# Every directory of pipeline-examples, as its README says. (01-hello is demo.bats'.)

load lib/common
load lib/hub
load lib/podman

setup() {
	e2e_setup
}

teardown() {
	container_stop
	e2e_teardown
}

# usage: example NAME: its files are here.
example() {
	cp -R "$SLIPWAY_SRCDIR/pipeline-examples/$1/." .
	rm -rf .slipway ./*.oci
}

@test "examples: each has a README of about ten lines" {
	for dir in "$SLIPWAY_SRCDIR"/pipeline-examples/*/; do
		length=$(wc -l <"$dir/README.md")
		[ "$length" -ge 5 ] && [ "$length" -le 20 ] || wrong="${wrong-} $dir"
	done
	assert_equal "${wrong-}" ""
}

@test "examples: 03-multistage builds, tests and serves" {
	need_root
	need gcc curl crun umoci
	hub_start gcc:12
	example 03-multistage
	hub_use slipway.yaml
	slipway run --set version=1.7
	assert_status 0
	assert_equal "$(tree list server.oci | awk '{ print $5 }' | paste -sd ' ')" \
		"/passed /server"
	assert_equal "$(tree cat server.oci /passed)" passed
	umoci unpack --rootless --image "server.oci:$(layout_tag server.oci)" bundle
	PORT=18437 bundle/rootfs/server &
	server=$!
	run curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:18437/
	kill "$server"
	assert_equal "$output" "Hello from version 1.7."
}

@test "examples: 03-multistage: no image when its test fails" {
	need_root
	need gcc
	hub_start gcc:12
	example 03-multistage
	hub_use slipway.yaml
	sed -i 's/return n > 0/return n < 0/' check.c
	slipway run
	assert_status 1
	assert_stderr "check.c && /check" "exit code: 1"
	[ ! -e server.oci/index.json ]
}

@test "examples: 04-monorepo pushes an image for each service" {
	hub_start busybox:1
	example 04-monorepo
	hub_use slipway.yaml
	slipway run --jobs 2 --push --set "registry=$REGISTRY/team" --set tag=1
	assert_status 0
	for service in api web; do
		registry_fetch "team/$service:1" "$T/$service"
		assert_equal "$(tree raw-config "$T/$service" |
			jq -r '.config.Labels["org.opencontainers.image.title"]')" "$service"
		assert_equal "$(jq -r ".[\"image-$service\"].ref" .slipway/out/outputs.json)" \
			"$REGISTRY/team/$service@$(jq -r '.manifests[0].digest' "$T/$service/index.json")"
	done
	tree list "$T/api" | grep -q /usr/share/team/version.sh
}

@test "examples: 04-monorepo on a laptop pushes nothing" {
	hub_start busybox:1
	example 04-monorepo
	hub_use slipway.yaml
	slipway run --set "registry=$REGISTRY/team" --set tag=1
	assert_status 0
	assert_equal "$(registry_tags team/api)$(registry_tags team/web)" ""
}

# usage: job_script FILE JOB: the script of a .gitlab-ci.yml, a command a line.
job_script() {
	NODE_PATH=$NPM_MODULES node -e '
		const yaml = require("js-yaml"), fs = require("fs");
		const jobs = yaml.load(fs.readFileSync(process.argv[1], "utf8"));
		console.log(jobs[process.argv[2]].script.join("\n"))' "$1" "$2"
}

@test "examples: 05-kaniko-drop-in: GitLab's script runs as it is in the job image" {
	need_npm kubernetes-models
	need_image job
	registry_start basic
	example 05-kaniko-drop-in
	job_script .gitlab-ci.yml build >"$T/work/script.sh"
	sed -i "s,docker.io/library,$REGISTRY/base," Dockerfile
	chmod -R a+rX "$T" .
	in_job_image --volume "$PWD:/builds/team/app" --volume "$REGISTRY_CA:/ca.crt:ro" \
		--env "CI_PROJECT_DIR=/builds/team/app" --env "CI_REGISTRY=$REGISTRY" \
		--env "CI_REGISTRY_USER=$REGISTRY_USER" --env "CI_REGISTRY_PASSWORD=$REGISTRY_PASSWORD" \
		--env "CI_REGISTRY_IMAGE=$REGISTRY/team/app" --env CI_COMMIT_REF_SLUG=main \
		--env SSL_CERT_FILE=/ca.crt -- sh -e /builds/team/app/script.sh
	assert_status 0
	registry_fetch team/app:main "$T/pulled"
	tree list "$T/pulled" | grep -q /www/index.html
}

# The steps that the Jenkinsfile needs are few; its script runs as durable-task starts one with #!.
@test "examples: 05-kaniko-drop-in: the Jenkinsfile's script runs in the job image" {
	need_image job
	registry_start plain
	example 05-kaniko-drop-in
	sed -n "/sh '''/,/'''/p" Jenkinsfile | sed "s/.*sh '''//; /^ *'''/d" >script.sh
	head -n 1 script.sh | grep -qx '#!/busybox/sh'
	sed -i "s,registry.example.com,--insecure --insecure-pull --destination=$REGISTRY,; s,--destination=--,--," \
		script.sh
	sed -i "s,docker.io/library,$REGISTRY/base," Dockerfile
	chmod 755 script.sh
	chmod -R a+rX "$T" .
	in_job_image --volume "$PWD:/home/jenkins/agent/workspace" \
		--workdir /home/jenkins/agent/workspace -- ./script.sh
	assert_status 0
	assert_equal "$(registry_tags team/app)" latest
}

@test "examples: Kubernetes manifests are valid, here and in jenkins" {
	need_npm kubernetes-models
	run env NODE_PATH="$NPM_MODULES" node "$E2E_LIB/kubernetes.js" check \
		"$SLIPWAY_SRCDIR"/pipeline-examples/kubernetes/*.yaml \
		"$SLIPWAY_SRCDIR"/pipeline-examples/*/k8s/*.yaml \
		"$SLIPWAY_SRCDIR"/jenkins/kubernetes/*.yaml "$SLIPWAY_SRCDIR"/jenkins/resources/*.yaml
	assert_equal "$output" ""
	assert_status 0
	sed 's/volumeMounts/volumeMount/; s/backoffLimit: 2/backoffLimit: two/' \
		"$SLIPWAY_SRCDIR/pipeline-examples/kubernetes/job.yaml" >wrong.yaml
	run env NODE_PATH="$NPM_MODULES" node "$E2E_LIB/kubernetes.js" check wrong.yaml
	assert_status 1
	assert_stdout "volumeMount: unknown field"
	assert_stdout "backoffLimit must be integer"
}

# usage: run_container FILE: its container "build" as podman runs it, with ./workspace and a login.
run_container() {
	local args=()
	NODE_PATH=$NPM_MODULES node "$E2E_LIB/kubernetes.js" container "$1" build >container.json
	assert_equal "$(jq -r .image container.json)" registry.example.com/platform/slipway:executor
	mapfile -t args < <(jq -r '.args[]' container.json | sed "s,registry.example.com,$REGISTRY,")
	mkdir -p cache
	chmod -R a+rX "$T" .
	touch termination-log
	run podman run --rm --volume "$PWD/workspace:/workspace" --volume "$T/login:/kaniko/.docker:ro" \
		--volume "$PWD/cache:/cache" --volume "$REGISTRY_CA:/ca.crt:ro" --env SSL_CERT_FILE=/ca.crt \
		--volume "$PWD/termination-log:/dev/termination-log" \
		localhost/slipway:executor "${args[@]}"
	assert_status 0
	registry_fetch team/app:1 "$T/pulled"
	assert_equal "$(cat termination-log)" \
		"$(jq -r '.manifests[0].digest' "$T/pulled/index.json")" "the termination message"
}

@test "examples: kubernetes: the containers of pod.yaml and job.yaml build and push" {
	need_npm kubernetes-models
	need_image executor
	registry_start basic
	registry_login "$T/login"
	mkdir workspace
	for file in pod job; do
		printf 'FROM %s/base/busybox:1\nRUN echo %s >/made\n' "$REGISTRY" "$file" >workspace/Dockerfile
		rm -rf "$T/pulled"
		run_container "$SLIPWAY_SRCDIR/pipeline-examples/kubernetes/$file.yaml"
		assert_equal "$(tree cat "$T/pulled" /made)" "$file"
	done
}
