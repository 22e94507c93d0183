#!/bin/sh
# Jenkins pipelines, in files and in the documentation.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

pipelines() {
	project_files | grep -E '\.groovy$|Jenkinsfile$|^docs/.*\.md$|^jenkins/.*\.txt$|README\.md$' |
		grep -v '^tests/jenkins/'
}

# What Groovy interpolates becomes text of the script: secrets in the process list, and in the log.
find_interpolated_scripts() {
	pipelines | xargs grep -nE '(^|[^[:alnum:]_.])sh[ (]+("|\[?[a-zA-Z: ,]*(script|label: [^,]*, script): *")' || :
}

# An abort ends the shell at once; without exec what slipway says and does then is lost.
find_slipway_without_exec() {
	pipelines | xargs grep -nE "(^|[^[:alnum:]_.])sh[ (]+[^#]*'[^']*slipway (run|build|push)" |
		grep -vE "exec slipway (run|build|push)" || :
}

rule "no script of sh is interpolated by Groovy" find_interpolated_scripts
rule "sh starts slipway by exec" find_slipway_without_exec
finish
