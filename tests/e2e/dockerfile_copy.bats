#!/usr/bin/env bats
# COPY: which files, and where to. Every case is FROM scratch, needs no
# privilege, and is judged by buildah as well where buildah agrees with BuildKit.

load lib/common
load lib/build

setup() {
	e2e_setup
	umask 022
	mkdir context
}

teardown() {
	e2e_teardown
}

# usage: files PATH...: in the context; each holds its own name.
files() {
	local path
	for path; do
		mkdir -p "context/$(dirname "$path")"
		printf '%s\n' "$path" >"context/$path"
	done
}

@test "COPY: a file to a name, and into directories written with a slash" {
	files a
	dockerfile <<-'END'
		FROM scratch
		COPY a /name
		COPY a /dir/
		COPY a /deep/er/name
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /deep
		d 0755 0:0 /deep/er
		f 0644 0:0 /deep/er/name
		d 0755 0:0 /dir
		f 0644 0:0 /dir/a
		f 0644 0:0 /name
	END
	want_file /dir/a a
	want_layers 3
	same_as_buildah
}

@test "COPY: a file onto a directory that is there goes into it" {
	files a b d/x
	dockerfile <<-'END'
		FROM scratch
		COPY a /d/
		COPY b /d
		COPY d/x /
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/a
		f 0644 0:0 /d/b
		f 0644 0:0 /x
	END
	same_as_buildah
}

@test "COPY: a file replaces a file" {
	files a b
	chmod 600 context/b
	dockerfile <<-'END'
		FROM scratch
		COPY a /x
		COPY b /x
	END
	build
	want_tree <<-'END'
		f 0600 0:0 /x
	END
	want_file /x b
	same_as_buildah
}

@test "COPY: of a directory, what is in it" {
	files d/a d/sub/b
	mkdir context/d/empty
	chmod 700 context/d/sub
	dockerfile <<-'END'
		FROM scratch
		COPY d /one
		COPY d/ /two/
		COPY d/sub .
	END
	build
	want_tree <<-'END'
		f 0644 0:0 /b
		d 0755 0:0 /one
		f 0644 0:0 /one/a
		d 0755 0:0 /one/empty
		d 0700 0:0 /one/sub
		f 0644 0:0 /one/sub/b
		d 0755 0:0 /two
		f 0644 0:0 /two/a
		d 0755 0:0 /two/empty
		d 0700 0:0 /two/sub
		f 0644 0:0 /two/sub/b
	END
	same_as_buildah
}

@test "COPY: the mode of the directory itself does not travel, those below it do" {
	files d/sub/a
	chmod 700 context/d context/d/sub
	dockerfile <<-'END'
		FROM scratch
		COPY d /new
		COPY d/sub /new
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /new
		f 0644 0:0 /new/a
		d 0700 0:0 /new/sub
		f 0644 0:0 /new/sub/a
	END
}

@test "COPY: directories merge, the later metadata counts and nothing is removed" {
	files one/s/a two/s/b two/s/a
	chmod 750 context/two/s
	dockerfile <<-'END'
		FROM scratch
		COPY one /d
		COPY two /d
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		d 0750 0:0 /d/s
		f 0644 0:0 /d/s/a
		f 0644 0:0 /d/s/b
	END
	want_file /d/s/a two/s/a
	same_as_buildah
}

@test "COPY: several files and directories into one" {
	files a b d/c
	dockerfile <<-'END'
		FROM scratch
		COPY a b d /into/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /into
		f 0644 0:0 /into/a
		f 0644 0:0 /into/b
		f 0644 0:0 /into/c
	END
	want_layers 1
	same_as_buildah
}

@test "COPY: the same name twice in one instruction: the last one counts, and is there once" {
	files one/x two/x
	dockerfile <<-'END'
		FROM scratch
		COPY one/x two/x /d/
	END
	build
	want_file /d/x two/x
	want_changes <<-'END'
		rwxr-xr-x 0:0 d
		rw-r--r-- 0:0 d/x
	END
}

@test "COPY: wildcards" {
	files a.txt b.txt c.md .hidden.txt d/e.txt
	dockerfile <<-'END'
		FROM scratch
		COPY *.txt /star/
		COPY ?.md /question/
		COPY [ab].txt /set/
		COPY [^ab].md /negated/
		COPY d*/*.txt /deep/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /deep
		f 0644 0:0 /deep/e.txt
		d 0755 0:0 /negated
		f 0644 0:0 /negated/c.md
		d 0755 0:0 /question
		f 0644 0:0 /question/c.md
		d 0755 0:0 /set
		f 0644 0:0 /set/a.txt
		f 0644 0:0 /set/b.txt
		d 0755 0:0 /star
		f 0644 0:0 /star/.hidden.txt
		f 0644 0:0 /star/a.txt
		f 0644 0:0 /star/b.txt
	END
	same_as_buildah
}

@test "COPY: names with the characters of wildcards" {
	files '[x].txt' 'a*' 'a?b' ab acb
	dockerfile <<-'END'
		FROM scratch
		COPY [[]x].txt /bracket/
		COPY a[*] /star/
		COPY ["a\\\\?b", "/escaped/"]
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /bracket
		f 0644 0:0 /bracket/[x].txt
		d 0755 0:0 /escaped
		f 0644 0:0 /escaped/a?b
		d 0755 0:0 /star
		f 0644 0:0 /star/a*
	END
}

@test "COPY: directories that match a wildcard merge their contents" {
	files d1/a d2/b d2/sub/c e/f
	dockerfile <<-'END'
		FROM scratch
		COPY d* /all/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /all
		f 0644 0:0 /all/a
		f 0644 0:0 /all/b
		d 0755 0:0 /all/sub
		f 0644 0:0 /all/sub/c
	END
	same_as_buildah
}

@test "COPY: two stars are one, they do not cross a slash" {
	files a/x a/b/x
	dockerfile <<-'END'
		FROM scratch
		COPY **/x /d/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/x
	END
	want_file /d/x a/x
}

@test "COPY: a wildcard without a match copies nothing and makes nothing" {
	files a
	dockerfile <<-'END'
		FROM scratch
		COPY a nothing* /d/
		COPY *.none /none/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/a
	END
	want_layers 2
}

@test "COPY: names with blanks by the JSON form" {
	files 'a b' 'c d/e f'
	dockerfile <<-'END'
		FROM scratch
		COPY ["a b", "c d/e f", "/x y/"]
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /x y
		f 0644 0:0 /x y/a b
		f 0644 0:0 /x y/e f
	END
	same_as_buildah
}

@test "COPY: leading slashes and dots of a source stay in the context" {
	files a d/b
	dockerfile <<-'END'
		FROM scratch
		COPY /a /one
		COPY ../../a /two
		COPY ./d/../a /three
		COPY d/. /four/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /four
		f 0644 0:0 /four/b
		f 0644 0:0 /one
		f 0644 0:0 /three
		f 0644 0:0 /two
	END
}

@test "COPY: the whole context" {
	files a d/b
	dockerfile <<-'END'
		FROM scratch
		COPY . /
	END
	build
	want_tree <<-'END'
		f 0644 0:0 /Dockerfile
		f 0644 0:0 /a
		d 0755 0:0 /d
		f 0644 0:0 /d/b
	END
	same_as_buildah
}

@test "COPY: links below a directory stay links, named ones are followed" {
	files d/a
	ln -s a context/d/link
	ln -s nowhere context/d/dangling
	ln -s /etc/passwd context/d/absolute
	ln -s d context/to-d
	ln -s d/a context/to-a
	dockerfile <<-'END'
		FROM scratch
		COPY d /d
		COPY to-d /e
		COPY to-a /f/
		COPY to-d/link /g
		COPY to-? /h/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/a
		l 0777 0:0 /d/absolute -> /etc/passwd
		l 0777 0:0 /d/dangling -> nowhere
		l 0777 0:0 /d/link -> a
		d 0755 0:0 /e
		f 0644 0:0 /e/a
		l 0777 0:0 /e/absolute -> /etc/passwd
		l 0777 0:0 /e/dangling -> nowhere
		l 0777 0:0 /e/link -> a
		d 0755 0:0 /f
		f 0644 0:0 /f/to-a
		f 0644 0:0 /g
		d 0755 0:0 /h
		f 0644 0:0 /h/a
		l 0777 0:0 /h/absolute -> /etc/passwd
		l 0777 0:0 /h/dangling -> nowhere
		l 0777 0:0 /h/link -> a
		f 0644 0:0 /h/to-a
	END
	same_as_buildah
}

@test "COPY: a link out of the context finds what the context has at that place, or nothing" {
	files etc/shadow-like
	echo secret >outside
	ln -s ../outside context/up
	ln -s "$PWD/outside" context/absolute
	ln -s /etc context/etc-link
	dockerfile <<-'END'
		FROM scratch
		COPY etc-link /etc
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /etc
		f 0644 0:0 /etc/shadow-like
	END
	printf 'FROM scratch\nCOPY up /x\n' | dockerfile
	build_fails 2 'Dockerfile:2' '"/up": not found'
	printf 'FROM scratch\nCOPY absolute /x\n' | dockerfile
	build_fails 2 'Dockerfile:2' '"/absolute": not found'
}

@test "COPY: links of the destination are followed inside the image" {
	files f d/x
	mkdir -p context/base/real context/base/sub
	ln -s real context/base/link
	ln -s /sub/made/here context/base/dangling
	ln -s file context/base/to-file
	ln -s ../../../outside context/base/up
	echo old >context/base/file
	dockerfile <<-'END'
		FROM scratch
		COPY base /
		COPY f /link/
		COPY d /link/deep
		COPY f /dangling
		COPY f /to-file
		COPY f /up
	END
	build
	want_tree <<-'END'
		l 0777 0:0 /dangling -> /sub/made/here
		f 0644 0:0 /file
		l 0777 0:0 /link -> real
		f 0644 0:0 /outside
		d 0755 0:0 /real
		d 0755 0:0 /real/deep
		f 0644 0:0 /real/deep/x
		f 0644 0:0 /real/f
		d 0755 0:0 /sub
		d 0755 0:0 /sub/made
		f 0644 0:0 /sub/made/here
		l 0777 0:0 /to-file -> file
		l 0777 0:0 /up -> ../../../outside
	END
	want_file /file f
}

@test "COPY: a file below a copied directory replaces a link, not what it leads to" {
	files one/target two/link
	ln -s target context/one/link
	dockerfile <<-'END'
		FROM scratch
		COPY one /d
		COPY two /d
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/link
		f 0644 0:0 /d/target
	END
	want_file /d/target one/target
	same_as_buildah
}

@test "COPY: a directory over something else, and a file over a directory, are errors" {
	files one/x two/x/y
	ln -s x context/one/link
	mkdir -p context/three/link
	printf 'FROM scratch\nCOPY one /d\nCOPY two /d\n' | dockerfile
	build_fails 2 'Dockerfile:3' 'cannot copy to non-directory: /d/x'
	printf 'FROM scratch\nCOPY two /d\nCOPY one /d\n' | dockerfile
	build_fails 2 'Dockerfile:3' '/d/x'
	printf 'FROM scratch\nCOPY one /d\nCOPY three /d\n' | dockerfile
	build_fails 2 'Dockerfile:3' 'cannot copy to non-directory: /d/link'
	printf 'FROM scratch\nCOPY one/x /d\nCOPY two /d/e\n' | dockerfile
	build_fails 2 'Dockerfile:3' '/d'
}
