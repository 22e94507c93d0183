# shellcheck shell=bash
# A Kubernetes API on loopback (kube_server.py) for the real kubectl. After kube_start: $KUBE is the
# server's directory, $KUBECONFIG leads to it, with the token that it asks for.

KUBE_TOKEN=kube-token-0123456789

kube_start() {
	KUBE=$T/kube
	mkdir -p "$KUBE"
	echo "$KUBE_TOKEN" >"$KUBE/token"
	: >"$KUBE/requests"
	ln -s "$E2E_STATE/registry.crt" "$KUBE/cert.pem"
	ln -s "$E2E_STATE/registry.key" "$KUBE/key.pem"
	# Its own group, without bats' descriptors: a test must not wait for it.
	setsid python3 "$E2E_LIB/kube_server.py" "$KUBE" >"$T/kube.log" 2>&1 3>&- 4>&- &
	KUBE_PID=$!
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		[ -s "$KUBE/port" ] && break
		sleep 0.1
	done
	[ -s "$KUBE/port" ] || {
		cat "$T/kube.log"
		return 1
	}
	export KUBECONFIG=$T/kubeconfig
	cat >"$KUBECONFIG" <<-END
		apiVersion: v1
		kind: Config
		clusters:
		  - name: c
		    cluster:
		      server: https://127.0.0.1:$(cat "$KUBE/port")
		      certificate-authority-data: $(base64 -w 0 "$KUBE/cert.pem")
		users: [{name: u, user: {token: $KUBE_TOKEN}}]
		contexts: [{name: test, context: {cluster: c, user: u, namespace: default}}]
		current-context: test
	END
}

kube_stop() {
	[ -z "${KUBE_PID:-}" ] || kill "$KUBE_PID" 2>/dev/null || :
}

# usage: kube_mode MODE: how the cluster behaves from now on (kube_server.py).
kube_mode() {
	echo "$1" >"$KUBE/mode"
}

# usage: kube_jq FILTER: over all requests, an array in their order.
kube_jq() {
	jq -rs "$1" "$KUBE/requests"
}

# What would change the cluster, by method and path, dry runs left out.
kube_changes() {
	kube_jq '.[] | select(.method != "GET" and .query.dryRun != "All") | .method + " " + .path'
}
