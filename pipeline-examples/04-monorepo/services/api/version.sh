#!/bin/sh
# shellcheck source=/dev/null
. /usr/share/team/version.sh
show_version api
