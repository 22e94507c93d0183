#!/bin/sh
# Line coverage of the C tests by folder (make coverage). The build is build/coverage; gcov's notes
# for single lines are next to the objects there.
set -eu

cd "${SLIPWAY_SRCDIR:-$(dirname "$0")/..}"
dir=build/coverage
tests/configure-dir.sh "$dir" CFLAGS="-g -O0 --coverage"
find "$dir" -name '*.gcda' -delete
make -s -C "$dir" -j"$(nproc)" check-programs slipway
make -s -C "$dir" -k check-c >"$dir/check.log" 2>&1 || {
	tail -n 40 "$dir/check.log"
	echo "make coverage: tests fail" >&2
}

# gcov prints two lines for each source: its name, then "Lines executed:97.50% of 120".
find "$dir/runner" "$dir/steps" -name '*.gcno' | while read -r notes; do
	gcov -n -o "${notes%/*}" "$notes" 2>/dev/null
done | awk -F"[':% ]+" '
/^File / { file = $2; sub(/^.*\/(runner|steps)\//, "&", file); next }
/^Lines executed/ && match(file, /(runner|steps)\/[^ ]*\.c$/) {
	name = substr(file, RSTART)
	sub(/\/[^\/]*$/, "", name)
	lines[name] += $5
	hit[name] += $3 * $5 / 100
	all += $5
	all_hit += $3 * $5 / 100
	file = ""
}
END {
	for (name in lines)
		printf "%-22s %5.1f%% of %6d lines\n", name, 100 * hit[name] / lines[name], lines[name] | "sort"
	close("sort")
	if (all)
		printf "%-22s %5.1f%% of %6d lines\n", "all", 100 * all_hit / all, all
}'
