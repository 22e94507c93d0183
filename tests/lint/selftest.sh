#!/bin/sh
# The checks must be able to fail: each one is shown a small tree that breaks its rules.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

bad=$(mktemp -d)
trap 'rm -rf "$bad"' EXIT
mkdir -p "$bad"/runner/base "$bad"/runner/oci "$bad"/runner/cli "$bad"/steps "$bad"/tests

# usage: plant FILE: the file's text comes from standard input.
plant() {
	cat >"$bad/$1"
}

plant runner/base/up.c <<'END'
#include <curl/curl.h>
#include "config.h"
#include "runner/oci/ref.h"
#include "local.h"
#include "runner/oci/ref_internal.h"
END
plant runner/oci/ref.h <<'END'
unknown_type oci_ref(void);
struct slip_twice {
};
struct slip_twice {
};
END
plant runner/oci/ref.c <<'END'
#include "config.h"
#include "steps/steps.h"
int f(void)
{
	/* exit("in a comment is no call") */
	int fd = open("x", 0);
	time(0);
	exit(atoi("1"));
	printf("x");
	return pthread_create(0, 0, 0, 0) + fd;
}
END
echo '#define SLIP_MAX_UNLISTED (2 * SLIP_MIB)' | plant runner/base/limits.h
plant runner/cli/broken.sh <<'END'
#!/bin/sh
cd $1
END
printf '%s\n' 'int   g( void ) ;' | plant runner/cli/layout.c
printf '%s: later \nno newline' "TO""DO" | plant runner/cli/note.txt
{
	printf 'int big(int a, int b, int c, int d,\n\tint e, int f, int g)\n{\n'
	yes '	a++;' | head -n 700
	printf '}\n'
} | plant runner/cli/big.c

printf '%s\n' 'sh "exec slipway run --set token=${TOKEN}"' "sh 'slipway run'" |
	plant runner/cli/a.Jenkinsfile

# usage: fails CHECK COUNT: the check reports COUNT broken rules on the planted tree.
fails() {
	got=$(SLIPWAY_TEST_STRICT=0 SLIPWAY_SRCDIR=$bad SLIPWAY_BUILDDIR=$bad \
		sh "$lint_dir/$1.sh" | grep -c '^not ok')
	[ "$got" -eq "$2" ] || echo "$1.sh reports $got broken rules, expected $2"
}

cp configure.ac "$bad"
: >"$bad/config.h"
rule "layering.sh finds what is planted" fails layering 6
rule "banned.sh finds what is planted" fails banned 6
rule "size.sh finds what is planted" fails size 2
rule "headers.sh finds what is planted" fails headers 4
rule "text.sh finds what is planted" fails text 4
rule "groovy.sh finds what is planted" fails groovy 2
if command -v shellcheck >/dev/null; then
	rule "shellcheck.sh finds what is planted" fails shellcheck 1
fi
finish
