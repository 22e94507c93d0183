#!/bin/bash
# Wall-clock time and peak memory of slipway beside buildah, on this machine, in one run, as ratios
# (make bench). Registry on loopback; registries, stores and contexts in memory; medians of
# BENCH_RUNS runs (5), the programs taking turns.
#
#	W1        FROM scratch, COPY of one static binary, push
#	W2 cold   Debian, the Dockerfile of a published .NET service, 180 files, 82 MB; cache pushed
#	W2 warm   the same again from the registry's cache, on an empty store
set -euo pipefail

: "${SLIPWAY_SRCDIR:?run this by make bench}" "${SLIPWAY:?}"
runs=${BENCH_RUNS:-5}
[ "$(id -u)" -eq 0 ] || {
	echo "make bench: needs root: buildah does" >&2
	exit 1
}
"$SLIPWAY_SRCDIR/autogen.sh" deps test

E2E_STATE=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/slipway-bench.XXXXXX")
T=$E2E_STATE
E2E_LIB=$SLIPWAY_SRCDIR/tests/e2e/lib
export SLIPWAY_STORE=$T/store HOME=$T/home TMPDIR=$T/tmp
mkdir -p "$HOME" "$TMPDIR"
# shellcheck source=tests/e2e/lib/images.bash
source "$E2E_LIB/images.bash"
# shellcheck source=tests/e2e/lib/registry.bash
source "$E2E_LIB/registry.bash"
clean_up() {
	registry_stop_all
	umount -l "$T"/buildah/root/overlay 2>/dev/null || :
	rm -rf --one-file-system "$T"
}
trap clean_up EXIT

measure() {
	python3 "$SLIPWAY_SRCDIR/tests/bench/measure.py" "$@" 2>"$T/log" || {
		tail -n 20 "$T/log" >&2
		exit 1
	}
}

# --- the programs: each builds the context in $1 and pushes it to $REGISTRY/$2 -------------------
slipway_command() {
	command=("$SLIPWAY" build --context "$1" --destination "$REGISTRY/$2" --cache=true
		--cache-copy-layers=true --cache-repo="$REGISTRY/cache")
}

slipway_forget() {
	rm -rf "$SLIPWAY_STORE"
}

buildah_command() {
	command=(sh -ec 'context=$1 image=$2 cache=$3; shift 3
		"$@" bud -q --isolation chroot --tls-verify=false --layers --cache-from "$cache" \
			--cache-to "$cache" -t "$image" "$context"
		"$@" push -q --tls-verify=false "$image"' - "$1" "$REGISTRY/$2" "$REGISTRY/cache"
		buildah --root "$T/buildah/root" --runroot "$T/buildah/run" --storage-driver "$driver")
}

buildah_forget() {
	umount -l "$T"/buildah/root/overlay 2>/dev/null || :
	rm -rf "$T/buildah"
}

# overlay where the kernel lets it, as people run it.
buildah_driver() {
	mkdir -p "$T/buildah"
	if buildah --root "$T/buildah/root" --runroot "$T/buildah/run" --storage-driver overlay \
		from scratch >/dev/null 2>&1; then
		echo overlay
	else
		echo vfs
	fi
	buildah_forget
}

# --- the workloads --------------------------------------------------------------------------------
make_w1() {
	mkdir -p "$T/w1"
	cp "$(command -v busybox)" "$T/w1/program"
	printf 'FROM scratch\nCOPY program /program\nENTRYPOINT ["/program"]\n' >"$T/w1/Dockerfile"
}

make_w2() {
	make_service_context "$T/w2"
}

write_w2_dockerfile() {
	cat >"$T/w2/Dockerfile" <<-END
		FROM $REGISTRY/base/debian:12
		WORKDIR /app
		LABEL maintainer="az"
		ENV ASPNETCORE_Environment=Production \\
		  ASPNETCORE_URLS="http://+:8080" \\
		  DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \\
		  DOTNET_RUNNING_IN_CONTAINER=true
		EXPOSE 8080/tcp
		COPY /out ./
		RUN groupadd -g 34000 az
		RUN useradd -M -g az --uid 34000 az
		RUN chown -R az:az /app
		USER az
		ENTRYPOINT ["./MinimalApi"]
	END
}

# usage: sample PROGRAM WORKLOAD time|memory: one cold and, for W2, one warm run; appends the
# results to $T/PROGRAM-WORKLOAD-{cold,warm}.{time,memory}.
sample() {
	local program=$1 workload=$2 what=$3
	registry_start plain
	[ "$workload" = w1 ] || write_w2_dockerfile
	"${program}_forget"
	"${program}_command" "$T/$workload" app:1
	measure "$what" "${command[@]}" >>"$T/$program-$workload-cold.$what"
	if [ "$workload" = w2 ]; then
		"${program}_forget"
		"${program}_command" "$T/$workload" app:2
		measure "$what" "${command[@]}" >>"$T/$program-$workload-warm.$what"
	fi
	"${program}_forget"
	registry_stop_all
	rm -rf "$REGISTRY_DIR"
}

median() {
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

row() {
	local title=$1 workload=$2 kind=$3 ours theirs
	ours=$(median "$T/slipway-$workload-$kind.time")
	theirs=$(median "$T/buildah-$workload-$kind.time")
	awk -v title="$title" -v ours="$ours" -v theirs="$theirs" \
		-v our_memory="$(median "$T/slipway-$workload-$kind.memory")" \
		-v their_memory="$(median "$T/buildah-$workload-$kind.memory")" 'BEGIN {
		printf "| %s | %.3f s (%d MiB) | %.3f s (%d MiB) | %.1fx |\n", title, ours, our_memory,
			theirs, their_memory, theirs / ours }'
}

images_prepare "$E2E_STATE"
[ -e "$E2E_TEMPLATE/complete" ] || {
	echo "make bench: base/debian:12 could not be made (no package mirror)" >&2
	exit 1
}
driver=$(buildah_driver)
make_w1
make_w2
for workload in w1 w2; do
	for program in slipway buildah; do
		sample "$program" "$workload" memory
	done
	for run in $(seq "$runs"); do
		printf '\r%s: run %d of %d ' "$workload" "$run" "$runs" >&2
		for program in slipway buildah; do
			sample "$program" "$workload" time
		done
	done
done
printf '\r' >&2
echo "| workload | slipway | $(buildah --version | awk '{print $1, $3}') ($driver) | faster |"
echo "|---|---|---|---|"
row "W1" w1 cold
row "W2 cold" w2 cold
row "W2 warm" w2 warm
