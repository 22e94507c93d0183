# shellcheck shell=bash
# Servers of build contexts, and a context that is the same wherever it comes from.
# Loaded after lib/common.
#
#	contexts_start
#
# makes ./context (with a git repository of it in $T/git/repo.git), the archive $T/files/context.tar.gz,
# and starts lib/context_server.py: WEB is its host:port for plain HTTP, TLS the one for https, whose
# certificate is trusted by SSL_CERT_FILE. CONTEXT_LOG has one line per request.
# shellcheck disable=SC2034 # the tests use what is set here

contexts_start() {
	contexts_make
	contexts_certificate
	CONTEXT_LOG=$T/context.log
	: >"$CONTEXT_LOG"
	registry_serve "$T/contexts.err" "$T/contexts.out" python3 "$E2E_LIB/context_server.py" \
		--files "$T/files" --git "$T/git" --cert "$T/contexts.crt" --key "$T/contexts.key" \
		--log "$CONTEXT_LOG" || return 1
	WEB=$SERVED
	TLS=$(sed -n 's/^tls on //p' "$T/contexts.out")
	export SSL_CERT_FILE=$T/contexts.crt AWS_EC2_METADATA_DISABLED=true GCE_METADATA_HOST=127.0.0.1:1
}

contexts_make() {
	umask 022
	mkdir -p context/sub/deep context/app "$T/files" "$T/git"
	printf 'FROM scratch\nCOPY . /data\n' >context/Dockerfile
	cp context/Dockerfile context/app/Dockerfile
	printf 'secret.txt\nignored\n' >context/.dockerignore
	echo secret >context/secret.txt
	echo one >context/sub/one.txt
	echo two >context/sub/deep/two.txt
	echo app >context/app/main
	printf '#!/bin/sh\n' >context/run.sh
	chmod 755 context/run.sh
	ln -s sub/one.txt context/link
	ln -s /etc/passwd context/absolute
	tar -C context -czf "$T/files/context.tar.gz" .
}

contexts_certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 7 -subj /CN=contexts \
		-addext "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:account.blob.core.windows.net,\
DNS:bucket.s3.eu-test-1.amazonaws.com,DNS:sts.eu-test-1.amazonaws.com,\
DNS:storage.googleapis.com,DNS:oauth2.googleapis.com" \
		-keyout "$T/contexts.key" -out "$T/contexts.crt" 2>/dev/null
}

# git without anybody's settings.
contexts_git() {
	GIT_CONFIG_NOSYSTEM=1 git -c user.name=t -c user.email=t@example -c init.defaultBranch=main \
		-c protocol.file.allow=always "$@"
}

# ./context as the branch main of $T/git/repo.git, with a branch and a tag beside it.
contexts_make_repository() {
	contexts_git init -q "$T/git/work"
	cp -a context/. "$T/git/work"
	(cd "$T/git/work" && contexts_git add -A && contexts_git commit -qm first && contexts_git tag v1 &&
		contexts_git checkout -q -b other && echo other >sub/other.txt && contexts_git add -A &&
		contexts_git commit -qm second && contexts_git checkout -q main)
	contexts_git clone -q --bare "$T/git/work" "$T/git/repo.git"
}

# usage: digest_of CONTEXT [FLAG...]: sets DIGEST to what the build gives; it must work. Times of files
# are those of the checkout or archive, so they do not count.
digest_of() {
	local context=$1
	shift
	rm -f "$T/digest"
	slipway build --context "$context" --no-push --reproducible --digest-file "$T/digest" "$@"
	assert_status 0 || return 1
	DIGEST=$(cat "$T/digest")
}

# usage: same_as_directory CONTEXT [FLAG...]: the same image as that of ./context.
same_as_directory() {
	local want
	digest_of context || return 1
	want=$DIGEST
	digest_of "$@" || return 1
	assert_equal "$DIGEST" "$want" "another image than that of the directory"
	want_no_leftovers
}

# usage: context_fails STATUS CONTEXT [FLAG...]: no image, nothing left behind.
context_fails() {
	local want=$1 context=$2
	shift 2
	slipway build --context "$context" --no-push --reproducible "$@"
	assert_status "$want" && want_no_leftovers
}

want_no_leftovers() {
	assert_equal "$(find "$SLIPWAY_STORE/tmp" -mindepth 1 2>/dev/null)" "" "left in the work directory"
}
