#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# What a CI system tells, and what follows from it: facts, credentials, tags, modes, time.

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

# usage: fact_spec EXPRESSION...: a pipeline whose plan shows them.
fact_spec() {
	local text
	printf -v text '${{ %s }} ' "$@"
	printf 'version: 1\nstages:\n  - {name: facts, run: "echo %s"}\n' "$text" >slipway.yaml
}

git_here() {
	git -c init.defaultBranch=main -c user.name=Ann -c user.email=ann@example.com \
		-c protocol.file.allow=always -c advice.detachedHead=false "$@"
}

@test "ci: plan shows what a captured job would have seen" {
	fact_spec ci.provider ci.ref.type ci.ref.slug ci.project.path "ci.tag | default('none')"
	slipway plan --ci-env "$SLIPWAY_SRCDIR/tests/data/ci/gitlab-tag/env"
	assert_status 0
	assert_stdout "echo gitlab tag v1-2-3 team/app v1.2.3"
	slipway plan --ci-env "$SLIPWAY_SRCDIR/tests/data/ci/jenkins-change/env"
	assert_status 0
	assert_stdout "echo jenkins change fix-it team/app none"
	slipway run --dry-run --ci-env "$SLIPWAY_SRCDIR/tests/data/ci/gitlab-merge-request/env"
	assert_status 0
	assert_stdout "echo gitlab change feature-faster-pulls team/app none"
	printf 'A=1\nno assignment\n' >capture
	slipway plan --ci-env capture
	assert_status 2
	assert_stderr "capture:2: no NAME=VALUE"
}

@test "ci: a replayed job pushes nothing, a real one does" {
	registry_start
	mkdir context
	printf 'FROM scratch\nCOPY file /\n' >context/Dockerfile
	echo text >context/file
	spec <<-END
		stages:
		  - {name: image, build: {context: context, destinations: ["$REGISTRY/app:1"]}}
	END
	printf 'GITLAB_CI=true\nCI_JOB_TIMEOUT=1\nCI_JOB_STARTED_AT=2020-01-01T00:00:00Z\n' >capture
	slipway run --ci-env capture
	assert_status 0
	assert_stderr "not pushed"
	assert_equal "$(registry_tags app)" ""
	GITLAB_CI=false CI=true slipway run
	assert_status 0
	assert_equal "$(registry_tags app)" "" "a program that plays GitLab is a laptop"
	CI=true slipway run
	assert_status 0
	assert_equal "$(registry_tags app)" "1"
}

@test "ci: commit and branch come from .git in every shape, without git" {
	need git
	git_here init -q origin
	echo one >origin/file
	git_here -C origin add file
	git_here -C origin commit -qm one
	echo two >origin/file
	git_here -C origin commit -qam two
	git_here -C origin tag -a v1 -m v1
	local sha
	sha=$(git -C origin rev-parse HEAD)
	git_here clone -q "file://$PWD/origin" full
	git_here -C full gc -q
	git_here clone -q --depth 1 "file://$PWD/origin" shallow
	git_here clone -q "file://$PWD/origin" detached
	git_here -C detached checkout -q "$sha"
	git_here -C full worktree add -q -b topic ../worktree
	fact_spec "ci.commit.sha" "ci.ref.type" "ci.ref.name | default('none')" "ci.tag | default('none')"
	mkdir bin
	printf '#!/bin/sh\nexit 99\n' >bin/git
	chmod +x bin/git
	check() {
		cp slipway.yaml "$1"
		(cd "$1" && PATH=$T/work/bin:$PATH "$SLIPWAY" plan) >plan
		grep -q "echo $sha $2 *\$" plan || {
			cat plan
			echo "expected for $1: $2"
			return 1
		}
	}
	git_here -C origin pack-refs --all
	check origin "branch main v1"
	check full "branch main v1"
	check shallow "branch main none"
	check detached "tag v1 v1"
	check worktree "branch topic v1"
}
