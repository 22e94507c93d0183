#!/usr/bin/env bats
# ADD: what it does beyond COPY, which is to unpack local archives.

load lib/common
load lib/build

setup() {
	e2e_setup
	umask 022
	mkdir -p context src/dir
	echo one >src/one
	echo two >src/dir/two
	chmod 640 src/dir/two
	ln -s one src/link
	ln src/one src/hard
}

teardown() {
	e2e_teardown
}

# usage: archive NAME [TAR-FLAG...]: of src, in the context.
archive() {
	local name=$1
	shift
	tar -C src --owner=7 --group=8 -cf "context/$name" "$@" dir hard link one
}

# usage: member NAME TYPE [LINK]: one more entry at the end of context/a.tar, by hand.
member() {
	python3 - "$@" <<-'END'
		import io, sys, tarfile
		name, kind = sys.argv[1:3]
		with tarfile.open("context/a.tar", "a") as out:
		    entry = tarfile.TarInfo(name)
		    entry.type = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE,
		                  "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE}[kind]
		    entry.mode = 0o755 if kind == "dir" else 0o644
		    data = name.encode() if kind == "file" else b""
		    entry.size = len(data)
		    entry.linkname = sys.argv[3] if len(sys.argv) > 3 else ""
		    out.addfile(entry, io.BytesIO(data))
	END
}

want_unpacked() {
	want_tree <<-END
		d 0755 0:0 /$1
		d 0755 7:8 /$1/dir
		f 0640 7:8 /$1/dir/two
		f 0644 7:8 /$1/hard
		l 0777 7:8 /$1/link -> one
		f 0644 7:8 /$1/one = /$1/hard
	END
	want_file "/$1/dir/two" two
}

@test "ADD: plain tar" {
	archive a.tar
	printf 'FROM scratch\nADD a.tar /d\n' | dockerfile
	build
	want_unpacked d
	same_as_buildah
}

@test "ADD: tar.gz, whatever its name" {
	archive wrong.txt -z
	printf 'FROM scratch\nADD wrong.txt /d/\n' | dockerfile
	build
	want_unpacked d
	same_as_buildah
}

@test "ADD: tar.bz2, tar.xz and tar.zst" {
	local kind
	need bzip2 xz zstd
	for kind in bzip2 xz zstd; do
		archive a --$kind
		printf 'FROM scratch\nADD a /%s\n' $kind | dockerfile
		build
		want_unpacked $kind
	done
}

@test "ADD: COPY and --unpack=false leave an archive alone" {
	archive a.tar
	printf 'FROM scratch\nCOPY a.tar /c/\nADD --unpack=false a.tar /d/\nADD --unpack=true a.tar /e/\n' |
		dockerfile
	build
	image_tree | grep -qx 'f 0644 0:0 /c/a.tar'
	image_tree | grep -qx 'f 0644 0:0 /d/a.tar'
	image_tree | grep -qx 'l 0777 7:8 /e/link -> one'
}

@test "ADD: archives below a directory that is added are files" {
	mkdir context/d
	archive d/a.tar
	printf 'FROM scratch\nADD d /d\nADD d/*.tar /e/\n' | dockerfile
	build
	image_tree | grep -qx 'f 0644 0:0 /d/a.tar'
	image_tree | grep -qx 'f 0640 7:8 /e/dir/two'
}

@test "ADD: what is no archive is copied: text, gzip of text, empty files, empty archives" {
	echo text >context/text
	gzip -c context/text >context/text.gz
	: >context/empty.tar
	tar -cf context/none.tar -T /dev/null
	printf 'garbage' | cat <(printf '\037\213\010') - >context/broken.gz
	printf 'FROM scratch\nADD text text.gz empty.tar none.tar broken.gz /d/\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/broken.gz
		f 0644 0:0 /d/empty.tar
		f 0644 0:0 /d/none.tar
		f 0644 0:0 /d/text
		f 0644 0:0 /d/text.gz
	END
}

@test "ADD: --chown is for archives too, --chmod is not" {
	archive a.tar
	echo x >context/x
	printf 'FROM scratch\nADD --chown=3:4 --chmod=600 a.tar x /d/\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 3:4 /d
		d 0755 3:4 /d/dir
		f 0640 3:4 /d/dir/two
		f 0644 3:4 /d/hard
		l 0777 3:4 /d/link -> one
		f 0644 3:4 /d/one = /d/hard
		f 0600 3:4 /d/x
	END
}

@test "ADD: archives merge into what is there, and replace what is of another type" {
	mkdir -p context/base/dir context/base/one/below context/base/real
	echo old >context/base/dir/old
	echo x >context/base/one/below/x
	ln -s real context/base/link
	archive a.tar
	printf 'FROM scratch\nCOPY base /d\nADD a.tar /d\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		d 0755 7:8 /d/dir
		f 0644 0:0 /d/dir/old
		f 0640 7:8 /d/dir/two
		f 0644 7:8 /d/hard
		l 0777 7:8 /d/link -> one
		f 0644 7:8 /d/one = /d/hard
		d 0755 0:0 /d/real
	END
}

@test "ADD: a file after an archive of the same instruction replaces what it brought" {
	archive a.tar
	echo new >context/one
	printf 'FROM scratch\nADD a.tar one /d/\n' | dockerfile
	build
	want_file /d/one new
	want_file /d/hard one
}

@test "ADD: links of the image are followed with the destination as root" {
	mkdir -p context/base/opt/usr/lib context/base/usr/lib
	ln -s /usr/lib context/base/opt/lib
	tar -cf context/a.tar -T /dev/null
	member lib/x file
	printf 'FROM scratch\nCOPY base /\nADD a.tar /opt\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 0:0 /opt
		l 0777 0:0 /opt/lib -> /usr/lib
		d 0755 0:0 /opt/usr
		d 0755 0:0 /opt/usr/lib
		f 0644 0:0 /opt/usr/lib/x
		d 0755 0:0 /usr
		d 0755 0:0 /usr/lib
	END
}

@test "ADD: an archive cannot lead out of its destination" {
	mkdir -p context/etc
	tar -cf context/a.tar -T /dev/null
	member up link ../../..
	member up/etc/x file
	member abs link /etc
	member abs/y file
	printf 'FROM scratch\nCOPY etc /etc\nADD a.tar /d\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		l 0777 0:0 /d/abs -> /etc
		d 0755 0:0 /d/etc
		f 0644 0:0 /d/etc/x
		f 0644 0:0 /d/etc/y
		l 0777 0:0 /d/up -> ../../..
		d 0755 0:0 /etc
	END
}

@test "ADD: names with two dots, and hard links to nothing, are errors" {
	tar -cf context/a.tar -T /dev/null
	member ../evil file
	printf 'FROM scratch\nADD a.tar /d\n' | dockerfile
	slipway build --context context --no-push --oci-layout-path "$T/image"
	[ "$status" -ne 0 ]
	assert_stderr 'Dockerfile:2' 'a.tar' '../evil'
	tar -cf context/a.tar -T /dev/null
	member h hard nowhere
	slipway build --context context --no-push --oci-layout-path "$T/image"
	[ "$status" -ne 0 ]
	assert_stderr 'Dockerfile:2' 'a.tar' 'nowhere'
}

@test "ADD: an archive that ends early is an error" {
	head -c 100000 /dev/urandom >src/big
	archive a.tar big
	truncate -s 30000 context/a.tar
	printf 'FROM scratch\nADD a.tar /d\n' | dockerfile
	slipway build --context context --no-push --oci-layout-path "$T/image"
	[ "$status" -ne 0 ]
	assert_stderr 'Dockerfile:2' 'a.tar'
	[ ! -e "$T/image/index.json" ]
}

@test "ADD: into the root, with a link of the image in the way" {
	mkdir -p context/base/usr/bin src/bin
	ln -s usr/bin context/base/bin
	rm -r src/dir src/one src/link src/hard
	echo tool >src/bin/tool
	tar -C src --owner=0 --group=0 -cf context/a.tar bin/tool
	printf 'FROM scratch\nCOPY base /\nADD a.tar /\n' | dockerfile
	build
	want_tree <<-'END'
		l 0777 0:0 /bin -> usr/bin
		d 0755 0:0 /usr
		d 0755 0:0 /usr/bin
		f 0644 0:0 /usr/bin/tool
	END
	same_as_buildah
}
