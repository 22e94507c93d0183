#!/bin/sh
# Files of at most 600 lines, functions of at most 90 lines and 6 parameters: what fits a head. The
# error that every fallible function takes last is no parameter to think about and does not count.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

find_long_files() {
	project_files | grep -E '\.([ch]|sh|bash|bats|py|groovy)$' | while read -r file; do
		lines=$(wc -l <"$file")
		[ "$lines" -le 600 ] || echo "$file: $lines lines; the limit is 600"
	done
}

# The formatter puts the brace of a function, and of nothing else, alone at the start of a line.
find_big_functions() {
	c_files runner steps tests | xargs awk '
	FNR == 1 { head = ""; start = 0 }
	/^\{$/ {
		start = FNR
		depth = parameters = 0
		if (head !~ /\(void\)[^(]*$/)
			parameters = 1
		if (head ~ /struct slip_err \*err\)$/)
			parameters--
		for (i = 1; i <= length(head); i++) {
			c = substr(head, i, 1)
			depth += c == "("
			depth -= c == ")"
			if (c == "," && depth == 1)
				parameters++
		}
		if (parameters > 6)
			print FILENAME ":" FNR ": " parameters " parameters; the limit is 6"
	}
	/^}/ && start {
		if (FNR - start - 1 > 90)
			print FILENAME ":" start ": function of " FNR - start - 1 " lines; the limit is 90"
		start = 0
	}
	/^[A-Za-z_]/ { head = $0; next }
	/^[ \t]/ && !start { head = head $0; next }
	/^$|^[};#\/]/ { head = "" }'
}

rule "files have at most 600 lines" find_long_files
rule "functions have at most 90 lines and 6 parameters" find_big_functions
finish
