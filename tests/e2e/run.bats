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

@test "run: for finally, a stage that was not named is skipped" {
	spec <<-'END'
		stages:
		  - {name: one, needs: [], run: "true"}
		  - {name: two, needs: [], run: "true"}
		finally:
		  - {name: tidy, run: 'echo "${{ stages.one.status }} ${{ stages.two.status }}" >tidied'}
	END
	slipway run one
	assert_status 0
	assert_equal "$(cat tidied)" 'success skipped'
}

@test "run: artifacts' paths that match nothing are named" {
	spec <<-'END'
		stages:
		  - {name: one, run: "true", artifacts: {paths: ["dist/*.whl", bin], exclude: ["bin/x"]}}
	END
	slipway run
	assert_status 0
	assert_stderr "warning: no file in the workspace matches the artifacts' paths: dist/*.whl, bin, !bin/x"
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

@test "run: a container by digest is told with one digest" {
	need_root
	registry_start
	local image digest
	digest=$(registry_manifest base/busybox:1 | sha256sum | cut -d ' ' -f 1)
	image=$REGISTRY/base/busybox@sha256:$digest
	spec <<-END
		stages:
		  - {name: inside, container: "$image", run: "true"}
	END
	slipway run
	assert_status 0
	assert_stderr "base image $image"
	refute_stderr "$image@"
}

@test "run: a container's environment is the image's and the spec's, the latter wins" {
	need_root
	registry_start
	printf 'FROM %s/base/busybox:1\nENV FROM_IMAGE=image BOTH=image\n' "$REGISTRY" >Dockerfile
	export OUTER=outer SECRET_VALUE=s3cret-of-the-test
	spec <<-END
		env: {FROM_SPEC: spec, BOTH: spec}
		secrets: {token: {env: SECRET_VALUE}}
		defaults: {container: "$REGISTRY/app:1"}
		stages:
		  - {name: image, build: {destinations: ["$REGISTRY/app:1"]}}
		  - name: inside
		    env: {OWN: "stage's own"}
		    secrets: [token]
		    run: |
		      echo "\$FROM_IMAGE \$BOTH \$FROM_SPEC \$OWN \$SLIPWAY_STAGE \$HOME [\${OUTER-}]" >seen
		      [ "\$token" = s3cret-of-the-test ] && echo "\$token"
	END
	slipway run --push
	assert_status 0
	assert_equal "$(cat seen)" "image spec spec stage's own inside /root []"
	refute_stderr s3cret-of-the-test
}

@test "run: a container's exit code and output are its command's" {
	need_root
	registry_start
	spec <<-END
		defaults: {container: $REGISTRY/base/busybox:1}
		stages:
		  - {name: ends, run: "echo said; exit 7", allow-failure: {exit-codes: [7]}}
		  - {name: other, run: "exit 9", allow-failure: {exit-codes: [7]}}
	END
	slipway run
	assert_status 1
	assert_stderr said "status 7" "status 9"
	assert_equal "$(jq -c '[.stages[] | [.name, .status, .exitStatus]]' .slipway/out/report.json)" \
		'[["ends","warned",7],["other","failed",9]]'
}

@test "run: a container stage has outputs, and a working directory" {
	need_root
	registry_start
	mkdir -p sub/deep
	spec <<-END
		stages:
		  - name: inside
		    container: $REGISTRY/base/busybox:1
		    working-dir: sub/deep
		    outputs: {version: , lines: , all: "\${{ result.version }}-x"}
		    run: |
		      pwd >where
		      echo version=1.2 >>"\$SLIPWAY_OUTPUT"
		      printf 'lines<<END\\na\\nb\\nEND\\n' >>"\$SLIPWAY_OUTPUT"
		  - {name: after, run: 'echo "\${{ stages.inside.outputs.all }}" >all'}
	END
	slipway run
	assert_status 0
	assert_equal "$(cat sub/deep/where)" "$PWD/sub/deep"
	assert_equal "$(cat all)" 1.2-x
	assert_equal "$(jq -r '.stages[0].outputs.lines' .slipway/out/report.json)" "$(printf 'a\nb')"
}

@test "run: what a container changes outside of the workspace is gone afterwards" {
	need_root
	registry_start
	spec <<-END
		defaults: {container: $REGISTRY/base/busybox:1}
		stages:
		  - {name: change, run: "echo x >/etc/changed; rm /bin/vi; touch made"}
		  - {name: look, run: "[ ! -e /etc/changed ]; [ -e /bin/vi ]; [ -e made ]; [ ! -e $T/home ]"}
	END
	slipway run
	assert_status 0
	[ ! -e /etc/changed ]
}

@test "run: a container's user is its image's; files of root's go to the workspace's owner" {
	need_root
	registry_start
	printf 'FROM %s/base/busybox:1\nUSER 1234:5678\n' "$REGISTRY" >Dockerfile
	spec <<-END
		stages:
		  - {name: image, build: {destinations: ["$REGISTRY/app:1"]}}
		  - {name: other, container: "$REGISTRY/app:1", run: "id -u >by-user; echo a=b >\$SLIPWAY_OUTPUT", outputs: {a: }}
		  - {name: root, container: "$REGISTRY/base/busybox:1", run: "mkdir -p d/e; touch d/e/f; ln -s /etc d/link"}
	END
	touch before
	chown 4321:4322 . && chmod 777 .
	slipway run --push
	assert_status 0
	assert_equal "$(stat -c %u:%g by-user)" 1234:5678
	assert_equal "$(stat -c %u:%g d d/e d/e/f d/link | sort -u)" 4321:4322
	assert_equal "$(stat -c %u:%g before /etc | sort -u)" 0:0
}

@test "run: a container image that is missing is an error with file and line" {
	need_root
	registry_start
	spec <<-END
		stages:
		  - name: inside
		    container: $REGISTRY/base/none:1
		    run: touch ran
	END
	slipway run
	[ "$status" -ne 0 ]
	assert_stderr slipway.yaml:4: "$REGISTRY/base/none:1"
	[ ! -e ran ]
}

@test "run: a container from a registry that wants a password and has its own CA" {
	need_root
	registry_start basic
	export REG_PASSWORD=$REGISTRY_PASSWORD
	spec <<-END
		registries:
		  "$REGISTRY": {user: $REGISTRY_USER, password: {env: REG_PASSWORD}, ca: "$REGISTRY_CA"}
		stages:
		  - {name: inside, container: "$REGISTRY/base/busybox:1", run: ls /bin/busybox}
	END
	slipway run
	assert_status 0
	assert_stderr /bin/busybox
}

@test "run: --in-place runs a container's command here" {
	spec <<-'END'
		stages:
		  - {name: here, container: "127.0.0.1:1/none:1", run: "echo $SLIPWAY_STAGE >made"}
	END
	slipway run --in-place
	assert_status 0
	assert_equal "$(cat made)" here
}

@test "run: a container that takes too long is ended, with all of its processes" {
	need_root
	registry_start
	spec <<-END
		stages:
		  - name: slow
		    container: $REGISTRY/base/busybox:1
		    timeout: 2s
		    run: (while :; do echo x >>tick; sleep 0.1; done) & sleep 300
	END
	began=$SECONDS
	slipway run
	assert_status 5
	[ $((SECONDS - began)) -lt 20 ]
	size=$(stat -c %s tick)
	sleep 0.5
	assert_equal "$(stat -c %s tick)" "$size"
}

@test "run: an ordinary user's container stage, in a user namespace" {
	need_root
	as_user unshare --user --map-root-user true 2>/dev/null || e2e_skip "no user namespaces here"
	registry_start
	spec <<-END
		stages:
		  - name: inside
		    container: $REGISTRY/base/busybox:1
		    outputs: {answer: }
		    run: |
		      id -u >who
		      echo answer=42 >>"\$SLIPWAY_OUTPUT"
		      touch /etc/made
	END
	chmod 755 "$T"
	chown -R 65534:65534 "$T/work" "$T/home" "$T/tmp"
	SLIPWAY_STORE=$T/home/store run --separate-stderr as_user "$SLIPWAY" run
	assert_status 0
	assert_equal "$(cat who)" 0
	assert_equal "$(stat -c %u:%g who)" 65534:65534
	assert_equal "$(jq -r '.stages[0].outputs.answer' .slipway/out/report.json)" 42
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

@test "run, plan: without a spec, what to do is said" {
	slipway run
	assert_status 2
	assert_stderr 'there is no spec slipway.yaml in this directory; -f FILE'
	slipway plan -f /nowhere/s.yaml
	assert_status 2
	assert_stderr 'there is no spec /nowhere/s.yaml; -f FILE'
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

@test "plan: says whether an image is pushed" {
	printf 'FROM scratch\n' >Dockerfile
	spec <<-'END'
		stages:
		  - {name: one, build: {destinations: ["localhost:1/a:1"]}}
	END
	slipway plan
	assert_stdout 'not pushed' --push
	slipway plan --push
	[[ "$output" != *"not pushed"* ]]
}

@test "validate, plan, run: a key that is not there yet stops all, before the first stage" {
	spec <<-'END'
		stages:
		  - {name: one, run: touch ran}
		  - {name: two, build: {destinations: ["localhost:1/a:1"], ignore-paths: [/x]}}
	END
	local command
	for command in validate plan run; do
		slipway "$command"
		assert_status 2
		[[ "$output$stderr" == *slipway.yaml:4:*build.ignore-paths*not\ supported* ]]
		[ ! -e ran ]
	done
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

@test "cache: looking into a directory does not make it a store" {
	mkdir dir
	local action
	for action in ls verify prune; do
		slipway cache "$action" --cache-dir dir
		assert_status 2
		slipway cache "$action" --cache-dir nowhere
		assert_status 2
	done
	[ -z "$(ls -A dir)" ]
	[ ! -e nowhere ]
}

@test "version: says what this machine allows" {
	slipway version
	assert_status 0
	assert_stdout slipway
	assert_stdout isolation
}
