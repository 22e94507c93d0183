#!/bin/sh
# usage: tests/fuzz/run.sh SECONDS TARGET...   (make fuzz FUZZ_SECONDS=60)
# Builds the fuzz targets with clang, libFuzzer and the sanitizers in build/fuzz and runs each for
# SECONDS on a copy of its corpus. What it finds stays in build/fuzz/found/.
set -eu

cd "${SLIPWAY_SRCDIR:-$(dirname "$0")/../..}"
seconds=$1
shift
clang=$(command -v clang-14 || command -v clang) || {
	echo "make fuzz: needs clang and libclang-rt-dev (./autogen.sh deps dev)" >&2
	exit 1
}

tests/configure-dir.sh build/fuzz "CC=$clang" CFLAGS="-g -O1" \
	--enable-fuzzer --enable-sanitize=address,undefined
make -s -C build/fuzz -j"$(nproc)" "$@"
mkdir -p build/fuzz/found
status=0
for target in "$@"; do
	name=${target##*/fuzz_}
	corpus=$(mktemp -d)
	cp tests/fuzz/corpus/"$name"/* "$corpus" 2>/dev/null || :
	log=build/fuzz/$name.log
	if build/fuzz/"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=1 -artifact_prefix=build/fuzz/found/"$name"- "$corpus" \
		>"$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "ok: $name, $runs inputs"
	else
		status=1
		echo "FAILED: $name, see build/fuzz/found/"
		tail -n 40 "$log"
	fi
	rm -rf "$corpus"
done
exit $status
