#!/bin/sh
# usage: make.sh SLIPWAY VERSION DIRECTORY
#
# Builds slipway's own images with slipway: DIRECTORY/job and DIRECTORY/executor, OCI layouts.
set -eu

slipway=$1
version=$2
out=$3
here=$(dirname "$0")

mkdir -p "$out"
"$here/stage.sh" "$slipway" "$out/context"
for image in job executor; do
	rm -rf "${out:?}/$image"
	SLIPWAY_STORE=$out/store "$slipway" build --verbosity warn --context "$out/context" \
		--dockerfile "$here/Dockerfile" --target "$image" --build-arg "VERSION=$version" \
		--no-push --reproducible --oci-layout-path "$out/$image" \
		--digest-file "$out/$image.digest"
	printf '%s: %s, %s KiB compressed\n' "$out/$image" "$(cat "$out/$image.digest")" \
		"$(du -sk "$out/$image" | cut -f 1)"
done
rm -rf "$out/store" "$out/context"
