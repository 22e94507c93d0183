# shellcheck shell=bash
# Programs of the npm registry, as tests/npm/package-lock.json names them. Loaded after lib/common.

# usage: need_npm: afterwards $NPM_MODULES is the directory with the packages.
need_npm() {
	need node npm
	NPM_MODULES=${SLIPWAY_E2E_NPM:-$SLIPWAY_SRCDIR/build/npm}/node_modules
	"$SLIPWAY_SRCDIR/tests/npm/install.sh" "${NPM_MODULES%/*}"
}
