#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# Pipelines from a slipway.yaml: order, failure, conditions, secrets, reports; plan and validate.

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

@test "run: stages run one after the other" {
	spec <<-'END'
		stages:
		  - {name: one, run: echo one >>log}
		  - {name: two, run: echo two >>log}
		  - {name: three, run: echo three >>log}
	END
	slipway run
	assert_status 0
	assert_equal "$(cat log)" "$(printf 'one\ntwo\nthree')"
}

@test "run: a failing stage ends the pipeline with status 1, finally runs" {
	spec <<-'END'
		stages:
		  - {name: bad, run: echo trouble; exit 7}
		  - {name: after, run: touch after}
		finally:
		  - {name: tidy, run: 'echo "${{ pipeline.status }}" >tidied'}
	END
	slipway run
	assert_status 1
	assert_stderr bad trouble 7
	[ ! -e after ]
	assert_file tidied
}

@test "run: a named stage runs with what it needs" {
	spec <<-'END'
		stages:
		  - {name: base, needs: [], run: touch base}
		  - {name: app, needs: [base], run: touch app}
		  - {name: other, needs: [], run: touch other}
	END
	slipway run app
	assert_status 0
	[ -e base ]
	[ -e app ]
	[ ! -e other ]
}

@test "run: if, params and --set" {
	spec <<-'END'
		params: {mode: fast}
		stages:
		  - {name: fast, if: "params.mode == 'fast'", run: touch fast}
		  - {name: slow, needs: [], if: "params.mode == 'slow'", run: touch slow}
	END
	slipway run
	assert_status 0
	[ -e fast ]
	[ ! -e slow ]
	rm fast
	slipway run --set mode=slow
	assert_status 0
	[ -e slow ]
	[ ! -e fast ]
}

@test "run: matrix, env and outputs of a stage" {
	spec <<-'END'
		env: {COMMON: yes}
		stages:
		  - name: cells
		    matrix: {os: [a, b], size: [1, 2]}
		    env: {CELL: "${{ matrix.os }}${{ matrix.size }}"}
		    run: echo "$CELL $COMMON" >>cells
	END
	slipway run
	assert_status 0
	assert_equal "$(sort cells)" "$(printf 'a1 yes\na2 yes\nb1 yes\nb2 yes')"
}

@test "run: allow-failure and --soft-exit" {
	spec <<-'END'
		stages:
		  - {name: flaky, allow-failure: true, run: exit 3}
		  - {name: after, run: touch after}
	END
	slipway run
	assert_status 0
	[ -e after ]
	slipway run --soft-exit
	assert_status 10
}

@test "run: a stage that takes too long is ended, status 5" {
	spec <<-'END'
		stages:
		  - {name: slow, timeout: 1s, run: sleep 30}
	END
	began=$SECONDS
	slipway run
	assert_status 5
	assert_stderr slow
	[ $((SECONDS - began)) -lt 10 ]
}

@test "run: a secret reaches its stage and no log or report, in no encoding" {
	export TOKEN_VALUE='s3cret/value+with=signs'
	spec <<-'END'
		secrets:
		  token: {env: TOKEN_VALUE}
		stages:
		  - name: use
		    secrets: [token]
		    run: |
		      printf '%s' "$token" >seen
		      echo "plain $token"
		      printf '%s' "$token" | base64
	END
	slipway run
	assert_status 0
	assert_equal "$(cat seen)" "$TOKEN_VALUE"
	refute_stderr "$TOKEN_VALUE"
	refute_stderr "$(printf '%s' "$TOKEN_VALUE" | base64)"
	run ! grep -rF "$TOKEN_VALUE" .slipway/out
	run ! grep -rF "$(printf '%s' "$TOKEN_VALUE" | base64)" .slipway/out
}

@test "run: the reports are valid, also after a failure" {
	spec <<-'END'
		stages:
		  - {name: good, run: echo fine}
		  - {name: bad, run: 'echo "<&>"; exit 1'}
	END
	slipway run
	assert_status 1
	out=.slipway/out
	jq -e '.' "$out/report.json" >/dev/null
	jq -e '.' "$out/outputs.json" >/dev/null
	grep -q fine "$out/logs/good.log"
	assert_equal "$(python3 -c '
import glob, xml.etree.ElementTree as tree
roots = [tree.parse(f).getroot() for f in glob.glob(".slipway/out/junit/*.xml")]
print(sum(1 for root in roots for case in root.iter("testcase") if case.find("failure") is not None))
')" 1
	assert_file "$out/timeline.html"
}

@test "run: outside of CI nothing is pushed unless asked for" {
	registry_start
	echo data >file
	printf 'FROM scratch\nCOPY file /file\n' >Dockerfile
	spec <<-END
		stages:
		  - {name: image, build: {destinations: ["$REGISTRY/app:1"]}}
	END
	slipway run
	assert_status 0
	assert_equal "$(registry_tags app)" ""
	assert_stderr --push
	slipway run --push
	assert_status 0
	assert_equal "$(registry_tags app)" 1
}

@test "run: --dry-run and plan change nothing" {
	spec <<-'END'
		stages:
		  - {name: one, run: touch one}
		  - {name: two, if: "always()", run: touch two}
	END
	slipway run --dry-run
	assert_status 0
	slipway plan
	assert_status 0
	assert_stdout one
	assert_stdout two
	[ ! -e one ]
	[ ! -e two ]
	[ ! -e "$SLIPWAY_STORE" ]
}

@test "run: a container stage works in that image, on the workspace" {
	need_root
	registry_start
	echo from-here >input
	spec <<-END
		stages:
		  - name: inside
		    container: $REGISTRY/base/busybox:1
		    run: cat input >output; ls /bin/busybox >>output
	END
	slipway run
	assert_status 0
	assert_equal "$(cat output)" "$(printf 'from-here\n/bin/busybox')"
}

@test "run: a build stage that fails has a user's failure, status 1" {
	need_root
	registry_start
	printf 'FROM %s/base/busybox:1\nRUN exit 42\n' "$REGISTRY" >Dockerfile
	spec <<-'END'
		stages:
		  - {name: image, build: {no-push: true}}
	END
	slipway run
	assert_status 1
	assert_stderr Dockerfile:2 42
}

@test "validate: every finding with file, line and column, status 2" {
	cat >slipway.yaml <<-'END'
		version: 1
		stages:
		  - name: one
		    rnu: echo
		  - name: two
		    needs: [onee]
		    run: echo
	END
	slipway validate
	assert_status 2
	[[ "$output$stderr" == *slipway.yaml:4:5:*rnu*run* ]]
	[[ "$output$stderr" == *slipway.yaml:6:*onee*one* ]]
}

@test "validate: a good spec and a good Dockerfile" {
	printf 'FROM scratch\nCOPY a /a\n' >Dockerfile
	spec <<-'END'
		stages:
		  - {name: one, run: echo}
	END
	slipway validate slipway.yaml Dockerfile
	assert_status 0
}

@test "version: says what this machine allows" {
	slipway version
	assert_status 0
	assert_stdout slipway
	assert_stdout isolation
}
