#!/usr/bin/env bats
# jenkins/: the shared library without Jenkins, and what Jenkins does in a pod's container, replayed
# in slipway's job image: the launch of a step, its result, an abort.

load lib/common
load lib/podman

setup() {
	e2e_setup
}

teardown() {
	container_stop
	e2e_teardown
}

@test "jenkins: the shared library and its examples" {
	need groovy java
	registry_start plain
	# Debian's groovy looks for a Java of another name.
	JAVA_HOME=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
	export JAVA_HOME REGISTRY
	run timeout -k 5 120 groovy -cp "$SLIPWAY_SRCDIR/tests/jenkins/stubs" \
		"$SLIPWAY_SRCDIR/tests/jenkins/library_test.groovy" "$SLIPWAY_SRCDIR" "$SLIPWAY" "$T/library"
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"1.."* ]]
}

@test "jenkins: npm-groovy-lint finds nothing" {
	need java
	need_npm npm-groovy-lint
	mkdir lint
	cp "$SLIPWAY_SRCDIR"/jenkins/vars/*.groovy lint
	for file in "$SLIPWAY_SRCDIR"/jenkins/examples/*.Jenkinsfile; do
		cp "$file" "lint/$(basename "$file" .Jenkinsfile).groovy"
	done
	# Something to find, so that finding nothing elsewhere means something.
	echo 'def unused = 1;' >lint/planted.groovy
	timeout -k 5 250 "$NPM_MODULES/.bin/npm-groovy-lint" --noserver --path lint --failon none \
		--config "$SLIPWAY_SRCDIR/tests/jenkins/groovylint.json" --output json >findings.json
	assert_equal "$(jq -r '.summary.totalFilesLinted' findings.json)" "$(find lint -type f | wc -l)"
	assert_equal "$(jq -r '.files | to_entries[] | select(.value.errors | length > 0) |
		(.key | split("/") | last)' findings.json)" planted.groovy
}

AGENT=/home/jenkins/agent
JOB=$AGENT/workspace/job

# usage: agent_start UID: the container of a pod whose workspace is the agent's, who is that user.
agent_start() {
	need_image job
	mkdir -p agent/workspace/job agent/workspace/job@tmp
	chown -R "$1:$1" agent
	chmod -R a+rX "$T" agent
	container_start --user "$1:$1" --volume "$PWD/agent:$AGENT"
}

# usage: step NAME <<'END': a script, started as Jenkins' sh step starts it. The controller types the
# lines of the inner shell; the outer one ends at once, only the detached loop and script stay.
step() {
	local control=$JOB@tmp/durable-$1 here=agent/workspace/job@tmp/durable-$1
	mkdir "$here"
	cat >"$here/script.sh"
	chown -R --reference agent "$here"
	podman exec --interactive "$CONTAINER" sh <<-END
		cd "$JOB"
		export BUILD_NUMBER='17'
		export MANY_LINES='one
		two'
		"nohup" "sh" "-c" "({ cp '$control/script.sh' '$control/script.sh.copy'
		{ while [ -d '$control' -a \! -f '$control/jenkins-result.txt' ]
		do touch '$control/jenkins-log.txt'; sleep 3; done } &
		jsc=durable-$1; JENKINS_SERVER_COOKIE=\\\$jsc 'sh' -xe '$control/script.sh.copy' >'$control/jenkins-log.txt' 2>&1
		echo \\\$? >'$control/jenkins-result.txt.tmp'
		mv '$control/jenkins-result.txt.tmp' '$control/jenkins-result.txt'; wait; } >&- 2>&- &)"
		exit
	END
}

step_log() {
	cat "agent/workspace/job@tmp/durable-$1/jenkins-log.txt"
}

# usage: assert_result STEP STATUS SECONDS
assert_result() {
	local result=agent/workspace/job@tmp/durable-$1/jenkins-result.txt _
	for _ in $(seq $(($3 * 10))); do
		[ ! -e "$result" ] || break
		sleep 0.1
	done
	[ "$(cat "$result" 2>/dev/null)" = "$2" ] && return 0
	echo "step $1: result \"$(cat "$result" 2>&1)\", expected $2; its log:"
	step_log "$1"
	return 1
}

# usage: abort STEP: TERM to whatever has the step's cookie in its environment.
abort() {
	podman exec "$CONTAINER" sh -c "kill \$(grep -l JENKINS_SERVER_COOKIE=durable-$1 \
		/proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3)"
}

wait_for_log() {
	local _
	for _ in $(seq 100); do
		! step_log "$1" | grep -q "$2" || return 0
		sleep 0.1
	done
	echo "step $1 did not say $2:"
	step_log "$1"
	return 1
}

replay_results() {
	agent_start "$1"
	step good <<<'test "$BUILD_NUMBER" = 17; echo "$MANY_LINES" | grep two; id -u'
	assert_result good 0 5
	step_log good | grep -qx "$1"
	step bad <<<'exit 7'
	assert_result bad 7 5
}

@test "jenkins: a step of root starts, and its result arrives" {
	replay_results 0
}

@test "jenkins: a step of the agent's user starts, and its result arrives" {
	replay_results 1000
}

@test "jenkins: without nohup a step never starts: what the image brings its own for" {
	agent_start 0
	podman exec "$CONTAINER" rm /bin/nohup
	run -127 step lost <<<'exit 0'
	! assert_result lost 0 2
}

write_pipeline() {
	cat >agent/workspace/job/slipway.yaml <<-'END'
		version: 1
		name: app
		stages:
		  - name: wait
		    run: sleep 60 & echo "waiting for $!"; wait
	END
}

@test "jenkins: an abort reaches slipway by exec, and its last lines are in the log" {
	agent_start 1000
	write_pipeline
	step polite <<<'exec slipway run'
	wait_for_log polite "waiting for"
	abort polite
	assert_result polite 143 5
	step_log polite | grep -q "pipeline cancelled"
	grep -q cancelled agent/workspace/job/.slipway/out/report.json
	podman exec "$CONTAINER" ps >ps.txt
	! grep -E 'sleep 60|slipway run' ps.txt
}

# usage: build_steps PREFIX FLAG...: Dockerfiles of three kinds, one step each, the last two at once.
build_steps() {
	local name
	for name in copy run stages; do
		step "$1-$name" <<-END
			exec slipway build --context . --dockerfile $name.Dockerfile --no-push --reproducible \
				--insecure-pull --oci-layout-path $1-$name --digest-file $1-$name.digest \
				--build-arg BASE=$REGISTRY/base/busybox:1
		END
		[ "$name" = copy ] || continue
		assert_result "$1-$name" 0 30
	done
	for name in run stages; do
		assert_result "$1-$name" 0 60
	done
}

@test "jenkins: builds after one another and at once in one container are those of fresh ones" {
	registry_start plain
	agent_start 0
	(
		cd agent/workspace/job
		printf 'FROM scratch\nCOPY copy.Dockerfile /\n' >copy.Dockerfile
		# shellcheck disable=SC2016
		printf 'ARG BASE\nFROM ${BASE}\nRUN echo one >/bin/one && rm -rf /tmp\n' >run.Dockerfile
		# shellcheck disable=SC2016
		printf 'ARG BASE\nFROM ${BASE} AS a\nRUN mkdir /o && echo two >/o/two\nFROM ${BASE}\nCOPY --from=a /o /\nRUN test ! -e /bin/one && rm -rf /bin\n' \
			>stages.Dockerfile
	)
	step alive <<<'for i in $(seq 600); do ls /bin/sh && sh -c "sleep 0.1"; done'
	build_steps first
	build_steps second
	[ ! -e agent/workspace/job@tmp/durable-alive/jenkins-result.txt ]
	podman exec "$CONTAINER" sh -c 'test -e /bin/nohup && test ! -e /bin/one && test ! -e /o'
	container_stop
	container_start --user 0:0 --volume "$PWD/agent:$AGENT"
	build_steps fresh
	for name in copy run stages; do
		for round in first second; do
			assert_equal "$(cat agent/workspace/job/$round-$name.digest)" \
				"$(cat agent/workspace/job/fresh-$name.digest)" "$round build of $name"
		done
	done
}
