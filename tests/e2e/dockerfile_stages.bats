#!/usr/bin/env bats
# Stages: what FROM takes over, what COPY --from reads, which stages are built, and the scope of ARG.

load lib/common
load lib/build

setup() {
	e2e_setup
	umask 022
	mkdir -p context/d
	echo a >context/a
	echo b >context/d/b
}

teardown() {
	e2e_teardown
}

@test "stages: FROM a stage takes over its files and configuration" {
	dockerfile <<-'END'
		FROM scratch AS base
		COPY a /a
		ENV E=1
		LABEL l=1
		WORKDIR /w
		CMD ["x"]
		FROM base
		COPY a b
		ENV F=$E$E
	END
	build
	want_tree <<-'END'
		f 0644 0:0 /a
		d 0755 0:0 /w
		f 0644 0:0 /w/b
	END
	want_layers 3
	want_config '.config.Env[1:]' '["E=1","F=11"]'
	want_config '[.config.Labels, .config.WorkingDir, .config.Cmd]' '[{"l":"1"},"/w",["x"]]'
	want_config '.history | length' 7
	same_as_buildah
}

@test "stages: COPY --from by name in any case, by number, and from stages made of stages" {
	dockerfile <<-'END'
		FROM scratch AS one
		COPY a /x/one
		FROM one AS two
		COPY --chown=5:6 --chmod=4750 a /x/two
		FROM scratch
		COPY --from=ONE /x/one /by-name
		COPY --from=0 x /by-number
		COPY --from=1 /x /both/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /both
		f 0644 0:0 /both/one
		f 4750 5:6 /both/two
		f 0644 0:0 /by-name
		d 0755 0:0 /by-number
		f 0644 0:0 /by-number/one
	END
}

@test "stages: COPY --from ignores the WORKDIR and the .dockerignore" {
	echo 'a' >context/.dockerignore
	dockerfile <<-'END'
		FROM scratch AS one
		WORKDIR /w
		COPY <<EOF a
		text
		EOF
		FROM scratch
		COPY --from=one w/a /
	END
	build
	want_tree <<-'END'
		f 0644 0:0 /a
	END
}

@test "stages: COPY --from keeps links, hard links, owners and modes, or takes the flags'" {
	mkdir src
	echo x >src/x
	ln src/x src/y
	ln -s x src/l
	mkfifo src/p
	tar -C src --owner=7 --group=8 -cf context/a.tar .
	dockerfile <<-'END'
		FROM scratch AS one
		ADD a.tar /t
		FROM scratch
		COPY --from=one /t /kept
		COPY --from=one --chown=1:2 --chmod=700 /t /set
		COPY --from=one /t/l /followed
	END
	build
	want_tree <<-'END'
		f 0644 7:8 /followed
		d 0755 0:0 /kept
		l 0777 7:8 /kept/l -> x
		p 0644 7:8 /kept/p
		f 0644 7:8 /kept/x
		f 0644 7:8 /kept/y = /kept/x
		d 0700 1:2 /set
		l 0777 1:2 /set/l -> x
		p 0700 1:2 /set/p
		f 0700 1:2 /set/x
		f 0700 1:2 /set/y = /set/x
	END
}

@test "stages: COPY --from follows links inside that stage only" {
	mkdir -p context/t/real
	echo r >context/t/real/f
	ln -s /real context/t/link
	ln -s ../../../../real context/t/up
	dockerfile <<-'END'
		FROM scratch AS one
		COPY t /
		FROM scratch
		COPY --from=one /link /a
		COPY --from=one /up/f /link/../b
		COPY --from=one /l*k /c/
	END
	build
	want_tree <<-'END'
		d 0755 0:0 /a
		f 0644 0:0 /a/f
		f 0644 0:0 /b
		d 0755 0:0 /c
		f 0644 0:0 /c/f
	END
}

@test "stages: COPY --from of something that is not there is an error" {
	printf 'FROM scratch AS one\nCOPY a /a\nFROM scratch\nCOPY --from=one /b /\n' | dockerfile
	build_fails 2 'Dockerfile:4' '"/b": not found'
	printf 'FROM scratch\nCOPY --from=scratch /b /\n' | dockerfile
	build_fails 2 'Dockerfile:2' 'not found'
}

@test "stages: --exclude with --from" {
	printf 'FROM scratch AS one\nCOPY . /c\nFROM scratch\nCOPY --from=one --exclude=d --exclude=D* /c /\n' |
		dockerfile
	build
	want_tree <<-'END'
		f 0644 0:0 /a
	END
}

@test "stages: a later stage, or its own, cannot be copied from" {
	printf 'FROM scratch AS one\nCOPY --from=two /a /\nFROM scratch AS two\nCOPY a /\nFROM one\n' |
		dockerfile
	build_fails 2 'Dockerfile:2' two
	printf 'FROM scratch AS one\nCOPY --from=one /a /\n' | dockerfile
	slipway build --context context --no-push
	assert_status 2
}

@test "stages: those that nobody needs are not built" {
	dockerfile <<-'END'
		FROM registry.invalid/none AS unused
		RUN exit 1
		FROM scratch AS used
		COPY a /a
		FROM used AS broken
		COPY missing /
		FROM scratch
		COPY --from=used /a /b
	END
	build
	want_tree <<-'END'
		f 0644 0:0 /b
	END
	same_as_buildah
}

@test "stages: but they are parsed" {
	printf 'FROM scratch AS unused\nCOPYY a /\nFROM scratch\nCOPY a /\n' | dockerfile
	build_fails 2 'Dockerfile:2' COPYY
}

@test "stages: --target, in any case, and one that does not exist" {
	printf 'FROM scratch AS One\nCOPY a /1\nFROM one AS two\nCOPY a /2\nFROM scratch\nCOPY a /3\n' | dockerfile
	build --target ONE
	want_tree <<<'f 0644 0:0 /1'
	build --target two
	want_tree < <(printf 'f 0644 0:0 /1\nf 0644 0:0 /2\n')
	build
	want_tree <<<'f 0644 0:0 /3'
	slipway build --context context --no-push --target twoo
	assert_status 2
	assert_stderr twoo two
}

@test "stages: the last one of a name is meant" {
	printf 'FROM scratch AS x\nCOPY a /1\nFROM scratch AS x\nCOPY a /2\nFROM x\nCOPY --from=x /2 /3\n' | dockerfile
	build
	want_tree < <(printf 'f 0644 0:0 /2\nf 0644 0:0 /3\n')
}

@test "stages: the scope of ARG" {
	dockerfile <<-'END'
		ARG GLOBAL=g
		ARG DERIVED=$GLOBAL-d
		ARG BASE=one
		FROM scratch AS one
		ARG STAGE=s
		ARG GLOBAL
		LABEL one=$GLOBAL.$DERIVED.$STAGE
		FROM ${BASE} AS two
		ARG DERIVED
		ARG OWN=${GLOBAL}o OWN2=$OWN
		LABEL two=$GLOBAL.$DERIVED.$STAGE.$OWN.$OWN2
		FROM scratch
		ARG GLOBAL=mine
		LABEL three=$GLOBAL.$DERIVED.$STAGE
	END
	build --target two
	want_config .config.Labels '{"one":"g..s","two":"g.g-d.s.go.go"}'
	build
	want_config .config.Labels '{"three":"mine.."}'
	build --target two --build-arg GLOBAL=G --build-arg STAGE= --build-arg 'OWN=$GLOBAL' \
		--build-arg BASE=one
	want_config .config.Labels '{"one":"G..","two":"G.G-d..$GLOBAL.$GLOBAL"}'
}

@test "stages: ARG and ENV of one name: the later one counts" {
	dockerfile <<-'END'
		FROM scratch
		ENV A=env
		ARG A=arg
		LABEL one=$A
		ARG B=arg
		ENV B=env
		LABEL two=$B
		ARG C
		LABEL three=${C-unset}
	END
	build
	want_config .config.Labels '{"one":"arg","three":"unset","two":"env"}'
	want_config '.config.Env[1:]' '["A=env","B=env"]'
	build --build-arg C= --build-arg A=given
	want_config .config.Labels '{"one":"given","three":"","two":"env"}'
}

@test "stages: ARG with a default that fails is not asked when a value is given" {
	printf 'FROM scratch\nARG A=${B:?needed}\nLABEL a=$A\n' | dockerfile
	build_fails 2 'Dockerfile:2' needed
	build --build-arg A=1
	want_config .config.Labels '{"a":"1"}'
}

@test "stages: platform ARGs need a declaration, save in FROM" {
	dockerfile <<-'END'
		FROM --platform=$BUILDPLATFORM scratch AS linux
		ARG TARGETARCH
		LABEL in=$TARGETOS.$TARGETARCH
		FROM $TARGETOS
		ARG TARGETSTAGE
		LABEL stage=$TARGETSTAGE
		ARG TARGETARCH=hidden
		LABEL arch=$TARGETARCH
	END
	build --custom-platform linux/arm64
	want_config .config.Labels '{"arch":"hidden","in":".arm64","stage":"default"}'
}

@test "stages: a FROM that expands to nothing" {
	printf 'ARG X\nFROM $X\n' | dockerfile
	build_fails 2 'Dockerfile:2' 'base name ($X) should not be blank'
}

@test "stages: ONBUILD runs in the child, with the child's variables, and not in the grandchild" {
	dockerfile <<-'END'
		FROM scratch AS base
		ENV WHERE=base
		ONBUILD COPY $WHERE /from-trigger
		ONBUILD LABEL triggered=$WHERE
		ENV WHERE=a
		FROM base AS child
		LABEL child=1
		FROM child
		LABEL grandchild=1
	END
	build --target base
	want_config .config.OnBuild '["COPY $WHERE /from-trigger","LABEL triggered=$WHERE"]'
	want_config .config.Labels null
	build
	want_tree <<<'f 0644 0:0 /from-trigger'
	want_layers 1
	want_config .config.OnBuild null
	want_config .config.Labels '{"child":"1","grandchild":"1","triggered":"a"}'
}

@test "stages: ONBUILD COPY --from means a stage of the child's file" {
	dockerfile <<-'END'
		FROM scratch AS tools
		COPY a /tool
		FROM scratch AS base
		ONBUILD COPY --from=tools /tool /t
		FROM base
	END
	build
	want_tree <<<'f 0644 0:0 /t'
}

@test "stages: an error in a trigger points at the FROM that brought it" {
	printf 'FROM scratch AS base\nONBUILD COPY missing /\n\nFROM base\nCOPY a /\n' | dockerfile
	build_fails 2 'Dockerfile:4' 'ONBUILD' 'missing' '"/missing": not found'
}

@test "stages: a base image, its triggers and COPY --from an image" {
	registry_start
	need skopeo
	dockerfile <<-'END'
		FROM scratch
		COPY a /base
		USER 5
		ONBUILD COPY a /triggered
		CMD ["run"]
	END
	build
	skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$T/image" "docker://$REGISTRY/made/base:1"
	dockerfile <<-END
		FROM $REGISTRY/made/base:1
		COPY --from=$REGISTRY/made/base:1 /base /copied
		WORKDIR /w
	END
	build
	want_tree <<-'END'
		f 0644 0:0 /base
		f 0644 0:0 /copied
		f 0644 0:0 /triggered
		d 0755 5:5 /w
	END
	want_config '[.config.User, .config.Cmd, .config.OnBuild]' '["5",["run"],null]'
	want_layers 4
}
