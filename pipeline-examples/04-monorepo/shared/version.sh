# shellcheck shell=sh
show_version() {
	echo "$1 1.0"
}
