#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# The stage kind dotnet-publish, with a real SDK where there is one.

load lib/common
load lib/build

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# A console project as `dotnet new console` makes it, for the SDK that is here.
project() {
	mkdir -p App
	cat >App/App.csproj <<-END
		<Project Sdk="Microsoft.NET.Sdk">
		  <PropertyGroup>
		    <OutputType>Exe</OutputType>
		    <TargetFramework>net$(dotnet --version | cut -d . -f 1).0</TargetFramework>
		    <ImplicitUsings>enable</ImplicitUsings>
		  </PropertyGroup>
		</Project>
	END
	echo 'Console.WriteLine("hello from dotnet");' >App/Program.cs
}

# usage: spec [LINE...]: a stage that publishes App, and one that shows its output.
spec() {
	{
		printf '%s\n' 'version: 1' 'stages:' '  - name: publish' '    dotnet-publish:' \
			'      project: App/App.csproj'
		[ $# -eq 0 ] || printf '      %s\n' "$@"
		# shellcheck disable=SC2016 # for slipway
		printf '%s\n' '  - {name: show, run: "echo ${{ stages.publish.outputs.output }} >shown"}'
	} >slipway.yaml
}

# A stand-in for dotnet that writes down how it is called, and does what $T/fake says.
fake_dotnet() {
	mkdir -p "$T/bin"
	cat >"$T/bin/dotnet" <<-END
		#!/bin/sh
		echo "\$@" >>"$T/calls"
		for word; do case \$word in -flp:*) errors=\${word#*=} errors=\${errors%%;*} ;; esac; done
		. "$T/fake"
	END
	chmod 755 "$T/bin/dotnet"
	PATH=$T/bin:$PATH
}

@test "dotnet: publishes for linux-x64, and does not restore twice" {
	need dotnet
	project
	spec 'runtime: linux-x64' 'self-contained: false' 'output: dist'
	slipway run
	assert_status 0
	assert_file dist/App.dll
	assert_equal "$(cat shown)" dist
	assert_equal "$(./dist/App)" "hello from dotnet"
	echo 'Console.WriteLine("hello again");' >App/Program.cs
	slipway run
	assert_status 0
	assert_stderr "not restored again"
	assert_equal "$(./dist/App)" "hello again"
	sed -i 's/<ImplicitUsings>/<Nullable>enable<\/Nullable>&/' App/App.csproj
	slipway run
	assert_status 0
	refute_stderr "not restored again"
}

@test "dotnet: a compiler's error fails the stage with its text" {
	need dotnet
	project
	echo 'this is no C#' >App/Program.cs
	spec
	slipway run
	assert_status 1
	assert_stderr "error CS"
	[ ! -e shown ]
}

@test "dotnet: a runtime pack that cannot be had is named" {
	need dotnet
	project
	mkdir empty
	spec 'runtime: linux-musl-arm64' 'self-contained: true' "sources: [$PWD/empty]"
	slipway run
	assert_status 1
	assert_stderr "the runtime pack" linux-musl-arm64 "cannot be had"
}

@test "dotnet: without a dotnet on PATH the error says so" {
	project 2>/dev/null || :
	spec
	mkdir "$T/bin"
	for tool in sh mktemp rm; do ln -s "$(command -v $tool)" "$T/bin"; done
	PATH_BEFORE=$PATH
	PATH=$T/bin run --separate-stderr "$SLIPWAY" run
	PATH=$PATH_BEFORE
	assert_status 1
	assert_stderr "dotnet is not on PATH"
}

@test "dotnet: the command line, and a stamp only after success" {
	fake_dotnet
	mkdir -p App/obj
	touch App/App.csproj App/obj/project.assets.json
	spec 'single-file: true' 'version: "1.2"'
	echo 'exit 3' >"$T/fake"
	slipway run
	assert_status 1
	[ ! -e App/obj/slipway-restore.stamp ]
	echo 'mkdir -p out; touch out/App' >"$T/fake"
	slipway run
	assert_status 0
	slipway run
	assert_status 0
	assert_equal "$(sed 's/ -flp.*//' "$T/calls")" "$(printf '%s\n' \
		'publish App/App.csproj -c Release -p:PublishSingleFile=true -p:Version=1.2 -o out' \
		'publish App/App.csproj -c Release -p:PublishSingleFile=true -p:Version=1.2 -o out' \
		'publish App/App.csproj -c Release -p:PublishSingleFile=true -p:Version=1.2 -o out --no-restore')"
}

@test "dotnet: a publish that leaves nothing fails" {
	fake_dotnet
	mkdir -p App
	touch App/App.csproj
	spec
	echo 'mkdir -p out' >"$T/fake"
	slipway run
	assert_status 1
	assert_stderr "out is empty"
}

@test "dotnet: when packages are gone after all, it restores" {
	fake_dotnet
	mkdir -p App/obj
	touch App/App.csproj App/obj/project.assets.json
	spec
	echo 'mkdir -p out; touch out/App' >"$T/fake"
	slipway run
	assert_status 0
	cat >"$T/fake" <<-'END'
		case "$*" in *--no-restore*) echo "error NETSDK1064: Package X was not found" >"$errors"; exit 1 ;; esac
	END
	slipway run
	assert_status 0
	assert_stderr "publishing with a restore"
	assert_equal "$(wc -l <"$T/calls")" 3
}

@test "dotnet: in a container, with the dotnet of that image" {
	mkdir context
	need_isolation
	registry_start
	cat >context/rootfs/bin/dotnet <<-'END'
		#!/bin/sh
		echo "$@" >>calls
		mkdir -p out
		echo "$DOTNET_NOLOGO" >out/App
	END
	chmod 755 context/rootfs/bin/dotnet
	for tool in mktemp tr sort; do ln -sf busybox "context/rootfs/bin/$tool"; done
	printf 'FROM scratch\nCOPY rootfs /\n' >context/Dockerfile
	slipway build --context context --destination "$REGISTRY/sdk:1"
	assert_status 0
	mkdir App
	touch App/App.csproj
	cat >slipway.yaml <<-END
		version: 1
		stages:
		  - {name: publish, container: "$REGISTRY/sdk:1", dotnet-publish: {project: App/App.csproj}}
		  - {name: show, run: "echo \${{ stages.publish.outputs.output }} >shown"}
	END
	slipway run
	assert_status 0
	assert_equal "$(cat shown out/App)" "$(printf 'out\n1')"
}
