#!/usr/bin/env bats
# Git repositories as build contexts, over git's own http-backend.

load lib/common
load lib/contexts

setup() {
	e2e_setup
	need git
	contexts_start
	contexts_make_repository
	export GIT_PULL_METHOD=http
}

teardown() {
	e2e_teardown
}

@test "git context: every spelling makes the directory's image" {
	same_as_directory "git://$WEB/git/repo"
	same_as_directory "git://$WEB/git/repo.git#main"
	same_as_directory "git://$WEB/git/repo.git#refs/heads/main"
	same_as_directory "http://$WEB/git/repo.git#v1"
	same_as_directory "https://$TLS/git/repo.git"
	same_as_directory "https://$TLS/git/repo.git#$(git -C "$T/git/repo.git" rev-parse main)"
	same_as_directory "git://$WEB/git/repo.git#other#$(git -C "$T/git/repo.git" rev-parse main)"
	same_as_directory "https://$TLS/git/repo.git" --git branch=v1 --git depth=0 --git single-branch=true
}

@test "git context: a branch, and a sub-directory by fragment or flag" {
	digest_of "https://$TLS/git/repo.git"
	local main=$DIGEST
	digest_of "https://$TLS/git/repo.git#other"
	[ "$DIGEST" != "$main" ]
	local other=$DIGEST
	digest_of "https://$TLS/git/repo.git" --git branch=other
	assert_equal "$DIGEST" "$other"
	digest_of context/app
	local app=$DIGEST
	digest_of "https://$TLS/git/repo.git#main:app"
	assert_equal "$DIGEST" "$app"
	digest_of "https://$TLS/git/repo.git#:app"
	assert_equal "$DIGEST" "$app"
	digest_of "https://$TLS/git/repo.git" --context-sub-path app
	assert_equal "$DIGEST" "$app"
	context_fails 2 "https://$TLS/git/repo.git#main:../.."
	assert_stderr "leads out of the context"
}

@test "git context: an umask is no part of the image" {
	digest_of "https://$TLS/git/repo.git"
	local want=$DIGEST
	umask 077
	digest_of "https://$TLS/git/repo.git"
	assert_equal "$DIGEST" "$want"
}

@test "git context: .git stays out unless it is wanted, and holds no login" {
	export GIT_TOKEN=git-token-1234
	slipway build --context "https://$TLS/git/private/repo.git" --no-push --oci-layout-path "$T/image"
	assert_status 0
	assert_equal "$(tree list "$T/image" | grep '/\.git')" ""
	slipway build --context "https://$TLS/git/private/repo.git" --git keep-git-dir=true --no-push \
		--oci-layout-path "$T/kept"
	assert_status 0
	tree cat "$T/kept" data/.git/config >"$T/config"
	grep -q "$TLS" "$T/config"
	assert_equal "$(grep -E "token|Basic|Authorization" "$T/config")" ""
}

@test "git context: logins from everywhere, and masked everywhere" {
	local private=$TLS/git/private/repo.git
	context_fails 3 "https://$private"
	assert_stderr "GIT_TOKEN"
	GIT_TOKEN=git-token-wrong context_fails 3 "https://$private"
	refute_stderr git-token-wrong
	GIT_TOKEN=git-token-1234 same_as_directory "https://$private"
	GIT_USERNAME=builder GIT_PASSWORD=git-password-1234 same_as_directory "https://$private"
	same_as_directory "https://builder:git-password-1234@$private"
	same_as_directory "https://git-token-1234@$private"
	refute_stderr git-token-1234
	same_as_directory "git://git-token-1234@$WEB/git/private/repo.git"
	CI_SERVER_URL=https://$TLS CI_JOB_TOKEN=job-token-1234 same_as_directory "https://$private"
	CI_SERVER_URL=https://gitlab.example CI_JOB_TOKEN=job-token-1234 context_fails 3 "https://$private"
	context_fails 4 "https://hidden-user:hidden-password@$TLS/git/missing.git"
	refute_stderr hidden-
}

@test "git context: a login never stands in arguments of programs" {
	mkdir bin
	cat >bin/git <<-END
		#!/bin/sh
		echo "\$*" >>$T/arguments
		PATH=\${PATH#*:}
		exec git "\$@"
	END
	chmod 755 bin/git
	PATH=$PWD/bin:$PATH GIT_TOKEN=git-token-1234 same_as_directory "https://$TLS/git/private/repo.git"
	assert_file "$T/arguments"
	assert_equal "$(grep -E "token-1234|Basic|$(printf 'x-access-token:git-token-1234' | base64)" \
		"$T/arguments")" ""
}

@test "git context: what is not there is named" {
	context_fails 4 "https://$TLS/git/missing.git"
	assert_stderr "https://$TLS/git/missing.git"
	context_fails 4 "https://$TLS/git/repo.git#missing"
	assert_stderr 'no branch and no tag "missing"'
	context_fails 4 "https://$TLS/git/repo.git#0123456789012345678901234567890123456789"
	assert_stderr "0123456789012345678901234567890123456789"
	context_fails 2 "https://$TLS/git/repo.git#--upload-pack=touch"
	context_fails 2 "ssh://-oProxyCommand=touch/x"
	context_fails 2 "https://$TLS/git/repo.git" --git brunch=x
	assert_stderr "did you mean branch"
	run --separate-stderr "$(command -v env)" PATH=/nonexistent "$SLIPWAY" build --no-push \
		--context "https://$TLS/git/repo.git"
	assert_status 2
	assert_stderr "needs the program git"
}

@test "git context: certificates are checked unless told otherwise" {
	unset SSL_CERT_FILE
	slipway build --context "https://$TLS/git/repo.git" --no-push
	[ "$status" -ne 0 ]
	same_as_directory "https://$TLS/git/repo.git" --git insecure-skip-tls=true
}

@test "git context: submodules, with no .git of theirs, and no local files" {
	contexts_git init -q "$T/git/lib"
	(cd "$T/git/lib" && echo lib >lib.txt && contexts_git add -A && contexts_git commit -qm lib)
	contexts_git clone -q --bare "$T/git/lib" "$T/git/lib.git"
	(cd "$T/git/work" && contexts_git checkout -q -b modules &&
		contexts_git submodule --quiet add "$T/git/lib.git" vendor &&
		contexts_git config -f .gitmodules submodule.vendor.url ../lib.git && contexts_git add -A &&
		contexts_git commit -qm modules && contexts_git push -q "$T/git/repo.git" modules)
	slipway build --context "https://$TLS/git/repo.git#modules" --git recurse-submodules=true --no-push \
		--oci-layout-path "$T/image"
	assert_status 0
	assert_equal "$(tree cat "$T/image" data/vendor/lib.txt)" lib
	assert_equal "$(tree list "$T/image" | grep -E '/\.git( |$)')" ""
	(cd "$T/git/work" && contexts_git config -f .gitmodules submodule.vendor.url "$T/git/lib.git" &&
		contexts_git add -A && contexts_git commit -qm evil &&
		contexts_git push -q "$T/git/repo.git" modules)
	slipway build --context "https://$TLS/git/repo.git#modules" --git recurse-submodules=true --no-push
	[ "$status" -ne 0 ]
	assert_stderr "submodules" "not allowed"
}

@test "git context: hooks, settings and filters of others do not run" {
	mkdir -p "$HOME/hooks" "$HOME/template/hooks"
	local hook
	for hook in post-checkout reference-transaction; do
		printf '#!/bin/sh\ntouch "%s/hook-ran"\n' "$T" | tee "$HOME/hooks/$hook" \
			>"$HOME/template/hooks/$hook"
		chmod 755 "$HOME/hooks/$hook" "$HOME/template/hooks/$hook"
	done
	printf '[core]\n\thooksPath = %s/hooks\n[init]\n\ttemplateDir = %s/template\n[filter "x"]\n\tsmudge = touch %s/hook-ran; cat\n' \
		"$HOME" "$HOME" "$T" >"$HOME/.gitconfig"
	(cd "$T/git/work" && printf '* filter=x\n' >.gitattributes && contexts_git add -A &&
		contexts_git commit -qm filter && contexts_git push -q "$T/git/repo.git" main)
	rm -f "$T/hook-ran"
	GIT_TEMPLATE_DIR=$HOME/template GIT_DIR=/nowhere digest_of "https://$TLS/git/repo.git"
	[ ! -e "$T/hook-ran" ]
}

@test "git context: a login is not taken along to where a redirect leads" {
	same_as_directory "https://$TLS/moved/repo.git"
	grep -q "^https localhost" "$CONTEXT_LOG"
	: >"$CONTEXT_LOG"
	GIT_TOKEN=git-token-1234 context_fails 2 "https://$TLS/moved/repo.git"
	assert_stderr "the repository is elsewhere"
	assert_equal "$(grep "^https localhost" "$CONTEXT_LOG")" ""
}
