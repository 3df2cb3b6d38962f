#!/bin/sh
# Says how full the disk is. It never talks to the tower: its cue is confirmed by the exit code.
# The payload on standard input is not needed. $1 is the folder to look at, and defaults to the current one.
set -eu
folder=${1:-.}
used=$(df -P "$folder" | awk 'NR == 2 { sub("%", "", $5); print $5 }')
echo "$folder is on a disk that is $used % full"
# A full disk is a failure, and the exit code says so.
[ "$used" -lt 98 ]
