#!/bin/sh
# The registry client against Debian's docker-registry: plain HTTP, and TLS with basic
# authentication behind a certificate authority of our own. skopeo judges what was pushed.
set -u
client=${SLIPWAY_BUILDDIR:?}/tests/fault/regclient
run=0
failed=0
pids=
dir=$(mktemp -d) || exit 1

stop_all() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap stop_all EXIT
trap 'exit 1' HUP INT TERM

for tool in docker-registry htpasswd openssl skopeo; do
	command -v "$tool" >/dev/null && continue
	echo 1..1
	if [ "${SLIPWAY_TEST_STRICT:-0}" = 1 ]; then
		echo "not ok 1 - real registries (skipped in strict mode: there is no $tool)"
		exit 1
	fi
	echo "ok 1 - real registries # SKIP there is no $tool"
	exit 0
done

# usage: check NAME COMMAND...: the command must succeed.
check() {
	name=$1
	shift
	run=$((run + 1))
	if "$@" >"$dir/out" 2>&1; then
		echo "ok $run - $name"
	else
		failed=1
		echo "not ok $run - $name"
		sed 's/^/# /' "$dir/out"
	fi
}

# usage: fails STATUS TEXT COMMAND...: it must end with that status and say that text.
fails() {
	status=$1
	text=$2
	shift 2
	"$@" >"$dir/said" 2>&1
	got=$?
	cat "$dir/said"
	[ "$got" = "$status" ] && grep -q -e "$text" "$dir/said"
}

# usage: start NAME: sets port, once the registry has logged it.
start() {
	: >"$dir/$1.log"
	docker-registry serve "$dir/$1.yml" >"$dir/$1.log" 2>&1 &
	pids="$pids $!"
	port=
	for _ in $(seq 100); do
		port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$dir/$1.log")
		[ -n "$port" ] && return
		sleep 0.1
	done
	echo "Bail out! docker-registry does not start"
	exit 1
}

push_and_pull() {
	label=$1
	host=$2
	shift 2
	check "$label: push" fails 0 uploaded "$client" "$@" push "$host/team/app:1" "$dir/blob"
	check "$label: again" fails 0 existed "$client" "$@" push "$host/team/app:2" "$dir/blob"
	check "$label: mount" fails 0 mounted "$client" "$@" push "$host/team/copy:1" \
		"$dir/blob" team/app
	check "$label: pull" "$client" "$@" pull "$host/team/copy:1" "$dir/pulled"
	check "$label: the same bytes" cmp "$dir/blob" "$dir/pulled"
	check "$label: may push" "$client" "$@" check "$host/team/other"
	check "$label: no such tag" fails 4 MANIFEST_UNKNOWN "$client" "$@" \
		pull "$host/team/app:none" "$dir/pulled"
}

HOME=$dir
export HOME
unset DOCKER_CONFIG DOCKER_AUTH_CONFIG REGISTRY_AUTH_FILE XDG_RUNTIME_DIR CI_REGISTRY
head -c 3000000 /dev/urandom >"$dir/blob"

# --- plain HTTP on loopback -----------------------------------------------------------------------
cat >"$dir/plain.yml" <<-END
	version: 0.1
	storage: {filesystem: {rootdirectory: $dir/plain}}
	http: {addr: "127.0.0.1:0"}
END
start plain
plain=127.0.0.1:$port
push_and_pull plain "$plain"
check "plain: localhost is loopback too" "$client" pull "localhost:$port/team/app:1" "$dir/pulled"
check "plain: skopeo reads it" skopeo copy --src-tls-verify=false "docker://$plain/team/copy:1" \
	"dir:$dir/copied"

# --- TLS and basic authentication -----------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Test CA' -keyout "$dir/ca.key" \
	-out "$dir/ca.pem" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout "$dir/tls.key" \
	-out "$dir/tls.csr" 2>/dev/null
echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >"$dir/ext"
openssl x509 -req -in "$dir/tls.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
	-days 2 -extfile "$dir/ext" -out "$dir/tls.pem" 2>/dev/null
htpasswd -Bbc "$dir/users" bob s3cret-of-bob 2>/dev/null
cat >"$dir/tls.yml" <<-END
	version: 0.1
	storage: {filesystem: {rootdirectory: $dir/tls}}
	auth: {htpasswd: {realm: test, path: $dir/users}}
	http: {addr: "127.0.0.1:0", tls: {certificate: $dir/tls.pem, key: $dir/tls.key}}
END
start tls
tls=127.0.0.1:$port
login() {
	printf '{"auths":{"%s":{"username":"bob","password":"%s"}}}' "$tls" "$1"
}

DOCKER_AUTH_CONFIG=$(login s3cret-of-bob)
export DOCKER_AUTH_CONFIG
push_and_pull tls "$tls" --registry-certificate="$tls=$dir/ca.pem"
check "tls: an unknown authority is refused with the ways out" \
	fails 4 registry-certificate "$client" --pause 10 pull "$tls/team/app:1" "$dir/pulled"
check "tls: unless verification is skipped" \
	"$client" --skip-tls-verify-registry="$tls" pull "$tls/team/app:1" "$dir/pulled"
check "tls: SSL_CERT_FILE" \
	env SSL_CERT_FILE="$dir/ca.pem" "$client" pull "$tls/team/app:1" "$dir/pulled"
mkdir "$dir/certs" && cp "$dir/ca.pem" "$dir/certs/company.pem"
check "tls: SSL_CERT_DIR" \
	env SSL_CERT_DIR="$dir/certs" "$client" pull "$tls/team/app:1" "$dir/pulled"
check "tls: CI_SERVER_TLS_CA_FILE" env CI_SERVER_TLS_CA_FILE="$dir/ca.pem" CI_REGISTRY="$tls" \
	"$client" pull "$tls/team/app:1" "$dir/pulled"
mkdir -p "$dir/.config/containers/certs.d/$tls"
cp "$dir/ca.pem" "$dir/.config/containers/certs.d/$tls/ca.crt"
check "tls: certs.d" "$client" pull "$tls/team/app:1" "$dir/pulled"
DOCKER_AUTH_CONFIG=$(login wrong-password)
check "tls: a wrong password is exit 3 and names its source" \
	fails 3 DOCKER_AUTH_CONFIG "$client" pull "$tls/team/app:1" "$dir/pulled"
check "tls: and does not show" sh -c "! grep -q wrong-password '$dir/said'"
unset DOCKER_AUTH_CONFIG
check "tls: GitLab's variables" env CI_REGISTRY="$tls" CI_REGISTRY_USER=bob \
	CI_REGISTRY_PASSWORD=s3cret-of-bob "$client" pull "$tls/team/app:1" "$dir/pulled"
check "tls: no login is exit 3 with a hint" \
	fails 3 'docker login' "$client" pull "$tls/team/app:1" "$dir/pulled"

echo "1..$run"
exit $failed
