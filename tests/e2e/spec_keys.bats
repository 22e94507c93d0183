#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# Keys of the spec, one after the other: what each does in a run. (matrix, containers, secrets and
# image builds have their own files; shapes and findings are in tests/data/spec.)

load lib/common

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

spec() {
	{
		echo 'version: 1'
		cat
	} >slipway.yaml
}

# usage: statuses: "stage=status ..." of the last run, by its report.
statuses() {
	jq -r '[.stages[] | .id + "=" + .status] | join(" ")' .slipway/out/report.json
}

@test "needs: the stage before, several, none, and one that must not be skipped" {
	spec <<-'END'
		stages:
		  - {name: a, run: echo a >>log}
		  - {name: b, run: echo b >>log}
		  - {name: root, needs: [], run: echo root >>log}
		  - {name: never, needs: [], if: "false", run: echo never >>log}
		  - {name: soft, needs: [never, root], run: echo soft >>log}
		  - {name: hard, needs: [{stage: never, required: true}], run: echo hard >>log}
	END
	slipway run
	assert_status 0
	assert_equal "$(statuses)" 'a=success b=success root=success never=skipped soft=success hard=skipped'
	assert_equal "$(tr '\n' ' ' <log)" 'a b root soft '
}

@test "--jobs: stages that need nothing of each other run at once; 0 is one for each processor" {
	spec <<-'END'
		stages:
		  - {name: a, needs: [], run: "touch a; for i in $(seq 100); do [ ! -e b ] || exit 0; sleep 0.1; done; exit 1"}
		  - {name: b, needs: [], run: "touch b; for i in $(seq 100); do [ ! -e a ] || exit 0; sleep 0.1; done; exit 1"}
	END
	slipway run --jobs 2
	assert_status 0
	rm a b
	if [ "$(nproc)" -ge 2 ]; then
		slipway run --jobs 0
		assert_status 0
	fi
	slipway run --jobs -1
	assert_status 2
	slipway run --jobs many
	assert_status 2
}

@test "--only: a stage or a cell alone" {
	spec <<-'END'
		stages:
		  - {name: first, run: touch first}
		  - {name: m, matrix: {os: [x, y]}, run: "touch m-${{ matrix.os }}"}
		finally:
		  - {name: tidy, run: touch tidied}
	END
	slipway run --only 'm[os=y]'
	assert_status 0
	assert_equal "$(echo ./m-* ./first* ./tidied)" './m-y ./first* ./tidied'
	slipway run --only 'm[os=z]'
	assert_status 2
	assert_stderr 'has no such cell'
}

@test "retry: on exit statuses that are named, and on nothing else" {
	spec <<-'END'
		defaults: {retry: {max: 1, on: ["exit:9"], backoff: 2s}}
		stages:
		  - {name: a, run: "echo x >>a; [ $(wc -l <a) = 2 ] || exit 9"}
		  - {name: b, run: "echo x >>b; exit 8"}
	END
	slipway run
	assert_status 1
	assert_equal "$(cat a | wc -l) $(cat b | wc -l)" '2 1'
	assert_equal "$(jq -c '[.stages[].attempts]' .slipway/out/report.json)" '[2,1]'
}

@test "timeout: the default's, and retried when the key says so" {
	spec <<-'END'
		defaults: {timeout: 1s}
		stages:
		  - {name: a, retry: {max: 1, on: timeout, backoff: 2s}, run: "echo x >>a; [ $(wc -l <a) = 2 ] || sleep 30"}
		  - {name: b, timeout: 1m, run: sleep 1.5}
	END
	slipway run
	assert_status 0
	assert_equal "$(wc -l <a)" 2
}

@test "allow-failure: exit statuses, and --soft-exit" {
	spec <<-'END'
		stages:
		  - {name: a, allow-failure: {exit-codes: [3]}, run: exit 3}
		  - {name: b, run: touch b}
	END
	slipway run
	assert_status 0
	assert_equal "$(statuses)" 'a=warned b=success'
	slipway run --soft-exit
	assert_status 10
	sed -i 's/exit 3/exit 4/' slipway.yaml
	slipway run --soft-exit
	assert_status 1
	assert_equal "$(statuses)" 'a=failed b=skipped'
}

@test "artifacts: paths, exclude and when" {
	spec <<-'END'
		stages:
		  - {name: a, artifacts: {paths: ["a/**"], exclude: ["**/*.tmp"]}, run: mkdir -p a; touch a/x a/y.tmp}
		  - {name: b, needs: [], artifacts: {paths: [b.log], when: failure}, run: touch b.log; exit 1}
		  - {name: c, needs: [], artifacts: {paths: [c.log]}, run: touch c.log; exit 1}
		  - {name: d, needs: [], artifacts: {paths: [d.log], when: always}, run: touch d.log; exit 1}
	END
	slipway run
	assert_status 1
	assert_equal "$(jq -c '[.stages[].artifacts]' .slipway/out/report.json)" \
		'[["a/x"],["b.log"],[],["d.log"]]'
}

@test "outputs: names and expressions reach later stages, and finally" {
	spec <<-'END'
		stages:
		  - name: a
		    outputs: {tag: , full: "v${{ result.tag }}", first: "${{ result.lines | truncate(3) }}"}
		    run: |
		      echo tag=1.2 >>"$SLIPWAY_OUTPUT"
		      printf 'lines<<END\none\ntwo\nEND\n' >>"$SLIPWAY_OUTPUT"
		  - {name: b, run: "echo ${{ stages.a.outputs.tag }} ${{ stages.a.outputs.full }} ${{ stages.a.outputs.first }} >seen"}
		finally:
		  - {name: z, run: "echo ${{ stages.a.status }} ${{ pipeline.status }} ${{ stages.b.status }} >end"}
	END
	slipway run
	assert_status 0
	assert_equal "$(cat seen)" '1.2 v1.2 one'
	assert_equal "$(cat end)" 'success success success'
}

@test "env, working-dir and shell" {
	mkdir sub
	spec <<-'END'
		env: {A: pipeline, B: pipeline}
		stages:
		  - name: a
		    env: {B: "stage-${{ env.A }}"}
		    working-dir: sub
		    run: {shell: bash, script: 'echo "$A $B ${BASH_VERSION:+bash} $SLIPWAY_STAGE" >seen'}
	END
	A=process slipway run
	assert_status 0
	assert_equal "$(cat sub/seen)" 'pipeline stage-pipeline bash a'
}

@test "params: default, environment, --set, options and types" {
	spec <<-'END'
		params:
		  mode: {default: fast, options: [fast, full]}
		  count: 3
		  name: "${{ params.mode }}-x"
		  must: {description: no default}
		stages:
		  - {name: a, run: "echo ${{ params.mode }} ${{ params.count }} ${{ params.name }} ${{ params.must }} >seen"}
	END
	slipway run
	assert_status 2
	assert_stderr must --set
	SLIPWAY_PARAM_MUST=env SLIPWAY_PARAM_COUNT=4 slipway run --set mode=full --set count=5
	assert_status 0
	assert_equal "$(cat seen)" 'full 5 full-x env'
	slipway run --set must=1 --set mode=slow
	assert_status 2
	slipway run --set must=1 --set count=many
	assert_status 2
	slipway run --set must=1 --set cuont=1
	assert_status 2
	assert_stderr '"count"'
}

@test "include: parts from other files, whose findings name them" {
	mkdir ci
	spec <<-'END'
		include: [ci/common.yaml]
		env: {A: main}
		stages:
		  - {name: last, run: 'echo "$A $B" >seen'}
	END
	printf 'version: 1\nenv: {A: part, B: part}\nstages: [{name: lint, run: touch linted}]\n' >ci/common.yaml
	slipway run
	assert_status 0
	assert_equal "$(cat seen)" 'main part'
	assert_equal "$(statuses)" 'lint=success last=success'
	printf 'version: 1\ninclude: slipway.yaml\nstages: [{name: lint, rnu: x}]\n' >ci/common.yaml
	slipway validate
	assert_status 2
	assert_stdout 'ci/common.yaml:3:23: unknown key "rnu"'
	printf 'version: 1\ninclude: slipway.yaml\n' >ci/common.yaml
	slipway validate
	assert_status 2
	assert_stdout 'ci/common.yaml:2:10: "slipway.yaml" includes itself, by way of ci/common.yaml'
	ln -sf /etc/passwd ci/common.yaml
	slipway validate
	assert_status 2
	refute_stderr root:
}

@test "finally: after a failure and after a cancel, with the status" {
	spec <<-'END'
		stages:
		  - {name: a, run: exit 3}
		finally:
		  - {name: good, if: success(), run: touch good}
		  - {name: bad, if: failure(), run: "echo ${{ pipeline.status }} >bad"}
		  - {name: always, run: touch always}
	END
	slipway run
	assert_status 1
	assert_equal "$(cat bad)" failed
	[ -e always ]
	[ ! -e good ]
}
