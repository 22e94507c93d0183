#!/bin/sh
# Who may include whom: the levels of the folders, and one owner per third-party library.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# Every #include as "file:line:included", without quotes or brackets.
includes() {
	find runner steps -name '*.[ch]' -exec grep -nHE '^[[:space:]]*#[[:space:]]*include' {} + |
		sed -E 's/^([^:]*:[0-9]+):[^"<]*["<]([^">]*)[">].*/\1:\2/'
}

find_upward_includes() {
	includes | awk -F: '
	BEGIN {
		split("base 0 net 1 oci 1 dockerfile 1 spec 1 sandbox 2 layer 2 registry 2 store 2 " \
			"engine 3 report 3 cli 5", level_of, " ")
		for (i = 1; i in level_of; i += 2)
			level["runner/" level_of[i]] = level_of[i + 1]
		level["steps"] = 4
		level["steps/build"] = 4
		level["steps/context"] = 4
		level["steps/deploy"] = 4
		level["steps/image"] = 4
		level["steps/push"] = 4
	}
	function folder(path) {
		sub(/\/[^\/]*$/, "", path)
		return path
	}
	# steps/ and its folders are one level and one program part.
	function part(path) {
		return path ~ /^steps/ ? "steps" : path
	}
	$3 ~ /^(runner|steps)\// {
		from = folder($1)
		to = folder($3)
		if (from == "runner")
			next
		if (!(from in level))
			print $1 ":" $2 ": " from " is not in the table of levels"
		else if (!(to in level))
			print $1 ":" $2 ": includes " $3 ", whose folder is not in the table of levels"
		else if (part(from) != part(to) && level[to] >= level[from])
			print $1 ":" $2 ": level " level[from] " includes " $3 " of level " level[to]
	}'
}

find_steps_in_runner() {
	includes | awk -F: '$1 ~ /^runner\// && $1 != "runner/main.c" && $3 ~ /^steps\// {
		print $1 ":" $2 ": runner/ never includes steps/ (" $3 ")" }'
}

find_foreign_libraries() {
	includes | awk -F: '
	function owned(pattern, owner) {
		if ($3 ~ pattern && $1 !~ owner)
			print $1 ":" $2 ": " $3 " belongs to " owner
	}
	{
		owned("^curl/", "^runner/net/")
		owned("^yaml\\.h$", "^runner/spec/yaml\\.c$")
		owned("^jansson", "^runner/base/json\\.c$")
		owned("^openssl/", "^runner/base/(digest|sign)\\.c$")
		owned("^(archive|archive_entry|zlib|igzip_lib|crc|zstd.*)\\.h$", "^runner/layer/")
		owned("^isa-l", "^runner/layer/")
		owned("^seccomp\\.h$", "^runner/sandbox/")
		owned("^sys/capability\\.h$", "^runner/sandbox/")
	}'
}

# "err.h" would be found by luck of the search path, and no rule here would see its folder.
find_unqualified_includes() {
	find runner steps -name '*.[ch]' -exec grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' {} + |
		grep -vE '"(config\.h|(runner|steps)/[^"]*)"'
}

find_missing_config_h() {
	find runner steps tests -name '*.c' | while read -r file; do
		first=$(grep -m 1 -E '^[[:space:]]*#[[:space:]]*include' "$file")
		[ "$first" = '#include "config.h"' ] ||
			echo "$file: the first include must be \"config.h\", not: $first"
	done
	find runner steps tests -name '*.h' -exec grep -nH '"config.h"' {} + |
		sed 's/$/: headers do not include it/'
}

find_foreign_internal_headers() {
	includes | awk -F: '$3 ~ /_internal\.h$/ {
		from = $1
		to = $3
		sub(/\/[^\/]*$/, "", from)
		sub(/\/[^\/]*$/, "", to)
		if (from != to)
			print $1 ":" $2 ": " $3 " is for its own folder only"
	}'
}

# grep and find report "nothing found" by their status.
quietly() {
	"$@" || :
}

rule "a folder includes itself and lower levels only" find_upward_includes
rule "runner/ does not include steps/" find_steps_in_runner
rule "each library is included by its one owner" find_foreign_libraries
rule "includes are path-qualified" quietly find_unqualified_includes
rule "config.h comes first in each source and in no header" quietly find_missing_config_h
rule "internal headers stay in their folder" find_foreign_internal_headers
finish
