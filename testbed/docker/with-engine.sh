#!/usr/bin/env bash
# Runs a command with a Docker engine: the machine's own if one answers, else Debian's, started for the command.
set -euo pipefail
here=$(dirname "$0")
dir=$(mktemp -d "${TMPDIR:-/tmp}/contactd-engine.XXXXXX")
trap '"$here/engine.sh" stop "$dir"' EXIT
host=$("$here/engine.sh" start "$dir")
if [ -n "$host" ]; then export DOCKER_HOST=$host; fi
"$@"
