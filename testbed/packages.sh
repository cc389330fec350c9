#!/bin/sh
# Installs the Debian packages that the tests and the demo use, and only what is missing. Quiet, asks nothing, may be run
# as often as one likes. With --print it only says what it would install.
#
# What is needed and why:
#   nodejs npm      fetch the web side's npm packages
#   chromium        two real browsers walk through the flows
#   sox             makes and measures the sounds of the SIPp flows
#   iproute2        addresses and faults on the loopback network
#   gcc libc6-dev   the race detector links through cgo
#   util-linux …    flock, curl and the archive's keyring for asterisk-root.sh
set -eu

# One line a package: "package command…"; the package is missing when none of the commands is there.
wanted='
nodejs node nodejs
npm npm
chromium chromium chromium-browser google-chrome
sox sox
iproute2 ip
gcc gcc cc
util-linux flock
curl curl
dpkg dpkg-deb
make make
git git
'
# Packages without a command of their own, found by a file.
wanted_files='
libc6-dev /usr/include/stdlib.h
debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
ca-certificates /etc/ssl/certs/ca-certificates.crt
fonts-dejavu-core /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
'

say() { echo "packages: $*" >&2; }
fail() { say "$*"; exit 1; }

missing() {
	echo "$wanted" | while read -r package commands; do
		[ -n "$package" ] || continue
		found=
		for command in $commands; do
			if command -v "$command" >/dev/null 2>&1; then found=yes; fi
		done
		[ -n "$found" ] || echo "$package"
	done
	echo "$wanted_files" | while read -r package file; do
		[ -n "$package" ] || continue
		[ -e "$file" ] || echo "$package"
	done
}

need=$(missing | tr '\n' ' ')
[ "${1:-}" = --print ] && { echo "$need"; exit 0; }
[ -n "$need" ] || exit 0

command -v apt-get >/dev/null 2>&1 || fail "these are missing and this is no Debian: $need– install them and run this again"
sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || fail "these are missing: $need– run 'apt-get install $need' as root"
	sudo=sudo
fi

say "installing $need"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" </dev/null >>"$log" 2>&1; }

# The index may be years old or not there at all. An update may fail for a source that has nothing to do with us, so that
# only the installation's own outcome counts.
apt update || say "apt-get update reported a problem; going on with what it has"
# shellcheck disable=SC2086 # one word a package
if ! apt install --no-install-recommends $need; then
	tail -n 20 "$log" >&2
	fail "could not install: $need– see above"
fi
still=$(missing | tr '\n' ' ')
[ -z "$still" ] || fail "installed, and yet missing: $still"
