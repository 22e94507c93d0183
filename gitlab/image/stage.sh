#!/bin/sh
# usage: stage.sh PROGRAM DIRECTORY
#
# Puts the files of slipway's own images into DIRECTORY, as a context for the Dockerfile here:
# program/ (slipway, the libraries that it uses, trusted certificates, users), shell/ (busybox) and
# home/. The libraries are this machine's, because the image needs exactly the ones that the program
# was linked with and tested with; a static program would lose libcurl and libarchive, which are
# loaded by name when a build needs them.
set -eu
umask 022
LC_ALL=C
export LC_ALL

program=$1
out=$2

die() {
	echo "stage.sh: $*" >&2
	exit 1
}

# usage: needed FILE...: the libraries of the files, the dynamic loader among them.
needed() {
	for file in "$@"; do
		ldd "$file" >"$out/ldd" || die "$file: ldd failed"
		! grep 'not found' "$out/ldd" >&2 || die "$file: a library is missing"
		sed -nE 's/.*(=>)?[[:blank:]](\/[^ ]+) \(0x[0-9a-f]+\)$/\2/p' "$out/ldd"
	done | sort -u
	rm -f "$out/ldd"
}

# usage: loaded_by_name SONAME: the library's file, where the loader of this machine finds it.
loaded_by_name() {
	found=$(/sbin/ldconfig -p | sed -nE "s|^[[:blank:]]*$1 .*=> (/.*)$|\\1|p" | head -n 1)
	[ -n "$found" ] || die "$1 is not installed"
	echo "$found"
}

# usage: soname PATTERN: the name that the program looks for; a build may have been told another.
soname() {
	found=$(grep -aoE "$1" "$program" | head -n 1)
	[ -n "$found" ] || die "$program does not name a library like $1"
	echo "$found"
}

stage_program() {
	root=$out/program
	mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/kaniko/.docker" "$root/kaniko/ssl" \
		"$root/tmp" "$root/root"
	strip -o "$root/usr/bin/slipway" "$program"
	curl=$(loaded_by_name "$(soname 'libcurl[a-z-]*\.so\.[0-9]+')")
	archive=$(loaded_by_name "$(soname 'libarchive\.so\.[0-9]+')")
	for library in "$curl" "$archive" $(needed "$program" "$curl" "$archive"); do
		mkdir -p "$root${library%/*}"
		install -m 755 "$library" "$root$library"
	done
	# The public authorities alone: what else this machine trusts is its own affair.
	cat /usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt" ||
		die "the package ca-certificates is not installed"
	cat >"$root/etc/passwd" <<-'PASSWD'
		root:x:0:0:root:/root:/bin/sh
		slipway:x:1000:1000:slipway:/home/slipway:/bin/sh
		nobody:x:65534:65534:nobody:/nonexistent:/bin/false
	PASSWD
	printf 'root:x:0:\nslipway:x:1000:\nnogroup:x:65534:\n' >"$root/etc/group"
	echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
	# What kaniko's users write to: credentials, whoever they are, and certificates.
	chmod 1777 "$root/tmp" "$root/kaniko/.docker"
	chmod 700 "$root/root"
	ln -s /etc/ssl/certs "$root/kaniko/ssl/certs"
	ln -s ../usr/bin/slipway "$root/kaniko/executor"
	ln -s ../usr/bin/slipway "$root/kaniko/warmer"
}

# /busybox is /bin, so that /busybox/sh and whatever else kaniko's debug image has is there, and a
# job that sets a PATH of its own finds its tools all the same.
stage_shell() {
	root=$out/shell
	busybox=$(command -v busybox) || die "busybox is not installed"
	! ldd "$busybox" >/dev/null 2>&1 || die "$busybox is not static (package busybox-static)"
	mkdir -p "$root/bin" "$root/home" "$root/usr/bin"
	install -m 755 "$busybox" "$root/bin/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	# The first line of many scripts is #!/usr/bin/env.
	ln -s ../../bin/env "$root/usr/bin/env"
	ln -s bin "$root/busybox"
	# Jenkins starts every step with nohup, which Debian's busybox does not have.
	[ -e "$root/bin/nohup" ] ||
		install -m 755 "$(dirname "$0")/nohup" "$root/bin/nohup"
}

rm -rf "$out"
mkdir -p "$out/home/slipway"
stage_program
stage_shell
