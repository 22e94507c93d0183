#!/usr/bin/env bats
# shellcheck disable=SC2154 # status is set by bats' run
# slipway pause: what keeps a container of a pod alive.

load lib/common

setup() {
	e2e_setup
	PAUSE_PID=
}

teardown() {
	[ -z "$PAUSE_PID" ] || kill -KILL "$PAUSE_PID" 2>/dev/null || :
	e2e_teardown
}

# usage: as_init COMMAND...: process 1 of a PID namespace; $INIT is its number out here.
as_init() {
	unshare --pid --fork --mount-proc --kill-child "$@" 3>&- &
	PAUSE_PID=$!
	local tries
	for ((tries = 0; tries < 50; tries++)); do
		INIT=$(pgrep -P "$PAUSE_PID") && [[ "$(cat "/proc/$INIT/comm")" != unshare ]] && return 0
		sleep 0.1
	done
	return 1
}

inside() {
	nsenter --target "$INIT" --pid --mount "$@"
}

# 100 processes that outlive the shell which started them, as `kubectl exec` leaves them.
make_orphans() {
	inside sh -c 'i=0; while [ $i -lt 100 ]; do sleep 0.3 & i=$((i + 1)); done'
	sleep 1
}

# Zombies in the namespace, with a proc of its own.
zombies() {
	inside sh -c 'cat /proc/[0-9]*/stat' 2>/dev/null | awk '{ sub(/.*\) /, "") } $1 == "Z"' | wc -l
}

# usage: ends_at SIGNAL PID: the process waited for ends within a second, with status 0.
ends_at() {
	local began ended
	began=$(date +%s%N)
	kill "-$1" "$2"
	status=0
	wait "$PAUSE_PID" || status=$?
	ended=$(date +%s%N)
	PAUSE_PID=
	assert_equal "$status" 0 "the exit status after $1"
	[ $((ended - began)) -lt 1000000000 ]
}

@test "pause: as process 1 it leaves no zombie of 100 orphans, and ends at TERM" {
	need_root
	as_init "$SLIPWAY" pause
	make_orphans
	assert_equal "$(zombies)" 0
	ends_at TERM "$INIT"
}

@test "pause: a sleep in its place leaves all of them (so the test above can fail)" {
	need_root
	as_init sleep infinity
	make_orphans
	assert_equal "$(zombies)" 100
}

@test "pause: as an ordinary process, TERM and INT" {
	local signal
	for signal in TERM INT; do
		# Of its own session: a job in the background would ignore INT.
		setsid env --default-signal=INT "$SLIPWAY" pause 3>&- &
		PAUSE_PID=$!
		sleep 0.5
		kill -0 "$PAUSE_PID"
		ends_at "$signal" "$PAUSE_PID"
	done
}

@test "pause: takes little memory and no processor" {
	"$SLIPWAY" pause 3>&- &
	PAUSE_PID=$!
	sleep 0.5
	[ "$(awk '/^RssAnon/ { print $2 }' "/proc/$PAUSE_PID/status")" -lt 4096 ]
	assert_equal "$(awk '{ print $14 + $15 < 10 }' "/proc/$PAUSE_PID/stat")" 1
	ends_at TERM "$PAUSE_PID"
}

@test "pause: takes no arguments" {
	slipway pause 60
	assert_status 2
}
