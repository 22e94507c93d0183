#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# The log as those read it who show it: GitLab (lib/gitlab_log.py, by its rules), Jenkins, a file, a
# program. Tests called OUT-nn show that output of users' commands stays output.

load lib/common
load lib/build

setup() {
	e2e_setup
	mkdir context
	unset NO_COLOR FORCE_COLOR CLICOLOR_FORCE SLIPWAY_UI
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

# usage: log_of COMMAND...: the program's log, byte by byte, in $T/log; sets $status.
# shellcheck disable=SC2034 # assert_status and the like read what is set here
log_of() {
	status=0
	timeout -k 5 120 "$SLIPWAY" "$@" 2>"$T/log" >/dev/null || status=$?
	stderr=$(tr -d '\0' <"$T/log")
	output=
	BATS_RUN_COMMAND="slipway $*"
}

gitlab_log() {
	python3 "$E2E_LIB/gitlab_log.py" "$1" "$T/log"
}

# usage: see TEXT: GitLab shows it outside of all sections.
seen_outside() {
	gitlab_log outside | grep -qF -- "$1" && return 0
	echo "not outside of sections: $1"
	gitlab_log outside
	return 1
}

@test "console: gitlab's sections close, also after a failure, and the failure is outside of them" {
	spec <<-'END'
		stages:
		  - {name: good, run: echo fine}
		  - name: bad
		    run: |
		      echo the reason
		      exit 7
	END
	GITLAB_CI=true log_of run
	assert_status 1
	gitlab_log check
	assert_equal "$(gitlab_log sections | sed -E 's/-[0-9]+-[0-9a-f]{8}$//')" \
		"$(printf '0 open slip-good\n0 open slip-bad')"
	seen_outside 'bad | the reason'
	seen_outside 'failed at slipway.yaml:4: echo the reason'
	seen_outside 'exit status 7'
	seen_outside .slipway/out/logs/bad.log
	# No absolute times: GitLab writes them itself.
	run ! grep -qE '[0-9]{4}-[0-9]{2}-[0-9]{2}T' "$T/log"
}

@test "console: gitlab folds quiet phases of a build and opens RUN" {
	need_isolation
	printf 'FROM scratch\nCOPY rootfs /\nRUN echo inside\nRUN echo sorry; exit 3\n' | dockerfile
	GITLAB_CI=true log_of build --context context --no-push
	assert_status 3
	gitlab_log check
	assert_equal "$(gitlab_log sections | sed -E 's/-[0-9]+-[0-9a-f]{8}$//')" \
		"$(printf '0 collapsed slip-build\n0 open slip-build\n0 open slip-build')"
	seen_outside '| sorry'
	seen_outside 'failed at context/Dockerfile:4: RUN echo sorry; exit 3'
}

@test "console: sections close when a signal ends the job" {
	spec <<-'END'
		stages:
		  - {name: slow, run: "trap '' TERM; echo begun; touch begun; sleep 60"}
	END
	local signals pid
	for signals in 1 2; do
		rm -f begun
		GITLAB_CI=true "$SLIPWAY" run 2>"$T/log" &
		pid=$!
		wait_for begun
		kill -TERM $pid
		[ $signals -eq 1 ] || { sleep 0.3 && kill -TERM $pid; }
		status=0
		wait $pid || status=$?
		assert_status 143
		gitlab_log check
		assert_equal "$(gitlab_log sections | wc -l)" 1
	done
}

# usage: wait_for FILE
wait_for() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ -e "$1" ] && return 0
		sleep 0.05
	done
	echo "there is no $1"
	return 1
}

@test "console: stages that run at once do not mix, in any console" {
	spec <<-'END'
		stages:
		  - {name: a, needs: [], run: "for i in 1 2 3 4 5 6 7 8; do echo a$i; sleep 0.05; done"}
		  - {name: b, needs: [], run: "for i in 1 2 3 4 5 6 7 8; do echo b$i; sleep 0.05; done; exit 1"}
	END
	local ui
	for ui in gitlab jenkins plain; do
		log_of run --jobs 2 --ui $ui
		assert_status 1
		[ $ui != gitlab ] || gitlab_log check
		# The last lines of b come twice, after its own.
		assert_equal "$(grep -oE '\| [ab][0-9]' "$T/log" | cut -c3 | uniq | tr -d '\n')" ab
	done
}

@test "console: neither jenkins nor plain have an escape sequence or a CR" {
	spec <<-'END'
		stages:
		  - {name: one, run: "printf '\\033[31mred\\033[0m\\033[2J 10%%\\r20%%\\r\\n'"}
	END
	local ui
	for ui in jenkins plain; do
		log_of run --ui $ui
		assert_status 0
		run ! grep -qP '[\x1b\r]' "$T/log"
		assert_stderr 'one |  20%' || assert_stderr 'one | 20%'
	done
	log_of run --ui jenkins
	assert_stderr '===== one ====='
	FORCE_COLOR=1 log_of run --ui jenkins
	grep -qP '\x1b\[32m' "$T/log"
}

@test "console: who reads the log is known from the environment" {
	spec <<-'END'
		stages: [{name: one, run: "true"}]
	END
	GITLAB_CI=true log_of run
	grep -q section_start "$T/log"
	GITLAB_CI=true NO_COLOR=1 log_of run
	gitlab_log check
	run ! grep -qP '\x1b\[[0-9]*m' "$T/log"
	BUILD_TAG=jenkins-job-1 log_of run
	assert_stderr =====
	SLIPWAY_UI=json log_of run
	jq -e . "$T/log" >/dev/null
	SLIPWAY_UI=json log_of run --ui plain
	run ! jq -e . "$T/log" >/dev/null
	log_of run --log-format json
	jq -e . "$T/log" >/dev/null
	log_of run --ui xml
	assert_status 2
	assert_stderr xml gitlab jenkins tty plain json
}

@test "console: a terminal gets colours, and nothing is left behind" {
	need script
	spec <<-'END'
		stages: [{name: one, run: "echo said"}]
	END
	TERM=xterm script -qec "$SLIPWAY run" /dev/null >"$T/log" 2>&1
	grep -qP '\x1b\[32msuccess' "$T/log"
	# Colours only: no cursor movement, no mode that would have to be switched off.
	run ! grep -qP '\x1b(?!\[[0-9;]*m)' "$T/log"
	TERM=dumb script -qec "$SLIPWAY run" /dev/null >"$T/log" 2>&1
	run ! grep -qP '\x1b' "$T/log"
}

@test "console: json is an object a line, with names that no runner takes for its own" {
	spec <<-'END'
		stages:
		  - {name: one, run: "echo '{\"script\":\"x\",\"command_exit_code\":0}'; exit 1"}
	END
	log_of run --ui json
	assert_status 1
	assert_equal "$(jq -r 'keys_unsorted[]' "$T/log" | sort -u | tr '\n' ' ')" \
		"event fields level msg output scope time "
	assert_equal "$(jq -r 'select(.output) | .msg' "$T/log")" '{"script":"x","command_exit_code":0}'
}

@test "console: the first screen says what will happen, the last one what did" {
	registry_start
	printf 'FROM scratch\nCOPY file /\n' | dockerfile
	head -c 100000 /dev/zero >context/file
	spec <<-END
		name: app
		stages:
		  - {name: test, run: echo tested}
		  - {name: image, build: {context: context, destinations: ["$REGISTRY/app:1"], cache: {repo: $REGISTRY/cache, copy-layers: true}}}
		  - {name: later, if: "1 == 2", run: echo}
	END
	log_of run --push --ui plain
	assert_status 0
	local first
	first=$(head -n 15 "$T/log")
	local text
	for text in 'pipeline app' 'will run: echo tested' "will build: Dockerfile to $REGISTRY/app:1" \
		"linux/" "destination $REGISTRY/app:1" "cache $REGISTRY/cache" credentials \
		'context context: 97.7 KiB'; do
		[[ "$first" == *"$text"* ]] || {
			echo "not in the first lines: $text"
			echo "$first"
			return 1
		}
	done
	tail -n 8 "$T/log" >"$T/last"
	grep -qE '  success +[0-9.]+s +test$' "$T/last"
	grep -qE '  success +[0-9.]+s +image$' "$T/last"
	grep -qE '  skipped .* later: ' "$T/last"
	grep -qE "  pushed $REGISTRY/app:1@sha256:[0-9a-f]{64}$" "$T/last"
	grep -qE '  0 of 1 instructions cached; .* pulled, .* pushed$' "$T/last"
	grep -qF '  logs and reports: .slipway/out' "$T/last"
	grep -qE 'pipeline success: 2 succeeded, 1 skipped in' <(tail -n 1 "$T/log")
}

# usage: longest_gap: seconds between two lines on standard input, at most.
longest_gap() {
	python3 -c '
import sys, time
gap, last = 0, None
for line in sys.stdin.buffer:
    now = time.monotonic()
    gap = max(gap, now - last if last else 0)
    last = now
print(int(gap * 1000))'
}

@test "console: something is said while a command is silent, or says what is not shown" {
	need_isolation
	export SLIPWAY_TEST_ALIVE=0.3
	printf 'FROM scratch\nCOPY rootfs /\nRUN busybox sleep 3\n' | dockerfile
	spec <<-'END'
		stages:
		  - {name: silent, run: sleep 3}
		  - {name: bar, run: "for i in 1 2 3 4 5 6 7 8 9; do printf \"$i%%\\r\"; sleep 0.3; done"}
		  - {name: cut, run: "for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.3; done"}
	END
	local gap
	gap=$("$SLIPWAY" run --ui gitlab --log-limit 10 2>&1 >/dev/null | tee "$T/log" | longest_gap)
	[ "$gap" -lt 1200 ] || { echo "silent for $gap ms" && cat "$T/log" && return 1; }
	grep -q 'still running after' "$T/log"
	gap=$("$SLIPWAY" build --context context --no-push --ui gitlab 2>&1 >/dev/null |
		tee "$T/log" | longest_gap)
	[ "$gap" -lt 1200 ] || { echo "silent for $gap ms" && cat "$T/log" && return 1; }
	grep -q 'still at it after .*: RUN busybox sleep 3' "$T/log"
}

@test "console: 50 MB of output are less than 2 MB of log, the whole is in its file" {
	spec <<-'END'
		stages:
		  - name: noisy
		    run: |
		      yes 'a line of output that is repeated without an end, to fill the log' | head -n 735000
		      echo the last words
		      exit 1
	END
	GITLAB_CI=true log_of run
	assert_status 1
	gitlab_log check
	[ "$(stat -c %s "$T/log")" -lt 2000000 ]
	[ "$(stat -c %s "$T/log")" -gt 1000000 ]
	assert_equal "$(grep -c -- --log-limit "$T/log")" 1
	seen_outside 'noisy | the last words'
	seen_outside 'pipeline failed'
	[ "$(stat -c %s .slipway/out/logs/noisy.log)" -gt 50000000 ]
	log_of run --log-limit 100K --ui plain
	[ "$(stat -c %s "$T/log")" -lt 130000 ]
	log_of run --log-limit 0 --ui plain
	[ "$(stat -c %s "$T/log")" -gt 50000000 ]
}

@test "OUT-01: nothing that a command prints moves a cursor, sets a title or has no end" {
	need_isolation
	printf 'FROM scratch\nCOPY rootfs /\nCOPY hostile.sh /\nRUN sh /hostile.sh\n' | dockerfile
	cat >context/hostile.sh <<-'END'
		printf 'title \033]0;owned\007|\033]52;c;aGk=\007|\033Pq\033\\|\033_x\033\\\n'
		printf 'moves \033[2J\033[1A\033[?1049h|\n'
		printf 'c1 \302\233 31m bidi \342\200\256 end\n'
		printf 'nul \000 bell \007 raw \377\n'
		printf 'ends not \033]0;hidden?\n'
		head -c 300000 /dev/zero | tr '\0' x
	END
	local ui
	for ui in gitlab jenkins plain tty; do
		log_of build --context context --no-push --ui $ui
		assert_status 0
		python3 - "$T/log" <<-'END'
			import re, sys
			log = open(sys.argv[1], "rb").read()
			log.decode()  # UTF-8
			log = re.sub(rb"\x1b\[0Ksection_(start|end):\d+:[^\r]*\r\x1b\[0K", b"", log)
			rest = re.sub(rb"\x1b\[[0-9;:]*m", b"", log)
			assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", rest), re.search(rb".*[\x00-\x08\x0b-\x1f\x7f].*", rest)
			assert "\u202e" not in rest.decode() and "\x9b" not in rest.decode()
			assert b"| title |||" in rest and b"| moves |" in rest
			assert rb"c1 \x9b 31m bidi \u202e end" in rest
			assert rb"raw \xff" in rest and rb"\x1b]0;hidden?" in rest
			assert b"[line cut]" in rest
			assert max(map(len, log.split(b"\n"))) < 8192
		END
	done
}

@test "OUT-02: a command neither ends nor begins a GitLab section" {
	spec <<-'END'
		stages:
		  - name: hostile
		    run: |
		      printf '\033[0Ksection_end:0:slip-hostile-1\r\033[0K\n'
		      printf '\033[0Ksection_start:0:fake[collapsed=true]\r\033[0Kgreen\n'
		      printf 'text section_\033[Kstart:1:x\r\033[0K\n'
		      printf '2026-11-21T10:00:00.000000Z 00O+faked\n'
		      exit 1
	END
	GITLAB_CI=true log_of run
	assert_status 1
	gitlab_log check
	assert_equal "$(gitlab_log sections | wc -l)" 1
	run ! grep -qE 'section_(start|end):[0-9]+:(fake|x)' "$T/log"
	# A name that cannot be guessed.
	local name other
	name=$(gitlab_log sections)
	GITLAB_CI=true log_of run
	other=$(gitlab_log sections)
	[ "$name" != "$other" ]
}

@test "OUT-03: no line of a command is a command for the CI system" {
	need_isolation
	cat >context/hostile.sh <<-'END'
		echo '{"command_exit_code":0,"script":"x"}'
		echo '::set-output name=x::y'
		printf 'x\r::add-mask::x\n'
		printf '##vso[task.com'
		printf 'plete result=Succeeded]\n'
		echo "##teamcity[buildStatus status='SUCCESS']"
	END
	printf 'FROM scratch\nCOPY rootfs /\nCOPY hostile.sh /\nRUN sh /hostile.sh\nRUN false\n' |
		dockerfile
	local ui
	for ui in gitlab jenkins plain json; do
		log_of build --context context --no-push --ui $ui
		assert_status 1
		run ! grep -qE '^(::|##|\{"(command|script))' "$T/log"
		assert_stderr command_exit_code '::set-output' '##vso[task.complete' '##teamcity'
		[ $ui != gitlab ] || gitlab_log check
	done
}

@test "OUT-04: a secret is masked in every form, and however the log cuts its lines" {
	# Each line of it and the whole are secret.
	export TOKEN_VALUE=$'first+line/of=it\nsecond "line" of it'
	spec <<-'END'
		secrets: {token: {env: TOKEN_VALUE}}
		stages:
		  - name: leak
		    secrets: [token]
		    run: |
		      python3 - <<'EOF'
		      import base64, json, os, sys, urllib.parse
		      token = os.environ["token"]
		      first = token.split("\n")[0]
		      print(token)
		      for shift in range(3):
		          print(base64.b64encode(b"x" * shift + token.encode()).decode())
		      print(urllib.parse.quote(token, safe=""), json.dumps(token), token.encode().hex())
		      print("\x1b[31m".join(first), "\x1b]0;t\x07".join(first))
		      for at in range(3900, 4100, 7):
		          print("." * at + first + "." * 5000)
		      print("." * (16384 - 5) + first + ".")
		      sys.stdout.flush()
		      EOF
		      exit 1
	END
	local ui
	for ui in gitlab jenkins plain json; do
		log_of run --ui $ui
		assert_status 1
		python3 - "$T/log" .slipway/out/logs/leak.log .slipway/out/report.json .slipway/out/junit/*.xml <<-'END'
			import base64, json, os, re, sys, urllib.parse
			token = os.environ["TOKEN_VALUE"]
			forms = token.split("\n") + [urllib.parse.quote(token, safe=""), token.encode().hex()]
			forms += [json.dumps(token)[1:-1]]
			forms += [base64.b64encode(b"x" * s + token.encode()).decode()[4:-4] for s in range(3)]
			for path in sys.argv[1:]:
			    log = re.sub(r"\x1b\[[0-9;]*m", "", open(path).read())
			    for form in forms:
			        # No part of it either, at either end of a line.
			        for part in (form, form[:len(form) * 2 // 3], form[len(form) // 3:]):
			            assert part not in log, (path, part)
			        assert "MASKED" in log
		END
	done
}

@test "OUT-05: reports and logs go where they should, whatever a command puts in their place" {
	echo mine >"$T/victim"
	spec <<-END
		stages:
		  - name: links
		    run: |
		      for f in report.json outputs.env logs/next.log junit/slipway.xml metrics.txt; do
		        rm -f .slipway/out/\$f
		        ln -s "$T/victim" .slipway/out/\$f
		      done
		      printf 'bad \\033[0m \\001 <x>\\n'
		  - {name: next, run: "echo said; exit 1"}
	END
	log_of run
	assert_status 1
	assert_equal "$(cat "$T/victim")" mine
	grep -q said .slipway/out/logs/next.log
	[ ! -L .slipway/out/logs/next.log ]
	jq -e . .slipway/out/report.json >/dev/null
	python3 -c 'import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])' .slipway/out/junit/slipway.xml
}
