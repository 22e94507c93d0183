#!/usr/bin/env bats
# Mistakes in a Dockerfile, and what is not supported: always the file, the line, the text.

load lib/common
load lib/build

setup() {
	e2e_setup
	mkdir context
	echo a >context/a
}

teardown() {
	e2e_teardown
}

# usage: refused LINE TEXT WANTED...: a Dockerfile of that text fails at that line.
refused() {
	local line=$1 text=$2
	shift 2
	printf '%b' "$text" | dockerfile
	build_fails 2 "Dockerfile:$line:" "$@"
}

@test "mistakes: unknown instructions and flags, with the nearest word" {
	refused 3 'FROM scratch\n\nCOPPY a /\n' 'unknown instruction: COPPY' COPY 'COPPY a /'
	refused 2 'FROM scratch\nCOPY --chwon=1 a /\n' 'unknown flag: chwon' chown
	refused 2 'FROM scratch\nCOPY --chmod a /\n' 'missing a value on flag: chmod'
}

@test "mistakes: missing operands" {
	refused 2 'FROM scratch\nCOPY a\n' 'COPY requires at least two arguments'
	refused 2 'FROM scratch\nENV\n' ENV
	refused 2 'FROM scratch\nWORKDIR\n' WORKDIR
	refused 1 'COPY a /\n' 'no build stage in current context'
}

@test "mistakes: quotes, substitutions and heredocs without an end" {
	refused 2 'FROM scratch\nLABEL a="b\n' 'double-quote'
	refused 2 'FROM scratch\nCOPY ${A /\n' "missing '}'"
	refused 2 'FROM scratch\nCOPY <<EOF /a\nx\n' 'unterminated heredoc'
	refused 2 'FROM scratch\nENV A=${B:=1}\n' 'unsupported modifier'
	refused 2 'FROM scratch\nENV A=${B:?must be set}\n' 'must be set'
}

@test "mistakes: an instruction over several lines is quoted whole" {
	refused 2 'FROM scratch\nCOPY a \\\n  missing \\\n  /d/\n' '"/missing": not found' 'COPY a' '/d/'
}

@test "mistakes: values that make no sense" {
	refused 2 'FROM scratch\nEXPOSE x\n' x
	refused 2 'FROM scratch\nHEALTHCHECK --interval=1us CMD x\n' 1ms
	refused 2 'FROM scratch\nVOLUME [""]\n' 'VOLUME specified can not be an empty string'
	refused 2 'FROM scratch\nENV $X=1\n' 'names can not be blank'
	refused 1 'FROM --platform=$X scratch\n' 'empty platform value'
	refused 2 'FROM scratch\nSHELL /bin/sh\n' JSON
}

@test "not supported: said with the line and a way out" {
	local flags='RUN --mount' text
	refused 2 'FROM scratch\nRUN --mount=type=cache,target=/c true\n' "$flags" 'not supported'
	refused 2 'FROM scratch\nCOPY --link a /\n' --link 'not supported'
	refused 2 'FROM scratch\nCOPY --parents a /\n' --parents 'not supported'
	for text in https://example.test/x.tar git@example.test:a.git git://example.test/a \
		http://example.test/r.git; do
		refused 2 "FROM scratch\nADD $text /\n" 'not supported'
		refused 2 "FROM scratch\nCOPY $text /\n" "can't be"
	done
	refused 2 'FROM scratch\nADD --checksum=sha256:aa a /\n' checksum
	refused 2 'FROM scratch\nRUN --security=insecure true\n' security
}

@test "not supported: not in a stage that is not built" {
	printf 'FROM scratch AS unused\nRUN --mount=type=cache,target=/c true\nFROM scratch\nCOPY a /\n' |
		dockerfile
	build
}
