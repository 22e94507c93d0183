#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# plan: what a run would do, without doing any of it.

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# usage: foreseen STAGE [JQ]: of the plan on standard output, in JSON.
foreseen() {
	jq -c --arg name "$1" '.stages[] | select(.name == $name) | .foreseen'"${2:+ | $2}" <<<"$output"
}

@test "plan: conditions, tags, credentials, isolation, with nothing asked and nothing left" {
	mkdir config
	echo '{"auths": {"r.example.com": {"auth": "Ym9iOnM="}}}' >config/config.json
	export DOCKER_CONFIG=$PWD/config
	printf 'FROM scratch\nCOPY slipway.yaml /\n' >Dockerfile
	cat >slipway.yaml <<-'END'
		version: 1
		name: demo
		params: {tag: 1.2}
		registries: {own.example.com: {user: eve, password: {env: PASSWORD}}}
		stages:
		  - {name: check, if: "params.tag == '1.3'", run: 'true'}
		  - name: image
		    timeout: 3m
		    build:
		      destinations: ["r.example.com/a:${{ params.tag }}", own.example.com/b, docker.io/c/d]
		      cache: {repo: own.example.com/cache}
		  - {name: later, build: {dockerfile: made-by-a-stage, no-push: true}}
		  - {name: copy, push: {source: "${{ stages.image.outputs.ref }}", destinations: [r.example.com/b:2]}}
		finally:
		  - {name: tidy, run: touch tidied}
	END
	export PASSWORD=hidden-word
	find . | sort >before
	slipway plan -j 3
	assert_status 0
	assert_stdout 'pipeline demo, 5 stages, on local, 3 at once'
	assert_stdout 'param tag = 1.2'
	assert_stdout "if params.tag == '1.3': false, so it is skipped"
	assert_stdout 'destination r.example.com/a:1.2'
	assert_stdout 'destination own.example.com/b:latest'
	assert_stdout 'isolation none: no instruction runs a command'
	assert_stdout 'login at r.example.com: user bob'
	assert_stdout 'login at own.example.com: user eve'
	assert_stdout 'login at docker.io: no credentials'
	assert_stdout 'note: there is no Dockerfile yet'
	assert_stdout 'push <stages.image.outputs.ref> to r.example.com/b:2, not pushed'
	assert_stdout 'finally tidy'
	[[ "$output$stderr" != *"$PASSWORD"* ]]
	cp slipway.yaml "$T/spec"
	text=$output
	slipway run --dry-run -j 3
	assert_equal "$output" "$text"
	slipway plan --format json
	assert_status 0
	assert_equal "$(jq -c '[.stages[] | [.name, .kind, .runs, .timeout]]' <<<"$output")" \
		'[["check","run",false,null],["image","build",true,180],["later","build",true,null],["copy","push",true,null],["tidy","run",true,null]]'
	assert_equal "$(foreseen image '[.registries[].host]')" '["r.example.com","own.example.com","docker.io"]'
	[ ! -e "$SLIPWAY_STORE" ]
	assert_equal "$(find . ! -name before | sort)" "$(grep -v before before)"
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "plan: what cannot be foreseen is said, and is no failure" {
	echo FORM >Dockerfile
	printf 'version: 1\nstages: [{name: a, build: {no-push: true}}, {name: b, run: x}]\n' >slipway.yaml
	slipway plan
	assert_status 0
	assert_stdout 'cannot be foreseen: Dockerfile:1: unknown instruction: FORM'
	assert_stdout $'\nb\n'
}

@test "plan: --push and --no-push, --only, and options that make no sense" {
	printf 'FROM scratch\n' >Dockerfile
	cat >slipway.yaml <<-'END'
		version: 1
		stages:
		  - {name: a, build: {destinations: [r.example.com/a]}}
		  - {name: m, matrix: {os: [x, y]}, run: echo}
	END
	CI_COMMIT_SHA=1 GITLAB_CI=true slipway plan --no-push
	assert_stdout 'not pushed: --no-push'
	slipway plan --only 'm[os=y]' --format json
	assert_equal "$(jq -c '[.stages[].name]' <<<"$output")" '["m (y)"]'
	local bad
	for bad in '--push --no-push' '--jobs -1' '--only m[os=z]' '--only n' '--set x=1' '--format yaml'; do
		# shellcheck disable=SC2086 # words
		slipway plan $bad
		assert_status 2
	done
}

@test "plan: --probe says what is cached, and what has to move, as the build then does" {
	registry_start
	mkdir ctx
	echo one >ctx/one
	echo two >ctx/two
	cat >Dockerfile <<-END
		FROM $REGISTRY/base/busybox:1 AS tools
		COPY one /tool
		FROM $REGISTRY/base/busybox:1
		COPY --from=tools /tool /tool
		COPY one /one
		COPY two /two
	END
	cat >slipway.yaml <<-END
		version: 1
		stages:
		  - name: image
		    build:
		      context: ctx
		      destinations: [$REGISTRY/app:1]
		      cache: {repo: $REGISTRY/cache, copy-layers: true}
	END
	steps='[.stages[] | [.name, .steps[].cache]]'
	slipway plan --push --probe --format json
	assert_status 0
	assert_equal "$(foreseen image "$steps")" '[["tools","miss"],["stage-1","miss","miss","miss"]]'
	assert_equal "$(foreseen image '[.pull.blobs, .push.made]')" '[1,3]'
	[ ! -e "$SLIPWAY_STORE" ]
	# Nothing was written there.
	assert_equal "$(registry_tags app)$(registry_tags cache)" ''

	slipway run --push
	assert_status 0
	rm -rf --one-file-system "$SLIPWAY_STORE"
	slipway plan --push --probe --format json
	assert_status 0
	assert_equal "$(foreseen image "$steps")" '[["stage-1","hit","hit","hit"]]'
	assert_equal "$(foreseen image '[.pull.bytes, .push.bytes, .push.made]')" '[0,0,0]'

	echo changed >ctx/two
	slipway plan --push --probe --format json
	assert_equal "$(foreseen image "$steps")" '[["stage-1","hit","hit","miss"]]'
	assert_equal "$(foreseen image '.push.made')" 1
	assert_equal "$(foreseen image '.stages[0].steps[0].source')" '"registry"'
	[ ! -e "$SLIPWAY_STORE" ]
	slipway plan --push --probe
	assert_stdout 'line 6: miss: COPY two /two'
	assert_stdout 'hit in the registry'
	# A store that is there is read, and stays as it is.
	slipway run --push
	assert_status 0
	find "$SLIPWAY_STORE" -type f | sort >before
	slipway plan --probe --format json
	assert_equal "$(foreseen image '[.stages[0].steps[].source]')" '["registry","registry","store"]'
	assert_equal "$(find "$SLIPWAY_STORE" -type f | sort)" "$(cat before)"
}

@test "plan: a tag that an earlier stage gives is known later, and no mistake" {
	cat >slipway.yaml <<-'END'
		version: 1
		stages:
		  - {name: version, run: "echo v=1 >>$SLIPWAY_OUTPUT", outputs: [v]}
		  - name: image
		    build: {destinations: ["r.example.com/a:${{ stages.version.outputs.v }}"]}
	END
	printf 'FROM scratch\nCOPY Dockerfile /\n' >Dockerfile
	slipway plan
	assert_status 0
	assert_stdout 'to r.example.com/a:<stages.version.outputs.v>'
	[[ "$output$stderr" != *fail* && "$output$stderr" != *invalid* ]]
}
