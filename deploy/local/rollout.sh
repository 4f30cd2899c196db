#!/usr/bin/env bash
# Restarts those of the workloads whose pods run another image than the one containerd now has under the name, and waits for all.
#   usage: rollout.sh NAMESPACE KIND/NAME...
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
namespace=$1; shift
# Pods report the digest of an image's config; containerd lists that of the manifest, which names the config.
config_of() {
  local manifest; manifest=$(ctr images ls "name==$1" | awk 'NR == 2 {print $3}')
  [ -z "$manifest" ] || ctr content get "$manifest" | sed -n 's/.*"config":{[^}]*"digest":"\([^"]*\)".*/\1/p'
}
for workload in "$@"; do
  # shellcheck disable=SC2016 # a template's variables, not the shell's
  selector=$(kubectl -n "$namespace" get "$workload" -o 'go-template={{range $k, $v := .spec.selector.matchLabels}}{{$k}}={{$v}},{{end}}')
  stale=''
  while read -r image id; do
    [ -n "$id" ] || continue
    now=$(config_of "$image")
    [ -z "$now" ] || [ "${id##*@}" = "$now" ] || stale=$image
  done < <(kubectl -n "$namespace" get pods -l "${selector%,}" \
    -o 'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{range .status.containerStatuses}}{{.image}} {{.imageID}}{{"\n"}}{{end}}{{end}}{{end}}')
  if [ -n "$stale" ]; then
    say "  restarting $workload: $stale changed"
    kubectl -n "$namespace" rollout restart "$workload" >/dev/null
  fi
done
for workload in "$@"; do
  kubectl -n "$namespace" rollout status "$workload" --timeout=120s >/dev/null ||
    { kubectl -n "$namespace" get pods >&2; die "$workload in $namespace does not become ready (kubectl describe it for the reason)"; }
done
