#!/bin/sh
# Makes a private Asterisk 22 with SIPp in one folder, from Debian's own packages and without installing anything on this
# machine, and prints the folder's path on stdout (all else goes to stderr).
#
#   root=$(testbed/asterisk-root.sh)
#   $root/asterisk -C /absolute/asterisk.conf -f     # Asterisk, run with the folder's own loader and libraries
#   $root/sipp …                                     # SIPp, likewise
#
# The folder is cached in ${XDG_CACHE_HOME:-~/.cache}/contactd and made only once. It appears under its name when it is
# whole (a rename), and a lock makes a second caller wait for the first. Environment:
#   CONTACTD_ASTERISK_ROOT   use this folder instead (it is checked and nothing is made)
#   CONTACTD_DEBIAN_MIRROR   Debian mirror to use; the default is the one that this machine's apt uses
set -eu

major=22     # the long-term release that contactd is made for
recipe=1     # raise this when the steps below change, and everybody's cache is made anew

say() { echo "asterisk-root: $*" >&2; }
fail() { say "$*"; exit 1; }

multiarch() {
	case $(uname -m) in
	x86_64) echo x86_64-linux-gnu ;;
	aarch64) echo aarch64-linux-gnu ;;
	*) fail "no recipe for a $(uname -m) processor; set CONTACTD_ASTERISK_ROOT to an Asterisk $major root made by hand" ;;
	esac
}

# check says whether the folder holds a running Asterisk of the right major and a running SIPp.
check() {
	version=$("$1/asterisk" -V 2>&1) || { say "$1/asterisk does not start: $version"; return 1; }
	case $version in
	"Asterisk $major."*) ;;
	*)
		say "found $version, but contactd is made for Asterisk $major."
		say "Debian's sid has moved on: set CONTACTD_DEBIAN_MIRROR to a mirror (or a snapshot of one) that still has"
		say "Asterisk $major, or CONTACTD_ASTERISK_ROOT to a folder that was made before."
		return 1
		;;
	esac
	# SIPp ends with 99 after printing its version.
	"$1/sipp" -v 2>&1 | grep -q 'SIPp v3' || { say "$1/sipp does not start"; return 1; }
}

if [ -n "${CONTACTD_ASTERISK_ROOT:-}" ]; then
	check "$CONTACTD_ASTERISK_ROOT" >&2 || fail "CONTACTD_ASTERISK_ROOT=$CONTACTD_ASTERISK_ROOT is of no use, see above"
	echo "$CONTACTD_ASTERISK_ROOT"
	exit 0
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/contactd
root=$cache/asterisk-$major-$recipe
mkdir -p "$cache"

for tool in apt-get dpkg-deb flock; do
	command -v $tool >/dev/null 2>&1 || fail "$tool is missing: run testbed/packages.sh, or set CONTACTD_ASTERISK_ROOT"
done
exec 9>"$cache/asterisk.lock"
flock -n 9 || { say "another run is making the root, waiting for it"; flock 9; }

if [ -d "$root" ]; then
	check "$root" || fail "the cached $root is damaged: remove it and run this again"
	echo "$root"
	exit 0
fi

# The mirror is the one that carries this machine's own release; the security archive has no sid.
mirror=${CONTACTD_DEBIAN_MIRROR:-}
if [ -z "$mirror" ]; then
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	mirror=$(apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 2>/dev/null |
		awk -v release="$codename" '$1 == release && $2 == "main" && $3 !~ /security/ { print $3; exit }')
fi
[ -n "$mirror" ] || fail "this machine's apt names no Debian mirror: set CONTACTD_DEBIAN_MIRROR"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e $keyring ] || fail "$keyring is missing: run testbed/packages.sh"

# What an interrupted run left behind is nobody's: we hold the lock.
rm -rf "$cache"/asterisk-making.*
work=$(mktemp -d "$cache/asterisk-making.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$work"

say "making $root (once, half a minute)"
apt=$work/apt
mkdir -p "$apt/etc/apt.conf.d" "$apt/etc/preferences.d" "$apt/etc/sources.list.d" "$apt/state/lists/partial" "$apt/cache/archives/partial" "$work/root"
: >"$apt/status"
echo "deb [signed-by=$keyring] $mirror sid main" >"$apt/etc/sources.list"
# The machine's own proxies and access settings stay valid; only where apt keeps things is replaced. A mirror's sid may
# be older than its Release file's validity, which is no harm here.
cat >"$apt/apt.conf" <<END
Dir::Etc "$apt/etc";
Dir::Etc::Parts "/etc/apt/apt.conf.d";
Dir::State "$apt/state";
Dir::State::Status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
DPkg::Post-Invoke "";
Binary::apt-get::APT::Keep-Downloaded-Packages "true";
END
run_apt() {
	APT_CONFIG=$apt/apt.conf apt-get -qq -y "$@" </dev/null >"$work/log" 2>&1 || {
		tail -n 20 "$work/log" >&2
		fail "apt-get $* failed, see above"
	}
}
run_apt update
run_apt install -d asterisk asterisk-core-sounds-en-gsm asterisk-moh-opsound-gsm sip-tester

packages=$(find "$apt/cache/archives" -maxdepth 1 -name '*.deb')
[ -n "$packages" ] || fail "apt-get downloaded nothing"
for package in $packages; do
	dpkg-deb -x "$package" "$work/root"
done

# The packages' own install scripts do not run, so do here what counts of them.
for dir in bin sbin lib lib64; do
	if [ -d "$work/root/usr/$dir" ] && [ ! -e "$work/root/$dir" ]; then ln -s "usr/$dir" "$work/root/$dir"; fi
done
sounds=$work/root/usr/share/asterisk/sounds
if [ ! -e "$sounds/en" ]; then ln -s en_US_f_Allison "$sounds/en"; fi

triplet=$(multiarch)
loader=$(cd "$work/root" && find "usr/lib/$triplet" usr/lib64 -maxdepth 1 -name 'ld-linux-*.so.*' 2>/dev/null | head -n 1)
[ -n "$loader" ] || fail "the packages hold no loader"
for wrapped in asterisk:usr/sbin/asterisk sipp:usr/bin/sipp; do
	cat >"$work/root/${wrapped%%:*}" <<END
#!/bin/sh
# Runs ${wrapped#*:} with this folder's own loader and libraries; exec keeps the process id.
root=\$(dirname "\$(readlink -f "\$0")")
exec "\$root/$loader" --library-path "\$root/usr/lib/$triplet" "\$root/${wrapped#*:}" "\$@"
END
	chmod 755 "$work/root/${wrapped%%:*}"
done

check "$work/root" || fail "what was made does not run, see above"
mv -T "$work/root" "$root"
echo "$root"
