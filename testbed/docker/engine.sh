#!/usr/bin/env bash
# Gives the Docker testbed an engine: uses the one that answers, else starts Debian's own by hand, without touching the
# machine's firewall or bridges.
#
#   engine.sh start DIR   prints the DOCKER_HOST to use (empty: the machine's own engine)
#   engine.sh stop DIR    ends what start began; does nothing to the machine's own engine
set -euo pipefail
command=$1 dir=$(mkdir -p "$2" && cd "$2" && pwd)

start() {
	if docker info >/dev/null 2>&1; then
		return
	fi
	missing=()
	command -v dockerd >/dev/null || missing+=(docker.io)
	command -v docker-compose >/dev/null || missing+=(docker-compose)
	if [ ${#missing[@]} -gt 0 ]; then
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2
	fi
	mkdir -p "$dir/data" "$dir/exec"
	setsid dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs \
		--data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" -H "unix://$dir/docker.sock" \
		>"$dir/log" 2>&1 </dev/null &
	for _ in $(seq 300); do
		if docker -H "unix://$dir/docker.sock" info >/dev/null 2>&1; then
			echo "unix://$dir/docker.sock"
			return
		fi
		sleep 0.2
	done
	echo "the Docker engine does not answer after 60 s; its log:" >&2
	tail -20 "$dir/log" >&2
	exit 1
}

stop() {
	[ -e "$dir/pid" ] || return 0
	pid=$(cat "$dir/pid")
	kill "$pid" 2>/dev/null || true
	for _ in $(seq 150); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.2
	done
	umount "$dir/exec/netns/default" 2>/dev/null || true
	rm -rf "$dir"
}

"$command"
