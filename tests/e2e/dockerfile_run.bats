#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# RUN, upon a system of busybox that comes from the context: what reaches the command, and which of
# its changes are in the layer.

load lib/common
load lib/build

setup() {
	e2e_setup
	umask 022
	mkdir context
	need_isolation
}

teardown() {
	e2e_teardown
}

# usage: run_lines <<'END': a Dockerfile that goes on after the system was copied.
run_lines() {
	{
		printf 'FROM scratch\nCOPY rootfs /\n'
		cat
	} | dockerfile
}

@test "RUN: files made, and directories that hold them" {
	run_lines <<-'END'
		RUN echo x >/f && mkdir -p /d/e && echo y >/d/e/f && ln -s f /l && ln /f /h && mkfifo /p
	END
	build
	want_changes <<-'END'
		rwxr-xr-x 0:0 d
		rwxr-xr-x 0:0 d/e
		rw-r--r-- 0:0 d/e/f
		rw-r--r-- 0:0 f
		rw-r--r-- 0:0 h
		rwxrwxrwx 0:0 l
		rw-r--r-- 0:0 p
	END
	image_tree | grep -qx 'f 0644 0:0 /h = /f'
	same_as_buildah
}

@test "RUN: files and directories removed" {
	mkdir -p context/rootfs/d/e context/rootfs/k
	echo x >context/rootfs/d/e/x
	echo x >context/rootfs/k/x
	run_lines <<-'END'
		RUN rm -r /d /k/x
	END
	build
	want_changes <<-'END'
		--------- 0:0 .wh.d
		rwxr-xr-x 0:0 k
		--------- 0:0 k/.wh.x
	END
	same_as_buildah
}

@test "RUN: a directory replaced by a file, a link, and by a directory of the same name" {
	mkdir -p context/rootfs/a/x context/rootfs/b/x context/rootfs/c/x
	run_lines <<-'END'
		RUN rm -r /a && echo f >/a && rm -r /b && ln -s c /b && rm -r /c && mkdir /c && echo >/c/new
	END
	build
	image_tree | grep -qx 'f 0644 0:0 /a'
	image_tree | grep -qx 'l 0777 0:0 /b -> c'
	assert_equal "$(image_tree | grep ' /c')" "$(printf 'd 0755 0:0 /c\nf 0644 0:0 /c/new')"
	same_as_buildah
}

@test "RUN: a file replaced by a directory" {
	echo x >context/rootfs/x
	run_lines <<-'END'
		RUN rm /x && mkdir /x && echo y >/x/y
	END
	build
	assert_equal "$(image_tree | grep ' /x')" "$(printf 'd 0755 0:0 /x\nf 0644 0:0 /x/y')"
	same_as_buildah
}

@test "RUN: chmod and chown are one entry" {
	mkdir -p context/rootfs/d
	echo x >context/rootfs/d/x
	echo y >context/rootfs/d/y
	run_lines <<-'END'
		RUN chmod 4711 /d/x
		RUN chown 5:6 /d
	END
	build
	want_changes <<-'END'
		rwxr-xr-x 5:6 d
	END
	assert_equal "$(tree layers "$T/image" | grep '^1 ' | awk '{print $4}' | tr '\n' ' ')" 'd d/x '
	image_tree | grep -qx 'f 4711 0:0 /d/x'
	same_as_buildah
}

@test "RUN: reading, or making and removing, leaves an empty layer" {
	run_lines <<-'END'
		RUN cat /etc/passwd >/dev/null && touch /x && rm /x && ls -R /etc >/dev/null
	END
	build
	want_layers 2
	assert_equal "$(tree layers "$T/image" | grep -c '^1 ')" 0
}

@test "RUN: no mount point and no file of the sandbox is left" {
	rm -r context/rootfs/dev context/rootfs/proc context/rootfs/sys context/rootfs/etc/hosts \
		context/rootfs/etc/resolv.conf
	run_lines <<-'END'
		RUN test -e /proc/self && test -c /dev/null && test -d /sys && cat /etc/hosts /etc/resolv.conf
	END
	build
	image_tree >"$T/list"
	! grep -E ' /(proc|sys|dev)(/|$)| /etc/(hosts|resolv.conf)$' "$T/list"
}

@test "RUN: /tmp keeps its bits, and what is left there stays" {
	run_lines <<-'END'
		RUN echo x >/tmp/x
	END
	build
	image_tree | grep -qx 'd 1777 0:0 /tmp'
	image_tree | grep -qx 'f 0644 0:0 /tmp/x'
	same_as_buildah
}

@test "RUN: a new name for a file of a lower layer is a hard link" {
	run_lines <<-'END'
		RUN echo x >/one && ln /one /two
		RUN ln /one /three
	END
	build
	# overlayfs copies one name up, so that the others of the lower layer are another file from then on
	assert_equal "$(image_tree | grep -E ' /(one|two|three)')" \
		"$(printf 'f 0644 0:0 /one\nf 0644 0:0 /three = /one\nf 0644 0:0 /two')"
	want_file /two x
}

@test "RUN: the environment is the image's, the ARGs and the proxies', and no more" {
	run_lines <<-'END'
		ENV E=env PATH=/bin
		ARG A=arg
		ARG NOTGIVEN
		RUN ["/bin/env"]
	END
	export OUTSIDE=secret
	build --build-arg http_proxy=http://proxy.test:1 --build-arg UNUSED=x
	assert_equal "$(printf '%s\n' "$stderr" | sed -n 's/^.*| \([A-Za-z_]*=.*\)$/\1/p' | sort)" \
		"$(printf '%s\n' A=arg E=env HOME=/root HTTP_PROXY=http://proxy.test:1 PATH=/bin http_proxy=http://proxy.test:1)"
	[[ "$(tree raw-config "$T/image")" != *proxy.test* ]]
	want_config '.history[-1].created_by' '"RUN |2 A=arg NOTGIVEN= /bin/env # buildkit"'
}

@test "RUN: a proxy that is declared is an ARG like others" {
	run_lines <<-'END'
		ARG http_proxy
		RUN test "$http_proxy" = p
	END
	build --build-arg http_proxy=p
	want_config '.history[-1].created_by' '"RUN |1 http_proxy=p /bin/sh -c test \"$http_proxy\" = p # buildkit"'
}

@test "RUN: the last of ARG and ENV of one name" {
	run_lines <<-'END'
		ENV A=env
		ARG A=arg
		RUN test "$A" = arg
		ARG B=arg
		ENV B=env
		RUN test "$B" = env
	END
	build
}

@test "RUN: USER by name with its groups, by number, with a group" {
	run_lines <<-'END'
		RUN mkdir -m 777 /w
		USER app
		RUN test "$(id -u):$(id -g):$(id -G)" = '1000:1001:1001 2000' && test "$HOME" = /home/app && touch /w/name
		USER 1000
		RUN test "$(id -u):$(id -g):$(id -G)" = '1000:1001:1001 2000'
		USER 1000:5
		RUN test "$(id -u):$(id -g):$(id -G)" = '1000:5:5' && touch /w/both
		USER 77
		RUN test "$(id -u):$(id -g)" = 77:0 && test "$HOME" = /
		USER app:extra
		RUN test "$(id -g)" = 2000
		USER root
		RUN test "$(id -u)" = 0 && test "$HOME" = /root
	END
	build
	image_tree | grep -qx 'f 0644 1000:1001 /w/name'
	image_tree | grep -qx 'f 0644 1000:5 /w/both'
}

@test "RUN: an unknown USER is an error at the RUN" {
	run_lines <<-'END'
		USER stranger
		RUN true
	END
	build_fails 2 'Dockerfile:4' 'unable to find user stranger'
}

@test "RUN: WORKDIR is where it starts, also when a later instruction removed it" {
	run_lines <<-'END'
		WORKDIR /w/x
		RUN pwd >here && rm -r /w
		USER app
		RUN test "$(pwd)" = /w/x && touch mine
	END
	build
	image_tree | grep -qx 'f 0644 1000:1001 /w/x/mine'
}

@test "RUN: a WORKDIR that is made again does not depend on the umask" {
	run_lines <<-'END'
		WORKDIR /w/x
		RUN rm -r /w
		RUN true
	END
	umask 077
	build
	image_tree | grep -qx 'd 0755 0:0 /w'
	image_tree | grep -qx 'd 0755 0:0 /w/x'
}

@test "RUN: the exec form has no shell, SHELL is another one" {
	run_lines <<-'END'
		RUN ["touch", "/with $HOME"]
		SHELL ["/bin/sh", "-ec"]
		RUN false; touch /not-reached || true
	END
	slipway build --context context --no-push
	assert_status 1
	assert_stderr 'Dockerfile:5'
	run_lines <<-'END'
		RUN ["touch", "/with $HOME"]
	END
	build
	image_tree | grep -qx 'f 0644 0:0 /with $HOME'
}

@test "RUN: a failing command passes its status on, with line and text" {
	run_lines <<-'END'
		RUN echo before && \
		  exit 42
	END
	build_fails 42 'Dockerfile:3' 'did not complete successfully: exit code: 42' before
	run_lines <<-'END'
		RUN ["/no/such/program"]
	END
	build_fails 127 'Dockerfile:3' /no/such/program
	run_lines <<-'END'
		RUN kill -9 $$
	END
	build_fails 137 'Dockerfile:3'
}

@test "RUN: without a shell in the image" {
	printf 'FROM scratch\nRUN true\n' | dockerfile
	build_fails 127 'Dockerfile:2' /bin/sh
}

@test "RUN: heredocs" {
	run_lines <<-'OUTER'
		ARG A=arg
		RUN <<EOF
		set -e
		echo "$A" >/one
		echo 'a "quoted" \ line' >>/one
		EOF
		RUN cat <<A >/two && cat <<'B' >>/two
		a $A
		A
		b $A
		B
		RUN <<-EOF
			echo tabs >/three
			EOF
		RUN sh <<EOF
		echo $((1 + 1)) >/four
		EOF
	OUTER
	build
	want_file /one "$(printf 'arg\na "quoted" \\ line')"
	want_file /two "$(printf 'a arg\nb $A')"
	want_file /three tabs
	want_file /four 2
}

@test "RUN: a heredoc that is a script" {
	run_lines <<-'OUTER'
		USER app
		RUN <<script
		#!/bin/cat
		words for cat
		script
		RUN <<'EOF'
		#!/bin/sh -e
		echo "$0 $(id -u)" >/tmp/one
		EOF
	OUTER
	build
	assert_stderr 'words for cat'
	want_file /tmp/one '/dev/pipes/EOF 1000'
	want_config '.history[-1].created_by' '"RUN /bin/sh -c /dev/pipes/EOF # buildkit"'
	! image_tree | grep -E ' /dev/pipes'
}

@test "RUN: between COPYs, in stages, and copied from" {
	echo a >context/a
	run_lines <<-'END'
		RUN mkdir /made && echo 1 >/made/1 && ln /made/1 /made/2 && chown 5 /made/1
		COPY a /made/
		RUN rm /made/2 && echo more >>/made/a
		FROM scratch
		COPY --from=0 /made /m
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /m
		f 0644 5:0 /m/1
		f 0644 0:0 /m/a
	END
	want_file /m/a "$(printf 'a\nmore')"
	same_as_buildah
}

@test "RUN: changes below a VOLUME are kept" {
	run_lines <<-'END'
		VOLUME /data
		RUN mkdir /data && echo x >/data/x
	END
	build
	image_tree | grep -qx 'f 0644 0:0 /data/x'
}

@test "RUN: a trigger of the base" {
	run_lines <<-'END'
		ONBUILD RUN echo triggered >/t
		FROM 0
	END
	printf 'FROM scratch AS base\nCOPY rootfs /\nONBUILD RUN echo triggered >/t\nONBUILD RUN exit $CODE\nFROM base\n' |
		dockerfile
	build
	want_file /t triggered
}

@test "RUN: --network=none has no network, and still itself" {
	run_lines <<-'END'
		RUN --network=none test "$(grep -c : /proc/net/dev)" = 1 && grep -q lo: /proc/net/dev
	END
	build
}

@test "RUN: the cache gives the same image without running anything" {
	run_lines <<-'END'
		RUN echo ran | tee /f && rm /etc/group
		COPY rootfs/etc /copied
		RUN ln /f /g
	END
	build --cache --cache-repo "oci:$T/cache" --cache-copy-layers --build-arg SOURCE_DATE_EPOCH=1
	assert_stderr '| ran'
	first=$(image_tree)
	build --cache --cache-repo "oci:$T/cache" --cache-copy-layers --build-arg SOURCE_DATE_EPOCH=1
	refute_stderr '| ran'
	assert_equal "$(image_tree)" "$first"
}
