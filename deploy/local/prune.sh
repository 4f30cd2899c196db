#!/usr/bin/env bash
# Removes from containerd what nothing runs and nothing needs again: images of Lambdas (the registry has them, or they are
# gone), and images that a newer one of the same name replaced. kubelet's own clean-up is off, since no registry has the others.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
used=$(ctr containers ls | awk 'NR > 1 {print $2}' | sort -u)
mapfile -t unused < <(ctr images ls | awk -v used="$used" '
  BEGIN { n = split(used, u, "\n"); for (i = 1; i <= n; i++) keep[u[i]] = 1 }
  NR > 1 { digest[$1] = $3; if ($1 ~ /^localhost\/kublambda\// || keep[$1]) needed[$3] = 1 }
  END { for (r in digest) if (!needed[digest[r]]) print r }')
[ ${#unused[@]} -eq 0 ] || ctr images rm "${unused[@]}" >/dev/null
