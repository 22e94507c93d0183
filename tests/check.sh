#!/bin/sh
# Every build and every test, in parts. The last line of the output is the sum of all of them.
# Called by ./autogen.sh check, which installs the packages and generates ./configure first.
#
# A part that cannot be built or does not come to its end counts as one failure. The logs of the
# parts stay in build/log/.
set -u

cd "$(dirname "$0")/.." || exit 1
logs=build/log
jobs=$(nproc 2>/dev/null || echo 1)
passed=0 failed=0 skipped=0
mkdir -p "$logs"
export LC_ALL=C.UTF-8

# A number of automake's test summary ("# PASS:  12"), which a failing run prints twice.
automake_sum() {
	sed -n "s/^# $1: *//p" "$2" | tail -n 1
}

count_automake() {
	[ -n "$(sed -n 's/^# TOTAL: *//p' "$1")" ] || return 1
	passed=$((passed + $(automake_sum PASS "$1") + $(automake_sum XFAIL "$1")))
	skipped=$((skipped + $(automake_sum SKIP "$1")))
	bad=$(($(automake_sum FAIL "$1") + $(automake_sum ERROR "$1") + $(automake_sum XPASS "$1")))
	failed=$((failed + bad))
	sum="$(automake_sum PASS "$1") passed, $bad failed, $(automake_sum SKIP "$1") skipped"
	[ "$bad" -eq 0 ]
}

# A plan that promises more tests than were run means that the run was cut short.
count_tap() {
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1" | tail -n 1)
	good=$(grep -c '^ok ' "$1")
	bad=$(grep -c '^not ok ' "$1")
	skip=$(grep -c '^ok .* # skip' "$1")
	good=$((good - skip))
	lost=$((${planned:-1} - good - bad - skip))
	[ "$lost" -le 0 ] || bad=$((bad + lost))
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skip))
	sum="$good passed, $bad failed, $skip skipped"
	[ "$bad" -eq 0 ]
}

count_nothing() {
	sum=built
}

# What a reader of a CI log needs to see of a failure: the tests that failed with what they said,
# or the errors of a build and the end of its log.
show_failure() {
	log=$logs/$1.log
	echo "--- from $log"
	if grep -q '^not ok' "$log"; then
		awk '/^(not )?ok|^[A-Z]+:/ { left = /^not ok/ ? 15 : 0 } left-- > 0' "$log" | head -n 300
	else
		grep -E '^(FAIL|ERROR)|error:|\*\*\*' "$log" | head -n 20
		echo "---"
		tail -n 40 "$log"
	fi
	echo "---"
}

# part NAME COUNTER COMMAND...: runs the command with its output in a log, adds up its results.
part() {
	name=$1 counter=$2
	shift 2
	printf '%-14s' "$name"
	began=$(date +%s)
	sum="did not run to its end"
	failed_before=$failed
	"$@" >"$logs/$name.log" 2>&1
	status=$?
	"$counter" "$logs/$name.log"
	counted=$?
	result=ok
	if [ "$status" -ne 0 ] || [ "$counted" -ne 0 ]; then
		result=FAILED
		[ "$failed" -gt "$failed_before" ] || failed=$((failed + 1))
	fi
	printf '%-7s %4ds  %s\n' "$result" $(($(date +%s) - began)) "$sum"
	[ "$result" = ok ] || show_failure "$name"
	[ "$result" = ok ]
}

build() {
	dir=build/$1
	shift
	tests/configure-dir.sh "$dir" "$@" && make -C "$dir" -j"$jobs" &&
		make -C "$dir" -j"$jobs" check-programs
}

# clang-14 where several are installed: the version that the code is kept clean for.
clang=$(command -v clang-14 || command -v clang || echo clang)

if part build-gcc count_nothing build gcc --enable-werror; then
	ln -sf build/gcc/slipway slipway
	part check-gcc count_automake make -C build/gcc -k -j"$jobs" check VERBOSE=1
	part e2e count_tap make -s -C build/gcc check-e2e
fi
if part build-clang count_nothing build clang --enable-werror "CC=$clang"; then
	part check-clang count_automake make -C build/clang -k -j"$jobs" check-c VERBOSE=1
fi
# Without -Werror: instrumented code makes gcc warn of overflows that cannot happen.
if part build-asan count_nothing build asan --enable-sanitize=address,undefined \
	CFLAGS="-g -O1"; then
	part check-asan count_automake make -C build/asan -k -j"$jobs" check-c VERBOSE=1
fi

echo "tests: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
