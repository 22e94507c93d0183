#!/bin/sh
# Functions that have no safe use, and those that only some places may call.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# usage: calls FUNCTIONS ALLOWED-FILES: calls of the functions (a|b) in code outside those files.
calls() {
	c_files | xargs awk -f "$lint_dir/strip.awk" |
		grep -E "(^|[^A-Za-z0-9_.>])($1)[[:space:]]*\(" |
		grep -vE "^($2):" |
		grep -v '#define ' || :
}

words() {
	c_files | xargs awk -f "$lint_dir/strip.awk" |
		grep -E "(^|[^A-Za-z0-9_])($1)([^A-Za-z0-9_]|$)" |
		grep -vE "^($2):" || :
}

# spec, dockerfile and oci turn text into structs: that is why they can be fuzzed.
text_module_io() {
	calls 'open|openat|fopen|read|write|stat|lstat|fstatat|fork|socket|getenv|slip_(error|warn|info|debug|event|now[a-z_]*)' \
		'runner/(base|net|layer|registry|store|sandbox|engine|report|cli)/[^:]*|runner/main\.c|steps/[^:]*'
}

writes_stdout() {
	calls 'v?printf|puts|putchar' "$1"
	words 'stdout|STDOUT_FILENO' "$1"
}

# A forked process ends where its work does.
tool='runner/main\.c|runner/cli/[^:]*|runner/sandbox/(child|forked)\.c'

rule "no unbounded, locale-bound or racy functions" \
	calls 'strcpy|strcat|strncpy|strncat|strtok|strtok_r|sprintf|vsprintf|atoi|atol|atoll|gets|system|popen|alloca|mktemp|tmpnam|tempnam|setjmp|longjmp' \
	'runner/base/banned\.h'
rule "exit only where the program or a child ends" \
	calls 'exit|_exit|quick_exit' "$tool|runner/base/proc\.c"
rule "stdout is for results: only main, cli and the child write to it" \
	writes_stdout "$tool|runner/base/proc\.c|steps/.*"
rule "children start in base/proc and sandbox only" \
	calls 'v?fork|clone|clone3|posix_spawnp?|execv[pe]*|execl[pe]*|fexecve|execveat' \
	'runner/base/proc\.c|runner/sandbox/[^:]*'
rule "threads start in base/pool and net only" \
	calls 'pthread_create|thrd_create' 'runner/base/pool\.c|runner/net/[^:]*'
rule "the wall clock is read in base/clock only" \
	calls 'time|gettimeofday|clock_gettime' 'runner/base/clock\.c|runner/base/pool\.c'
rule "text modules do no I/O and no logging" text_module_io
finish
