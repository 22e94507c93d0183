#!/bin/sh
# usage: tests/configure-dir.sh DIR [CONFIGURE-ARGUMENT...]
# Configures DIR (below the source root) unless it is configured in this very way already.
set -eu

cd "$(dirname "$0")/.."
dir=$1
shift
want="$*"

mkdir -p "$dir"
if [ -e "$dir/Makefile" ] && [ -z "$(find configure -newer "$dir/config.status")" ] &&
	[ "$(cat "$dir/configured-with" 2>/dev/null)" = "$want" ]; then
	exit 0
fi
root=$(pwd)
cd "$dir"
if ! "$root/configure" -q "$@" >configure.out 2>&1; then
	cat configure.out >&2
	echo "$dir: configure failed, see $dir/config.log" >&2
	exit 1
fi
printf '%s\n' "$want" >configured-with
