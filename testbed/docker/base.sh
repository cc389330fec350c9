#!/usr/bin/env bash
# Makes the base image contactd/debian:sid from Debian's packages alone, for a machine that reaches no registry of images.
# Where one is reached, build with --build-arg BASE=debian:sid-slim instead.
set -euo pipefail
image=contactd/debian:sid
if docker image inspect "$image" >/dev/null 2>&1; then
	exit 0
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/contactd
tarball=$cache/debian-sid.tar
mkdir -p "$cache"
exec 9>"$cache/debian-sid.lock"
flock 9
# A week-old base is made again: sid moves, and its packages must still be there to install.
if [ ! -e "$tarball" ] || [ -n "$(find "$tarball" -mtime +7)" ]; then
	command -v debootstrap >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap; } >&2
	# The mirror is the one that this machine uses already.
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -- security | sort -u | head -n 1)
	root=$(mktemp -d "$cache/debian-sid.XXXXXX")
	trap 'rm -rf "$root"' EXIT
	debootstrap --variant=minbase sid "$root" "$mirror" >&2
	# A mirror's sid can be older than its validity (a copy that is refreshed seldom).
	echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90mirror"
	rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
	tar -C "$root" --exclude='./proc/*' --exclude='./sys/*' -cf "$tarball.part" .
	mv "$tarball.part" "$tarball"
fi
docker import "$tarball" "$image" >&2
