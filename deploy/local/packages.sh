#!/usr/bin/env bash
# Installs the Debian packages that are named in packages/<group>, those that are missing, without starting their services.
#   usage: packages.sh GROUP...
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

wanted=$(for group in "$@"; do sed 's/#.*//' "$HERE/packages/$group"; done | xargs)
missing=()
for package in $wanted; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
[ "$(id -u)" -eq 0 ] || die "these Debian packages are missing and only root can install them: ${missing[*]}"
say "  installing ${missing[*]}"

# Debian starts a service when its package is installed, unless this file forbids it. An existing one is somebody's: it stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --yes --no-install-recommends "${missing[@]}" >"$1" 2>&1; }
log=$(mktemp)
# The lists are fetched only if they are too old for what is asked.
if ! install "$log"; then
  apt-get -qq -o DPkg::Lock::Timeout=300 update
  install "$log" || { cat "$log" >&2; die "apt-get could not install: ${missing[*]}"; }
fi
rm -f "$log"
