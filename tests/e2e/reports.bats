#!/usr/bin/env bats
# shellcheck disable=SC2154 # status, output and stderr are set by bats' run
# The report files: accepted by their readers (lib/reports.py, schemas by ajv) at any time, and right.

load lib/common
load lib/build

setup() {
	e2e_setup
	mkdir context
	OUT=.slipway/out
}

teardown() {
	local pid
	for pid in "${REGISTRY_PIDS[@]}"; do
		kill -CONT "$pid"
	done
	e2e_teardown
}

spec() {
	{
		echo 'version: 1'
		cat
	} >slipway.yaml
}

# usage: valid [DIRECTORY]: every file there is what its readers take.
valid() {
	local dir=${1:-$OUT}
	python3 "$E2E_LIB/reports.py" "$dir" || return 1
	need_npm ajv
	node "$E2E_LIB/validate.js" \
		"$SLIPWAY_SRCDIR/docs/formats/report.schema.json" "$dir/report.json" \
		"$SLIPWAY_SRCDIR/docs/formats/outputs.schema.json" "$dir/outputs.json" \
		"$SLIPWAY_SRCDIR/tests/data/report/sarif.schema.json" "$dir/lint.sarif"
}

report() {
	jq -r "$1" "$OUT/report.json"
}

# usage: has_not PATTERN FILE
has_not() {
	if grep -nE -- "$1" "$2"; then
		echo "in $2, but must not be: $1"
		return 1
	fi
}

# A pipeline in GitLab, as far as reports look at it.
in_gitlab() {
	export CI=true GITLAB_CI=true CI_PROJECT_URL=https://gitlab.example.com/team/app \
		CI_COMMIT_SHA=0123456789abcdef0123456789abcdef01234567 \
		CI_JOB_URL=https://gitlab.example.com/team/app/-/jobs/7
}

@test "reports: an invalid spec is a finding, and the reports say that nothing ran" {
	printf 'version: 1\nstages:\n  - {name: a, run: true, timeuot: 3s}\n' >slipway.yaml
	slipway run
	assert_status 2
	valid
	assert_equal "$(report .status)" failed
	[[ "$(report .error)" == *timeuot* ]]
	assert_equal "$(jq -c '[.[0].location.path, .[0].location.lines.begin, .[0].check_name]' \
		"$OUT/codequality.json")" '["slipway.yaml",3,"invalid-spec"]'
	assert_equal "$(jq -r '.runs[0].results[0].level' "$OUT/lint.sarif")" error
}

@test "reports: a build-arg that nobody uses is a warning at its neighbour" {
	printf 'FROM scratch\nARG VERSION\nCOPY f /\n' | dockerfile
	touch context/f
	spec <<-'END'
		stages:
		  - name: app
		    build: {context: context, no-push: true, build-args: {VERSOIN: "1", HTTP_PROXY: x, TARGETOS: linux}}
	END
	slipway run
	assert_status 0
	assert_stderr 'context/Dockerfile:2: --build-arg VERSOIN is not used' 'did you mean "VERSION"?'
	refute_stderr HTTP_PROXY
	refute_stderr TARGETOS
	valid
	assert_equal "$(jq -c '[.[] | [.location.path, .location.lines.begin, .severity]]' \
		"$OUT/codequality.json")" '[["context/Dockerfile",2,"minor"]]'
	local before
	before=$(jq -r '.[0].fingerprint' "$OUT/codequality.json")
	printf '# one\n\n# two\nFROM scratch\nARG VERSION\nCOPY f /\n' | dockerfile
	slipway run
	assert_equal "$(jq -r '.[0].location.lines.begin' "$OUT/codequality.json")" 5
	assert_equal "$(jq -r '.[0].fingerprint' "$OUT/codequality.json")" "$before"
}

@test "reports: paths are those of the project, also from a directory inside" {
	git init -q .
	mkdir -p services/app
	cd services/app
	printf 'FROM scratch\nCOPIE f /\n' >Dockerfile
	spec <<-'END'
		stages:
		  - {name: app, build: {context: ., no-push: true}}
	END
	slipway run
	assert_status 2
	valid
	assert_equal "$(jq -c '[.[] | [.location.path, .location.lines.begin, .severity]]' \
		"$OUT/codequality.json")" '[["services/app/Dockerfile",2,"major"]]'
	assert_equal "$(report '.stages[0].failedAt | "\(.file):\(.line)"')" services/app/Dockerfile:2
}

@test "reports: links to the line that failed and to the timeline, in GitLab" {
	printf 'FROM scratch\nCOPY f /\nCOPY missing /\n' | dockerfile
	touch context/f
	git init -q .
	spec <<-'END'
		stages:
		  - {name: app, build: {context: context, no-push: true}}
	END
	slipway run
	[ "$status" -ne 0 ]
	assert_equal "$(cat "$OUT/annotations.json")" "{}"
	in_gitlab
	slipway run
	valid
	assert_equal "$(jq -r '.Failures[0].external_link.url' "$OUT/annotations.json")" \
		"$CI_PROJECT_URL/-/blob/$CI_COMMIT_SHA/context/Dockerfile#L3"
	assert_equal "$(jq -r '.Reports[0].external_link.url' "$OUT/annotations.json")" \
		"$CI_JOB_URL/artifacts/file/.slipway/out/timeline.html"
}

@test "reports: outputs.env stays within GitLab's limits, outputs.json has all" {
	{
		printf 'stages:\n  - name: many\n    outputs: {'
		printf 'n%s: , ' $(seq 100)
		printf 'dollar: , lines: , emoji: , big: , blank: }\n    run: |\n'
		cat <<-'SH' | sed 's/^/      /'
			for i in $(seq 100); do echo "n$i=value $i"; done >>$SLIPWAY_OUTPUT
			{
				echo 'dollar=a$b'; printf 'lines<<E\none\ntwo\nE\n'; echo 'emoji=🚢 done'
				printf 'big='; head -c 10240 /dev/zero | tr '\0' x; echo; echo 'blank= x'
			} >>$SLIPWAY_OUTPUT
		SH
	} | spec
	slipway run
	assert_status 0
	valid
	assert_equal "$(wc -l <"$OUT/outputs.env")" 20
	assert_equal "$(grep -c 'outputs.env' <<<"$stderr")" 1 "warnings about outputs.env"
	assert_stderr 'no place for 85 outputs' outputs.json
	assert_equal "$(jq '.many | length' "$OUT/outputs.json")" 105
	assert_equal "$(jq -r .many.lines "$OUT/outputs.json")" "$(printf 'one\ntwo')"
	assert_equal "$(jq -r '.many.big | length' "$OUT/outputs.json")" 10240
}

@test "reports: values that the dotenv format cannot hold are left out" {
	spec <<-'END'
		stages:
		  - name: odd
		    outputs: {dollar: , lines: , emoji: , plain: }
		    run: |
		      printf 'dollar=a$b\nlines<<E\none\ntwo\nE\nemoji=🚢 done\nplain=x\n' >>$SLIPWAY_OUTPUT
	END
	slipway run
	assert_status 0
	valid
	assert_equal "$(cat "$OUT/outputs.env")" "$(printf 'SLIPWAY_ODD_EMOJI=🚢 done\nSLIPWAY_ODD_PLAIN=x')"
	assert_stderr 'odd.dollar, odd.lines'
}

@test "reports: one image has names of its own, two have those of their stages" {
	registry_start
	printf 'FROM scratch\nCOPY f /\n' | dockerfile
	echo "$RANDOM" >context/f
	spec <<-END
		stages:
		  - name: service
		    build: {context: context, insecure: true, destinations: ["$REGISTRY/app:1", "$REGISTRY/app:2"]}
		  - {name: other, if: "params.two == 'yes'", build: {context: context, no-push: true}}
		params: {two: "no"}
	END
	slipway run --push --print image.digest --print service.tags
	assert_status 0
	valid
	assert_equal "$output" "$(report '.stages[0].outputs.digest'
		echo "$REGISTRY/app:1 $REGISTRY/app:2")"
	assert_equal "$(cut -d= -f1 "$OUT/outputs.env")" \
		"$(printf 'SLIPWAY_IMAGE_%s\n' DIGEST REF TAGS)"
	grep -qx "SLIPWAY_IMAGE_TAGS=$REGISTRY/app:1 $REGISTRY/app:2" "$OUT/outputs.env"
	assert_equal "$(report '.stages[0].images | length')" 2
	[ "$(sed -n 's/^slipway_pushed_bytes //p' "$OUT/metrics.txt")" -gt 0 ]
	slipway run --push --set two=yes
	assert_status 0
	valid
	grep -q '^SLIPWAY_SERVICE_DIGEST=sha256:' "$OUT/outputs.env"
	grep -q '^SLIPWAY_OTHER_DIGEST=sha256:' "$OUT/outputs.env"
	has_not '^SLIPWAY_IMAGE_' "$OUT/outputs.env"
}

@test "reports: --print writes nothing but the value, and says which there are" {
	spec <<-'END'
		stages:
		  - {name: a, outputs: {one: , two: }, run: 'printf "one=1\ntwo<<E\nx\ny\nE\n" >$SLIPWAY_OUTPUT'}
	END
	slipway run --print a.one
	assert_status 0
	assert_equal "$output" 1
	slipway run --print image.digest
	assert_status 2
	assert_stderr '"image.digest"' 'a.one, a.two'
	assert_equal "$output" ""
	slipway run --print a.two
	assert_status 4
	assert_stderr 'several lines'
	slipway run --dry-run --print a.one
	assert_status 2
	spec <<-'END'
		stages: [{name: a, run: exit 9}]
	END
	slipway run --print a.one
	assert_status 1
	assert_equal "$output" ""
}

@test "reports: hits, misses, transfers and layers are in report and metrics" {
	registry_start
	printf 'FROM %s/base/busybox:1\nCOPY f /\nWORKDIR /w\n' "$REGISTRY" | dockerfile
	echo "$RANDOM" >context/f
	spec <<-END
		stages:
		  - name: app
		    build:
		      {context: context, insecure: true, insecure-pull: true, destinations: ["$REGISTRY/hits:1"],
		       cache: {repo: "$REGISTRY/cache", copy-layers: true}}
	END
	slipway run --push
	assert_status 0
	valid
	assert_equal "$(report '[.stages[0].steps[] | .status] | unique | join(",")')" 'done'
	assert_equal "$(report '[.stages[0].steps[] | .reason != null] | all')" true
	assert_equal "$(report '[.stages[0].steps[] | .line] | join(",")')" 2,3
	grep -qx 'slipway_cache_misses 2' "$OUT/metrics.txt"
	slipway run --push
	valid
	grep -qx 'slipway_cache_hits 2' "$OUT/metrics.txt"
	grep -q '<skipped message="cached">' "$OUT/junit/slipway.xml"
}

@test "reports: text from outside is only ever text" {
	need_isolation
	{
		printf 'FROM scratch\nCOPY rootfs /\n'
		printf 'LABEL x="</script><img src=x onerror=alert(1)>"\n'
		printf "RUN echo '</title><script>alert(1)</script> \xe2\x80\xa8 \xe2\x80\xae \"><svg onload=x>'; "
		printf 'printf "\\033[31mred\\033[0m \\001 ]]> \\377\\n"; exit 3\n'
	} | dockerfile
	cat >slipway.yaml <<-'END'
		version: 1
		name: "a</title><script>alert(1)</script>&\"'\u2028"
		stages:
		  - {name: app, build: {context: context, no-push: true}}
		  - {name: other, needs: [], run: 'echo "<b onclick=x>"; : "</pre>"; exit 1'}
	END
	slipway run
	assert_status 1
	valid
	xmllint --noout "$OUT/junit/slipway.xml"
	grep -q '&lt;script&gt;alert(1)' "$OUT/timeline.html"
	has_not '<script' "$OUT/timeline.html"
	[ "$(wc -c <"$OUT/timeline.html")" -lt 40960 ]
}

@test "reports: links that a command leaves in the directory are not followed" {
	spec <<-'END'
		stages:
		  - name: bad
		    run: |
		      for f in report.json junit/slipway.xml outputs.env; do
		        rm .slipway/out/$f; ln -s "$PWD/victim" .slipway/out/$f
		      done
	END
	echo untouched >victim
	slipway run
	assert_status 0
	assert_equal "$(cat victim)" untouched
	valid
}

# usage: await_mark TEXT PID: until the log of the run has it.
await_mark() {
	local _
	for _ in $(seq 500); do
		grep -qs -- "$1" "$T/log" && return 0
		sleep 0.02
	done
	echo "never saw: $1"
	kill -KILL "$2"
	cat "$T/log"
	return 1
}

# usage: end_in_phase SIGNAL MARK STATUS [MARK]: run, wait for the mark in the log, end it, look. At
# the second mark, which comes before, the registry stops to answer.
end_in_phase() {
	rm -rf "$OUT" "$T/log"
	"$SLIPWAY" run --push >"$T/log" 2>&1 3>&- &
	local pid=$!
	if [ -n "${4-}" ]; then
		await_mark "$4" $pid || return 1
		kill -STOP "${REGISTRY_PIDS[0]}"
	fi
	await_mark "$2" $pid || return 1
	kill "-$1" $pid
	wait "$pid" || :
	[ -z "${4-}" ] || kill -CONT "${REGISTRY_PIDS[0]}"
	valid || {
		echo "after $1 at: $2"
		return 1
	}
	assert_equal "$(report .status)" "$3" "status after $1 at: $2"
}

@test "reports: TERM and KILL in every phase leave valid files" {
	need_isolation
	registry_start
	printf 'FROM scratch\nCOPY rootfs /\nRUN echo in-run; test -e /late && sleep 1 || tail -f /dev/null\n' | dockerfile
	ln -s busybox context/rootfs/bin/tail
	ln -s busybox context/rootfs/bin/sleep
	spec <<-END
		stages:
		  - {name: command, if: "params.phase == 'command'", run: echo in-command; exec sleep 60}
		  - {name: app, needs: [], if: "params.phase != 'command'",
		     build: {context: context, insecure: true, destinations: ["$REGISTRY/kill:1"]}}
		params: {phase: command}
	END
	end_in_phase TERM 'pipeline on' cancelled
	end_in_phase KILL 'pipeline on' running
	end_in_phase TERM '| in-command' cancelled
	end_in_phase KILL '| in-command' running
	export SLIPWAY_PARAM_PHASE=build
	end_in_phase TERM '| in-run' cancelled
	assert_equal "$(report '[.stages[].steps // [] | .[] | .status] | last')" cancelled
	end_in_phase KILL '| in-run' running
	touch context/rootfs/late
	end_in_phase TERM '3/3\] done' cancelled '| in-run'
	end_in_phase KILL '3/3\] done' running '| in-run'
}

@test "reports: the timeline opens in a browser, light and dark" {
	need chromium
	printf 'FROM scratch\nCOPY f /\nCOPY missing /\n' | dockerfile
	echo "$RANDOM" >context/f
	spec <<-'END'
		stages:
		  - {name: command, run: echo hello}
		  - {name: app, build: {context: context, no-push: true}}
	END
	slipway run
	[ "$status" -ne 0 ]
	# It writes to a home of its own, and needs no sandbox for a file of ours.
	browse() {
		timeout 60 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
			--user-data-dir="$T/browser" "$@" "file://$PWD/$OUT/timeline.html" 2>"$T/browser.log"
	}
	browse --enable-logging=stderr --dump-dom >"$T/dom"
	grep -q '<h2>app: ' "$T/dom"
	has_not 'CONSOLE|[Rr]efused to' "$T/browser.log"
	browse --window-size=1200,800 --screenshot="$T/light.png" >/dev/null
	browse --window-size=1200,800 --screenshot="$T/dark.png" \
		--blink-settings=preferredColorScheme=0 >/dev/null
	assert_file "$T/light.png"
	assert_file "$T/dark.png"
	run cmp -s "$T/light.png" "$T/dark.png"
	assert_status 1
}
