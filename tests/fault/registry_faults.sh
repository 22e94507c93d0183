#!/bin/sh
# The registry client against a registry that misbehaves on request.
set -u
REGCLIENT=${SLIPWAY_BUILDDIR:?}/tests/fault/regclient
export REGCLIENT
if ! command -v python3 >/dev/null; then
	echo 1..1
	if [ "${SLIPWAY_TEST_STRICT:-0}" = 1 ]; then
		echo 'not ok 1 - registry faults (skipped in strict mode: there is no python3)'
		exit 1
	fi
	echo 'ok 1 - registry faults # SKIP there is no python3'
	exit 0
fi
exec python3 "${SLIPWAY_SRCDIR:?}/tests/fault/registry_faults.py"
