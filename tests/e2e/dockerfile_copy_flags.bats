#!/usr/bin/env bats
# COPY: owners, modes, --exclude, heredocs, .dockerignore, and what cannot be copied. Every case is FROM
# scratch and needs no privilege.

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

@test "COPY: --chown by numbers, and directories made on the way" {
	files d/a
	ln -s a context/d/l
	dockerfile <<-'END'
		FROM scratch
		COPY --chown=1000 d /one/two
		COPY --chown=1:2 d/a /three/
		COPY --chown=5: d/a /five
		ARG OWNER=7:8
		COPY --chown=$OWNER d/a /seven
		COPY --chown=$UNSET d/a /unset
	END
	build
	want_tree <<-'END'
		f 0644 5:0 /five
		d 0755 1000:1000 /one
		d 0755 1000:1000 /one/two
		f 0644 1000:1000 /one/two/a
		l 0777 1000:1000 /one/two/l -> a
		f 0644 7:8 /seven
		d 0755 1:2 /three
		f 0644 1:2 /three/a
		f 0644 0:0 /unset
	END
}

@test "COPY: --chown by names of the image, not of this machine" {
	files a etc/passwd etc/group
	printf 'root:x:0:0::/:/bin/sh\nbroken line\nslipwayuser:x:4000:4001::/:\n' >context/etc/passwd
	printf 'slipwaygroup:x:5000:\n' >context/etc/group
	dockerfile <<-'END'
		FROM scratch
		COPY etc /etc
		COPY --chown=slipwayuser a /user
		COPY --chown=slipwayuser:slipwaygroup a /both
		COPY --chown=9:slipwaygroup a /mixed
	END
	build
	want_tree <<-'END'
		f 0644 4000:5000 /both
		d 0755 0:0 /etc
		f 0644 0:0 /etc/group
		f 0644 0:0 /etc/passwd
		f 0644 9:5000 /mixed
		f 0644 4000:4001 /user
	END
}

@test "COPY: --chown with an unknown name is an error" {
	files a
	printf 'FROM scratch\nCOPY --chown=nobody a /a\n' | dockerfile
	build_fails 2 'Dockerfile:2' 'unable to find user nobody'
	printf 'FROM scratch\nCOPY --chown=0:nogroup a /a\n' | dockerfile
	build_fails 2 'Dockerfile:2' 'unable to find group nogroup'
}

@test "COPY: --chmod in octal, also for directories and those made on the way" {
	files d/a d/s/b
	ln -s a context/d/l
	chmod 755 context/d/a
	dockerfile <<-'END'
		FROM scratch
		COPY --chmod=750 d /x/y
		COPY --chmod=4711 d/a /suid
		COPY --chmod=0 d/a /zero
	END
	build
	want_tree <<-'END'
		f 4711 0:0 /suid
		d 0750 0:0 /x
		d 0750 0:0 /x/y
		f 0750 0:0 /x/y/a
		l 0777 0:0 /x/y/l -> a
		d 0750 0:0 /x/y/s
		f 0750 0:0 /x/y/s/b
		f 0000 0:0 /zero
	END
}

@test "COPY: --chmod by letters" {
	files d/a d/run
	chmod 640 context/d/a
	chmod 755 context/d/run
	dockerfile <<-'END'
		FROM scratch
		COPY --chmod=u=rwX,go=rX d /d
		COPY --chmod=+x d/a /x
		COPY --chmod=go-rwx,u+s d/run /s
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/a
		f 0755 0:0 /d/run
		f 4700 0:0 /s
		f 0751 0:0 /x
	END
}

@test "COPY: a bad --chmod is an error at its line" {
	files a
	printf 'FROM scratch\nCOPY --chmod=999 a /a\n' | dockerfile
	build_fails 2 'Dockerfile:2' "999"
}

@test "COPY: --exclude, also with exceptions; not for a file that is named" {
	files d/a.txt d/b.md d/s/c.txt d/s/keep.txt n.txt
	dockerfile <<-'END'
		FROM scratch
		COPY --exclude=**/*.txt --exclude=!**/keep.txt d /d
		COPY --exclude=*.txt n.txt /n/
		COPY --exclude=s d /e
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/b.md
		d 0755 0:0 /d/s
		f 0644 0:0 /d/s/keep.txt
		d 0755 0:0 /e
		f 0644 0:0 /e/a.txt
		f 0644 0:0 /e/b.md
		d 0755 0:0 /n
		f 0644 0:0 /n/n.txt
	END
}

@test "COPY: heredocs, with variables and without" {
	files a
	dockerfile <<-'OUTER'
		FROM scratch
		ARG NAME=world
		COPY <<EOF /expanded
		hello $NAME ${NONE:-default} \$NAME
		EOF
		COPY <<'EOF' /verbatim
		hello $NAME \n
		EOF
		COPY a <<one.txt <<-two.txt /into/
		1
		one.txt
			2
			two.txt
		COPY --chmod=700 --chown=3:4 <<EOF /script.sh
		#!/bin/sh
		EOF
		COPY <<EOF /empty
		EOF
	OUTER
	build
	want_tree <<-'END'
		f 0644 0:0 /empty
		f 0644 0:0 /expanded
		d 0755 0:0 /into
		f 0644 0:0 /into/a
		f 0644 0:0 /into/one.txt
		f 0644 0:0 /into/two.txt
		f 0700 3:4 /script.sh
		f 0644 0:0 /verbatim
	END
	want_file /expanded 'hello world default $NAME'
	want_file /verbatim 'hello $NAME \n'
	want_file /into/two.txt 2
	want_file /empty ''
}

@test "COPY: WORKDIR is where a relative destination starts" {
	files a d/b
	dockerfile <<-'END'
		FROM scratch
		WORKDIR /srv
		COPY a .
		COPY a ./x/
		COPY d ../up
		WORKDIR app
		COPY a b
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /srv
		f 0644 0:0 /srv/a
		d 0755 0:0 /srv/app
		f 0644 0:0 /srv/app/b
		d 0755 0:0 /srv/x
		f 0644 0:0 /srv/x/a
		d 0755 0:0 /up
		f 0644 0:0 /up/b
	END
	same_as_buildah
}

@test "COPY: variables in sources and destination" {
	files one two
	dockerfile <<-'END'
		FROM scratch
		ARG NAME=one
		ENV DIR=/d
		COPY $NAME ${DIR}/
		COPY t${MISSING}wo $DIR/${NAME:+set}
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 0644 0:0 /d/one
		f 0644 0:0 /d/set
	END
	same_as_buildah
}

@test "COPY: fifos stay, sockets become empty files" {
	mkdir context/d
	mkfifo -m 600 context/d/fifo
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("context/d/sock")'
	chmod 640 context/d/sock
	printf 'FROM scratch\nCOPY d /d\nCOPY d/sock /sock\nADD d/fifo /fifo\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		p 0600 0:0 /d/fifo
		f 0640 0:0 /d/sock
		p 0600 0:0 /fifo
		f 0640 0:0 /sock
	END
}

@test "COPY: bits and times of files travel, owners of this machine do not" {
	files d/a
	chmod 6755 context/d/a
	chmod 1777 context/d
	mkdir -m 2775 context/d/s
	touch -d @1000000000 context/d/a context/d/s context/d
	[ "$(id -u)" -ne 0 ] || { chown -R 123:456 context/d && chmod 6755 context/d/a && chmod 2775 context/d/s; }
	touch -d @1000000000 context/d/a context/d/s context/d
	printf 'FROM scratch\nCOPY d /d\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 0:0 /d
		f 6755 0:0 /d/a
		d 2775 0:0 /d/s
	END
	assert_equal "$(tree list "$T/image" --mtime | grep -c '@1000000000')" 3
}

@test "COPY: .dockerignore hides, re-includes, and itself may be hidden" {
	files a.txt keep/b.txt keep/c.md node_modules/x/y node_modules/keep/z '#comment'
	cat >context/.dockerignore <<-'END'
		# everything but
		**/*.txt
		!keep/b.txt
		node_modules
		!node_modules/keep
		Dockerfile
		.dockerignore
		/\#comment/
	END
	printf 'FROM scratch\nCOPY . /\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 0:0 /keep
		f 0644 0:0 /keep/b.txt
		f 0644 0:0 /keep/c.md
		d 0755 0:0 /node_modules
		d 0755 0:0 /node_modules/keep
		f 0644 0:0 /node_modules/keep/z
	END
	same_as_buildah
}

@test "COPY: what .dockerignore hides cannot be named either" {
	files hidden/a shown
	ln -s hidden/a context/link
	printf 'hidden\n' >context/.dockerignore
	for source in hidden hidden/a link; do
		printf 'FROM scratch\nCOPY shown /\nCOPY %s /x\n' $source | dockerfile
		build_fails 2 'Dockerfile:3' "\"/$source\": not found" .dockerignore
	done
	printf 'FROM scratch\nCOPY hidden/* shown* /x/\n' | dockerfile
	build
	want_tree <<-'END'
		d 0755 0:0 /x
		f 0644 0:0 /x/shown
	END
}

@test "COPY: <Dockerfile>.dockerignore replaces .dockerignore" {
	files a b
	echo a >context/.dockerignore
	printf 'b\n*ockerfile*\n.dockerignore\n' >context/other.Dockerfile.dockerignore
	printf 'FROM scratch\nCOPY . /\n' >context/other.Dockerfile
	build --dockerfile context/other.Dockerfile
	want_tree <<-'END'
		f 0644 0:0 /a
	END
}

@test "COPY: a source that is not there is an error with a hint" {
	files dir/a
	printf 'FROM scratch\n\nCOPY dir/b \\\n  /x\n' | dockerfile
	build_fails 2 'Dockerfile:3' '"/dir/b": not found' 'COPY dir/b' .dockerignore
	printf 'FROM scratch\nCOPY dir/a/b /x\n' | dockerfile
	build_fails 2 'Dockerfile:2' '"/dir/a/b": not found'
}

@test "COPY: names that mean removal in a layer are refused" {
	files d/.wh.x
	printf 'FROM scratch\nCOPY d /d\n' | dockerfile
	slipway build --context context --no-push --oci-layout-path "$T/image"
	[ "$status" -ne 0 ]
	assert_stderr 'Dockerfile:2' '.wh.x'
}

@test "COPY: without changes it is the same layer again" {
	files d/a d/b
	printf 'FROM scratch\nCOPY d /d\n' | dockerfile
	build --reproducible
	cp "$T/image/index.json" "$T/first"
	build --reproducible
	assert_equal "$(cat "$T/image/index.json")" "$(cat "$T/first")"
}
