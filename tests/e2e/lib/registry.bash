# shellcheck shell=bash
# Real registries on loopback: Debian's docker-registry on a port of its own choice, with the base
# images of lib/images.bash already in its storage.
#
#	registry_start [plain|basic|token]
#
# sets REGISTRY (host:port), REGISTRY_DIR (its storage is $REGISTRY_DIR/storage), REGISTRY_LOG (one
# line per request), REGISTRY_CA (basic: its certificate). basic is TLS with a password, token is
# plain HTTP with a token server; both know REGISTRY_USER with REGISTRY_PASSWORD.
# shellcheck disable=SC2034 # the tests use what is set here

REGISTRY_USER=testuser
REGISTRY_PASSWORD='correct horse: battery'
REGISTRY_PIDS=()

registry_start() {
	local flavour=${1:-plain}
	REGISTRY_DIR=$(mktemp -d "$T/registry.XXXXXX")
	REGISTRY_LOG=$REGISTRY_DIR/access.log
	REGISTRY_CA=
	mkdir -p "$REGISTRY_DIR/storage"
	[ ! -d "$E2E_TEMPLATE" ] || cp -a "$E2E_TEMPLATE/." "$REGISTRY_DIR/storage"
	registry_config "$flavour" >"$REGISTRY_DIR/config.yml" || return 1
	registry_serve "$REGISTRY_DIR/serve.log" "$REGISTRY_LOG" \
		docker-registry serve "$REGISTRY_DIR/config.yml" || return 1
	REGISTRY=$SERVED
}

# usage: registry_serve LOG STDOUT COMMAND...: starts a server, waits for its port, sets SERVED.
registry_serve() {
	local log=$1 out=$2
	shift 2
	registry_detach "$@" 2>>"$log" >>"$out" &
	REGISTRY_PIDS+=($!)
	local _
	for _ in $(seq 500); do
		SERVED=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$log" "$out" | head -n 1)
		[ -z "$SERVED" ] || return 0
		sleep 0.02
	done
	echo "$1 did not start:"
	tail -n 20 "$log"
	return 1
}

# A server that kept one of bats' own descriptors would keep bats waiting for its end.
registry_detach() {
	local fd
	for fd in "/proc/$BASHPID/fd"/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
	exec "$@"
}

registry_config() {
	cat <<-END
		version: 0.1
		log: {level: info, formatter: text}
		storage:
		  filesystem: {rootdirectory: $REGISTRY_DIR/storage}
		  delete: {enabled: true}
		  maintenance: {uploadpurging: {enabled: false}}
		http:
		  addr: 127.0.0.1:0
		  secret: not-a-secret
	END
	case $1 in
	basic)
		REGISTRY_CA=$E2E_STATE/registry.crt
		cat <<-END
			  tls: {certificate: $E2E_STATE/registry.crt, key: $E2E_STATE/registry.key}
			auth: {htpasswd: {realm: slipway-test, path: $REGISTRY_DIR/htpasswd}}
		END
		registry_htpasswd >"$REGISTRY_DIR/htpasswd"
		;;
	token)
		registry_serve "$REGISTRY_DIR/token-server.log" "$REGISTRY_DIR/token-server.out" \
			python3 "$E2E_LIB/token_server.py" --key "$E2E_STATE/registry.key" \
			--cert "$E2E_STATE/registry.crt" --user "$REGISTRY_USER:$REGISTRY_PASSWORD" \
			--log "$REGISTRY_DIR/token.log" || return 1
		cat <<-END
			auth:
			  token:
			    realm: http://$SERVED/token
			    service: slipway-test-registry
			    issuer: slipway-test-issuer
			    rootcertbundle: $E2E_STATE/registry.crt
		END
		;;
	esac
}

# The registry takes bcrypt only; perl's crypt knows it wherever the C library does.
registry_htpasswd() {
	REGISTRY_PASSWORD=$REGISTRY_PASSWORD perl -e '
		my $hash = crypt($ENV{REGISTRY_PASSWORD}, q($2y$05$slipwayslipwayslipwayu));
		print "$ARGV[0]:$hash\n"' "$REGISTRY_USER"
}

registry_stop_all() {
	local pid
	for pid in "${REGISTRY_PIDS[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	REGISTRY_PIDS=()
}

# One key and certificate serve all registries of a run: for TLS and for signing tokens.
registry_make_certificate() {
	openssl req -quiet -x509 -newkey rsa:2048 -nodes -days 7 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1,DNS:localhost \
		-keyout "$1/registry.key" -out "$1/registry.crt" 2>/dev/null ||
		openssl req -x509 -newkey rsa:2048 -nodes -days 7 -subj /CN=127.0.0.1 \
			-addext subjectAltName=IP:127.0.0.1,DNS:localhost \
			-keyout "$1/registry.key" -out "$1/registry.crt" 2>/dev/null
}

# usage: registry_login DIR [PASSWORD]: a docker config.json for $REGISTRY in DIR.
registry_login() {
	mkdir -p "$1"
	printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$REGISTRY" \
		"$(printf '%s' "$REGISTRY_USER:${2-$REGISTRY_PASSWORD}" | base64 -w 0)" >"$1/config.json"
}

# The requests so far, one "METHOD PATH STATUS" per line.
registry_requests() {
	sed -E 's/.*"([A-Z]+) ([^ "]*) HTTP[^"]*" ([0-9]+) .*/\1 \2 \3/' "$REGISTRY_LOG"
}

registry_forget_requests() {
	: >"$REGISTRY_LOG"
}

# Downloads of blobs that are compressed layers; configurations are JSON and do not count.
registry_layer_downloads() {
	local digest
	registry_requests | sed -nE 's/^GET .*\/blobs\/sha256:([0-9a-f]{64}) (200|206)$/\1/p' |
		while read -r digest; do
			[ "$(head -c 1 "$(registry_blob "$digest")")" = "{" ] || echo "$digest"
		done
}

# Uploads of blobs that are compressed layers. A blob that was mounted has no upload.
registry_layer_uploads() {
	local digest
	registry_requests |
		sed -nE 's/^PUT .*\/blobs\/uploads\/.*digest=sha256(:|%3A)([0-9a-f]{64}).* 201$/\2/p' |
		while read -r digest; do
			[ "$(head -c 1 "$(registry_blob "$digest")")" = "{" ] || echo "$digest"
		done
}

# The file that holds a blob in the registry's storage.
registry_blob() {
	local hex=${1#sha256:}
	echo "$REGISTRY_DIR/storage/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data"
}

# usage: registry_fetch REPOSITORY:TAG LAYOUT: a copy as an OCI layout, made and checked by skopeo.
registry_fetch() {
	skopeo --insecure-policy copy -q --src-tls-verify=false \
		${REGISTRY_CA:+--src-creds "$REGISTRY_USER:$REGISTRY_PASSWORD"} \
		"docker://$REGISTRY/$1" "oci:$2:latest"
}

# usage: registry_manifest REPOSITORY:TAG: its manifest.
registry_manifest() {
	skopeo --insecure-policy inspect --raw --tls-verify=false "docker://$REGISTRY/$1"
}

# The tags of a repository, sorted; nothing when there is no such repository.
registry_tags() {
	curl -s "http://$REGISTRY/v2/$1/tags/list" | jq -r '.tags // [] | .[]' | sort
}
