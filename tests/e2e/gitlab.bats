#!/usr/bin/env bats
# gitlab/ as its users have it: gitlab-ci-local checks the files against GitLab's schema and runs the
# jobs, with the shell of this machine and in slipway's job image.

load lib/common
load lib/podman

setup() {
	e2e_setup
	need git rsync
	need_npm gitlab-ci-local
	export GIT_CONFIG_GLOBAL=$T/gitconfig
	git config --file "$GIT_CONFIG_GLOBAL" user.name test
	git config --file "$GIT_CONFIG_GLOBAL" user.email test@example.com
	git config --file "$GIT_CONFIG_GLOBAL" safe.directory '*'
	git init -q -b main .
	git remote add origin https://gitlab.example.com/team/app.git
	cp -R "$SLIPWAY_SRCDIR/gitlab/templates" "$SLIPWAY_SRCDIR/gitlab/slipway.yml" .
	mkdir -p "$T/bin"
	ln -s "$SLIPWAY" "$T/bin/slipway"
	PATH=$T/bin:$PATH
}

teardown() {
	e2e_teardown
}

# usage: pipeline <<'END': slipway.yaml.
pipeline() {
	cat >slipway.yaml
}

# usage: gitlab [FLAG...] [JOB...]: runs .gitlab-ci.yml; sets status and output.
gitlab() {
	git add -A
	git commit -q -m state --allow-empty
	run timeout -k 5 200 "$NPM_MODULES/.bin/gitlab-ci-local" --no-color "$@"
}

# The summary says PASS, WARN or FAIL for each job; the exit status alone hides a failure.
assert_job() {
	grep -qE "^ *$1 +$2( |\$)" <<<"$output" && return 0
	echo "job $2 is not $1"
	show_run
	return 1
}

example() {
	sed 's,component: .*/slipway/\(.*\)@1,local: templates/\1.yml,' \
		"$SLIPWAY_SRCDIR/gitlab/examples/$1.gitlab-ci.yml" >.gitlab-ci.yml
}

@test "gitlab: the template is the component" {
	job() {
		sed '1,/^---$/d' "$1" 2>/dev/null | sed -n '/# An exit status/,$p'
	}
	assert_equal "$(job templates/run.yml)" "$(sed -n '/# An exit status/,$p' slipway.yml)"
	[ -n "$(job templates/run.yml)" ]
}

@test "gitlab: component run: artifacts stay, outputs reach the next job, allowed failures warn" {
	pipeline <<-'END'
		version: 1
		name: app
		stages:
		  - name: compile
		    run: |
		      echo program >program
		      echo "word=hello" >>"$SLIPWAY_OUTPUT"
		    outputs: [word]
		  - name: flaky
		    allow-failure: true
		    run: exit 3
	END
	cat >.gitlab-ci.yml <<-'END'
		stages: [build, test]
		include:
		  - local: templates/run.yml
		    inputs: {job-name: pipeline}
		next:
		  stage: test
		  needs: [pipeline]
		  script:
		    - test "$SLIPWAY_COMPILE_WORD" = hello
		    - grep -q testsuite .slipway/out/junit/*.xml
	END
	gitlab --force-shell-executor pipeline next
	assert_status 0
	assert_job WARN pipeline
	assert_job PASS next
	assert_file .gitlab-ci-local/artifacts/pipeline/.slipway/out/report.json
}

@test "gitlab: template: another file, stages and flags, and a failure fails the job" {
	mkdir ci
	cat >ci/other.yaml <<-'END'
		version: 1
		name: app
		params: {code: "0"}
		stages:
		  - name: one
		    run: exit ${{ params.code }}
		  - name: two
		    run: exit 9
	END
	cat >.gitlab-ci.yml <<-'END'
		include: [{local: slipway.yml}]
		good:
		  extends: .slipway
		  variables: {SLIPWAY_CI_FILE: ci/other.yaml, SLIPWAY_CI_STAGES: one}
		bad:
		  extends: .slipway
		  variables: {SLIPWAY_CI_FILE: ci/other.yaml, SLIPWAY_CI_FLAGS: "--set code=7"}
	END
	gitlab --force-shell-executor good
	assert_status 0
	assert_job PASS good
	gitlab --force-shell-executor bad
	assert_job FAIL bad
	# Its own exit status is no help: it is 0 when the job tolerates any code.
	assert_stdout "FAIL 1 "
}

@test "gitlab: component build: pushes to all destinations and hands on the digest" {
	registry_start plain
	printf 'FROM scratch\nCOPY slipway.yml /\n' >Dockerfile
	cat >.gitlab-ci.yml <<-END
		stages: [build, test]
		include:
		  - local: templates/build.yml
		    inputs:
		      destinations: $REGISTRY/team/app:1 $REGISTRY/team/app:latest
		      cache-repo: $REGISTRY/team/cache
		      flags: --insecure --insecure-pull --label=a=b
		next:
		  stage: test
		  needs: [build-image]
		  script:
		    - echo "is \$SLIPWAY_IMAGE_REF \$SLIPWAY_IMAGE_DIGEST"
	END
	gitlab --force-shell-executor build-image next
	assert_status 0
	assert_equal "$(registry_tags team/app | paste -sd ' ')" "1 latest"
	digest=sha256:$(registry_manifest team/app:1 | sha256sum | cut -d ' ' -f 1)
	assert_stdout "is $REGISTRY/team/app@$digest $digest"
}

@test "gitlab: the example for branches runs, and hands on outputs" {
	pipeline <<-'END'
		version: 1
		name: app
		stages:
		  - name: image
		    build: {no-push: true, destinations: ["registry.example.com/app:1"]}
	END
	printf 'FROM scratch\nCOPY slipway.yml /\n' >Dockerfile
	example branch
	gitlab --force-shell-executor
	assert_status 0
	assert_job PASS pipeline
	assert_job PASS smoke-test
}

@test "gitlab: the example for merge requests builds and pushes nothing" {
	registry_start plain
	printf 'FROM scratch\nCOPY slipway.yml /\n' >Dockerfile
	example merge-request
	sed -i 's/--no-push-cache/& --insecure --insecure-pull/' .gitlab-ci.yml
	gitlab --force-shell-executor --variable "CI_PIPELINE_SOURCE=merge_request_event" \
		--variable "CI_REGISTRY_IMAGE=$REGISTRY/team/app" build-image
	assert_status 0
	assert_job PASS build-image
	assert_equal "$(registry_tags team/app)$(registry_tags team/app/cache)" ""
}

@test "gitlab: the example for tags pushes two tags; without a tag there is no job" {
	registry_start plain
	printf 'FROM scratch\nCOPY slipway.yml /\n' >Dockerfile
	example tag
	# The flags are no part of the example: its registry has a certificate.
	sed -i 's/^    inputs:/&\n      flags: --insecure --insecure-pull/' .gitlab-ci.yml
	gitlab --list
	refute=$(grep -c build-image <<<"$output" || :)
	assert_equal "$refute" 0
	git tag 1.2.3
	gitlab --force-shell-executor --variable CI_COMMIT_TAG=1.2.3 \
		--variable "CI_REGISTRY_IMAGE=$REGISTRY/team/app" build-image release
	assert_status 0
	assert_equal "$(registry_tags team/app | paste -sd ' ')" "1.2.3 latest"
	assert_stdout "1.2.3 is $REGISTRY/team/app@sha256:"
}

# gitlab-ci-local copies the files by an image that it calls its helper.
need_helper_image() {
	podman image exists localhost/gitlab-helper:1 && return 0
	local root=$T/helper file
	mkdir -p "$root/bin" "$root/tmp"
	cp "$(command -v busybox)" "$(command -v rsync)" "$(command -v bash)" "$root/bin/"
	for file in sh chmod chown cp mkdir rm tar touch; do
		ln -s busybox "$root/bin/$file"
	done
	ldd "$(command -v rsync)" "$(command -v bash)" | grep -oE '/[^ :]+ \(' | tr -d ' (' | sort -u |
		while read -r file; do
			mkdir -p "$root${file%/*}"
			cp -n "$file" "$root$file"
		done
	tar -C "$root" -cf - . | podman import -q - localhost/gitlab-helper:1
}

@test "gitlab: the component runs in slipway's job image, with nothing about its entrypoint" {
	need_image job
	need_helper_image
	pipeline <<-'END'
		version: 1
		name: app
		stages:
		  - name: one
		    run: echo "user=$(id -u)" >>"$SLIPWAY_OUTPUT"
		    outputs: [user]
		  - name: image
		    build: {no-push: true, oci-layout-path: .slipway/out/image}
	END
	printf 'FROM scratch\nCOPY slipway.yml /\n' >Dockerfile
	cat >.gitlab-ci.yml <<-'END'
		stages: [build, test]
		include:
		  - local: templates/run.yml
		    inputs: {job-name: pipeline, image: "localhost/slipway:job"}
		next:
		  stage: test
		  image: localhost/slipway:job
		  needs: [pipeline]
		  script:
		    - test "$SLIPWAY_ONE_USER" = 0
		    - test -e .slipway/out/image/index.json
	END
	gitlab --container-executable podman --pull-policy if-not-present \
		--helper-image localhost/gitlab-helper:1 pipeline next
	assert_status 0
	assert_job PASS pipeline
	assert_job PASS next
	assert_file .gitlab-ci-local/artifacts/pipeline/.slipway/out/image/index.json
}
