#!/usr/bin/env bats
# Instructions that change the image's configuration and history. No file, no privilege, no registry.

load lib/common
load lib/build

setup() {
	e2e_setup
	umask 022
	mkdir context
	echo a >context/a
}

teardown() {
	e2e_teardown
}

@test "config: FROM scratch" {
	printf 'FROM scratch\nCOPY a /\n' | dockerfile
	build
	want_config .config \
		'{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"WorkingDir":"/"}'
	want_config '[.os, .architecture == "'"$(dpkg --print-architecture)"'"]' '["linux",true]'
}

@test "config: --custom-platform is that of the image" {
	printf 'FROM scratch\nCOPY a /\n' | dockerfile
	build --custom-platform linux/arm/v7
	want_config '[.os, .architecture, .variant]' '["linux","arm","v7"]'
}

@test "config: ENV in all its forms" {
	dockerfile <<-'END'
		FROM scratch
		ENV one=1 two="a b" three=c\ d four='$one'
		ENV five rest of the line
		ENV one=new six=$one seven=${none:-default} eight="$two!"
		ENV PATH=/opt:$PATH
		ENV empty=
	END
	build
	want_config .config.Env '["PATH=/opt:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","one=new","two=a b","three=c d","four=$one","five=rest of the line","six=1","seven=default","eight=a b!","empty="]'
	same_as_buildah
}

@test "config: LABEL in all its forms, and --label" {
	dockerfile <<-'END'
		FROM scratch
		ENV v=x
		LABEL a=1 "b c"="d e" f=$v
		LABEL a=2 multi="line \
		one" \
		      last=1
		LABEL legacy some words
	END
	build --label a=flag --label new=n=m
	want_config .config.Labels \
		'{"a":"flag","b c":"d e","f":"x","last":"1","legacy":"some words","multi":"line one","new":"n=m"}'
}

@test "config: CMD and ENTRYPOINT, and what clears what" {
	printf 'FROM scratch\nENTRYPOINT ["e"]\nCMD echo $HOME\n' | dockerfile
	build
	want_config '[.config.Entrypoint, .config.Cmd]' '[["e"],["/bin/sh","-c","echo $HOME"]]'
	printf 'FROM scratch AS b\nCMD ["c"]\nENTRYPOINT e\nFROM b\nENTRYPOINT ["f"]\n' | dockerfile
	build --target b
	want_config '[.config.Entrypoint, .config.Cmd]' '[["/bin/sh","-c","e"],["c"]]'
	build
	want_config '[.config.Entrypoint, .config.Cmd]' '[["f"],null]'
	printf 'FROM scratch\nENTRYPOINT ["e"]\nCMD ["c", "a b"]\nENTRYPOINT []\n' | dockerfile
	build
	want_config '[.config.Entrypoint, .config.Cmd]' '[null,["c","a b"]]'
	want_config '.history[-2].created_by' '"CMD [\"c\" \"a b\"]"'
}

@test "config: SHELL is for what follows, and for stages built upon it" {
	dockerfile <<-'END'
		FROM scratch AS b
		CMD one
		SHELL ["/bin/x", "-e"]
		ENTRYPOINT two
		FROM b
		CMD three
	END
	build --target b
	want_config '[.config.Shell, .config.Cmd, .config.Entrypoint]' \
		'[["/bin/x","-e"],["/bin/sh","-c","one"],["/bin/x","-e","two"]]'
	build
	want_config .config.Cmd '["/bin/x","-e","three"]'
}

@test "config: HEALTHCHECK" {
	printf 'FROM scratch\nHEALTHCHECK --interval=5s --timeout=1m30s --start-period=1.5s --retries=3 CMD ["c", "d"]\n' |
		dockerfile
	build
	want_config .config.Healthcheck \
		'{"Interval":5000000000,"Retries":3,"StartPeriod":1500000000,"Test":["CMD","c","d"],"Timeout":90000000000}'
	printf 'FROM scratch\nSHELL ["/x"]\nHEALTHCHECK CMD a || b\n' | dockerfile
	build
	want_config .config.Healthcheck.Test '["CMD-SHELL","a || b"]'
	printf 'FROM scratch\nHEALTHCHECK CMD a\nHEALTHCHECK NONE\n' | dockerfile
	build
	want_config .config.Healthcheck.Test '["NONE"]'
}

@test "config: EXPOSE" {
	dockerfile <<-'END'
		FROM scratch
		ARG P="90 91/udp"
		EXPOSE 80 53/UDP 7000-7002 8080:8081/tcp $P
		EXPOSE 80
	END
	build
	want_config '.config.ExposedPorts | keys' \
		'["53/udp","7000/tcp","7001/tcp","7002/tcp","80/tcp","8081/tcp","90/tcp","91/udp"]'
}

@test "config: VOLUME, STOPSIGNAL, USER, MAINTAINER" {
	dockerfile <<-'END'
		FROM scratch
		ENV D=/d U=me
		VOLUME $D /e
		VOLUME ["/f g"]
		STOPSIGNAL SIGUSR1
		USER $U:grp
		MAINTAINER Some One <a@b>
		COPY a $D/a
	END
	build
	want_config '.config.Volumes | keys' '["/d","/e","/f g"]'
	want_config '[.config.StopSignal, .config.User, .author]' '["SIGUSR1","me:grp","Some One <a@b>"]'
	want_tree < <(printf 'd 0755 0:0 /d\nf 0644 0:0 /d/a\n')
	printf 'FROM scratch\nSTOPSIGNAL NOSUCH\n' | dockerfile
	build_fails 2 'Dockerfile:2' NOSUCH
}

@test "config: WORKDIR chains, and the directories it makes" {
	dockerfile <<-'END'
		FROM scratch
		WORKDIR /a
		WORKDIR b/../c
		ENV D=deep
		WORKDIR $D/er
		WORKDIR ../x
		WORKDIR /
		WORKDIR /a
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /a
		d 0755 0:0 /a/c
		d 0755 0:0 /a/c/deep
		d 0755 0:0 /a/c/deep/er
		d 0755 0:0 /a/c/deep/x
	END
	want_config .config.WorkingDir '"/a"'
	want_layers 5
	want_config '[.history[] | select(.empty_layer | not) | .created_by]' \
		'["WORKDIR /a","WORKDIR /a/c","WORKDIR /a/c/deep/er","WORKDIR /a/c/deep/x","WORKDIR /a"]'
}

@test "config: WORKDIR belongs to the current USER, also when nobody knows that name" {
	mkdir context/etc
	echo 'app:x:1000:1001::/:' >context/etc/passwd
	dockerfile <<-'END'
		FROM scratch
		COPY etc /etc
		USER app
		WORKDIR /by/name
		USER 5:6
		WORKDIR /by/number
		USER 7
		WORKDIR /seven
		USER stranger
		WORKDIR /unknown
	END
	build
	assert_stderr 'stranger'
	want_tree <<-'END'
		d 0755 1000:1001 /by
		d 0755 1000:1001 /by/name
		d 0755 5:6 /by/number
		d 0755 0:0 /etc
		f 0644 0:0 /etc/passwd
		d 0755 7:7 /seven
		d 0755 0:0 /unknown
	END
}

@test "config: WORKDIR through links of the image, and over a file" {
	mkdir -p context/t/real
	ln -s real context/t/link
	printf 'FROM scratch\nCOPY t /\nWORKDIR /link/w\nCOPY a .\n' | dockerfile
	build
	want_config .config.WorkingDir '"/link/w"'
	want_tree <<-'END'
		l 0777 0:0 /link -> real
		d 0755 0:0 /real
		d 0755 0:0 /real/w
		f 0644 0:0 /real/w/a
	END
	printf 'FROM scratch\nCOPY a /a\nWORKDIR /a/b\n' | dockerfile
	build_fails 2 'Dockerfile:3' '/a'
}

@test "config: history has an entry for each instruction but FROM and ONBUILD" {
	dockerfile <<-'END'
		FROM scratch
		ARG A=1 B
		ENV E=2
		LABEL L=3
		COPY --chown=1:2 --chmod=755 a $E <<EOF /d/
		x
		EOF
		ADD a /e
		EXPOSE 80 81/udp
		VOLUME /v /w
		USER u
		ONBUILD ENV X=1
		ENTRYPOINT ["a", "b"]
		SHELL ["/bin/s", "-c"]
		STOPSIGNAL 9
		HEALTHCHECK --interval=5s CMD x
		WORKDIR /w
	END
	echo 2 >context/2
	build
	want_config '[.history[].created_by]' \
		'["ARG A=1 B","ENV E=2","LABEL L=3","COPY --chown=1:2 --chmod=755 a 2 <<EOF /d/ # buildkit","ADD a /e # buildkit","EXPOSE [80/tcp 81/udp]","VOLUME [/v /w]","USER u","ENTRYPOINT [\"a\" \"b\"]","SHELL [/bin/s -c]","STOPSIGNAL 9","HEALTHCHECK {Test:[CMD-SHELL x] Interval:5s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}","WORKDIR /w"]'
	want_config '[.history[] | select(.empty_layer | not)] | length' 3
	want_layers 3
	want_config '[.history[].comment] | unique' '["buildkit.dockerfile.v0"]'
}

@test "config: SOURCE_DATE_EPOCH dates the image, and no file is newer" {
	printf 'FROM scratch\nCOPY a /\nWORKDIR /w\n' | dockerfile
	build --build-arg SOURCE_DATE_EPOCH=1000000000
	want_config '[.created, (.history | map(.created) | unique)]' \
		'["2001-09-09T01:46:40Z",["2001-09-09T01:46:40Z"]]'
	assert_equal "$(tree list "$T/image" --mtime | grep -c '@1000000000')" 2
}

@test "config: the backtick as escape character" {
	printf '# escape=`\nFROM scratch\nENV a=C:\\dir b=1 `\n c=x` y\nLABEL l=$a\n' | dockerfile
	build
	want_config '.config.Env[1:]' '["a=C:\\dir","b=1","c=x y"]'
	want_config .config.Labels.l '"C:\\dir"'
}
