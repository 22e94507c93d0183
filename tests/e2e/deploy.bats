#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# The stage kind deploy: the real kubectl against a Kubernetes API on loopback that writes down
# every request.

load lib/common
load lib/build
load lib/kube

DIGEST=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
WEB=/apis/apps/v1/namespaces/default/deployments/web

setup() {
	e2e_setup
	need kubectl python3 jq
	kube_start
	manifest >web.yaml
}

teardown() {
	kube_stop
	e2e_teardown
}

manifest() {
	cat <<-'END'
		# The web's front
		apiVersion: apps/v1
		kind: Deployment
		metadata:
		  name: web   # no namespace
		spec:
		  selector: {matchLabels: {app: web}}
		  template:
		    metadata: {labels: {app: web, version: "<TAG>"}}
		    spec:
		      initContainers:
		        - {name: init, image: 'team/app:<TAG>'}
		      containers:
		        - name: web
		          image: team/app:<TAG> # pinned by the pipeline
		---
		apiVersion: v1
		kind: Service
		metadata: {name: web}
		spec: {selector: {app: web}, ports: [{port: 80}]}
	END
}

# usage: spec [LINE...]: a deploy stage with these keys.
spec() {
	{
		printf '%s\n' 'version: 1' 'secrets: {kube: {env: KUBE_TEXT, optional: true}}' 'stages:' \
			'  - name: deploy' '    deploy:'
		printf '      %s\n' "$@"
		# shellcheck disable=SC2016 # for slipway
		printf '%s\n' '  - name: after' \
			'    run: echo "${{ stages.deploy.outputs.objects }} ${{ stages.deploy.outputs.images }}" >after'
	} >slipway.yaml
}

STANDARD=('manifests: web.yaml' 'replace: {"<TAG>": "1.2"}' "images: {team/app: 'r.example/team/app:1.2@$DIGEST'}")

@test "deploy: server-side apply by slipway, pinned by digest, and followed until it runs" {
	kube_mode slow
	spec "${STANDARD[@]}" 'wait: 20s'
	slipway run --push
	assert_status 0
	assert_equal "$(kube_changes)" "PATCH $WEB
PATCH /api/v1/namespaces/default/services/web"
	assert_equal "$(kube_jq "[.[] | select(.method == \"PATCH\" and .query.dryRun == null)][0]
		| .type, .query.fieldManager, .query.force, .body.spec.template.spec.containers[0].image,
		.body.spec.template.spec.initContainers[0].image, .body.spec.template.metadata.labels.version")" \
		"application/apply-patch+yaml
slipway
false
r.example/team/app@$DIGEST
r.example/team/app@$DIGEST
1.2"
	# The difference came before: the same, to be kept by nobody.
	assert_equal "$(kube_jq '[.[] | select(.method == "PATCH")] | map(.query.dryRun // "no") | join(" ")')" \
		"All All no no"
	assert_equal "$(kube_jq '[.[] | select(.query.watch == "true")] | length > 0')" true
	assert_stderr "+  name: web" "deployment.apps/web serverside-applied" "successfully rolled out"
	refute_stderr "$KUBE_TOKEN"
	assert_equal "$(cat after)" "deployment.apps/web,service/web r.example/team/app@$DIGEST"
	assert_equal "$(jq -r '.stages[0].steps[] | .text + " " + .status' .slipway/out/report.json)" \
		"deployment.apps/web done
service/web done"
	slipway run --push
	assert_status 0
	assert_stderr "the cluster already is as the manifests say"
}

@test "deploy: the artifact is the manifest with nothing else changed" {
	spec "${STANDARD[@]}"
	slipway run --push
	assert_status 0
	{
		printf -- '---\n# Source: web.yaml\n'
		manifest | sed "s|team/app:<TAG>|r.example/team/app@$DIGEST|; s|<TAG>|1.2|"
	} >"$T/want"
	assert_equal "$(cat .slipway/out/deploy/deploy.yaml)" "$(cat "$T/want")"
	jq -e '.stages[0].artifacts[] | select(. == ".slipway/out/deploy/deploy.yaml" or .path? ==
		".slipway/out/deploy/deploy.yaml")' .slipway/out/report.json
}

@test "deploy: outside of CI nothing goes anywhere without --push; a dry run executes nothing" {
	spec "${STANDARD[@]}" 'wait: 20s'
	slipway run --dry-run
	assert_status 0
	assert_stdout "apply web.yaml"
	assert_stdout "not deployed: outside of CI only with --push"
	[ ! -e .slipway ]
	# Not even kubectl is needed.
	mkdir "$T/bin"
	ln -s "$(command -v sh)" "$T/bin/sh"
	run --separate-stderr env PATH="$T/bin" "$SLIPWAY" run
	assert_status 0
	assert_stderr "outside of CI nothing is deployed; --push does that"
	assert_file .slipway/out/deploy/deploy.yaml
	assert_equal "$(cat "$KUBE/requests")" ""
	run --separate-stderr env PATH="$T/bin" "$SLIPWAY" run --push
	assert_status 4
	assert_stderr "kubectl is not on PATH: install it"
}

@test "deploy: dry-run: server changes nothing, dry-run: client asks only" {
	spec "${STANDARD[@]}" 'wait: 20s' 'dry-run: server'
	slipway run --push
	assert_status 0
	assert_equal "$(kube_jq '[.[] | select(.method != "GET") | .query.dryRun] | unique | join(",")')" All
	assert_equal "$(kube_jq '[.[] | select(.method == "PATCH")] | length')" 4
	assert_stderr "nothing was changed"
	: >"$KUBE/requests"
	spec "${STANDARD[@]}" 'dry-run: client'
	slipway run --push
	assert_status 0
	assert_equal "$(kube_jq '[.[] | select(.method != "GET")] | length')" 0
	assert_stderr "deployment.apps/web created (dry run)"
}

@test "deploy: server-side: false is a client's apply" {
	spec "${STANDARD[@]}" 'server-side: false' 'diff: false'
	slipway run --push
	assert_status 0
	assert_equal "$(kube_changes)" "POST /apis/apps/v1/namespaces/default/deployments
POST /api/v1/namespaces/default/services"
	assert_equal "$(kube_jq '[.[] | select(.method == "POST")][0].query.fieldManager')" slipway
}

@test "deploy: a tag becomes the digest that the registry has for it" {
	registry_start
	mkdir context
	printf 'FROM scratch\nCOPY f /\n' >context/Dockerfile
	echo x >context/f
	slipway build --context context --destination "$REGISTRY/team/app:1.2" --digest-file digest
	assert_status 0
	spec 'manifests: web.yaml' 'replace: {"<TAG>": "1.2"}' "images: {team/app: \"$REGISTRY/team/app:1.2\"}"
	slipway run --push
	assert_status 0
	grep -q "image: $REGISTRY/team/app@$(cat digest) # pinned" .slipway/out/deploy/deploy.yaml
	spec 'manifests: web.yaml' "images: {team/app: \"$REGISTRY/team/app:none\"}"
	: >"$KUBE/requests"
	slipway run --push
	assert_status 4
	assert_stderr "$REGISTRY/team/app:none has no digest"
	assert_equal "$(cat "$KUBE/requests")" ""
}

@test "deploy: what does not match is an error before anything is sent" {
	spec "${STANDARD[0]}" 'replace: {"<TAG>": "1", "<HOST>": "x"}'
	slipway run --push
	assert_status 2
	assert_stderr 'replace: the text "<HOST>" is not in web.yaml'
	spec "${STANDARD[0]}" "images: {team/ap: 'r.example/a@$DIGEST'}"
	slipway run --push
	assert_status 2
	assert_stderr 'no container has the image "team/ap"; there are: team/app:<TAG>'
	spec 'manifests: [k8s/*.yaml]'
	slipway run --push
	assert_status 2
	assert_stderr 'no manifest matches "k8s/*.yaml"'
	spec 'manifests: "-"'
	slipway run --push
	assert_status 2
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: other}\n' >pod.yaml
	spec 'manifests: pod.yaml' 'namespace: mine'
	slipway run --push
	assert_status 2
	assert_stderr "pod.yaml:3:32"
	printf 'apiVersion: v1\nkind: Pod\n  metadata: {}\n' >pod.yaml
	slipway run --push
	assert_status 2
	assert_stderr "pod.yaml:3:"
	assert_equal "$(cat "$KUBE/requests")" ""
}

@test "deploy: directories, globs and a kustomization, in order" {
	mkdir -p k8s base
	for name in b a; do
		printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n' $name >k8s/$name.yaml
	done
	echo '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j"}}' >k8s/c.json
	echo 'no manifest' >k8s/README.md
	printf 'resources: [../web.yaml]\nnamePrefix: k-\n' >kustomization.yaml
	mv web.yaml kustomization.yaml base/
	sed -i 's|\.\./||' base/kustomization.yaml
	spec 'manifests: [k8s, "k8s/b*.yaml"]' 'kustomize: base' 'namespace: mine' 'replace: {"<TAG>": "7"}'
	slipway run --push
	assert_status 0
	assert_equal "$(cut -d ' ' -f 1 after)" \
		"configmap/a,configmap/b,configmap/j,configmap/b,service/k-web,deployment.apps/k-web"
	assert_equal "$(kube_changes | tail -n 1)" "PATCH /apis/apps/v1/namespaces/mine/deployments/k-web"
}

@test "deploy: a rollout that is stuck ends in time, with the pods' states and events" {
	kube_mode stuck
	spec "${STANDARD[@]}" 'wait: 2s'
	slipway run --push
	assert_status 5
	assert_stderr "deployment.apps/web: pod web-5d4-x1: Pending, container web: ImagePullBackOff" \
		"event: Warning Pod/web-5d4-x1: Failed" "timed out waiting"
	refute_stderr "other-1"
	assert_equal "$(jq -r '.stages[0].steps[0].status' .slipway/out/report.json)" failed
	assert_equal "$(kube_jq '[.[] | select(.path | endswith("/pods"))][-1].query.labelSelector')" app=web
	[ ! -e after ]
}

@test "deploy: a rollout that gave up is the user's failure" {
	kube_mode deadline
	spec "${STANDARD[@]}" 'wait: 60s'
	slipway run --push
	assert_status 1
	assert_stderr "exceeded its progress deadline" "ImagePullBackOff"
}

@test "deploy: jobs, stateful sets and daemon sets are waited for, OnDelete is not" {
	cat >web.yaml <<-'END'
		apiVersion: batch/v1
		kind: Job
		metadata: {name: web}
		spec: {template: {spec: {containers: [{name: c, image: x}]}}}
		---
		apiVersion: apps/v1
		kind: StatefulSet
		metadata: {name: db}
		spec: {replicas: 1, updateStrategy: {type: RollingUpdate}, selector: {matchLabels: {a: b}}}
		---
		apiVersion: apps/v1
		kind: DaemonSet
		metadata: {name: agent}
		spec: {updateStrategy: {type: RollingUpdate}, selector: {matchLabels: {a: b}}}
		---
		apiVersion: apps/v1
		kind: DaemonSet
		metadata: {name: by-hand}
		spec: {updateStrategy: {type: OnDelete}, selector: {matchLabels: {a: b}}}
	END
	kube_mode slow
	spec 'manifests: web.yaml' 'wait: 20s' 'diff: false'
	slipway run --push
	assert_status 0
	assert_stderr "job.batch/web is complete" "rolling update complete" 'daemon set "agent" successfully'
	refute_stderr '"by-hand" successfully'
	kube_mode deadline
	slipway run --push
	assert_status 1
	assert_stderr "job.batch/web: " "the job failed: BackoffLimitExceeded"
}

@test "deploy: who must act, by exit status" {
	spec "${STANDARD[@]}" 'diff: false'
	kube_mode forbidden
	slipway run --push
	assert_status 3
	assert_stderr "(Forbidden)"
	kube_mode broken
	slipway run --push
	assert_status 4
	kube_mode ready
	echo another >"$KUBE/token"
	slipway run --push
	assert_status 3
	kube_stop
	sleep 0.3
	slipway run --push
	assert_status 4
	assert_stderr "refused"
}

@test "deploy: a kubeconfig from a secret leaves no trace" {
	KUBE_TEXT=$(cat "$KUBECONFIG")
	export KUBE_TEXT
	rm "$KUBECONFIG"
	unset KUBECONFIG
	spec "${STANDARD[@]}" 'kubeconfig: {secret: kube}' 'context: test'
	# A kubectl that shows what it is given, as -v does.
	mkdir "$T/bin"
	cat >"$T/bin/kubectl" <<-END
		#!/bin/sh
		for word; do case \$word in --kubeconfig=*) cat "\${word#*=}" ; ls -l "\${word#*=}" ;; esac; done >&2
		exec $(command -v kubectl) "\$@"
	END
	chmod 755 "$T/bin/kubectl"
	PATH=$T/bin:$PATH slipway run --push
	assert_status 0
	assert_stderr "-rw-------" "serverside-applied"
	refute_stderr "$KUBE_TOKEN"
	run grep -rl "$KUBE_TOKEN" .slipway "$TMPDIR"
	assert_equal "$output" ""
	assert_equal "$(ls "$TMPDIR")" ""
	unset KUBE_TEXT
	slipway run --push
	assert_status 2
	assert_stderr 'the secret "kube" has no value here'
}

@test "deploy: TERM while it waits ends kubectl, too" {
	kube_mode stuck
	spec "${STANDARD[@]}" 'wait: 60s'
	"$SLIPWAY" run --push >"$T/log" 2>&1 &
	local pid=$! tries
	for ((tries = 0; tries < 100; tries++)); do
		[ "$(kube_jq '[.[] | select(.query.watch == "true")] | length')" -gt 0 ] && break
		sleep 0.1
	done
	kill -TERM "$pid"
	SECONDS=0 status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
	[ "$SECONDS" -lt 3 ]
	run pgrep -f "kubectl rollout status deployment.apps/web"
	assert_equal "$output" ""
	grep -q '"status": *"cancelled"' .slipway/out/report.json
}

@test "deploy: variables of the stage reach kubectl" {
	mv "$KUBECONFIG" kc
	unset KUBECONFIG
	spec "${STANDARD[@]}"
	sed -i '/name: deploy/a\    env: {KUBECONFIG: kc}' slipway.yaml
	slipway run --push
	assert_status 0
	spec "${STANDARD[@]}" 'kubeconfig: kc' 'context: none'
	slipway run --push
	assert_status 1
	assert_stderr 'context "none" does not exist'
}
