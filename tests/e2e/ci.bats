#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031 # stderr is set by bats' run; each test is a subshell
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
		(cd "$1" && PATH=$T/work/bin:$PATH exec "$SLIPWAY" plan) >"$T/plan"
		grep -q "echo $sha $2 *\$" "$T/plan" || {
			cat "$T/plan"
			echo "expected for $1: $2"
			return 1
		}
	}
	check origin "branch main v1"
	git_here -C origin pack-refs --all
	check origin "branch main v1"
	check full "branch main v1"
	check shallow "branch main none"
	check detached "tag v1 v1"
	check worktree "branch topic v1"
}

# A context with nothing but a file.
small_context() {
	mkdir -p context
	printf 'FROM scratch\nCOPY file /\n' >context/Dockerfile
	echo text >context/file
}

@test "ci: credentials from the job's variables alone, without HOME" {
	small_context
	registry_start token
	export CI_REGISTRY=$REGISTRY CI_REGISTRY_USER=$REGISTRY_USER CI_REGISTRY_PASSWORD=$REGISTRY_PASSWORD
	unset HOME
	slipway build -c context -d "$REGISTRY/team/app:1"
	assert_status 0
	slipway auth explain "$REGISTRY/team/app"
	assert_status 0
	assert_equal "$output" \
		"$REGISTRY/team/app: user $REGISTRY_USER from CI_REGISTRY_USER and CI_REGISTRY_PASSWORD"
	[[ "$output$stderr" != *"$REGISTRY_PASSWORD"* ]]
	CI_REGISTRY_PASSWORD=wrong slipway build -c context -d "$REGISTRY/team/app:2"
	assert_status 3
	assert_stderr "CI_REGISTRY_USER and CI_REGISTRY_PASSWORD"
}

@test "ci: DOCKER_AUTH_CONFIG, as text or as a file, comes before the job's login" {
	small_context
	registry_start token
	registry_login login
	export CI_REGISTRY=$REGISTRY CI_REGISTRY_USER=nobody CI_REGISTRY_PASSWORD=wrong-password
	unset HOME
	DOCKER_AUTH_CONFIG=$(cat login/config.json) slipway build -c context -d "$REGISTRY/team/app:1"
	assert_status 0
	DOCKER_AUTH_CONFIG=$PWD/login/config.json slipway build -c context -d "$REGISTRY/team/app:2"
	assert_status 0
	DOCKER_AUTH_CONFIG='{"auths":{}}' slipway auth explain "$REGISTRY"
	assert_status 0
	assert_stdout "user nobody from CI_REGISTRY_USER"
	assert_stdout "passed over: DOCKER_AUTH_CONFIG: no entry for $REGISTRY"
}

@test "ci: a read-only file system but for the temporary directory" {
	need_root
	small_context
	registry_start token
	export CI_REGISTRY=$REGISTRY CI_REGISTRY_USER=$REGISTRY_USER CI_REGISTRY_PASSWORD=$REGISTRY_PASSWORD
	unset HOME SLIPWAY_STORE
	run --separate-stderr unshare -m sh -c '
		mount --bind / / && mount -o remount,bind,ro / && cd "$1" || exit 99
		touch /probe-of-a-test 2>/dev/null && exit 98
		shift
		exec "$@"' sh "$PWD" "$SLIPWAY" build -c context -d "$REGISTRY/team/app:1" --cache-dir "$T/store"
	assert_status 0
}

@test "ci: the spec's own login wins; auth explain reads it" {
	small_context
	registry_start token
	printf '%s\n' "$REGISTRY_PASSWORD" >password
	export CI_REGISTRY=$REGISTRY CI_REGISTRY_USER=nobody CI_REGISTRY_PASSWORD=wrong-password
	spec <<-END
		registries:
		  $REGISTRY: {user: $REGISTRY_USER, password: {file: password}}
		stages:
		  - {name: image, build: {context: context, destinations: ["$REGISTRY/team/app:1"]}}
	END
	slipway run --push
	assert_status 0
	slipway auth explain "$REGISTRY/team/app"
	assert_status 0
	assert_equal "$output" "$REGISTRY/team/app: user $REGISTRY_USER from registries.$REGISTRY of the spec"
	sed -i 's/user: .*, password/token/' slipway.yaml
	slipway auth explain "$REGISTRY/team/app"
	assert_equal "$output" "$REGISTRY/team/app: a token from registries.$REGISTRY of the spec"
	slipway run --push
	assert_status 3
	assert_stderr "a token from registries.$REGISTRY"
	sed -i 's/{token: /{user: x, token: /' slipway.yaml
	slipway validate
	assert_status 2
	assert_stdout 'has a token and a user: one of them is enough'
}

@test "ci: a private authority is trusted by each of five ways" {
	small_context
	registry_start basic
	registry_login login
	export DOCKER_CONFIG=$T/work/login
	build() {
		slipway build -c context -d "$REGISTRY/team/app:1"
	}
	build
	assert_status 4
	assert_stderr "$REGISTRY" registries.HOST.ca --registry-certificate SSL_CERT_FILE SSL_CERT_DIR \
		CI_SERVER_TLS_CA_FILE /etc/docker/certs.d/HOST/ca.crt
	CI_SERVER_TLS_CA_FILE=$REGISTRY_CA CI_REGISTRY=$REGISTRY build
	assert_status 0
	CI_SERVER_TLS_CA_FILE=$REGISTRY_CA CI_REGISTRY=other.example.com build
	assert_status 4
	SSL_CERT_FILE=$REGISTRY_CA build
	assert_status 0
	mkdir certs
	cp "$REGISTRY_CA" certs/ca.pem
	SSL_CERT_DIR=$PWD/certs build
	assert_status 0
	spec <<-END
		registries: {"$REGISTRY": {ca: "$REGISTRY_CA"}}
		stages:
		  - {name: image, build: {context: context, destinations: ["$REGISTRY/team/app:1"]}}
	END
	slipway run --push
	assert_status 0
	mkdir -p "$HOME/.config/containers/certs.d/$REGISTRY"
	cp "$REGISTRY_CA" "$HOME/.config/containers/certs.d/$REGISTRY/ca.crt"
	build
	assert_status 0
}

@test "ci: GitLab's dependency proxy is a mirror of Docker Hub, with its login" {
	registry_start token
	local proxy=group/dependency_proxy/containers
	export DOCKER_CONFIG=$T/work/login
	registry_login login
	slipway push "$REGISTRY/base/busybox:1" "$REGISTRY/$proxy/library/busybox:1"
	assert_status 0
	unset DOCKER_CONFIG
	mkdir context
	printf 'FROM busybox:1\nLABEL a=b\n' >context/Dockerfile
	export CI_DEPENDENCY_PROXY_SERVER=$REGISTRY CI_DEPENDENCY_PROXY_USER=$REGISTRY_USER \
		CI_DEPENDENCY_PROXY_PASSWORD=$REGISTRY_PASSWORD \
		CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX=$REGISTRY/$proxy
	GITLAB_CI=true slipway build -c context --no-push --oci-layout-path image \
		--skip-default-registry-fallback
	assert_status 0
	assert_stderr "docker.io/library/busybox comes from $REGISTRY"
	GITLAB_CI=true slipway build -c context --no-push --registry-mirror "$REGISTRY/elsewhere" \
		--skip-default-registry-fallback --cache-dir "$T/empty"
	[ "$status" -ne 0 ]
	assert_stderr "$REGISTRY/elsewhere/library/busybox"
}

@test "ci: tag rules make many references of a destination" {
	registry_start
	small_context
	spec <<-END
		stages:
		  - name: image
		    build:
		      context: context
		      destinations: ["$REGISTRY/app", "$REGISTRY/pinned:1"]
		      tags:
		        - {type: semver, pattern: "{{version}}"}
		        - {type: semver, pattern: "{{major}}.{{minor}}"}
		        - {type: ref}
		        - {type: sha}
		        - {type: raw, value: mainline, enable: "\${{ ci.ref.isDefault }}"}
		      oci-labels: true
		      source-date-epoch: commit
		      labels: {org.opencontainers.image.title: Ours}
		  - {name: say, run: 'echo "image is \${{ stages.image.outputs.image }}"'}
	END
	local sha=1ecfd275763eff1d6b4844ea3168962458c9f27a
	slipway plan --ci-env "$SLIPWAY_SRCDIR/tests/data/ci/gitlab-tag/env"
	assert_status 0
	assert_stdout "to $REGISTRY/app:1.2.3, $REGISTRY/app:1.2, $REGISTRY/app:sha-${sha:0:7}, $REGISTRY/app:latest, $REGISTRY/pinned:1"
	slipway run --push --ci-env "$SLIPWAY_SRCDIR/tests/data/ci/gitlab-tag/env"
	assert_status 2
	assert_stderr "slipway.yaml:14:26" "the time of the commit is not known"
	slipway run --push --ci-env "$SLIPWAY_SRCDIR/tests/data/ci/gitlab-branch/env"
	assert_status 0
	assert_stderr "image is $REGISTRY/app:main"
	assert_equal "$(registry_tags app)" "$(printf 'main\nmainline\nsha-%s' "${sha:0:7}")"
	assert_equal "$(registry_tags pinned)" 1
	registry_fetch app:main "$T/image"
	assert_equal "$(tree raw-config "$T/image" | jq -cS '[.created, .config.Labels]')" \
		"[\"2026-03-04T09:20:30Z\",{\"org.opencontainers.image.created\":\"2026-03-04T09:20:30Z\",\"org.opencontainers.image.revision\":\"$sha\",\"org.opencontainers.image.source\":\"https://gitlab.example.com/team/app\",\"org.opencontainers.image.title\":\"Ours\",\"org.opencontainers.image.url\":\"https://gitlab.example.com/team/app\",\"org.opencontainers.image.version\":\"main\"}]"
	sed -i '/type: ref/d; /type: sha/d; /mainline/d' slipway.yaml
	slipway run --push --ci-env "$SLIPWAY_SRCDIR/tests/data/ci/gitlab-branch/env"
	assert_status 2
	assert_stderr "slipway.yaml:6:22: no rule of \`tags\` applies to this pipeline (branch main)"
}

@test "ci: the umask, times and place of a checkout change neither keys nor digest" {
	need git
	git_here init -q origin
	(
		cd origin
		mkdir -p app/bin
		printf 'FROM scratch\nCOPY . /src\nCOPY app/bin/start /start\n' >Dockerfile
		echo .git >.dockerignore
		echo text >app/file
		echo start >app/bin/start
		chmod +x app/bin/start
		ln -s file app/link
		git_here add .
		git_here commit -qm one
	)
	local mask
	for mask in 0000 0022 0077; do
		mkdir "place$mask"
		(umask "$mask" && git_here clone -q origin "place$mask/clone$mask")
		find "place$mask" -exec touch -h -d "2020-01-0$((1 + mask % 7))" {} +
		slipway build -c "place$mask/clone$mask" -f "place$mask/clone$mask/Dockerfile" --no-push \
			--reproducible --oci-layout-path "$T/$mask" --cache --cache-copy-layers --cache-repo "oci:$T/cache"
		assert_status 0
		[ "$mask" = 0000 ] || assert_stderr "2 cached and 0 built"
	done
	assert_equal "$(cat "$T/0000/index.json")" "$(cat "$T/0022/index.json")"
	assert_equal "$(cat "$T/0077/index.json")" "$(cat "$T/0022/index.json")"
	tree list "$T/0000"
	tree list "$T/0000" | grep -Eq '755 .*src/app/bin/start'
	tree list "$T/0000" | grep -Eq '644 .*src/app/file'
	# As on disk, when asked for.
	slipway build -c place0000/clone0000 --no-push --reproducible --oci-layout-path "$T/keep" --context-modes keep
	assert_status 0
	tree list "$T/keep" | grep -Eq '666 .*src/app/file'
}

@test "ci: modes: what git does not track stays, what was made executable is" {
	need git
	git_here init -q repo
	mkdir repo/sub
	printf 'FROM scratch\nCOPY . /\n' >repo/Dockerfile
	printf '.git\nDockerfile\n.dockerignore\n' >repo/.dockerignore
	echo a >repo/tracked
	echo b >repo/script
	echo c >repo/sub/file
	git_here -C repo add .
	echo d >repo/untracked
	mkdir repo/out
	chmod 0600 repo/tracked repo/untracked
	chmod 0711 repo/script
	chmod 0700 repo/out repo/sub
	slipway build -c repo --no-push --oci-layout-path "$T/image"
	assert_status 0
	assert_equal "$(tree list "$T/image" | awk '{ print $2, $5 }' | sed -E 's/^0+//' | sort -k2)" \
		"$(printf '700 /out\n755 /script\n755 /sub\n644 /sub/file\n644 /tracked\n600 /untracked')" "$(tree list "$T/image")"
	# A context below the top, with file modes that the file system does not keep.
	git_here -C repo config core.fileMode false
	chmod 0777 repo/sub/file
	printf 'FROM scratch\nCOPY . /\n' >Dockerfile
	slipway build -c repo/sub -f Dockerfile --no-push --oci-layout-path "$T/image2"
	assert_status 0
	tree list "$T/image2" | grep -Eq ' 0?644 .* /file '
	slipway build -c repo/out -f Dockerfile --no-push --context-modes git
	assert_status 2
	assert_stderr "git tracks nothing in"
	printf 'DIRCx' >repo/.git/index
	slipway build -c repo/sub -f Dockerfile --no-push
	assert_status 0
	assert_stderr "git's index is broken"
	slipway build -c repo/sub -f Dockerfile --no-push --context-modes=git
	assert_status 4
}

@test "ci: modes: submodules" {
	need git
	git_here init -q lib
	echo a >lib/file
	git_here -C lib add .
	git_here -C lib commit -qm lib
	git_here init -q repo
	git_here -C repo submodule -q add "$PWD/lib" third/lib
	printf 'FROM scratch\nCOPY third /\n' >repo/Dockerfile
	chmod 0666 repo/third/lib/file
	chmod 0777 repo/third/lib
	slipway build -c repo --no-push --oci-layout-path "$T/image"
	assert_status 0
	tree list "$T/image" | grep -Eq ' 0?644 .* /lib/file '
	tree list "$T/image" | grep -Eq ' 0?755 .* /lib$'
}

@test "ci: a stage is stopped before the job's time is over, with reports and status 5" {
	spec <<-'END'
		stages:
		  - {name: long, run: echo begun; sleep 600}
		  - {name: after, run: touch after}
		finally:
		  - {name: tidy, run: touch tidied}
	END
	export GITLAB_CI=true CI_JOB_TIMEOUT=8
	SECONDS=0
	slipway run
	assert_status 5
	[ "$SECONDS" -ge 3 ]
	[ "$SECONDS" -le 7 ]
	assert_stderr "all that the time limit of the CI job leaves"
	[ ! -e after ]
	[ -e tidied ]
	jq -e '.status == "failed" and .exitStatus == 5' .slipway/out/report.json
	grep -q testcase .slipway/out/junit/*.xml
	# The job began before slipway did.
	CI_JOB_STARTED_AT=$(date -u -d '-5 seconds' +%Y-%m-%dT%H:%M:%SZ)
	export CI_JOB_STARTED_AT
	SECONDS=0
	slipway run
	assert_status 5
	[ "$SECONDS" -le 3 ]
}

@test "ci: a command is the kernel's choice where memory runs out" {
	spec <<-'END'
		stages:
		  - {name: score, run: sleep 0.3; cat /proc/self/oom_score_adj >score}
	END
	slipway run
	assert_status 0
	[ "$(cat score)" -ge 500 ]
}

# usage: limit_memory BYTES: sets $GROUP, a control group with that limit, version 1 or 2.
limit_memory() {
	local root=/sys/fs/cgroup file=memory.max
	[ -e "$root/memory/memory.limit_in_bytes" ] && root=$root/memory file=memory.limit_in_bytes
	GROUP=$root/slipway-test-$$
	{ mkdir "$GROUP" && echo "$1" >"$GROUP/$file"; } 2>/dev/null ||
		e2e_skip "no control group for memory can be made here" memory-cgroup
}

@test "ci: memory: a RUN that needs too much is named, with limit, peak and kills" {
	load lib/build
	mkdir context
	need_isolation
	printf 'FROM scratch\nCOPY rootfs /\nRUN dd if=/dev/zero of=/dev/null bs=300M count=1 && true\n' >context/Dockerfile
	ln -s busybox context/rootfs/bin/dd
	limit_memory $((96 << 20))
	run --separate-stderr sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$GROUP" \
		"$SLIPWAY" build -c context --no-push
	local _
	for _ in 1 2 3 4 5 6 7 8 9 10; do rmdir "$GROUP" 2>/dev/null && break || sleep 0.1; done
	assert_status 137
	assert_stderr "Dockerfile:3" "the kernel killed 1 process for want of memory (limit 96 MiB, peak 9" "raise the limit"
}

@test "ci: time, author and title of a commit, loose and packed" {
	need git
	local format
	for format in sha1 sha256; do
		git_here init -q --object-format=$format repo
		echo a >repo/file
		git_here -C repo add file
		GIT_COMMITTER_DATE="1772616030 +0100" git_here -C repo commit -qm "$(printf 'The title\n\nand more')"
		fact_spec ci.commit.time ci.commit.author ci.commit.title
		mv slipway.yaml repo
		(cd repo && "$SLIPWAY" plan) | grep -q '2026-03-04T09:20:30Z Ann <ann@example.com> The title *$'
		git_here -C repo gc -q
		[ "$(find repo/.git/objects -name '*.pack' | wc -l)" -eq 1 ]
		(cd repo && "$SLIPWAY" plan) | grep -q '2026-03-04T09:20:30Z Ann <ann@example.com> The title *$'
		rm -rf repo
	done
}
