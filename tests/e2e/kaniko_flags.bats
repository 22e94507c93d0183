#!/usr/bin/env bats
# What docs/migrating-from-kaniko.md says of kaniko's flags is what the program does with them.

load lib/common

setup() {
	e2e_setup
	guide=$SLIPWAY_SRCDIR/docs/migrating-from-kaniko.md
	mkdir context
	printf 'FROM scratch\nCOPY Dockerfile /\n' >context/Dockerfile
}

teardown() {
	e2e_teardown
}

# usage: flags VERDICT: the flags that have it.
flags() {
	sed -n "s/^| \`--\([a-zA-Z-]*\)\` | $1 |.*/\1/p" "$guide"
}

# A value that the flag takes; none for those that are switches.
value_of() {
	case $1 in
	annotation | build-arg | label) echo a=b ;;
	cache-repo) echo "oci:$T/cache" ;;
	cache-dir | digest-file | image-name*-file | oci-layout-path | tar-path) echo "$T/out-$1" ;;
	cache-ttl) echo 6h ;;
	compression) echo gzip ;;
	compression-level) echo 1 ;;
	context) echo context ;;
	context-sub-path) echo . ;;
	custom-platform) echo linux/amd64 ;;
	destination) echo localhost:5000/app:1 ;;
	dockerfile) echo Dockerfile ;;
	git) echo branch=main ;;
	image-format) echo oci ;;
	log-format) echo text ;;
	registry-certificate) echo a.example=a.pem ;;
	registry-client-cert) echo a.example=a.pem,a.key ;;
	registry-map) echo a.example=b.example ;;
	*registry | *-retry | registry-mirror) echo 1 ;;
	verbosity) echo info ;;
	target) echo 0 ;;
	kaniko-dir | snapshot-mode | azure-container-registry-config | bucket | credential-helpers | \
		ignore-path | secret) echo x ;;
	esac
}

# usage: try FLAG: a build with it; the flag alone matters, not what becomes of the build.
try() {
	local value
	value=$(value_of "$1")
	slipway build --context context --no-push "--$1${value:+=$value}"
}

@test "kaniko: the guide has every flag of kaniko" {
	[ "$(flags '[a-z ]*' | wc -l)" -ge 64 ]
	while read -r flag; do
		flags '[a-z ]*' | grep -qx -- "$flag" || {
			echo "the guide says nothing of --$flag"
			return 1
		}
	done <"$SLIPWAY_SRCDIR/tests/data/kaniko-flags.txt"
}

@test "kaniko: flags that the guide says are taken are taken" {
	for flag in $(flags same) $(flags better) $(flags 'nothing to do'); do
		try "$flag"
		refute_stderr "unknown option"
		refute_stderr "takes a value"
	done
}

@test "kaniko: flags that have no effect do not change the image" {
	slipway build --context context --no-push --reproducible --digest-file "$T/plain"
	assert_status 0
	for flag in $(flags 'nothing to do'); do
		value=$(value_of "$flag")
		slipway build --context context --no-push --reproducible --digest-file "$T/digest" \
			"--$flag${value:+=$value}"
		assert_status 0
		cmp "$T/plain" "$T/digest"
	done
}

@test "kaniko: flags that the guide says are refused are refused by name" {
	for flag in $(flags refused); do
		try "$flag"
		assert_status 2
		assert_stderr "--$flag"
	done
}
