#!/bin/sh
. /usr/share/team/version.sh
echo "api $VERSION"
