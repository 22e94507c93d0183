# shellcheck shell=bash
# Once per run: a directory for everything, a certificate, and the base images.

setup_suite() {
	export E2E_STATE
	: "${SLIPWAY_SRCDIR:?run the tests by make check-e2e}" "${SLIPWAY:?}"
	E2E_STATE=$(mktemp -d "$(e2e_state_parent)/slipway-e2e.XXXXXX")
	chmod 755 "$E2E_STATE"
	# shellcheck source=tests/e2e/lib/common.bash
	source "$SLIPWAY_SRCDIR/tests/e2e/lib/common.bash"
	registry_make_certificate "$E2E_STATE"
	images_prepare "$E2E_STATE" >&3 2>&1
}

teardown_suite() {
	rm -rf --one-file-system "$E2E_STATE"
}

# Memory is faster than a disk, if programs may be executed there and there is enough of it.
e2e_state_parent() {
	local probe
	if probe=$(mktemp /dev/shm/slipway-probe.XXXXXX 2>/dev/null); then
		printf '#!/bin/sh\n' >"$probe"
		chmod +x "$probe"
		if "$probe" 2>/dev/null &&
			[ "$(df --output=avail -k /dev/shm | tail -n 1)" -gt 3000000 ]; then
			rm -f "$probe"
			echo /dev/shm
			return
		fi
		rm -f "$probe"
	fi
	echo "${TMPDIR:-/tmp}"
}
