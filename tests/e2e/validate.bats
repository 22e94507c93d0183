#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# validate: what is wrong with specs and Dockerfiles, all of it, before anything runs.

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

@test "validate: the Dockerfiles of build stages are looked at too, each once" {
	mkdir sub
	printf 'FROM scratch\nRNU x\n  COPY a\nEXPOSE 80\n' >Dockerfile
	printf 'FROM scratch AS final\nFROMM x\n' >sub/Dockerfile
	cat >slipway.yaml <<-'END'
		version: 1
		stages:
		  - {name: a, build: {no-push: true}}
		  - {name: b, build: {context: sub, no-push: true}}
		  - {name: c, working-dir: sub, build: {dockerfile: ../Dockerfile, no-push: true}}
		  - {name: d, build: {dockerfile: made-by-another-stage, no-push: true}}
	END
	slipway validate
	assert_status 2
	assert_equal "$output" "$(
		cat <<-'END'
			Dockerfile:2:1: unknown instruction: RNU (did you mean RUN?)
			Dockerfile:3:3: COPY requires at least two arguments, but only one was provided. Destination could not be determined
		END
	)"
	slipway validate sub/Dockerfile
	assert_status 2
	assert_equal "$output" 'sub/Dockerfile:2:1: unknown instruction: FROMM (did you mean FROM?)'
}

@test "validate: keys of build that are not supported, and targets that are not there" {
	printf 'FROM scratch AS final\n' >Dockerfile
	cat >slipway.yaml <<-'END'
		version: 1
		secrets: {t: {env: T}}
		stages:
		  - name: a
		    secrets: [t]
		    container: alpine
		    build:
		      target: fnal
		      secrets: [t]
		      no-push: true
	END
	slipway validate
	assert_status 2
	assert_equal "$(cut -d: -f1-3 <<<"$output")" "$(printf 'slipway.yaml:%s\n' 5:15 6:16 8:15 9:17)"
	assert_stdout 'build.secrets is not supported yet'
	assert_stdout 'fnal'
	slipway run
	assert_status 2
	assert_stderr slipway.yaml:9:17 'build.secrets is not supported yet'
}

@test "validate: json, and silence on standard output when all is well" {
	printf 'FROM scratch\n' >Dockerfile
	printf 'version: 1\nstages: [{name: a, rnu: x, build: {no-push: true}}]\n' >slipway.yaml
	slipway validate --format json
	assert_status 2
	assert_equal "$(jq -c '.findings[0]' <<<"$output")" \
		'{"file":"slipway.yaml","line":2,"col":20,"message":"unknown key \"rnu\" in a stage","hint":"did you mean \"run\"?"}'
	printf 'version: 1\nstages: [{name: a, build: {no-push: true}}]\n' >slipway.yaml
	slipway validate --format json
	assert_status 0
	assert_equal "$(jq -c . <<<"$output")" \
		'{"files":["slipway.yaml","Dockerfile"],"findings":[],"dropped":0}'
	slipway validate
	assert_status 0
	assert_equal "$output" ''
	assert_stderr 'nothing wrong in slipway.yaml, Dockerfile'
}
