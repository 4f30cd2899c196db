#!/usr/bin/env bash
# What has to hold of every commit, apart from tests: format, shell scripts, manifests, and that nothing is left uncommitted.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/lib.sh
bad=0
verdict() { local title=$1; shift; if "$@"; then echo "ok    $title"; else echo "WRONG $title"; bad=1; fi; }

format() { dotnet format Kublambda.sln --verify-no-changes --no-restore --verbosity quiet || { echo 'run: dotnet format'; return 1; }; }
scripts() { mapfile -t files < <(git grep -lE '^#!.*(bash|sh)$|^# shellcheck shell=' -- ':!*.md'); shellcheck -x "${files[@]}"; }
renders() {
  local overlay of binary
  # What the newest kubectl takes and what the oldest takes are not the same: both are asked where both are there.
  for binary in "$(type -P kubectl || true)" "$KUBERNETES_BIN/kubectl"; do
    [ -x "$binary" ] || continue
    for overlay in deploy/overlays/* deploy/samples/* deploy/high-availability deploy/shared-watcher; do
      of=$("$binary" kustomize "$overlay" 2>&1) || { echo "$binary kustomize $overlay"; echo "$of"; return 1; }
    done
  done
}
clean() { local changes; changes=$(git status --porcelain); [ -z "$changes" ] || { echo "$changes"; return 1; }; }

"$HERE/packages.sh" verify || true
. deploy/local/kubernetes.sh
dotnet restore Kublambda.sln -v quiet -nologo
verdict 'format' format
verdict 'shell scripts' scripts
verdict 'manifests' renders
verdict 'clean tree' clean
exit $bad
