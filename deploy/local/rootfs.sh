#!/usr/bin/env bash
# Lays the files of Debian packages, with all they depend on, into a directory: no root file system is booted, no
# maintainer script runs, nothing "essential" comes along that was not asked for. A container of one program needs no more.
#   usage: rootfs.sh DIRECTORY PACKAGE...
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
root=$1; shift
archives=$CACHE/debs; mkdir -p "$archives/partial" "$root"
status=$(mktemp) plan=$(mktemp) nothing=$(mktemp -d); mkdir "$nothing/partial"; trap 'rm -rf "$status" "$plan" "$nothing"' EXIT
apt=(-qq -o APT::Sandbox::User=root -o Dir::State::Status="$status" -o Dir::Cache::Archives="$archives" -o Debug::NoLocking=true
  -o APT::Install-Recommends=false -o APT::Keep-Downloaded-Packages=true -o APT::Get::AllowUnauthenticated=false)
# What is in the archive already is not printed: the plan is made with an empty one.
plan() { apt-get "${apt[@]}" -o Dir::Cache::Archives="$nothing" --print-uris install --yes "$@" >"$plan"; }
plan "$@" 2>/dev/null || { apt-get -qq update; plan "$@"; }
apt-get "${apt[@]}" --download-only install --yes "$@" >/dev/null

[ -s "$plan" ] || die "apt knows no way to install: $*"

# The layout since Debian 12: /bin, /lib and /sbin are links into /usr. Packages that still carry them are unpacked through the links.
for d in bin lib lib64 sbin; do mkdir -p "$root/usr/$d"; [ -e "$root/$d" ] || ln -s "usr/$d" "$root/$d"; done
awk '{print $2}' "$plan" | sort | while read -r deb; do
  dpkg-deb --fsys-tarfile "$archives/$deb" | tar -C "$root" -x --keep-directory-symlink --no-same-owner \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' \
    --exclude='./usr/share/lintian/*' --exclude='./usr/share/bash-completion/*'
done

# What maintainer scripts would have made.
mkdir -p "$root"/{etc/ssl/certs,tmp,run,proc,sys,dev,var/tmp}; chmod 1777 "$root/tmp" "$root/var/tmp"
[ -e "$root/etc/passwd" ] || printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/usr/sbin/nologin\n' >"$root/etc/passwd"
[ -e "$root/etc/group" ] || printf 'root:x:0:\nnogroup:x:65534:\nnonroot:x:65532:\n' >"$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
if [ -d "$root/usr/share/ca-certificates/mozilla" ]; then cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"; fi
ldconfig -r "$root" 2>/dev/null || true
rm -rf "$root/var/cache/ldconfig"
